"""The world as staff sees it, over a whole node with a pack of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Site, site
from tests.support.server import write_world

from mythgate.cli.running import operator_token
from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    pack = write_world(tmp_path / "pack", width=2, height=1, things=1)
    async with site(tmp_path, world={"packs": [pack], "watch": False}) as made:
        yield made


async def ask(place: Site, method: str, path: str, body: Any = None) -> Any:
    answer = await place.call(method, path, body, token=operator_token(place.node.settings))
    assert answer.status == 200, answer.body
    return answer.json


async def test_the_map_and_what_is_where(place: Site) -> None:
    told = await ask(place, "GET", "/api/admin/world/map")
    assert (told["name"], [room["name"] for room in told["rooms"]]) == ("Grid", ["Square 0 0", "Square 1 0"])
    first, second = told["rooms"]
    assert first["exits"] == [{"direction": "east", "room_id": second["id"], "locked": False, "hidden": False}]
    assert (first["people"], first["capacity"], first["locked"]) == (0, 1000, False)
    await place.node.services.rooms.lock(OPERATOR, f"room:{first['id']}", True)
    assert (await ask(place, "GET", "/api/admin/world/map"))["rooms"][0]["locked"]
    found = await ask(place, "GET", "/api/admin/world/entities")
    assert [(one["name"], one["room"], one["count"]) for one in found["lying"]] == [
        ("a token0", "Square 0 0", 1),
        ("a token1", "Square 1 0", 1),
    ]
    assert (found["items"], found["templates"], found["inhabitants"], found["creatures"]) == (2, 2, [], [])


async def test_packs_are_checked_and_read_again(place: Site, tmp_path: Path) -> None:
    file = tmp_path / "pack" / "zones" / "field.yaml"
    sound = file.read_text()
    assert await ask(place, "POST", "/api/admin/world/check") == {"ok": True, "problems": []}
    file.write_text(sound.replace("east: r1_0", "east: nowhere"))
    told = await ask(place, "POST", "/api/admin/world/check")
    assert not told["ok"]
    assert "field.yaml" in told["problems"][0]
    told = await ask(place, "POST", "/api/admin/world/reload")
    assert (told["reloaded"], told["problems"] != []) == (False, True)
    file.write_text(sound.replace("Square 0 0", "Square One"))
    told = await ask(place, "POST", "/api/admin/world/reload")
    assert (told["reloaded"], told["rooms_changed"]) == (True, 1)
    assert "Square One" in [room["name"] for room in (await ask(place, "GET", "/api/admin/world/map"))["rooms"]]
    acts = await place.node.services.moderation.audit(OPERATOR, subject="")
    reloads = [act for act in acts if act.action == "world.reloaded"]
    assert [act.detail["problems"] for act in reloads] == ["0", "1"]
    assert reloads[0].detail["before"] != reloads[0].detail["after"]
    assert reloads[1].detail["before"] == reloads[1].detail["after"]


async def test_what_staff_makes_happen(place: Site) -> None:
    shards = place.node.services.shards
    await ask(place, "POST", "/api/admin/world/shards/3/seal", {"hours": 2})
    assert shards.get(3).sealed_until is not None
    await ask(place, "POST", "/api/admin/world/shards/3/unseal")
    assert shards.get(3).sealed_until is None
    caused = await ask(place, "POST", "/api/admin/world/aetherfall")
    events = await ask(place, "GET", "/api/admin/world/events?limit=1")
    assert caused["events"][0] == events["events"][0]
    assert events["next_before"] == events["events"][0]["number"]
    token = operator_token(place.node.settings)
    assert (await place.call("POST", "/api/admin/world/shards/3/release", {}, token=token)).status == 409


async def test_who_may_not(place: Site) -> None:
    signed_in = await place.register("Anna")
    await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), Role.MODERATOR)
    token = signed_in["access_token"]
    for path in ("map", "entities", "events"):
        assert (await place.get(f"/api/admin/world/{path}", token=token)).status == 200
    for path in ("check", "reload", "aetherfall", "shards/3/unseal", "shards/3/release"):
        assert (await place.post(f"/api/admin/world/{path}", {}, token=token)).code == "permission_denied"

"""How the server is doing, as staff sees it, over a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.http import Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def token_of(place: Site, role: Role) -> str:
    signed_in = await place.register("Anna")
    if role is not Role.PLAYER:
        await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    token: str = signed_in["access_token"]
    return token


async def test_numbers_and_warnings(place: Site) -> None:
    token = await token_of(place, Role.READ_ONLY)
    readings, lookout = place.node.services.readings, place.node.services.lookout
    readings.measure()
    await lookout.look_closely()
    now = (await place.get("/api/admin/now", token=token)).json
    assert (now["players"], now["in_world"], now["players_by_door"], now["newest"]) == (0, 0, {}, None)
    assert now["connections"] == {"http": 0, "metaserver": 0, "shards": 0, "telnet": 0}
    assert {one["code"] for one in now["warnings"]} == {"no_owner", "backup"}
    assert all(one["fix"].startswith("mythgate ") for one in now["warnings"])
    place.node.services.commands.refused["muted"] += 5
    readings.measure()
    now = (await place.get("/api/admin/now", token=token)).json
    series = (await place.get("/api/admin/now/series", token=token)).json
    assert series == {"every_seconds": 10.0, "points": [now["newest"]]}
    assert now["newest"]["refusals_per_second"]["muted"] > 0
    assert now["newest"]["memory_bytes"] > 10**6


async def test_who_may_not(place: Site) -> None:
    token = await token_of(place, Role.PLAYER)
    for path in ("/api/admin/now", "/api/admin/now/series"):
        assert (await place.get(path)).status == 401
        assert (await place.get(path, token=token)).code == "permission_denied"

"""Shards, the log of the world and quests over HTTP, by a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.http import Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, CharacterId
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.worldevents import EventKind, WorldEvent


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        await made.node.services.shards.start()
        yield made


async def test_nobody_is_told_anything_without_a_token(place: Site) -> None:
    for path in ("/api/world/state", "/api/world/shards", "/api/world/shards/1", "/api/world/events", "/api/quests"):
        assert (await place.get(path)).status == 401


async def test_the_state_of_the_world_tells_of_its_reality(place: Site) -> None:
    token = (await place.register("Ada"))["access_token"]
    state = (await place.get("/api/world/state", token=token)).json
    assert (state["current_reality"], state["reality_stability"], state["condition"]) == ("Neutral", 100.0, "stable")
    assert (state["faction_shard_counts"], state["dominant_faction"], state["active_players"]) == ({}, None, 0)
    assert (state["total_aetherfalls"], state["aetherfall_count"], state["cycle"]) == (0, 0, 1)
    assert (state["transformations"], state["imminent"]) == ([], False)
    assert state["name"] == "Mythgate"


async def test_twelve_shards_with_their_places(place: Site) -> None:
    token = (await place.register("Ada"))["access_token"]
    shards = (await place.get("/api/world/shards", token=token)).json["shards"]
    assert [one["id"] for one in shards] == list(range(1, 13))
    assert (shards[0]["name"], shards[0]["location_id"], shards[0]["guardian_name"]) == (
        "Phoenix Flame",
        2,
        "Ignarok the Eternal",
    )
    assert {(one["status"], one["is_captured"], one["owning_faction"], one["power_level"]) for one in shards} == {
        ("unclaimed", False, None, 100)
    }
    one = (await place.get("/api/world/shards/1", token=token)).json
    assert (one["shard"], one["owners"]) == (shards[0], [])
    for number in ("0", "13", "x"):
        assert (await place.get(f"/api/world/shards/{number}", token=token)).status == 422


async def test_the_log_is_paged(place: Site) -> None:
    signed_in = await place.register("Ada")
    token, shards = signed_in["access_token"], place.node.services.shards
    now = place.node.services.clock.now()
    for index in range(3):
        await shards.record(WorldEvent(EventKind.AETHERFALL, f"Event {index}", "It fell.", now))
    first = (await place.get("/api/world/events?limit=2", token=token)).json
    assert [one["title"] for one in first["events"]] == ["Event 2", "Event 1"]
    rest = (await place.get(f"/api/world/events?limit=2&before={first['next_before']}", token=token)).json
    assert ([one["title"] for one in rest["events"]], rest["next_before"]) == (["Event 0"], None)
    for query in ("limit=0", "limit=201", "limit=abc", "before=-1"):
        assert (await place.get(f"/api/world/events?{query}", token=token)).status == 422


async def test_who_holds_a_shard_is_shown(place: Site) -> None:
    signed_in = await place.register("Ada")
    token, services = signed_in["access_token"], place.node.services
    await services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), Role.ADMIN)
    await place.post("/api/characters", {"name": "Ada", "faction": "Golden Order"}, token=token)
    caller = await services.sessions.authenticate(token)
    await services.shards.seal(caller, 5)
    shards = (await place.get("/api/world/shards", token=token)).json["shards"]
    assert (shards[4]["status"], shards[4]["sealed_until"]) == ("sealed", None)


async def test_quests_of_a_character(place: Site) -> None:
    signed_in = await place.register("Ada")
    token = signed_in["access_token"]
    assert (await place.get("/api/quests", token=token)).code == "no_character"
    character = (await place.post("/api/characters", {"name": "Ada"}, token=token)).json
    assert (await place.get("/api/quests", token=token)).json == {"quests": [], "offers": []}
    assert character["id"] == CharacterId(character["id"])
    await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), Role.ADMIN)
    nobody = await place.register("Rhea")
    await place.node.services.accounts.set_role(OPERATOR, AccountId(nobody["user_id"]), Role.ADMIN)
    assert (await place.get("/api/quests", token=nobody["access_token"])).code == "no_character"

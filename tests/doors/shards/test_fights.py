"""Fights and the world as a whole, as programs see them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.shards_door import Program, ShardsHouse

from mythgate.domain.combat import Result
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.sheets import Resources
from mythgate.doors.shards.rendering import CREATURES

OUTPOST = 11  # where nobody is safe


async def duel(house: ShardsHouse) -> tuple[Program, Program, dict[str, Any]]:
    """Two in a fight, and how it stands."""
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    for one in (ada, bo):
        await one.send("move", character_id=one.character_id, to_location_id=OUTPOST)
        await one.until("location_update")
    await ada.send("combat_start", target_id=bo.character_id)
    challenge = await bo.until("event_trigger", lambda told: told["event_type"] == "duel_challenge")
    assert challenge["title"] == "Aldra Venn"
    await bo.send("combat_start", target_id=ada.character_id)
    for one in (ada, bo):
        begun = await one.until("combat_start")
        assert {fighter["character_id"] for fighter in begun["participants"]} == {ada.character_id, bo.character_id}
        state = await one.until("combat_state")
        assert state["combat_id"] == begun["combat_id"]
    return ada, bo, state


async def fight_on(house: ShardsHouse, state: dict[str, Any], watcher: Program, *fighters: Program) -> dict[str, Any]:
    """Have everybody act in turn until it is over; returns the last state."""
    by_number = {one.character_id: one for one in fighters}
    for _ in range(300):
        if state["is_finished"]:
            break
        active = state["active_character_id"]
        actor = by_number[active]
        fighter = next(one for one in state["participants"] if one["character_id"] == active)
        enemy = next(
            one for one in state["participants"] if one["side"] != fighter["side"] and one["condition"] == "standing"
        )
        await actor.send(
            "combat_action",
            combat_id=state["combat_id"],
            character_id=active,
            action_type="attack" if fighter["stamina"] >= 15 else "flee",
            target_id=enemy["character_id"] if fighter["stamina"] >= 15 else None,
        )
        turn = state["turn_number"], active

        def is_next(told: dict[str, Any], turn: tuple[int, int] = turn) -> bool:
            now = told["turn_number"], told["active_character_id"]
            return told["is_finished"] or (now != turn and now[1] in by_number)

        state = await watcher.until("combat_state", is_next)
    return state


async def test_a_duel_to_its_end(house: ShardsHouse) -> None:
    ada, bo, state = await duel(house)
    by_number = {ada.character_id: ada, bo.character_id: bo}
    state = await fight_on(house, state, ada, ada, bo)
    assert state["is_finished"]
    assert state["active_character_id"] == 0
    for one in (ada, bo):
        end = await one.until("combat_end")
        assert end["combat_id"] == state["combat_id"]
        assert set(end["winner_ids"]) <= set(by_number)  # nobody, if they only block in the end
        damage = [told for told in one.heard if told["type"] == "combat_damage"]
        assert {told["target_id"] for told in damage} <= set(by_number)
        assert {told["result"] for told in damage} <= set(Result)
        assert damage


async def test_a_fight_with_a_creature(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    await ada.send("move", character_id=ada.character_id, to_location_id=OUTPOST)
    await ada.until("location_update")
    await ada.send("combat_start", enemy="hollow_soldier")
    begun = await ada.until("combat_start")
    (creature,) = (one for one in begun["participants"] if not one["is_player"])
    assert (creature["enemy"], creature["character_id"] > CREATURES) == ("hollow_soldier", True)
    state = await ada.until("combat_state", lambda told: told["active_character_id"] == ada.character_id)

    await fight_on(house, state, ada, ada)

    end = await ada.until("combat_end")
    if end["winner_ids"]:
        assert end["winner_ids"] == [ada.character_id]
        assert (end["xp_gained"], end["souls_gained"] > 0) == (100, True)
    else:
        # Undecided, or out of it: there is nothing to be had.
        assert (end["xp_gained"], end["souls_gained"], end["loot"]) == (0, 0, [])


@pytest.mark.parametrize("action", ["defend", "wait"])
async def test_who_is_exhausted_can_catch_breath(house: ShardsHouse, action: str) -> None:
    """With 12 stamina one cannot strike, and to block gives back no more than it takes."""
    ada, bo, state = await duel(house)
    active = ada if state["active_character_id"] == ada.character_id else bo
    present = house.door.by_number(active.character_id)
    assert present is not None
    fight = house.node.services.encounters.of(present.character_id)
    assert fight is not None
    fighter = fight.fighter_of(present.character_id)
    assert fighter is not None
    fighter.now = Resources(fighter.now.health, 12, 0)
    act = {"combat_id": state["combat_id"], "character_id": active.character_id}
    await active.send("combat_action", **act, action_type="attack")
    assert await active.refused() == "INSUFFICIENT_RESOURCES"
    await active.send("combat_action", **act, action_type=action)
    told = await active.until("combat_state")
    assert told["combat_log"][-1].endswith("waits and catches breath.")
    (mine,) = [one for one in told["participants"] if one["character_id"] == active.character_id]
    assert mine["stamina"] == 32


async def test_what_fights_refuse(house: ShardsHouse) -> None:
    ada, bo, state = await duel(house)
    active = ada if state["active_character_id"] == ada.character_id else bo
    waiting = bo if active is ada else ada
    right: dict[str, Any] = {"combat_id": state["combat_id"], "action_type": "attack"}
    for who, fields, code in (
        (waiting, {"character_id": waiting.character_id}, "NOT_YOUR_TURN"),
        (active, {"character_id": waiting.character_id}, "FORBIDDEN"),
        (active, {"character_id": active.character_id, "combat_id": "combat-17"}, "COMBAT_NOT_FOUND"),
        (active, {"character_id": active.character_id, "action_type": "juggle"}, "INVALID_ACTION"),
        (active, {"character_id": active.character_id, "action_type": "item"}, "INVALID_ACTION"),
        (active, {"character_id": active.character_id, "action_type": "spell", "ability_name": "x"}, "INVALID_ACTION"),
        (active, {"character_id": active.character_id, "target_id": 99_999}, "INVALID_TARGET"),
        (active, {"character_id": active.character_id, "target_id": CREATURES + 1}, "INVALID_TARGET"),
    ):
        await who.send("combat_action", **{**right, **fields})
        assert await who.refused() == code, fields
    await active.send("combat_start")
    assert await active.refused() == "INVALID_MESSAGE"
    carla = await house.enter("carla", "Carla Marsh")
    await carla.send("combat_action", character_id=carla.character_id, **right)
    assert await carla.refused() == "COMBAT_NOT_FOUND"
    await carla.send("combat_start", enemy="no_such_beast")
    assert await carla.refused() in ("INVALID_TARGET", "INVALID_ACTION")


async def test_the_world_at_a_glance(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    state = await ada.call("GET", "/api/world/state", token="")
    assert (state["current_reality"], state["reality_stability"]) == ("Neutral", 100.0)
    assert (state["faction_shard_counts"], state["dominant_faction"]) == ({}, None)
    assert (state["active_players"], state["total_aetherfalls"], state["aetherfall_count"]) == (1, 0, 0)
    await ada.send(
        "world_state",
        current_reality="?",
        reality_stability=1,
        faction_shard_counts={},
        active_players=0,
        total_aetherfalls=0,
    )
    assert (await ada.until("world_state"))["current_reality"] == "Neutral"
    shards = (await ada.call("GET", "/api/world/shards", token=""))["shards"]
    assert [one["id"] for one in shards] == list(range(1, 13))
    assert (shards[0]["name"], shards[0]["guardian_name"]) == ("Phoenix Flame", "Ignarok the Eternal")
    assert (shards[0]["power_level"], shards[0]["is_captured"]) == (100, False)
    assert (await ada.call("GET", "/api/world/events", token=""))["events"] == []
    assert (await ada.call("POST", "/api/world/shards/1/capture")).status == 404
    assert (await ada.call("POST", "/api/world/shards/99/capture")).status == 404
    assert (await ada.call("POST", "/api/world/shards/1/capture", token="")).status == 401


async def test_an_end_of_the_world(house: ShardsHouse) -> None:
    ada, lurker = await house.enter("aldra", "Aldra Venn"), await house.enter("carla")
    shards = house.node.services.shards
    await shards.seal(OPERATOR, 3)
    for one in (ada, lurker):
        told = await one.until("shard_status")
        assert (told["shard_id"], told["status"], told["owning_faction"]) == (3, "sealed", None)
    await shards.aetherfall(OPERATOR)
    for one in (ada, lurker):
        fall = await one.until("aetherfall")
        assert (fall["cycle"], fall["winning_faction"]) == (1, None)
        assert (await one.until("world_state"))["total_aetherfalls"] == 1
    (entry,) = (await ada.call("GET", "/api/world/events?limit=1", token=""))["events"]
    assert entry["event_type"] == "aetherfall"

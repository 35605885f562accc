"""Becoming somebody, arming oneself and sharing what one has: the same through every door."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import DoorName, Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORLD = "mythgate"


async def sheet_of(one: Player) -> dict[str, Any]:
    answer = await one.account.call("GET", f"/api/characters/{one.character_id}/sheet")
    sheet: dict[str, Any] = answer.expect(200)
    return sheet


async def test_a_warrior_and_a_friend(people: NewPlayer, door: DoorName) -> None:
    ada, ben = await people(door, stem="Ada"), await people(stem="Ben")
    plain = ada.inbox.events[0]["data"]["player"]["sheet"]
    assert (plain["race"], plain["character_class"], plain["souls"]) == ("Human", "Ranger", 0)

    await ada.command("become dwarf warrior golden order")
    told = (await ada.inbox.expect("player_update"))["data"]["player"]
    assert (told["sheet"]["race"], told["faction"], len(told["inventory"])) == ("Dwarf", "Golden Order", 3)
    seen = await ben.inbox.expect("player_state", player_id=ada.character_id)
    assert seen["data"]["health"] == seen["data"]["max_health"] == told["sheet"]["max_health"]
    assert "is a Dwarf Warrior of level 1." in (await ben.command(f"look {ada.name}"))["result"]

    await ada.command("wield longsword")
    told = (await ada.inbox.expect("player_update"))["data"]["player"]
    assert told["sheet"]["attack"] == 10
    assert told["sheet"] == await sheet_of(ada)

    await ada.command(f"give 2 potions to {ben.name}")
    (potions,) = (await ben.inbox.expect("inventory_update"))["data"]["items"]
    assert (potions["name"], potions["count"]) == ("a health potion", 2)

    await ada.command(f"give longsword to {ben.name}")
    told = (await ada.inbox.expect("player_update"))["data"]["player"]
    assert told["sheet"]["attack"] == 0
    assert (await ben.command("wield longsword"))["success"]
    assert (await sheet_of(ben))["attack"] == 10
    refused = await ben.command("drink potion", ok=False)
    assert refused["code"] == "cannot_use"
    assert sum(row["count"] for row in (await ben.command("inventory"))["inventory"]) == 3


async def test_nobody_looks_into_the_sheet_of_another(people: NewPlayer) -> None:
    ada, eve = await people(enter=False), await people(enter=False)
    answer = await eve.account.call("GET", f"/api/characters/{ada.character_id}/sheet")
    assert (answer.status, answer.error["code"]) == (403, "permission_denied")
    chosen = {"race": "Elf"}
    answer = await eve.account.call("POST", f"/api/characters/{ada.character_id}/beginning", chosen)
    assert (answer.status, answer.error["code"]) == (403, "permission_denied")
    assert (await sheet_of(ada))["race"] == "Human"

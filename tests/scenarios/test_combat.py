"""A fight through every door: together, turn by turn, while somebody's line is lost. The turns are short here."""

from __future__ import annotations

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import DoorName, Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORLD = "mythgate"
ENVIRONMENT = {"MYTHGATE_COMBAT__TURN": "1", "MYTHGATE_COMBAT__RESPAWN": "0.01"}
WAY = ("northwest", "northwest")
CREATURE = "skeleton warrior"


async def take_turns(*people: Player) -> None:
    """Whoever's turn it is strikes, until all know that it is over."""
    for _ in range(300):
        fighting = [one for one in people if not one.inbox.seen("combat_end")]
        if not fighting:
            return
        for one in fighting:
            for line in ("heavy", "light", "wait"):
                response = await one.command(line, ok=None)
                if response["success"] or response["code"] != "insufficient_resources":
                    break
        for one in fighting:
            await one.fence()
    raise AssertionError("it does not end")


async def test_a_fight_with_a_lost_line(people: NewPlayer, door: DoorName) -> None:
    ada, ben = await people(door, stem="Ada"), await people(stem="Ben")
    for one in (ada, ben):
        await one.command("become dwarf warrior")
        await one.command("wield longsword")
        await one.command("wear armor")
    await ben.command(f"follow {ada.name}")
    for step in WAY:
        await ada.command(step)
        await ben.inbox.expect("room_update")
    refused = await ben.command("light", ok=False)
    assert refused["code"] == "no_combat"

    await ada.command(f"attack {CREATURE}")
    begun = (await ada.inbox.expect("combat_start"))["data"]["combat"]
    await ben.command(f"assist {ada.name}")
    joined = (await ben.inbox.expect("combat_start"))["data"]["combat"]
    assert joined["id"] == begun["id"]
    await ada.cut()
    await ben.inbox.expect("combat_event", message=f"{ada.name} gets ready to block.")  # her turn passed
    await ada.connect(resume=True)
    await ada.fence()
    assert not ada.inbox.seen("reset")
    assert ada.inbox.seen("combat_event", message=f"{ada.name} gets ready to block.")
    assert (await ben.command("southeast", ok=False))["code"] == "fighting"

    await take_turns(ada, ben)
    ends = [(await one.inbox.expect("combat_end"))["data"] for one in (ada, ben)]
    assert {one["outcome"] for one in ends} == {"won"}
    assert ends[0]["seed"] == ends[1]["seed"] != ""
    assert all(one["xp_gained"] > 0 and one["souls_gained"] > 0 for one in ends)
    record = (await ben.account.call("GET", f"/api/combats/{begun['id']}")).expect(200)
    assert record["commitment"] == begun["commitment"]
    assert record["seed"] == ends[0]["seed"]

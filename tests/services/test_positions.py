"""Positions: who in the room is told how somebody moves within it."""

from __future__ import annotations

from tests.support.play import TAVERN, PlayKit

from mythgate.domain.events import PositionUpdate, Priority
from mythgate.domain.ids import CharacterId
from mythgate.services.positions import PositionService


def positions_in(kit: PlayKit) -> PositionService:
    return PositionService(presence=kit.present, realtime=kit.realtime, clock=kit.clock)


async def test_the_others_in_the_room_are_told_and_nobody_else(kit: PlayKit) -> None:
    ada, bob, far = await kit.somebody("Ada"), await kit.somebody("Bob"), await kit.somebody("Cid", at=TAVERN)
    kit.realtime.clear()
    positions_in(kit).report(ada.character_id, (1.0, 2.0, 0.5), (0.0, -1.0, 0.0))
    (event,) = kit.heard(bob).events
    assert event.payload == PositionUpdate(ada.character_id, [1.0, 2.0, 0.5], [0.0, -1.0, 0.0])
    assert (event.room_id, event.player_id, event.timestamp) == (ada.room_id, ada.character_id, kit.clock.now())
    assert kit.heard(ada).events == kit.heard(far).events == []


async def test_for_slow_readers_only_the_latest_of_each_counts(kit: PlayKit) -> None:
    ada, bob, cid = await kit.somebody("Ada"), await kit.somebody("Bob"), await kit.somebody("Cid")
    kit.realtime.clear()
    positions = positions_in(kit)
    for mover in (ada, bob, ada):
        positions.report(mover.character_id, (0, 0, 0), (0, 0, 0))
    first, of_another, second = kit.heard(cid).events
    assert first.priority is Priority.LOW
    assert first.coalesce == second.coalesce != of_another.coalesce


async def test_whom_one_ignores_one_does_not_see_move(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.set_ignored(bob.character_id, frozenset({ada.account_id}))
    kit.realtime.clear()
    positions_in(kit).report(ada.character_id, (0, 0, 0), (0, 0, 0))
    assert kit.heard(bob).events == []


async def test_who_is_not_in_the_world_moves_nowhere(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.presence.depart(ada.character_id)
    kit.realtime.clear()
    for gone in (ada.character_id, CharacterId("nobody")):
        positions_in(kit).report(gone, (0, 0, 0), (0, 0, 0))
    assert kit.heard(bob).events == []

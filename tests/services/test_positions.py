"""Positions: who in the room is told how somebody moves within it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.play import SQUARE, TAVERN, PlayKit

from mythgate.domain.errors import NotInWorld
from mythgate.domain.events import PositionUpdate, Priority
from mythgate.domain.ids import CharacterId


async def test_the_others_in_the_room_are_told_and_nobody_else(kit: PlayKit) -> None:
    ada, bob, far = await kit.somebody("Ada"), await kit.somebody("Bob"), await kit.somebody("Cid", at=TAVERN)
    kit.realtime.clear()
    kit.positions.report(ada.character_id, (1.0, 2.0, 0.5), (0.0, -1.0, 0.0))
    (event,) = kit.heard(bob).events
    assert event.payload == PositionUpdate(ada.character_id, [1.0, 2.0, 0.5], [0.0, -1.0, 0.0])
    assert (event.room_id, event.player_id, event.timestamp) == (ada.room_id, ada.character_id, kit.clock.now())
    assert kit.heard(ada).events == kit.heard(far).events == []


async def test_for_slow_readers_only_the_latest_of_each_counts(kit: PlayKit) -> None:
    ada, bob, cid = await kit.somebody("Ada"), await kit.somebody("Bob"), await kit.somebody("Cid")
    kit.realtime.clear()
    positions = kit.positions
    for mover in (ada, bob, ada):
        positions.report(mover.character_id, (0, 0, 0), (0, 0, 0))
    first, of_another, second = kit.heard(cid).events
    assert first.priority is Priority.LOW
    assert first.coalesce == second.coalesce != of_another.coalesce


async def test_whom_one_ignores_one_does_not_see_move(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    kit.realtime.set_ignored(bob.character_id, frozenset({ada.account_id}))
    kit.realtime.clear()
    kit.positions.report(ada.character_id, (0, 0, 0), (0, 0, 0))
    assert kit.heard(bob).events == []


async def test_who_is_not_in_the_world_moves_nowhere(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")
    await kit.presence.depart(ada.character_id)
    kit.realtime.clear()
    for gone in (ada.character_id, CharacterId("nobody")):
        kit.positions.report(gone, (0, 0, 0), (0, 0, 0))
    assert kit.heard(bob).events == []


async def test_who_is_near_is_known_with_level_faction_place_and_when_they_were_seen(kit: PlayKit) -> None:
    ada, bob, cid = await kit.somebody("Ada"), await kit.somebody("Bob"), await kit.somebody("Cid")
    await kit.somebody("Far", at=TAVERN)
    bob.level, bob.faction = 7, "Golden Order"
    came = bob.last_seen_at
    kit.clock.advance(timedelta(minutes=5))
    kit.positions.report(bob.character_id, (1.0, 2.0, 3.0), (0.0, 0.5, 0.0))
    near_bob, near_cid = kit.positions.near(ada.character_id)
    assert (near_bob.name, near_bob.level, near_bob.faction, near_bob.status) == ("Bob", 7, "Golden Order", "online")
    assert near_bob.spot is not None
    assert (near_bob.spot.position, near_bob.spot.velocity) == ((1.0, 2.0, 3.0), (0.0, 0.5, 0.0))
    assert (near_bob.last_seen_at, near_cid.last_seen_at) == (kit.clock.now(), came)
    assert (near_cid.name, near_cid.spot) == ("Cid", None)
    assert kit.positions.room_of(ada.character_id) == SQUARE
    assert kit.positions.idle(near_cid) == timedelta(minutes=5)
    ada.ignored = frozenset({cid.account_id})
    assert [one.name for one in kit.positions.near(ada.character_id)] == ["Bob"]


async def test_nobody_knows_where_in_a_new_room_somebody_stands(kit: PlayKit) -> None:
    ada, bob = await kit.somebody("Ada"), await kit.somebody("Bob")

    def spot() -> object:
        return kit.positions.near(ada.character_id)[0].spot

    kit.positions.report(bob.character_id, (1, 2, 3), (0, 0, 0))
    assert spot() is not None
    kit.present.relocate(bob.character_id, TAVERN)
    kit.positions.report(bob.character_id, (1, 2, 3), (0, 0, 0))
    kit.present.relocate(bob.character_id, SQUARE)
    assert spot() is None
    kit.positions.report(bob.character_id, (1, 2, 3), (0, 0, 0))
    await kit.movement.move(bob.character_id, "north")
    await kit.movement.move(bob.character_id, "south")
    assert spot() is None
    kit.positions.report(bob.character_id, (1, 2, 3), (0, 0, 0))
    await kit.presence.depart(bob.character_id)
    await kit.enter(kit.caller_of(bob))
    assert spot() is None


async def test_only_who_is_in_the_world_has_somebody_near(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    await kit.presence.depart(ada.character_id)
    with pytest.raises(NotInWorld):
        kit.positions.near(ada.character_id)


async def test_the_command(kit: PlayKit) -> None:
    ada = await kit.somebody("Ada")
    assert (await kit.do(ada, "nearby")).result == "Nobody is near you."
    bob, cid = await kit.somebody("Bob"), await kit.somebody("Cid")
    bob.level, bob.faction = 7, "Golden Order"
    kit.clock.advance(timedelta(minutes=5))
    kit.presence.on_detached(cid.character_id)
    kit.positions.report(bob.character_id, (1, 2, 3), (0, 0, 0))
    answer = await kit.do(ada, "nearby")
    assert answer.result == (
        "Near you:\n  Bob: level 7, Golden Order, seen just now\n  Cid (linkdead): level 1, seen 5 minutes ago"
    )
    assert answer.data is not None
    assert [one["position"] for one in answer.data["players"]] == [[1, 2, 3], None]

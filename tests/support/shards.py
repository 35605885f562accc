"""The small world with the twelve Crystal Shards in it, and people who fight for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.support.play import SQUARE, PlayKit, small_world

from mythgate.domain.ids import CharacterId, RoomId, room_topic
from mythgate.domain.presence import Presence
from mythgate.domain.shards import GUARDIAN, LORE
from mythgate.domain.sheets import Faction
from mythgate.domain.world import World

IRON, GOLD, BLOOD = Faction.IRON_BROTHERHOOD, Faction.GOLDEN_ORDER, Faction.CRIMSON_COVENANT
PLACES: Final = {number: RoomId(f"earth_shards_main_{number}") for number in LORE}


def shard_world(**changes: Any) -> World:
    """The small world, and twelve rooms more: number 1 is where shard 1 lies."""
    world = small_world()
    square = world.rooms[SQUARE]
    rooms = dict(world.rooms)
    for number, room_id in PLACES.items():
        rooms[room_id] = dataclasses.replace(
            square,
            id=room_id,
            name=LORE[number].place,
            exits={},
            number=number,
            shard=number,
            x=100 + number,
            creatures=(GUARDIAN,),
        )
    return dataclasses.replace(world, **{"rooms": rooms, **changes})


@dataclass(frozen=True)
class Won:
    """A `Victory`, as far as shards and quests look at it."""

    room_id: RoomId
    winners: Sequence[CharacterId]
    slain: Sequence[str] = (GUARDIAN,)


async def partisan(kit: PlayKit, name: str, faction: Faction | None = IRON, *, at: int = 1) -> Presence:
    """Somebody of a faction, where a shard lies."""
    one = await kit.somebody(name, at=PLACES[at])

    def work(tx: Any) -> None:
        body = tx.characters.require(one.character_id)
        body.faction = faction.value if faction is not None else ""
        tx.characters.save(body)

    await kit.store.write(work)
    one.faction = faction.value if faction is not None else ""
    return one


async def go_to(kit: PlayKit, one: Presence, number: int) -> None:
    """Stand where a shard lies."""
    await kit.put(one.character_id, PLACES[number])
    kit.realtime.unsubscribe(one.character_id, room_topic(one.room_id))
    kit.present.relocate(one.character_id, PLACES[number])
    kit.realtime.subscribe(one.character_id, room_topic(one.room_id))


async def conquer(kit: PlayKit, one: Presence, *numbers: int) -> None:
    """Bring guardians down and take their shards."""
    for number in numbers:
        await go_to(kit, one, number)
        await kit.saved(kit.shards.guardian_falling(Won(PLACES[number], (one.character_id,))))
        await kit.shards.settle()
        await kit.shards.capture(one.character_id)

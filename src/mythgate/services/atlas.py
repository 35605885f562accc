"""The world as the staff sees it: all of its map, who and what is where, and whether its packs are sound."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mythgate.domain.bestiary import creature
from mythgate.domain.ids import RoomId, TemplateId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.domain.world import Inhabitant, Room, World
from mythgate.services.accounts import role_within
from mythgate.services.ports import PresenceStore, Store, Transaction
from mythgate.services.rooms import RoomService
from mythgate.services.world import WorldService


@dataclass(frozen=True, slots=True)
class MapWay:
    """One way out of a room."""

    direction: str
    target: RoomId
    is_locked: bool
    is_hidden: bool  # until one has been where it leads


@dataclass(frozen=True, slots=True)
class MapRoom:
    """One room on the map."""

    room: Room
    zone_name: str
    capacity: int
    people: int
    is_locked: bool
    ways: Sequence[MapWay]


@dataclass(frozen=True, slots=True)
class Placed:
    """Things of one kind in one room."""

    template: TemplateId
    name: str
    room_id: RoomId
    room_name: str
    count: int


@dataclass(frozen=True, slots=True)
class Dweller:
    """Somebody who lives in the world, and where they are now."""

    inhabitant: Inhabitant
    room_id: RoomId
    room_name: str


@dataclass(frozen=True, slots=True)
class Lair:
    """What one can fight in a room."""

    key: str
    name: str
    level: int
    room_id: RoomId
    room_name: str


@dataclass(frozen=True, slots=True)
class Entities:
    """Who and what is in the world besides players."""

    inhabitants: Sequence[Dweller]
    creatures: Sequence[Lair]
    lying: Sequence[Placed]
    items: int  # of all holders
    templates: int


@dataclass(frozen=True, slots=True)
class Atlas:
    """The whole map."""

    world: World
    rooms: Sequence[MapRoom] = field(default=())


class AtlasService:
    """Use cases of looking after the world. `problems` says what is wrong with the packs as they are on the disk."""

    def __init__(self, *, store: Store, presence: PresenceStore, world: WorldService, rooms: RoomService) -> None:
        self.problems: Callable[[], Awaitable[Sequence[str]]] | None = None
        self._store = store
        self._presence = presence
        self._world = world
        self._rooms = rooms

    async def map(self, caller: Caller) -> Atlas:
        """All rooms, hidden ways too. Raises PermissionDenied."""
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_CONSOLE))
        world, populations = self._world.world, self._presence.populations()
        rooms = [self._on_map(world, room, populations) for room in world.rooms.values()]
        return Atlas(world, sorted(rooms, key=lambda one: (one.room.plane, one.zone_name, one.room.name)))

    def _on_map(self, world: World, room: Room, populations: Mapping[RoomId, int]) -> MapRoom:
        return MapRoom(
            room=room,
            zone_name=world.zone_of(room).name,
            capacity=self._world.capacity_of(room),
            people=populations.get(room.id, 0),
            is_locked=self._rooms.marks_of(room.id).locked,
            ways=[MapWay(way.direction.value, way.target, way.locked, way.hidden) for way in room.exits.values()],
        )

    async def entities(self, caller: Caller) -> Entities:
        """Inhabitants, creatures and things that lie about. Raises PermissionDenied."""
        world = self._world.world

        def work(tx: Transaction) -> tuple[dict[RoomId, list[Item]], int]:
            require(role_within(tx, caller), Permission.SEE_CONSOLE)
            return {room_id: tx.items.held_by(HolderKind.ROOM, room_id) for room_id in world.rooms}, tx.items.count()

        lying, count = await self._store.read(work)
        dwellers = [
            Dweller(one, room.id, room.name)
            for room in world.rooms.values()
            for one in self._world.inhabitants_in(room.id)
        ]
        lairs = [
            Lair(key, creature(key).name, creature(key).level, room.id, room.name)
            for room in world.rooms.values()
            for key in room.creatures
        ]
        return Entities(
            inhabitants=sorted(dwellers, key=lambda one: one.inhabitant.name.casefold()),
            creatures=sorted(lairs, key=lambda one: (one.level, one.name)),
            lying=_placed(world, lying),
            items=count,
            templates=len(world.templates),
        )

    async def check(self, caller: Caller) -> Sequence[str]:
        """What is wrong with the packs on the disk, with file and line; nothing is changed. Raises PermissionDenied."""
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.RUN_WORLD))
        assert self.problems is not None
        return await self.problems()


def _placed(world: World, lying: Mapping[RoomId, Sequence[Item]]) -> list[Placed]:
    counts: dict[tuple[RoomId, TemplateId], int] = {}
    for room_id, items in lying.items():
        for item in items:
            key = room_id, item.template_id
            counts[key] = counts.get(key, 0) + item.quantity
    placed = [
        Placed(template, world.template(template).full_name, room_id, world.rooms[room_id].name, count)
        for (room_id, template), count in counts.items()
    ]
    return sorted(placed, key=lambda one: (one.name.casefold(), one.room_name))

"""The world while people are in it: the current `World`, its reload, its inhabitants and its clock.

`WorldService.world` is replaced as a whole, on the event loop, after everybody who stood in a room
that is no more was given a new place. What a player sees of a room is made by `room_view`, a pure
function that all who show rooms share.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from mythgate.domain.bestiary import creature
from mythgate.domain.characters import Character
from mythgate.domain.errors import NoCharacter, NotFound
from mythgate.domain.events import (
    AdminEvent,
    ChatMessage,
    CreatureView,
    ExitView,
    FixtureView,
    GameTick,
    ItemView,
    NpcView,
    OccupantView,
    RoomItems,
    RoomMessage,
    RoomUpdate,
    RoomView,
    SystemMessage,
    event_of,
)
from mythgate.domain.ids import (
    GLOBAL_TOPIC,
    STAFF_TOPIC,
    CharacterId,
    InhabitantId,
    ItemId,
    RoomId,
    TemplateId,
    room_topic,
)
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, may, require
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.shards import called
from mythgate.domain.world import (
    SIGNPOSTED,
    SMALL_WORDS,
    Daypart,
    Inhabitant,
    Placement,
    Problem,
    Room,
    Utterance,
    World,
    WorldTime,
    visible_exits,
    words_of,
)
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Ids, PresenceStore, Realtime, Store, Transaction, WorldSource

log = logging.getLogger(__name__)

EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)  # tick 0


# --- what one sees ---------------------------------------------------------------------------------


def occupant_view(presence: Presence) -> OccupantView:
    """A player as others in the room see them; the same object as long as they look the same, for it lies in every
    event that lists who is in a room."""
    return _one_view(
        presence.character_id,
        presence.name,
        "linkdead" if presence.linkdead_since is not None else presence.availability.value,
        presence.level,
        presence.faction,
        presence.door,
        presence.afk_text,
    )


_one_view = lru_cache(maxsize=4096)(OccupantView)


def item_views(world: World, items: Iterable[Item]) -> list[ItemView]:
    """Things as rows, in the order they came: those of one template share a row that counts them, but what
    somebody left lying looks otherwise than what is still where the world placed it, and what is equipped is
    not like what is merely carried.
    """
    rows: dict[tuple[TemplateId, bool, bool], ItemView] = {}
    for item in items:
        key = item.template_id, item.in_place, item.equipped
        row = rows.get(key)
        if row is not None:
            row.count += item.quantity
            continue
        template = world.template(item.template_id)
        rows[key] = ItemView(
            id=item.id,
            name=template.full_name,
            summary=template.lying(in_place=item.in_place),
            count=item.quantity,
            readable=template.read_text is not None,
            kind=template.kind.value,
            equipped=item.equipped,
            attack=template.attack,
            defence=template.defence,
            magic=template.magic,
            value=template.value,
            number=item.number,
        )
    return list(rows.values())


def room_view(
    world: World,
    room: Room,
    *,
    occupants: Sequence[OccupantView],
    inhabitants: Sequence[Inhabitant],
    items: Sequence[ItemView],
    explored: Container[RoomId],
    daypart: Daypart | None = None,
    omen: str = "",
) -> RoomView:
    """The room as somebody sees it who is in it and has been in the rooms `explored`.

    `occupants` are all players in the room, the onlooker included.
    """
    ways = []
    for way in visible_exits(room, explored):
        known, signed = way.target in explored, SIGNPOSTED in room.tags
        ways.append(
            ExitView(
                direction=way.direction.value,
                room_id=way.target if known and not way.locked else None,
                name=world.rooms[way.target].name if known or signed else "",
                locked=way.locked,
                description=way.description,
                signed=signed,
            )
        )
    return RoomView(
        id=room.id,
        name=room.name,
        description=room.describe(people=len(occupants), daypart=daypart, omen=omen),
        plane=room.plane,
        zone=room.zone,
        zone_name=world.zone_of(room).name,
        sub_zone=room.sub_zone,
        environment=room.environment.value,
        exits={way.direction: way.room_id for way in ways},
        ways=ways,
        players=list(occupants),
        npcs=[NpcView(id=one.id, name=one.name, summary=one.summary) for one in inhabitants],
        items=list(items),
        fixtures=[FixtureView(id=f.id, name=f.name, readable=f.read_text is not None) for f in room.fixtures],
        occupants=[view.name for view in occupants] + [one.name for one in inhabitants],
        occupant_count=len(occupants) + len(inhabitants),
        map_x=room.x,
        map_y=room.y,
        map_z=room.z,
        creatures=[CreatureView(one.key, called(one, room.shard), one.level) for one in map(creature, room.creatures)],
    )


# --- the service -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorldPolicy:
    """Numbers an operator or a test may change."""

    room_capacity: int = 32
    tick_interval: timedelta = timedelta(seconds=10)
    watch_interval: timedelta = timedelta(seconds=2)
    greet_again_after: timedelta = timedelta(minutes=10)
    greet_next_after: timedelta = timedelta(seconds=15)  # whoever comes into the same room before came along
    answer_gap: timedelta = timedelta(seconds=2)  # an inhabitant does not answer faster than that
    clear_litter_after: timedelta = timedelta(days=1)
    restock_interval: timedelta = timedelta(minutes=1)
    litter_interval: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a new world changed."""

    items: int  # brought forth
    displaced: int  # characters whose room is no more
    rooms: frozenset[RoomId]  # look different now


@dataclass(frozen=True, slots=True)
class WorldState:
    """The world at one instant."""

    world: World
    now: datetime
    time: WorldTime
    tick: int
    players: int  # characters in the world


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a caller knows of the world: rooms their character has been in, the present one included."""

    world: World
    character_id: CharacterId | None  # None for staff without a character
    here: Room
    explored: frozenset[RoomId]
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Reloaded:
    """How a reload ended: with `problems` nothing changed."""

    problems: tuple[Problem, ...]
    applied: Applied | None


class WorldService:
    """The current world, and what goes on in it without players."""

    def __init__(
        self,
        world: World,
        *,
        source: WorldSource,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        clock: Clock,
        ids: Ids,
        policy: WorldPolicy | None = None,
    ) -> None:
        self.world = world
        self.policy = policy if policy is not None else WorldPolicy()
        self.on_displaced: Callable[[Character, RoomId], None] | None = None  # (as it is now, where it was)
        self.on_items_changed: Callable[[RoomId], None] | None = None  # what lies there was changed from here
        self.omen = ""  # what one sees in the sky, as a sentence
        self._source = source
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._clock = clock
        self._ids = ids
        self._applying = asyncio.Lock()
        self._ailing: tuple[Problem, ...] = ()  # what was wrong with the packs when they were read last
        self._places: dict[InhabitantId, RoomId] = {}
        self._by_room: dict[RoomId, tuple[Inhabitant, ...]] = {}
        self._next_line: dict[InhabitantId, datetime] = {}
        self._last_line: dict[InhabitantId, Utterance] = {}
        self._greeted: dict[tuple[CharacterId, InhabitantId], datetime] = {}
        self._room_greeted: dict[RoomId, datetime] = {}
        self._answered: dict[InhabitantId, datetime] = {}
        self._talk_observers: list[Callable[[CharacterId, InhabitantId, str], None]] = []
        self._next_restock = EPOCH
        self._next_clearing = EPOCH
        self._place_inhabitants(clock.now())

    def on_talked(self, observer: Callable[[CharacterId, InhabitantId, str], None]) -> None:
        """Have `observer` told who talked to which inhabitant, and in what words."""
        self._talk_observers.append(observer)

    def talked(self, character_id: CharacterId, inhabitant_id: InhabitantId, text: str) -> None:
        """Somebody talked to an inhabitant."""
        for observer in self._talk_observers:
            observer(character_id, inhabitant_id, text)

    # --- time ---

    def time(self) -> WorldTime:
        """The world's time now."""
        return self.world.calendar.at(self._clock.now())

    @property
    def daypart(self) -> Daypart:
        return self.time().daypart

    def tick_number(self, now: datetime) -> int:
        """Counts tick intervals since a fixed moment: the same on every node, and rising over restarts."""
        return (now - EPOCH) // self.policy.tick_interval

    def until_next_tick(self, now: datetime) -> timedelta:
        return self.policy.tick_interval - (now - EPOCH) % self.policy.tick_interval

    def state(self) -> WorldState:
        """The world at a glance."""
        now = self._clock.now()
        return WorldState(self.world, now, self.world.calendar.at(now), self.tick_number(now), self._presence.count())

    # --- rooms ---

    def capacity_of(self, room: Room) -> int:
        """How many players the room holds."""
        return room.capacity if room.capacity is not None else self.policy.room_capacity

    def inhabitants_in(self, room_id: RoomId) -> tuple[Inhabitant, ...]:
        """Those who are in the room now (some wander), in the order the pack names them."""
        return self._by_room.get(room_id, ())

    # --- what a caller may know of it ---

    async def outlook(self, caller: Caller) -> Outlook:
        """Where the caller's character is (or stands asleep) and which rooms the caller knows.

        Raises:
            NoCharacter: the account has none.

        """
        present = self._presence.of_account(caller.account_id)

        def work(tx: Transaction) -> tuple[CharacterId, RoomId, set[RoomId]] | None:
            if present is not None:
                return present.character_id, present.room_id, tx.characters.explored(present.character_id)
            selected = tx.accounts.require(caller.account_id).selected_character
            bodies = tx.characters.of_account(caller.account_id)
            body = next((body for body in bodies if body.id == selected), bodies[0] if bodies else None)
            return None if body is None else (body.id, body.room_id, tx.characters.explored(body.id))

        found = await self._store.read(work)
        staff = may(caller.role, Permission.SEE_CONSOLE)
        world = self.world
        if found is None:
            if not staff:
                raise NoCharacter
            return Outlook(world, None, world.require(world.start_room), frozenset(), staff)
        character_id, room_id, explored = found
        here = world.room(room_id) or world.require(world.start_room)
        return Outlook(world, character_id, here, frozenset(explored) & world.rooms.keys() | {here.id}, staff)

    async def view_room(self, caller: Caller, room_id: RoomId) -> RoomView:
        """A room the caller has been in; an admin sees any. Who and what is in it now shows only to those
        who are in it themselves, and to admins.

        Raises:
            NotFound: there is no such room, or the caller has not been there.
            NoCharacter: the account has none.

        """
        outlook = await self.outlook(caller)
        room = outlook.world.room(room_id)
        if room is None or not (outlook.is_staff or room.id in outlook.explored):
            raise NotFound("You know no such place.", hint="Rooms can be asked for once you have been there.")
        present = self._presence.of_account(caller.account_id)
        inside = outlook.is_staff or (present is not None and present.room_id == room.id)
        items: list[Item] = []
        if inside:
            items = await self._store.read(lambda tx: tx.items.held_by(HolderKind.ROOM, room.id))
        return room_view(
            outlook.world,
            room,
            occupants=[occupant_view(one) for one in self._presence.in_room(room.id)] if inside else [],
            inhabitants=self.inhabitants_in(room.id) if inside else [],
            items=item_views(outlook.world, items),
            explored=outlook.world.rooms if outlook.is_staff else outlook.explored,
            daypart=self.daypart,
            omen=self.omen,
        )

    # --- loading ---

    async def start(self) -> Applied:
        """Bring forth what the world places, and give everybody who stands nowhere a place. Before doors open."""
        async with self._applying:
            return await self._apply(self.world)

    async def reload(self, caller: Caller) -> Reloaded:
        """Read the packs again and use them if they are sound; recorded.

        Raises:
            PermissionDenied: the caller may not.

        """
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.RUN_WORLD))
        before = self.world
        done = await self.refresh()
        detail = {"before": _edition(before), "after": _edition(self.world), "problems": str(len(done.problems))}
        entry = AuditEntry(self._clock.now(), caller.account_id, "world.reloaded", "", detail)
        await self._store.write(lambda tx: tx.moderation.record(entry))
        return done

    async def refresh(self) -> Reloaded:
        """As `reload`, for the server itself."""
        async with self._applying:
            loaded = await self._source.load()
            if loaded.world is None:
                problems = tuple(loaded.problems)
                log.warning("world not reloaded", extra={"problems": [str(problem) for problem in problems]})
                self._tell_health(problems)
                return Reloaded(problems, None)
            applied = Applied(0, 0, frozenset())
            if loaded.world.fingerprint != self.world.fingerprint:
                applied = await self._apply(loaded.world)
            self._tell_health(())
            return Reloaded((), applied)

    def _tell_health(self, problems: tuple[Problem, ...]) -> None:
        """Tell the staff when the packs can no longer be used, why, and when they can again."""
        before, self._ailing = self._ailing, problems
        if problems == before:
            return
        if problems:
            more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
            event = AdminEvent("world.broken", "", f"The world packs cannot be used: {problems[0]}.{more}")
        else:
            event = AdminEvent("world.well", "", "The world is well again.")
        self._realtime.publish(STAFF_TOPIC, event_of(event, self._clock.now()))

    async def apply(self, new: World) -> Applied:
        """Make `new` the world: bring forth what it adds, move people out of rooms it lacks, tell who sees a change."""
        async with self._applying:
            return await self._apply(new)

    async def _apply(self, new: World) -> Applied:
        old = self.world
        now = self._clock.now()
        fresh = [self._bring_forth(p, origin, now) for p in new.placements for origin in p.origins()]

        def work(tx: Transaction) -> tuple[list[Item], list[tuple[Character, RoomId]]]:
            known = tx.items.origins()
            missing = [item for item in fresh if item.origin not in known]
            if missing:
                tx.items.seed(missing)
            return missing, _rehouse(tx, new, now)

        def swap(done: tuple[list[Item], list[tuple[Character, RoomId]]]) -> None:
            self.world = new
            self._place_inhabitants(now)
            for item in done[0]:
                self._note_items(RoomId(item.holder_id))
            self._settle(done[1])

        added, displaced = await self._store.write(work, then=swap)
        if new is not old:
            displaced += await self._rescue([present.character_id for present in self._presence.all()])
        changed = {room_id for room_id, room in new.rooms.items() if old.rooms.get(room_id) != room}
        changed.update(RoomId(item.holder_id) for item in added)
        if old.templates != new.templates:
            changed.update(new.rooms)
        applied = Applied(len(added), len(displaced), frozenset(changed))
        await self._show(changed)
        for room_id, room in new.rooms.items():
            if room_id in old.rooms and _prose(room) != _prose(old.rooms[room_id]):
                # Who reads text alone does not see the update.
                self._tell_room(room_id, RoomMessage("Something about this place has changed."), now)
        log.info(
            "world in force",
            extra={
                "world": new.name,
                "version": new.version,
                "rooms": len(new.rooms),
                "changed": len(changed),
                "items": len(added),
                "displaced": len(displaced),
            },
        )
        return applied

    async def _rescue(self, moving: Sequence[CharacterId] = ()) -> list[tuple[Character, RoomId]]:
        """Move all who stand in no room of the world to its start.

        A step decided under an older world may be saved after that world was replaced. Reading the rows of all
        who may be `moving` waits for those whose step is under way in the database.
        """
        world, now = self.world, self._clock.now()

        def work(tx: Transaction) -> list[tuple[Character, RoomId]]:
            for character_id in moving:
                tx.characters.get(character_id)
            return _rehouse(tx, world, now)

        return await self._store.write(work, then=self._settle)

    def _bring_forth(self, placement: Placement, origin: str, now: datetime) -> Item:
        return Item(
            id=ItemId(self._ids.new()),
            template_id=placement.template,
            holder_kind=HolderKind.ROOM,
            holder_id=placement.room,
            created_at=now,
            origin=origin,
        )

    def _settle(self, displaced: Iterable[tuple[Character, RoomId]]) -> None:
        """Let live state follow those who were moved."""
        for character, origin in displaced:
            present = self._presence.get(character.id)
            if present is None:
                continue
            self._realtime.unsubscribe(character.id, room_topic(present.room_id))
            self._presence.relocate(character.id, character.room_id)
            self._realtime.subscribe(character.id, room_topic(character.room_id))
            message = (
                f"The place you were in is gone. You find yourself in {self.world.require(character.room_id).name}."
            )
            self._realtime.send(character.id, event_of(SystemMessage(message), self._clock.now()))
            if self.on_displaced is not None:
                self.on_displaced(character, origin)

    async def _show(self, rooms: Collection[RoomId]) -> None:
        """Send everybody in `rooms` the room as it is now."""
        audience = {room_id: self._presence.in_room(room_id) for room_id in rooms}
        people = [one.character_id for present in audience.values() for one in present]
        if not people:
            return
        shown = [room_id for room_id, present in audience.items() if present]

        def work(tx: Transaction) -> tuple[dict[RoomId, list[Item]], dict[CharacterId, set[RoomId]]]:
            return (
                {room_id: tx.items.held_by(HolderKind.ROOM, room_id) for room_id in shown},
                {character_id: tx.characters.explored(character_id) for character_id in people},
            )

        items, explored = await self._store.read(work)
        now = self._clock.now()
        for room_id in shown:
            room = self.world.rooms[room_id]
            present = self._presence.in_room(room_id)
            occupants = [occupant_view(one) for one in present]
            for one in present:
                view = room_view(
                    self.world,
                    room,
                    occupants=occupants,
                    inhabitants=self.inhabitants_in(room_id),
                    items=item_views(self.world, items[room_id]),
                    explored=explored.get(one.character_id, set()),
                    daypart=self.daypart,
                    omen=self.omen,
                )
                self._realtime.send(one.character_id, event_of(RoomUpdate(view), now, room_id=room_id))

    async def show_omen(self, omen: str) -> None:
        """Have `omen` in the sky from now on; who is under it sees it."""
        if omen == self.omen:
            return
        self.omen = omen
        await self._show([room_id for room_id, room in self.world.rooms.items() if room.is_open])

    async def watch(self) -> None:
        """Reload whenever the packs change. Runs until cancelled."""
        while True:
            await asyncio.sleep(self.policy.watch_interval.total_seconds())
            try:
                if await self._source.changed():
                    await self.refresh()
            except Exception:
                # Builders save half-written files, disks fill up: the world in force stays in force.
                log.exception("world packs could not be read")

    # --- what goes on by itself ---

    async def run(self, chance: Callable[[], float]) -> None:
        """The world's heartbeat: a tick at each multiple of the tick interval. Runs until cancelled."""
        now = self._clock.now()
        while True:
            due = now + self.until_next_tick(now)
            left = min(due - self._clock.now(), self.policy.tick_interval)
            await asyncio.sleep(left.total_seconds())
            now = max(self._clock.now(), due)  # a timer may ring a moment early; no tick comes twice
            try:
                await self.tick(now, chance)
            except Exception:
                log.exception("tick failed")

    async def tick(self, now: datetime, chance: Callable[[], float]) -> None:
        """One tick at `now`; `chance` gives numbers from 0 up to 1."""
        payload = GameTick(
            tick_number=self.tick_number(now),
            timestamp=now,
            world_time=self.world.calendar.at(now).bell_text,
            players=self._presence.count(),
        )
        self._realtime.publish(GLOBAL_TOPIC, event_of(payload, now, coalesce="game_tick"))
        if not self._presence.populations().keys() <= self.world.rooms.keys():
            await self._rescue()
        self._wander(now)
        await self.inhabitants_tick(now, chance)
        if now >= self._next_restock:
            self._next_restock = now + self.policy.restock_interval
            await self.restock(now)
        if now >= self._next_clearing:
            self._next_clearing = now + self.policy.litter_interval
            await self.clear_litter(now)

    def _place_inhabitants(self, now: datetime) -> None:
        self._places = {one.id: one.place_at(now) for one in self.world.inhabitants.values()}
        self._index_inhabitants()
        for memory in (self._next_line, self._last_line, self._answered):
            for gone in memory.keys() - self._places.keys():
                del memory[gone]

    def _index_inhabitants(self) -> None:
        by_room: dict[RoomId, tuple[Inhabitant, ...]] = {}
        for inhabitant_id, room_id in self._places.items():
            by_room[room_id] = (*by_room.get(room_id, ()), self.world.inhabitants[inhabitant_id])
        self._by_room = by_room

    def _wander(self, now: datetime) -> None:
        moved = []
        for inhabitant in self.world.inhabitants.values():
            before, after = self._places[inhabitant.id], inhabitant.place_at(now)
            if before != after:
                self._places[inhabitant.id] = after
                moved.append((inhabitant, before, after))
        if not moved:
            return
        self._index_inhabitants()
        for inhabitant, before, after in moved:
            name = sentence_start(inhabitant.name)
            self._tell_room(before, RoomMessage(f"{name} walks away.", "npc"), now)
            self._tell_room(after, RoomMessage(f"{name} arrives.", "npc"), now)

    def _tell_room(self, room_id: RoomId, payload: RoomMessage | ChatMessage, now: datetime) -> None:
        if self._presence.in_room(room_id):
            self._realtime.publish(room_topic(room_id), event_of(payload, now, room_id=room_id))

    async def inhabitants_tick(self, now: datetime, chance: Callable[[], float]) -> None:
        """Let inhabitants who have company say something now and then."""
        for inhabitant in self.world.inhabitants.values():
            room_id = self._places[inhabitant.id]
            if not inhabitant.lines or not self._presence.in_room(room_id):
                continue
            due = self._next_line.get(inhabitant.id)
            # Between half and one and a half intervals from line to line.
            self._next_line[inhabitant.id] = due or now + inhabitant.line_interval * (0.5 + chance())
            if due is None or now < due:
                continue
            self._next_line[inhabitant.id] = now + inhabitant.line_interval * (0.5 + chance())
            last = self._last_line.get(inhabitant.id)
            choice = [line for line in inhabitant.lines if line != last] or list(inhabitant.lines)
            line = choice[int(chance() * len(choice))]
            self._last_line[inhabitant.id] = line
            self._utter(inhabitant, line, room_id, now)

    def on_entered(self, character_id: CharacterId, name: str, room_id: RoomId) -> None:
        """Somebody came into the room: one who lives there may greet them, but not each of those who come together."""
        now = self._clock.now()
        before = self._room_greeted.get(room_id)
        if before is not None and now - before < self.policy.greet_next_after:
            return
        for inhabitant in self.inhabitants_in(room_id):
            if not inhabitant.greetings:
                continue
            key = (character_id, inhabitant.id)
            before = self._greeted.get(key)
            if before is not None and now - before < self.policy.greet_again_after:
                continue
            self._forget_greetings(now)
            self._greeted[key] = self._room_greeted[room_id] = now
            # Which of them is told by the clock: no chance needed, and not always the same.
            greeting = inhabitant.greetings[int(now.timestamp()) % len(inhabitant.greetings)]
            self._utter(inhabitant, greeting, room_id, now, name=name)
            return

    def _forget_greetings(self, now: datetime) -> None:
        if len(self._greeted) < 10_000:
            return
        self._greeted = {key: when for key, when in self._greeted.items() if now - when < self.policy.greet_again_after}

    def answer(self, inhabitant: Inhabitant, text: str, carried: Container[TemplateId] = ()) -> str | None:
        """What the inhabitant answers when spoken to; None if nothing. `carried` are templates the speaker has."""
        if inhabitant.wares and _asks_for_wares(text):
            return inhabitant.wares
        return inhabitant.answer(text, carried) or inhabitant.fallback or None

    def heard(
        self,
        speaker: str,
        room_id: RoomId,
        text: str,
        carried: Container[TemplateId] = (),
        *,
        speaker_id: CharacterId | None = None,
    ) -> bool:
        """Somebody said `text` in the room, and an inhabitant may answer aloud: one who is named in it, or
        one who is alone with the speaker and is asked about a subject. Tells whether one did."""
        present = self._by_room.get(room_id)
        if not present:
            return False
        now = self._clock.now()
        words = frozenset(words_of(text))
        alone = len(present) == 1 and len(self._presence.in_room(room_id)) <= 1
        for inhabitant in present:
            if _is_named(inhabitant, words):
                reply = self.answer(inhabitant, text, carried)
            elif alone:
                reply = inhabitant.answer(text, carried)
            else:
                continue
            if reply is None:
                continue
            if speaker_id is not None:
                self.talked(speaker_id, inhabitant.id, text)
            before = self._answered.get(inhabitant.id)
            if before is not None and now - before < self.policy.answer_gap:
                return False
            self._answered[inhabitant.id] = now
            self._utter(inhabitant, Utterance(reply), room_id, now, name=speaker)
            return True
        return False

    def _utter(
        self, inhabitant: Inhabitant, said: Utterance, room_id: RoomId, now: datetime, *, name: str = "traveller"
    ) -> None:
        words = said.text.replace("{name}", name)
        speaker = sentence_start(inhabitant.name)
        message = ChatMessage(
            id=self._ids.new(),
            channel="emote" if said.action else "say",
            player_id=inhabitant.id,
            player_name=inhabitant.name,
            message=words,
            text=f"{speaker} {words}" if said.action else f"{speaker} says: {words}",
            timestamp=now,
            speaker_kind="npc",
        )
        self._tell_room(room_id, message, now)

    async def restock(self, now: datetime) -> int:
        """Put back what was taken from placements that come back, once it has been missing long enough.

        Returns how many things were put back.
        """
        world = self.world
        due = [(placement, placement.respawn) for placement in world.placements if placement.respawn is not None]
        if not due:
            return 0
        fresh = {
            origin: self._bring_forth(placement, f"{origin}@{int(now.timestamp())}", now)
            for placement, _ in due
            for origin in placement.origins()
        }

        def work(tx: Transaction) -> tuple[int, dict[RoomId, list[Item]]]:
            put_back: list[Item] = []
            for placement, after in due:
                lying = tx.items.held_by(HolderKind.ROOM, placement.room)
                missing = placement.count - sum(item.template_id == placement.template for item in lying)
                fact = f"missing_since:{placement.room}/{placement.template}"
                since = tx.facts.get(fact)
                if missing <= 0:
                    if since is not None:
                        tx.facts.take(fact)
                elif since is None:
                    tx.facts.set(fact, now.isoformat())
                elif now - datetime.fromisoformat(since) >= after:
                    put_back += [fresh[origin] for origin in placement.origins()[:missing]]
                    tx.facts.take(fact)
            count = tx.items.seed(put_back) if put_back else 0
            return count, _lying(tx, {RoomId(item.holder_id) for item in put_back})

        return (await self._store.write(work, then=lambda done: self._tell_items(world, done[1], now)))[0]

    async def clear_litter(self, now: datetime) -> int:
        """Remove copies that `restock` made and somebody left lying elsewhere. Returns how many."""
        world = self.world
        before = now - self.policy.clear_litter_after

        def work(tx: Transaction) -> tuple[int, dict[RoomId, list[Item]]]:
            litter = [
                item
                for room_id in world.rooms
                for item in tx.items.held_by(HolderKind.ROOM, room_id)
                if "@" in item.origin and item.created_at < before and not item.in_place
            ]
            for item in litter:
                tx.items.remove(item)
            return len(litter), _lying(tx, {RoomId(item.holder_id) for item in litter})

        return (await self._store.write(work, then=lambda done: self._tell_items(world, done[1], now)))[0]

    def _note_items(self, room_id: RoomId) -> None:
        if self.on_items_changed is not None:
            self.on_items_changed(room_id)

    def _tell_items(self, world: World, lying: Mapping[RoomId, Sequence[Item]], now: datetime) -> None:
        for room_id, items in lying.items():
            self._note_items(room_id)
            if self._presence.in_room(room_id):
                payload = RoomItems(item_views(world, items))
                self._realtime.publish(room_topic(room_id), event_of(payload, now, room_id=room_id))


_WARES: Final = frozenset({"wares", "goods", "buy", "sell", "list", "price", "prices", "stock", "shop"})


def _edition(world: World) -> str:
    """Which packs they are, for the record."""
    return f"{world.name} {world.version} ({world.fingerprint[:12]})"


def _prose(room: Room) -> object:
    """What one reads of a room."""
    return room.name, room.description, dict(room.by_daypart), room.crowded, room.empty


def _is_named(inhabitant: Inhabitant, words: frozenset[str]) -> bool:
    """Whether one of the words belongs to the name, or all words of an alias are among them."""
    if not words.isdisjoint(set(words_of(inhabitant.name)) - SMALL_WORDS):
        return True
    return any(words.issuperset(words_of(alias)) for alias in inhabitant.aliases)


def _asks_for_wares(text: str) -> bool:
    return not _WARES.isdisjoint(words_of(text))


def _rehouse(tx: Transaction, world: World, now: datetime) -> list[tuple[Character, RoomId]]:
    """Move all who stand in no room of `world` to its start; each with the room they were in."""
    displaced = []
    for found in tx.characters.outside(world.rooms):
        # The list is read without locks: take each one's row before deciding about it.
        character = tx.characters.get(found.id)
        if character is None or character.deleted_at is not None or character.room_id in world.rooms:
            continue
        origin = character.room_id
        displaced.append((tx.characters.relocate(character, world.start_room, now), origin))
        tx.characters.explore(character.id, world.start_room, now)
    return displaced


def _lying(tx: Transaction, rooms: Iterable[RoomId]) -> dict[RoomId, list[Item]]:
    return {room_id: tx.items.held_by(HolderKind.ROOM, room_id) for room_id in rooms}


def sentence_start(name: str) -> str:
    """`name` as the first word of a sentence: "The lamplighter" for "the lamplighter"."""
    return name[:1].upper() + name[1:]

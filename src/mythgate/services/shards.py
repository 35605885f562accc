"""The Crystal Shards in the world: who takes them, what becomes of it, and the log that everybody may read.

One transaction changes shards, cycle, ownership history and log together; what follows is told once it is saved.
`ShardService` keeps a copy of how all of it is, which every change replaces as a whole.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from mythgate.domain.errors import InvalidInput, NoShard
from mythgate.domain.events import (
    Aetherfall as AetherfallEvent,
)
from mythgate.domain.events import (
    EventTrigger,
    Payload,
    RealityShift,
    ShardCaptured,
    ShardStatusChanged,
    WorldStateChanged,
    event_of,
)
from mythgate.domain.ids import GLOBAL_TOPIC, CharacterId, RoomId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.domain.shards import (
    CAPTURE_SOULS,
    GUARDIAN,
    LORE,
    Aetherfall,
    Captured,
    Claimant,
    Condition,
    Effects,
    Fallen,
    FallReason,
    Happening,
    Ownership,
    Reality,
    Shard,
    Shards,
    ShardStatus,
    Shifted,
    StatusChanged,
    faction_of,
    leader_of,
)
from mythgate.domain.sheets import Chance, Sheet
from mythgate.domain.worldevents import MOST_EVENTS, EventKind, WorldEvent, page_size
from mythgate.services.accounts import role_within
from mythgate.services.errands import Errands
from mythgate.services.ports import Clock, CommandKey, PresenceStore, Realtime, Sequel, Store, Transaction
from mythgate.services.sheets import Change, SheetService
from mythgate.services.sight import Sight, enumerate_words
from mythgate.services.world import WorldService

log = logging.getLogger(__name__)

MOST_SEALED: Final = timedelta(days=3650)


class Won(Protocol):
    """A fight that was won against creatures, as far as it concerns shards."""

    @property
    def winners(self) -> Sequence[CharacterId]: ...
    @property
    def slain(self) -> Sequence[str]:
        """Their keys in the bestiary."""

    @property
    def room_id(self) -> RoomId: ...


@dataclass(frozen=True, slots=True)
class ShardView:
    """A shard as everybody may know it."""

    number: int
    name: str
    description: str
    element: str
    room_id: RoomId | None  # None: it lies nowhere in this world
    location: int | None  # the number of that room
    place: str
    status: ShardStatus
    faction: str | None
    holder: str  # name of who took it; empty for nobody
    captured_at: datetime | None
    sealed_until: datetime | None
    guardian: str
    guardian_defeated: bool
    power: int


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """The world as who holds what makes it."""

    reality: Reality
    stability: float
    condition: Condition
    counts: dict[str, int]
    dominant: str | None
    players: int
    aetherfalls: int
    cycle: int
    transformations: tuple[str, ...]
    imminent: bool
    effects: Effects


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did. `known` is how everything is afterwards."""

    known: Shards
    happened: Sequence[Happening]
    events: Sequence[WorldEvent]
    numbers: dict[CharacterId, int]  # of those who are named in what happened


@dataclass(frozen=True, slots=True)
class Taken:
    """A shard that was taken, and what its taker has of it."""

    outcome: Outcome
    shard: int
    souls: int
    change: Change


class ShardService:
    """Use cases around shards, realities and the log of the world."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        world: WorldService,
        sight: Sight,
        sheets: SheetService,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._world = world
        self._sight = sight
        self._sheets = sheets
        self._clock = clock
        self._chance = chance
        self._known = Shards.of(())
        self._errands = Errands("shards")
        self._observers: list[Callable[[WorldEvent], None]] = []

    def on_event(self, observer: Callable[[WorldEvent], None]) -> None:
        """Have `observer` told of every event of the world, once it is saved."""
        self._observers.append(observer)

    async def start(self) -> None:
        """Read how everything is, and catch up with what time brought. Before doors open."""
        self._known = await self._store.read(lambda tx: tx.shards.all())
        self._world.omen = self.effects.omen
        await self.tend()

    # --- looking ---------------------------------------------------------------------------------------

    @property
    def reality(self) -> Reality:
        return self._known.cycle.reality

    @property
    def effects(self) -> Effects:
        """What reality and transformations do to the world now."""
        return self._known.cycle.effects

    def all(self) -> list[ShardView]:
        """The twelve, by number."""
        now = self._clock.now()
        return [self._view(shard, now) for shard in self._known.by_number.values()]

    def get(self, number: int) -> ShardView:
        """One of them. Raises NoShard for a number that is none of the twelve."""
        return self._view(self._known.require(number), self._clock.now())

    def world_state(self) -> WorldSummary:
        """The world at a glance."""
        known, cycle = self._known, self._known.cycle
        leader = leader_of(known.counts)
        return WorldSummary(
            reality=cycle.reality,
            stability=cycle.stability,
            condition=cycle.condition,
            counts={faction.value: held for faction, held in known.counts.items()},
            dominant=leader.value if leader is not None else None,
            players=self._presence.count(),
            aetherfalls=cycle.aetherfalls,
            cycle=cycle.number,
            transformations=cycle.transformations,
            imminent=known.is_imminent,
            effects=cycle.effects,
        )

    async def events(self, limit: int | None = None, before: int | None = None) -> list[WorldEvent]:
        """What happened to the world, newest first, from before the event `before` on; at most 200."""
        return await self._store.read(lambda tx: tx.world_events.recent(page_size(limit), before))

    async def history(self, number: int, limit: int | None = None) -> list[Ownership]:
        """Who held a shard, newest first. Raises NoShard for a number that is none of the twelve."""
        self._known.require(number)
        return await self._store.read(lambda tx: tx.shards.history(number, page_size(limit)))

    async def aetherfalls(self) -> list[Aetherfall]:
        """The ends of the last cycles, newest first."""
        return await self._store.read(lambda tx: tx.shards.falls(MOST_EVENTS))

    def _view(self, shard: Shard, now: datetime) -> ShardView:
        world, lore = self._world.world, LORE[shard.number]
        room_id = world.shards.get(shard.number)
        is_lost = room_id is None and shard.status is not ShardStatus.SEALED
        return ShardView(
            number=shard.number,
            name=lore.name,
            description=lore.description,
            element=lore.element,
            room_id=room_id,
            location=world.number_of(room_id) if room_id is not None else None,
            place=world.rooms[room_id].name if room_id is not None else lore.place,
            status=ShardStatus.LOST if is_lost else shard.status,
            faction=shard.faction.value if shard.faction is not None else None,
            holder=shard.holder_name,
            captured_at=shard.captured_at,
            sealed_until=shard.sealed_until,
            guardian=lore.guardian,
            guardian_defeated=shard.is_guardian_down(now),
            power=shard.power,
        )

    # --- taking ----------------------------------------------------------------------------------------

    async def capture(self, actor: CharacterId, *, once: CommandKey | None = None) -> Taken:
        """Take the shard that lies where the actor is, for its faction.

        Raises:
            NotInWorld: the character is not in the world.
            NoShard: none lies there.
            NoFaction, ShardSealed, ShardHeld, GuardianUndefeated: the shard cannot be taken, or not by the actor.
            Repeated: `once` was carried out before.

        """
        self._sight.present(actor)

        def work(tx: Transaction) -> Taken:
            now = self._clock.now()
            body = tx.characters.require(actor)  # before the shards, as where a fight for one ends
            known = tx.shards.all()
            number = self._shard_in(body.room_id)
            if number is None:
                raise NoShard
            party = tx.parties.of_character(actor)
            members = party.members if party is not None else []
            fought = known.require(number).defeated_by
            helpers = [one for one in members if one.character_id in fought and one.character_id != actor]
            claimant = Claimant(
                actor,
                body.name,
                faction_of(body.faction),
                {one.character_id for one in members},
                tuple(one.name for one in helpers),
            )
            happened = known.capture(number, claimant, now, self._chance, survivors=self._presence.count())
            numbers = {actor: body.number, **{one.character_id: one.number for one in helpers}}
            outcome = self._keep(tx, known, happened, now, numbers)
            if party is not None:
                tx.parties.tally(party.number, shards=1)
            change = self._sheets.changing(tx, actor, _paid)
            return Taken(outcome, number, CAPTURE_SOULS, change)

        def after(taken: Taken) -> None:
            self._tell(taken.outcome)
            self._sheets.tell(taken.change)
            log.info("shard captured", extra={"shard": taken.shard, "character": actor})

        return await self._store.write(work, then=after, once=once)

    def guardian_falling(self, won: Won) -> Sequel | None:
        """For `EncounterService.accompany`: who is slain may be a guardian, at its shard."""
        number = self._shard_in(won.room_id)
        if number is None or GUARDIAN not in won.slain:
            return None

        def work(tx: Transaction) -> Callable[[], None]:
            outcome = self._defeated(tx, number, won.winners)
            return lambda: self._tell(outcome)

        return work

    async def defeat(self, number: int, winners: Sequence[CharacterId]) -> Outcome:
        """The guardian of a shard was brought down by `winners`: they, and their parties, may take it for a day.

        Raises:
            NoShard: it is none of the twelve.

        """

        return await self._store.write(lambda tx: self._defeated(tx, number, winners), then=self._tell)

    def _defeated(self, tx: Transaction, number: int, winners: Sequence[CharacterId]) -> Outcome:
        now = self._clock.now()
        bodies = [body for one in sorted(winners) if (body := tx.characters.get(one)) is not None]
        known = tx.shards.all()
        happened = known.guardian_falls(number, {body.id: faction_of(body.faction) for body in bodies}, now)
        return self._keep(tx, known, happened, now)

    def _shard_in(self, room_id: RoomId) -> int | None:
        room = self._world.world.room(room_id)
        return room.shard if room is not None else None

    # --- staff -----------------------------------------------------------------------------------------

    async def seal(
        self, caller: Caller, number: int, lasting: timedelta | None = None, *, once: CommandKey | None = None
    ) -> Outcome:
        """Keep everybody from a shard, until the seal is lifted or for a time.

        Raises:
            PermissionDenied: the caller is no admin.
            NoShard: it is none of the twelve.
            InvalidInput: the time makes no sense.

        """
        if lasting is not None and not timedelta() < lasting <= MOST_SEALED:
            raise InvalidInput("A seal lasts for more than no time, and not for ever.", field="hours")

        def decide(known: Shards, now: datetime) -> list[Happening]:
            return known.seal(number, now + lasting if lasting is not None else None)

        return await self._decree(caller, "shard.sealed", str(number), decide, once)

    async def unseal(self, caller: Caller, number: int, *, once: CommandKey | None = None) -> Outcome:
        """Lift a seal: the shard is nobody's.

        Raises:
            PermissionDenied: the caller is no admin.
            NoShard, WrongShardState: it is none of the twelve, or not sealed.

        """
        return await self._decree(
            caller,
            "shard.unsealed",
            str(number),
            lambda known, now: known.unseal(number, now, self._chance, survivors=self._presence.count()),
            once,
        )

    async def release(self, caller: Caller, number: int, *, once: CommandKey | None = None) -> Outcome:
        """Take a shard from its owner.

        Raises:
            PermissionDenied: the caller is no admin.
            NoShard, WrongShardState, ShardSealed: it is none of the twelve, nobody's, or sealed.

        """
        return await self._decree(
            caller,
            "shard.released",
            str(number),
            lambda known, now: known.release(number, now, self._chance, survivors=self._presence.count()),
            once,
        )

    async def aetherfall(self, caller: Caller, *, once: CommandKey | None = None) -> Outcome:
        """End the cycle.

        Raises:
            PermissionDenied: the caller is no admin.

        """
        return await self._decree(
            caller,
            "world.aetherfall",
            "",
            lambda known, now: known.fall(FallReason.STAFF, now, self._chance, survivors=self._presence.count()),
            once,
        )

    async def _decree(
        self,
        caller: Caller,
        action: str,
        subject: str,
        decide: Callable[[Shards, datetime], list[Happening]],
        once: CommandKey | None,
    ) -> Outcome:
        require(caller.role, Permission.RUN_WORLD)  # before anything is waited for

        def work(tx: Transaction) -> Outcome:
            require(role_within(tx, caller), Permission.RUN_WORLD)
            now = self._clock.now()
            known = tx.shards.all()
            happened = decide(known, now)
            tx.moderation.record(AuditEntry(now, caller.account_id, action, subject, {}))
            return self._keep(tx, known, happened, now)

        return await self._store.write(work, then=self._tell, once=once)

    # --- time ------------------------------------------------------------------------------------------

    async def tend(self) -> None:
        """Let guardians come back and seals end. To be called now and then."""
        if not self._known.is_due(self._clock.now()):
            return

        def work(tx: Transaction) -> Outcome:
            now = self._clock.now()
            known = tx.shards.all()
            happened = known.tend(now, self._chance, survivors=self._presence.count())
            return self._keep(tx, known, happened, now)

        await self._store.write(work, then=self._tell)

    async def settle(self) -> None:
        """Wait until nothing is under way. Before the store closes."""
        await self._errands.settle()

    # --- keeping and telling ---------------------------------------------------------------------------

    async def record(self, event: WorldEvent) -> WorldEvent:
        """Put an event into the log, and tell people of it if it is for them."""

        def work(tx: Transaction) -> WorldEvent:
            kept = copy.copy(event)
            tx.world_events.add(kept)
            return kept

        return await self._store.write(work, then=self._tell_event)

    def _keep(
        self,
        tx: Transaction,
        known: Shards,
        happened: Sequence[Happening],
        now: datetime,
        numbers: dict[CharacterId, int] | None = None,
    ) -> Outcome:
        numbers = numbers or {}
        events = []
        for one in happened:
            match one:
                case Captured(shard, ownership):
                    tx.shards.end(shard, now)
                    tx.shards.begin(ownership)
                case StatusChanged(shard, faction=None):
                    tx.shards.end(shard, now)
                case Fallen(record):
                    for shard in LORE:
                        tx.shards.end(shard, now)
                    tx.shards.remember(record)
                case _:
                    pass
            event = self._event(one, now, numbers)
            if event is not None:
                tx.world_events.add(event)
                events.append(event)
        tx.shards.save(known)
        return Outcome(known, happened, events, numbers)

    def _event(self, happening: Happening, now: datetime, numbers: dict[CharacterId, int]) -> WorldEvent | None:
        day = self._world.world.calendar.day_number(now)
        match happening:
            case Captured(shard, ownership, previous):
                lore = LORE[shard]
                before = f" from the {previous.value}" if previous is not None else ""
                help_ = f" With them: {enumerate_words(ownership.helpers)}." if ownership.helpers else ""
                return WorldEvent(
                    EventKind.SHARD_CAPTURE,
                    f"{lore.name} for the {ownership.faction.value}",
                    f"{ownership.character_name} took {lore.name}{before}, in {lore.place}.{help_}",
                    now,
                    characters=tuple(numbers.values()),
                    faction=ownership.faction.value,
                    shard=shard,
                    game_day=day,
                )
            case Shifted(before, after, _):
                return WorldEvent(
                    EventKind.REALITY_SHIFT,
                    f"The {after.value}" if after is not Reality.NEUTRAL else "A world of nobody's",
                    _shift_text(after),
                    now,
                    reality_before=before.value,
                    reality_after=after.value,
                    game_day=day,
                )
            case Fallen(record):
                return WorldEvent(
                    EventKind.AETHERFALL,
                    f"The Aetherfall of cycle {record.cycle}",
                    _fall_text(record),
                    now,
                    faction=record.winner.value if record.winner is not None else None,
                    game_day=day,
                )
        return None

    def _tell(self, outcome: Outcome) -> None:
        """Saved: the copy follows, and everybody hears of it."""
        self._known = outcome.known
        for one in outcome.happened:
            self._publish(self._payload(one, outcome.numbers))
        if outcome.happened:
            self._publish(self.state_event())
        for event in outcome.events:
            self._tell_event(event)
        if self._world.omen != self.effects.omen:
            self._errands.start(self._world.show_omen(self.effects.omen))

    def state_event(self) -> WorldStateChanged:
        """`world_state` as it is now."""
        state = self.world_state()
        return WorldStateChanged(
            current_reality=state.reality.value,
            reality_stability=state.stability,
            condition=state.condition.value,
            faction_shard_counts=state.counts,
            dominant_faction=state.dominant,
            active_players=state.players,
            total_aetherfalls=state.aetherfalls,
            transformations=list(state.transformations),
            imminent=state.imminent,
        )

    def _payload(self, happening: Happening, numbers: dict[CharacterId, int]) -> Payload:
        match happening:
            case Captured(shard, ownership, previous):
                name, mine = LORE[shard].name, ownership.faction.value
                return ShardCaptured(
                    shard=shard,
                    shard_name=name,
                    character_id=ownership.character_id,
                    character_number=numbers.get(ownership.character_id, 0),
                    character_name=ownership.character_name,
                    faction=mine,
                    previous_faction=previous.value if previous is not None else None,
                    message=f"{ownership.character_name} takes {name} for the {mine}.",
                )
            case StatusChanged(shard, status, faction, _):
                name = LORE[shard].name
                return ShardStatusChanged(
                    shard=shard,
                    shard_name=name,
                    status=status.value,  # type: ignore[arg-type]  # never lost, which is no stored status
                    faction=faction.value if faction is not None else None,
                    message=_STATUS_TEXTS[status].format(name=name, guardian=LORE[shard].guardian),
                )
            case Shifted(before, after, stability):
                return RealityShift(before.value, after.value, stability, _shift_text(after))
        record = happening.record
        return AetherfallEvent(
            cycle=record.cycle,
            reason=record.reason.value,
            winning_faction=record.winner.value if record.winner is not None else None,
            transformations=list(record.transformations),
            message=_fall_text(record),
        )

    def _tell_event(self, event: WorldEvent) -> None:
        if event.broadcast:
            self._publish(
                EventTrigger(
                    id=event.number,
                    kind=event.kind.value,
                    title=event.title,
                    description=event.description,
                    happened_at=event.happened_at,
                    faction=event.faction,
                )
            )
        for observer in self._observers:
            observer(event)

    def _publish(self, payload: Payload) -> None:
        self._realtime.publish(GLOBAL_TOPIC, event_of(payload, self._clock.now()))


_STATUS_TEXTS: Final = {
    ShardStatus.UNCLAIMED: "{name} is nobody's.",
    ShardStatus.CONTESTED: "{guardian} has fallen: {name} can be taken.",
    ShardStatus.CONTROLLED: "{guardian} guards {name} again.",
    ShardStatus.SEALED: "{name} is sealed.",
}


def _paid(sheet: Sheet) -> Sheet:
    return sheet.paid(CAPTURE_SOULS)


def _shift_text(after: Reality) -> str:
    if after is Reality.NEUTRAL:
        return "The world belongs to nobody again, and is as it was."
    return f"The world shifts: the {after.value} has begun."


def _fall_text(record: Aetherfall) -> str:
    cause = {
        FallReason.TWELVE: f"The {record.winner} holds all twelve shards",
        FallReason.COLLAPSE: "Reality gives way",
        FallReason.STAFF: "The powers above have decided",
    }[record.reason]
    return f"{cause}: cycle {record.cycle} ends in an Aetherfall. It leaves: {enumerate_words(record.transformations)}."

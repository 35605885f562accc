"""Movement: one step is one transaction, announced in the order of the commits.

The row is the truth about where a body is. Live state, subscriptions and everybody's events follow in the
same instant on the event loop, so that a character is shown in exactly one room, too: those left behind
hear of the leaving before anybody hears of the arrival.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mythgate.domain import movement
from mythgate.domain.characters import Character
from mythgate.domain.errors import Conflict, NotInWorld, Refused
from mythgate.domain.events import PlayerEntered, PlayerLeft, RoomUpdate, SystemMessage, event_of
from mythgate.domain.ids import CharacterId, RoomId, TemplateId, room_topic
from mythgate.domain.items import HolderKind
from mythgate.domain.presence import Presence
from mythgate.domain.world import Direction, Exit, Room
from mythgate.services.company import Company
from mythgate.services.errands import Errands
from mythgate.services.ports import Clock, CommandKey, PresenceStore, Realtime, Sequel, Store, Transaction
from mythgate.services.sight import Sight
from mythgate.services.turns import Turns
from mythgate.services.world import WorldService, occupant_view

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken. `tell` says what else followed from it."""

    origin: RoomId
    way: Exit
    body: Character
    first_visit: bool
    tell: tuple[Callable[[], None], ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody is in another room now, by walking or otherwise; saved and told."""

    character_id: CharacterId
    origin: RoomId
    target: RoomId
    first_visit: bool = False


@dataclass(frozen=True, slots=True)
class Brought:
    """Somebody was put into another room in a transaction of somebody else's; not told yet."""

    moved: Moved
    tell: tuple[Callable[[], None], ...]


class _Place:
    """A place kept for somebody on the way into a room; given up once."""

    __slots__ = ("_kept", "_room_id")

    def __init__(self, kept: dict[RoomId, int], room_id: RoomId) -> None:
        self._kept: dict[RoomId, int] | None = kept
        self._room_id = room_id
        kept[room_id] = kept.get(room_id, 0) + 1

    def give_up(self) -> None:
        if self._kept is None:
            return
        self._kept[self._room_id] -= 1
        if not self._kept[self._room_id]:
            del self._kept[self._room_id]
        self._kept = None


class MovementService:
    """Walking, alone and in company. Each character takes one step at a time."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        world: WorldService,
        sight: Sight,
        company: Company,
        clock: Clock,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._world = world
        self._sight = sight
        self._company = company
        self._clock = clock
        self._turns: Turns[CharacterId] = Turns()
        self._kept: dict[RoomId, int] = {}
        self._errands = Errands("movement")
        self._observers: list[Callable[[Moved], None]] = []
        self._restraints: list[Callable[[CharacterId], None]] = []
        self._guards: list[Callable[[Presence, RoomId], None]] = []
        self._sequels: list[Callable[[CharacterId], Sequel | None]] = []

    def accompany(self, prepare: Callable[[CharacterId], Sequel | None]) -> None:
        """Have `prepare` asked for what follows from it if somebody is in another room, to be saved with that.

        It is asked before the transaction, on the event loop, and what it returns runs once they stand there.
        """
        self._sequels.append(prepare)

    def restrain(self, check: Callable[[CharacterId], None]) -> None:
        """Have `check` asked before somebody walks. It raises what is against it."""
        self._restraints.append(check)

    def guard(self, check: Callable[[Presence, RoomId], None]) -> None:
        """Have `check` asked before somebody walks into a room. It raises what is against it."""
        self._guards.append(check)

    def on_moved(self, observer: Callable[[Moved], None]) -> None:
        """Call `observer` whenever somebody is in another room, on the event loop, after everybody was told.

        It is called once a step, in the order of the commits, and must not wait: what takes time becomes an errand.
        """
        self._observers.append(observer)

    def moved(self, moved: Moved) -> None:
        """Tell the observers; also for who brings somebody elsewhere by other means than `move`."""
        for observer in self._observers:
            try:
                observer(moved)
            except Exception:
                # The step is saved. A fault in what follows from it keeps nobody else from hearing of it.
                log.exception("observer of movement failed")

    async def move(self, actor: CharacterId, words: str, *, once: CommandKey | None = None) -> Step:
        """Take the way out that `words` name: a direction, its short form, or an alias of the way.

        When this returns, everybody concerned was told; followers come after. A caller that is cancelled
        while the step is being saved leaves nothing half done: it is taken, and announced.

        Raises:
            NotInWorld: the character is not in the world.
            NoSuchExit, ExitLocked, RoomFull: the way does not lead there, now, for them.
            Conflict: something moved them at the same moment.
            Repeated: `once` was carried out before.

        """
        await self._turns.take(actor)
        # From here on the step, not the caller, gives the turn back.
        return await self._errands.carry_out(self._take_step(actor, words, once))

    async def _take_step(self, actor: CharacterId, words: str, once: CommandKey | None) -> Step:
        try:
            step = await self._step(actor, words, once)
        finally:
            self._turns.give(actor)
        self._lead(step, actor, {actor})
        return step

    async def _step(self, actor: CharacterId, words: str, once: CommandKey | None) -> Step:
        present = self._sight.present(actor)
        origin = present.room_id
        place: _Place | None = None
        refusal: Refused | None = None
        way: Exit | None = None
        try:
            for check in self._restraints:
                check(actor)
            way = self._way_out(present, words)
            for guard in self._guards:
                guard(present, way.target)
            place = self._keep_place(way, origin)
        except Refused as refused:
            if once is None:
                raise
            refusal = refused  # a repeat of what was done is no refusal; only the store knows
        sequels = self.prepare(actor)

        def work(tx: Transaction) -> Step:
            if refusal is not None or way is None:
                raise refusal or Conflict
            return self._decide(tx, actor, origin, way, sequels)

        try:
            return await self._store.write(work, then=lambda step: self._arrive(step, place), once=once)
        finally:
            if place is not None:
                place.give_up()

    def _way_out(self, present: Presence, words: str) -> Exit:
        explored = self._sight.persona(present.character_id).explored
        return movement.way_out(self._sight.room_of(present), words, explored)

    def _keep_place(self, way: Exit, origin: RoomId) -> _Place | None:
        """Keep a place behind `way`, so that those who come at once never are more than fit.

        Raises:
            RoomFull: there is none.

        """
        if way.target == origin:
            return None
        room = self._world.world.require(way.target)
        people = len(self._presence.in_room(room.id)) + self._kept.get(room.id, 0)
        movement.find_room_for_one(room, people, self._world.policy.room_capacity)
        return _Place(self._kept, room.id)

    def prepare(self, actor: CharacterId) -> Sequence[Sequel]:
        """What is to follow if somebody is in another room; for `bringing`, asked before the transaction."""
        return [sequel for prepare in self._sequels if (sequel := prepare(actor)) is not None]

    def _decide(
        self, tx: Transaction, actor: CharacterId, origin: RoomId, way: Exit, sequels: Sequence[Sequel]
    ) -> Step:
        now = self._clock.now()
        body = tx.characters.require(actor)
        if body.room_id != origin:
            raise Conflict("You are no longer where you were.")
        carried: set[TemplateId] = set()
        if way.locked:
            carried = {item.template_id for item in tx.items.held_by(HolderKind.CHARACTER, actor)}
        movement.pass_through(way, carried)
        body = tx.characters.relocate(body, way.target, now)
        first_visit = tx.characters.explore(actor, way.target, now)
        return Step(origin, way, body, first_visit, tuple(sequel(tx) for sequel in sequels))

    # --- telling ---------------------------------------------------------------------------------------

    def _arrive(self, step: Step, place: _Place | None) -> None:
        """Saved: now live state follows, and everybody hears of it."""
        if place is not None:
            place.give_up()
        actor, target = step.body.id, step.body.room_id
        persona = self._sight.personas.get(actor)
        if persona is not None:
            persona.explored.add(target)
        present = self._presence.get(actor)
        if present is None:
            self._arrive_unseen(actor, target)
            _tell(step.tell)
            self.moved(Moved(actor, step.origin, target, step.first_visit))
            return
        self._announce(present, step.origin, target, step.way.direction)
        _tell(step.tell)
        self.moved(Moved(actor, step.origin, target, step.first_visit))
        if self._world.world.room(target) is None:
            # The world was reloaded while the step was being saved, and has no such room any more.
            self._errands.start(self._bring_back(present))

    def _announce(self, present: Presence, origin: RoomId, target: RoomId, direction: Direction | None) -> None:
        """Let live state follow and everybody hear of it; without a `direction`, not by walking."""
        actor = present.character_id
        realtime, now = self._realtime, self._clock.now()
        toward = direction.value if direction is not None else ""
        back = direction.opposite.value if direction is not None else ""
        realtime.unsubscribe(actor, room_topic(origin))
        self._presence.relocate(actor, target)
        left = PlayerLeft(actor, present.name, f"{present.name} leaves the room.", toward)
        realtime.publish(room_topic(origin), event_of(left, now, room_id=origin, player_id=actor))
        self._sight.tell_occupants(origin)
        view = occupant_view(present)
        entered = PlayerEntered(actor, present.name, f"{present.name} enters the room.", back, view)
        realtime.publish(room_topic(target), event_of(entered, now, room_id=target, player_id=actor))
        self._sight.tell_occupants(target)
        realtime.subscribe(actor, room_topic(target))

    async def _bring_back(self, present: Presence) -> None:
        """Put somebody who stands in no room of the world at its start."""
        actor = present.character_id

        def work(tx: Transaction) -> tuple[RoomId, RoomId] | None:
            body, world = tx.characters.require(actor), self._world.world
            if world.room(body.room_id) is not None:
                return None
            return body.room_id, tx.characters.relocate(body, world.start_room, self._clock.now()).room_id

        def after(moved: tuple[RoomId, RoomId] | None) -> None:
            if moved is not None and self._presence.get(actor) is present:
                self._announce(present, *moved, None)
            if moved is not None:
                self.moved(Moved(actor, *moved))

        await self._store.write(work, then=after)
        await self._show(present)

    async def bring(
        self,
        actor: CharacterId,
        decide: Callable[[Transaction, Character], tuple[RoomId, T]],
        *,
        then: Callable[[T], None],
    ) -> T:
        """Put somebody into another room by other means than walking, however full it is; also who is not in the world.

        `decide` reads and writes what belongs to it in the same transaction and says which room it is; what else it
        returns goes to `then`, before anybody is told of the new room, and to the caller.

        Raises:
            NotFound: there is no such living character.
            Refused: whatever `decide` refused; nothing was done.

        """
        await self._turns.take(actor)
        return await self._errands.carry_out(self._bring(actor, decide, then))

    async def _bring(
        self,
        actor: CharacterId,
        decide: Callable[[Transaction, Character], tuple[RoomId, T]],
        then: Callable[[T], None],
    ) -> T:
        sequels = self.prepare(actor)

        def work(tx: Transaction) -> tuple[Brought, T]:
            target, rest = decide(tx, tx.characters.require(actor))
            return self.bringing(tx, actor, target, sequels), rest

        def after(done: tuple[Brought, T]) -> None:
            brought, rest = done
            then(rest)
            self._arrive_otherwise(brought)

        try:
            brought, rest = await self._store.write(work, then=after)
        finally:
            self._turns.give(actor)
        await self._show_whereabouts(brought.moved)
        return rest

    def bringing(self, tx: Transaction, actor: CharacterId, target: RoomId, sequels: Sequence[Sequel]) -> Brought:
        """For transactions of others: put somebody into another room within theirs. They hand what is returned to
        `brought` once it is saved. Raises NotFound if there is no such living character."""
        body, now = tx.characters.require(actor), self._clock.now()
        origin = body.room_id
        if target == origin:
            return Brought(Moved(actor, origin, target), ())
        tx.characters.relocate(body, target, now)
        first = tx.characters.explore(actor, target, now)
        return Brought(Moved(actor, origin, target, first), tuple(sequel(tx) for sequel in sequels))

    def brought(self, brought: Brought) -> None:
        """Saved: live state follows, and everybody hears of it. Not to be called for what was not saved."""
        self._arrive_otherwise(brought)
        self._errands.start(self._show_whereabouts(brought.moved))

    async def _show_whereabouts(self, moved: Moved) -> None:
        present = self._presence.get(moved.character_id)
        if moved.origin != moved.target and present is not None and self._world.world.room(present.room_id) is not None:
            await self._show(present)

    def _arrive_otherwise(self, brought: Brought) -> None:
        moved = brought.moved
        if moved.origin == moved.target:
            return
        present = self._presence.get(moved.character_id)
        persona = self._sight.personas.get(moved.character_id)
        if persona is not None:
            persona.explored.add(moved.target)
        if present is None:
            self._arrive_unseen(moved.character_id, moved.target)
        else:
            self._announce(present, moved.origin, moved.target, None)
            if self._world.world.room(moved.target) is None:
                self._errands.start(self._bring_back(present))
        _tell(brought.tell)
        self.moved(moved)

    def _arrive_unseen(self, actor: CharacterId, target: RoomId) -> None:
        """The character left the world, or fell asleep, while the step was being saved."""
        self._sight.absent_steps += 1
        sleeper = self._sight.asleep.get(actor)
        if sleeper is not None:
            self._realtime.unsubscribe(sleeper.character_id, room_topic(sleeper.room_id))
            sleeper.room_id = target
            self._realtime.subscribe(sleeper.character_id, room_topic(sleeper.room_id))

    def settled_in(self, actor: CharacterId, room_id: RoomId) -> None:
        """The mover has been shown the room: who lives there may greet. To be called by who showed it."""
        present = self._presence.get(actor)
        if present is not None and present.room_id == room_id:
            self._world.on_entered(actor, present.name, room_id)

    # --- company ---------------------------------------------------------------------------------------

    def _lead(self, step: Step, leader: CharacterId, moved: set[CharacterId]) -> None:
        """Those who follow and were in the room go the same way, each in a transaction of their own.

        `moved` are all who already walked because of this step, so that no circle of rooms or people
        keeps them walking.
        """
        for follower_id in self._company.followers_of(leader):
            follower = self._presence.get(follower_id)
            if follower is not None and follower.room_id == step.origin and follower_id not in moved:
                moved.add(follower_id)
                self._errands.start(self._go_along(follower_id, leader, step, moved))

    async def _go_along(
        self, follower_id: CharacterId, leader_id: CharacterId, led: Step, moved: set[CharacterId]
    ) -> None:
        await self._turns.take(follower_id)
        try:
            follower = self._presence.get(follower_id)
            if follower is None or follower.following != leader_id or follower.room_id != led.origin:
                return  # went elsewhere, or changed their mind
            leader = self._presence.get(leader_id)
            name = leader.name if leader is not None else "your leader"
            try:
                step = await self._step(follower_id, led.way.direction.value, None)
            except NotInWorld:
                return
            except Refused as refused:
                self._company.lose(follower, f"You cannot follow {name}: {refused.message}")
                return
            toward = led.way.direction.toward
            message = f"You follow {name} {toward}."
            self._realtime.send(follower_id, event_of(SystemMessage(message), self._clock.now()))
        finally:
            self._turns.give(follower_id)
        self._lead(step, follower_id, moved)
        await self._show(follower)

    async def _show(self, present: Presence) -> None:
        """Who did not ask to walk is shown the room without asking."""
        view = await self._sight.look(present)
        if self._presence.get(present.character_id) is present:
            event = event_of(RoomUpdate(view), self._clock.now(), room_id=present.room_id)
            self._realtime.send(present.character_id, event)
            self.settled_in(present.character_id, present.room_id)

    # --- looking on ------------------------------------------------------------------------------------

    def people_in(self, room: Room) -> int:
        """How many are in the room or on the way into it."""
        return len(self._presence.in_room(room.id)) + self._kept.get(room.id, 0)

    async def settle(self) -> None:
        """Wait until nobody is between two rooms. Before the store closes."""
        await self._errands.settle()


def _tell(sequels: Iterable[Callable[[], None]]) -> None:
    for tell in sequels:
        try:
            tell()
        except Exception:
            # It is saved with the step. A fault in telling it keeps nobody from hearing the rest.
            log.exception("sequel of movement not told")

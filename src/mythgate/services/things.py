"""Things: take, drop, give, look at, read.

Each thing has one holder at every instant: changing it is one guarded row in one transaction, which also
reads what the room and the people then have; that is told once it is saved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import accumulate
from typing import Final

from mythgate.domain import movement
from mythgate.domain.errors import Ambiguous, BadUsage, CannotTake, NoSuchExit, NotHere
from mythgate.domain.events import (
    Event,
    InventoryUpdate,
    ItemView,
    PlayerUpdate,
    RoomItems,
    RoomMessage,
    SystemMessage,
    event_of,
)
from mythgate.domain.ids import CharacterId, RoomId, room_topic
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.presence import Presence
from mythgate.domain.sheets import DEFAULT_SHEET
from mythgate.domain.world import SIGNPOSTED, Direction, Exit, Fixture, Inhabitant, World, find
from mythgate.services.ports import Clock, CommandKey, PresenceStore, Realtime, Store, Transaction
from mythgate.services.sight import Sight, enumerate_words, with_counts
from mythgate.services.world import WorldService


@dataclass(frozen=True, slots=True)
class ThingPolicy:
    """Numbers an operator may change."""

    carry_limit: int = 20


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Things that changed hands, and what everybody has afterwards."""

    items: list[Item]
    room_id: RoomId
    lying: list[Item] | None  # in the room; None if nothing changed there
    carried: list[Item]  # by the actor
    received: list[Item] | None = None  # by whom it was given to
    unequipped: bool = False  # whether the actor wore or wielded any of it


class SeenKind(StrEnum):
    PERSON = "person"
    INHABITANT = "inhabitant"
    ITEM = "item"
    FIXTURE = "fixture"
    WAY = "way"


@dataclass(frozen=True, slots=True)
class Seen:
    """Something one can look at; `text` is what one sees, `read_text` what is written on it."""

    kind: SeenKind
    id: str
    name: str
    names: tuple[str, ...]
    text: str
    read_text: str | None = None

    @property
    def full_name(self) -> str:
        """The name as it stands in a sentence."""
        return f"the {self.name}" if self.kind is SeenKind.FIXTURE else self.name


class ThingService:
    """Use cases around things that lie about, are carried, or are part of a place."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        world: WorldService,
        sight: Sight,
        clock: Clock,
        policy: ThingPolicy | None = None,
    ) -> None:
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._world = world
        self._sight = sight
        self._clock = clock
        self._policy = policy if policy is not None else ThingPolicy()
        self._receivers: list[Callable[[CharacterId], None]] = []
        self._restraints: list[Callable[[CharacterId], None]] = []

    def restrain(self, check: Callable[[CharacterId], None]) -> None:
        """Have `check` asked before somebody gives away what is equipped. It raises what is against it."""
        self._restraints.append(check)

    def _check_equipped(self, actor: CharacterId, chosen: _Picked) -> None:
        if chosen.has_equipped:
            for check in self._restraints:
                check(actor)

    def on_received(self, observer: Callable[[CharacterId], None]) -> None:
        """Have `observer` told of who was given things, or took them."""
        self._receivers.append(observer)

    # --- hands -----------------------------------------------------------------------------------------

    async def get(self, actor: CharacterId, words: str, *, once: CommandKey | None = None) -> Exchanged:
        """Pick up what `words` name: one thing, "2 lamps", "lamps", "all", or "all lamps".

        Raises:
            NotHere, Ambiguous: nothing or more than one thing answers to that.
            CannotTake: it is part of the place, or too much to carry.
            Repeated: `once` was carried out before.

        """
        present = self._sight.present(actor)
        world, limit = self._world.world, self._policy.carry_limit
        around = [*self._fixed(present), *self._people(present)]

        def work(tx: Transaction) -> Exchanged:
            body = tx.characters.require(actor)
            lying = tx.items.held_by(HolderKind.ROOM, body.room_id)
            carried = tx.items.held_by(HolderKind.CHARACTER, actor)
            wanted = _pick(world, words, lying, fallback=lambda: _part_of_place(around, words))
            takeable = [item for item in wanted.items if world.template(item.template_id).takeable]
            if not takeable:
                raise CannotTake(f"You cannot take {world.template(wanted.items[0].template_id).full_name}.")
            free = limit - len(carried)
            if free <= 0 or (len(takeable) > free and not wanted.as_many_as_fit):
                raise CannotTake(f"You cannot carry more than {limit} things.", hint="Drop something first.")
            wanted = replace(wanted, items=takeable[:free])
            taken = wanted.give(tx, HolderKind.CHARACTER, actor)
            return Exchanged(taken, body.room_id, wanted.left_of(lying), [*carried, *taken])

        return await self._store.write(work, then=lambda done: self._tell(done, actor, "takes"), once=once)

    async def drop(self, actor: CharacterId, words: str, *, once: CommandKey | None = None) -> Exchanged:
        """Put down what `words` name: one thing, "2 lamps", "lamps", "all", or "all lamps".

        Raises:
            NotHere, Ambiguous: nothing or more than one thing that is carried answers to that.
            Fighting: it is equipped, and the actor fights.
            Repeated: `once` was carried out before.

        """
        self._sight.present(actor)
        world = self._world.world

        def work(tx: Transaction) -> Exchanged:
            body = tx.characters.require(actor)
            lying = tx.items.held_by(HolderKind.ROOM, body.room_id)
            carried = tx.items.held_by(HolderKind.CHARACTER, actor)
            chosen = _pick(world, words, carried, fallback=_not_carried)
            self._check_equipped(actor, chosen)
            dropped = chosen.give(tx, HolderKind.ROOM, body.room_id)
            left = chosen.left_of(carried)
            return Exchanged(dropped, body.room_id, [*lying, *dropped], left, unequipped=chosen.has_equipped)

        return await self._store.write(work, then=lambda done: self._tell(done, actor, "drops"), once=once)

    async def give(
        self, actor: CharacterId, words: str, receiver: Presence, *, once: CommandKey | None = None
    ) -> Exchanged:
        """Hand what `words` name to somebody in the same room.

        Raises:
            NotHere, Ambiguous: nothing or more than one thing that is carried answers to that, or they are gone.
            BadUsage: to oneself.
            CannotTake: they cannot carry more.
            Fighting: it is equipped, and the actor fights.
            Repeated: `once` was carried out before.

        """
        self._sight.present(actor)
        if receiver.character_id == actor:
            raise BadUsage("You have that already.")
        world, limit = self._world.world, self._policy.carry_limit

        def work(tx: Transaction) -> Exchanged:
            # Always in the same order, so that two who give to each other do not wait for each other.
            ids = sorted((actor, receiver.character_id))
            bodies = {one: tx.characters.require(one) for one in ids}
            hands = {one: tx.items.held_by(HolderKind.CHARACTER, one) for one in ids}
            room_id = bodies[actor].room_id
            if bodies[receiver.character_id].room_id != room_id:
                raise NotHere(f"{receiver.name} is not here.")
            chosen = _pick(world, words, hands[actor], fallback=_not_carried)
            self._check_equipped(actor, chosen)
            if len(hands[receiver.character_id]) + len(chosen.items) > limit:
                raise CannotTake(f"{receiver.name} cannot carry any more.")
            given = chosen.give(tx, HolderKind.CHARACTER, receiver.character_id)
            received = [*hands[receiver.character_id], *given]
            left = chosen.left_of(hands[actor])
            return Exchanged(given, room_id, None, left, received, unequipped=chosen.has_equipped)

        def after(done: Exchanged) -> None:
            self._tell(done, actor, "gives", receiver)

        return await self._store.write(work, then=after, once=once)

    def _tell(self, done: Exchanged, actor: CharacterId, verb: str, receiver: Presence | None = None) -> None:
        """Saved: tell the room what happened and what lies there now."""
        now = self._clock.now()
        present = self._presence.get(actor)
        if present is not None and receiver is not None:
            self._tell_gift(done, present, receiver, now)
        elif present is not None:
            message = RoomMessage(f"{present.name} {verb} {self.describe(done.items)}.")
            event = event_of(message, now, room_id=done.room_id, player_id=actor, sender=present.account_id)
            self._realtime.publish(room_topic(done.room_id), event, exclude=actor)
        if present is not None and done.unequipped and actor in self._sight.personas:
            update = PlayerUpdate(self._sight.player(present, self._sight.rows(done.carried)))
            self._realtime.send(actor, event_of(update, now, player_id=actor))
        if done.lying is not None:
            self._sight.items_changed(done.room_id)
            event = event_of(RoomItems(self._sight.rows(done.lying)), now, room_id=done.room_id)
            self._realtime.publish(room_topic(done.room_id), event)
        if receiver is not None and done.received is not None:
            inventory = InventoryUpdate(self._sight.rows(done.received))
            self._realtime.send(receiver.character_id, event_of(inventory, now))
            if present is not None and present.account_id in receiver.ignored:
                # Whoever ignores the giver still has to know where the thing comes from.
                notice = SystemMessage(f"Somebody hands you {self.describe(done.items)}.")
                self._realtime.send(receiver.character_id, event_of(notice, now))
        if verb != "drops":
            for observer in self._receivers:
                observer(actor if receiver is None else receiver.character_id)

    def _tell_gift(self, done: Exchanged, giver: Presence, receiver: Presence, now: datetime) -> None:
        """One line for everybody in the room but the giver, and another for who now has it, wherever they are."""
        what = self.describe(done.items)

        def event(message: str) -> Event:
            return event_of(
                RoomMessage(message),
                now,
                room_id=done.room_id,
                player_id=giver.character_id,
                sender=giver.account_id,
            )

        seen = event(f"{giver.name} gives {what} to {receiver.name}.")
        for one in self._presence.in_room(done.room_id):
            if one.character_id not in (giver.character_id, receiver.character_id):
                self._realtime.send(one.character_id, seen)
        self._realtime.send(receiver.character_id, event(f"{giver.name} gives you {what}."))

    def describe(self, items: Sequence[Item]) -> str:
        """Things in a sentence: "a lantern and two coins"."""
        return enumerate_words(with_counts(self._sight.rows(items)))

    async def inventory(self, actor: CharacterId) -> list[ItemView]:
        """What the actor carries."""
        self._sight.present(actor)
        return self._sight.rows(await self._sight.carried(actor))

    # --- eyes ------------------------------------------------------------------------------------------

    async def look_at(self, actor: CharacterId, words: str) -> Seen:
        """What `words` name: a person, an inhabitant, a thing here or in hand, a part of the place, a way.

        Raises:
            NotHere, Ambiguous, NoSuchExit: nothing, or several things; no way in that direction.

        """
        present = self._sight.present(actor)
        if words.casefold() in ("me", "myself", "self"):
            return self._person(present)
        room = self._sight.room_of(present)
        explored = self._sight.persona(actor).explored
        way = room.exit_by(words)
        if Direction.parse(words) is not None:
            if way is None:
                raise NoSuchExit("There is nothing to see that way.", hint=movement.ways_hint(room, explored))
            return self._way(way, known=way.target in explored, signed=SIGNPOSTED in room.tags)
        things = await self._things(present)
        candidates = [*self._people(present), *things, *self._fixed(present)]
        try:
            return find(words, candidates, names=lambda one: one.names, alike=_kind_and_name, plurals=True)
        except NotHere:
            if way is None:
                raise
            return self._way(way, known=way.target in explored, signed=SIGNPOSTED in room.tags)

    async def read(self, actor: CharacterId, words: str) -> Seen:
        """Something with writing on it; see `read_text`, None if there is nothing to read.

        Raises:
            NotHere, Ambiguous: nothing or several things answer to that.

        """
        present = self._sight.present(actor)
        things = [*await self._things(present), *self._fixed(present)]
        # Of things called alike, the one that can be read is meant.
        readable = [one for one in things if one.read_text is not None]
        try:
            return find(words, readable, names=lambda one: one.names, alike=_kind_and_name, plurals=True)
        except NotHere:
            return find(words, things, names=lambda one: one.names, alike=_kind_and_name, plurals=True)

    def find_person(self, actor: Presence, words: str) -> Presence:
        """The player in the same room that `words` name. Raises NotHere or Ambiguous."""
        others = self._presence.in_room(actor.room_id)
        try:
            return find(words, others, names=lambda one: (one.name,))
        except NotHere:
            raise NotHere("Nobody of that name is here.") from None

    def find_inhabitant(self, actor: Presence, words: str) -> Inhabitant:
        """The inhabitant in the same room that `words` name. Raises NotHere or Ambiguous."""
        try:
            return find(words, self._world.inhabitants_in(actor.room_id), names=lambda one: one.names)
        except NotHere:
            raise NotHere("Nobody of that name is here to talk to.") from None

    async def _things(self, present: Presence) -> list[Seen]:
        def work(tx: Transaction) -> list[Item]:
            lying = tx.items.held_by(HolderKind.ROOM, present.room_id)
            return [*lying, *tx.items.held_by(HolderKind.CHARACTER, present.character_id)]

        world = self._world.world
        seen = []
        for item in await self._store.read(work):
            template = world.template(item.template_id)
            names = (template.name, *template.aliases)
            text = template.description
            seen.append(Seen(SeenKind.ITEM, item.id, template.full_name, names, text, template.read_text))
        return seen

    def _people(self, present: Presence) -> list[Seen]:
        players = [self._person(one) for one in self._presence.in_room(present.room_id)]
        inhabitants = self._world.inhabitants_in(present.room_id)
        return players + [
            Seen(SeenKind.INHABITANT, one.id, one.name, one.names, one.description) for one in inhabitants
        ]

    def _person(self, one: Presence) -> Seen:
        persona = self._sight.personas.get(one.character_id)
        parts = [(persona.description if persona is not None else "") or f"You see nothing special about {one.name}."]
        sheet = persona.sheet if persona is not None else DEFAULT_SHEET
        if sheet.is_chosen:
            parts.append(f"{one.name} is {sheet.kind} of level {sheet.level}.")
        if sheet.condition:
            parts.append(f"{one.name} looks {sheet.condition}.")
        if one.linkdead_since is not None:
            parts.append(f"{one.name} stares into the distance: the connection is lost.")
        elif one.availability.value != "online":
            parts.append(f"{one.name} is {one.availability.value}{f': {one.afk_text}' if one.afk_text else '.'}")
        return Seen(SeenKind.PERSON, one.character_id, one.name, (one.name,), " ".join(parts))

    def _fixed(self, present: Presence) -> list[Seen]:
        return [_fixture(one) for one in self._sight.room_of(present).fixtures]

    def _way(self, way: Exit, *, known: bool, signed: bool) -> Seen:
        world = self._world.world
        if way.hidden and not known:
            raise NoSuchExit("There is nothing to see that way.")
        parts = [way.description or f"A way leads {way.direction.toward}."]
        if known or signed:
            parts.append(f"It leads to {world.rooms[way.target].name}.")
        if way.locked:
            parts.append("It is locked.")
        name = f"the way {way.direction.toward}"
        return Seen(SeenKind.WAY, way.direction.value, name, (way.direction.value, *way.aliases), " ".join(parts))


def _fixture(one: Fixture) -> Seen:
    return Seen(SeenKind.FIXTURE, one.id, one.name, (one.name, *one.aliases), one.description, one.read_text)


# --- picking ---------------------------------------------------------------------------------------

_ALL = ("all", "everything")


_NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTED: Final = re.compile(rf"(?P<count>[1-9]\d?|{'|'.join(_NUMBERS)})\s+(?:of\s+)?(?P<words>\S.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Picked:
    """Things that were named, at least one; `as_many_as_fit` if fewer would do."""

    items: list[Item]
    as_many_as_fit: bool = False
    of_last: int | None = None  # how many of the last item, if not all that are in it

    @property
    def has_equipped(self) -> bool:
        return any(item.equipped for item in self.items)

    def give(self, tx: Transaction, kind: HolderKind, holder_id: str) -> list[Item]:
        """Hand them over, of the last as many as are asked for; what the holder then has of them."""
        *whole, last = self.items
        given = [tx.items.give(item, kind, holder_id) for item in whole]
        return [*given, tx.items.give(last, kind, holder_id, quantity=self.of_last)]

    def left_of(self, items: Sequence[Item]) -> list[Item]:
        """What is left of `items`, which held them, once they were handed over."""
        last = self.items[-1]
        rest = last.quantity - (self.of_last or last.quantity)
        gone = {item.id for item in self.items}
        return [
            replace(item, quantity=rest, version=item.version + 1) if rest and item is last else item
            for item in items
            if item.id not in gone or (rest and item is last)
        ]


def _is_all(words: str) -> bool:
    return words.casefold() in _ALL or words.casefold().startswith("all ")


def _pick(world: World, words: str, items: Sequence[Item], *, fallback: Callable[[], NotHere | CannotTake]) -> _Picked:
    """The items that `words` name; of things alike the first, as many as are asked for, or with a plural all."""
    if words.casefold() in _ALL:
        if not items:
            raise fallback()
        return _Picked(list(items), as_many_as_fit=True)

    def named(wanted: str, *, plurals: bool) -> Item:
        return find(
            wanted,
            items,
            names=lambda item: world.template(item.template_id).names,
            alike=lambda item: item.template_id,
            plurals=plurals,
        )

    count: int | None = None
    try:
        if _is_all(words):
            first = named(words[4:].strip(), plurals=True)
        else:
            try:
                return _Picked([named(words, plurals=False)], of_last=1)
            except NotHere:
                counted = _COUNTED.fullmatch(words.strip())
                if counted is not None:
                    count, words = _number(counted["count"]), counted["words"]
                first = named(words, plurals=True)
    except NotHere:
        raise fallback() from None
    alike = [item for item in items if item.template_id == first.template_id]
    if count is None:
        return _Picked(alike, as_many_as_fit=True)
    there = sum(item.quantity for item in alike)
    if count > there:
        raise NotHere(f"There {'is only one' if there == 1 else f'are only {there}'} of those.")
    earlier = accumulate((item.quantity for item in alike), initial=0)
    chosen = [item for item, before in zip(alike, earlier, strict=False) if before < count]
    return _Picked(chosen, of_last=count - sum(item.quantity for item in chosen[:-1]))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS.index(text.casefold()) + 1


def _kind_and_name(one: Seen) -> object:
    return one.kind, one.name


def _part_of_place(around: Sequence[Seen], words: str) -> NotHere | CannotTake:
    """Why nothing that can be taken answers to `words`; `around` is what cannot."""
    if _is_all(words):
        return NotHere("There is nothing here to take.")
    try:
        return CannotTake(
            f"You cannot take {find(words, around, names=lambda one: one.names, plurals=True).full_name}."
        )
    except (NotHere, Ambiguous):
        return NotHere()


def _not_carried() -> NotHere:
    return NotHere("You carry nothing like that.", hint="See: `inventory`")

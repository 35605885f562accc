"""Rooms as the staff sees and runs them: lobbies and rooms of the world alike, live, on all doors.

A room is named by its topic: `lobby:26`, `room:ardent_harbour_quay_pier`. What the staff does to a room of the world
(that it is locked, what it greets with) is a fact in the database, as changes of lobbies are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from mythgate.domain.accounts import Account, Role
from mythgate.domain.announcements import worded
from mythgate.domain.characters import Character
from mythgate.domain.errors import BadUsage, ExitLocked, InvalidInput, NotFound, Unreachable
from mythgate.domain.events import ChatMessage, Event, LobbyMessage, SystemMessage, event_of
from mythgate.domain.ids import ROOM_TOPICS, AccountId, CharacterId, RoomId, SessionId, Topic, room_topic
from mythgate.domain.lobbies import LOBBY_TOPICS, Lobby, Occupant, lobby_topic
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, Rights, may, require, require_authority
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.styles import plain
from mythgate.domain.world import Room
from mythgate.services.accounts import role_within
from mythgate.services.lobbies import LobbyService
from mythgate.services.moderation import REASON_LENGTH
from mythgate.services.movement import Moved, MovementService
from mythgate.services.ports import Clock, History, Ids, PresenceStore, Realtime, Store, Transaction
from mythgate.services.world import WorldService

ROOMS_FACT: Final = "rooms"
WATCHERS: Final = "watch:"  # what the listeners of staff who look on begin with
MOST_LINES: Final = 500
RECORDED_EVERY: Final = timedelta(hours=1)  # how often it is recorded that somebody reads the talk of a room
_NOTHING: Final = "{}"

RoomKind = Literal["lobby", "world"]
RoundTrips = Callable[[Collection[CharacterId]], Mapping[CharacterId, float]]
"""Seconds from a ping to its answer, of those for whom a door knows."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What the staff did to a room of the world."""

    locked: bool = False
    motd: str = ""


NO_MARKS: Final = Marks()


@dataclass(frozen=True, slots=True)
class RoomRow:
    """One room in the list."""

    key: Topic
    kind: RoomKind
    name: str
    people: int
    capacity: int
    locked: bool
    motd: str
    games: int = 0
    family: str = ""  # of a lobby
    zone: str = ""  # of a room of the world
    is_configured: bool = True  # the settings or a pack name it
    is_temporary: bool = False
    is_squelched: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a room."""

    id: CharacterId  # what the staff names them by here
    account_id: AccountId | None  # None: a guest of an old client
    account_name: str
    shown_name: str
    number: int
    role: Role
    is_guest: bool
    is_hidden: bool
    door: str
    client: str
    round_trip: float | None  # seconds; None: not known
    since: datetime
    away: bool
    linkdead: bool


@dataclass(frozen=True, slots=True)
class RoomCard:
    """One room and who is in it."""

    row: RoomRow
    people: Sequence[Person]


@dataclass(frozen=True, slots=True)
class Said:
    """One line of talk."""

    id: str
    at: datetime
    channel: str
    speaker: str  # what they are called; empty: the server
    account_id: str | None
    number: int  # in a lobby
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    """That somebody of the staff looks on: what the door opens a stream with."""

    listener: CharacterId
    account_id: AccountId
    session_id: SessionId
    topic: Topic


class RoomService:
    """Use cases of running rooms. `round_trips` are those of the doors that know."""

    def __init__(
        self,
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        history: History,
        world: WorldService,
        movement: MovementService,
        lobbies: LobbyService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.round_trips: Final[list[RoundTrips]] = []
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._history = history
        self._world = world
        self._movement = movement
        self._lobbies = lobbies
        self._clock = clock
        self._ids = ids
        self._marks: Mapping[RoomId, Marks] = {}
        self._known = _NOTHING
        self._read: dict[tuple[AccountId, Topic], datetime] = {}
        self._watchers: dict[CharacterId, AccountId] = {}
        movement.guard(self._require_open)
        movement.on_moved(self._greet_mover)

    # --- looking ---------------------------------------------------------------------------------------

    async def all(self, caller: Caller, *, empty: bool = False) -> list[RoomRow]:
        """Lobbies by number, then rooms of the world that have people in them, or all if `empty` ones are wanted too,
        the fullest first.

        Raises:
            PermissionDenied: the caller may not.

        """
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_CONSOLE))
        populations = self._presence.populations()
        rooms = [self._world_row(room) for room in self._world.world.rooms.values() if empty or room.id in populations]
        rooms.sort(key=lambda row: (-row.people, row.zone, row.name))
        return [*(self._lobby_row(lobby) for lobby in self._lobbies.lobbies()), *rooms]

    async def card(self, caller: Caller, key: str) -> RoomCard:
        """One room with who is in it, the longest there first.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.

        """
        place = self._place(key)
        if isinstance(place, Lobby):
            occupants = self._lobbies.occupants(place.room_id, hidden=True)
            accounts = {one.visitor.account_id for one in occupants}
            listeners = [one.visitor.listener for one in occupants]
        else:
            present = self._presence.in_room(place.id)
            accounts = {one.account_id for one in present}
            listeners = [one.character_id for one in present]

        def work(tx: Transaction) -> tuple[Rights, dict[AccountId, Account]]:
            actor = role_within(tx, caller)
            require(actor, Permission.SEE_CONSOLE)
            found = (tx.accounts.get(one) for one in accounts if one is not None)
            return actor, {account.id: account for account in found if account is not None}

        actor, named = await self._store.read(work)
        times: dict[CharacterId, float] = {}
        for door in self.round_trips:
            times.update(door(listeners))
        if isinstance(place, Lobby):
            sees_hidden = actor.may(Permission.HIDE)
            people = [self._occupant(one, named, times) for one in occupants if sees_hidden or not one.visitor.hidden]
            return RoomCard(self._lobby_row(place), people)
        people = [self._present(one, named, times) for one in present]
        return RoomCard(self._world_row(place), people)

    async def talk(self, caller: Caller, key: str, *, limit: int = 100, after: str = "") -> list[Said]:
        """What was said in a room lately and is remembered, the oldest first; `after` a line, only what came then.

        That somebody reads it is recorded, once an hour for each room.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.

        """
        place = self._place(key)
        topic = _topic_of(place)
        await self._note_reading(caller, topic, "room.talk_read")
        if isinstance(place, Lobby):
            events: Sequence[Event] = self._lobbies.said(place.room_id)
        else:
            events = await self._history.recent(topic, MOST_LINES)
        lines = [line for event in events if (line := said_in(event)) is not None]
        if after:
            numbers = [number for number, line in enumerate(lines) if line.id == after]
            lines = lines[numbers[-1] + 1 :] if numbers else lines
        return lines[-max(1, min(limit, MOST_LINES)) :]

    async def _note_reading(self, caller: Caller, topic: Topic, action: str) -> None:
        now = self._clock.now()
        last = self._read.get((caller.account_id, topic))
        if last is not None and now - last < RECORDED_EVERY and action == "room.talk_read":
            await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_TALK))
            return

        def work(tx: Transaction) -> None:
            require(role_within(tx, caller), Permission.SEE_TALK)
            tx.moderation.record(AuditEntry(now, caller.account_id, action, topic, {}))

        await self._store.write(work)
        self._read = {key: at for key, at in self._read.items() if now - at < RECORDED_EVERY}
        self._read[caller.account_id, topic] = now

    async def watch(self, caller: Caller, key: str) -> Watch:
        """That the caller looks on from now on: what is said and who comes and goes; recorded.

        The door opens a stream for the listener and calls `watching`; who may no longer look on loses it.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.

        """
        topic = _topic_of(self._place(key))
        await self._note_reading(caller, topic, "room.watched")
        listener = CharacterId(f"{WATCHERS}{self._ids.new()}")
        self._watchers[listener] = caller.account_id
        return Watch(listener, caller.account_id, caller.session_id, topic)

    def watching(self, watch: Watch) -> None:
        """The stream is open: it hears the room."""
        self._realtime.subscribe(watch.listener, watch.topic)

    def watched(self, watch: Watch) -> None:
        """Whoever looked on has gone."""
        self._watchers.pop(watch.listener, None)

    def account_changed(self, account: Account) -> None:
        """Somebody got another role, or was locked (`SessionService.on_account_changed`)."""
        if may(account.role, Permission.SEE_TALK):
            return
        for listener in [one for one, owner in self._watchers.items() if owner == account.id]:
            self._realtime.close(listener, SystemMessage("You may not look on any more.", "warning"))
            del self._watchers[listener]

    def require(self, key: str) -> Topic:
        """The room's key, if there is such a room. Raises NotFound."""
        return _topic_of(self._place(key))

    # --- telling ---------------------------------------------------------------------------------------

    async def announce(self, caller: Caller, key: str, text: str) -> str:
        """Tell everybody in a room something in the name of the server; recorded.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.
            BadUsage, InvalidInput: there are no words, or too many.

        """
        place, words = self._place(key), worded(text)
        if not words:
            raise BadUsage("What do you want to announce?")
        if isinstance(place, Lobby):
            await self._lobbies.announce(caller, place.room_id, words)
            return words
        now, topic = self._clock.now(), room_topic(place.id)

        def work(tx: Transaction) -> None:
            require(role_within(tx, caller), Permission.ANNOUNCE)
            tx.moderation.record(
                AuditEntry(now, caller.account_id, "room.announced", topic, {"name": place.name, "text": words})
            )

        def then(_: None) -> None:
            self.tell(topic, words)

        await self._store.write(work, then=then)
        return words

    def tell(self, topic: Topic, words: str) -> bool:
        """Words of the server to everybody in a room; False if there is no such room any more."""
        try:
            place = self._place(topic)
        except NotFound:
            return False
        if isinstance(place, Lobby):
            self._lobbies.line(place.room_id, words)
        else:
            event = event_of(SystemMessage(words, "announcement"), self._clock.now(), room_id=place.id)
            self._realtime.publish(topic, event)
        return True

    # --- running ---------------------------------------------------------------------------------------

    async def lock(self, caller: Caller, key: str, locked: bool) -> RoomRow:
        """Let nobody in but the staff, or everybody again; who is in it stays.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.

        """
        place = self._place(key)
        if isinstance(place, Lobby):
            return self._lobby_row(await self._lobbies.lock(caller, place.room_id, locked))
        action = "room.locked" if locked else "room.unlocked"
        await self._mark(caller, place, action, lambda marks: replace(marks, locked=locked))
        return self._world_row(place)

    async def greet(self, caller: Caller, key: str, text: str) -> RoomRow:
        """Change what a room greets with; empty: nothing. Who is in it reads it now.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.
            InvalidInput: it is too long.

        """
        place, words = self._place(key), worded(text)
        if isinstance(place, Lobby):
            return self._lobby_row(await self._lobbies.greet(caller, place.room_id, words))
        await self._mark(caller, place, "room.greeting_changed", lambda marks: replace(marks, motd=words))
        return self._world_row(place)

    async def close(self, caller: Caller, key: str, reason: str = "") -> RoomRow | None:
        """Have everybody go out of a lobby. One that somebody opened is no more then, which is None; one of the
        settings is locked.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.
            InvalidInput: it is a room of the world, which is part of its pack.

        """
        place = self._place(key)
        if not isinstance(place, Lobby):
            raise InvalidInput(
                "A room of the world cannot be closed.", field="key", hint="Lock it, and move who is in it."
            )
        left = await self._lobbies.close(caller, place.room_id, reason[:REASON_LENGTH])
        return self._lobby_row(left) if left is not None else None

    async def move(self, caller: Caller, person: str, to: str, reason: str = "") -> str:
        """Put somebody into another lobby or another room of the world, however full it is; returns their name.

        `person` is `Person.id`. Nobody moves their own rank or a higher one, but owners and everybody themselves.

        Raises:
            PermissionDenied, NotFound: the caller may not; there is no such room.
            Unreachable: they are not there, or came with an old client, which chooses its lobby itself.

        """
        target, listener = self._place(to), CharacterId(person)
        if isinstance(target, Lobby):
            occupant = self._lobbies.occupant(listener)
            if occupant is None:
                raise Unreachable("They are in no lobby.", hint="Who is in the world only can be moved in the world.")
            moved = await self._lobbies.move(caller, occupant.number, target.room_id, reason)
            return plain(moved.name)
        present = self._presence.get(listener)
        if present is None:
            raise Unreachable("They are not in the world.", hint="Who is in a lobby only can be moved among lobbies.")
        return await self._bring(caller, present, target, reason)

    async def _bring(self, caller: Caller, present: Presence, target: Room, reason: str) -> str:
        now = self._clock.now()

        def decide(tx: Transaction, body: Character) -> tuple[RoomId, None]:
            actor = role_within(tx, caller)
            require(actor, Permission.RUN_ROOMS)
            if caller.account_id != body.account_id:
                require_authority(actor, tx.accounts.require(body.account_id).role, Permission.RUN_ROOMS)
            if self._world.world.room(target.id) is None:
                raise NotFound("There is no such room.")
            detail = {"name": body.name, "before": room_topic(body.room_id), "after": room_topic(target.id)}
            if reason:
                detail["reason"] = reason[:REASON_LENGTH]
            tx.moderation.record(AuditEntry(now, caller.account_id, "person.moved", body.account_id, detail))
            return target.id, None

        def then(_: None) -> None:
            message = SystemMessage(f"The staff moved you to {target.name}.")
            self._realtime.send(present.character_id, event_of(message, self._clock.now()))

        await self._movement.bring(present.character_id, decide, then=then)
        return present.name

    # --- rooms of the world ----------------------------------------------------------------------------

    def marks_of(self, room_id: RoomId) -> Marks:
        """What the staff did to a room of the world."""
        return self._marks.get(room_id, NO_MARKS)

    async def _mark(self, caller: Caller, room: Room, action: str, change: Callable[[Marks], Marks]) -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> str:
            require(role_within(tx, caller), Permission.RUN_ROOMS)
            rows = json.loads(tx.facts.get(ROOMS_FACT) or _NOTHING)
            before = Marks(**rows.get(room.id, {}))
            after = change(before)
            if after == NO_MARKS:
                rows.pop(room.id, None)
            else:
                rows[room.id] = asdict(after)
            text = json.dumps(rows)
            tx.facts.set(ROOMS_FACT, text)
            detail = {
                "name": room.name,
                "before": json.dumps(asdict(before), ensure_ascii=False),
                "after": json.dumps(asdict(after), ensure_ascii=False),
            }
            tx.moderation.record(AuditEntry(now, caller.account_id, action, room_topic(room.id), detail))
            return text

        await self._store.write(work, then=self._apply)

    async def catch_up(self) -> None:
        """Take note of what was changed beside this node. Call it before doors open, and every second."""
        known = self._known
        text = await self._store.read(lambda tx: tx.facts.get(ROOMS_FACT))
        if self._known == known:  # otherwise what was read may be older than what is known
            self._apply(text or _NOTHING)

    def _apply(self, text: str) -> None:
        if text == self._known:
            return
        self._known, before = text, self._marks
        self._marks = {RoomId(room_id): Marks(**row) for room_id, row in json.loads(text).items()}
        for room_id in before.keys() | self._marks.keys():
            was, now = before.get(room_id, NO_MARKS), self.marks_of(room_id)
            if now.motd != was.motd and now.motd:
                self.tell(room_topic(room_id), now.motd)
            if now.locked != was.locked:
                self.tell(room_topic(room_id), "This place is locked." if now.locked else "This place is open again.")

    def _require_open(self, present: Presence, target: RoomId) -> None:
        if self.marks_of(target).locked and not may(present.role, Permission.RUN_ROOMS):
            raise ExitLocked("The staff lets nobody in there for now.")

    def _greet_mover(self, moved: Moved) -> None:
        self._greet(moved.character_id, moved.target)

    def entered(self, present: Presence) -> None:
        """Somebody came into the world (observer of `PresenceService`)."""
        self._greet(present.character_id, present.room_id)

    def _greet(self, character_id: CharacterId, room_id: RoomId) -> None:
        words = self.marks_of(room_id).motd
        if words and self._presence.get(character_id) is not None:
            self._realtime.send(character_id, event_of(SystemMessage(words), self._clock.now(), room_id=room_id))

    # --- views -----------------------------------------------------------------------------------------

    def _place(self, key: str) -> Lobby | Room:
        """Raises NotFound."""
        if key.startswith(LOBBY_TOPICS):
            number = key.removeprefix(LOBBY_TOPICS)
            if number.isascii() and number.isdigit() and len(number) < _LONGEST_NUMBER:
                return self._lobbies.lobby(int(number))
        elif key.startswith(ROOM_TOPICS):
            room = self._world.world.room(RoomId(key.removeprefix(ROOM_TOPICS)))
            if room is not None:
                return room
        raise NotFound("There is no such room.", hint="`lobby:26`, or `room:` and the id of a room of the world.")

    def _lobby_row(self, lobby: Lobby) -> RoomRow:
        return RoomRow(
            key=lobby.topic,
            kind="lobby",
            name=lobby.name,
            people=len(self._lobbies.occupants(lobby.room_id)),
            capacity=lobby.capacity,
            locked=lobby.locked,
            motd=lobby.motd,
            games=len(self._lobbies.board.within(lobby.room_id)),
            family=lobby.family.value,
            is_configured=self._lobbies.is_configured(lobby.room_id),
            is_temporary=lobby.temporary,
            is_squelched=lobby.squelched,
        )

    def _world_row(self, room: Room) -> RoomRow:
        marks = self.marks_of(room.id)
        return RoomRow(
            key=room_topic(room.id),
            kind="world",
            name=room.name,
            people=len(self._presence.in_room(room.id)),
            capacity=self._world.capacity_of(room),
            locked=marks.locked,
            motd=marks.motd,
            zone=self._world.world.zone_of(room).name,
        )

    def _occupant(
        self, one: Occupant, named: Mapping[AccountId, Account], times: Mapping[CharacterId, float]
    ) -> Person:
        visitor = one.visitor
        account = named.get(visitor.account_id) if visitor.account_id is not None else None
        present = self._presence.get(visitor.listener)
        return Person(
            id=visitor.listener,
            account_id=visitor.account_id,
            account_name=account.name if account is not None else "",
            shown_name=plain(one.name),
            number=one.number,
            role=visitor.role,
            is_guest=visitor.is_guest,
            is_hidden=visitor.hidden,
            door=visitor.door,
            client=visitor.client,
            round_trip=times.get(visitor.listener),
            since=self._clock.now() - timedelta(seconds=self._clock.monotonic() - one.since),
            away=one.away,
            linkdead=present is not None and present.linkdead_since is not None,
        )

    def _present(self, one: Presence, named: Mapping[AccountId, Account], times: Mapping[CharacterId, float]) -> Person:
        account = named.get(one.account_id)
        return Person(
            id=one.character_id,
            account_id=one.account_id,
            account_name=account.name if account is not None else "",
            shown_name=one.name,
            number=account.number if account is not None else 0,
            role=one.role,
            is_guest=account.is_guest if account is not None else False,
            is_hidden=False,
            door=one.door,
            client=one.client,
            round_trip=times.get(one.character_id),
            since=one.since,
            away=one.availability.value != "online",
            linkdead=one.linkdead_since is not None,
        )


_LONGEST_NUMBER: Final = 7


def _topic_of(place: Lobby | Room) -> Topic:
    return lobby_topic(place.room_id) if isinstance(place, Lobby) else room_topic(place.id)


def said_in(event: Event) -> Said | None:
    """An event as a line of talk; None if it is none."""
    said = event.payload
    if isinstance(said, LobbyMessage):
        return Said(said.id, said.timestamp, said.kind, said.name, event.sender, said.number, said.message)
    if isinstance(said, ChatMessage):
        return Said(said.id, said.timestamp, said.channel, said.player_name, event.sender, 0, said.message)
    return None

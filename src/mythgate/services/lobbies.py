"""Lobbies: who is in which, what they look like, what they say; and the list of lobbies itself.

All of this is live state, changed on the event loop between awaits. A listener, and the number that
integer-only clients know a person by, is in one lobby at most. Everybody who is in a lobby has a stream;
when the stream ends, they leave (`LobbyService` fulfils `realtime.hub.StreamWatcher`).

What is told: who enters gets `lobby_state` first, and the lobby, the newcomer among them, hears
`lobby_player_entered`. Hidden people are neither listed nor announced; they hear everything and may talk.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol

from mythgate.domain import chat
from mythgate.domain.accounts import Account, AccountStatus, Role
from mythgate.domain.decisions import Answer, Step, explain, passes, refusing
from mythgate.domain.errors import (
    BadUsage,
    Muted,
    NotInLobby,
    Refused,
    SessionEnded,
    TooMany,
    Unreachable,
)
from mythgate.domain.events import (
    AdminEvent,
    Disconnect,
    Event,
    HostedGameView,
    LobbyCounts,
    LobbyMessage,
    LobbyPlayerChanged,
    LobbyPlayerEntered,
    LobbyPlayerLeft,
    LobbyPlayerView,
    LobbyState,
    LobbyView,
    Payload,
    event_of,
)
from mythgate.domain.filters import Where
from mythgate.domain.hosting import GameBoard, HostedGame
from mythgate.domain.ids import STAFF_TOPIC, AccountId, CharacterId, SessionId, Topic
from mythgate.domain.lobbies import (
    ENTRY_CHECKS,
    FIRST_GUEST,
    LAST_GUEST,
    LOBBIES_TOPIC,
    NAME_CHARACTERS,
    Attendance,
    Colour,
    Entry,
    Family,
    Lobby,
    Looks,
    Occupant,
    Visitor,
    is_guest_sender,
    lobby_topic,
    refusal_of,
)
from mythgate.domain.moderation import AuditEntry, StaffAct
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, Rights, may, require, require_authority
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller
from mythgate.domain.styles import plain, unmarked
from mythgate.services.accounts import role_within
from mythgate.services.errands import Errands
from mythgate.services.gate import Gate
from mythgate.services.lobbylist import LobbyList
from mythgate.services.moderation import REASON_LENGTH, UNTIL_LIFTED, end_of_mute
from mythgate.services.ports import Clock, Ids, PresenceStore, Realtime, Store, Transaction
from mythgate.services.roomtypes import RoomTypes

log = logging.getLogger(__name__)

AFK_CHARACTERS: Final = 200
UNSEEN_COLOUR: Final = "#808080"
ELSEWHERE: Final = Disconnect("elsewhere", "You came in from somewhere else.", may_reconnect=False, code=4502)
LOCKED: Final = Disconnect("account_disabled", "This account is disabled.", may_reconnect=False, code=4501)
CLOSED: Final = Disconnect("lobby_closed", "The lobby was closed.", may_reconnect=True, code=1001)

LeaveReason = Literal["left", "lost", "kicked", "moved", "elsewhere"]
MessageKind = Literal["say", "action", "private", "line"]

# Why a stream ended, as others in the lobby read it; whatever else ended it is a lost connection.
REASONS: Final[Mapping[str, LeaveReason]] = {
    "quit": "left",
    "left": "left",
    "session_ended": "left",
    "removed": "kicked",
    "banned": "kicked",
    "account_disabled": "kicked",
    "lobby_closed": "moved",
    "taken_over": "elsewhere",
    "elsewhere": "elsewhere",
}

_UNKNOWN: Final = datetime.min.replace(tzinfo=UTC)  # until when somebody is muted of whom nobody has asked yet
_COMMAND: Final = re.compile(r"\.[A-Za-z]")
_TYPED_COMMAND: Final = re.compile(r"[./][A-Za-z]")


@dataclass(frozen=True, slots=True)
class LobbyPolicy:
    """Numbers an operator may change."""

    characters: int = chat.MAX_CHARACTERS  # of what is said at once
    history: int = 100  # messages a lobby remembers
    action_interval: timedelta = timedelta(seconds=15)  # between two actions of one person
    empty_timeout: timedelta = timedelta(seconds=300)  # until a temporary lobby is closed
    guests: bool = True  # whether people without an account may come in


class CommandLine(Protocol):
    """What carries out lines that are commands, and answers them with lines to the actor."""

    async def execute(self, actor: Occupant, line: str, target: int | None = None) -> None: ...


class LobbyService:
    """Use cases around lobbies. `commands` is set by whoever builds the services."""

    def __init__(
        self,
        lobbies: Iterable[Lobby],
        *,
        store: Store,
        presence: PresenceStore,
        realtime: Realtime,
        clock: Clock,
        ids: Ids,
        policy: LobbyPolicy | None = None,
        types: RoomTypes | None = None,
    ) -> None:
        self.policy = policy if policy is not None else LobbyPolicy()
        self.board: Final = GameBoard()
        self.commands: CommandLine | None = None
        self.gate = Gate(clock)
        self.screen: Callable[[str, AccountId, str, Role, Where], str] = lambda words, *_: words
        self.check_name: Callable[[str], None] = lambda _: None
        self._hearing: list[Callable[[Event, int | None, Occupant | None], None]] = []
        self.server_greeting = ""  # what who comes to the server reads, whichever lobby it is
        self._types: Final = types if types is not None else RoomTypes()
        self._list = LobbyList(lobbies, store=store, clock=clock, on_changed=self._list_changed, types=self._types)
        self._store = store
        self._presence = presence
        self._realtime = realtime
        self._clock = clock
        self._ids = ids
        self._attendance = Attendance()
        self._views: dict[CharacterId, LobbyPlayerView] = {}
        self._said: dict[int, deque[Event]] = {}
        self._voices: dict[AccountId, datetime | None] = {}  # by sender: until when they are muted, as far as known
        self._ignored: dict[CharacterId, frozenset[AccountId]] = {}
        self._acted: dict[int, float] = {}
        self._empty_since: dict[int, float] = {}
        self._last_guest = FIRST_GUEST - 1
        self._counts_changed = False
        self._leaving: list[Callable[[Occupant], None]] = []
        self._entered: list[Callable[[Occupant], None]] = []
        self._refused: list[Callable[[Visitor, Lobby, Refused], None]] = []
        self._shown: list[Callable[[Occupant], None]] = []
        self._marked: list[Callable[[int, Mapping[str, Any]], None]] = []
        self._ticking: list[Callable[[], None]] = []
        self._hearers: list[Callable[[Lobby, Occupant, Event], None]] = []
        self._saying: list[Callable[[Lobby, Occupant, Event], Awaitable[None]]] = []
        self.meeting = self._those_that_meet()
        self._errands = Errands("lobbies")

    # --- looking around ----------------------------------------------------------------------------------

    def lobbies(self) -> Sequence[Lobby]:
        """All of them, by number."""
        return self._list.all()

    def _those_that_meet(self) -> Sequence[Lobby]:
        """Those whose talk is heard in the world."""
        return [lobby for lobby in self._list.all() if lobby.world_chat]

    def lobby(self, room_id: int) -> Lobby:
        """Raises NotFound."""
        return self._list.require(room_id)

    def view(self, room_id: int) -> LobbyView:
        """Raises NotFound."""
        lobby = self.lobby(room_id)
        return LobbyView(
            room_id=lobby.room_id,
            name=lobby.name,
            family=lobby.family.value,
            kind=lobby.kind.value,
            players=len(self.occupants(room_id)),
            games=len(self.board.within(room_id)),
            capacity=lobby.capacity,
            min_caste=lobby.min_caste,
            max_caste=lobby.max_caste,
            locked=lobby.locked,
            squelched=lobby.squelched,
            world_chat=lobby.world_chat,
            type_name=lobby.type_name,
        )

    def views(self) -> list[LobbyView]:
        return [self.view(lobby.room_id) for lobby in self.lobbies()]

    def search(self, name: str = "", *, family: Family | None = None) -> list[LobbyView]:
        """The lobbies of a family with `name` anywhere in theirs, by number."""
        part = name.casefold()
        return [
            self.view(lobby.room_id)
            for lobby in self.lobbies()
            if part in lobby.name.casefold() and family in (None, lobby.family)
        ]

    def occupants(self, room_id: int, *, hidden: bool = False) -> Sequence[Occupant]:
        """Who is there, by arrival; hidden people only if asked for."""
        return [one for one in self._attendance.within(room_id) if hidden or not one.visitor.hidden]

    def everybody(self) -> Sequence[Occupant]:
        """Who is in any lobby, hidden or not."""
        return self._attendance.all()

    def occupant(self, listener: CharacterId) -> Occupant | None:
        return self._attendance.get(listener)

    def require(self, listener: CharacterId) -> Occupant:
        """Raises NotInLobby."""
        occupant = self._attendance.get(listener)
        if occupant is None:
            raise NotInLobby
        return occupant

    def by_number(self, number: int) -> Occupant | None:
        return self._attendance.by_number(number)

    def by_name(self, name: str, near: int | None = None) -> Occupant:
        """Somebody by their shown name or their account's, those in the lobby `near` first; the beginning will do if
        only one is called so.

        Raises:
            Unreachable: nobody is.
            BadUsage: more than one may be meant.

        """
        key = name_key(plain(name))
        if not key:
            raise Unreachable
        everybody = [one for one in self._attendance.all() if not one.visitor.hidden]
        here = [one for one in everybody if one.room_id == near]
        for group in (here, everybody):
            for fits in (
                [one for one in group if key in _keys(one)],
                [one for one in group if any(known.startswith(key) for known in _keys(one))],
            ):
                if len(fits) == 1:
                    return fits[0]
                if fits:
                    names = ", ".join(f"{plain(one.name)} ({one.number})" for one in fits[:8])
                    raise BadUsage(f"Whom do you mean: {names}?")
        raise Unreachable(f"Nobody called {plain(name)[:40]} is in a lobby.")

    def guest_number(self) -> int:
        """A number for a guest of the old clients, which nobody has."""
        while True:
            self._last_guest = self._last_guest + 1 if self._last_guest < LAST_GUEST else FIRST_GUEST
            if self._attendance.by_number(self._last_guest) is None:
                return self._last_guest

    async def recent(self, room_id: int) -> list[LobbyMessage]:
        """What was said last, oldest first. Raises NotFound."""
        return self._recent(self.lobby(room_id).room_id, frozenset())

    def said(self, room_id: int) -> list[Event]:
        """As `recent`, with who said it; no lobby need be of that number."""
        return list(self._said.get(room_id, ()))

    def find_message(self, message_id: str) -> list[tuple[Topic, Event]]:
        """A message that lobbies remember, and where."""
        return [
            (self._topic(room_id), event)
            for room_id, events in self._said.items()
            for event in events
            if event.message_id == message_id
        ]

    def forget_message(self, message_id: str) -> None:
        """Take a message out of what lobbies remember."""
        for events in self._said.values():
            for event in [event for event in events if event.message_id == message_id]:
                events.remove(event)

    def _recent(self, room_id: int, ignored: frozenset[AccountId]) -> list[LobbyMessage]:
        return [
            event.payload
            for event in self._said.get(room_id, ())
            if isinstance(event.payload, LobbyMessage) and event.sender not in ignored
        ]

    def entry(self, visitor: Visitor, room_id: int) -> Entry:
        """`visitor` before the door of a lobby; their own older self is nobody else. Raises NotFound."""
        present = self._attendance.get(visitor.listener)
        return self._entry(self.lobby(room_id), visitor, (present, self._attendance.by_number(visitor.number)))

    def _entry(self, lobby: Lobby, visitor: Visitor, giving_way: Iterable[Occupant | None]) -> Entry:
        going = {one.visitor.listener for one in giving_way if one is not None}
        staying = sum(one.visitor.listener not in going for one in self._attendance.within(lobby.room_id))
        banned = self.gate.lobby_ban(visitor.account_id, visitor.role, visitor.door, visitor.address, lobby.room_id)
        return Entry(lobby, visitor, staying, self.policy.guests, banned)

    def why(self, visitor: Visitor, room_id: int) -> list[str]:
        """How it is decided whether `visitor` may enter: a line for each step, and the outcome. Raises NotFound."""
        entry = self.entry(visitor, room_id)
        steps = explain(ENTRY_CHECKS, entry)
        may = "may" if passes(steps) else "may not"
        return [*map(step_line, steps), f"{visitor.name} {may} enter {entry.lobby.name}."]

    # --- coming and going --------------------------------------------------------------------------------

    def on_leaving(self, observer: Callable[[Occupant], None]) -> None:
        """Have `observer` called before somebody leaves, when they hear nothing of the lobby any more."""
        self._leaving.append(observer)

    def on_entered(self, observer: Callable[[Occupant], None]) -> None:
        """Have `observer` called when somebody has entered, after all others are told."""
        self._entered.append(observer)

    def on_refused(self, observer: Callable[[Visitor, Lobby, Refused], None]) -> None:
        """Have `observer` called when somebody was kept out of a lobby."""
        self._refused.append(observer)

    def on_shown(self, observer: Callable[[Occupant], None]) -> None:
        """Have `observer` called when somebody was told all of a lobby: who comes in, before the others are told, and
        who comes back to it."""
        self._shown.append(observer)

    def enter(self, visitor: Visitor, room_id: int, *, quiet: bool = False) -> Occupant:
        """Put `visitor` into a lobby; they leave the one they were in. `quiet`: without the lobby's greeting.

        Whoever has the same number and listens elsewhere has to go: an old client's connection is closed, a
        character of the text world merely leaves the lobby. A character that enters the lobby it is in is
        sent its state once more.

        Raises:
            NotFound: there is no such lobby.
            RoomFull: there is no place, and nothing else against it.
            LobbyClosedToYou: it is not for them; the message says all that is against it.
            SessionEnded: the visitor has no stream (any more).

        """
        lobby = self.lobby(room_id)
        listener = visitor.listener
        if not self._realtime.has_stream(listener):
            raise SessionEnded  # nothing would ever take away who is there without one
        present = self._attendance.get(listener)
        if present is not None and present.room_id == room_id and visitor.is_character:
            return self._enter_again(present, visitor)
        rival = self._attendance.by_number(visitor.number)
        self._require_admission(lobby, visitor, (present, rival))
        return self._admit(visitor, lobby, quiet=quiet)

    def _admit(self, visitor: Visitor, lobby: Lobby, *, quiet: bool = False) -> Occupant:
        """Put somebody into a lobby who may, or has to be there."""
        room_id, listener = lobby.room_id, visitor.listener
        present, rival = self._attendance.get(listener), self._attendance.by_number(visitor.number)
        if rival is not None and rival is not present:
            self._displace(rival)
        if present is not None:
            self.leave(listener, "moved" if present.room_id != room_id else "elsewhere")
        occupant = Occupant(visitor, room_id, self._clock.monotonic(), self._presentable(visitor, visitor.looks))
        self._attendance.add(occupant)
        self._empty_since.pop(room_id, None)
        self._subscribe(occupant)
        self._tell_state(occupant)
        if not visitor.hidden:
            self._publish(room_id, LobbyPlayerEntered(self._view_of(occupant)), occupant)
            self._counts_changed = True
        if visitor.account_id is not None and not visitor.is_character:
            self._errands.start(self._read_ignored(listener, visitor.account_id))
        if not quiet:
            if not visitor.is_character and self.server_greeting:  # in the world they have read it
                self.line_to(listener, self.server_greeting)
            for text in greeting(lobby, visitor):
                self.line_to(listener, text)
        for observer in self._entered:
            observer(occupant)
        log.info("entered lobby", extra={"room": room_id, "number": visitor.number, "client": visitor.client})
        return occupant

    def _enter_again(self, present: Occupant, visitor: Visitor) -> Occupant:
        """The page was loaded anew, or the character taken over: nobody else hears of it."""
        looks = self._presentable(visitor, visitor.looks)
        occupant = replace(present, visitor=visitor, looks=looks)
        self._replace(occupant)
        self._subscribe(occupant)
        if looks != present.looks and not visitor.hidden:
            self._publish(occupant.room_id, LobbyPlayerChanged(self._view_of(occupant)), occupant)
        self._tell_state(occupant)
        return occupant

    def _require_admission(self, lobby: Lobby, visitor: Visitor, giving_way: Iterable[Occupant | None]) -> None:
        entry = self._entry(lobby, visitor, giving_way)
        refusal = refusal_of(entry)
        if refusal is None:
            return
        found = [check.name for check in refusing(ENTRY_CHECKS, entry)]
        log.info("lobby refused", extra={"room": lobby.room_id, "number": visitor.number, "barriers": found})
        for observer in self._refused:
            observer(visitor, lobby, refusal)
        raise refusal

    def _displace(self, rival: Occupant) -> None:
        listener = rival.visitor.listener
        self.leave(listener, "elsewhere")
        if not rival.visitor.is_character:
            self._realtime.close(listener, ELSEWHERE)

    def _subscribe(self, occupant: Occupant) -> None:
        self._realtime.subscribe(occupant.visitor.listener, self._topic(occupant.room_id))
        self._realtime.subscribe(occupant.visitor.listener, LOBBIES_TOPIC)
        self._let_in_on_staff_matters(occupant.visitor)

    def _let_in_on_staff_matters(self, visitor: Visitor) -> None:
        """Characters hear of them from the world, others here."""
        if visitor.is_character:
            return
        if may(visitor.role, Permission.HEAR_STAFF):
            self._realtime.subscribe(visitor.listener, STAFF_TOPIC)
        else:
            self._realtime.unsubscribe(visitor.listener, STAFF_TOPIC)

    def _tell_state(self, occupant: Occupant) -> None:
        room_id, listener = occupant.room_id, occupant.visitor.listener
        now = self._clock.monotonic()
        players = [self._view_of(one) for one in self._attendance.within(room_id) if not one.visitor.hidden]
        if occupant.visitor.hidden:
            players.append(self._view_of(occupant))
        state = LobbyState(
            lobby=self.view(room_id),
            players=players,
            games=[game_view(game, now) for game in self.board.within(room_id)],
            messages=self._recent(room_id, self._ignored_by(listener)),
            you=occupant.number,
        )
        self._realtime.send(listener, self._event(room_id, state, occupant))
        for observer in self._shown:
            observer(occupant)

    def leave(self, listener: CharacterId, reason: LeaveReason = "left") -> Occupant | None:
        """Take somebody out of the lobby they are in; None if they are in none.

        They hear nothing of the lobby from here on, but a character of the text world that it left. Then
        their game is removed, and then the others are told.
        """
        occupant = self._attendance.get(listener)
        if occupant is None:
            return None
        topic = self._topic(occupant.room_id)
        self._realtime.unsubscribe(listener, topic)
        self._realtime.unsubscribe(listener, LOBBIES_TOPIC)
        if not occupant.visitor.is_character:
            self._realtime.unsubscribe(listener, STAFF_TOPIC)
        for observer in self._leaving:
            observer(occupant)
        self._attendance.remove(listener)
        self._views.pop(listener, None)
        self._ignored.pop(listener, None)
        self._acted.pop(occupant.number, None)
        sender = occupant.visitor.sender
        if occupant.visitor.account_id is not None or self._voices.get(sender) is None:
            self._voices.pop(sender, None)  # a guest's mute is kept: it stands nowhere else
        if not self._attendance.within(occupant.room_id):
            self._empty_since[occupant.room_id] = self._clock.monotonic()
        left = LobbyPlayerLeft(occupant.number, plain(occupant.name), reason)
        event = self._event(occupant.room_id, left, occupant)
        if not occupant.visitor.hidden:
            self._realtime.publish(topic, event)
            self._counts_changed = True
        if occupant.visitor.is_character:
            self._realtime.send(listener, event)
        log.info("left lobby", extra={"room": occupant.room_id, "number": occupant.number, "reason": reason})
        return occupant

    # --- the line (realtime.hub.StreamWatcher) -----------------------------------------------------------

    def on_detached(self, character_id: CharacterId) -> None:
        """The line broke. Old clients never resume; a character is there until others see it leave the world."""
        occupant = self._attendance.get(character_id)
        if occupant is not None and not occupant.visitor.is_character:
            self.leave(character_id, "lost")

    def on_returned(self, character_id: CharacterId) -> None:
        """The line is back, and nothing was missed."""

    def on_missed(self, character_id: CharacterId) -> None:
        """Lobbies do not tell whose line is broken."""

    def on_display_grace_over(self, character_id: CharacterId) -> None:
        """Gone for so long that others see the character leave."""
        self.leave(character_id, "lost")

    def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
        """Whoever has no stream is nowhere."""
        self.leave(character_id, REASONS.get(reason, "lost"))

    def on_reentered(self, character_id: CharacterId) -> None:
        """A character got a new stream without having left the world: it listens to its lobby once more."""
        occupant = self._attendance.get(character_id)
        if occupant is not None:
            self._subscribe(occupant)
            self._tell_state(occupant)

    # --- being seen --------------------------------------------------------------------------------------

    def show(self, occupant: Occupant) -> None:
        """Show somebody who is to be seen to their lobby as `occupant` has them, until they change. Nothing is kept."""
        self._publish(occupant.room_id, LobbyPlayerChanged(player_view(occupant)), occupant)

    def dress(self, listener: CharacterId, looks: Looks, *, away: bool | None = None) -> Occupant:
        """Look different; with `away`, be away or back at the same moment. Raises NotInLobby, as all that follows."""
        occupant = self.require(listener)
        changes: dict[str, Any] = {} if away is None else {"away": away, "afk_text": ""}
        return self._change(occupant, looks=self._presentable(occupant.visitor, looks), **changes)

    def set_away(self, listener: CharacterId, away: bool, text: str = "") -> Occupant:
        """Say that one is away, and why; or back."""
        words = " ".join(chat.tidy(text).split())[:AFK_CHARACTERS] if away else ""
        return self._change(self.require(listener), away=away, afk_text=words)

    def set_badge(self, listener: CharacterId, shown: bool) -> None:
        """Whether a member of the staff is shown as such, also in the lobbies they go to next."""
        self._mark(self.require(listener).number, badge=shown)

    def set_in_game(self, listener: CharacterId, in_game: bool) -> Occupant:
        """Whether one plays and does not read."""
        return self._change(self.require(listener), in_game=in_game)

    def _change(self, occupant: Occupant, **changes: Any) -> Occupant:
        changed = replace(occupant, **changes)
        if changed == occupant:
            return occupant
        self._replace(changed)
        if not changed.visitor.hidden:
            self._publish(changed.room_id, LobbyPlayerChanged(self._view_of(changed)), changed)
        return changed

    def _replace(self, occupant: Occupant) -> None:
        self._attendance.replace(occupant)
        self._views.pop(occupant.visitor.listener, None)

    def _view_of(self, occupant: Occupant) -> LobbyPlayerView:
        listener = occupant.visitor.listener
        view = self._views.get(listener)
        if view is None:
            view = self._views[listener] = player_view(occupant)
        return view

    def _presentable(self, visitor: Visitor, looks: Looks) -> Looks:
        """As others get to see it: names that fit and that nobody else has, the mark of the staff for the staff."""
        name, team = (chat.tidy(text).strip()[:NAME_CHARACTERS] for text in (looks.name, looks.team))
        if not visitor.role.includes(Role.MODERATOR):
            name, team = unmarked(name), unmarked(team)
        if not plain(name).strip() or not self._is_welcome(name, visitor):
            name = visitor.name
        if not self._is_welcome(team, visitor):
            team = ""
        if self._is_taken(name, visitor):  # two of a name would be taken for each other
            known = str(visitor.number % 1000) if visitor.is_guest else visitor.name
            marked = [
                f"{plain(name)[: NAME_CHARACTERS - len(mark) - 3]} ({mark})" for mark in (known, str(visitor.number))
            ]
            name = next((one for one in marked if not self._is_taken(one, visitor)), marked[-1])
        return replace(looks, name=name, team=team)

    def _is_welcome(self, name: str, visitor: Visitor) -> bool:
        """Whether the filters of names let it through. The staff's are not looked at."""
        if visitor.role.includes(Role.MODERATOR):
            return True
        try:
            self.check_name(plain(name))
        except Refused:
            return False
        return True

    def _is_taken(self, name: str, visitor: Visitor) -> bool:
        return any(number != visitor.number for number in self._attendance.called(name))

    # --- talk --------------------------------------------------------------------------------------------

    async def say(self, listener: CharacterId, styled_text: str) -> None:
        """To everybody in the lobby, or a command. Text that is empty is dropped, what is too long cut off.

        Raises:
            NotInLobby: the speaker is in none.
            Muted: the speaker is.

        """
        speaker = self.require(listener)
        words = self._words(styled_text)
        if not words:
            return
        if self._is_command(speaker, words):
            await self._carry_out(speaker, words, None)
        else:
            await self._aloud(speaker, "say", words)

    async def act(self, listener: CharacterId, styled_text: str) -> None:
        """Do something that everybody in the lobby sees, not too often. Raises as `say`, and TooMany."""
        actor = self.require(listener)
        words = self._words(styled_text)
        if not words:
            return
        now, last = self._clock.monotonic(), self._acted.get(actor.number)
        interval = self.policy.action_interval.total_seconds()
        if last is not None and now - last < interval:
            left = timedelta(seconds=interval - (now - last))
            raise TooMany(f"You may act again in {chat.remaining(left)}.", retry_after=left)
        if await self._aloud(actor, "action", words):
            self._acted[actor.number] = now

    async def _aloud(self, speaker: Occupant, kind: MessageKind, words: str) -> bool:
        """Whether it was said: the speaker may have gone meanwhile."""
        if self.lobby(speaker.room_id).squelched and not may(speaker.visitor.role, Permission.RUN_ROOMS):
            raise Muted("Only the staff talks to everybody in this lobby.", hint="You may talk to people in private.")
        until = self._voices.get(speaker.visitor.sender, _UNKNOWN)
        if until is _UNKNOWN:
            until = await self._read_voice(speaker)
        self._require_voice(until, speaker)
        words = self._screened(speaker, words)
        now_there = self._attendance.get(speaker.visitor.listener)
        if now_there is None or now_there.room_id != speaker.room_id:
            return False
        if now_there.away:
            now_there = self._change(now_there, away=False, afk_text="")
        room_id = now_there.room_id
        event = self._message(now_there, kind, words)
        self._realtime.publish(self._topic(room_id), event)
        said = self._said.get(room_id)
        if said is None:
            said = self._said[room_id] = deque(maxlen=self.policy.history)
        said.append(event)
        for hearing in self._hearing:
            hearing(event, room_id, None)
        lobby = self.lobby(room_id)
        for hearer in self._hearers:
            hearer(lobby, now_there, event)
        if lobby.world_chat:
            for observer in self._saying:
                await observer(lobby, now_there, event)
        return True

    def on_heard(self, observer: Callable[[Event, int | None, Occupant | None], None]) -> None:
        """Have `observer` told of all that is said: in which lobby, or to whom."""
        self._hearing.append(observer)

    def _screened(self, speaker: Occupant, words: str, *, private: bool = False) -> str:
        """The words as they may be said; what had to be changed loses its styles. Raises WordsRefused."""
        visitor, said = speaker.visitor, plain(words)
        where = Where(lobby=str(speaker.room_id), door=visitor.door, private=private)
        shown = self.screen(said, visitor.sender, plain(speaker.name), visitor.role, where)
        return words if shown == said else shown

    def on_said(self, observer: Callable[[Lobby, Occupant, Event], Awaitable[None]]) -> None:
        """Have `observer` told of what is said aloud in lobbies that meet the world."""
        self._saying.append(observer)

    def on_aloud(self, observer: Callable[[Lobby, Occupant, Event], None]) -> None:
        """Have `observer` told of whatever is said aloud in any lobby."""
        self._hearers.append(observer)

    def tell_from_elsewhere(self, room_id: int, event: Event) -> None:
        """Words that were said elsewhere, to everybody in a lobby, and to who comes later."""
        self._realtime.publish(self._topic(room_id), event)
        self._said.setdefault(room_id, deque(maxlen=self.policy.history)).append(event)

    async def tell(self, listener: CharacterId, target_number: int, styled_text: str, *, echo: bool = True) -> None:
        """To one person, in whatever lobby, and with `echo` back to the speaker; or a command about that person.

        Raises:
            NotInLobby: the speaker is in none.
            Muted: the speaker is.
            Unreachable: there is nobody of that number, or they do not listen to the speaker.

        """
        speaker = self.require(listener)
        words = self._words(styled_text)
        if not words:
            return
        if self._is_command(speaker, words):
            await self._carry_out(speaker, words, target_number)
            return
        until = self._voices.get(speaker.visitor.sender, _UNKNOWN)
        if until is _UNKNOWN:
            until = await self._read_voice(speaker)
        self._require_voice(until, speaker)
        target = self._attendance.by_number(target_number)
        hearer = target.visitor.listener if target is not None else None
        if target is None or hearer is None or target.visitor.hidden:
            raise Unreachable("That player is not here.", hint="`.who` shows who is.")
        if speaker.visitor.sender in self._ignored_by(hearer):
            raise Unreachable("That player is not here.", hint="`.who` shows who is.")  # and is not told that
        words = self._screened(speaker, words, private=True)
        speaker = self._attendance.get(listener) or speaker
        if speaker.away and self._attendance.get(listener) is not None:
            speaker = self._change(speaker, away=False, afk_text="")
        event = self._message(speaker, "private", words, target)
        self._realtime.send(hearer, event)
        for hearing in self._hearing:
            hearing(event, None, target)
        if echo and hearer != listener:
            self._realtime.send(listener, replace(event, sender=None, rendered={}))
        if target.in_game:
            self.line_to(listener, f"{plain(target.name)} is playing and does not read that now.")
        elif target.away:
            self.line_to(listener, f"{plain(target.name)} is away{f': {target.afk_text}' if target.afk_text else '.'}")

    def line(self, room_id: int | None, text: str) -> None:
        """Words of the server to everybody in a lobby, or in all; one message a line of text."""
        for one in self.lobbies() if room_id is None else [self.lobby(room_id)]:
            for words in _lines(text):
                self._realtime.publish(one.topic, self._server_line(words, one.room_id))

    def line_to(self, listener: CharacterId, text: str) -> None:
        """Words of the server to one person."""
        for words in _lines(text):
            self._realtime.send(listener, self._server_line(words, None))

    def announced(self, words: str) -> None:
        """The staff announced something to the world: those who are only in a lobby are told here."""
        for one in self._attendance.all():
            if not one.visitor.is_character:
                self.line_to(one.visitor.listener, words)

    def _server_line(self, words: str, room_id: int | None) -> Event:
        now = self._clock.now()
        message = LobbyMessage(self._ids.new(), "line", 0, "", plain(words), words, now)
        return event_of(message, now, room_id=None if room_id is None else self._topic(room_id), message_id=message.id)

    def _message(self, speaker: Occupant, kind: MessageKind, words: str, target: Occupant | None = None) -> Event:
        now = self._clock.now()
        message = LobbyMessage(
            self._ids.new(),
            kind,
            speaker.number,
            plain(speaker.name),
            plain(words),
            words,
            now,
            target.number if target is not None else 0,
            plain(target.name) if target is not None else "",
        )
        visitor = speaker.visitor
        return event_of(
            message,
            now,
            room_id=self._topic(speaker.room_id) if target is None else None,
            player_id=visitor.listener,
            message_id=message.id,
            sender=visitor.sender,
            subject=speaker,
        )

    def _words(self, styled_text: str) -> str:
        words = chat.tidy(styled_text).strip()[: self.policy.characters]
        return words if plain(words).strip() else ""

    @staticmethod
    def _is_command(speaker: Occupant, words: str) -> bool:
        return (_TYPED_COMMAND if speaker.visitor.is_character else _COMMAND).match(words) is not None

    async def _carry_out(self, speaker: Occupant, words: str, target: int | None) -> None:
        if self.commands is None:
            self.line_to(speaker.visitor.listener, "There are no commands here.")
        else:
            await self.commands.execute(speaker, words[1:], target)

    # --- play --------------------------------------------------------------------------------------------

    async def play(self, listener: CharacterId, move: str) -> str:
        """Make a move in what is played in the lobby one is in; returns what one is told. Raises NotInLobby, and as
        `RoomTypes.moved`."""
        player = self.require(listener)
        words = chat.tidy(move).strip()[: self.policy.characters]
        return await self._types.moved(self.lobby(player.room_id), player, words)

    def tell_play(self, room_id: int, sending: Payload | str, listener: CharacterId | None = None) -> None:
        """Tell what happens in play, to everybody in a lobby or to one person; text is a line for people to read."""
        if isinstance(sending, str):
            if listener is None:
                self.line(room_id, sending)
            else:
                self.line_to(listener, sending)
            return
        event = event_of(sending, self._clock.now(), room_id=self._topic(room_id))
        if listener is None:
            self._realtime.publish(self._topic(room_id), event)
        else:
            self._realtime.send(listener, event)

    # --- voices ------------------------------------------------------------------------------------------

    async def _read_voice(self, speaker: Occupant) -> datetime | None:
        """Until when the rows say that the speaker is muted."""
        sender, account_id = speaker.visitor.sender, speaker.visitor.account_id
        if account_id is None:
            return self._voices.get(sender)
        mute = await self._store.read(lambda tx: tx.moderation.mute_of(account_id))
        until = (mute.ends_at or UNTIL_LIFTED) if mute is not None else None
        if self._attendance.get(speaker.visitor.listener) is None:
            return until  # has left meanwhile, and measures are not told here any more
        return self._voices.setdefault(sender, until)  # a measure taken meanwhile counts

    def _require_voice(self, until: datetime | None, speaker: Occupant) -> None:
        sender = speaker.visitor.sender
        left = until - self._clock.now() if until is not None else timedelta(0)
        if left <= timedelta(0):
            measure = self.gate.mute(sender, door=speaker.visitor.door, lobby=speaker.room_id)
            if measure is not None:
                raise Muted(self.gate.muted_words(measure))
            return
        hint = self.gate.appeal_hint(sender)
        if until == UNTIL_LIFTED:
            raise Muted("You are muted until the staff lifts it.", hint=hint)
        raise Muted(f"You are muted for another {chat.remaining(left)}.", hint=hint, retry_after=left)

    def voice_changed(self, account_id: AccountId, until: datetime | None, sentence: str) -> None:
        """An account was muted until then, or may speak again (`ModerationService.on_voice_changed`)."""
        for one in self._attendance.all():
            if one.visitor.account_id == account_id:
                self._voices[account_id] = until
                if not one.visitor.is_character:  # those are told in the world
                    self.line_to(one.visitor.listener, sentence)

    async def mute_guest(self, caller: Caller, number: int, minutes: float | None, reason: str = "") -> Occupant:
        """Silence a guest of the old clients for as long as they are here. Raises as `kick`, and InvalidInput for
        minutes that make no sense."""
        target = self._require_number(number)
        until = end_of_mute(self._clock.now(), minutes) or UNTIL_LIFTED
        then = lambda: self._set_guest_voice(target, until, "You are muted.")
        await self._measure(caller, Permission.MUTE, "lobby.muted", target, reason, then)
        return target

    async def unmute_guest(self, caller: Caller, number: int) -> Occupant:
        """Let a guest speak again. Raises as `kick`."""
        target = self._require_number(number)
        then = lambda: self._set_guest_voice(target, None, "You are no longer muted.")
        await self._measure(caller, Permission.MUTE, "lobby.unmuted", target, "", then)
        return target

    def _set_guest_voice(self, target: Occupant, until: datetime | None, sentence: str) -> None:
        if self._attendance.by_number(target.number) is not None:
            self._voices[target.visitor.sender] = until
            self.line_to(target.visitor.listener, sentence)

    # --- not listening -----------------------------------------------------------------------------------

    async def ignore(self, listener: CharacterId, number: int) -> Occupant:
        """Hear nothing of somebody any more; kept for accounts that ignore accounts.

        Raises:
            NotInLobby, Unreachable: the actor is in no lobby, or nobody has that number.
            BadUsage: oneself.

        """
        target = self._require_number(number)
        if self.require(listener).number == number:
            raise BadUsage("You cannot ignore yourself.")
        await self._set_ignored(listener, number, target.visitor.account_id, target.visitor.sender, True)
        return target

    async def unignore(self, listener: CharacterId, number: int) -> None:
        """Listen again, also to an account that is in no lobby.

        Raises:
            NotInLobby, Unreachable: the actor is in no lobby, or nobody has that number.

        """
        self.require(listener)
        target = self._attendance.by_number(number)
        if target is not None:
            await self._set_ignored(listener, number, target.visitor.account_id, target.visitor.sender, False)
            return
        account = await self._store.read(lambda tx: tx.accounts.by_number(number))
        if account is None:
            raise Unreachable("Nobody has that number.")
        if self._attendance.get(listener) is not None:
            await self._set_ignored(listener, number, account.id, account.id, False)

    async def ignored(self, account_id: AccountId) -> list[tuple[int, str]]:
        """Whom the account ignores, by number and name in the order of names; guests while they are here."""

        def work(tx: Transaction) -> tuple[Account, list[tuple[int, str]]]:
            found = [tx.accounts.get(one) for one in tx.preferences.ignored(account_id)]
            return tx.accounts.require(account_id), [(one.number, one.name) for one in found if one is not None]

        own, accounts = await self._store.read(work)
        present = self._attendance.by_number(own.number)
        guests = [self._attendance.by_number(one) for one in (present.ignored if present is not None else ())]
        without_account = [
            (one.number, plain(one.name)) for one in guests if one is not None and one.visitor.account_id is None
        ]
        return sorted([*accounts, *without_account], key=lambda one: one[1].casefold())

    async def _set_ignored(
        self, listener: CharacterId, number: int, other: AccountId | None, sender: AccountId, wanted: bool
    ) -> None:
        own = self.require(listener).visitor.account_id
        if own is not None and other is not None:

            def work(tx: Transaction) -> None:
                if wanted:
                    tx.preferences.ignore(own, other)
                else:
                    tx.preferences.unignore(own, other)

            await self._store.write(work)
        now_there = self._attendance.get(listener)
        if now_there is not None:
            known, numbers = self._ignored_by(listener), now_there.ignored
            self._set_ignored_by(listener, known | {sender} if wanted else known - {sender})
            self._replace(replace(now_there, ignored=numbers | {number} if wanted else numbers - {number}))
        body = self._presence.of_account(own) if own is not None else None
        if body is not None and body.character_id != listener:  # they are in the world with another client
            self._set_ignored_by(body.character_id, body.ignored | {sender} if wanted else body.ignored - {sender})

    def in_world(self, name: str) -> Presence | None:
        """Who is in the world under a name, also as lobbies read it: "[world] Ada"."""
        return self._presence.by_name_key(name_key(name.removeprefix("[world] ")))

    async def ignore_in_world(self, listener: CharacterId, present: Presence) -> None:
        """Hear nothing any more of somebody who is in the world. Raises NotInLobby, and BadUsage for oneself."""
        if self.require(listener).visitor.account_id == present.account_id:
            raise BadUsage("You cannot ignore yourself.")
        account = await self._store.read(lambda tx: tx.accounts.require(present.account_id))
        if self._attendance.get(listener) is not None:
            await self._set_ignored(listener, account.number, account.id, account.id, True)

    def ignoring_changed(self, present: Presence) -> None:
        """Somebody in the world ignores others than before; so they do in the lobby they are in with another client
        (`ChatService.on_ignoring`)."""
        for one in self._attendance.all():
            listener = one.visitor.listener
            if one.visitor.account_id == present.account_id and listener != present.character_id:
                guests = frozenset(filter(is_guest_sender, self._ignored_by(listener)))
                self._set_ignored_by(listener, present.ignored | guests)

    def _ignored_by(self, listener: CharacterId) -> frozenset[AccountId]:
        present = self._presence.get(listener)
        return present.ignored if present is not None else self._ignored.get(listener, frozenset())

    def _set_ignored_by(self, listener: CharacterId, senders: frozenset[AccountId]) -> None:
        present = self._presence.get(listener)
        if present is not None:
            present.ignored = senders
        else:
            self._ignored[listener] = senders
        self._realtime.set_ignored(listener, senders)

    async def _read_ignored(self, listener: CharacterId, account_id: AccountId) -> None:
        ignored = frozenset(await self._store.read(lambda tx: tx.preferences.ignored(account_id)))
        if ignored and self._attendance.get(listener) is not None:
            self._set_ignored_by(listener, self._ignored_by(listener) | ignored)

    # --- the staff ---------------------------------------------------------------------------------------

    async def kick(self, caller: Caller, number: int, reason: str = "") -> Occupant:
        """Remove somebody from the lobby and end the connection, on whatever door. They may come back.

        Raises:
            Unreachable: nobody has that number.
            PermissionDenied: the caller is no moderator, or does not stand above them.

        """
        target = self._require_number(number)
        await self._measure(
            caller, Permission.KICK, "lobby.kicked", target, reason, lambda: self._put_out(caller, target, reason)
        )
        return target

    def _put_out(self, caller: Caller, target: Occupant, reason: str) -> None:
        listener, name = target.visitor.listener, plain(target.name)
        self.leave(listener, "kicked")
        message = f"You were removed by the staff{f': {reason}' if reason else '.'}"
        self._realtime.close(listener, Disconnect("removed", message, False, 4506))
        if self._list.get(target.room_id) is not None:
            self.line(target.room_id, f"{name} was removed by {caller.name}.")
        event = AdminEvent("lobby.kicked", target.visitor.account_id or "", f"{caller.name} removed {name}.")
        act = StaffAct(caller.account_id, target.room_id)
        self._realtime.publish(STAFF_TOPIC, event_of(event, self._clock.now(), subject=act))

    def account_changed(self, account: Account) -> None:
        """An account got another role, or was locked (`SessionService.on_account_changed`)."""
        for one in self._attendance.all():
            if one.visitor.account_id != account.id:
                continue
            if account.status is not AccountStatus.ACTIVE:
                self.leave(one.visitor.listener, "kicked")
                self._realtime.close(one.visitor.listener, LOCKED)
            else:
                self._let_in_on_staff_matters(replace(one.visitor, role=account.role))
        if account.status is AccountStatus.ACTIVE:
            self._mark(account.number, role=account.role, name=account.name)

    def caste_changed(self, account: Account) -> None:
        """An account got another caste (`RatingService.on_caste_changed`)."""
        self._mark(account.number, caste=account.caste)

    def ties_changed(self, numbers: Iterable[int]) -> None:
        """Accounts with these numbers came to a clan or a tournament, or left one (`ClanService.on_ties_changed`,
        `TournamentService.on_ties_changed`)."""
        self._errands.start(self._read_ties(tuple(numbers)))

    async def _read_ties(self, numbers: Sequence[int]) -> None:
        def work(tx: Transaction) -> dict[int, tuple[int, frozenset[int]]]:
            found = {}
            for account in filter(None, map(tx.accounts.by_number, numbers)):
                membership = tx.clans.membership(account.id)
                slots = frozenset(tournament.slot for tournament in tx.tournaments.of_account(account.id))
                found[account.number] = (membership.clan if membership is not None else 0, slots)
            return found

        for number, (clan, tournaments) in (await self._store.read(work)).items():
            self._mark(number, clan=clan, tournaments=tournaments)

    def session_of(self, visitor: Visitor) -> SessionId | None:
        """The log-in with which somebody's character is in the world; None for who came with an old client."""
        if not visitor.is_character or visitor.account_id is None:
            return None
        present = self._presence.of_account(visitor.account_id)
        return present.session_id if present is not None else None

    def on_marked(self, observer: Callable[[int, Mapping[str, Any]], None]) -> None:
        """Have `observer` told of accounts, by number, whose role, caste, clan or tournaments have changed: what
        `Visitor` has of them, and what it is now. They may be in no lobby."""
        self._marked.append(observer)

    def _mark(self, number: int, **marks: Any) -> None:
        present = self._attendance.by_number(number)
        if present is not None:
            self._change(present, visitor=replace(present.visitor, **marks))
        for observer in self._marked:
            observer(number, marks)

    async def _measure(
        self,
        caller: Caller,
        needs: Permission,
        action: str,
        target: Occupant,
        reason: str,
        then: Callable[[], None],
    ) -> None:
        """Take a measure against somebody, if the caller may, and write it down."""
        now, visitor = self._clock.now(), target.visitor

        def work(tx: Transaction) -> None:
            actor = role_within(tx, caller)
            require(actor, needs)
            role = tx.accounts.require(visitor.account_id).role if visitor.account_id is not None else Role.PLAYER
            require_authority(actor, role, needs)
            detail = {"name": plain(target.name), "lobby": str(target.room_id), "reason": reason[:REASON_LENGTH]}
            tx.moderation.record(AuditEntry(now, caller.account_id, action, visitor.account_id or "", detail))

        await self._store.write(work, then=lambda _: then())

    def _require_number(self, number: int) -> Occupant:
        target = self._attendance.by_number(number)
        if target is None:
            raise Unreachable("That player is not here.", hint="`.who` shows who is.")
        return target

    # --- the list of lobbies -----------------------------------------------------------------------------

    async def add(self, caller: Caller, lobby: Lobby) -> Lobby:
        """Open a lobby, at once and for good. Raises as `LobbyList.add`."""
        return await self._list.add(caller, lobby)

    async def change(self, caller: Caller, room_id: int, **changes: Any) -> Lobby:
        """Change a lobby, at once and for good; who is in it stays. Raises as `LobbyList.change`."""
        return await self._list.change(caller, room_id, **changes)

    async def lock(self, caller: Caller, room_id: int, locked: bool) -> Lobby:
        """Let nobody in any more, but the staff, until it is unlocked; who is in it is told and stays. Raises as
        `LobbyList.lock`."""
        return await self._list.lock(caller, room_id, locked)

    async def greet(self, caller: Caller, room_id: int, words: str) -> Lobby:
        """Change what a lobby greets with; who is in it reads it now. Raises as `LobbyList.greet`."""
        return await self._list.greet(caller, room_id, words)

    async def remove(self, caller: Caller, room_id: int) -> None:
        """Close a lobby for good; who is in it has to go. Raises as `LobbyList.remove`."""
        await self._list.remove(caller, room_id)

    async def close(self, caller: Caller, room_id: int, reason: str = "") -> Lobby | None:
        """Have everybody go out of a lobby. One that somebody opened is no more then; one of the settings is locked,
        and returned. Raises as `LobbyList.close`."""
        left = await self._list.close(caller, room_id, reason)
        if left is not None:
            self._empty(left, gone=False)
        return left

    def is_configured(self, room_id: int) -> bool:
        """Whether the settings name the lobby."""
        return self._list.is_configured(room_id)

    async def announce(self, caller: Caller, room_id: int, words: str) -> None:
        """Tell everybody in a lobby something in the name of the server.

        Raises:
            NotFound: there is no such lobby.
            PermissionDenied: the caller may not.

        """
        lobby, now = self.lobby(room_id), self._clock.now()

        def work(tx: Transaction) -> None:
            require(role_within(tx, caller), Permission.ANNOUNCE)
            detail = {"name": lobby.name, "text": plain(words)}
            tx.moderation.record(AuditEntry(now, caller.account_id, "room.announced", lobby.topic, detail))

        await self._store.write(work, then=lambda _: self._tell_lobby(room_id, words))

    def _tell_lobby(self, room_id: int, words: str) -> None:
        if self._list.get(room_id) is not None:
            self.line(room_id, words)

    async def move(self, caller: Caller, number: int, room_id: int, reason: str = "") -> Occupant:
        """Put somebody who came with a browser, or the like, into another lobby, whatever is asked of who comes by
        themselves.

        Raises:
            Unreachable: nobody has that number, or they came with an old client, which chooses its lobby itself.
            NotFound: there is no such lobby.
            PermissionDenied: the caller may not, or does not stand above them.

        """
        target, lobby = self._require_number(number), self.lobby(room_id)
        if not target.visitor.is_character:
            client = target.visitor.client or "an old client"
            raise Unreachable(
                f"{plain(target.name)} came with {client}, which chooses its lobby itself.",
                hint="Ask them to go there, or remove them.",
            )
        origin, now, visitor = target.room_id, self._clock.now(), target.visitor

        def work(tx: Transaction) -> None:
            actor = role_within(tx, caller)
            require(actor, Permission.RUN_ROOMS)
            assert visitor.account_id is not None
            _require_above(actor, tx.accounts.require(visitor.account_id).role, caller, visitor.account_id)
            detail = {"name": plain(target.name), "before": str(lobby_topic(origin)), "after": str(lobby.topic)}
            if reason:
                detail["reason"] = reason[:REASON_LENGTH]
            tx.moderation.record(AuditEntry(now, caller.account_id, "person.moved", visitor.account_id or "", detail))

        def then(_: None) -> None:
            there = self._attendance.get(visitor.listener)
            if there is None or there.room_id != origin or self._list.get(room_id) is None:
                return  # has gone meanwhile, or the lobby has
            self.line_to(visitor.listener, f"The staff moved you to {lobby.name}.")
            self._admit(there.visitor, lobby)

        await self._store.write(work, then=then)
        return self._attendance.get(visitor.listener) or target

    async def catch_up(self) -> None:
        """Take note of changes of the list that were made beside this node. Call it before the first visitor."""
        await self._list.catch_up()

    def _list_changed(self, before: Mapping[int, Lobby]) -> None:
        self.meeting = self._those_that_meet()
        for room_id, lobby in before.items():
            now = self._list.get(room_id)
            if now is None:
                self._empty(lobby)
                continue
            if now.motd != lobby.motd and now.motd:
                self.line(room_id, now.motd)
            if now.locked != lobby.locked:
                self.line(room_id, f"{now.name} is {'locked' if now.locked else 'open again'}.")
        self._counts_changed = True

    def _empty(self, lobby: Lobby, *, gone: bool = True) -> None:
        """Nobody can be in the lobby any more: it is `gone`, or only has to be empty."""
        for one in list(self._attendance.within(lobby.room_id)):
            listener = one.visitor.listener
            self.leave(listener, "moved")
            if one.visitor.is_character:
                self.line_to(listener, f"{lobby.name} was closed.")
            else:
                self._realtime.close(listener, CLOSED)
        log.info("lobby closed" if gone else "lobby emptied", extra={"room": lobby.room_id})
        if gone:
            self._said.pop(lobby.room_id, None)
            self._empty_since.pop(lobby.room_id, None)

    # --- time --------------------------------------------------------------------------------------------

    def on_tick(self, observer: Callable[[], None]) -> None:
        """Have `observer` called every second."""
        self._ticking.append(observer)

    async def tick(self) -> None:
        """Tell how many are where if that changed; close temporary lobbies that were left. Call it every second."""
        await self.catch_up()
        for observer in self._ticking:
            observer()
        if self._counts_changed:
            self._counts_changed = False
            event = event_of(LobbyCounts(self.views()), self._clock.now(), coalesce=LobbyCounts.event_type)
            self._realtime.publish(LOBBIES_TOPIC, event)
        now, patience = self._clock.monotonic(), self.policy.empty_timeout.total_seconds()
        for lobby in self.lobbies():
            if lobby.temporary and not self._attendance.within(lobby.room_id):
                since = self._empty_since.setdefault(lobby.room_id, now)
                if now - since >= patience:
                    await self._list.drop(lobby.room_id)

    async def settle(self) -> None:
        """Wait until all that was started in passing is done. Before the store closes."""
        await self._errands.settle()

    # --- telling -----------------------------------------------------------------------------------------

    def publish_game(self, game: HostedGame, payload: Payload) -> None:
        """Tell a lobby about a game in it."""
        self._realtime.publish(self._topic(game.room_id), self._event(game.room_id, payload, game))
        self._counts_changed = True

    def _publish(self, room_id: int, payload: Payload, occupant: Occupant) -> None:
        self._realtime.publish(self._topic(room_id), self._event(room_id, payload, occupant))

    def _event(self, room_id: int, payload: Payload, subject: Occupant | HostedGame) -> Event:
        return event_of(payload, self._clock.now(), room_id=self._topic(room_id), subject=subject)

    @staticmethod
    def _topic(room_id: int) -> Topic:
        return lobby_topic(room_id)


# --- views -----------------------------------------------------------------------------------------------


def player_view(occupant: Occupant) -> LobbyPlayerView:
    """Somebody as people without style codes see them."""
    visitor, looks = occupant.visitor, occupant.looks
    return LobbyPlayerView(
        number=occupant.number,
        name=plain(looks.name),
        team=plain(looks.team),
        client=visitor.client,
        door=visitor.door,
        is_guest=visitor.is_guest,
        role=visitor.shown_role.value,
        caste=visitor.caste,
        colour=colour_code(looks.primary),
        clan=visitor.clan,
        away=occupant.away,
        afk_text=occupant.afk_text,
        in_game=occupant.in_game,
    )


def colour_code(colour: Colour, *, unset: str = UNSEEN_COLOUR) -> str:
    """As `#rrggbb`; black is what people have who never chose, and shown as `unset`."""
    if colour == Colour():
        return unset
    return f"#{colour.red >> 8:02x}{colour.green >> 8:02x}{colour.blue >> 8:02x}"


def game_view(game: HostedGame, now: float) -> HostedGameView:
    """A game as people without style codes see it at the monotonic time `now`."""
    facts = game.facts
    return HostedGameView(
        number=game.number,
        name=plain(facts.name),
        host=game.host,
        host_name=plain(game.host_name),
        family=game.family.value,
        state=game.state.value,
        joinable=game.is_joinable,
        map_name=plain(facts.map_name),
        kind=facts.kind,
        difficulty=facts.difficulty,
        scenario=facts.scenario,
        players=facts.players,
        max_players=facts.max_players,
        seconds_left=game.seconds_left(now),
        has_password=facts.has_password,
        reachable=game.reachable,
        elapsed_seconds=game.elapsed_seconds(now),
        line_up=list(game.line_up),
    )


_MARKS: Final = {Answer.YES: "ok", Answer.UNKNOWN: "??"}


def step_line(step: Step) -> str:
    """One step of a decision, for people."""
    if step.answer is Answer.NO:
        return f"NO  {step.check}: {step.message}"
    if step.answer is Answer.EXEMPT:
        return f"--  {step.check}: is not asked here"
    return f"{_MARKS[step.answer]}  {step.check}: {step.found}; needed: {step.needed}"


def _require_above(actor: Rights, target: Role, caller: Caller, account_id: AccountId) -> None:
    """Nobody puts their own rank or a higher one elsewhere; everybody may themselves."""
    if caller.account_id != account_id:
        require_authority(actor, target, Permission.RUN_ROOMS)


def greeting(lobby: Lobby, visitor: Visitor) -> list[str]:
    """What the lobby says to who enters."""
    return [text for text in (lobby.motd, lobby.guest_motd if visitor.is_guest else "") if text]


def _keys(occupant: Occupant) -> tuple[str, ...]:
    """What somebody is called: as they are shown, and for who has an account, the account's name."""
    shown = name_key(plain(occupant.name))
    return (shown,) if occupant.visitor.account_id is None else (shown, name_key(occupant.visitor.name))


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]

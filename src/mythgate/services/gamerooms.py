"""Game rooms: types of lobbies in which something is played, by rules that a plug-in brings.

A maker of games writes two classes, one below `Lobby` with what an operator may set, one below `GameRoom` with the
rules, and hands both to `Extensions.add_game`. `GameRooms` has one `GameRoom` for each lobby of that type while
somebody is in it, and stands between it and all else: it tells people how the game stands, keeps the time, and puts a
room out of order whose rules fail, so that nobody else is harmed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from mythgate.domain.errors import BadUsage, PermissionDenied, Refused, Unavailable
from mythgate.domain.events import LobbyPlayEvent, LobbyPlayState, Payload
from mythgate.domain.ids import CharacterId
from mythgate.domain.lobbies import Lobby, Occupant
from mythgate.domain.styles import plain
from mythgate.services.roomtypes import RoomHandler

if TYPE_CHECKING:
    from mythgate.services.all import Services

log = logging.getLogger(__name__)

L_co = TypeVar("L_co", bound=Lobby, covariant=True)
R = TypeVar("R")

LONGEST_STATE: Final = 16_384  # bytes of JSON, also of the data of an event
MOST_SENDINGS: Final = 50  # in one call of a room
LONGEST_TEXT: Final = 1000  # characters
LARGEST_NUMBER: Final = 2**53 - 1  # that every reader of JSON keeps exactly
FAILED: Final = "What is played here has failed. It begins anew when all have left."
DEEPEST: Final = 20  # values within values


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody in a game room."""

    number: int  # of the account: the same when they come back
    name: str = field(compare=False)  # as others in the lobby read it


class GameRoom(Generic[L_co]):
    """The rules and the state of what is played in one lobby.

    Override what is needed. The methods of the first group are called one after the other, never two at once, and must
    not wait. What they raise puts the room out of order until everybody has left it, but for `Refused` from `moved`.
    A room begins with its first player and is forgotten when the last one is gone.
    """

    def __init__(self, lobby: L_co, now: Callable[[], float]) -> None:
        self.lobby = lobby
        """What the operator has set, as it is now."""
        self.players: list[Player] = []
        """Who is there, in the order they came."""
        self._now = now
        self._due: float | None = None
        self._sendings: list[tuple[CharacterId | None, Payload | str]] = []
        self._listeners: dict[int, CharacterId] = {}

    # --- what a kind of room overrides ---

    def begin(self) -> None:
        """Make the state of a new room. Nobody is in it yet."""

    def entered(self, player: Player) -> None:
        """Somebody came in, and is in `players`."""

    def left(self, player: Player) -> None:
        """Somebody is not in `players` any more, and others are. A lost line is not told before half a minute."""

    def moved(self, player: Player, move: str) -> str | None:
        """Somebody makes a move, in words. Returns what they alone are told. Raises `Refused`, having changed nothing,
        if the rules are against it."""
        del player, move
        raise BadUsage("Nothing can be done here.")

    def woken(self) -> None:
        """The time of `wake_in` is over."""

    def state(self) -> Mapping[str, Any]:
        """All that everybody may know: values JSON has. It is told to who enters, and when it is another."""
        return {}

    # --- what a kind of room may do ---

    def say(self, text: str, *, to: Player | None = None) -> None:
        """A line for everybody in the lobby to read, or for one player, whatever client they have."""
        self._send(to, " ".join(_readable(text).splitlines()))

    def tell(self, what: str, /, *, to: Player | None = None, **data: Any) -> None:
        """Tell programs what happens (`lobby_play_event`): everybody, or one player, if they are there."""
        self._send(to, LobbyPlayEvent(self.lobby.type_name, _readable(what), json.loads(_written(data))))

    def wake_in(self, seconds: float | None) -> None:
        """Have `woken` called then, to within a second or so, instead of when it was to be called; None: not at all."""
        if seconds is not None and not (isfinite(seconds) and seconds >= 0):
            raise ValueError(f"{seconds} seconds are no time")
        self._due = None if seconds is None else self._now() + seconds

    def _send(self, to: Player | None, sending: Payload | str) -> None:
        if len(self._sendings) >= MOST_SENDINGS:
            raise ValueError(f"a room says at most {MOST_SENDINGS} things at once")
        listener = None if to is None else self._listeners.get(to.number)
        if to is None or listener is not None:
            self._sendings.append((listener, sending))


@dataclass(slots=True)
class _Running:
    """A room that somebody is in."""

    room: GameRoom[Lobby]
    now: tuple[str, float | None] = ("", None)  # the state, and when it wakes
    told: tuple[str, float | None] = ("", None)  # as everybody knows it
    is_broken: bool = False


class GameRooms(RoomHandler):
    """Keeps the rooms of one kind."""

    def __init__(self, services: Services, kind: type[GameRoom[Any]]) -> None:
        super().__init__(services)
        self._kind = kind
        self._rooms: dict[int, _Running] = {}

    # --- what happens in the lobbies ---

    def entered(self, lobby: Lobby, occupant: Occupant) -> None:
        """Take in a player. Hidden people only watch."""
        if occupant.visitor.hidden:
            return
        running = self._rooms.get(lobby.room_id)
        if running is None or not running.room.players:
            running = self._begin(lobby)
        room, player = running.room, _player(occupant)
        room.players.append(player)
        room._listeners[player.number] = occupant.visitor.listener
        self._call(running, lobby, lambda: room.entered(player))

    def leaving(self, lobby: Lobby, occupant: Occupant) -> None:
        """Let a player go; the last one ends the game."""
        running = self._rooms.get(lobby.room_id)
        if running is None or running.room._listeners.pop(occupant.number, None) is None:
            return
        room = running.room
        player = next(one for one in room.players if one.number == occupant.number)
        room.players.remove(player)
        if room.players:
            self._call(running, lobby, lambda: room.left(player))
        else:
            del self._rooms[lobby.room_id]

    def shown(self, lobby: Lobby, occupant: Occupant) -> None:
        """Tell how it stands to who came, or came back."""
        running = self._rooms.get(lobby.room_id)
        if running is not None and not running.is_broken:
            self.services.lobbies.tell_play(lobby.room_id, self._state(running), occupant.visitor.listener)

    async def moved(self, lobby: Lobby, occupant: Occupant, move: str) -> str:
        """Have a move made. Raises Unavailable if the room is out of order, and what the rules refuse."""
        running = self._rooms.get(lobby.room_id)
        if running is None or occupant.number not in running.room._listeners:
            raise PermissionDenied("Who is not seen here cannot play.")
        room = running.room
        player = next(one for one in room.players if one.number == occupant.number)
        answer = self._call(running, lobby, lambda: _answer(room.moved(player, move)), may_refuse=True)
        if answer is None:
            raise Unavailable(f"{lobby.name} is out of order.", hint="It begins anew when everybody has left.")
        return answer

    async def tick(self, lobby: Lobby) -> None:
        """Wake the room, if it is time."""
        running = self._rooms.get(lobby.room_id)
        if running is None:
            return
        room = running.room
        if room._due is not None and room._due <= self.services.clock.monotonic():
            room._due = None
            self._call(running, lobby, room.woken)

    # --- between a room and all else ---

    def _begin(self, lobby: Lobby) -> _Running:
        there = {one.room_id for one in self.services.lobbies.lobbies()}  # a lobby may have been closed with all in it
        self._rooms = {room_id: one for room_id, one in self._rooms.items() if room_id in there}
        running = self._rooms[lobby.room_id] = _Running(self._kind(lobby, self.services.clock.monotonic))
        self._call(running, lobby, running.room.begin)
        return running

    def _call(self, running: _Running, lobby: Lobby, method: Callable[[], R], *, may_refuse: bool = False) -> R | None:
        """Call a method of a room and tell what comes of it; None if the room is out of order."""
        if running.is_broken:
            return None
        room = running.room
        room.lobby = lobby
        room._sendings.clear()
        try:
            answer = method()
            running.now = (_written(room.state()), room._due)
        except Exception as error:  # of a plug-in: only its room is to suffer
            if may_refuse and isinstance(error, Refused) and _is_readable(error):
                raise
            running.is_broken = True
            log.exception("a game room is out of order", extra={"room": lobby.room_id, "type": lobby.type_name})
            self.services.lobbies.line(lobby.room_id, FAILED)
            return None
        sendings, room._sendings = room._sendings, []
        for listener, sending in sendings:
            self.services.lobbies.tell_play(lobby.room_id, sending, listener)
        if running.now != running.told:
            running.told = running.now
            self.services.lobbies.tell_play(lobby.room_id, self._state(running))
        return answer

    def _state(self, running: _Running) -> LobbyPlayState:
        text, due = running.told
        left = None if due is None else round(max(0.0, due - self.services.clock.monotonic()), 1)
        return LobbyPlayState(running.room.lobby.type_name, json.loads(text), left)


def _player(occupant: Occupant) -> Player:
    return Player(occupant.number, plain(occupant.name))


def _answer(given: str | None) -> str:
    if given is not None and not isinstance(given, str):
        raise TypeError(f"a move is answered with text, not {type(given).__name__}")
    return _readable((given or "")[:LONGEST_TEXT])


def _readable(text: str) -> str:
    """`text`, if it is a line that every client can read. Raises TypeError and ValueError if it is not."""
    if not isinstance(text, str):
        raise TypeError(f"words are text, not {type(text).__name__}")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a line has at most {LONGEST_TEXT} characters")
    text.encode()  # half a character is none
    return text


def _is_readable(refused: Refused) -> bool:
    try:
        f"{refused.message}{refused.hint}".encode()
    except UnicodeError:
        return False
    return True


def _written(data: Mapping[str, Any]) -> str:
    """As JSON that every client can read. Raises ValueError and TypeError for what it cannot."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(text.encode()) > LONGEST_STATE:
        raise ValueError(f"more than {LONGEST_STATE} bytes of JSON")
    _check(data, DEEPEST)
    return text


def _check(value: Any, depth: int) -> None:
    if isinstance(value, int) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise ValueError(f"a number above {LARGEST_NUMBER}")
    if isinstance(value, (Mapping, list, tuple)):
        if not depth:
            raise ValueError(f"values within values, more than {DEEPEST} deep")
        for one in value.values() if isinstance(value, Mapping) else value:
            _check(one, depth - 1)

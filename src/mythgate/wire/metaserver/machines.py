"""What is legal when: the log-in and the room connection as tables, and how long silence may last.

A door asks `login_reaction` or `room_reaction` what to do with a packet, does it, and tells its `Machine`
what came of it.

    log-in connection                            room connection

    OPEN ── keys ──> KEYED                       OPEN ── keys ──> KEYED
      │ challenged     │                           │ logged in      │
      └────────┬───────┘                           └────────┬───────┘
           CHALLENGED ─┐ again                          LOGGED_IN
               │ admitted (guests without a challenge)      │ entered
           ADMITTED                                      ACTIVE <──> DEAF   (in a game)
               │ rooms told
             DONE                                CLOSED can follow on every state

OPEN takes the key exchange or the first packet, as one port serves all families: who begins with 203 gets
203 back and is encrypted from there on. Somebody who says nothing for `KEY_OFFER_AFTER` is sent a key first,
since some builds of Myth II 1.8 may wait for it. Aleph One must never be sent one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final, Generic, TypeVar

from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import KINDS, Direction, StatusCode

# --- reactions -------------------------------------------------------------------------------------


class Verdict(Enum):
    """What becomes of a packet."""

    TAKE = auto()
    """It is legal: handle it."""
    ENTER_FIRST = auto()
    """It is legal, but the player has sent no looks yet: complete the entry with those on file, then handle it."""
    IGNORE = auto()
    """It counts as a sign of life and nothing more."""
    REFUSE = auto()
    """It is not legal now: say `code`, and close if the reaction `closes`."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a server does about a packet."""

    verdict: Verdict
    code: StatusCode | None = None
    closes: bool = False


TAKE: Final = Reaction(Verdict.TAKE)
ENTER_FIRST: Final = Reaction(Verdict.ENTER_FIRST)
IGNORE: Final = Reaction(Verdict.IGNORE)
SYNTAX_ERROR: Final = Reaction(Verdict.REFUSE, StatusCode.SYNTAX_ERROR, closes=True)
NOT_LOGGED_IN: Final = Reaction(Verdict.REFUSE, StatusCode.NOT_LOGGED_IN, closes=True)
NOT_LOGGED_IN_STAY: Final = Reaction(Verdict.REFUSE, StatusCode.NOT_LOGGED_IN)
ALREADY_LOGGED_IN: Final = Reaction(Verdict.REFUSE, StatusCode.ALREADY_LOGGED_IN, closes=True)
SAY_LOGGED_IN: Final = Reaction(Verdict.REFUSE, StatusCode.LOGGED_IN)
"""What the Bungie server answers to a second log-in of a legacy client, which goes on as before."""

_FROM_CLIENTS: Final = frozenset(kind.packet_type for kind in KINDS if Direction.TO_SERVER in kind.directions)
_KEEPALIVE: Final = 202
_LOGOUT: Final = 102


# --- log-in connection -----------------------------------------------------------------------------


class LoginState(Enum):
    """Where a log-in connection stands."""

    OPEN = auto()
    KEYED = auto()
    CHALLENGED = auto()
    ADMITTED = auto()
    DONE = auto()
    CLOSED = auto()


class LoginEvent(Enum):
    """What happens on a log-in connection."""

    KEYS_EXCHANGED = auto()
    PASSWORD_ASKED = auto()
    PLAYER_ADMITTED = auto()
    ROOMS_TOLD = auto()
    CONNECTION_CLOSED = auto()


LOGIN_TRANSITIONS: Final[Mapping[tuple[LoginState, LoginEvent], LoginState]] = {
    (LoginState.OPEN, LoginEvent.KEYS_EXCHANGED): LoginState.KEYED,
    (LoginState.OPEN, LoginEvent.PASSWORD_ASKED): LoginState.CHALLENGED,
    (LoginState.OPEN, LoginEvent.PLAYER_ADMITTED): LoginState.ADMITTED,  # a guest
    (LoginState.KEYED, LoginEvent.PASSWORD_ASKED): LoginState.CHALLENGED,
    (LoginState.KEYED, LoginEvent.PLAYER_ADMITTED): LoginState.ADMITTED,  # a guest
    (LoginState.CHALLENGED, LoginEvent.PASSWORD_ASKED): LoginState.CHALLENGED,
    (LoginState.CHALLENGED, LoginEvent.PLAYER_ADMITTED): LoginState.ADMITTED,
    (LoginState.ADMITTED, LoginEvent.ROOMS_TOLD): LoginState.DONE,
} | {(state, LoginEvent.CONNECTION_CLOSED): LoginState.CLOSED for state in LoginState}

LOGIN_LEGAL: Final[Mapping[LoginState, frozenset[int]]] = {
    LoginState.OPEN: frozenset({203, 100}),
    LoginState.KEYED: frozenset({100}),
    LoginState.CHALLENGED: frozenset({109, 100}),  # 100 again: the challenge again
    LoginState.ADMITTED: frozenset({115}),
    LoginState.DONE: frozenset({122}),  # Aleph One asks for remote hubs
    LoginState.CLOSED: frozenset(),
}


def login_reaction(state: LoginState, packet_type: int) -> Reaction:
    """What to do about a packet on a log-in connection."""
    if state is LoginState.CLOSED or packet_type == _KEEPALIVE:
        return IGNORE
    if packet_type in LOGIN_LEGAL[state] or packet_type == _LOGOUT:
        return TAKE
    return SYNTAX_ERROR if packet_type in _FROM_CLIENTS else IGNORE


ALEPHONE_BEFORE_ACCEPT: Final = frozenset({3, 6, 12})
"""All that may be sent to Aleph One between its 100 and our 12, not even a keepalive: the client takes
exactly one of these and gives up at anything else."""


# --- room connection -------------------------------------------------------------------------------


class RoomState(Enum):
    """Where a room connection stands."""

    OPEN = auto()
    KEYED = auto()
    LOGGED_IN = auto()
    ACTIVE = auto()
    DEAF = auto()
    CLOSED = auto()


class RoomEvent(Enum):
    """What happens on a room connection."""

    KEYS_EXCHANGED = auto()
    TOKEN_ACCEPTED = auto()
    ROOM_ENTERED = auto()
    WENT_DEAF = auto()
    LISTENS_AGAIN = auto()
    CONNECTION_CLOSED = auto()


ROOM_TRANSITIONS: Final[Mapping[tuple[RoomState, RoomEvent], RoomState]] = {
    (RoomState.OPEN, RoomEvent.KEYS_EXCHANGED): RoomState.KEYED,
    (RoomState.OPEN, RoomEvent.TOKEN_ACCEPTED): RoomState.LOGGED_IN,
    (RoomState.KEYED, RoomEvent.TOKEN_ACCEPTED): RoomState.LOGGED_IN,
    (RoomState.LOGGED_IN, RoomEvent.ROOM_ENTERED): RoomState.ACTIVE,
    (RoomState.ACTIVE, RoomEvent.WENT_DEAF): RoomState.DEAF,
    (RoomState.ACTIVE, RoomEvent.LISTENS_AGAIN): RoomState.ACTIVE,
    (RoomState.DEAF, RoomEvent.WENT_DEAF): RoomState.DEAF,
    (RoomState.DEAF, RoomEvent.LISTENS_AGAIN): RoomState.ACTIVE,
} | {(state, RoomEvent.CONNECTION_CLOSED): RoomState.CLOSED for state in RoomState}

_LOGIN_ONLY: Final = frozenset({100, 109, 115, 203})
_OBSOLETE: Final = frozenset({106, 108})
_RECORDING: Final = frozenset({204, 205, 206})
_QUESTIONS: Final = frozenset({116, 117, 118, 119, 120, 121})  # Aleph One would not understand the answers
_IN_ROOM: Final = _FROM_CLIENTS - _LOGIN_ONLY - _OBSOLETE - {101, _KEEPALIVE}

ROOM_LEGAL: Final[Mapping[Family, frozenset[int]]] = {
    # 122 is its question for hubs, which belongs on the log-in connection.
    Family.ALEPHONE: _IN_ROOM - _RECORDING - _QUESTIONS - {122},
    Family.MYTH: _IN_ROOM - _RECORDING,
    Family.MYTH2_18: _IN_ROOM,
}
"""What is taken from a player in the room. What others may send is ignored: clients gain features."""

_LEGACY_ANSWERED: Final = frozenset({103, 104, 105, 107, 113, 200, 201})


def room_reaction(family: Family, state: RoomState, packet_type: int) -> Reaction:
    """What to do about a packet on a room connection. Before the log-in `family` is a guess."""
    if state is RoomState.CLOSED or packet_type == _KEEPALIVE or packet_type not in _FROM_CLIENTS:
        return IGNORE
    if state in {RoomState.OPEN, RoomState.KEYED}:
        return _before_login(family, state, packet_type)
    if packet_type == 101:
        return SAY_LOGGED_IN if family is Family.MYTH else ALREADY_LOGGED_IN
    if packet_type in _LOGIN_ONLY:
        return SYNTAX_ERROR
    if packet_type not in ROOM_LEGAL[family]:
        return IGNORE
    if state is RoomState.LOGGED_IN and packet_type not in {103, _LOGOUT}:
        return NOT_LOGGED_IN if family is Family.ALEPHONE else ENTER_FIRST
    return TAKE


def _before_login(family: Family, state: RoomState, packet_type: int) -> Reaction:
    if packet_type == 101 or (packet_type == 203 and state is RoomState.OPEN):
        return TAKE
    if family is not Family.MYTH or packet_type == _LOGOUT:
        return NOT_LOGGED_IN
    if packet_type in _LOGIN_ONLY:
        return SYNTAX_ERROR
    return NOT_LOGGED_IN_STAY if packet_type in _LEGACY_ANSWERED else IGNORE  # as the Bungie server did


SENT_TO_DEAF: Final[Mapping[Family, frozenset[int]]] = {
    Family.ALEPHONE: frozenset({3, 10, 202}),  # it goes on answering pings during a game
    Family.MYTH: frozenset({3, 21}),
    Family.MYTH2_18: frozenset({3, 21, 22}),  # a proxy's joiners come while the host is in its game
}
"""What reaches a player in a game: nothing about the room, who is in it or what is said there."""


# --- machine ---------------------------------------------------------------------------------------

S = TypeVar("S")
E = TypeVar("E")


class Machine(Generic[S, E]):
    """The state of one connection; only `apply` changes it."""

    __slots__ = ("_transitions", "state")

    def __init__(self, start: S, transitions: Mapping[tuple[S, E], S]) -> None:
        self.state = start
        self._transitions = transitions

    def apply(self, event: E) -> S:
        """The state after `event`. Raises ValueError if that cannot happen now, which is a mistake of the caller."""
        try:
            self.state = self._transitions[self.state, event]
        except KeyError:
            raise ValueError(f"{event} cannot happen in {self.state}.") from None
        return self.state


def login_machine() -> Machine[LoginState, LoginEvent]:
    """A log-in connection that was just accepted."""
    return Machine(LoginState.OPEN, LOGIN_TRANSITIONS)


def room_machine() -> Machine[RoomState, RoomEvent]:
    """A room connection that was just accepted."""
    return Machine(RoomState.OPEN, ROOM_TRANSITIONS)


# --- silence ---------------------------------------------------------------------------------------

KEY_OFFER_AFTER: Final = timedelta(seconds=1.5)
"""Silence on a new connection after which we send our key unasked."""


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """How silence in a room is treated. Every packet ends it; on log-in connections nothing is pinged."""

    ping_after: timedelta
    drop_after: timedelta
    deaf_ping_after: timedelta | None
    """None: deaf players are not pinged."""
    deaf_drop_after: timedelta


KEEP_ALIVE: Final[Mapping[Family, KeepAlive]] = {
    Family.ALEPHONE: KeepAlive(  # answers pings in games, too
        ping_after=timedelta(seconds=30),
        drop_after=timedelta(seconds=90),
        deaf_ping_after=timedelta(seconds=30),
        deaf_drop_after=timedelta(seconds=90),
    ),
    Family.MYTH: KeepAlive(
        ping_after=timedelta(seconds=30),
        drop_after=timedelta(seconds=90),
        deaf_ping_after=None,
        deaf_drop_after=timedelta(minutes=7),
    ),
    Family.MYTH2_18: KeepAlive(  # speaks up by itself every 3 minutes, in games only
        ping_after=timedelta(minutes=3),
        drop_after=timedelta(minutes=10),
        deaf_ping_after=None,
        deaf_drop_after=timedelta(minutes=10),
    ),
}


# --- what a message says ---------------------------------------------------------------------------

STATUS_TEXTS: Final[Mapping[StatusCode, str]] = {
    StatusCode.SYNTAX_ERROR: "The server did not understand your client.",
    StatusCode.GAME_NOT_ALLOWED: "This game is not played here.",
    StatusCode.WRONG_GAME_VERSION: "Your version of the game is too old for this server.",
    StatusCode.BAD_USER_OR_PASSWORD: "This name and password do not match.",
    StatusCode.NOT_LOGGED_IN: "You are not logged in.",
    StatusCode.BAD_METASERVER_VERSION: "Your client speaks another version of the protocol.",
    StatusCode.ALREADY_LOGGED_IN: "You have logged in from another place.",
    StatusCode.UNKNOWN_GAME_TYPE: "This server does not know your game.",
    StatusCode.LOGGED_IN: "You are logged in.",
    StatusCode.LOGGED_OUT: "You are logged out.",
    StatusCode.PLAYER_NOT_IN_ROOM: "That player is not in this room.",
    StatusCode.GAME_ALREADY_CREATED: "You already host a game.",
    StatusCode.ACCOUNT_ALREADY_LOGGED_IN: "This account is already in this room.",
    StatusCode.ROOM_FULL: "The room is full.",
    StatusCode.ACCOUNT_LOCKED: "This account is locked.",
    StatusCode.PRODUCT_NOT_SUPPORTED: "This server no longer supports your game.",
    StatusCode.GUESTS_NOT_ALLOWED: "This server takes no guests.",
    StatusCode.GUEST_NAME_TAKEN: "This name belongs to somebody. Give the password, or choose another.",
    StatusCode.ROOM_SHUT_DOWN: "This room was closed.",
}
"""Our wording of each code. Aleph One has words of its own for 3, 6, 12, 13 and 14."""

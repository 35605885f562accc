"""Lobbies: rooms of the metaserver where people of one product family meet, talk and find games.

A lobby belongs to one `Family` of game clients, because games of one family mean nothing to another; the
browser and telnet may enter any. Who may come in is decided here, with a reason a human understands.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, TypeVar

from mythgate.domain.accounts import Role
from mythgate.domain.decisions import Check, refusing
from mythgate.domain.errors import InvalidInput, LobbyClosedToYou, Refused, RoomFull
from mythgate.domain.ids import AccountId, CharacterId, Topic
from mythgate.domain.names import name_key
from mythgate.domain.permissions import Permission, may
from mythgate.domain.styles import plain

ANY_COUNTRY: Final = 0
NO_CASTE: Final = -1  # guests, and everybody where nothing is ranked
MAX_CASTE: Final = 99
DEFAULT_CAPACITY: Final = 32
FIRST_GUEST: Final = 0x3FFFFFFF  # numbers of guests begin here; accounts stay below
LAST_GUEST: Final = 0x7FFFFFFF
NAME_CHARACTERS: Final = 31  # of a lobby, a person, a team
LAST_ROOM: Final = 0x7FFF  # old clients keep 16 bits
LARGEST: Final = 1000
MOTD_CHARACTERS: Final = 1000
LOBBY_TOPICS: Final = "lobby:"  # what the topics of lobbies begin with; a listener is in one at a time
LISTENERS: Final = "lobby:"  # what the listeners of people who are nowhere but in a lobby begin with
LOBBIES_TOPIC: Final = Topic("lobbies")  # how many are where
_GUESTS: Final = "guest:"


class Family(StrEnum):
    """Which games a lobby is for."""

    MARATHON = "marathon"  # Aleph One
    TFL = "tfl"  # Myth: The Fallen Lords
    MYTH = "myth"  # Myth II before 1.8
    MYTH2 = "myth2"  # Myth II 1.8 and later
    MYTH3 = "myth3"


class LobbyKind(StrEnum):
    UNRANKED = "unranked"
    RANKED = "ranked"
    TOURNAMENT = "tournament"


@dataclass(frozen=True, slots=True)
class Lobby:
    """What an operator says about a lobby. `min_caste` and `max_caste` are inclusive, from -1 to 99.

    A type of lobby that says more is a frozen dataclass below this one, with a `type_name` of its own and fields that
    have defaults; see `services.roomtypes`.
    """

    type_name: ClassVar[str] = "standard"

    name: str
    room_id: int
    ranked: bool = False
    country: int = ANY_COUNTRY
    min_caste: int = NO_CASTE
    max_caste: int = MAX_CASTE
    tournament: int = 0  # which tournament it is for; 0: none
    family: Family = Family.MARATHON
    capacity: int = DEFAULT_CAPACITY
    motd: str = ""  # greets everybody
    guest_motd: str = ""  # greets guests besides
    films: bool = False  # takes recordings of games
    films_required: bool = False  # tells clients to send one of every game
    squelched: bool = False  # only the staff talks to all
    temporary: bool = False  # is closed when nobody has been in it for a while
    locked: bool = False  # the staff lets nobody in; who is there stays
    world_chat: bool = False  # what is said in it is heard on the global channel of the world, and the other way round

    @property
    def kind(self) -> LobbyKind:
        if self.tournament:
            return LobbyKind.TOURNAMENT
        return LobbyKind.RANKED if self.ranked else LobbyKind.UNRANKED

    @property
    def takes_films(self) -> bool:
        return self.films or self.films_required

    @property
    def topic(self) -> Topic:
        """What happens in it."""
        return lobby_topic(self.room_id)

    def faults(self) -> Sequence[tuple[str, bool, str]]:
        """What is to be checked: the field, whether it is wrong, what is expected. A type of lobby that says more adds
        its own to those of `Lobby.faults(self)`."""
        return (
            ("name", not self.name.strip() or len(self.name) > NAME_CHARACTERS, f"1 to {NAME_CHARACTERS} characters"),
            ("name", not is_legible(self.name), NAME_RULE),
            ("room_id", not 0 <= self.room_id <= LAST_ROOM, f"a number from 0 to {LAST_ROOM}"),
            ("min_caste", not NO_CASTE <= self.min_caste <= MAX_CASTE, f"a number from {NO_CASTE} to {MAX_CASTE}"),
            ("max_caste", not self.min_caste <= self.max_caste <= MAX_CASTE, f"from the least caste to {MAX_CASTE}"),
            ("country", not 0 <= self.country <= LAST_ROOM, f"a number from 0 to {LAST_ROOM}"),
            ("tournament", not 0 <= self.tournament <= LAST_ROOM, f"a number from 0 to {LAST_ROOM}"),
            ("capacity", not 1 <= self.capacity <= LARGEST, f"a number from 1 to {LARGEST}"),
            ("motd", len(self.motd) > MOTD_CHARACTERS, f"at most {MOTD_CHARACTERS} characters"),
            ("guest_motd", len(self.guest_motd) > MOTD_CHARACTERS, f"at most {MOTD_CHARACTERS} characters"),
        )


NAME_RULE: Final = "something with Latin letters or digits, for clients that know MacRoman only"
_CALLED: Final = MappingProxyType(
    {
        "room_id": "number",
        "min_caste": "least caste",
        "max_caste": "highest caste",
        "motd": "greeting",
        "guest_motd": "greeting for guests",
    }
)


def is_legible(name: str) -> bool:
    """Whether old clients can read something of a name: at least one letter or digit is left of it in MacRoman."""
    left = unicodedata.normalize("NFKD", name).encode("mac_roman", "ignore").decode("mac_roman")
    return any(map(str.isalnum, left))


L = TypeVar("L", bound=Lobby)


def checked(lobby: L) -> L:
    """`lobby`, if it makes sense. Raises InvalidInput that names the field."""
    for field_name, is_wrong, expected in lobby.faults():
        if is_wrong:
            called = _CALLED.get(field_name, field_name.replace("_", " "))
            raise InvalidInput(f"The {called} of a lobby is {expected}.", field=field_name)
    return lobby


def lobby_topic(room_id: int) -> Topic:
    """What happens in one lobby."""
    return Topic(f"{LOBBY_TOPICS}{room_id}")


def lobby_listener(number: int) -> CharacterId:
    """What `Realtime` knows somebody by who is nowhere but in a lobby."""
    return CharacterId(f"{LISTENERS}{number}")


@dataclass(frozen=True, slots=True)
class Colour:
    """16 bits a part, as the old clients have it."""

    red: int = 0
    green: int = 0
    blue: int = 0


@dataclass(frozen=True, slots=True)
class Looks:
    """How somebody wants to be shown. `name` and `team` may hold style codes (`|b`, `|i`, …)."""

    name: str
    team: str = ""
    icon: int = 0
    primary: Colour = Colour()
    secondary: Colour = Colour()
    opaque: bytes = b""  # what a family's own clients tell each other and we only pass on


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who wants to enter, through whatever door.

    `number` is what integer-only clients know them by: the account's number, or one from `FIRST_GUEST` on.
    `listener` is what `Realtime` knows them by; a person in the text world is their character.
    """

    listener: CharacterId
    number: int
    name: str  # of the account; "Guest" for a guest
    looks: Looks
    door: str  # "metaserver", "http", "telnet"
    client: str  # "Aleph One", "Myth II 1.8", "browser", …
    account_id: AccountId | None = None  # None: a guest of the old clients
    family: Family | None = None  # None: any lobby will do
    role: Role = Role.PLAYER
    caste: int = NO_CASTE
    country: int = ANY_COUNTRY
    clan: int = 0
    tournaments: frozenset[int] = frozenset()  # whose member they are
    hidden: bool = False
    address: str = ""
    build: str = ""
    has_guest_account: bool = False  # the account is one that guests of the browser get
    badge: bool = True  # whether staff is shown as such

    @property
    def shown_role(self) -> Role:
        """As others see it."""
        return self.role if self.badge else Role.PLAYER

    @property
    def is_guest(self) -> bool:
        return self.account_id is None or self.has_guest_account

    @property
    def is_character(self) -> bool:
        """Whether the listener is a character of the text world, who goes on listening outside of lobbies."""
        return not self.listener.startswith(LISTENERS)

    @property
    def sender(self) -> AccountId:
        """What others ignore them by."""
        return self.account_id if self.account_id is not None else guest_sender(self.number)


def guest_sender(number: int) -> AccountId:
    """What a guest of the old clients is ignored by: no account has such an id."""
    return AccountId(f"{_GUESTS}{number}")


def is_guest_sender(sender: AccountId) -> bool:
    """Whether it is what a guest of the old clients is ignored by."""
    return sender.startswith(_GUESTS)


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody in a lobby: an immutable snapshot, replaced when anything changes."""

    visitor: Visitor
    room_id: int
    since: float  # monotonic
    looks: Looks
    away: bool = False
    afk_text: str = ""
    in_game: bool = False  # the client listens to nothing ("deaf")
    ignored: frozenset[int] = field(default_factory=frozenset)

    @property
    def number(self) -> int:
        return self.visitor.number

    @property
    def name(self) -> str:
        """As shown, style codes and all."""
        return self.looks.name


class Barrier(StrEnum):
    """Why somebody may not enter a lobby, in the order in which it is looked at."""

    BANNED = "banned"
    FAMILY = "family"
    GUESTS = "guests"
    CLOSED = "closed"
    FULL = "full"
    GUEST = "guest"
    CASTE = "caste"
    COUNTRY = "country"
    TOURNAMENT = "tournament"


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody at the door of a lobby. `occupants` is how many others are in it; None: that is not known."""

    lobby: Lobby
    visitor: Visitor
    occupants: int | None
    admits_guests: bool = True  # the server does
    banned: str = ""  # what the staff has against them, in words for them

    @property
    def is_watched(self) -> bool:
        """Whether more is asked of them than which games their client plays: of the staff it is not."""
        return not may(self.visitor.role, Permission.RUN_ROOMS)


def _closed(words: Callable[[Entry], str]) -> Callable[[Entry], Refused]:
    return lambda entry: LobbyClosedToYou(words(entry), hint="Try another lobby.")


def _no_place(entry: Entry) -> Refused:
    words = f"{entry.lobby.name} is full: {entry.occupants} of {entry.lobby.capacity} are in it."
    return RoomFull(words, hint="Try another lobby, or come back later.")


def _set(option: str) -> Callable[[Entry], str]:
    return lambda entry: f"mythgate lobby set {entry.lobby.room_id} {option}"


ENTRY_CHECKS: Final[Sequence[Check[Entry]]] = (
    Check(
        Barrier.BANNED,
        holds=lambda entry: not entry.banned,
        refusal=lambda entry: LobbyClosedToYou(entry.banned, hint="Others may be open to you."),
        found=lambda entry: "a ban" if entry.banned else "no ban",
        needed=lambda _: "no ban",
        remedy=lambda _: "mythgate moderation measures   (lift it: mythgate moderation lift NUMBER)",
    ),
    Check(
        Barrier.FAMILY,
        holds=lambda entry: entry.visitor.family in (None, entry.lobby.family),
        refusal=_closed(
            lambda entry: (
                f"{entry.lobby.name} is for players of {entry.lobby.family}; this client is for {entry.visitor.family}."
            )
        ),
        found=lambda entry: f"the client is for {entry.visitor.family or 'any game'}",
        needed=lambda entry: f"a client for {entry.lobby.family}",
        remedy=lambda entry: f"mythgate lobby add NUMBER NAME --family {entry.visitor.family}",
    ),
    Check(
        Barrier.GUESTS,
        asked=lambda entry: entry.is_watched,
        holds=lambda entry: entry.admits_guests or not entry.visitor.is_guest,
        refusal=_closed(lambda _: "This server takes no guests; sign up to play here."),
        found=lambda entry: _standing(entry.visitor),
        needed=lambda entry: "anybody" if entry.admits_guests else "an account: this server takes no guests",
        remedy=lambda _: "set sessions.guests = true, or: mythgate user create NAME",
    ),
    Check(
        Barrier.CLOSED,
        asked=lambda entry: entry.is_watched,
        holds=lambda entry: not entry.lobby.locked,
        refusal=_closed(lambda entry: f"{entry.lobby.name} is locked; the staff lets nobody in for now."),
        found=lambda entry: "it is locked" if entry.lobby.locked else "it is not locked",
        needed=lambda _: "an open lobby",
        remedy=_set("--unlocked"),
    ),
    Check(
        Barrier.FULL,
        asked=lambda entry: entry.is_watched,
        holds=lambda entry: None if entry.occupants is None else entry.occupants < entry.lobby.capacity,
        refusal=_no_place,
        found=lambda entry: (
            "who is in it only the running server knows"
            if entry.occupants is None
            else f"{entry.occupants} of {entry.lobby.capacity} are in it"
        ),
        needed=lambda entry: f"fewer than {entry.lobby.capacity}",
        remedy=lambda entry: f"mythgate lobby set {entry.lobby.room_id} --capacity {entry.lobby.capacity + 8}",
    ),
    Check(
        Barrier.GUEST,
        asked=lambda entry: entry.is_watched,
        holds=lambda entry: not entry.visitor.is_guest or entry.lobby.kind is LobbyKind.UNRANKED,
        refusal=_closed(
            lambda entry: f"{entry.lobby.name} is {entry.lobby.kind}, and guests have no rank; sign up to play there."
        ),
        found=lambda entry: _standing(entry.visitor),
        needed=lambda entry: (
            "anybody" if entry.lobby.kind is LobbyKind.UNRANKED else f"an account: it is {entry.lobby.kind}"
        ),
        remedy=lambda entry: _set("--unranked")(entry) if not entry.lobby.tournament else _set("--tournament 0")(entry),
    ),
    Check(
        Barrier.CASTE,
        asked=lambda entry: (
            entry.is_watched and not (entry.visitor.is_guest and entry.lobby.kind is not LobbyKind.UNRANKED)
        ),
        holds=lambda entry: entry.lobby.min_caste <= entry.visitor.caste <= entry.lobby.max_caste,
        refusal=_closed(
            lambda entry: (
                f"{entry.lobby.name} takes castes {entry.lobby.min_caste} to {entry.lobby.max_caste}; "
                f"this player's is {entry.visitor.caste}."
            )
        ),
        found=lambda entry: f"caste {entry.visitor.caste}",
        needed=lambda entry: f"{entry.lobby.min_caste} to {entry.lobby.max_caste}",
        remedy=lambda entry: (
            _set(f"--min-caste {entry.visitor.caste}")(entry)
            if entry.visitor.caste < entry.lobby.min_caste
            else _set(f"--max-caste {entry.visitor.caste}")(entry)
        ),
    ),
    Check(
        Barrier.COUNTRY,
        asked=lambda entry: entry.is_watched,
        holds=lambda entry: entry.lobby.country in (ANY_COUNTRY, entry.visitor.country),
        refusal=_closed(
            lambda entry: (
                f"{entry.lobby.name} is for country {entry.lobby.country}; this player's is {entry.visitor.country}."
            )
        ),
        found=lambda entry: f"country {entry.visitor.country or 'unknown'}",
        needed=lambda entry: f"country {entry.lobby.country}" if entry.lobby.country else "any country",
        remedy=_set("--country 0"),
    ),
    Check(
        Barrier.TOURNAMENT,
        asked=lambda entry: entry.is_watched and not may(entry.visitor.role, Permission.RUN_TOURNAMENTS),
        holds=lambda entry: not entry.lobby.tournament or entry.lobby.tournament in entry.visitor.tournaments,
        refusal=_closed(lambda entry: f"{entry.lobby.name} is for members of tournament {entry.lobby.tournament}."),
        found=lambda entry: (
            f"takes part in {', '.join(map(str, sorted(entry.visitor.tournaments)))}"
            if entry.visitor.tournaments
            else "takes part in no tournament"
        ),
        needed=lambda entry: (
            f"a member of tournament {entry.lobby.tournament}" if entry.lobby.tournament else "no tournament"
        ),
        remedy=_set("--tournament 0"),
    ),
)
"""All that is asked before somebody is let into a lobby. Who decides and who tells why walk the same list."""


def _standing(visitor: Visitor) -> str:
    return "a guest" if visitor.is_guest else "has an account"


def barriers(
    lobby: Lobby, visitor: Visitor, occupants: int, *, admits_guests: bool = True
) -> Sequence[tuple[Barrier, str]]:
    """All that keeps `visitor` out of `lobby`, each with words for a human; nothing if they may enter.

    Moderators are kept out by nothing but a family that their client does not speak.
    """
    entry = Entry(lobby, visitor, occupants, admits_guests)
    return [(Barrier(check.name), check.refusal(entry).message) for check in refusing(ENTRY_CHECKS, entry)]


def refusal_of(entry: Entry) -> Refused | None:
    """What whoever is kept out reads, all that is against them in one: RoomFull if there is merely no place; None if
    they may come in."""
    found = [check.refusal(entry) for check in refusing(ENTRY_CHECKS, entry)]
    if len(found) < 2 or entry.banned:
        return found[0] if found else None
    return LobbyClosedToYou(" ".join(refusal.message for refusal in found), hint="Try another lobby.")


_PASSING: Final = frozenset({Barrier.FULL, Barrier.CLOSED})


def listed_for(lobbies: Sequence[Lobby], visitor: Visitor, limit: int = 24) -> list[Lobby]:
    """The lobbies a client is shown, as old clients expect them: only what they may enter, now or when it is neither
    full nor locked any more."""
    shown = [
        lobby for lobby in lobbies if all(barrier in _PASSING for barrier, _ in barriers(lobby, visitor, occupants=0))
    ]
    shown.sort(key=lambda one: (-one.country, not one.tournament, -one.min_caste, -one.room_id))
    return shown[:limit]


class Attendance:
    """Who is in which lobby, in the order they came. A listener, and a number, is in one lobby at most."""

    def __init__(self) -> None:
        self._where: dict[CharacterId, int] = {}
        self._listeners: dict[int, CharacterId] = {}  # by number
        self._lobbies: dict[int, dict[CharacterId, Occupant]] = {}
        self._keys: dict[CharacterId, str] = {}  # of the shown names
        self._called: dict[str, set[int]] = {}  # numbers by such a key

    def __len__(self) -> int:
        return len(self._where)

    def add(self, occupant: Occupant) -> None:
        """Raises ValueError if the listener or the number is in a lobby already."""
        listener = occupant.visitor.listener
        if listener in self._where or occupant.number in self._listeners:
            raise ValueError(f"{listener} or number {occupant.number} is in a lobby already")
        self._where[listener] = occupant.room_id
        self._listeners[occupant.number] = listener
        self._lobbies.setdefault(occupant.room_id, {})[listener] = occupant
        self._name(occupant)

    def remove(self, listener: CharacterId) -> Occupant | None:
        """Who left, as they were; None if the listener was in no lobby."""
        room_id = self._where.pop(listener, None)
        if room_id is None:
            return None
        others = self._lobbies[room_id]
        occupant = others.pop(listener)
        if not others:
            del self._lobbies[room_id]
        del self._listeners[occupant.number]
        self._forget_name(occupant)
        return occupant

    def replace(self, occupant: Occupant) -> None:
        """Somebody who is there changed; their place in the order stays."""
        others, listener = self._lobbies[occupant.room_id], occupant.visitor.listener
        if others[listener].name != occupant.name:
            self._forget_name(occupant)
            self._name(occupant)
        others[listener] = occupant

    def _name(self, occupant: Occupant) -> None:
        key = self._keys[occupant.visitor.listener] = name_key(plain(occupant.name))
        self._called.setdefault(key, set()).add(occupant.number)

    def _forget_name(self, occupant: Occupant) -> None:
        key = self._keys.pop(occupant.visitor.listener)
        numbers = self._called[key]
        numbers.discard(occupant.number)
        if not numbers:
            del self._called[key]

    def called(self, name: str) -> frozenset[int]:
        """The numbers of those whose shown name looks like `name`."""
        return frozenset(self._called.get(name_key(plain(name)), ()))

    def get(self, listener: CharacterId) -> Occupant | None:
        room_id = self._where.get(listener)
        return self._lobbies[room_id][listener] if room_id is not None else None

    def by_number(self, number: int) -> Occupant | None:
        listener = self._listeners.get(number)
        return self.get(listener) if listener is not None else None

    def within(self, room_id: int) -> Collection[Occupant]:
        """Those in one lobby, by arrival; do not keep it."""
        others = self._lobbies.get(room_id)
        return others.values() if others is not None else ()

    def all(self) -> list[Occupant]:
        return [occupant for others in self._lobbies.values() for occupant in others.values()]

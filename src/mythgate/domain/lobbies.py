"""Lobbies: rooms of the metaserver where people of one product family meet, talk and find games.

A lobby belongs to one `Family` of game clients, because games of one family mean nothing to another; the
browser and telnet may enter any. Who may come in is decided here, with a reason a human understands.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, TypeVar

from mythgate.domain.accounts import Role
from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId, CharacterId, Topic
from mythgate.domain.names import name_key
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
    """Why somebody may not enter a lobby."""

    FULL = "full"
    FAMILY = "family"
    CASTE = "caste"
    COUNTRY = "country"
    TOURNAMENT = "tournament"
    GUEST = "guest"
    CLOSED = "closed"


def barriers(lobby: Lobby, visitor: Visitor, occupants: int) -> Sequence[tuple[Barrier, str]]:
    """All that keeps `visitor` out of `lobby`, each with words for a human; nothing if they may enter.

    Moderators are kept out by nothing but a family that their client does not speak.
    """
    found: list[tuple[Barrier, str]] = []
    if visitor.family is not None and visitor.family is not lobby.family:
        found.append(
            (Barrier.FAMILY, f"{lobby.name} is for players of {lobby.family}; this client is for {visitor.family}.")
        )
    if visitor.role.includes(Role.MODERATOR):
        return found
    if lobby.locked:
        found.append((Barrier.CLOSED, f"{lobby.name} is locked; the staff lets nobody in for now."))
    if occupants >= lobby.capacity:
        found.append((Barrier.FULL, f"{lobby.name} is full: {occupants} of {lobby.capacity} are in it."))
    if visitor.is_guest and lobby.kind is not LobbyKind.UNRANKED:
        found.append((Barrier.GUEST, f"{lobby.name} is {lobby.kind}, and guests have no rank; sign up to play there."))
    elif not lobby.min_caste <= visitor.caste <= lobby.max_caste:
        bounds = f"{lobby.min_caste} to {lobby.max_caste}"
        found.append((Barrier.CASTE, f"{lobby.name} takes castes {bounds}; this player's is {visitor.caste}."))
    if lobby.country not in (ANY_COUNTRY, visitor.country):
        found.append(
            (Barrier.COUNTRY, f"{lobby.name} is for country {lobby.country}; this player's is {visitor.country}.")
        )
    if lobby.tournament and lobby.tournament not in visitor.tournaments:
        found.append((Barrier.TOURNAMENT, f"{lobby.name} is for members of tournament {lobby.tournament}."))
    return found


_PASSING: Final = frozenset({Barrier.FULL, Barrier.CLOSED})


def listed_for(lobbies: Sequence[Lobby], visitor: Visitor, limit: int = 24) -> list[Lobby]:
    """The lobbies a client is shown, as old clients expect them: only what they may enter, now or when it is neither
    full nor locked any more."""
    shown = [
        lobby for lobby in lobbies if all(barrier in _PASSING for barrier, _ in barriers(lobby, visitor, occupants=0))
    ]
    shown.sort(key=lambda one: (-one.country, not one.tournament, -one.min_caste, -one.room_id))
    return shown[:limit]


def decision(lobby: Lobby, visitor: Visitor, occupants: int) -> list[tuple[Barrier, bool, str]]:
    """How it is decided whether `visitor` may enter, step by step: what was looked at, whether it lets them in, why."""
    found = dict(barriers(lobby, visitor, occupants))
    steps = []
    for barrier, met in (
        (Barrier.FAMILY, f"the lobby is for {lobby.family}, the client for {visitor.family or 'any'}"),
        (Barrier.FULL, f"{occupants} of {lobby.capacity} are in it"),
        (Barrier.CLOSED, "it is locked" if lobby.locked else "it is not locked"),
        (
            Barrier.GUEST,
            f"the lobby is {lobby.kind}, the visitor {'a guest' if visitor.is_guest else 'has an account'}",
        ),
        (Barrier.CASTE, f"it takes castes {lobby.min_caste} to {lobby.max_caste}, the visitor's is {visitor.caste}"),
        (
            Barrier.COUNTRY,
            f"it is for country {lobby.country or 'any'}, the visitor's is {visitor.country or 'unknown'}",
        ),
        (Barrier.TOURNAMENT, f"it is for tournament {lobby.tournament or 'none'}"),
    ):
        steps.append((barrier, barrier not in found, found.get(barrier, met)))
    return steps


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

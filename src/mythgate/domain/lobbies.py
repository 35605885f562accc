"""Lobbies: rooms of the metaserver where people of one product family meet, talk and find games.

A lobby belongs to one `Family` of game clients, because games of one family mean nothing to another; the
browser and telnet may enter any. Who may come in is decided here, with a reason a human understands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, CharacterId, Topic

ANY_COUNTRY: Final = 0
NO_CASTE: Final = -1  # guests, and everybody where nothing is ranked
MAX_CASTE: Final = 99
DEFAULT_CAPACITY: Final = 32
FIRST_GUEST: Final = 0x3FFFFFFF  # numbers of guests begin here; accounts stay below


class Family(StrEnum):
    """Which games a lobby is for."""

    MARATHON = "marathon"  # Aleph One
    MYTH = "myth"  # Myth: TFL and Myth II before 1.8
    MYTH2 = "myth2"  # Myth II 1.8 and later
    MYTH3 = "myth3"


class LobbyKind(StrEnum):
    UNRANKED = "unranked"
    RANKED = "ranked"
    TOURNAMENT = "tournament"


@dataclass(frozen=True, slots=True)
class Lobby:
    """What an operator says about a lobby. `min_caste` and `max_caste` are inclusive, from -1 to 99."""

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

    @property
    def kind(self) -> LobbyKind:
        if self.tournament:
            return LobbyKind.TOURNAMENT
        return LobbyKind.RANKED if self.ranked else LobbyKind.UNRANKED

    @property
    def topic(self) -> Topic:
        """What happens in it."""
        return lobby_topic(self.room_id)


def lobby_topic(room_id: int) -> Topic:
    """What happens in one lobby."""
    return Topic(f"lobby:{room_id}")


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

    @property
    def is_guest(self) -> bool:
        return self.account_id is None


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


def listed_for(lobbies: Sequence[Lobby], visitor: Visitor, limit: int = 24) -> list[Lobby]:
    """The lobbies a client is shown, as old clients expect them: only what they may enter but for being full."""
    shown = [
        lobby
        for lobby in lobbies
        if not any(barrier is not Barrier.FULL for barrier, _ in barriers(lobby, visitor, occupants=0))
    ]
    shown.sort(key=lambda one: (-one.country, not one.tournament, -one.min_caste, -one.room_id))
    return shown[:limit]

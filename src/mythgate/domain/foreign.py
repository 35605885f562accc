"""What was read of another server: its accounts and clans, as far as they can be brought over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mythgate.domain.accounts import Role
from mythgate.domain.clans import ClanDetails
from mythgate.domain.lobbies import Colour
from mythgate.domain.sheets import CharacterClass, Faction, Race, Stats


@dataclass(frozen=True, slots=True)
class ForeignCharacter:
    """A character of another server."""

    key: str
    name: str
    race: Race
    calling: CharacterClass
    stats: Stats
    faction: Faction | None = None
    level: int = 1
    experience: int = 0
    souls: int = 0
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ForeignAccount:
    """An account of another server. `key` is what that server knows it by."""

    key: str
    name: str
    password: str | None = None  # in clear, where the other server kept it so
    password_hash: str | None = None  # bcrypt or MD5
    email: str | None = None
    role: Role = Role.PLAYER
    disabled: bool = False
    created_at: datetime | None = None
    last_login_at: datetime | None = None
    city: str = ""
    state: str = ""
    country: str = ""
    quote: str = ""
    country_code: int = 0
    shown_name: str = ""
    team: str = ""
    icon: int = 0
    primary: Colour = field(default_factory=Colour)
    secondary: Colour = field(default_factory=Colour)
    clan: str = ""  # key of a clan
    friends: tuple[str, ...] = ()  # keys of accounts
    scores: Mapping[str, int] = field(default_factory=dict)
    hidden: bool = False  # not shown in lobbies, if of the staff
    written: Mapping[str, str] = field(default_factory=dict)  # how keys it names are written there, for people
    characters: tuple[ForeignCharacter, ...] = ()
    where: str = ""  # it stood in the source


@dataclass(frozen=True, slots=True)
class ForeignClan:
    """A clan of another server."""

    key: str
    name: str
    details: ClanDetails = field(default_factory=ClanDetails)
    founded_at: datetime | None = None
    maintenance_password: str = ""
    member_password: str = ""
    where: str = ""  # it stood in the source


@dataclass(frozen=True, slots=True)
class Damage:
    """A record that could not be read. `kind` is what it would have been."""

    where: str
    why: str
    kind: str = "accounts"


@dataclass(frozen=True, slots=True)
class Foreign:
    """What was read of another server. `source` keeps the keys of several servers apart."""

    source: str
    accounts: Sequence[ForeignAccount] = ()
    clans: Sequence[ForeignClan] = ()
    damaged: Sequence[Damage] = ()
    notes: Sequence[str] = ()  # about the source, for people

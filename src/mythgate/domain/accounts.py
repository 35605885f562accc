"""Accounts: a person with credentials, and what the person may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId, CharacterId
from mythgate.domain.names import name_key


class Role(StrEnum):
    """What an account is trusted with, in the order of rank; `domain.permissions` says what each may do."""

    PLAYER = "player"
    READ_ONLY = "read_only"
    TOURNAMENT = "tournament"
    MODERATOR = "moderator"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for a player, 5 for an owner. Nobody acts on somebody of their own or a higher rank, but owners do."""
        return _RANKS[self]

    def includes(self, other: Role) -> bool:
        """Whether this role stands as high as `other`."""
        return self.rank >= other.rank


HIDDEN: Final = "hidden"  # among an account's numbers: 1 if it is not shown in lobbies
_LOGINS: Final = "logins:"  # among them: log-ins through the door that is named behind it

_RANKS: Final = {role: rank for rank, role in enumerate(Role)}


class AccountStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(slots=True)
class Account:
    """A person with credentials.

    `name_key` is what look-alike names share (see `domain.names`); it is unique. `number` is the
    integer id that integer-only protocols use, 0 until the row is saved. `version` rises by one with
    every saved change.
    """

    id: AccountId
    name: str
    name_key: str
    password_hash: str  # empty for a guest
    created_at: datetime
    role: Role = Role.PLAYER
    status: AccountStatus = AccountStatus.ACTIVE
    is_guest: bool = False
    email: str | None = None
    last_login_at: datetime | None = None
    selected_character: CharacterId | None = None
    caste: int = 0
    stats: dict[str, int] = field(default_factory=dict)
    number: int = 0
    version: int = 1


def is_hidden(account: Account) -> bool:
    """Whether lobbies do not show the account. Who leaves the staff is seen again."""
    return bool(account.stats.get(HIDDEN)) and account.role.includes(Role.MODERATOR)


def count_login(account: Account, door: str) -> None:
    """Note that the account came in through a door."""
    key = f"{_LOGINS}{door}"
    account.stats[key] = account.stats.get(key, 0) + 1


def logins(account: Account) -> dict[str, int]:
    """How often the account came in, by door."""
    return {key.removeprefix(_LOGINS): count for key, count in account.stats.items() if key.startswith(_LOGINS)}


# --- passwords -------------------------------------------------------------------------------------

# The very worst, from published counts of breached passwords. Compared without regard to case; what is
# rarer is left to the throttle.
_COMMON_PASSWORDS: Final = """
    123456 123456789 12345678 password qwerty123 qwerty1 111111 1234567 1234567890 123123 000000 password1 abc123
    qwerty iloveyou monkey dragon letmein football baseball sunshine princess welcome admin123 master superman
    trustno1 passw0rd 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qwertyuiop asdfghjkl 11111111 00000000 88888888 87654321
    987654321 1234qwer qwer1234 changeme starwars welcome1 letmein1 abcd1234 abc12345 mythgate
"""
_COMMON: Final = frozenset(_COMMON_PASSWORDS.split())


def check_password(
    password: str,
    *,
    name: str,
    min_length: int = 8,
    max_length: int = 1024,
    field: str = "password",
    any_wording: bool = False,
) -> None:
    """Raise InvalidInput unless `password` may be used for the account `name`; with `any_wording` also if it is
    among those that everybody tries."""
    if len(password) < min_length:
        raise InvalidInput("The password is too short.", field=field, hint=f"Use at least {min_length} characters.")
    if len(password) > max_length:
        raise InvalidInput("The password is too long.", field=field, hint=f"Use at most {max_length} characters.")
    if not password.strip():
        raise InvalidInput("The password is blank.", field=field, hint="Use something else than spaces.")
    if name_key(password) == name_key(name):
        raise InvalidInput("The password is the name.", field=field, hint="Use something others cannot see.")
    if not any_wording and (password.casefold() in _COMMON or len(set(password)) < 3):
        raise InvalidInput(
            "This password is among the first that anybody would try.",
            field=field,
            hint="A few unrelated words work well.",
        )


GAME_PASSWORD_LENGTHS: Final = range(4, 16)  # what every old client can send


def check_game_password(password: str, *, name: str, field: str = "password") -> None:
    """Raise InvalidInput unless `password` may be used for old game clients, which know MacRoman and little of it."""
    if len(password) not in GAME_PASSWORD_LENGTHS or not password.strip():
        raise InvalidInput(
            "The game password does not fit.",
            field=field,
            hint=f"Use {GAME_PASSWORD_LENGTHS.start} to {GAME_PASSWORD_LENGTHS.stop - 1} characters.",
        )
    try:
        password.encode("mac_roman")
    except UnicodeEncodeError:
        raise InvalidInput(
            "Old game clients cannot send this password.", field=field, hint="Use letters without rare accents."
        ) from None
    if not password.isprintable():
        raise InvalidInput("The game password has a character that cannot be typed.", field=field)
    if name_key(password) == name_key(name):
        raise InvalidInput("The game password is the name.", field=field, hint="Use something others cannot see.")

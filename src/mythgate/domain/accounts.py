"""Accounts: a person with credentials, and what the person may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from mythgate.domain.ids import AccountId, CharacterId


class Role(StrEnum):
    """What an account may do; each role includes the ones before it."""

    PLAYER = "player"
    MODERATOR = "moderator"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """0 for a player, 3 for an owner."""
        return _RANKS[self]

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        return self.rank >= other.rank


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

"""Tokens for programs: what an owner gives a script so that it can do some of the staff's work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.errors import InvalidInput
from mythgate.domain.ids import AccountId
from mythgate.domain.permissions import Permission

PREFIX: Final = "mgt_"
"""What such a token begins with, so that it is told from an access token, and found where it should not be."""

NAME_LENGTH: Final = 60
LONGEST_LIFE: Final = timedelta(days=366)
NOT_FOR_TOKENS: Final = frozenset({Permission.USE_TOKENS})
"""A token makes no tokens."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A named token of an owner's. Only the SHA-256 of its secret is kept."""

    number: int
    account_id: AccountId
    name: str
    token_hash: bytes
    permissions: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    ended_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it may still be used at `now`."""
        return self.ended_at is None and now < self.expires_at

    def allowed(self) -> frozenset[Permission]:
        """What it is good for; permissions of an older version that are no more count for nothing."""
        known = {permission.value for permission in Permission}
        return frozenset(Permission(name) for name in self.permissions if name in known) - NOT_FOR_TOKENS


def checked_name(name: str) -> str:
    """The name of a token as it is kept. Raises InvalidInput."""
    words = " ".join(name.split())
    if not words or not words.isprintable():
        raise InvalidInput("A token needs a name.", field="name", hint="Say what it is for: `nightly export`.")
    if len(words) > NAME_LENGTH:
        raise InvalidInput("The name is too long.", field="name", hint=f"Use at most {NAME_LENGTH} characters.")
    return words


def checked_permissions(wanted: Iterable[Permission]) -> list[str]:
    """What a token may be good for, in the order of the table. Raises InvalidInput."""
    chosen = frozenset(wanted)
    if not chosen:
        raise InvalidInput("A token that may do nothing is of no use.", field="permissions")
    if chosen & NOT_FOR_TOKENS:
        raise InvalidInput("A token cannot make tokens.", field="permissions", hint="Leave use_tokens out.")
    return [permission.value for permission in Permission if permission in chosen]

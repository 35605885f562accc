"""Moderation: measures against accounts, and the record of who did what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mythgate.domain.ids import AccountId


@dataclass(slots=True)
class Mute:
    """A muted account cannot be heard anywhere, through any door, until it ends or is lifted."""

    account_id: AccountId
    by_account_id: AccountId
    reason: str
    created_at: datetime
    ends_at: datetime | None = None  # None: until lifted

    def is_active(self, now: datetime) -> bool:
        """Whether the mute still holds at `now`."""
        return self.ends_at is None or now < self.ends_at


@dataclass(frozen=True, slots=True)
class StaffAct:
    """What doors know of an act the staff is told of, besides the words: whoever acted, and whoever is in the lobby
    where all heard of it, need not be told."""

    actor: str  # account id
    room_id: int | None = None


ACCOUNT_IMPORTED: Final = "account.imported"
"""The act of bringing an account over: nobody can have been signed in with it before."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act that changed what somebody may do. `detail` holds no secret."""

    at: datetime
    actor: str  # account id, or "cli", "system"
    action: str  # e.g. "account.role_changed"
    subject: str  # id of what was acted on
    detail: dict[str, str]

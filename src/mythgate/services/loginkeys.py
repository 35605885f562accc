"""Keys that a game client fetches over HTTPS and then shows in its own protocol, instead of a password."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from mythgate.domain.accounts import Account
from mythgate.domain.ids import AccountId
from mythgate.services.ports import Clock

KEY_BYTES: Final = 16
LIFETIME: Final = timedelta(seconds=60)
MOST_KEYS: Final = 10_000


class KeyPurpose(StrEnum):
    """What a key opens, and nothing else."""

    GAME = "game"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class _Issued:
    account: Account
    name_key: str
    purpose: KeyPurpose
    expires_at: float  # monotonic


class LoginKeys:
    """The keys that were issued lately. Each is used once, within a minute, for the name it was issued to."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._issued: dict[bytes, _Issued] = {}  # oldest first

    def __len__(self) -> int:
        return len(self._issued)

    def issue(self, account: Account, name_key: str, purpose: KeyPurpose) -> bytes:
        """A new key of 16 random bytes, none of them zero: old clients end texts at a zero."""
        now = self._clock.monotonic()
        while self._issued:
            key, oldest = next(iter(self._issued.items()))
            if now < oldest.expires_at and len(self._issued) < MOST_KEYS:
                break
            del self._issued[key]
        key = bytes(1 + secrets.randbelow(255) for _ in range(KEY_BYTES))
        self._issued[key] = _Issued(account, name_key, purpose, now + LIFETIME.total_seconds())
        return key

    def redeem(self, key: bytes, purpose: KeyPurpose, name_key: str | None = None) -> Account | None:
        """Whose key it is. It is used up if it fits; None if it does not."""
        issued = self._issued.get(key)
        if issued is None or issued.purpose is not purpose:
            return None
        if name_key is not None and issued.name_key != name_key:
            return None
        del self._issued[key]
        return issued.account if self._clock.monotonic() < issued.expires_at else None

    def forget(self, account_id: AccountId) -> None:
        """The account's keys open nothing any more: its password is another, or it may not be used."""
        for key in [key for key, issued in self._issued.items() if issued.account.id == account_id]:
            del self._issued[key]

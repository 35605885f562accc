"""The second factor of an account: an authenticator's secret, and codes for the day the authenticator is lost."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from mythgate.domain import totp
from mythgate.domain.ids import AccountId

RECOVERY_CODES: Final = 10
RECOVERY_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another
RECOVERY_LENGTH: Final = 16  # of them: 79 bits, so that a fast hash keeps them well
_GROUP: Final = 4


class FactorEvent(StrEnum):
    """How a code was shown."""

    CODE = "code"
    RECOVERY_CODE = "recovery_code"


@dataclass(slots=True)
class SecondFactor:
    """What is kept of the second factor of one account. Until `confirmed_at` it asks nobody for anything.

    `secret` is sealed with the server's key. `last_step` is the time step whose code was used last. `recovery` are
    the hashes of the recovery codes that are left.
    """

    account_id: AccountId
    secret: bytes
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    recovery: list[str] = field(default_factory=list)

    @property
    def is_enrolled(self) -> bool:
        """Whether codes are asked for."""
        return self.confirmed_at is not None

    def show(self, code: str, secret: bytes, now: datetime) -> FactorEvent | None:
        """Use a code up, of the authenticator with the opened `secret` or for recovery; None if it is wrong."""
        step = totp.matching_step(secret, code, now, after=self.last_step)
        if step is not None:
            self.last_step = step
            return FactorEvent.CODE
        return FactorEvent.RECOVERY_CODE if self._use_recovery(code) else None

    def _use_recovery(self, code: str) -> bool:
        wanted = recovery_hash(self.account_id, code)
        left = [one for one in self.recovery if not hmac.compare_digest(one, wanted)]
        used = len(left) < len(self.recovery)
        self.recovery = left
        return used


def recovery_hash(account_id: AccountId, code: str) -> str:
    """What is kept of a recovery code. It has too many random bits for a slow hash to be needed."""
    said = totp.normal(code).casefold()
    return hashlib.sha256(f"recovery:{account_id}:{said}".encode("utf-8", "surrogatepass")).hexdigest()


def readable_code(letters: str) -> str:
    """A recovery code as it is shown, in groups."""
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))

"""How much one account may send, over all its connections and requests together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Rates:
    """What an allowance grants. Times in seconds."""

    per_second: float
    burst: int
    mute: float
    joins: int
    joins_seconds: float


class Excess(Enum):
    """What becomes of who sends more than is allowed."""

    DROPPED = auto()
    MUTED = auto()  # from now on, for a while, nothing is listened to
    IGNORED = auto()  # sent while muted
    FLOODING = auto()  # kept on while muted: the connection is to be closed


class Allowance:
    """Tokens of one account: a message costs one, and they come back with time.

    It outlives connections: who reconnects finds what is left, a mute included.
    """

    __slots__ = (
        "_join_tokens",
        "_joins_refilled_at",
        "_rates",
        "_refilled_at",
        "_tokens",
        "dropped",
        "holders",
        "muted_until",
        "next_error",
    )

    def __init__(self, rates: Rates, now: float) -> None:
        self._rates = rates
        self._tokens = float(rates.burst)
        self._refilled_at = now
        self._join_tokens = float(rates.joins)
        self._joins_refilled_at = now
        self.dropped = 0  # messages dropped in the present flood
        self.holders = 0  # connections that keep a reference
        self.muted_until = 0.0
        self.next_error = 0.0  # when the account may hear again that it sends too fast

    def adopt(self, rates: Rates) -> None:
        """Go by other rates from now on."""
        self._rates = rates

    def spend(self, now: float, cost: float = 1.0) -> bool:
        """Pay for something; False if nothing is left, and then it costs nothing.

        What costs more than is left is still paid for: the debt has to come back first.
        """
        rates = self._rates
        tokens = self._tokens + (now - self._refilled_at) * rates.per_second
        if tokens > rates.burst:
            tokens = rates.burst
            self.dropped = 0
        self._refilled_at = now
        if tokens < 1.0 or now < self.muted_until:
            self._tokens = tokens
            return False
        self._tokens = tokens - cost
        return True

    def owe(self, cost: float) -> None:
        """What `spend` granted turned out to cost more."""
        self._tokens -= cost

    def exceed(self, now: float, count: int = 1) -> Excess:
        """`count` things came that `spend` did not grant."""
        rates = self._rates
        self.dropped += count
        if now < self.muted_until:
            if self.dropped <= 2 * rates.burst:
                return Excess.IGNORED
            self.dropped = 0
            self.muted_until = now + rates.mute
            return Excess.FLOODING
        if self.dropped <= rates.burst:
            return Excess.DROPPED
        self.dropped = 0
        self.muted_until = now + rates.mute
        return Excess.MUTED

    def wait(self, now: float) -> float:
        """Seconds until something is granted again."""
        if now < self.muted_until:
            return round(self.muted_until - now, 3)
        return round(max(0.05, (1.0 - self._tokens) / self._rates.per_second), 3)

    def spend_join(self, now: float) -> float | None:
        """Pay for entering or resuming; the seconds to wait if that was done too often."""
        rates = self._rates
        rate = rates.joins / rates.joins_seconds
        self._join_tokens = min(float(rates.joins), self._join_tokens + (now - self._joins_refilled_at) * rate)
        self._joins_refilled_at = now
        if self._join_tokens < 1.0:
            return max(0.05, (1.0 - self._join_tokens) / rate)
        self._join_tokens -= 1.0
        return None

    def is_idle(self, now: float) -> bool:
        """Whether a new allowance would be the same."""
        rates = self._rates
        return (
            not self.holders
            and now >= self.muted_until
            and self._tokens + (now - self._refilled_at) * rates.per_second >= rates.burst
            and now - self._joins_refilled_at >= rates.joins_seconds
        )

"""The `Throttle` port for one node."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mythgate.domain.throttling import Attempts
from mythgate.services.ports import Clock, Rate

MAX_KEYS: Final = 100_000


class MemoryThrottle:
    """Counts attempts by key.

    Remembers at most `max_keys` keys: who floods it with new keys pushes out the one that was used
    longest ago, so memory is bounded whatever comes in.
    """

    def __init__(self, clock: Clock, *, max_keys: int = MAX_KEYS) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._attempts: dict[str, Attempts] = {}  # in order of last use

    def __len__(self) -> int:
        return len(self._attempts)

    async def hit(self, key: str, rate: Rate) -> timedelta | None:
        """Count one attempt; None if it is within the rate, else how long to wait."""
        attempts = self._attempts.pop(key, None) or Attempts()
        self._attempts[key] = attempts
        if len(self._attempts) > self._max_keys:
            del self._attempts[next(iter(self._attempts))]
        return _duration(attempts.hit(self._clock.monotonic(), rate.count, rate.per.total_seconds()))

    async def blocked(self, key: str, rate: Rate) -> timedelta | None:
        """As `hit` without counting."""
        attempts = self._attempts.get(key)
        if attempts is None:
            return None
        wait = attempts.wait(self._clock.monotonic(), rate.count, rate.per.total_seconds())
        if not attempts.times:
            del self._attempts[key]
        return _duration(wait)

    async def clear(self, key: str) -> None:
        """Forget the attempts of a key."""
        self._attempts.pop(key, None)


def _duration(seconds: float) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds > 0 else None

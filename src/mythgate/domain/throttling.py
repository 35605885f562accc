"""At most so many in so long: the sliding rule that log-ins and registrations are counted by."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Attempts:
    """When the attempts under one key happened, oldest first, in seconds of a clock that never runs back."""

    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float, count: int, per: float) -> float:
        """Seconds until one more attempt is within `count` in any `per` seconds; 0 if it is now."""
        self._forget(now - per)
        if len(self.times) < count:
            return 0.0
        return self.times[len(self.times) - count] + per - now

    def hit(self, now: float, count: int, per: float) -> float:
        """As `wait`; an attempt that is within the rate is counted, a refused one is not."""
        wait = self.wait(now, count, per)
        if wait <= 0:
            self.times.append(now)
        return wait

    def _forget(self, until: float) -> None:
        while self.times and self.times[0] <= until:
            self.times.popleft()

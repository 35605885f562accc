"""When to try again: 1, 2, 4, 8, 16 s, then 30 s, each up to a fifth longer or shorter."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

DELAYS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
LONGEST_DELAY: Final = 30.0
FIRST_FATAL_CLOSE_CODE: Final = 4500  # from here on a close code means "do not reconnect"


@dataclass(slots=True)
class Backoff:
    """Counts attempts and says how long to wait before the next one.

    The five delays sum to 31 s, well inside the 120 s for which the server keeps a stream.
    """

    attempts: int = 5
    delays: tuple[float, ...] = DELAYS  # seconds
    longest: float = LONGEST_DELAY  # seconds, once the delays are used up
    jitter: float = 0.2
    chance: random.Random = field(default_factory=random.Random)
    made: int = 0

    def next_delay(self) -> float | None:
        """Seconds to wait before the next attempt; None when no attempt is left."""
        if self.made >= self.attempts:
            return None
        base = self.delays[self.made] if self.made < len(self.delays) else self.longest
        self.made += 1
        return base * self.chance.uniform(1 - self.jitter, 1 + self.jitter)

    def succeeded(self) -> None:
        """Start over: the connection is up."""
        self.made = 0

"""How long things take: counted into a few buckets, which costs next to nothing and tells quantiles well enough."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Final

SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds for what should take milliseconds and must not take seconds."""


class Histogram:
    """How many values there were up to each bound, and their sum. Counts only rise."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds: Final = tuple(bounds)
        self.counts: Final = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)

    def rising(self) -> Iterator[tuple[float, int]]:
        """Each bound, infinity last, with how many values were no larger."""
        total = 0
        for bound, count in zip((*self._bounds, inf), self.counts, strict=True):
            total += count
            yield bound, total

    def quantile(self, part: float, since: Sequence[int] = ()) -> float:
        """The value below which `part` (0.99, say) of the values lay, straight between the bounds around it; 0 without
        values. With `since`, a copy of `counts` from before, only of those that came after."""
        before = since or [0] * len(self.counts)
        counts = [now - then for now, then in zip(self.counts, before, strict=True)]
        wanted = part * sum(counts)
        lower, total = 0.0, 0
        for bound, count in zip((*self._bounds, inf), counts, strict=True):
            if count and total + count >= wanted:
                return lower if bound == inf else lower + (bound - lower) * (wanted - total) / count
            total += count
            lower = bound if bound != inf else lower
        return 0.0


class LoopLag:
    """How late the event loop comes to what is due: everybody waits that long besides."""

    __slots__ = ("_monotonic", "seconds")

    EVERY: Final = 0.25
    """Seconds between two looks."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.seconds: Final = Histogram()
        self._monotonic = monotonic

    async def measure(self) -> None:
        """Look, until the task is cancelled."""
        while True:
            due = self._monotonic() + self.EVERY
            await asyncio.sleep(self.EVERY)
            self.seconds.observe(max(0.0, self._monotonic() - due))

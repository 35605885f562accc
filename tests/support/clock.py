"""Time that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """A `services.ports.Clock` for tests; `now` and `monotonic` move together."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let `by` pass."""
        if by < timedelta(0):
            msg = "time does not run backwards"
            raise ValueError(msg)
        self._now += by
        self._monotonic += by.total_seconds()

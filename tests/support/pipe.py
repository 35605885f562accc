"""A connection without a network: what a stream writes to in tests."""

from __future__ import annotations

from collections.abc import Iterable

from mythgate.domain.events import Event
from mythgate.realtime.hub import Hub
from mythgate.realtime.outbox import Batch, Outbox, Sink


class Pipe(Sink):
    """A connection: what was written goes to the wire, or waits in the buffer while the peer does not read."""

    def __init__(self, hub: Hub, *, exclusive: bool = True) -> None:
        self.hub = hub
        self.exclusive = exclusive
        self.outbox: Outbox | None = None
        self.wire: list[tuple[int, Event]] = []
        self.buffer: list[tuple[int, Event]] = []
        self.stalled = False
        self.closed: int | None = None
        self.abandoned = False
        self.writes = 0

    def attached(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def write(self, first: int, batch: Batch) -> None:
        assert self.closed is None, "written to after close"
        assert not self.buffer, "written to while full"
        self.writes += 1
        target = self.buffer if self.stalled else self.wire
        target += enumerate(batch.events, first)
        if self.stalled and self.outbox is not None:
            self.hub.pause(self.outbox)

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        assert self.closed is None, "closed twice"
        self.closed, self.abandoned = code, abandon

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        assert not self.buffer or self.buffer[-1][0] == number
        return len(self.buffer)

    def stall(self) -> None:
        self.stalled = True

    def flow(self) -> None:
        self.stalled = False
        self.wire += self.buffer
        self.buffer = []
        if self.outbox is not None and self.closed is None:
            self.hub.resume(self.outbox)

    def is_open(self) -> bool:
        """Whether the server has not closed it."""
        return self.closed is None

    @property
    def numbers(self) -> list[int]:
        """Numbers of what is on the wire."""
        return [number for number, _ in self.wire]

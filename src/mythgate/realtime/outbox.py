"""One connection's view of a stream: a cursor, and whether it may be written to right now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from mythgate.domain.events import Event

if TYPE_CHECKING:
    from mythgate.realtime.stream import Stream

NEVER: Final = float("inf")


class Sink(Protocol):
    """What a door gives the hub to write to. Must not raise, wait, or call back into the hub but for
    `Hub.pause` (which may happen inside a write)."""

    exclusive: bool
    """Whether a newer exclusive sink on the same stream replaces this one."""

    def attached(self, outbox: Outbox) -> None:
        """`outbox` is this sink's from now on; give it to `Hub.pause` and `Hub.resume`."""

    def write_one(self, number: int, event: Event) -> None:
        """Write one event."""

    def write_many(self, first: int, events: Sequence[Event]) -> None:
        """Write consecutive events, the first numbered `first`, with as few system calls as possible."""

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        """Close after what was written. `abandon`: the peer does not read, so do not wait long for it."""

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        """How many of the last written events the operating system has not taken whole.

        `newest_first` are the events written last, the first of them numbered `number`. When in doubt the
        answer is rather too high: a client recognises a repeat by its number, but not what is missing.
        """


class Outbox:
    """One connection of a stream.

    The stream's buffer is the queue: what this connection still has to get is what lies behind `cursor`.
    `ready_at` is the time from which an event may be written the moment it happens: in the past after a
    quiet spell, a merge window ahead after a write, `NEVER` while something waits (`dirty`) or the
    transport does not take more (`paused`). One comparison decides.
    """

    __slots__ = (
        "cursor",
        "dirty",
        "paused",
        "quiet_mark",
        "quiet_sweeps",
        "ready_at",
        "sink",
        "stream",
        "unread_bytes",
    )

    def __init__(self, stream: Stream, sink: Sink, cursor: int) -> None:
        self.stream = stream
        self.sink = sink
        self.cursor = cursor  # number of the last event written
        self.ready_at = 0.0
        self.dirty = False  # on the hub's list for the next flush; never while paused
        self.paused = False
        self.unread_bytes = 0  # weight of what came while paused
        self.quiet_mark = -1  # see Hub.tick
        self.quiet_sweeps = 0

    @property
    def pending(self) -> int:
        """How many events of the stream this connection was not given yet."""
        return self.stream.last_seq - self.cursor

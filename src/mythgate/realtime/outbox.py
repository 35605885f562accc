"""One connection's view of a stream: a cursor, and whether it may be written to right now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from mythgate.domain.events import Event

if TYPE_CHECKING:
    from mythgate.realtime.stream import Stream

NEVER: Final = float("inf")


class Batch:
    """Consecutive events that are written together, often to many readers with numbers of their own.

    `rendered` holds what the sinks of one kind have in common to write, by a key of theirs.
    """

    __slots__ = ("events", "rendered")

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.rendered: dict[object, bytes] = {}


class Sink(Protocol):
    """What a door gives the hub to write to. Must not raise, wait, or call back into the hub but for
    `Hub.pause` (which may happen inside a write)."""

    exclusive: bool
    """Whether a newer exclusive sink on the same stream replaces this one."""

    def attached(self, outbox: Outbox) -> None:
        """`outbox` is this sink's from now on; give it to `Hub.pause` and `Hub.resume`."""

    def write(self, first: int, batch: Batch) -> None:
        """Write consecutive events, the first numbered `first`, with as few system calls as possible."""

    @classmethod
    def write_to_all(cls, outboxes: Iterable[Outbox], index: int, batch: Batch) -> list[tuple[Outbox, Exception]]:
        """Write the same to many sinks of this kind: the first event is numbered `index` plus the outbox's offset.

        Returns the outboxes whose sinks failed, and how. A kind that can do it cheaper has its own.
        """
        failures = []
        for outbox in outboxes:
            try:
                outbox.sink.write(index + outbox.offset, batch)
            except Exception as error:
                failures.append((outbox, error))
        return failures

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        """Close after what was written. `abandon`: the peer does not read, so do not wait long for it."""

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        """How many of the last written events the operating system has not taken whole.

        `newest_first` are the events written last, the first of them numbered `number`. When in doubt the
        answer is rather too high: a client recognises a repeat by its number, but not what is missing.
        """


class Outbox:
    """One connection of a stream.

    The stream is the queue: what this connection still has to get is what lies behind its cursor. While it
    is `live`, the topic its stream follows knows how far it is, and `cursor` and `ready_at` mean nothing;
    a number is then `offset` more than the topic's index.

    `ready_at` is the time from which an event may be written the moment it happens: in the past after a
    quiet spell, a merge window ahead after a write, `NEVER` while something waits (`dirty`) or the
    transport does not take more (`paused`).
    """

    __slots__ = (
        "cursor",
        "dirty",
        "live",
        "offset",
        "paused",
        "quiet_mark",
        "quiet_sweeps",
        "ready_at",
        "sink",
        "stream",
        "target",
        "unread_bytes",
    )

    def __init__(self, stream: Stream, sink: Sink, cursor: int) -> None:
        self.stream = stream
        self.sink = sink
        self.cursor = cursor  # number of the last event written
        self.ready_at = 0.0
        self.target: Any = None  # for the sink's `write_to_all`, if it wants to find something here
        self.live = False
        self.offset = 0
        self.dirty = False  # on the hub's list for the next flush; never while live or paused
        self.paused = False
        self.unread_bytes = 0  # weight of what came while paused
        self.quiet_mark = -1  # see Hub.tick
        self.quiet_sweeps = 0

    @property
    def written(self) -> int:
        """Number of the last event written."""
        log = self.stream.log
        if not self.live or log is None:
            return self.cursor
        return log.early.get(self, log.written) - 1 + self.offset

    @property
    def pending(self) -> int:
        """How many events of the stream this connection was not given yet."""
        return self.stream.last_seq - self.written

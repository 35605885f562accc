"""A stream: one play session's numbered events."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from mythgate.domain.events import Event, Payload
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.limits import MAX_WAITING_LOW, MIN_KEPT_EVENTS, RealtimeLimits
from mythgate.realtime.outbox import Outbox

BLOCK: Final = 32  # limits are looked after for so many events together, not for each
BLOCK_MASK: Final = BLOCK - 1

_weight: Final = attrgetter("weight")


class Stream:
    """The events of one play session of one character, numbered 1, 2, 3… without gaps.

    Numbers are implied: `events[-1]` has `last_seq`, the one before it one less. The numbering goes on
    over reconnects. LOW events wait in `low` without a number while they cannot be written and get the
    next one when they are, so replacing or dropping them leaves no gap. Only the hub changes a stream.
    """

    __slots__ = (
        "account_id",
        "blocks",
        "character_id",
        "detached_at",
        "display_told",
        "ended",
        "events",
        "farewell",
        "ignored",
        "kept_bytes",
        "last_seq",
        "limits",
        "low",
        "low_count",
        "outboxes",
        "play_id",
        "session_id",
        "topics",
        "was_attached",
        "written_seq",
    )

    def __init__(
        self,
        play_id: PlayId,
        character_id: CharacterId,
        account_id: AccountId,
        session_id: SessionId,
        limits: RealtimeLimits,
        now: float,
    ) -> None:
        self.play_id = play_id
        self.character_id = character_id
        self.account_id = account_id
        self.session_id = session_id
        self.limits = limits
        self.events: list[Event] = []
        self.last_seq = 0
        self.written_seq = 0  # highest number ever written to a socket; see `written`
        self.outboxes: tuple[Outbox, ...] = ()
        self.topics: set[Topic] = set()
        self.ignored: frozenset[AccountId] = frozenset()
        self.low: dict[str, Event] | None = None
        self.low_count = 0  # LOW events numbered so far
        self.blocks: list[int] = []  # bytes of each full block of events kept, oldest first
        self.kept_bytes = 0
        self.detached_at: float | None = now  # until the first attach
        self.was_attached = False
        self.display_told = False
        self.ended = False
        self.farewell: Payload | None = None  # what it was ended with

    @property
    def first_seq(self) -> int:
        """Number of the oldest event kept; `last_seq` + 1 if none is."""
        return self.last_seq - len(self.events) + 1

    @property
    def written(self) -> int:
        """Number of the last event that was written to a socket."""
        return max((outbox.cursor for outbox in self.outboxes), default=self.written_seq)

    def append(self, event: Event) -> int:
        """Number `event` and keep it; returns the number. `Hub.publish` repeats this in line."""
        self.last_seq = number = self.last_seq + 1
        self.events.append(event)
        if not number & BLOCK_MASK:
            self.settle()
        return number

    def settle(self) -> None:
        """A block is full: weigh it, and let go of the oldest blocks above the limits.

        The last 100 events stay whatever they weigh, and so does what a connection still has to get.
        """
        events, blocks = self.events, self.blocks
        block = sum(map(_weight, events[-BLOCK:]))
        blocks.append(block)
        self.kept_bytes += block
        limits = self.limits
        most = max(limits.stream_events // BLOCK, 1)
        if len(blocks) <= most and self.kept_bytes <= limits.stream_bytes:
            return
        needed = max((outbox.pending for outbox in self.outboxes), default=0)
        least = -(-max(needed, MIN_KEPT_EVENTS) // BLOCK)
        gone = 0
        while len(blocks) - gone > least and (len(blocks) - gone > most or self.kept_bytes > limits.stream_bytes):
            self.kept_bytes -= blocks[gone]
            gone += 1
        del blocks[:gone], events[: gone * BLOCK]

    def since(self, cursor: int) -> list[Event]:
        """The events after number `cursor`, which must all be kept."""
        return self.events[cursor - self.last_seq :] if cursor < self.last_seq else []

    def wait_low(self, event: Event) -> bool | None:
        """Remember a LOW event without a number.

        Returns True if it took the place of an earlier one, False if an older one of another kind had to
        go, None if there was room.
        """
        low = self.low
        if low is None:
            low = self.low = {}
        key = event.coalesce or event.payload.event_type
        replaced = low.pop(key, None)  # the latest stands last
        low[key] = event
        if replaced is not None:
            return True
        if len(low) > MAX_WAITING_LOW:
            del low[next(iter(low))]
            return False
        return None

    def promote_low(self) -> None:
        """Number the LOW events that waited; they are about to be written."""
        if self.low:
            waiting = list(self.low.values())
            self.low = None
            self.low_count += len(waiting)
            for event in waiting:
                self.append(event)

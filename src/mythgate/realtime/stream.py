"""A stream: one play session's numbered events."""

from __future__ import annotations

from collections import deque
from typing import Final

from mythgate.domain.events import Event
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.limits import MAX_WAITING_LOW, MIN_KEPT_EVENTS, RealtimeLimits
from mythgate.realtime.outbox import Outbox

SETTLE_MASK: Final = 31  # byte limits are looked after every 32 events, not for each
RECOUNT_MASK: Final = 1023
UNRENDERED_SIZE: Final = 512  # weight of an event nobody has rendered yet


def weight(event: Event) -> int:
    """Bytes an event counts for in limits: the first rendering made of it."""
    for body in event.rendered.values():
        return len(body)
    return UNRENDERED_SIZE


class Stream:
    """The events of one play session of one character, numbered 1, 2, 3… without gaps.

    Numbers are implied: `events[-1]` has `last_seq`, the one before it one less. The numbering goes on
    over reconnects. LOW events wait in `low` without a number while they cannot be written and get the
    next one when they are, so replacing or dropping them leaves no gap. Only the hub changes a stream.
    """

    __slots__ = (
        "account_id",
        "character_id",
        "detached_at",
        "display_told",
        "ended",
        "events",
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
        "weighed_seq",
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
        self.events: deque[Event] = deque()
        self.last_seq = 0
        self.written_seq = 0  # highest number ever written to a socket; see `written`
        self.outboxes: tuple[Outbox, ...] = ()
        self.topics: set[Topic] = set()
        self.ignored: frozenset[AccountId] = frozenset()
        self.low: dict[str, Event] | None = None
        self.low_count = 0  # LOW events numbered so far
        self.kept_bytes = 0
        self.weighed_seq = 0
        self.detached_at: float | None = now  # until the first attach
        self.was_attached = False
        self.display_told = False
        self.ended = False

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
        if not number & SETTLE_MASK:
            self.settle()
        return number

    def settle(self) -> None:
        """Weigh what came since the last time and let go of the oldest above the limits.

        The last 100 events stay whatever they weigh, and so does what a connection still has to get.
        """
        events = self.events
        if self.last_seq & RECOUNT_MASK:
            for index in range(self.weighed_seq - self.last_seq, 0):
                self.kept_bytes += weight(events[index])
        else:  # an event rendered since it was weighed weighs differently: do not let the error grow
            self.kept_bytes = sum(map(weight, events))
        self.weighed_seq = self.last_seq
        excess = len(events) - self.limits.stream_events
        if excess <= 0 and self.kept_bytes <= self.limits.stream_bytes:
            return
        needed = max((outbox.pending for outbox in self.outboxes), default=0)
        spare = len(events) - max(needed, MIN_KEPT_EVENTS)
        while spare > 0 and (excess > 0 or self.kept_bytes > self.limits.stream_bytes):
            self.kept_bytes -= weight(events.popleft())
            spare -= 1
            excess -= 1

    def since(self, cursor: int) -> list[Event]:
        """The events after number `cursor`, which must all be kept."""
        events = self.events
        return [events[index] for index in range(cursor - self.last_seq, 0)]

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

"""A stream: one play session's numbered events."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from mythgate.domain.events import Event, Payload
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.limits import MAX_WAITING_LOW, MIN_KEPT_EVENTS, RealtimeLimits
from mythgate.realtime.outbox import Outbox
from mythgate.realtime.topic import TopicLog

BLOCK: Final = 128  # limits are looked after for so many events together at least, not for each

_weight: Final = attrgetter("weight")


class Stream:
    """The events of one play session of one character, numbered 1, 2, 3… without gaps.

    Numbers are implied: `events[-1]` has `last_seq`, the one before it one less. The numbering goes on
    over reconnects. Events of the topic it follows have their number from the moment they are published,
    but are taken over later, or when somebody asks. LOW events wait in `low` without a number while they
    cannot be written and get the next one when they are, so replacing or dropping them leaves no gap. Only
    the hub changes a stream.
    """

    __slots__ = (
        "_events",
        "_last",
        "_own",
        "_unsettled",
        "_unweighed",
        "account_id",
        "blocks",
        "character_id",
        "detached_at",
        "display_told",
        "ended",
        "farewell",
        "ignored",
        "kept_bytes",
        "limits",
        "log",
        "low",
        "low_own",
        "missed_told",
        "outboxes",
        "play_id",
        "session_id",
        "taken",
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
        self._events: list[Event] = []
        self._last = 0
        self.log: TopicLog | None = None  # of the topic it follows
        self.taken = 0  # index up to which that topic's events are taken over
        self.written_seq = 0  # highest number ever written to a socket; see `written`
        self.outboxes: tuple[Outbox, ...] = ()
        self.topics: set[Topic] = set()
        self.ignored: frozenset[AccountId] = frozenset()
        self.low: dict[str, Event] | None = None
        self.low_own = 0  # of `low_count`, what the topic it follows does not count for it
        self.blocks: list[tuple[int, int]] = []  # events and bytes of each block that was weighed, oldest first
        self.kept_bytes = 0  # of these
        self._unsettled = 0  # events that came after these
        self._unweighed = 0  # bytes of those of them that a room was told and that were weighed there
        self._own: list[Event] = []  # the others
        self.detached_at: float | None = now  # until the first attach
        self.was_attached = False
        self.display_told = False
        self.missed_told = False
        self.ended = False
        self.farewell: Payload | None = None  # what it was ended with

    def catch_up(self) -> None:
        """Take over what was published in the topic it follows."""
        log = self.log
        if log is None or self.taken == log.count:
            return
        new = log.count - self.taken
        self._events += log.since(self.taken)
        weighed = log.weighed
        if self.taken < weighed:
            self._unweighed += log.weight_since(self.taken)
        if weighed < log.count:  # not rendered yet
            self._own += log.since(max(self.taken, weighed))
        self._last += new
        self.taken = log.count
        self._unsettled += new
        if self._unsettled >= BLOCK:
            self.settle()

    @property
    def events(self) -> list[Event]:
        """What is kept, oldest first."""
        self.catch_up()
        return self._events

    @property
    def last_seq(self) -> int:
        """Number of the newest event; 0 if there was none."""
        self.catch_up()
        return self._last

    @property
    def low_count(self) -> int:
        """LOW events numbered so far."""
        return self.low_own + self.log.low_count if self.log is not None else self.low_own

    @property
    def first_seq(self) -> int:
        """Number of the oldest event kept; `last_seq` + 1 if none is."""
        return self.last_seq - len(self._events) + 1

    @property
    def written(self) -> int:
        """Number of the last event that was written to a socket."""
        return max((outbox.written for outbox in self.outboxes), default=self.written_seq)

    def append(self, event: Event) -> int:
        """Number an event that concerns this stream alone, and keep it; returns the number."""
        self.catch_up()
        self._last = number = self._last + 1
        self._events.append(event)
        self._own.append(event)
        self._unsettled += 1
        if self._unsettled >= BLOCK:
            self.settle()
        return number

    def replace_last(self, event: Event) -> None:
        """Keep `event` under the newest number instead of what had it."""
        self._events[-1] = event

    def settle(self) -> None:
        """A block is full: weigh it, and let go of the oldest blocks above the limits.

        The last 100 events stay whatever they weigh, and so does what a connection still has to get.
        """
        events, blocks = self._events, self.blocks
        weight = self._unweighed + sum(map(_weight, self._own))
        blocks.append((self._unsettled, weight))
        self._unsettled = self._unweighed = 0
        self._own.clear()
        self.kept_bytes += weight
        limits = self.limits
        if len(events) <= limits.stream_events and self.kept_bytes <= limits.stream_bytes:
            return
        needed = max((outbox.pending for outbox in self.outboxes), default=0)
        spare = len(events) - max(needed, MIN_KEPT_EVENTS)
        excess = min(spare, len(events) - limits.stream_events)
        released = 0
        while blocks and (released < excess or self.kept_bytes > limits.stream_bytes):
            count, weight = blocks[0]
            if released + count > spare or (released + count > excess and self.kept_bytes <= limits.stream_bytes):
                part = excess - released  # of a block only as many as there are too many
                if part > 0:
                    self.kept_bytes -= weight * part // count
                    blocks[0] = (count - part, weight - weight * part // count)
                    released = excess
                break
            del blocks[0]
            released += count
            self.kept_bytes -= weight
        del events[:released]

    def since(self, cursor: int) -> list[Event]:
        """The events after number `cursor`, which must all be kept."""
        count = self.last_seq - cursor
        return self._events[-count:] if count > 0 else []

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
            self.low_own += len(waiting)
            for event in waiting:
                self.append(event)

"""A topic: who listens, and what was said lately, kept once for all of them.

Most of what people are told is what everybody in their room is told. A stream *follows* the one room it is
in: an event there is kept with the topic under an index, and a follower's number for it is that index plus
an offset of the stream, so telling a room costs next to nothing for each member. Streams take these events
over in bulk (`Stream.catch_up`), at the latest every `TAKE_OVER` events.

What concerns one stream alone (an answer, an event of another topic, an event it is spared) shifts its
numbers against the room's: its connections step apart, and come back with another offset.

LOW events that cannot be written at once wait with the topic, too, for all whose connections are level. Who steps
apart takes along what waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mythgate.domain.events import Event
from mythgate.domain.ids import CharacterId
from mythgate.realtime.outbox import Batch, Outbox, Sink

if TYPE_CHECKING:
    from mythgate.realtime.stream import Stream

TAKE_OVER: Final = 128  # events a topic keeps before all its followers take them over


class TopicLog:
    """One topic of the hub; only the hub changes it.

    `live` are the followers' connections that were given exactly the events before the index `written`;
    `early` says up to which index others among them were given. `apart` are the followers' connections
    that are paused, or have to get something first that is not from here.
    """

    __slots__ = (
        "apart",
        "away",
        "base",
        "count",
        "early",
        "events",
        "followers",
        "live",
        "low",
        "low_count",
        "members",
        "quiet_from",
        "waits",
        "weight",
        "weights",
        "written",
    )

    def __init__(self) -> None:
        self.members: dict[CharacterId, Stream] = {}  # who listens without following
        self.followers: dict[CharacterId, Stream] = {}
        self.events: list[Event] = []  # the last ones
        self.weights: list[int] = []  # for each of these that was weighed, the bytes of all before it
        self.weight = 0  # bytes of all that were weighed
        self.base = 0  # index of the first of these
        self.count = 0  # index of the next
        self.written = 0
        self.live: dict[type[Sink], dict[Outbox, None]] = {}  # by kind, for they are written to together
        self.early: dict[Outbox, int] = {}
        self.apart: dict[Outbox, None] = {}
        self.away: dict[Stream, None] = {}  # followers without a connection
        self.low: dict[str, tuple[Event, dict[Stream, None]]] = {}  # LOW events that wait, and for whom they do not
        self.low_count = 0  # LOW events among all there ever were
        self.quiet_from = 0.0  # from then on an event is written the moment it happens
        self.waits = False  # on the hub's list for the end of the merge window

    def append(self, event: Event) -> None:
        """Keep `event` for the followers."""
        self.events.append(event)
        self.count += 1

    def since(self, index: int) -> list[Event]:
        """The events from `index` on."""
        return self.events[index - self.base :]

    @property
    def weighed(self) -> int:
        """Index up to which it is known what the events weigh."""
        return self.base + len(self.weights)

    def weight_since(self, index: int) -> int:
        """How many bytes the events from `index` to `weighed` count for, of which there must be one."""
        return self.weight - self.weights[index - self.base]

    def weigh(self, events: Iterable[Event]) -> None:
        """`events` were just written: they have been rendered, and what they count for is exact."""
        weight, weights = self.weight, self.weights
        for event in events:
            weights.append(weight)
            weight += event.weight
        self.weight = weight

    def unwritten(self) -> Batch:
        """What most connections were not given yet; from now on they were."""
        batch = Batch(self.since(self.written))
        self.written = self.count
        return batch

    def hand_over(self) -> None:
        """Let all followers take over what is kept, and keep nothing."""
        for stream in self.followers.values():
            stream.catch_up()
        self.events = []
        self.weights = []
        self.base = self.count

"""Streams under random publishing, cuts, stalls and resumes: nothing lost, nothing twice, always in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.clock import FakeClock
from tests.support.pipe import Pipe

from mythgate.domain.events import Disconnect, Event, Heartbeat, Priority, Reset, RoomMessage, event_of
from mythgate.domain.ids import GLOBAL_TOPIC, AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.hub import Hub
from mythgate.realtime.limits import RealtimeLimits
from mythgate.realtime.stream import BLOCK, Stream

ROOMS = (Topic("room:here"), Topic("room:there"))
TOPICS = (*ROOMS, GLOBAL_TOPIC)
LIMITS = RealtimeLimits(outbox_events=16, outbox_bytes=1 << 16, stream_events=100, stream_bytes=24_000)
READERS = ("ann", "bob", "cid")


class Reader:
    """A client, and beside it what the server told the reader's stream, in order."""

    def __init__(self, name: str) -> None:
        self.character_id = CharacterId(name)
        self.account_id = AccountId(name)
        self.play_id = PlayId("session-" + name)
        self.stream: Stream | None = None
        self.pipe: Pipe | None = None
        self.told: list[str] = []  # all but LOW
        self.heard = 0  # how many of these the client has
        self.last_seq: int | None = None
        self.ignoring = frozenset[AccountId]()
        self.topics: set[Topic] = set()
        self.heard_low: list[int] = []
        self.resets: dict[int, int] = {}  # number of a Reset event: how much of `told` it skips

    def receive(self, number: int, event: Event) -> None:
        payload = event.payload
        if isinstance(payload, Reset):
            self.last_seq = number
            self.heard = self.resets[number]
            return
        if self.last_seq is not None:
            assert number == self.last_seq + 1, "a number is missing or came twice"
        self.last_seq = number
        if isinstance(payload, Disconnect | Heartbeat):
            return
        assert isinstance(payload, RoomMessage)
        if event.priority is Priority.LOW:
            serial = int(payload.message)
            assert not self.heard_low or serial > self.heard_low[-1], "an older LOW event after a newer one"
            self.heard_low.append(serial)
            return
        assert payload.message == self.told[self.heard], "an event is missing, twice or out of order"
        self.heard += 1


class Streams(RuleBasedStateMachine):
    """Three readers in one room."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.hub = Hub(self.clock, LIMITS, call_later=self._call_later)
        self.readers = {name: Reader(name) for name in READERS}
        self.serial = 0

    def _call_later(self, delay: float, callback: Callable[[], None]) -> None:
        self.timers.append((self.clock.monotonic() + delay, callback))

    # --- joining ---

    @initialize()
    def everybody_joins(self) -> None:
        for reader in self.readers.values():
            self._open(reader)
            self._attach(reader, None)

    def _open(self, reader: Reader) -> None:
        reader.stream = self.hub.open(
            reader.play_id, reader.character_id, reader.account_id, SessionId("login-" + reader.character_id)
        )
        reader.told.clear()
        reader.heard = 0
        reader.last_seq = None
        reader.heard_low.clear()
        reader.resets.clear()
        reader.ignoring = frozenset()
        reader.topics = {ROOMS[0], GLOBAL_TOPIC}
        for topic in reader.topics:
            self.hub.subscribe(reader.character_id, topic)

    def _attach(self, reader: Reader, last_seq: int | None) -> None:
        assert reader.stream is not None
        stream = reader.stream
        pipe = Pipe(self.hub)
        before = len(reader.told)
        ahead = stream.last_seq + (
            1 if any(other.sink.exclusive and not other.paused for other in stream.outboxes) else 0
        )
        ahead += len(stream.low or ())
        result = self.hub.attach(stream, pipe, last_seq)
        reader.pipe = pipe
        if result.reset is not None:
            number, event = pipe.wire[0]
            assert isinstance(event.payload, Reset)
            assert number == ahead + 1
            reader.resets[number] = before

    def _drain(self, reader: Reader) -> None:
        """The client reads all that is on the wire."""
        pipe = reader.pipe
        if pipe is None:
            return
        arrived, pipe.wire = pipe.wire, []
        for number, event in arrived:
            reader.receive(number, event)
        if pipe.closed is not None:
            reader.pipe = None

    # --- what happens ---

    @rule(
        topic=st.sampled_from((ROOMS[0], *TOPICS)),
        priority=st.sampled_from(Priority),
        exclude=st.sampled_from((None, *READERS)),
        sender=st.sampled_from((None, *READERS)),
        count=st.integers(1, 20),
        weight=st.sampled_from((10, 256, 2000)),
    )
    def publish(
        self, topic: Topic, priority: Priority, exclude: str | None, sender: str | None, count: int, weight: int
    ) -> None:
        for _ in range(count):
            event = self._event(priority, AccountId(sender) if sender else None, weight)
            for reader in self.readers.values():
                if reader.character_id != exclude and topic in reader.topics and self._plays(reader):
                    self._note(reader, event)
            self.hub.publish(topic, event, exclude=CharacterId(exclude) if exclude else None)

    @staticmethod
    def _plays(reader: Reader) -> bool:
        return reader.stream is not None and not reader.stream.ended

    @rule(name=st.sampled_from(READERS), topic=st.sampled_from(TOPICS))
    def subscribe_or_not(self, name: str, topic: Topic) -> None:
        """In both rooms, in none, or on the way from one to the other."""
        reader = self.readers[name]
        if not self._plays(reader):
            return
        if topic in reader.topics:
            self.hub.unsubscribe(reader.character_id, topic)
        else:
            self.hub.subscribe(reader.character_id, topic)
        reader.topics ^= {topic}

    @rule(name=st.sampled_from(READERS), priority=st.sampled_from(Priority))
    def send(self, name: str, priority: Priority) -> None:
        reader = self.readers[name]
        event = self._event(priority, None, 256)
        if self._plays(reader):
            self._note(reader, event)
        self.hub.send(reader.character_id, event)

    def _event(self, priority: Priority, sender: AccountId | None, weight: int) -> Event:
        self.serial += 1
        key = f"key{self.serial % 3}" if priority is Priority.LOW else None
        event = event_of(
            RoomMessage(str(self.serial)), self.clock.now(), priority=priority, sender=sender, coalesce=key
        )
        event.weight = weight
        return event

    @staticmethod
    def _note(reader: Reader, event: Event) -> None:
        if event.priority is not Priority.LOW and event.sender not in reader.ignoring:
            assert isinstance(event.payload, RoomMessage)
            reader.told.append(event.payload.message)

    @rule(name=st.sampled_from(READERS), other=st.sampled_from(READERS), on=st.booleans())
    def ignore(self, name: str, other: str, on: bool) -> None:
        reader = self.readers[name]
        if self._plays(reader):
            reader.ignoring = frozenset((AccountId(other),)) if on else frozenset()
            self.hub.set_ignored(reader.character_id, reader.ignoring)

    @rule(milliseconds=st.sampled_from((1, 5, 10, 11, 100)))
    def time_passes(self, milliseconds: int) -> None:
        self.clock.advance(timedelta(milliseconds=milliseconds))
        due = [timer for timer in self.timers if timer[0] <= self.clock.monotonic() + 1e-9]
        for timer in due:
            self.timers.remove(timer)
            timer[1]()

    @rule(name=st.sampled_from(READERS))
    def client_reads(self, name: str) -> None:
        self._drain(self.readers[name])

    @rule(name=st.sampled_from(READERS))
    def client_stalls(self, name: str) -> None:
        pipe = self.readers[name].pipe
        if pipe is not None and pipe.closed is None:
            pipe.stall()

    @rule(name=st.sampled_from(READERS))
    def client_reads_again(self, name: str) -> None:
        pipe = self.readers[name].pipe
        if pipe is not None and pipe.closed is None:
            pipe.flow()

    @rule(name=st.sampled_from(READERS), arrive=st.integers(0, 5), data=st.booleans())
    def line_is_cut(self, name: str, arrive: int, data: bool) -> None:
        """Some of what is in flight arrives, the rest is lost; the client comes back with its number."""
        reader = self.readers[name]
        pipe = reader.pipe
        if pipe is None or reader.stream is None:
            return
        for number, event in pipe.wire[: arrive if data else 0]:
            reader.receive(number, event)
        pipe.wire = []
        if pipe.closed is None:
            self.hub.detach(reader.stream, pipe)
        reader.pipe = None

    @rule(name=st.sampled_from(READERS))
    def client_resumes(self, name: str) -> None:
        reader = self.readers[name]
        if reader.pipe is not None:
            return
        self._come_back(reader, reader.last_seq if reader.last_seq is not None else 0)

    @rule(name=st.sampled_from(READERS))
    def client_takes_over(self, name: str) -> None:
        """A newer connection with the same session while the older one is there."""
        reader = self.readers[name]
        older = reader.pipe
        if older is None or not older.is_open() or older.stalled or reader.stream is None:
            return
        self._drain(reader)
        self._attach(reader, reader.last_seq)
        assert older.closed == 4502
        for number, event in older.wire:
            # The farewell is numbered like any event; the new connection gets a heartbeat for that number.
            assert number == reader.last_seq or reader.last_seq is None or number > reader.last_seq
            assert isinstance(event.payload, Disconnect | RoomMessage)

    @rule(name=st.sampled_from(READERS), beyond=st.integers(1, 50))
    def client_asks_for_too_much(self, name: str, beyond: int) -> None:
        reader = self.readers[name]
        if reader.pipe is None and reader.stream is not None and not reader.stream.ended:
            self._attach(reader, reader.stream.last_seq + beyond)
            assert self.hub.stats.resets["ahead"]

    def _come_back(self, reader: Reader, last_seq: int) -> None:
        stream = self.hub.find(reader.play_id, reader.account_id)
        if stream is None:
            self._open(reader)
            self._attach(reader, None)
        else:
            assert stream is reader.stream
            self._attach(reader, last_seq)

    @precondition(lambda self: any(reader.pipe is None for reader in self.readers.values()))
    @rule(seconds=st.sampled_from((31, 121)))
    def nobody_comes_back(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.hub.tick()
        for reader in self.readers.values():
            if reader.stream is not None and reader.stream.ended:
                assert reader.pipe is None or reader.pipe.closed is not None

    # --- what always holds ---

    @invariant()
    def who_is_connected_is_not_far_behind(self) -> None:
        for reader in self.readers.values():
            if reader.stream is None:
                continue
            for outbox in reader.stream.outboxes:
                assert outbox.pending <= LIMITS.outbox_events + 1 or not outbox.paused
                assert outbox.pending <= len(reader.stream.events)

    @invariant()
    def streams_are_bounded(self) -> None:
        for reader in self.readers.values():
            if reader.stream is not None:
                assert len(reader.stream.events) <= LIMITS.stream_events + 2 * BLOCK + LIMITS.outbox_events
                assert reader.stream.last_seq < 100 or len(reader.stream.events) >= 100

    def teardown(self) -> None:
        """In the end everybody comes back and has everything."""
        for reader in self.readers.values():
            if reader.pipe is not None and reader.pipe.closed is None:
                reader.pipe.flow()
            self._drain(reader)
            if reader.stream is None:
                continue
            if reader.pipe is None:
                self._come_back(reader, reader.last_seq or 0)
            self.time_passes(100)
            self._drain(reader)
            self.time_passes(100)
            self._drain(reader)
            assert reader.heard == len(reader.told)


Streams.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    report_multiple_bugs=False,
)
TestStreams = Streams.TestCase

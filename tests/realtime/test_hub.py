"""The hub: who gets what, when it is written, and what becomes of who does not read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.pipe import Pipe

from mythgate.domain.events import (
    Disconnect,
    Event,
    GameTick,
    Heartbeat,
    Priority,
    Reset,
    RoomMessage,
    SystemMessage,
    event_of,
)
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.hub import Hub
from mythgate.realtime.limits import RealtimeLimits
from mythgate.realtime.outbox import Batch
from mythgate.realtime.stream import BLOCK, Stream

ROOM = Topic("room:here")


@dataclass
class Watcher:
    """Remembers what it is told."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    def on_detached(self, character_id: CharacterId) -> None:
        self.heard.append(("detached", character_id))

    def on_returned(self, character_id: CharacterId) -> None:
        self.heard.append(("returned", character_id))

    def on_missed(self, character_id: CharacterId) -> None:
        self.heard.append(("missed", character_id))

    def on_display_grace_over(self, character_id: CharacterId) -> None:
        self.heard.append(("display", character_id))

    def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
        self.heard.append((reason, character_id))


class World:
    """A hub with a clock and timers in the hand of the test."""

    def __init__(self, limits: RealtimeLimits | None = None) -> None:
        self.clock = FakeClock()
        self.watcher = Watcher()
        self.timers: list[tuple[float, Callable[[], None]]] = []
        limits = limits if limits is not None else RealtimeLimits(merge_window=0.010)
        self.hub = Hub(self.clock, limits, watcher=self.watcher, call_later=self._call_later)

    def _call_later(self, delay: float, callback: Callable[[], None]) -> None:
        self.timers.append((self.clock.monotonic() + delay, callback))

    def wait(self, milliseconds: float) -> None:
        self.clock.advance(timedelta(milliseconds=milliseconds))
        for timer in [timer for timer in self.timers if timer[0] <= self.clock.monotonic() + 1e-9]:
            self.timers.remove(timer)
            timer[1]()

    def open(self, name: str, account: str = "", play: str = "") -> Stream:
        stream = self.hub.open(
            PlayId(play or "session-" + name), CharacterId(name), AccountId(account or name), SessionId("login-" + name)
        )
        self.hub.subscribe(CharacterId(name), ROOM)
        return stream

    def join(self, name: str) -> tuple[Stream, Pipe]:
        stream, pipe = self.open(name), Pipe(self.hub)
        self.hub.attach(stream, pipe)
        return stream, pipe

    def event(
        self,
        text: str = "x",
        priority: Priority = Priority.NORMAL,
        sender: str | None = None,
        coalesce: str | None = None,
    ) -> Event:
        return event_of(
            RoomMessage(text),
            self.clock.now(),
            priority=priority,
            sender=AccountId(sender) if sender else None,
            coalesce=coalesce,
        )

    def tell(self, *texts: str, priority: Priority = Priority.NORMAL) -> None:
        for text in texts:
            self.hub.publish(ROOM, self.event(text, priority))


def texts(pipe: Pipe) -> list[str]:
    return [event.payload.message for _, event in pipe.wire if isinstance(event.payload, RoomMessage)]


@pytest.fixture
def world() -> World:
    return World()


# --- who ---


def test_only_subscribers_hear_and_not_the_excluded(world: World) -> None:
    _, ann = world.join("ann")
    _, bob = world.join("bob")
    _, cid = world.join("cid")
    world.hub.unsubscribe(CharacterId("cid"), ROOM)
    world.hub.publish(ROOM, world.event("hello"), exclude=CharacterId("ann"))
    assert (texts(ann), texts(bob), texts(cid)) == ([], ["hello"], [])
    assert world.hub.stats.deliveries == 1


def test_ignored_senders_are_not_heard_in_rooms_nor_in_person(world: World) -> None:
    _, ann = world.join("ann")
    world.hub.set_ignored(CharacterId("ann"), frozenset((AccountId("bob"),)))
    world.hub.publish(ROOM, world.event("from bob", sender="bob"))
    world.hub.send(CharacterId("ann"), world.event("bob whispers", sender="bob"))
    world.hub.publish(ROOM, world.event("tick", Priority.LOW, sender="bob"))
    world.wait(10)
    world.hub.publish(ROOM, world.event("from cid", sender="cid"))
    assert texts(ann) == ["from cid"]
    assert ann.numbers == [1]


def test_nothing_happens_for_who_has_no_stream(world: World) -> None:
    nobody = CharacterId("nobody")
    world.hub.send(nobody, world.event())
    world.hub.subscribe(nobody, ROOM)
    world.hub.unsubscribe(nobody, ROOM)
    world.hub.unsubscribe_all(nobody)
    world.hub.set_ignored(nobody, frozenset())
    world.hub.close(nobody, Disconnect("x", "x", may_reconnect=False, code=4500))
    world.tell("into the void")
    assert world.hub.stats.deliveries == 0


def test_who_stops_listening_to_everything_hears_only_what_is_sent_to_them(world: World) -> None:
    elsewhere = Topic("global")
    stream, ann = world.join("ann")
    _, bob = world.join("bob")
    world.hub.subscribe(CharacterId("ann"), elsewhere)
    world.hub.unsubscribe_all(CharacterId("ann"))
    world.tell("in the room")
    world.hub.publish(elsewhere, world.event("far away"))
    world.hub.send(CharacterId("ann"), world.event("to you"))
    assert (texts(ann), texts(bob)) == (["to you"], ["in the room"])
    assert list(world.hub.topics()) == [ROOM]  # none is kept without listeners
    assert world.hub.stream_of(CharacterId("ann")) is stream


def test_a_topic_one_never_listened_to_can_be_left(world: World) -> None:
    _, ann = world.join("ann")
    world.open("bob")
    other = Topic("room:there")
    world.hub.unsubscribe(CharacterId("ann"), other)
    world.hub.subscribe(CharacterId("bob"), other)
    world.hub.unsubscribe(CharacterId("ann"), other)
    assert set(world.hub.topics()) == {ROOM, other}
    world.tell("still here")
    assert texts(ann) == ["still here"]


# --- when ---


def test_first_event_after_quiet_is_written_at_once_then_they_wait_together(world: World) -> None:
    _, ann = world.join("ann")
    world.wait(100)
    world.tell("one")
    assert texts(ann) == ["one"]
    world.wait(4)
    world.tell("two", "three")
    assert texts(ann) == ["one"]
    world.wait(9)
    world.tell("four")
    assert texts(ann) == ["one"]
    world.wait(1)
    assert texts(ann) == ["one", "two", "three", "four"]
    assert ann.writes == 2


def test_high_takes_along_what_waits_before_it(world: World) -> None:
    _, ann = world.join("ann")
    world.wait(100)
    world.tell("one", "two")
    world.hub.send(CharacterId("ann"), world.event("answer", Priority.HIGH))
    assert texts(ann) == ["one", "two", "answer"]
    assert ann.writes == 2
    world.tell("three")
    world.tell("alarm", priority=Priority.CRITICAL)
    assert texts(ann) == ["one", "two", "answer", "three", "alarm"]


def test_without_a_window_each_event_is_written_at_once() -> None:
    world = World(RealtimeLimits(merge_window=0.0))
    _, ann = world.join("ann")
    world.tell("one", "two", "three")
    assert texts(ann) == ["one", "two", "three"]
    assert ann.writes == 3
    assert not world.timers


def test_one_timer_serves_all(world: World) -> None:
    pipes = [world.join(name)[1] for name in ("ann", "bob", "cid")]
    world.wait(100)
    world.tell("one", "two", "three")
    assert len(world.timers) == 1
    world.wait(10)
    assert [texts(pipe) for pipe in pipes] == [["one", "two", "three"]] * 3


def test_a_burst_within_the_window_does_not_wait_for_more_than_an_outbox_holds(world: World) -> None:
    stream, ann = world.join("ann")
    world.tell(*map(str, range(3000)))
    assert stream.outboxes[0].pending <= 256 + 32
    world.wait(10)
    assert ann.numbers == list(range(1, 3001))


async def test_without_a_timer_of_its_own_the_hub_takes_the_loop() -> None:
    clock = FakeClock()
    hub = Hub(clock, RealtimeLimits(merge_window=0.001))
    stream = hub.open(PlayId("session-ann"), CharacterId("ann"), AccountId("ann"), SessionId("login-ann"))
    written = asyncio.Event()

    class Waiting(Pipe):
        def write(self, first: int, batch: Batch) -> None:
            super().write(first, batch)
            if self.numbers == [1, 2, 3]:
                written.set()

    ann = Waiting(hub)
    hub.attach(stream, ann)
    for text in ("1", "2", "3"):
        hub.send(CharacterId("ann"), event_of(RoomMessage(text), clock.now()))
    assert ann.numbers == [1]
    async with asyncio.timeout(10):
        await written.wait()
    assert texts(ann) == ["1", "2", "3"]


# --- LOW ---


def test_low_events_are_numbered_when_written_and_replace_each_other(world: World) -> None:
    _, ann = world.join("ann")
    world.wait(100)
    world.tell("one")
    for position in range(5):
        world.hub.publish(ROOM, world.event(f"at {position}", Priority.LOW, coalesce="position:bob"))
    world.tell("two")
    world.wait(10)
    assert texts(ann) == ["one", "two", "at 4"]
    assert ann.numbers == [1, 2, 3]
    assert world.hub.stats.low_replaced == 4


def test_low_events_are_not_kept_for_who_is_away(world: World) -> None:
    stream, ann = world.join("ann")
    world.hub.detach(stream, ann)
    world.hub.publish(ROOM, event_of(GameTick(1, world.clock.now()), world.clock.now()))
    assert stream.last_seq == 0
    assert world.hub.stats.low_dropped == 1


def test_a_slow_reader_is_remembered_a_bounded_number_of_low_events(world: World) -> None:
    _, ann = world.join("ann")
    ann.stall()
    world.tell("fills the pipe")
    for number in range(100):
        world.hub.publish(ROOM, world.event(str(number), Priority.LOW, coalesce=f"position:{number}"))
    assert world.hub.stats.low_dropped == 36
    ann.flow()
    assert texts(ann) == ["fills the pipe", *map(str, range(36, 100))]


def test_a_quiet_room_is_told_low_events_as_one_but_for_who_cannot_be(world: World) -> None:
    _, ann = world.join("ann")
    _, bob = world.join("bob")
    _, slow = world.join("slow")
    away, line = world.join("away")
    world.hub.detach(away, line)
    world.wait(100)
    slow.stall()
    world.tell("one")  # fills the pipe of the slow one
    world.wait(100)
    for position in range(3):
        event = world.event(f"bob at {position}", Priority.LOW, coalesce="position:bob")
        world.hub.publish(ROOM, event, exclude=CharacterId("bob"))
        world.wait(100)
    assert (texts(ann), ann.numbers) == (["one", "bob at 0", "bob at 1", "bob at 2"], [1, 2, 3, 4])
    assert (texts(bob), bob.numbers) == (["one"], [1])
    slow.flow()
    assert (texts(slow), slow.numbers) == (["one", "bob at 2"], [1, 2])
    assert away.last_seq == 1
    assert world.hub.stats.low_replaced == 2
    assert world.hub.stats.low_dropped == 3
    world.tell("two")
    assert [one.numbers[-1] for one in (ann, bob, slow)] == [5, 2, 3]


def test_in_a_busy_room_low_events_wait_for_all_together(world: World) -> None:
    """Everybody gets the latest of each at the end of the window; a lasting order of the old and the new is kept by
    whoever steps apart, leaves or comes meanwhile."""
    pipes = {name: world.join(name)[1] for name in ("ann", "bob", "eve")}
    world.wait(100)
    world.tell("one")
    for position in range(3):
        for name in pipes:
            event = world.event(f"{name} at {position}", Priority.LOW, coalesce=f"position:{name}")
            world.hub.publish(ROOM, event, exclude=CharacterId(name))
    world.hub.send(CharacterId("ann"), world.event("for ann", Priority.LOW, coalesce="hers"))
    world.hub.unsubscribe(CharacterId("eve"), ROOM)
    _, late = world.join("late")
    world.wait(20)
    assert texts(pipes["ann"]) == ["one", "bob at 2", "eve at 2", "for ann"]
    assert texts(pipes["bob"]) == ["one", "ann at 2", "eve at 2"]
    assert texts(pipes["eve"]) == ["one", "ann at 2", "bob at 2"]  # it had happened when she left
    assert texts(late) == []
    world.wait(100)
    world.hub.publish(ROOM, world.event("ann at 3", Priority.LOW, coalesce="position:ann"))
    assert [texts(pipe)[-1] for pipe in (pipes["ann"], pipes["bob"], late)] == ["ann at 3"] * 3


def test_a_busy_room_remembers_a_bounded_number_of_low_events(world: World) -> None:
    _, ann = world.join("ann")
    _, bob = world.join("bob")
    world.wait(100)
    world.tell("one")
    for number in range(100):
        world.hub.publish(ROOM, world.event(str(number), Priority.LOW, coalesce=f"position:{number}"))
    world.wait(20)
    assert texts(ann) == texts(bob) == ["one", *map(str, range(36, 100))]
    assert world.hub.stats.low_dropped == 2 * 36


@pytest.mark.parametrize("busy", [Priority.NORMAL, Priority.HIGH, Priority.CRITICAL])
def test_low_events_get_through_however_much_of_higher_priority_there_is(world: World, busy: Priority) -> None:
    """A room that never falls silent: what is LOW arrives within two windows, and all else in its order."""
    _, ann = world.join("ann")
    _, apart = world.join("apart")
    said: list[str] = []
    for millisecond in range(300):
        said.append(f"word {millisecond}")
        world.tell(said[-1], priority=busy)
        world.hub.send(CharacterId("apart"), world.event("for one", busy))
        if millisecond % 50 == 0:
            for pipe in (ann, apart):
                assert [text for text in texts(pipe) if text.startswith("low")] == [
                    f"low {before}" for before in range(0, millisecond, 50)
                ]
            world.hub.publish(ROOM, world.event(f"low {millisecond}", Priority.LOW, coalesce="position:bob"))
        if millisecond % 50 == 21:
            for pipe in (ann, apart):
                assert [text for text in texts(pipe) if text.startswith("low")][-1] == f"low {millisecond - 21}"
        world.wait(1)
    world.wait(20)
    for pipe in (ann, apart):
        assert [text for text in texts(pipe) if text.startswith("word")] == said


def test_low_events_can_be_sent_to_one(world: World) -> None:
    _, ann = world.join("ann")
    _, bob = world.join("bob")
    world.wait(100)
    for text in ("at once", "replaced", "last"):
        world.hub.send(CharacterId("ann"), world.event(text, Priority.LOW, coalesce="position:bob"))
    world.wait(10)
    assert (texts(ann), texts(bob)) == (["at once", "last"], [])


def test_low_events_that_still_wait_are_not_kept_for_later(world: World) -> None:
    stream, ann = world.join("ann")
    world.wait(100)
    world.tell("one")
    world.hub.publish(ROOM, world.event("bob moves", Priority.LOW))
    world.hub.detach(stream, ann)
    again = Pipe(world.hub)
    world.hub.attach(stream, again, 1)
    assert again.wire == []
    assert world.hub.stats.low_dropped == 1
    world.wait(100)
    world.tell("two")
    assert again.numbers == [2]


# --- slow readers ---


def test_who_does_not_read_is_closed_alone_and_resumes_exactly(world: World) -> None:
    stream, ann = world.join("ann")
    _, bob = world.join("bob")
    world.wait(100)
    ann.stall()
    world.tell("0")
    for number in range(1, 256):
        world.tell(str(number))
        world.wait(11)
    assert ann.is_open()
    world.tell("256", "257")
    assert ann.closed == 4400
    world.wait(11)
    assert texts(bob) == list(map(str, range(258)))
    assert world.watcher.heard == [("detached", "ann")]
    assert world.hub.stats.slow_closed == 1
    again = Pipe(world.hub)
    world.hub.attach(stream, again)  # the buffer was never taken: "0" too was not written to a socket
    assert texts(again) == list(map(str, range(258)))


def test_unread_bytes_count_too() -> None:
    world = World(RealtimeLimits(outbox_bytes=10_000))
    _, ann = world.join("ann")
    ann.stall()
    world.tell("0")
    for _ in range(3):
        event = world.event("long")
        event.weight = 4_000
        world.hub.publish(ROOM, event)
    assert ann.closed == 4400


def test_who_reads_again_in_time_gets_all_in_one_write(world: World) -> None:
    _, ann = world.join("ann")
    ann.stall()
    world.tell("0", "1", "2", "3")
    writes = ann.writes
    ann.flow()
    assert texts(ann) == ["0", "1", "2", "3"]
    assert ann.writes == writes + 1


def test_a_sink_that_fails_harms_nobody_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Pipe):
        def write(self, first: int, batch: Batch) -> None:
            raise ValueError("broken on purpose")

    stream = world.open("ann")
    broken = Broken(world.hub)
    world.hub.attach(stream, broken)
    _, bob = world.join("bob")
    world.tell("one")
    assert texts(bob) == ["one"]
    assert broken.closed is not None
    assert world.hub.stats.sink_failures == 1
    assert "Writing to a connection failed" in caplog.text


def test_a_reader_that_reads_again_too_late_is_not_written_to(world: World) -> None:
    stream, ann = world.join("ann")
    ann.stall()
    world.tell("0", "1")
    world.hub.detach(stream, ann)
    world.tell("2")
    ann.flow()
    assert texts(ann) == ["0"]
    again = Pipe(world.hub)
    world.hub.attach(stream, again, 1)
    assert texts(again) == ["1", "2"]


def test_reading_on_without_having_stopped_changes_nothing(world: World) -> None:
    _, ann = world.join("ann")
    world.wait(100)
    world.tell("0", "1")
    ann.flow()
    assert texts(ann) == ["0"]  # "1" waits for the end of the window all the same
    world.wait(10)
    assert texts(ann) == ["0", "1"]


def test_who_is_sent_away_because_another_was_too_slow_is_closed_once(world: World) -> None:
    """Both are too slow at the same event; closing the one makes the watcher end the other."""
    goodbye = Disconnect("removed", "Out with you.", may_reconnect=False, code=4503)

    class Strict(Watcher):
        def on_detached(self, character_id: CharacterId) -> None:
            super().on_detached(character_id)
            for other in ("ann", "bob"):
                if other != character_id:
                    world.hub.close(CharacterId(other), goodbye)

    world.hub.watcher = watcher = Strict()
    pipes = [world.join(name)[1] for name in ("ann", "bob")]
    for pipe in pipes:
        pipe.stall()
    world.tell(*map(str, range(258)))
    assert sorted(pipe.closed or 0 for pipe in pipes) == [4400, 4503]
    assert world.hub.stats.slow_closed == 1
    assert sorted(what for what, _ in watcher.heard) == ["detached", "removed"]


def test_who_does_not_read_is_closed_without_waiting(world: World) -> None:
    _, ann = world.join("ann")
    _, bob = world.join("bob")
    ann.stall()
    world.tell("0", "1")
    goodbye = Disconnect("removed", "Out with you.", may_reconnect=False, code=4503)
    for name in ("ann", "bob"):
        world.hub.close(CharacterId(name), goodbye)
    assert (ann.closed, ann.abandoned) == (4503, True)
    assert (bob.closed, bob.abandoned) == (4503, False)
    assert bob.wire[-1][1].payload is goodbye
    assert ann.wire == []


# --- resume ---


def test_resume_gives_exactly_what_follows(world: World) -> None:
    stream, ann = world.join("ann")
    world.tell("1", "2", "3")
    world.hub.detach(stream, ann)
    world.tell("4")
    again = Pipe(world.hub)
    result = world.hub.attach(stream, again, 2)
    assert again.numbers == [3, 4]
    assert (result.replayed, result.returned, result.reset) == (2, True, None)
    assert world.watcher.heard == [("detached", "ann"), ("returned", "ann")]


def test_resume_without_a_number_gives_what_was_never_written(world: World) -> None:
    stream, ann = world.join("ann")
    world.wait(100)
    world.tell("1", "2")  # "2" waits for the window
    world.hub.detach(stream, ann)
    world.tell("3")
    again = Pipe(world.hub)
    world.hub.attach(stream, again)
    assert texts(again) == ["2", "3"]


@pytest.mark.parametrize(("asked", "reason"), [(0, "too_old"), (5000, "ahead")])
def test_reset_says_why_and_numbers_go_on(asked: int, reason: str) -> None:
    world = World(RealtimeLimits(stream_events=100))
    started_at = world.clock.now()
    world.wait(1_000)
    stream, ann = world.join("ann")
    world.tell(*map(str, range(400)))
    world.hub.detach(stream, ann)
    again = Pipe(world.hub)
    result = world.hub.attach(stream, again, asked)
    assert result.reset == reason
    [(number, event)] = again.wire
    assert number == 401
    assert isinstance(event.payload, Reset)
    assert event.payload.started_at == started_at
    assert (event.payload.reason, event.payload.last_seq) == (reason, asked)
    world.wait(100)
    world.tell("next")
    assert again.numbers == [401, 402]


def test_overflow_while_away() -> None:
    world = World(RealtimeLimits(stream_events=100))
    stream, ann = world.join("ann")
    world.tell("seen")
    world.hub.detach(stream, ann)
    world.tell(*map(str, range(400)))
    result = world.hub.attach(stream, Pipe(world.hub))
    assert result.reset == "overflow"


def test_the_last_hundred_stay_whatever_they_weigh() -> None:
    world = World(RealtimeLimits(stream_bytes=65536))
    stream, ann = world.join("ann")
    world.hub.detach(stream, ann)
    for number in range(500):
        event = world.event(str(number))
        event.weight = 60_000
        world.hub.publish(ROOM, event)
    assert 100 <= len(stream.events) <= 100 + 2 * BLOCK
    again = Pipe(world.hub)
    assert world.hub.attach(stream, again, 400).reset is None
    assert texts(again) == list(map(str, range(400, 500)))


def test_the_newer_connection_wins_and_nobody_sees_the_farewell_twice(world: World) -> None:
    stream, older = world.join("ann")
    world.wait(100)
    world.tell("1", "2")
    newer = Pipe(world.hub)
    world.hub.attach(stream, newer, 0)
    assert older.closed == 4502
    assert isinstance(older.wire[-1][1].payload, Disconnect)
    assert older.numbers == [1, 2, 3]
    assert newer.numbers == [1, 2, 3]
    assert isinstance(newer.wire[-1][1].payload, Heartbeat)
    assert [what for what, _ in world.watcher.heard if what not in ("detached", "returned")] == []
    world.wait(100)
    world.tell("4")
    assert newer.numbers == [1, 2, 3, 4]


def test_the_newer_connection_gets_what_the_older_never_read_without_asking(world: World) -> None:
    stream, older = world.join("ann")
    older.stall()
    world.tell("1", "2")
    newer = Pipe(world.hub)
    world.hub.attach(stream, newer)
    assert (older.closed, older.abandoned) == (4502, True)
    assert older.wire == []
    assert newer.numbers == [1, 2]  # no number went to a farewell nobody would have read
    assert texts(newer) == ["1", "2"]


def test_a_twin_reads_the_same_numbers(world: World) -> None:
    stream, ann = world.join("ann")
    twin = Pipe(world.hub, exclusive=False)
    world.hub.attach(stream, twin, 0)
    assert ann.closed is None
    world.wait(100)
    world.tell("1")
    world.hub.publish(ROOM, world.event("low", Priority.LOW))
    world.wait(20)
    world.wait(20)
    assert ann.numbers == twin.numbers == [1, 2]
    world.hub.detach(stream, ann)
    assert world.watcher.heard == []
    world.hub.detach(stream, twin)
    assert world.watcher.heard == [("detached", "ann")]


def test_the_newer_connection_gets_what_the_older_never_read(world: World) -> None:
    stream, older = world.join("ann")
    older.stall()
    world.tell("1", "2")
    newer = Pipe(world.hub)
    world.hub.attach(stream, newer, 0)
    assert (older.closed, older.abandoned) == (4502, True)
    assert older.wire == []
    assert newer.numbers == [1, 2]  # no number went to a farewell nobody would have read
    assert texts(newer) == ["1", "2"]


def test_a_twin_stays_when_the_other_connection_is_replaced(world: World) -> None:
    stream, older = world.join("ann")
    twin = Pipe(world.hub, exclusive=False)
    world.hub.attach(stream, twin, 0)
    world.wait(100)
    world.tell("1")
    newer = Pipe(world.hub)
    world.hub.attach(stream, newer, 1)
    assert (older.closed, twin.closed) == (4502, None)
    world.wait(100)
    world.wait(100)
    world.tell("3")
    assert older.numbers == [1, 2]
    assert twin.numbers == [1, 2, 3]
    assert newer.numbers == [2, 3]
    assert [type(event.payload) for _, event in twin.wire] == [RoomMessage, Heartbeat, RoomMessage]
    assert world.watcher.heard == []


def test_a_connection_that_was_replaced_can_be_detached_again(world: World) -> None:
    """The door notices the end of the older connection only after the newer one is there."""
    stream, older = world.join("ann")
    newer = Pipe(world.hub)
    world.hub.attach(stream, newer)
    heard = list(world.watcher.heard)
    world.hub.detach(stream, older)
    assert world.watcher.heard == heard
    world.wait(100)
    world.tell("still here")
    assert texts(newer) == ["still here"]


# --- the end ---


def test_grace_runs_in_steps(world: World) -> None:
    stream, ann = world.join("ann")
    world.hub.detach(stream, ann)
    world.wait(2_900)
    world.hub.tick()
    assert world.watcher.heard == [("detached", "ann")]
    world.wait(100)
    world.hub.tick()
    world.wait(26_000)
    world.hub.tick()
    assert world.watcher.heard[1:] == [("missed", "ann")]
    world.wait(1_000)
    world.hub.tick()
    world.hub.tick()
    assert world.watcher.heard[2:] == [("display", "ann")]
    world.wait(89_000)
    world.hub.tick()
    assert world.hub.find(stream.play_id, stream.account_id) is stream
    world.wait(1_000)
    world.hub.tick()
    assert world.watcher.heard[3:] == [("expired", "ann")]
    assert world.hub.find(stream.play_id, stream.account_id) is None
    assert not world.hub._topics


def test_who_is_away_again_is_missed_again(world: World) -> None:
    stream, pipe = world.join("ann")
    for _ in range(2):
        world.hub.detach(stream, pipe)
        world.wait(4_000)
        world.hub.tick()
        pipe = Pipe(world.hub)
        world.hub.attach(stream, pipe)
    assert [what for what, _ in world.watcher.heard] == ["detached", "missed", "returned"] * 2


def test_who_returns_starts_the_grace_anew(world: World) -> None:
    stream, ann = world.join("ann")
    world.hub.detach(stream, ann)
    world.wait(60_000)
    world.hub.tick()
    again = Pipe(world.hub)
    world.hub.attach(stream, again, 0)
    world.hub.detach(stream, again)
    world.wait(60_000)
    world.hub.tick()
    assert [what for what, _ in world.watcher.heard] == ["detached", "display", "returned", "detached", "display"]


def test_whom_an_expiry_takes_along_does_not_expire_too(world: World) -> None:
    """The watcher may end other streams, or find somebody back, while the grace of several runs out."""

    class Family(Watcher):
        def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
            super().on_stream_ended(character_id, reason)
            if character_id == "ann":
                world.hub.close(CharacterId("bob"), SystemMessage("Ann is gone.", "info"))
                world.hub.attach(cid, back)

    world.hub.watcher = watcher = Family()
    for name in ("ann", "bob"):
        stream, pipe = world.join(name)
        world.hub.detach(stream, pipe)
    cid, pipe = world.join("cid")
    world.hub.detach(cid, pipe)
    back = Pipe(world.hub)
    watcher.heard.clear()
    world.wait(120_000)
    world.hub.tick()
    assert watcher.heard == [("expired", "ann"), ("closed", "bob"), ("returned", "cid")]
    assert list(world.hub.streams()) == [cid]


def test_a_hub_nobody_watches_lets_the_grace_run_out_all_the_same() -> None:
    world = World()
    world.hub.watcher = None
    stream, ann = world.join("ann")
    world.hub.detach(stream, ann)
    world.wait(30_000)
    world.hub.tick()
    again = Pipe(world.hub)
    assert world.hub.attach(stream, again).returned
    world.hub.detach(stream, again)
    world.wait(120_000)
    world.hub.tick()
    assert stream.ended


def test_another_session_of_the_account_ends_the_former(world: World) -> None:
    former, pipe = world.join("ann")
    world.hub.open(PlayId("another-session"), CharacterId("ann"), AccountId("ann"), SessionId("login"))
    assert former.ended
    assert pipe.closed == 4502
    assert isinstance(pipe.wire[-1][1].payload, Disconnect)
    assert world.watcher.heard == []  # the character never left


def test_another_character_of_the_account_ends_the_former(world: World) -> None:
    world.join("ann")
    world.hub.open(PlayId("another-session"), CharacterId("beth"), AccountId("ann"), SessionId("login"))
    assert world.watcher.heard == [("taken_over", "ann")]


def test_closing_a_login_session_closes_its_streams_only(world: World) -> None:
    _, ann = world.join("ann")
    _, bob = world.join("bob")
    world.tell("before")
    world.hub.close_session(
        SessionId("login-ann"), Disconnect("session_ended", "Signed out.", may_reconnect=False, code=4501)
    )
    assert ann.closed == 4501
    assert isinstance(ann.wire[-1][1].payload, Disconnect)
    assert bob.closed is None
    assert world.watcher.heard == [("session_ended", "ann")]


def test_closing_a_character_sends_the_payload_last(world: World) -> None:
    _, ann = world.join("ann")
    world.wait(100)
    world.tell("1", "2")
    world.hub.close(CharacterId("ann"), SystemMessage("You are gone."))
    assert ann.closed == 1000
    assert ann.numbers == [1, 2, 3]
    assert isinstance(ann.wire[-1][1].payload, SystemMessage)
    world.tell("after")
    assert ann.numbers == [1, 2, 3]


def test_closing_all_keeps_the_streams(world: World) -> None:
    stream, ann = world.join("ann")
    world.hub.close_all(Disconnect("going_away", "Back soon.", may_reconnect=True, code=1001))
    assert ann.closed == 1001
    assert world.hub.find(stream.play_id, stream.account_id) is stream
    assert stream.detached_at is not None


def test_a_stream_nobody_attached_to_is_forgotten(world: World) -> None:
    world.open("ann")
    world.wait(121_000)
    world.hub.tick()
    assert list(world.hub.streams()) == []


# --- signs of life ---


def test_heartbeat_only_when_nothing_but_ticks_was_sent(world: World) -> None:
    _, ann = world.join("ann")
    for _ in range(61):
        world.wait(1_000)
        world.hub.publish(ROOM, event_of(GameTick(1, world.clock.now()), world.clock.now(), coalesce="game_tick"))
        world.hub.tick()
    beats = [event for _, event in ann.wire if isinstance(event.payload, Heartbeat)]
    assert len(beats) in (1, 2)
    busy = World()
    _, bob = busy.join("bob")
    for _ in range(61):
        busy.wait(1_000)
        busy.tell("news")
        busy.hub.tick()
    assert not [event for _, event in bob.wire if isinstance(event.payload, Heartbeat)]


def test_a_subscriber_that_publishes_when_told_keeps_the_order(world: World) -> None:
    """Closing a slow reader tells the room; that must come after what closed it, for everybody."""

    class Teller(Watcher):
        def on_detached(self, character_id: CharacterId) -> None:
            world.tell(f"{character_id} lost the connection")

    world.hub.watcher = Teller()
    _, ann = world.join("ann")
    _, bob = world.join("bob")
    ann.stall()
    world.tell(*map(str, range(258)))
    world.wait(11)
    world.wait(11)
    assert ann.closed == 4400
    assert texts(bob) == [*map(str, range(258)), "ann lost the connection"]


def test_attaching_to_a_stream_that_has_ended_says_farewell() -> None:
    world = World()
    stream = world.open("ann")
    world.hub.end(stream, Disconnect("session_ended", "You are signed out.", may_reconnect=False, code=4501))
    pipe = Pipe(world.hub)
    world.hub.attach(stream, pipe)
    assert [event.payload.event_type for _, event in pipe.wire] == ["disconnect"]
    assert pipe.closed == 4501
    assert stream.outboxes == ()
    assert not world.hub.has_stream(CharacterId("ann"))
    forgotten = world.open("bob")
    world.hub.end(forgotten)
    late = Pipe(world.hub)
    world.hub.attach(forgotten, late)
    assert (late.wire, late.closed) == ([], 4429)


class Torn(Pipe):
    """A connection whose line is broken, as the loop tells it."""

    error: Exception | None = OSError("broken")

    def write(self, first: int, batch: Batch) -> None:
        if self.error is None:
            super().write(first, batch)
        else:
            raise self.error


@pytest.mark.parametrize(
    ("error", "is_bug"),
    [
        (RuntimeError("unable to perform operation on <TCPTransport>; the handler is closed"), False),
        (BrokenPipeError(), False),
        (RuntimeError("something else"), True),
    ],
)
def test_a_broken_line_is_no_error_but_a_bug_is(
    error: Exception, is_bug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    stream, torn = world.open("ann"), Torn(world.hub)
    torn.error = error
    world.hub.attach(stream, torn)
    world.hub.send(CharacterId("ann"), event_of(SystemMessage("hello", "info"), world.clock.now()))
    assert stream.outboxes == ()
    assert torn.closed is not None
    assert any(record.levelname == "ERROR" for record in caplog.records) is is_bug
    assert world.hub.stats.sink_failures == int(is_bug)


def _beat(world: World) -> None:
    for _ in range(8):
        world.wait(5_000)
        world.hub.tick()


def _merge(world: World) -> None:
    world.tell("2", "3", "4")
    world.wait(10)


def _merge_low(world: World) -> None:
    for _ in range(3):
        world.hub.publish(ROOM, world.event("2", Priority.LOW))
    world.wait(10)


WRITES: dict[str, Callable[[World], None]] = {
    "one event": lambda world: world.tell("2"),
    "to one": lambda world: world.hub.send(CharacterId("ann"), world.event("2")),
    "low": lambda world: world.hub.publish(ROOM, world.event("2", Priority.LOW)),
    "low to one": lambda world: world.hub.send(CharacterId("ann"), world.event("2", Priority.LOW)),
    "heartbeat": _beat,
    "what was merged": _merge,
    "what was merged with LOW": _merge_low,
    "what an urgent one takes along": lambda world: world.tell("2", "3", priority=Priority.HIGH),
    "farewell to all": lambda world: world.hub.close_all(
        Disconnect("going_away", "Back soon.", may_reconnect=True, code=1001)
    ),
    "farewell to one": lambda world: world.hub.close(
        CharacterId("ann"), Disconnect("removed", "Out.", may_reconnect=False, code=4503)
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_line_that_breaks_at_any_write_takes_one_connection_and_no_other(
    write: Callable[[World], None], caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    stream, torn = world.open("ann"), Torn(world.hub)
    torn.error = None
    world.hub.attach(stream, torn)
    _, bob = world.join("bob")
    world.tell("1")
    world.wait(100)
    torn.error = BrokenPipeError()
    write(world)
    world.wait(100)
    assert texts(torn) == ["1"]
    assert torn.closed is not None
    assert stream.outboxes == ()
    assert (stream.detached_at is not None) or stream.ended
    assert bob.numbers == list(range(1, len(bob.wire) + 1))
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_two_quiet_readers_share_a_heartbeat(world: World) -> None:
    pipes = [world.join(name)[1] for name in ("ann", "bob")]
    _beat(world)
    [(_, one)], [(_, other)] = (pipe.wire for pipe in pipes)
    assert isinstance(one.payload, Heartbeat)
    assert one is other  # rendered once


@pytest.mark.parametrize(("interval", "beats"), [(1.0, 9), (2.0, 4), (0.1, 19)])
def test_a_short_heartbeat_interval_is_kept(interval: float, beats: int) -> None:
    world = World(RealtimeLimits(heartbeat_interval=interval))
    _, pipe = world.join("ann")
    for _ in range(20):
        world.hub.tick()
        world.wait(500)
    assert sum(isinstance(event.payload, Heartbeat) for _, event in pipe.wire) == pytest.approx(beats, abs=1)

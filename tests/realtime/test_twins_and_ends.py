"""Where several connections of one stream, farewells, failures and limits meet the telling of a room as one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.realtime.test_hub import ROOM, World, texts
from tests.support.pipe import Pipe

from mythgate.domain.events import Disconnect, Priority, Reset
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.limits import RealtimeLimits
from mythgate.realtime.outbox import Batch, Outbox
from mythgate.realtime.stream import BLOCK

ANN = CharacterId("ann")
FAREWELL = Disconnect("bye", "Goodbye.", may_reconnect=False, code=4500)
WINDOW = RealtimeLimits(merge_window=0.02)


@pytest.fixture
def world() -> World:
    return World()


class Rendering(Pipe):
    """As the doors: what an event weighs is known once it is rendered."""

    def write(self, first: int, batch: Batch) -> None:
        for event in batch.events:
            event.weight = 20_000
        super().write(first, batch)


class Breaking(Pipe):
    """Its line breaks while it is written to."""

    broken = False

    def write(self, first: int, batch: Batch) -> None:
        if self.broken:
            raise OSError("the line is lost")
        super().write(first, batch)


class Faulty(Pipe):
    """A kind of sink with a bug."""

    @classmethod
    def write_to_all(cls, outboxes: Iterable[Outbox], index: int, batch: Batch) -> list[tuple[Outbox, Exception]]:
        raise ValueError("a bug")


# --- twins ---


def test_a_twin_hears_the_room_after_a_stalled_connection_was_replaced(world: World) -> None:
    stream, stalled = world.join("ann")
    twin = Pipe(world.hub, exclusive=False)
    world.hub.attach(stream, twin, 0)
    stalled.stall()
    world.tell("one")
    world.wait(50)
    newer = Pipe(world.hub)
    world.hub.attach(stream, newer, 0)
    assert stalled.closed == 4502
    world.wait(50)
    world.tell("two", "three")
    world.wait(50)
    world.hub.send(ANN, world.event("own"))
    world.wait(50)
    assert texts(newer) == texts(twin) == ["one", "two", "three", "own"]
    assert twin.numbers == [1, 2, 3, 4]


def test_a_reset_for_one_connection_is_numbered_for_its_twin_too(world: World) -> None:
    stream = world.open("ann")
    twin = Pipe(world.hub, exclusive=False)
    world.hub.attach(stream, twin)
    world.tell("one")
    world.wait(50)
    world.hub.attach(stream, Pipe(world.hub), 99)
    world.wait(50)
    world.tell("two")
    world.wait(50)
    assert twin.numbers == [1, 2, 3]
    assert isinstance(twin.wire[1][1].payload, Reset)


# --- ends ---


def test_the_farewell_is_last_though_low_events_wait(world: World) -> None:
    stream, ann = world.join("ann")
    world.tell("one")
    world.hub.publish(ROOM, world.event("low", Priority.LOW))
    world.hub.end(stream, FAREWELL)
    assert texts(ann) == ["one", "low"]
    assert isinstance(ann.wire[-1][1].payload, Disconnect)


@pytest.mark.parametrize("before", [1, 54, BLOCK - 1, BLOCK, 182, 2 * BLOCK])
def test_an_end_writes_all_that_waited_however_full_the_stream_is(before: int) -> None:
    world = World(RealtimeLimits(merge_window=0.02, stream_events=100, stream_bytes=1000))
    stream, ann = world.join("ann")
    for number in range(before):
        world.hub.send(ANN, world.event(f"before {number}"))
    world.wait(50)
    world.hub.send(ANN, world.event("first"))
    late = [f"late {number}" for number in range(200)]
    for text in late:
        world.hub.send(ANN, world.event(text))
    world.hub.end(stream, FAREWELL)
    assert ann.numbers == list(range(1, before + 203))
    assert texts(ann)[-200:] == late


# --- what is kept, and counted ---


def test_as_many_events_are_kept_as_promised() -> None:
    world = World(WINDOW)
    stream, ann = world.join("ann")
    world.hub.detach(stream, ann)
    world.tell(*["x"] * 1000)
    for _ in range(2000):
        world.tell("x")
        assert len(stream.events) >= WINDOW.stream_events


def test_what_was_merged_counts_in_full_against_who_does_not_read() -> None:
    world = World(WINDOW)
    stream, ann = world.open("ann"), Rendering(world.hub)
    world.hub.attach(stream, ann)
    world.hub.attach(world.open("bob"), Rendering(world.hub))
    ann.stall()
    world.tell("fills")
    for number in range(200):
        world.tell("long")
        if number % 10 == 9:
            world.wait(20)
        if ann.closed is not None:
            break
    assert ann.closed == 4400
    assert sum(event.weight for event in stream.since(1)) < 2 * WINDOW.outbox_bytes


def test_kept_bytes_are_near_the_truth_for_who_talks() -> None:
    world = World(WINDOW)
    talker = world.open("ann")
    world.hub.attach(talker, Rendering(world.hub))
    listener = world.open("bob")
    world.hub.attach(listener, Rendering(world.hub))
    for number in range(900):
        world.tell("y")
        if number % 10 == 5:
            world.hub.send(ANN, world.event("answer"))
        if number % 10 == 9:
            world.wait(20)
    for stream in (talker, listener):
        weighed = stream.events[: sum(count for count, _ in stream.blocks)]
        truth = sum(event.weight for event in weighed)
        assert stream.kept_bytes == pytest.approx(truth, rel=0.05)


# --- failures ---


def test_what_a_broken_line_was_given_is_not_taken_for_written(world: World) -> None:
    stream, ann = world.open("ann"), Breaking(world.hub)
    world.hub.attach(stream, ann)
    world.tell("one")
    world.wait(50)
    ann.broken = True
    world.tell("two")
    world.wait(50)
    newer = Pipe(world.hub)
    world.hub.attach(stream, newer)
    assert texts(newer) == ["two"]


def test_a_line_that_is_broken_when_it_is_attached_is_closed(world: World) -> None:
    stream, ann = world.open("ann"), Breaking(world.hub)
    world.tell("one")
    ann.broken = True
    world.hub.attach(stream, ann)
    assert ann.closed is not None


def test_a_faulty_kind_of_sink_silences_no_other_room(world: World, caplog: pytest.LogCaptureFixture) -> None:
    other = Topic("room:other")
    _, ann = world.join("ann")
    bob = CharacterId("bob")
    stream = world.hub.open(PlayId("session-bob"), bob, AccountId("bob"), SessionId("login-bob"))
    world.hub.subscribe(bob, other)
    faulty = Faulty(world.hub)
    world.hub.attach(stream, faulty)
    world.hub.publish(other, world.event("breaks"))
    assert faulty.closed is not None
    assert "Writing to a connection failed" in caplog.text
    world.tell("now", "waits")
    world.wait(20)
    assert texts(ann) == ["now", "waits"]

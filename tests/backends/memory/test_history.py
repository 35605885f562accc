"""The last events of a topic, bounded in length and number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mythgate.backends.memory.history import MemoryHistory
from mythgate.domain.events import Event, Heartbeat, event_of
from mythgate.domain.ids import Topic

START = datetime(2030, 1, 1, tzinfo=UTC)
TOPIC = Topic("room:square")


def event(number: int) -> Event:
    return event_of(Heartbeat(), START + timedelta(seconds=number))


async def test_the_last_events_oldest_first() -> None:
    history = MemoryHistory(3)
    events = [event(number) for number in range(5)]
    for one in events:
        await history.append(TOPIC, one)
    assert await history.recent(TOPIC) == events[2:]
    assert await history.recent(TOPIC, 2) == events[3:]
    assert await history.recent(TOPIC, 0) == []
    assert await history.recent(Topic("other")) == []


async def test_topics_do_not_mix() -> None:
    history = MemoryHistory()
    await history.append(TOPIC, event(1))
    await history.append(Topic("other"), event(2))
    assert len(await history.recent(TOPIC)) == 1


async def test_of_too_many_topics_the_quietest_is_forgotten() -> None:
    history = MemoryHistory(max_topics=2)
    await history.append(Topic("a"), event(1))
    await history.append(Topic("b"), event(2))
    await history.append(Topic("a"), event(3))
    await history.append(Topic("c"), event(4))
    assert [len(await history.recent(Topic(name))) for name in "abc"] == [2, 0, 1]


async def test_neither_suspends() -> None:
    history = MemoryHistory()
    for work in (history.append(TOPIC, event(1)), history.recent(TOPIC)):
        try:
            work.send(None)
        except StopIteration:
            continue
        raise AssertionError("suspended")

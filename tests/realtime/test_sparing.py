"""Sparing one listener one event: moderation does it so that muted staff is told once."""

from __future__ import annotations

import pytest
from tests.support.clock import FakeClock
from tests.support.pipe import Pipe

from mythgate.domain.events import Priority, RoomMessage, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId, CharacterId, PlayId, SessionId, Topic
from mythgate.realtime.hub import Hub


@pytest.mark.parametrize("topic", [STAFF_TOPIC, Topic("room:here")])
def test_who_is_unsubscribed_for_one_event_misses_that_one_and_no_other(topic: Topic) -> None:
    clock = FakeClock()
    hub = Hub(clock, call_later=lambda _delay, _callback: None)
    pipes = {}
    for name in ("ann", "bob"):
        stream = hub.open(PlayId("session-" + name), CharacterId(name), AccountId(name), SessionId("login-" + name))
        hub.subscribe(stream.character_id, topic)
        pipes[name] = Pipe(hub)
        hub.attach(stream, pipes[name])

    def tell(text: str) -> None:
        hub.publish(topic, event_of(RoomMessage(text), clock.now(), priority=Priority.HIGH))  # waits for no other

    tell("before")
    hub.unsubscribe(CharacterId("ann"), topic)
    tell("meanwhile")
    hub.subscribe(CharacterId("ann"), topic)
    tell("after")

    def numbered(name: str) -> list[tuple[int, object]]:
        return [(number, event.payload) for number, event in pipes[name].wire]

    assert numbered("ann") == [(1, RoomMessage("before")), (2, RoomMessage("after"))]
    assert numbered("bob") == [(1, RoomMessage("before")), (2, RoomMessage("meanwhile")), (3, RoomMessage("after"))]

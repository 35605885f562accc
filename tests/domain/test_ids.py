"""Topics do not meet by accident."""

from __future__ import annotations

from mythgate.domain.ids import GLOBAL_TOPIC, STAFF_TOPIC, RoomId, room_topic


def test_no_room_can_be_called_so_that_it_hears_what_is_meant_for_staff_or_for_all() -> None:
    topics = {room_topic(RoomId(name)) for name in ("", "global", "staff", "room:hall", "hall")}
    assert len(topics) == 5
    assert not topics & {GLOBAL_TOPIC, STAFF_TOPIC}

"""Rules of walking: which way leads where, for whom, and whether there is room left."""

from __future__ import annotations

from collections.abc import Container

from mythgate.domain.errors import BadUsage, ExitLocked, NoSuchExit, RoomFull
from mythgate.domain.ids import RoomId, TemplateId
from mythgate.domain.world import Exit, Room, visible_exits


def way_out(room: Room, words: str, explored: Container[RoomId]) -> Exit:
    """The way out of `room` that a direction, its short form or an alias of the way names.

    Hidden ways can be taken by whoever guesses them; they are only never listed.

    Raises:
        BadUsage: no words at all.
        NoSuchExit: no such way; the hint lists the ways one sees.

    """
    if not words.strip():
        raise BadUsage("Which way?", hint=ways_hint(room, explored))
    way = room.exit_by(words)
    if way is None:
        raise NoSuchExit(hint=ways_hint(room, explored))
    return way


def ways_hint(room: Room, explored: Container[RoomId]) -> str:
    """The ways one sees, as a sentence."""
    ways = [way.direction.value for way in visible_exits(room, explored)]
    return f"You can go {', '.join(ways)}." if ways else "There is no way out that you can see."


def pass_through(way: Exit, carried: Container[TemplateId]) -> None:
    """Raises ExitLocked unless the way is open to somebody who carries `carried`."""
    if not way.opens_for(carried):
        hint = "You would need the right key." if way.key_template is not None else "Nothing you could carry opens it."
        raise ExitLocked(hint=hint)


def find_room_for_one(room: Room, people: int, default_capacity: int) -> None:
    """Raises RoomFull if `people` are already as many as `room` holds."""
    capacity = default_capacity if room.capacity is None else room.capacity
    if people >= capacity:
        raise RoomFull(f"{room.name} is full.", hint="Wait until somebody leaves.")

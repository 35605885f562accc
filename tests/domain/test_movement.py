"""Rules of walking."""

from __future__ import annotations

import pytest
from tests.support.play import CELLAR, GARDEN, KEY, LANTERN, SQUARE, TAVERN, VAULT, small_world

from mythgate.domain import movement
from mythgate.domain.errors import BadUsage, ExitLocked, NoSuchExit, RoomFull
from mythgate.domain.world import Direction

WORLD = small_world()


@pytest.mark.parametrize("words", ["north", "N", "n", " north ", "door", "Door"])
def test_a_way_has_many_names(words: str) -> None:
    assert movement.way_out(WORLD.rooms[SQUARE], words, ()).target == TAVERN


def test_a_hidden_way_can_be_guessed_but_is_not_listed() -> None:
    square = WORLD.rooms[SQUARE]
    assert movement.way_out(square, "west", ()).target == GARDEN
    assert "west" not in movement.ways_hint(square, ())
    assert "west" in movement.ways_hint(square, {GARDEN})


def test_no_such_way_lists_those_there_are() -> None:
    with pytest.raises(NoSuchExit) as refused:
        movement.way_out(WORLD.rooms[SQUARE], "up", ())
    assert refused.value.hint == "You can go north, east, south."
    with pytest.raises(NoSuchExit, match="cannot go"):
        movement.way_out(WORLD.rooms[SQUARE], "moon", ())
    with pytest.raises(NoSuchExit) as refused:
        movement.way_out(WORLD.rooms[VAULT], "n", ())
    assert "no way out" in refused.value.hint


def test_no_direction_is_asked_for() -> None:
    with pytest.raises(BadUsage, match="Which way") as refused:
        movement.way_out(WORLD.rooms[SQUARE], "  ", ())
    assert "north" in refused.value.hint


def test_a_key_opens_its_way() -> None:
    down = WORLD.rooms[TAVERN].exits[Direction.DOWN]
    assert down.target == CELLAR
    movement.pass_through(down, {KEY, LANTERN})
    with pytest.raises(ExitLocked) as refused:
        movement.pass_through(down, {LANTERN})
    assert "right key" in refused.value.hint


def test_some_ways_never_open() -> None:
    with pytest.raises(ExitLocked) as refused:
        movement.pass_through(WORLD.rooms[TAVERN].exits[Direction.UP], {KEY})
    assert "Nothing" in refused.value.hint


def test_open_ways_need_no_key() -> None:
    movement.pass_through(WORLD.rooms[SQUARE].exits[Direction.NORTH], ())


def test_a_room_holds_so_many() -> None:
    square = WORLD.rooms[SQUARE]
    movement.find_room_for_one(square, 31, 32)
    with pytest.raises(RoomFull, match="market square is full"):
        movement.find_room_for_one(square, 32, 32)


def test_a_rooms_own_capacity_counts_more_than_the_default() -> None:
    closet = WORLD.rooms[WORLD.rooms[SQUARE].exits[Direction.EAST].target]
    with pytest.raises(RoomFull):
        movement.find_room_for_one(closet, 2, 32)

"""Maps: golden pictures, and that nothing unexplored is ever given away."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.worlds import room, room_id, world

from mythgate.backends.worldpacks import DEFAULT_PACK, load
from mythgate.domain.ids import RoomId
from mythgate.domain.maps import (
    LEGEND_WIDTH,
    MAX_CELLS,
    MapStyle,
    Viewport,
    drawn_map,
    minimap,
    text_map,
    viewport_around,
)
from mythgate.domain.world import Direction, Exit, World

AROUND = Viewport("p", -2, -2, 0, 5, 5)


@pytest.fixture
def town() -> World:
    """A square with ways in all directions, one long, one locked, one hidden, one to another plane."""
    return world(
        room(
            "square",
            exits={
                "north": "gate",
                "east": Exit(Direction.EAST, room_id("shop"), locked=True),
                "southeast": "corner",
                "west": Exit(Direction.WEST, room_id("garden"), hidden=True),
                "down": "cellar",
            },
        ),
        room("gate", (0, -1), {"south": "square", "north": "beyond"}),
        room("shop", (1, 0), {"west": "square", "south": "corner"}, tags=frozenset({"shop"})),
        room("corner", (1, 1), {"northwest": "square", "north": "shop", "west": "yard"}),
        room("yard", (-1, 1), {"east": "corner", "north": "garden"}, tags=frozenset({"tavern"})),
        room("garden", (-1, 0), {"east": "square", "south": "yard"}),
        room("cellar", (0, 0, -1), {"up": "square"}),
        room("beyond", (0, 0), {"south": "gate"}, plane="q"),
    )


def ids(*shorts: str) -> set[RoomId]:
    return {room_id(short) for short in shorts}


def drawn(text: str) -> list[str]:
    """The lines of a picture that are not blank; where blank lines stand is another test's business."""
    return [line for line in text.splitlines() if line.strip()]


def test_one_room_shows_its_ways_as_stubs_and_no_hidden_one(town: World) -> None:
    assert drawn(text_map(town, ids("square"), AROUND, current=room_id("square"))) == [
        "                  :",
        "                [ @v].+",
        "                      .",
        "@ you  v down  : not explored",
        ". not explored  + locked",
    ]


def test_the_whole_level_in_plain_characters(town: World) -> None:
    assert drawn(text_map(town, set(town.rooms), AROUND, current=room_id("square"))) == [
        "                  :",
        "                [   ]",
        "                  |",
        "        [   ]---[ @v]-+-[ $ ]",
        "          |           \\   |",
        "        [ T ]-----------[   ]",
        "@ you  v down  $ shop  T tavern",
        ": not explored  + locked",
    ]


def test_the_whole_level_in_boxes(town: World) -> None:
    assert drawn(text_map(town, set(town.rooms), AROUND, current=room_id("square"), style=MapStyle.BOXES)) == [
        "                  ┆",
        "                ┌───┐",
        "                │   │",
        "                └───┘",
        "                  │",
        "        ┌───┐   ┌───┐   ┌───┐",
        "        │   │───│ @↓│─┼─│ $ │",
        "        └───┘   └───┘   └───┘",
        "          │           ╲   │",
        "        ┌───┐           ┌───┐",
        "        │ T │───────────│   │",
        "        └───┘           └───┘",
        "@ you  ↓ down  $ shop  T tavern",
        "┆ not explored  ┼ locked",
    ]


def test_a_trimmed_map_has_no_blank_space_around_it(town: World) -> None:
    picture = text_map(town, ids("square"), AROUND, current=room_id("square"), trim=True)
    assert picture.splitlines() == [
        "  :",
        "[ @v].+",
        "      .",
        "",
        "@ you  v down  : not explored",
        ". not explored  + locked",
    ]
    assert text_map(town, set(), AROUND, trim=True) == ""


def test_no_line_of_a_legend_is_wide_and_each_sign_stands_once() -> None:
    picture = text_map(SHIPPED, set(SHIPPED.rooms), Viewport("mythgate", -5, -10, 0, 25, 25), trim=True)
    drawn_part, _, legend = picture.rpartition("\n\n")
    items = [item for line in legend.splitlines() for item in line.split("  ")]
    signs = [item.partition(" ")[0] for item in items]
    assert max(map(len, legend.splitlines())) <= LEGEND_WIDTH
    assert len(signs) == len(set(signs)) > 3
    assert all(len(sign) == 1 and sign in drawn_part for sign in signs)


def test_another_level_has_its_own_rooms(town: World) -> None:
    below = Viewport("p", 0, 0, -1, 2, 2)
    assert drawn(text_map(town, set(town.rooms), below, current=room_id("cellar"))) == [
        "[^@ ]",
        "@ you  ^ up",
    ]


def test_a_viewport_cuts_rooms_and_ways_off(town: World) -> None:
    one = Viewport("p", 0, 0, 0, 1, 1)
    assert text_map(town, set(town.rooms), one) == "[  v]\n\nv down"
    between = Viewport("p", 0, 1, 0, 1, 1)  # a long way runs through, from the yard to the corner
    assert text_map(town, set(town.rooms), between) == "-----"


def test_a_map_of_nothing_is_blank(town: World) -> None:
    assert drawn(text_map(town, set(), AROUND)) == []
    assert drawn(text_map(town, set(town.rooms), Viewport("nowhere", 0, 0, 0, 5, 5))) == []


def test_slanting_ways_may_cross() -> None:
    crossing = world(
        room("a", (0, 0), {"southeast": "d", "east": "b"}),
        room("b", (1, 0), {"southwest": "c", "west": "a"}),
        room("c", (0, 1), {"northeast": "b"}),
        room("d", (1, 1), {"northwest": "a"}),
    )
    assert text_map(crossing, set(crossing.rooms), Viewport("p", 0, 0, 0, 2, 2), legend=False) == (
        "[   ]---[   ]\n      X\n[   ]   [   ]"
    )


def test_a_lock_shows_whichever_side_is_drawn_last() -> None:
    locked = Exit(Direction.EAST, room_id("b"), locked=True)
    for order in (("a", "b"), ("b", "a")):
        rooms = {"a": room("a", (0, 0), {"east": locked}), "b": room("b", (1, 0), {"west": "a"})}
        made = world(*(rooms[short] for short in order))
        assert text_map(made, set(made.rooms), Viewport("p", 0, 0, 0, 2, 1), legend=False) == "[   ]-+-[   ]"


def test_the_minimap_has_the_room_in_its_middle(town: World) -> None:
    lines = minimap(town, set(town.rooms), town.require(room_id("square")), size=3).splitlines()
    assert len(lines) == 5
    assert lines[2][10] == "@"
    assert "you" not in "".join(lines)


def test_a_viewport_is_never_empty_nor_boundless(town: World) -> None:
    square = town.require(room_id("square"))
    assert viewport_around(square, 0, -5) == Viewport("p", 0, 0, 0, 1, 1)
    assert viewport_around(square, 10**6, 3).width == MAX_CELLS
    assert viewport_around(square, 5, 5) == AROUND


def test_the_drawn_map_has_coordinates_ways_and_zones(town: World) -> None:
    data = drawn_map(town, ids("square", "shop"), plane="p", current=room_id("shop"))
    square, shop = data.rooms
    assert (square.id, square.x, square.y, square.z, square.current) == (room_id("square"), 0, 0, 0, False)
    assert square.exits == {
        "north": None,
        "east": room_id("shop"),
        "southeast": None,
        "down": None,
    }
    assert square.locked == ["east"]
    assert shop.current
    assert [zone.colour for zone in data.zones] == ["#112233"]
    assert data.current_room_id == room_id("shop")
    assert drawn_map(town, set(town.rooms), plane="q").rooms[0].exits == {"south": room_id("gate")}
    assert drawn_map(town, set(), plane="p").zones == []


# --- nothing is given away -------------------------------------------------------------------------

SHIPPED = load([DEFAULT_PACK])
subsets = st.sets(st.sampled_from(sorted(SHIPPED.rooms)))


@settings(deadline=None)
@given(subsets)
def test_no_drawn_map_names_what_is_not_explored(explored: set[RoomId]) -> None:
    for plane in ("mythgate", "pale"):
        told = drawn_map(SHIPPED, explored, plane=plane)
        ids_told = {one.id for one in told.rooms}
        ids_told |= {target for one in told.rooms for target in one.exits.values() if target is not None}
        assert ids_told <= explored
        for one in told.rooms:
            for direction in one.exits:
                way = SHIPPED.require(one.id).exits[Direction(direction)]
                assert not way.hidden or way.target in explored


@settings(deadline=None)  # ten maps of the whole world, however busy the machine is
@given(subsets, st.sampled_from(MapStyle))
def test_a_text_map_of_part_of_the_world_equals_one_of_a_world_that_is_only_that_part(
    explored: set[RoomId], style: MapStyle
) -> None:
    """Unexplored rooms leave no trace but stubs: where they lie and what they are makes no difference."""
    elsewhere = {
        room_id: one if room_id in explored else dataclasses.replace(one, name="?", x=one.x + 500, tags=frozenset())
        for room_id, one in SHIPPED.rooms.items()
    }
    moved = dataclasses.replace(SHIPPED, rooms=elsewhere)
    for z in (-2, -1, 0, 1, 2):
        viewport = Viewport("mythgate", -3, -7, z, 15, 15)
        assert text_map(SHIPPED, explored, viewport, style=style) == text_map(moved, explored, viewport, style=style)


def test_every_room_of_the_world_that_ships_can_be_drawn_with_all_its_ways() -> None:
    for z in (-2, -1, 0, 1, 2):
        rooms = [one for one in SHIPPED.rooms.values() if one.plane == "mythgate" and one.z == z]
        text = text_map(SHIPPED, set(SHIPPED.rooms), Viewport("mythgate", -5, -10, z, 25, 25), legend=False)
        assert text.count("[") == text.count("]") == len(rooms)

"""Maps of what somebody has explored: as text, and as data for a drawing.

Both show explored rooms only. A way to a place not yet explored is a stub: it says that there is a way
and nothing about where it leads. Hidden ways appear once one has been where they lead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from textwrap import dedent
from typing import Final

from mythgate.domain.ids import RoomId
from mythgate.domain.world import Direction, Exit, Room, World, Zone, visible_exits

MAX_CELLS: Final = 61  # rooms a text map shows in one direction
LEGEND_WIDTH: Final = 36  # characters, for narrow screens


# --- text ------------------------------------------------------------------------------------------


class MapStyle(StrEnum):
    """How a text map is drawn: with characters of every keyboard, or with boxes."""

    ASCII = "ascii"
    BOXES = "boxes"


@dataclass(frozen=True, slots=True)
class Viewport:
    """A part of one level of one plane: `width` × `height` cells with (`x`, `y`) at the top left."""

    plane: str
    x: int
    y: int
    z: int
    width: int
    height: int

    def holds(self, room: Room) -> bool:
        return (
            room.plane == self.plane
            and room.z == self.z
            and 0 <= room.x - self.x < self.width
            and 0 <= room.y - self.y < self.height
        )


def viewport_around(room: Room, width: int, height: int) -> Viewport:
    """The viewport of that size with the room in its middle."""
    width, height = min(max(width, 1), MAX_CELLS), min(max(height, 1), MAX_CELLS)
    return Viewport(room.plane, room.x - width // 2, room.y - height // 2, room.z, width, height)


@dataclass(frozen=True, slots=True)
class _Pen:
    """The characters of one style. A room is `box` with its mark in the middle of the middle line."""

    box: tuple[str, ...]
    gap_width: int
    gap_height: int
    lines: Mapping[Direction, str]
    stubs: Mapping[Direction, str]
    crossing: str
    locked: str
    up: str
    down: str
    here: str

    @property
    def pitch(self) -> tuple[int, int]:
        """Characters from one room to the next, across and down."""
        return len(self.box[0]) + self.gap_width, len(self.box) + self.gap_height

    @property
    def middle(self) -> tuple[int, int]:
        """The middle of a room, from its top left corner."""
        return len(self.box[0]) // 2, len(self.box) // 2


_LEVEL: Final = (Direction.EAST, Direction.WEST)
_UPRIGHT: Final = (Direction.NORTH, Direction.SOUTH)
_RISING: Final = (Direction.NORTHEAST, Direction.SOUTHWEST)
_FALLING: Final = (Direction.NORTHWEST, Direction.SOUTHEAST)


def _strokes(level: str, upright: str, rising: str, falling: str) -> dict[Direction, str]:
    return {
        **dict.fromkeys(_LEVEL, level),
        **dict.fromkeys(_UPRIGHT, upright),
        **dict.fromkeys(_RISING, rising),
        **dict.fromkeys(_FALLING, falling),
    }


_PENS: Final[Mapping[MapStyle, _Pen]] = {
    MapStyle.ASCII: _Pen(
        box=("[   ]",),
        gap_width=3,
        gap_height=1,
        lines=_strokes("-", "|", "/", "\\"),
        stubs=_strokes(".", ":", ".", "."),
        crossing="X",
        locked="+",
        up="^",
        down="v",
        here="@",
    ),
    MapStyle.BOXES: _Pen(
        box=("┌───┐", "│   │", "└───┘"),
        gap_width=3,
        gap_height=1,
        lines=_strokes("─", "│", "╱", "╲"),
        stubs=_strokes("┄", "┆", "·", "·"),
        crossing="╳",
        locked="┼",
        up="↑",
        down="↓",
        here="@",
    ),
}

_MARKS: Final = (("shop", "$", "shop"), ("tavern", "T", "tavern"))


def text_map(
    world: World,
    explored: Collection[RoomId],
    viewport: Viewport,
    *,
    current: RoomId | None = None,
    style: MapStyle = MapStyle.ASCII,
    legend: bool = True,
    trim: bool = False,
) -> str:
    """The explored rooms in `viewport` as lines of text, the room `current` marked.

    The lines stand where they are in the viewport, or with `trim`, without the blank space around what is drawn.
    A line of the legend has at most `LEGEND_WIDTH` characters.
    """
    pen = _PENS[style]
    rooms = [world.rooms[room_id] for room_id in world.rooms if room_id in explored]
    shown = [room for room in rooms if viewport.holds(room)]
    canvas = _Canvas(viewport, pen)
    # Ways first, rooms over them. A way may run through the viewport between rooms that lie outside of it.
    for room in rooms:
        if room.plane == viewport.plane and room.z == viewport.z:
            for way in visible_exits(room, explored):
                canvas.draw_way(room, way, world.rooms[way.target], explored=way.target in explored)
    canvas.draw_locks()
    signs: dict[str, str] = {}
    for room in shown:
        signs |= canvas.draw_room(room, visible_exits(room, explored), here=room.id == current)
    picture = _trimmed(canvas.text()) if trim else canvas.text()
    if not legend or not shown:
        return picture
    lines = [""]
    for sign, meaning in (signs | canvas.signs).items():
        item = f"{sign} {meaning}"
        if lines[-1] and len(lines[-1]) + 2 + len(item) > LEGEND_WIDTH:
            lines.append("")
        lines[-1] += f"  {item}" if lines[-1] else item
    return "\n".join([picture, "", *lines])


def _trimmed(picture: str) -> str:
    """`picture` without blank lines above and below, and without the margin that all its lines share."""
    return dedent(picture).strip("\n")


def minimap(
    world: World, explored: Collection[RoomId], room: Room, *, size: int = 5, style: MapStyle = MapStyle.ASCII
) -> str:
    """The surroundings of `room`, `size` × `size` cells with it in the middle, without a legend."""
    viewport = viewport_around(room, size, size)
    return text_map(world, explored, viewport, current=room.id, style=style, legend=False)


class _Canvas:
    """A grid of characters that rooms and ways are drawn into; what falls outside is left out."""

    def __init__(self, viewport: Viewport, pen: _Pen) -> None:
        self.signs: dict[str, str] = {}
        self._viewport = viewport
        self._pen = pen
        across, down = pen.pitch
        self._width = viewport.width * across - pen.gap_width
        self._height = viewport.height * down - pen.gap_height
        self._cells: dict[tuple[int, int], str] = {}
        self._locks: list[tuple[int, int]] = []

    def _corner(self, room: Room) -> tuple[int, int]:
        across, down = self._pen.pitch
        return (room.x - self._viewport.x) * across, (room.y - self._viewport.y) * down

    def _put(self, column: int, row: int, sign: str) -> bool:
        if not (0 <= column < self._width and 0 <= row < self._height):
            return False
        slanted = {self._pen.lines[Direction.NORTHEAST], self._pen.lines[Direction.SOUTHEAST]}
        if {sign, self._cells.get((column, row))} == slanted:
            sign = self._pen.crossing
        self._cells[column, row] = sign
        return True

    def draw_room(self, room: Room, ways: list[Exit], *, here: bool) -> dict[str, str]:
        """Draw it; returns the signs used, with what they mean."""
        pen = self._pen
        left, top = self._corner(room)
        for row, line in enumerate(pen.box):
            for column, sign in enumerate(line):
                self._put(left + column, top + row, sign)
        signs: dict[str, str] = {}
        if here:
            signs[pen.here] = "you"
        else:
            signs |= next(({sign: meaning} for tag, sign, meaning in _MARKS if tag in room.tags), {})
        across, down = pen.middle
        for sign in signs:
            self._put(left + across, top + down, sign)
        directions = {way.direction for way in ways}
        for direction, sign, step in ((Direction.UP, pen.up, -1), (Direction.DOWN, pen.down, 1)):
            if direction in directions:
                self._put(left + across + step, top + down, sign)
                signs[sign] = direction.value
        return signs

    def draw_way(self, room: Room, way: Exit, target: Room, *, explored: bool) -> None:
        """Draw a way on the level: as a line between two explored rooms, else as a stub."""
        if way.direction in (Direction.UP, Direction.DOWN):
            return
        pen = self._pen
        on_map = explored and target.plane == room.plane and target.z == room.z
        distance = max(abs(target.x - room.x), abs(target.y - room.y)) if on_map else 1
        path = list(self._path(room, way.direction, distance))
        if not on_map:
            path = path[: (len(path) + 1) // 2]
        sign = (pen.lines if on_map else pen.stubs)[way.direction]
        drawn = [self._put(column, row, sign) for column, row in path]
        if any(drawn) and not on_map:
            self.signs[sign] = "not explored"
        if way.locked:
            self._locks.append(path[len(path) // 2])

    def draw_locks(self) -> None:
        """Mark locked ways, over whatever the way back has drawn there."""
        for column, row in self._locks:
            if self._put(column, row, self._pen.locked):
                self.signs[self._pen.locked] = "locked"

    def _path(self, room: Room, direction: Direction, distance: int) -> Iterator[tuple[int, int]]:
        """The characters from the room's edge to the edge of the cell `distance` steps on."""
        pen = self._pen
        dx, dy, _ = direction.offset
        across, down = pen.pitch
        left, top = self._corner(room)
        column, row = left + pen.middle[0], top + pen.middle[1]
        if dy == 0:
            for step in range(pen.middle[0] + 1, distance * across - pen.middle[0]):
                yield column + dx * step, row
        elif dx == 0:
            for step in range(pen.middle[1] + 1, distance * down - pen.middle[1]):
                yield column, row + dy * step
        else:
            for half in range(1, 2 * distance):
                yield column + dx * across * half // 2, row + dy * down * half // 2

    def text(self) -> str:
        lines = [
            "".join(self._cells.get((column, row), " ") for column in range(self._width)).rstrip()
            for row in range(self._height)
        ]
        return "\n".join(lines)


# --- drawing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DrawnRoom:
    """A room on a drawn map. `exits` lead to ids of explored rooms, or None where one has not been."""

    id: RoomId
    name: str
    zone: str
    plane: str
    x: int
    y: int
    z: int
    exits: dict[str, RoomId | None]
    locked: list[str]
    current: bool


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """Everything somebody has explored of one plane, with the zones it lies in."""

    plane: str
    rooms: list[DrawnRoom]
    zones: list[Zone]
    current_room_id: RoomId | None


def drawn_map(world: World, explored: Collection[RoomId], *, plane: str, current: RoomId | None = None) -> DrawnMap:
    """The data of a drawing of one plane."""
    rooms = []
    for room in world.rooms.values():
        if room.plane != plane or room.id not in explored:
            continue
        ways = visible_exits(room, explored)
        rooms.append(
            DrawnRoom(
                id=room.id,
                name=room.name,
                zone=room.zone,
                plane=room.plane,
                x=room.x,
                y=room.y,
                z=room.z,
                exits={way.direction.value: way.target if way.target in explored else None for way in ways},
                locked=[way.direction.value for way in ways if way.locked],
                current=room.id == current,
            )
        )
    zones = {room.zone for room in rooms}
    return DrawnMap(plane, rooms, [zone for zone in world.zones.values() if zone.id in zones], current)

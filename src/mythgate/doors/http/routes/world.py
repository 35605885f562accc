"""Rooms, maps and the state of the world. Players learn of rooms they have been in, admins of all."""

from __future__ import annotations

import html
from datetime import datetime
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.domain.events import RoomView
from mythgate.domain.ids import RoomId
from mythgate.domain.maps import MAX_CELLS, MapStyle, Viewport, drawn_map, text_map, viewport_around
from mythgate.domain.world import Direction, Room, visible_exits
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.world import Outlook

router = new_router("world")

_EXAMPLE: Final = "mythgate_ward_square_gate_square"
_FAR: Final = 20_000  # no room lies further out

PathId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[a-z0-9_]+$", examples=[_EXAMPLE])]
Key = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[a-z0-9_]+$")]
Cells = Annotated[int, Query(ge=1, le=MAX_CELLS)]
Coordinate = Annotated[int | None, Query(ge=-_FAR, le=_FAR)]


# --- rooms -----------------------------------------------------------------------------------------


class ListedRoom(BaseModel):
    id: str
    name: str
    plane: str
    zone: str
    sub_zone: str
    environment: str
    map_x: int
    map_y: int
    map_z: int
    exits: dict[str, str | None] | None = Field(None, description="Direction to room id; null where one has not been.")


class RoomList(BaseModel):
    rooms: list[ListedRoom]
    total: int
    plane: str | None
    zone: str | None
    sub_zone: str | None


# Before /api/rooms/{room_id}, which would match it.
@router.get("/api/rooms/list", summary="Rooms one knows", responses=error_responses(401, 403, 404, 422, 503))
async def list_rooms(
    caller: CallerDep,
    services: ServicesDep,
    plane: Key = None,
    zone: Key = None,
    sub_zone: Key = None,
    *,
    include_exits: bool = True,
    filter_explored: bool = False,
) -> RoomList:
    """The rooms the caller's character has been in; for admins all, unless `filter_explored` is set.

    `zone` is a zone's id, or the part of it after the plane.
    """
    outlook = await services.world.outlook(caller)
    known = _known(outlook, everything=outlook.is_staff and not filter_explored)
    rooms = [
        ListedRoom(
            id=room.id,
            name=room.name,
            plane=room.plane,
            zone=room.zone,
            sub_zone=room.sub_zone,
            environment=room.environment.value,
            map_x=room.x,
            map_y=room.y,
            map_z=room.z,
            exits=_exits(room, known) if include_exits else None,
        )
        for room in outlook.world.rooms.values()
        if room.id in known
        and plane in (None, room.plane)
        and zone in (None, room.zone, outlook.world.zone_of(room).key)
        and sub_zone in (None, room.sub_zone)
    ]
    return RoomList(rooms=rooms, total=len(rooms), plane=plane, zone=zone, sub_zone=sub_zone)


@router.get("/api/rooms/{room_id}", summary="One room", responses=error_responses(401, 403, 404, 422, 503))
async def get_room(room_id: PathId, caller: CallerDep, services: ServicesDep) -> RoomView:
    """A room the caller's character has been in. Who and what is in it now shows to those who are there."""
    return await services.world.view_room(caller, RoomId(room_id))


def _known(outlook: Outlook, *, everything: bool) -> frozenset[RoomId]:
    return frozenset(outlook.world.rooms) if everything else outlook.explored


def _exits(room: Room, known: frozenset[RoomId]) -> dict[str, str | None]:
    return {way.direction.value: way.target if way.target in known else None for way in visible_exits(room, known)}


# --- maps ------------------------------------------------------------------------------------------


class MapViewport(BaseModel):
    x: int
    y: int
    z: int
    width: int
    height: int
    plane: str


class TextMap(BaseModel):
    map: str = Field(description="Lines of text, for a font of fixed width.")
    map_html: str = Field(description="The same, escaped, in a `pre` element.")
    viewport: MapViewport
    current_room_id: str | None
    style: MapStyle


class MiniMap(TextMap):
    size: int


class MapRoom(BaseModel):
    id: str
    name: str
    zone: str
    plane: str
    x: int = Field(description="Grows to the east.")
    y: int = Field(description="Grows to the south.")
    z: int = Field(description="Grows upwards.")
    exits: dict[str, str | None] = Field(description="Direction to room id; null where one has not been.")
    locked: list[str] = Field(description="Directions that are locked.")
    current: bool


class MapZone(BaseModel):
    id: str
    name: str
    colour: str = Field(examples=["#d9a441"])


class ExploredMap(BaseModel):
    plane: str
    rooms: list[MapRoom]
    zones: list[MapZone]
    current_room_id: str | None


def _text_map(outlook: Outlook, viewport: Viewport, style: MapStyle, *, everything: bool, legend: bool) -> TextMap:
    current = outlook.here.id if outlook.character_id is not None else None
    known = _known(outlook, everything=everything and outlook.is_staff)
    picture = text_map(outlook.world, known, viewport, current=current, style=style, legend=legend)
    return TextMap(
        map=picture,
        map_html=f'<pre class="map">{html.escape(picture)}</pre>',
        viewport=MapViewport(
            x=viewport.x, y=viewport.y, z=viewport.z, width=viewport.width, height=viewport.height, plane=viewport.plane
        ),
        current_room_id=current,
        style=style,
    )


def _centre(outlook: Outlook, current_room_id: str | None) -> Room:
    """The room to show: the one asked for if the caller knows it, else where the character is."""
    room = outlook.world.room(current_room_id) if current_room_id is not None else None
    if room is not None and (outlook.is_staff or room.id in outlook.explored):
        return room
    return outlook.here


@router.get("/api/maps/ascii/minimap", summary="The surroundings", responses=error_responses(401, 403, 404, 422, 503))
async def minimap(
    caller: CallerDep,
    services: ServicesDep,
    current_room_id: Key = None,
    size: Annotated[int, Query(ge=1, le=25)] = 5,
    style: MapStyle = MapStyle.ASCII,
) -> MiniMap:
    """The explored rooms around the character, as text."""
    outlook = await services.world.outlook(caller)
    viewport = viewport_around(_centre(outlook, current_room_id), size, size)
    answer = _text_map(outlook, viewport, style, everything=False, legend=False)
    return MiniMap(**answer.model_dump(), size=size)


@router.get("/api/maps/ascii", summary="A map as text", responses=error_responses(401, 403, 404, 422, 503))
async def ascii_map(
    caller: CallerDep,
    services: ServicesDep,
    plane: Key = None,
    z: Coordinate = None,
    viewport_x: Coordinate = None,
    viewport_y: Coordinate = None,
    viewport_width: Cells = 15,
    viewport_height: Cells = 11,
    current_room_id: Key = None,
    style: MapStyle = MapStyle.ASCII,
    *,
    legend: bool = True,
    everything: bool = False,
) -> TextMap:
    """The explored rooms of one level, as text. Without a viewport, the one around the character.

    `viewport_x` and `viewport_y` are the coordinates of the cell at the top left. Admins see unexplored rooms too
    if they ask for `everything`.
    """
    outlook = await services.world.outlook(caller)
    around = viewport_around(_centre(outlook, current_room_id), viewport_width, viewport_height)
    viewport = Viewport(
        around.plane if plane is None else plane,
        around.x if viewport_x is None else viewport_x,
        around.y if viewport_y is None else viewport_y,
        around.z if z is None else z,
        around.width,
        around.height,
    )
    return _text_map(outlook, viewport, style, everything=everything, legend=legend)


@router.get("/api/maps/explored", summary="A map to draw", responses=error_responses(401, 403, 404, 422, 503))
async def explored_map(
    caller: CallerDep, services: ServicesDep, plane: Key = None, *, everything: bool = False
) -> ExploredMap:
    """All explored rooms of one plane (the character's own unless another is named) with their coordinates.

    Admins get unexplored rooms too if they ask for `everything`.
    """
    outlook = await services.world.outlook(caller)
    current = outlook.here.id if outlook.character_id is not None else None
    known = _known(outlook, everything=everything and outlook.is_staff)
    drawn = drawn_map(outlook.world, known, plane=plane or outlook.here.plane, current=current)
    return ExploredMap(
        plane=drawn.plane,
        rooms=[
            MapRoom(
                id=room.id,
                name=room.name,
                zone=room.zone,
                plane=room.plane,
                x=room.x,
                y=room.y,
                z=room.z,
                exits={**room.exits},
                locked=room.locked,
                current=room.current,
            )
            for room in drawn.rooms
        ],
        zones=[MapZone(id=zone.id, name=zone.name, colour=zone.colour) for zone in drawn.zones],
        current_room_id=drawn.current_room_id,
    )


# --- the world -------------------------------------------------------------------------------------


class WorldState(BaseModel):
    name: str
    version: str
    world_time: str = Field(examples=["the third bell of evening"])
    world_date: str = Field(examples=["the 4th of Ember, year 612"])
    daypart: str = Field(examples=["evening"])
    hour: int = Field(description="Of the world's day, 0 to 23.")
    tick: int
    timestamp: datetime
    players: int = Field(description="Characters in the world now.")
    rooms: int
    zones: int
    inhabitants: int
    directions: list[str]
    current_reality: str = Field(examples=["Neutral"])
    reality_stability: float = Field(description="0 to 100; at 0 the world falls.")
    condition: str = Field(examples=["stable"])
    faction_shard_counts: dict[str, int] = Field(description="Factions that hold no shard are left out.")
    dominant_faction: str | None = Field(description="Which holds more shards than any other.")
    active_players: int
    total_aetherfalls: int
    aetherfall_count: int
    cycle: int = Field(description="Rises with every Aetherfall; the first is 1.")
    transformations: list[str] = Field(description="What the last Aetherfall left.")
    imminent: bool = Field(description="Whether the next one is near.")


class PackProblem(BaseModel):
    file: str
    line: int
    column: int
    message: str


class ReloadAnswer(BaseModel):
    reloaded: bool = Field(description="False if there are problems; then nothing changed.")
    problems: list[PackProblem]
    rooms_changed: int = 0
    items_added: int = 0
    characters_moved: int = 0


@router.get("/api/world/state", summary="State of the world", responses=error_responses(401, 403, 503))
async def world_state(caller: CallerDep, services: ServicesDep) -> WorldState:  # noqa: ARG001 (only the signed-in ask)
    """The world's clock, its size, how many people are in it, and which reality holds."""
    state, shards = services.world.state(), services.shards.world_state()
    return WorldState(
        name=state.world.name,
        version=state.world.version,
        world_time=state.time.bell_text,
        world_date=state.time.date_text,
        daypart=state.time.daypart.value,
        hour=state.time.hour,
        tick=state.tick,
        timestamp=state.now,
        players=state.players,
        rooms=len(state.world.rooms),
        zones=len(state.world.zones),
        inhabitants=len(state.world.inhabitants),
        directions=[direction.value for direction in Direction],
        current_reality=shards.reality.value,
        reality_stability=shards.stability,
        condition=shards.condition.value,
        faction_shard_counts=shards.counts,
        dominant_faction=shards.dominant,
        active_players=shards.players,
        total_aetherfalls=shards.aetherfalls,
        aetherfall_count=shards.aetherfalls,
        cycle=shards.cycle,
        transformations=list(shards.transformations),
        imminent=shards.imminent,
    )


@router.post("/api/world/reload", summary="Read the world packs again", responses=error_responses(401, 403, 503))
async def reload_world(caller: CallerDep, services: ServicesDep) -> ReloadAnswer:
    """For admins. Packs with problems change nothing; the answer says what is wrong and where."""
    done = await services.world.reload(caller)
    return ReloadAnswer(
        reloaded=not done.problems,
        problems=[
            PackProblem(file=problem.file, line=problem.line, column=problem.column, message=problem.message)
            for problem in done.problems
        ],
        rooms_changed=len(done.applied.rooms) if done.applied is not None else 0,
        items_added=done.applied.items if done.applied is not None else 0,
        characters_moved=done.applied.displaced if done.applied is not None else 0,
    )

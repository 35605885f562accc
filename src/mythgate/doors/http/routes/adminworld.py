"""The world, for staff: its map, who and what is in it, its packs, and what can be made to happen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.all import Services

router = new_router("administration")

_LOOK: Final = error_responses(401, 403, 503)
_CHANGE: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 503)
_MOST_EVENTS: Final = 100
ShardNumber = Annotated[int, Path(ge=1, le=12, examples=[3])]


class MapExit(BaseModel):
    direction: str
    room_id: str
    locked: bool
    hidden: bool = Field(description="Whether players see it only once they have been where it leads.")


class MapPlace(BaseModel):
    """One room of the world."""

    id: str
    name: str
    plane: str
    zone: str
    x: int
    y: int
    z: int
    people: int
    capacity: int
    locked: bool = Field(description="Whether the staff lets nobody in.")
    tags: list[str]
    creatures: list[str]
    shard: int | None = Field(description="The Crystal Shard that lies there.")
    exits: list[MapExit]


class WorldMap(BaseModel):
    """All of it, also what players have to find."""

    name: str
    version: str
    fingerprint: str = Field(description="Changes with every change of the packs.")
    rooms: list[MapPlace]


class InhabitantRow(BaseModel):
    id: str
    name: str
    summary: str
    room_id: str = Field(description="Where they are now; some wander.")
    room: str


class CreatureRow(BaseModel):
    key: str
    name: str
    level: int
    room_id: str
    room: str


class LyingRow(BaseModel):
    template: str
    name: str
    room_id: str
    room: str
    count: int


class WorldEntities(BaseModel):
    """Who and what is in the world besides players."""

    inhabitants: list[InhabitantRow]
    creatures: list[CreatureRow]
    lying: list[LyingRow] = Field(description="Things in rooms, those of one kind in one room as one row.")
    items: int = Field(description="Things in all, also those that are carried.")
    templates: int = Field(description="Kinds of things.")


class PackCheck(BaseModel):
    ok: bool
    problems: list[str] = Field(description="Each with file and line.")


class PackReload(BaseModel):
    reloaded: bool = Field(description="False if there are problems; then nothing changed.")
    problems: list[str]
    rooms_changed: int
    items_added: int
    characters_moved: int


class StaffWorldEvent(BaseModel):
    number: int
    kind: str
    title: str
    description: str
    happened_at: datetime
    faction: str | None
    shard: int | None


class StaffWorldEvents(BaseModel):
    """Newest first."""

    events: list[StaffWorldEvent]
    next_before: int | None = Field(description="Ask for the next page with `before`; null on the last.")


class SealRequest(BaseModel):
    hours: float | None = Field(None, gt=0, le=24 * 3650, description="Null: until it is lifted.")


class Caused(BaseModel):
    """What is so now."""

    events: list[StaffWorldEvent] = Field(description="The newest, newest first.")


@router.get("/api/admin/world/map", summary="The whole map", responses=_LOOK)
async def admin_world_map(caller: CallerDep, services: ServicesDep) -> WorldMap:
    """Also ways and rooms that players have to find; for staff."""
    atlas = await services.atlas.map(caller)
    return WorldMap(
        name=atlas.world.name,
        version=atlas.world.version,
        fingerprint=atlas.world.fingerprint,
        rooms=[
            MapPlace(
                id=one.room.id,
                name=one.room.name,
                plane=one.room.plane,
                zone=one.zone_name,
                x=one.room.x,
                y=one.room.y,
                z=one.room.z,
                people=one.people,
                capacity=one.capacity,
                locked=one.is_locked,
                tags=sorted(one.room.tags),
                creatures=list(one.room.creatures),
                shard=one.room.shard,
                exits=[
                    MapExit(direction=way.direction, room_id=way.target, locked=way.is_locked, hidden=way.is_hidden)
                    for way in one.ways
                ],
            )
            for one in atlas.rooms
        ],
    )


@router.get("/api/admin/world/entities", summary="Who and what is in the world", responses=_LOOK)
async def admin_world_entities(caller: CallerDep, services: ServicesDep) -> WorldEntities:
    """Inhabitants, creatures, and things that lie about; for staff."""
    found = await services.atlas.entities(caller)
    return WorldEntities(
        inhabitants=[
            InhabitantRow(
                id=one.inhabitant.id,
                name=one.inhabitant.name,
                summary=one.inhabitant.summary,
                room_id=one.room_id,
                room=one.room_name,
            )
            for one in found.inhabitants
        ],
        creatures=[
            CreatureRow(key=one.key, name=one.name, level=one.level, room_id=one.room_id, room=one.room_name)
            for one in found.creatures
        ],
        lying=[
            LyingRow(template=one.template, name=one.name, room_id=one.room_id, room=one.room_name, count=one.count)
            for one in found.lying
        ],
        items=found.items,
        templates=found.templates,
    )


@router.post("/api/admin/world/check", summary="Check the world packs", responses=_LOOK)
async def check_packs(caller: CallerDep, services: ServicesDep) -> PackCheck:
    """As they are on the disk now. Changes nothing; for admins."""
    problems = await services.atlas.check(caller)
    return PackCheck(ok=not problems, problems=list(problems))


@router.post("/api/admin/world/reload", summary="Read the world packs again, for staff", responses=_LOOK)
async def reload_packs(caller: CallerDep, services: ServicesDep) -> PackReload:
    """Packs with problems change nothing. People whose room is gone are brought to the start; for admins."""
    done = await services.world.reload(caller)
    applied = done.applied
    return PackReload(
        reloaded=applied is not None,
        problems=[str(problem) for problem in done.problems],
        rooms_changed=len(applied.rooms) if applied is not None else 0,
        items_added=applied.items if applied is not None else 0,
        characters_moved=applied.displaced if applied is not None else 0,
    )


@router.get(
    "/api/admin/world/events",
    summary="What happened to the world, for staff",
    responses=error_responses(401, 403, 422, 503),
)
async def admin_world_events(
    caller: CallerDep,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=_MOST_EVENTS)] = 50,
    before: Annotated[int | None, Query(ge=0)] = None,
) -> StaffWorldEvents:
    """In pages; for staff."""
    await services.readings.now(caller)  # who may see the console may see this
    events = await _events(services, limit, before)
    return StaffWorldEvents(events=events, next_before=events[-1].number if len(events) == limit else None)


@router.post("/api/admin/world/aetherfall", summary="End the cycle", responses=_CHANGE)
async def cause_aetherfall(caller: CallerDep, services: ServicesDep) -> Caused:
    """All shards are nobody's again, and everybody is told; for admins."""
    await services.shards.aetherfall(caller)
    return Caused(events=await _events(services))


@router.post("/api/admin/world/shards/{number}/seal", summary="Seal a shard", responses=_CHANGE)
async def seal_shard(number: ShardNumber, body: SealRequest, caller: CallerDep, services: ServicesDep) -> Caused:
    """Nobody can take it until the seal is lifted, or for a time; for admins."""
    await services.shards.seal(caller, number, timedelta(hours=body.hours) if body.hours is not None else None)
    return Caused(events=await _events(services))


@router.post("/api/admin/world/shards/{number}/unseal", summary="Lift the seal of a shard", responses=_CHANGE)
async def unseal_shard(number: ShardNumber, caller: CallerDep, services: ServicesDep) -> Caused:
    """It is nobody's then; for admins."""
    await services.shards.unseal(caller, number)
    return Caused(events=await _events(services))


@router.post("/api/admin/world/shards/{number}/release", summary="Take a shard from its owner", responses=_CHANGE)
async def release_shard(number: ShardNumber, caller: CallerDep, services: ServicesDep) -> Caused:
    """It is nobody's then; for admins."""
    await services.shards.release(caller, number)
    return Caused(events=await _events(services))


async def _events(services: Services, limit: int = 5, before: int | None = None) -> list[StaffWorldEvent]:
    return [
        StaffWorldEvent(
            number=one.number,
            kind=one.kind.value,
            title=one.title,
            description=one.description,
            happened_at=one.happened_at,
            faction=one.faction,
            shard=one.shard,
        )
        for one in await services.shards.events(limit, before)
    ]

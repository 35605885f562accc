"""The Crystal Shards, the log of the world, and quests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.domain.errors import NoCharacter
from mythgate.domain.events import QuestView
from mythgate.domain.shards import SHARDS
from mythgate.domain.worldevents import MOST_EVENTS, USUAL_EVENTS
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.shards import ShardView

router = new_router("world")

Number = Annotated[int, Path(ge=1, le=SHARDS)]
Limit = Annotated[int, Query(ge=1, le=MOST_EVENTS)]


class CrystalShard(BaseModel):
    id: int = Field(description="1 to 12.")
    name: str
    description: str
    element: str
    room_id: str | None = Field(description="Where it lies; null if it lies nowhere in this world.")
    location_id: int | None = Field(description="The number of that room.")
    place: str = Field(description="The name of that room.")
    status: Literal["unclaimed", "contested", "controlled", "sealed", "lost"]
    is_captured: bool
    owning_faction: str | None
    captured_by: str | None = Field(description="Name of who took it.")
    captured_at: datetime | None
    sealed_until: datetime | None = Field(description="Null: it is not sealed, or until the seal is lifted.")
    guardian_name: str
    guardian_defeated: bool = Field(description="Whether its guardian was brought down within the last day.")
    power_level: int


class ShardList(BaseModel):
    shards: list[CrystalShard]


class ShardOwner(BaseModel):
    character_name: str
    faction: str
    captured_at: datetime
    lost_at: datetime | None = Field(description="Null: holds it now.")
    helpers: list[str]
    souls_earned: int


class ShardHistory(BaseModel):
    shard: CrystalShard
    owners: list[ShardOwner] = Field(description="Newest first.")


class WorldEventRow(BaseModel):
    id: int
    event_type: Literal["shard_capture", "reality_shift", "aetherfall"]
    title: str
    description: str
    timestamp: datetime
    faction: str | None
    reality_before: str | None
    reality_after: str | None
    shard: int | None
    game_day: int = Field(description="Day of the world, counted from the first.")


class WorldEventList(BaseModel):
    events: list[WorldEventRow] = Field(description="Newest first.")
    next_before: int | None = Field(description="Ask with `before` of this for the next page; null: there is none.")


class QuestLog(BaseModel):
    quests: list[QuestView]
    offers: list[QuestView] = Field(description="Those one can take on where the character is.")


def crystal_shard(view: ShardView) -> CrystalShard:
    return CrystalShard(
        id=view.number,
        name=view.name,
        description=view.description,
        element=view.element,
        room_id=view.room_id,
        location_id=view.location,
        place=view.place,
        status=view.status.value,
        is_captured=view.faction is not None,
        owning_faction=view.faction,
        captured_by=view.holder or None,
        captured_at=view.captured_at,
        sealed_until=view.sealed_until,
        guardian_name=view.guardian,
        guardian_defeated=view.guardian_defeated,
        power_level=view.power,
    )


@router.get("/api/world/shards", summary="The twelve Crystal Shards", responses=error_responses(401, 403, 503))
async def list_shards(caller: CallerDep, services: ServicesDep) -> ShardList:  # noqa: ARG001 (only the signed-in ask)
    """Where they lie and who holds them, by number."""
    return ShardList(shards=[crystal_shard(view) for view in services.shards.all()])


@router.get(
    "/api/world/shards/{number}", summary="One Crystal Shard", responses=error_responses(401, 403, 404, 422, 503)
)
async def shard_history(number: Number, caller: CallerDep, services: ServicesDep) -> ShardHistory:  # noqa: ARG001
    """A shard with the last fifty who held it."""
    owners = await services.shards.history(number)
    return ShardHistory(
        shard=crystal_shard(services.shards.get(number)),
        owners=[
            ShardOwner(
                character_name=one.character_name,
                faction=one.faction.value,
                captured_at=one.captured_at,
                lost_at=one.lost_at,
                helpers=list(one.helpers),
                souls_earned=one.souls,
            )
            for one in owners
        ],
    )


@router.get("/api/world/events", summary="What happened to the world", responses=error_responses(401, 403, 422, 503))
async def world_events(
    caller: CallerDep,  # noqa: ARG001 (only the signed-in ask)
    services: ServicesDep,
    limit: Limit = USUAL_EVENTS,
    before: Annotated[int | None, Query(ge=0)] = None,
) -> WorldEventList:
    """Shards taken, shifts of reality, Aetherfalls: newest first, in pages."""
    events = await services.shards.events(limit, before)
    rows = [
        WorldEventRow(
            id=one.number,
            event_type=one.kind.value,
            title=one.title,
            description=one.description,
            timestamp=one.happened_at,
            faction=one.faction,
            reality_before=one.reality_before,
            reality_after=one.reality_after,
            shard=one.shard,
            game_day=one.game_day,
        )
        for one in events
    ]
    return WorldEventList(events=rows, next_before=rows[-1].id if len(rows) == limit else None)


@router.get("/api/quests", summary="The quests of a character", responses=error_responses(401, 403, 409, 503))
async def quests(caller: CallerDep, services: ServicesDep) -> QuestLog:
    """Those the caller's character has taken on; while it is in the world, also those it can take on where it is."""
    outlook = await services.world.outlook(caller)
    if outlook.character_id is None:
        raise NoCharacter
    log, offers = await services.quests.board(outlook.character_id)
    return QuestLog(quests=log, offers=offers)

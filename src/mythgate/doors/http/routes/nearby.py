"""Who is near one's character, for clients that draw it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from pydantic import BaseModel, Field

from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("world")

_Status = Literal["online", "away", "busy", "linkdead"]


class NearbyPlayer(BaseModel):
    """Another player in the same room."""

    id: str = Field(description="Of the character.")
    name: str
    level: int
    faction: str = Field(description="Empty: of none.")
    status: _Status
    last_seen_at: datetime = Field(description="When they last did anything, or their client reported a position.")
    position: list[float] | None = Field(description="x, y, z as last reported here; null: never.")
    velocity: list[float] | None = Field(description="x, y, z per second as last reported here; null: never.")


class NearbyPlayers(BaseModel):
    room_id: str
    players: list[NearbyPlayer] = Field(description="In the order they came.")


@router.get("/api/nearby", summary="Who is near", responses=error_responses(401, 403, 409, 503))
async def nearby(caller: CallerDep, services: ServicesDep) -> NearbyPlayers:
    """The other players in the room of the caller's character, but for those one ignores."""
    actor = services.presence.acting(caller)
    players = [
        NearbyPlayer(
            id=one.character_id,
            name=one.name,
            level=one.level,
            faction=one.faction,
            status=cast("_Status", one.status),
            last_seen_at=one.last_seen_at,
            position=list(one.spot.position) if one.spot is not None else None,
            velocity=list(one.spot.velocity) if one.spot is not None else None,
        )
        for one in services.positions.near(actor)
    ]
    return NearbyPlayers(room_id=services.positions.room_of(actor), players=players)

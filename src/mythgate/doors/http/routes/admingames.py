"""Results, for staff: which count, and having one count for nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.results import Outcome, Verdict
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("administration")

_CHANGE: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 503)
_MOST: Final = 100
ResultNumber = Annotated[int, Path(ge=1, le=0x7FFFFFFF, examples=[17])]


class StaffResultPlayer(BaseModel):
    number: int
    name: str
    place: int = Field(description="From 1; 0 for spectators.")
    outcome: Outcome


class StaffResult(BaseModel):
    """How one game ended, and whether that counts."""

    number: int
    name: str
    map_name: str
    room_id: int
    kind: LobbyKind
    verdict: Verdict
    recorded_at: datetime
    void: bool = Field(description="Whether the staff has it count for nothing.")
    players: list[StaffResultPlayer]


class StaffResults(BaseModel):
    """Newest first."""

    results: list[StaffResult]
    next_before: int | None = Field(description="Ask for the next page with `before`; null on the last.")


class BecauseOf(BaseModel):
    reason: Annotated[str, Field(max_length=1000, description="Why; kept in the record.")] = ""


class Recounted(BaseModel):
    standings: int = Field(description="How many were made anew.")


@router.get("/api/admin/results", summary="Results, for staff", responses=error_responses(401, 403, 422, 503))
async def admin_results(
    caller: CallerDep,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> StaffResults:
    """In pages; for staff."""
    await services.readings.now(caller)  # who may see the console may see this
    voided = await services.ratings.voided()
    found = await services.results.recent(before=before, limit=limit)
    return StaffResults(
        results=[
            StaffResult(
                number=one.number,
                name=one.name,
                map_name=one.map_name,
                room_id=one.room_id,
                kind=one.kind,
                verdict=one.verdict,
                recorded_at=one.recorded_at,
                void=one.number in voided,
                players=[
                    StaffResultPlayer(number=line.number, name=line.name, place=line.place, outcome=line.outcome)
                    for line in one.lines
                ],
            )
            for one in found
        ],
        next_before=found[-1].number if len(found) == limit else None,
    )


@router.post("/api/admin/results/{number}/void", summary="Have a result count for nothing", responses=_CHANGE)
async def void_result(number: ResultNumber, body: BecauseOf, caller: CallerDep, services: ServicesDep) -> Recounted:
    """The standings of its season are made anew; the result stays on record. For admins."""
    return Recounted(standings=await services.ratings.void(caller, number, body.reason))


@router.post("/api/admin/results/{number}/restore", summary="Let a result count again", responses=_CHANGE)
async def restore_result(number: ResultNumber, body: BecauseOf, caller: CallerDep, services: ServicesDep) -> Recounted:
    """The standings of its season are made anew; for admins."""
    return Recounted(standings=await services.ratings.void(caller, number, body.reason, void=False))

"""Seasons and formulas of the ladders: what everybody may read, and what admins do. The ladders themselves are
among what everybody may read of the metaserver (`routes.lobbies`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, Field

from mythgate.domain.ratings import FORMULAS, Category, Ranked, Season, SubjectKind
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("lobbies")

_SeasonNumber = Annotated[int | None, Query(ge=1, le=0x7FFFFFFF, description="The present one unless it is named.")]
_Formula = Annotated[str, Field(max_length=40, examples=["openskill"])]
MOST_MOVED: Final = 1000


class SeasonView(BaseModel):
    """A stretch of results that make one ladder."""

    number: int
    name: str
    formula: str
    starts_at: datetime
    ends_at: datetime | None = Field(description="Null for the present one.")


class Seasons(BaseModel):
    seasons: list[SeasonView] = Field(description="The oldest first. The first begins with the first result.")
    formulas: list[str] = Field(description="All there are.")


class NewSeason(BaseModel):
    name: Annotated[str, Field(max_length=200, examples=["Winter"])]
    formula: _Formula | None = Field(None, description="That of the settings unless it is named.")


class Recomputing(BaseModel):
    season: Annotated[int, Field(ge=1, le=0x7FFFFFFF)] | None = Field(None, description="The present one without it.")
    formula: _Formula | None = Field(None, description="The season goes by it from now on; without, as before.")


class Recomputed(BaseModel):
    standings: int = Field(description="How many were made anew, of all categories.")


class Stand(BaseModel):
    """A place in a ladder."""

    place: int
    caste: int
    points: int


class MovedView(BaseModel):
    """How somebody fares under another formula. Null: not in that ladder."""

    number: int = Field(description="Of the player or clan.")
    name: str = Field(description="Empty if its bearer is gone.")
    before: Stand | None
    after: Stand | None


class Preview(BaseModel):
    formula: str
    category: str
    kind: SubjectKind
    moved: list[MovedView] = Field(description=f"The first {MOST_MOVED} as they would be, best first.")


def _season(one: Season) -> SeasonView:
    return SeasonView(
        number=one.number, name=one.name, formula=one.formula, starts_at=one.starts_at, ends_at=one.ends_at
    )


def _stand(ranked: Ranked | None) -> Stand | None:
    if ranked is None:
        return None
    return Stand(place=ranked.place, caste=ranked.caste, points=ranked.standing.points)


@router.get("/api/metaserver/ladder/seasons", summary="Seasons and formulas", responses=error_responses(503))
async def seasons(services: ServicesDep) -> Seasons:
    """All seasons, and the formulas one can go by."""
    return Seasons(seasons=[_season(one) for one in await services.ratings.seasons()], formulas=sorted(FORMULAS))


@router.post(
    "/api/metaserver/ladder/seasons",
    status_code=201,
    summary="Open a season",
    responses=error_responses(400, 401, 403, 413, 422, 503),
)
async def open_season(body: NewSeason, caller: CallerDep, services: ServicesDep) -> SeasonView:
    """Close the present season and begin another, in which everybody starts anew; for admins."""
    return _season(await services.ratings.open_season(caller, body.name.strip(), body.formula))


@router.get(
    "/api/metaserver/ladder/preview",
    summary="A ladder under another formula",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def preview(
    caller: CallerDep,
    services: ServicesDep,
    formula: Annotated[str, Query(max_length=40, examples=["openskill"])],
    category: Annotated[str, Query(max_length=20, examples=["ranked"])] = "ranked",
    kind: SubjectKind = SubjectKind.PLAYER,
    season: _SeasonNumber = None,
) -> Preview:
    """Everybody's place as it is and as it would be. Changes nothing; for admins."""
    found = await services.ratings.preview(caller, formula, Category(category), kind=kind, season=season)
    moved = found[:MOST_MOVED]
    names = await services.ratings.names(kind, [one.number for one in moved])
    return Preview(
        formula=formula,
        category=category,
        kind=kind,
        moved=[
            MovedView(
                number=one.number,
                name=names.get(one.number, ""),
                before=_stand(one.before),
                after=_stand(one.after),
            )
            for one in moved
        ],
    )


@router.post(
    "/api/metaserver/ladder/recompute",
    summary="Make a ladder anew",
    responses=error_responses(400, 401, 403, 404, 413, 422, 503),
)
async def recompute(body: Recomputing, caller: CallerDep, services: ServicesDep) -> Recomputed:
    """Make the standings of a season anew from its results, under another formula if one is named; for admins."""
    return Recomputed(standings=await services.ratings.recompute(caller, season=body.season, formula=body.formula))

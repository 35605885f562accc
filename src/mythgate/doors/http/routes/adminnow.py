"""How the server is doing, for staff: numbers, the last hour, and warnings with what mends them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import Request
from pydantic import BaseModel, Field

import mythgate
from mythgate.doors.http.app import HttpOptions
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.all import Services
from mythgate.services.lookout import Severity, Warned
from mythgate.services.readings import EVERY, Head, Point

router = new_router("administration")

_LOOK = error_responses(401, 403, 503)


class StaffWarning(BaseModel):
    """Something an operator should know."""

    code: str = Field(examples=["disk"])
    severity: Severity = Field(description="`notice`: so it is; `warning`: it will hurt; `problem`: it hurts now.")
    message: str = Field(examples=["The disk of the data folder has 312 MiB left."])
    meaning: str = Field(examples=["When it is full nothing can be saved any more, and all changes are refused."])
    fix: str = Field(description="A command, a setting, or what to do.")
    since: datetime


class ReadingPoint(BaseModel):
    """One point of the series. Rates are a second's, over the ten seconds before; times are milliseconds."""

    at: datetime
    players: int
    messages_per_second: float = Field(description="From clients, through all doors.")
    deliveries_per_second: float = Field(description="Events, each as often as it was told somebody.")
    latency_p99_ms: float = Field(description="From command to answer; 0 without commands.")
    loop_lag_p99_ms: float
    loop_lag_max_ms: float
    refusals_per_second: dict[str, float] = Field(description="By code; what was not refused is left out.")
    errors_per_second: float
    memory_bytes: int
    waiting_writes: int = Field(description="Changes that wait for the database.")


class NowAnswer(BaseModel):
    """How the server is doing."""

    version: str
    node: str
    started_at: datetime
    server_time: datetime
    players: int = Field(description="People, counted once each.")
    players_by_door: dict[str, int] = Field(examples=[{"http": 12, "metaserver": 3}])
    in_world: int
    in_lobbies: int
    rooms: int = Field(description="Rooms of the world with somebody in them.")
    lobbies: int = Field(description="Lobbies with somebody in them.")
    games: int
    games_by_door: dict[str, int] = Field(description="By the door their hosts came through.")
    connections: dict[str, int] = Field(description="Open connections, by door.")
    newest: ReadingPoint | None = Field(description="Null until the server has run for twenty seconds.")
    warnings: list[StaffWarning] = Field(description="The worst first.")


class NowSeries(BaseModel):
    """The last hour."""

    every_seconds: float
    points: list[ReadingPoint] = Field(description="The oldest first.")


@router.get("/api/admin/now", summary="How the server is doing", responses=_LOOK)
async def admin_now(request: Request, caller: CallerDep, services: ServicesDep) -> NowAnswer:
    """Numbers and warnings; for staff."""
    head, newest = await services.readings.now(caller)
    http: HttpOptions = request.app.state.http
    return now_answer(services, head, newest, services.lookout.warnings, http.node, request.app.state.started_at)


@router.get("/api/admin/now/series", summary="The last hour in numbers", responses=_LOOK)
async def admin_now_series(caller: CallerDep, services: ServicesDep) -> NowSeries:
    """A point each ten seconds; for staff."""
    points = await services.readings.series(caller)
    return NowSeries(every_seconds=EVERY.total_seconds(), points=[reading_point(one) for one in points])


def now_answer(
    services: Services, head: Head, newest: Point | None, warnings: Sequence[Warned], node: str, started_at: datetime
) -> NowAnswer:
    """All of it as JSON has it."""
    now = services.clock.now()
    return NowAnswer(
        version=mythgate.__version__,
        node=node,
        started_at=started_at,
        server_time=now,
        players=head.players,
        players_by_door=dict(head.by_door),
        in_world=head.in_world,
        in_lobbies=head.in_lobbies,
        rooms=head.rooms,
        lobbies=head.lobbies,
        games=head.games,
        games_by_door=dict(head.games_by_door),
        connections=dict(head.connections),
        newest=reading_point(newest) if newest is not None else None,
        warnings=[
            StaffWarning(
                code=one.code,
                severity=one.severity,
                message=one.message,
                meaning=one.meaning,
                fix=one.fix,
                since=one.since or now,
            )
            for one in warnings
        ],
    )


def reading_point(point: Point) -> ReadingPoint:
    """One point as JSON has it."""
    return ReadingPoint(
        at=point.at,
        players=point.players,
        messages_per_second=point.messages,
        deliveries_per_second=point.deliveries,
        latency_p99_ms=point.latency_p99,
        loop_lag_p99_ms=point.loop_lag_p99,
        loop_lag_max_ms=point.loop_lag_max,
        refusals_per_second=dict(point.refusals),
        errors_per_second=point.errors,
        memory_bytes=point.memory_bytes,
        waiting_writes=point.waiting_writes,
    )

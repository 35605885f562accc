"""How the server is doing: for people, for probes, for Prometheus."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

import mythgate
from mythgate.doors.http.app import HttpOptions, Readiness
from mythgate.doors.http.deps import ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("status")


class Status(BaseModel):
    """The server in numbers."""

    status: Literal["ok"] = "ok"
    name: Literal["Mythgate"] = "Mythgate"
    version: str = Field(examples=["0.1.0"])
    node: str = Field(description="Name of this server process.", examples=["local"])
    started_at: datetime
    uptime_seconds: float
    server_time: datetime
    players_online: int = Field(description="Characters in the world now.")
    rooms: int = Field(description="Rooms of the world.")
    rooms_occupied: int = Field(description="Rooms with somebody in them.")
    sessions: int = Field(description="Signed-in sessions used lately.")
    doors: list[str] = Field(description="Doors that are open.", examples=[["http"]])
    registration: Literal["open", "closed"]
    guests: bool = Field(description="Whether guests may enter.")


class Probe(BaseModel):
    status: Literal["ok"] = "ok"


def _options(request: Request) -> HttpOptions:
    options: HttpOptions = request.app.state.http
    return options


@router.get("/api/status", summary="Status and statistics")
async def status(request: Request, services: ServicesDep) -> Status:
    """What runs here, since when, and how many people are on."""
    http = _options(request)
    now = services.clock.now()
    started_at: datetime = request.app.state.started_at
    policy = services.accounts.policy
    return Status(
        version=mythgate.__version__,
        node=http.node,
        started_at=started_at,
        uptime_seconds=round((now - started_at).total_seconds(), 3),
        server_time=now,
        players_online=http.players_online(),
        rooms=http.rooms(),
        rooms_occupied=http.rooms_occupied(),
        sessions=services.sessions.active_count,
        doors=list(http.doors),
        registration="open" if policy.registration_open else "closed",
        guests=policy.guests,
    )


@router.get("/healthz", summary="Alive?")
async def healthz() -> Probe:
    """Answers while the process serves requests."""
    return Probe()


@router.get("/readyz", summary="Ready?", responses=error_responses(503))
async def readyz(request: Request) -> Probe:
    """Answers 200 if the database takes changes, else 503; looks again every five seconds."""
    readiness: Readiness = request.app.state.readiness
    await readiness.check()
    return Probe()


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text format."}
    },
)
async def metrics(request: Request) -> Response:
    """Everything that is counted, in the text format of Prometheus."""
    return Response(generate_latest(_options(request).registry), media_type=CONTENT_TYPE_LATEST)

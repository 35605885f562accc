"""The protocol lab, for staff: what one connection sends and is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses, json_error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.lab import Capture, LabConnection, LabService

router = new_router("administration")

KEEP_ALIVE_SECONDS: Final = 15.0
MOST_LINES: Final = 500  # in one answer
CaptureId = Annotated[str, Path(min_length=1, max_length=100, description="Of the capture.")]
_READ: Final = error_responses(401, 403, 404, 422, 503)


class WatchableConnection(BaseModel):
    """A connection that can be looked into."""

    id: str
    door: str = Field(examples=["metaserver"])
    form: str = Field(description="`packets` or `json`.")
    client: str = Field(examples=["Aleph One"])
    user_id: str | None = Field(description="Account; null for guests of old clients, and before the log-in.")
    name: str
    address: str
    encrypted: bool


class LabCapture(BaseModel):
    """What is or was looked at."""

    id: str
    connection: WatchableConnection
    by: str
    reason: str
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None = Field(description="Null while it runs.")
    ended_by: str = Field(description="`time`, `size`, `closed` or `stopped`; empty while it runs.")
    lines: int
    bytes: int


class CaptureRequest(BaseModel):
    connection_id: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=1000, description="Why; kept in the record.", examples=["bug 12"])
    seconds: int | None = Field(None, ge=1, le=3600)


class CaptureLines(BaseModel):
    """Some lines of a capture."""

    capture: LabCapture
    lines: list[dict[str, Any]] = Field(description="Packets or frames, decoded; secrets and private talk are blanked.")
    next: int = Field(description="Ask again with `after`.")


@router.get("/api/admin/lab/connections", summary="List connections", responses=_READ)
async def lab_connections(caller: CallerDep, services: ServicesDep) -> list[WatchableConnection]:
    """All that can be looked into, of all doors."""
    return [_connection(one) for one in await services.lab.connections(caller)]


@router.get("/api/admin/lab/captures", summary="List captures", responses=_READ)
async def lab_captures(caller: CallerDep, services: ServicesDep) -> list[LabCapture]:
    """Those that run, and those that ended within the last hour; the newest first."""
    return [_capture(one) for one in await services.lab.captures(caller)]


@router.post(
    "/api/admin/lab/captures",
    summary="Look into a connection",
    status_code=201,
    responses=error_responses(401, 403, 404, 413, 422, 429, 503),
)
async def begin_capture(body: CaptureRequest, caller: CallerDep, services: ServicesDep) -> LabCapture:
    """It is bounded in time and size, stands on record, and the staff is told."""
    return _capture(await services.lab.begin(caller, body.connection_id, body.reason, seconds=body.seconds))


@router.get("/api/admin/lab/captures/{capture_id}", summary="Read a capture", responses=_READ)
async def read_capture(
    capture_id: CaptureId,
    caller: CallerDep,
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, description="How many lines are known already.")] = 0,
) -> CaptureLines:
    """What was seen, from line `after` on."""
    capture = await services.lab.capture(caller, capture_id)
    lines = [json.loads(line) for line in capture.lines[after : after + MOST_LINES]]
    return CaptureLines(capture=_capture(capture), lines=lines, next=after + len(lines))


@router.post("/api/admin/lab/captures/{capture_id}/stop", summary="End a capture", responses=_READ)
async def stop_capture(capture_id: CaptureId, caller: CallerDep, services: ServicesDep) -> LabCapture:
    """What was seen can still be read for an hour."""
    return _capture(await services.lab.stop(caller, capture_id))


@router.get(
    "/api/admin/lab/captures/{capture_id}/events",
    summary="Follow a capture",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}, **json_error_responses(401, 403, 404, 422, 503)},
)
async def follow_capture(
    capture_id: CaptureId,
    caller: CallerDep,
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, description="How many lines are known already.")] = 0,
) -> Response:
    """Lines as they come, as server-sent events `line`; `end` closes."""
    capture = await services.lab.capture(caller, capture_id)
    return StreamingResponse(
        _events(services.lab, capture, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get(
    "/api/admin/lab/captures/{capture_id}/file",
    summary="Download a capture",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {}}}, **json_error_responses(401, 403, 404, 422, 503)},
)
async def download_capture(capture_id: CaptureId, caller: CallerDep, services: ServicesDep) -> Response:
    """JSON lines; those of packets are read by `mythgate metaserver decode`."""
    capture = await services.lab.capture(caller, capture_id)
    name = f"capture-{capture.about.door}-{capture.started_at:%Y%m%d-%H%M%S}.jsonl"
    return Response(
        "".join(f"{line}\n" for line in capture.lines),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _events(lab: LabService, capture: Capture, after: int) -> AsyncIterator[str]:
    batches = lab.follow(capture, after)
    waiting: asyncio.Task[Any] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(batches))
            done, _ = await asyncio.wait((waiting,), timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield ": still there\n\n"
                continue
            try:
                batch = waiting.result()
            except StopAsyncIteration:
                break
            finally:
                waiting = None
            for line in batch:
                after += 1
                yield f"id: {after}\nevent: line\ndata: {line}\n\n"
        yield f"event: end\ndata: {json.dumps({'ended_by': capture.ended_by})}\n\n"
    finally:
        if waiting is not None:
            waiting.cancel()


def _connection(about: LabConnection) -> WatchableConnection:
    return WatchableConnection(
        id=about.id,
        door=about.door,
        form=about.form,
        client=about.client,
        user_id=about.account_id,
        name=about.name,
        address=about.address,
        encrypted=about.is_encrypted,
    )


def _capture(capture: Capture) -> LabCapture:
    return LabCapture(
        id=capture.id,
        connection=_connection(capture.about),
        by=capture.by_name,
        reason=capture.reason,
        started_at=capture.started_at,
        ends_at=capture.ends_at,
        ended_at=capture.ended_at,
        ended_by=capture.ended_by,
        lines=len(capture.lines),
        bytes=capture.size,
    )

"""The log and the faults, for staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from mythgate.domain.logs import Fault, LevelChange, LogLine, LogQuery
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.logs import LONGEST_PAGE

router = new_router("administration")

Level = Literal["debug", "info", "warning", "error", "critical"]
Word = Annotated[str, Query(max_length=200)]

_LOOK: Final = error_responses(401, 403, 404, 422, 503)
_CHANGE: Final = error_responses(400, 401, 403, 413, 422, 503)


class LoggedLine(BaseModel):
    """One line of the log."""

    number: int = Field(description="Grows from line to line, until the server starts anew.")
    at: datetime
    level: str = Field(examples=["info"])
    logger: str = Field(examples=["mythgate.services.presence"])
    text: str = Field(examples=["character entered"])
    correlation: str = Field(
        description="What all lines of one request, frame or packet have in common. Empty: the server by itself."
    )
    fields: dict[str, Any] = Field(examples=[{"character": "01945a3e-7c1a-7b3c", "door": "http"}])


class LoggedLines(BaseModel):
    """The oldest first."""

    lines: list[LoggedLine]
    newest: int = Field(description="Ask with `after` for what is written from now on.")


class LevelInForce(BaseModel):
    """What a logger, and those below it, write at least."""

    logger: str = Field(description="Empty: all that have no level of their own.", examples=["mythgate.services.chat"])
    level: str
    until: datetime | None = Field(
        description="When it is as the settings say again; null: it was not set for a while."
    )


class LogLevels(BaseModel):
    levels: list[LevelInForce]


class LevelRequest(BaseModel):
    logger: str = Field("", max_length=100, description="Empty: all.", examples=["mythgate.doors.metaserver"])
    level: Level | None = Field(description="Null: as the settings say again.")
    minutes: float | None = Field(None, gt=0, le=43200, description="Null: until somebody changes it.")


class LoggedFault(BaseModel):
    """Something in the server's own code went wrong, once or often."""

    fingerprint: str = Field(description="The same for the same place in the code.", examples=["5f2c0b9d11aa"])
    kind: str = Field(examples=["KeyError"])
    where: str = Field(examples=["mythgate.services.chat:say"])
    message: str = Field(description="What the operating system said, if it was its; else empty.")
    trace: str = Field(description="One sample, without values.")
    correlation: str = Field(description="Of the newest; look for it in the log.")
    count: int
    first_at: datetime
    last_at: datetime
    new: bool = Field(description="Whether nobody has looked since it happened last.")
    seen_at: datetime | None


class LoggedFaults(BaseModel):
    faults: list[LoggedFault]


@router.get("/api/admin/logs", summary="Search the log", responses=_LOOK)
async def search_logs(
    caller: CallerDep,
    services: ServicesDep,
    user: Annotated[str, Query(max_length=200, description="Name, id or #number of a player or a character.")] = "",
    room: Annotated[str, Query(max_length=200, description="Name, id or number of a place or a lobby.")] = "",
    correlation: Annotated[str, Query(max_length=100, description="Of a request, or of a connection.")] = "",
    level: Annotated[Level, Query(description="This and worse.")] = "debug",
    text: Annotated[str, Query(max_length=200, description="Anywhere in the line.")] = "",
    logger: Annotated[str, Query(max_length=100, description="This one and those below it.")] = "",
    security: Annotated[bool, Query(description="Only events about security.")] = False,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    after: Annotated[int, Query(ge=0, description="`newest` of the answer before: only what came since.")] = 0,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 200,
) -> LoggedLines:
    """The newest lines that fit, of the last few thousand, which the server has in memory; for admins.

    Older ones are in the log files, which `mythgate logs` searches.
    """
    query = LogQuery(
        level=level, text=text, logger=logger, correlation=correlation, security=security, since=since, until=until
    )
    page = await services.logs.search(caller, query, user=user, room=room, after=after, limit=limit)
    return LoggedLines(lines=[_line(line) for line in page.lines], newest=page.newest)


@router.get("/api/admin/logs/levels", summary="Levels of the log", responses=error_responses(401, 403, 503))
async def log_levels(caller: CallerDep, services: ServicesDep) -> LogLevels:
    """What is written to the log; for admins."""
    return _levels(await services.logs.levels(caller), await services.logs.changes(caller))


@router.post("/api/admin/logs/levels", summary="Change what is logged", responses=_CHANGE)
async def set_log_level(body: LevelRequest, caller: CallerDep, services: ServicesDep) -> LogLevels:
    """At once, without a restart, for a while or for good; for admins."""
    lasting = timedelta(minutes=body.minutes) if body.minutes is not None else None
    changes = await services.logs.set_level(caller, body.level, logger=body.logger, lasting=lasting)
    return _levels(await services.logs.levels(caller), changes)


@router.get("/api/admin/errors", summary="What went wrong", responses=error_responses(401, 403, 422, 503))
async def list_faults(
    caller: CallerDep,
    services: ServicesDep,
    new: Annotated[bool, Query(description="Only what nobody has looked at.")] = False,
) -> LoggedFaults:
    """Faults of the server itself, the latest first; for admins."""
    return LoggedFaults(faults=[_fault(fault) for fault in await services.faults.list(caller, new=new)])


@router.post("/api/admin/errors/{fingerprint}/seen", summary="Somebody has looked", responses=_LOOK)
async def mark_fault_seen(
    fingerprint: Annotated[str, Path(min_length=1, max_length=40)], caller: CallerDep, services: ServicesDep
) -> LoggedFault:
    """It is new again when it happens again; for admins."""
    return _fault(await services.faults.mark_seen(caller, fingerprint))


def _line(line: LogLine) -> LoggedLine:
    return LoggedLine(
        number=line.number,
        at=line.at,
        level=line.level,
        logger=line.logger,
        text=line.text,
        correlation=line.correlation,
        fields=dict(line.fields),
    )


def _levels(levels: Any, changes: list[LevelChange]) -> LogLevels:
    until = {change.logger: change.until for change in changes}
    return LogLevels(
        levels=[LevelInForce(logger=logger, level=level, until=until.get(logger)) for logger, level in levels.items()]
    )


def _fault(fault: Fault) -> LoggedFault:
    return LoggedFault(
        fingerprint=fault.fingerprint,
        kind=fault.kind,
        where=fault.where,
        message=fault.message,
        trace=fault.trace,
        correlation=fault.correlation,
        count=fault.count,
        first_at=fault.first_at,
        last_at=fault.last_at,
        new=fault.is_new,
        seen_at=fault.seen_at,
    )

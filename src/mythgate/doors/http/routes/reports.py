"""Reporting people, and appealing against measures: for players."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from mythgate.domain.measures import APPEAL_LENGTH, AppealState, MeasureKind, Scope
from mythgate.domain.reports import REASON_LENGTH, ReportState
from mythgate.doors.http.deps import CallerDep, OriginDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.appeals import Standing
from mythgate.services.reports import Own

router = new_router("moderation")


class NewReport(BaseModel):
    """Who behaves badly, and how. One of `name` and `message_id` says whom it is about."""

    name: str = Field("", max_length=200, description="Of a character, an account, or somebody in the caller's lobby.")
    message_id: str | None = Field(None, max_length=100, description="Of a message that the caller could read.")
    reason: str = Field(min_length=1, max_length=4 * REASON_LENGTH, examples=["insults everybody"])


class ReportMade(BaseModel):
    number: int
    joined: bool = Field(description="Somebody reported the same a moment before; it is looked at together.")


class OwnReport(BaseModel):
    """What one reported, and how it ended."""

    number: int
    name: str = Field(description="Of whom it is about; empty if they are gone.")
    reason: str
    at: datetime
    state: ReportState = Field(description="`open` until it is `resolved` or `dismissed`.")
    answer: str


class Proof(BaseModel):
    """Who appeals: the code that is told with each refusal, or name and password."""

    code: str = Field("", max_length=40, examples=["K7Q2-M4XD"])
    username: str = Field("", max_length=200)
    password: str = Field("", max_length=4096)


class NewAppeal(Proof):
    text: str = Field(min_length=1, max_length=2 * APPEAL_LENGTH, examples=["That was my brother."])


class OwnAppeal(BaseModel):
    state: AppealState
    text: str
    created_at: datetime
    answer: str = Field(description="Empty until somebody has decided, and if they said nothing.")
    decided_at: datetime | None


class OwnMeasure(BaseModel):
    """What holds against one, and what became of the appeal."""

    kind: MeasureKind
    scope: Scope
    place: str
    active: bool
    since: datetime
    until: datetime | None = Field(description="Null: until it is lifted.")
    reason: str = Field(description="Empty if the staff does not show it.")
    appeal: OwnAppeal | None


@router.post(
    "/api/reports", status_code=201, summary="Report somebody", responses=error_responses(400, 401, 404, 413, 422, 429)
)
async def make_report(body: NewReport, caller: CallerDep, services: ServicesDep) -> ReportMade:
    """The staff gets the last lines that the caller could read, and those that follow for some minutes."""
    filed = await services.reports.report(caller, body.name, body.reason, message_id=body.message_id)
    return ReportMade(number=filed.report.number, joined=filed.joined)


@router.get("/api/reports", summary="One's own reports", responses=error_responses(401, 503))
async def own_reports(caller: CallerDep, services: ServicesDep) -> list[OwnReport]:
    """What the caller reported, newest first, with the answers of the staff."""
    return [_own_report(one) for one in await services.reports.mine(caller)]


@router.post(
    "/api/appeals", status_code=201, summary="Appeal", responses=error_responses(400, 401, 404, 409, 413, 422, 429, 503)
)
async def make_appeal(body: NewAppeal, origin: OriginDep, services: ServicesDep) -> OwnMeasure:
    """Say why a ban or a mute is wrong; nobody has to be signed in. One appeal at a time."""
    proof = {"code": body.code, "name": body.username, "password": body.password}
    await services.appeals.appeal(body.text, origin.address, **proof)
    return _own_measure(services.clock.now(), await services.appeals.look(origin.address, **proof))


@router.post(
    "/api/appeals/look", summary="What became of an appeal", responses=error_responses(400, 401, 404, 413, 422, 429)
)
async def look_at_appeal(body: Proof, origin: OriginDep, services: ServicesDep) -> OwnMeasure:
    """What holds against somebody, and the answer to their newest appeal; nobody has to be signed in."""
    found = await services.appeals.look(origin.address, code=body.code, name=body.username, password=body.password)
    return _own_measure(services.clock.now(), found)


def _own_report(one: Own) -> OwnReport:
    return OwnReport(
        number=one.voice.report,
        name=one.subject_name,
        reason=one.voice.reason,
        at=one.voice.at,
        state=one.state,
        answer=one.answer,
    )


def _own_measure(now: datetime, found: Standing) -> OwnMeasure:
    measure = found.measure
    appeal = found.appeal
    return OwnMeasure(
        kind=measure.kind,
        scope=measure.scope,
        place=measure.place,
        active=measure.is_active(now),
        since=measure.created_at,
        until=measure.ends_at,
        reason=measure.reason if measure.shows_reason else "",
        appeal=None
        if appeal is None
        else OwnAppeal(
            state=appeal.state,
            text=appeal.text,
            created_at=appeal.created_at,
            answer=appeal.answer,
            decided_at=appeal.decided_at,
        ),
    )

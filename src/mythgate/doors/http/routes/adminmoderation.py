"""What moderators work with: reports with their evidence, measures, appeals, filters of words, single messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.domain.filters import (
    MESSAGE_LENGTH,
    PATTERN_LENGTH,
    Applies,
    FilterAction,
    FilterScope,
    WordFilter,
)
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import Appeal, AppealState, AppealStep, Measure, MeasureKind, Scope
from mythgate.domain.reports import ANSWER_LENGTH, Report, ReportState, ReportStep, Urgency
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services import appeals, enforcement, reports
from mythgate.services.enforcement import NewMeasure
from mythgate.services.reports import Case

router = new_router("administration")

_LOOK: Final = error_responses(400, 401, 403, 404, 422, 503)
_ACT: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 503)
Number = Annotated[int, Path(ge=0)]
Before = Annotated[int | None, Query(ge=0, description="From before the one with this number on.")]
Limit = Annotated[int, Query(ge=1, le=200)]
Reason = Annotated[str, Field(max_length=1000)]
Minutes = Annotated[float | None, Field(description="Null: until it is lifted.", examples=[1440])]


# --- reports ---------------------------------------------------------------------------------------


class ReportRow(BaseModel):
    """One line of the list of reports."""

    number: int
    subject: str = Field(description="Id of the account, or what a guest goes by; empty if they are gone.")
    name: str
    place: str = Field(description="Where it happened, for people.", examples=["Arrival"])
    created_at: datetime
    state: ReportState
    urgency: int = Field(description="0 low, 1 normal, 2 high, 3 urgent.")
    voices: int = Field(description="How many people reported it.")
    claimed_by: str = Field(description="Id of who looks at it; empty: nobody.")
    claimed_name: str
    closed_at: datetime | None


class ReportPage(BaseModel):
    reports: list[ReportRow] = Field(description="The most urgent first, and of those the newest.")
    counts: dict[ReportState, int]
    next: int | None = Field(description="For `after`; null: this is the last page.")


class ReportVoice(BaseModel):
    """What one person said of it."""

    account_id: str | None
    name: str
    reason: str
    at: datetime
    told_at: datetime | None = Field(description="When they were told the answer.")


class EvidenceLine(BaseModel):
    """One line of talk. What somebody said whose account is gone is erased, and the chain holds."""

    position: int
    at: datetime
    speaker: str
    name: str
    channel: str = Field(description="`report`: not said, but the report itself.", examples=["say"])
    text: str
    message_id: str
    after: bool = Field(description="Said after the report.")
    hash: str
    erased: bool


class EvidenceVerdict(BaseModel):
    """Whether the evidence is as it was taken."""

    genuine: bool
    line: int | None = Field(description="The first line that is not.")
    problem: str
    lines: int
    erased: int


class ReportCard(ReportRow):
    """A report with all that belongs to it."""

    moment: datetime
    collects_until: datetime
    sealed_at: datetime | None
    seal: str
    answer: str
    subject_account: str | None = Field(description="Name of the account it is about, as it is now.")
    said: list[ReportVoice]
    evidence: list[EvidenceLine]
    verdict: EvidenceVerdict
    may: list[ReportStep] = Field(description="What can be done with it as it is.")


class StepRequest(BaseModel):
    step: ReportStep
    answer: str = Field("", max_length=2 * ANSWER_LENGTH, description="For those who reported it, when it is closed.")


class UrgencyRequest(BaseModel):
    urgency: int = Field(ge=0, le=3)


@router.get("/api/admin/reports", summary="Reports", responses=_LOOK)
async def list_reports(
    caller: CallerDep,
    services: ServicesDep,
    state: ReportState | None = None,
    subject: Annotated[str | None, Query(max_length=100, description="Only about this account.")] = None,
    after: Annotated[int | None, Query(ge=0, description="From after the report with this number on.")] = None,
    limit: Limit = 50,
) -> ReportPage:
    """For moderators."""
    found = await services.reports.page(caller, state=state, subject=subject, after=after, limit=limit)
    counts = await services.reports.counts(caller)
    following = found[-1].number if len(found) == limit else None
    return ReportPage(reports=[ReportRow(**_report(one)) for one in found], counts=counts, next=following)


@router.get("/api/admin/reports/{number}", summary="A report with its evidence", responses=_LOOK)
async def show_report(number: Number, caller: CallerDep, services: ServicesDep) -> ReportCard:
    """The chain of hashes is walked; `verdict` says whether anything was changed. For moderators."""
    return _card(await services.reports.case(caller, number))


@router.post("/api/admin/reports/{number}/step", summary="Go on with a report", responses=_ACT)
async def step_report(number: Number, body: StepRequest, caller: CallerDep, services: ServicesDep) -> ReportCard:
    """Claim, release, resolve, dismiss or reopen it. Those who reported it are told when it is closed."""
    await services.reports.step(caller, number, body.step, body.answer)
    return _card(await services.reports.case(caller, number))


@router.post("/api/admin/reports/{number}/urgency", summary="How urgent a report is", responses=_ACT)
async def set_report_urgency(
    number: Number, body: UrgencyRequest, caller: CallerDep, services: ServicesDep
) -> ReportCard:
    """For moderators."""
    await services.reports.set_urgency(caller, number, Urgency(body.urgency))
    return _card(await services.reports.case(caller, number))


# --- measures --------------------------------------------------------------------------------------


class MeasureRow(BaseModel):
    """A ban or a mute."""

    number: int
    kind: MeasureKind
    account_id: str | None
    name: str = Field(description="Of the account when it was taken; empty for a network.")
    network: str = Field(description="Only for who may see addresses; empty: it is against an account.")
    scope: Scope
    place: str = Field(description="Number of the lobby, id of the room, name of the door.")
    reason: str
    show_reason: bool = Field(description="Whether whom it is about reads the reason.")
    by: str = Field(description="Who took it.")
    created_at: datetime
    until: datetime | None = Field(description="Null: until it is lifted.")
    active: bool
    lifted_at: datetime | None


class MeasurePage(BaseModel):
    measures: list[MeasureRow] = Field(description="Newest first.")
    next: int | None = Field(description="For `before`; null: this is the last page.")


class MeasureRequest(BaseModel):
    kind: MeasureKind
    account_id: str | None = Field(None, max_length=100)
    network: str = Field("", max_length=60, description="Instead of an account: an address or a range of them.")
    scope: Scope = Scope.EVERYWHERE
    place: str = Field("", max_length=200)
    minutes: Minutes = None
    reason: Reason = ""
    show_reason: bool = False


class MeasureChange(BaseModel):
    minutes: float | None = Field(None, description="From now on; left out: the end stays as it is.")
    without_end: bool = False
    reason: Annotated[str | None, Field(max_length=1000)] = None
    show_reason: bool | None = None


class LiftRequest(BaseModel):
    reason: Reason = ""


class KickRequest(BaseModel):
    account_id: str = Field(max_length=100)
    scope: Scope = Field(Scope.EVERYWHERE, description="`everywhere`, `lobby` or `door`.")
    place: str = Field("", max_length=200)
    reason: Reason = ""


class Kicked(BaseModel):
    places: int = Field(description="How many connections or lobbies they were put out of.")


@router.get("/api/admin/measures", summary="Measures", responses=_LOOK)
async def list_measures(
    caller: CallerDep,
    services: ServicesDep,
    active: Annotated[bool, Query(description="Only those that hold now.")] = True,
    account_id: Annotated[str | None, Query(max_length=100)] = None,
    before: Before = None,
    limit: Limit = 50,
) -> MeasurePage:
    """Bans and mutes; for moderators."""
    found = await services.measures.page(
        caller,
        active=active,
        account_id=AccountId(account_id) if account_id is not None else None,
        before=before,
        limit=limit,
    )
    now = services.clock.now()
    following = found[-1].number if len(found) == limit else None
    return MeasurePage(measures=[_measure(one, now) for one in found], next=following)


@router.post("/api/admin/measures", status_code=201, summary="Take a measure", responses=_ACT)
async def take_measure(body: MeasureRequest, caller: CallerDep, services: ServicesDep) -> MeasureRow:
    """Ban or mute somebody, everywhere or in one place; at once for who is connected. Networks are for admins."""
    wanted = NewMeasure(
        body.kind,
        AccountId(body.account_id) if body.account_id is not None else None,
        body.network,
        body.scope,
        body.place,
        body.minutes,
        body.reason,
        body.show_reason,
    )
    return _measure(await services.measures.take(caller, wanted), services.clock.now())


@router.patch("/api/admin/measures/{number}", summary="Change a measure", responses=_ACT)
async def change_measure(number: Number, body: MeasureChange, caller: CallerDep, services: ServicesDep) -> MeasureRow:
    """When it ends, and its reason."""
    changed = await services.measures.change(
        caller,
        number,
        minutes=body.minutes,
        without_end=body.without_end,
        reason=body.reason,
        show_reason=body.show_reason,
    )
    return _measure(changed, services.clock.now())


@router.post("/api/admin/measures/{number}/lift", summary="Lift a measure", responses=_ACT)
async def lift_measure(number: Number, body: LiftRequest, caller: CallerDep, services: ServicesDep) -> MeasureRow:
    """Bans of accounts everywhere are lifted by admins, others by moderators."""
    return _measure(await services.measures.lift(caller, number, body.reason), services.clock.now())


@router.post("/api/admin/kicks", summary="Put somebody out", responses=_ACT)
async def kick_account(body: KickRequest, caller: CallerDep, services: ServicesDep) -> Kicked:
    """They may come back; for moderators."""
    places = await services.measures.kick(
        caller, AccountId(body.account_id), scope=body.scope, place=body.place, reason=body.reason
    )
    return Kicked(places=places)


# --- appeals ---------------------------------------------------------------------------------------


class AppealRow(BaseModel):
    """Somebody says why a measure is wrong."""

    number: int
    name: str
    text: str
    created_at: datetime
    state: AppealState
    answer: str
    decided_at: datetime | None
    measure: MeasureRow


class AppealPage(BaseModel):
    appeals: list[AppealRow] = Field(description="Newest first.")
    next: int | None


class DecideRequest(BaseModel):
    step: AppealStep
    answer: str = Field("", max_length=2 * ANSWER_LENGTH)


class Decided(BaseModel):
    number: int
    state: AppealState
    answer: str


@router.get("/api/admin/appeals", summary="Appeals", responses=_LOOK)
async def list_appeals(
    caller: CallerDep,
    services: ServicesDep,
    open_only: bool = True,
    before: Before = None,
    limit: Limit = 50,
) -> AppealPage:
    """For moderators."""
    found = await services.appeals.page(caller, open_only=open_only, before=before, limit=limit)
    now = services.clock.now()
    following = found[-1].appeal.number if len(found) == limit else None
    return AppealPage(appeals=[_appeal(one, now) for one in found], next=following)


@router.post("/api/admin/appeals/{number}", summary="Decide an appeal", responses=_ACT)
async def decide_appeal(number: Number, body: DecideRequest, caller: CallerDep, services: ServicesDep) -> Decided:
    """Granting it lifts the measure. Not for who took the measure, unless they own the server."""
    decided: Appeal = await services.appeals.decide(caller, number, body.step, body.answer)
    return Decided(number=decided.number, state=decided.state, answer=decided.answer)


# --- filters ---------------------------------------------------------------------------------------


class FilterValues(BaseModel):
    """What words are looked for, and what is done about them."""

    pattern: str = Field(min_length=1, max_length=PATTERN_LENGTH, examples=["buy gold"])
    anywhere: bool = Field(False, description="Also within longer words.")
    action: FilterAction
    applies: Applies = Applies.BOTH
    scope: FilterScope = FilterScope.EVERYWHERE
    place: str = Field("", max_length=200, description="Number of the lobby, id of the room, name of the door.")
    private: bool = Field(False, description="Also in words to one person.")
    message: str = Field("", max_length=MESSAGE_LENGTH, description="What whoever is refused reads.")
    hits: int = Field(3, description="Of `mute`: so many …", ge=1, le=100)
    within_minutes: int = Field(10, description="… within so many minutes mute …", ge=1, le=1440)
    mute_minutes: int = Field(30, description="… for so long.", ge=1, le=525_600)
    enabled: bool = True


class FilterRow(FilterValues):
    number: int
    created_at: datetime


class FilterChange(BaseModel):
    """What is left out stays as it is."""

    pattern: str | None = Field(None, min_length=1, max_length=PATTERN_LENGTH)
    anywhere: bool | None = None
    action: FilterAction | None = None
    applies: Applies | None = None
    scope: FilterScope | None = None
    place: str | None = Field(None, max_length=200)
    private: bool | None = None
    message: str | None = Field(None, max_length=MESSAGE_LENGTH)
    hits: int | None = Field(None, ge=1, le=100)
    within_minutes: int | None = Field(None, ge=1, le=1440)
    mute_minutes: int | None = Field(None, ge=1, le=525_600)
    enabled: bool | None = None


class TryRequest(BaseModel):
    text: str = Field(max_length=1000)


class Tried(BaseModel):
    words: str = Field(description="As they would be said, if nothing refuses them.")
    filters: list[int] = Field(description="Numbers of those that fit.")


@router.get("/api/admin/filters", summary="Filters of words", responses=_LOOK)
async def list_filters(caller: CallerDep, services: ServicesDep) -> list[FilterRow]:
    """By number; for moderators."""
    return [_filter(one) for one in await services.filters.all(caller)]


@router.post("/api/admin/filters", status_code=201, summary="Add a filter", responses=_ACT)
async def add_filter(body: FilterValues, caller: CallerDep, services: ServicesDep) -> FilterRow:
    """At once; for admins."""
    values = body.model_dump(exclude={"pattern", "action"})
    return _filter(await services.filters.add(caller, body.pattern, body.action, **values))


@router.patch("/api/admin/filters/{number}", summary="Change a filter", responses=_ACT)
async def change_filter(number: Number, body: FilterChange, caller: CallerDep, services: ServicesDep) -> FilterRow:
    """At once; for admins."""
    values = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    return _filter(await services.filters.change(caller, number, **values))


@router.delete("/api/admin/filters/{number}", summary="Remove a filter", responses=_ACT)
async def remove_filter(number: Number, caller: CallerDep, services: ServicesDep) -> FilterRow:
    """At once; for admins."""
    return _filter(await services.filters.remove(caller, number))


@router.post("/api/admin/filters/try", summary="Try the filters out", responses=_LOOK)
async def try_filters(body: TryRequest, caller: CallerDep, services: ServicesDep) -> Tried:
    """What would become of words that somebody says; nothing is said or counted. For moderators."""
    words, hits = await services.filters.try_out(caller, body.text)
    return Tried(words=words, filters=[one.number for one in hits])


# --- messages --------------------------------------------------------------------------------------


class DeleteMessageRequest(BaseModel):
    id: str = Field(min_length=1, max_length=100, description="Of a `chat_message` or a `lobby_message`.")
    reason: Reason = ""


class MessageGone(BaseModel):
    topics: list[str] = Field(description="Where it was remembered.")


@router.post("/api/admin/messages/delete", summary="Delete a message", responses=_ACT)
async def delete_message(body: DeleteMessageRequest, caller: CallerDep, services: ServicesDep) -> MessageGone:
    """Out of the histories, and out of what clients show; evidence of reports keeps it. For moderators."""
    return MessageGone(topics=await services.messages.delete(caller, body.id, body.reason))


# --- wording ---------------------------------------------------------------------------------------


def _report(one: Report) -> dict[str, Any]:
    return {
        "number": one.number,
        "subject": one.subject,
        "name": one.subject_name,
        "place": one.place_name,
        "created_at": one.created_at,
        "state": one.state,
        "urgency": one.urgency,
        "voices": one.voices,
        "claimed_by": one.claimed_by,
        "claimed_name": one.claimed_name,
        "closed_at": one.closed_at,
    }


def _card(case: Case) -> ReportCard:
    report, verdict = case.report, case.verdict
    return ReportCard(
        **_report(report),
        moment=report.moment,
        collects_until=report.collects_until,
        sealed_at=report.sealed_at,
        seal=report.seal,
        answer=report.answer,
        subject_account=case.subject.name if case.subject is not None else None,
        said=[
            ReportVoice(account_id=one.account_id, name=one.name, reason=one.reason, at=one.at, told_at=one.told_at)
            for one in case.voices
        ],
        evidence=[
            EvidenceLine(
                position=one.position,
                at=one.at,
                speaker=one.speaker,
                name=one.name,
                channel=one.channel,
                text=one.text,
                message_id=one.message_id,
                after=one.after,
                hash=one.hash,
                erased=one.erased,
            )
            for one in case.lines
        ],
        verdict=EvidenceVerdict(
            genuine=verdict.genuine,
            line=verdict.line,
            problem=verdict.problem,
            lines=verdict.lines,
            erased=verdict.erased,
        ),
        may=list(reports.steps_from(report.state)),
    )


def _measure(one: Measure, now: datetime) -> MeasureRow:
    return MeasureRow(
        number=one.number,
        kind=one.kind,
        account_id=one.account_id,
        name=one.name,
        network=one.network,
        scope=one.scope,
        place=one.place,
        reason=one.reason,
        show_reason=one.shows_reason,
        by=one.by_name or enforcement.named(one.by_account_id),
        created_at=one.created_at,
        until=one.ends_at,
        active=one.is_active(now),
        lifted_at=one.lifted_at,
    )


def _appeal(one: appeals.Filed, now: datetime) -> AppealRow:
    appeal = one.appeal
    return AppealRow(
        number=appeal.number,
        name=appeal.name,
        text=appeal.text,
        created_at=appeal.created_at,
        state=appeal.state,
        answer=appeal.answer,
        decided_at=appeal.decided_at,
        measure=_measure(one.measure, now),
    )


def _filter(one: WordFilter) -> FilterRow:
    return FilterRow(
        number=one.number,
        pattern=one.pattern,
        anywhere=one.anywhere,
        action=one.action,
        applies=one.applies,
        scope=one.scope,
        place=one.place,
        private=one.private,
        message=one.message,
        hits=one.hits,
        within_minutes=one.within_minutes,
        mute_minutes=one.mute_minutes,
        enabled=one.enabled,
        created_at=one.created_at,
    )

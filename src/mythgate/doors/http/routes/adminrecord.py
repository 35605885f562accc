"""The record of who did what, for those who may see it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from mythgate.domain.record import Fault, Sought
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.record import LONGEST_PAGE

router = new_router("administration")

Who = Annotated[str, Query(max_length=100, description="An id, or the name of an account.")]


class RecordEntry(BaseModel):
    """One act."""

    number: int
    at: datetime
    actor: str = Field(description="Id of the account, `cli` or `system`.")
    actor_name: str = Field(description="Empty for who is gone.")
    action: str = Field(examples=["account.role_changed"])
    subject: str = Field(description="Id of what was acted on.")
    subject_name: str = Field(description="If it is an account that is still there.")
    detail: dict[str, str] = Field(description="Often with `before` and `after`.")
    erased: bool = Field(description="Whether what it said is gone, with the person it was about.")


class RecordEntries(BaseModel):
    entries: list[RecordEntry] = Field(description="The newest first.")
    next: int | None = Field(description="Ask for the next page with `before`; null on the last.")


class RecordFault(BaseModel):
    number: int = Field(description="Of the entry.")
    fault: Fault


class RecordVerification(BaseModel):
    """What a walk along the chain of hashes found."""

    sound: bool
    entries: int
    before_chain: int = Field(description="Entries from before there was a chain.")
    erased: int = Field(description="Entries that were emptied when a person was erased.")
    newest: int = Field(description="Number of the last entry.")
    hash: str = Field(description="Of the last entry. Kept elsewhere, it shows later whether the end was cut off.")
    faults: list[RecordFault]


@router.get("/api/admin/record", summary="Search the record", responses=error_responses(401, 403, 422, 503))
async def search_record(
    caller: CallerDep,
    services: ServicesDep,
    actor: Who = "",
    action: Annotated[
        str, Query(max_length=100, description="`account.renamed`, or `account` for all that begin so.")
    ] = "",
    subject: Who = "",
    text: Annotated[str, Query(max_length=200, description="Anywhere in what an entry says.")] = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 100,
) -> RecordEntries:
    """Who did what, with what was before and after; for admins."""
    sought = Sought(actor, action, subject, text, _aware(since), _aware(until))
    page = await services.record.search(caller, sought, before=before, limit=limit)
    return RecordEntries(
        entries=[
            RecordEntry(
                number=one.number,
                at=one.at,
                actor=one.actor,
                actor_name=page.names.get(one.actor, ""),
                action=one.action,
                subject=one.subject,
                subject_name=page.names.get(one.subject, ""),
                detail=dict(one.detail),
                erased=one.link is not None and one.salt is None,
            )
            for one in page.entries
        ],
        next=page.following,
    )


@router.get("/api/admin/record/verification", summary="Check the record", responses=error_responses(401, 403, 503))
async def verify_record(caller: CallerDep, services: ServicesDep) -> RecordVerification:
    """Whether nobody has changed it, by its chain of hashes; for admins."""
    found = await services.record.verify(caller)
    return RecordVerification(
        sound=found.is_sound,
        entries=found.entries,
        before_chain=found.before_chain,
        erased=found.erased,
        newest=found.newest,
        hash=found.link.hex(),
        faults=[RecordFault(number=one.number, fault=one.fault) for one in found.findings],
    )


def _aware(moment: datetime | None) -> datetime | None:
    """A time without a zone is meant as UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment

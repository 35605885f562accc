"""People, for staff: notes, other accounts, names, and the data of one person as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Response
from pydantic import BaseModel, Field

from mythgate.domain.ids import AccountId
from mythgate.domain.people import NOTE_LENGTH
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routes.admin import Reason, UserId
from mythgate.doors.http.routing import new_router

router = new_router("administration")

_NO_CONTENT: Final[dict[str, Any]] = {"status_code": 204, "response_class": Response}
_CHANGE: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 503)
_LOOK: Final = error_responses(401, 403, 404, 422, 503)


class StaffNote(BaseModel):
    """What one of the staff wrote about somebody."""

    number: int
    by: str = Field(description="Name of who wrote it.")
    text: str
    at: datetime


class StaffNotes(BaseModel):
    notes: list[StaffNote] = Field(description="The newest first.")


class NewStaffNote(BaseModel):
    text: str = Field(min_length=1, max_length=NOTE_LENGTH)


class UserAddress(BaseModel):
    """An address that somebody came from lately."""

    address: str
    door: str = Field(description="The last one.")
    first_at: datetime
    last_at: datetime
    times: int


class UserAlternate(BaseModel):
    """Another account that came from there."""

    id: str
    name: str
    addresses: list[str] = Field(description="That both came from, the latest first.")
    last_at: datetime


class UserAlternates(BaseModel):
    addresses: list[UserAddress] = Field(description="Of the last 90 days, the latest first, 20 at most.")
    others: list[UserAlternate]


class RenameRequest(BaseModel):
    name: str = Field(min_length=1, max_length=200, examples=["Alric"])
    reason: Reason = ""


class Renamed(BaseModel):
    id: str
    name: str


class PersonExport(BaseModel):
    """All that is stored about a person, without secrets."""

    format: str = Field(examples=["mythgate-person-1"])
    exported_at: datetime
    account_id: str
    name: str
    tables: dict[str, list[dict[str, Any]]] = Field(description="Rows by table of the database.")


class EraseRequest(BaseModel):
    name: str = Field(min_length=1, max_length=200, description="Of the account, so that it is the right one.")
    reason: Reason = ""


class PersonErased(BaseModel):
    known_as: str = Field(description="The name where results need one.", examples=["Deleted 12"])
    record_entries: int = Field(description="Entries of the record that say nothing any more.")


class FactorReset(BaseModel):
    had_one: bool


class BecauseReset(BaseModel):
    reason: Reason = ""


@router.get("/api/admin/users/{user_id}/notes", summary="Notes about an account", responses=_LOOK)
async def list_notes(user_id: UserId, caller: CallerDep, services: ServicesDep) -> StaffNotes:
    """By the staff and for the staff; for moderators."""
    notes = await services.notes.of(caller, AccountId(user_id))
    return StaffNotes(
        notes=[StaffNote(number=one.number, by=one.by_name, text=one.text, at=one.created_at) for one in notes]
    )


@router.post(
    "/api/admin/users/{user_id}/notes", status_code=201, summary="Write a note about an account", responses=_CHANGE
)
async def add_note(user_id: UserId, body: NewStaffNote, caller: CallerDep, services: ServicesDep) -> StaffNote:
    """For moderators."""
    note = await services.notes.add(caller, AccountId(user_id), body.text)
    return StaffNote(number=note.number, by=note.by_name, text=note.text, at=note.created_at)


@router.delete("/api/admin/users/{user_id}/notes/{number}", **_NO_CONTENT, summary="Take a note away", responses=_LOOK)
async def remove_note(
    user_id: UserId,
    number: Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the note.")],
    caller: CallerDep,
    services: ServicesDep,
) -> None:
    """Also one of a colleague; for moderators."""
    await services.notes.remove(caller, AccountId(user_id), number)


@router.get("/api/admin/users/{user_id}/alternates", summary="Accounts from the same addresses", responses=_LOOK)
async def list_alternates(user_id: UserId, caller: CallerDep, services: ServicesDep) -> UserAlternates:
    """It proves nothing: households and networks share addresses. For admins."""
    found = await services.personal_data.alternates(caller, AccountId(user_id))
    return UserAlternates(
        addresses=[
            UserAddress(address=one.address, door=one.door, first_at=one.first_at, last_at=one.last_at, times=one.times)
            for one in found.addresses
        ],
        others=[
            UserAlternate(id=one.account_id, name=one.name, addresses=list(one.addresses), last_at=one.last_at)
            for one in found.others
        ],
    )


@router.post("/api/admin/users/{user_id}/rename", summary="Give an account another name", responses=_CHANGE)
async def rename_user(user_id: UserId, body: RenameRequest, caller: CallerDep, services: ServicesDep) -> Renamed:
    """At once; nobody else gets the name before for 30 days. Characters keep their names. For admins."""
    account = await services.accounts.rename(caller, AccountId(user_id), body.name, body.reason)
    return Renamed(id=account.id, name=account.name)


@router.get("/api/admin/users/{user_id}/export", summary="Everything about a person", responses=_LOOK)
async def export_user(user_id: UserId, caller: CallerDep, services: ServicesDep) -> PersonExport:
    """A copy of all that is stored, to hand to them, without secrets; for admins, and recorded."""
    made = await services.personal_data.export(caller, AccountId(user_id))
    return PersonExport(
        format=made.format,
        exported_at=made.exported_at,
        account_id=made.account_id,
        name=made.name,
        tables={name: [dict(row) for row in rows] for name, rows in made.tables.items()},
    )


@router.post("/api/admin/users/{user_id}/erase", summary="Erase a person", responses=_CHANGE)
async def erase_user(user_id: UserId, body: EraseRequest, caller: CallerDep, services: ServicesDep) -> PersonErased:
    """All that is personal goes, for good; results and measures stay with an anonymous name. For admins."""
    done = await services.personal_data.erase(caller, AccountId(user_id), body.name, body.reason)
    return PersonErased(known_as=done.known_as, record_entries=done.record_entries)


@router.post(
    "/api/admin/users/{user_id}/second-factor/reset",
    summary="Take the second factor of somebody away who lost it",
    responses=_CHANGE,
)
async def reset_factor(user_id: UserId, body: BecauseReset, caller: CallerDep, services: ServicesDep) -> FactorReset:
    """All their sessions end; for owners, and not for the caller's own."""
    return FactorReset(had_one=await services.second_factor.reset(caller, AccountId(user_id), body.reason))

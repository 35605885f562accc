"""What the server says by itself, for staff: the message of the day, and announcements by schedule."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from mythgate.domain.announcements import Repeat, Schedule
from mythgate.domain.errors import InvalidInput
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("administration")

_LOOK: Final = error_responses(401, 403, 503)
_CHANGE: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 503)
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class MessageOfTheDay(BaseModel):
    text: Annotated[str, Field(max_length=4000, description="Everybody reads it who comes to the server.")]


class AnnouncementRequest(BaseModel):
    """Exactly one of `every_minutes`, `daily_at` and `at` says when."""

    text: Annotated[str, Field(max_length=4000)]
    room: Annotated[str, Field(max_length=200, description="Key of a room; empty: everywhere.")] = ""
    every_minutes: int | None = Field(None, description="Again and again, first in so many minutes.", examples=[60])
    daily_at: str | None = Field(None, max_length=5, description="Each day at this time in `zone`.", examples=["20:00"])
    at: AwareDatetime | None = Field(None, description="Once.")
    zone: Annotated[str, Field(max_length=60, examples=["Europe/Berlin"])] = "UTC"
    ends_at: AwareDatetime | None = Field(None, description="Not after this.")


class AnnouncementCard(BaseModel):
    """One announcement by schedule."""

    number: int
    text: str
    room: str = Field(description="Key of a room; empty: everywhere.")
    repeat: Repeat
    every_minutes: int | None
    daily_at: str | None
    zone: str
    next_at: datetime | None = Field(description="Null: it is over.")
    ends_at: datetime | None
    created_by: str = Field(description="Account id; `cli`: the command line.")
    created_at: datetime
    told_at: datetime | None = Field(description="When it was told last.")


class AnnouncementList(BaseModel):
    """The oldest first."""

    announcements: list[AnnouncementCard]


@router.get("/api/admin/motd", summary="The message of the day", responses=_LOOK)
async def admin_motd(caller: CallerDep, services: ServicesDep) -> MessageOfTheDay:
    """What everybody reads who comes to the server; for staff."""
    await services.announcements.all(caller)
    return MessageOfTheDay(text=services.announcements.motd)


@router.put("/api/admin/motd", summary="Change the message of the day", responses=_CHANGE)
async def set_motd(body: MessageOfTheDay, caller: CallerDep, services: ServicesDep) -> MessageOfTheDay:
    """At once, on all doors; empty: nothing. For admins."""
    return MessageOfTheDay(text=await services.announcements.set_motd(caller, body.text))


@router.get("/api/admin/announcements", summary="Announcements by schedule", responses=_LOOK)
async def admin_announcements(caller: CallerDep, services: ServicesDep) -> AnnouncementList:
    """Those that are over among them; for staff."""
    return AnnouncementList(announcements=[announcement(one) for one in await services.announcements.all(caller)])


@router.post("/api/admin/announcements", status_code=201, summary="Announce by schedule", responses=_CHANGE)
async def add_announcement(body: AnnouncementRequest, caller: CallerDep, services: ServicesDep) -> AnnouncementCard:
    """For admins. It is told once each time, also when the server was down meanwhile: what is more than five minutes
    late is left out."""
    added = await services.announcements.add(
        caller,
        body.text,
        place=body.room,
        every=body.every_minutes,
        daily=minutes_of(body.daily_at) if body.daily_at is not None else None,
        at=body.at,
        zone=body.zone,
        ends_at=body.ends_at,
    )
    return announcement(added)


@router.delete(
    "/api/admin/announcements/{number}",
    status_code=204,
    response_class=Response,
    summary="Announce it no more",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def remove_announcement(
    number: Annotated[int, Path(ge=1, le=0x7FFFFFFF)], caller: CallerDep, services: ServicesDep
) -> None:
    """For admins."""
    await services.announcements.remove(caller, number)


def minutes_of(text: str) -> int:
    """The minute of the day that `20:00` names. Raises InvalidInput."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise InvalidInput("A time of day is from 00:00 to 23:59.", field="daily_at")
    return int(found[1]) * 60 + int(found[2])


def announcement(one: Schedule) -> AnnouncementCard:
    """A schedule as JSON has it."""
    return AnnouncementCard(
        number=one.number,
        text=one.text,
        room=one.place,
        repeat=one.repeat,
        every_minutes=one.minutes if one.repeat is Repeat.EVERY else None,
        daily_at=f"{one.minutes // 60:02}:{one.minutes % 60:02}" if one.repeat is Repeat.DAILY else None,
        zone=one.zone,
        next_at=one.next_at,
        ends_at=one.ends_at,
        created_by=one.created_by,
        created_at=one.created_at,
        told_at=one.told_at,
    )

"""Why somebody may or may not come in: for the staff about anybody, for players about themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.decisions import Answer, Step
from mythgate.domain.lobbies import ANY_COUNTRY, LAST_ROOM, Family
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services import why
from mythgate.services.why import Explanation, Question

router = new_router("administration")
own_router = new_router("lobbies")

Lobby = Annotated[int | None, Query(ge=0, le=LAST_ROOM, description="Number of a lobby; without one, all of them.")]
Client = Annotated[Family | None, Query(description="Which game the client is for; without one, any.")]


class WhyStep(BaseModel):
    """One check, in the order in which the server makes it."""

    check: str = Field(examples=["lock"])
    answer: Answer = Field(description="`exempt`: it is not asked of this one; `unknown`: it is not known here.")
    found: str = Field(examples=["locked until 2026-11-21 20:00 UTC"])
    needed: str = Field(examples=["no lock"])
    code: str = Field(description="Code of the refusal; empty unless the answer is no.", examples=["account_disabled"])
    message: str = Field(description="What whoever is refused reads.")
    remedy: str = Field(description="What an operator can do.", examples=["mythgate user enable Ada"])


class WhyPath(BaseModel):
    """One decision: signing in through a door, or entering a lobby."""

    name: str = Field(examples=["Arrival"])
    room_id: int | None = Field(description="Number of the lobby; null for a door.")
    may: bool = Field(description="Nothing that is known keeps them out.")
    steps: list[WhyStep]


class WhyRefusal(BaseModel):
    """Something they were refused lately; forgotten when the server stops."""

    at: datetime
    code: str = Field(examples=["login_throttled"])
    door: str = Field(examples=["metaserver"])
    asked: str = Field(examples=["sign in"])


class WhyAccount(BaseModel):
    id: str
    number: int
    name: str
    role: Role
    status: AccountStatus
    guest: bool


class Why(BaseModel):
    """Everything known about somebody's coming in."""

    name: str
    live: bool = Field(description="Told by the running server, which knows who is where and who has to wait.")
    account: WhyAccount | None = Field(description="Null if there is none of that name.")
    may_sign_in: bool
    may_enter: bool
    muted: bool = Field(description="Whether others cannot hear them anywhere.")
    muted_until: datetime | None
    doors: list[WhyPath]
    rooms: list[WhyPath]
    refusals: list[WhyRefusal] = Field(description="Newest first.")


class OwnStep(BaseModel):
    """One thing that is asked before a lobby."""

    check: str = Field(examples=["caste"])
    answer: Answer
    found: str = Field(examples=["caste 3"])
    needed: str = Field(examples=["5 to 99"])
    message: str = Field(description="Empty unless the answer is no.")
    hint: str


class OwnPath(BaseModel):
    room_id: int
    name: str = Field(examples=["Arrival"])
    may: bool
    steps: list[OwnStep]


class OwnWhy(BaseModel):
    """Why the caller may or may not enter lobbies, and what they were refused lately."""

    muted: bool
    muted_until: datetime | None
    rooms: list[OwnPath]
    refusals: list[WhyRefusal]


@router.get("/api/admin/why/{name}", summary="Explain a refusal", responses=error_responses(401, 403, 404, 422))
async def explain_access(
    name: Annotated[str, Path(min_length=1, max_length=200, description="Of the account, or `guest`.")],
    caller: CallerDep,
    services: ServicesDep,
    room: Lobby = None,
    door: Annotated[str, Query(max_length=40, description="One door; without it, all.")] = "",
    family: Client = None,
    country: Annotated[int, Query(ge=0, le=LAST_ROOM, description="Country code the client tells.")] = ANY_COUNTRY,
    version: Annotated[int | None, Query(ge=0, le=LAST_ROOM, description="Version the client tells.")] = None,
    build: Annotated[int | None, Query(ge=0, le=LAST_ROOM, description="Build the client tells.")] = None,
    address: Annotated[str | None, Query(max_length=60, description="Address they come from.")] = None,
) -> Why:
    """Each check in the order in which the server makes it, with what was found and what is needed."""
    question = Question(name, room, door, family, country, version, build, address)
    return _why(await services.why.about(caller, question))


@own_router.get("/api/why", summary="Explain one's own refusals", responses=error_responses(401, 404, 422))
async def explain_own_access(
    caller: CallerDep, services: ServicesDep, room: Lobby = None, family: Client = None
) -> OwnWhy:
    """What keeps the caller out of lobbies, and what they were refused lately."""
    told = await services.why.own(caller, room, family)
    return OwnWhy(
        muted=told.mute is not None,
        muted_until=told.mute.ends_at if told.mute is not None else None,
        rooms=[
            OwnPath(room_id=path.room_id, name=path.name, may=path.may, steps=[_own(step) for step in path.steps])
            for path in told.rooms
            if path.room_id is not None
        ],
        refusals=_refusals(told),
    )


def _own(step: Step) -> OwnStep:
    return OwnStep(
        check=step.check,
        answer=step.answer,
        found=step.found,
        needed=step.needed,
        message=step.message,
        hint=step.hint,
    )


def _why(told: Explanation) -> Why:
    account = told.account
    return Why(
        name=told.name,
        live=told.is_live,
        account=None
        if account is None
        else WhyAccount(
            id=account.id,
            number=account.number,
            name=account.name,
            role=account.role,
            status=account.status,
            guest=account.is_guest,
        ),
        may_sign_in=told.may_sign_in,
        may_enter=told.may_enter,
        muted=told.mute is not None,
        muted_until=told.mute.ends_at if told.mute is not None else None,
        doors=[_path(path) for path in told.doors],
        rooms=[_path(path) for path in told.rooms],
        refusals=_refusals(told),
    )


def _path(path: why.Path) -> WhyPath:
    return WhyPath(
        name=path.name,
        room_id=path.room_id,
        may=path.may,
        steps=[
            WhyStep(
                check=step.check,
                answer=step.answer,
                found=step.found,
                needed=step.needed,
                code=step.code,
                message=step.message,
                remedy=step.remedy,
            )
            for step in path.steps
        ],
    )


def _refusals(told: Explanation) -> list[WhyRefusal]:
    return [WhyRefusal(at=one.at, code=one.code, door=one.door, asked=one.asked) for one in told.refusals]

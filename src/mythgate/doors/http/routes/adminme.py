"""What the caller may do as one of the staff, their second factor, and tokens for programs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Path, Response
from pydantic import BaseModel, Field

from mythgate.domain.accounts import Role
from mythgate.domain.apitokens import LONGEST_LIFE, ApiToken
from mythgate.domain.permissions import Permission
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("administration")

_NO_CONTENT: Final[dict[str, Any]] = {"status_code": 204, "response_class": Response}
_CODE: Final = error_responses(400, 401, 403, 404, 409, 413, 422, 429, 503)


class SecondFactorState(BaseModel):
    """How the caller stands with the second factor."""

    enrolled: bool
    required: bool = Field(description="Whether the caller may do nothing as an admin or owner without one.")
    fresh: bool = Field(description="Whether no code is asked for now.")
    fresh_until: datetime | None = Field(description="When a code is asked for again; null if none is.")
    recovery_codes: int = Field(description="That are left.")


class StaffSelf(BaseModel):
    """What the caller may do."""

    name: str
    role: Role
    permissions: list[Permission] = Field(description="Of the role, or of the token.")
    permissions_now: list[Permission] = Field(description="What is left of them until the second factor is shown.")
    second_factor: SecondFactorState


class CodeRequest(BaseModel):
    code: str = Field(
        min_length=1, max_length=100, description="Of the authenticator, or for recovery.", examples=["123456"]
    )


class Fresh(BaseModel):
    fresh_until: datetime


class FactorSecret(BaseModel):
    """What an authenticator needs. Nobody can see it again."""

    secret: str = Field(description="Base 32, to type.", examples=["JBSWY3DPEHPK3PXP"])
    uri: str = Field(description="What a QR code says.", examples=["otpauth://totp/Mythgate:Ada?secret=…"])


class RecoveryCodes(BaseModel):
    """For the day the authenticator is lost; each works once. Nobody can see them again."""

    recovery_codes: list[str] = Field(examples=[["abcd-efgh-jkmn-pqrs"]])


class ProgramToken(BaseModel):
    """A token for programs."""

    number: int
    name: str
    owner: str = Field(description="For whom it acts; empty if they are gone.")
    permissions: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    ended_at: datetime | None


class ProgramTokens(BaseModel):
    tokens: list[ProgramToken] = Field(description="The newest first.")


class NewProgramToken(BaseModel):
    name: str = Field(min_length=1, max_length=200, examples=["nightly export"])
    permissions: list[Permission] = Field(min_length=1, max_length=100)
    days: float = Field(90, gt=0, le=LONGEST_LIFE.days)


class MadeProgramToken(ProgramToken):
    """Nobody can see the token again."""

    token: str = Field(description="Send it as `Authorization: Bearer …` to `/api/admin/…`.", examples=["mgt_…"])


TokenNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the token.")]


@router.get("/api/admin/me", summary="What the caller may do", responses=error_responses(401, 503))
async def staff_self(caller: CallerDep, services: ServicesDep) -> StaffSelf:
    """For whoever is signed in; players may do nothing."""
    held = await services.administration.standing(caller)
    factor = await services.second_factor.status(caller)
    return StaffSelf(
        name=caller.name,
        role=held.role,
        permissions=list(held.permissions),
        permissions_now=list(held.now),
        second_factor=SecondFactorState(
            enrolled=factor.enrolled,
            required=factor.required,
            fresh=factor.fresh,
            fresh_until=factor.fresh_until,
            recovery_codes=factor.recovery_codes,
        ),
    )


# --- the second factor -----------------------------------------------------------------------------


@router.post("/api/admin/second-factor", summary="Show a code", responses=_CODE)
async def show_code(body: CodeRequest, caller: CallerDep, services: ServicesDep) -> Fresh:
    """The session is good for everything the role may, for some hours."""
    return Fresh(fresh_until=await services.second_factor.show(caller, body.code))


@router.post(
    "/api/admin/second-factor/enrol",
    summary="Begin with a second factor",
    responses=error_responses(401, 403, 409, 503),
)
async def enrol(caller: CallerDep, services: ServicesDep) -> FactorSecret:
    """For admins and owners. It counts once `confirm` was called with a code."""
    made = await services.second_factor.enrol(caller)
    return FactorSecret(secret=made.secret, uri=made.uri)


@router.post("/api/admin/second-factor/confirm", summary="Have the second factor count", responses=_CODE)
async def confirm_factor(body: CodeRequest, caller: CallerDep, services: ServicesDep) -> RecoveryCodes:
    """With the first code of the authenticator; answers with codes for recovery."""
    return RecoveryCodes(recovery_codes=list(await services.second_factor.confirm(caller, body.code)))


@router.post("/api/admin/second-factor/disable", **_NO_CONTENT, summary="Do without a second factor", responses=_CODE)
async def disable_factor(body: CodeRequest, caller: CallerDep, services: ServicesDep) -> None:
    """With a code."""
    await services.second_factor.disable(caller, body.code)


@router.post("/api/admin/second-factor/recovery-codes", summary="New recovery codes for old", responses=_CODE)
async def renew_recovery(body: CodeRequest, caller: CallerDep, services: ServicesDep) -> RecoveryCodes:
    """With a code; the ones from before work no more."""
    return RecoveryCodes(recovery_codes=list(await services.second_factor.renew_recovery(caller, body.code)))


# --- tokens for programs ---------------------------------------------------------------------------


@router.get("/api/admin/tokens", summary="Tokens for programs", responses=error_responses(401, 403, 503))
async def list_tokens(caller: CallerDep, services: ServicesDep) -> ProgramTokens:
    """Also those that ended; for owners."""
    listed = await services.tokens.list(caller)
    return ProgramTokens(
        tokens=[ProgramToken(**_row(one, listed.names.get(one.account_id, ""))) for one in listed.tokens]
    )


@router.post(
    "/api/admin/tokens",
    status_code=201,
    summary="Make a token for a program",
    responses=error_responses(400, 401, 403, 409, 413, 422, 503),
)
async def make_token(body: NewProgramToken, caller: CallerDep, services: ServicesDep) -> MadeProgramToken:
    """It may do what is named, as far as its owner may, under `/api/admin` and nowhere else; for owners."""
    made, secret = await services.tokens.make(caller, body.name, body.permissions, timedelta(days=body.days))
    return MadeProgramToken(token=secret, **_row(made, caller.name))


@router.delete(
    "/api/admin/tokens/{number}",
    **_NO_CONTENT,
    summary="End a token",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def end_token(number: TokenNumber, caller: CallerDep, services: ServicesDep) -> None:
    """At once; for owners."""
    await services.tokens.end(caller, number)


def _row(token: ApiToken, owner: str) -> dict[str, Any]:
    return {
        "number": token.number,
        "name": token.name,
        "owner": owner,
        "permissions": token.permissions,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "ended_at": token.ended_at,
    }

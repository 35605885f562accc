"""How a refusal looks over HTTP: one table, one shape.

    {"error": {"code", "message", "hint", "retry_after", "field", "request_id"}, "detail": message}

A request that does not fit its schema answers 422 and adds `error.fields`, a list of `{path, message}`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mythgate.domain import errors
from mythgate.domain.ids import AccountId
from mythgate.services.refusals import EVERYDAY, RecentRefusals, note_refusal

STATUS: Final[Mapping[type[errors.Refused], int]] = MappingProxyType(
    {
        errors.Refused: 409,
        errors.AuthenticationError: 401,
        errors.BadCredentials: 401,
        errors.InvalidToken: 401,
        errors.TokenExpired: 401,
        errors.SessionEnded: 401,
        errors.AccountDisabled: 403,
        errors.Banned: 403,
        errors.PermissionDenied: 403,
        errors.SecondFactorNeeded: 403,
        errors.BadCode: 422,
        errors.TooMany: 429,
        errors.TooManyLogins: 429,
        errors.ServerFull: 503,
        errors.Unavailable: 503,
        errors.InvalidInput: 422,
        errors.NameNotAllowed: 422,
        errors.NameTaken: 409,
        errors.RegistrationClosed: 403,
        errors.NotFound: 404,
        errors.TooManyCharacters: 409,
        errors.NoCharacter: 409,
        errors.RoomError: 409,
        errors.NoSuchExit: 409,
        errors.ExitLocked: 409,
        errors.RoomFull: 409,
        errors.NotHere: 404,
        errors.Ambiguous: 409,
        errors.CannotTake: 409,
        errors.NotInWorld: 409,
        errors.UnknownCommand: 400,
        errors.BadUsage: 400,
        errors.Muted: 403,
        errors.WordsRefused: 422,
        errors.Unreachable: 404,
        errors.LobbyClosedToYou: 403,
        errors.NotInLobby: 409,
        errors.NoGame: 404,
        errors.WrongGameState: 409,
        errors.LimitReached: 409,
        errors.Conflict: 409,
        errors.WrongState: 409,
        errors.Repeated: 409,
        errors.CannotUse: 409,
        errors.TooSoon: 429,
        errors.TradeError: 409,
        errors.NoTrade: 404,
        errors.AlreadyTrading: 409,
        errors.TradeChanged: 409,
        errors.CannotTrade: 409,
        errors.NotInParty: 409,
        errors.AlreadyInParty: 409,
        errors.PartyFull: 409,
        errors.NoPendingInvite: 404,
        errors.NotInVoice: 409,
        errors.VoiceFull: 409,
        errors.NoFaction: 409,
        errors.CombatError: 409,
        errors.NoCombat: 404,
        errors.Fighting: 409,
        errors.NotYourTurn: 409,
        errors.InvalidAction: 409,
        errors.InvalidTarget: 409,
        errors.NoSuchAbility: 404,
        errors.TooWeak: 409,
        errors.ShardError: 409,
        errors.NoShard: 404,
        errors.ShardSealed: 409,
        errors.ShardHeld: 409,
        errors.GuardianUndefeated: 409,
        errors.WrongShardState: 409,
        errors.QuestError: 409,
        errors.NoQuest: 404,
        errors.QuestNotOpen: 409,
    }
)

_HTTP_CODES: Final = MappingProxyType(
    {
        400: ("bad_request", "The request cannot be read."),
        404: ("not_found", "There is nothing at this address."),
        405: ("method_not_allowed", "This address does not answer to that method."),
        413: ("too_large", "The request is too large."),
        415: ("unsupported_media_type", "Send JSON, with Content-Type: application/json."),
    }
)


class FieldFault(BaseModel):
    """One part of a request that does not fit."""

    path: str = Field(examples=["body.username"])
    message: str = Field(examples=["String should have at least 1 character"])


class ErrorBody(BaseModel):
    """What went wrong, and what to do about it."""

    code: str = Field(description="Stable name of the error.", examples=["name_taken"])
    message: str = Field(examples=["This name, or one that looks like it, is taken."])
    hint: str = Field(description="What to do next; may be empty.", examples=["Choose another."])
    retry_after: float | None = Field(None, description="Seconds after which the same request may succeed.")
    field: str | None = Field(None, description="The field the error is about.", examples=["username"])
    request_id: str | None = Field(None, description="Quote this to the operator.")
    fields: list[FieldFault] | None = Field(None, description="With 422: everything that does not fit.")


class ErrorAnswer(BaseModel):
    """Every error has this shape."""

    error: ErrorBody
    detail: str = Field(description="The message once more, where many clients look for it.")


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the `responses=` of a route: the errors it documents."""
    return {status: {"model": ErrorAnswer, "description": _DESCRIPTIONS[status]} for status in statuses}


def json_error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """As `error_responses`, for a route whose own answer is no JSON (the framework would label errors alike)."""
    schema = {"$ref": "#/components/schemas/ErrorAnswer"}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": {"application/json": {"schema": schema}}}
        for status in statuses
    }


_DESCRIPTIONS: Final = MappingProxyType(
    {
        400: "The request makes no sense.",
        401: "Not signed in, or the token is not valid any more.",
        403: "Not allowed.",
        404: "There is no such thing.",
        409: "It does not go together with how things are.",
        413: "The request is too large.",
        422: "A value does not fit.",
        429: "Too often; `Retry-After` says when to come back.",
        500: "A bug in the server; quote the request id.",
        503: "Not available right now.",
    }
)


def status_of(error: errors.Refused) -> int:
    """The status for a refusal."""
    return STATUS[type(error)]


class ErrorResponse(Response):
    """An answer of the one shape; leaves its code in the state of the request, where the edge counts it."""

    media_type = "application/json"
    code = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["error_code"] = self.code
        await super().__call__(scope, receive, send)


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    hint: str = "",
    retry_after: timedelta | None = None,
    field: str | None = None,
    request_id: str | None = None,
    fields: list[dict[str, str]] | None = None,
) -> Response:
    """An answer of the one shape."""
    seconds = None if retry_after is None else max(0.0, round(retry_after.total_seconds(), 3))
    body: dict[str, Any] = {
        "code": code,
        "message": message,
        "hint": hint,
        "retry_after": seconds,
        "field": field or None,
        "request_id": request_id,
    }
    if fields is not None:
        body["fields"] = fields
    headers = {}
    if seconds is not None:
        headers["Retry-After"] = str(math.ceil(seconds))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    response = ErrorResponse(orjson.dumps({"error": body, "detail": message}), status, headers=headers)
    response.code = code
    return response


def request_id_of(request: Request) -> str | None:
    """The id this request goes by in the log."""
    return getattr(request.state, "request_id", None)


def refusal(error: errors.Refused, request_id: str | None) -> Response:
    """The answer to a refused request."""
    return error_response(
        status_of(error),
        error.code,
        error.message,
        hint=error.hint,
        retry_after=error.retry_after,
        field=getattr(error, "field", None),
        request_id=request_id,
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.Refused)
    _note(request, error)
    return refusal(error, request_id_of(request))


def _note(request: Request, error: errors.Refused, code: str = "") -> None:
    by = getattr(request.state, "account_id", "")
    asked = f"{request.method} {request.url.path}"
    note_refusal(error, asked=asked, by=by, code=code)
    if by and not isinstance(error, EVERYDAY):
        recent: RecentRefusals = request.app.state.services.accounts.refusals
        recent.note(AccountId(by), code or error.code, door="http", asked=asked)


async def _broken_format(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ProtocolError)
    return error_response(400, error.code, error.message, request_id=request_id_of(request))


async def _does_not_fit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Only place and message: the input may be a password.
    faults = [
        {"path": ".".join(str(part) for part in fault["loc"]), "message": str(fault["msg"])} for fault in error.errors()
    ]
    first = faults[0] if faults else {"path": "", "message": ""}
    _note(request, errors.InvalidInput(), "validation_error")
    return error_response(
        422,
        "validation_error",
        f"{first['path']}: {first['message']}" if faults else "The request does not fit.",
        hint="Compare the request with /docs.",
        field=first["path"].rpartition(".")[2] or None,
        request_id=request_id_of(request),
        fields=faults,
    )


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    code, message = _HTTP_CODES.get(error.status_code, ("http_error", str(error.detail)))
    response = error_response(error.status_code, code, message, request_id=request_id_of(request))
    response.headers.update(error.headers or {})
    return response


def too_large(limit: int) -> HTTPException:
    """Raised while a body is read that exceeds `limit` bytes."""
    return HTTPException(413, f"At most {limit} bytes are taken.", headers={"Connection": "close"})


def install(app: FastAPI) -> None:
    """Have `app` answer errors by this module's table."""
    app.add_exception_handler(errors.Refused, _refused)
    app.add_exception_handler(errors.ProtocolError, _broken_format)
    app.add_exception_handler(RequestValidationError, _does_not_fit)
    app.add_exception_handler(StarletteHTTPException, _http_error)

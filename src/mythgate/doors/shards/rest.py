"""The paths under `/api/`. Bodies are read with patience and answered in JSON, whatever happens.

A failure has both keys that programs look for: `error`, and `success` false with `message`.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson
from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mythgate.domain import errors
from mythgate.domain.errors import AuthenticationError, InvalidInput, Refused
from mythgate.domain.ids import CharacterId
from mythgate.doors.http.errors import status_of
from mythgate.doors.http.socket_protocol import LINE_EXTENSION
from mythgate.doors.shards import characters, worldviews
from mythgate.doors.shards.sessions import DOOR, ShardsSession
from mythgate.services import causes
from mythgate.services.accounts import DoorPromise
from mythgate.services.refusals import note_refusal
from mythgate.wire.shards.messages import NAME_CHARACTERS, VERSION

if TYPE_CHECKING:
    from mythgate.doors.shards.door import ShardsDoor

logger = logging.getLogger(__name__)

COOKIE: Final = "shards_session"
SOCKET_PATH: Final = "/ws"
BEARER: Final = "Bearer "
DEFAULT_EVENTS: Final = 50
EVENTS: Final = range(1, 201)
GET: Final = ["GET", "HEAD"]
FORWARDED: Final = ("x-forwarded-for", "forwarded", "via")
STATUS: Final[Mapping[type[Refused], int]] = {
    errors.InvalidInput: 400,
    errors.NameNotAllowed: 400,
    errors.NameTaken: 409,
    errors.AccountDisabled: 401,
}
"""Where this dialect has another status than our own."""


class Answer(Response):
    """JSON, as these clients want it labelled."""

    media_type = "application/json; charset=utf-8"

    def __init__(self, content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(orjson.dumps(content), status, headers)
        self.headers["content-type"] = "application/json; charset=utf-8"
        self.headers["cache-control"] = "no-store"
        self.headers["x-content-type-options"] = "nosniff"


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Why something was not done, under both keys."""
    return Answer({"success": False, "message": message, "error": message}, status, headers)


class TooLarge(HTTPException):
    """The body is longer than allowed."""

    def __init__(self) -> None:
        super().__init__(413, "The request is too large.", {"Connection": "close"})


def is_forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a proxy stands between us and the client, whose connections may be anybody's."""
    return any(name in headers for name in FORWARDED)


class Calls:
    """What the paths do."""

    def __init__(self, door: ShardsDoor) -> None:
        self.door = door

    # --- common ----------------------------------------------------------------------------------------

    async def _body(self, request: Request) -> dict[str, Any]:
        """The JSON object sent along; empty if nothing was."""
        self._charge(request)
        limit, raw = self.door.options.body_bytes, bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > limit:
                raise TooLarge
        if not raw:
            return {}
        try:
            body = orjson.loads(raw)
        except ValueError:
            raise InvalidInput("The request is not JSON.") from None
        if not isinstance(body, dict):
            raise InvalidInput("The request is not a JSON object.")
        return body

    def _charge(self, request: Request) -> None:
        self.door.charge(address_of(request))

    async def _session(self, request: Request) -> ShardsSession:
        """Who calls. Raises AuthenticationError."""
        header = request.headers.get("authorization", "")
        try:
            session = await self.door.sessions.prove(header.replace(BEARER, "").strip())
        except AuthenticationError as error:
            raise AuthenticationError("Unauthorized") from error
        request.state.account_id = session.caller.account_id  # for the log, should it be refused
        causes.learned(account=session.caller.account_id)
        return session

    # --- accounts --------------------------------------------------------------------------------------

    async def register(self, request: Request) -> Response:
        name, password = _credentials(await self._body(request))
        services = self.door.services
        signed_in = await services.accounts.register(
            name,
            password,
            door=DOOR,
            address=address_of(request),
            client=client_of(request),
            promise=DoorPromise(self.door.options.password_characters, NAME_CHARACTERS[-1]),
        )
        # Registering does not log in here, and leaves no session behind.
        caller = await services.sessions.authenticate(signed_in.access_token)
        await services.sessions.revoke(caller, caller.session_id)
        return Answer({"success": True, "message": "The account is yours. Log in now."})

    async def login(self, request: Request) -> Response:
        name, password = _credentials(await self._body(request))
        door = self.door
        session = await door.login(name, password, address=address_of(request), client=client_of(request))
        line = request.scope.get("extensions", {}).get(LINE_EXTENSION)
        if line is not None and door.options.bind_connections and not is_forwarded(request.headers):
            door.sessions.tie(session, line["transport"])
        told = {
            "success": True,
            "session_token": session.token,
            "player_id": session.player_id,
            "username": session.caller.name,
            "message": "Login successful",
        }
        if door.cipher is not None:  # clients of this project make their keys so, all others in 100,000 rounds
            told["encryption_iterations"] = door.options.encryption_iterations
        answer = Answer(told)
        answer.set_cookie(
            COOKIE,
            session.token,
            path=SOCKET_PATH,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def logout(self, request: Request) -> Response:
        token = (await self._body(request)).get("session_token")
        if isinstance(token, str):
            try:
                await self.door.logout(token)
            except Refused:
                logger.debug("nobody to log out")
        answer = Answer({"success": True, "message": "Logged out"})
        answer.delete_cookie(COOKIE, path=SOCKET_PATH)
        return answer

    # --- characters ------------------------------------------------------------------------------------

    async def characters(self, request: Request) -> Response:
        self._charge(request)
        session = await self._session(request)
        return Answer({"characters": await characters.listed(self.door, session)})

    async def create_character(self, request: Request) -> Response:
        body = await self._body(request)
        session = await self._session(request)
        shown = await characters.created(self.door, session, body)
        return Answer({"success": True, "message": "The character is made.", "character": shown})

    async def select_character(self, request: Request) -> Response:
        body = await self._body(request)
        session = await self._session(request)
        number = _whole(body.get("character_id"), "character_id")
        if not number:
            raise InvalidInput("character_id required", field="character_id")
        character = await self.door.select(session, number)
        return Answer({"success": True, "character": await characters.shown(self.door, character)})

    async def delete_character(self, request: Request) -> Response:
        self._charge(request)
        session = await self._session(request)
        number = _whole(request.path_params["character_id"], "character_id")
        await characters.deleted(self.door, session, number or 0)
        return Answer({"success": True, "message": "The character is deleted."})

    # --- the world -------------------------------------------------------------------------------------

    async def status(self, request: Request) -> Response:
        self._charge(request)
        door = self.door
        living = door.sessions.living()
        started = door.stats.started_at
        return Answer(
            {
                "status": "online",
                "version": VERSION,
                "active_players": len({one.player_id for one in living}),
                "active_sessions": len(living),
                "websocket_connections": door.connected,
                "uptime": round((door.clock.now() - started).total_seconds(), 3) if started is not None else 0.0,
            }
        )

    async def world_state(self, request: Request) -> Response:
        self._charge(request)
        falls = self.door.services.shards.world_state().cycle - 1
        return Answer({**worldviews.state(self.door), "aetherfall_count": falls})

    async def shards(self, request: Request) -> Response:
        self._charge(request)
        return Answer({"shards": [worldviews.shard(one) for one in self.door.services.shards.all()]})

    async def capture(self, request: Request) -> Response:
        self._charge(request)
        actor = await self._embodied(request)
        number = _whole(request.path_params["shard_id"], "shard_id")
        shards = self.door.services.shards
        present = self.door.presences.get(actor)
        if present is None or shards.get(number or 0).room_id != present.room_id:
            raise errors.NoShard("It does not lie where you are.")
        taken = await shards.capture(actor)
        return Answer({"success": True, "message": "It is yours.", "shard": worldviews.shard(shards.get(taken.shard))})

    async def events(self, request: Request) -> Response:
        self._charge(request)
        asked = request.query_params.get("limit")
        limit = DEFAULT_EVENTS
        if asked is not None:
            if re.fullmatch("-?[0-9]{1,18}", asked.strip()) is None:
                raise InvalidInput("`limit` is a whole number.", field="limit")
            limit = min(max(int(asked), EVENTS.start), EVENTS[-1])
        return Answer({"events": [worldviews.event(one) for one in await self.door.services.shards.events(limit)]})

    # --- parties ---------------------------------------------------------------------------------------

    async def party(self, request: Request) -> Response:
        self._charge(request)
        await self._session(request)
        number = _whole(request.path_params["party_id"], "party_id")
        parties = self.door.services.parties
        party = parties.by_number(number or 0) or await parties.record(number or 0)
        leader = party.member(party.leader)
        return Answer(
            {
                "id": party.number,
                "party_name": party.name,
                "leader_id": leader.number if leader is not None else 0,
                "is_active": party.is_active,
                "max_members": parties.policy.members,
                "member_count": len(party.members),
                "loot_sharing": party.loot.value,
            }
        )

    async def create_party(self, request: Request) -> Response:
        body = await self._body(request)
        actor = await self._embodied(request)
        name = body.get("party_name")
        if name is not None and not isinstance(name, str):
            raise InvalidInput("`party_name` is text.", field="party_name")
        party = await self.door.services.parties.create(actor, name)
        return Answer({"success": True, "party_id": party.number, "party_name": party.name})

    async def invite(self, request: Request) -> Response:
        body = await self._body(request)
        actor = await self._embodied(request)
        party_id, invitee = _whole(body.get("party_id"), "party_id"), _whole(body.get("invitee_id"), "invitee_id")
        if not invitee:
            raise InvalidInput("invitee_id required", field="invitee_id")
        parties = self.door.services.parties
        if party_id is not None and parties.by_number(party_id) is None:
            raise errors.NotFound("Party not found")
        own = parties.of(actor)
        if own is None or party_id not in (None, own.number):
            raise errors.PermissionDenied("You are not in that party.")
        target = self.door.by_number(invitee)
        if target is None:
            raise errors.NotFound("They are not in the world.")
        await parties.invite(actor, target.character_id, own.number)
        return Answer({"success": True, "message": "They are asked.", "party_id": own.number, "invitee_id": invitee})

    async def leave(self, request: Request) -> Response:
        body = await self._body(request)
        actor = await self._embodied(request)
        party = await self.door.services.parties.leave(actor, _whole(body.get("party_id"), "party_id"))
        return Answer({"success": True, "message": "You left the party.", "party_id": party.number})

    async def _embodied(self, request: Request) -> CharacterId:
        """The chosen character of who calls, which is in the world then. Raises AuthenticationError."""
        session = await self._session(request)
        if session.character is not None:
            await self.door.enter(session)
        if session.character is None:  # or it was deleted meanwhile
            raise AuthenticationError("Unauthorized")
        return session.character.id

    async def no_upgrade(self, request: Request) -> Response:
        self._charge(request)
        return failure(400, "This is a WebSocket: ask for an upgrade.")


def _credentials(body: Mapping[str, Any]) -> tuple[str, str]:
    """Name and password. Raises InvalidInput if one is missing or no text."""
    name, password = body.get("username"), body.get("password")
    if not isinstance(name, str) or not isinstance(password, str) or not name or not password:
        raise InvalidInput("Username and password required")
    return name, password


def _whole(value: object, name: str) -> int | None:
    """A whole number, perhaps in digits; None for none. Raises InvalidInput."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if type(value) is not int or not 0 <= value < 2**63:
        raise InvalidInput(f"`{name}` is a whole number.", field=name)
    return value


def address_of(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


def client_of(request: Request) -> str:
    return request.headers.get("user-agent", "")[:200]


# --- failures --------------------------------------------------------------------------------------


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    by = getattr(request.state, "account_id", "")
    note_refusal(error, asked=f"{request.method} {request.url.path}", by=by)
    status = STATUS.get(type(error), None) or status_of(error)
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    # Other hints name commands of the text world.
    hint = f" {error.hint}" if isinstance(error, InvalidInput) and error.hint else ""
    return failure(status, error.message + hint, headers)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return failure(error.status_code, str(error.detail), error.headers)


async def _gone(_: Request, error: Exception) -> Response:
    assert isinstance(error, ClientDisconnect)
    return failure(400, "The request broke off.")  # nobody reads it


async def _broken(request: Request, error: Exception) -> Response:
    request_id = getattr(request.state, "request_id", "")
    extra = {"correlation": request_id, "method": request.method, "path": request.url.path}
    logger.error("request failed", exc_info=error, extra=extra)
    return failure(500, f"Something went wrong on our side ({request_id}).")


class Causes:
    """Names what each request causes, and each connection; as plain ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        client = scope.get("client")
        line = causes.Line(secrets.token_hex(8), "shards", client[0] if client is not None else "")
        scope.setdefault("state", {})["request_id"] = line.id
        causes.attribute_to(line)
        await self._app(scope, receive, send)


def create_app(door: ShardsDoor, sockets: APIRouter) -> FastAPI:
    """The application of the door: the paths, and what `sockets` has."""
    app = FastAPI(title="Mythgate, for the Shards network", openapi_url=None, docs_url=None, redoc_url=None)
    app.router.redirect_slashes = False
    calls = Calls(door)
    for path, methods, call in (
        ("/api/auth/register", ["POST"], calls.register),
        ("/api/auth/login", ["POST"], calls.login),
        ("/api/auth/logout", ["POST"], calls.logout),
        ("/api/characters", GET, calls.characters),
        ("/api/characters", ["POST"], calls.create_character),
        ("/api/characters/select", ["POST"], calls.select_character),
        ("/api/characters/{character_id}", ["DELETE"], calls.delete_character),
        ("/api/world/state", GET, calls.world_state),
        ("/api/world/shards", GET, calls.shards),
        ("/api/world/shards/{shard_id}/capture", ["POST"], calls.capture),
        ("/api/world/events", GET, calls.events),
        ("/api/party/create", ["POST"], calls.create_party),
        ("/api/party/invite", ["POST"], calls.invite),
        ("/api/party/leave", ["POST"], calls.leave),
        ("/api/party/{party_id}", GET, calls.party),
        ("/api/status", GET, calls.status),
        (SOCKET_PATH, GET, calls.no_upgrade),
    ):
        app.router.add_route(path, call, methods=methods)
    app.include_router(sockets)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _broken)
    if door.options.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(door.options.cors_origins),
            allow_credentials=True,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            max_age=600,
        )
    app.add_middleware(Causes)
    return app

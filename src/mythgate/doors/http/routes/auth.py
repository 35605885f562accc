"""Registering, signing in and out, sessions, passwords."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field

from mythgate.domain.accounts import Role
from mythgate.domain.ids import SessionId
from mythgate.domain.sessions import Caller
from mythgate.doors.http.deps import DOOR, CallerDep, OriginDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services import sessions
from mythgate.services.all import Services
from mythgate.services.characters import CharacterView

router = new_router("accounts")

# Generous bounds against abuse; what a name or a password must be like is the domain's business.
Username = Annotated[str, Field(min_length=1, max_length=200, examples=["Alric"])]
Password = Annotated[str, Field(min_length=1, max_length=4096, examples=["four unrelated plain words"])]
Token = Annotated[str, Field(min_length=1, max_length=200)]

_BEARER: Final = "bearer"
_EXAMPLE_ID: Final = "01945a3e-7c1a-7b3c-9d2e-1f2a3b4c5d6e"


class LoginRequest(BaseModel):
    username: Username
    password: Password
    code: Annotated[str | None, Field(max_length=100)] = Field(
        None, description="Of the authenticator, for admins and owners who have one; it can be shown later, too."
    )


class RegisterRequest(BaseModel):
    username: Username
    password: Password
    email: str | None = Field(
        None, max_length=254, examples=["alric@example.org"], description="Optional, never shown."
    )


class GuestRequest(BaseModel):
    name: Annotated[str | None, Field(max_length=200, examples=["Wanderer"])] = None


class RefreshRequest(BaseModel):
    refresh_token: Token


class PasswordRequest(BaseModel):
    current_password: Password
    new_password: Password


class GamePassword(BaseModel):
    is_set: bool = Field(description="Whether old game clients have a password of their own.")


class DeleteRequest(BaseModel):
    password: str = Field("", max_length=4096, description="The account's password; guests leave it out.")


class AdminLinkRequest(BaseModel):
    token: Token


class SignedIn(BaseModel):
    """A new session and what its owner needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOiJIUzI1NiIs…",
                    "token_type": "bearer",
                    "expires_in": 900,
                    "refresh_token": "tq3w…",
                    "session_id": _EXAMPLE_ID,
                    "session_expires_at": "2030-01-01T13:00:00Z",
                    "user_id": _EXAMPLE_ID,
                    "username": "Alric",
                    "role": "player",
                    "is_guest": False,
                    "characters": [],
                }
            ]
        }
    )

    access_token: str = Field(description="Send it as `Authorization: Bearer …`, and as WebSocket sub-protocol.")
    token_type: Literal["bearer"] = _BEARER
    expires_in: int = Field(description="Life of the access token in seconds.")
    refresh_token: str = Field(description="Renews the access token while the session lives. Keep it secret.")
    session_id: str = Field(description="The log-in session, as listed under /api/auth/sessions.")
    session_expires_at: datetime = Field(description="When the session ends unless it is used.")
    user_id: str
    username: str
    role: Role
    is_guest: bool
    characters: list[CharacterView]


class Renewed(BaseModel):
    """A fresh access token for the same session."""

    access_token: str
    token_type: Literal["bearer"] = _BEARER
    expires_in: int = Field(description="Life of the access token in seconds.")
    session_expires_at: datetime


class Me(BaseModel):
    """The caller's own account."""

    id: str
    user_id: str = Field(description="The same as `id`.")
    username: str
    email: str | None
    role: Role
    is_guest: bool
    created_at: datetime
    last_login_at: datetime | None
    session_id: str
    characters: list[CharacterView]


class SessionView(BaseModel):
    """One log-in of the caller."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    door: str = Field(examples=["http"])
    address: str = Field(examples=["192.0.2.7"])
    client: str = Field(description="User agent or client version.")
    current: bool = Field(description="Whether this request came through it.")


class Sessions(BaseModel):
    sessions: list[SessionView]


async def _signed_in(services: Services, signed_in: sessions.SignedIn) -> SignedIn:
    caller = signed_in.caller
    return SignedIn(
        access_token=signed_in.access_token,
        expires_in=int(signed_in.access_token_lifetime.total_seconds()),
        refresh_token=signed_in.token,
        session_id=caller.session_id,
        session_expires_at=signed_in.session.expires_at,
        user_id=caller.account_id,
        username=caller.name,
        role=caller.role,
        is_guest=caller.is_guest,
        characters=(await services.characters.list(caller)).characters,
    )


async def _me(services: Services, caller: Caller) -> Me:
    account = await services.accounts.me(caller)
    return Me(
        id=account.id,
        user_id=account.id,
        username=account.name,
        email=account.email,
        role=account.role,
        is_guest=account.is_guest,
        created_at=account.created_at,
        last_login_at=account.last_login_at,
        session_id=caller.session_id,
        characters=(await services.characters.list(caller)).characters,
    )


@router.post(
    "/api/auth/register",
    status_code=201,
    summary="Register and sign in",
    responses=error_responses(400, 403, 409, 413, 422, 429, 503),
)
@router.post("/auth/register", status_code=201, include_in_schema=False)
async def register(body: RegisterRequest, services: ServicesDep, origin: OriginDep) -> SignedIn:
    """Make a new account. Names have 3 to 20 characters, start with a letter, and may not look like somebody else's."""
    return await _signed_in(
        services,
        await services.accounts.register(
            body.username, body.password, email=body.email, door=DOOR, address=origin.address, client=origin.client
        ),
    )


@router.post("/api/auth/login", summary="Sign in", responses=error_responses(400, 401, 403, 413, 422, 429, 503))
@router.post("/auth/login", include_in_schema=False)
async def login(body: LoginRequest, services: ServicesDep, origin: OriginDep) -> SignedIn:
    """Sign in with name and password. An unknown name and a wrong password get the same answer."""
    there = {"door": DOOR, "address": origin.address, "client": origin.client}
    if body.code:
        signed_in = await services.second_factor.login(body.username, body.password, body.code, **there)
    else:
        signed_in = await services.accounts.login(body.username, body.password, **there)
    return await _signed_in(services, signed_in)


@router.post(
    "/api/auth/guest",
    status_code=201,
    summary="Enter as a guest",
    responses=error_responses(400, 403, 409, 413, 422, 429, 503),
)
async def guest(services: ServicesDep, origin: OriginDep, body: GuestRequest | None = None) -> SignedIn:
    """Enter without an account. The guest lasts as long as the session is used; without a name one is made up."""
    name = body.name if body is not None else None
    return await _signed_in(
        services,
        await services.accounts.guest(
            name if name and name.strip() else None, door=DOOR, address=origin.address, client=origin.client
        ),
    )


@router.post(
    "/api/auth/refresh", summary="Renew the access token", responses=error_responses(400, 401, 403, 413, 422, 503)
)
async def refresh(body: RefreshRequest, services: ServicesDep) -> Renewed:
    """Exchange the refresh token for a fresh access token, also after the old one expired."""
    renewed = await services.sessions.refresh(body.refresh_token)
    return Renewed(
        access_token=renewed.access_token,
        expires_in=int(renewed.access_token_lifetime.total_seconds()),
        session_expires_at=renewed.session_expires_at,
    )


_NO_CONTENT: Final[dict[str, Any]] = {"status_code": 204, "response_class": Response}


@router.post("/api/auth/logout", **_NO_CONTENT, summary="Sign out", responses=error_responses(401, 403, 503))
async def logout(caller: CallerDep, services: ServicesDep) -> None:
    """End this session. Its tokens are refused at once and its connections are closed."""
    await services.accounts.logout(caller)


@router.get("/api/auth/me", summary="My account", responses=error_responses(401, 403, 503))
async def me(caller: CallerDep, services: ServicesDep) -> Me:
    """The account behind the token, with its characters."""
    return await _me(services, caller)


@router.get("/api/auth/sessions", summary="My sessions", responses=error_responses(401, 403, 503))
async def list_sessions(caller: CallerDep, services: ServicesDep) -> Sessions:
    """Where the account is signed in, newest first."""
    return Sessions(
        sessions=[
            SessionView(
                id=session.id,
                created_at=session.created_at,
                last_seen_at=session.last_seen_at,
                expires_at=session.expires_at,
                door=session.door,
                address=session.address,
                client=session.client,
                current=session.id == caller.session_id,
            )
            for session in await services.sessions.list_of(caller)
        ]
    )


@router.delete(
    "/api/auth/sessions/{session_id}",
    **_NO_CONTENT,
    summary="End a session",
    responses=error_responses(401, 403, 404, 422, 503),
)
async def revoke_session(
    session_id: Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$", examples=[_EXAMPLE_ID])],
    caller: CallerDep,
    services: ServicesDep,
) -> None:
    """Sign out elsewhere: the session's tokens are refused at once and its connections are closed."""
    await services.sessions.revoke(caller, SessionId(session_id))


@router.post(
    "/api/auth/password",
    **_NO_CONTENT,
    summary="Change the password",
    responses=error_responses(400, 401, 403, 413, 422, 429, 503),
)
async def change_password(body: PasswordRequest, caller: CallerDep, services: ServicesDep) -> None:
    """Set a new password. All other sessions of the account end."""
    await services.accounts.change_password(caller, body.current_password, body.new_password)


@router.get("/api/auth/game-password", summary="Is there a game password?", responses=error_responses(401, 403, 503))
async def has_game_password(caller: CallerDep, services: ServicesDep) -> GamePassword:
    """Old game clients send their password as it is; with one of their own, the account's stays secret."""
    return GamePassword(is_set=await services.accounts.has_game_password(caller))


@router.post(
    "/api/auth/game-password",
    **_NO_CONTENT,
    summary="Set a game password",
    responses=error_responses(400, 401, 403, 413, 422, 429, 503),
)
async def set_game_password(body: PasswordRequest, caller: CallerDep, services: ServicesDep) -> None:
    """Set a password that opens nothing but the log-in of old game clients. `current_password` is the account's."""
    await services.accounts.set_game_password(caller, body.current_password, body.new_password)


@router.delete(
    "/api/auth/game-password",
    **_NO_CONTENT,
    summary="Do without a game password",
    responses=error_responses(401, 403, 503),
)
async def clear_game_password(caller: CallerDep, services: ServicesDep) -> None:
    """Old game clients use the account's own password again, if the operator allows it."""
    await services.accounts.clear_game_password(caller)


@router.post(
    "/api/auth/delete",
    **_NO_CONTENT,
    summary="Delete the account",
    responses=error_responses(400, 401, 403, 413, 422, 429, 503),
)
async def delete_account(body: DeleteRequest, caller: CallerDep, services: ServicesDep) -> None:
    """Delete the caller's account for good: sessions end, characters are laid aside, the name is free again."""
    await services.accounts.delete_own(caller, body.password)


@router.post(
    "/api/auth/admin-link",
    summary="Become the owner",
    responses=error_responses(400, 401, 403, 413, 422, 503),
)
async def redeem_admin_link(body: AdminLinkRequest, caller: CallerDep, services: ServicesDep) -> Me:
    """Redeem the one-time link that a new server prints: the account becomes the owner. Works while there is none."""
    await services.accounts.redeem_admin_link(body.token, caller)
    return await _me(services, caller)

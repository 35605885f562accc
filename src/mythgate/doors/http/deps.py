"""What routes ask for: the services, the caller, the place the request comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from mythgate.domain.apitokens import PREFIX
from mythgate.domain.errors import AuthenticationError, InvalidToken
from mythgate.domain.sessions import Caller
from mythgate.doors.http.play import PlayDoor
from mythgate.services import causes
from mythgate.services.all import Services

DOOR: Final = "http"
_FOR_PROGRAMS: Final = "/api/admin/"

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="bearer",
    description="The `access_token` of log-in, registration, guest entry or refresh.",
)


async def _services(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


async def _caller(
    connection: HTTPConnection,
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    if credentials is None:
        raise AuthenticationError(hint="Send the header Authorization: Bearer <access_token>.")
    secret = credentials.credentials
    if secret.startswith(PREFIX):
        if not connection.url.path.removeprefix(connection.scope.get("root_path", "")).startswith(_FOR_PROGRAMS):
            raise InvalidToken("A token for programs is good under /api/admin alone.", hint="Sign in for the rest.")
        caller = await services.tokens.authenticate(secret)
    else:
        caller = await services.sessions.authenticate(secret)
        services.sessions.gate.refuse(caller.account_id, caller.role, DOOR, origin_of(connection).address)
    connection.state.account_id = caller.account_id  # for the log, should it be refused
    causes.learned(account=caller.account_id)
    return caller


CallerDep = Annotated[Caller, Depends(_caller)]
"""Who makes the request, proven by the bearer token; 401 otherwise."""


async def _charged(connection: HTTPConnection, caller: CallerDep) -> Caller:
    door: PlayDoor = connection.app.state.play
    door.charge(caller.account_id)
    return caller


ChargedCallerDep = Annotated[Caller, Depends(_charged)]
"""As `CallerDep`, for what others get to see: it counts together with the caller's commands; 429 beyond the limit."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. Behind trusted proxies the server has already put in the real address."""

    address: str
    client: str


def origin_of(connection: HTTPConnection) -> Origin:
    """Where a request or a WebSocket comes from."""
    return Origin(
        connection.client.host if connection.client is not None else "unknown",
        connection.headers.get("user-agent", "")[:200],
    )


async def _origin(connection: HTTPConnection) -> Origin:
    return origin_of(connection)


OriginDep = Annotated[Origin, Depends(_origin)]

_bridge = HTTPBearer(
    auto_error=False, scheme_name="bridge", description="The token that was shown when the bridge was opened."
)


async def _bridge_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bridge)]) -> str:
    if credentials is None:
        raise AuthenticationError("Which bridge?", hint="Send the header Authorization: Bearer <token of the bridge>.")
    return credentials.credentials


BridgeTokenDep = Annotated[str, Depends(_bridge_token)]
"""The token of a bridge, not checked; 401 without one."""

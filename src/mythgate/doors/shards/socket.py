"""The handshake of `/ws`: who it is, if that shows already, and handing the connection over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import Response
from starlette.websockets import WebSocket

from mythgate.domain.errors import MythError
from mythgate.doors.http.socket_protocol import EXTENSION, SocketProtocol
from mythgate.doors.shards.connection import ShardsConnection
from mythgate.doors.shards.rest import COOKIE, SOCKET_PATH, failure, is_forwarded
from mythgate.doors.shards.sessions import ShardsSession

if TYPE_CHECKING:
    from mythgate.doors.shards.door import ShardsDoor


def socket_router(door: ShardsDoor) -> APIRouter:
    """The WebSocket of the door."""
    router = APIRouter()

    @router.websocket(SOCKET_PATH)
    async def connect(websocket: WebSocket) -> None:
        extension = websocket.scope.get("extensions", {}).get(EXTENSION)
        if extension is None:
            await websocket.close()
            return
        await _connect(door, websocket, extension["protocol"])

    return router


async def _connect(door: ShardsDoor, websocket: WebSocket, protocol: SocketProtocol) -> None:
    address = websocket.client.host if websocket.client is not None else "unknown"
    connection = ShardsConnection(door, protocol, address, websocket.headers.get("user-agent", "")[:200])
    problem = door.admit(connection)
    if problem is not None:
        refusal: Response = failure(503, problem)
        await websocket.send_denial_response(refusal)
        return
    handed_over = False
    try:
        session = await _known(door, websocket, protocol)
        await websocket.accept()
        if protocol.is_open:
            protocol.hand_over(connection, limit=door.options.stranger_frame_bytes)
            connection.watch_over(protocol.transport.get_extra_info("socket"))
            handed_over = True
            if session is not None:
                try:
                    await door.bind(connection, session)
                except MythError:
                    pass  # the body cannot enter just now; whatever needs it is refused with the reason
    finally:
        if not handed_over:
            door.lost(connection)


async def _known(door: ShardsDoor, websocket: WebSocket, protocol: SocketProtocol) -> ShardsSession | None:
    """Who is there without having said so: by the cookie of the log-in, or by its connection."""
    headers = websocket.headers
    token = websocket.cookies.get(COOKIE)
    if token and _is_at_home(headers.get("origin"), headers.get("host"), door.options.cors_origins):
        try:
            return await door.sessions.prove(token)
        except MythError:
            pass  # an old cookie: as if there were none
    if not door.options.bind_connections or is_forwarded(headers):
        return None
    found = door.sessions.on_line(protocol.transport)
    return found if found is not None and door.services.sessions.is_live(found.caller.session_id) else None


def _is_at_home(origin: str | None, host: str | None, others: object) -> bool:
    """Whether a page that may act for its reader asks; programs name no origin."""
    if origin is None:
        return True
    return urlsplit(origin).netloc == host or (isinstance(others, list | tuple) and origin in others)

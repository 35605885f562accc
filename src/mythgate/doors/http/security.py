"""The edge of the http door, as plain ASGI: trusted proxies, request ids, protective headers, body limit, last resort.

One wrapper around every HTTP request. WebSockets only get their request id here; their frames are
limited by the WebSocket protocol class.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections import Counter
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from mythgate.domain.addresses import plain_address
from mythgate.doors.http.errors import error_response, too_large
from mythgate.services import causes

log = logging.getLogger(__name__)

_POLICY: Final = (
    "default-src 'self'",
    "connect-src 'self' ws: wss:",
    "img-src 'self' data:",
    # The component library of the browser client adds a few style elements of its own at run time.
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
CONTENT_SECURITY_POLICY: Final = "; ".join(_POLICY)
_HEADERS: Final = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"),
)
_PEER: Final = "mythgate.peer"
_PRIVATE_PATHS: Final = ("/api/", "/auth/")
_ACCEPTED_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class TrustedProxies:
    """Puts in the address a trusted proxy names as the client's, if it is an address; else the peer's stays."""

    def __init__(self, app: ASGIApp, *, trusted: str) -> None:
        self._app = app
        entries = [entry.strip() for entry in trusted.split(",") if entry.strip()]
        self._forwarded = ProxyHeadersMiddleware(self._checked, "*" if "*" in entries else entries)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        scope[_PEER] = scope.get("client")
        await self._forwarded(scope, receive, send)  # type: ignore[arg-type]

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer, client = scope.pop(_PEER, None), scope.get("client")
        if client is not None and client != peer:
            plain = plain_address(client[0])
            scope["client"] = (plain, client[1]) if plain is not None else peer
        await self._app(scope, receive, send)


class Edge:
    """Wraps the application. Answers with an error are counted in `errors`, by their code."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, errors: Counter[str], door: str = "http") -> None:
        self._app = app
        self._door = door
        self._max_body_bytes = max_body_bytes
        self._errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        client = scope.get("client")
        causes.attribute_to(causes.Line(request_id, self._door, client[0] if client is not None else ""))
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        # Below a path of a proxy, the path begins with it.
        private = scope["path"].removeprefix(scope.get("root_path", "")).startswith(_PRIVATE_PATHS)
        started = False
        received = 0

        async def limited_receive() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._max_body_bytes:
                    raise too_large(self._max_body_bytes)
            return message

        async def marked_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in _HEADERS:
                    headers.setdefault(name, value)
                if private:
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            if _declared_length(scope) > self._max_body_bytes:
                response = error_response(
                    413,
                    "too_large",
                    f"At most {self._max_body_bytes} bytes are taken.",
                    request_id=request_id,
                )
                response.headers["Connection"] = "close"
                await response(scope, receive, marked_send)
                return
            await self._app(scope, limited_receive, marked_send)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            if started:
                raise  # too late for an answer; the server logs it and cuts the connection
            log.exception(
                "request failed", extra={"request_id": request_id, "method": scope["method"], "path": scope["path"]}
            )
            response = error_response(
                500,
                "internal",
                "Something went wrong in the server.",
                hint="Quote the request id to the operator.",
                request_id=request_id,
            )
            await response(scope, receive, marked_send)
        finally:
            code = scope["state"].get("error_code")
            if code is not None:
                self._errors[code] += 1


def _request_id(scope: Scope) -> str:
    """The id a proxy in front chose, if it is harmless, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ACCEPTED_REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return secrets.token_hex(8)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0

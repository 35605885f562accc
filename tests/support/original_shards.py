"""A server as the original of the Shards network is: REST with its stubs, and a socket that knows little.

It speaks for itself: plain JSON, no code of ours, messages as they were recorded. On the socket it answers log-ins
and passes talk to all; it closes on `ping`, and whatever else comes it takes without a word. It keeps an account of all
that came.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

TOKEN = "c2hhcmVkLXNhbXBsZS10b2tlbi0wMDAwMDAwMDAwMDE"


def envelope(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": time.time(), "version": "1.0.0", "message_id": None, "priority": 1, **fields}


class OriginalServer:
    """One server. `traffic` is what came, in the words of the recorded calls."""

    def __init__(self) -> None:
        self.url = ""
        self.traffic: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.tokens: dict[str, str] = {}
        self.fresh_tokens = [TOKEN]  # those to give out first
        self.silent = False  # does not even answer log-ins
        self.forgetful = False  # knows no token on the socket
        self.odd: dict[str, tuple[int, str]] = {}  # status and text to answer with instead, by path
        self.retry_after = ""  # said with those answers
        self.drops = 0  # handshakes to turn away
        self.says_at_login: dict[str, Any] = {}  # what newer servers say besides

    # --- REST ------------------------------------------------------------------------------------------

    async def rest(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read() or "null")
        self.traffic.append(
            {
                "http": request.method,
                "path": request.path,
                "authorization": request.headers.get("Authorization"),
                "json": body,
            }
        )
        if request.path in self.odd:
            status, text = self.odd[request.path]
            return web.Response(status=status, text=text, headers={"Retry-After": self.retry_after})
        token = request.headers.get("Authorization", "").replace("Bearer ", "")
        if request.path.startswith("/api/characters") and token not in self.tokens:
            return web.json_response({"error": "Unauthorized"}, status=401)
        match request.method, request.path:
            case "POST", "/api/auth/register":
                return web.json_response({"success": True, "message": "Registration successful"})
            case "POST", "/api/auth/login":
                token = self.fresh_tokens.pop() if self.fresh_tokens else secrets.token_urlsafe(32)
                self.tokens = {token: body["username"]}
                return web.json_response(
                    {"success": True, "session_token": token, "player_id": 77, "username": body["username"]}
                    | self.says_at_login
                )
            case "POST", "/api/auth/logout":
                self.tokens.pop(body["session_token"], None)
                return web.json_response({"success": True, "message": "Logged out"})
            case "GET", "/api/characters":
                return web.json_response({"characters": [{"id": 11, "name": "Aldra Venn"}]})
            case "POST", "/api/characters":
                return web.json_response({"success": True, "message": "Character creation not implemented"})
            case "POST", "/api/characters/select":
                return web.json_response({"success": True, "character": {"id": body["character_id"]}})
            case "POST", "/api/party/create":
                return web.json_response({"success": True, "party_id": 4, "party_name": body["party_name"]})
            case "POST", "/api/party/invite" | "/api/party/leave":
                return web.json_response({"success": False, "message": "Not implemented"})
            case "GET", "/api/world/state":
                return web.json_response({"current_reality": "Neutral"})
            case "GET", "/api/world/shards":
                return web.json_response({"shards": [{"id": 1}]})
            case "GET", "/api/world/events":
                return web.json_response({"events": []})
            case "GET", "/api/status":
                return web.json_response({"status": "online", "uptime": "N/A"})
        return web.Response(status=404, text="404: Not Found")

    # --- the socket ------------------------------------------------------------------------------------

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        self.traffic.append(
            {
                "ws_open": request.path,
                "query": dict(request.query),
                "authorization": request.headers.get("Authorization"),
            }
        )
        if self.drops:
            self.drops -= 1
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        try:
            async for frame in socket:
                if frame.type is not web.WSMsgType.TEXT:
                    continue
                try:
                    message = json.loads(frame.data)
                except ValueError:
                    self.traffic.append({"ws_noise": frame.data})
                    await socket.send_json(envelope("error", error_code="PROTOCOL_ERROR", error_message="bad"))
                    continue
                self.traffic.append({"ws_text": message})
                if message["type"] == "ping":
                    break  # it falls over this
                if message["type"] == "auth_request" and not self.silent:
                    known = message["session_token"] in self.tokens and not self.forgetful
                    await socket.send_json(
                        envelope("auth_response", success=known, session_token=message["session_token"], player_id=77)
                    )
                elif message["type"] in {"chat", "party_chat"} and message["channel"] == "global":
                    await self.tell(message)
        finally:
            self.sockets.remove(socket)
        return socket

    async def tell(self, message: dict[str, Any]) -> None:
        """Say something on all sockets."""
        for one in list(self.sockets):
            await one.send_json(message)

    async def cut(self) -> None:
        """Close all sockets, as after a fault."""
        for one in list(self.sockets):
            await one.close()

    def sent(self) -> list[dict[str, Any]]:
        """The messages that came, but log-ins."""
        texts = [one["ws_text"] for one in self.traffic if "ws_text" in one]
        return [one for one in texts if one["type"] != "auth_request"]


@contextlib.asynccontextmanager
async def original_server() -> AsyncIterator[OriginalServer]:
    """One on a free port, for as long as the block runs."""
    server = OriginalServer()
    app = web.Application()
    app.router.add_get("/ws", server.socket)
    app.router.add_route("*", "/api/{path:.*}", server.rest)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await server.cut()
        await runner.cleanup()

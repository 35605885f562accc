"""Passwords, tokens and talk, fed through every door: nothing of it is in any log, not even with everything logged."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from tests.support.metaserver_client import AlephOneClient, Denied, Hangs, MythClient
from tests.support.server import RunningServer, running_server

MARK: Final = "xyzzy"  # part of everything that is secret here
TALK: Final = f"meet me at {MARK} midnight"


def password(of: str) -> str:
    """A password nobody else has."""
    return f"{MARK} password of {of}"


class Teller:
    """Gives secrets away at a running server, and remembers those that the server made."""

    def __init__(self, server: RunningServer, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.http = http
        self.made: list[str] = []

    def port(self, door: str) -> int:
        return int(self.server.ready["doors"][door].rsplit(":", 1)[1].split()[0])

    async def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None, *, port: int | None = None
    ) -> Any:
        url = f"http://127.0.0.1:{port or self.server.port}{path}"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(
            url, data=raw, headers={"Content-Type": "application/json"} | dict(headers or {})
        ) as answer:
            return await answer.json() if answer.content_type == "application/json" else await answer.text()

    async def through_rest(self) -> str:
        answer = await self.post("/api/auth/register", {"username": "ada", "password": password("ada")})
        self.made += [answer["access_token"], answer["refresh_token"]]
        token: str = answer["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        await self.post("/api/characters", {"name": "Otter"}, bearer)
        await self.post("/api/auth/login", {"username": "ada", "password": f"{MARK} wrong"})
        await self.post("/api/auth/login", {"username": f"{MARK} in the wrong field", "password": "x"})
        await self.post("/api/auth/login", b'{"username": "' + MARK.encode())
        await self.post("/api/auth/login", {"username": {"a": MARK}, "password": [MARK]})
        await self.post("/api/auth/refresh", {"refresh_token": f"{MARK} refresh"})
        changed = {"current": password("ada"), "current_password": password("ada"), "new_password": password("new")}
        await self.post("/api/auth/password", changed | {"password": password("new")}, bearer)
        for path in (f"/api/auth/me?token={MARK}", f"/api/{MARK}", "/api/auth/me"):
            async with self.http.get(
                self.server.url + path, headers={"Authorization": f"Bearer {MARK}.a.b"}
            ) as answer_:
                await answer_.read()
        await self.post("/api/command", {"command": f"say {TALK}"}, bearer)
        return token

    async def through_web_socket(self, token: str) -> None:
        address = f"{self.server.url}/api/ws"
        for protocols, query in ((("bearer", f"{MARK}.b.c"), ""), ((), f"?token={MARK}"), (("bearer", token), "")):
            async with self.http.ws_connect(address + query, protocols=protocols) as socket:
                for frame in (
                    {"type": "command", "message_id": "a", "data": {"command": f"say {TALK}"}},
                    {"type": "command", "message_id": "b", "data": {"command": f"whisper nobody {TALK}"}},
                    {"type": "command", "message_id": "c", "data": {"command": f"{MARK} is no command"}},
                    {"type": MARK},
                    {"type": "command", "message_id": "last", "data": {"command": "look"}},
                ):
                    with contextlib.suppress(ConnectionError):
                        await socket.send_json(frame)
                async with asyncio.timeout(10):
                    async for message in socket:
                        if message.type is aiohttp.WSMsgType.TEXT and message.json().get("reply_to") == "last":
                            break

    async def through_old_clients(self) -> None:
        port = self.port("metaserver")
        for client in (
            AlephOneClient(user_name="ada", password=f"{MARK} wrong"),
            MythClient(user_name="ada", password=f"{MARK} wrong"),
            MythClient(user_name=MARK, password="x"),
        ):
            with pytest.raises((Denied, Hangs)):
                await client.log_in(port)
        welcome = MythClient("Otter", user_name="ada", password=password("new"))
        await welcome.come(port)
        welcome.chat(TALK)
        await welcome.until_said(TALK)
        await welcome.leave()

    async def through_the_shards_door(self) -> None:
        port = self.port("shards")
        await self.post("/api/auth/login", {"username": "ada", "password": f"{MARK} wrong"}, port=port)
        told = await self.post("/api/auth/login", {"username": "ada", "password": password("new")}, port=port)
        self.made.append(told["session_token"])
        async with self.http.ws_connect(f"http://127.0.0.1:{port}/ws") as socket:
            for message in (
                {"type": "auth_request", "username": "ada", "password": MARK, "session_token": MARK},
                {"type": "chat_message", "message": TALK, "channel": "global"},
                {"type": MARK},
            ):
                await socket.send_json(message)
            async with asyncio.timeout(10):
                await socket.receive()

    async def through_telnet(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port("telnet"))
        for line in ("ada", f"{MARK} wrong", f"login ada {MARK}", TALK, "quit"):
            writer.write(line.encode() + b"\r\n")
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(3):
                await writer.drain()
                writer.write_eof()
                await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_no_log_has_passwords_tokens_or_talk(tmp_path: Path) -> None:
    environment = {"MYTHGATE_TELEMETRY__LOG_LEVEL": "debug", "MYTHGATE_LIMITS__LOGINS_PER_ADDRESS": "1000",
                   "MYTHGATE_LIMITS__LOGINS_PER_ACCOUNT": "1000", "MYTHGATE_TELNET__PORT": "0"}  # fmt: skip
    async with running_server(tmp_path / "data", environment) as server, aiohttp.ClientSession() as http:
        teller = Teller(server, http)
        token = await teller.through_rest()
        await teller.through_web_socket(token)
        await teller.through_old_clients()
        await teller.through_the_shards_door()
        await teller.through_telnet()
        assert await server.stop() == 0
        made = teller.made
    written = server.log.read_text("utf-8") + (server.data_dir / "logs" / "mythgate.log").read_text("utf-8")
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert {"http", "metaserver", "shards", "telnet"} <= {line.get("door") for line in lines}
    assert {"login_failed", "token_refused"} <= {line.get("security") for line in lines}
    for secret in (MARK, *made):
        found = [line for line in written.splitlines() if secret in line]
        assert found == [], secret

"""A whole node with its http door, in the test's own loop, on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvicorn
from fastapi import FastAPI

from mythgate.bootstrap import Node, build_app, open_node
from mythgate.config import Settings
from mythgate.doors.http.play import PlayDoor

PASSWORD = "correct horse battery"
FAST_HASHES = {"memory_kib": 8, "time_cost": 1}
MANY_ACCOUNTS = {"registrations_per_address": 100_000}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a refusal."""
        code: str = self.json["error"]["code"]
        return code


@dataclass
class Site:
    """A running http door and somebody to call it."""

    node: Node
    app: FastAPI
    url: str
    http: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: Any = None,
    ) -> Answer:
        """One request. `body` goes as JSON, `raw` as it is."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        options: dict[str, Any] = {"data": raw} if raw is not None else {"json": body} if body is not None else {}
        async with self.http.request(method, self.url + path, headers=sent, allow_redirects=False, **options) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, *, token: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.call("GET", path, token=token, headers=headers)

    async def post(self, path: str, body: Any = None, *, token: str | None = None) -> Answer:
        return await self.call("POST", path, body, token=token)

    async def register(self, name: str = "Alric", password: str = PASSWORD) -> dict[str, Any]:
        """The answer to a registration that went well."""
        answer = await self.post("/api/auth/register", {"username": name, "password": password})
        assert answer.status == 201, answer.body
        signed_in: dict[str, Any] = answer.json
        return signed_in


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve `app` on a free port; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none", proxy_headers=False))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0)
            if task.done():
                task.result()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task


@contextlib.asynccontextmanager
async def site(folder: Path, **settings: Any) -> AsyncIterator[Site]:
    """A node over a SQLite database of its own, reachable over HTTP."""
    given: dict[str, Any] = {"data_dir": folder / "data", "passwords": FAST_HASHES, "limits": MANY_ACCOUNTS} | settings
    async with open_node(Settings(**given)) as node:
        await node.services.world.start()
        door = PlayDoor(node.hub, node.services)
        app = build_app(node, door)
        async with door.running(), serving(app) as url, aiohttp.ClientSession() as http:
            yield Site(node, app, url, http)

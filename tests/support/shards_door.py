"""A node with its Shards door on a free port, and two kinds of program to visit it.

`OriginalClient` does what the public description says that the original client library does, its faults
included: its own check keeps it from logging its socket in, so that it sends and never reads. `Program` is one
that reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from tests.support.http import FAST_HASHES, MANY_ACCOUNTS

from mythgate.bootstrap import Node, _open_shards, open_node
from mythgate.config import Settings
from mythgate.doors.shards.door import ShardsDoor
from mythgate.wire.shards.encryption import FrameCipher

SECONDS = 5.0
PASSWORD = "abcdef1"
WARRIOR = {"race": "Human", "class": "Warrior", "faction": "Iron Brotherhood"}


def message(kind: str, **fields: Any) -> dict[str, Any]:
    """A message as programs send it."""
    return {"type": kind, "timestamp": time.time(), "version": "1.0.0", "message_id": None, "priority": 1, **fields}


@dataclass
class Reply:
    """What came back over REST."""

    status: int
    headers: Any
    body: Any

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


class Program:
    """A program that logs its socket in and reads what comes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = aiohttp.ClientSession()
        self.ws: aiohttp.ClientWebSocketResponse | None = None
        self.name = ""
        self.token = ""
        self.player_id = 0
        self.character_id = 0
        self.heard: list[dict[str, Any]] = []

    async def call(
        self, method: str, path: str, body: Any = None, *, raw: Any = None, token: str | None = None, **options: Any
    ) -> Reply:
        """One request; as who is logged in unless another `token` is given ("" for nobody)."""
        headers = dict(options.pop("headers", {}))
        bearer = self.token if token is None else token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        given = {"data": raw} if raw is not None else {"json": body} if body is not None else {}
        async with self.http.request(method, self.url + path, headers=headers, **given, **options) as answer:
            text = await answer.text()
            return Reply(answer.status, answer.headers, json.loads(text) if text else None)

    async def enter(self, name: str, character: str | None = None, **fields: Any) -> Program:
        """Register, log in over REST and on the socket, and play a new character if one is named."""
        self.name = name
        assert (await self.call("POST", "/api/auth/register", {"username": name, "password": PASSWORD})).status == 200
        await self.login()
        if character is not None:
            made = await self.call("POST", "/api/characters", {"name": character, **WARRIOR, **fields})
            assert made.status == 200, made.body
            self.character_id = made["character"]["id"]
        await self.open()
        if character is not None:
            chosen = await self.call("POST", "/api/characters/select", {"character_id": self.character_id})
            assert chosen.status == 200, chosen.body
            await self.until("location_update")
        return self

    async def login(self) -> None:
        answer = await self.call("POST", "/api/auth/login", {"username": self.name, "password": PASSWORD})
        assert answer.status == 200, answer.body
        self.token, self.player_id = answer["session_token"], answer["player_id"]

    async def connect(self, **options: Any) -> aiohttp.ClientWebSocketResponse:
        """Open the socket and say nothing."""
        self.ws = await self.http.ws_connect(self.url + "/ws", **options)
        return self.ws

    async def open(self) -> dict[str, Any]:
        """Open the socket and log it in."""
        await self.connect()
        await self.send("auth_request", username=self.name, password="session-token", session_token=self.token)
        return await self.until("auth_response")

    async def send(self, kind: str, **fields: Any) -> None:
        await self.say(json.dumps(message(kind, **fields)))

    async def say(self, text: str) -> None:
        assert self.ws is not None
        await self.ws.send_str(text)

    async def chat(self, content: str, kind: str = "chat", **fields: Any) -> None:
        await self.send(
            kind, **({"sender_id": self.character_id, "sender_name": self.name, "content": content} | fields)
        )

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        assert self.ws is not None
        frame = await asyncio.wait_for(self.ws.receive(), SECONDS)
        assert frame.type is aiohttp.WSMsgType.TEXT, frame
        told: dict[str, Any] = json.loads(frame.data)
        self.heard.append(told)
        return told

    async def until(self, kind: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next message of that type, and all before it into `heard`."""
        async with asyncio.timeout(SECONDS):
            while True:
                told = await self.receive()
                if told["type"] == kind and wanted(told):
                    return told

    async def refused(self) -> str:
        """The code of the next error."""
        code: str = (await self.until("error"))["error_code"]
        return code

    async def quiet(self, kind: str) -> None:
        """Nothing of that type came before the answer to a ping that is sent now."""
        start = len(self.heard)
        await self.send("ping", message_id="quiet")
        while (await self.receive())["type"] != "pong":
            pass
        assert kind not in [told["type"] for told in self.heard[start:]]

    async def closed(self) -> int | None:
        """The close code, once the server has closed; what comes before goes into `heard`."""
        assert self.ws is not None
        async with asyncio.timeout(SECONDS):
            while True:
                frame = await self.ws.receive()
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    return self.ws.close_code
                self.heard.append(json.loads(frame.data))

    async def close(self) -> None:
        if self.ws is not None:
            await self.ws.close()
        await self.http.close()


class OriginalClient:
    """The original library's client, as it is described: nothing it does raises, and it never reads."""

    def __init__(self, url: str, *, phrase: str | None = None) -> None:
        self.master_server_url = url
        self.cipher = FrameCipher.of_phrase(phrase) if phrase is not None else None
        self.http: aiohttp.ClientSession | None = None
        self.ws: aiohttp.ClientWebSocketResponse | None = None
        self.session_token: str | None = None
        self.player_id: int | None = None
        self.character_id: int | None = None
        self.username: str | None = None

    async def _rest(self, method: str, path: str, body: Any = None, *, bearer: bool = True) -> dict[str, Any]:
        assert self.http is not None
        headers = {"Authorization": f"Bearer {self.session_token}"} if bearer and self.session_token else {}
        options = {"json": body} if body is not None else {}
        async with self.http.request(method, self.master_server_url + path, headers=headers, **options) as answer:
            told: dict[str, Any] = await answer.json()  # demands a JSON content type; the status is not looked at
            return told

    async def connect(self, username: str, password: str) -> bool:
        self.http = aiohttp.ClientSession()
        told = await self._rest("POST", "/api/auth/login", {"username": username, "password": password})
        if not told.get("success"):
            return False
        self.session_token, self.player_id, self.username = told["session_token"], told["player_id"], username
        self.ws = await self.http.ws_connect(self.master_server_url.replace("http", "ws", 1) + "/ws")
        # Here it fills in an empty password, which its own check refuses: no log-in, and no reading either.
        return True

    async def disconnect(self) -> None:
        if self.ws is not None:
            await self.ws.close()
        if self.http is not None:
            await self._rest("POST", "/api/auth/logout", {"session_token": self.session_token}, bearer=False)
            await self.http.close()
        self.session_token = None

    async def get_characters(self) -> list[dict[str, Any]]:
        return list((await self._rest("GET", "/api/characters")).get("characters", []))

    async def select_character(self, character_id: int) -> bool:
        told = await self._rest("POST", "/api/characters/select", {"character_id": character_id})
        if not told.get("success"):
            return False
        self.character_id = character_id
        return True

    async def _send(self, kind: str, **fields: Any) -> None:
        if self.ws is None or (not self.character_id and kind != "ping"):
            return
        text = json.dumps(message(kind, **fields))
        await self.ws.send_str(self.cipher.encrypt(text) if self.cipher is not None else text)

    async def send_chat(self, content: str, channel: str = "global", recipient_id: int | None = None) -> None:
        kind = {"whisper": "whisper", "party": "party_chat", "faction": "faction_chat"}.get(channel, "chat")
        if 1 <= len(content) <= 500:
            await self._send(
                kind,
                sender_id=self.character_id,
                sender_name=self.username,
                channel=channel,
                content=content,
                recipient_id=recipient_id,
            )

    async def send_move(self, to_location_id: int, position: dict[str, float] | None = None) -> None:
        await self._send(
            "move",
            character_id=self.character_id,
            from_location_id=None,
            to_location_id=to_location_id,
            position=position,
            velocity=None,
        )

    async def create_party(self, party_name: str = "Adventuring Party") -> int | None:
        told = await self._rest("POST", "/api/party/create", {"party_name": party_name})
        return told["party_id"] if told.get("success") else None

    async def get_world_state(self) -> dict[str, Any]:
        return await self._rest("GET", "/api/world/state", bearer=False)

    async def get_shard_status(self) -> list[dict[str, Any]]:
        return list((await self._rest("GET", "/api/world/shards", bearer=False))["shards"])

    async def ping(self) -> None:
        await self._send("ping")

    async def repair(self, password: str = "session-token") -> None:
        """What an application can do about it: log the socket in with the client's own sending routine."""
        assert self.ws is not None
        text = json.dumps(
            message("auth_request", username=self.username, password=password, session_token=self.session_token)
        )
        await self.ws.send_str(self.cipher.encrypt(text) if self.cipher is not None else text)


@dataclass
class ShardsHouse:
    """A running door and its guests."""

    node: Node
    door: ShardsDoor
    url: str
    guests: list[Program] = field(default_factory=list)

    def program(self, url: str = "") -> Program:
        self.guests.append(Program(url or self.url))
        return self.guests[-1]

    async def enter(self, name: str, character: str | None = None, **fields: Any) -> Program:
        """Somebody new, logged in, with a character if one is named."""
        return await self.program().enter(name, character, **fields)

    async def settled(self, met: Callable[[], bool]) -> None:
        """Wait until `met`."""
        async with asyncio.timeout(SECONDS):
            while not met():  # noqa: ASYNC110 (what is waited for tells nobody)
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def shards_house(
    folder: Path, settings: dict[str, Any] | None = None, **shards: Any
) -> AsyncIterator[ShardsHouse]:
    """A node over a SQLite database of its own, with its Shards door open; `shards` are the door's settings."""
    given: dict[str, Any] = {
        "data_dir": folder / "data",
        "passwords": FAST_HASHES,
        "limits": MANY_ACCOUNTS,
        "http": {"host": "127.0.0.1"},
        "shards": {"port": 0} | shards,
    } | (settings or {})
    async with open_node(Settings(**given)) as node:
        await node.services.world.start()
        opened = _open_shards(node)
        assert opened is not None
        house = ShardsHouse(node, opened.door, f"http://{opened.address}")
        async with opened.door.running():
            serving = asyncio.create_task(opened.server.serve(sockets=[opened.listener]))
            while not opened.server.started:
                await asyncio.sleep(0)
                assert not serving.done()
            try:
                yield house
            finally:
                for guest in house.guests:
                    await guest.close()
                opened.server.should_exit = True
                await serving
        for service in (node.services.movement, node.services.presence):
            await service.settle()

"""The same WebSocket endpoint on an ASGI server that gives no raw transport."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ormsgpack
import pytest
from fastapi import FastAPI
from tests.support.playground import build

from mythgate.domain.ids import CharacterId
from mythgate.doors.http.play import PlayOptions
from mythgate.realtime.limits import RealtimeLimits


class AsgiServer:
    """Drives one WebSocket connection of an application, message by message."""

    def __init__(self, app: FastAPI, query: str, protocols: list[str]) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.may_send = asyncio.Event()
        self.may_send.set()
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": "/api/ws",
            "raw_path": b"/api/ws",
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"user-agent", b"test")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "subprotocols": protocols,
            "state": {},
        }
        self.incoming.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(app(scope, self.incoming.get, self._send))  # type: ignore[arg-type]

    async def _send(self, message: dict[str, Any]) -> None:
        await self.may_send.wait()
        self.outgoing.put_nowait(message)

    async def message(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            return await self.outgoing.get()

    async def value(self) -> Any:
        """What the next frame holds."""
        message = await self.message()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"]) if message.get("text") is not None else ormsgpack.unpackb(message["bytes"])

    async def event(self) -> dict[str, Any]:
        value: dict[str, Any] = await self.value()
        return value

    def say(self, **message: Any) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def leave(self) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(5):
            await self.task


@asynccontextmanager
async def joined(app: FastAPI, query: str = "session_id=session-ann", *more: str) -> AsyncIterator[AsgiServer]:
    server = AsgiServer(app, query, ["bearer", "t:ann", *more])
    accepted = await server.message()
    assert accepted["type"] == "websocket.accept"
    assert accepted["subprotocol"] == (more[0] if more else "bearer")
    try:
        yield server
    finally:
        if not server.task.done():
            server.may_send.set()
            await server.leave()


async def test_join_say_resume() -> None:
    app, game, hub, door = build()
    async with door.running():
        async with joined(app) as ann:
            assert (await ann.event())["event_type"] == "game_state"
            ann.say(command="say", args=["hello"], message_id="m")
            events = [await ann.event(), await ann.event()]
            assert [event["sequence_number"] for event in events] == [2, 3]
            assert events[1]["reply_to"] == "m"
        assert game.told == [("detached", "c:ann")]
        assert door.stats.connected == 0
        assert not door.connections
        game.say(CharacterId("c:bob"), "missed")
        async with joined(app, "session_id=session-ann&last_seq=3") as ann:
            missed = await ann.event()
            assert (missed["sequence_number"], missed["data"]["message"]) == (4, "missed")
        assert hub.stats.resumed == 1


async def test_msgpack_and_batches() -> None:
    app, game, _, door = build(RealtimeLimits(merge_window=0.02))
    async with door.running(), joined(app, "session_id=session-ann&batch=1", "mythgate.msgpack") as ann:
        assert (await ann.event())["event_type"] == "game_state"
        for number in range(4):
            game.say(CharacterId("c:bob"), str(number))
        heard: list[dict[str, Any]] = []
        while len(heard) < 4:
            value = await ann.value()
            heard += value if isinstance(value, list) else [value]
        assert [event["sequence_number"] for event in heard] == [2, 3, 4, 5]
        ann.incoming.put_nowait({"type": "websocket.receive", "bytes": ormsgpack.packb({"command": "quit"})})
        while (message := await ann.message())["type"] == "websocket.send":
            pass
        assert message == {"type": "websocket.close", "code": 4500, "reason": "quit"}


async def test_a_slow_reader_is_closed_and_resumes() -> None:
    app, game, hub, door = build(RealtimeLimits(merge_window=0.0, outbox_events=20))
    async with door.running():
        async with joined(app) as ann:
            await ann.event()
            ann.may_send.clear()
            for number in range(25):
                game.say(CharacterId("c:bob"), str(number))
                await asyncio.sleep(0)
            assert hub.stats.slow_closed == 1
            ann.may_send.set()
            while (message := await ann.message())["type"] == "websocket.send":
                pass
            assert message["code"] == 4400
        async with joined(app) as ann:
            numbers = [(await ann.event())["sequence_number"] for _ in range(25)]
            assert numbers == list(range(2, 27))


@pytest.mark.parametrize(
    ("message", "code"),
    [({"type": "dance"}, "unknown_type"), ({"command": "x" * 5000}, "message_too_long")],
)
async def test_bad_messages(message: dict[str, Any], code: str) -> None:
    app, _, _, door = build(options=PlayOptions(frame_bytes=4000))
    async with door.running(), joined(app) as ann:
        await ann.event()
        ann.say(**message)
        assert (await ann.event())["data"]["code"] == code


async def test_refusals() -> None:
    app, _, _, door = build()
    async with door.running():
        server = AsgiServer(app, "session_id=session-x", ["bearer", "forged"])
        messages = [await server.message() for _ in range(4)]
        assert [message["type"] for message in messages] == [
            "websocket.accept", "websocket.send", "websocket.send", "websocket.close",
        ]  # fmt: skip
        assert messages[-1]["code"] == 4503
        await server.task
        assert door.stats.refused.total() == 1

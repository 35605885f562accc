"""The Python client against servers that say what ours does not, or only when it has a fault."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from mythgate.client import Client
from mythgate.domain.errors import Refused
from mythgate.domain.events import LobbyMessage

Answer = Callable[[dict[str, Any]], list[dict[str, Any]]]
SAID = {
    "id": "m-1",
    "kind": "say",
    "number": 2,
    "name": "Ben",
    "message": "hello",
    "styled": "hello",
    "timestamp": "2026-03-01T12:00:00Z",
}


@contextlib.asynccontextmanager
async def playing(answer: Answer) -> AsyncIterator[Client]:
    """A client in the world of a server that says what `answer` makes of each message."""

    async def play(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("bearer",))
        await socket.prepare(request)
        number = 0
        async for message in socket:
            received = json.loads(message.data)
            for event in [{"event_type": "pong"}] if received.get("type") == "ping" else answer(received):
                number += 1
                await socket.send_json({"sequence_number": number, "data": {}} | event)
        return socket

    app = web.Application()
    app.router.add_get("/api/ws", play)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with Client(f"http://127.0.0.1:{port}", keep_session=True) as client:
            await client.connect()
            yield client
    finally:
        await runner.cleanup()


async def test_a_fault_of_the_server_is_an_answer() -> None:
    def fail(message: dict[str, Any]) -> list[dict[str, Any]]:
        told = {"code": "internal", "message": "Something went wrong on our side.", "hint": "Tell somebody."}
        return [
            {"event_type": "error", "data": told | {"code": "invalid_json"}},
            {"event_type": "error", "data": told, "reply_to": message["message_id"]},
        ]

    async with playing(fail) as client:
        with pytest.raises(Refused, match="went wrong") as refused:
            await client.command("look", wait=10)
        assert (refused.value.code, refused.value.hint) == ("internal", "Tell somebody.")


async def test_an_event_that_is_not_understood_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    def babble(message: dict[str, Any]) -> list[dict[str, Any]]:
        done = {"command": "look", "result": "", "success": True}
        return [
            {"event_type": "lobby_message", "data": {"words": "hello"}},
            {"event_type": "lobby_player_left", "data": {"number": "two", "name": "Ben", "reason": "left"}},
            {"event_type": "lobby_dance", "data": {"steps": 3}},
            {"event_type": "lobby_message", "data": SAID},
            {"event_type": "command_response", "data": done, "reply_to": message["message_id"]},
        ]

    async with playing(babble) as client:
        heard: list[LobbyMessage] = []
        client.lobby.register_handler(LobbyMessage, heard.append)
        with caplog.at_level(logging.WARNING):
            assert (await client.command("look", wait=10))["success"]
        assert [one.message for one in heard] == ["hello"]
        assert [one.message for one in caplog.records] == ["lobby event not understood"] * 2

"""The Python client against servers that say what ours does not, or only when it has a fault."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from mythgate.client import Client, Unsent
from mythgate.domain.errors import Refused, Repeated, TooMany
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
            client.access_token = "of nobody"
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


def saying(*events: dict[str, Any], **done: Any) -> Answer:
    """These, and that a command was carried out."""

    def answer(message: dict[str, Any]) -> list[dict[str, Any]]:
        data = {"command": "look", "result": "", "success": True} | done
        return [*events, {"event_type": "command_response", "data": data, "reply_to": message.get("message_id")}]

    return answer


async def test_what_nobody_waits_for_goes_to_on_error() -> None:
    refusal = {"event_type": "error", "data": {"code": "rate_limited", "message": "Too fast.", "retry_after": 2.0}}
    async with playing(saying(refusal)) as client:
        told: list[Exception] = []
        client.on_error(told.append)
        await client.send_position_update([1, 2, 3])
        await client.wait_for("error")
        assert [type(one) for one in told] == [TooMany]


async def test_what_was_known_before_a_reset_is_not_known_after_it(caplog: pytest.LogCaptureFixture) -> None:
    party = {"number": 3, "name": "Otters", "leader_id": "a", "leader_number": 1, "members": [], "max_members": 6}
    update = {"party": party | {"loot_sharing": "equal"}, "reason": "state", "party_number": 3, "player_id": None}
    joined = {"event_type": "party_update", "data": update | {"message": ""}}
    garbled = {"event_type": "party_update", "data": {"party": 3}}
    async with playing(saying(joined, garbled)) as client:
        with caplog.at_level(logging.WARNING):
            await client.command("look", wait=10)
        assert [one.message for one in caplog.records] == ["event not understood"]
        assert client.party is not None
        assert client.party.name == "Otters"
    async with playing(saying(joined, {"event_type": "reset", "data": {"reason": "overflow"}})) as client:
        await client.command("look", wait=10)
        assert client.party is None


async def test_an_answer_from_before_a_new_start_says_too_little() -> None:
    async with playing(saying(command="quest", repeated=True)) as client:
        with pytest.raises(Repeated):
            await client.accept_quest("wolves")


async def test_who_waits_for_what_never_comes_hears_of_the_end() -> None:
    async with playing(saying({"event_type": "session_expiring"})) as client:
        await client.command("look", wait=10)  # no fresh token is to be had here, and it goes on
        waiting = asyncio.create_task(client.wait_for("aetherfall", wait=None))
        await asyncio.sleep(0)
        told: list[Exception] = []

        async def wait_on(event: dict[str, Any]) -> None:
            await client.wait_for("*")

        client.register_handler("disconnected", wait_on)
        client.on_error(told.append)
        await client.close()
        with pytest.raises(Unsent):
            await waiting
        assert [type(one) for one in told] == [RuntimeError], "a handler cannot wait"


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

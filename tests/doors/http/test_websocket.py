"""The native WebSocket end to end, over real sockets."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from tests.support.playground import playground, token_protocols


async def receive(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """The next event."""
    async with asyncio.timeout(5):
        message = await socket.receive()
    assert message.type is aiohttp.WSMsgType.TEXT, message
    event: dict[str, Any] = json.loads(message.data)
    return event


async def until(socket: aiohttp.ClientWebSocketResponse, event_type: str) -> list[dict[str, Any]]:
    """Events up to and including the next one of that type."""
    events = [await receive(socket)]
    while events[-1]["event_type"] != event_type:
        events.append(await receive(socket))
    return events


def path(session: str, more: str = "") -> str:
    return f"/api/ws?session_id=session-{session}{more}"


async def test_join_say_hear() -> None:
    async with playground() as ground, aiohttp.ClientSession() as http:
        ann = await http.ws_connect(ground.url(path("ann")), protocols=token_protocols("ann"))
        assert ann.protocol == "bearer"
        state = await receive(ann)
        assert state["event_type"] == "game_state"
        assert state["sequence_number"] == 1
        bob = await http.ws_connect(ground.url(path("bob")), protocols=token_protocols("bob"))
        await until(bob, "game_state")
        await ann.send_json({"command": "say", "args": ["hello", "there"], "message_id": "m-1"})
        heard = (await until(bob, "chat_message"))[-1]
        assert heard["data"]["message"] == "hello there"
        own = await until(ann, "command_response")
        assert [event["event_type"] for event in own] == ["chat_message", "command_response"]
        assert own[-1]["reply_to"] == "m-1"
        assert own[-1]["priority"] == "high"
        assert [event["sequence_number"] for event in own] == [2, 3]


async def test_resume_repeats_exactly_what_is_missing() -> None:
    async with playground() as ground, aiohttp.ClientSession() as http:
        ann = await http.ws_connect(ground.url(path("ann")), protocols=token_protocols("ann"))
        await until(ann, "game_state")
        await ann.close()
        while not ground.hub.find("session-ann", "ann").detached_at:
            await asyncio.sleep(0)
        for number in range(5):
            ground.game.say("c:ann", f"line {number}")
        ann = await http.ws_connect(ground.url(path("ann", "&last_seq=2")), protocols=token_protocols("ann"))
        events = [await receive(ann) for _ in range(4)]
        assert [event["sequence_number"] for event in events] == [3, 4, 5, 6]
        assert [event["data"]["message"] for event in events] == [f"line {number}" for number in range(1, 5)]

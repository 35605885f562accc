"""Voice signals over the WebSocket: handed to the service, answered only if they are refused."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import aiohttp
import pytest
from tests.doors.http.test_websocket import until
from tests.support.playground import Game, playground, token_protocols

from mythgate.domain.errors import TooMany
from mythgate.domain.ids import CharacterId
from mythgate.domain.voice import Signal
from mythgate.doors.http.security import CONTENT_SECURITY_POLICY, Edge

SIGNAL: dict[str, Any] = {"visit": 2, "to": "c:ben", "to_visit": 1, "kind": "offer", "sdp": "v=0"}


async def test_a_signal_is_answered_only_if_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[tuple[CharacterId, Signal]] = []

    def signal(_game: Game, actor: CharacterId, what: Signal) -> None:
        if handed:
            raise TooMany("Your client sends too many voice signals.")
        handed.append((actor, what))

    monkeypatch.setattr(Game, "signal", signal, raising=False)
    async with (
        playground() as place,
        aiohttp.ClientSession() as session,
        session.ws_connect(place.url("/api/ws"), protocols=token_protocols("ada")) as socket,
    ):
        await until(socket, "game_state")
        message = {"type": "voice_signal", "data": SIGNAL, "message_id": "v-1"}
        await socket.send_str(json.dumps([message, {"type": "ping", "data": {"sent": 1}}]))
        assert [event["event_type"] for event in await until(socket, "pong")] == ["pong"]
        await socket.send_str(json.dumps(message))
        (refused,) = await until(socket, "error")
        assert (refused["data"]["code"], refused["reply_to"]) == ("rate_limited", "v-1")
        await socket.send_str(json.dumps(message | {"data": SIGNAL | {"kind": "bye"}}))
        (broken,) = await until(socket, "error")
        assert broken["data"]["code"] == "invalid_message"
    assert handed == [(CharacterId("c:ada"), Signal(2, CharacterId("c:ben"), 1, "offer", "v=0"))]


async def test_pages_of_this_server_may_ask_for_the_microphone() -> None:
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}

    async def receive() -> Any:
        return {"type": "http.request"}

    await Edge(app, max_body_bytes=1, errors=Counter())(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert "microphone=(self)" in headers["permissions-policy"]
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY

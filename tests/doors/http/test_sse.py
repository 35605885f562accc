"""Server-Sent Events end to end: the read-only twin of the WebSocket."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from tests.support.loops import on_both_loops
from tests.support.playground import ROOM, Playground, build, playground, token_protocols

from mythgate.domain.events import Disconnect
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId, room_topic
from mythgate.doors.http import sse
from mythgate.doors.http.http_protocol import HttpLimits, http_protocol
from mythgate.doors.http.sse import SseSink
from mythgate.realtime.limits import RealtimeLimits


class EventSource:
    """Reads one response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.retry: int | None = None

    async def event(self) -> tuple[int, dict[str, Any]] | None:
        """The next event with its id; None at the end."""
        number: int | None = None
        async with asyncio.timeout(5):
            while line := await self.response.content.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "retry":
                    self.retry = int(value)
                elif name == "id":
                    number = int(value)
                elif name == "data" and number is not None:
                    return number, json.loads(value)
        return None

    def close(self) -> None:
        self.response.close()


async def follow(
    http: aiohttp.ClientSession, ground: Playground, query: str, name: str = "ann", **headers: str
) -> EventSource:
    response = await http.get(
        ground.url("/api/events?" + query), headers={"Authorization": f"Bearer t:{name}", **headers}
    )
    assert response.status == 200, await response.text()
    return EventSource(response)


async def holds(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


@on_both_loops
async def test_joins_the_world_and_resumes() -> None:
    async with playground() as ground, aiohttp.ClientSession() as http:
        source = await follow(http, ground, "session_id=session-ann")
        headers = source.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        first = await source.event()
        assert first is not None
        assert (first[0], first[1]["event_type"]) == (1, "game_state")
        assert source.retry == 1000
        ground.game.say(CharacterId("c:bob"), "one")
        second = await source.event()
        assert second is not None
        assert (second[0], second[1]["sequence_number"], second[1]["data"]["message"]) == (2, 2, "one")
        source.close()
        await holds(lambda: ("detached", "c:ann") in ground.game.told)
        assert ground.door.stats.connected == 0
        ground.game.say(CharacterId("c:bob"), "two")
        for options in ({"Last-Event-ID": "1"}, {}):
            query = "session_id=session-ann" + ("" if options else "&last_event_id=1")
            again = await follow(http, ground, query, **options)
            events = [await again.event(), await again.event()]
            assert [event[0] for event in events if event] == [2, 3]
            again.close()
            await holds(lambda: ground.door.stats.connected == 0)


@on_both_loops
async def test_reads_the_stream_of_a_websocket() -> None:
    async with playground() as ground, aiohttp.ClientSession() as http:
        socket = await http.ws_connect(ground.url("/api/ws?session_id=session-ann"), protocols=token_protocols("ann"))
        await socket.receive()
        twin = await follow(http, ground, "session_id=session-ann")
        ground.game.say(CharacterId("c:bob"), "for both")
        event = await twin.event()
        assert event is not None
        same = json.loads((await socket.receive()).data)
        assert event[1] == same
        twin.close()
        await holds(lambda: ground.door.stats.connected == 1)
        assert ground.game.told == []


@on_both_loops
async def test_refusals_are_errors_of_http() -> None:
    async with playground() as ground, aiohttp.ClientSession() as http:
        for query, headers, status in (
            ("session_id=session-ann", {}, 401),
            ("session_id=session-ann", {"Authorization": "Basic x"}, 401),
            ("session_id=session-ann", {"Authorization": "Bearer forged"}, 401),
            ("session_id=x", {"Authorization": "Bearer t:ann"}, 422),
            ("session_id=session-ann", {"Authorization": "Bearer t:ann", "Last-Event-ID": "x"}, 422),
        ):
            async with http.get(ground.url("/api/events?" + query), headers=headers) as response:
                assert response.status == status, await response.text()
        assert ground.door.stats.connected == 0


@on_both_loops
async def test_ends_with_the_stream() -> None:
    async with playground() as ground, aiohttp.ClientSession() as http:
        source = await follow(http, ground, "session_id=session-ann")
        await source.event()
        ground.hub.close(CharacterId("c:ann"), Disconnect("removed", "Out.", may_reconnect=False, code=4506))
        event = await source.event()
        assert event is not None
        assert event[1]["event_type"] == "disconnect"
        assert await source.event() is None


@on_both_loops
async def test_a_slow_reader_is_closed() -> None:
    async with (
        playground(RealtimeLimits(merge_window=0.0, outbox_events=30)) as ground,
        aiohttp.ClientSession() as http,
    ):
        source = await follow(http, ground, "session_id=session-ann")
        await source.event()
        told = 0
        while ground.hub.stats.slow_closed == 0:
            ground.game.say(CharacterId("c:bob"), "x" * 60_000)
            told += 1
            await asyncio.sleep(0)
            assert told < 2000
        assert ("detached", "c:ann") in ground.game.told
        source.close()


async def test_what_nobody_sends_yet_is_bounded() -> None:
    _, game, hub, door = build(RealtimeLimits(merge_window=0.0, outbox_events=20))
    stream = hub.open(PlayId("session-ann"), CharacterId("c:ann"), AccountId("ann"), SessionId("login:ann"))
    sink = SseSink(door)
    hub.attach(stream, sink)
    hub.subscribe(CharacterId("c:ann"), room_topic(ROOM))
    for _ in range(2000):
        game.say(CharacterId("c:bob"), "words")
    assert sink.closed  # too slow, like any other reader
    assert len(sink._parts) <= 256
    assert hub.stats.slow_closed == 1
    assert stream.outboxes == ()


@on_both_loops
async def test_a_slow_reader_is_let_go_without_an_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sse, "ABANDON_SECONDS", 0.05)
    limits = RealtimeLimits(merge_window=0.0, outbox_events=50)
    async with playground(limits, http=http_protocol(HttpLimits())) as ground:
        monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)
        loop = asyncio.get_running_loop()
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        await loop.sock_connect(slow, ("127.0.0.1", ground.port))
        await loop.sock_sendall(
            slow,
            b"GET /api/events?session_id=session-slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t:snail\r\n\r\n",
        )
        await holds(lambda: "c:snail" in ground.game.present)
        words = "x" * 50_000
        while ground.hub.stats.slow_closed == 0:
            ground.game.say(CharacterId("c:bob"), words)
            await asyncio.sleep(0)
        await holds(lambda: ground.door.stats.connected == 0)
        await holds(lambda: not ground.server.server_state.tasks)
        slow.close()
    assert [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []

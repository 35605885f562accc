"""The WebSocket protocol as an ASGI server for endpoints that know nothing of it, and handing over to one that does."""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from tests.support.loops import on_both_loops
from tests.support.rawsocket import RawPeer, masked
from uvicorn.protocols.utils import ClientDisconnected

from mythgate.doors.http import socket_protocol
from mythgate.doors.http.socket_protocol import BAD_FRAME, EXTENSION, SocketProtocol
from mythgate.wire.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Deflate, close_frame

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Endpoint = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

ACCEPT = {"type": "websocket.accept"}
UPGRADE = (
    "GET /some%20place?a=1 HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade",
    "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)  # fmt: skip


@dataclass
class Serving:
    """A server, and peers that are gone when it is."""

    port: int
    server: uvicorn.Server
    peers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def request(self, *lines: str, receive_buffer: int | None = None) -> RawPeer:
        """Send an upgrade request and nothing more."""
        sock = sockets.socket()
        if receive_buffer is not None:
            sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=1024 if receive_buffer else 65536)
        self.peers.append(writer)
        writer.write("\r\n".join((*lines, "", "")).encode())
        return RawPeer(reader, writer)

    async def connect(self, *more: str, receive_buffer: int | None = None) -> RawPeer:
        """Shake hands."""
        peer = await self.request(*UPGRADE, *more, receive_buffer=receive_buffer)
        assert (await answer(peer)).startswith("HTTP/1.1 101 ")
        return peer


async def answer(peer: RawPeer) -> str:
    """The head of the HTTP answer."""
    async with asyncio.timeout(10):
        return (await peer.reader.readuntil(b"\r\n\r\n")).decode()


async def next_frame(peer: RawPeer) -> tuple[int, bytes]:
    async with asyncio.timeout(10):
        return await peer.frame()


async def gone(peer: RawPeer) -> bytes:
    """What comes until the server has closed the connection."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionResetError):
            return await peer.reader.read()
        return b""


@contextlib.asynccontextmanager
async def serving(endpoint: Endpoint) -> AsyncIterator[Serving]:
    listener = sockets.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(endpoint, ws=SocketProtocol, log_level="critical", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    served = Serving(listener.getsockname()[1], server)
    try:
        yield served
    finally:
        server.should_exit = True
        for writer in served.peers:
            writer.close()
        async with asyncio.timeout(20):
            await running


async def echo(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Says back what it is told until the peer goes."""
    assert (await receive())["type"] == "websocket.connect"
    await send(ACCEPT)
    while (message := await receive())["type"] == "websocket.receive":
        await send(message | {"type": "websocket.send"})


async def stopped_reading(scope: dict[str, Any]) -> None:
    """Until the server takes nothing more from the peer."""
    transport = scope["extensions"][EXTENSION]["protocol"].transport
    async with asyncio.timeout(10):
        while transport.is_reading():  # noqa: ASYNC110 - a transport has no event for it
            await asyncio.sleep(0.001)


# --- an ordinary endpoint ---


@on_both_loops
async def test_the_endpoint_learns_what_was_asked_for_and_its_answer_arrives() -> None:
    scopes: list[dict[str, Any]] = []

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await send(ACCEPT | {"subprotocol": "two", "headers": [(b"x-more", b"here")]})

    async with serving(endpoint) as served:
        peer = await served.request(*UPGRADE, "Sec-WebSocket-Protocol: one", "Sec-WebSocket-Protocol: two")
        head = await answer(peer)
        assert "Sec-WebSocket-Protocol: two\r\n" in head
        assert "x-more: here\r\n" in head
        assert "Sec-WebSocket-Extensions" not in head
        assert await next_frame(peer) == (CLOSE, b"\x03\xe8")  # the endpoint returned
    [scope] = scopes
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/some place", b"/some%20place", b"a=1")
    assert scope["subprotocols"] == ["one", "two"]
    assert (scope["scheme"], scope["client"][0]) == ("ws", "127.0.0.1")


@on_both_loops
async def test_messages_go_both_ways_in_every_shape() -> None:
    async with serving(echo) as served:
        peer = await served.connect()
        peer.send(masked(TEXT, "tëxt".encode()) + masked(BINARY, b"\xff\x00"))
        assert await next_frame(peer) == (TEXT, "tëxt".encode())
        assert await next_frame(peer) == (BINARY, b"\xff\x00")
        peer.send(masked(TEXT, b"in ", final=False) + masked(PING, b"still there?") + masked(CONTINUATION, b"parts"))
        assert await next_frame(peer) == (PONG, b"still there?")
        assert await next_frame(peer) == (TEXT, b"in parts")
        peer.send(masked(PONG, b"unasked") + masked(CLOSE, b"\x03\xe8bye"))
        assert await next_frame(peer) == (CLOSE, b"\x03\xe8")
        assert await gone(peer) == b""


@on_both_loops
async def test_long_answers_are_compressed_if_that_was_agreed_on() -> None:
    async with serving(echo) as served:
        peer = await served.request(*UPGRADE, "Sec-WebSocket-Extensions: permessage-deflate")
        assert "Sec-WebSocket-Extensions: permessage-deflate" in await answer(peer)
        peer.send(masked(TEXT, b"x" * 5000))
        first, length = await peer.reader.readexactly(2)
        assert (first, length < 126) == (0xC1, True)
        assert Deflate.inflate(await peer.reader.readexactly(length), 10_000) == b"x" * 5000


@pytest.mark.parametrize(("close", "code"), [(b"", 1005), (b"\x03\xe9", 1001), (b"\x0f\xa0why", 4000)])
@on_both_loops
async def test_the_endpoint_hears_why_the_peer_went(close: bytes, code: int) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        heard.put_nowait(await receive())
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.send", "text": "too late"})

    async with serving(endpoint) as served:
        peer = await served.connect()
        peer.send(masked(CLOSE, close))
        assert await next_frame(peer) == (CLOSE, close[:2])
        async with asyncio.timeout(10):
            assert (await heard.get()) == {
                "type": "websocket.disconnect", "code": code, "reason": close[2:].decode(),
            }  # fmt: skip
        assert await gone(peer) == b""


@on_both_loops
async def test_the_endpoint_hears_that_the_line_is_cut() -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        heard.put_nowait(await receive())
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.send", "text": "too late"})
        heard.put_nowait("done")

    async with serving(endpoint) as served:
        peer = await served.connect()
        peer.writer.transport.abort()
        async with asyncio.timeout(10):
            assert (await heard.get())["code"] == 1006
            assert await heard.get() == "done"


@on_both_loops
async def test_the_endpoint_may_close() -> None:
    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await send({"type": "websocket.close", "code": 4321, "reason": "enough"})
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.send", "text": "behind the close frame"})
        assert await receive() == {"type": "websocket.disconnect", "code": 4321, "reason": "enough"}

    async with serving(endpoint) as served:
        peer = await served.connect()
        assert await next_frame(peer) == (CLOSE, b"\x10\xe1enough")
        peer.send(masked(TEXT, b"whatever"))
        peer.send(masked(CLOSE, b"\x10\xe1"))
        assert await gone(peer) == b""


@on_both_loops
async def test_an_endpoint_that_does_not_receive_stops_the_peer_and_loses_nothing() -> None:
    received: list[int] = []

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await stopped_reading(scope)
        while (message := await receive())["type"] == "websocket.receive":
            received.append(int(message["text"].partition(" ")[0]))
        await send({"type": "websocket.send", "text": "never"})

    async with serving(endpoint) as served:
        peer = await served.connect()
        for number in range(300):
            peer.send(masked(TEXT, b"%d %b" % (number, b"x" * 60_000)))
        peer.send(masked(CLOSE, b"\x03\xe8"))
        assert await next_frame(peer) == (CLOSE, b"\x03\xe8")
        await gone(peer)
    assert received == list(range(300))


@pytest.mark.parametrize("peer_goes", [False, True])
@on_both_loops
async def test_sending_waits_for_a_peer_that_does_not_read(peer_goes: bool) -> None:
    sent: list[int] = []
    ended: asyncio.Queue[str] = asyncio.Queue()

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        try:
            for number in range(300):
                await send({"type": "websocket.send", "bytes": number.to_bytes(2, "big") + bytes(60_000)})
                sent.append(number)
        except ClientDisconnected:
            ended.put_nowait("gone")
        else:
            ended.put_nowait("all sent")

    async with serving(endpoint) as served:
        peer = await served.connect(receive_buffer=4096)
        opcode, payload = await next_frame(peer)
        assert (opcode, payload[:2]) == (BINARY, b"\0\0")
        if peer_goes:
            peer.writer.transport.abort()
        else:
            for number in range(1, 300):
                assert (await next_frame(peer))[1][:2] == number.to_bytes(2, "big")
                assert len(sent) < number + 50
        async with asyncio.timeout(10):
            assert await ended.get() == ("gone" if peer_goes else "all sent")


# --- what is refused ---


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["POST /ws HTTP/1.1", *UPGRADE[1:]], "400 Bad Request"),
        ([*UPGRADE[:4], "Sec-WebSocket-Version: 8", UPGRADE[5]], "426 Upgrade Required"),
        (UPGRADE[:5], "400 Bad Request"),
        ([*UPGRADE[:5], "Sec-WebSocket-Key: short"], "400 Bad Request"),
    ],
    ids=["not GET", "an old version", "no key", "a bad key"],
)
@on_both_loops
async def test_broken_handshakes(lines: list[str], status: str) -> None:
    async with serving(echo) as served:
        peer = await served.request(*lines)
        head = await answer(peer)
        assert head.startswith(f"HTTP/1.1 {status}\r\n")
        assert ("sec-websocket-version: 13" in head) is status.startswith("426")
        assert await gone(peer) == b""


@on_both_loops
async def test_who_talks_before_being_answered_is_dropped() -> None:
    asked = asyncio.Event()

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        asked.set()
        assert (await receive())["code"] == 1006

    async with serving(endpoint) as served:
        peer = await served.request(*UPGRADE)
        async with asyncio.timeout(10):
            await asked.wait()
        peer.send(masked(TEXT, b"hurry up"))
        assert await gone(peer) == b""


def refusing(*messages: dict[str, Any]) -> Endpoint:
    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return endpoint


START = {"type": "websocket.http.response.start", "status": 429, "headers": [(b"retry-after", b"5")]}
BODY = {"type": "websocket.http.response.body", "body": b"slow down"}


@pytest.mark.parametrize(
    ("endpoint", "status", "body"),
    [
        (refusing({"type": "websocket.close"}), "403 Forbidden", b""),
        (refusing(START, BODY), "429 Too Many Requests", b"slow down"),
        (refusing(START | {"status": 499}, BODY), "499 ", b"slow down"),
        (refusing(START, {"type": BODY["type"]}), "429 Too Many Requests", b""),
        (refusing(), "500 Internal Server Error", b""),
        (refusing(BODY), "500 Internal Server Error", b""),
        (refusing(START, BODY | {"more_body": True}), "500 Internal Server Error", b""),
        (refusing({"type": "websocket.nonsense"}), "500 Internal Server Error", b""),
    ],
    ids=["closed", "with an answer", "own status", "no body", "returned", "no status", "in parts", "nonsense"],
)
@on_both_loops
async def test_what_becomes_of_handshakes_the_endpoint_does_not_accept(
    endpoint: Endpoint, status: str, body: bytes
) -> None:
    async with serving(endpoint) as served:
        peer = await served.request(*UPGRADE)
        head = await answer(peer)
        assert head.startswith(f"HTTP/1.1 {status}\r\n")
        assert f"content-length: {len(body)}\r\n" in head
        assert ("retry-after: 5" in head) is (status[0] == "4" and "403" not in status)
        assert await gone(peer) == body


@on_both_loops
async def test_an_endpoint_that_fails_closes_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.nonsense"})

    async with serving(endpoint) as served:
        peer = await served.connect()
        assert await next_frame(peer) == (CLOSE, close_frame(1011, "internal")[2:])
    assert "A WebSocket endpoint failed" in caplog.text


@pytest.mark.parametrize(
    "data",
    [
        masked(TEXT, b"\xff"),
        masked(TEXT, b"x" * 70_000),
        masked(CLOSE, b"\x03"),
        masked(CLOSE, (1005).to_bytes(2, "big")),
        b"\x81\x01x",
    ],
    ids=["not UTF-8", "too long", "half a code", "a code nobody may send", "not masked"],
)
@on_both_loops
async def test_who_breaks_the_format_is_told_and_closed(data: bytes) -> None:
    async with serving(echo) as served:
        peer = await served.connect()
        peer.send(data)
        opcode, payload = await next_frame(peer)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, BAD_FRAME)
        peer.send(masked(CLOSE, payload[:2]))
        assert await gone(peer) == b""


@on_both_loops
async def test_who_does_not_answer_a_close_frame_is_dropped() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket_protocol, "CLOSE_SECONDS", 0.05)
        async with serving(refusing(ACCEPT)) as served:
            peer = await served.connect()
            assert await next_frame(peer) == (CLOSE, b"\x03\xe8")
            assert await gone(peer) == b""


# --- the server stops ---


@on_both_loops
async def test_stopping_closes_what_is_open_and_refuses_what_is_not_answered_yet() -> None:
    asked = asyncio.Event()

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        if scope["query_string"] != b"wait":
            await send(ACCEPT)
        else:
            asked.set()
        assert (await receive())["type"] == "websocket.disconnect"

    async with serving(endpoint) as served:
        accepted = await served.connect()
        waiting = await served.request("GET /?wait HTTP/1.1", *UPGRADE[1:])
        async with asyncio.timeout(10):
            await asked.wait()
        served.server.should_exit = True
        assert (await answer(waiting)).startswith("HTTP/1.1 503 ")
        assert await next_frame(accepted) == (CLOSE, close_frame(1001, "going_away")[2:])
        accepted.send(masked(CLOSE, b"\x03\xe9"))
        assert await gone(accepted) == b""


# --- handing over ---


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Any] = asyncio.Queue()

    def on_message(self, payload: bytes, *, binary: bool) -> None:
        self.said.put_nowait((BINARY if binary else TEXT, payload))

    def on_too_long(self) -> None:
        self.said.put_nowait("too long")

    def on_overhead(self, frames: int) -> None:
        self.said.put_nowait(("overhead", frames))

    def on_closing(self) -> None:
        self.said.put_nowait("closing")

    def on_shutdown(self) -> None:
        self.said.put_nowait("shutdown")

    def on_full(self) -> None:
        self.said.put_nowait("full")

    def on_drained(self) -> None:
        self.said.put_nowait("drained")

    def on_lost(self) -> None:
        self.said.put_nowait("lost")

    async def next(self) -> Any:
        async with asyncio.timeout(10):
            return await self.said.get()


@on_both_loops
async def test_who_takes_over_gets_what_came_before_and_all_that_follows() -> None:
    heard, protocols = Heard(), []

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await stopped_reading(scope)
        protocol: SocketProtocol = scope["extensions"][EXTENSION]["protocol"]
        protocols.append(protocol)
        protocol.hand_over(heard, limit=100)

    async with serving(endpoint) as served:
        peer = await served.connect()
        many = [b"%d" % number for number in range(50)]  # more than an endpoint may leave unreceived
        peer.send(b"".join(masked(TEXT, text) for text in many) + masked(BINARY, b"\x00"))
        peer.send(masked(PING, b"read?"))
        peer.send(masked(TEXT, b"x" * 200)[:20])
        assert [await heard.next() for _ in many] == [(TEXT, text) for text in many]
        assert await heard.next() == (BINARY, b"\x00")
        assert await heard.next() == ("overhead", 1)
        assert await next_frame(peer) == (PONG, b"read?")
        peer.send(masked(TEXT, b"x" * 200)[20:])
        assert await heard.next() == ("overhead", 1)  # the head of what is thrown away
        assert await heard.next() == "too long"  # the limit holds for a message that had begun
        peer.send(masked(TEXT, b"x" * 126))
        assert await heard.next() == "too long"
        [protocol] = protocols
        was_open = protocol.is_open
        protocol.ping()
        assert await next_frame(peer) == (PING, b"")
        protocol.close(4321, "enough")
        assert await heard.next() == "closing"
        assert (was_open, protocol.is_open) == (True, False)
        protocol.close(4322)
        protocol.ping()
        assert await next_frame(peer) == (CLOSE, b"\x10\xe1enough")
        peer.send(masked(TEXT, b"not heard any more") + masked(CLOSE, b"\x10\xe1"))
        assert await gone(peer) == b""
        assert await heard.next() == "lost"
        assert protocol.unsent_bytes == 0
        protocol.close(4323)
    assert heard.said.empty()


@on_both_loops
async def test_who_takes_over_a_full_connection_is_told_so() -> None:
    heard, protocols = Heard(), []

    async def endpoint(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        protocol: SocketProtocol = scope["extensions"][EXTENSION]["protocol"]
        sending = asyncio.ensure_future(send({"type": "websocket.send", "bytes": bytes(8_000_000)}))
        await asyncio.sleep(0)
        protocol.hand_over(heard)
        protocols.append(protocol)
        sending.cancel()

    async with serving(endpoint) as served:
        peer = await served.connect(receive_buffer=4096)
        assert await heard.next() == "full"
        [protocol] = protocols
        assert protocol.unsent_bytes > 1_000_000
        peer.send(masked(PING, b"no answer, you do not read"))
        assert await heard.next() == ("overhead", 1)
        assert await next_frame(peer) == (BINARY, bytes(8_000_000))
        assert await heard.next() == "drained"
        peer.send(masked(PING, b"now?"))
        assert await next_frame(peer) == (PONG, b"now?")

"""Limits of raw HTTP connections: size and time of heads, time of bodies, how many there are."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.loops import on_both_loops
from tests.support.playground import Playground, playground
from tests.support.rawsocket import raw_peer

from mythgate.doors.http import http_protocol as module
from mythgate.doors.http.http_protocol import HttpLimits, HttpProtocol, http_protocol

GET = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n"


async def answer(ground: Playground, *parts: bytes) -> bytes:
    """All that comes back until the server closes. Each part after the first follows on what came back before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
    received = b""
    try:
        async with asyncio.timeout(10):
            for number, part in enumerate(parts):
                if number:
                    received += await reader.read(65536)
                writer.write(part)
            try:
                while data := await reader.read(65536):
                    received += data
            except ConnectionResetError:  # it closed while more was coming in
                pass
            return received
    finally:
        writer.close()


async def nobody_is_left(http: type[HttpProtocol]) -> None:
    async with asyncio.timeout(5):
        while http.sockets.open:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)
    assert not http.sockets._waiting
    assert not http.sockets._addresses


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        GET + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        GET + b"X: " + b"a" * 200_000,
        GET + b"a: b\r\n" * 12_000 + b"\r\n",
        GET + b"a: b\r\n" * 30_000,
        b"\r\n" * 40_000,
        GET + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"a: b\r\n" * 30_000,
    ],
    ids=["address", "header", "endless header", "headers", "endless headers", "empty lines", "trailers"],
)
@on_both_loops
async def test_heads_have_a_size(head: bytes) -> None:
    http = http_protocol(HttpLimits())
    async with playground(http=http) as ground:
        reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
        for start in range(0, len(head), 4096):
            writer.write(head[start : start + 4096])
        status = await reader.readline()
        assert status.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 404 ")), status
        if b"chunked" not in head:
            assert status.startswith(b"HTTP/1.1 431 ")
            assert http.sockets.too_large == 1
        writer.close()
        await nobody_is_left(http)


@on_both_loops
async def test_an_ordinary_request_with_a_large_body_is_served_again_and_again() -> None:
    http = http_protocol(HttpLimits())
    async with playground(http=http) as ground:
        body = b"x" * 300_000
        request = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nX: %b\r\nContent-Length: %d\r\n\r\n" % (
            b"a" * 60_000,
            len(body),
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
        for _ in range(3):
            writer.write(request + body)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 404 "), head
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()
        await nobody_is_left(http)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((), b"408"),
        ((GET,), b"408"),
        ((GET + b"\r\n", b"\r\n"), b"404"),
        ((b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfive!",), b"404"),
    ],
    ids=["nothing", "half a head", "an empty line after a request", "half a body"],
)
@on_both_loops
async def test_who_does_not_finish_is_closed(
    monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...], status: bytes
) -> None:
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.01)
    http = http_protocol(HttpLimits(head_within=0.1, body_within=0.1))
    async with playground(http=http) as ground:
        received = await answer(ground, *parts)
        assert received.startswith(b"HTTP/1.1 " + status), received
        assert http.sockets.late == 1
        await nobody_is_left(http)


@on_both_loops
async def test_connections_of_an_address_are_limited() -> None:
    http = http_protocol(HttpLimits(connections_per_address=2))
    async with playground(http=http) as ground:
        peer = await raw_peer(ground.port, "/api/ws?session_id=session-ann", "t:ann")  # counts, upgraded too
        _, held = await asyncio.open_connection("127.0.0.1", ground.port)
        assert await answer(ground, GET + b"\r\n") == b""
        assert http.sockets.refused == 1
        held.close()
        peer.close()
        await nobody_is_left(http)
        assert (await answer(ground, GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 404 ")


@on_both_loops
async def test_proxies_are_limited_only_together_with_all() -> None:
    http = http_protocol(HttpLimits(connections=3, connections_per_address=1, unlimited={"127.0.0.1"}))
    async with playground(http=http) as ground:
        held = [(await asyncio.open_connection("127.0.0.1", ground.port))[1] for _ in range(3)]
        assert await answer(ground, GET + b"\r\n") == b""
        for writer in held:
            writer.close()
        await nobody_is_left(http)

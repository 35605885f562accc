"""The load generator of the metaserver door, as a process: Aleph One guests in one lobby, who talk.

`python -m benchmarks.lobbyload PORT` takes orders as JSON lines on standard input, as `benchmarks.load` does:

    {"do": "connect", "count": 200}              → {"connected": 200, "seconds": 0.5}
    {"do": "send", "rate": 100, "seconds": 1}    → {"sent": …, "received": …, "seconds": …}
    {"do": "latencies"}                          → {"p50": …, "p99": …, "max": …} in µs since the last time asked
"""

from __future__ import annotations

import array
import asyncio
import json
import re
import struct
import sys
import time
from typing import Any, Final

import uvloop

from benchmarks.load import Tally, quantiles

HEADER: Final = struct.Struct(">Hhi")
SIGNATURE: Final = 0xDEAD
ROOM_LIST, SUCCESS, LOGIN_OK, ACCEPT, LOGIN, ROOM_LOGIN, PLAYER_DATA, VERSIONS, CHAT, KEEPALIVE = (
    0, 7, 9, 12, 100, 101, 103, 115, 200, 202,
)  # fmt: skip
CHAT_HEAD: Final = struct.pack(">Hh", SIGNATURE, CHAT)
_STAMP: Final = re.compile(rb"t=(\d{19})")
CONNECTING_AT_ONCE: Final = 32
DRAIN_SECONDS: Final = 1.0


def packet(packet_type: int, payload: bytes = b"") -> bytes:
    """One packet."""
    return HEADER.pack(SIGNATURE, packet_type, HEADER.size + len(payload)) + payload


def appearance(name: str) -> bytes:
    """How a guest looks: 38 bytes, the name, an empty team."""
    return (
        struct.pack(">BBh", 0, 0, 0)
        + bytes(16)
        + struct.pack(">hhh", -1, 5000, 0)
        + bytes(12)
        + name.encode()
        + b"\0\0"
    )


def chat(words: bytes) -> bytes:
    """Something said aloud; the server fills in by whom."""
    return packet(CHAT, bytes(24) + b"\0" + words + b"\0")


class Guest(asyncio.Protocol):
    """One player in the lobby. What is heard is only searched, not parsed."""

    def __init__(self, tally: Tally, token: bytes, name: str, entered: asyncio.Future[None]) -> None:
        self.tally = tally
        self._hello = packet(ROOM_LOGIN, token + b"guest\0") + packet(PLAYER_DATA, appearance(name))
        self._entered = entered
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport: Any = transport
        self.transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        if not self._entered.done():
            self._head += data
            if len(self._head) >= HEADER.size:
                if HEADER.unpack_from(self._head)[1] != LOGIN_OK:
                    self._entered.set_exception(RuntimeError("refused by the lobby"))
                else:
                    self._entered.set_result(None)
            return
        tally = self.tally
        tally.deliveries += data.count(CHAT_HEAD)
        now = time.monotonic_ns()
        for stamp in _STAMP.findall(data):
            sent = int(stamp)
            if sent >= tally.stamped_from:
                tally.latencies.append(now - sent)
        if len(data) == HEADER.size and HEADER.unpack(data)[1] == KEEPALIVE:
            self.transport.write(packet(KEEPALIVE))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._entered.done():
            self._entered.set_exception(exc or ConnectionResetError("closed by the lobby"))


class LobbyLoad:
    """All guests of one server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.tally = Tally()
        self.guests: list[Guest] = []

    async def log_in(self, name: str) -> tuple[bytes, int]:
        """The token, and the port of the lobby."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        looks = appearance(name)
        head = struct.pack(">hhiihh", 1, 0, 1, 0, 1, len(looks))
        texts = b"".join(text.ljust(32, b"\0") for text in (b"MARATHON", b"Mar  5 2024", b"12:00:00", b"guest"))
        writer.write(packet(LOGIN, head + texts + looks))
        token = b""
        while True:
            _, packet_type, length = HEADER.unpack(await reader.readexactly(HEADER.size))
            payload = await reader.readexactly(length - HEADER.size)
            if packet_type == ACCEPT:
                writer.write(packet(VERSIONS, struct.pack(">4i", 1, 2, 3, 0)))
            elif packet_type == SUCCESS:
                token = payload[8:40]
            elif packet_type == ROOM_LIST:
                writer.close()
                return token, struct.unpack_from(">H", payload, 8)[0]

    async def connect(self, count: int) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
        begun = time.perf_counter()
        first = len(self.guests)

        async def one(number: int) -> Guest:
            async with gate:
                name = f"Guest {number}"
                token, port = await self.log_in(name)
                entered: asyncio.Future[None] = loop.create_future()
                _, guest = await loop.create_connection(
                    lambda: Guest(self.tally, token, name, entered), "127.0.0.1", port
                )
                await entered
                return guest

        self.guests += await asyncio.gather(*(one(first + number) for number in range(count)))
        return {"connected": len(self.guests), "seconds": time.perf_counter() - begun}

    async def send(self, rate: float, seconds: float) -> dict[str, Any]:
        """`rate` lines a second in all, everybody in turn."""
        tally = self.tally
        tally.deliveries = 0
        tally.stamped_from = time.monotonic_ns()
        begun = time.monotonic()
        sent = 0
        while (elapsed := time.monotonic() - begun) < seconds:
            while sent < int(elapsed * rate):
                words = f"t={time.monotonic_ns():019d} and some words that people say"
                self.guests[sent % len(self.guests)].transport.write(chat(words.encode()))
                sent += 1
            await asyncio.sleep(0.001)
        ended = time.monotonic()
        expected = -1
        while time.monotonic() < ended + DRAIN_SECONDS and tally.deliveries != expected:
            expected = tally.deliveries
            await asyncio.sleep(0.1)
        return {"sent": sent, "seconds": ended - begun, "received": tally.deliveries}

    def latencies(self) -> dict[str, Any]:
        found, self.tally.latencies = self.tally.latencies, array.array("q")
        return quantiles(found)


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    load = LobbyLoad(port)
    while line := await reader.readline():
        order = json.loads(line)
        match order.pop("do"):
            case "connect":
                answer = await load.connect(**order)
            case "send":
                answer = await load.send(**order)
            case _:
                answer = load.latencies()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))

"""The load generator, as a process: many connections, messages at a steady rate, deliveries counted cheaply.

Orders come as JSON lines on standard input, one answer a line goes to standard output:

    {"do": "connect", "count": 1024}            → {"connected": 1024, "seconds": 0.8, "frame_bytes": 470}
    {"do": "send", "rate": 625, "seconds": 5}   → {"sent": …, "received": …, "seconds": …}
    {"do": "report", "rate": 625, "seconds": 5} → the same with positions instead of talk
    {"do": "listen", "seconds": 5}              → the same, without sending
    {"do": "walk", "seconds": 5}                → {"commands": …, "seconds": …}: each walks to and fro, step by step
    {"do": "watch", "rate": 1000, "seconds": 5} → {"moves": …, "seen": …, "p50": …, "p99": …, "max": …}: all talk, one
                                                  of each room walks; µs from a step to each who sees it
    {"do": "latencies"}                         → {"p50": …, "p99": …, "max": …} in µs since the last time asked
"""

from __future__ import annotations

import array
import asyncio
import gc
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import uvloop

from mythgate.wire.websocket import unmask

DELIVERY: Final = b'"chat_message"'
POSITION: Final = b'"position_update"'
ANSWER: Final = b'"command_response"'
LEFT: Final = b'"player_left"'
ENTERED: Final = b'"player_entered"'
_STAMP: Final = re.compile(rb'"message":"t=(\d{19})')
_MASK: Final = b"\x11\x22\x33\x44"
PING: Final = b"\x89\x00"  # stands nowhere else in what we are sent
PONG: Final = b"\x8a\x80" + _MASK
CONNECTING_AT_ONCE: Final = 64
ROOM: Final = 32
STEP_EVERY: Final = 0.5  # seconds between two steps of one walker who is watched
DRAIN_SECONDS: Final = 1.0


class Tally:
    """What all connections together received in one phase."""

    def __init__(self) -> None:
        self.deliveries = 0
        self.delivery = DELIVERY  # what counts as one
        self.latencies = array.array("q")  # nanoseconds
        self.stamped_from = 0  # messages stamped earlier belong to another phase
        self.frame_bytes = 0
        self.stepped: dict[int, int] = {}  # by room: when somebody there was told to step, in nanoseconds
        self.sightings = array.array("q")  # nanoseconds


class Connection(asyncio.Protocol):
    """One player. Everything received is only searched, not parsed."""

    __slots__ = ("_on_open", "_open", "_request", "_tail", "answered", "room", "tally", "transport")

    def __init__(self, request: bytes, tally: Tally, room: int, on_open: Callable[[], None]) -> None:
        self._request = request
        self._on_open = on_open
        self._open = False
        self._tail = b""
        self.answered: asyncio.Future[None] | None = None  # of somebody who walks
        self.room = room
        self.tally = tally

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._open:
            # The first frame after the upgrade says that we are in.
            self._tail += data
            if b"101" in self._tail and b"\r\n\r\n" in self._tail and not self._tail.endswith(b"\r\n\r\n"):
                self._open = True
                self._tail = b""
                self._on_open()
            return
        if PING in data:
            self.transport.write(PONG)
            data = data.replace(PING, b"")
            if not data:
                return
        if self._tail:
            data = self._tail + data
            self._tail = b""
        if data[-1] != 0x7D:  # not at the end of an envelope: keep what may be half a stamp
            cut = data.rfind(b"}") + 1
            data, self._tail = data[:cut], data[cut:]
        if self.answered is not None:
            if ANSWER in data and not self.answered.done():
                self.answered.set_result(None)
            return
        tally = self.tally
        tally.deliveries += data.count(tally.delivery)
        now = time.monotonic_ns()
        if tally.stepped and (LEFT in data or ENTERED in data):
            tally.sightings.append(now - tally.stepped[self.room])
        for stamp in _STAMP.findall(data):
            sent = int(stamp)
            if sent >= tally.stamped_from:
                tally.latencies.append(now - sent)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open = False
        self._on_open()


def request(number: int, port: int, token: str) -> bytes:
    """The upgrade request of one player."""
    return (
        f"GET /api/ws?session_id=bench-session-{number} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Sec-WebSocket-Protocol: bearer, {token}\r\n\r\n"
    ).encode()


def command(name: str, *args: str) -> bytes:
    """A masked frame with a command."""
    return frame({"command": name, "args": args, "timestamp": "2026-01-01T00:00:00Z"})


def position(number: int) -> bytes:
    """A masked frame with where somebody is who walks about in a room."""
    where = [round(number * step % 20, 2) for step in (0.37, 0.53, 0.01)]
    return frame({"type": "position", "data": {"position": where, "velocity": [1.5, -0.5, 0.0]}})


def frame(message: dict[str, Any]) -> bytes:
    payload = json.dumps(message).encode()
    length = len(payload)
    head = bytes((0x81, 0x80 | length)) if length < 126 else b"\x81\xfe" + length.to_bytes(2, "big")
    return head + _MASK + unmask(payload, _MASK)


class Load:
    """All connections to one server."""

    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        self.port = port
        self.tokens = tokens
        self.tally = Tally()
        self.connections: list[Connection] = []

    async def connect(self, count: int) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
        begun = time.perf_counter()
        first = len(self.connections)

        async def one(number: int) -> Connection:
            async with gate:
                opened: asyncio.Future[None] = loop.create_future()
                _, protocol = await loop.create_connection(
                    lambda: Connection(
                        request(first + number, self.port, self.tokens[first + number] if self.tokens else "floor"),
                        self.tally,
                        (first + number) // ROOM,
                        lambda: None if opened.done() else opened.set_result(None),
                    ),
                    "127.0.0.1",
                    self.port,
                )
                await opened
                return protocol

        self.connections += await asyncio.gather(*(one(number) for number in range(count)))
        gc.collect()
        gc.freeze()
        return {"connected": len(self.connections), "seconds": time.perf_counter() - begun}

    async def send(self, rate: float, seconds: float, *, positions: bool = False) -> dict[str, Any]:
        """`rate` messages a second in all, every connection in turn: talk, or `positions`."""
        tally = self._new_phase()
        tally.delivery = POSITION if positions else DELIVERY
        connections = self.connections
        begun = time.monotonic()
        sent = 0
        while (elapsed := time.monotonic() - begun) < seconds:
            due = int(elapsed * rate)
            while sent < due:
                if positions:
                    message = position(sent)
                else:
                    stamp = f"t={time.monotonic_ns():019d} and some words that people say to each other"
                    message = command("say", stamp)
                # A stride spreads consecutive speakers over the rooms.
                connections[sent * 37 % len(connections)].transport.write(message)
                sent += 1
            await asyncio.sleep(0.001)
        ended = time.monotonic()
        deadline = ended + DRAIN_SECONDS
        expected = -1
        while time.monotonic() < deadline and tally.deliveries != expected:
            expected = tally.deliveries
            await asyncio.sleep(0.1)
        return {"sent": sent, "seconds": ended - begun, "received": tally.deliveries}

    async def listen(self, seconds: float) -> dict[str, Any]:
        tally = self._new_phase()
        begun = time.monotonic()
        await asyncio.sleep(seconds)
        return {"sent": 0, "seconds": time.monotonic() - begun, "received": tally.deliveries}

    async def walk(self, seconds: float) -> dict[str, Any]:
        """Everybody goes east, then west, and so on; each sends the next step when the last was answered."""
        self._new_phase()
        loop = asyncio.get_running_loop()
        steps = (command("east"), command("west"))
        begun = time.monotonic()
        done = 0

        async def one(connection: Connection) -> None:
            nonlocal done
            taken = 0
            while time.monotonic() - begun < seconds or taken % 2:
                connection.answered = loop.create_future()
                connection.transport.write(steps[taken % 2])
                await connection.answered
                taken += 1
            done += taken

        await asyncio.gather(*(one(connection) for connection in self.connections))
        for connection in self.connections:
            connection.answered = None
        return {"commands": done, "seconds": time.monotonic() - begun}

    async def watch(self, rate: float, seconds: float) -> dict[str, Any]:
        """All talk as in `send`; the first of each room steps out and in again meanwhile, and the others see it."""
        tally = self.tally
        loop = asyncio.get_running_loop()
        walkers = self.connections[::ROOM]
        steps = (command("east"), command("west"))
        taken = 0
        ends = loop.time() + seconds

        async def one(walker: Connection) -> None:
            nonlocal taken
            own = 0
            await asyncio.sleep(walker.room * STEP_EVERY / len(walkers))
            while loop.time() < ends or own % 2:
                tally.stepped[walker.room] = time.monotonic_ns()
                walker.transport.write(steps[own % 2])
                own += 1
                await asyncio.sleep(STEP_EVERY)
            taken += own

        await asyncio.gather(self.send(rate, seconds + STEP_EVERY), *map(one, walkers))
        tally.stepped.clear()
        found, tally.sightings = tally.sightings, array.array("q")
        return {"moves": taken, "seen": len(found), **quantiles(found)}

    def _new_phase(self) -> Tally:
        tally = self.tally
        tally.deliveries = 0
        tally.stamped_from = time.monotonic_ns()
        return tally

    def latencies(self) -> dict[str, Any]:
        found, self.tally.latencies = self.tally.latencies, array.array("q")
        return quantiles(found)


def quantiles(nanoseconds: Sequence[int]) -> dict[str, float]:
    """In µs; nothing of nothing."""
    ordered = sorted(nanoseconds)
    if not ordered:
        return {}
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000, 1)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


async def main(port: int, tokens: Sequence[str]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    load = Load(port, tokens)
    while line := await reader.readline():
        order = json.loads(line)
        match order.pop("do"):
            case "connect":
                answer = await load.connect(**order)
            case "send":
                answer = await load.send(**order)
            case "report":
                answer = await load.send(**order, positions=True)
            case "walk":
                answer = await load.walk(**order)
            case "watch":
                answer = await load.watch(**order)
            case "latencies":
                answer = load.latencies()
            case _:
                answer = await load.listen(**order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_text().split() if len(sys.argv) > 2 else ()))

"""One server under test, as a process: says where it is, serves, ends when its standard input does.

python -m benchmarks.server {floor|mythgate} [--merge-ms N] [--room N] [--players N] [--internal RATE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from benchmarks.floor import FloorProtocol, FloorRooms
from benchmarks.world import MERGE_MS, populate, settings
from mythgate import telemetry
from mythgate.bootstrap import Node, open_doors, open_node, spare_the_collector
from mythgate.domain.events import ChatMessage, event_of
from mythgate.domain.ids import AccountId, CharacterId, room_topic


async def _until_told(source: Source) -> None:
    """Reads orders: `go` and `halt` turn the internal source on and off, the end of input ends the server."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip() == b"go":
            source.go()
        else:
            source.halt()


def _say_where(port: int, tokens: str = "", lobby_port: int = 0) -> None:
    sys.stdout.write(json.dumps({"port": port, "tokens": tokens, "lobby_port": lobby_port}) + "\n")
    sys.stdout.flush()


class Source:
    """Calls `tell(0)`, `tell(1)`, … `per_second` times a second, between `go` and `halt`.

    It is in what is measured, of the floor as of Mythgate, so it is no more than a timer that calls.
    """

    def __init__(self, per_second: float, tell: Callable[[int], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._per_second = per_second
        self._tell = tell
        self._told = 0
        self._goes = False

    def go(self) -> None:
        if not self._goes and self._per_second:
            self._goes = True
            self._begun, self._before = self._loop.time(), self._told
            self._next()

    def halt(self) -> None:
        self._goes = False

    def _next(self) -> None:
        self._loop.call_at(self._begun + (self._told - self._before + 1) / self._per_second, self._call)

    def _call(self) -> None:
        if self._goes:
            self._tell(self._told)
            self._told += 1
            self._next()


async def floor(room_size: int, frame_bytes: int, internal: float) -> None:
    """Serve the floor."""
    rooms = FloorRooms(room_size, frame_bytes)
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = await loop.create_server(lambda: FloorProtocol(rooms), sock=listener)
    spare_the_collector()
    _say_where(listener.getsockname()[1])
    await _until_told(Source(internal, lambda number: rooms.tell(rooms.rooms[number % len(rooms.rooms)])))
    server.close()


async def mythgate(room_size: int, stride: int, players: int, merge_window: float, internal: float) -> None:
    """Serve a whole node: world, SQLite, sessions, every command."""
    telemetry.configure("error")
    with tempfile.TemporaryDirectory(prefix="mythgate-bench-") as temporary:
        folder = Path(temporary)
        rooms = -(-players // room_size) * stride
        async with open_node(settings(folder, rooms, merge_window)) as node:
            tokens = folder / "tokens"
            tokens.write_text("\n".join(await populate(node, players, room_size, stride)))
            listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
            async with open_doors(node, listener) as doors:
                spare_the_collector()
                assert doors.metaserver is not None
                _say_where(listener.getsockname()[1], str(tokens), doors.metaserver.login_port)
                await _until_told(Source(internal, _talker(node)))


def _talker(node: Node) -> Callable[[int], None]:
    """A line of talk in one room after the other, given to the hub without any client asking."""
    topics = [room_topic(room_id) for room_id in node.services.world.world.rooms]
    speaker = CharacterId("0197e0a0-0000-7000-8000-000000000000")
    account = AccountId("somebody")

    def talk(number: int) -> None:
        words = f"t={time.monotonic_ns():019d} and some words that people say to each other"
        now = node.clock.now()
        told = ChatMessage(speaker, "say", speaker, "Somebody", words, "Somebody says: " + words, now)
        topic = topics[number % len(topics)]
        node.hub.publish(topic, event_of(told, now, room_id=topic[5:], player_id=speaker, sender=account))

    return talk


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("floor", "mythgate"))
    parser.add_argument("--merge-ms", type=float, default=MERGE_MS)
    parser.add_argument("--room", type=int, default=32)
    parser.add_argument("--stride", type=int, default=1, help="rooms from one group of players to the next")
    parser.add_argument("--players", type=int, default=0)
    parser.add_argument("--frame-bytes", type=int, default=480)
    parser.add_argument("--internal", type=float, default=0.0, help="messages a second made by the server itself")
    options = parser.parse_args()
    work = (
        floor(options.room, options.frame_bytes, options.internal)
        if options.kind == "floor"
        else mythgate(options.room, options.stride, options.players, options.merge_ms / 1000, options.internal)
    )
    uvloop.run(work)


if __name__ == "__main__":
    main()

"""One server under test, as a process: says its port, serves, ends when its standard input does.

python -m benchmarks.server {floor|mythgate} [--merge-ms N] [--room N] [--internal RATE]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import socket
import sys

import uvicorn
import uvloop

from benchmarks.floor import FloorProtocol, FloorRooms
from benchmarks.standin import build, publish_steadily, talk
from mythgate.doors.http.socket_protocol import SocketProtocol


async def _until_told(runs: asyncio.Event) -> None:
    """Reads orders: `go` and `halt` turn the internal source on and off, the end of input ends the server."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip() == b"go":
            runs.set()
        else:
            runs.clear()


def _say_port(listener: socket.socket) -> None:
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()


async def floor(room_size: int, frame_bytes: int, internal: float) -> None:
    """Serve the floor."""
    rooms = FloorRooms(room_size, frame_bytes)
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = await loop.create_server(lambda: FloorProtocol(rooms), sock=listener)
    _say_port(listener)
    runs = asyncio.Event()
    tell = lambda number: rooms.tell(rooms.rooms[number % len(rooms.rooms)])
    publisher = asyncio.create_task(publish_steadily(internal, runs, tell))
    await _until_told(runs)
    publisher.cancel()
    server.close()


async def mythgate(room_size: int, merge_window: float, internal: float) -> None:
    """Serve the real door with the stand-in game."""
    app, game, door = build(room_size, merge_window)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    config = uvicorn.Config(
        app, ws=SocketProtocol, http="httptools", log_level="error", lifespan="off", access_log=False, backlog=4096
    )
    server = uvicorn.Server(config)
    runs = asyncio.Event()
    async with door.running():
        serving = asyncio.create_task(server.serve([listener]))
        _say_port(listener)

        async def tick() -> None:
            while True:
                await asyncio.sleep(1.0)
                game.hub.tick()
                door.tick()

        async def settle() -> None:
            await runs.wait()
            gc.collect()
            gc.freeze()

        publisher = publish_steadily(internal, runs, lambda number: talk(game, number))
        others = [asyncio.create_task(work) for work in (tick(), settle(), publisher)]
        await _until_told(runs)
        for task in others:
            task.cancel()
        server.should_exit = True
        server.force_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(serving, 5)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("floor", "mythgate"))
    parser.add_argument("--merge-ms", type=float, default=10.0)
    parser.add_argument("--room", type=int, default=32)
    parser.add_argument("--frame-bytes", type=int, default=480)
    parser.add_argument("--internal", type=float, default=0.0, help="messages a second made by the server itself")
    options = parser.parse_args()
    work = (
        floor(options.room, options.frame_bytes, options.internal)
        if options.kind == "floor"
        else mythgate(options.room, options.merge_ms / 1000, options.internal)
    )
    uvloop.run(work)


if __name__ == "__main__":
    main()

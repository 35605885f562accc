"""A real server in a process of its own, on a free port, with a data folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from subprocess import STDOUT
from typing import Any

from tests.support.forks import Forked, fork

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0

# One address is everybody here, and talk is cheap.
ROOMY = {
    "MYTHGATE_LIMITS__REGISTRATIONS_PER_ADDRESS": "1000000",
    "MYTHGATE_LIMITS__CONNECTIONS_PER_ADDRESS": "5000",
    "MYTHGATE_LIMITS__COMMANDS_PER_SECOND": "2000",
    "MYTHGATE_LIMITS__COMMAND_BURST": "4000",
}


class RunningServer:
    """One `mythgate serve`. It may be killed and started again on the same port and data folder."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.environment = dict(environment or {})
        self.port = 0
        self.ready: dict[str, Any] = {}
        self.process: Forked | None = None
        self.log = data_dir.parent / f"{data_dir.name}.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    async def start(self) -> None:
        """Start it and wait until it says it is ready."""
        words = ("serve", "--json", "--port", str(self.port), "--data-dir", str(self.data_dir))
        with self.log.open("ab") as log:
            self.process = await fork(*words, cwd=self.data_dir.parent, env=self._environment(), stderr=log.fileno())
        line = await asyncio.wait_for(self.process.stdout.readline(), _START_SECONDS)
        if not line:
            await self.process.wait()
            raise AssertionError(f"the server did not start:\n{self.log.read_text()}")
        self.ready = json.loads(line)
        self.port = int(self.ready["url"].rsplit(":", 1)[1])

    async def run_cli(self, *arguments: str, typed: str = "") -> str:
        """A `mythgate` command on the data of this server, with `typed` as its input; what it printed."""
        words = (*arguments, "--data-dir", str(self.data_dir))
        process = await fork(*words, cwd=self.data_dir.parent, env=self._environment(), stderr=STDOUT)
        output, _ = await process.communicate(typed.encode())
        assert process.returncode == 0, output.decode()
        return output.decode()

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MYTHGATE_")}
        free_ports = {"MYTHGATE_METASERVER__PORT": "0", "MYTHGATE_METASERVER__ROOM_PORT": "0"}
        free_ports["MYTHGATE_SHARDS__PORT"] = free_ports["MYTHGATE_TELNET__PORT"] = "0"
        return inherited | {"MYTHGATE_PASSWORDS__MEMORY_KIB": "64"} | free_ports | self.environment

    async def kill(self) -> None:
        """`kill -9`: no goodbye, no flush."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
                raise AssertionError("the server did not stop within 20 s of SIGTERM") from None
        assert self.process.returncode is not None
        return self.process.returncode


def write_world(folder: Path, *, width: int = 4, height: int = 4, things: int = 0, capacity: int = 1000) -> Path:
    """A world pack without surprises: a grid of rooms with ways between neighbours, nobody who speaks, no
    secrets. Room `r<x>_<y>`; newcomers arrive in `r0_0`. The room in column x, row y has things called
    `token<n>`, n counting from 0 over the whole grid row by row, `things` in each room; no two are alike.
    """
    zones = folder / "zones"
    zones.mkdir(parents=True)
    (folder / "pack.yaml").write_text(
        "id: grid\nname: Grid\nversion: '1.0'\nlicence: Apache-2.0\nauthors: [The Mythgate authors]\n"
        "description: A grid of rooms to test in.\nstart_room: field/r0_0\n"
    )
    lines = ["zone:", "  id: field", "  name: The Field", "  description: A field, ruled like paper.", "rooms:"]
    templates: list[str] = []
    for y in range(height):
        for x in range(width):
            ways = {"east": (x + 1, y), "west": (x - 1, y), "north": (x, y - 1), "south": (x, y + 1)}
            exits = ", ".join(
                f"{direction}: r{a}_{b}" for direction, (a, b) in ways.items() if 0 <= a < width and 0 <= b < height
            )
            lines += [
                f"  r{x}_{y}:",
                f"    name: Square {x} {y}",
                f"    at: [{x}, {y}]",
                f"    capacity: {capacity}",
                f"    description: Grass, cut short. The corner posts say {x} and {y}, and nothing else.",
                f"    exits: {{{exits}}}",
            ]
            if things:
                names = [f"token{n}" for n in range(len(templates), len(templates) + things)]
                templates += names
                lines.append(f"    items: [{', '.join(names)}]")
    if templates:
        lines.append("items:")
        for name in templates:
            lines += [
                f"  {name}:",
                f"    name: {name}",
                f"    summary: A wooden token lies here, marked {name}.",
                "    description: Turned from beech, with a number burnt into it.",
            ]
    (zones / "field.yaml").write_text("\n".join(lines) + "\n")
    return folder


@contextlib.asynccontextmanager
async def running_server(data_dir: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[RunningServer]:
    """A started server; it is killed at the end if the test did not stop it."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    server = RunningServer(data_dir, environment)
    await server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()

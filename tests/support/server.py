"""A real server in a process of its own, on a free port, with a data folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0


class RunningServer:
    """One `mythgate serve`. It may be killed and started again on the same port and data folder."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.environment = dict(environment or {})
        self.port = 0
        self.ready: dict[str, Any] = {}
        self.process: asyncio.subprocess.Process | None = None
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
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MYTHGATE_")}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-c", "from mythgate.cli import main; main()", "serve", "--json", "--port", str(self.port)),
                *("--data-dir", str(self.data_dir)),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=self.data_dir.parent,
                env=inherited | {"MYTHGATE_PASSWORDS__MEMORY_KIB": "64"} | self.environment,
            )
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), _START_SECONDS)
        if not line:
            await self.process.wait()
            raise AssertionError(f"the server did not start:\n{self.log.read_text()}")
        self.ready = json.loads(line)
        self.port = int(self.ready["url"].rsplit(":", 1)[1])

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

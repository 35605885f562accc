"""A real server for the tests of a module, and real programs beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
_PATIENCE_SECONDS: Final = 20.0


def tool(name: str) -> str:
    """Where a program is; the test fails if it is not installed, and says how to get it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        packages = "prometheus, nginx-light, caddy, openssl and systemd"
        pytest.fail(f"{name} is missing: install Debian's packages {packages}, as .ci/run does.")
    return found


@contextlib.asynccontextmanager
async def running(*command: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that is ended by its process id when the block ends; what it said lies in `cwd`."""
    with (cwd / f"{Path(command[0]).name}.out").open("wb") as out:
        homes = {"HOME": str(cwd), "XDG_CONFIG_HOME": str(cwd), "XDG_DATA_HOME": str(cwd)}
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, stdout=out, stderr=out, env=os.environ | homes
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 1)  # some wait long for their visitors to leave
            except TimeoutError:
                process.kill()
                await process.wait()


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask a program of others again and again; nothing else tells when it is ready."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not await holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)

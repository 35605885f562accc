"""Ports for tests that have to know them beforehand."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Final

# Test processes that run beside each other look in ranges of their own.
_RANGE: Final = 2000
_FIRST: Final = 20_000 + _RANGE * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 5)
_held: list[socket.socket] = []


def free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(_FIRST, _FIRST + _RANGE, count):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


def closed_port() -> int:
    """A port nobody listens on, as long as this process lives: it is taken, so that nobody else is given it."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    _held.append(taken)
    port: int = taken.getsockname()[1]
    return port

"""Ports for tests that have to know them beforehand."""

from __future__ import annotations

import contextlib
import socket


def free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(20_000, 30_000, count):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


def closed_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

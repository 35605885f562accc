"""The host proxy: games of hosts that nobody can connect to.

A pair of ports stands in for such a host. Players connect to the first as if it were the host. The host is then
asked (packet 22) to connect to the second, and the two connections become one. It works because the host
connects outward both times. A pair belongs to one game and is closed with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, cast

from mythgate.doors.metaserver.addresses import ipv4

logger = logging.getLogger(__name__)

HOST_WITHIN: Final = 10.0  # seconds for the host to connect once it was asked
MOST_PLAYERS: Final = 32  # connections through one pair
MOST_OF_ADDRESS: Final = 8  # of these, from one address
PAIRS_OF_ADDRESS: Final = 2  # for hosts at one address, this machine aside
TEST_SECONDS: Final = 3.0


async def is_reachable(address: str, port: int) -> bool:
    """Whether somebody listens there and can be connected to from here."""
    try:
        async with asyncio.timeout(TEST_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


class _Side(asyncio.Protocol):
    """One of two connections that are one. Reads nothing until it has its other side."""

    def __init__(self, pair: ProxyPair, *, of_host: bool) -> None:
        self.pair = pair
        self.of_host = of_host
        self.transport: asyncio.Transport
        self.address = ""
        self.other: _Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.pause_reading()
        self.pair.connected(self)

    def join(self, other: _Side) -> None:
        self.other, other.other = other, self
        self.transport.resume_reading()
        other.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.pair.lost(self)
        if self.other is not None:
            self.other.transport.close()


class ProxyPair:
    """Two open ports for one game. `ask_host` is called for every player who waits for the host."""

    def __init__(self, host_address: str, ask_host: Callable[[int], None]) -> None:
        self.host_address = host_address
        self.player_port = 0
        self.host_port = 0
        self._ask_host = ask_host
        self._servers: list[asyncio.Server] = []
        self._sides: set[_Side] = set()
        self._waiting: deque[_Side] = deque()
        self.on_closed: Callable[[], object] = lambda: None

    async def open(self, address: str, first_port: int) -> None:
        """Listen on two ports that follow each other. Raises OSError."""
        loop = asyncio.get_running_loop()
        for port, of_host in ((first_port, False), (first_port + 1, True)):
            try:
                self._servers.append(
                    await loop.create_server(lambda of_host=of_host: _Side(self, of_host=of_host), address, port)  # type: ignore[misc]
                )
            except OSError:
                self.close()
                raise
        self.player_port, self.host_port = first_port, first_port + 1

    def connected(self, side: _Side) -> None:
        """Somebody connected to one of the ports."""
        self._sides.add(side)
        peer = side.transport.get_extra_info("peername")
        side.address = peer[0] if peer else ""
        if side.of_host:
            if not self._waiting or side.address != self.host_address:
                side.transport.abort()
                return
            side.join(self._waiting.popleft())
        elif len(self._sides) > 2 * MOST_PLAYERS or self._players_at(side.address) > MOST_OF_ADDRESS:
            side.transport.abort()
        else:
            self._waiting.append(side)
            asyncio.get_running_loop().call_later(HOST_WITHIN, self._give_up, side)
            self._ask_host(self.host_port)

    def _players_at(self, address: str) -> int:
        return sum(not one.of_host and one.address == address for one in self._sides)

    def _give_up(self, side: _Side) -> None:
        if side in self._waiting:
            side.transport.abort()

    def lost(self, side: _Side) -> None:
        """A connection is gone."""
        self._sides.discard(side)
        if side in self._waiting:
            self._waiting.remove(side)

    def close(self) -> None:
        """End it all."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for side in list(self._sides):
            side.transport.abort()
        self._waiting.clear()
        self.on_closed()


class ProxyPool:
    """The ports that may be used for pairs."""

    def __init__(self, address: str, first_port: int, pairs: int) -> None:
        self._address = address
        self._ports = range(first_port, first_port + 2 * pairs, 2) if first_port else range(0)
        self._taken: dict[int, str] = {}  # for which address

    @property
    def is_open(self) -> bool:
        """Whether there is a proxy at all."""
        return bool(self._ports)

    def _free(self) -> Iterator[int]:
        return (port for port in self._ports if port not in self._taken)

    async def pair_for(self, host_address: str, ask_host: Callable[[int], None]) -> ProxyPair | None:
        """A pair for a host at `host_address`; None if all are taken, or that address has its share."""
        hosts = list(self._taken.values())
        if not ipv4(host_address).is_loopback and hosts.count(host_address) >= PAIRS_OF_ADDRESS:
            return None
        for port in list(self._free()):
            if port in self._taken:
                continue
            self._taken[port] = host_address
            pair = ProxyPair(host_address, ask_host)
            try:
                await pair.open(self._address, port)
            except OSError:
                self._taken.pop(port, None)
                continue
            pair.on_closed = lambda port=port: self._taken.pop(port, None)  # type: ignore[misc]
            return pair
        logger.warning("no port is free for the host proxy")
        return None

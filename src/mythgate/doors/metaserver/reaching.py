"""Reaching the hosts of games from here, as their players do from elsewhere."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from mythgate.domain.errors import ProtocolError
from mythgate.domain.hosting import HostedGame
from mythgate.domain.lobbies import Family, Occupant, Visitor
from mythgate.doors.metaserver.proxy import TEST_SECONDS, is_reachable
from mythgate.services.hosting import HostTest
from mythgate.wire.metaserver.framing import FrameDecoder
from mythgate.wire.metaserver.text import decode_text
from mythgate.wire.metaserver.udp import Ping, decode_ping, encode_ping

if TYPE_CHECKING:
    from mythgate.doors.metaserver.door import MetaserverDoor

logger = logging.getLogger(__name__)

HELLO: Final = 700  # from an Aleph One host to whoever connects: the protocol it speaks, a string
MAX_HELLO_BYTES: Final = 1024
PINGS: Final = 3
PING_SECONDS: Final = 0.35  # until the next one
FIRST_BUILD_WITH_PROXY: Final = 428  # of Myth II


def knows_proxies(visitor: Visitor) -> bool:
    """Whether the client connects to a proxy when it is asked to."""
    build = visitor.build
    return visitor.family is Family.MYTH2 and build.isdecimal() and int(build) >= FIRST_BUILD_WITH_PROXY


class HostReach:
    """Tries hosts, for `services.hosting` (`HostTester`)."""

    def __init__(self, door: MetaserverDoor) -> None:
        self._door = door

    def can_stand_in_for(self, host: Occupant) -> bool:
        return self._door.proxies.is_open and knows_proxies(host.visitor)

    async def test(self, game: HostedGame) -> HostTest:
        """Aleph One's players connect, are greeted, and measure their way with datagrams; Myth's connect."""
        # Commands are begun outside of tasks (`Connection.step`), where timeouts do not work.
        return await asyncio.create_task(self._test(game))

    async def _test(self, game: HostedGame) -> HostTest:
        address, port = game.address, game.port
        if game.family is not Family.MARATHON:
            return HostTest(address, port, await is_reachable(address, port))
        connected, protocol = await greeting_of(address, port)
        answers = await pinged(address, port)
        return HostTest(address, port, connected, protocol, PINGS, tuple(answers))


async def greeting_of(address: str, port: int) -> tuple[bool, str]:
    """Whether an Aleph One host can be connected to, and the protocol it greets with; empty if it greets with none."""
    try:
        async with asyncio.timeout(TEST_SECONDS):
            reader, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False, ""
    decoder = FrameDecoder(MAX_HELLO_BYTES)
    try:
        async with asyncio.timeout(TEST_SECONDS):
            while data := await reader.read(MAX_HELLO_BYTES):
                decoder.receive_data(data)
                if (hello := decoder.next_frame()) is not None:
                    return True, decode_text(hello.payload) if hello.packet_type == HELLO else ""
    except (OSError, TimeoutError, ProtocolError):
        logger.debug("a host does not greet as it should", extra={"address": address, "port": port})
    finally:
        writer.close()
    return True, ""


async def pinged(address: str, port: int) -> list[float]:
    """Seconds until each of `PINGS` datagrams came back; one that does not is left out."""
    loop = asyncio.get_running_loop()
    try:
        transport, pinger = await loop.create_datagram_endpoint(_Pinger, remote_addr=(address, port))
    except OSError:
        return []
    try:
        for identifier in range(1, PINGS + 1):
            pinger.sent[identifier] = loop.time()
            transport.sendto(encode_ping(Ping(identifier)))
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await pinger.came_back(identifier)
            except TimeoutError:
                continue
    finally:
        transport.close()
    return list(pinger.answers.values())


class _Pinger(asyncio.DatagramProtocol):
    """Takes the answers, also late ones."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}
        self.answers: dict[int, float] = {}
        self._news = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        try:
            ping = decode_ping(data)
        except ProtocolError:
            return
        if not ping.is_request and ping.identifier in self.sent and ping.identifier not in self.answers:
            now = asyncio.get_running_loop().time()
            self.answers[ping.identifier] = now - self.sent[ping.identifier]
            self._news.set()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there: as good as no answer."""

    async def came_back(self, identifier: int) -> None:
        while identifier not in self.answers:
            self._news.clear()
            await self._news.wait()

"""`.test` and `.proxy`: hosts find out whether they can be reached, and choose whether the server stands in."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from tests.support.metaserver import House, open_house
from tests.support.metaserver_client import aleph_game, myth_game, packet
from tests.support.ports import closed_port, free_ports

from mythgate.doors.metaserver import reaching

PROTOCOL = "Aleph One WonderNAT V2"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "PING_SECONDS", 0.05)
    monkeypatch.setattr(reaching, "TEST_SECONDS", 0.3)


def crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, bit by bit."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


class Ponger(asyncio.DatagramProtocol):
    """Answers pings as an Aleph One host does; `lost` are those it does not hear."""

    def __init__(self, lost: set[int]) -> None:
        self.lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        magic, checksum, identifier = struct.unpack(">2sHH", data)
        assert magic == b"PQ"
        assert checksum == crc(b"PQ\0\0" + data[4:])
        if identifier in self.lost:
            return
        answer = b"PR\0\0" + data[4:]
        whole = b"PR" + struct.pack(">H", crc(answer)) + data[4:]
        for noise in (b"noise", data, b"PR\0\0\xff\xff", whole, whole):  # once is enough
            self.transport.sendto(noise, addr)


@contextlib.asynccontextmanager
async def game_host(greeting: bytes, *, lost: set[int] | None = None, pongs: bool = True) -> AsyncIterator[int]:
    """A machine that hosts a game; its port."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        if not pongs:
            yield port
            return
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Ponger(lost or set()), local_addr=("127.0.0.1", port)
        )
        try:
            yield port
        finally:
            transport.close()


async def test_a_host_of_alephone_hears_how_it_is_reached(house: House) -> None:
    host = await house.aleph("Host")
    host.chat(".test")
    await host.until_line("You host no game")
    async with game_host(packet(700, PROTOCOL.encode() + b"\0")) as port:
        host.host(aleph_game("Fun"), port=port)
        host.chat(".test")
        line = await host.until_line("Players can connect")
        assert line == f"Players can connect to 127.0.0.1, port {port}; it speaks {PROTOCOL}."
        assert "3 of 3 pings came back, the fastest in " in await host.until_line("pings")
        host.chat(".test")
        await host.until_line("just tried")
    game = house.node.services.hosting.of_host(house.listener_of(host))
    assert game is not None
    assert game.reachable is True


async def test_pings_may_get_lost(house: House) -> None:
    host = await house.aleph("Host")
    async with game_host(packet(700, PROTOCOL.encode() + b"\0"), lost={2}) as port:
        host.host(aleph_game("Fun"), port=port)
        host.chat(".test")
        await host.until_line("2 of 3 pings came back")


@pytest.mark.parametrize("greeting", [b"", b"220 mail.example", packet(701, b"x\0")])
async def test_what_answers_may_be_something_else(house: House, greeting: bytes) -> None:
    host = await house.aleph("Host")
    async with game_host(greeting, pongs=False) as port:
        host.host(aleph_game("Fun"), port=port)
        host.chat(".test")
        await host.until_line("does not host a game")
        await host.until_line("0 of 3 pings came back.")
    game = house.node.services.hosting.of_host(house.listener_of(host))
    assert game is not None
    assert game.reachable is False


@pytest.mark.parametrize("kind", ["aleph", "myth"])
async def test_nobody_may_be_there(house: House, kind: str) -> None:
    host = await getattr(house, kind)("Host")
    port = closed_port()
    host.host(aleph_game("Fun") if kind == "aleph" else myth_game("Fun"), port=port)
    host.chat(".test")
    await host.until_line(f"Nobody answers at 127.0.0.1, port {port}")


async def test_players_of_myth_only_connect(house: House) -> None:
    host = await house.myth("Host")
    async with game_host(b"", pongs=False) as port:
        host.host(myth_game("Fun"), port=port)
        host.chat(".test")
        assert await host.until_line("Players can") == f"Players can connect to 127.0.0.1, port {port}."
    assert not any("pings" in line for line in host.lines)


async def test_a_host_may_want_the_proxy_or_not(tmp_path: Path) -> None:
    first = free_ports(2)
    async with open_house(tmp_path, options={"proxy_port": first, "proxy_pairs": 1}) as house:
        host = await house.myth18("Host", build=431)
        host.chat(".proxy")
        await host.until_line("if nobody can connect to you")
        host.chat(".proxy maybe")
        await host.until_line("proxy [<mode>]")
        host.chat(".proxy on")
        await host.until_line("stands in for every game")
        async with game_host(b"", pongs=False) as port:
            host.host(myth_game("Reachable"), port=port)
            await host.until(lambda: [game.port for game in host.games.values()] == [first])
            host.chat(".test")
            await host.until_line("by way of this server")
            host.remove_game()
            await host.until(lambda: not host.games)
        host.chat(".proxy off")
        await host.until_line("none of your games")
        closed = closed_port()
        host.host(myth_game("Unreachable"), port=closed)
        await host.caught_up()
        assert [game.port for game in host.games.values()] == [closed]
        old = await house.myth18("Old", build=427)
        old.chat(".proxy on")
        await old.until_line("cannot stand in")


async def test_a_game_may_be_gone_when_the_test_is_over(house: House) -> None:
    host = await house.aleph("Host")
    host.host(aleph_game("Fun"), port=closed_port())
    await host.until_game("Fun")
    listener = house.listener_of(host)
    hosting = house.node.services.hosting
    test = asyncio.create_task(hosting.test(listener))
    await asyncio.sleep(0)
    hosting.remove(listener)
    assert not (await test).connected
    assert hosting.of_host(listener) is None

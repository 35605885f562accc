"""Hosts that nobody can connect to: found out, shown, and stood in for."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.metaserver import FALLS, House, open_house, until
from tests.support.metaserver_client import Line, Myth18Client, aleph_game, myth_game, until_nul
from tests.support.ports import closed_port, free_ports

from mythgate.doors.metaserver import room
from mythgate.doors.metaserver.proxy import MOST_OF_ADDRESS, PAIRS_OF_ADDRESS, ProxyPool

ASK = 22


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, options={"proxy_port": free_ports(4), "proxy_pairs": 2}) as house:
        yield house


async def asked(host: Myth18Client) -> tuple[int, str]:
    raw = await host.line.until(ASK)
    assert len(raw) == 66
    return struct.unpack_from(">H", raw)[0], until_nul(raw, 2)[0]


async def test_10_9_a_proxy_stands_in_for_a_host_nobody_can_reach(proxied: House) -> None:
    host = await proxied.myth18("Host", build=431)
    other = await proxied.myth18("Other", build=431)
    closed = closed_port()
    host.host(myth_game("Far"), port=closed)
    await other.until(lambda: any(game.port not in (closed, 0) for game in other.games.values()))
    game = next(iter(other.games.values()))
    assert (game.port, game.verb) == (proxied.door.options.proxy_port, 2)
    host.deaf()  # joiners come while the host plays
    joiner = await Line.open(game.port, game.host)
    joiner.writer.write(b"hello host")
    port, address = await asked(host)
    assert (port, address) == (game.port + 1, "127.0.0.1")
    inner = await Line.open(port, address)
    assert await inner.reader.readexactly(10) == b"hello host"
    inner.writer.write(b"welcome")
    assert await joiner.reader.readexactly(7) == b"welcome"
    big = bytes(range(256)) * 4096
    inner.writer.write(big)
    assert await joiner.reader.readexactly(len(big)) == big
    await joiner.close()
    assert await inner.reader.read() == b""
    host.deaf(0)
    host.host(myth_game("Far", players=2), port=closed)  # stays behind the proxy
    await other.until(lambda: other.games[game.number].description[566] == 2)
    assert other.games[game.number].port == game.port
    host.remove_game()
    await other.until_game("Far", present=False)
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", game.port)
    host.host(myth_game("Again"), port=closed)
    await other.until(lambda: any(one.name == "Again" and one.port == game.port for one in other.games.values()))


async def test_10_9_the_pair_goes_with_the_host(proxied: House) -> None:
    host, other = await proxied.myth18("Host"), await proxied.myth18("Other")
    host.host(myth_game("Far"), port=closed_port())
    await other.until(lambda: any(game.port == proxied.door.options.proxy_port for game in other.games.values()))
    joiner = await Line.open(proxied.door.options.proxy_port)
    host.vanish()
    await other.until_game("Far", present=False)
    assert await joiner.reader.read() == b""


async def test_10_9_a_host_that_can_be_reached_needs_no_proxy(proxied: House) -> None:
    host = await proxied.myth18("Host")
    listener = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    host.host(myth_game("Near"), port=port)
    hosting = proxied.node.services.hosting
    await until(lambda: [game.reachable for game in hosting.games(FALLS)] == [True])
    assert [game.port for game in hosting.games(FALLS)] == [port]
    listener.close()


async def test_10_9_older_builds_are_not_asked_what_they_do_not_know(proxied: House) -> None:
    host = await proxied.myth18("Host", build=427)
    host.host(myth_game("Old"), port=closed_port())
    await host.until_game("Old")
    await host.caught_up()
    hosting = proxied.node.services.hosting
    assert [(game.reachable, game.proxied) for game in hosting.games(FALLS)] == [(None, False)]


async def test_nobody_but_the_host_takes_a_waiting_player(proxied: House) -> None:
    host, other = await proxied.myth18("Host"), await proxied.myth18("Other")
    host.host(myth_game("Far"), port=closed_port())
    await other.until(lambda: any(game.port == proxied.door.options.proxy_port for game in other.games.values()))
    stranger = await Line.open(proxied.door.options.proxy_port + 1)  # nobody waits
    with pytest.raises((EOFError, ConnectionError, asyncio.IncompleteReadError)):
        await stranger.reader.readexactly(1)


async def test_whether_a_host_can_be_reached_is_shown(tmp_path: Path) -> None:
    async with open_house(tmp_path, options={"test_hosts": True}) as house:
        host = await house.aleph("Host")
        host.host(aleph_game("Closed"), port=closed_port())
        hosting = house.node.services.hosting
        await until(lambda: [game.reachable for game in hosting.games()] == [False])
        await host.caught_up()


async def test_one_player_does_not_take_all_places_of_a_game(proxied: House) -> None:
    host, other = await proxied.myth18("Host"), await proxied.myth18("Other")
    host.host(myth_game("Far"), port=closed_port())
    first = proxied.door.options.proxy_port
    await other.until(lambda: any(game.port == first for game in other.games.values()))
    for _ in range(MOST_OF_ADDRESS):
        await Line.open(first)
        await asked(host)
    one_more = await Line.open(first)
    with pytest.raises((EOFError, ConnectionError, asyncio.IncompleteReadError)):
        await one_more.reader.readexactly(1)


async def test_one_address_does_not_take_all_pairs() -> None:
    pool = ProxyPool("127.0.0.1", free_ports(8), 4)
    pairs = [await pool.pair_for("203.0.113.7", lambda port: None) for _ in range(PAIRS_OF_ADDRESS + 1)]
    assert [pair is None for pair in pairs] == [False] * PAIRS_OF_ADDRESS + [True]
    other = await pool.pair_for("203.0.113.8", lambda port: None)
    assert pairs[0] is not None
    pairs[0].close()
    again = await pool.pair_for("203.0.113.7", lambda port: None)
    assert None not in (other, again)
    for pair in (pairs[1], other, again):
        assert pair is not None
        pair.close()


async def test_hosts_are_tried_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announcing and removing games in a row opens no more than one connection at once, and the last one is tried."""
    tried: list[int] = []
    may_end = asyncio.Event()

    async def slowly(address: str, port: int) -> bool:
        tried.append(port)
        await may_end.wait()
        return port == 1005

    monkeypatch.setattr(room, "is_reachable", slowly)
    async with open_house(tmp_path, options={"test_hosts": True}) as house:
        host = await house.aleph("Host")
        for number in range(6):
            host.host(aleph_game(f"G{number}"), port=1000 + number)
            if number < 5:
                host.remove_game()
        await host.caught_up()
        seen = list(tried)
        may_end.set()
        assert seen == [1000]
        hosting = house.node.services.hosting
        await until(lambda: [game.reachable for game in hosting.games()] == [True])
        assert tried == [1000, 1005]

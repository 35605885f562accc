"""Packets of plug-ins: clients of one's own making beside the old ones."""

from __future__ import annotations

import pytest
from tests.support.metaserver import House
from tests.support.metaserver_client import AlephOneClient, Line, Myth18Client

from mythgate.domain.errors import PermissionDenied
from mythgate.domain.styles import plain
from mythgate.services.extensions import PacketCall

ECHO, REFUSE, QUIET, NOBODY = 1000, 1001, 1002, 1003


@pytest.fixture
def calls(house: House) -> list[tuple[int, bytes]]:
    """Three handlers; what they were called with."""
    seen: list[tuple[int, bytes]] = []
    packets = house.node.services.extensions.packets

    async def echo(call: PacketCall) -> bytes | None:
        seen.append((call.packet_type, call.payload))
        return plain(call.actor.name).encode() + b": " + call.payload

    async def refuse(call: PacketCall) -> bytes | None:
        raise PermissionDenied("Not today.")

    async def quiet(call: PacketCall) -> bytes | None:
        seen.append((call.packet_type, call.payload))
        return None

    for number, handler in ((ECHO, echo), (REFUSE, refuse), (QUIET, quiet)):
        packets.add(number, handler)
    return seen


def line_of(client: AlephOneClient | Myth18Client) -> Line:
    assert client.line is not None
    return client.line


async def test_a_packet_is_answered_in_its_own_number(house: House, calls: list[tuple[int, bytes]]) -> None:
    client, other = await house.aleph("Ada"), await house.aleph("Bob")
    line_of(client).write(ECHO, b"\x00\xffhello")
    assert await line_of(client).until(ECHO) == b"Guest Ada: \x00\xffhello"
    line_of(client).write(QUIET)
    await client.caught_up()
    assert calls == [(ECHO, b"\x00\xffhello"), (QUIET, b"")]
    await other.caught_up()
    assert ECHO not in [number for number, _ in line_of(other).received]


async def test_encrypted_clients_have_it_encrypted(house: House, calls: list[tuple[int, bytes]]) -> None:
    await house.account("Ada")
    client = await house.myth18("Ada", "Ada")
    line_of(client).write(ECHO, b"hello")
    assert (await line_of(client).until(ECHO)).endswith(b"Ada: hello")


async def test_a_refusal_is_told_and_the_connection_stays(house: House, calls: list[tuple[int, bytes]]) -> None:
    client = await house.aleph("Ada")
    line_of(client).write(REFUSE)
    await client.until_line("Not today.")
    line_of(client).write(ECHO, b"x")
    assert await line_of(client).until(ECHO)


async def test_what_nobody_handles_is_counted_and_means_nothing(house: House, calls: list[tuple[int, bytes]]) -> None:
    client = await house.aleph("Ada")
    before = house.door.stats.ignored_packets
    line_of(client).write(NOBODY, b"x")
    await client.caught_up()
    assert house.door.stats.ignored_packets == before + 1


async def test_only_who_is_in_a_lobby_is_heard(house: House, calls: list[tuple[int, bytes]]) -> None:
    line = await Line.open(house.port)
    line.write(ECHO, b"x")
    stranger = await Line.open(next(iter(house.door.room_ports.values())))
    stranger.write(ECHO, b"x")
    client = await house.aleph("Ada")
    await client.caught_up()
    assert calls == []

"""Films: what a host of Myth II 1.8 records becomes a file the game can play."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.metaserver import FALLS, RANKED_18, House, until
from tests.support.metaserver_client import myth_game

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.films import FilmRecorder

HEADER = bytes(range(64))


def command(verb: int, data: bytes, time: int = 30) -> bytes:
    return struct.pack(">hbbi", 8 + len(data), verb, 0, time) + data


def read_film(raw: bytes) -> tuple[str, bytes, list[bytes]]:
    """Name, recording header and commands of a film, read as the format is described."""
    identifier, flags, kind, name, group, _subgroup, offset, size, user, version, _, owner, signature = (
        struct.unpack_from(">hbb32s4sIiiIhbb4s", raw)
    )
    assert (identifier, flags, kind, group, user, version, owner, signature) == (0, 0, 0, b"reco", 0, 3, -1, b"mth2")
    assert len(raw) == offset + size
    at = offset + len(HEADER)
    commands: list[bytes] = []
    last = 0
    while not last:
        last, count_bytes, count = struct.unpack_from(">Ihh", raw, at)
        assert 8 + count_bytes <= 2048
        end = at + 8 + count_bytes
        at += 8
        for _ in range(count):
            (length,) = struct.unpack_from(">h", raw, at)
            commands.append(raw[at : at + length])
            at += length
        assert at == end
    assert at == len(raw)
    return name.rstrip(b"\0").decode(), raw[offset : offset + len(HEADER)], commands


async def test_a_film_is_kept(house: House) -> None:
    host = await house.myth18("Host")
    host.host(myth_game("Epic Game"))
    host.start(600)
    sent = [command(1, bytes([number % 256]) * 100) for number in range(300)]
    host.line.write(204, HEADER[:20])
    host.line.write(204, HEADER[20:])
    for one in sent:
        host.line.write(205, one)
        host.line.write(205, command(0, b""))
    host.line.write(206, struct.pack(">i", 36000))
    await host.caught_up()
    films = house.node.services.films
    kept = await films.recent()
    assert [film.host_name for film in kept] == ["Host"]
    assert kept[0].file_name == f"2030_01_01__12_00_00_{host.number}.m2rec"
    _, data = await films.read(kept[0].number)
    name, header, commands = read_film(data)
    assert name == "Epic Game"
    assert header == HEADER[:8] + struct.pack(">i", 36000) + HEADER[12:]
    assert commands == sent


async def test_only_hosts_record_and_only_where_films_are_kept(house: House) -> None:
    await house.account("Alric")
    idle = await house.myth18("Idle", room_id=FALLS)
    host = await house.myth18("Alric", "alric", room_id=RANKED_18)
    host.host(myth_game("G"))
    for client in (idle, host):
        client.line.write(204, HEADER)
        client.line.write(205, command(1, b"x"))
        client.line.write(206, struct.pack(">i", 1))
        await client.caught_up()
    assert not await house.node.services.films.recent()


async def test_a_damaged_film_closes_the_line(house: House) -> None:
    host = await house.myth18("Host")
    host.host(myth_game("G"))
    host.line.write(204, HEADER)
    host.line.write(205, struct.pack(">hbbi", 99, 1, 0, 0))
    await host.line.wait_closed()
    await until(lambda: house.names(FALLS) == [])


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=2032)), max_size=40))
def test_any_commands_come_back(commands: list[tuple[int, bytes]]) -> None:
    recorder = FilmRecorder()
    recorder.header(HEADER)
    for verb, data in commands:
        recorder.command(command(verb, data))
    assert read_film(recorder.finish(5, "x", 7))[2] == [command(verb, data) for verb, data in commands if verb]


def test_films_have_limits() -> None:
    recorder = FilmRecorder(limit=100)
    recorder.header(HEADER)
    with pytest.raises(ProtocolError):
        recorder.command(command(1, bytes(40)))
    with pytest.raises(ProtocolError):
        FilmRecorder().finish(0, "x", 0)
    with pytest.raises(ProtocolError):
        FilmRecorder().command(b"\0")

"""What a genuine Aleph One client once sent, played to our server; the token is the only thing that is ours."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest
from tests.support.metaserver import House, open_house, until
from tests.support.metaserver_client import (
    ACCEPT,
    CHALLENGE,
    CHAT,
    GAMES,
    PLAYERS,
    ROOM_LIST,
    ROOM_LOGIN_OK,
    SERVER_MESSAGE,
    SUCCESS,
    AlephOneClient,
    Line,
    read_rooms,
)
from tests.wire.metaserver.vectors import VECTORS

from mythgate.doors.metaserver.options import PasswordScheme

SESSION = [one for one in VECTORS if one.name.startswith("transcript.alephone.plain.")]
LOGIN = [one.raw for one in SESSION if one.connection == "login" and one.direction == "c2s"]
ROOM = [one.raw for one in SESSION if one.connection == "room" and one.direction == "c2s"]


class Wire:
    """Sends what was recorded, in pieces of one size."""

    def __init__(self, line: Line, size: int) -> None:
        self.line = line
        self.size = size

    async def send(self, data: bytes) -> None:
        for at in range(0, len(data), self.size):
            self.line.writer.write(data[at : at + self.size])
            await asyncio.sleep(0)


@pytest.mark.parametrize("size", [1, 5, 100_000])
async def test_a_genuine_session(tmp_path: Path, size: int) -> None:
    async with open_house(tmp_path, options={"passwords": PasswordScheme.PLAIN}) as house:
        await house.account("hopper", "hunter2")
        witness = await house.aleph("Witness")
        token, port = await log_in(house, size)
        await enter(port, token, size, witness)
        await until(lambda: house.names() == ["|iGuest|p Witness"])
        assert house.door.stats.closed["internal"] == 0


async def log_in(house: House, size: int) -> tuple[bytes, int]:
    line = await Line.open(house.port)
    wire = Wire(line, size)
    login, password, version = LOGIN
    await wire.send(login)
    await line.expect(CHALLENGE)
    await wire.send(password)
    await line.expect(ACCEPT)
    await wire.send(version)
    success = await line.expect(SUCCESS)
    rooms = read_rooms(await line.expect(ROOM_LIST))
    await line.close()
    return success[8:], rooms[0].port


async def enter(port: int, token: bytes, size: int, witness: AlephOneClient) -> None:
    line = await Line.open(port)
    wire = Wire(line, size)
    login, *rest = ROOM
    await wire.send(login[:8] + token + login[40:])
    for data in rest:
        await wire.send(data)
        if struct.unpack_from(">h", data, 2)[0] == 104:
            await witness.until(lambda: witness.games)
    got = [(kind, raw) for kind, raw in await line.wait_closed()]
    kinds = [kind for kind, _ in got]
    assert kinds[:4] == [ROOM_LOGIN_OK, SERVER_MESSAGE, PLAYERS, GAMES]
    (number,) = struct.unpack_from(">I", got[0][1])
    said = [raw for kind, raw in got if kind == CHAT]
    assert said
    assert all(
        struct.unpack_from(">I", raw, 16)[0] == number for raw in said
    )  # whatever number the client thought it had
    heard = [one for one in witness.said if one.number == number]
    assert heard[0].message
    await witness.until_player("Hopper", present=False)
    assert witness.games == {}
    assert any("hosts" in notice for notice in witness.notices)

"""Whatever a client sends, the server answers or closes; nothing is a bug, and nobody else notices."""

from __future__ import annotations

import contextlib
import random

import pytest
from tests.support.metaserver import PASSWORD, House, until
from tests.support.metaserver_client import Line, Myth18Client, RoomClient, aleph_game, myth_game, player_data, report

FROM_CLIENTS = [*range(98, 124), *range(199, 208)]
SHAPES = [
    b"",
    player_data("Name", "Team"),
    b"\0\0\0\0" + aleph_game(),
    b"\0\0\0\1" + myth_game(),
    report(1, 1, [(1, 0), (2, 1)], slots=16),
    b"\0" * 28 + b"name\0said\0",
]


def mutated(chance: random.Random) -> bytes:
    """A payload of some packet, damaged."""
    raw = bytearray(chance.choice(SHAPES))
    for _ in range(chance.randrange(4)):
        if raw:
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    cut = chance.randrange(len(raw) + 1) if chance.random() < 0.5 else len(raw)
    return bytes(raw[:cut]) + chance.randbytes(chance.choice((0, 0, 1, 7, 600)))


@pytest.mark.parametrize("kind", ["aleph", "myth", "myth18"])
async def test_no_packet_in_a_room_is_a_bug(house: House, kind: str) -> None:
    await house.account("Alric")
    chance = random.Random(kind)
    witness = await getattr(house, kind)("Witness")
    for _ in range(40):
        client: RoomClient = await getattr(house, kind)("Alric", "alric")
        for _ in range(12):
            client.line.write(chance.choice(FROM_CLIENTS), mutated(chance))
        client.line.write(102)
        await client.line.wait_closed()
    await until(lambda: house.door.stats.in_rooms == 1)
    witness.said.clear()
    await witness.caught_up()
    assert house.door.stats.closed["internal"] == 0
    assert house.node.lobby_hub.stats.sink_failures == 0
    assert len(list(house.node.lobby_hub.streams())) == 1


@pytest.mark.parametrize("encrypted", [False, True])
async def test_no_packet_at_the_log_in_is_a_bug(house: House, encrypted: bool) -> None:
    await house.account("Alric")
    chance = random.Random(encrypted)
    login = Myth18Client(user_name="alric", password=PASSWORD).login_packet()
    for _ in range(150):
        line = await Line.open(house.port)
        if encrypted:
            await line.exchange_keys()
        for _ in range(4):
            payload = bytearray(login if chance.random() < 0.5 else mutated(chance))
            for _ in range(chance.randrange(3)):
                if payload:
                    payload[chance.randrange(len(payload))] = chance.randrange(256)
            line.write(chance.choice((100, 100, 109, 115, 122, 101)), bytes(payload))
        line.write(102)
        with contextlib.suppress(ConnectionError):
            await line.wait_closed()
    await until(lambda: house.door.stats.connected == 0)
    assert house.door.stats.closed["internal"] == 0

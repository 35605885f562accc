"""Looking into connections of old clients while they play."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.captures import replay
from tests.support.metaserver import House
from tests.support.metaserver_client import aleph_game, myth_game

from mythgate.domain.sessions import OPERATOR
from mythgate.doors.metaserver.lab import MetaserverLab
from mythgate.doors.metaserver.room import RoomConnection
from mythgate.services.lab import Capture


async def look(house: House, number: int = -1) -> Capture:
    """A capture of one of the connections."""
    lab = house.node.services.lab
    if not lab.doors:
        lab.doors.append(MetaserverLab(house.door))
    connections = await lab.connections(OPERATOR)
    return await lab.begin(OPERATOR, connections[number].id, "a test")


def names(capture: Capture) -> list[tuple[str, str]]:
    return [(line["direction"], line["name"]) for line in map(json.loads, capture.lines)]


async def test_what_an_aleph_one_says_and_hears(house: House, tmp_path: Path) -> None:
    ada = await house.aleph("Ada")
    bob = await house.aleph("Bob")
    capture = await look(house)
    assert (capture.about.door, capture.about.client, capture.about.name) == ("metaserver", "Aleph One", "Guest")
    bob.chat("hello")
    await bob.until_said("hello")
    ada.chat("hello yourself")
    await bob.until_said("hello yourself")
    bob.tell(ada.number, "psst, a secret")
    await ada.until_said("psst, a secret")
    bob.host(aleph_game("Late"))
    await bob.until_game("Late")
    bob.away("tea")
    await bob.until_player("tea")
    bob.remove_game()
    await bob.until_game("Late", present=False)
    seen = names(capture)
    for one in (
        ("c2s", "room_broadcast"),
        ("s2c", "room_broadcast"),
        ("c2s", "directed_data"),
        ("c2s", "create_game"),
        ("s2c", "game_list"),
        ("c2s", "set_player_data"),
        ("s2c", "player_list"),
        ("c2s", "remove_game"),
    ):
        assert one in seen
    assert "psst" not in "".join(capture.lines)
    await house.node.services.lab.stop(OPERATOR, capture.id)
    count = len(capture.lines)
    bob.chat("unheard")
    await bob.until_said("unheard")
    assert len(capture.lines) == count
    file = tmp_path / "capture.jsonl"
    file.write_text("\n".join(capture.lines))
    assert replay(file) == count


async def test_a_connection_that_is_encrypted(house: House, tmp_path: Path) -> None:
    bob = await house.myth18("Bob")
    capture = await look(house)
    assert capture.about.is_encrypted
    bob.chat("hello")
    await bob.until_said("hello")
    bob.deaf()
    bob.host(myth_game("Late"))
    bob.deaf(0)
    await bob.resync()
    assert ("s2c", "player_list") in names(capture)
    assert [name for way, name in names(capture) if way == "c2s"] == [
        "room_broadcast",
        "set_player_mode",
        "create_game",
        "set_player_mode",
        "request_full_update",
    ]
    file = tmp_path / "capture.jsonl"
    file.write_text("\n".join(capture.lines))
    assert replay(file) == len(capture.lines)


async def test_a_connection_nobody_looks_at_pays_nothing(house: House) -> None:
    """It has its own transport and its class's way to take packets: there is not even a question asked."""
    ada = await house.aleph("Ada")
    (connection,) = house.door.open_connections()
    assert isinstance(connection, RoomConnection)
    transport, sink = connection.transport, connection.sink
    assert sink is not None
    assert sink.outbox is not None
    written_to = sink.outbox.target
    assert "receive" not in vars(connection)
    capture = await look(house)
    assert "receive" in vars(connection)
    assert connection.transport is not transport
    await house.node.services.lab.stop(OPERATOR, capture.id)
    assert "receive" not in vars(connection)
    assert connection.transport is transport
    assert sink.outbox.target == written_to
    ada.chat("still here")
    await ada.until_said("still here")


async def test_a_client_that_goes_ends_the_capture(house: House) -> None:
    ada = await house.aleph("Ada")
    capture = await look(house)
    await ada.leave()
    await house.aleph("Bob")
    house.node.services.lab.tick()
    assert capture.ended_by == "closed"
    assert ("c2s", "logout") in names(capture)
    await house.node.services.lab.settle()

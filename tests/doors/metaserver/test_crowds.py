"""Many clients in one lobby: everybody hears everybody, and nothing is left of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.support.metaserver import ARRIVAL, open_house, until
from tests.support.metaserver_client import AlephOneClient

ROOMS = [{"name": "Arrival", "room_id": ARRIVAL, "capacity": 1000}]


@pytest.mark.parametrize("count", [1, 50, 100])  # when all vanish at once, each is told of each
async def test_a_crowd_comes_talks_and_vanishes(tmp_path: Path, count: int) -> None:
    async with open_house(tmp_path, lobbies={"rooms": ROOMS}) as house:
        clients = [AlephOneClient(name=f"Marine {number}", user_name="guest") for number in range(count)]
        for client in clients:
            await client.come(house.port)
        first, last = clients[0], clients[-1]
        for number in range(5):
            last.chat(f"line {number}")
        await asyncio.gather(*(client.until_said("line 4") for client in clients))
        for client in clients:
            assert [one.message for one in client.said] == [f"line {number}" for number in range(5)]
            assert len(client.players) == count
        assert len({player.name for player in first.players.values()}) == count
        for client in clients[1:]:
            client.vanish()
        await first.until(lambda: len(first.players) == 1)
        assert sum("left" in notice for notice in first.notices) == count - 1
        first.vanish()
        await until(lambda: house.door.stats.connected == 0)
        assert house.names() == []
        assert not list(house.node.lobby_hub.streams())
        assert house.door.stats.in_rooms == 0

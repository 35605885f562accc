"""Who comes too often has to wait; who has not come for a while is forgotten."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.support.metaserver import open_house, until
from tests.support.metaserver_client import Line

from mythgate.doors.metaserver import connection
from mythgate.doors.metaserver.arrivals import Arrivals

HOME, AWAY = "203.0.113.7", "203.0.113.8"


def test_what_an_address_has_comes_back_with_time() -> None:
    arrivals = Arrivals(per_second=2.0, burst=3)
    assert [arrivals.take(HOME, 100.0) for _ in range(4)] == [True, True, True, False]
    assert arrivals.take(AWAY, 100.0)
    assert not arrivals.take(HOME, 100.4)
    assert arrivals.take(HOME, 100.5)
    assert [arrivals.take(HOME, 200.0) for _ in range(4)] == [True, True, True, False]


def test_addresses_are_forgotten_once_they_have_all_again() -> None:
    arrivals = Arrivals(per_second=1.0, burst=3)
    arrivals.take(HOME, 100.0)
    arrivals.take(HOME, 100.0)
    arrivals.take(AWAY, 100.0)
    arrivals.sweep(101.0)
    assert len(arrivals) == 1
    arrivals.sweep(102.0)
    assert len(arrivals) == 0


async def test_an_address_that_comes_again_and_again_is_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path, options={"connects_per_second": 1.0, "connect_burst": 3}) as house:
        monkeypatch.setattr(connection, "ipv4", lambda text: IPv4Address(HOME))
        for _ in range(3):
            line = await Line.open(house.port)
            await until(lambda: house.door.stats.connected == 1)
            await line.close()
            await until(lambda: house.door.stats.connected == 0)
        assert await (await Line.open(house.port)).wait_closed() == []
        assert house.door.stats.turned_away["too_often"] == 1
        await house.pass_time(1)
        await Line.open(house.port)
        await until(lambda: house.door.stats.accepted == 4)
        await house.pass_time(40)
        assert len(house.door._arrivals) == 0

"""The door as an operator opens it: settings, ports, addresses, counters."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.http import FAST_HASHES
from tests.support.metaserver_client import AlephOneClient, close_lines

from mythgate import bootstrap
from mythgate.bootstrap import CannotStart, open_doors, open_node
from mythgate.config import MetaserverSettings, Settings
from mythgate.doors.metaserver.options import MetaserverOptions

FREE = {"port": 0, "room_port": 0}


def given(folder: Path, **metaserver: Any) -> Settings:
    values: dict[str, Any] = {"data_dir": folder, "passwords": FAST_HASHES, "metaserver": FREE | metaserver}
    return Settings(**values)


def test_the_settings_begin_with_the_limits_the_door_begins_with() -> None:
    assert bootstrap.metaserver_options(Settings()) == MetaserverOptions()


@pytest.mark.parametrize(
    ("http", "metaserver", "host"),
    [
        ({}, {}, "127.0.0.1"),
        ({"host": "0.0.0.0"}, {}, "0.0.0.0"),
        ({"host": "::1"}, {}, "127.0.0.1"),
        ({"host": "::"}, {}, "0.0.0.0"),
        ({"host": "0.0.0.0"}, {"host": "127.0.0.1"}, "127.0.0.1"),
    ],
)
def test_it_listens_where_the_http_door_does(http: dict[str, Any], metaserver: dict[str, Any], host: str) -> None:
    settings = Settings(http=http, metaserver=metaserver)
    assert bootstrap.metaserver_options(settings).host == host


@pytest.mark.parametrize("address", ["0.0.0.0", "::1", "example.org", "224.0.0.1"])
def test_nobody_can_be_told_to_connect_to_nowhere(address: str) -> None:
    with pytest.raises(ValueError, match="advertise_host"):
        Settings(metaserver={"advertise_host": address})


async def test_a_running_server_serves_and_counts_old_clients(tmp_path: Path) -> None:
    async with open_node(given(tmp_path)) as node:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with open_doors(node, listener) as doors, aiohttp.ClientSession() as http:
                assert doors.metaserver is not None
                client = AlephOneClient(name="Hopper", user_name="guest")
                await client.come(doors.metaserver.login_port)
                async with http.get(f"{url}/metrics") as answer:
                    families = {one.name: one for one in text_string_to_metric_families(await answer.text())}
                async with http.get(f"{url}/api/status") as answer:
                    status = await answer.json()
            assert await client.line.wait_closed() != []  # is told that the server stops
            await close_lines()
    assert families["mythgate_metaserver_lobby_connections"].samples[0].value == 1
    entered = families["mythgate_metaserver_entered_lobbies"].samples[0]
    assert (entered.labels, entered.value) == ({"client": "Aleph One"}, 1)
    assert "metaserver" in status["doors"]


async def test_a_closed_door_is_no_door(tmp_path: Path) -> None:
    async with open_node(given(tmp_path, enabled=False)) as node:
        assert await bootstrap._open_metaserver(node) is None


async def test_a_chosen_port_that_is_taken_is_a_reason_not_to_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        async with open_node(given(tmp_path, port=other.getsockname()[1])) as node:
            with pytest.raises(CannotStart, match="metaserver door"):
                await bootstrap._open_metaserver(node)


async def test_without_the_usual_port_the_server_does_without_this_door(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = MetaserverSettings.model_construct(_fields_set=set(), port=other.getsockname()[1])
        settings = given(tmp_path).model_copy(update={"metaserver": taken})
        async with open_node(settings) as node:
            assert await bootstrap._open_metaserver(node) is None
    assert "stays closed" in caplog.text


async def test_lobbies_have_ports_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        first = other.getsockname()[1]
        async with open_node(given(tmp_path, room_port=first)) as node:
            door = await bootstrap._open_metaserver(node)
            assert door is not None
            async with door.running():
                ports = [door.room_ports[lobby.room_id] for lobby in node.services.lobbies.lobbies()]
    assert ports == sorted(ports)
    assert first not in ports  # somebody else has it
    assert all(port > first for port in ports)

"""The composition root: what an operator sets reaches the part it is for."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.http import FAST_HASHES

from mythgate import bootstrap
from mythgate.bootstrap import open_doors, open_node
from mythgate.config import Settings
from mythgate.doors.http.http_protocol import HttpLimits
from mythgate.doors.http.play import PlayOptions


def http_limits(settings: Settings) -> HttpLimits:
    http = bootstrap._http_protocol(settings)
    assert http is not None
    return replace(http.sockets.limits, unlimited=frozenset())


def test_the_settings_begin_with_the_limits_the_door_begins_with() -> None:
    assert bootstrap._play_options(Settings()) == PlayOptions()
    assert http_limits(Settings()) == HttpLimits()


@pytest.mark.parametrize(
    ("section", "name", "value", "limit", "is_now"),
    [
        ("http", "max_head_bytes", 8000, "head_bytes", 8000),
        ("http", "head_within", 3, "head_within", 3.0),
        ("http", "body_within", 4, "body_within", 4.0),
        ("limits", "connections", 500, "connections", 700),
        ("limits", "other_connections", 20, "connections", 10020),
        ("limits", "connections_per_address", 8, "connections_per_address", 16),
    ],
)
def test_limits_of_raw_connections_are_set(section: str, name: str, value: int, limit: str, is_now: Any) -> None:
    settings = Settings(**{section: {name: value}})  # type: ignore[arg-type]
    assert http_limits(settings) == replace(HttpLimits(), **{limit: is_now})


async def test_a_running_server_keeps_to_its_limits_and_counts(tmp_path: Path) -> None:
    given: dict[str, Any] = {"data_dir": tmp_path, "passwords": FAST_HASHES, "http": {"max_head_bytes": 4096}}
    given["telnet"] = {"enabled": False}
    async with open_node(Settings(**given)) as node:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with open_doors(node, listener), aiohttp.ClientSession() as client:
                async with client.get(f"{url}/healthz", headers={"X": "a" * 5000}) as answer:
                    assert answer.status == 431
                async with client.get(f"{url}/metrics") as answer:
                    families = {one.name: one for one in text_string_to_metric_families(await answer.text())}
    described = {reading.name for reading in bootstrap.metric_reference()}
    of_the_process = {name for name in families if name.startswith("process_")}  # what Prometheus' own library tells
    assert described == {name.removeprefix("mythgate_") for name in families if name not in of_the_process}
    assert {"process_open_fds", "process_resident_memory_bytes", "process_cpu_seconds"} <= of_the_process
    counted = {name: family.samples[0].value for name, family in families.items() if name.startswith("mythgate_http_")}
    assert counted == {
        "mythgate_http_connections": 1,
        "mythgate_http_refused_connections": 0,
        "mythgate_http_large_heads": 1,
        "mythgate_http_late_requests": 0,
    }

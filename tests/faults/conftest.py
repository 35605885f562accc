"""Servers that are killed, cut and starved. Short by default; `MYTHGATE_FAULTS=long` for the full values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.server import ROOMY, RunningServer, write_world

HERE = Path(__file__).parent
LONG = os.environ.get("MYTHGATE_FAULTS") == "long"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.fault)
            item.add_marker(pytest.mark.timeout(3600 if LONG else 300))
            if item.config.pluginmanager.hasplugin("xdist"):
                item.add_marker(
                    pytest.mark.xdist_group("faults")
                )  # one at a time: they want the machine for themselves


def grid_server(folder: Path, *, things: int = 0, environment: Mapping[str, str] | None = None) -> RunningServer:
    """A server over a grid of rooms, not started."""
    pack = write_world(folder / "grid", things=things)
    return RunningServer(folder / "data", ROOMY | {"MYTHGATE_WORLD__PACKS": f'["{pack}"]'} | dict(environment or {}))

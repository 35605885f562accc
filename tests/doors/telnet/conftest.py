"""An open telnet door for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.telnet import TelnetHouse, telnet_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[TelnetHouse]:
    async with telnet_house(tmp_path) as opened:
        yield opened

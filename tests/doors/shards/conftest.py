"""An open Shards door for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.shards_door import ShardsHouse, shards_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ShardsHouse]:
    async with shards_house(tmp_path) as opened:
        yield opened

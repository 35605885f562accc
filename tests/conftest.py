"""Fixtures for all tests: a clock that stands still, a store on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite

from mythgate.backends.sql import SqlStore, open_store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with all tables and no rows."""
    return new_sqlite(tmp_path)


@pytest.fixture
async def store(database_url: str, clock: FakeClock) -> AsyncIterator[SqlStore]:
    """An open store; the test runs once for each kind of database."""
    async with open_store(database_url, clock=clock) as opened:
        yield opened

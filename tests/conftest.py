"""Fixtures for all tests: a clock that stands still, a store on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.databases import PostgresServer, new_sqlite

from mythgate.backends.sql import SqlStore, open_store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of a process; started by the first that asks."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database with all tables and no rows."""
    if request.param == "sqlite":
        yield new_sqlite(tmp_path)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        async with server.borrowed_database() as url:
            yield url


@pytest.fixture
async def store(database_url: str, clock: FakeClock) -> AsyncIterator[SqlStore]:
    """An open store; the test runs once for each kind of database."""
    async with open_store(database_url, clock=clock) as opened:
        yield opened

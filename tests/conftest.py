"""Fixtures for all tests: a clock that stands still, a store on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.databases import PostgresServer, new_sqlite

from mythgate.backends import worldpacks
from mythgate.backends.sql import SqlStore, open_store
from mythgate.domain.world import World

HERE = Path(__file__).parent
# Their servers are processes of their own, or they are about races and odd input, not about lines.
UNMEASURED = tuple(HERE / name for name in ("browser", "faults", "fuzz", "scenarios", "sdk"))


def _is_measured(item: pytest.Item) -> bool:
    """Whether it counts for the coverage of the code: not what another run of it has counted already."""
    if item.get_closest_marker("no_cover") or any(folder in item.path.parents for folder in UNMEASURED):
        return False
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return parameters.get("database_url") != "postgres" or "sql" in item.path.parts


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measuring coverage doubles the time of a test."""
    measuring = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if measuring is None or _is_measured(item):
        return (yield)
    measuring.pause()
    try:
        return (yield)
    finally:
        measuring.resume()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Half characters that a test had logged cannot be sent from its process to the one that prints."""
    del item
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(autouse=True, scope="session")
def shipped_world() -> Iterator[None]:
    """Read the world that ships once, not for each node; a world does not change."""
    load = worldpacks.load
    shipped = load((worldpacks.DEFAULT_PACK,))

    def loaded(paths: Sequence[Path]) -> World:
        return shipped if tuple(paths) == (worldpacks.DEFAULT_PACK,) else load(paths)

    worldpacks.load = loaded
    yield
    worldpacks.load = load


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

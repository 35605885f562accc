"""What both stores share, and the choice between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, Self

from mythgate.backends.sql.urls import is_sqlite, parse, require_postgres_driver, sqlite_path
from mythgate.services.ports import Clock, Store

RETRY_AFTER: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What an operator may tune; see `DatabaseSettings`."""

    pool_size: int = 10
    readers: int = 2
    synchronous: Literal["full", "normal"] = "full"
    group_commit_max: int = 256
    statement_timeout: timedelta = timedelta(seconds=10)
    queue_limit: int = 10_000  # units waiting at most; beyond, the store says Unavailable


@dataclass(frozen=True, slots=True)
class StoreStatistics:
    """Counters since the store was opened, and gauges of this moment."""

    writes: int  # units committed
    refused: int  # units the rules refused
    failures: int  # units lost to the database
    groups: int  # commits
    largest_group: int
    reads: int
    retries: int  # PostgreSQL: units run again after a deadlock or a lost connection
    queued: int  # gauge: units waiting or running
    connections: int  # gauge
    connections_in_use: int  # gauge


class SqlStore(Store, Protocol):
    """A `services.ports.Store` with its life-cycle. Use with `async with`, or `open` and `close`."""

    async def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: the database is out of reach.
            SchemaOutOfDate: `migrate.upgrade` must run first.

        """

    async def close(self) -> None:
        """Finish what is waiting, then disconnect. Later calls are refused with Unavailable."""

    async def check(self) -> None:
        """Raises Unavailable unless the database answers."""

    async def sweep(self, now: datetime) -> int:
        """Forget command receipts older than ten minutes; returns how many. To be called now and then."""

    def statistics(self) -> StoreStatistics: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc_info: object) -> None: ...


def open_store(url: str, *, clock: Clock, options: StoreOptions | None = None) -> SqlStore:
    """The store for `url`, not connected yet.

    Raises:
        DatabaseUrlError: the URL names nothing Mythgate can use.
        DriverMissing: PostgreSQL without the package for it.

    """
    options = options or StoreOptions()
    parsed = parse(url)
    if is_sqlite(parsed):
        from mythgate.backends.sql.sqlite import SqliteStore

        return SqliteStore(sqlite_path(parsed), clock=clock, options=options)
    require_postgres_driver()
    from mythgate.backends.sql.postgres import PostgresStore

    return PostgresStore(parsed, clock=clock, options=options)

"""Bring a database to a revision of the schema.

All functions block, and open and close a connection of their own: call them off the event loop
(`asyncio.to_thread`). Alembic is imported only if there is something to migrate. An empty database takes
a short cut: the tables are made as they are now and marked with the newest revision; a test proves that
this and the migrations lead to the same schema.

All raise Unavailable if the database is out of reach.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from mythgate.backends.sql.revisions import HEAD, READ_REVISION, require_known, sqlite_revision
from mythgate.backends.sql.tables import metadata
from mythgate.backends.sql.urls import is_sqlite, parse, require_postgres_driver, sqlite_path
from mythgate.domain.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

_LOCK_TIMEOUT: Final = timedelta(seconds=60)
_CONNECT_SECONDS: Final = 10.0
_ADVISORY_LOCK: Final = 5_173_208_416_935  # any number, the same for every node
SCRIPTS: Final = Path(__file__).parent / "migrations"


def head_revision() -> str:
    """The revision this version of Mythgate works with."""
    return HEAD


def current_revision(url: str) -> str | None:
    """The revision of the database at `url`; None if it has none of our tables (or is no file yet)."""
    parsed = parse(url)
    if is_sqlite(parsed) and not sqlite_path(parsed).exists():
        return None
    return connected(parsed, revision_of)


def pending(url: str) -> bool:
    """Whether `upgrade` has something to do."""
    return current_revision(url) != HEAD


def upgrade(url: str, revision: str = "head") -> None:
    """Go forward to `revision`, all in one transaction. Several nodes may start at once: one does it."""
    target = HEAD if revision == "head" else revision

    def work(connection: Connection) -> None:
        found = revision_of(connection)
        if found != target:
            require_known(found)
            bring(connection, found, target)

    connected(parse(url), work)


def bring(connection: Connection, found: str | None, target: str) -> None:
    """Bring the database of `connection`, which is at revision `found`, forward to `target`, within its transaction."""
    if found is None and target == HEAD:
        metadata.create_all(connection)
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": target})
    else:
        from alembic import command

        command.upgrade(_config(connection), target)
    _log.info("database_upgraded", extra={"from_revision": found, "to_revision": target})


def downgrade(url: str, revision: str) -> None:
    """Go back to `revision` ("base": no tables at all). What only newer revisions can keep is lost."""

    def work(connection: Connection) -> None:
        from alembic import command

        command.downgrade(_config(connection), revision)

    connected(parse(url), work)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def revision_of(connection: Connection) -> str | None:
    """The revision of the database of `connection`; None if it has none of our tables."""
    if connection.dialect.name == "sqlite":
        database: Any = connection.connection.dbapi_connection
        return sqlite_revision(database)
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(text(READ_REVISION))
    return found


def connected(url: URL, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction that keeps other migrations out."""
    if is_sqlite(url):
        return _on_sqlite(sqlite_path(url), work)
    require_postgres_driver()
    return asyncio.run(_on_postgres(url, work))


def _on_sqlite(path: Path, work: Callable[[Connection], T]) -> T:
    from mythgate.backends.sql.sqlite import connect, explained, use_wal

    try:
        with closing(connect(path, timeout=_LOCK_TIMEOUT)) as database:
            # Rebuilding a table that others refer to must not cascade into these.
            database.execute("PRAGMA foreign_keys = OFF")
            use_wal(database)
            engine = create_engine("sqlite://", creator=lambda: database, poolclass=StaticPool)
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
            with engine.begin() as connection:
                return work(connection)
    except (OSError, sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, Exception) and isinstance(refusal := explained(cause), Unavailable):
            raise refusal from error
        raise


async def _on_postgres(url: URL, work: Callable[[Connection], T]) -> T:
    from sqlalchemy.ext.asyncio import create_async_engine

    from mythgate.backends.sql.postgres import explained

    engine = create_async_engine(
        url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": _CONNECT_SECONDS}
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            return await connection.run_sync(work)
    except Exception as error:
        raise explained(error) from error
    finally:
        await engine.dispose()

"""Putting the rows of a backup into a database of either kind, in one transaction: all of it, or nothing.

All of it blocks. Tables are made as they were at the backup's revision, filled, and then brought up to date.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, Protocol

from sqlalchemy import Connection, insert, text

from mythgate.backends.sql import migrate
from mythgate.backends.sql.backup import LEFT_OUT, POSTGRES_COLUMNS, POSTGRES_TABLES, RETIRED_TABLES
from mythgate.backends.sql.backupfile import BackupReader, BackupUnusable, Change, TablePart, changed
from mythgate.backends.sql.revisions import HEAD, KNOWN, sqlite_tables
from mythgate.backends.sql.tables import audit_log, facts, metadata
from mythgate.backends.sql.urls import parse
from mythgate.domain.backups import Progress
from mythgate.domain.errors import MythError

RESTORED_FACT: Final = "restored"
"""The fact in which a restore leaves its id."""

ACTION: Final = "backup.restored"
_ROWS_AT_ONCE: Final = 2000
_CACHE_KIB: Final = 128 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OURS: Final = frozenset(metadata.tables) | RETIRED_TABLES | {"alembic_version"}
_OF_PEOPLE: Final = ("accounts", "characters", "results", "imported")


class NotEmpty(MythError):
    """The database that a backup should go to is used already."""

    def __init__(self) -> None:
        self.hint = (
            "Restore to another place (--data-dir, MYTHGATE_DATABASE_URL), or replace what is there: --replace makes a "
            "backup of it first."
        )
        super().__init__("There are people in the database already; nothing was changed.")


class InUse(MythError):
    """A server is connected to the database that a backup should go to."""

    def __init__(self) -> None:
        self.hint = "Stop the server first, then restore."
        super().__init__("A server is using this database; nothing was changed.")


class DoesNotFit(BackupUnusable):
    """A row of a backup cannot be kept by the database it should go to."""


@dataclass(frozen=True, slots=True)
class Restore:
    """How a backup is to be put in."""

    id: str
    source: str  # for the record
    now: datetime
    replaces: bool = False
    upgrade: bool = True  # to the newest revision


def require_usable(revision: str, version: str) -> None:
    """Raises BackupUnusable for a backup of a schema from the future."""
    if revision not in KNOWN:
        raise BackupUnusable(
            f"The backup is of schema {revision}, made by Mythgate {version}; this version knows schemas up to {HEAD}.",
            f"Install Mythgate {version} or a newer one, and restore with that.",
        )


def restore(url: str, reader: BackupReader, wanted: Restore, progress: Progress) -> None:
    """Put all rows of a backup into the database at `url`.

    Raises:
        BackupUnusable: it is of a newer schema, damaged, or holds what this database cannot.
        NotEmpty: there are people in the database, and `wanted.replaces` is not set.
        InUse: a server is connected to it.
        Unavailable: the database is out of reach.

    """
    backup = reader.manifest.backup
    require_usable(backup.revision, backup.version)

    def work(connection: Connection) -> None:
        place = _place(connection)
        place.require_unused()
        if not wanted.replaces and not _is_empty(connection, place.tables()):
            raise NotEmpty
        place.drop([name for name in place.tables() if name in _OURS])
        migrate.bring(connection, None, backup.revision)
        progress.begin("restoring rows", sum(backup.tables.values()))
        for table in reader.manifest.tables:
            _fill(place, reader, table, progress)
        place.check()
        connection.execute(
            text("UPDATE sessions SET revoked_at = :now WHERE revoked_at IS NULL"), {"now": place.moment(wanted.now)}
        )
        if wanted.upgrade and backup.revision != HEAD:
            progress.begin("bringing it up to date")
            migrate.bring(connection, backup.revision, HEAD)
        connection.execute(text("DELETE FROM facts WHERE key = :key"), {"key": RESTORED_FACT})
        connection.execute(insert(facts), {"key": RESTORED_FACT, "value": wanted.id})
        detail = {"file": wanted.source, "taken_at": backup.taken_at.isoformat(), "from": backup.database}
        connection.execute(
            insert(audit_log),
            {"at": wanted.now, "actor": "cli", "action": ACTION, "subject": "backup", "detail": detail},
        )

    migrate.connected(parse(url), work)


def is_done(url: str, restore_id: str) -> bool:
    """Whether the rows that the restore of this id was to put in are there."""

    def work(connection: Connection) -> bool:
        if migrate.revision_of(connection) is None:
            return False
        found = connection.scalar(text("SELECT value FROM facts WHERE key = :key"), {"key": RESTORED_FACT})
        return bool(found == restore_id)

    return migrate.connected(parse(url), work)


def is_empty(url: str) -> bool:
    """Whether there is nobody in the database at `url`."""

    def work(connection: Connection) -> bool:
        return _is_empty(connection, _place(connection).tables())

    return migrate.connected(parse(url), work)


def _is_empty(connection: Connection, tables: set[str]) -> bool:
    return not any(
        name in tables and connection.scalar(text(f'SELECT EXISTS (SELECT 1 FROM "{name}")'))  # noqa: S608 (our own)
        for name in _OF_PEOPLE
    )


def _fill(place: _Place, reader: BackupReader, table: TablePart, progress: Progress) -> None:
    if table.name in LEFT_OUT:
        return
    types = place.columns(table.name)
    for column in table.columns:
        if column.name not in types:
            raise DoesNotFit(f"The backup has a column {table.name}.{column.name}, for which there is no place.")
    names = [column.name for column in table.columns]
    rows = changed(reader.rows(table), [place.change(types[name]) for name in names])
    count = 0
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        place.put(table.name, names, some)
        count += len(some)
        progress.advance(len(some))
    if count != table.rows:
        raise DoesNotFit(f"The backup should have {table.rows} rows of {table.name}; it has {count}.")
    if table.last_number:
        place.set_counter(table.name, table.last_number)


def _bytes_of(text_: str) -> bytes:
    return base64.b64decode(text_, validate=True)


class _Place(Protocol):
    """The database that rows go to."""

    def require_unused(self) -> None:
        """Raises InUse if a server is connected."""

    def tables(self) -> set[str]: ...

    def drop(self, names: Sequence[str]) -> None: ...

    def columns(self, table: str) -> Mapping[str, str]:
        """The types of a table's columns."""

    def change(self, type_: str) -> Change | None:
        """What makes a value of a backup one of this type."""

    def put(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None: ...

    def set_counter(self, table: str, last: int) -> None:
        """No number up to `last` is given out again."""

    def moment(self, moment: datetime) -> Any: ...

    def check(self) -> None:
        """Whatever the database did not look at while rows came."""


def _place(connection: Connection) -> _Place:
    return _Sqlite(connection) if connection.dialect.name == "sqlite" else _Postgres(connection)


class _Sqlite:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def require_unused(self) -> None:
        """A server on SQLite holds its folder."""

    @property
    def _database(self) -> sqlite3.Connection:
        database: Any = self._connection.connection.dbapi_connection
        assert isinstance(database, sqlite3.Connection)
        return database

    def tables(self) -> set[str]:
        return {name for name in sqlite_tables(self._database) if not name.startswith("sqlite_")}

    def drop(self, names: Sequence[str]) -> None:
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")  # rows come in no order that indexes have
        for name in names:
            self._database.execute(f'DROP TABLE "{name}"')

    def columns(self, table: str) -> Mapping[str, str]:
        return {name: kind.upper() for _, name, kind, *_ in self._database.execute(f'PRAGMA table_info("{table}")')}

    def change(self, type_: str) -> Change | None:
        return _TO_SQLITE.get(type_.partition("(")[0])

    def put(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        listed = ", ".join(f'"{name}"' for name in names)
        places = ", ".join("?" * len(names))
        try:
            self._database.executemany(f'INSERT INTO "{table}" ({listed}) VALUES ({places})', rows)  # noqa: S608
        except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
            raise DoesNotFit(f"A row of {table} cannot be kept: {error}.") from error

    def set_counter(self, table: str, last: int) -> None:
        self._database.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self._database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))

    def moment(self, moment: datetime) -> Any:
        return (moment - _EPOCH) // timedelta(microseconds=1)

    def check(self) -> None:
        broken = self._database.execute("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise DoesNotFit(f"A row of {broken[0]} belongs to one of {broken[2]} that the backup has not.")


_TO_SQLITE: Final[Mapping[str, Change]] = {"BLOB": _bytes_of, "BOOLEAN": int, "DOUBLE": float, "FLOAT": float}


class _Postgres:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def check(self) -> None:
        """It has looked at each row."""

    def require_unused(self) -> None:
        others = self._connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'mythgate' AND pid <> pg_backend_pid()"
            )
        )
        if others:
            raise InUse

    def tables(self) -> set[str]:
        return {str(name) for name in self._connection.scalars(text(POSTGRES_TABLES))}

    def drop(self, names: Sequence[str]) -> None:
        if names:
            listed = ", ".join(f'"{name}"' for name in names)
            self._connection.execute(text(f"DROP TABLE {listed} CASCADE"))

    def columns(self, table: str) -> Mapping[str, str]:
        rows = self._connection.exec_driver_sql(POSTGRES_COLUMNS, (table,))
        return {str(name): str(kind) for name, kind in rows}

    def change(self, type_: str) -> Change | None:
        return _TO_POSTGRES.get(type_)

    def put(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        adapted: Any = self._connection.connection.dbapi_connection
        try:
            adapted.run_async(lambda driver: driver.copy_records_to_table(table, records=rows, columns=list(names)))
        except Exception as error:
            words = _refused_by_postgres(error)
            if words is None:
                raise
            raise DoesNotFit(f"A row of {table} cannot be kept: {words}.") from error

    def set_counter(self, table: str, last: int) -> None:
        self._connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, 'number'), :last, true)"),
            {"name": f'"{table}"', "last": last},
        )

    def moment(self, moment: datetime) -> Any:
        return moment


def _moment(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


_TO_POSTGRES: Final[Mapping[str, Change]] = {
    "bytea": _bytes_of,
    "boolean": bool,
    "double precision": float,
    "timestamp with time zone": _moment,
}


def _refused_by_postgres(error: Exception) -> str | None:
    """What PostgreSQL says of a value or row that it does not take; None for any other fault."""
    from asyncpg.exceptions import DataError, IntegrityConstraintViolationError, PostgresError

    if isinstance(error, DataError | IntegrityConstraintViolationError):
        return str(error) if not isinstance(error, PostgresError) else error.args[0]
    return None


def films_of(reader: BackupReader) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The recordings in a backup: the name of each, and its bytes."""
    for part in reader.manifest.films:
        yield part.name.removeprefix("films/"), reader.blocks(part)

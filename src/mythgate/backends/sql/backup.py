"""Writing a backup of a database that may be in use, from one snapshot.

All of it blocks, on a connection of its own: call it in a thread or in another process. Writers go on meanwhile. On
SQLite the snapshot is a read transaction (WAL); on PostgreSQL one that is REPEATABLE READ and READ ONLY.
"""

from __future__ import annotations

import asyncio
import base64
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy.engine import URL

from mythgate.backends.sql.backupfile import (
    BackupWriter,
    Change,
    Column,
    Manifest,
    Part,
    PartWriter,
    TablePart,
    changed,
)
from mythgate.backends.sql.revisions import require_known, sqlite_revision, sqlite_tables
from mythgate.backends.sql.tables import metadata
from mythgate.backends.sql.types import UtcDateTime
from mythgate.backends.sql.urls import is_sqlite, parse, require_postgres_driver, sqlite_path
from mythgate.domain.backups import Backup, Progress, Reason
from mythgate.domain.errors import MythError, Unavailable

RETIRED_TABLES: Final = frozenset({"mutes"})
"""Tables that older revisions had and this one has not; a test compares them with the migrations."""

LEFT_OUT: Final = frozenset({"command_receipts"})
"""Tables whose rows mean nothing after some minutes."""

_ROWS_AT_ONCE: Final = 200
_PAUSE_SECONDS: Final = 0.001  # between two chunks, for the event loop of the server this runs in
_LOCK_TIMEOUT: Final = timedelta(seconds=60)
_CONNECT_SECONDS: Final = 10.0


class NothingToBackUp(MythError):
    """There is no database, or none of Mythgate's."""

    def __init__(self) -> None:
        self.hint = "Is it the right folder? --data-dir names another."
        super().__init__("There is no database that could be backed up.")


@dataclass(slots=True)
class Request:
    """What a backup is to be. `now` is asked when the snapshot has begun."""

    target: Path
    films: Path
    reason: Reason
    now: Callable[[], datetime]
    version: str
    settings: Mapping[str, Any]
    progress: Progress
    gentle: bool = False  # whether it runs beside an event loop


def known_tables(found: Iterable[str], revision: str) -> list[str]:
    """Those of our tables that are among `found`, in an order in which rows can be put in again.

    Raises:
        SchemaTooNew: nobody here knows which tables a database of this revision has.

    """
    require_known(revision)
    there = set(found)
    ordered = [str(table.name) for table in metadata.sorted_tables]
    return [name for name in [*ordered, *sorted(RETIRED_TABLES)] if name in there]


def create(url: str, request: Request) -> Backup:
    """Write a backup of the database at `url` and of the films it names.

    Raises:
        NothingToBackUp: there is no database.
        SchemaTooNew: it belongs to a newer version.
        Unavailable: it is out of reach.
        OSError: the file cannot be written.

    """
    parsed = parse(url)
    if is_sqlite(parsed):
        return _of_sqlite(sqlite_path(parsed), request)
    require_postgres_driver()
    return asyncio.run(_of_postgres(parsed, request))


class _Making:
    """A backup that is being made."""

    def __init__(self, request: Request, writer: BackupWriter, database: str, revision: str) -> None:
        self._request = request
        self._writer = writer
        self._database = database
        self._revision = revision
        self._taken_at = request.now()
        self._tables: list[TablePart] = []

    @contextmanager
    def table(self, name: str, columns: Sequence[Column], last_number: int | None) -> Iterator[_TableMaking]:
        """Write the rows of a table while the block runs."""
        with self._writer.part(f"tables/{name}.jsonl") as file:
            making = _TableMaking(file, columns, self._request)
            yield making
        self._tables.append(TablePart(name, columns, making.rows, last_number, file.part))

    def finish(self, film_names: Sequence[str]) -> Backup:
        films, missing = self._films(film_names)
        request = self._request
        backup = Backup(
            taken_at=self._taken_at,
            reason=request.reason,
            version=request.version,
            revision=self._revision,
            database=self._database,
            tables={one.name: one.rows for one in self._tables},
            films=len(films),
            missing_films=missing,
        )
        size = self._writer.finish(Manifest(backup, self._tables, films, request.settings))
        return replace(backup, size=size)

    def _films(self, names: Sequence[str]) -> tuple[list[Part], list[str]]:
        """Films never change once they are there."""
        found: list[Part] = []
        missing: list[str] = []
        progress = self._request.progress
        if names:
            progress.begin("writing recordings", len(names))
        for name in names:
            path = self._request.films / name
            try:
                with path.open("rb") as film, self._writer.part(f"films/{name}") as part:
                    while block := film.read(1 << 20):
                        part.write(block)
                found.append(part.part)
            except FileNotFoundError:
                missing.append(name)
            progress.advance(1)
        return found, missing


class _TableMaking:
    """A table that is being written."""

    def __init__(self, file: PartWriter, columns: Sequence[Column], request: Request) -> None:
        self.rows = 0
        self._file = file
        self._changes = [_OUT.get(column.kind) for column in columns]
        self._request = request

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        lines = [orjson.dumps(row) for row in changed(rows, self._changes)]
        self._file.write(b"\n".join(lines) + b"\n")
        self.rows += len(rows)
        self._request.progress.advance(len(rows))
        if self._request.gentle:
            time.sleep(_PAUSE_SECONDS)


def _real(value: float) -> float | str:
    """JSON has no word for what is no number."""
    return value if math.isfinite(value) else str(value)


_OUT: Final[Mapping[str, Change]] = {
    "bytes": lambda value: base64.b64encode(value).decode(),
    "boolean": bool,
    "real": _real,
}

# --- SQLite ----------------------------------------------------------------------------------------

_SQLITE_KINDS: Final = {
    "BLOB": "bytes",
    "BOOLEAN": "boolean",
    "DOUBLE": "real",
    "FLOAT": "real",
    "REAL": "real",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "JSON": "json",
}


def _of_sqlite(path: Path, request: Request) -> Backup:
    from mythgate.backends.sql.sqlite import connect, explained

    if not path.exists():
        raise NothingToBackUp
    try:
        with closing(connect(path, timeout=_LOCK_TIMEOUT)) as database:
            database.execute("PRAGMA query_only = ON")
            database.execute("BEGIN")
            revision = sqlite_revision(database)  # the first read: here the snapshot begins
            if revision is None:
                raise NothingToBackUp
            names = known_tables(sqlite_tables(database), revision)
            with BackupWriter(request.target) as writer:
                making = _Making(request, writer, "SQLite", revision)
                _read_sqlite(database, names, making, request.progress)
                films: list[str] = []
                if "films" in names:
                    films = [name for (name,) in database.execute("SELECT file_name FROM films ORDER BY number")]
                return making.finish(films)
    except sqlite3.Error as error:
        if isinstance(refusal := explained(error), Unavailable):
            raise refusal from error
        raise


def _read_sqlite(database: sqlite3.Connection, names: Sequence[str], making: _Making, progress: Progress) -> None:
    counts = {name: _one(database, f'SELECT count(*) FROM "{name}"') for name in names}  # noqa: S608 (our own names)
    counters: dict[str, int] = {}
    if "sqlite_sequence" in sqlite_tables(database):
        counters = dict(database.execute("SELECT name, seq FROM sqlite_sequence"))
    progress.begin("writing rows", sum(counts.values()))
    for name in names:
        columns = sqlite_columns(database, name)
        listed = ", ".join(f'"{column.name}"' for column in columns)
        has_counter = any(column.name == "number" for column in columns) and _counts(database, name)
        with making.table(name, columns, counters.get(name, 0) if has_counter else None) as table:
            if name in LEFT_OUT:
                continue
            cursor = database.execute(f'SELECT {listed} FROM "{name}" ORDER BY rowid')  # noqa: S608 (likewise)
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                table.write(rows)


def sqlite_columns(database: sqlite3.Connection, table: str) -> list[Column]:
    """The columns of a table. SQLite keeps times as numbers; which are times, the newest schema says."""
    times = _times(table)
    return [
        Column(name, "time" if name in times else _SQLITE_KINDS.get(kind.upper().partition("(")[0], "text"))
        for _, name, kind, *_ in database.execute(f'PRAGMA table_info("{table}")')
    ]


def _times(table: str) -> set[str]:
    known = metadata.tables.get(table)
    return set() if known is None else {one.name for one in known.columns if isinstance(one.type, UtcDateTime)}


def _counts(database: sqlite3.Connection, table: str) -> bool:
    sql = str(_one(database, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", table))
    return "AUTOINCREMENT" in sql.upper()


def _one(database: sqlite3.Connection, sql: str, *values: Any) -> Any:
    return database.execute(sql, values).fetchone()[0]


# --- PostgreSQL ------------------------------------------------------------------------------------

_POSTGRES_KINDS: Final = {
    "bytea": "bytes",
    "boolean": "boolean",
    "double precision": "real",
    "real": "real",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "json": "json",
    "jsonb": "json",
    "timestamp with time zone": "time",
}
_EXPRESSIONS: Final = {
    "time": "(extract(epoch FROM {}) * 1000000)::bigint",
    "json": "{}::text",
}
POSTGRES_COLUMNS: Final = (
    "SELECT column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
)
POSTGRES_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


async def _of_postgres(url: URL, request: Request) -> Backup:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from mythgate.backends.sql.postgres import explained

    arguments = {"timeout": _CONNECT_SECONDS, "server_settings": {"application_name": "mythgate backup", "jit": "off"}}
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    try:
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            async with driver.transaction(isolation="repeatable_read", readonly=True):
                return await _read_postgres(driver, request)
    except Exception as error:
        raise explained(error) from error
    finally:
        await engine.dispose()


async def _read_postgres(driver: Any, request: Request) -> Backup:
    found = {str(name) for (name,) in await driver.fetch(POSTGRES_TABLES)}  # the first read: the snapshot begins
    revision = await driver.fetchval("SELECT version_num FROM alembic_version") if "alembic_version" in found else None
    if revision is None:
        raise NothingToBackUp
    names = known_tables(found, str(revision))
    with BackupWriter(request.target) as writer:
        making = _Making(request, writer, "PostgreSQL", str(revision))
        total = 0
        for name in names:
            total += await driver.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608 (our own names)
        request.progress.begin("writing rows", total)
        for name in names:
            await _read_postgres_table(driver, name, making)
        films = []
        if "films" in names:
            films = [str(one) for (one,) in await driver.fetch("SELECT file_name FROM films ORDER BY number")]
        return making.finish(films)


async def _read_postgres_table(driver: Any, name: str, making: _Making) -> None:
    columns = [
        Column(str(column), _POSTGRES_KINDS.get(kind, "text"))
        for column, kind in await driver.fetch(POSTGRES_COLUMNS, name)
    ]
    listed = ", ".join(_EXPRESSIONS.get(one.kind, "{}").format(f'"{one.name}"') for one in columns)
    with making.table(name, columns, await _postgres_counter(driver, name, columns)) as table:
        if name in LEFT_OUT:
            return
        cursor = await driver.cursor(f'SELECT {listed} FROM "{name}"')  # noqa: S608 (our own names)
        while rows := await cursor.fetch(_ROWS_AT_ONCE):
            table.write([tuple(row) for row in rows])


async def _postgres_counter(driver: Any, name: str, columns: Sequence[Column]) -> int | None:
    """The last number given out. It may be ahead of the snapshot, which is no harm: none is given out twice."""
    if not any(column.name == "number" for column in columns):
        return None
    sequence = await driver.fetchval("SELECT pg_get_serial_sequence($1, 'number')", f'"{name}"')
    if sequence is None:
        return None
    last, is_called = await driver.fetchrow(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608 (it is quoted)
    return int(last) if is_called else 0

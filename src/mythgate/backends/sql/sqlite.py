"""The store on SQLite: one writer thread that commits in groups, a few reader threads.

Whatever is waiting when the writer becomes free (at most `group_commit_max` units) shares one transaction
and one commit, each unit inside its own savepoint, so that a refused one is undone alone. Nobody waits for
a group to fill: a single unit is a group of one. All units of one process run one after the other, and
`BEGIN IMMEDIATE` keeps other processes out, so a unit never sees rows that change under it.

Results return to the event loop in one call per group, in commit order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Self, TypeVar, cast

from mythgate.backends.sql.revisions import HEAD, sqlite_revision
from mythgate.backends.sql.statements import NO_PARAMS, Duplicate, Params, Row, Statement
from mythgate.backends.sql.store import RETRY_AFTER, SchemaOutOfDate, StoreOptions, StoreStatistics
from mythgate.backends.sql.transaction import SqlTransaction
from mythgate.domain.errors import Refused, Unavailable
from mythgate.services.ports import Clock, CommandKey, Transaction

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

_OLDEST: Final = (3, 35, 0)  # RETURNING

# Result codes whose low byte says that the database, not the statement, is to blame; with what to tell people.
_OUT_OF_REACH: Final = {
    sqlite3.SQLITE_BUSY: "Another process keeps the database locked.",
    sqlite3.SQLITE_LOCKED: "Another process keeps the database locked.",
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_IOERR: "The database file cannot be read or written.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_READONLY: "The database file is read-only.",
    sqlite3.SQLITE_PERM: "The database file may not be opened.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged.",
    sqlite3.SQLITE_NOTADB: "The database file is not a database.",
    sqlite3.SQLITE_PROTOCOL: "Another process keeps the database locked.",
}
_DUPLICATES: Final = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


@dataclass(slots=True, eq=False)
class _Unit:
    """One function to run, and who waits for its result."""

    work: Callable[[Transaction], Any]
    then: Callable[[Any], None] | None
    once: CommandKey | None
    future: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)
    result: Any = None
    error: BaseException | None = None


class SqliteConnection:
    """A `SqlConnection` over the standard library's driver, used by one thread."""

    def __init__(self, database: sqlite3.Connection, *, writes: bool) -> None:
        self.writes: Final = writes
        self.is_open = False  # between BEGIN and COMMIT only
        self._database = database

    def rows(self, statement: Statement, params: Params = NO_PARAMS) -> Sequence[Row]:
        prepared = statement.sqlite
        return prepared.rows(self._execute(prepared.sql, prepared.arguments(params)).fetchall())

    def change(self, statement: Statement, params: Params = NO_PARAMS) -> int:
        if not self.writes:
            msg = "a write inside Store.read"
            raise RuntimeError(msg)
        prepared = statement.sqlite
        return self._execute(prepared.sql, prepared.arguments(params)).rowcount

    def reserve(self, name: str) -> None:
        """Nothing to do: there is one writer."""

    def _execute(self, sql: str, arguments: list[Any]) -> sqlite3.Cursor:
        if not self.is_open:
            msg = "a transaction was used after its end"
            raise RuntimeError(msg)
        try:
            return self._database.execute(sql, arguments)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in _DUPLICATES:
                raise Duplicate from error
            raise


class SqliteStore:
    """`services.ports.Store` over one database file."""

    def __init__(self, path: Path, *, clock: Clock, options: StoreOptions) -> None:
        self._path = path
        self._clock = clock
        self._options = options
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._ended: list[asyncio.Future[None]] = []
        self._to_write: SimpleQueue[_Unit | None] = SimpleQueue()
        self._to_read: SimpleQueue[_Unit | None] = SimpleQueue()
        # Counted on the event loop only.
        self._queued = self._reading = 0
        self._writes = self._refused = self._failures = self._groups = self._largest_group = self._reads = 0

    # --- life-cycle ------------------------------------------------------------------------------------

    async def open(self) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            msg = f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed."
            raise Unavailable(msg)
        self._loop = asyncio.get_running_loop()
        bodies = [self._write_until_closed] + [self._read_until_closed] * self._options.readers
        try:
            for body in bodies:
                await self._start(body)
        except BaseException:
            await self.close()
            raise

    async def _start(self, body: Callable[[asyncio.Future[None], asyncio.Future[None]], None]) -> None:
        """Start a thread; return when it has connected, raise what kept it from that."""
        assert self._loop is not None
        ready, ended = self._loop.create_future(), self._loop.create_future()
        thread = threading.Thread(target=body, args=(ready, ended), name="mythgate-sqlite", daemon=True)
        thread.start()
        self._threads.append(thread)
        self._ended.append(ended)
        await ready

    async def close(self) -> None:
        self._loop = None
        threads, ended = self._threads, self._ended
        self._threads, self._ended = [], []
        for index in range(len(threads)):
            (self._to_write if index == 0 else self._to_read).put(None)
        for end in ended:
            await asyncio.shield(end)
        for thread in threads:
            thread.join()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    # --- what services call ----------------------------------------------------------------------------

    async def read(self, work: Callable[[Transaction], T]) -> T:
        unit = self._unit(work, None, None)
        self._reading += 1
        self._to_read.put(unit)
        result: T = await unit.future
        return result

    async def write(
        self,
        work: Callable[[Transaction], T],
        *,
        then: Callable[[T], None] | None = None,
        once: CommandKey | None = None,
    ) -> T:
        unit = self._unit(work, then, once)
        self._queued += 1
        self._to_write.put(unit)
        result: T = await unit.future
        return result

    async def check(self) -> None:
        await self.read(lambda tx: tx.facts.get(""))

    async def sweep(self, now: datetime) -> int:
        return await self.write(lambda tx: cast("SqlTransaction", tx).receipts.sweep(now))

    def statistics(self) -> StoreStatistics:
        threads = len(self._threads)
        return StoreStatistics(
            writes=self._writes,
            refused=self._refused,
            failures=self._failures,
            groups=self._groups,
            largest_group=self._largest_group,
            reads=self._reads,
            retries=0,
            queued=self._queued + self._reading,
            connections=threads,
            connections_in_use=min(self._reading, max(threads - 1, 0)) + min(self._queued, 1),
        )

    def _unit(
        self, work: Callable[[Transaction], Any], then: Callable[[Any], None] | None, once: CommandKey | None
    ) -> _Unit:
        loop = self._loop
        if loop is None:
            raise Unavailable("The database is closed.")
        if self._queued + self._reading >= self._options.queue_limit:
            raise Unavailable("The database has too much to do.", retry_after=RETRY_AFTER)
        return _Unit(work, then, once, loop.create_future())

    # --- on the event loop, after the fact -------------------------------------------------------------

    def _finish_group(self, group: list[_Unit]) -> None:
        self._queued -= len(group)
        committed = 0
        for unit in group:
            if unit.error is not None:
                self._fail(unit, unit.error)
                continue
            committed += 1
            if unit.then is not None:
                try:
                    unit.context.run(unit.then, unit.result)
                except Exception:
                    _log.exception("announcement_failed")
            if not unit.future.done():
                unit.future.set_result(unit.result)
        if committed:
            self._writes += committed
            self._groups += 1
            self._largest_group = max(self._largest_group, committed)

    def _finish_read(self, unit: _Unit) -> None:
        self._reading -= 1
        self._reads += 1
        if unit.error is not None:
            self._fail(unit, unit.error)
        elif not unit.future.done():
            unit.future.set_result(unit.result)

    def _fail(self, unit: _Unit, error: BaseException) -> None:
        if isinstance(error, Unavailable):
            self._failures += 1
        elif isinstance(error, Refused):
            self._refused += 1
        if not unit.future.done():
            unit.future.set_exception(error)
        elif not isinstance(error, Refused):
            _log.error("abandoned_unit_failed", exc_info=error)

    # --- the writer thread -----------------------------------------------------------------------------

    def _write_until_closed(self, ready: asyncio.Future[None], ended: asyncio.Future[None]) -> None:
        with self._connected(ready, ended, writes=True) as database:
            if database is None:
                return
            connection = SqliteConnection(database, writes=True)
            transaction = SqlTransaction(connection)
            loop = ready.get_loop()
            more = True
            while more:
                group, more = self._next_group()
                if group:
                    self._run_group(database, connection, transaction, group)
                    loop.call_soon_threadsafe(self._finish_group, group)

    def _next_group(self) -> tuple[list[_Unit], bool]:
        """Wait for a unit, then take all that wait with it; False with the last ones."""
        group: list[_Unit] = []
        unit = self._to_write.get()
        while unit is not None:
            group.append(unit)
            if len(group) == self._options.group_commit_max:
                return group, True
            try:
                unit = self._to_write.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _run_group(
        self,
        database: sqlite3.Connection,
        connection: SqliteConnection,
        transaction: SqlTransaction,
        group: list[_Unit],
    ) -> None:
        """Run and commit `group`; afterwards each unit has its result or its error."""
        alone = len(group) == 1
        connection.is_open = True
        try:
            database.execute("BEGIN IMMEDIATE")
            for unit in group:
                if not alone:
                    database.execute("SAVEPOINT unit")
                try:
                    if unit.once is not None:
                        transaction.receipts.record(unit.once, self._clock.now())
                    unit.result = unit.work(transaction)
                except Exception as error:
                    unit.error = _translated(error)
                    if not database.in_transaction:
                        raise  # SQLite gave the whole transaction up: nothing of the group is saved
                    if not alone:
                        database.execute("ROLLBACK TO unit")
                if not alone:
                    database.execute("RELEASE unit")
            connection.is_open = False
            database.execute("ROLLBACK" if alone and group[0].error is not None else "COMMIT")
        except Exception as error:
            for unit in group:
                if unit.error is None:
                    unit.error = _lost(error)
            if database.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
            _log.error("commit_failed", extra={"units": len(group)}, exc_info=error)
        finally:
            connection.is_open = False

    # --- the reader threads ----------------------------------------------------------------------------

    def _read_until_closed(self, ready: asyncio.Future[None], ended: asyncio.Future[None]) -> None:
        with self._connected(ready, ended, writes=False) as database:
            if database is None:
                return
            connection = SqliteConnection(database, writes=False)
            transaction = SqlTransaction(connection)
            loop = ready.get_loop()
            while (unit := self._to_read.get()) is not None:
                connection.is_open = True
                try:
                    database.execute("BEGIN")
                    unit.result = unit.work(transaction)
                except Exception as error:
                    unit.error = _translated(error)
                finally:
                    connection.is_open = False
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                loop.call_soon_threadsafe(self._finish_read, unit)

    # --- connections -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _connected(
        self, ready: asyncio.Future[None], ended: asyncio.Future[None], *, writes: bool
    ) -> Iterator[sqlite3.Connection | None]:
        """A connection for this thread, or None if there can be none; tells `ready` and `ended`."""
        loop = ready.get_loop()
        database = None
        try:
            try:
                database = self._connect(writes=writes)
            except Exception as error:
                loop.call_soon_threadsafe(_settle, ready, _translated(error))
            else:
                loop.call_soon_threadsafe(_settle, ready, None)
            yield database
        finally:
            if database is not None:
                database.close()
            with contextlib.suppress(RuntimeError):  # the loop was closed before the store
                loop.call_soon_threadsafe(_settle, ended, None)

    def _connect(self, *, writes: bool) -> sqlite3.Connection:
        database = connect(self._path, timeout=self._options.statement_timeout)
        try:
            if writes:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(f"PRAGMA synchronous = {self._options.synchronous}")
                database.execute("PRAGMA journal_size_limit = 67108864")
                found = sqlite_revision(database)
                if found != HEAD:
                    raise SchemaOutOfDate(found, HEAD)
            else:
                database.execute("PRAGMA query_only = ON")
        except BaseException:
            database.close()
            raise
        return database


def connect(path: Path, *, timeout: timedelta) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions begin where our code says so and nowhere else."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # it will hold password hashes
    database = sqlite3.connect(path, timeout=timeout.total_seconds(), isolation_level=None, cached_statements=512)
    database.execute("PRAGMA foreign_keys = ON")
    # SQLite's own knows ASCII only.
    database.create_function("lower", 1, _lower, deterministic=True)
    return database


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _settle(future: asyncio.Future[None], error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _translated(error: Exception) -> Exception:
    """What the caller is told: faults of the database as Unavailable, all else as it is."""
    if isinstance(error, OSError) and not isinstance(error, Refused):
        message = "The database file cannot be opened."
    elif isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or (code & 0xFF) not in _OUT_OF_REACH:
            return error
        message = _OUT_OF_REACH[code & 0xFF]
    elif isinstance(error, StopIteration):  # a future cannot carry it
        return RuntimeError("a unit of work raised StopIteration")
    else:
        return error
    unavailable = Unavailable(message, retry_after=RETRY_AFTER)
    unavailable.__cause__ = error
    return unavailable


def _lost(error: Exception) -> Exception:
    """For a unit that was fine and went down with its group."""
    translated = _translated(error)
    if isinstance(translated, Unavailable):
        return translated
    lost = Unavailable("The database could not save this.", retry_after=RETRY_AFTER)
    lost.__cause__ = error
    return lost

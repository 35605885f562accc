"""The store on SQLite: one writer that commits in groups.

Whatever is waiting when the writer becomes free (at most `group_commit_max` units) shares one transaction
and one commit, each unit inside its own savepoint, so that a refused one is undone alone. Nobody waits for
a group to fill: a single unit is a group of one. All units of one process run one after the other, and
`BEGIN IMMEDIATE` keeps other processes out, so a unit never sees rows that change under it.

Units run on the event loop, in between other callbacks: they take some tens of microseconds each, and a
group stops growing after a few milliseconds. Only the commit, which waits for the disk, is done by a
thread. (The driver releases the interpreter lock at each statement. A thread that ran whole units had to
win it back a dozen times a unit, and next to a busy loop it took seconds for what takes 30 µs.) Reads run on
the event loop too, and never suspend. What turns out to be long, or finds the file locked by another
process, is undone and run again from the start by a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Final, Self, TypeVar, cast

from mythgate.backends.sql.revisions import require_head, require_tables, sqlite_revision, sqlite_tables
from mythgate.backends.sql.statements import NO_PARAMS, Duplicate, Params, Row, Statement
from mythgate.backends.sql.store import RETRY_AFTER, StoreOptions, StoreStatistics
from mythgate.backends.sql.transaction import SqlTransaction
from mythgate.backends.threads import WorkerThreads
from mythgate.domain.errors import Refused, Unavailable
from mythgate.services.ports import Clock, CommandKey, Transaction

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

_OLDEST: Final = (3, 35, 0)  # RETURNING

_GROUP_SECONDS: Final = 0.005  # a group that ran this long on the event loop takes no further unit
_INLINE_SECONDS: Final = 0.02  # what runs longer than this on the event loop is run by a thread instead
_STEPS_BETWEEN_LOOKS: Final = 10_000  # SQLite's instructions between two looks at the clock, some 0.1 ms

# Result codes whose low byte says that the database, not the statement, is to blame; with what to tell people.
_OUT_OF_REACH: Final[dict[int | None, str]] = {
    sqlite3.SQLITE_BUSY: "Another process keeps the database locked.",
    sqlite3.SQLITE_LOCKED: "Another process keeps the database locked.",
    sqlite3.SQLITE_INTERRUPT: "The database took too long.",
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_IOERR: "The database file cannot be read or written.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_READONLY: "The database file is read-only.",
    sqlite3.SQLITE_PERM: "The database file may not be opened.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged.",
    sqlite3.SQLITE_NOTADB: "The database file is not a database.",
    sqlite3.SQLITE_PROTOCOL: "Another process keeps the database locked.",
}
_BEYOND_WAITING: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_WORTH_WAITING: Final = frozenset({sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL})
_MODE_TRIES: Final = 40
_MODE_PAUSE_SECONDS: Final = 0.05
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
    error: Exception | None = None


class SqliteConnection:
    """A `SqlConnection` over the standard library's driver, used by one thread at a time."""

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


class _Opened:
    """A database connection with what belongs to it. Used by one thread at a time."""

    def __init__(self, database: sqlite3.Connection, clock: Clock, *, writes: bool) -> None:
        self.database: Final = database
        self.connection: Final = SqliteConnection(database, writes=writes)
        self.transaction: Final = SqlTransaction(self.connection, clock)
        self.deadline = inf  # by the clock's `monotonic`
        self._clock = clock
        database.set_progress_handler(self._is_late, _STEPS_BETWEEN_LOOKS)

    def _is_late(self) -> bool:
        return self._clock.monotonic() > self.deadline

    def wait_for_locks(self, seconds: float) -> None:
        self.database.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")

    def run_units(self, group: Iterable[_Unit], clock: Clock) -> None:
        """Begin a transaction and run `group`, each unit in its savepoint.

        Leaves the transaction open. Raises if the transaction as a whole came to nothing.
        """
        database, connection, transaction = self.database, self.connection, self.transaction
        database.execute("BEGIN IMMEDIATE")
        connection.is_open = True
        try:
            for unit in group:
                unit.result = unit.error = None
                database.execute("SAVEPOINT unit")
                try:
                    if unit.once is not None:
                        transaction.receipts.record(unit.once, clock.now())
                    unit.result = unit.work(transaction)
                except Exception as error:
                    if _code(error) == sqlite3.SQLITE_INTERRUPT or not database.in_transaction:
                        raise
                    unit.error = explained(error)
                    database.execute("ROLLBACK TO unit")
                database.execute("RELEASE unit")
        finally:
            connection.is_open = False

    def run_read(self, work: Callable[[Transaction], T]) -> T:
        self.database.execute("BEGIN")
        self.connection.is_open = True
        try:
            return work(self.transaction)
        finally:
            self.connection.is_open = False
            self.roll_back()

    def roll_back(self) -> None:
        """Undo what is not committed, if anything; never raises."""
        if self.database.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self.database.execute("ROLLBACK")


class SqliteStore:
    """`services.ports.Store` over one database file."""

    def __init__(self, path: Path, *, clock: Clock, options: StoreOptions) -> None:
        self._path = path
        self._clock = clock
        self._options = options
        self._loop: asyncio.AbstractEventLoop | None = None
        self._patience = options.statement_timeout.total_seconds()
        self._writer_thread = WorkerThreads("mythgate-sqlite-writer", 1)
        self._reader_threads = WorkerThreads("mythgate-sqlite-reader", options.readers)
        self._writer: _Opened | None = None
        self._reader: _Opened | None = None
        self._spare_readers: list[_Opened] = []  # for the reader threads
        self._connections = 0
        self._waiting: deque[_Unit] = deque()
        self._writing = 0  # units of the group that is being written
        self._scheduled = False
        self._drained: asyncio.Future[None] | None = None
        self._writes = self._refused = self._failures = self._groups = self._largest_group = self._reads = 0

    # --- life-cycle ------------------------------------------------------------------------------------

    async def open(self) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            msg = f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed."
            raise Unavailable(msg)
        self._writer_thread.start()
        self._reader_threads.start()
        try:
            self._writer = await self._writer_thread.run(partial(self._connect, writes=True))
            self._reader = await self._writer_thread.run(partial(self._connect, writes=False))
        except BaseException as error:
            await self.close()
            if isinstance(error, Exception):
                raise explained(error) from error
            raise
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and (self._waiting or self._writing):
            self._drained = loop.create_future()
            await self._drained
        while self._reader_threads.outstanding:
            await self._reader_threads.run(lambda: None)
        self._writer_thread.close()
        self._reader_threads.close()
        for opened in (self._reader, *self._spare_readers, self._writer):
            if opened is not None:
                opened.database.close()
        self._reader = self._writer = None
        self._spare_readers = []
        self._connections = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    # --- what services call ----------------------------------------------------------------------------

    async def read(self, work: Callable[[Transaction], T]) -> T:
        self._admit()
        self._reads += 1
        reader = self._reader
        assert reader is not None
        reader.deadline = self._clock.monotonic() + _INLINE_SECONDS
        try:
            return reader.run_read(work)
        except sqlite3.Error as error:
            if not _for_a_thread(error):
                raise explained(error) from error
        try:
            result: T = await self._reader_threads.run(partial(self._read_in_thread, work))
        except sqlite3.Error as error:
            raise explained(error) from error
        return result

    async def write(
        self,
        work: Callable[[Transaction], T],
        *,
        then: Callable[[T], None] | None = None,
        once: CommandKey | None = None,
    ) -> T:
        loop = self._admit()
        unit = _Unit(work, then, once, loop.create_future())
        self._waiting.append(unit)
        self._schedule(loop)
        result: T = await unit.future
        return result

    async def check(self) -> None:
        await self.read(lambda tx: tx.facts.get(""))

    async def sweep(self, now: datetime) -> int:
        return await self.write(lambda tx: cast("SqlTransaction", tx).receipts.sweep(now))

    def statistics(self) -> StoreStatistics:
        queued = len(self._waiting) + self._writing
        reading = self._reader_threads.outstanding
        return StoreStatistics(
            writes=self._writes,
            refused=self._refused,
            failures=self._failures,
            groups=self._groups,
            largest_group=self._largest_group,
            reads=self._reads,
            retries=0,
            queued=queued + reading,
            connections=self._connections,
            connections_in_use=min(queued, 1) + min(reading, self._options.readers),
        )

    def _admit(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise Unavailable("The database is closed.")
        if len(self._waiting) + self._reader_threads.outstanding >= self._options.queue_limit:
            raise Unavailable("The database has too much to do.", retry_after=RETRY_AFTER)
        return self._loop

    # --- writing ---------------------------------------------------------------------------------------

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write what waits as soon as everybody who is about to run has had the chance to join."""
        if not self._scheduled and not self._writing:
            self._scheduled = True
            loop.call_soon(self._write_group)

    def _write_group(self) -> None:
        self._scheduled = False
        writer = self._writer
        if not self._waiting or self._writing or writer is None:
            return
        began = self._clock.monotonic()
        writer.deadline = began + _INLINE_SECONDS
        group: list[_Unit] = []
        changes = writer.database.total_changes
        try:
            writer.run_units(self._take_units(group, began + _GROUP_SECONDS), self._clock)
        except Exception as error:
            writer.roll_back()
            if _for_a_thread(error):
                if not group:  # it failed to begin
                    group.extend(self._take_units([], inf))
                self._writing = len(group)
                self._writer_thread.submit(partial(self._write_in_thread, group), partial(self._finish_group, group))
            else:
                self._finish_group(group, None, error)
            return
        except BaseException:  # somebody ends this process, in the middle of a unit
            writer.roll_back()
            self._finish_group(group, None, RuntimeError("interrupted"))
            raise
        if writer.database.total_changes == changes or all(unit.error is not None for unit in group):
            # Nothing to make durable.
            writer.roll_back()
            self._finish_group(group, None, None)
        else:
            self._writing = len(group)
            self._writer_thread.submit(self._commit, partial(self._finish_group, group))

    def _take_units(self, group: list[_Unit], until: float) -> Iterator[_Unit]:
        """The units of the next group, one by one as they are wanted."""
        for _ in range(self._options.group_commit_max):
            if not self._waiting or (group and self._clock.monotonic() > until):
                return
            group.append(self._waiting.popleft())
            yield group[-1]

    def _commit(self) -> None:
        """In the writer's thread: wait for the disk."""
        writer = self._writer
        assert writer is not None
        try:
            writer.database.execute("COMMIT")
        finally:
            writer.roll_back()

    def _write_in_thread(self, group: list[_Unit]) -> None:
        """In the writer's thread: all of a group that must wait for another process, or takes long."""
        writer = self._writer
        assert writer is not None
        writer.wait_for_locks(self._patience)
        writer.deadline = self._clock.monotonic() + self._patience
        try:
            writer.run_units(group, self._clock)
            writer.database.execute("COMMIT")
        finally:
            writer.roll_back()
            writer.wait_for_locks(0)

    def _finish_group(self, group: list[_Unit], _result: None, error: Exception | None) -> None:
        """On the event loop: tell everybody how it went, in the order in which it was done."""
        if error is not None:
            _log.error("commit_failed", extra={"units": len(group)}, exc_info=error)
        saved = 0
        for unit in group:
            if error is not None and unit.error is None:
                unit.error = _lost(error)
            if unit.error is None:
                saved += 1
                _announce(unit)
            else:
                self._refuse(unit, unit.error)
        self._writing = 0
        self._writes += saved
        self._groups += saved > 0
        self._largest_group = max(self._largest_group, saved)
        if self._waiting:
            self._schedule(group[0].future.get_loop())
        elif self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _refuse(self, unit: _Unit, error: Exception) -> None:
        if isinstance(error, Unavailable):
            self._failures += 1
        elif isinstance(error, Refused):
            self._refused += 1
        if not unit.future.done():
            unit.future.set_exception(error)
        elif not isinstance(error, Refused):
            _log.error("abandoned_unit_failed", exc_info=error)

    # --- reading in a thread, and connections ----------------------------------------------------------

    def _read_in_thread(self, work: Callable[[Transaction], T]) -> T:
        reader = self._spare_readers.pop() if self._spare_readers else self._connect(writes=False)
        try:
            reader.wait_for_locks(self._patience)
            reader.deadline = self._clock.monotonic() + self._patience
            return reader.run_read(work)
        finally:
            self._spare_readers.append(reader)

    def _connect(self, *, writes: bool) -> _Opened:
        """In a thread: another process may hold the file for a moment."""
        database = connect(self._path, timeout=self._options.statement_timeout)
        try:
            if writes:
                use_wal(database)
                database.execute(f"PRAGMA synchronous = {self._options.synchronous}")
                database.execute("PRAGMA journal_size_limit = 67108864")
                require_head(sqlite_revision(database))
                require_tables(sqlite_tables(database))
            else:
                database.execute("PRAGMA query_only = ON")
            opened = _Opened(database, self._clock, writes=writes)
            opened.wait_for_locks(0)
        except BaseException:
            database.close()
            raise
        self._connections += 1
        return opened


def connect(path: Path, *, timeout: timedelta) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions begin where our code says so and nowhere else."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # it will hold password hashes
    database = sqlite3.connect(
        path,
        timeout=timeout.total_seconds(),
        isolation_level=None,
        check_same_thread=False,  # the store sees to it that one thread at a time uses it
        cached_statements=512,
    )
    database.execute("PRAGMA foreign_keys = ON")
    # SQLite's own knows ASCII only.
    database.create_function("lower", 1, _lower, deterministic=True)
    return database


def use_wal(database: sqlite3.Connection) -> None:
    """Blocks. SQLite does not wait, whatever the timeout, if another process changes the mode at this moment."""
    for _ in range(_MODE_TRIES):
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_MODE_PAUSE_SECONDS)
        else:
            return
    database.execute("PRAGMA journal_mode = WAL")


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _announce(unit: _Unit) -> None:
    if unit.then is not None:
        try:
            unit.context.run(unit.then, unit.result)
        except Exception:
            _log.exception("announcement_failed")
    if not unit.future.done():
        unit.future.set_result(unit.result)


def _code(error: Exception) -> int | None:
    """SQLite's primary result code."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _for_a_thread(error: Exception) -> bool:
    """Whether the same may succeed for somebody who can wait."""
    return _code(error) in _WORTH_WAITING


def explained(error: Exception) -> Exception:
    """What the caller is told: faults of the database as Unavailable, all else as it is."""
    if isinstance(error, OSError) and not isinstance(error, Refused):
        message = "The database file cannot be opened."
    elif isinstance(error, sqlite3.Error):
        known = _OUT_OF_REACH.get(_code(error))
        if known is None:
            return error
        message = known
        if _code(error) in _BEYOND_WAITING:
            broken = Unavailable(message, hint="The operator has to restore it from a backup.")
            broken.__cause__ = error
            return broken
    elif isinstance(error, StopIteration):  # a future cannot carry it
        return RuntimeError("a unit of work raised StopIteration")
    else:
        return error
    unavailable = Unavailable(message, retry_after=RETRY_AFTER)
    unavailable.__cause__ = error
    return unavailable


def _lost(error: Exception) -> Exception:
    """For a unit that was fine and went down with its group."""
    translated = explained(error)
    if isinstance(translated, Unavailable):
        return translated
    lost = Unavailable("The database could not save this.", retry_after=RETRY_AFTER)
    lost.__cause__ = error
    return lost

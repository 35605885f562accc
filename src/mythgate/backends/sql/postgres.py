"""The store on PostgreSQL: one transaction a unit, over asyncpg.

Why rules never run on stale rows. Write transactions are READ COMMITTED, and what a rule looks at is locked
before it looks: selects of single rows, and of the rows that belong to one owner, take `FOR NO KEY UPDATE`
(which waits for whoever changes the row and then reads it anew), and where rows that are not there yet
matter (an account's characters, a holder's things, a fact) the owner's row or its name is locked first.
What is listed without a lock (everybody in a room) says so; writing such a row is guarded by its `version`.
SERIALIZABLE would need no locks, but it would refuse most of 200 concurrent moves: small tables are read
whole, and it then takes everybody for a conflict.

Why announcements are in commit order. A unit draws a ticket when its work is done, while it still holds all
its locks, and just before it asks for the commit. Two units that touched the same row, of which one had
to wait for the other, so draw in the order in which they commit. `then` is called in the order of tickets,
however the answers to the commits arrive.

Deadlocks and serialization failures are run again, up to five times in all.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final, Self, TypeVar, cast

from asyncpg.exceptions import InterfaceError, PostgresError
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from mythgate.backends.sql.revisions import READ_REVISION, require_head, require_tables
from mythgate.backends.sql.statements import NO_PARAMS, Duplicate, Params, Row, Statement
from mythgate.backends.sql.store import RETRY_AFTER, StoreOptions, StoreStatistics
from mythgate.backends.sql.tables import metadata
from mythgate.backends.sql.transaction import SqlTransaction
from mythgate.domain.errors import Refused, Unavailable
from mythgate.services.ports import Clock, CommandKey, Transaction

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)

_ATTEMPTS: Final = 5
_UNIQUE_VIOLATION: Final = "23505"
_RUN_AGAIN: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock

# SQLSTATEs, whole or by class, that blame the database; with what to tell people.
_OUT_OF_REACH: Final = {
    "08": "The connection to the database was lost.",
    "28": "The database does not accept this server's credentials.",
    "3D": "The database does not exist.",
    "40": "The database is too busy.",
    "53": "The database has run out of something it needs.",
    "53100": "The disk that holds the database is full.",
    "53300": "The database takes no more connections.",
    "57": "The database is shutting down or starting.",
    "57014": "The database took too long.",
    "58": "The database cannot read or write its files.",
}


class PostgresConnection:
    """A `SqlConnection` inside one transaction, used from the greenlet that runs the unit."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self.writes: Final = writes
        self.is_open = True
        self._connection = connection

    def rows(self, statement: Statement, params: Params = NO_PARAMS) -> Sequence[Row]:
        prepared = statement.postgres_write if self.writes else statement.postgres
        return prepared.rows(self._execute(prepared.sql, prepared.arguments(params)).all())

    def change(self, statement: Statement, params: Params = NO_PARAMS) -> int:
        if not self.writes:
            msg = "a write inside Store.read"
            raise RuntimeError(msg)
        prepared = statement.postgres
        return int(self._execute(prepared.sql, prepared.arguments(params)).rowcount)

    def reserve(self, name: str) -> None:
        if self.writes:
            digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
            self._execute("SELECT pg_advisory_xact_lock($1)", [int.from_bytes(digest, signed=True)])

    def _execute(self, sql: str, arguments: list[Any]) -> Any:
        if not self.is_open:
            msg = "a transaction was used after its end"
            raise RuntimeError(msg)
        try:
            return self._connection.exec_driver_sql(sql, tuple(arguments))
        except IntegrityError as error:
            if _sqlstate(error) == _UNIQUE_VIOLATION:
                raise Duplicate from error
            raise


class CommitOrder:
    """Calls back in the order in which tickets were drawn, each as soon as all before it are settled."""

    def __init__(self) -> None:
        self._drawn = 0
        self._due = 0  # the oldest ticket that is not settled
        self._settled: dict[int, Callable[[], None] | None] = {}

    def draw(self) -> int:
        ticket = self._drawn
        self._drawn += 1
        return ticket

    def settle(self, ticket: int, call: Callable[[], None] | None) -> None:
        """The outcome is known: `call` what was promised, or nothing if nothing was committed."""
        self._settled[ticket] = call
        while self._due in self._settled:
            due = self._settled.pop(self._due)
            self._due += 1
            if due is not None:
                due()


class _Attempt:
    """One try at running a unit, and how far it came."""

    __slots__ = ("committed", "committing", "ticket")

    def __init__(self) -> None:
        self.ticket: int | None = None
        self.committing = False
        self.committed = False


class PostgresStore:
    """`services.ports.Store` over a PostgreSQL database."""

    def __init__(self, url: URL, *, clock: Clock, options: StoreOptions) -> None:
        self._url = url
        self._clock = clock
        self._options = options
        self._engine: AsyncEngine | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._order = CommitOrder()
        self._writes = self._refused = self._failures = self._reads = self._retries = 0

    # --- life-cycle ------------------------------------------------------------------------------------

    async def open(self) -> None:
        seconds = self._options.statement_timeout.total_seconds()
        self._engine = create_async_engine(
            self._url,
            isolation_level="READ COMMITTED",
            hide_parameters=True,  # errors must not quote password hashes
            pool_size=self._options.pool_size,
            max_overflow=0,
            pool_timeout=seconds,
            pool_pre_ping=True,
            pool_use_lifo=True,
            connect_args={
                "timeout": seconds,
                "command_timeout": seconds * 2,  # for a network that swallows packets
                "server_settings": {
                    "application_name": "mythgate",
                    "statement_timeout": str(round(seconds * 1000)),
                    "idle_in_transaction_session_timeout": str(round(seconds * 2000)),
                    "jit": "off",
                },
            },
        )
        try:
            require_head(await self._revision(self._engine))
        except BaseException:
            await self.close()
            raise

    async def _revision(self, engine: AsyncEngine) -> str | None:
        try:
            async with engine.connect() as connection:
                if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
                    return None
                found: str | None = await connection.scalar(text(READ_REVISION))
                require_head(found)
                # By `to_regclass`, which looks where our statements will look.
                names = list(metadata.tables)
                seen = await connection.scalars(
                    text("SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NOT NULL"),
                    {"names": names},
                )
                require_tables(set(seen))
                return found
        except Exception as error:
            raise explained(error) from error

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        while self._running:
            await asyncio.wait(self._running)
        if engine is not None:
            await engine.dispose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    # --- what services call ----------------------------------------------------------------------------

    async def read(self, work: Callable[[Transaction], T]) -> T:
        engine = self._admit()
        return await self._to_the_end(self._read(engine, work))

    async def write(
        self,
        work: Callable[[Transaction], T],
        *,
        then: Callable[[T], None] | None = None,
        once: CommandKey | None = None,
    ) -> T:
        engine = self._admit()
        return await self._to_the_end(self._write(engine, work, then, once))

    async def check(self) -> None:
        await self.read(lambda tx: tx.facts.get(""))

    async def sweep(self, now: datetime) -> int:
        return await self.write(lambda tx: cast("SqlTransaction", tx).receipts.sweep(now))

    def statistics(self) -> StoreStatistics:
        pool = self._engine.pool if self._engine is not None else None
        connections = in_use = 0
        if isinstance(pool, AsyncAdaptedQueuePool):
            in_use = pool.checkedout()
            connections = pool.checkedin() + in_use
        return StoreStatistics(
            writes=self._writes,
            refused=self._refused,
            failures=self._failures,
            groups=self._writes,
            largest_group=min(self._writes, 1),
            reads=self._reads,
            retries=self._retries,
            queued=len(self._running),
            connections=connections,
            connections_in_use=in_use,
        )

    def _admit(self) -> AsyncEngine:
        if self._engine is None:
            raise Unavailable("The database is closed.")
        if len(self._running) >= self._options.queue_limit:
            raise Unavailable("The database has too much to do.", retry_after=RETRY_AFTER)
        return self._engine

    async def _to_the_end(self, unit: Coroutine[Any, Any, T]) -> T:
        """Run `unit` in a task of its own: it goes on if the caller is cancelled."""
        task = asyncio.get_running_loop().create_task(unit)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Unavailable):
            self._failures += 1
            _log.warning("database_unavailable", extra={"reason": error.message})
        elif isinstance(error, Refused):
            self._refused += 1

    # --- transactions ----------------------------------------------------------------------------------

    async def _read(self, engine: AsyncEngine, work: Callable[[Transaction], T]) -> T:
        try:
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                result = await connection.run_sync(_run_unit, self._clock, work, writes=False)
                await connection.rollback()
        except Exception as error:
            raise explained(error) from error
        self._reads += 1
        return result

    async def _write(
        self,
        engine: AsyncEngine,
        work: Callable[[Transaction], T],
        then: Callable[[T], None] | None,
        once: CommandKey | None,
    ) -> T:
        tries = 0
        while True:
            tries += 1
            attempt = _Attempt()
            try:
                return await self._try_to_write(engine, attempt, work, then, once)
            except Exception as error:
                if tries == _ATTEMPTS or not _may_run_again(error, attempt):
                    raise explained(error, in_doubt=attempt.committing) from error
            self._retries += 1
            # Chance here only keeps two that collided from colliding again.
            await asyncio.sleep(random.uniform(0, 0.005 * 2**tries))  # noqa: S311

    async def _try_to_write(
        self,
        engine: AsyncEngine,
        attempt: _Attempt,
        work: Callable[[Transaction], T],
        then: Callable[[T], None] | None,
        once: CommandKey | None,
    ) -> T:
        def run(connection: Connection) -> T:
            result = _run_unit(connection, self._clock, lambda tx: self._recorded(tx, work, once), writes=True)
            attempt.ticket = self._order.draw()
            return result

        announced = asyncio.get_running_loop().create_future()
        try:
            async with engine.connect() as connection:
                result = await connection.run_sync(run)
                attempt.committing = True
                await connection.commit()
                attempt.committed = True
                self._writes += 1
                assert attempt.ticket is not None
                self._order.settle(attempt.ticket, lambda: _announce(then, result, announced))
        except Exception:
            if not attempt.committed:
                raise
            _log.warning("connection_not_returned", exc_info=True)
        finally:
            if attempt.ticket is not None and not attempt.committed:
                self._order.settle(attempt.ticket, None)
        await announced
        return result

    def _recorded(self, transaction: SqlTransaction, work: Callable[[Transaction], T], once: CommandKey | None) -> T:
        if once is not None:
            transaction.receipts.record(once, self._clock.now())
        return work(transaction)


def _run_unit(connection: Connection, clock: Clock, work: Callable[[SqlTransaction], T], *, writes: bool) -> T:
    """Run `work` in the greenlet that may wait for the database."""
    ours = PostgresConnection(connection, writes=writes)
    try:
        return work(SqlTransaction(ours, clock))
    finally:
        ours.is_open = False


def _announce(then: Callable[[T], None] | None, result: T, announced: asyncio.Future[None]) -> None:
    try:
        if then is not None:
            then(result)
    except Exception:
        _log.exception("announcement_failed")
    finally:
        announced.set_result(None)


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _may_run_again(error: Exception, attempt: _Attempt) -> bool:
    """Whether nothing was done, for a reason that may be gone next time."""
    if not isinstance(error, DBAPIError):
        return False
    return _sqlstate(error) in _RUN_AGAIN or (error.connection_invalidated and not attempt.committing)


def explained(error: Exception, *, in_doubt: bool = False) -> Exception:
    """What the caller is told: faults of the database as Unavailable, all else as it is."""
    message = None
    if isinstance(error, PoolTimeout):
        message = "The database has too much to do."
    elif isinstance(error, DBAPIError):
        state = _sqlstate(error)
        message = _OUT_OF_REACH.get(state) or _OUT_OF_REACH.get(state[:2])
        if message is None and error.connection_invalidated:
            message = _OUT_OF_REACH["08"]
    elif isinstance(error, OSError | PostgresError | InterfaceError):
        message = _OUT_OF_REACH.get(str(getattr(error, "sqlstate", None) or "08")[:2], _OUT_OF_REACH["08"])
    if message is None:
        return error
    if in_doubt:
        message += " It is not certain whether the last change was saved."
    return Unavailable(message, retry_after=RETRY_AFTER)

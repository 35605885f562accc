"""The writer of the SQLite store: groups, savepoints, locks, full disks, busy loops."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.rows import an_account

from mythgate.backends.sql import SqlStore, StoreOptions, migrate, open_store
from mythgate.domain.errors import NotFound, Unavailable
from mythgate.domain.ids import AccountId
from mythgate.services.ports import Transaction


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path)


@pytest.fixture
def path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@asynccontextmanager
async def a_store(url: str, clock: FakeClock | None = None, **options: object) -> AsyncIterator[SqlStore]:
    chosen = StoreOptions(**options)  # type: ignore[arg-type]
    async with open_store(url, clock=clock or FakeClock(), options=chosen) as store:
        yield store


def put(key: str, value: str = "1") -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.facts.set(key, value)
        return key

    return work


def fact(key: str) -> Callable[[Transaction], str | None]:
    return lambda tx: tx.facts.get(key)


async def many(store: SqlStore, count: int, **named: Any) -> list[Any]:
    return await asyncio.gather(*(store.write(put(f"{n}"), **named) for n in range(count)), return_exceptions=True)


# --- groups ----------------------------------------------------------------------------------------


async def test_all_that_wait_share_one_commit(url: str) -> None:
    async with a_store(url) as store:
        order: list[str] = []
        assert await many(store, 100, then=order.append) == order == [f"{n}" for n in range(100)]
        figures = store.statistics()
        assert (figures.writes, figures.groups, figures.largest_group) == (100, 1, 100)


async def test_a_group_has_its_limit(url: str) -> None:
    async with a_store(url, group_commit_max=8) as store:
        await many(store, 100)
        figures = store.statistics()
        assert (figures.writes, figures.groups, figures.largest_group) == (100, 13, 8)


async def test_a_group_that_took_long_takes_no_more(url: str, clock: FakeClock) -> None:
    def slow(tx: Transaction) -> None:
        tx.facts.set("a", "1")
        clock.advance(timedelta(milliseconds=3))

    async with a_store(url, clock) as store:
        await asyncio.gather(*(store.write(slow) for _ in range(6)))
        assert store.statistics().largest_group == 2


async def test_a_refused_unit_is_undone_alone(url: str) -> None:
    def refused(tx: Transaction) -> None:
        tx.facts.set("1", "spoilt")
        tx.facts.set("refused", "1")
        tx.accounts.require(AccountId("nobody"))

    def broken(tx: Transaction) -> None:
        tx.facts.set("broken", "1")
        raise ZeroDivisionError

    order: list[str] = []
    async with a_store(url) as store:
        results = await asyncio.gather(
            store.write(put("1"), then=order.append),
            store.write(refused),
            store.write(put("2"), then=order.append),
            store.write(broken),
            store.write(put("3"), then=order.append),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [str, NotFound, str, ZeroDivisionError, str]
        assert order == ["1", "2", "3"]
        assert [await store.read(fact(key)) for key in ("1", "2", "3", "refused", "broken")] == ["1"] * 3 + [None] * 2
        assert store.statistics().groups == 1


async def test_a_unit_that_is_interrupted_takes_its_group_along(url: str) -> None:
    def interrupted(tx: Transaction) -> None:
        tx.facts.set("interrupted", "1")
        raise SystemExit

    async with a_store(url) as store:
        loop = asyncio.get_running_loop()
        writes = [loop.create_task(store.write(work)) for work in (put("a"), interrupted)]
        await asyncio.sleep(0)
        with pytest.raises(SystemExit):
            store._write_group()  # type: ignore[attr-defined]
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable, Unavailable]
        await store.write(put("b"))
        assert await store.read(lambda tx: [tx.facts.get(key) for key in ("a", "interrupted", "b")]) == [
            None,
            None,
            "1",
        ]


async def test_units_of_a_group_see_each_other(url: str) -> None:
    def count(tx: Transaction) -> None:
        tx.facts.set("n", str(int(tx.facts.get("n") or 0) + 1))

    async with a_store(url) as store:
        await asyncio.gather(*(store.write(count) for _ in range(50)))
        assert await store.read(fact("n")) == "50"


async def test_nothing_shows_before_the_commit(url: str) -> None:
    """While the disk is being waited for, readers see the state before the group."""
    async with a_store(url) as store:
        writing = asyncio.create_task(store.write(put("a")))
        seen = []
        while not writing.done():
            seen.append((await store.read(fact("a")), writing.done()))
            await asyncio.sleep(0)
        assert await store.read(fact("a")) == "1"
        assert seen[0] == (None, False)


async def test_units_that_change_nothing_need_no_commit(url: str) -> None:
    async with a_store(url) as store:
        before = (await store.write(lambda tx: tx.accounts.count()), store.statistics().writes)
        assert before == (0, 1)
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")  # the store holds no lock
            other.rollback()


async def test_reads_do_not_suspend(url: str) -> None:
    async with a_store(url) as store:
        reading = store.read(fact("a"))
        with pytest.raises(StopIteration) as ended:
            reading.send(None)
        assert ended.value.value is None


# --- what runs long --------------------------------------------------------------------------------


class ImpatientClock(FakeClock):
    """Time passes whenever somebody looks."""

    step = timedelta(seconds=0)

    def monotonic(self) -> float:
        self.advance(self.step)
        return super().monotonic()


def long_work(tx: Transaction) -> int:
    """Long enough for SQLite to look at the clock."""
    return len(tx.accounts.search("x", limit=10_000))


async def test_what_takes_long_goes_on_in_a_thread(url: str) -> None:
    clock = ImpatientClock()
    async with a_store(url, clock) as store:
        await store.write(lambda tx: [tx.accounts.add(an_account(f"x{n:05}", clock.now())) for n in range(3000)])
        loop_thread = threading.get_ident()
        ran_in: list[bool] = []

        def work(tx: Transaction) -> int:
            ran_in.append(threading.get_ident() == loop_thread)
            tx.facts.set("count", "1")
            return long_work(tx)

        def read(tx: Transaction) -> int:
            ran_in.append(threading.get_ident() == loop_thread)
            return long_work(tx)

        clock.step = timedelta(milliseconds=25)
        assert await store.read(read) == 3000
        assert ran_in == [True, False]
        ran_in.clear()
        order: list[str] = []
        written = await asyncio.gather(
            store.write(put("before"), then=order.append),
            store.write(work),
            store.write(put("after"), then=order.append),
        )
        assert [*written] == ["before", 3000, "after"]
        assert order == ["before", "after"]
        assert ran_in == [True, False]
        clock.step = timedelta(0)
        assert await store.read(lambda tx: [tx.facts.get(key) for key in ("before", "count", "after")]) == ["1"] * 3


async def test_what_takes_longer_than_allowed_is_refused(url: str) -> None:
    clock = ImpatientClock()
    async with a_store(url, clock) as store:
        await store.write(lambda tx: [tx.accounts.add(an_account(f"x{n:05}", clock.now())) for n in range(3000)])
        clock.step = timedelta(seconds=11)
        with pytest.raises(Unavailable, match="too long"):
            await store.read(long_work)
        with pytest.raises(Unavailable, match="too long"):
            await store.write(long_work)
        clock.step = timedelta(0)
        await store.write(put("a"))
        assert store.statistics().failures >= 1


# --- other processes, full disks -------------------------------------------------------------------


async def test_a_lock_of_another_process_is_waited_for(url: str, path: Path) -> None:
    async with a_store(url) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writing = asyncio.gather(store.write(put("a")), store.write(put("b")))
            asyncio.get_running_loop().call_later(0.05, other.execute, "COMMIT")
            assert [*await writing] == ["a", "b"]
        assert await store.read(fact("b")) == "1"


async def test_a_lock_that_stays_refuses(url: str, path: Path) -> None:
    async with a_store(url, statement_timeout=timedelta(milliseconds=50)) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            results = await many(store, 3)
            assert [type(result) for result in results] == [Unavailable] * 3
            assert "locked" in str(results[0])
            assert await store.read(fact("0")) is None  # reading goes on
            other.execute("ROLLBACK")
        assert await many(store, 3) == ["0", "1", "2"]
        assert store.statistics().failures == 3


async def test_a_full_disk_refuses_and_saves_nothing(url: str, path: Path) -> None:
    announced: list[Any] = []

    def large(tx: Transaction) -> None:
        for n in range(200):
            tx.facts.set(f"large-{n}", "x" * 4000)

    async with a_store(url) as store:
        await store.write(put("before"))
        with closing(sqlite3.connect(path)) as other:
            pages = other.execute("PRAGMA page_count").fetchone()[0]
        # The limit belongs to a connection; a file size limit of the operating system would end the test run.
        writer = store._writer  # type: ignore[attr-defined]
        writer.database.execute(f"PRAGMA max_page_count = {pages + 5}")
        results = await asyncio.gather(
            store.write(put("a"), then=announced.append),
            store.write(large, then=announced.append),
            store.write(put("b"), then=announced.append),
            return_exceptions=True,
        )
        full = [result for result in results if isinstance(result, Unavailable)]
        assert full
        assert all("full" in str(error) for error in full)
        assert await store.read(fact("large-0")) is None
        # Either all that were announced are saved, or none.
        for key in ("a", "b"):
            assert (await store.read(fact(key)) == "1") == (key in announced)
        writer.database.execute("PRAGMA max_page_count = 1000000")
        await store.write(large)
        assert await store.read(fact("large-0")) is not None


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(Unavailable, match="not a database"):
        async with a_store(f"sqlite:///{path}"):
            pass


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be opened"):
        async with a_store(f"sqlite:///{tmp_path}/file/mythgate.db"):
            pass


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path}/new/folder/mythgate.db")
    mode = (tmp_path / "new" / "folder" / "mythgate.db").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize(("synchronous", "level"), [("full", 2), ("normal", 1)])
async def test_the_connection_is_set_up_for_durability(url: str, synchronous: str, level: int) -> None:
    async with a_store(url, synchronous=synchronous) as store:
        database = store._writer.database  # type: ignore[attr-defined]
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA synchronous").fetchone() == (level,)
        assert database.execute("PRAGMA foreign_keys").fetchone() == (1,)


async def test_two_stores_on_one_file_take_turns(url: str) -> None:
    """As when the command line works on the database of a running server."""

    def count(tx: Transaction) -> None:
        tx.facts.set("n", str(int(tx.facts.get("n") or 0) + 1))

    async with a_store(url) as one, a_store(url) as two:
        for _ in range(20):
            await asyncio.gather(one.write(count), two.write(count))
        assert await one.read(fact("n")) == await two.read(fact("n")) == "40"


async def test_a_busy_loop_does_not_starve_the_writer(url: str) -> None:
    """Callbacks without a pause: threads that ran whole units took seconds for each."""
    async with a_store(url) as store:
        writing = asyncio.gather(*(store.write(put(f"{n}")) for n in range(2)))
        for _ in range(20):
            until = time.perf_counter() + 5
            while not writing.done() and time.perf_counter() < until:
                pause = time.perf_counter() + 0.001
                while time.perf_counter() < pause:
                    pass
                await asyncio.sleep(0)
            assert writing.done()
            writing = asyncio.gather(*(store.write(put(f"{n}")) for n in range(2)))
        await writing

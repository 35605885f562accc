"""What `services.ports.Store` promises, on every database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.rows import SQUARE, TAVERN, add_person, an_account

from mythgate.backends.sql import SchemaOutOfDate, SqlStore, StoreOptions, migrate, open_store
from mythgate.domain.characters import Character
from mythgate.domain.errors import NotFound, Refused, Repeated, Unavailable
from mythgate.domain.ids import CharacterId, CommandId, RoomId
from mythgate.services.ports import CommandKey, Transaction

ANN = CharacterId("character-Ann")


class Kept(Refused):
    """Raised by these tests' rules."""


@asynccontextmanager
async def a_store(url: str, clock: FakeClock, **options: object) -> AsyncIterator[SqlStore]:
    async with open_store(url, clock=clock, options=StoreOptions(**options)) as store:  # type: ignore[arg-type]
        yield store


def read_fact(tx: Transaction) -> str | None:
    return tx.facts.get("fact")


# --- one unit --------------------------------------------------------------------------------------


async def test_a_write_returns_what_its_work_returns(store: SqlStore) -> None:
    def work(tx: Transaction) -> str:
        tx.facts.set("fact", "1")
        return "done"

    assert await store.write(work) == "done"
    assert await store.read(read_fact) == "1"


async def test_a_refused_unit_leaves_nothing_behind(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        tx.facts.set("fact", "1")
        raise Kept

    announced: list[None] = []
    with pytest.raises(Kept):
        await store.write(work, then=announced.append)
    assert await store.read(read_fact) is None
    assert announced == []
    assert store.statistics().refused == 1
    assert store.statistics().writes == 0


async def test_a_bug_in_a_unit_reaches_its_caller_and_leaves_nothing_behind(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        tx.facts.set("fact", "1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(work)
    assert await store.read(read_fact) is None
    await store.write(lambda tx: tx.facts.set("fact", "2"))
    assert await store.read(read_fact) == "2"


async def test_writing_in_a_read_is_an_error(store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match="inside"):
        await store.read(lambda tx: tx.facts.set("fact", "1"))
    assert await store.read(read_fact) is None
    await store.write(lambda tx: tx.facts.set("fact", "2"))
    assert await store.read(read_fact) == "2"


async def test_a_transaction_ends_with_its_unit(store: SqlStore) -> None:
    kept: list[Transaction] = []
    await store.read(kept.append)
    await store.write(kept.append)
    for tx in kept:
        with pytest.raises(RuntimeError, match="after its end"):
            tx.facts.get("fact")
        with pytest.raises(RuntimeError, match="after its end"):
            tx.accounts.count()


async def test_a_read_sees_one_moment(store: SqlStore, clock: FakeClock) -> None:
    """All that `read` shows belongs together, however many writes come in between."""
    await store.write(lambda tx: add_person(tx, "Ann", clock.now()))

    def move(tx: Transaction) -> None:
        body = tx.characters.require(ANN)
        tx.characters.relocate(body, TAVERN if body.room_id == SQUARE else SQUARE, clock.now())
        tx.facts.set("fact", str(body.version + 1))

    def look(tx: Transaction) -> bool:
        body = tx.characters.require(ANN)
        standing = [len(tx.characters.in_room(room)) for room in (SQUARE, TAVERN)]
        return sum(standing) == 1 and tx.facts.get("fact") in (None, str(body.version))

    seen = await asyncio.gather(*(store.read(look) if n % 2 else store.write(move) for n in range(100)))
    assert all(seen[1::2])


# --- announcing ------------------------------------------------------------------------------------


async def test_what_is_saved_is_announced_in_commit_order_before_the_call_returns(
    store: SqlStore, clock: FakeClock
) -> None:
    await store.write(lambda tx: add_person(tx, "Ann", clock.now()))
    announced: list[int] = []

    def step(tx: Transaction) -> Character:
        return tx.characters.relocate(tx.characters.require(ANN), RoomId("room"), clock.now())

    async def walk() -> None:
        moved = await store.write(step, then=lambda body: announced.append(body.version))
        assert moved.version in announced

    await asyncio.gather(*(walk() for _ in range(100)))
    assert announced == list(range(2, 102))


async def test_a_cancelled_caller_does_not_keep_its_write_from_being_announced(store: SqlStore) -> None:
    announced = asyncio.Event()
    task = asyncio.create_task(store.write(lambda tx: tx.facts.set("fact", "1"), then=lambda _: announced.set()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await announced.wait()
    assert await store.read(read_fact) == "1"


async def test_the_failure_of_an_announcement_harms_nobody_else(
    store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    announced: list[str] = []

    def fail(_: None) -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        await asyncio.gather(
            store.write(lambda tx: tx.facts.set("a", "1"), then=fail),
            store.write(lambda tx: tx.facts.set("b", "1"), then=lambda _: announced.append("b")),
        )
    assert announced == ["b"]
    assert await store.read(lambda tx: tx.facts.get("a")) == "1"
    assert [record.message for record in caplog.records] == ["announcement_failed"]


async def test_an_announcement_runs_on_the_event_loop_in_the_callers_context(store: SqlStore) -> None:
    request: ContextVar[str] = ContextVar("request", default="none")
    loop = asyncio.get_running_loop()
    seen: list[tuple[str, bool]] = []

    async def ask(name: str) -> None:
        request.set(name)
        await store.write(
            lambda tx: tx.facts.set(name, "1"),
            then=lambda _: seen.append((request.get(), asyncio.get_running_loop() is loop)),
        )

    await asyncio.gather(ask("one"), ask("two"))
    assert sorted(seen) == [("one", True), ("two", True)]


# --- receipts --------------------------------------------------------------------------------------


async def test_a_repeated_command_has_no_second_effect(store: SqlStore) -> None:
    key = CommandKey(ANN, CommandId("c-1"))
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        tx.facts.set("fact", str(int(tx.facts.get("fact") or 0) + 1))

    results = await asyncio.gather(
        *(store.write(work, then=lambda _: runs.append(1), once=key) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["Repeated"] * 4
    assert await store.read(read_fact) == "1"
    assert runs == [1]

    await store.write(work, once=CommandKey(ANN, CommandId("c-2")))
    await store.write(work, once=CommandKey(CharacterId("character-Bob"), CommandId("c-1")))
    assert await store.read(read_fact) == "3"


async def test_a_refused_command_may_be_repeated(store: SqlStore) -> None:
    key = CommandKey(ANN, CommandId("c-1"))
    with pytest.raises(NotFound):
        await store.write(lambda tx: tx.characters.require(ANN), once=key)
    await store.write(lambda tx: tx.facts.set("fact", "1"), once=key)
    with pytest.raises(Repeated):
        await store.write(lambda tx: tx.facts.set("fact", "2"), once=key)


async def test_receipts_outlive_the_store_and_are_swept_after_ten_minutes(database_url: str, clock: FakeClock) -> None:
    key = CommandKey(ANN, CommandId("c-1"))
    async with a_store(database_url, clock) as store:
        await store.write(lambda tx: tx.facts.set("fact", "1"), once=key)
    async with a_store(database_url, clock) as store:
        clock.advance(timedelta(minutes=10))
        assert await store.sweep(clock.now()) == 0
        with pytest.raises(Repeated):
            await store.write(lambda tx: tx.facts.set("fact", "2"), once=key)
        clock.advance(timedelta(seconds=1))
        assert await store.sweep(clock.now()) == 1
        await store.write(lambda tx: tx.facts.set("fact", "3"), once=key)
        assert await store.read(read_fact) == "3"


# --- life-cycle ------------------------------------------------------------------------------------


async def test_closing_finishes_what_waits(database_url: str, clock: FakeClock) -> None:
    announced: list[int] = []
    store = open_store(database_url, clock=clock)
    await store.open()
    writes = [
        asyncio.create_task(
            store.write(lambda tx, n=n: tx.facts.set(f"{n}", "1"), then=lambda _, n=n: announced.append(n))  # type: ignore[misc]
        )
        for n in range(50)
    ]
    await asyncio.sleep(0)
    await store.close()
    assert sorted(announced) == list(range(50))
    await asyncio.gather(*writes)
    async with a_store(database_url, clock) as again:
        assert await again.read(lambda tx: [tx.facts.get(f"{n}") for n in range(50)]) == ["1"] * 50


async def test_a_closed_store_refuses(database_url: str, clock: FakeClock) -> None:
    store = open_store(database_url, clock=clock)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await store.read(read_fact)
        with pytest.raises(Unavailable):
            await store.write(read_fact)
        await store.open()
        await store.check()
        await store.close()
        await store.close()


async def test_a_long_queue_refuses(database_url: str, clock: FakeClock) -> None:
    async with a_store(database_url, clock, queue_limit=10) as store:
        results = await asyncio.gather(
            *(store.write(lambda tx, n=n: tx.facts.set(f"{n}", "1")) for n in range(12)),  # type: ignore[misc]
            return_exceptions=True,
        )
        refused = [result for result in results if result is not None]
        assert len(refused) == 2
        for error in refused:
            assert isinstance(error, Unavailable)
            assert error.retry_after is not None
        await store.write(lambda tx: tx.facts.set("later", "1"))


async def test_a_database_of_another_revision_is_refused(database_url: str, clock: FakeClock) -> None:
    await asyncio.to_thread(migrate.downgrade, database_url, "base")
    store = open_store(database_url, clock=clock)
    try:
        with pytest.raises(SchemaOutOfDate, match="mythgate migrate"):
            await store.open()
        with pytest.raises(Unavailable):
            await store.read(read_fact)
    finally:
        await asyncio.to_thread(migrate.upgrade, database_url)
    await store.open()
    await store.close()


async def test_statistics(store: SqlStore, clock: FakeClock) -> None:
    await store.write(lambda tx: tx.accounts.add(an_account("Ann", clock.now())))
    await asyncio.gather(*(store.write(lambda tx, n=n: tx.facts.set(f"{n}", "1")) for n in range(20)))  # type: ignore[misc]
    await store.read(read_fact)
    figures = store.statistics()
    assert figures.writes == 21
    assert figures.reads == 1
    assert 1 <= figures.groups <= 21
    assert figures.largest_group >= 1
    assert figures.failures == figures.refused == figures.queued == figures.connections_in_use == 0
    assert figures.connections >= 1

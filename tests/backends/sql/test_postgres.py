"""The PostgreSQL store: locks, deadlocks, order of announcements, lost connections, no secrets."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.support.clock import FakeClock
from tests.support.databases import PostgresServer
from tests.support.rows import SQUARE, a_character, add_person, an_account, an_item

from mythgate.backends.sql import SqlStore, StoreOptions, open_store
from mythgate.backends.sql.postgres import CommitOrder
from mythgate.backends.sql.statements import Duplicate
from mythgate.domain.errors import Conflict, TooManyCharacters, Unavailable
from mythgate.domain.ids import AccountId, CharacterId, RoomId
from mythgate.domain.items import HolderKind
from mythgate.services.ports import Transaction

ANN, BOB = CharacterId("character-Ann"), CharacterId("character-Bob")


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.borrowed_database() as borrowed:
        yield borrowed


@asynccontextmanager
async def a_store(url: str, **options: Any) -> AsyncIterator[SqlStore]:
    async with open_store(url, clock=FakeClock(), options=StoreOptions(**options)) as store:
        yield store


def assert_no_secret(error: BaseException) -> None:
    """Neither in `error` nor in whatever led to it."""
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is None or link in seen:
            continue
        seen.append(link)
        assert "s3cr3t" not in f"{link!r} {link}"
        todo += [link.__cause__, link.__context__]
    assert len(seen) > 1


async def test_units_run_at_the_same_time(url: str) -> None:
    """Each of two units waits for the other to have begun: on one connection this would never end."""
    async with a_store(url) as store, asyncio.timeout(20):
        begun = [asyncio.Event(), asyncio.Event()]

        def wait(tx: Transaction, mine: int) -> None:
            tx.facts.get("x" if mine else "y")
            begun[mine].set()
            while not begun[1 - mine].is_set():
                tx.accounts.count()  # the loop runs meanwhile

        await asyncio.gather(store.write(lambda tx: wait(tx, 0)), store.write(lambda tx: wait(tx, 1)))


async def test_a_required_row_changes_for_nobody_else(url: str, clock: FakeClock) -> None:
    """Read, decide, write from many transactions at once: no update is lost, none is refused."""
    async with a_store(url) as store, a_store(url) as other_node:
        await store.write(lambda tx: add_person(tx, "Ann", clock.now()))

        def grow(tx: Transaction) -> None:
            body = tx.characters.require(ANN)
            body.level += 1
            tx.characters.save(body)

        await asyncio.gather(*(node.write(grow) for node in (store, other_node) for _ in range(40)))
        assert (await store.read(lambda tx: tx.characters.require(ANN))).level == 81
        assert store.statistics().failures == 0


async def test_facts_count_right_from_nothing(url: str) -> None:
    def count(tx: Transaction) -> None:
        tx.facts.set("n", str(int(tx.facts.get("n") or 0) + 1))

    async with a_store(url) as store:
        await asyncio.gather(*(store.write(count) for _ in range(40)))
        assert await store.read(lambda tx: tx.facts.get("n")) == "40"


async def test_a_limit_holds_when_all_come_at_once(url: str, clock: FakeClock) -> None:
    """Rows that are not there yet cannot be locked; the account is."""
    names = itertools.count()

    async with a_store(url) as store:
        await store.write(lambda tx: tx.accounts.add(an_account("Ann", clock.now())))

        def create(tx: Transaction) -> None:
            if len(tx.characters.of_account(AccountId("account-Ann"))) >= 3:
                raise TooManyCharacters
            tx.characters.add(a_character(f"C{next(names)}", "Ann", clock.now()))

        results = await asyncio.gather(*(store.write(create) for _ in range(20)), return_exceptions=True)
        assert sum(result is None for result in results) == 3
        assert {type(result) for result in results} == {type(None), TooManyCharacters}
        assert len(await store.read(lambda tx: tx.characters.of_account(AccountId("account-Ann")))) == 3


async def test_a_carry_limit_holds_when_all_give_at_once(url: str, clock: FakeClock) -> None:
    async with a_store(url) as store:
        items = [an_item(f"{n}", clock.now()) for n in range(20)]
        await store.write(lambda tx: tx.items.seed(items))

        def give(tx: Transaction, n: int) -> None:
            if len(tx.items.held_by(HolderKind.CHARACTER, "ann")) >= 5:
                raise Conflict
            item = tx.items.get(items[n].id)
            assert item is not None
            tx.items.give(item, HolderKind.CHARACTER, "ann")

        await asyncio.gather(*(store.write(lambda tx, n=n: give(tx, n)) for n in range(20)), return_exceptions=True)  # type: ignore[misc]
        assert len(await store.read(lambda tx: tx.items.held_by(HolderKind.CHARACTER, "ann"))) == 5
        assert len(await store.read(lambda tx: tx.items.held_by(HolderKind.ROOM, SQUARE))) == 15


async def test_deadlocks_are_run_again(url: str, clock: FakeClock) -> None:
    async with a_store(url) as store:

        def add(tx: Transaction) -> None:
            for name in ("Ann", "Bob"):
                add_person(tx, name, clock.now())

        await store.write(add)
        first = [asyncio.Event(), asyncio.Event()]
        runs = [0, 0]

        def swap(tx: Transaction, mine: int) -> None:
            """Lock one character, let the other transaction lock the other, then ask for that."""
            runs[mine] += 1
            bodies = [tx.characters.require((ANN, BOB)[mine])]
            first[mine].set()
            while runs[mine] == 1 and not first[1 - mine].is_set():
                tx.accounts.count()
            bodies.append(tx.characters.require((BOB, ANN)[mine]))
            for body in bodies:
                body.level += 1
                tx.characters.save(body)

        await asyncio.gather(store.write(lambda tx: swap(tx, 0)), store.write(lambda tx: swap(tx, 1)))
        assert store.statistics().retries >= 1
        assert sum(runs) >= 3
        levels = [(await store.read(lambda tx, who=who: tx.characters.require(who))).level for who in (ANN, BOB)]  # type: ignore[misc]
        assert levels == [3, 3]


async def test_announcements_of_two_rows_follow_the_rows(url: str, clock: FakeClock) -> None:
    """Many movers, few of them at a time: every mover's announcements are in the order of its versions."""
    seen: dict[CharacterId, list[int]] = {}

    async with a_store(url, pool_size=8) as store:

        def add(tx: Transaction) -> None:
            for n in range(4):
                add_person(tx, f"{n}", clock.now())

        await store.write(add)

        async def step(who: CharacterId, room: RoomId) -> None:
            await store.write(
                lambda tx: tx.characters.relocate(tx.characters.require(who), room, clock.now()),
                then=lambda body: seen.setdefault(body.id, []).append(body.version),
            )

        await asyncio.gather(*(step(CharacterId(f"character-{n % 4}"), RoomId(f"room{n}")) for n in range(200)))
    assert seen == {CharacterId(f"character-{n}"): list(range(2, 52)) for n in range(4)}


async def test_an_early_answer_does_not_overtake_a_late_one(
    url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first commit is done, its answer is late; the second, which waited for its row, is answered first."""
    commit = AsyncConnection.commit
    second_is_done = asyncio.Event()
    commits: list[int] = []

    async def commit_with_a_late_answer(connection: AsyncConnection) -> None:
        commits.append(1)
        is_first = len(commits) == 1
        await commit(connection)
        if is_first:
            await second_is_done.wait()
        else:
            second_is_done.set()

    async with a_store(url) as store, asyncio.timeout(20):
        await store.write(lambda tx: add_person(tx, "Ann", clock.now()))
        monkeypatch.setattr(AsyncConnection, "commit", commit_with_a_late_answer)
        seen: list[int] = []

        async def step() -> None:
            moved = await store.write(
                lambda tx: tx.characters.relocate(tx.characters.require(ANN), SQUARE, clock.now()),
                then=lambda body: seen.append(body.version),
            )
            assert moved.version in seen

        await asyncio.gather(step(), step())
        assert seen == [2, 3]


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_commit_order_calls_in_the_order_of_tickets(settled: list[int], failed: set[int]) -> None:
    order = CommitOrder()
    called: list[int] = []
    tickets = [order.draw() for _ in settled]
    assert tickets == sorted(tickets)
    for done, ticket in enumerate(settled, start=1):
        order.settle(ticket, None if ticket in failed else lambda ticket=ticket: called.append(ticket))  # type: ignore[misc]
        known = set(settled[:done])
        due = list(itertools.takewhile(known.__contains__, range(8)))
        assert called == [ticket for ticket in due if ticket not in failed]


async def test_a_slow_statement_is_refused(url: str) -> None:
    async with a_store(url, statement_timeout=timedelta(milliseconds=300)) as store:
        holder = await asyncpg.connect(url)
        try:
            await holder.execute("BEGIN; LOCK TABLE facts")
            with pytest.raises(Unavailable, match="too long"):
                await store.write(lambda tx: tx.facts.set("a", "1"))
            with pytest.raises(Unavailable, match="too long"):
                await store.read(lambda tx: tx.facts.get("a"))
        finally:
            await holder.close()
        await store.write(lambda tx: tx.facts.set("a", "1"))


async def test_a_used_up_pool_refuses(url: str) -> None:
    async with a_store(url, pool_size=1, statement_timeout=timedelta(milliseconds=300)) as store:
        release = threading.Event()

        def hold(tx: Transaction) -> None:
            while not release.is_set():
                tx.accounts.count()

        holding = asyncio.create_task(store.write(hold))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="too much to do"):
            await store.write(lambda tx: tx.facts.set("a", "1"))
        release.set()
        await holding
        assert store.statistics().connections_in_use == 0


async def _cut(postgres: PostgresServer, url: str) -> None:
    """End all connections to the database at `url`."""
    name = url.split("/")[3].split("?")[0]
    await postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def test_cut_connections_are_replaced(postgres: PostgresServer, url: str) -> None:
    async with a_store(url) as store:
        await store.write(lambda tx: tx.facts.set("a", "1"))
        await _cut(postgres, url)
        assert await store.read(lambda tx: tx.facts.get("a")) == "1"
        await _cut(postgres, url)
        await store.write(lambda tx: tx.facts.set("a", "2"))


async def test_a_unit_cut_off_half_way_is_run_again(postgres: PostgresServer, url: str) -> None:
    async with a_store(url) as store:
        begun, cut = asyncio.Event(), asyncio.Event()
        runs: list[int] = []

        def work(tx: Transaction) -> None:
            runs.append(1)
            tx.facts.set("n", str(len(runs)))
            begun.set()
            while not cut.is_set():
                tx.accounts.count()
            tx.facts.set("m", str(len(runs)))

        writing = asyncio.create_task(store.write(work))
        await begun.wait()
        await _cut(postgres, url)
        cut.set()
        await writing
        assert len(runs) == 2
        assert await store.read(lambda tx: (tx.facts.get("n"), tx.facts.get("m"))) == ("2", "2")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cr3t@127.0.0.1:1/mythgate",
        "postgresql://ann:s3cr3t@/mythgate?host=/nowhere",
        "postgresql://ann:s3cr3t@name.invalid/mythgate",
    ],
)
async def test_a_database_out_of_reach_is_refused_without_its_secret(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(url, clock=FakeClock(), options=StoreOptions(statement_timeout=timedelta(seconds=2)))
    with pytest.raises(Unavailable) as refused:
        await store.open()
    assert_no_secret(refused.value)
    assert "s3cr3t" not in caplog.text


async def test_a_database_that_does_not_exist_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(Unavailable, match="does not exist"):
        async with a_store(postgres.url("nowhere")):
            pass


async def test_errors_do_not_quote_values(url: str, clock: FakeClock) -> None:
    async with a_store(url) as store:

        def twice(tx: Transaction) -> None:
            account = an_account("Ann", clock.now())
            account.password_hash = "s3cr3t"
            tx.accounts.add(account)
            account.name_key = "other"
            tx.accounts.add(account)

        with pytest.raises(Duplicate) as bug:
            await store.write(twice)
        assert_no_secret(bug.value)

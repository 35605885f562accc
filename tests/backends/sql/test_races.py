"""Many hands at once: every character is in one room, every item has one holder, and no move is lost.

Each step of the state machine lets a handful of units loose at the same time, some of them cancelled by
their callers, and compares the database with what was announced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.support.clock import FakeClock
from tests.support.databases import PostgresServer, new_sqlite
from tests.support.rows import add_person, an_item

from mythgate.backends.sql import SqlStore, open_store
from mythgate.domain.characters import Character
from mythgate.domain.errors import Conflict
from mythgate.domain.ids import CharacterId, CommandId, ItemId, RoomId
from mythgate.domain.items import HolderKind, Item
from mythgate.services.ports import CommandKey, Transaction

PEOPLE = [CharacterId(f"character-{n}") for n in range(4)]
ROOMS = [RoomId(f"room{n}") for n in range(3)]
ITEMS = [ItemId(f"item-{n}") for n in range(4)]
CARRY_LIMIT = 2

people, rooms, things = st.sampled_from(PEOPLE), st.sampled_from(ROOMS), st.sampled_from(ITEMS)
move = st.tuples(st.just("move"), people, rooms)
take = st.tuples(st.just("take"), people, things)
give = st.tuples(st.just("give"), people, people)
commands = st.lists(
    st.tuples(st.one_of(move, take, give), st.booleans(), st.none() | st.integers(0, 5)), min_size=1, max_size=8
)


class Runner:
    """An event loop and a store that live as long as the test of one database."""

    def __init__(self, url: str) -> None:
        self.clock = FakeClock()
        self.loop = asyncio.Runner()
        self.store: SqlStore = open_store(url, clock=self.clock)
        self.loop.run(self.store.open())
        self.generation = 0

    def close(self) -> None:
        self.loop.run(self.store.close())
        self.loop.close()


class Races(RuleBasedStateMachine):
    runner: Runner

    def __init__(self) -> None:
        super().__init__()
        self.where: dict[CharacterId, RoomId] = {}
        self.holders: dict[ItemId, tuple[HolderKind, str]] = {}
        self.done: set[CommandKey] = set()

    @initialize()
    def begin(self) -> None:
        """Everybody to the first room, all things onto its floor; names that no earlier run has used."""
        runner = self.runner
        runner.generation += 1
        now = runner.clock.now()

        def put(tx: Transaction) -> None:
            for n, actor in enumerate(PEOPLE):
                body = tx.characters.get(actor) or add_person(tx, f"{n}", now)
                tx.characters.relocate(body, ROOMS[0], now)
            for n, item_id in enumerate(ITEMS):
                item = tx.items.get(item_id)
                if item is None:
                    item = an_item(f"{n}", now)
                    tx.items.add(item)
                tx.items.give(item, HolderKind.ROOM, ROOMS[0])

        runner.loop.run(runner.store.write(put))
        self.where = dict.fromkeys(PEOPLE, ROOMS[0])
        self.holders = dict.fromkeys(ITEMS, (HolderKind.ROOM, ROOMS[0]))
        self.done = set()

    @rule(batch=commands)
    def all_at_once(self, batch: list[tuple[tuple[str, Any, Any], bool, int | None]]) -> None:
        self.runner.loop.run(self._all_at_once(batch))

    async def _all_at_once(self, batch: list[tuple[tuple[str, Any, Any], bool, int | None]]) -> None:
        store = self.runner.store
        tasks = []
        for (verb, actor, target), cancelled, repeat in batch:
            key = None
            if repeat is not None:
                key = CommandKey(actor, CommandId(f"{self.runner.generation}-{repeat}"))

            def announce(result: Character | Item | None, key: CommandKey | None = key) -> None:
                if key is not None:
                    assert key not in self.done, "a command had its effect twice"
                    self.done.add(key)
                if isinstance(result, Character):
                    self.where[result.id] = result.room_id
                elif result is not None:
                    self.holders[result.id] = (result.holder_kind, result.holder_id)

            unit = getattr(self, f"_{verb}")(actor, target)
            task = asyncio.create_task(store.write(unit, then=announce, once=key))
            tasks.append(task)
            if cancelled:
                await asyncio.sleep(0)
                task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            # Repeats and conflicts are refusals; everything else would be a fault of the store.
            assert result is None or type(result).__name__ in {
                "Character",
                "Item",
                "Repeated",
                "Conflict",
                "CancelledError",
            }, repr(result)
        while store.statistics().queued:  # noqa: ASYNC110 (what nobody waits for any more)
            await asyncio.sleep(0)

    def _move(self, actor: CharacterId, room: RoomId) -> Any:
        now = self.runner.clock.now()
        return lambda tx: tx.characters.relocate(tx.characters.require(actor), room, now)

    def _take(self, actor: CharacterId, item_id: ItemId) -> Any:
        def work(tx: Transaction) -> Item:
            body = tx.characters.require(actor)
            item = tx.items.get(item_id)
            assert item is not None
            carried = tx.items.held_by(HolderKind.CHARACTER, actor)
            if (item.holder_kind, item.holder_id) != (HolderKind.ROOM, body.room_id) or len(carried) >= CARRY_LIMIT:
                raise Conflict
            return tx.items.give(item, HolderKind.CHARACTER, actor)

        return work

    def _give(self, actor: CharacterId, other: CharacterId) -> Any:
        def work(tx: Transaction) -> Item:
            carried = tx.items.held_by(HolderKind.CHARACTER, actor)
            if not carried or other == actor or len(tx.items.held_by(HolderKind.CHARACTER, other)) >= CARRY_LIMIT:
                raise Conflict
            return tx.items.give(carried[0], HolderKind.CHARACTER, other)

        return work

    @invariant()
    def the_database_is_what_was_announced(self) -> None:
        if not self.where:
            return

        def look(tx: Transaction) -> tuple[list[tuple[CharacterId, RoomId]], list[tuple[ItemId, HolderKind, str]]]:
            bodies = [(body.id, room) for room in ROOMS for body in tx.characters.in_room(room)]
            holders = [(HolderKind.ROOM, str(room)) for room in ROOMS]
            holders += [(HolderKind.CHARACTER, str(actor)) for actor in PEOPLE]
            held = [(item.id, kind, holder) for kind, holder in holders for item in tx.items.held_by(kind, holder)]
            return bodies, held

        bodies, held = self.runner.loop.run(self.runner.store.read(look))
        assert sorted(bodies) == sorted(self.where.items())
        assert sorted(held) == sorted((item, kind, holder) for item, (kind, holder) in self.holders.items())
        for actor in PEOPLE:
            assert sum(holder == actor for _, _, holder in held) <= CARRY_LIMIT


@pytest.fixture(params=["sqlite", "postgres"])
def runner(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Runner]:
    if request.param == "sqlite":
        running = Runner(new_sqlite(tmp_path))
        yield running
        running.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with asyncio.Runner() as outer:
        borrowed = server.borrowed_database()
        url = outer.run(borrowed.__aenter__())
        running = Runner(url)
        yield running
        running.close()
        outer.run(borrowed.__aexit__(None, None, None))


def test_one_room_and_one_holder_at_every_moment(runner: Runner) -> None:
    machine = type("RacesOnOneDatabase", (Races,), {"runner": runner})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

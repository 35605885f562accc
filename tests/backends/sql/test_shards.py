"""Shards, the log of the world and quests, on every database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.rows import add_person

from mythgate.backends.sql import SqlStore
from mythgate.backends.sql.statements import Duplicate
from mythgate.domain.ids import CharacterId, QuestId
from mythgate.domain.quests import Progress, ProgressState
from mythgate.domain.shards import Aetherfall, Cycle, FallReason, Ownership, Reality, Shard, Shards, ShardStatus
from mythgate.domain.sheets import Faction
from mythgate.domain.worldevents import EventKind, WorldEvent
from mythgate.services.ports import Transaction

ADA = CharacterId("ada")


async def test_shards_nobody_saved_are_as_in_the_beginning(store: SqlStore) -> None:
    known = await store.read(lambda tx: tx.shards.all())
    assert list(known.by_number.values()) == [Shard(number) for number in range(1, 13)]
    assert known.cycle == Cycle()


async def test_shards_and_cycle_come_back_as_they_were_saved(store: SqlStore, clock: FakeClock) -> None:
    now = clock.now()
    shard = Shard(7, ShardStatus.CONTESTED, Faction.SHADOWBORN, ADA, "Ada", now, None, now, (ADA,), 100)
    cycle = Cycle(3, Reality.SHADOW_WORLD, 61.25, ("Biome Chaos",), now, now)

    def work(tx: Transaction) -> None:
        known = tx.shards.all()
        known.by_number[7], known.cycle = shard, cycle
        known.changed.add(7)
        tx.shards.save(known)
        assert known.changed == set()

    await store.write(work)
    known = await store.read(lambda tx: tx.shards.all())
    assert known.require(7) == shard
    assert known.require(8) == Shard(8)
    assert known.cycle == cycle
    assert known.cycle.version == 2


async def test_a_thirteenth_shard_or_one_without_a_holder_cannot_be_saved(store: SqlStore) -> None:
    for shard in (Shard(13), Shard(1, faction=Faction.SHADOWBORN)):
        broken = Shards({shard.number: shard}, Cycle(), {shard.number})
        with pytest.raises(Exception, match=r"(?i)constraint"):
            await store.write(lambda tx, broken=broken: tx.shards.save(broken))  # type: ignore[misc]
    assert (await store.read(lambda tx: tx.shards.all())).counts == {}


async def test_a_shard_has_one_owner_at_a_time_and_keeps_its_history(store: SqlStore, clock: FakeClock) -> None:
    now = clock.now()
    first = Ownership(2, ADA, "Ada", Faction.SHADOWBORN, now, helpers=("Bob",), souls=100)
    second = Ownership(2, CharacterId("bob"), "Bob", Faction.GOLDEN_ORDER, now + timedelta(1))
    await store.write(lambda tx: tx.shards.begin(first))
    with pytest.raises(Duplicate):
        await store.write(lambda tx: tx.shards.begin(second))

    def take_over(tx: Transaction) -> bool:
        ended = tx.shards.end(2, second.captured_at)
        tx.shards.begin(second)
        return ended

    assert await store.write(take_over)
    newest, oldest = await store.read(lambda tx: tx.shards.history(2, 10))
    assert newest == second
    assert (oldest.lost_at, oldest.helpers, oldest.souls) == (second.captured_at, ("Bob",), 100)
    assert await store.read(lambda tx: tx.shards.history(2, 1)) == [second]
    assert await store.write(lambda tx: tx.shards.end(2, now))
    assert not await store.write(lambda tx: tx.shards.end(2, now))
    assert await store.read(lambda tx: tx.shards.history(3, 10)) == []


async def test_two_who_ask_for_the_shards_at_once_change_them_one_after_the_other(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        known = tx.shards.all()
        known.cycle.number += 1
        tx.shards.save(known)

    await asyncio.gather(*(store.write(work) for _ in range(8)))
    assert (await store.read(lambda tx: tx.shards.all())).cycle.number == 9


async def test_aetherfalls_are_remembered(store: SqlStore, clock: FakeClock) -> None:
    falls = [
        Aetherfall(
            1, clock.now(), FallReason.TWELVE, Faction.GOLDEN_ORDER, ("Eternal Peace",), 4, {"Golden Order": 12}
        ),
        Aetherfall(2, clock.now(), FallReason.STAFF, None, ("Biome Chaos", "Gravity Anomaly"), 0, {}),
    ]
    for fall in falls:
        await store.write(lambda tx, fall=fall: tx.shards.remember(fall))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.shards.falls(5)) == falls[::-1]
    assert await store.read(lambda tx: tx.shards.falls(1)) == falls[1:]


async def test_the_log_is_read_in_pages(store: SqlStore, clock: FakeClock) -> None:
    events = [
        WorldEvent(
            EventKind.SHARD_CAPTURE,
            f"Event {index}",
            "It happened.",
            clock.now(),
            characters=(1, 2),
            faction="Golden Order",
            reality_before="Neutral",
            reality_after="Radiant Era",
            shard=4,
            game_day=9,
            broadcast=False,
        )
        for index in range(5)
    ]
    for event in events:
        await store.write(lambda tx, event=event: tx.world_events.add(event))  # type: ignore[misc]
    newest = await store.read(lambda tx: tx.world_events.recent(2))
    assert newest == [events[4], events[3]]
    rest = await store.read(lambda tx: tx.world_events.recent(10, before=newest[-1].number))
    assert rest == [events[2], events[1], events[0]]
    for odd in (0, -1, -(2**70)):
        assert await store.read(lambda tx, odd=odd: tx.world_events.recent(10, before=odd)) == []  # type: ignore[misc]
    assert len(await store.read(lambda tx: tx.world_events.recent(10, before=2**70))) == 5


async def test_progress_is_kept_by_character_and_quest(store: SqlStore, clock: FakeClock) -> None:
    body = await store.write(lambda tx: add_person(tx, "Ada", clock.now()))
    other, now = QuestId("p/other"), clock.now()
    begun = Progress(body.id, QuestId("p/key"), now, now)
    done = Progress(body.id, other, now + timedelta(1), now, ProgressState.DONE, 3, 0, now, 2)

    def work(tx: Transaction) -> None:
        for progress in (begun, done, Progress(body.id, begun.quest, now, now, step=1, count=4)):
            tx.quests.save(progress)

    await store.write(work)
    known = await store.read(lambda tx: tx.quests.of_character(body.id))
    assert list(known) == [begun.quest, other]
    assert (known[begun.quest].step, known[begun.quest].count) == (1, 4)
    assert known[other] == done
    assert await store.read(lambda tx: tx.quests.of_character(CharacterId("nobody"))) == {}

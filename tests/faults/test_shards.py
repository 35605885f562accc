"""`kill -9` while factions take shards from each other: never two owners, never thirteen shards, no half a capture."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

from tests.faults.conftest import LONG
from tests.support.clock import FakeClock

from mythgate.backends.sql import SqlStore, open_store
from mythgate.domain.ids import CharacterId
from mythgate.domain.shards import CAPTURE_SOULS, LORE, reality_of
from mythgate.domain.worldevents import EventKind
from mythgate.services.ports import Transaction

PROGRAM = Path(__file__).with_name("taking_process.py")
RUNS = ("one", "two", "three", "four", "five", "six", "seven", "eight") if LONG else ("one", "two")
ACKNOWLEDGED = 150 if LONG else 60  # captures, then the process is killed
MANY = 1_000_000


async def run(url: str, word: str) -> Counter[tuple[str, int]]:
    """What was acknowledged before it was killed, by character and shard."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), url, word, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(ACKNOWLEDGED)]
    process.kill()
    lines += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    assert all(line.endswith(b"\n") for line in lines), "the process ended by itself"
    taken = [line.decode().split() for line in lines]
    return Counter((who, int(number)) for who, number in taken)


async def check(store: SqlStore, acknowledged: Counter[tuple[str, int]]) -> int:
    """How many captures the database has. It must be whole."""

    def work(tx: Transaction) -> int:
        known = tx.shards.all()
        history = {number: tx.shards.history(number, MANY) for number in LORE}
        for number, shard in known.by_number.items():
            current = [one for one in history[number] if one.lost_at is None]
            assert [(one.faction, one.character_id) for one in current] == (
                [] if shard.faction is None else [(shard.faction, shard.holder)]
            )
        captures = [one for owners in history.values() for one in owners]
        kept = Counter((str(one.character_id), one.shard) for one in captures)
        assert acknowledged <= kept
        # At most the one that was on its way when the process was killed was not acknowledged.
        events = Counter(event.kind for event in tx.world_events.recent(MANY))
        assert events[EventKind.SHARD_CAPTURE] == len(captures)
        souls = {one.character_id: tx.sheets.get(CharacterId(one.character_id)).souls for one in captures}
        assert sum(souls.values()) == CAPTURE_SOULS * len(captures)
        falls = tx.shards.falls(MANY)
        assert len(falls) == known.cycle.aetherfalls == events[EventKind.AETHERFALL]
        assert [fall.cycle for fall in falls] == list(range(len(falls), 0, -1))
        assert known.cycle.reality is reality_of(known.counts)
        assert 0 < known.cycle.stability <= 100
        return len(captures)

    return await store.read(work)


async def test_what_was_taken_is_taken_and_nothing_by_halves(database_url: str, clock: FakeClock) -> None:
    acknowledged: Counter[tuple[str, int]] = Counter()
    for count, word in enumerate(RUNS, 1):
        acknowledged += await run(database_url, word)
        async with open_store(database_url, clock=clock) as store:
            captures = await check(store, acknowledged)
        assert sum(acknowledged.values()) <= captures <= sum(acknowledged.values()) + count

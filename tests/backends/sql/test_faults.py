"""`kill -9` in the middle of it: what was acknowledged is there, and nothing by halves."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.rows import add_person, an_item

from mythgate.backends.sql import open_store
from mythgate.domain.errors import Repeated
from mythgate.domain.ids import CharacterId, CommandId, ItemId
from mythgate.domain.items import HolderKind
from mythgate.services.ports import CommandKey, Transaction

PROGRAM = Path(__file__).with_name("writing_process.py")
PEOPLE = 10
RATE = 500
ACKNOWLEDGED = 300  # then the process is killed


@pytest.mark.fault
@pytest.mark.parametrize("_round", range(3))
async def test_a_killed_process_loses_nothing_it_acknowledged(database_url: str, clock: FakeClock, _round: int) -> None:
    def people(tx: Transaction) -> None:
        for who in range(PEOPLE):
            add_person(tx, f"{who}", clock.now())
            tx.items.add(an_item(f"{who}", clock.now()))

    async with open_store(database_url, clock=clock) as store:
        await store.write(people)

    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), database_url, f"{RATE}", f"{PEOPLE}", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    acknowledged = dict.fromkeys(range(PEOPLE), 0)
    lines = [await process.stdout.readline() for _ in range(ACKNOWLEDGED)]
    process.kill()
    lines += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    for line in lines:
        assert line.endswith(b"\n"), "the process ended by itself"
        who, step = map(int, line.split())
        assert step == acknowledged[who] + 1
        acknowledged[who] = step

    async with open_store(database_url, clock=clock) as store:
        for who, step in acknowledged.items():
            actor = CharacterId(f"character-{who}")
            body = await store.read(lambda tx, actor=actor: tx.characters.require(actor))  # type: ignore[misc]
            done = int(body.room_id.removeprefix("room"))
            # At most one unit was on its way; it is there as a whole or not at all.
            assert done in (step, step + 1)
            assert body.version == done + 1
            item = await store.read(lambda tx, who=who: tx.items.get(ItemId(f"item-{who}")))  # type: ignore[misc]
            assert item is not None
            assert item.version == done + 1
            assert (item.holder_kind, item.holder_id) == (
                (HolderKind.CHARACTER, actor) if done % 2 else (HolderKind.ROOM, body.room_id)
            )
            assert await store.read(lambda tx, actor=actor: tx.facts.get(actor)) == str(done)  # type: ignore[misc]
            with pytest.raises(Repeated):
                await store.write(lambda tx: None, once=CommandKey(actor, CommandId(f"{done}")))
            await store.write(lambda tx: None, once=CommandKey(actor, CommandId(f"{done + 1}")))

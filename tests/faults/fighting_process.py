"""A process in which people slay creatures and die by them as fast as they can; its test kills it.

Every victory that was told is a line on standard output. Arguments: database URL, a word for this run.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.arena import HEROES, VICTIMS, arena, arrive, fight, rest, revive
from tests.support.clock import FakeClock
from tests.support.play import PlayKit

from mythgate.backends.sql import open_store


async def win(kit: PlayKit, name: str) -> None:
    one = await arrive(kit, name)
    await kit.parties.create(one.character_id)
    while True:
        await fight(kit, one.character_id)
        os.write(1, f"{name}\n".encode())
        await rest(kit, one.character_id)


async def lose(kit: PlayKit, name: str) -> None:
    one = await arrive(kit, name)
    while True:
        await fight(kit, one.character_id)
        await revive(kit, one.character_id)


async def main(url: str, run: str) -> None:
    clock = FakeClock()
    async with open_store(url, clock=clock) as store:
        kit = arena(clock, store, run)
        heroes = [win(kit, f"{name} {run}") for name in HEROES]
        await asyncio.gather(*heroes, *(lose(kit, f"{name} {run}") for name in VICTIMS))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

"""A process in which two factions take Crystal Shards from each other as fast as they can; its test kills it.

Every capture that was acknowledged is a line on standard output. Arguments: database URL, a word for this run.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.clock import FakeClock
from tests.support.play import PlayKit
from tests.support.shards import GOLD, IRON, PLACES, go_to, partisan, shard_world

from mythgate.backends.sql import open_store
from mythgate.domain.errors import Refused


async def main(url: str, run: str) -> None:
    clock, chance = FakeClock(), random.Random(run)
    async with open_store(url, clock=clock) as store:
        kit = PlayKit(clock, store, shard_world())
        await kit.shards.start()
        people = [await partisan(kit, f"{name} {run}", faction) for name, faction in (("Ada", IRON), ("Bob", GOLD))]
        favourite = chance.choice(people)
        while True:
            one = favourite if chance.random() < 0.85 else chance.choice(people)
            number = chance.choice(list(PLACES))
            await go_to(kit, one, number)
            await kit.shards.defeat(number, (one.character_id,))
            try:
                await kit.shards.capture(one.character_id)
            except Refused:
                continue  # it is theirs
            os.write(1, f"{one.character_id} {number}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

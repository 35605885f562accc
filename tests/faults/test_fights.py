"""`kill -9` during fights: a reward is given whole or not at all, who fell is dead or not, nobody fights on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.conftest import LONG
from tests.support.arena import DOOMED, EXPERIENCE, FRAGMENT, HUNT, VICTIMS, arena, come_back, fight, rest, revive
from tests.support.clock import FakeClock
from tests.support.play import PATH, TAVERN
from tests.support.server import ROOMY, RunningServer
from tests.support.spec_client import Address, ConnectionGone, Player, all_of, log_in, new_player

from mythgate.backends.sql import SqlStore, open_store
from mythgate.domain.characters import Character
from mythgate.domain.items import HolderKind
from mythgate.domain.quests import ProgressState
from mythgate.services.ports import Transaction

PROGRAM = Path(__file__).with_name("fighting_process.py")
RUNS = ("one", "two", "three", "four", "five", "six", "seven", "eight") if LONG else ("one", "two")
VICTORIES = 300 if LONG else 15  # acknowledged, then the process is killed
GONE = (ConnectionGone, OSError, TimeoutError, EOFError, asyncio.IncompleteReadError)


async def run(url: str, word: str) -> Counter[str]:
    """How many victories each hero was told of before the process was killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), url, word, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(VICTORIES)]
    await asyncio.sleep(random.Random(word).uniform(0, 0.05))  # in the middle of something
    process.kill()
    lines += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    assert all(line.endswith(b"\n") for line in lines), "the process ended by itself"
    return Counter(line.decode().strip() for line in lines)


async def people(store: SqlStore) -> list[Character]:
    def work(tx: Transaction) -> list[Character]:
        return [*tx.characters.in_room(PATH), *tx.characters.in_room(TAVERN)]

    return await store.read(work)


async def check(store: SqlStore, acknowledged: Counter[str]) -> None:
    bodies = await people(store)

    def work(tx: Transaction) -> None:
        for body in bodies:
            sheet, name = tx.sheets.get(body.id), body.name
            if not sheet.is_chosen:
                continue  # killed before it had a sheet
            if name.split()[0] in VICTIMS:
                states = {PATH: DOOMED, TAVERN: DOOMED.died()}
                expected = states[body.room_id]
                assert (sheet.souls, sheet.now.health) == (expected.souls, expected.now.health), name
                continue
            slain, rest_ = divmod(sheet.experience, EXPERIENCE)
            assert rest_ == 0
            assert acknowledged[name] <= slain <= acknowledged[name] + 1
            held = tx.items.held_by(HolderKind.CHARACTER, body.id)
            assert sum(item.quantity for item in held if item.template_id == FRAGMENT) == slain
            progress = tx.quests.of_character(body.id).get(HUNT)
            assert slain == (progress.count if progress is not None else 0)
            assert progress is None or progress.state is ProgressState.ACTIVE
            party = tx.parties.of_character(body.id)
            assert sheet.souls == (party.souls if party is not None else 0)

    await store.read(work)


async def test_a_reward_is_given_whole_and_the_dead_are_dead(database_url: str, clock: FakeClock) -> None:
    acknowledged: Counter[str] = Counter()
    for word in RUNS:
        acknowledged += await run(database_url, word)
        async with open_store(database_url, clock=clock) as store:
            await check(store, acknowledged)
    async with open_store(database_url, clock=clock) as store:  # and life goes on
        kit = arena(clock, store)
        await kit.parties.start()
        for body in await people(store):
            one = await come_back(kit, body)
            assert not kit.encounters.is_fighting(body.id)
            if body.name.split()[0] in VICTIMS:
                await revive(kit, body.id)
            else:
                await rest(kit, body.id)
            await fight(kit, body.id)
            await kit.settle()
            assert (await kit.do(one, "north" if one.room_id == PATH else "south")).success
        await kit.settle()
        await check(store, acknowledged + Counter(one.name for one in kit.present.all()))


# --- over the wire -----------------------------------------------------------------------------------

WAY = ("northwest", "northwest")
FIGHTERS = 8 if LONG else 3
KILLS = 20 if LONG else 2


async def warrior(at: Address) -> Player:
    player = await new_player(at, stem="Fighter")
    await player.enter()
    await player.command("become dwarf warrior")
    await player.command("wield longsword")
    for step in WAY:
        await player.command(step)
    return player


async def fight_on(player: Player) -> None:
    """Fight, rest and fight again until the server is gone."""
    with contextlib.suppress(*GONE):
        while True:
            for line in ("heavy", "light", "wait", "attack", "rest", *WAY):
                answer = await player.command(line, ok=None)
                if answer["success"]:
                    break


async def back(player: Player) -> dict[str, Any]:
    await player.close()
    player.account = await log_in(player.account.at, player.account.username)
    player.inbox.mark()
    await player.connect(resume=True)
    state: dict[str, Any] = (await player.inbox.expect("game_state"))["data"]
    return state


async def test_nobody_is_in_a_fight_that_is_no_more(tmp_path: Path) -> None:
    environment = ROOMY | {"MYTHGATE_COMBAT__TURN": "1", "MYTHGATE_COMBAT__RESPAWN": "0.01"}
    server, chance = RunningServer(tmp_path / "data", environment), random.Random(4)
    await server.start()
    try:
        fighters = await all_of((warrior(Address.of(server.url)) for _ in range(FIGHTERS)), at_once=4)
        for _ in range(KILLS):
            tasks = [asyncio.create_task(fight_on(one)) for one in fighters]
            await asyncio.wait(tasks, timeout=chance.uniform(0.3, 1.0))
            await server.kill()
            await asyncio.gather(*tasks)
            await server.start()
            for one, state in zip(fighters, await all_of(map(back, fighters)), strict=True):
                sheet = state["player"]["sheet"]
                assert sheet["health"] >= 1
                (await one.account.call("GET", "/api/combat")).expect(404)
                assert (await one.command("light", ok=False))["code"] == "no_combat"
                way = next(iter(state["room"]["exits"]))
                assert (await one.command(way))["success"]
        for one in fighters:
            await one.close()
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()

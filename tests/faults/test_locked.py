"""Somebody else holds the database for a few seconds: what needs it waits or is refused, the rest goes on."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.faults.conftest import LONG, grid_server
from tests.support.spec_client import Address, Player, all_of, call, new_player

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
db.execute("ROLLBACK")
db.close()
print("free", flush=True)
"""


@pytest.mark.parametrize("seconds", [3.0, 15.0] if LONG else [3.0])
async def test_a_locked_database_is_waited_for_or_said_to_be_unavailable(tmp_path: Path, seconds: float) -> None:
    server = grid_server(tmp_path, things=1)
    await server.start()
    try:
        at = Address.of(server.url)
        players = await all_of(new_player(at) for _ in range(6))
        for player in players:
            await player.enter()
        holder = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", HOLDER, str(server.data_dir / "mythgate.db")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert await holder.stdout.readline() == b"held\n"
        began = time.monotonic()
        moves = [asyncio.create_task(move(player)) for player in players[1:]]
        speaker = players[0]
        while time.monotonic() - began < seconds:
            asked = time.monotonic()
            await speaker.command("say talk goes on")  # the loop is free, and talk needs no database
            assert time.monotonic() - asked < 1.0
            assert (await call(at, "GET", "/healthz")).status == 200
            await asyncio.sleep(0.1)
        holder.stdin.write(b"\n")
        assert await holder.stdout.readline() == b"free\n"
        await holder.wait()
        answers = await asyncio.gather(*moves)
        print([answer["code"] for answer in answers])
        for player, answer in zip(players[1:], answers, strict=True):
            assert answer["success"] or answer["code"] == "unavailable"
            room = (await player.command("look"))["room_state"]["id"]
            if answer["success"]:
                assert room == answer["room_state"]["id"]
        for player in players:  # and it has recovered
            answer = await player.command("south")
            assert (await player.command("look"))["room_state"]["id"] == answer["room_state"]["id"]
            await player.fence()
        newcomer = await new_player(at)
        state = await newcomer.enter()
        await newcomer.close()
        assert state["data"]["player"]["id"] == newcomer.character_id
        places = {player.name: (await player.command("look"))["room_state"]["id"] for player in players}
        for player in players:
            await player.close()
        await server.kill()
        await server.start()
        for player in players:
            player.inbox.mark()
            await player.connect(resume=True)
            state = await player.inbox.expect("game_state")
            assert state["data"]["room"]["id"] == places[player.name]
            await player.close()
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def move(player: Player) -> dict[str, Any]:
    return await player.command("east", ok=None, deadline=60)

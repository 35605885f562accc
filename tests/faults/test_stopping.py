"""SIGTERM: everybody is told, everything under way is finished, the exit code is 0, and it does not take long."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from pathlib import Path

from tests.faults.conftest import grid_server
from tests.support.spec_client import DOORS, Address, ConnectionGone, Player, all_of, new_player

WITHIN = 10.0


async def test_everybody_is_told_that_the_server_goes(tmp_path: Path) -> None:
    server = grid_server(tmp_path)
    await server.start()
    try:
        at = Address.of(server.url)
        players = await all_of(new_player(at, DOORS[number % 3]) for number in range(12))
        for player in players:
            await player.enter()
        began = time.monotonic()
        code = await server.stop()
        took = time.monotonic() - began
        assert code == 0
        assert took < WITHIN
        for player in players:
            assert await player.wait_closed() == 1001
            last = player.inbox.events[-1]
            assert last["event_type"] == "disconnect"
            assert last["data"]["reason"] == "going_away"
            assert last["data"]["may_reconnect"] is True
        await server.start()
        for player in players:
            player.inbox.mark()
            await player.connect(resume=True)
            await player.inbox.expect("reset")
            await player.inbox.expect("game_state")
            await player.close()
        print(f"stopped within {took:.2f} s")
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def test_it_stops_although_somebody_does_not_read(tmp_path: Path) -> None:
    server = grid_server(tmp_path)
    await server.start()
    try:
        at = Address.of(server.url)
        deaf, player = await new_player(at), await new_player(at)
        await deaf.enter(receive_buffer=4096)
        await player.enter()
        deaf.stop_listening()
        for number in range(2000):
            player.send_command(f"say {number} {'x' * 400}")
        began = time.monotonic()
        assert await server.stop() == 0
        assert time.monotonic() - began < WITHIN
        await deaf.close()
        await player.close()
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def test_what_was_acknowledged_before_the_stop_is_there_after_it(tmp_path: Path) -> None:
    server = grid_server(tmp_path)
    await server.start()
    rooms: dict[str, str] = {}

    async def walk(player: Player) -> None:
        room = player.inbox.seen("game_state")[0]["data"]["room"]
        rooms[player.name] = room["id"]
        with contextlib.suppress(ConnectionGone, OSError, AssertionError):
            while True:
                answer = await player.command("east" if "east" in room["exits"] else "west")
                room = answer["room_state"]
                rooms[player.name] = room["id"]

    try:
        at = Address.of(server.url)
        players = await all_of(new_player(at) for _ in range(8))
        for player in players:
            await player.enter()
        walking = [asyncio.create_task(walk(player)) for player in players]
        await players[0].inbox.expect("player_entered")
        assert await server.stop() == 0
        await asyncio.gather(*walking)
        await server.start()
        for player in players:
            await player.close()
            player.inbox.mark()
            await player.connect(resume=True)
            state = await player.inbox.expect("game_state")
            # The last step may have been taken without its answer getting through.
            home, there = rooms[player.name], state["data"]["room"]["id"]
            assert there == home or abs(int(there[-3]) - int(home[-3])) == 1
            await player.close()
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()


async def test_a_second_signal_does_no_harm(tmp_path: Path) -> None:
    server = grid_server(tmp_path)
    await server.start()
    try:
        player = await new_player(Address.of(server.url))
        await player.enter()
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        await player.inbox.expect("disconnect")
        if server.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WITHIN):
            assert await server.process.wait() == 0
        await player.close()
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()

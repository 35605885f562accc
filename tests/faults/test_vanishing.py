"""Hundreds connect and vanish without a word: no ghosts, no leaks."""

from __future__ import annotations

import asyncio
import random
import resource
import time
import uuid
from pathlib import Path

from tests.faults.conftest import LONG, grid_server
from tests.support.spec_client import Address, Mailbox, Player, all_of, call, new_player

VANISHING = 300 if LONG else 100
CYCLES = 6 if LONG else 2
GRACES = {
    "MYTHGATE_REALTIME__LINKDEAD_DISPLAY": "2",
    "MYTHGATE_REALTIME__RESUME_GRACE": "4",
    "MYTHGATE_REALTIME__PING_INTERVAL": "5",
    "MYTHGATE_REALTIME__PONG_WITHIN": "5",
}
WITHIN = 40.0  # ping, its answer's deadline, the graces, and the grain of the sweeps


def rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no resident memory")


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def metric(at: Address, name: str) -> float:
    text = (await call(at, "GET", "/metrics")).body.decode()
    values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name]
    assert values, f"no metric {name}"
    return sum(values)


async def test_hundreds_connect_and_vanish(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    server = grid_server(tmp_path, environment=GRACES)
    await server.start()
    chance = random.Random(300)
    try:
        at = Address.of(server.url)
        watcher = await new_player(at, stem="Watcher")
        await watcher.enter()
        people = await all_of(new_player(at, chance.choice(("websocket", "msgpack", "sse"))) for _ in range(VANISHING))
        await all_of((scatter(person, chance) for person in people), at_once=4)
        figures = []
        open_at_first = descriptors(server.pid)
        for _ in range(CYCLES):
            await all_of(person.connect(session_id=unique_session()) for person in people)
            for person in people:
                await person.inbox.expect("game_state", deadline=60)
            assert await metric(at, "mythgate_active_users") == VANISHING + 1
            await all_of(map(vanish_somehow, people, [chance.random() for _ in people]))
            began = time.monotonic()
            while await metric(at, "mythgate_active_users") > 1 or await metric(at, "mythgate_connections") > 1:
                assert time.monotonic() - began < WITHIN, "ghosts stay"
                await asyncio.sleep(0.5)
            room = (await watcher.command("look"))["room_state"]
            assert [row["name"] for row in room["players"]] == [watcher.name]
            assert len((await watcher.command("who"))["data"]["players"]) == 1
            took = time.monotonic() - began
            for person in people:
                await person.close()
                person.inbox = Mailbox()
            ends = time.monotonic() + WITHIN
            while (left := descriptors(server.pid)) > open_at_first + 5:
                assert time.monotonic() < ends, f"{left} descriptors open, {open_at_first} at first"
                await asyncio.sleep(0.5)
            figures.append((round(took, 1), rss_kib(server.pid)))
        print("seconds until nobody was left, KiB resident:", figures)
        first, last = figures[0][1], figures[-1][1]
        assert last < first * 1.25 + 8192, f"memory grew with each cycle: {figures}"
        await watcher.command("say alone at last")
        await watcher.fence()
        await watcher.close()
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def unique_session() -> str:
    return f"session-{uuid.uuid4().hex}"


async def scatter(person: Player, chance: random.Random) -> None:
    """Walk somewhere and leave for now: a crowd of three hundred in one room is another story."""
    room = (await person.enter())["data"]["room"]
    for _ in range(chance.randrange(2, 10)):
        room = (await person.command(chance.choice(list(room["exits"]))))["room_state"]
    await person.command("quit")
    await person.wait_closed()


async def vanish_somehow(person: Player, how: float) -> None:
    """A third goes with a reset, a third hangs up without a farewell, a third just falls silent."""
    if how < 1 / 3 or person.door == "sse":
        await person.cut()
    elif how < 2 / 3:
        assert person.socket is not None
        await person.vanish()
        await person.socket.hang_up()
    else:
        await person.vanish()


async def test_half_open_handshakes_are_dropped(tmp_path: Path) -> None:
    """Who connects and says nothing, or not enough, does not hold anything for long."""
    server = grid_server(tmp_path, environment={"MYTHGATE_LIMITS__AUTHENTICATE_WITHIN": "2"})
    await server.start()
    try:
        at = Address.of(server.url)
        lines = [await asyncio.open_connection(at.host, at.port) for _ in range(50)]
        for number, (_, writer) in enumerate(lines):
            if number % 2:
                writer.write(b"GET /api/ws?session_id=half-open-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n")
        player = await new_player(at)
        await player.enter()
        await player.command("say the others do not disturb")
        await player.close()
        for _, writer in lines:
            writer.transport.abort()
        assert await server.stop() == 0
    finally:
        if server.process is not None and server.process.returncode is None:
            await server.kill()

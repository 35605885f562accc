"""How fast, and for whom: 32 in a room under talk, and one who does not read.

The limits asserted are generous, for machines that do something else as well; the figures are printed (`-s`).
`make bench` measures properly.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

CROWD = 32


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def shown(values: Sequence[float]) -> str:
    return (
        f"median {quantile(values, 0.5) * 1000:.1f} ms, p95 {quantile(values, 0.95) * 1000:.1f} ms, "
        f"p99 {quantile(values, 0.99) * 1000:.1f} ms, most {max(values) * 1000:.1f} ms of {len(values)}"
    )


async def talk(speakers: Sequence[Player], per_second: float, stop: asyncio.Event, words: str = "") -> list[float]:
    """Speakers say the number of what they say, in turn; returns when each was said (monotonic)."""
    said: list[float] = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not stop.is_set():
        due = int((loop.time() - began) * per_second)
        while len(said) < due:
            speakers[len(said) % len(speakers)].send_command(f"say {len(said)} {words}".rstrip())
            said.append(time.monotonic())
        await asyncio.sleep(0.005)
    return said


def delays(listener: Player, said: Sequence[float]) -> dict[int, float]:
    """How long each numbered word took to the listener."""
    found: dict[int, float] = {}
    for event, arrived in zip(listener.inbox.events, listener.inbox.arrived, strict=True):
        if event["event_type"] == "chat_message":
            number = int(event["data"]["message"].split()[0])
            assert number not in found, "came twice"
            found[number] = arrived - said[number]
    return found


async def test_a_step_is_seen_soon_in_a_full_room_under_talk(people: NewPlayer) -> None:
    """The walker's step reaches who watches within the time one does not notice."""
    members = await asyncio.gather(*(people() for _ in range(CROWD - 1)))
    walker = await people()
    for player in (walker, *members):
        await player.fence()  # all has been read that came with so many entering
    stop = asyncio.Event()
    talking = asyncio.create_task(talk(members[:8], 31, stop))  # about 1,000 deliveries a second
    watcher = members[-1]
    taken: list[float] = []
    answered: list[float] = []
    for number in range(60):
        before = time.monotonic()
        await walker.command(("east", "west")[number % 2])
        answered.append(time.monotonic() - before)
        kind = ("player_left", "player_entered")[number % 2]
        seen = await watcher.inbox.expect(kind, player_id=walker.character_id)
        taken.append(watcher.inbox.arrived[watcher.inbox.events.index(seen)] - before)
        await asyncio.sleep(0.02)  # sixty steps within some two seconds of talk
    stop.set()
    said = await talking
    for member in members:
        await member.fence()
    heard = [delay for member in members for delay in delays(member, said).values()]
    assert len(heard) == len(said) * len(members)
    print(f"\nstep to observer: {shown(taken)}\nstep to answer:   {shown(answered)}\ntalk:             {shown(heard)}")
    assert quantile(taken, 0.5) < 0.100
    assert quantile(heard, 0.5) < 0.100


async def test_one_who_does_not_read_costs_the_others_nothing(people: NewPlayer) -> None:
    members = await asyncio.gather(*(people() for _ in range(CROWD - 1)))
    slow = await people(enter=False)
    await slow.enter(receive_buffer=4096)
    slow.stop_listening()
    watcher = members[-1]
    mark = watcher.inbox.mark()
    stop = asyncio.Event()
    talking = asyncio.create_task(talk(members[:10], 200, stop, "x" * 400))
    await watcher.inbox.expect("player_status", player_id=slow.character_id, status="linkdead", deadline=60)  # given up
    given_up = len(watcher.inbox.seen("chat_message", since=mark))
    await asyncio.sleep(1.0)  # and the talk goes on without
    stop.set()
    said = await talking
    for member in members:
        await member.fence()
    heard = [delay for member in members for delay in delays(member, said).values()]
    assert len(heard) == len(said) * len(members)
    print(f"\ngiven up after {given_up} messages; the others: {shown(heard)}")
    assert quantile(heard, 0.99) < 0.500

    slow.listen_again()
    code = await slow.wait_closed(30)
    print(f"the slow one was closed with {code} and had read {len(slow.inbox.events)} events")
    assert code in (4400, None), "the close frame, if it still got through"
    before = len(slow.inbox.events)
    await slow.connect(resume=True)
    await slow.fence()
    resets = slow.inbox.seen("reset")
    if not resets:
        assert sorted(delays(slow, said)) == list(range(len(said)))
    else:
        assert resets[0]["data"]["reason"] in ("too_old", "overflow")
        assert slow.inbox.seen("game_state", since=before)


async def test_a_slow_one_who_resumes_in_time_misses_nothing(people: NewPlayer) -> None:
    """Given up for being slow, back at once: everything is there, nothing twice."""
    speaker = await people()
    slow = await people(enter=False)
    await slow.enter(receive_buffer=4096)
    slow.stop_listening()
    mark = len(speaker.inbox.events)
    stop = asyncio.Event()
    talking = asyncio.create_task(talk([speaker], 400, stop, "y" * 480))
    await speaker.inbox.until(
        lambda: speaker.inbox.seen("player_status", since=mark, player_id=slow.character_id, status="linkdead") or None,
        60,
        "giving up the slow one",
    )
    stop.set()
    said = await talking
    slow.listen_again()
    assert await slow.wait_closed(30) in (4400, None)
    await slow.connect(resume=True)
    await slow.fence()
    await speaker.fence()
    if not slow.inbox.seen("reset"):
        assert sorted(delays(slow, said)) == list(range(len(said)))

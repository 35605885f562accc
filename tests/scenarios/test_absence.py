"""Being away for longer: what others see, and when; hearts, pings, and the ends of graces.

The graces are short here; the real ones are settings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import DOORS, DoorName, Player, call

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {
    "MYTHGATE_REALTIME__LINKDEAD_DISPLAY": "1.5",
    "MYTHGATE_REALTIME__RESUME_GRACE": "4",
    "MYTHGATE_REALTIME__HEARTBEAT_INTERVAL": "1",
    "MYTHGATE_REALTIME__TICK_INTERVAL": "1",
    "MYTHGATE_REALTIME__PING_INTERVAL": "2",
    "MYTHGATE_REALTIME__PONG_WITHIN": "2",
}


async def at_every_door(story: Callable[[DoorName], Awaitable[None]]) -> None:
    """The same story through all doors at the same time, because it is a slow one."""
    await asyncio.gather(*map(story, DOORS))


async def test_hearts_beat_and_clocks_tick(people: NewPlayer) -> None:
    await at_every_door(lambda door: hear_hearts_and_clocks(people, door))


async def hear_hearts_and_clocks(people: NewPlayer, door: DoorName) -> None:
    player = await people(door)
    beat = await player.inbox.expect("heartbeat")
    assert beat["data"] == {}
    tick = await player.inbox.expect("game_tick")
    assert isinstance(tick["data"]["tick_number"], int)
    assert tick["data"]["timestamp"]
    later = await player.inbox.expect("game_tick")
    assert later["data"]["tick_number"] > tick["data"]["tick_number"]


async def test_silence_is_answered_with_a_ping_and_no_answer_with_the_end(people: NewPlayer) -> None:
    healthy, mute, other = await people(), await people(), await people()
    assert mute.socket is not None
    assert healthy.socket is not None
    mute.socket.answers_pings = False
    assert await mute.wait_closed(20) == 4402
    assert healthy.socket.pings_received > 0
    assert not healthy.closed.is_set()
    await other.inbox.expect("player_status", player_id=mute.character_id, status="linkdead")
    await mute.connect(resume=True)
    await mute.fence()
    assert not mute.inbox.seen("reset")


async def test_away_linkdead_gone_forgotten(people: NewPlayer) -> None:
    await at_every_door(lambda door: stay_away(people, door))


async def stay_away(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    await player.command("say I am here")
    started = time.monotonic()
    await player.cut()
    await other.inbox.expect("player_status", player_id=player.character_id, status="linkdead")
    assert time.monotonic() - started < 1.4
    gone = await other.inbox.expect("player_left_game", player_id=player.character_id)
    assert time.monotonic() - started > 1.2
    assert gone["data"]["player_name"] == player.name
    assert player.name not in (await other.inbox.expect("room_occupants"))["data"]["occupants"]
    assert player.name not in (await other.command("who"))["result"]
    mark = other.inbox.mark()
    await other.command("say we miss you")  # the stream listens on

    await player.connect(resume=True)
    await player.inbox.expect("chat_message", message="we miss you")
    assert not player.inbox.seen("reset")
    heard = player.inbox.seen("chat_message", player_id=other.character_id)
    assert [event["data"]["message"] for event in heard] == ["we miss you"]
    await other.fence()
    assert [
        event["event_type"]
        for event in other.inbox.events[mark:]
        if event["event_type"].startswith("player_") and event["data"].get("player_id") == player.character_id
    ] == ["player_entered_game"]
    assert player.name in (await other.command("who"))["result"]

    forgotten = await streams_expired(other)
    await player.cut()
    await other.inbox.expect("player_left_game", player_id=player.character_id)
    while await streams_expired(other) < forgotten + len(DOORS):
        await other.inbox.expect("game_tick")
    player.inbox.mark()
    await player.connect(resume=True)
    assert (await player.inbox.expect("reset"))["data"]["reason"] == "unknown_session"
    state = await player.inbox.expect("game_state")
    assert state["data"]["room"]["id"] == other.inbox.events[0]["room_id"]


async def streams_expired(player: Player) -> int:
    """How many streams waited in vain so far, as the server's metrics say."""
    text = (await call(player.account.at, "GET", "/metrics")).body.decode()
    return sum(
        int(float(line.rsplit(" ", 1)[1]))
        for line in text.splitlines()
        if line.startswith("mythgate_ended_streams_total{") and "expired" in line
    )


async def test_following_outlasts_a_broken_line(people: NewPlayer) -> None:
    leader, follower = await people(), await people()
    await follower.command(f"follow {leader.name}")
    await follower.cut()
    await leader.inbox.expect("player_status", player_id=follower.character_id, status="linkdead")
    await leader.command("east")
    await leader.inbox.expect("player_entered", player_id=follower.character_id)
    await follower.connect(resume=True)
    shown = await follower.inbox.expect("room_update")
    assert shown["data"]["room"]["id"] == (await leader.command("look"))["room_state"]["id"]


async def test_many_come_back_at_once(people: NewPlayer) -> None:
    """A proxy restarts: everybody's line breaks in the same instant and everybody returns."""
    crowd = [await people() for _ in range(20)]
    await asyncio.gather(*(player.cut() for player in crowd))
    await asyncio.gather(*(player.connect(resume=True) for player in crowd))
    await asyncio.gather(*(player.fence() for player in crowd))
    for player in crowd:
        assert not player.inbox.seen("reset")
        room = (await player.command("look"))["room_state"]
        assert {row["status"] for row in room["players"]} == {"online"}
        assert room["occupant_count"] >= 20

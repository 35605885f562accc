"""The story the game begins with, in the world that ships: two friends, a broken cable, a reload, a `kill -9`."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.server import RunningServer
from tests.support.spec_client import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORLD = "mythgate"


async def test_two_friends_and_nothing_lost(people: NewPlayer, server: RunningServer) -> None:
    assert server.ready["seconds"] < 2.0
    ada = await people(stem="Ada")
    room = ada.inbox.events[0]["data"]["room"]
    assert room["name"] == "Gate Square"
    assert len(room["description"]) > 100
    assert len(room["exits"]) >= 4
    ben = await people(stem="Ben")
    met = await ada.inbox.expect("player_entered_game", player_id=ben.character_id)
    assert met["data"]["message"] == f"{ben.name} enters the world."

    await ben.command(f"whisper {ada.name} is that you?")
    assert (await ada.inbox.expect("chat_message", channel="whisper"))["data"]["message"] == "is that you?"
    await ada.command(":waves.")
    assert (await ben.inbox.expect("chat_message", channel="emote", player_id=ada.character_id))["data"]["text"] == (
        f"{ada.name} waves."
    )
    await ben.command("get pear")
    assert "pear" in (await ada.inbox.expect("room_message"))["data"]["message"]
    await ben.command("look plaque")
    assert "NEWCOMER" in (await ben.command("read plaque"))["result"]

    # The cable.
    await ada.cut()
    await ben.inbox.expect("player_status", player_id=ada.character_id, status="linkdead")
    for number in range(5):
        await ben.command(f"say are you there? {number}")
    await ben.command("north")
    await ada.connect(resume=True)
    for number in range(5):
        await ada.inbox.expect("chat_message", message=f"are you there? {number}")
    left = await ada.inbox.expect("player_left", player_id=ben.character_id)
    assert left["data"]["message"] == f"{ben.name} leaves the room."
    await ada.fence()
    assert not ada.inbox.seen("reset")

    # The reload.
    page = Player(ada.account, ada.name, ada.character_id, "websocket", ada.session_id)
    page.inbox.last_seq = ada.inbox.last_seq
    await ada.cut()
    await page.connect(resume=True)
    await page.command("north")
    await ben.inbox.expect("player_entered", player_id=ada.character_id)
    await page.fence()

    # The kill.
    await server.kill()
    await page.wait_closed()
    await ben.wait_closed()
    await server.start()
    for player, carries in ((page, []), (ben, ["a speckled pear"])):
        player.inbox.mark()
        await player.connect(resume=True)
        assert (await player.inbox.expect("reset"))["data"]["reason"] == "unknown_session"
        state = (await player.inbox.expect("game_state"))["data"]
        assert state["room"]["name"] == "Beneath the Arch"
        assert [item["name"] for item in state["player"]["inventory"]] == carries
    await page.command("say that was odd")
    await ben.inbox.expect("chat_message", message="that was odd")
    await page.close()


async def test_the_world_is_walked_by_a_crowd(people: NewPlayer) -> None:
    """Hidden ways, locked ways, inhabitants that wander and speak: whatever there is, answers stay sound."""
    chance = random.Random(68)
    crowd = [await people() for _ in range(6)]

    async def wander(player: Player) -> set[str]:
        room = player.inbox.seen("game_state")[0]["data"]["room"]
        seen = {room["id"]}
        for _ in range(60):
            answer = await player.command(chance.choice(list(room["exits"])), ok=None)
            if answer["success"]:
                room = answer["room_state"]
                assert player.name in {row["name"] for row in room["players"]}
            else:
                assert answer["code"] in ("exit_locked", "room_full"), answer
                assert answer["room_changed"] is False
            seen.add(room["id"])
        assert (await player.command("look"))["room_state"]["id"] == room["id"]
        return seen

    walked = await asyncio.gather(*map(wander, crowd))
    assert len(set.union(*walked)) >= 15
    for player in crowd:
        await player.fence()
        explored = (await player.account.call("GET", "/api/maps/explored")).expect(200)
        plane = explored["current_room_id"].split("_")[0]  # a map shows one plane
        mapped = {row["id"] for row in explored["rooms"]}
        assert mapped == {room_id for room_id in walked[crowd.index(player)] if room_id.split("_")[0] == plane}

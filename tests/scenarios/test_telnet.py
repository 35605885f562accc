"""Telnet, a browser and Aleph One in the world and in a lobby, over a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.scenarios.conftest import NewPlayer
from tests.support.metaserver_client import AlephOneClient, close_lines
from tests.support.server import RunningServer
from tests.support.telnet import ALL, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORLD = "mythgate"
ARRIVAL = 26


def port_of(server: RunningServer, door: str) -> int:
    return int(server.ready["doors"][door].rsplit(":", 1)[1])


@pytest_asyncio.fixture(loop_scope="module")
async def tess(server: RunningServer) -> AsyncIterator[Visitor]:
    """A guest over telnet, in the world."""
    visitor = await Visitor(ALL).connect(port_of(server, "telnet"))
    await visitor.enter()
    yield visitor
    visitor.type("quit")
    await visitor.hung_up()
    await visitor.close()
    await close_lines()


async def test_three_kinds_of_client_talk_in_a_lobby(server: RunningServer, people: NewPlayer, tess: Visitor) -> None:
    ada = await people()
    (await ada.account.call("POST", f"/api/lobbies/{ARRIVAL}/enter")).expect(200)
    hopper = AlephOneClient(name="Hopper", user_name="guest")
    await hopper.come(port_of(server, "metaserver"))
    tess.type("lobby join Arrival")
    here = await tess.read("You are in the lobby Arrival.", "Here: ", "Welcome to Mythgate.")
    assert "Guest Hopper (Aleph One)" in here
    arrived = await ada.inbox.expect("lobby_player_entered", lambda event: event["data"]["player"]["door"] == "telnet")
    assert arrived["data"]["player"]["client"] == "Mudlet"
    name = arrived["data"]["player"]["name"]
    await hopper.until_player(name.removeprefix("Guest-"))  # there it is "Guest Jade-197"

    hopper.chat("Où est |bla|p sortie ?")  # in MacRoman, with style codes
    await tess.read("[Arrival] Guest Hopper: Où est \x1b[1mla\x1b[0m", "sortie ?")
    await ada.inbox.expect("lobby_message", lambda event: event["data"]["message"] == "Où est la sortie ?")
    tess.type("lobby Par là, je crois – 世.")
    await ada.inbox.expect("lobby_message", lambda event: event["data"]["message"] == "Par là, je crois – 世.")
    await hopper.until_said("Par là, je crois – ?.")
    await ada.command("lobby Merci!")
    await tess.read("Merci!")
    await hopper.until_said("Merci!")

    await hopper.leave()
    await tess.read("Guest Hopper leaves.")


async def test_a_browser_and_telnet_meet_in_the_world(people: NewPlayer, tess: Visitor) -> None:
    ada = await people()
    await tess.read(f"{ada.name} enters the world.")
    tess.type("say Hello, browser!")
    said = await ada.inbox.expect("chat_message", lambda event: event["data"]["message"] == "Hello, browser!")
    assert said["data"]["channel"] == "say"
    await ada.command("say Hello, terminal! 🎉")
    await tess.read(f"{ada.name} says: Hello, terminal! 🎉")
    told = await tess.message("Comm.Channel.Text", lambda data: data["talker"] == ada.name)
    assert told["text"].endswith("Hello, terminal! 🎉")
    await ada.command(f"whisper {said['data']['player_name']} psst")
    await tess.read("psst")

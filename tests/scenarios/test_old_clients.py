"""Old game clients and people with a browser in one lobby, over a real server."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.scenarios.conftest import NewPlayer
from tests.support.metaserver_client import AlephOneClient, Myth18Client, close_lines
from tests.support.server import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ARRIVAL = 26
PASSWORD = "battery staple"  # Aleph One sends 16 bytes at most in clear


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def lines() -> AsyncIterator[None]:
    """All connections of a test end with it."""
    yield
    await close_lines()


def port_of(server: RunningServer) -> int:
    return int(server.ready["doors"]["metaserver"].rsplit(":", 1)[1])


class Redirected(AlephOneClient):
    """Aleph One whose web site is our http door."""

    url = ""

    async def answer(self, scheme: int, salt: bytes) -> bytes:
        if scheme != 4:
            return await super().answer(scheme, salt)
        form = {"username": self.user_name, "password": self.password, "salt": salt.partition(b"\0")[0].decode()}
        async with aiohttp.ClientSession() as http, http.post(f"{self.url}/metaclient/login", data=form) as answer:
            return await answer.read()


async def test_a_browser_and_aleph_one_hold_a_conversation(server: RunningServer, people: NewPlayer) -> None:
    ada = await people()
    entered: dict[str, Any] = (await ada.account.call("POST", f"/api/lobbies/{ARRIVAL}/enter")).expect(200)
    hopper = AlephOneClient(name="Hopper", user_name="guest")
    await hopper.come(port_of(server))
    assert {entered["name"], "Guest Hopper"} <= {one.plain for one in hopper.players.values()}
    await ada.inbox.expect("lobby_player_entered", lambda event: event["data"]["player"]["name"] == "Guest Hopper")

    hopper.chat("Où est la sortie ?")
    await ada.inbox.expect("lobby_message", lambda event: event["data"]["message"] == "Où est la sortie ?")
    await ada.command("lobby Par là, je crois.")
    await hopper.until_said("Par là, je crois.")

    await hopper.leave()
    await ada.inbox.expect("lobby_player_left", lambda event: event["data"]["name"] == "Guest Hopper")
    again = AlephOneClient(name="Hopper", user_name="guest")
    await again.come(port_of(server))
    await ada.account.call("POST", f"/api/lobbies/{ARRIVAL}/leave")
    await again.until_player(entered["name"], present=False)


async def test_an_account_made_in_the_game_logs_in_over_https_and_in_clear(server: RunningServer) -> None:
    name = f"Tycho{uuid.uuid4().hex[:6]}"
    form = {"username": name, "password": PASSWORD, "email": ""}
    async with aiohttp.ClientSession() as http, http.post(f"{server.url}/metaclient/signup", data=form) as answer:
        assert await answer.text() == "OK"
    for https in (True, False):
        client = Redirected(name="Tycho", user_name=name, password=PASSWORD, https=https)
        client.url = server.url
        await client.come(port_of(server))
        assert client.players[client.number].team == name
        await client.caught_up()
    modern = Myth18Client(name="Tycho", user_name=name, password=PASSWORD)
    await modern.come(port_of(server))


async def test_everybody_hears_everybody(server: RunningServer) -> None:
    clients = [AlephOneClient(name=f"Marine {number}", user_name="guest") for number in range(30)]
    for client in clients:
        await client.come(port_of(server))
    for number, client in enumerate(clients):
        client.chat(f"line {number}")
    for client in clients:
        for number in range(len(clients)):
            await client.until_said(f"line {number}")
    for client in clients[1:]:
        client.vanish()
    await clients[0].until(lambda: len(clients[0].players) == 1)

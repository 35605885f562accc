"""A browser, a program of the Shards network and Aleph One hear each other where the world and a lobby meet."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from tests.scenarios.conftest import NewPlayer
from tests.support.metaserver_client import AlephOneClient, close_lines
from tests.support.server import RunningServer
from tests.support.shards_door import Program
from tests.support.spec_client import Player, unique_name

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORLD = "mythgate"
ARRIVAL = 26
PASSWORD = "battery staple"


@dataclass
class Company:
    """Four who are about, each in a way of their own."""

    hopper: AlephOneClient  # in the lobby, with an account
    ada: Player  # in the world
    bea: Player  # in the world and in the lobby
    cid: Program  # in the world

    async def caught_up(self) -> None:
        """Hear all that was said up to now."""
        await self.hopper.caught_up()
        await self.ada.fence()
        await self.bea.fence()
        await self.cid.send("ping", message_id="caught-up")
        await self.cid.until("pong")

    def heard(self, words: str) -> Counter[str]:
        """Who heard a line how often, and how."""
        found: Counter[str] = Counter()
        found["hopper: here"] = sum(one.message == words for one in self.hopper.said)
        found["hopper: from the world"] = sum(
            line.startswith("[world] ") and line.endswith(f": {words}") for line in self.hopper.lines
        )
        for name, one in (("ada", self.ada), ("bea", self.bea)):
            for event in one.inbox.seen("chat_message", message=words):
                found[f"{name}: {event['data']['origin'] or 'world'}"] += 1
            found[f"{name}: in the lobby"] += len(one.inbox.seen("lobby_message", message=words))
        for told in self.cid.heard:
            if told["type"] == "chat" and told["content"] == words:
                found["cid: from the lobby" if told["sender_name"].startswith("[Arrival] ") else "cid: world"] += 1
        return +found


@pytest_asyncio.fixture(loop_scope="module")
async def company(server: RunningServer, people: NewPlayer) -> AsyncIterator[Company]:
    doors = server.ready["doors"]
    name = f"Hopper{uuid.uuid4().hex[:6]}"
    form = {"username": name, "password": PASSWORD, "email": ""}
    async with aiohttp.ClientSession() as http, http.post(f"{server.url}/metaclient/signup", data=form) as answer:
        assert await answer.text() == "OK"
    hopper = AlephOneClient(name=name, user_name=name, password=PASSWORD)
    await hopper.come(int(doors["metaserver"].rsplit(":", 1)[1]))
    ada, bea = await people(), await people()
    (await bea.account.call("POST", f"/api/lobbies/{ARRIVAL}/enter")).expect(200)
    cid = Program(f"http://{doors['shards']}")
    try:
        await cid.enter(unique_name("cid").lower(), unique_name("Cid"))
        yield Company(hopper, ada, bea, cid)
    finally:
        await cid.close()
        await close_lines()


async def test_each_hears_the_others_once(company: Company) -> None:
    hopper, ada, bea, cid = company.hopper, company.ada, company.bea, company.cid
    hopper.chat("from Aleph One: où?")
    await hopper.until_said("from Aleph One: où?")
    await cid.chat("from a program")
    await hopper.until_line("from a program")
    await ada.command("global from a browser – “Привет”")
    await bea.command("lobby from a |bbrowser in the lobby")
    await bea.command("global from the lobby to the world")
    await company.caught_up()

    from_lobby = {"ada: Arrival": 1, "bea: in the lobby": 1, "cid: from the lobby": 1, "hopper: here": 1}
    from_world = {"ada: world": 1, "bea: world": 1, "cid: world": 1, "hopper: from the world": 1}
    assert company.heard("from Aleph One: où?") == from_lobby
    assert company.heard("from a program") == from_world
    # Old clients know MacRoman only, and say what they were told with their own codes.
    del from_world["hopper: from the world"]
    assert company.heard("from a browser – “Привет”") == from_world
    assert [line for line in hopper.lines if line.startswith(f"[world] {ada.name}: from a browser – “")] != []
    del from_lobby["hopper: here"]
    assert company.heard("from a browser in the lobby") == from_lobby
    assert [one.message for one in hopper.said].count("from a |bbrowser in the lobby") == 1
    assert company.heard("from the lobby to the world") == from_world | {"hopper: from the world": 1}

    told = next(one for one in cid.heard if one["type"] == "chat" and one["content"] == "from Aleph One: où?")
    assert (told["sender_id"], told["sender_name"]) == (0, f"[Arrival] {hopper.name}")
    assert told["channel"] == "global"
    await cid.chat("psst", kind="whisper", channel="whisper", recipient_id=0)
    refused = await cid.until("error")
    assert refused["error_code"] == "RECIPIENT_OFFLINE"
    assert "lobby" in refused["error_message"]
    past = (await ada.account.call("GET", "/api/chat/global/history")).expect(200)["messages"]
    assert [one["origin"] for one in past if one["message"] == "from Aleph One: où?"] == ["Arrival"]


async def test_a_mute_holds_on_both_sides(company: Company, moderator: Player) -> None:
    hopper, ada = company.hopper, company.ada
    (await moderator.account.call("POST", f"/api/lobbies/{ARRIVAL}/enter")).expect(200)
    await moderator.command(f"lobby .mute {hopper.name} 5")
    await moderator.command(f"mute {ada.name} 5")
    await hopper.until_line("muted")
    hopper.chat("not heard")
    await ada.command("global not heard either", ok=False)
    await moderator.command(f"lobby .unmute {hopper.name}")
    await hopper.until_line("no longer muted")
    await company.caught_up()
    assert company.heard("not heard") == company.heard("not heard either") == {}


async def test_who_is_ignored_is_not_heard(company: Company) -> None:
    hopper, ada = company.hopper, company.ada
    await ada.command(f"ignore [Arrival] {hopper.name}")
    hopper.chat(f".ignore {ada.name}")
    await hopper.until_line("You hear nothing of")
    hopper.chat("to who listens")
    await ada.command("global to whoever listens")
    await company.caught_up()
    assert company.heard("to who listens") == {"hopper: here": 1, "bea: in the lobby": 1, "cid: from the lobby": 1}
    assert company.heard("to whoever listens") == {"ada: world": 1, "bea: world": 1, "cid: world": 1}


async def test_it_ends_when_the_option_does(company: Company, server: RunningServer, moderator: Player) -> None:
    hopper, ada = company.hopper, company.ada
    await server.run_cli("user", "role", moderator.account.username, "admin")
    for meets in (False, True):
        change = {"world_chat": meets}
        changed = await moderator.account.call("PATCH", f"/api/lobbies/{ARRIVAL}", change)
        assert changed.expect(200)["world_chat"] is meets
        hopper.chat(f"in the lobby {meets}")
        await hopper.until_said(f"in the lobby {meets}")
        await ada.command(f"global in the world {meets}")
        await company.caught_up()
    assert company.heard("in the lobby False") == {"hopper: here": 1, "bea: in the lobby": 1}
    assert company.heard("in the world False") == {"ada: world": 1, "bea: world": 1, "cid: world": 1}
    assert sum(company.heard("in the lobby True").values()) == sum(company.heard("in the world True").values()) == 4

    (await company.bea.account.call("POST", f"/api/lobbies/{ARRIVAL}/leave")).expect(204)
    hopper.chat("after the goodbye")
    await hopper.until_said("after the goodbye")
    await company.caught_up()
    heard = {"hopper: here": 1, "ada: Arrival": 1, "bea: Arrival": 1, "cid: from the lobby": 1}
    assert company.heard("after the goodbye") == heard

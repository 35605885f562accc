"""Rooms and messages as staff runs them over HTTP, by a whole node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from tests.doors.http.test_lobbies import Player, old_client
from tests.support.http import Answer, Site, site

from mythgate.cli.running import operator_token
from mythgate.domain.accounts import Role
from mythgate.domain.events import LobbyMessage, SystemMessage
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Lobby
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def ask(place: Site, method: str, path: str, body: Any = None) -> Answer:
    """As the operator, whom the command line speaks for."""
    return await place.call(method, path, body, token=operator_token(place.node.settings))


async def test_the_list_a_card_and_talk(place: Site) -> None:
    ada = await Player.come(place, "Ada")
    await ada.enter(26, **{"User-Agent": "Mozilla/5.0 Firefox/120"})
    await place.node.services.lobbies.say(ada.character_id, "hello")
    rooms = (await ask(place, "GET", "/api/admin/rooms")).json["rooms"]
    known = {room["key"]: room for room in rooms}
    assert (known["lobby:26"]["people"], known["lobby:26"]["name"], known["lobby:26"]["kind"]) == (
        1,
        "Arrival",
        "lobby",
    )
    world = [room for room in rooms if room["kind"] == "world"]
    assert [room["people"] for room in world] == [1]
    assert len((await ask(place, "GET", "/api/admin/rooms?empty=true")).json["rooms"]) > len(rooms)
    card = (await ask(place, "GET", "/api/admin/rooms/lobby:26")).json
    (one,) = card["occupants"]
    assert (one["account"], one["name"], one["client"], one["ping_ms"]) == ("Ada", "Ada", "browser", None)
    place.node.services.rooms.round_trips.append(lambda _: {ada.character_id: 0.0123})
    card = (await ask(place, "GET", f"/api/admin/rooms/{world[0]['key']}")).json
    assert [(one["id"], one["ping_ms"]) for one in card["occupants"]] == [(ada.character_id, 12.3)]
    (line,) = (await ask(place, "GET", "/api/admin/rooms/lobby:26/talk")).json["lines"]
    assert (line["name"], line["text"], line["channel"]) == ("Ada", "hello", "say")
    later = await ask(place, "GET", f"/api/admin/rooms/lobby:26/talk?after={line['id']}")
    assert later.json == {"lines": []}


async def test_running_rooms(place: Site) -> None:
    ada = await Player.come(place, "Ada")
    await ada.enter(26)

    async def post(act: str, body: Any) -> Answer:
        return await ask(place, "POST", f"/api/admin/rooms/lobby:26/{act}", body)

    assert (await post("announce", {"text": "The cup begins."})).json == {"text": "The cup begins."}
    assert (await post("lock", {"locked": True})).json["locked"]
    assert (await post("motd", {"text": "Tonight."})).json["motd"] == "Tonight."
    moved = await post("move", {"id": ada.character_id, "to": "lobby:0", "reason": "company"})
    assert moved.json == {"name": "Ada"}
    assert (await post("close", {})).json["room"]["locked"]
    lines = [said.message for said in ada.heard(LobbyMessage) if said.kind == "line"]
    assert lines[1:4] == ["The cup begins.", "Arrival is locked.", "Tonight."]
    await place.node.services.lobbies.add(OPERATOR, Lobby("Shoal", 44))
    assert (await ask(place, "POST", "/api/admin/rooms/lobby:44/close", {})).json == {"room": None}
    assert (await ask(place, "POST", "/api/admin/rooms/lobby:44/move", {"id": "x", "to": "lobby:0"})).status == 404
    assert (await ask(place, "POST", "/api/admin/announce", {"text": "All hear."})).json == {"text": "All hear."}
    assert [said.message for said in ada.heard(SystemMessage)][-1] == "All hear."


async def test_looking_on_as_it_happens(place: Site) -> None:
    headers = {"Authorization": f"Bearer {operator_token(place.node.settings)}"}
    async with place.http.get(f"{place.url}/api/admin/rooms/lobby:26/live", headers=headers) as live:
        assert (live.status, live.content_type) == (200, "text/event-stream")
        visitor = old_client(place)
        await place.node.services.lobbies.say(visitor.listener, "anybody here?")
        heard = [await next_event(live) for _ in range(2)]
        assert [one["event_type"] for one in heard] == ["lobby_player_entered", "lobby_message"]
        assert heard[1]["data"]["message"] == "anybody here?"
        assert len(list(place.node.watch_hub.streams())) == 1
    async with asyncio.timeout(5):
        while list(place.node.watch_hub.streams()):
            place.node.hubs.tick()
            await asyncio.sleep(0)
    record = await place.node.services.moderation.audit(OPERATOR, subject="lobby:26")
    assert [act.action for act in record] == ["room.watched"]


async def test_looking_on_ends_with_the_right_to(place: Site) -> None:
    signed_in = await place.register("Moira")
    account, token = AccountId(signed_in["user_id"]), signed_in["access_token"]
    accounts = place.node.services.accounts
    await accounts.set_role(OPERATOR, account, Role.MODERATOR)
    headers = {"Authorization": f"Bearer {token}"}
    async with place.http.get(f"{place.url}/api/admin/rooms/lobby:26/live", headers=headers) as live:
        await accounts.set_role(OPERATOR, account, Role.PLAYER)
        assert (await next_event(live))["data"]["message"] == "You may not look on any more."
        assert (await live.content.read()).strip() == b""
    refused = await place.get("/api/admin/rooms/lobby:26/live", token=token)
    assert refused.code == "permission_denied"
    assert (await ask(place, "GET", "/api/admin/rooms/lobby:77/live")).code == "not_found"


async def next_event(live: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next envelope of a stream."""
    async with asyncio.timeout(5):
        while True:
            line = await live.content.readline()
            if line.startswith(b"data:"):
                envelope: dict[str, Any] = orjson.loads(line.removeprefix(b"data:"))
                return envelope


async def test_the_message_of_the_day(place: Site) -> None:
    assert (await ask(place, "PUT", "/api/admin/motd", {"text": "Moving tonight."})).json == {"text": "Moving tonight."}
    assert (await ask(place, "GET", "/api/admin/motd")).json == {"text": "Moving tonight."}
    ada = await Player.come(place, "Ada")
    assert [said.message for said in ada.heard(SystemMessage)] == ["Moving tonight."]


async def test_announcements_by_schedule(place: Site) -> None:
    path = "/api/admin/announcements"
    added = await ask(place, "POST", path, {"text": "Be kind.", "every_minutes": 60})
    assert (added.status, added.json["repeat"], added.json["every_minutes"], added.json["daily_at"]) == (
        201,
        "every",
        60,
        None,
    )
    daily = {"text": "Cup.", "room": "lobby:26", "daily_at": "7:05", "zone": "Europe/Berlin"}
    assert (await ask(place, "POST", path, daily)).json["daily_at"] == "07:05"
    listed = (await ask(place, "GET", path)).json["announcements"]
    assert [(one["number"], one["text"], one["room"]) for one in listed] == [
        (1, "Be kind.", ""),
        (2, "Cup.", "lobby:26"),
    ]
    for body in ({"text": "x", "daily_at": "24:00"}, {"text": "x"}, {"text": "", "every_minutes": 5}):
        assert (await ask(place, "POST", path, body)).status == 422
    assert (await ask(place, "DELETE", f"{path}/1")).status == 204
    assert (await ask(place, "DELETE", f"{path}/1")).status == 404


async def test_who_may_not(place: Site) -> None:
    token = (await place.register("Anna"))["access_token"]
    asked = [
        ("GET", "/api/admin/rooms", None),
        ("GET", "/api/admin/rooms/lobby:26", None),
        ("GET", "/api/admin/rooms/lobby:26/talk", None),
        ("GET", "/api/admin/rooms/lobby:26/live", None),
        ("POST", "/api/admin/rooms/lobby:26/announce", {"text": "x"}),
        ("POST", "/api/admin/rooms/lobby:26/lock", {"locked": True}),
        ("POST", "/api/admin/rooms/lobby:26/motd", {"text": "x"}),
        ("POST", "/api/admin/rooms/lobby:26/close", {}),
        ("POST", "/api/admin/announce", {"text": "x"}),
        ("GET", "/api/admin/motd", None),
        ("PUT", "/api/admin/motd", {"text": "x"}),
        ("GET", "/api/admin/announcements", None),
        ("POST", "/api/admin/announcements", {"text": "x", "every_minutes": 5}),
        ("DELETE", "/api/admin/announcements/1", None),
    ]
    for method, path, body in asked:
        assert (await place.call(method, path, body)).status == 401, path
        assert (await place.call(method, path, body, token=token)).code == "permission_denied", path

"""Lobbies opened, changed and closed over HTTP, by a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Family
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import TournamentLobby


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def somebody(place: Site, role: Role) -> str:
    signed_in = await place.register("Anna")
    if role is not Role.PLAYER:
        await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    token: str = signed_in["access_token"]
    return token


async def listed(place: Site) -> dict[int, str]:
    rooms: list[dict[str, Any]] = (await place.get("/api/metaserver/rooms")).json["rooms"]
    return {room["id"]: room["name"] for room in rooms}


async def test_a_lobby_from_opening_to_closing(place: Site) -> None:
    admin = await somebody(place, Role.ADMIN)
    shoal = {"name": "Shoal", "room_id": 44, "family": "myth2", "ranked": True, "min_caste": 3, "motd": "Hello."}
    opened = await place.post("/api/lobbies", shoal, token=admin)
    assert (opened.status, opened.json["name"], opened.json["kind"]) == (201, "Shoal", "ranked")
    lobby = place.node.services.lobbies.lobby(44)
    assert (lobby.family, lobby.min_caste, lobby.motd, lobby.capacity) == (Family.MYTH2, 3, "Hello.", 32)
    again = await place.post("/api/lobbies", shoal, token=admin)
    assert (again.status, again.json["error"]["field"]) == (422, "room_id")

    changed = await place.call("PATCH", "/api/lobbies/44", {"name": "Deep", "ranked": False, "motd": ""}, token=admin)
    assert (changed.status, changed.json["name"], changed.json["kind"]) == (200, "Deep", "unranked")
    lobby = place.node.services.lobbies.lobby(44)
    assert (lobby.min_caste, lobby.motd) == (3, "")
    assert (await listed(place))[44] == "Deep"

    assert (await place.call("DELETE", "/api/lobbies/44", token=admin)).status == 204
    assert 44 not in await listed(place)
    for method, body in (("DELETE", None), ("PATCH", {"name": "Deep"})):
        assert (await place.call(method, "/api/lobbies/44", body, token=admin)).status == 404


async def test_a_lobby_of_another_type(place: Site) -> None:
    admin = await somebody(place, Role.ADMIN)
    options = {"prize_pool": 100, "prize_shares": [70, 30], "start_time": "2100-01-30T20:00:00Z"}
    hall = {"name": "Cup Hall", "room_id": 44, "type": "tournament", "tournament": 1, "options": options}
    assert (await place.post("/api/lobbies", hall, token=admin)).json["kind"] == "tournament"
    await place.call("PATCH", "/api/lobbies/44", {"options": {"min_players": 4, "start_time": None}}, token=admin)
    lobby = place.node.services.lobbies.lobby(44)
    assert isinstance(lobby, TournamentLobby)
    assert (lobby.prize_pool, lobby.prize_shares, lobby.min_players, lobby.start_time) == (100, (70, 30), 4, None)


@pytest.mark.parametrize("role", [None, Role.PLAYER, Role.MODERATOR])
async def test_who_may_not(place: Site, role: Role | None) -> None:
    token = None if role is None else await somebody(place, role)
    for answer in (
        await place.post("/api/lobbies", {"name": "Shoal", "room_id": 44}, token=token),
        await place.call("PATCH", "/api/lobbies/26", {"motd": "Mine."}, token=token),
        await place.call("DELETE", "/api/lobbies/26", token=token),
    ):
        assert answer.status == (401 if role is None else 403)
    assert 26 in await listed(place)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " "}, "name"),
        ({"capacity": 0}, "capacity"),
        ({"max_caste": -2}, "max_caste"),
        ({"options": {"size": 3}}, "size"),
        ({"options": {"room_id": 3}}, "room_id"),
        ({"options": {"caller": 3}}, "caller"),
    ],
)
async def test_what_makes_no_sense(place: Site, body: dict[str, Any], field: str) -> None:
    admin = await somebody(place, Role.ADMIN)
    before = place.node.services.lobbies.lobby(26)
    answer = await place.call("PATCH", "/api/lobbies/26", body, token=admin)
    assert (answer.status, answer.json["error"]["field"]) == (422, field)
    assert place.node.services.lobbies.lobby(26) == before

"""Lobbies over HTTP, by a whole node: what everybody may read, coming in, profiles, friends, game passwords."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import PASSWORD, Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.events import LobbyMessage, LobbyState
from mythgate.domain.hosting import GameFacts
from mythgate.domain.ids import CharacterId, PlayId
from mythgate.domain.lobbies import Colour, Family, Lobby, Looks, Visitor, lobby_listener
from mythgate.domain.profiles import GREY
from mythgate.domain.sessions import OPERATOR

ROOMS: dict[str, Any] = {
    "lobbies": {
        "rooms": [
            {"name": "Arrival", "room_id": 26},
            {"name": "Otter Ferry", "room_id": 1, "family": "myth", "ranked": True},
            {"name": "Nook", "room_id": 5, "capacity": 1},
        ]
    }
}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, **ROOMS) as made:
        yield made


class Player:
    """Somebody in the world whose stream nobody reads."""

    def __init__(self, place: Site, token: str, character_id: CharacterId) -> None:
        self.place = place
        self.token = token
        self.character_id = character_id

    @classmethod
    async def come(cls, place: Site, name: str) -> Player:
        token: str = (await place.register(name))["access_token"]
        character = (await place.post("/api/characters", {"name": f"{name}son"}, token=token)).json
        services = place.node.services
        caller = await services.sessions.authenticate(token)
        chosen = await services.presence.choose(caller, CharacterId(character["id"]))
        place.node.hub.open(PlayId(f"session of {name}"), chosen.id, caller.account_id, caller.session_id)
        await services.presence.enter(caller, chosen, play_id=PlayId(f"session of {name}"))
        return cls(place, token, chosen.id)

    async def enter(self, room_id: int, **headers: str) -> Any:
        return await self.place.call("POST", f"/api/lobbies/{room_id}/enter", token=self.token, headers=headers)

    def heard(self, kind: type[Any]) -> list[Any]:
        stream = next(one for one in self.place.node.hub.streams() if one.character_id == self.character_id)
        stream.catch_up()
        return [event.payload for event in stream.events if isinstance(event.payload, kind)]

    async def command(self, *pieces: str) -> Any:
        body = {"command": pieces[0], "args": list(pieces[1:])}
        return (await self.place.post("/api/command", body, token=self.token)).json


def old_client(place: Site, name: str = "Hopper") -> Visitor:
    """A guest of an old client, in Arrival."""
    lobbies = place.node.services.lobbies
    number = lobbies.guest_number()
    listener = lobby_listener(number)
    visitor = Visitor(
        listener,
        number,
        "Guest",
        Looks(f"|iGuest|p {name}", "Team", primary=Colour(0xFFFF, 0x8080, 0)),
        "metaserver",
        "Aleph One",
        family=Family.MARATHON,
        address="192.0.2.7",
    )
    place.node.lobby_hub.open(PlayId(str(number)), listener, None, None)  # type: ignore[arg-type]
    lobbies.enter(visitor, 26)
    return visitor


def host(place: Site, visitor: Visitor) -> None:
    facts = GameFacts("|bMars|p attacks", "Mars Needs Women", "king of the hill", players=1, max_players=8)
    place.node.services.hosting.announce(visitor.listener, address="192.0.2.7", port=4226, facts=facts)


async def test_everybody_may_read_who_is_where_and_what_is_hosted(place: Site) -> None:
    hopper = old_client(place)
    host(place, hopper)
    answer = await place.get("/api/metaserver/rooms")
    assert answer.status == 200
    assert b"192.0.2.7" not in answer.body
    assert (answer.json["players"], answer.json["games"]) == (1, 1)
    arrival = next(room for room in answer.json["rooms"] if room["name"] == "Arrival")
    assert (arrival["id"], arrival["type"], arrival["family"], arrival["capacity"]) == (26, "unranked", "marathon", 32)
    assert arrival["players"] == [
        {
            "user_id": hopper.number,
            "nick_name": "Guest Hopper",
            "team_name": "Team",
            "guest": True,
            "admin": False,
            "caste": -1,
            "clan": 0,
            "primary_color": "#ff8000",
            "secondary_color": "#808080",
            "client": "Aleph One",
            "door": "metaserver",
            "in_game": False,
            "away": False,
            "afk_text": "",
        }
    ]
    (game,) = arrival["games"]
    assert (game["name"], game["map_name"], game["scoring_name"]) == (
        "Mars attacks",
        "Mars Needs Women",
        "king of the hill",
    )
    assert (game["host_user_id"], game["players"], game["max_players"]) == (hopper.number, 1, 8)
    assert (game["joinable"], game["state"], game["elapsed_seconds"]) == (True, "listed", None)

    place.node.services.hosting.start(hopper.listener, 600.0)
    (game,) = (await place.get("/api/metaserver/games?family=marathon&map=needs")).json["games"]
    assert (game["room_id"], game["room_name"], game["state"], game["joinable"]) == (26, "Arrival", "running", False)
    assert game["elapsed_seconds"] is not None
    assert game["seconds_left"] <= 600
    assert game["line_up"] == []
    for query in ("joinable=true", "family=myth2", "room=1", "name=venus"):
        assert (await place.get(f"/api/metaserver/games?{query}")).json["games"] == []
    assert (await place.get("/api/metaserver/games?family=quake")).status == 422


async def test_hidden_people_are_not_listed(place: Site) -> None:
    ada = await Player.come(place, "Ada")
    caller = await place.node.services.sessions.authenticate(ada.token)
    accounts = place.node.services.accounts
    await accounts.set_role(OPERATOR, caller.account_id, Role.MODERATOR)
    await accounts.set_hidden(OPERATOR, caller.account_id, True)
    assert (await ada.enter(26)).status == 200
    assert (await place.get("/api/metaserver/rooms")).json["players"] == 0
    assert (await place.get("/api/metaserver/players/Ada")).json["online"] is None


async def test_a_browser_enters_talks_and_leaves(place: Site) -> None:
    hopper = old_client(place)
    ada = await Player.come(place, "Ada")
    answer = await ada.enter(26, **{"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/120"})
    assert answer.status == 200
    assert answer.json["lobby"]["players"] == 2
    assert answer.json["name"] == "Ada"
    state = ada.heard(LobbyState)[-1]
    assert {one.name: one.client for one in state.players} == {"Guest Hopper": "Aleph One", "Ada": "browser"}
    assert state.you == answer.json["number"]
    present = place.node.services.lobbies.by_number(state.you)
    assert present is not None
    assert present.looks.primary == GREY  # black on black is what Aleph One would write the name in

    assert (await ada.command("lobby", "hello |bthere|p"))["success"]
    await place.node.services.lobbies.say(hopper.listener, "hi")
    assert [(one.name, one.message) for one in ada.heard(LobbyMessage) if one.kind == "say"] == [
        ("Ada", "hello there"),
        ("Guest Hopper", "hi"),
    ]
    assert (await ada.command("lobbytell", f"#{hopper.number}", "psst"))["success"]
    (private,) = (one for one in ada.heard(LobbyMessage) if one.kind == "private")
    assert (private.target, private.target_name, private.message) == (hopper.number, "Guest Hopper", "psst")
    refused = await ada.command("lobbytell", "Nobody", "psst")
    assert (refused["success"], refused["code"]) == (False, "unreachable")

    assert (await place.get("/api/lobbies", token=ada.token)).json["room_id"] == 26
    wrong = await place.post("/api/lobbies/1/leave", token=ada.token)
    assert (wrong.status, wrong.code) == (409, "not_in_lobby")
    assert (await place.post("/api/lobbies/26/leave", token=ada.token)).status == 204
    assert (await place.get("/api/lobbies", token=ada.token)).json["room_id"] is None
    assert (await ada.command("lobby", "hello"))["code"] == "not_in_lobby"


async def test_programs_are_named(place: Site) -> None:
    ada = await Player.come(place, "Ada")
    await ada.enter(1, **{"User-Agent": "mythgate-python/0.1 (linux)"})
    (one,) = (await place.get("/api/metaserver/rooms")).json["rooms"][0]["players"]
    assert one["client"] == "mythgate-python 0.1"
    assert (await ada.enter(26)).status == 200
    counts = {room["id"]: len(room["players"]) for room in (await place.get("/api/metaserver/rooms")).json["rooms"]}
    assert counts == {1: 0, 5: 0, 26: 1}


async def test_who_may_not_enter(place: Site) -> None:
    ada, ben = await Player.come(place, "Ada"), await Player.come(place, "Benno")
    for status, code, answer in (
        (401, "authentication_failed", await place.post("/api/lobbies/26/enter")),
        (404, "not_found", await ada.enter(77)),
        (422, "validation_error", await ada.enter(-1)),
    ):
        assert (answer.status, answer.code) == (status, code)
    assert (await ada.enter(5)).status == 200
    full = await ben.enter(5)
    assert (full.status, full.code) == (409, "room_full")
    outside: str = (await place.register("Cleo"))["access_token"]
    answer = await place.post("/api/lobbies/26/enter", token=outside)
    assert (answer.status, answer.code) == (409, "not_in_world")

    lobbies = place.node.services.lobbies
    await lobbies.add(OPERATOR, Lobby("Heights", 9, ranked=True, min_caste=5))
    closed = await ben.enter(9)
    assert (closed.status, closed.code) == (403, "lobby_closed_to_you")
    assert "caste" in closed.json["error"]["message"].casefold()


async def test_a_player_is_found_and_described(place: Site) -> None:
    ada = await Player.come(place, "Ada")
    body = {
        "shown_name": "|bAda|p",
        "team": "Reds",
        "primary_color": "#ff0000",
        "secondary_color": "#0000ff",
        "city": "London",
        "state": "",
        "country": "England",
        "quote": "Engines weave.",
        "icon": 12,
    }
    answer = await place.post("/api/profile", body, token=ada.token)
    assert (answer.status, answer.json) == (200, body)
    assert (await place.get("/api/profile", token=ada.token)).json == body
    kept = await place.post("/api/profile", {**body, "icon": None}, token=ada.token)
    assert kept.json["icon"] == 12
    await ada.enter(26)
    for name in (
        "Ada",
        "ADA",
        str((await place.get("/api/metaserver/players?search=ad")).json["players"][0]["number"]),
    ):
        page = (await place.get(f"/api/metaserver/players/{name}")).json
        assert page["name"] == "Ada"
        assert page["profile"]["shown_name"] == "Ada"
        assert (page["profile"]["city"], page["profile"]["primary_color"]) == ("London", "#ff0000")
        assert page["online"]["room_name"] == "Arrival"
        assert (page["standings"], page["clan"], page["guest"]) == ({}, None, False)
    assert "email" not in page
    missing = await place.get("/api/metaserver/players/nobody")
    assert (missing.status, missing.code) == (404, "not_found")


async def test_who_is_in_a_lobby_looks_different_at_once(place: Site) -> None:
    ada = await Player.come(place, "Ada")
    await ada.enter(26)
    await place.post("/api/profile", {"shown_name": "Countess", "primary_color": "#00ff00"}, token=ada.token)
    rooms = (await place.get("/api/metaserver/rooms")).json["rooms"]
    (one,) = next(room for room in rooms if room["id"] == 26)["players"]
    assert (one["nick_name"], one["primary_color"]) == ("Countess", "#00ff00")


@pytest.mark.parametrize(
    "body", [{"primary_color": "red"}, {"quote": "x" * 500}, {"shown_name": "x" * 32}, {"team": "a\x07b"}]
)
async def test_a_profile_that_does_not_fit(place: Site, body: dict[str, str]) -> None:
    token: str = (await place.register("Ada"))["access_token"]
    assert (await place.post("/api/profile", body, token=token)).status == 422
    assert (await place.get("/api/profile", token=token)).json["quote"] == ""


async def test_guests_have_no_profile_of_their_own(place: Site) -> None:
    token: str = (await place.post("/api/auth/guest", {})).json["access_token"]
    answer = await place.post("/api/profile", {"quote": "boo"}, token=token)
    assert (answer.status, answer.code) == (403, "permission_denied")


async def test_friends(place: Site) -> None:
    ada = await Player.come(place, "Ada")
    ben: str = (await place.register("Benno"))["access_token"]
    number = (await place.get("/api/metaserver/players/Ada")).json["number"]
    added = await place.post("/api/friends", {"number": number}, token=ben)
    assert [(one["name"], one["state"]) for one in added.json["friends"]] == [("Ada", "offline")]
    await ada.enter(26)
    (one,) = (await place.get("/api/friends", token=ben)).json["friends"]
    assert (one["state"], one["room_id"]) == ("unacknowledged", 26)
    assert (await place.call("DELETE", f"/api/friends/{number}", token=ben)).json["friends"] == []
    assert (await place.post("/api/friends", {"number": 999}, token=ben)).code == "not_found"


async def test_whom_one_ignores(place: Site) -> None:
    hopper, ada, ben = old_client(place), await Player.come(place, "Ada"), await Player.come(place, "Benno")
    await ada.enter(26)
    ben_number = (await ben.enter(26)).json["number"]
    for number in (hopper.number, ben_number):
        assert (await ada.command("lobby", f"/ignore #{number}"))["success"]
    ignored = (await place.get("/api/ignored", token=ada.token)).json["people"]
    assert ignored == [{"number": ben_number, "name": "Benno"}, {"number": hopper.number, "name": "Guest Hopper"}]
    await place.post("/api/lobbies/26/leave", token=ben.token)
    await ada.command("lobby", f"/unignore #{ben_number}")
    (one,) = (await place.get("/api/ignored", token=ada.token)).json["people"]
    assert one["number"] == hopper.number


async def test_the_staff_locks_a_lobby(place: Site) -> None:
    ada, ben = await Player.come(place, "Ada"), await Player.come(place, "Benno")
    account = await place.node.store.read(lambda tx: tx.accounts.by_name_key("ada"))
    assert account is not None
    await place.node.services.accounts.set_role(OPERATOR, account.id, Role.MODERATOR)
    await ada.enter(26)
    await ada.command("lobby", "/lock")
    refused = await ben.enter(26)
    assert (refused.status, refused.code) == (403, "lobby_closed_to_you")
    assert "locked" in refused.json["error"]["message"]
    assert (await place.get("/api/lobbies", token=ben.token)).json["lobbies"][-1]["locked"]
    await place.node.services.lobbies.change(OPERATOR, 26, motd="Back at eight.", squelched=True)
    assert (await place.get("/api/lobbies", token=ben.token)).json["lobbies"][-1]["squelched"]
    rooms = (await place.get("/api/metaserver/rooms")).json["rooms"]
    shown = [(room["locked"], room["squelched"], room["motd"]) for room in rooms if room["id"] == 26]
    assert shown == [(True, True, "Back at eight.")]
    await ada.command("lobby", "/unlock")
    assert (await ben.enter(26)).status == 200


async def test_looking_for_a_lobby(place: Site) -> None:
    found = (await place.get("/api/metaserver/rooms?family=marathon&name=arr")).json["rooms"]
    assert [room["name"] for room in found] == ["Arrival"]
    assert (await place.get("/api/metaserver/rooms?family=myth3&name=arr")).json["rooms"] == []
    assert (await place.get("/api/metaserver/rooms?family=doom")).status == 422


async def test_ladder_and_clans(place: Site) -> None:
    empty = (await place.get("/api/metaserver/ladder")).json
    assert (empty["category"], empty["kind"], empty["rows"]) == ("ranked", "player", [])
    assert {"unranked", "ranked", "ranked:5"} <= set(empty["categories"])
    assert (await place.get("/api/metaserver/ladder?season=7")).status == 404
    unknown = await place.get("/api/metaserver/ladder?category=ranked:16")
    assert (unknown.status, unknown.json["error"]["field"]) == (422, "category")
    assert (await place.get("/api/metaserver/ladder?limit=1000")).status == 422

    token: str = (await place.register("Ada"))["access_token"]
    caller = await place.node.services.sessions.authenticate(token)
    made = await place.node.services.clans.found(
        caller.account_id, "The Nine", maintenance_password="maintain", member_password="member"
    )
    (clan,) = (await place.get("/api/metaserver/clans")).json["clans"]
    assert (clan["name"], clan["members"]) == ("The Nine", 1)
    page = await place.get(f"/api/metaserver/clans/{made.clan.number}")
    assert [(one["name"], one["rank"]) for one in page.json["people"]] == [("Ada", "leader")]
    assert b"$argon2" not in page.body
    assert (await place.get("/api/metaserver/clans/99")).status == 404
    assert (await place.get("/api/metaserver/players/Ada")).json["clan"]["name"] == "The Nine"


async def test_a_password_for_old_clients(place: Site) -> None:
    token: str = (await place.register("Ada"))["access_token"]
    path, accounts = "/api/auth/game-password", place.node.services.accounts
    assert (await place.get(path, token=token)).json == {"is_set": False}
    wrong = await place.post(path, {"current_password": "nonsense!", "new_password": "hunter2"}, token=token)
    assert (wrong.status, wrong.code) == (401, "bad_credentials")
    body = {"current_password": PASSWORD, "new_password": "hunter2"}
    assert (await place.post(path, body, token=token)).status == 204
    assert (await place.get(path, token=token)).json == {"is_set": True}
    assert (await accounts.check_game_login("Ada", b"hunter2")).name == "Ada"
    assert (await place.call("DELETE", path, token=token)).status == 204
    assert (await place.get(path, token=token)).json == {"is_set": False}


@pytest.mark.parametrize(
    "path", ["/api/profile", "/api/friends", "/api/ignored", "/api/lobbies", "/api/auth/game-password"]
)
async def test_own_matters_need_a_token(place: Site, path: str) -> None:
    assert (await place.get(path)).status == 401


async def test_nobody_bothers_a_lobby_by_coming_and_going(place: Site) -> None:
    ada, ben = await Player.come(place, "Ada"), await Player.come(place, "Benno")
    answers = await asyncio.gather(*(ada.enter((26, 1)[number % 2]) for number in range(120)))
    refused = [answer for answer in answers if answer.status != 200]
    assert refused, "all were let in"
    assert {(answer.status, answer.code) for answer in refused} == {(429, "rate_limited")}
    assert all(float(answer.headers["retry-after"]) > 0 for answer in refused)
    assert (await ben.enter(26)).status == 200

"""Commands over REST, by a whole node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.http import Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, CharacterId, PlayId
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def enter(place: Site, name: str = "Alric") -> tuple[str, CharacterId]:
    """Somebody in the world, with a stream that nobody reads."""
    token: str = (await place.register(name))["access_token"]
    character_id = CharacterId((await place.post("/api/characters", {"name": name}, token=token)).json["id"])
    services = place.node.services
    caller = await services.sessions.authenticate(token)
    character = await services.presence.choose(caller, character_id)
    place.node.hub.open(PlayId("a play session"), character_id, caller.account_id, caller.session_id)
    await services.presence.enter(caller, character, play_id=PlayId("a play session"))
    return token, character_id


async def test_a_command_is_carried_out(place: Site) -> None:
    token, _ = await enter(place)
    answer = await place.post("/api/command", {"command": "look"}, token=token)
    assert answer.status == 200
    response = answer.json
    assert (response["command"], response["success"], response["code"]) == ("look", True, None)
    assert response["room_state"]["players"][0]["name"] == "Alric"
    assert response["result"].startswith(response["room_state"]["name"])
    answer = await place.post("/api/command", {"command": "say", "args": ["hello  there"]}, token=token)
    assert answer.json["success"]


async def test_a_refusal_of_the_rules_is_an_answer(place: Site) -> None:
    token, _ = await enter(place)
    answer = await place.post("/api/command", {"command": "loook"}, token=token)
    assert answer.status == 200
    assert (answer.json["success"], answer.json["code"]) == (False, "unknown_command")
    assert "look" in answer.json["hint"]


async def test_the_same_id_has_the_effect_of_one(place: Site) -> None:
    token, _ = await enter(place)
    body = {"command": "say once", "message_id": "c-1"}
    answers = [(await place.post("/api/command", body, token=token)).json["repeated"] for _ in range(2)]
    assert answers == [False, True]


async def test_quitting(place: Site) -> None:
    token, character_id = await enter(place)
    answer = await place.post("/api/command", {"command": "quit"}, token=token)
    assert answer.json["data"] == {"quit": True}
    assert place.node.presences.get(character_id) is None
    assert place.node.hub.stream_of(character_id) is None
    answer = await place.post("/api/command", {"command": "look"}, token=token)
    assert (answer.status, answer.code) == (409, "not_in_world")


async def test_too_many_commands_are_refused_until_later(place: Site) -> None:
    token, _ = await enter(place)
    answers = await asyncio.gather(*(place.post("/api/command", {"command": "look"}, token=token) for _ in range(300)))
    refused = [answer for answer in answers if answer.status != 200]
    assert {(answer.status, answer.code) for answer in refused} == {(429, "rate_limited")}
    assert len(answers) - len(refused) >= 40  # the burst
    assert refused[0].json["error"]["retry_after"] > 0
    other, _ = await enter(place, "Berit")
    assert (await place.post("/api/command", {"command": "look"}, token=other)).status == 200


async def test_what_fits_no_command(place: Site) -> None:
    token, _ = await enter(place)
    for body in ({}, {"command": ""}, {"command": "x" * 9000}, {"command": "say", "args": ["x"] * 101}):
        assert (await place.post("/api/command", body, token=token)).status == 422
    answer = await place.post("/api/command", {"command": "say " + "x" * 2000}, token=token)
    assert (answer.status, answer.json["code"]) == (200, "invalid_input")


async def test_the_list_of_commands_is_what_one_may_use(place: Site) -> None:
    signed_in = await place.register()
    token = signed_in["access_token"]
    listed = (await place.get("/api/commands", token=token)).json["commands"]
    names = [one["name"] for one in listed]
    assert {"look", "say", "north", "help"} <= set(names)
    assert "mute" not in names
    (say,) = [one for one in listed if one["name"] == "say"]
    assert set(say) == {"name", "aliases", "usage", "summary", "help", "group"}
    await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), Role.MODERATOR)
    listed = (await place.get("/api/commands", token=token)).json["commands"]
    assert "mute" in [one["name"] for one in listed]

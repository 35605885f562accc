"""Parties and what was said over HTTP, by a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Answer, Site, site

from mythgate.domain.ids import CharacterId, PlayId


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made
        await made.node.services.parties.settle()


class Person:
    """Somebody in the world, with a stream that nobody reads."""

    def __init__(self, place: Site, name: str, token: str, character_id: CharacterId) -> None:
        self.place = place
        self.name = name
        self.token = token
        self.id = character_id

    async def post(self, path: str, body: Any = None) -> Answer:
        return await self.place.post(f"/api/party/{path}", body, token=self.token)

    async def get(self, path: str = "/api/party") -> Answer:
        return await self.place.get(path, token=self.token)

    async def do(self, line: str) -> None:
        assert (await self.place.node.services.commands.execute(self.id, line)).success


async def enter(place: Site, name: str) -> Person:
    token: str = (await place.register(name))["access_token"]
    character_id = CharacterId((await place.post("/api/characters", {"name": name}, token=token)).json["id"])
    services = place.node.services
    caller = await services.sessions.authenticate(token)
    character = await services.presence.choose(caller, character_id)
    place.node.hub.open(PlayId(f"play of {name}"), character_id, caller.account_id, caller.session_id)
    await services.presence.enter(caller, character, play_id=PlayId(f"play of {name}"))
    return Person(place, name, token, character_id)


def people(party: dict[str, Any]) -> list[str]:
    return [one["name"] for one in party["members"]]


async def test_a_party_from_founding_to_its_end(place: Site) -> None:
    ada, ben, cleo = [await enter(place, name) for name in ("Ada", "Ben", "Cleo")]
    assert (await ada.get()).json == {"party": None, "invitations": []}
    founded = await ada.post("create", {"party_name": "The Otters"})
    assert (founded.status, founded.json["name"], people(founded.json)) == (201, "The Otters", ["Ada"])
    number = founded.json["number"]
    for one in (ben, cleo):
        asked = await ada.post("invite", {"party_id": number, "invitee_id": one.id})
        assert (asked.status, asked.json["invitee_name"]) == (200, one.name)
    (waiting,) = (await ben.get()).json["invitations"]
    assert (waiting["party_number"], waiting["inviter_name"]) == (number, "Ada")
    assert (await cleo.post("decline")).status == 204
    joined = await ben.post("accept", {"party_id": number})
    assert (joined.status, people(joined.json)) == (200, ["Ada", "Ben"])
    assert (await ben.get()).json == {"party": joined.json, "invitations": []}
    assert (await ada.post("loot", {"loot_sharing": "roll"})).json["loot_sharing"] == "roll"
    assert (await ada.post("promote", {"character_id": ben.id})).json["leader_id"] == ben.id
    await ben.post("invite", {"invitee_id": cleo.id})
    assert people((await cleo.post("accept")).json) == ["Ada", "Ben", "Cleo"]
    assert people((await ben.post("kick", {"character_id": cleo.id})).json) == ["Ada", "Ben"]
    assert (await ada.post("leave", {"party_id": number})).status == 204
    assert (await ben.post("disband")).status == 204
    assert (await ben.get()).json["party"] is None
    record = (await cleo.get(f"/api/party/{number}")).json
    assert (record["is_active"], record["member_count"], record["party"]) == (False, 0, None)
    assert record["disbanded_at"] is not None


async def test_members_are_for_members(place: Site) -> None:
    ada, ben = await enter(place, "Ada"), await enter(place, "Ben")
    number = (await ada.post("create")).json["number"]
    mine, theirs = [(await one.get(f"/api/party/{number}")).json for one in (ada, ben)]
    assert (mine["name"], mine["member_count"], mine["max_members"], mine["is_active"]) == (
        "Adventuring Party",
        1,
        4,
        True,
    )
    assert people(mine["party"]) == ["Ada"]
    assert theirs == {**mine, "party": None}


async def test_refusals(place: Site) -> None:
    ada, ben = await enter(place, "Ada"), await enter(place, "Ben")
    absent = (await place.register("Absent"))["access_token"]
    for path in ("create", "accept", "decline", "leave", "disband"):
        assert (await place.post(f"/api/party/{path}")).status == 401
        refused = await place.post(f"/api/party/{path}", token=absent)
        assert (refused.status, refused.code) == (409, "not_in_world")
    for path, body, status, code in (
        ("invite", {"invitee_id": ben.id}, 409, "not_in_party"),
        ("accept", None, 404, "no_pending_invite"),
        ("decline", {}, 404, "no_pending_invite"),
        ("leave", None, 409, "not_in_party"),
        ("kick", {"character_id": ben.id}, 409, "not_in_party"),
        ("promote", {"character_id": ben.id}, 409, "not_in_party"),
        ("disband", None, 409, "not_in_party"),
        ("loot", {"loot_sharing": "roll"}, 409, "not_in_party"),
        ("loot", {"loot_sharing": "thief"}, 422, "validation_error"),
        ("create", {"party_name": " "}, 422, "invalid_input"),
    ):
        refused = await ada.post(path, body)
        assert (path, refused.status, refused.code) == (path, status, code)
    await ada.post("create")
    assert (await ada.post("create")).code == "already_in_party"
    assert (await ada.post("invite", {"invitee_id": "ghost"})).code == "unreachable"
    assert (await ada.post("invite", {"invitee_id": ben.id, "party_id": 77})).code == "not_in_party"
    assert (await ada.get("/api/party/77")).status == 404
    assert (await ada.get("/api/party/0")).status == 422
    await ada.post("invite", {"invitee_id": ben.id})
    await ben.post("accept")
    assert (await ben.post("disband")).code == "permission_denied"


async def test_what_was_said(place: Site) -> None:
    ada, ben, cleo = [await enter(place, name) for name in ("Ada", "Ben", "Cleo")]
    await ada.do("party invite Ben")
    await ben.do("party accept")
    await ada.do("p one")
    await ada.do("p two")
    await ada.do("say to all here")
    answer = await ben.get("/api/chat/party/history?limit=1")
    assert (answer.status, answer.json["channel"]) == (200, "party")
    assert [one["text"] for one in answer.json["messages"]] == ["Ada (party): two"]
    assert [one["message"] for one in (await cleo.get("/api/chat/room/history")).json["messages"]] == ["to all here"]
    refused = await cleo.get("/api/chat/party/history")
    assert (refused.status, refused.code) == (409, "not_in_party")
    assert (await cleo.get("/api/chat/faction/history")).code == "no_faction"
    assert (await cleo.get("/api/chat/attic/history")).status == 404
    assert (await cleo.get("/api/chat/room/history?limit=0")).status == 422
    assert (await place.get("/api/chat/room/history")).status == 401
    await place.node.services.presence.depart(cleo.id)
    assert (await cleo.get("/api/chat/room/history")).code == "not_in_world"

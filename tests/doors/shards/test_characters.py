"""Characters over REST and on the socket: one's own, and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.shards_door import WARRIOR, ShardsHouse, shards_house

BOUGHT = {"strength": 15, "dexterity": 13, "intelligence": 8, "constitution": 12, "wisdom": 6, "charisma": 6}


async def test_made_listed_chosen_deleted(house: ShardsHouse) -> None:
    ada = await house.enter("aldra")

    made = await ada.call("POST", "/api/characters", {"name": "Aldra Venn", **WARRIOR, "stats": BOUGHT})
    (listed,) = (await ada.call("GET", "/api/characters"))["characters"]

    assert made["success"] is True
    assert listed == made["character"]
    assert listed["stats"] == {name: value + 1 for name, value in BOUGHT.items()}  # people are good at all
    assert listed["resources"]["health"] == listed["resources"]["max_health"] == 125
    assert 50 <= listed["progression"]["souls"] <= 150
    assert listed["location_id"] > 0
    number = listed["id"]
    for spelt in (number, str(number)):
        chosen = await ada.call("POST", "/api/characters/select", {"character_id": spelt})
        assert chosen["character"]["id"] == number
    assert (await ada.call("DELETE", f"/api/characters/{number}")).status == 200  # also while it is played
    assert (await ada.call("GET", "/api/characters"))["characters"] == []
    assert (await ada.call("DELETE", f"/api/characters/{number}")).status == 404
    await ada.chat("Without a body")
    assert await ada.refused() == "FORBIDDEN"


async def test_names_may_be_long_and_characters_many(tmp_path: Path) -> None:
    async with shards_house(tmp_path, characters_per_account=5) as house:
        ada = await house.enter("aldra")
        for first in ("A", "E", "I", "O", "U"):
            name = f"{first}nna-Lise O'Brien of the Long and Winding Northern"
            made = await ada.call("POST", "/api/characters", {"name": name, **WARRIOR})
            assert (len(name), made["character"]["name"]) == (50, name)
        one_more = await ada.call("POST", "/api/characters", {"name": "Last", **WARRIOR})
        assert (one_more.status, one_more["success"]) == (409, False)


async def test_the_same_on_the_socket(house: ShardsHouse) -> None:
    ada = await house.enter("aldra")
    await ada.send("character_create", name="Aldra Venn", **WARRIOR, message_id="c-1")
    made = await ada.until("character_create")
    assert (made["success"], made["message_id"]) == (True, "c-1")
    await ada.send("character_list")
    assert (await ada.until("character_list"))["characters"] == [made["character"]]
    number = made["character"]["id"]
    await ada.send("character_select", character_id=number)
    assert (await ada.until("character_select"))["character"]["name"] == "Aldra Venn"
    await ada.send("character_delete", character_id=number)
    assert (await ada.until("character_delete"))["character_id"] == number


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": None}, 400),
        ({"name": "A"}, 400),
        ({"name": "x" * 60}, 400),
        ({"name": "Al3x"}, 400),
        ({"race": "Orc"}, 400),
        ({"class": None}, 400),
        ({"faction": ["Shadowborn"]}, 400),
        ({"stats": BOUGHT | {"strength": 16}}, 400),
        ({"stats": BOUGHT | {"strength": 19}}, 400),
        ({"stats": BOUGHT | {"luck": 1}}, 400),
        ({"stats": BOUGHT | {"strength": "15"}}, 400),
        ({"stats": [10] * 6}, 400),
        ({"name": "BORIN SLATE"}, 409),
    ],
)
async def test_what_cannot_be_made(house: ShardsHouse, fields: dict[str, Any], status: int) -> None:
    ada = await house.enter("aldra")
    await house.enter("borin", "Borin Slate")
    answer = await ada.call("POST", "/api/characters", {"name": "Aldra Venn", **WARRIOR, **fields})
    assert (answer.status, answer["success"]) == (status, False)
    assert (await ada.call("GET", "/api/characters"))["characters"] == []


async def test_what_is_not_ones_own_does_not_exist(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    for number in (bo.character_id, 99_999, 2**62):
        assert (await ada.call("POST", "/api/characters/select", {"character_id": number})).status == 404
        assert (await ada.call("DELETE", f"/api/characters/{number}")).status == 404
        await ada.send("character_select", character_id=number)
        assert await ada.refused() == "NOT_FOUND"
    for body in ({}, {"character_id": 0}, {"character_id": "x"}, {"character_id": 1.5}, {"character_id": True}):
        assert (await ada.call("POST", "/api/characters/select", body)).status == 400
    for kind in ("character_select", "character_delete", "character_create"):
        await ada.send(kind)
        assert await ada.refused() == "INVALID_MESSAGE"
    assert (await ada.call("DELETE", "/api/characters/x")).status == 400
    await bo.quiet("disconnect")


async def test_a_browser_takes_the_body_over(house: ShardsHouse) -> None:
    """One body, one player: whoever comes last has it."""
    ada = await house.enter("aldra", "Aldra Venn")
    session = await house.door.sessions.prove(ada.token)
    assert session.stream is not None
    account = session.caller.account_id
    house.node.hub.open(session.play_id, session.stream.character_id, account, session.caller.session_id)
    assert await ada.closed() == 1000
    assert ada.heard[-1]["reason"] == "taken_over"


async def test_a_character_that_goes_while_it_is_waited_for(
    house: ShardsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    (session,) = house.door.sessions.all()
    assert session.character is not None
    body = session.character

    async def deleted_meanwhile(_: object) -> None:
        session.character = None

    async def ended_meanwhile(_: object) -> None:
        for connection in session.connections:
            connection.session = None

    for path in ("party/create", "party/leave", "party/invite", "world/shards/1/capture"):
        session.character = body
        with monkeypatch.context() as racing:
            racing.setattr(house.door, "enter", deleted_meanwhile)
            assert (await ada.call("POST", f"/api/{path}", {})).status == 401
    with monkeypatch.context() as racing:
        racing.setattr(house.door.presences, "get", lambda _: None)
        session.character = body
        racing.setattr(house.door, "enter", deleted_meanwhile)
        await ada.send("party_create")
        assert await ada.refused() == "FORBIDDEN"
    with monkeypatch.context() as racing:
        present, found = house.door.presences.get(body.id), iter((None,))
        racing.setattr(house.door.presences, "get", lambda _: next(found, present))
        session.character = body
        racing.setattr(house.door, "enter", ended_meanwhile)
        await ada.send("move", character_id=ada.character_id, to_location_id=0)
        assert await ada.refused() == "AUTH_REQUIRED"

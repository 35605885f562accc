"""Fights over HTTP, by a whole node."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Answer, Site, site

from mythgate.domain.combat import record_from, replay
from mythgate.domain.ids import CharacterId, PlayId, RoomId
from mythgate.domain.sheets import CharacterClass, Race, Sheet, Stats, most


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


class Person:
    """Somebody strong in the world, with a stream that nobody reads."""

    def __init__(self, place: Site, token: str, character_id: CharacterId) -> None:
        self.place = place
        self.token = token
        self.id = character_id

    async def call(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.place.call(method, path, body, token=self.token)


def lair(place: Site) -> RoomId:
    """Some room with something weak in it."""
    rooms = place.node.services.world.world.rooms.values()
    return next(room.id for room in rooms if "hollow_soldier" in room.creatures)


async def enter(place: Site, name: str) -> Person:
    token: str = (await place.register(name))["access_token"]
    character_id = CharacterId((await place.post("/api/characters", {"name": name}, token=token)).json["id"])
    services, room_id = place.node.services, lair(place)
    await services.store.write(
        lambda tx: tx.characters.relocate(tx.characters.require(character_id), room_id, services.clock.now())
    )
    caller = await services.sessions.authenticate(token)
    character = await services.presence.choose(caller, character_id)
    place.node.hub.open(PlayId(f"play of {name}"), character_id, caller.account_id, caller.session_id)
    await services.presence.enter(caller, character, play_id=PlayId(f"play of {name}"))
    stats = Stats(30, 30, 30, 30, 30, 30)
    sheet = Sheet(Race.HUMAN, CharacterClass.WARRIOR, stats, most(CharacterClass.WARRIOR, stats, 1))
    await services.sheets.change(character_id, lambda _: sheet)
    return Person(place, token, character_id)


async def test_a_fight_from_the_beginning_to_its_proof(place: Site) -> None:
    ada, bob = await enter(place, "Ada"), await enter(place, "Bob")
    assert (await ada.call("GET", "/api/combat")).status == 404
    begun = await ada.call("POST", "/api/combat", {"enemy": "hollow_soldier"})
    assert begun.status == 201
    fight = begun.json["combat"]
    joined = await bob.call("POST", "/api/combat/join", {"player_id": ada.id})
    assert joined.status == 200
    assert [one["name"] for one in joined.json["fighters"]] == ["Ada", "Hollow Soldier (Lv1)", "Bob"]
    assert (await bob.call("POST", "/api/combat/act", {"deed": "block"})).json["error"]["code"] == "not_your_turn"
    away = await ada.call("POST", "/api/combat/act", {"deed": "block", "combat_id": "another"})
    assert away.json["error"]["code"] == "no_combat"
    assert (await ada.call("POST", "/api/combat/act", {"deed": "dance"})).status == 422
    assert (await ada.call("GET", f"/api/combats/{fight['id']}")).status == 404  # it goes on
    for _ in range(200):
        view = (await ada.call("GET", "/api/combat")).json
        if "error" in view:
            break
        one = ada if view["active_character_id"] == ada.id else bob
        for deed in ("heavy_attack", "light_attack", "wait"):
            done = await one.call("POST", "/api/combat/act", {"deed": deed, "target": 2, "combat_id": fight["id"]})
            if done.status == 200:
                break
    await place.node.services.encounters.settle()
    record = (await bob.call("GET", f"/api/combats/{fight['id']}")).json
    promised = hashlib.sha256(f"{record['id']}:{record['seed']}".encode()).hexdigest()
    assert promised == record["commitment"] == fight["commitment"]
    assert [one["name"] for one in record["combatants"]] == ["Ada", "Hollow Soldier (Lv1)"]
    assert record["entries"][0]["kind"] == "join"
    assert {one["kind"] for one in record["entries"][1:]} == {"act"}
    assert record["log"][-1] == "The fight is over."
    assert [one["text"] for one in record["lines"]] == record["log"]
    assert [(one["name"], one["side"]) for one in record["fighters"]] == [
        ("Ada", 0),
        ("Hollow Soldier (Lv1)", 1),
        ("Bob", 0),
    ]
    assert record["fighters"][1]["condition"] == "fallen"
    rounds = [one["round"] for one in record["lines"]]
    assert rounds == sorted(rounds)
    assert (rounds[0], rounds[-1]) == (1, record["rounds"])
    assert [one["what"] for one in record["beforehand"]] == ["initiative of Ada", "initiative of Hollow Soldier (Lv1)"]
    for line in record["lines"]:
        hits = [one for one in line["rolls"] if one["what"] == "hit"]
        if line["result"] in ("hit", "critical", "miss"):
            assert [one["value"] <= one["needed"] for one in hits] == [line["result"] != "miss"]
    assert (await place.node.services.sheets.of(ada.id)).experience == 50
    again = replay(record_from(record))  # by anybody who has the record
    assert [one.text for one in again.told] == record["log"]
    assert again.commitment == fight["commitment"]


async def test_a_duel_and_leaving_it(place: Site) -> None:
    ada, bob = await enter(place, "Ada"), await enter(place, "Bob")
    assert (await ada.call("POST", "/api/combat", {"player_id": bob.id})).json == {"combat": None}
    begun = await bob.call("POST", "/api/combat", {"player_id": ada.id})
    assert begun.json["combat"]["is_duel"]
    await place.node.services.presence.depart(ada.id)
    await place.node.services.encounters.settle()
    record = (await bob.call("GET", f"/api/combats/{begun.json['combat']['id']}")).json
    assert record["entries"][-1] == {"kind": "leave", "fighter": 1, "details": {}}

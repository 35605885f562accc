"""Characters over HTTP, by a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.http import Site, site


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def test_from_none_to_deleted_and_back(place: Site) -> None:
    token: str = (await place.register())["access_token"]
    assert (await place.get("/api/characters", token=token)).json == {"characters": [], "deleted": [], "limit": 3}

    answer = await place.post("/api/characters", {"name": "Thrall", "description": "Tall."}, token=token)
    assert answer.status == 201
    view = answer.json
    assert set(view) == {
        "id", "player_id", "number", "name", "description", "level", "faction", "room_id", "room_name", "created_at",
        "last_active", "selected", "profession_id", "profession_name", "race", "character_class",
    }  # fmt: skip
    assert (view["name"], view["selected"], view["player_id"]) == ("Thrall", True, view["id"])
    assert view["created_at"].endswith("Z")

    second = (await place.post("/api/characters", {"name": "Ulla"}, token=token)).json
    answer = await place.post("/api/characters/select", {"character_id": second["id"]}, token=token)
    assert (answer.status, answer.json["selected"]) == (200, True)

    assert (await place.call("DELETE", f"/api/characters/{second['id']}", token=token)).status == 204
    roster = (await place.get("/api/characters", token=token)).json
    assert [one["name"] for one in roster["characters"]] == ["Thrall"]
    (deleted,) = roster["deleted"]
    assert deleted["name"] == "Ulla"
    assert deleted["deleted_at"] < deleted["restorable_until"]

    answer = await place.post(f"/api/characters/{second['id']}/restore", token=token)
    assert (answer.status, answer.json["name"]) == (200, "Ulla")


async def test_refusals(place: Site) -> None:
    token: str = (await place.register("Alric"))["access_token"]
    other: str = (await place.register("Brenna"))["access_token"]
    mine = (await place.post("/api/characters", {"name": "Thrall"}, token=token)).json["id"]
    for status, code, answer in (
        (409, "name_taken", await place.post("/api/characters", {"name": "THRALL"}, token=other)),
        (422, "name_not_allowed", await place.post("/api/characters", {"name": "north"}, token=other)),
        (422, "validation_error", await place.post("/api/characters", {}, token=other)),
        (403, "permission_denied", await place.post("/api/characters/select", {"character_id": mine}, token=other)),
        (403, "permission_denied", await place.call("DELETE", f"/api/characters/{mine}", token=other)),
        (404, "not_found", await place.call("DELETE", "/api/characters/nothing", token=other)),
        (404, "not_found", await place.post("/api/characters/nothing/restore", token=other)),
        (422, "validation_error", await place.call("DELETE", "/api/characters/" + "x" * 65, token=other)),
    ):
        assert (answer.status, answer.code) == (status, code)
    for name in ("Ulla", "Vera"):
        await place.post("/api/characters", {"name": name}, token=token)
    answer = await place.post("/api/characters", {"name": "Wanda"}, token=token)
    assert (answer.status, answer.code) == (409, "too_many_characters")


async def test_nobody_without_a_token(place: Site) -> None:
    for method, path in (
        ("GET", "/api/characters"),
        ("POST", "/api/characters"),
        ("POST", "/api/characters/select"),
        ("DELETE", "/api/characters/x"),
        ("POST", "/api/characters/x/restore"),
        ("POST", "/api/command"),
        ("GET", "/api/commands"),
    ):
        assert (await place.call(method, path, {"name": "x", "character_id": "x", "command": "x"})).status == 401


STATS = {"strength": 14, "dexterity": 10, "constitution": 12, "intelligence": 8, "wisdom": 8, "charisma": 8}


async def test_beginning_as_somebody(place: Site) -> None:
    token: str = (await place.register())["access_token"]
    chosen = {
        "name": "Thrall",
        "race": "Dwarf",
        "character_class": "Warrior",
        "faction": "Iron Brotherhood",
        "stats": STATS,
    }
    answer = await place.post("/api/characters", chosen, token=token)
    assert answer.status == 201
    view = answer.json
    assert (view["race"], view["character_class"], view["faction"]) == ("Dwarf", "Warrior", "Iron Brotherhood")

    sheet = (await place.get(f"/api/characters/{view['id']}/sheet", token=token)).json
    assert sheet["stats"] == STATS | {"strength": 15, "constitution": 14, "wisdom": 9}
    assert (sheet["health"], sheet["max_health"], sheet["max_mana"]) == (130, 130, 42)
    assert (sheet["level"], sheet["experience"], sheet["next_level_at"], sheet["attack"]) == (1, 0, 100, 0)
    assert 50 <= sheet["souls"] <= 150

    plain = (await place.post("/api/characters", {"name": "Ulla"}, token=token)).json
    assert (await place.get(f"/api/characters/{plain['id']}/sheet", token=token)).json["souls"] == 0
    rolled = (await place.post("/api/characters", {"name": "Vera", "dice": "heroic"}, token=token)).json
    sheet = (await place.get(f"/api/characters/{rolled['id']}/sheet", token=token)).json
    assert (sheet["race"], sheet["character_class"]) == ("Human", "Ranger")
    assert all(7 <= value <= 19 for value in sheet["stats"].values())


async def test_choosing_later(place: Site) -> None:
    token: str = (await place.register())["access_token"]
    mine = (await place.post("/api/characters", {"name": "Thrall"}, token=token)).json["id"]
    chosen = {"race": "Elf", "character_class": "Sorcerer"}
    answer = await place.post(f"/api/characters/{mine}/beginning", chosen, token=token)
    assert (answer.status, answer.json["race"], answer.json["character_class"]) == (200, "Elf", "Sorcerer")
    answer = await place.post(f"/api/characters/{mine}/beginning", chosen, token=token)
    assert (answer.status, answer.json["error"]["code"]) == (409, "conflict")


async def test_what_may_not_be_chosen(place: Site) -> None:
    token: str = (await place.register("Alric"))["access_token"]
    other: str = (await place.register("Brenna"))["access_token"]
    for field, chosen in (
        ("stats", {"stats": STATS | {"wisdom": 9}}),
        ("wisdom", {"stats": STATS | {"wisdom": 1}}),
    ):
        answer = await place.post("/api/characters", {"name": "Thrall", **chosen}, token=token)
        assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_input")
        assert answer.json["error"]["field"] == field
    for unheard in ({"race": "Orc"}, {"character_class": "Bard"}, {"faction": "Nobody"}, {"dice": "1d100"}):
        answer = await place.post("/api/characters", {"name": "Thrall", **unheard}, token=token)
        assert (answer.status, answer.json["error"]["code"]) == (422, "validation_error")
    mine = (await place.post("/api/characters", {"name": "Thrall"}, token=token)).json["id"]
    assert (await place.get(f"/api/characters/{mine}/sheet", token=other)).status == 403
    assert (await place.get("/api/characters/nothing/sheet", token=other)).status == 404

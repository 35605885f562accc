"""Seasons, previews and recomputed ladders over HTTP, and what staff does about tournaments, by a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.games import a_result
from tests.support.http import Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR
from mythgate.services.ports import Transaction


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def somebody(place: Site, name: str, role: Role = Role.PLAYER) -> tuple[str, int]:
    """Their token and number."""
    signed_in = await place.register(name)
    account_id = AccountId(signed_in["user_id"])
    if role is not Role.PLAYER:
        await place.node.services.accounts.set_role(OPERATOR, account_id, role)
    account = await place.node.store.read(lambda tx: tx.accounts.require(account_id))
    return signed_in["access_token"], account.number


async def record(place: Site, winner: int, loser: int) -> None:
    def work(tx: Transaction) -> None:
        result = tx.results.add(a_result([winner], [loser], match_id=f"{winner} {loser}"))
        assert result is not None
        place.node.services.ratings.apply_within(tx, result)

    await place.node.store.write(work)


async def points(place: Site) -> dict[str, int]:
    rows: list[dict[str, Any]] = (await place.get("/api/metaserver/ladder")).json["rows"]
    return {row["name"]: row["points"] for row in rows}


async def test_an_admin_tries_another_formula_and_applies_it(place: Site) -> None:
    admin, first = await somebody(place, "Anna", Role.ADMIN)
    _, second = await somebody(place, "Bob")
    assert (await place.get("/api/metaserver/ladder/seasons")).json == {
        "seasons": [],
        "formulas": ["elo", "openskill", "seniority"],
    }
    await record(place, first, second)
    before = await points(place)
    assert before == {"Anna": 1016, "Bob": 984}

    preview = (await place.get("/api/metaserver/ladder/preview?formula=openskill", token=admin)).json
    assert [(one["name"], one["before"]["points"], one["after"]["place"]) for one in preview["moved"]] == [
        ("Anna", 1016, 1),
        ("Bob", 984, 2),
    ]
    assert await points(place) == before
    applied = await place.post("/api/metaserver/ladder/recompute", {"formula": "openskill"}, token=admin)
    assert (applied.status, applied.json) == (200, {"standings": 4})
    assert await points(place) == {one["name"]: one["after"]["points"] for one in preview["moved"]}
    assert await points(place) != before

    opened = await place.post("/api/metaserver/ladder/seasons", {"name": " Winter "}, token=admin)
    assert (opened.status, opened.json["name"], opened.json["formula"]) == (201, "Winter", "elo")
    assert await points(place) == {}
    seasons = (await place.get("/api/metaserver/ladder/seasons")).json["seasons"]
    assert [(one["number"], one["formula"], one["ends_at"] is None) for one in seasons] == [
        (1, "openskill", False),
        (2, "elo", True),
    ]
    again = await place.post("/api/metaserver/ladder/recompute", {"season": 1, "formula": "elo"}, token=admin)
    assert again.json == {"standings": 4}
    gone = (await place.get("/api/metaserver/ladder/preview?formula=elo&season=2", token=admin)).json
    assert gone["moved"] == []


@pytest.mark.parametrize("role", [None, Role.PLAYER, Role.MODERATOR])
async def test_who_may_not(place: Site, role: Role | None) -> None:
    token = None if role is None else (await somebody(place, "Anna", role))[0]
    for answer in (
        await place.get("/api/metaserver/ladder/preview?formula=elo", token=token),
        await place.post("/api/metaserver/ladder/recompute", {}, token=token),
        await place.post("/api/metaserver/ladder/seasons", {"name": "Winter"}, token=token),
        await place.post("/api/tournaments/1/start", token=token),
        await place.post("/api/tournaments/1/award", {"place": 1, "winner": 1}, token=token),
    ):
        assert answer.status == (401 if role is None else 403)


async def test_what_there_is_not(place: Site) -> None:
    admin, _ = await somebody(place, "Anna", Role.ADMIN)
    for path in ("formula=luck", "formula=elo&category=luck", "formula="):
        assert (await place.get(f"/api/metaserver/ladder/preview?{path}", token=admin)).status == 422
    assert (await place.get("/api/metaserver/ladder/preview?formula=elo&season=9", token=admin)).status == 404
    for body in ({"formula": "luck"}, {"formula": ""}):
        assert (await place.post("/api/metaserver/ladder/recompute", body, token=admin)).status == 422
    assert (await place.post("/api/metaserver/ladder/recompute", {"season": 9}, token=admin)).status == 404
    for name in ("", " ", "x" * 64):
        assert (await place.post("/api/metaserver/ladder/seasons", {"name": name}, token=admin)).status == 422


async def test_a_tournament_called_cancelled_and_its_prize_given(place: Site) -> None:
    admin, _ = await somebody(place, "Chief", Role.ADMIN)
    anna, number = await somebody(place, "Anna")
    cup = {"name": "Cup", "slot": 1, "room_id": 4, "starts_at": "2100-01-01T12:00:00Z", "prize_pool": 100}
    path = f"/api/tournaments/{(await place.post('/api/tournaments', cup, token=admin)).json['number']}"
    await place.post(f"{path}/entry", token=anna)
    called = await place.post(f"{path}/start", token=admin)
    assert (called.status, called.json["state"], called.json["starts_at"] < "2100") == (200, "signup", True)
    prize = {"place": 1, "winner": number}
    assert (await place.post(f"{path}/award", prize, token=admin)).code == "conflict"
    await place.post(f"{path}/cancel", token=admin)
    assert (await place.post(f"{path}/start", token=admin)).code == "conflict"
    given = await place.post(f"{path}/award", prize, token=admin)
    assert given.json["prizes"] == [{"place": 1, "name": "Anna", "amount": 100}]
    assert (await place.post(f"{path}/award", prize, token=admin)).code == "conflict"

"""Clans, tournaments and results over HTTP, by a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.games import a_result
from tests.support.http import Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import Tournament, TournamentState, draw

OTTERS = {"name": "Otters", "motto": "Swim!", "maintenance_password": "mend it", "member_password": "swim"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def somebody(place: Site, name: str) -> tuple[str, int]:
    """Their token and number."""
    signed_in = await place.register(name)
    account_id = AccountId(signed_in["user_id"])
    account = await place.node.store.read(lambda tx: tx.accounts.require(account_id))
    return signed_in["access_token"], account.number


def people(clan: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["name"], one["rank"]) for one in clan["members"]]


async def test_a_clan_from_founding_to_leaving(place: Site) -> None:
    (anna, _), (bob, bobs_number) = await somebody(place, "Anna"), await somebody(place, "Bob")
    assert (await place.get("/api/clan", token=anna)).code == "not_found"
    founded = await place.post("/api/clans", OTTERS, token=anna)
    assert (founded.status, people(founded.json)) == (201, [("Anna", "leader")])
    assert "password" not in founded.body.decode()
    number = founded.json["number"]
    wrong = await place.post(f"/api/clans/{number}/join", {"member_password": "guess"}, token=bob)
    assert (wrong.status, wrong.code) == (401, "bad_credentials")
    joined = await place.post(f"/api/clans/{number}/join", {"member_password": "swim"}, token=bob)
    assert people(joined.json) == [("Anna", "leader"), ("Bob", "member")]
    again = await place.post(f"/api/clans/{number}/join", {"member_password": "swim"}, token=bob)
    assert (again.status, again.code) == (409, "conflict")
    ranked = await place.post("/api/clan/ranks", {"member": bobs_number, "rank": "leader"}, token=anna)
    assert people(ranked.json) == [("Anna", "officer"), ("Bob", "leader")]
    changed = await place.post(f"/api/clans/{number}", {"motd": "Hello"}, token=bob)
    assert (changed.json["motd"], changed.json["motto"]) == ("Hello", "")
    denied = await place.post(f"/api/clans/{number}", {"motd": "Hi"}, token=anna)
    assert (denied.status, denied.code) == (403, "permission_denied")
    sent_away = {"member": bobs_number, "maintenance_password": "mend it"}
    assert (await place.post(f"/api/clans/{number}/dismiss", sent_away, token=anna)).status == 204
    assert people((await place.get("/api/clan", token=anna)).json) == [("Anna", "leader")]
    assert (await place.post("/api/clan/leave", token=anna)).status == 204
    assert (await place.get(f"/api/metaserver/clans/{number}")).status == 404


async def test_the_leader_dissolves_the_clan(place: Site) -> None:
    (anna, _), (bob, _) = await somebody(place, "Anna"), await somebody(place, "Bob")
    number = (await place.post("/api/clans", OTTERS, token=anna)).json["number"]
    path = f"/api/clans/{number}"
    assert (await place.call("DELETE", path)).status == 401
    assert (await place.call("DELETE", path, token=bob)).code == "permission_denied"
    assert (await place.call("DELETE", path, token=anna)).status == 204
    assert (await place.get("/api/clan", token=anna)).status == 404
    assert (await place.call("DELETE", path, token=anna)).status == 404


async def test_who_is_nobody_has_no_clan(place: Site) -> None:
    assert (await place.post("/api/clans", OTTERS)).status == 401
    guest = (await place.post("/api/auth/guest", {"name": "Visitor"})).json["access_token"]
    assert (await place.post("/api/clans", OTTERS, token=guest)).code == "permission_denied"


async def test_a_tournament(place: Site) -> None:
    anna, numbers = await somebody(place, "Anna")
    chief = await place.register("Chief")
    await place.node.services.accounts.set_role(OPERATOR, AccountId(chief["user_id"]), Role.ADMIN)
    staff = chief["access_token"]
    cup = {"name": "Cup", "slot": 1, "room_id": 4, "starts_at": "2100-01-01T12:00:00", "prize_pool": 100}
    assert (await place.post("/api/tournaments", cup, token=anna)).code == "permission_denied"
    announced = await place.post("/api/tournaments", cup, token=staff)
    assert (announced.status, announced.json["state"]) == (201, "signup")
    assert datetime.fromisoformat(announced.json["starts_at"]) == datetime(2100, 1, 1, 12, tzinfo=UTC)
    number = announced.json["number"]
    signed_up = await place.post(f"/api/tournaments/{number}/entry", token=anna)
    assert signed_up.json["entrants"] == [{"number": numbers, "name": "Anna", "seed": 0}]
    assert (await place.post(f"/api/tournaments/{number}/entry", token=anna)).status == 409
    assert (await place.call("DELETE", f"/api/tournaments/{number}/entry", token=anna)).status == 204
    decision = {"round": 1, "slot": 0, "winner": numbers}
    assert (await place.post(f"/api/tournaments/{number}/decide", decision, token=staff)).status == 404
    assert len((await place.get("/api/metaserver/tournaments")).json["tournaments"]) == 1
    cancelled = await place.post(f"/api/tournaments/{number}/cancel", token=staff)
    assert cancelled.json["state"] == "cancelled"
    over = (await place.get("/api/metaserver/tournaments?over=true")).json["tournaments"]
    assert [one["number"] for one in over] == [number]
    assert (await place.get(f"/api/metaserver/tournaments/{number}")).json == over[0]


async def test_a_pairing_and_a_prize_as_clients_see_them(place: Site) -> None:
    tokens = [await somebody(place, name) for name in ("Anna", "Bob")]
    services, now = place.node.services, datetime.now(UTC)
    cup = await services.tournaments.announce(OPERATOR, Tournament("Cup", 1, 4, now + timedelta(days=1), now, 2, 8, 10))
    for token, _ in tokens:
        await place.post(f"/api/tournaments/{cup.number}/entry", token=token)
    numbers = [number for _, number in tokens]
    cup = await place.node.store.read(lambda tx: tx.tournaments.require(cup.number))
    cup.state, cup.bracket = TournamentState.RUNNING, draw(numbers)
    await place.node.store.write(lambda tx: tx.tournaments.save(cup))
    await services.tournaments.decide(OPERATOR, cup.number, 1, 0, numbers[1])
    card = (await place.get(f"/api/metaserver/tournaments/{cup.number}")).json
    assert card["bracket"] == [
        {"round": 1, "slot": 0, "first": numbers[0], "second": numbers[1], "winner": numbers[1], "result": 0}
    ]
    assert card["prizes"] == [{"place": 1, "name": "Bob", "amount": 10}]


async def test_results(place: Site) -> None:
    _, number = await somebody(place, "Anna")
    account = await place.node.store.read(lambda tx: tx.accounts.by_number(number))
    assert account is not None
    result = a_result([1], [2])
    await place.node.store.write(lambda tx: tx.results.add(result))
    found = (await place.get("/api/metaserver/results")).json["results"]
    assert [(line["name"], line["outcome"], line["damage_given"]) for line in found[0]["players"]] == [
        ("Player 1", "win", 20),
        ("Player 2", "loss", 20),
    ]
    assert (await place.get("/api/metaserver/results/1")).json == found[0]
    assert (await place.get("/api/metaserver/results/2")).status == 404
    assert (await place.get("/api/metaserver/results?player=Anna")).json == {"results": []}
    assert (await place.get("/api/metaserver/results?player=Nobody")).status == 404

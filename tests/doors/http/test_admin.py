"""Accounts over HTTP, for staff: each right, each act, and nothing of it in the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.games import a_result
from tests.support.http import PASSWORD, Answer, Site, site
from tests.support.pipe import Pipe

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, PlayId, SessionId
from mythgate.domain.lobbies import Looks, Visitor, lobby_listener
from mythgate.domain.sessions import OPERATOR
from mythgate.services.ports import Transaction

NEW = "another good one"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


@dataclass
class Person:
    """Somebody with a role, and their token."""

    site: Site
    id: str
    name: str
    token: str

    async def get(self, path: str) -> Answer:
        return await self.site.get(f"/api/admin/users{path}", token=self.token)

    async def post(self, path: str, body: Any) -> Answer:
        return await self.site.post(f"/api/admin/users{path}", body, token=self.token)

    async def delete(self, path: str) -> Answer:
        return await self.site.call("DELETE", f"/api/admin/users{path}", token=self.token)


async def somebody(place: Site, name: str, role: Role = Role.PLAYER) -> Person:
    signed_in = await place.register(name)
    if role is not Role.PLAYER:
        await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    return Person(place, signed_in["user_id"], name, signed_in["access_token"])


async def staff(place: Site) -> dict[Role, Person]:
    return {role: await somebody(place, f"Bre {role.value[::-1]}", role) for role in Role}


# --- rights ----------------------------------------------------------------------------------------

# Which of them each role may do at all is in test_rights.
CALLS: dict[str, tuple[str, str, Any]] = {
    "list": ("GET", "", None),
    "show": ("GET", "/{target}", None),
    "create": ("POST", "", {"username": "Newcomer"}),
    "lock": ("POST", "/{target}/lock", {"days": 1, "reason": "spam"}),
    "unlock": ("POST", "/{target}/unlock", {}),
    "password": ("POST", "/{target}/password", {"password": NEW}),
    "game password": ("POST", "/{target}/game-password", {"password": "games only"}),
    "no game password": ("DELETE", "/{target}/game-password", None),
    "role": ("POST", "/{target}/role", {"role": "player"}),
    "hide": ("POST", "/{target}/hidden", {"hidden": False}),
}


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"list", "show", "create"}))
async def test_nobody_acts_on_an_equal_or_higher_role(place: Site, name: str) -> None:
    method, path, body = CALLS[name]
    people = await staff(place)
    for actor_role, target_role in (
        (Role.MODERATOR, Role.MODERATOR),
        (Role.MODERATOR, Role.ADMIN),
        (Role.ADMIN, Role.ADMIN),
        (Role.ADMIN, Role.OWNER),
    ):
        other = await somebody(place, f"Other {actor_role.rank}{target_role.rank}", target_role)
        answer = await place.call(
            method, f"/api/admin/users{path.format(target=other.id)}", body, token=people[actor_role].token
        )
        assert (answer.status, answer.code) == (403, "permission_denied"), (actor_role, target_role)


async def test_nobody_raises_above_their_own_role(place: Site) -> None:
    people = await staff(place)
    player = await somebody(place, "Alric")
    admin, owner = people[Role.ADMIN], people[Role.OWNER]
    for role in ("admin", "owner"):
        assert (await admin.post(f"/{player.id}/role", {"role": role})).status == 403
        assert (await admin.post("", {"username": "Friend", "role": role})).status == 403
    assert (await admin.post(f"/{admin.id}/role", {"role": "owner"})).status == 403
    raised = await admin.post(f"/{player.id}/role", {"role": "moderator", "reason": "trusted"})
    assert (raised.status, raised.json["role"]) == (200, "moderator")
    assert (await owner.post(f"/{player.id}/role", {"role": "admin"})).json["role"] == "admin"
    last = await owner.post(f"/{owner.id}/role", {"role": "player"})
    assert (last.status, last.json["error"]["message"]) == (403, "This is the last owner.")
    assert (await admin.post(f"/{player.id}/role", {"role": "king"})).status == 422


# --- looking ---------------------------------------------------------------------------------------


async def test_the_list_is_searched_and_paged(place: Site) -> None:
    keeper = await somebody(place, "Keeper", Role.MODERATOR)
    for name in ("Anna", "Hanna", "Johanna"):
        await somebody(place, name)
    first = (await keeper.get("?search=anna&limit=2")).json
    assert [one["name"] for one in first["users"]] == ["Anna", "Hanna"]
    rest = (await keeper.get(f"?search=anna&limit=2&after={first['next']}")).json
    assert ([one["name"] for one in rest["users"]], rest["next"]) == (["Johanna"], None)
    assert [one["name"] for one in (await keeper.get("?role=moderator")).json["users"]] == ["Keeper"]
    assert (await keeper.get("?status=disabled")).json["users"] == []
    for wrong in ("?limit=0", "?limit=101", "?role=king", "?status=asleep", f"?search={'x' * 101}"):
        assert (await keeper.get(wrong)).status == 422


async def test_everything_about_one_person(place: Site) -> None:
    services = place.node.services
    keeper, boss = await somebody(place, "Keeper", Role.MODERATOR), await somebody(place, "Boss", Role.ADMIN)
    player = await somebody(place, "Alric")
    otters = {"name": "Otters", "maintenance_password": "mend it", "member_password": "swim"}
    assert (await place.post("/api/clans", otters, token=player.token)).status == 201
    assert (await place.post("/api/characters", {"name": "Grim"}, token=player.token)).status == 201
    account = await services.store.read(lambda tx: tx.accounts.require(AccountId(player.id)))
    game = a_result([account.number], [77], map_name="Trow")
    lines = (replace(game.lines[0], account_id=account.id), *game.lines[1:])

    def record(tx: Transaction) -> None:
        recorded = tx.results.add(replace(game, lines=lines))
        assert recorded is not None
        services.ratings.apply_within(tx, recorded)

    await services.store.write(record)
    await services.moderation.mute(OPERATOR, account.id, 10, "noise")
    card = (await boss.get(f"/{player.id}")).json
    assert (card["name"], card["role"], card["status"], card["guest"]) == ("Alric", "player", "active", False)
    assert (card["clan"]["name"], card["clan"]["rank"]) == ("Otters", "leader")
    assert [one["name"] for one in card["characters"]] == ["Grim"]
    assert card["logins"] == {"http": 1}
    assert [(one["door"], one["address"]) for one in card["sessions"]] == [("http", "127.0.0.1")]
    assert card["played"] == {"ranked": 1}
    assert (card["standings"]["ranked"]["games"], card["standings"]["ranked"]["wins"]) == (1, 1)
    assert [(one["map_name"], one["outcome"], one["place"]) for one in card["results"]] == [("Trow", "win", 1)]
    assert card["mute"]["reason"] == "noise"
    assert [(act["by"], act["action"]) for act in card["record"]] == [
        ("the command line", "account.muted"),
        ("Alric", "account.registered"),
    ]
    assert card["may"] == ["lock", "reset_password", "set_role"]
    assert card["grantable"] == ["read_only", "tournament", "moderator"]
    seen = (await keeper.get(f"/{player.id}")).json
    assert (seen["record"], seen["email"], seen["sessions"][0]["address"], seen["may"]) == (None, None, None, ["lock"])
    missing = await boss.get("/nobody")
    assert (missing.status, missing.code) == (404, "not_found")


# --- acts ------------------------------------------------------------------------------------------


async def test_an_account_for_somebody_else(place: Site) -> None:
    boss = await somebody(place, "Boss", Role.ADMIN)
    made = await boss.post("", {"username": "Helper", "role": "moderator", "email": "helper@example.org"})
    assert (made.status, made.json["role"]) == (201, "moderator")
    login = {"username": "Helper", "password": made.json["password"]}
    assert (await place.post("/api/auth/login", login)).status == 200
    given = await boss.post("", {"username": "Other", "password": PASSWORD})
    assert given.json["password"] is None
    assert PASSWORD not in given.body.decode()
    taken = await boss.post("", {"username": "he1per"})
    assert (taken.status, taken.code, taken.json["error"]["field"]) == (409, "name_taken", "username")
    for wrong in ({"username": "Third", "password": "short"}, {"username": "Admin"}, {"username": "D", "email": "x"}):
        assert (await boss.post("", wrong)).status == 422


async def test_locking_and_unlocking(place: Site) -> None:
    boss = await somebody(place, "Boss", Role.ADMIN)
    player = await somebody(place, "Alric")
    locked = (await boss.post(f"/{player.id}/lock", {"days": 2, "reason": "spam"})).json
    assert (locked["status"], locked["lock"]["by"], locked["lock"]["reason"]) == ("disabled", "Boss", "spam")
    assert locked["lock"]["until"] == locked["locked_until"]
    assert locked["sessions"] == []
    assert (await place.get("/api/auth/me", token=player.token)).status in (401, 403)
    login = {"username": "Alric", "password": PASSWORD}
    assert (await place.post("/api/auth/login", login)).code == "account_disabled"
    assert [one["name"] for one in (await boss.get("?status=disabled")).json["users"]] == ["Alric"]
    opened = (await boss.post(f"/{player.id}/unlock", {"reason": "a mistake"})).json
    assert (opened["status"], opened["lock"], opened["locked_until"]) == ("active", None, None)
    assert (await place.post("/api/auth/login", login)).status == 200
    forever = (await boss.post(f"/{player.id}/lock", {})).json
    assert forever["lock"]["until"] is None
    assert [act["action"] for act in forever["record"]][:3] == ["account.banned", "account.enabled", "account.banned"]
    for days in (0, -1, 1e9):
        assert (await boss.post(f"/{player.id}/lock", {"days": days})).status == 422
    own = await boss.post(f"/{boss.id}/lock", {})
    assert own.status == 403


async def test_a_lock_reaches_an_old_client(place: Site) -> None:
    boss = await somebody(place, "Boss", Role.ADMIN)
    player = await somebody(place, "Alric")
    hub, services = place.node.lobby_hub, place.node.services
    account = await services.store.read(lambda tx: tx.accounts.require(AccountId(player.id)))
    listener, pipe = lobby_listener(account.number), Pipe(hub)
    hub.attach(hub.open(PlayId("play"), listener, account.id, SessionId("elsewhere")), pipe)
    looks = Looks(account.name)
    services.lobbies.enter(
        Visitor(listener, account.number, account.name, looks, "metaserver", "Aleph One", account_id=account.id), 26
    )
    (listed,) = (await boss.get("?search=alric")).json["users"]
    assert listed["online"] == [
        {"door": "metaserver", "client": "Aleph One", "room_id": 26, "room_name": "Arrival"},
    ]
    locked = (await boss.post(f"/{player.id}/lock", {"reason": "spam"})).json
    assert (pipe.closed, locked["online"]) == (4501, [])


async def test_passwords(place: Site) -> None:
    boss = await somebody(place, "Boss", Role.ADMIN)
    player = await somebody(place, "Alric")
    made = await boss.post(f"/{player.id}/password", {"reason": "forgot it"})
    assert (await place.get("/api/auth/me", token=player.token)).status == 401  # signed out everywhere
    assert made.headers["Cache-Control"] == "no-store"
    login = {"username": "Alric", "password": made.json["password"]}
    assert (await place.post("/api/auth/login", login)).status == 200
    given = await boss.post(f"/{player.id}/password", {"password": NEW})
    assert given.json == {"password": None}
    game = await boss.post(f"/{player.id}/game-password", {})
    assert len(game.json["password"]) == 12
    assert (await boss.get(f"/{player.id}")).json["has_game_password"] is True
    own = await boss.post(f"/{player.id}/game-password", {"password": NEW[:15]})
    assert own.json == {"password": None}
    assert (await boss.delete(f"/{player.id}/game-password?reason=unused")).status == 204
    assert (await boss.get(f"/{player.id}")).json["has_game_password"] is False
    refused = await boss.post(f"/{boss.id}/password", {})
    assert refused.status == 403
    assert (await boss.post("/nobody/password", {})).status == 404


async def test_hiding(place: Site) -> None:
    boss, keeper = await somebody(place, "Boss", Role.ADMIN), await somebody(place, "Keeper", Role.MODERATOR)
    player = await somebody(place, "Alric")
    assert (await boss.post(f"/{keeper.id}/hidden", {"hidden": True})).json["hidden"] is True
    assert (await boss.post(f"/{player.id}/hidden", {"hidden": True})).status == 403
    assert (await boss.post(f"/{keeper.id}/hidden", {"hidden": False})).json["hidden"] is False


async def test_no_secret_is_logged_or_recorded(place: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    boss = await somebody(place, "Boss", Role.ADMIN)
    made = await boss.post("", {"username": "Alric"})
    account_id = made.json["id"]
    reset = await boss.post(f"/{account_id}/password", {})
    game = await boss.post(f"/{account_id}/game-password", {})
    await boss.post(f"/{account_id}/password", {"password": NEW})
    await boss.post(f"/{account_id}/password", {"password": NEW, "reason": 7})  # refused before the service sees it
    secrets = [made.json["password"], reset.json["password"], game.json["password"], NEW, boss.token]
    record = repr(await place.node.store.read(lambda tx: tx.moderation.audit(limit=1000)))
    said = "".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    for secret in secrets:
        assert secret
        assert secret not in record
        assert secret not in said
    assert "account.password_reset" in record

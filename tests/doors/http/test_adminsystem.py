"""The server itself, as staff sees and changes it, over a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Site, site

from mythgate.bootstrap import open_node
from mythgate.config import Settings
from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR
from mythgate.doors.http.play import PlayDoor
from mythgate.livesettings import APPLIERS


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def token_of(place: Site, role: Role) -> str:
    signed_in = await place.register(f"Anna{role.rank}")
    if role is not Role.PLAYER:
        await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    token: str = signed_in["access_token"]
    return token


async def operator(place: Site, method: str, path: str, body: Any = None) -> Any:
    """As the command line asks: with a token signed for the operator."""
    from mythgate.cli.running import operator_token

    return await place.call(method, path, body, token=operator_token(place.node.settings))


async def test_what_the_server_stands_on(place: Site) -> None:
    told = (await operator(place, "GET", "/api/admin/system")).json
    assert (told["database"], told["migrated"], told["world"]) == ("SQLite", True, place.node.services.world.world.name)
    assert 0 < told["free_bytes"] < told["total_bytes"]
    assert {door["name"] for door in told["doors"]} >= {"http", "metaserver", "shards"}


async def test_a_change_is_in_force_at_once_recorded_and_kept(place: Site) -> None:
    services = place.node.services
    body = {"settings": {"sessions.registration": "closed", "limits.chat_characters": "100", "world.room_capacity": 5}}
    answer = await operator(place, "PATCH", "/api/admin/settings", body)
    assert answer.status == 200, answer.body
    assert {row["name"]: row["value"] for row in answer.json["settings"]} == {
        "sessions.registration": "closed",
        "limits.chat_characters": 100,
        "world.room_capacity": 5,
    }
    assert {row["origin"] for row in answer.json["settings"]} == {"changed at run time"}
    refused = await place.post("/api/auth/register", {"username": "Late", "password": "correct horse battery"})
    assert refused.code == "registration_closed"
    assert (await place.get("/api/status")).json["registration"] == "closed"
    assert services.chat.policy.characters == services.lobbies.policy.characters == 100
    assert services.world.policy.room_capacity == 5
    record = await services.moderation.audit(OPERATOR, subject="sessions.registration")
    assert [(act.action, act.detail) for act in record] == [
        ("setting.changed", {"before": '"open"', "after": '"closed"'})
    ]
    async with open_node(place.node.settings) as again:  # another node over the same data
        assert again.services.chat.policy.characters == 100
        assert not again.services.accounts.policy.registration_open
    await operator(place, "PATCH", "/api/admin/settings", {"settings": {"sessions.registration": None}})
    assert services.accounts.policy.registration_open
    assert services.chat.policy.characters == 100


@pytest.mark.parametrize(
    ("settings", "status", "hint"),
    [
        ({"limits.chat_characters": 3}, 422, ""),
        ({"limits.chat_characters": 300, "limits.command_characters": "many"}, 422, ""),
        ({"http.port": 80}, 422, "settings file"),
        ({"telemetry.log_level": "debug"}, 422, "mythgate log level"),
        ({"limits.chatter": 3}, 404, "mythgate config show"),
        ({}, 422, ""),
    ],
)
async def test_what_is_refused_changes_nothing(place: Site, settings: dict[str, Any], status: int, hint: str) -> None:
    before = (await operator(place, "GET", "/api/admin/settings")).json
    answer = await operator(place, "PATCH", "/api/admin/settings", {"settings": settings})
    assert answer.status == status
    assert hint in answer.json["error"]["hint"]
    assert (await operator(place, "GET", "/api/admin/settings")).json == before


async def test_what_the_environment_fixes_stays(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHGATE_LIMITS__CHAT_CHARACTERS", "512")
    body = {"settings": {"limits.chat_characters": 100}}
    answer = await operator(place, "PATCH", "/api/admin/settings", body)
    assert (answer.status, answer.json["error"]["hint"]) == (
        422,
        "The environment variable MYTHGATE_LIMITS__CHAT_CHARACTERS fixes it.",
    )
    rows = (await operator(place, "GET", "/api/admin/settings")).json["settings"]
    row = next(row for row in rows if row["name"] == "limits.chat_characters")
    assert (row["origin"], row["changeable"]) == ("MYTHGATE_LIMITS__CHAT_CHARACTERS", False)


async def test_a_saved_change_that_does_not_fit_any_more_is_left_out(place: Site) -> None:
    saved = '{"limits.chat_characters": 3, "no.such": 1, "limits.login_pause": 7.5, "http.port": 1}'
    await place.node.store.write(lambda tx: tx.facts.set("settings", saved))
    await place.node.services.settings.catch_up()
    assert place.node.settings.limits.chat_characters == 512
    assert place.node.services.accounts.policy.failures_per_account.per.total_seconds() == 7.5


async def test_what_was_read_late_does_not_undo_what_is_known(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    services, store = place.node.services, place.node.store
    read = store.read

    async def slow(work: Any) -> Any:
        found = await read(work)
        monkeypatch.undo()
        await services.settings.change(OPERATOR, {"limits.chat_characters": 100})  # meanwhile
        return found

    monkeypatch.setattr(store, "read", slow)
    await services.settings.catch_up()
    assert services.chat.policy.characters == 100


async def test_connections_and_commands_go_by_what_was_changed(place: Site) -> None:
    door = PlayDoor(place.node.hub, place.node.services)
    allowance = door.allowance(AccountId("somebody"))

    def adopt(settings: Settings) -> None:
        door.adopt(replace(door.options, command_burst=settings.limits.command_burst))

    place.node.adopters.append(adopt)
    body = {"settings": {"limits.command_burst": 1, "limits.command_characters": 50, "lobbies.empty_timeout": 60}}
    assert (await operator(place, "PATCH", "/api/admin/settings", body)).status == 200
    assert place.node.services.commands.policy.line_characters == 50
    assert place.node.services.lobbies.policy.empty_timeout.total_seconds() == 60
    now = place.node.clock.monotonic()
    assert [allowance.spend(now + 100) for _ in range(2)] == [True, False]


async def test_all_that_can_be_changed_exists_and_doors_hear_of_it(place: Site) -> None:
    rows = {row["name"]: row for row in (await operator(place, "GET", "/api/admin/settings")).json["settings"]}
    assert APPLIERS.keys() <= rows.keys()
    assert rows["secret_key"]["value"] in ("", "********")
    heard: list[int] = []
    place.node.adopters.append(lambda settings: heard.append(settings.limits.connections))
    assert (
        await operator(place, "PATCH", "/api/admin/settings", {"settings": {"limits.connections": 7}})
    ).status == 200
    assert heard == [7]
    await operator(place, "PATCH", "/api/admin/settings", {"settings": {"sessions.guests": False}})
    assert (await place.post("/api/auth/guest", {})).status == 403
    assert not place.node.services.lobbies.policy.guests


async def test_who_may(place: Site) -> None:
    moderator = await token_of(place, Role.MODERATOR)
    for answer in (
        await place.get("/api/admin/system", token=moderator),
        await place.get("/api/admin/settings", token=moderator),
        await place.call("PATCH", "/api/admin/settings", {"settings": {"sessions.guests": False}}, token=moderator),
    ):
        assert answer.code == "permission_denied"


async def test_results_for_staff(place: Site) -> None:
    assert (await operator(place, "GET", "/api/admin/results")).json == {"results": [], "next_before": None}
    for act in ("void", "restore"):
        answer = await operator(place, "POST", f"/api/admin/results/17/{act}", {"reason": "cheated"})
        assert answer.code == "not_found"
    moderator = await token_of(place, Role.MODERATOR)
    assert (await place.get("/api/admin/results", token=moderator)).status == 200
    assert (await place.post("/api/admin/results/17/void", {}, token=moderator)).code == "permission_denied"

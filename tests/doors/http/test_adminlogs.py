"""The log over HTTP: what a request led to is found by its id, by who and by where; levels; faults."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.http import Site, site

from mythgate import telemetry
from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR
from mythgate.telemetry.logs import apply_levels

LOGS = "/api/admin/logs"


@pytest.fixture(autouse=True)
def book() -> Iterator[telemetry.LogBook]:
    """The log of this process, as `mythgate serve` has it."""
    root, found = logging.getLogger(), telemetry.book()
    level = root.level
    root.addHandler(found)
    root.setLevel(logging.INFO)
    found.faults.take()
    yield found
    apply_levels([])
    root.removeHandler(found)
    root.setLevel(level)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def admin(place: Site) -> str:
    signed_in = await place.register("Bre")
    await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), Role.ADMIN)
    token: str = signed_in["access_token"]
    return token


async def test_what_a_request_led_to_is_found(place: Site) -> None:
    token = await admin(place)
    ada = await place.register("Ada")
    request = {"X-Request-ID": "a-request-of-ada"}
    answer = await place.call("POST", "/api/characters", {"name": "Otter"}, token=ada["access_token"], headers=request)
    assert answer.status == 201, answer.body
    found = await place.get(f"{LOGS}?correlation=a-request-of-ada", token=token)
    lines = found.json["lines"]
    [line] = [one for one in lines if one["text"] == "character created"]
    assert {one["correlation"] for one in lines} == {"a-request-of-ada"}
    assert (line["text"], line["level"], line["correlation"]) == ("character created", "info", "a-request-of-ada")
    assert line["fields"]["account"] == ada["user_id"]
    assert line["fields"]["door"] == "http"
    for query in ("user=Ada", "user=Otter", "text=CREATED&user=Ada", "logger=mythgate.services.characters&user=Ada"):
        lines = (await place.get(f"{LOGS}?{query}", token=token)).json["lines"]
        assert line in lines, query
    newest = found.json["newest"]
    later = await place.get(f"{LOGS}?after={newest}&logger=mythgate", token=token)
    assert later.json["lines"] == []
    assert (await place.get(f"{LOGS}?user=Nobody", token=token)).status == 404
    assert (await place.get(f"{LOGS}?room=Nowhere", token=token)).status == 404
    assert (await place.get(f"{LOGS}?room=Arrival&since=2026-01-01T00:00:00Z", token=token)).status == 200
    assert (await place.get(f"{LOGS}?level=loud", token=token)).status == 422
    assert (await place.get(LOGS, token=ada["access_token"])).status == 403


async def test_log_ins_that_fail_are_events_about_security(place: Site) -> None:
    token = await admin(place)
    ada = await place.register("Ada")
    for name in ("Ada", "Nobody at all"):
        await place.post("/api/auth/login", {"username": name, "password": "not the right one"})
    await place.get("/api/auth/me", token="forged.forged.forged")
    found = (await place.get(f"{LOGS}?security=true&limit=3", token=token)).json["lines"]
    told = [(line["fields"]["security"], line["fields"].get("about"), line["fields"]["address"]) for line in found]
    assert told == [
        ("login_failed", ada["user_id"], "127.0.0.1"),
        ("login_failed", "", "127.0.0.1"),
        ("token_refused", None, "127.0.0.1"),
    ]
    assert "not the right one" not in str(found)
    assert "Nobody at all" not in str(found)


async def test_levels_change_without_a_restart(place: Site, book: telemetry.LogBook) -> None:
    token = await admin(place)
    first = await place.get(f"{LOGS}/levels", token=token)
    assert first.json["levels"][0]["logger"] == ""
    body = {"logger": "mythgate.services.refusals", "level": "debug", "minutes": 5}
    changed = await place.post(f"{LOGS}/levels", body, token=token)
    assert changed.status == 200, changed.body
    [refusals] = [one for one in changed.json["levels"] if one["logger"] == body["logger"]]
    assert refusals["level"] == "debug"
    assert refusals["until"] is not None
    await place.post("/api/auth/login", {"username": "Bre", "password": "wrong"})
    [line] = (await place.get(f"{LOGS}?level=debug&text=POST /api/auth/login&limit=1", token=token)).json["lines"]
    assert line["level"] == "debug"
    back = await place.post(f"{LOGS}/levels", {"logger": body["logger"], "level": None}, token=token)
    assert [one["logger"] for one in back.json["levels"]] == [""]
    assert (await place.post(f"{LOGS}/levels", {"level": "loud"}, token=token)).status == 422


async def test_faults_are_listed_and_looked_at(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await admin(place)

    secret = "hunter" + "2"

    async def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"of somebody's secret '{secret}'")

    monkeypatch.setattr(place.node.services.characters, "create", breaks)
    answer = await place.call("POST", "/api/characters", {"name": "Otter"}, token=token)
    assert answer.status == 500
    [fault] = (await place.get("/api/admin/errors?new=true", token=token)).json["faults"]
    assert (fault["kind"], fault["count"], fault["new"]) == ("ZeroDivisionError", 1, True)
    assert fault["correlation"] == answer.json["error"]["request_id"]
    assert secret not in str(fault)
    seen = await place.post(f"/api/admin/errors/{fault['fingerprint']}/seen", token=token)
    assert seen.json["new"] is False
    assert (await place.get("/api/admin/errors?new=true", token=token)).json["faults"] == []
    assert (await place.post("/api/admin/errors/none/seen", token=token)).status == 404

"""Backups over HTTP, on a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.http import Site, site

from mythgate.backends.sql.backupfile import verify
from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


async def token_of(place: Site, role: Role) -> str:
    signed_in = await place.register("Anna")
    await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    token: str = signed_in["access_token"]
    return token


async def test_an_admin_makes_looks_at_checks_and_throws_away(place: Site) -> None:
    token = await token_of(place, Role.ADMIN)
    made = await place.post("/api/admin/backups", token=token)
    assert made.status == 201
    assert made.json["tables"]["accounts"] == 1
    name = made.json["name"]
    listed = (await place.get("/api/admin/backups", token=token)).json
    assert [one["name"] for one in listed["backups"]] == [name]
    assert (listed["running"], listed["keep"], listed["every_seconds"]) == (None, "7d 4w 6m", 86400)
    assert listed["due_at"] > made.json["taken_at"]
    assert not verify(Path(listed["folder"], name)).damaged
    assert (await place.get(f"/api/admin/backups/{name}", token=token)).json == made.json
    checked = (await place.post(f"/api/admin/backups/{name}/verify", token=token)).json
    assert checked == {"whole": True, "damaged": []}
    second = (await place.post("/api/admin/backups", token=token)).json["name"]
    for dry_run in (True, False):
        body = {"keep": "1d", "dry_run": dry_run}
        gone = (await place.post("/api/admin/backups/prune", body, token=token)).json["removed"]
        assert [one["name"] for one in gone] == [name]
    assert (await place.post("/api/admin/backups/prune", {}, token=token)).json == {"removed": []}
    left = (await place.get("/api/admin/backups", token=token)).json["backups"]
    assert [one["name"] for one in left] == [second]
    assert (await place.get(f"/api/admin/backups/{name}", token=token)).status == 404
    refused = await place.post("/api/admin/backups/prune", {"keep": "everything"}, token=token)
    assert (refused.status, refused.code) == (422, "invalid_input")


async def test_others_may_not(place: Site) -> None:
    token = await token_of(place, Role.MODERATOR)
    assert (await place.get("/api/admin/backups")).status == 401
    for answer in (
        await place.get("/api/admin/backups", token=token),
        await place.post("/api/admin/backups", token=token),
    ):
        assert answer.code == "permission_denied"

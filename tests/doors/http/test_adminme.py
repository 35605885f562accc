"""The second factor and tokens for programs over HTTP."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.support.http import PASSWORD, Answer, Site, site

from mythgate.domain import totp
from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


@dataclass
class Person:
    site: Site
    id: str
    name: str
    token: str

    async def get(self, path: str) -> Answer:
        return await self.site.get(f"/api/admin{path}", token=self.token)

    async def post(self, path: str, body: Any = None) -> Answer:
        return await self.site.post(f"/api/admin{path}", body, token=self.token)

    async def delete(self, path: str) -> Answer:
        return await self.site.call("DELETE", f"/api/admin{path}", token=self.token)


async def somebody(place: Site, name: str, role: Role = Role.PLAYER) -> Person:
    signed_in = await place.register(name)
    if role is not Role.PLAYER:
        await place.node.services.accounts.set_role(OPERATOR, AccountId(signed_in["user_id"]), role)
    return Person(place, signed_in["user_id"], name, signed_in["access_token"])


class Authenticator:
    """A device that shows codes; `next` is another one each time, as if half a minute had gone by."""

    def __init__(self, place: Site, secret: str) -> None:
        self._clock = place.node.clock
        self._secret = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self._offset = -1

    def next(self) -> str:
        code = totp.code_at(self._secret, totp.step_of(self._clock.now()) + self._offset)
        self._offset += 1
        return code


async def enrolled(place: Site, who: Person) -> tuple[Authenticator, list[str]]:
    made = (await who.post("/second-factor/enrol")).json
    device = Authenticator(place, made["secret"])
    assert parse_qs(urlsplit(made["uri"]).query)["secret"] == [made["secret"]]
    confirmed = await who.post("/second-factor/confirm", {"code": device.next()})
    assert confirmed.status == 200, confirmed.body
    return device, confirmed.json["recovery_codes"]


async def again(place: Site, who: Person, **more: str) -> Person:
    answer = await place.post("/api/auth/login", {"username": who.name, "password": PASSWORD, **more})
    assert answer.status == 200, answer.body
    return Person(place, who.id, who.name, answer.json["access_token"])


async def test_what_one_may_is_told(place: Site) -> None:
    player, admin = await somebody(place, "Ada"), await somebody(place, "Bertil", Role.ADMIN)
    mine = (await player.get("/me")).json
    assert (mine["role"], mine["permissions"]) == ("player", [])
    theirs = (await admin.get("/me")).json
    assert "rename" in theirs["permissions"] and theirs["permissions_now"] == theirs["permissions"]
    assert theirs["second_factor"] == {
        "enrolled": False, "required": False, "fresh": True, "fresh_until": None, "recovery_codes": 0,
    }  # fmt: skip
    assert (await player.post("/second-factor/enrol")).code == "permission_denied"


async def test_a_second_factor_from_enrolling_to_its_end(place: Site) -> None:
    admin = await somebody(place, "Bertil", Role.ADMIN)
    device, recovery = await enrolled(place, admin)
    assert len(set(recovery)) == 10
    state = (await admin.get("/me")).json["second_factor"]
    assert (state["enrolled"], state["fresh"], state["recovery_codes"]) == (True, True, 10)

    later = await again(place, admin)  # another session: a code is asked for
    assert (await later.get("/users")).status == 200
    refused = await later.get("/record")
    assert (refused.status, refused.code) == (403, "second_factor_needed")
    assert "rename" not in (await later.get("/me")).json["permissions_now"]
    code = device.next()
    assert (await later.post("/second-factor", {"code": code})).status == 200
    assert (await later.get("/record")).status == 200
    assert (await later.post("/second-factor", {"code": code})).code == "bad_code"  # once

    at_once = await again(place, admin, code=recovery[0])
    assert (await at_once.get("/record")).status == 200
    assert (await at_once.get("/me")).json["second_factor"]["recovery_codes"] == 9
    wrong = await place.post("/api/auth/login", {"username": admin.name, "password": PASSWORD, "code": recovery[0]})
    assert wrong.code == "bad_code"
    renewed = (await at_once.post("/second-factor/recovery-codes", {"code": recovery[1]})).json["recovery_codes"]
    assert not set(renewed) & set(recovery)
    assert (await at_once.post("/second-factor/disable", {"code": renewed[0]})).status == 204
    assert (await (await again(place, admin)).get("/record")).status == 200


async def test_an_owner_takes_a_lost_one_away(place: Site) -> None:
    admin, owner = await somebody(place, "Bertil", Role.ADMIN), await somebody(place, "Cleo", Role.OWNER)
    await enrolled(place, admin)
    answer = await owner.post(f"/users/{admin.id}/second-factor/reset", {"reason": "lost the phone"})
    assert answer.json == {"had_one": True}
    assert (await admin.get("/me")).code == "session_ended"
    back = await again(place, admin)
    assert (await back.get("/record")).status == 200
    assert (await back.post(f"/users/{owner.id}/second-factor/reset", {})).code == "permission_denied"


async def test_a_token_for_a_program(place: Site) -> None:
    owner = await somebody(place, "Cleo", Role.OWNER)
    made = await owner.post("/tokens", {"name": "list people", "permissions": ["see_people"], "days": 1})
    assert made.status == 201 and made.json["token"].startswith("mgt_")
    program = Person(place, "", "", made.json["token"])
    assert (await program.get("/users")).status == 200
    assert (await program.get("/me")).json["permissions"] == ["see_people"]
    assert (await program.get("/record")).code == "permission_denied"
    assert (await program.post("/tokens", {"name": "more", "permissions": ["see_people"]})).code == "permission_denied"
    elsewhere = await place.get("/api/auth/me", token=made.json["token"])
    assert (elsewhere.status, elsewhere.code) == (401, "invalid_token")
    listed = (await owner.get("/tokens")).json["tokens"]
    assert [(one["name"], one["owner"]) for one in listed] == [("list people", "Cleo")]
    assert listed[0]["last_used_at"] is not None and "token" not in listed[0]
    assert (await owner.delete(f"/tokens/{listed[0]['number']}")).status == 204
    assert (await program.get("/users")).code == "invalid_token"
    assert (await owner.delete(f"/tokens/{listed[0]['number']}")).status == 404
    acts = (await owner.get("/record?action=token")).json["entries"]
    assert [one["action"] for one in acts] == ["token.ended", "token.made"]

"""The endpoints of accounts, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import jwt
import pytest
from tests.support.http import PASSWORD, Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


async def test_register_login_use_and_logout(web: Site) -> None:
    registered = await web.register("Alric")
    assert set(registered) == {
        "access_token", "token_type", "expires_in", "refresh_token", "session_id", "session_expires_at", "user_id",
        "username", "role", "is_guest", "characters",
    }  # fmt: skip
    assert (registered["token_type"], registered["expires_in"]) == ("bearer", 900)
    assert (registered["username"], registered["role"], registered["is_guest"]) == ("Alric", "player", False)
    assert registered["characters"] == []
    assert datetime.fromisoformat(registered["session_expires_at"]).tzinfo is not None
    answer = await web.post("/api/auth/login", {"username": "alric", "password": PASSWORD})
    assert answer.status == 200
    signed_in = answer.json
    assert set(signed_in) == set(registered)
    assert signed_in["user_id"] == registered["user_id"]
    assert signed_in["session_id"] != registered["session_id"]
    token = signed_in["access_token"]
    me = await web.get("/api/auth/me", token=token)
    assert me.status == 200
    assert (me.json["username"], me.json["session_id"]) == ("Alric", signed_in["session_id"])
    assert me.headers["Cache-Control"] == "no-store"
    out = await web.post("/api/auth/logout", token=token)
    assert (out.status, out.body) == (204, b"")
    refused = await web.get("/api/auth/me", token=token)
    assert (refused.status, refused.code) == (401, "session_ended")
    assert (await web.get("/api/auth/me", token=registered["access_token"])).status == 200


async def test_the_token_is_the_documented_one(web: Site) -> None:
    registered = await web.register("Alric")
    claims = jwt.decode(registered["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["sid"], claims["user"]) == (registered["user_id"], registered["session_id"], "Alric")
    assert (claims["iss"], claims["aud"]) == ("mythgate", "mythgate:play")


async def test_the_older_addresses_work_and_are_not_advertised(web: Site) -> None:
    assert (
        await web.post("/auth/register", {"username": "Alric", "password": PASSWORD, "invite_code": "x"})
    ).status == 201
    answer = await web.post("/auth/login", {"username": "Alric", "password": PASSWORD})
    assert answer.status == 200
    assert answer.json["access_token"]
    assert not [path for path in web.app.openapi()["paths"] if path.startswith("/auth")]


async def test_a_character_shows_in_the_answers(web: Site) -> None:
    token = (await web.register("Alric"))["access_token"]
    made = await web.post("/api/characters", {"name": "Body"}, token=token)
    assert made.status == 201
    (listed,) = (await web.post("/api/auth/login", {"username": "Alric", "password": PASSWORD})).json["characters"]
    assert listed == made.json | {"selected": True}
    assert (listed["player_id"], listed["profession_id"], listed["profession_name"]) == (listed["id"], 0, "")
    assert (await web.get("/api/auth/me", token=token)).json["characters"] == [listed]


async def test_wrong_password_and_unknown_name_are_alike(web: Site) -> None:
    await web.register("Alric")
    wrong = await web.post("/api/auth/login", {"username": "Alric", "password": "wrong password"})
    unknown = await web.post("/api/auth/login", {"username": "Nobody", "password": "wrong password"})
    assert (wrong.status, wrong.code) == (401, "bad_credentials")

    def without_id(answer: dict[str, dict[str, object]]) -> object:
        return answer | {"error": answer["error"] | {"request_id": None}}

    assert without_id(wrong.json) == without_id(unknown.json)
    assert wrong.headers["WWW-Authenticate"] == "Bearer"


async def test_too_many_failures(web: Site) -> None:
    await web.register("Alric")
    for _ in range(5):
        await web.post("/api/auth/login", {"username": "Alric", "password": "wrong password"})
    refused = await web.post("/api/auth/login", {"username": "Alric", "password": PASSWORD})
    assert (refused.status, refused.code) == (429, "login_throttled")
    assert 50 < int(refused.headers["Retry-After"]) <= 60
    assert 50 < refused.json["error"]["retry_after"] <= 60


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"username": "Alric", "password": "short"}, 422, "invalid_input", "password"),
        ({"username": "admin", "password": PASSWORD}, 422, "name_not_allowed", "username"),
        ({"username": "Bob", "password": PASSWORD, "email": "x"}, 422, "invalid_input", "email"),
        ({"username": "", "password": PASSWORD}, 422, "validation_error", "username"),
        ({"username": "Alric"}, 422, "validation_error", "password"),
        ({"username": 7, "password": PASSWORD}, 422, "validation_error", "username"),
        ({"username": "Bob", "password": "x" * 5000}, 422, "validation_error", "password"),
        ([], 422, "validation_error", "body"),
    ],
)  # fmt: skip
async def test_registrations_that_do_not_fit(web: Site, body: object, status: int, code: str, field: str) -> None:
    answer = await web.post("/api/auth/register", body)
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["error"]["field"] == field
    if code == "validation_error":
        assert answer.json["error"]["fields"][0]["path"].startswith("body")
        assert "x" * 100 not in answer.body.decode()  # never echo what may be a password


async def test_a_taken_name(web: Site) -> None:
    await web.register("Alric")
    answer = await web.post("/api/auth/register", {"username": "A1RIC", "password": PASSWORD})
    assert (answer.status, answer.code, answer.json["error"]["field"]) == (409, "name_taken", "username")


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff\xfe", b'{"username": "\\ud800", "password": "\\ud800xxxxxxxxx"}', b"[" * 30_000]
)
async def test_bodies_that_are_no_json(web: Site, raw: bytes) -> None:
    answer = await web.call("POST", "/api/auth/register", raw=raw, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 422)
    assert answer.json["detail"]


async def test_guests(web: Site) -> None:
    for body in (None, {}, {"name": None}, {"name": " "}):
        answer = await web.post("/api/auth/guest", body)
        assert answer.status == 201, answer.body
        assert answer.json["is_guest"] is True
        assert answer.json["username"].startswith("Guest-")
    named = await web.post("/api/auth/guest", {"name": "Wanderer"})
    assert named.json["username"] == "Wanderer"
    token = named.json["access_token"]
    assert (await web.get("/api/auth/me", token=token)).json["is_guest"] is True
    refused = await web.post(
        "/api/auth/password", {"current_password": "x", "new_password": "another good one"}, token=token
    )
    assert (refused.status, refused.code) == (403, "permission_denied")


async def test_refresh(web: Site) -> None:
    registered = await web.register("Alric")
    renewed = await web.post("/api/auth/refresh", {"refresh_token": registered["refresh_token"]})
    assert renewed.status == 200
    assert set(renewed.json) == {"access_token", "token_type", "expires_in", "session_expires_at"}
    me = await web.get("/api/auth/me", token=renewed.json["access_token"])
    assert me.json["session_id"] == registered["session_id"]
    refused = await web.post("/api/auth/refresh", {"refresh_token": registered["access_token"][:100]})
    assert (refused.status, refused.code) == (401, "invalid_token")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "bearer a.b.c", "Token x"])
async def test_bad_authorization_headers(web: Site, header: str) -> None:
    answer = await web.get("/api/auth/me", headers={"Authorization": header})
    assert answer.status == 401
    assert answer.code in ("authentication_failed", "invalid_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_my_sessions(web: Site) -> None:
    first = await web.register("Alric")
    second = (await web.post("/api/auth/login", {"username": "Alric", "password": PASSWORD})).json
    listed = (await web.get("/api/auth/sessions", token=second["access_token"])).json["sessions"]
    assert [(one["id"], one["current"]) for one in listed] == [
        (second["session_id"], True),
        (first["session_id"], False),
    ]
    assert set(listed[0]) == {
        "id", "created_at", "last_seen_at", "expires_at", "door", "address", "client", "current"
    }  # fmt: skip
    assert (listed[0]["door"], listed[0]["address"]) == ("http", "127.0.0.1")
    assert "aiohttp" in listed[0]["client"]
    gone = await web.call("DELETE", f"/api/auth/sessions/{first['session_id']}", token=second["access_token"])
    assert gone.status == 204
    assert (await web.get("/api/auth/me", token=first["access_token"])).code == "session_ended"
    again = await web.call("DELETE", f"/api/auth/sessions/{first['session_id']}", token=second["access_token"])
    assert (again.status, again.code) == (404, "not_found")
    odd = await web.call("DELETE", "/api/auth/sessions/%00", token=second["access_token"])
    assert odd.status == 422


async def test_changing_the_password(web: Site) -> None:
    first = await web.register("Alric")
    second = (await web.post("/api/auth/login", {"username": "Alric", "password": PASSWORD})).json
    body = {"current_password": "wrong password", "new_password": "another good one"}
    wrong = await web.post("/api/auth/password", body, token=second["access_token"])
    assert (wrong.status, wrong.code) == (401, "bad_credentials")
    done = await web.post("/api/auth/password", body | {"current_password": PASSWORD}, token=second["access_token"])
    assert done.status == 204
    assert (await web.get("/api/auth/me", token=first["access_token"])).status == 401
    assert (await web.get("/api/auth/me", token=second["access_token"])).status == 200
    assert (await web.post("/api/auth/login", {"username": "Alric", "password": "another good one"})).status == 200


async def test_deleting_the_account(web: Site) -> None:
    registered = await web.register("Alric")
    token = registered["access_token"]
    assert (await web.post("/api/auth/delete", {"password": "wrong password"}, token=token)).status == 401
    assert (await web.post("/api/auth/delete", {"password": PASSWORD}, token=token)).status == 204
    assert (await web.get("/api/auth/me", token=token)).code == "session_ended"
    assert (await web.register("Alric"))["user_id"] != registered["user_id"]


async def test_a_disabled_account(web: Site) -> None:
    registered = await web.register("Alric")
    await web.node.services.accounts.disable(OPERATOR, AccountId(registered["user_id"]))
    answer = await web.post("/api/auth/login", {"username": "Alric", "password": PASSWORD})
    assert (answer.status, answer.code) == (403, "account_disabled")


async def test_the_first_owner(web: Site) -> None:
    link = await web.node.services.accounts.make_admin_link_token()
    token = (await web.register("Alric"))["access_token"]
    assert (await web.post("/api/auth/admin-link", {"token": "wrong"}, token=token)).code == "invalid_token"
    assert (await web.post("/api/auth/admin-link", {"token": link})).status == 401
    answer = await web.post("/api/auth/admin-link", {"token": link}, token=token)
    assert (answer.status, answer.json["role"]) == (200, "owner")
    assert (await web.get("/api/auth/me", token=token)).json["role"] == Role.OWNER
    assert (await web.post("/api/auth/admin-link", {"token": link}, token=token)).status == 403


async def test_a_hundred_people_sign_in_at_once(web: Site) -> None:
    await web.register("Alric")
    answers = await asyncio.gather(
        *(web.post("/api/auth/login", {"username": "Alric", "password": PASSWORD}) for _ in range(100)),
        *(web.get("/healthz") for _ in range(20)),
    )
    assert {answer.status for answer in answers} == {200}


async def test_closed_registration(tmp_path: Path) -> None:
    async with site(tmp_path, sessions={"registration": "closed", "guests": False}) as web:
        refused = await web.post("/api/auth/register", {"username": "Alric", "password": PASSWORD})
        assert (refused.status, refused.code) == (403, "registration_closed")
        assert (await web.post("/api/auth/guest")).code == "permission_denied"
        status = (await web.get("/api/status")).json
        assert (status["registration"], status["guests"]) == ("closed", False)

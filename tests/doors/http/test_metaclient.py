"""Aleph One's calls over HTTPS: requests as they were captured from the genuine client, and answers to the byte."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.support.http import PASSWORD, Answer, Site, site

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}

# Captured from the client over loopback; see the specification, 4.4.
CAPTURED = (
    b"POST /metaclient/login HTTP/1.1\r\nHost: 127.0.0.1:26380\r\nAccept: */*\r\nContent-Length: 67\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    b"password=p%26ss%20w%3Drd%2B%25&salt=0123456789abcde&username=hopper"
)
CAPTURED_HIGH_SALT = (
    b"POST /metaclient/login HTTP/1.1\r\nHost: 127.0.0.1:26380\r\nAccept: */*\r\nContent-Length: 78\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    b"password=pw&salt=%F0%F1%F2%F3%F4%F5%F6%F7%F8%F9%FA%FB%FC%FD%FE&username=hopper"
)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


def form(**fields: str) -> str:
    """As the client writes it: by name, upper-case hex, %20 for a space."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(fields.items()))


async def post(place: Site, path: str, body: str | bytes) -> Answer:
    return await place.call("POST", path, raw=body, headers=FORM)


async def sent_raw(place: Site, request: bytes) -> tuple[str, bytes]:
    """The status line and the body of the answer to bytes on a socket."""
    host, _, port = place.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(10):
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:"))
        body = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return head.split("\r\n")[0], body


async def test_the_captured_request_gets_a_key_that_opens_the_login_once(place: Site) -> None:
    await place.register("hopper", "p&ss w=rd+%")
    status, key = await sent_raw(place, CAPTURED)
    assert status == "HTTP/1.1 200 OK"
    assert len(key) == 16
    assert 0 not in key
    accounts = place.node.services.accounts
    assert accounts.redeem_login_key("somebody", key) is None
    account = accounts.redeem_login_key("Hopper", key)
    assert account is not None
    assert account.name == "hopper"
    assert accounts.redeem_login_key("hopper", key) is None
    assert (await sent_raw(place, CAPTURED))[1] != key


async def test_a_salt_of_high_bytes_is_a_salt(place: Site) -> None:
    token: str = (await place.register("hopper"))["access_token"]
    caller = await place.node.services.sessions.authenticate(token)
    await place.node.services.accounts.set_game_password(caller, PASSWORD, "pwpw")
    request = CAPTURED_HIGH_SALT.replace(b"=pw&", b"=pwpw&").replace(b": 78", b": 80")
    status, key = await sent_raw(place, request)
    assert status == "HTTP/1.1 200 OK"
    assert place.node.services.accounts.redeem_settings_key(key) is None
    assert place.node.services.accounts.redeem_login_key("hopper", key) is not None


@pytest.mark.parametrize(
    "body",
    [
        form(username="hopper", password="wrong password", salt="s"),
        form(username="nobody", password="p&ss w=rd+%", salt="s"),
        form(username="hopper", salt="s"),
        form(password="p&ss w=rd+%", salt="s"),
        "",
        "&&&===&",
        b"\xff\xfe\x00" * 50,
        "username=hopper&" + "x=1&" * 50 + "password=p%26ss%20w%3Drd%2B%25",
        b"username=hopper&password=" + b"x" * 9000,
    ],
)
async def test_whatever_is_wrong_the_answer_is_empty(place: Site, body: str | bytes) -> None:
    await place.register("hopper", "p&ss w=rd+%")
    answer = await post(place, "/metaclient/login", body)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"


async def test_guessing_is_slowed_down_and_the_right_password_then_fails_too(place: Site) -> None:
    await place.register("hopper", "p&ss w=rd+%")
    for _ in range(6):
        assert (await post(place, "/metaclient/login", form(username="hopper", password="guess", salt="s"))).body == b""
    _, key = await sent_raw(place, CAPTURED)
    assert key == b""


async def test_text_is_macroman_where_it_is_not_utf8(place: Site) -> None:
    password = "cinq éléphants"
    await place.register("hopper", password)
    for encoded in (password.encode(), password.encode("mac_roman")):
        answer = await post(place, "/metaclient/login", f"password={quote(encoded)}&salt=s&username=hopper")
        assert len(answer.body) == 16


async def test_no_secret_is_logged(place: Site, caplog: pytest.LogCaptureFixture) -> None:
    await place.register("hopper", "p&ss w=rd+%")
    with caplog.at_level(logging.DEBUG):
        _, key = await sent_raw(place, CAPTURED)
        await post(place, "/metaclient/signup", form(username="hopper", password="another secret", email=""))
        await post(place, "/metaclient/login", form(username="hopper", password="a wrong secret", salt="s"))
    told = "\n".join(str(record.__dict__) for record in caplog.records)
    for secret in ("p&ss", "p%26ss", "another secret", "a wrong secret", "another%20secret", key.hex(), repr(key)):
        assert secret not in told


async def test_signing_up(place: Site) -> None:
    body = form(email="grace@example.org", password="nanoseconds of wire", username="Grace")
    answer = await post(place, "/metaclient/signup", body)
    assert (answer.status, answer.body) == (200, b"OK")
    account = await place.node.services.accounts.check_game_login("Grace", b"nanoseconds of wire")
    assert account.email == "grace@example.org"
    again = await post(place, "/metaclient/signup", body)
    assert again.status == 200
    assert again.body.decode().startswith("This name")
    signed_in = (await place.post("/api/auth/login", {"username": "Grace", "password": "nanoseconds of wire"})).json
    sessions = (await place.get("/api/auth/sessions", token=signed_in["access_token"])).json["sessions"]
    assert len(sessions) == 1, "signing up leaves no session behind"


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "Grace", "password": "short", "email": ""},
        {"username": "", "password": "nanoseconds of wire", "email": ""},
        {"username": "Grace", "password": "nanoseconds of wire", "email": "no address"},
        {},
    ],
)
async def test_why_one_cannot_sign_up_is_told_in_words(place: Site, fields: dict[str, str]) -> None:
    answer = await post(place, "/metaclient/signup", form(**fields))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.decode() not in ("", "OK")
    assert "{" not in answer.body.decode()


async def test_sign_up_can_be_closed(tmp_path: Path) -> None:
    async with site(tmp_path, sessions={"registration": "closed"}) as place:
        answer = await post(
            place, "/metaclient/signup", form(email="", password="nanoseconds of wire", username="Grace")
        )
        assert answer.body != b"OK"
        assert (await place.get("/api/metaserver/players/Grace")).status == 404


async def test_settings_open_once_with_the_bytes_of_a_login_without_salt(place: Site) -> None:
    await place.register("hopper")
    key = (await post(place, "/metaclient/login", form(username="hopper", password=PASSWORD, salt=""))).body
    assert len(key) == 16
    assert place.node.services.accounts.redeem_login_key("hopper", key) is None, "it opens no game"
    path = f"/metaclient/settings?token={key.hex().upper()}"
    answer = await place.get(path)
    assert answer.status == 303
    location = answer.headers["location"]
    assert location.startswith("../lobby#settings=")
    renewed = await place.post("/api/auth/refresh", {"refresh_token": location.partition("=")[2]})
    me = await place.get("/api/auth/me", token=renewed.json["access_token"])
    assert me.json["username"] == "hopper"
    again = await place.get(path)
    assert again.status == 403
    assert b"used already" in again.body


@pytest.mark.parametrize("token", ["", "00", "g" * 32, "0" * 32, "é" * 32])
async def test_settings_without_a_token_stay_shut(place: Site, token: str) -> None:
    assert (await place.get(f"/metaclient/settings?token={token}")).status == 403


async def test_a_game_key_opens_no_settings(place: Site) -> None:
    await place.register("hopper", "p&ss w=rd+%")
    _, key = await sent_raw(place, CAPTURED)
    assert (await place.get(f"/metaclient/settings?token={key.hex().upper()}")).status == 403
    assert place.node.services.accounts.redeem_login_key("hopper", key) is not None


async def test_the_settings_page_exists(place: Site) -> None:
    answer = await place.get("/lobby")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")

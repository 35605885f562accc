"""Who is on the socket: log-in, its end, frames that are broken, and connections that prove themselves."""

from __future__ import annotations

import json

import aiohttp
import pytest
from tests.support.shards_door import PASSWORD, ShardsHouse, message
from tests.wire.shards.vectors import VECTORS

from mythgate.domain.errors import SessionEnded


async def test_a_token_logs_the_socket_in(house: ShardsHouse) -> None:
    ada = house.program()
    ada.name = "aldra"
    await ada.call("POST", "/api/auth/register", {"username": "aldra", "password": PASSWORD})
    await ada.login()

    answer = await ada.open()

    assert answer["success"] is True
    assert (answer["session_token"], answer["player_id"]) == (ada.token, ada.player_id)
    assert answer["server_time"] == pytest.approx(answer["timestamp"], abs=5)


@pytest.mark.parametrize(
    ("name", "password"), [("abc", "123456"), ("Ada of the Long and Winding Northern Roads and Sea", "p" * 700)]
)
async def test_names_and_passwords_have_the_lengths_the_protocol_promises(
    house: ShardsHouse, name: str, password: str
) -> None:
    ada = house.program()
    for wrong in ({"username": name[:2]}, {"username": "u" * 51}, {"password": password[:5]}):
        body = {"username": name, "password": password} | wrong
        assert (await ada.call("POST", "/api/auth/register", body)).status == 400
    assert (await ada.call("POST", "/api/auth/register", {"username": name, "password": password})).status == 200
    answer = await ada.call("POST", "/api/auth/login", {"username": name, "password": password})
    assert (answer.status, answer["username"]) == (200, name)


async def test_name_and_password_alone_log_in_too(house: ShardsHouse) -> None:
    ada = await house.enter("aldra")
    other = house.program()
    await other.connect()

    await other.send("auth_request", username="aldra", password=PASSWORD)
    answer = await other.until("auth_response")

    assert answer["success"] is True
    assert len(answer["session_token"]) == 43
    assert (await ada.closed()) == 1000  # a new log-in replaces the old one
    assert ada.heard[-1]["type"] == "disconnect"
    assert (await ada.call("GET", "/api/characters")).status == 401


@pytest.mark.parametrize("token", [None, "", "no-such-token", "x" * 5000])
async def test_a_log_in_that_fails_leaves_the_socket_open(house: ShardsHouse, token: str | None) -> None:
    ada = house.program()
    await ada.connect()

    await ada.send("auth_request", username="nobody", password="wrong password", session_token=token)
    answer = await ada.until("auth_response")

    assert answer["success"] is False
    assert answer["session_token"] is None
    await ada.quiet("auth_response")


async def test_before_log_in(house: ShardsHouse) -> None:
    stranger = house.program()
    await stranger.connect()

    await stranger.send("ping", message_id="p-1")
    assert (await stranger.receive())["message_id"] == "p-1"
    for kind, fields in (
        ("chat", {"sender_id": 1, "sender_name": "a", "content": "b"}),
        ("move", {"character_id": 1, "to_location_id": 1}),
        ("character_list", {}),
        ("party_create", {}),
        ("combat_start", {"enemy": "hollow_soldier"}),
    ):
        await stranger.send(kind, **fields)
        assert await stranger.refused() == "AUTH_REQUIRED", kind
    await stranger.send("pong")
    await stranger.send("error", error_code="X", error_message="to and fro")
    await stranger.quiet("error")


async def test_broken_frames_are_answered_and_the_next_is_taken(house: ShardsHouse) -> None:
    stranger = house.program()
    await stranger.connect()
    for case in VECTORS["reject"]:
        await stranger.say(case["input"])

        error = await stranger.receive()
        assert (error["type"], error["error_code"], error["priority"]) == ("error", "PROTOCOL_ERROR", 2), case["name"]
        await stranger.quiet("error")


async def test_frames_of_other_kinds(house: ShardsHouse) -> None:
    ada = await house.enter("aldra")
    assert ada.ws is not None
    await ada.ws.send_bytes(b"not text")
    await ada.ws.ping()
    await ada.quiet("error")
    await ada.say(json.dumps(message("ping")) + " " * 100_000)  # who is logged in may say more at once
    await ada.until("pong")
    stranger = house.program()
    await stranger.connect()
    await stranger.say(" " * 100_000)
    assert await stranger.closed() == 1009


async def test_leaving(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")

    await ada.send("disconnect", reason="good night")

    assert await ada.closed() == 1000
    assert (await ada.call("GET", "/api/characters")).status == 200  # the session lives on


async def test_logging_out_ends_the_sockets(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    await ada.until("player_joined_area")

    answer = await ada.call("POST", "/api/auth/logout", {"session_token": ada.token}, token="")

    assert answer.status == 200
    assert await ada.closed() == 1000
    assert (await bo.until("player_left_area"))["character_id"] == ada.character_id
    again = await ada.call("POST", "/api/auth/logout", {"session_token": ada.token}, token="")
    assert (again.status, again["success"]) == (200, True)


async def test_a_failed_log_in_disturbs_nobody(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    for body in ({"username": "aldra", "password": "wrong one"}, {"username": "nobody", "password": "wrong one"}):
        answer = await ada.call("POST", "/api/auth/login", body, token="")
        assert (answer.status, answer["success"]) == (401, False)
    await ada.quiet("disconnect")


async def test_a_second_log_in_on_a_socket_is_whose_it_is(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")

    await ada.send("auth_request", username="borin", password="session-token", session_token=bo.token)

    assert (await ada.until("auth_response"))["player_id"] == bo.player_id
    assert (await ada.until("location_update"))["character_id"] == bo.character_id
    await bo.chat("One player, two sockets")
    for one in (ada, bo):
        assert (await one.until("chat"))["sender_id"] == bo.character_id


async def test_the_cookie_of_the_log_in_is_enough(house: ShardsHouse) -> None:
    ada = house.program()
    await ada.call("POST", "/api/auth/register", {"username": "aldra", "password": PASSWORD})
    await ada.call("POST", "/api/auth/login", {"username": "aldra", "password": PASSWORD})
    login = await ada.call("POST", "/api/auth/login", {"username": "aldra", "password": PASSWORD})
    cookie = login.headers["set-cookie"].partition(";")[0]
    assert "HttpOnly" in login.headers["set-cookie"]

    async def is_known(**headers: str) -> bool:
        program = house.program()
        await program.connect(headers={"Cookie": cookie, **headers})
        await program.send("character_list")
        return bool((await program.receive())["type"] == "character_list")

    host = house.url.removeprefix("http://")
    assert await is_known()
    assert await is_known(Origin=house.url, Host=host)
    assert not await is_known(Origin="http://elsewhere.example")
    await ada.call("POST", "/api/auth/logout", {"session_token": login["session_token"]}, token="")
    assert not await is_known()


async def test_the_connection_of_the_log_in_is_enough_unless_a_proxy_has_it(house: ShardsHouse) -> None:
    for headers, known in (({}, True), ({"X-Forwarded-For": "192.0.2.1"}, False)):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http:
            credentials = {"username": "aldra", "password": PASSWORD}
            async with http.post(house.url + "/api/auth/register", json=credentials) as answer:
                await answer.read()
            async with http.post(house.url + "/api/auth/login", json=credentials, headers=headers) as answer:
                await answer.read()
            async with http.ws_connect(house.url + "/ws", headers=headers) as ws:
                await ws.send_json(message("character_list"))
                told = await ws.receive_json()
                assert (told["type"] == "character_list") is known


async def test_an_expired_session_does_nothing_any_more(house: ShardsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    session = await house.door.sessions.prove(ada.token)
    monkeypatch.setattr(house.door, "is_live", lambda _: False)
    await ada.send("character_list")
    assert await ada.refused() == "AUTH_REQUIRED"
    other = house.program()
    await other.connect()
    (connection,) = (one for one in house.door._connections if one.session is None)
    with pytest.raises(SessionEnded):
        await house.door.bind(connection, session)


async def test_whatever_is_sent_keeps_the_session_alive(house: ShardsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what nobody answers, and what is broken."""
    ada = await house.enter("aldra", "Aldra Venn")
    session = await house.door.sessions.prove(ada.token)
    noted: list[str] = []
    monkeypatch.setattr(house.door.services.sessions, "note_activity", noted.append)
    for number, text in enumerate((json.dumps(message("pong")), "{", json.dumps(message("ping"))), 1):
        await ada.say(text)
        await house.settled(lambda sent=number: len(noted) == sent)  # type: ignore[misc]
    assert set(noted) == {session.caller.session_id}


async def test_frames_may_be_compressed(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    bo = house.program()
    bo.name, bo.token, bo.character_id = ada.name, ada.token, ada.character_id
    await bo.connect(compress=15)
    await bo.send("auth_request", username="aldra", password="session-token", session_token=ada.token)
    await bo.until("auth_response")
    await bo.chat("x" * 400)
    for one in (ada, bo):
        assert (await one.until("chat"))["content"] == "x" * 400


async def test_a_body_that_was_kept_out_comes_in_when_it_acts(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    session = await house.door.sessions.prove(ada.token)
    await house.door.leave_world(session)
    await ada.chat("Here I am")
    assert (await ada.until("location_update"))["character_id"] == ada.character_id
    assert (await ada.until("chat"))["content"] == "Here I am"


async def test_a_token_outlives_the_process_that_gave_it(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    session = await house.door.sessions.prove(ada.token)
    house.door.sessions.forget(session.caller.session_id)  # as after a restart

    assert (await ada.call("GET", "/api/characters")).status == 200
    session = await house.door.sessions.prove(ada.token)
    session.access_token = "expired or not"
    assert (await ada.call("GET", "/api/characters")).status == 401

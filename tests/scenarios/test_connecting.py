"""Connecting: sub-protocols, the first events, the envelope, and who is turned away."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest
from tests.scenarios.conftest import SECRET, NewPlayer
from tests.support.spec_client import (
    MSGPACK,
    Account,
    Address,
    ConnectionGone,
    DoorName,
    HandshakeRefused,
    Player,
    WebSocket,
    call,
    guest,
    log_in,
    register,
    unique_name,
)

from mythgate.backends.system import JwtSigner
from mythgate.domain.ids import AccountId, SessionId
from mythgate.wire.envelope import schema

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
OPTIONAL = {"room_id", "player_id", "priority", "version", "message_id", "reply_to"}


@functools.cache
def event_validator(event_type: str) -> Any:
    """What the published AsyncAPI document says about one kind of event."""
    document = schema.asyncapi()
    payload = document["components"]["messages"][f"event.{event_type}"]["payload"]
    return jsonschema_rs.validator_for({**payload, "components": document["components"]})


def check_envelope(event: dict[str, Any]) -> None:
    assert set(event) - OPTIONAL == {"sequence_number", "event_type", "timestamp", "data"}, event
    assert TIMESTAMP.fullmatch(event["timestamp"]), event["timestamp"]
    assert isinstance(event["data"], dict)
    event_validator(event["event_type"]).validate(event)


# --- shaking hands ---------------------------------------------------------------------------------


async def test_the_server_answers_bearer_and_never_the_token(people: NewPlayer) -> None:
    player = await people()
    assert player.socket is not None
    assert player.socket.protocol == "bearer"
    assert player.account.token not in str(player.socket.headers)


async def test_messagepack_is_answered_when_it_was_offered(people: NewPlayer) -> None:
    player = await people("msgpack")
    assert player.socket is not None
    assert player.socket.protocol == MSGPACK


async def test_extensions_are_not_used_unless_offered(people: NewPlayer) -> None:
    player = await people()
    assert player.socket is not None
    assert player.socket.extensions == ""


async def test_the_older_address_takes_identity_from_the_token(people: NewPlayer, at: Address) -> None:
    player = await people(enter=False)
    other = await people(enter=False)
    for path_id in (player.character_id, other.character_id):
        socket = await WebSocket.open(
            at, f"/ws/{path_id}?session_id=session-{unique_name('alias')}", ["bearer", player.account.token]
        )
        message = await socket.receive()
        assert isinstance(message, str)
        first = json.loads(message)
        if first["event_type"] == "game_state":
            assert first["data"]["player"]["id"] == player.character_id
        else:  # being turned away is as good; being somebody else is not
            assert first["event_type"] == "error"
        socket.reset()
        await socket.hang_up()


# --- what comes first ------------------------------------------------------------------------------


async def test_the_first_event_is_game_state_then_who_is_here(people: NewPlayer, door: DoorName) -> None:
    other = await people()
    player = await people(door)
    state, occupants = player.inbox.events[0], await player.inbox.expect("room_occupants")
    assert state["event_type"] == "game_state"
    assert state["sequence_number"] == 1
    data = state["data"]
    assert data["player"]["id"] == player.character_id
    assert data["player"]["name"] == player.name
    assert data["player"]["room_id"] == data["room"]["id"] == state["room_id"]
    assert data["session_id"] == player.session_id
    assert set(data["room"]["exits"]) == {"east", "south"}
    assert {row["name"] for row in data["room"]["players"]} >= {player.name, other.name}
    named = occupants["data"]
    assert {row["id"] for row in named["players"]} >= {player.character_id, other.character_id}
    assert named["count"] == len(named["players"]) + len(named["npcs"]) == len(named["occupants"])
    assert {player.name, other.name} <= set(named["occupants"])


async def test_the_envelope_is_the_same_at_every_door(people: NewPlayer) -> None:
    listeners = [await people("websocket"), await people("msgpack"), await people("sse")]
    speaker = await people()
    await speaker.command("say the same for all")
    await speaker.command("east")
    heard: list[list[dict[str, Any]]] = []
    for listener in listeners:
        await listener.inbox.expect("player_left", player_id=speaker.character_id)
        events = [
            event
            for event in listener.inbox.events
            if event["event_type"] in ("chat_message", "player_left", "player_entered_game")
            and event["data"]["player_id"] == speaker.character_id
        ]
        heard.append([{key: event[key] for key in event if key != "sequence_number"} for event in events])
        for event in listener.inbox.events:
            check_envelope(event)
    assert len(heard[0]) == 3
    assert heard[0] == heard[1] == heard[2]
    for event in speaker.inbox.events:
        check_envelope(event)


async def test_event_time_is_server_time(people: NewPlayer) -> None:
    player = await people()
    await player.fence()
    told = datetime.fromisoformat(player.inbox.events[-1]["timestamp"])
    assert abs(datetime.now(UTC) - told) < timedelta(seconds=1)


async def test_numbers_rise_by_one_from_one(people: NewPlayer, door: DoorName) -> None:
    player = await people(door)
    other = await people()
    for number in range(20):
        await other.command(f"say {number}")
    await player.inbox.expect("chat_message", message="19")
    await player.fence()
    numbers = [event["sequence_number"] for event in player.inbox.events]
    assert numbers == list(range(1, len(numbers) + 1))


# --- who is turned away ----------------------------------------------------------------------------


async def refused(at: Address, protocols: list[str], query: str = "") -> tuple[int, list[dict[str, Any]]]:
    """Close code and events of a handshake that is to fail; no event of the world may be among them."""
    socket = await WebSocket.open(at, f"/api/ws?session_id=session-{unique_name('refused')}{query}", protocols)
    events: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(10):
            while True:
                message = await socket.receive()
                assert isinstance(message, str)
                events.append(json.loads(message))
    except ConnectionGone as gone:
        assert gone.code is not None
        return gone.code, events
    finally:
        await socket.hang_up()


def signed(ids: tuple[AccountId, SessionId], *, now: datetime | None = None) -> str:
    """A token as the server itself would sign it."""
    return JwtSigner.from_secret(SECRET).sign(*ids, "somebody", now or datetime.now(UTC), timedelta(minutes=15))


def ids_in(token: str) -> tuple[AccountId, SessionId]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return AccountId(claims["sub"]), SessionId(claims["sid"])


def unsigned(token: str) -> str:
    """The same claims under `alg: none`."""

    def encode(part: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    header, claims, _ = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(header + "=="))
    return f"{encode(decoded | {'alg': 'none'})}.{claims}."


async def _turned_away(at: Address, token: str, code: int, error: str) -> None:
    closed_with, events = await refused(at, ["bearer", token])
    assert closed_with == code
    assert [event["event_type"] for event in events] == ["error", "disconnect"]
    assert events[0]["data"]["code"] == error
    assert events[1]["data"]["code"] == code
    assert events[1]["data"]["may_reconnect"] is (code < 4500)
    for event in events:
        check_envelope(event)


async def test_our_own_signature_is_accepted(people: NewPlayer, at: Address) -> None:
    """So that the refusals below are about what they say they are about."""
    player = await people(enter=False)
    token = signed(ids_in(player.account.token))
    answer = await call(at, "GET", "/api/auth/me", token=token)
    assert answer.status == 200


async def test_a_forged_token_is_refused(people: NewPlayer, at: Address) -> None:
    token = (await people(enter=False)).account.token
    head, claims, signature = token.split(".")
    flipped = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
    await _turned_away(at, f"{head}.{claims}.{flipped}", 4503, "invalid_token")
    assert (await call(at, "GET", "/api/auth/me", token=f"{head}.{claims}.{flipped}")).status == 401


async def test_a_token_without_signature_is_refused(people: NewPlayer, at: Address) -> None:
    token = unsigned((await people(enter=False)).account.token)
    await _turned_away(at, token, 4503, "invalid_token")
    assert (await call(at, "GET", "/api/auth/me", token=token)).status == 401


async def test_a_token_for_somebody_else_is_refused(
    people: NewPlayer, at: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ids_in((await people(enter=False)).account.token)
    monkeypatch.setattr("mythgate.backends.system._AUDIENCE", "somebody-else")
    token = signed(ids)
    await _turned_away(at, token, 4503, "invalid_token")
    assert (await call(at, "GET", "/api/auth/me", token=token)).status == 401


async def test_an_expired_token_is_refused_and_may_be_renewed(people: NewPlayer, at: Address) -> None:
    player = await people(enter=False)
    then = datetime.now(UTC) - timedelta(hours=1)
    token = signed(ids_in(player.account.token), now=then)
    await _turned_away(at, token, 4401, "token_expired")
    renewed = await call(at, "POST", "/api/auth/refresh", {"refresh_token": player.account.signed_in["refresh_token"]})
    player.account.signed_in["access_token"] = renewed.expect(200)["access_token"]
    await player.enter()


async def test_a_token_of_a_session_that_was_logged_out_is_refused(people: NewPlayer, at: Address) -> None:
    player = await people(enter=False)
    await player.account.log_out()
    await _turned_away(at, player.account.token, 4501, "session_ended")
    assert (await call(at, "GET", "/api/auth/me", token=player.account.token)).status == 401


@pytest.mark.parametrize("protocols", [[], ["bearer"], ["soap"]])
async def test_no_token_no_entry(at: Address, protocols: list[str]) -> None:
    code, events = await refused(at, protocols)
    assert code == 4503
    assert {event["event_type"] for event in events} == {"error", "disconnect"}


async def test_a_token_in_the_address_is_not_looked_at(people: NewPlayer, at: Address) -> None:
    token = (await people(enter=False)).account.token
    code, _ = await refused(at, [], f"&token={token}")
    assert code == 4503


@pytest.mark.parametrize("session_id", ["short", "x" * 129, "with%20blank%20inside", "umlaut-%C3%A4%C3%B6%C3%BC"])
async def test_a_session_id_of_another_form_is_refused(people: NewPlayer, at: Address, session_id: str) -> None:
    token = (await people(enter=False)).account.token
    try:
        socket = await WebSocket.open(at, f"/api/ws?session_id={session_id}", ["bearer", token])
    except HandshakeRefused as refusal:
        assert refusal.answer.status in (400, 422)
        return
    with pytest.raises(ConnectionGone):
        async with asyncio.timeout(10):
            while True:
                message = await socket.receive()
                assert isinstance(message, str)
                assert json.loads(message)["event_type"] in ("error", "disconnect")
    await socket.hang_up()


async def test_somebody_elses_character_is_not_played(people: NewPlayer) -> None:
    mine, other = await people(enter=False), await people(enter=False)
    thief = Player(mine.account, other.name, other.character_id)
    await thief.connect()
    assert await thief.wait_closed() == 4504
    assert not thief.inbox.seen("game_state")


async def test_no_character_no_entry(at: Address) -> None:
    account = await register(at)
    player = Player(account, "", "")
    await player.connect(character=False)
    assert await player.wait_closed() == 4504
    assert player.inbox.seen("error", code="no_character")


async def test_sse_turns_away_with_a_status(people: NewPlayer) -> None:
    player = await people("sse", enter=False)
    nobody = Player(Account(player.account.at, player.account.signed_in | {"access_token": "x.y.z"}), "", "", "sse")
    with pytest.raises(HandshakeRefused) as refusal:
        await nobody.connect(character=False)
    assert refusal.value.answer.status == 401
    assert refusal.value.answer.error["code"] == "invalid_token"


async def test_without_a_session_id_the_server_chooses_one_that_can_be_resumed(people: NewPlayer, at: Address) -> None:
    player = await people(enter=False)
    socket = await WebSocket.open(at, "/api/ws", ["bearer", player.account.token])
    message = await socket.receive()
    assert isinstance(message, str)
    state = json.loads(message)
    socket.reset()
    await socket.hang_up()
    player.session_id = state["data"]["session_id"]
    player.inbox.put(state)
    await player.connect(resume=True)
    await player.fence()
    assert not player.inbox.seen("reset")


# --- who comes in ----------------------------------------------------------------------------------


async def test_a_guest_gets_a_character_and_plays(at: Address) -> None:
    account = await guest(at)
    assert account.signed_in["is_guest"] is True
    player = Player(account, "", "")
    state = await player.enter(character=False)
    assert state["data"]["player"]["is_guest"] is True
    await player.command("look")
    await player.close()
    await account.log_out()


async def test_without_a_choice_the_selected_character_enters(people: NewPlayer) -> None:
    player = await people(enter=False)
    second = await player.account.create_character(unique_name("Second"))
    (await player.account.call("POST", "/api/characters/select", {"character_id": second["id"]})).expect(200)
    state = await player.enter(character=False)
    assert state["data"]["player"]["id"] == second["id"]


async def test_signing_in_again_is_another_session_of_the_same_account(people: NewPlayer, at: Address) -> None:
    player = await people()
    again = await log_in(at, player.account.username)
    assert again.signed_in["user_id"] == player.account.signed_in["user_id"]
    assert again.signed_in["session_id"] != player.account.signed_in["session_id"]
    assert [row["id"] for row in again.signed_in["characters"]] == [player.character_id]


async def test_a_nearly_right_handshake_is_no_websocket(at: Address) -> None:
    answer = await call(at, "GET", "/api/ws?session_id=session-plain")
    assert answer.status in (400, 404, 405, 426)

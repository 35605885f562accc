"""Signing out, revoking, renewing: what becomes of open lines."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import DOORS, Address, DoorName, Player, call, log_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = 1.0  # seconds


async def test_signing_out_closes_the_line_within_a_second(people: NewPlayer, door: DoorName) -> None:
    player, other = await people(door), await people()
    began = time.monotonic()
    await player.account.log_out()
    assert await player.wait_closed() == 4501
    assert time.monotonic() - began < WITHIN
    farewell = player.inbox.events[-1]
    assert farewell["event_type"] == "disconnect"
    assert farewell["data"]["may_reconnect"] is False
    await other.inbox.expect("player_left_game", player_id=player.character_id)
    for method, path in (("GET", "/api/auth/me"), ("GET", "/api/characters"), ("POST", "/api/command")):
        answer = await player.account.call(method, path, {"command": "look"} if method == "POST" else None)
        assert answer.status == 401, path
        assert answer.error["code"] == "session_ended"


async def test_a_session_is_revoked_from_elsewhere(people: NewPlayer, at: Address, door: DoorName) -> None:
    player = await people(door)
    elsewhere = await log_in(at, player.account.username)
    rows = (await elsewhere.call("GET", "/api/auth/sessions")).expect(200)["sessions"]
    assert len(rows) == 2
    mine = player.account.signed_in["session_id"]
    assert {row["id"]: row["current"] for row in rows} == {mine: False, elsewhere.signed_in["session_id"]: True}
    began = time.monotonic()
    (await elsewhere.call("DELETE", f"/api/auth/sessions/{mine}")).expect(204)
    assert await player.wait_closed() == 4501
    assert time.monotonic() - began < WITHIN
    left = (await elsewhere.call("GET", "/api/auth/sessions")).expect(200)["sessions"]
    assert [row["id"] for row in left] == [elsewhere.signed_in["session_id"]]
    await elsewhere.log_out()


async def test_somebody_elses_session_is_not_ones_to_revoke(people: NewPlayer) -> None:
    player, other = await people(), await people()
    answer = await other.account.call("DELETE", f"/api/auth/sessions/{player.account.signed_in['session_id']}")
    assert answer.status == 404
    await player.fence()


async def test_a_new_password_ends_the_other_sessions(people: NewPlayer, at: Address) -> None:
    player = await people()
    elsewhere = await log_in(at, player.account.username)
    body = {"current_password": player.account.password, "new_password": "another good password"}
    (await elsewhere.call("POST", "/api/auth/password", body)).expect(204)
    assert await player.wait_closed() == 4501
    again = await log_in(at, player.account.username, "another good password")
    assert again.signed_in["characters"][0]["id"] == player.character_id
    old = {"username": player.account.username, "password": player.account.password}
    assert (await call(at, "POST", "/api/auth/login", old)).status == 401


async def test_a_renewed_token_goes_on_with_the_same_session(people: NewPlayer, door: DoorName) -> None:
    player = await people(door)
    account = player.account
    first = account.token
    renewed = (
        await call(account.at, "POST", "/api/auth/refresh", {"refresh_token": account.signed_in["refresh_token"]})
    ).expect(200)
    account.signed_in["access_token"] = renewed["access_token"]
    assert renewed["access_token"] != first
    await player.cut()
    await player.connect(resume=True)
    await player.fence()
    assert not player.inbox.seen("reset")


async def test_unknown_name_and_wrong_password_get_the_same_answer(people: NewPlayer, at: Address) -> None:
    player = await people(enter=False)
    wrong = await call(at, "POST", "/api/auth/login", {"username": player.account.username, "password": "not this one"})
    unknown = await call(at, "POST", "/api/auth/login", {"username": "nobodyatallhere", "password": "not this one"})
    assert wrong.status == unknown.status == 401

    def without_id(error: dict[str, object]) -> dict[str, object]:
        return {key: value for key, value in error.items() if key != "request_id"}

    assert without_id(wrong.error) == without_id(unknown.error)


async def test_too_many_wrong_passwords_pause_the_account(people: NewPlayer, at: Address) -> None:
    player = await people(enter=False)
    wrong = {"username": player.account.username, "password": "not this one"}
    statuses = [(await call(at, "POST", "/api/auth/login", wrong)).status for _ in range(6)]
    assert statuses[:5] == [401] * 5
    paused = await call(
        at, "POST", "/api/auth/login", {"username": player.account.username, "password": player.account.password}
    )
    assert statuses[5] == paused.status == 429
    assert int(paused.headers["retry-after"]) > 0


async def test_a_character_is_deleted_only_out_of_the_world_and_can_be_brought_back(people: NewPlayer) -> None:
    player = await people()
    room = (await player.command("east"))["room_state"]["id"]
    path = f"/api/characters/{player.character_id}"
    refused = await player.account.call("DELETE", path)
    assert refused.status == 409
    assert refused.error["code"] == "conflict"
    await player.command("quit")
    await player.wait_closed()
    (await player.account.call("DELETE", path)).expect(204)
    nobody = Player(player.account, player.name, player.character_id)
    await nobody.connect()
    assert await nobody.wait_closed() == 4504
    (await player.account.call("POST", f"{path}/restore")).expect(200)
    state = await player.enter(session_id=f"{player.session_id}-again")
    assert state["data"]["player"]["name"] == player.name
    assert state["data"]["room"]["id"] == room


async def test_one_account_three_doors_one_at_a_time(people: NewPlayer) -> None:
    player, other = await people(), await people()
    lines = [player]
    for door in DOORS:
        line = Player(player.account, player.name, player.character_id, door)
        await line.enter()
        assert await lines[-1].wait_closed() == 4502
        lines.append(line)
    await lines[-1].command("say the last one speaks")
    await other.inbox.expect("chat_message", message="the last one speaks")
    assert [row["name"] for row in (await other.command("look"))["room_state"]["players"]].count(player.name) == 1
    await lines[-1].close()


async def test_a_takeover_in_the_middle_of_talk_is_told(people: NewPlayer, door: DoorName) -> None:
    """The old line was just written to; its farewell comes all the same."""
    old, other = await people(door), await people()
    for number in range(300):
        other.send_command(f"say {number}")
    await old.inbox.expect("chat_message", message="10")
    new = Player(old.account, old.name, old.character_id, door)
    await asyncio.gather(new.enter(), old.closed.wait())
    assert await old.wait_closed() == 4502
    assert old.inbox.events[-1]["event_type"] == "disconnect"
    await other.fence()
    await new.close()

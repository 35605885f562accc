"""The REST calls that belong to the game's beginning: that each is there, answers in its form, and says no in one."""

from __future__ import annotations

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.server import RunningServer
from tests.support.spec_client import Address, call, register, unique_name

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = [
    ("POST", "/api/auth/login"),
    ("POST", "/auth/login"),
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/logout"),
    ("GET", "/api/characters"),
    ("POST", "/api/characters"),
    ("POST", "/api/characters/select"),
    ("DELETE", "/api/characters/{id}"),
    ("GET", "/api/world/state"),
    ("GET", "/api/world/shards"),
    ("GET", "/api/world/events"),
    ("GET", "/api/party/{id}"),
    ("POST", "/api/party/create"),
    ("POST", "/api/party/invite"),
    ("POST", "/api/party/leave"),
    ("GET", "/api/quests"),
    ("GET", "/api/trades"),
    ("GET", "/api/combat"),
    ("GET", "/api/nearby"),
    ("GET", "/api/status"),
    ("POST", "/api/auth/guest"),
    ("POST", "/api/auth/refresh"),
    ("GET", "/api/auth/me"),
    ("GET", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions/{id}"),
    ("POST", "/api/auth/password"),
    ("POST", "/api/characters/{id}/restore"),
    ("POST", "/api/command"),
    ("GET", "/api/commands"),
    ("GET", "/api/rooms/{id}"),
    ("GET", "/api/rooms/list"),
    ("GET", "/api/maps/ascii"),
    ("GET", "/api/maps/ascii/minimap"),
    ("GET", "/api/maps/explored"),
    ("GET", "/api/events"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]
OPEN = {"/api/status", "/healthz", "/readyz", "/metrics"}
ANONYMOUS = {"/api/auth/login", "/auth/login", "/api/auth/register", "/api/auth/guest", "/api/auth/refresh"}


@pytest.mark.parametrize(("method", "path"), PATHS, ids=lambda part: part)
async def test_the_path_is_there(at: Address, method: str, path: str) -> None:
    answer = await call(at, method, path.replace("{id}", "0"), {} if method == "POST" else None)
    if path in OPEN:
        assert answer.status == 200
    elif path in ANONYMOUS:
        assert answer.status in (201, 401, 422)
    else:
        assert answer.status == 401, "who is not signed in learns nothing else"
        assert answer.error["code"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/auth/login"), ("POST", "/api/status"), ("GET", "/api/no")])
async def test_what_is_not_there(at: Address, method: str, path: str) -> None:
    answer = await call(at, method, path, {} if method == "POST" else None)
    assert answer.status in (404, 405)
    assert answer.error["code"]
    assert answer.json["detail"]


async def test_errors_have_one_form(people: NewPlayer, at: Address) -> None:
    player = await people(enter=False)
    answer = await call(at, "POST", "/api/auth/register", {"username": "x", "password": "y"})
    assert answer.status == 422
    error = answer.error
    assert set(error) >= {"code", "message", "hint", "retry_after", "field", "request_id"}
    assert error["request_id"] == answer.headers["x-request-id"]
    assert answer.json["detail"] == error["message"]
    fields = {row["path"] for row in error["fields"]} if error.get("fields") else {error["field"]}
    assert fields & {"username", "password", "body.username", "body.password"}
    taken = await call(
        at, "POST", "/api/auth/register", {"username": player.account.username.upper(), "password": "long enough"}
    )
    assert taken.status in (400, 409, 422)
    assert taken.error["code"] == "name_taken"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"username": {}, "password": []}']
)
async def test_bodies_that_are_none(at: Address, body: bytes) -> None:
    answer = await call(at, "POST", "/api/auth/login", body, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 422)
    assert answer.error["code"]


async def test_a_body_too_large(at: Address) -> None:
    answer = await call(at, "POST", "/api/auth/login", {"username": "a" * 100_000, "password": "b"})
    assert answer.status in (413, 422)


async def test_characters(at: Address) -> None:
    account = await register(at)
    names = [unique_name() for _ in range(3)]
    made = [await account.create_character(name) for name in names]
    listed = (await account.call("GET", "/api/characters")).expect(200)
    assert [row["name"] for row in listed["characters"]] == names
    assert listed["limit"] == 3
    for row in made:
        assert row["player_id"] == row["id"]
        assert row["room_id"]
        assert row["profession_id"] == 0
    fourth = await account.call("POST", "/api/characters", {"name": unique_name()})
    assert fourth.error["code"] == "too_many_characters"
    chosen = (await account.call("POST", "/api/characters/select", {"character_id": made[1]["id"]})).expect(200)
    assert chosen["selected"] is True
    (await account.call("DELETE", f"/api/characters/{made[1]['id']}")).expect(204)
    listed = (await account.call("GET", "/api/characters")).expect(200)
    assert [row["name"] for row in listed["characters"]] == [names[0], names[2]]
    assert [row["name"] for row in listed["deleted"]] == [names[1]]
    (await account.call("POST", f"/api/characters/{made[1]['id']}/restore")).expect(200)
    assert (await account.call("POST", "/api/characters/select", {"character_id": "nonsense"})).status in (404, 422)
    await account.log_out()


async def test_two_cannot_have_one_name(at: Address) -> None:
    first, second = await register(at), await register(at)
    name = unique_name()
    await first.create_character(name)
    for alike in (name, name.upper(), name.replace("o", "0") + " "):
        answer = await second.call("POST", "/api/characters", {"name": alike})
        assert answer.error["code"] in ("name_taken", "name_not_allowed"), alike
    await first.log_out()
    await second.log_out()


async def test_commands_over_rest_need_a_character_in_the_world(people: NewPlayer) -> None:
    player = await people(enter=False)
    answer = await player.account.call("POST", "/api/command", {"command": "look"})
    assert answer.status in (400, 409)
    assert answer.error["code"] == "not_in_world"
    await player.enter()
    told = (await player.account.call("POST", "/api/command", {"command": "go", "args": ["east"]})).expect(200)
    assert told["success"] is True
    assert told["room_state"]["id"].endswith("r1_0")
    again = {"command": "west", "message_id": "west-once"}
    assert (await player.account.call("POST", "/api/command", again)).expect(200)["repeated"] is False
    assert (await player.account.call("POST", "/api/command", again)).expect(200)["repeated"] is True


async def test_commands_allowed(people: NewPlayer) -> None:
    player = await people(enter=False)
    rows = (await player.account.call("GET", "/api/commands")).expect(200)["commands"]
    names = {row["name"] for row in rows}
    wanted = {"look", "go", "say", "emote", "whisper", "tell", "reply", "shout", "global", "who", "inventory", "get"}
    wanted |= {"drop", "give", "read", "examine", "status", "away", "busy", "back", "follow", "unfollow", "ignore"}
    wanted |= {"alias", "help", "time", "quit", "north", "up"}
    assert wanted <= names
    assert "mute" not in names, "for the staff"
    for row in rows:
        assert row["usage"]
        assert row["summary"]


async def test_rooms_and_maps_show_what_was_explored(people: NewPlayer) -> None:
    player = await people()
    here = player.inbox.events[0]["data"]["room"]["id"]
    there = (await player.command("east"))["room_state"]["id"]
    rooms = (await player.account.call("GET", "/api/maps/explored")).expect(200)
    assert {row["id"] for row in rooms["rooms"]} == {here, there}
    assert rooms["current_room_id"] == there
    listed = (await player.account.call("GET", "/api/rooms/list")).expect(200)
    assert {row["id"] for row in listed["rooms"]} == {here, there}
    assert (await player.account.call("GET", f"/api/rooms/{there}")).expect(200)["id"] == there
    unexplored = await player.account.call("GET", f"/api/rooms/{there.replace('r1_0', 'r3_3')}")
    assert unexplored.status in (403, 404)
    assert (await player.account.call("GET", "/api/maps/ascii/minimap")).expect(200)
    assert (await player.account.call("GET", "/api/maps/ascii")).expect(200)


async def test_status_counts(people: NewPlayer, at: Address) -> None:
    before = (await call(at, "GET", "/api/status")).expect(200)
    await people()
    after = (await call(at, "GET", "/api/status")).expect(200)
    assert str(after) != str(before)


async def test_secrets_stay_out_of_the_log(people: NewPlayer, server: RunningServer) -> None:
    player, other = await people(), await people()
    await player.command(f"whisper {other.name} nobody writes this down")
    await player.command("say nor this sentence")
    await other.fence()
    log = server.log.read_text()
    assert "ready" in log
    for secret in ("nobody writes this down", "nor this sentence", player.account.token, player.account.password):
        assert secret not in log
    assert player.account.signed_in["refresh_token"] not in log

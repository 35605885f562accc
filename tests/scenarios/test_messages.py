"""What clients may send, and what they get for what they may not: an `error`, and the connection lives."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import DoorName, Player, now_text

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {
    "MYTHGATE_LIMITS__COMMANDS_PER_SECOND": "20",
    "MYTHGATE_LIMITS__COMMAND_BURST": "40",
    "MYTHGATE_LIMITS__FLOOD_MUTE": "1",
}

SOCKETS: tuple[DoorName, ...] = ("websocket", "msgpack")


@pytest.fixture(params=SOCKETS)
def socket_door(request: pytest.FixtureRequest) -> DoorName:
    door: DoorName = request.param
    return door


# --- forms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        {"command": "say", "args": ["well", "met"], "timestamp": now_text()},
        {"command": "say", "args": ["well met"]},
        {"command": "say well met"},
        {"command": "say well met", "args": []},
        {"command": "SAY", "args": ["well met"], "csrfToken": "left over from elsewhere"},
        {"type": "command", "data": {"command": "say", "args": ["well", "met"]}},
        {"type": "game_command", "data": {"command": "say well met"}},
        {"event_type": "command", "data": {"command": "say well met"}},
        {"type": "chat", "data": {"message": "well met"}},
        {"type": "chat", "data": {"message": "well met", "channel": "say"}},
        {"message": json.dumps({"type": "command", "data": {"command": "say well met"}}), "timestamp": 1},
        {"message": json.dumps({"command": "say", "args": ["well met"]})},
        [{"command": "say well met"}],
    ],
    ids=lambda message: json.dumps(message)[:60],
)
async def test_forms_of_the_same_words(people: NewPlayer, socket_door: DoorName, message: Any) -> None:
    speaker, listener = await people(socket_door), await people()
    speaker.send(message)
    heard = await listener.inbox.expect("chat_message", player_id=speaker.character_id)
    assert (heard["data"]["channel"], heard["data"]["message"]) == ("say", "well met")
    answer = await speaker.inbox.expect("command_response")
    assert answer["data"]["success"] is True


async def test_an_answer_names_the_command_it_answers(people: NewPlayer, socket_door: DoorName) -> None:
    player = await people(socket_door)
    player.send({"command": "look", "message_id": "first-of-all"})
    player.send({"type": "command", "message_id": "second-of-all", "data": {"command": "who"}})
    first = await player.inbox.expect("command_response")
    second = await player.inbox.expect("command_response")
    assert (first["reply_to"], first["data"]["command"]) == ("first-of-all", "look")
    assert (second["reply_to"], second["data"]["command"]) == ("second-of-all", "who")


async def test_an_array_is_carried_out_in_order(people: NewPlayer, socket_door: DoorName) -> None:
    player = await people(socket_door)
    player.send([{"command": f"say {number}"} for number in range(5)])
    for number in range(5):
        heard = await player.inbox.expect("chat_message", player_id=player.character_id)
        assert heard["data"]["message"] == str(number)


async def test_commands_are_carried_out_in_the_order_they_came(people: NewPlayer, socket_door: DoorName) -> None:
    """Walking waits for the database, talk does not: the words are said where the speaker then is."""
    speaker, listener = await people(socket_door), await people()
    await listener.command("east")
    speaker.send_command("east")
    speaker.send_command("say I am in the east")
    speaker.send_command("west")
    speaker.send_command("say I am in the west")
    await listener.inbox.expect("player_entered", player_id=speaker.character_id)
    await listener.inbox.expect("chat_message", message="I am in the east")
    await listener.inbox.expect("player_left", player_id=speaker.character_id)
    await listener.fence()
    assert not listener.inbox.seen("chat_message", message="I am in the west")


async def test_a_ping_comes_back(people: NewPlayer, socket_door: DoorName) -> None:
    player = await people(socket_door)
    player.send({"type": "ping", "data": {"sent": 12.5}, "message_id": "ping-1"})
    pong = await player.inbox.expect("pong")
    assert pong["data"]["sent"] == 12.5
    player.send({"type": "ping"})
    await player.inbox.expect("pong")


async def test_a_message_in_fragments(people: NewPlayer, socket_door: DoorName) -> None:
    player = await people(socket_door)
    player.send({"command": "say in seven pieces"}, fragments=7)
    await player.inbox.expect("chat_message", message="in seven pieces")


async def test_positions_are_passed_on_and_only_the_latest_matters(people: NewPlayer, socket_door: DoorName) -> None:
    mover, watcher, elsewhere = await people(socket_door), await people(), await people()
    await elsewhere.command("east")
    for x in range(10):
        mover.send({"type": "position", "data": {"position": [x, 0, 0], "velocity": [1, 0, 0]}})
    seen = await watcher.inbox.expect("position_update", lambda event: event["data"]["position"][0] == 9)
    assert seen["data"]["player_id"] == mover.character_id
    assert seen["priority"] == "low"
    await elsewhere.fence()
    assert not elsewhere.inbox.seen("position_update")


# --- ways of carrying ------------------------------------------------------------------------------


async def test_events_in_one_frame_when_asked(people: NewPlayer, socket_door: DoorName) -> None:
    player = await people(socket_door, enter=False)
    player.batch = True
    speaker = await people()
    await player.enter()
    await player.fence()
    frames = player.frames
    for number in range(30):
        speaker.send_command(f"say {number}")
    await player.inbox.expect("chat_message", message="29")
    assert player.frames - frames < 30, "nothing was batched"
    await player.fence()


async def test_compression_when_asked(people: NewPlayer, socket_door: DoorName) -> None:
    player = await people(socket_door, enter=False)
    other = await people()
    await player.enter(deflate=True)
    assert player.socket is not None
    assert player.socket.deflating
    await player.command("help")
    await player.command("look")
    await other.command(f"say {'the same words again ' * 20}")
    await player.inbox.expect("chat_message", player_id=other.character_id)
    await player.command(f"say {'and back ' * 50}")
    assert player.socket.compressed_received >= 1
    await player.fence()


# --- what breaks the rules, mildly -----------------------------------------------------------------

BAD: list[tuple[Any, set[str]]] = [
    ("{", {"invalid_json"}),
    ("", {"invalid_json"}),
    ("null", {"invalid_message"}),
    ("17", {"invalid_message"}),
    ('"look"', {"invalid_message"}),
    ("{}", {"invalid_message"}),
    ('{"type": "no_such_thing"}', {"unknown_type"}),
    ('{"type": "command"}', {"invalid_message"}),
    ('{"type": "command", "data": 3}', {"invalid_message"}),
    ('{"type": "command", "data": {"command": 3}}', {"invalid_message"}),
    ('{"command": ["look"]}', {"invalid_message"}),
    ('{"command": "look", "args": "north"}', {"invalid_message"}),
    ('{"command": "look", "args": [1]}', {"invalid_message"}),
    ('{"message": "{"}', {"invalid_json"}),
    ('{"type": "position", "data": {"position": [1, 2], "velocity": [0, 0, 0]}}', {"invalid_message"}),
    ('{"type": "position", "data": {"position": [NaN, 2, 3]}}', {"invalid_json"}),
    ('{"command": "look", "x": ' + "[" * 400 + "]" * 400 + "}", {"invalid_message"}),
    (json.dumps([{"command": "look"}] * 500), {"invalid_message"}),
]


@pytest.mark.parametrize(("text", "codes"), BAD, ids=lambda value: str(value)[:40])
async def test_what_is_not_understood_is_said_so_and_life_goes_on(
    people: NewPlayer, text: str, codes: set[str]
) -> None:
    player = await people()
    assert player.socket is not None
    player.socket.send(text)
    error = await player.inbox.expect("error")
    assert error["data"]["code"] in codes, error
    assert error["data"]["message"]
    await player.command("say still here")
    await player.inbox.expect("chat_message", message="still here")


async def test_binary_rubbish_at_the_messagepack_door(people: NewPlayer) -> None:
    player = await people("msgpack")
    assert player.socket is not None
    for rubbish in (b"", b"\xc1", b"\x00", b"\x81", b"\x93\x01", bytes(range(256))):
        player.socket.send(rubbish)
        await player.inbox.expect("error")
    await player.command("say still here")


async def test_text_that_is_no_utf8_is_a_broken_frame(people: NewPlayer) -> None:
    player = await people()
    assert player.socket is not None
    player.socket.send_raw(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
    assert await player.wait_closed() in (1007, 4404)


@pytest.mark.parametrize(
    "frame",
    [
        b"\x83\x80\x00\x00\x00\x00",  # an opcode nobody knows
        b"\x81\x05hello",  # not masked
        b"\xf1\x80\x00\x00\x00\x00",  # reserved bits
        b"\x09\x80\x00\x00\x00\x00",  # a ping in fragments
        b"\x80\x80\x00\x00\x00\x00",  # continues nothing
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",  # promises 2**63 bytes
    ],
)
async def test_broken_frames_end_the_connection_and_not_the_session(people: NewPlayer, frame: bytes) -> None:
    player, other = await people(), await people()
    assert player.socket is not None
    player.socket.send_raw(frame)
    assert await player.wait_closed() in (1002, 1009, 4404)
    await other.inbox.expect("player_status", player_id=player.character_id, status="linkdead")
    await player.connect(resume=True)
    await player.fence()
    assert not player.inbox.seen("reset")


async def test_a_line_too_long_is_refused(people: NewPlayer, socket_door: DoorName) -> None:
    player = await people(socket_door)
    assert (await player.command(f"say {'x' * 990}", ok=False))["code"] == "invalid_input"
    player.send_command(f"say {'x' * 5000}")
    answer = await player.inbox.expect(predicate=lambda event: event["event_type"] in ("error", "command_response"))
    assert answer["data"]["code"] in ("invalid_input", "invalid_message")
    await player.command("say still here")


async def test_a_message_too_long_is_refused(people: NewPlayer, socket_door: DoorName) -> None:
    """It is thrown away while it comes; what is longer than anybody may wait for ends the connection."""
    player = await people(socket_door)
    player.send({"command": "say " + "x" * 70_000})
    error = await player.inbox.expect("error")
    assert error["data"]["code"] == "message_too_long"
    await player.command("say still here")
    await player.inbox.expect("chat_message", message="still here")


async def test_words_of_the_longest_kind_pass(people: NewPlayer, socket_door: DoorName) -> None:
    speaker, listener = await people(socket_door), await people()
    words = "ü🜁" * 256
    await speaker.command(f"say {words}")
    heard = await listener.inbox.expect("chat_message", player_id=speaker.character_id)
    assert heard["data"]["message"] == words


# --- too much --------------------------------------------------------------------------------------


async def test_a_burst_is_slowed_and_life_goes_on(people: NewPlayer, socket_door: DoorName) -> None:
    player, listener = await people(socket_door), await people()
    for number in range(45):
        player.send_command(f"say {number}")
    error = await player.inbox.expect("error")
    assert error["data"]["code"] == "rate_limited"
    assert error["data"]["retry_after"] > 0
    await _patience(player)
    await player.command("say calm now")
    await listener.inbox.expect("chat_message", message="calm now")


async def _patience(player: Player) -> None:
    """Wait for as long as the server last asked for; the wait itself is what is tested."""
    error = player.inbox.seen("error")[-1]
    await asyncio.sleep(error["data"]["retry_after"])


async def test_a_flood_is_warned_then_muted_then_closed(people: NewPlayer, socket_door: DoorName) -> None:
    player, listener = await people(socket_door), await people()
    ends = time.monotonic() + 30
    while not player.closed.is_set():
        assert time.monotonic() < ends, "the flood was never stopped"
        for _ in range(200):
            player.send_command("say flood")
        await asyncio.sleep(0.05)  # a flood in real time
    assert player.close_code == 4505
    await player.wait_closed()
    warned = [event["data"] for event in player.inbox.seen("error", code="rate_limited")]
    assert len(warned) >= 2, "first a warning, then a mute"
    assert player.inbox.events[-1]["event_type"] == "disconnect"
    assert player.inbox.events[-1]["data"]["may_reconnect"] is False
    await listener.fence()
    heard = len(listener.inbox.seen("chat_message", player_id=player.character_id))
    assert heard <= 40 + 20 * 35, "more was let through than the limit allows"
    await listener.command("say at last")

"""Client messages: every form, every limit, and nothing but ProtocolError."""

from __future__ import annotations

import json
import typing
from typing import Any

import jsonschema_rs
import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import ProtocolError
from mythgate.domain.events import IceCandidateView
from mythgate.domain.ids import CharacterId, CommandId
from mythgate.domain.voice import Signal
from mythgate.wire.envelope import schema
from mythgate.wire.envelope.inbound import (
    CHAT_COMMANDS,
    ClientMessage,
    CommandMessage,
    PingMessage,
    PongMessage,
    PositionMessage,
    VoiceSignalMessage,
    decode_json,
    decode_msgpack,
)


def decode(value: Any) -> ClientMessage:
    [message] = decode_json(json.dumps(value).encode())
    assert decode_msgpack(ormsgpack.packb(value)) == [message]
    return message


def code_of(raw: bytes) -> str:
    with pytest.raises(ProtocolError) as caught:
        decode_json(raw)
    return caught.value.code


LOOK = CommandMessage("look", None, "look")
COMMANDS: list[tuple[dict[str, Any], CommandMessage]] = [
    (
        {"command": "look", "args": [], "timestamp": "2026-01-01T00:00:00Z"},
        LOOK._replace(timestamp="2026-01-01T00:00:00Z"),
    ),
    ({"command": "look"}, LOOK),
    ({"command": "look", "args": None, "timestamp": 17.5}, LOOK._replace(timestamp=17.5)),
    ({"command": "say hello there"}, CommandMessage("say hello there", None, "say hello there")),
    ({"command": "say", "args": ["hello", "there"]}, CommandMessage("say", ["hello", "there"], None)),
    (
        {"command": "look", "message_id": "m-1", "csrfToken": "whatever", "more": {}},
        LOOK._replace(message_id=CommandId("m-1")),
    ),
    ({"command": "look", "message_id": 17}, LOOK._replace(message_id=CommandId("17"))),
    ({"type": "command", "data": {"command": "look", "args": []}}, LOOK),
    (
        {"event_type": "game_command", "data": {"command": "look"}, "message_id": "m"},
        LOOK._replace(message_id=CommandId("m")),
    ),
    ({"type": "command", "command": "look"}, LOOK),
    ({"type": "command", "data": {"command": "look", "message_id": "in"}}, LOOK._replace(message_id=CommandId("in"))),
    ({"message": '{"command":"look"}', "timestamp": 1, "csrfToken": "t"}, LOOK),
    (
        {"message": '{"type":"command","data":{"command":"look"}}', "message_id": "out"},
        LOOK._replace(message_id=CommandId("out")),
    ),
    ({"type": "chat", "data": {"message": "hi there"}}, CommandMessage("say", ["hi there"], None)),
    ({"type": "chat", "data": {"message": "hi", "channel": "global"}}, CommandMessage("shout", ["hi"], None)),
    (
        {"type": "chat", "data": {"message": "hi you", "channel": "tell", "target": "Bob"}},
        CommandMessage("whisper", ["Bob", "hi you"], None),
    ),
    ({"type": "chat", "data": {"message": "hi all", "channel": "lobby"}}, CommandMessage("lobby", ["hi all"], None)),
    (
        {"type": "chat", "data": {"message": "hi you", "channel": "lobby_tell", "target": "#12"}},
        CommandMessage("lobbytell", ["#12", "hi you"], None),
    ),
]


@pytest.mark.parametrize(("value", "expected"), COMMANDS)
def test_commands(value: Any, expected: CommandMessage) -> None:
    assert decode(value) == expected


def test_other_messages() -> None:
    assert decode({"type": "ping"}) == PingMessage(None)
    assert decode({"type": "ping", "data": {"sent": 12.5}, "message_id": "m"}) == PingMessage(12.5, CommandId("m"))
    assert decode({"type": "ping", "timestamp": "now"}) == PingMessage("now")
    assert decode({"type": "pong"}) == PongMessage()
    position = {"type": "position", "data": {"position": [1, 2.5, -3], "velocity": [0, 0, 1]}}
    assert decode(position) == PositionMessage([1.0, 2.5, -3.0], [0.0, 0.0, 1.0])
    assert decode({"type": "position", "data": {"position": [1, 2, 3]}}) == PositionMessage([1, 2, 3], [0, 0, 0])


OFFER: dict[str, Any] = {"visit": 3, "to": "ben", "to_visit": 2, "kind": "offer", "sdp": "v=0"}
CANDIDATE = {"candidate": "candidate:1", "sdp_mid": "0", "sdp_m_line_index": 0, "username_fragment": "abcd"}


def voice(**changes: Any) -> dict[str, Any]:
    return {"type": "voice_signal", "data": OFFER | changes}


def test_voice_signals() -> None:
    ben = CharacterId("ben")
    assert decode(voice() | {"message_id": "v"}) == VoiceSignalMessage(
        Signal(3, ben, 2, "offer", "v=0"), CommandId("v")
    )
    found = voice(kind="candidates", sdp="", candidates=[CANDIDATE, {"candidate": ""}])
    candidates = (IceCandidateView("candidate:1", "0", 0, "abcd"), IceCandidateView(""))
    assert decode(found) == VoiceSignalMessage(Signal(3, ben, 2, "candidates", "", candidates))
    for value in (voice(), found):
        assert _validators["voice_signal"].is_valid(value)


def test_arrays() -> None:
    assert decode_json(b'[{"command":"look"},{"type":"ping"}]') == [LOOK, PingMessage(None)]
    assert decode_json(json.dumps([{"command": "look"}] * 64).encode()) == [LOOK] * 64


BAD_SIGNALS: list[dict[str, Any]] = [
    {"kind": "bye"},
    {"kind": None},
    {"to": ""},
    {"to": "x" * 129},
    {"to": 7},
    {"sdp": None},
    {"visit": -1},
    {"visit": True},
    {"to_visit": 1 << 53},
    {"to_visit": 1.5},
    {"candidates": {}},
    {"candidates": [{"candidate": ""}] * 33},
    {"candidates": ["candidate:1"]},
    {"candidates": [{}]},
    {"candidates": [{"candidate": "", "sdp_mid": 0}]},
    {"candidates": [{"candidate": "", "username_fragment": 0}]},
    {"candidates": [{"candidate": "", "sdp_m_line_index": "0"}]},
]
BAD: list[tuple[Any, str]] = [
    ("text", "invalid_message"),
    (17, "invalid_message"),
    (None, "invalid_message"),
    ([], "invalid_message"),
    ([[{"command": "look"}]], "invalid_message"),
    ([{"command": "look"}] * 65, "invalid_message"),
    ({}, "invalid_message"),
    ({"message": 17}, "invalid_message"),
    ({"message": "not json"}, "invalid_json"),
    ({"message": "[]"}, "invalid_message"),
    ({"message": '{"message":"{}"}'}, "invalid_message"),
    ({"message": "[" * 20 + "]" * 20}, "invalid_message"),
    ({"message": '{"a":' + "[" * 20 + "]" * 20 + "}"}, "invalid_message"),
    ({"type": "dance"}, "unknown_type"),
    ({"type": 17}, "invalid_message"),
    ({"type": "command", "data": []}, "invalid_message"),
    ({"command": 17}, "invalid_message"),
    ({"command": "x" * 1001}, "message_too_long"),
    ({"command": "say", "args": ["x" * 1000]}, "message_too_long"),
    ({"command": "say", "args": "hello"}, "invalid_message"),
    ({"command": "say", "args": {}}, "invalid_message"),
    ({"command": "say", "args": [17]}, "invalid_message"),
    ({"command": "say", "args": ["x"] * 65}, "invalid_message"),
    ({"command": "look", "message_id": ""}, "invalid_message"),
    ({"command": "look", "message_id": "x" * 129}, "invalid_message"),
    ({"command": "look", "message_id": []}, "invalid_message"),
    ({"command": "look", "timestamp": []}, "invalid_message"),
    ({"command": "look", "timestamp": True}, "invalid_message"),
    ({"command": "look", "more": [[[[[[[[[[1]]]]]]]]]]}, "invalid_message"),
    ({"type": "chat", "data": {"message": 1}}, "invalid_message"),
    ({"type": "chat", "data": {"message": "x" * 1001}}, "message_too_long"),
    ({"type": "chat", "data": {"message": "x", "channel": "moon"}}, "invalid_message"),
    ({"type": "chat", "data": {"message": "x", "channel": []}}, "invalid_message"),
    ({"type": "chat", "data": {"message": "x", "channel": "whisper"}}, "invalid_message"),
    ({"type": "chat", "data": {"message": "x", "channel": "lobby_tell"}}, "invalid_message"),
    ({"type": "chat", "data": {"message": "x", "channel": "whisper", "target": "x" * 129}}, "invalid_message"),
    ({"type": "ping", "data": {"sent": []}}, "invalid_message"),
    ({"type": "ping", "data": {"sent": "x" * 129}}, "invalid_message"),
    ({"type": "position", "data": {"position": [1, 2]}}, "invalid_message"),
    ({"type": "position", "data": {"position": [1, 2, "3"]}}, "invalid_message"),
    ({"type": "position", "data": {"position": [1, 2, True]}}, "invalid_message"),
    ({"type": "position", "data": {"position": [1, 2, 1 << 60]}}, "invalid_message"),
    ({"type": "position", "data": {"position": [1, 2, -1e300]}}, "invalid_message"),
    ({"type": "position", "data": {"position": [1, 2, 3], "velocity": None}}, "invalid_message"),
    *(({"type": "voice_signal", "data": OFFER | wrong}, "invalid_message") for wrong in BAD_SIGNALS),
]


@pytest.mark.parametrize(("value", "code"), BAD)
def test_what_does_not_fit(value: Any, code: str) -> None:
    assert code_of(json.dumps(value).encode()) == code
    with pytest.raises(ProtocolError):
        decode_msgpack(ormsgpack.packb(value))


def test_what_is_not_json() -> None:
    for raw in (
        b"",
        b"{",
        b"{'command':'look'}",
        b'{"command":"\xff"}',
        b'{"command":"\\ud800"}',
        b"NaN",
        b"\xef\xbb\xbf{}",
    ):
        assert code_of(raw) == "invalid_json"
    assert code_of(b'"' + b"x" * 65536 + b'"') == "message_too_long"
    with pytest.raises(ProtocolError):
        decode_msgpack(b"\xc1")
    with pytest.raises(ProtocolError):
        decode_msgpack(b"\xc0" * 70_000)


@pytest.mark.parametrize("depth", [9, 10, 11, 12, 500])
def test_nesting(depth: int) -> None:
    value: Any = "x"
    for _ in range(depth - 1):
        value = [value]
    raw = json.dumps({"command": "look", "more": value}).encode()
    if depth <= 10:
        assert decode_json(raw) == [LOOK]
    else:
        assert code_of(raw) in ("invalid_message", "invalid_json")


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(("type", "command", "args", "data", "message", "message_id", "position", "sent"))
            | st.text(),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(_json)
def test_any_json_decodes_or_is_refused(value: Any) -> None:
    for read, raw in ((decode_json, json.dumps(value).encode()), (decode_msgpack, ormsgpack.packb(value))):
        try:
            messages = read(raw)
        except ProtocolError:
            continue
        assert messages


# --- the schemas say the same ---

_validators = {
    kind: jsonschema_rs.validator_for({"$defs": schema.bundle()["$defs"], "$ref": f"#/$defs/{name}"})
    for kind, name in schema.bundle()["x-client-messages"].items()
}


@pytest.mark.parametrize(
    "value",
    [value for value, _ in COMMANDS if "message" not in value and "event_type" not in value],
)
def test_what_is_understood_is_described(value: dict[str, Any]) -> None:
    if isinstance(value.get("message_id"), int) or ("type" in value and "data" not in value):
        return  # understood out of kindness
    assert any(validator.is_valid(value) for validator in _validators.values())


def test_the_channels_described_are_the_channels_understood() -> None:
    assert set(typing.get_args(schema.Channel)) == set(CHAT_COMMANDS)
    for channel in CHAT_COMMANDS:
        decode({"type": "chat", "data": {"message": "hi", "channel": channel, "target": "Bob"}})


@given(st.sampled_from(sorted(_validators)), _json)
def test_what_is_described_is_understood(kind: str, value: Any) -> None:
    if _validators[kind].is_valid(value):
        assert decode_json(json.dumps(value).encode())

"""Events to bytes: one shape in every format, shared bodies, valid by their own schemas."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain import events
from mythgate.domain.events import CATALOGUE, ChatMessage, Heartbeat, Payload, Priority, RoomMessage, event_of
from mythgate.domain.ids import AccountId
from mythgate.wire.envelope import schema
from mythgate.wire.envelope.render import (
    json_array,
    json_body,
    json_envelope,
    msgpack_array,
    msgpack_body,
    msgpack_envelope,
    sse_event,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def example(kind: Any) -> Any:
    """A value of that type, every field filled."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return arguments[0]
    if origin in (typing.Union, types.UnionType):
        return example(arguments[0])
    if origin is list:
        return [example(arguments[0])] * 3
    if origin is dict:
        return {"north": example(arguments[1])}
    if is_dataclass(kind):
        return filled(typing.cast("type[Any]", kind))
    simple = {str: "tëxt", int: 7, float: 1.5, bool: True, datetime: NOW, Any: "anything"}
    return simple[kind]


def filled(payload: type[Any]) -> Any:
    hints = typing.get_type_hints(payload, vars(events))
    return payload(**{field.name: example(hints[field.name]) for field in fields(payload)})


def sparse(payload: type[Any]) -> Any:
    """As `filled` with everything optional left at its default."""
    hints = typing.get_type_hints(payload, vars(events))
    needed = [field for field in fields(payload) if field.default is MISSING and field.default_factory is MISSING]
    return payload(**{field.name: example(hints[field.name]) for field in needed})


def test_the_shape() -> None:
    event = event_of(RoomMessage("A bell."), NOW)
    assert json_envelope(17, event) == (
        b'{"sequence_number":17,"event_type":"room_message","timestamp":"2026-03-01T12:00:00.123456Z",'
        b'"data":{"message":"A bell.","message_type":"action"}}'
    )


def test_optional_fields() -> None:
    event = event_of(
        RoomMessage("x"),
        NOW,
        room_id="r",
        player_id="p",
        priority=Priority.CRITICAL,
        message_id="m",
        reply_to="c",
        version=3,
        sender=AccountId("secret"),
        coalesce="secret",
    )
    envelope = json.loads(json_envelope(1, event))
    assert list(envelope) == [
        "sequence_number", "event_type", "timestamp", "data",
        "room_id", "player_id", "priority", "version", "message_id", "reply_to",
    ]  # fmt: skip
    assert envelope["priority"] == "critical"
    assert b"secret" not in json_envelope(1, event)


def test_rendered_once() -> None:
    event = event_of(Heartbeat(), NOW)
    assert json_body(event) is json_body(event)
    assert event.weight == len(json_body(event))
    assert msgpack_body(event) is msgpack_body(event)
    assert event.weight == len(msgpack_body(event))


@pytest.mark.parametrize(
    "number", [0, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0xFFFFFFFF, 0x100000000, (1 << 64) - 1], ids=hex
)
def test_numbers_of_every_width(number: int) -> None:
    event = event_of(RoomMessage("x"), NOW, room_id="r")
    envelope = ormsgpack.unpackb(msgpack_envelope(number, event))
    assert envelope == json.loads(json_envelope(number, event))
    assert envelope["sequence_number"] == number


def test_the_shape_of_a_server_sent_event() -> None:
    """Whatever the text, it is one `data:` line."""
    assert sse_event(17, event_of(RoomMessage("A bell.\n\nid: 3"), NOW)) == (
        b"id: 17\n"
        b'data: {"sequence_number":17,"event_type":"room_message","timestamp":"2026-03-01T12:00:00.123456Z",'
        b'"data":{"message":"A bell.\\n\\nid: 3","message_type":"action"}}\n\n'
    )


@given(number=st.integers(0, 1 << 50), text=st.text(), priority=st.sampled_from(Priority), room=st.none() | st.text())
def test_formats_agree(number: int, text: str, priority: Priority, room: str | None) -> None:
    event = event_of(
        ChatMessage("m", "say", "p", "Ann", text, "Ann says: " + text, NOW), NOW, room_id=room, priority=priority
    )
    envelope = json.loads(json_envelope(number, event))
    assert envelope["sequence_number"] == number
    assert envelope["data"]["message"] == text
    assert ormsgpack.unpackb(msgpack_envelope(number, event)) == envelope
    head, data = sse_event(number, event).split(b"\n", 1)
    assert head == b"id: %d" % number
    assert data.startswith(b"data: {")
    assert data.endswith(b"}\n\n")
    assert data.count(b"\n") == 2
    assert json.loads(data[6:]) == envelope


@pytest.mark.parametrize("count", [1, 2, 15, 16, 300])
def test_arrays(count: int) -> None:
    batch = [event_of(RoomMessage(str(index)), NOW) for index in range(count)]
    whole = json.loads(json_array(98, batch))
    assert [envelope["sequence_number"] for envelope in whole] == list(range(98, 98 + count))
    assert ormsgpack.unpackb(msgpack_array(98, batch)) == whole


# --- schemas ---


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_every_event_obeys_its_schema(kind: str) -> None:
    validator = jsonschema_rs.validator_for(schema.event_schema(kind))
    payload: type[Payload] = CATALOGUE[kind]
    for make in (filled, sparse):
        envelope = json.loads(json_envelope(1, event_of(make(payload), NOW)))
        validator.validate(envelope)
        envelope["data"]["surprise"] = 1
        assert not validator.is_valid(envelope)


def test_the_bundle_names_every_event() -> None:
    bundle = schema.bundle()
    assert set(bundle["x-events"]) == set(CATALOGUE)
    for name in (*bundle["x-events"].values(), *bundle["x-client-messages"].values()):
        assert name in bundle["$defs"]


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


@pytest.mark.parametrize("document", [schema.asyncapi(), schema.bundle()], ids=["asyncapi", "bundle"])
def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    found = references(document)
    assert found
    for reference in found:
        assert reference.startswith("#/")
        node: Any = document
        for part in reference[2:].split("/"):
            node = node[part]


def test_asyncapi_covers_both_channels() -> None:
    document = schema.asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in document["channels"].values()} == {"/api/ws", "/api/events"}
    assert len(document["channels"]["play"]["messages"]) == len(CATALOGUE) + len(schema.CLIENT_MESSAGES)
    json.dumps(document)

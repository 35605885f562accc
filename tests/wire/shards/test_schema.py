"""The published JSON Schema agrees with what is read and written."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from tests.wire.shards.vectors import VECTORS, WIRE

from mythgate.domain.errors import ProtocolError
from mythgate.wire.shards.codec import decode, encode
from mythgate.wire.shards.messages import MessageType
from mythgate.wire.shards.schema import document

VALIDATOR = jsonschema_rs.validator_for(document())


@pytest.mark.parametrize(("name", "wire"), WIRE)
def test_what_is_written_is_in_the_schema(name: str, wire: str) -> None:
    VALIDATOR.validate(json.loads(wire))
    assert document()["$defs"][name]["description"].lower().startswith(VECTORS["messages"][name]["model"])


@pytest.mark.parametrize("case", VECTORS["reject"], ids=lambda case: case["name"])
def test_what_is_refused_is_not(case: dict[str, Any]) -> None:
    try:
        told = json.loads(case["input"])
    except ValueError:
        return
    assert not VALIDATOR.is_valid(told)


@pytest.mark.parametrize("case", VECTORS["accept"], ids=lambda case: case["name"])
def test_what_is_taken_is_written_as_the_schema_has_it(case: dict[str, Any]) -> None:
    try:
        message = decode(case["input"])
    except ProtocolError:  # ours may refuse it
        return
    VALIDATOR.validate(json.loads(encode(message)))


def test_every_type_has_one_definition() -> None:
    told = document()
    assert list(told["$defs"]) == [str(one) for one in MessageType]
    assert [one["$ref"] for one in told["oneOf"]] == [f"#/$defs/{one}" for one in MessageType]
    assert told["$defs"]["world_announcement"]["properties"]["title"]  # a field, and no title of the schema
    assert told["$defs"]["error"]["properties"]["priority"]["default"] == 2
    assert told["$defs"]["chat"]["required"] == ["type", "version", "sender_id", "sender_name", "content"]

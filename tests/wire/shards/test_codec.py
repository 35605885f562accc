"""The codec against every vector: the same text out, the same texts taken, the same refused and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.wire.shards.vectors import FURTHER, VECTORS, WIRE

from mythgate.domain.errors import ProtocolError
from mythgate.wire.shards.codec import BrokenMessage, Failure, ProtocolHandler, decode, encode, protocol
from mythgate.wire.shards.messages import (
    CLASSES,
    BareMessage,
    CharacterCreateMessage,
    CharacterSelectMessage,
    ChatMessage,
    EventTriggerMessage,
    Message,
    MessageType,
    QuestUpdateMessage,
    ShardStatusMessage,
    TradeUpdateMessage,
)

NOT_TAKEN = {"bool_as_int": "validation", "nan_timestamp": "json", "huge_id": "validation"}
"""What the protocol lets a decoder refuse and ours does, and the check that fails."""


def text_of(**fields: Any) -> str:
    return json.dumps({"version": "1.0.0", "timestamp": 1.0, **fields})


def test_every_type_has_its_vectors() -> None:
    assert set(VECTORS["messages"]) == {str(one) for one in MessageType} == {str(one) for one in CLASSES}
    assert len(CLASSES) == 47


@pytest.mark.parametrize(("name", "wire"), WIRE)
def test_messages_are_written_as_the_original_does(name: str, wire: str) -> None:
    message = decode(wire)

    assert encode(message) == wire
    assert type(message) is CLASSES[MessageType(name)]
    assert message.is_bare is (VECTORS["messages"][name]["model"] == "bare")
    assert message.type == name


@pytest.mark.parametrize("case", VECTORS["accept"], ids=lambda case: case["name"])
def test_what_the_original_takes(case: dict[str, Any]) -> None:
    if case["name"] in NOT_TAKEN:
        with pytest.raises(BrokenMessage) as broken:
            decode(case["input"])
        assert broken.value.failure == NOT_TAKEN[case["name"]]
        return
    told = json.loads(encode(decode(case["input"])))
    assert {name: told[name] for name in case["normalized"]} == case["normalized"]


@pytest.mark.parametrize("case", VECTORS["reject"], ids=lambda case: case["name"])
def test_what_the_original_refuses(case: dict[str, Any]) -> None:
    with pytest.raises(BrokenMessage) as broken:
        decode(case["input"])

    assert broken.value.failure == case["kind"]
    assert list(broken.value.fields) == case.get("fields", [])
    assert "pydantic" not in str(broken.value)


def test_a_message_without_a_time_is_of_now() -> None:
    assert decode('{"version": "1.0.0", "type": "ping"}').timestamp > 1_700_000_000


def test_a_field_of_a_bare_message_that_does_not_fit_counts_as_left_out() -> None:
    chosen = decode(text_of(type="character_select", character_id="seven", success=True))

    assert isinstance(chosen, CharacterSelectMessage)
    assert chosen.character_id is None
    assert chosen.success is True


def test_bare_messages_carry_what_newer_peers_put_into_them() -> None:
    written = encode(ShardStatusMessage(shard_id=3, status="sealed", owning_faction=None, timestamp=1.0))

    assert json.loads(written) == {
        "type": "shard_status",
        "timestamp": 1.0,
        "version": "1.0.0",
        "message_id": None,
        "priority": 1,
        "shard_id": 3,
        "status": "sealed",
        "owning_faction": None,
    }
    assert list(json.loads(encode(EventTriggerMessage(timestamp=1.0)))) == [
        "type", "timestamp", "version", "message_id", "priority",
    ]  # fmt: skip


def test_a_class_is_called_class_on_the_wire() -> None:
    made = CharacterCreateMessage(name="Zed", calling="Ranger")

    assert json.loads(encode(made))["class"] == "Ranger"
    again = decode(encode(made))
    assert isinstance(again, CharacterCreateMessage)
    assert again.calling == "Ranger"


@pytest.mark.parametrize("text", [b"\xff", b"[" * 5000, '"\ud800"', '{"a": 1e999}'])
def test_what_is_no_json(text: str | bytes) -> None:
    with pytest.raises(BrokenMessage) as broken:
        decode(text)
    assert broken.value.failure in {Failure.JSON, Failure.VERSION}


@pytest.mark.parametrize("kind", [["chat"], {"a": 1}, True, 1.5])
def test_a_type_that_is_no_text(kind: Any) -> None:
    with pytest.raises(BrokenMessage) as broken:
        decode(text_of(type=kind))
    assert broken.value.failure is Failure.TYPE


def test_the_handler_writes_reads_and_checks() -> None:
    handler = ProtocolHandler()
    error = handler.create_error_message("NOT_FOUND", "Nothing.", {"id": 4})

    assert error.priority == 2
    assert handler.deserialize(handler.serialize(error)) == error
    assert protocol.is_version_compatible("1.0.0")
    assert not protocol.is_version_compatible("1.0.1")
    assert handler.validate_message(error)
    assert handler.validate_message({"type": "ping", "version": "9"})
    with pytest.raises(ProtocolError):
        handler.validate_message({"type": "chat"})
    with pytest.raises(ProtocolError):
        handler.serialize(QuestUpdateMessage(progress={1, 2}))


def test_a_handler_for_another_version() -> None:
    message = BareMessage(type="ping", version="1.1.0", timestamp=1.0)
    told = protocol.serialize(message)

    assert ProtocolHandler(["1.0.0", "1.1.0"]).deserialize(told) == message
    with pytest.raises(ProtocolError):
        protocol.deserialize(told)


def test_the_usual_names_are_the_strings_in_upper_case() -> None:
    assert all(one.name == one.value.upper() and one == one.value for one in MessageType)
    assert not Message(type="x").is_bare
    assert hash(MessageType.CHAT) == hash("chat")
    assert ChatMessage(sender_id=1, sender_name="a", content="b").type == "chat"


@pytest.mark.parametrize("kind", FURTHER)
def test_further_vectors(kind: str) -> None:
    for case in FURTHER[kind]["accept"]:
        told = json.loads(encode(decode(case["input"])))
        assert {name: told.get(name) for name in case["normalized"]} == case["normalized"]
    for case in FURTHER[kind]["reject"]:
        with pytest.raises(BrokenMessage) as broken:
            decode(case["input"])
        assert (broken.value.failure, sorted(broken.value.fields)) == (case["kind"], case["fields"]), case["name"]


def test_an_offer_is_never_guessed() -> None:
    message = decode(text_of(type="trade_update", souls="7", items=[{"item_id": 3, "quantity": 2.0}]))
    assert isinstance(message, TradeUpdateMessage)
    assert message.offered() == (7, [{"item_id": 3, "quantity": 2}])
    assert TradeUpdateMessage().offered() == (0, [])
    misfits: tuple[dict[str, Any], ...] = (
        {"souls": 1.5},
        {"souls": "many"},
        {"items": ["sword"]},
        {"items": {}},
        {"items": [{"item_id": None}]},
    )
    for broken in misfits:
        message = decode(text_of(type="trade_update", **broken))  # bare messages are taken, whatever is in them
        assert isinstance(message, TradeUpdateMessage)
        with pytest.raises(ValueError, match="validation error"):
            message.offered()


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"type": "combat_state", "participants": [1] * 1001}, ("participants",)),
        ({"type": "move", "position": {f"k{number}": "x" for number in range(1001)}}, ("position",)),
        ({"type": "character_list", "characters": [1] * 1001}, ("characters",)),
        ({"type": "trade_update", "items": [1] * 1001}, ("items",)),
        ({"type": "party_update", "member_ids": ["x"] * 1000}, ()),  # so many faults are not listed
    ],
)
def test_not_each_of_a_million_entries_is_looked_at(fields: dict[str, Any], blamed: tuple[str, ...]) -> None:
    with pytest.raises(BrokenMessage) as broken:
        decode(text_of(**fields))

    assert (broken.value.failure, broken.value.fields) == (Failure.VALIDATION, blamed)


def test_long_lists_of_what_is_no_field_are_passed_over_like_any_other() -> None:
    assert decode(text_of(type="ping", notes=[1] * 5000)).type == "ping"


def test_a_refusal_does_not_repeat_all_that_came() -> None:
    with pytest.raises(BrokenMessage) as broken:
        decode(text_of(type="move", character_id=1, to_location_id=0, position={"k" * 100_000: "x"}))

    assert len(broken.value.message) < 200


def test_a_thing_of_an_offer_has_few_fields() -> None:
    message = decode(text_of(type="trade_update", items=[{f"k{number}": "x" for number in range(21)}]))

    assert isinstance(message, TradeUpdateMessage)
    with pytest.raises(ValueError, match="few fields"):
        message.offered()

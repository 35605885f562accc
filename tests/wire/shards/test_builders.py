"""The builders make what the original's builders make."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from tests.wire.shards.vectors import VECTORS

from mythgate.wire.shards import builders
from mythgate.wire.shards.codec import encode
from mythgate.wire.shards.messages import Message


def first_of(kind: str) -> dict[str, object]:
    example: dict[str, object] = VECTORS["messages"][kind]["examples"][0]["json"]
    return example


def told(message: Message, like: dict[str, object]) -> dict[str, object]:
    fields: dict[str, object] = json.loads(encode(message)) | {"timestamp": like["timestamp"]}
    return fields | ({"server_time": like["server_time"]} if "server_time" in like else {})


BUILT: dict[str, Callable[[Any], Message]] = {
    "auth_request": lambda v: builders.create_auth_request(v["username"], v["password"], v["session_token"]),
    "auth_response": lambda v: builders.create_auth_response(
        v["success"], v["session_token"], v["player_id"], v["message"]
    ),
    "move": lambda v: builders.create_move_message(
        v["character_id"], v["to_location_id"], v["from_location_id"], v["position"]
    ),
    "party_invite": lambda v: builders.create_party_invite(
        v["party_id"], v["inviter_id"], v["inviter_name"], v["invitee_id"], v["invitee_name"], v["party_name"]
    ),
    "shard_captured": lambda v: builders.create_shard_captured_message(
        v["shard_id"],
        v["shard_name"],
        v["captured_by_character_id"],
        v["captured_by_character_name"],
        v["faction"],
        v["previous_owner_faction"],
    ),
    "world_state": lambda v: builders.create_world_state_message(
        v["current_reality"],
        v["reality_stability"],
        v["faction_shard_counts"],
        v["dominant_faction"],
        v["active_players"],
        v["total_aetherfalls"],
    ),
    "character_update": lambda v: builders.create_character_update(
        v["character_id"], v["character_name"], **{name: v[name] for name in list(v)[7:]}
    ),
    **{
        kind: lambda v: builders.create_chat_message(
            v["sender_id"], v["sender_name"], v["content"], v["channel"], v["recipient_id"]
        )
        for kind in ("chat", "party_chat", "faction_chat", "whisper")
    },
}


@pytest.mark.parametrize("kind", BUILT)
def test_what_is_built_is_the_vector(kind: str) -> None:
    example = first_of(kind)
    assert told(BUILT[kind](example), example) == example


def test_other_channels_are_chat() -> None:
    assert builders.create_chat_message(1, "a", "b", "trade").type == "chat"


def test_what_does_not_fit_is_refused_at_once() -> None:
    with pytest.raises(ValidationError):
        builders.create_chat_message(1, "a", "")
    with pytest.raises(ValidationError):
        builders.create_auth_request("aldra", "")

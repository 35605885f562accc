"""The usual messages in one call. What does not fit raises pydantic's ValidationError."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from mythgate.wire.shards.messages import (
    AuthRequest,
    AuthResponse,
    CharacterUpdateMessage,
    ChatMessage,
    MessageType,
    MoveMessage,
    PartyInviteMessage,
    ShardCapturedMessage,
    WorldStateMessage,
)

CHAT_TYPES: Final[Mapping[str, MessageType]] = MappingProxyType(
    {"whisper": MessageType.WHISPER, "party": MessageType.PARTY_CHAT, "faction": MessageType.FACTION_CHAT}
)
"""The type of talk on a channel; on any other it is `chat`."""


def create_auth_request(username: str, password: str, session_token: str | None = None) -> AuthRequest:
    return AuthRequest(username=username, password=password, session_token=session_token)


def create_auth_response(
    success: bool,
    session_token: str | None = None,
    player_id: int | None = None,
    message: str | None = None,
) -> AuthResponse:
    return AuthResponse(success=success, session_token=session_token, player_id=player_id, message=message)


def create_chat_message(
    sender_id: int, sender_name: str, content: str, channel: str = "global", recipient_id: int | None = None
) -> ChatMessage:
    return ChatMessage(
        type=CHAT_TYPES.get(str(channel), MessageType.CHAT),
        sender_id=sender_id,
        sender_name=sender_name,
        content=content,
        channel=channel,
        recipient_id=recipient_id,
    )


def create_character_update(character_id: int, character_name: str, **fields: Any) -> CharacterUpdateMessage:
    return CharacterUpdateMessage(character_id=character_id, character_name=character_name, **fields)


def create_move_message(
    character_id: int,
    to_location_id: int,
    from_location_id: int | None = None,
    position: dict[str, float] | None = None,
) -> MoveMessage:
    return MoveMessage(
        character_id=character_id,
        to_location_id=to_location_id,
        from_location_id=from_location_id,
        position=position,
    )


def create_party_invite(
    party_id: int,
    inviter_id: int,
    inviter_name: str,
    invitee_id: int,
    invitee_name: str,
    party_name: str | None = None,
) -> PartyInviteMessage:
    return PartyInviteMessage(
        party_id=party_id,
        inviter_id=inviter_id,
        inviter_name=inviter_name,
        invitee_id=invitee_id,
        invitee_name=invitee_name,
        party_name=party_name,
    )


def create_shard_captured_message(
    shard_id: int,
    shard_name: str,
    character_id: int,
    character_name: str,
    faction: str,
    previous_faction: str | None = None,
) -> ShardCapturedMessage:
    return ShardCapturedMessage(
        shard_id=shard_id,
        shard_name=shard_name,
        captured_by_character_id=character_id,
        captured_by_character_name=character_name,
        faction=faction,
        previous_owner_faction=previous_faction,
    )


def create_world_state_message(
    current_reality: str,
    reality_stability: float,
    faction_shard_counts: dict[str, int],
    dominant_faction: str | None = None,
    active_players: int = 0,
    total_aetherfalls: int = 0,
) -> WorldStateMessage:
    return WorldStateMessage(
        current_reality=current_reality,
        reality_stability=reality_stability,
        faction_shard_counts=faction_shard_counts,
        dominant_faction=dominant_faction,
        active_players=active_players,
        total_aetherfalls=total_aetherfalls,
    )

"""The Python client: log in, enter the world, say and do things there, hear what happens, survive a bad line.

Two classes for two dialects, used alike: `Client` speaks that of this server's http door, in which browsers play
too; `NetworkClient` that of the Shards network, with this server or another.

    async with Client("http://127.0.0.1:54731") as client:
        await client.connect("ada", "correct horse")
        print((await client.look()).description)
        await client.send_chat("Good evening!")

No part of the server is needed: the client is a distribution of its own, `mythgate-client`; where the server is, the
extra `client` brings what it requires. Lobbies: `Client.lobby`.
"""

from mythgate.client.connection import ConnectionState
from mythgate.client.lobby import LOBBY_EVENTS, Lobby, lobby_event
from mythgate.client.nearby import NearbyPlayer
from mythgate.client.network import NetworkClient, create_client_and_connect
from mythgate.client.pages import FightRecord, OwnProfile, PartyCard, PendingInvitation, QuestLog
from mythgate.client.player import Client
from mythgate.client.reconnect import Backoff
from mythgate.client.refusals import NoAnswer, Unsent
from mythgate.client.rows import CharacterRow, ShardHistoryRow, ShardRow, StatusRow, WorldEventRow, WorldStateRow
from mythgate.client.surroundings import Neighbour
from mythgate.domain.errors import ProtocolError
from mythgate.wire.shards.builders import (
    create_auth_request,
    create_auth_response,
    create_character_update,
    create_chat_message,
    create_move_message,
    create_party_invite,
    create_shard_captured_message,
    create_world_state_message,
)
from mythgate.wire.shards.codec import ProtocolHandler, protocol
from mythgate.wire.shards.encryption import FrameCipher
from mythgate.wire.shards.messages import (
    AuthRequest,
    AuthResponse,
    CharacterUpdateMessage,
    ChatMessage,
    CombatActionMessage,
    CombatStateMessage,
    ErrorMessage,
    Message,
    MessagePriority,
    MessageType,
    MoveMessage,
    PartyInviteMessage,
    PartyUpdateMessage,
    ShardCapturedMessage,
    WorldStateMessage,
)

BaseMessage = Message
"""What the original library calls it."""
EncryptionHandler = FrameCipher
"""What the original library calls it; here a key is always given."""

__all__ = [
    "LOBBY_EVENTS",
    "AuthRequest",
    "AuthResponse",
    "Backoff",
    "BaseMessage",
    "CharacterRow",
    "CharacterUpdateMessage",
    "ChatMessage",
    "Client",
    "CombatActionMessage",
    "CombatStateMessage",
    "ConnectionState",
    "EncryptionHandler",
    "ErrorMessage",
    "FightRecord",
    "Lobby",
    "Message",
    "MessagePriority",
    "MessageType",
    "MoveMessage",
    "NearbyPlayer",
    "Neighbour",
    "NetworkClient",
    "NoAnswer",
    "OwnProfile",
    "PartyCard",
    "PartyInviteMessage",
    "PartyUpdateMessage",
    "PendingInvitation",
    "ProtocolError",
    "ProtocolHandler",
    "QuestLog",
    "ShardCapturedMessage",
    "ShardHistoryRow",
    "ShardRow",
    "StatusRow",
    "Unsent",
    "WorldEventRow",
    "WorldStateMessage",
    "WorldStateRow",
    "create_auth_request",
    "create_auth_response",
    "create_character_update",
    "create_chat_message",
    "create_client_and_connect",
    "create_move_message",
    "create_party_invite",
    "create_shard_captured_message",
    "create_world_state_message",
    "lobby_event",
    "protocol",
]

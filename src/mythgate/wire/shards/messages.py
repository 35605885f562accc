"""The messages: 47 types, an envelope, and what each type has besides.

Fifteen types are *full*: their fields are the protocol's and are checked. The others are *bare*: older peers
know nothing but the envelope of them and drop the rest. What newer peers put into bare ones is declared here
too, and read with patience: a field that does not fit counts as left out, for older peers would have taken the
message.

Where the protocol leaves a choice (its "may" rows): digits in text are taken for the number; `true`, `NaN`
and whole numbers beyond 64 bits are not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, WrapValidator

VERSION: Final = "1.0.0"
CONTENT_CHARACTERS: Final = 500  # of one line of talk; code points, as all lengths here
NAME_CHARACTERS: Final = range(3, 51)  # of a user name
PASSWORD_CHARACTERS: Final = 6  # at least


class MessageType(StrEnum):
    """All types there are; the member's name is its string in upper case."""

    AUTH_REQUEST = "auth_request"
    AUTH_RESPONSE = "auth_response"
    DISCONNECT = "disconnect"
    PING = "ping"
    PONG = "pong"
    CHARACTER_LIST = "character_list"
    CHARACTER_SELECT = "character_select"
    CHARACTER_CREATE = "character_create"
    CHARACTER_UPDATE = "character_update"
    CHARACTER_DELETE = "character_delete"
    MOVE = "move"
    LOCATION_UPDATE = "location_update"
    PLAYER_JOINED_AREA = "player_joined_area"
    PLAYER_LEFT_AREA = "player_left_area"
    CHAT = "chat"
    PARTY_CHAT = "party_chat"
    FACTION_CHAT = "faction_chat"
    WHISPER = "whisper"
    WORLD_ANNOUNCEMENT = "world_announcement"
    PARTY_CREATE = "party_create"
    PARTY_INVITE = "party_invite"
    PARTY_ACCEPT = "party_accept"
    PARTY_DECLINE = "party_decline"
    PARTY_LEAVE = "party_leave"
    PARTY_KICK = "party_kick"
    PARTY_DISBAND = "party_disband"
    PARTY_UPDATE = "party_update"
    COMBAT_START = "combat_start"
    COMBAT_ACTION = "combat_action"
    COMBAT_DAMAGE = "combat_damage"
    COMBAT_HEAL = "combat_heal"
    COMBAT_END = "combat_end"
    COMBAT_STATE = "combat_state"
    WORLD_STATE = "world_state"
    SHARD_CAPTURED = "shard_captured"
    SHARD_STATUS = "shard_status"
    REALITY_SHIFT = "reality_shift"
    AETHERFALL = "aetherfall"
    TRADE_REQUEST = "trade_request"
    TRADE_ACCEPT = "trade_accept"
    TRADE_DECLINE = "trade_decline"
    TRADE_UPDATE = "trade_update"
    TRADE_COMPLETE = "trade_complete"
    QUEST_UPDATE = "quest_update"
    EVENT_TRIGGER = "event_trigger"
    ERROR = "error"
    INVALID_MESSAGE = "invalid_message"


class MessagePriority(IntEnum):
    """For information: nothing is ordered by it."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


class ErrorCode(StrEnum):
    """Why something was not done: `error_code` of an `error`."""

    PROTOCOL_ERROR = "PROTOCOL_ERROR"
    AUTH_FAILED = "AUTH_FAILED"
    AUTH_REQUIRED = "AUTH_REQUIRED"
    INVALID_MESSAGE = "INVALID_MESSAGE"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    INVALID_LOCATION = "INVALID_LOCATION"
    INVALID_CHANNEL = "INVALID_CHANNEL"
    RECIPIENT_OFFLINE = "RECIPIENT_OFFLINE"
    NOT_IN_PARTY = "NOT_IN_PARTY"
    PARTY_FULL = "PARTY_FULL"
    NO_PENDING_INVITE = "NO_PENDING_INVITE"
    COMBAT_NOT_FOUND = "COMBAT_NOT_FOUND"
    NOT_YOUR_TURN = "NOT_YOUR_TURN"
    INVALID_TARGET = "INVALID_TARGET"
    INVALID_ACTION = "INVALID_ACTION"
    INSUFFICIENT_RESOURCES = "INSUFFICIENT_RESOURCES"
    RATE_LIMITED = "RATE_LIMITED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


# --- fields ----------------------------------------------------------------------------------------


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number, not a truth value")  # noqa: TRY004 (pydantic's way to refuse)
    return value


def _or_nothing(value: Any, fits: Callable[[Any], Any]) -> Any:
    try:
        return fits(value)
    except ValidationError:
        return None


T = TypeVar("T")

Whole = Annotated[int, BeforeValidator(_no_truth), Field(ge=-(2**63), lt=2**63)]
Number = Annotated[float, BeforeValidator(_no_truth), Field(allow_inf_nan=False)]
Vector = dict[str, Number]  # keys are free; by custom x, y, z
Extra = Annotated[T | None, WrapValidator(_or_nothing)]  # a field of a bare message
_OFFER: Final = TypeAdapter(tuple[Whole, list[dict[str, Whole]]])
_OFFER_KEYS: Final = 20  # of a thing that is offered; two have a meaning


class Message(BaseModel):
    """The envelope, which every message has."""

    model_config = ConfigDict(extra="ignore")

    type: str
    timestamp: Number = Field(default_factory=time.time)  # seconds since 1970
    version: str = VERSION
    message_id: str | None = None
    priority: MessagePriority = MessagePriority.NORMAL

    @property
    def is_bare(self) -> bool:
        """Whether older peers know only the envelope of it."""
        return False


class BareMessage(Message):
    """A message of which older peers know only the envelope; also any that has nothing else."""

    @property
    def is_bare(self) -> bool:
        return True


# --- full ------------------------------------------------------------------------------------------


class AuthRequest(Message):
    """Log this socket in. The token alone counts if there is one; `password` must be there all the same."""

    type: str = MessageType.AUTH_REQUEST
    username: str = Field(min_length=NAME_CHARACTERS.start, max_length=NAME_CHARACTERS[-1])
    password: str = Field(min_length=PASSWORD_CHARACTERS, repr=False)
    session_token: str | None = Field(None, repr=False)


class AuthResponse(Message):
    type: str = MessageType.AUTH_RESPONSE
    success: bool
    session_token: str | None = Field(None, repr=False)
    player_id: Whole | None = None
    message: str | None = None
    server_time: Number | None = Field(default_factory=time.time)


class ChatMessage(Message):
    """Talk: `chat`, `party_chat`, `faction_chat` and `whisper`."""

    type: str = MessageType.CHAT
    sender_id: Whole
    sender_name: str
    channel: str = "global"
    content: str = Field(min_length=1, max_length=CONTENT_CHARACTERS)
    recipient_id: Whole | None = None


class CharacterUpdateMessage(Message):
    """How somebody is. Older clients forget place and position when these are left out."""

    type: str = MessageType.CHARACTER_UPDATE
    character_id: Whole
    character_name: str
    location_id: Whole | None = None
    position: Vector | None = None
    health: Whole | None = None
    max_health: Whole | None = None
    mana: Whole | None = None
    max_mana: Whole | None = None
    stamina: Whole | None = None
    max_stamina: Whole | None = None
    level: Whole | None = None
    faction: str | None = None


class MoveMessage(Message):
    """Go somewhere; `to_location_id` 0: stay, and take this position."""

    type: str = MessageType.MOVE
    character_id: Whole
    from_location_id: Whole | None = None
    to_location_id: Whole
    position: Vector | None = None
    velocity: Vector | None = None


class PartyInviteMessage(Message):
    type: str = MessageType.PARTY_INVITE
    party_id: Whole
    inviter_id: Whole
    inviter_name: str
    invitee_id: Whole
    invitee_name: str
    party_name: str | None = None


class PartyUpdateMessage(Message):
    type: str = MessageType.PARTY_UPDATE
    party_id: Whole
    party_name: str | None = None
    leader_id: Whole
    member_ids: list[Whole]
    member_names: list[str]
    max_members: Whole = 4
    loot_sharing: str = "equal"


class CombatActionMessage(Message):
    type: str = MessageType.COMBAT_ACTION
    combat_id: str
    character_id: Whole
    action_type: str
    target_id: Whole | None = None
    ability_name: str | None = None
    item_id: Whole | None = None


class CombatStateMessage(Message):
    type: str = MessageType.COMBAT_STATE
    combat_id: str
    turn_number: Whole
    active_character_id: Whole
    participants: list[dict[str, Any]]
    combat_log: list[str]
    is_finished: bool = False


class ShardCapturedMessage(Message):
    type: str = MessageType.SHARD_CAPTURED
    priority: MessagePriority = MessagePriority.HIGH
    shard_id: Whole
    shard_name: str
    captured_by_character_id: Whole
    captured_by_character_name: str
    faction: str
    previous_owner_faction: str | None = None


class WorldStateMessage(Message):
    type: str = MessageType.WORLD_STATE
    current_reality: str
    reality_stability: Number
    faction_shard_counts: dict[str, Whole]
    dominant_faction: str | None = None
    active_players: Whole
    total_aetherfalls: Whole


class ErrorMessage(Message):
    type: str = MessageType.ERROR
    priority: MessagePriority = MessagePriority.HIGH
    error_code: str
    error_message: str
    details: dict[str, Any] | None = None


# --- bare, with what newer peers put into them -----------------------------------------------------


class DisconnectMessage(BareMessage):
    type: str = MessageType.DISCONNECT
    reason: Extra[str] = None


class CharacterListMessage(BareMessage):
    type: str = MessageType.CHARACTER_LIST
    characters: Extra[list[dict[str, Any]]] = None


class CharacterSelectMessage(BareMessage):
    type: str = MessageType.CHARACTER_SELECT
    character_id: Extra[Whole] = None
    success: Extra[bool] = None
    character: Extra[dict[str, Any]] = None


class CharacterCreateMessage(BareMessage):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    type: str = MessageType.CHARACTER_CREATE
    name: Extra[str] = None
    race: Extra[str] = None
    calling: Extra[str] = Field(None, alias="class")
    faction: Extra[str] = None
    stats: Extra[dict[str, Whole]] = None
    success: Extra[bool] = None
    character: Extra[dict[str, Any]] = None


class CharacterDeleteMessage(BareMessage):
    type: str = MessageType.CHARACTER_DELETE
    character_id: Extra[Whole] = None
    success: Extra[bool] = None


class LocationUpdateMessage(BareMessage):
    type: str = MessageType.LOCATION_UPDATE
    character_id: Extra[Whole] = None
    location_id: Extra[Whole] = None
    location_name: Extra[str] = None


class AreaMessage(BareMessage):
    """`player_joined_area` and `player_left_area`."""

    type: str = MessageType.PLAYER_JOINED_AREA
    character_id: Extra[Whole] = None
    character_name: Extra[str] = None
    location_id: Extra[Whole] = None


class WorldAnnouncementMessage(BareMessage):
    type: str = MessageType.WORLD_ANNOUNCEMENT
    content: Extra[str] = None
    title: Extra[str] = None


class PartyCreateMessage(BareMessage):
    type: str = MessageType.PARTY_CREATE
    party_name: Extra[str] = None


class PartyStepMessage(BareMessage):
    """`party_accept`, `party_decline`, `party_leave`, `party_kick` and `party_disband`."""

    type: str = MessageType.PARTY_LEAVE
    party_id: Extra[Whole] = None
    character_id: Extra[Whole] = None


class CombatStartMessage(BareMessage):
    type: str = MessageType.COMBAT_START
    enemy: Extra[str] = None
    target_id: Extra[Whole] = None
    combat_id: Extra[str] = None
    participants: Extra[list[dict[str, Any]]] = None


class CombatEffectMessage(BareMessage):
    """`combat_damage` and `combat_heal`."""

    type: str = MessageType.COMBAT_DAMAGE
    combat_id: Extra[str] = None
    source_id: Extra[Whole] = None
    target_id: Extra[Whole] = None
    amount: Extra[Whole] = None
    result: Extra[str] = None


class CombatEndMessage(BareMessage):
    type: str = MessageType.COMBAT_END
    combat_id: Extra[str] = None
    winner_ids: Extra[list[Whole]] = None
    souls_gained: Extra[Whole] = None
    xp_gained: Extra[Whole] = None
    loot: Extra[list[Any]] = None


class ShardStatusMessage(BareMessage):
    type: str = MessageType.SHARD_STATUS
    shard_id: Extra[Whole] = None
    status: Extra[str] = None
    owning_faction: Extra[str] = None


class RealityShiftMessage(BareMessage):
    type: str = MessageType.REALITY_SHIFT
    previous_reality: Extra[str] = None
    current_reality: Extra[str] = None
    reality_stability: Extra[Number] = None


class AetherfallMessage(BareMessage):
    type: str = MessageType.AETHERFALL
    cycle: Extra[Whole] = None
    winning_faction: Extra[str] = None
    transformations: Extra[list[Any]] = None


class TradeRequestMessage(BareMessage):
    type: str = MessageType.TRADE_REQUEST
    trade_id: Extra[Any] = None
    initiator_id: Extra[Whole] = None
    target_id: Extra[Whole] = None


class TradeStepMessage(BareMessage):
    """`trade_accept` and `trade_decline`."""

    type: str = MessageType.TRADE_ACCEPT
    trade_id: Extra[Any] = None
    character_id: Extra[Whole] = None
    revision: Extra[Whole] = None  # of the offers that are accepted


class TradeUpdateMessage(BareMessage):
    type: str = MessageType.TRADE_UPDATE
    trade_id: Extra[Any] = None
    souls: Any = None  # an amount that is none is kept, for what one gives is never guessed: see `offered`
    items: Any = None
    offers: Extra[Any] = None
    accepted: Extra[Any] = None
    revision: Extra[Whole] = None  # rises with every change

    def offered(self) -> tuple[int, list[dict[str, int]]]:
        """Souls and things of an offer; what is left out is nothing. Raises ValueError if they are none."""
        souls = 0 if self.souls is None else self.souls
        items = [] if self.items is None else self.items
        if isinstance(items, list) and any(isinstance(one, dict) and len(one) > _OFFER_KEYS for one in items):
            raise ValueError("a thing of an offer has few fields")
        return _OFFER.validate_python((souls, items))


class TradeCompleteMessage(BareMessage):
    type: str = MessageType.TRADE_COMPLETE
    trade_id: Extra[Any] = None
    offers: Extra[Any] = None


class QuestUpdateMessage(BareMessage):
    type: str = MessageType.QUEST_UPDATE
    quest_id: Extra[Any] = None
    status: Extra[str] = None
    progress: Extra[Any] = None


class EventTriggerMessage(BareMessage):
    """An event of the world, with the fields it has over REST."""

    type: str = MessageType.EVENT_TRIGGER
    id: Extra[Whole] = None
    event_type: Extra[str] = None
    title: Extra[str] = None
    description: Extra[str] = None
    faction: Extra[str] = None


CLASSES: Final[Mapping[MessageType, type[Message]]] = MappingProxyType(
    {
        MessageType.AUTH_REQUEST: AuthRequest,
        MessageType.AUTH_RESPONSE: AuthResponse,
        MessageType.DISCONNECT: DisconnectMessage,
        MessageType.PING: BareMessage,
        MessageType.PONG: BareMessage,
        MessageType.CHARACTER_LIST: CharacterListMessage,
        MessageType.CHARACTER_SELECT: CharacterSelectMessage,
        MessageType.CHARACTER_CREATE: CharacterCreateMessage,
        MessageType.CHARACTER_UPDATE: CharacterUpdateMessage,
        MessageType.CHARACTER_DELETE: CharacterDeleteMessage,
        MessageType.MOVE: MoveMessage,
        MessageType.LOCATION_UPDATE: LocationUpdateMessage,
        MessageType.PLAYER_JOINED_AREA: AreaMessage,
        MessageType.PLAYER_LEFT_AREA: AreaMessage,
        MessageType.CHAT: ChatMessage,
        MessageType.PARTY_CHAT: ChatMessage,
        MessageType.FACTION_CHAT: ChatMessage,
        MessageType.WHISPER: ChatMessage,
        MessageType.WORLD_ANNOUNCEMENT: WorldAnnouncementMessage,
        MessageType.PARTY_CREATE: PartyCreateMessage,
        MessageType.PARTY_INVITE: PartyInviteMessage,
        MessageType.PARTY_ACCEPT: PartyStepMessage,
        MessageType.PARTY_DECLINE: PartyStepMessage,
        MessageType.PARTY_LEAVE: PartyStepMessage,
        MessageType.PARTY_KICK: PartyStepMessage,
        MessageType.PARTY_DISBAND: PartyStepMessage,
        MessageType.PARTY_UPDATE: PartyUpdateMessage,
        MessageType.COMBAT_START: CombatStartMessage,
        MessageType.COMBAT_ACTION: CombatActionMessage,
        MessageType.COMBAT_DAMAGE: CombatEffectMessage,
        MessageType.COMBAT_HEAL: CombatEffectMessage,
        MessageType.COMBAT_END: CombatEndMessage,
        MessageType.COMBAT_STATE: CombatStateMessage,
        MessageType.WORLD_STATE: WorldStateMessage,
        MessageType.SHARD_CAPTURED: ShardCapturedMessage,
        MessageType.SHARD_STATUS: ShardStatusMessage,
        MessageType.REALITY_SHIFT: RealityShiftMessage,
        MessageType.AETHERFALL: AetherfallMessage,
        MessageType.TRADE_REQUEST: TradeRequestMessage,
        MessageType.TRADE_ACCEPT: TradeStepMessage,
        MessageType.TRADE_DECLINE: TradeStepMessage,
        MessageType.TRADE_UPDATE: TradeUpdateMessage,
        MessageType.TRADE_COMPLETE: TradeCompleteMessage,
        MessageType.QUEST_UPDATE: QuestUpdateMessage,
        MessageType.EVENT_TRIGGER: EventTriggerMessage,
        MessageType.ERROR: ErrorMessage,
        MessageType.INVALID_MESSAGE: BareMessage,
    }
)
"""What a message of a type is read into."""

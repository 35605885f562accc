"""The catalogue: everything a client can be told, as one dataclass a kind.

A payload class is what stands in the `data` of the envelope; its fields are the wire's fields. The
services make payloads, `realtime` numbers and delivers them, `wire.envelope` derives the JSON Schemas,
the AsyncAPI document and the TypeScript types from this module. Every class registers itself in
`CATALOGUE` under its `event_type`. Values are JSON-able: text, numbers, booleans, lists, other
dataclasses of this module, aware datetimes (rendered as UTC with `Z`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar, Final, Literal

from mythgate.domain.ids import AccountId

CATALOGUE: Final[dict[str, type[Payload]]] = {}


class Priority(IntEnum):
    """LOW may be coalesced or dropped for a slow reader; HIGH and CRITICAL do not wait for merging."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


class Payload:
    """Base of all payloads; a subclass names its `event_type` and may set another default priority."""

    __slots__ = ()
    event_type: ClassVar[str] = ""
    priority: ClassVar[Priority] = Priority.NORMAL

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.event_type:
            # dataclass(slots=True) builds the class twice; the second, slotted one is the one to keep.
            CATALOGUE[cls.event_type] = cls


@dataclass(slots=True)
class Event:
    """One thing that happened, ready to be told.

    Not frozen for speed, but nobody changes an event once it is published; the hub keeps rendered bytes
    in `rendered`, one per format. `sender` is the account whose words these are: who ignores it does not
    get the event. Events with the same `coalesce` key replace each other while a reader is slow (LOW only).
    """

    payload: Payload
    timestamp: datetime
    room_id: str | None = None
    player_id: str | None = None  # addressee or subject
    priority: Priority = Priority.NORMAL
    message_id: str | None = None
    reply_to: str | None = None  # the client's command id this answers
    version: int | None = None  # version of the aggregate that changed
    sender: AccountId | None = None
    coalesce: str | None = None
    rendered: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    weight: int = field(default=256, repr=False, compare=False)  # bytes it counts for; exact once rendered


def event_of(
    payload: Payload,
    now: datetime,
    *,
    room_id: str | None = None,
    player_id: str | None = None,
    priority: Priority | None = None,
    message_id: str | None = None,
    reply_to: str | None = None,
    version: int | None = None,
    sender: AccountId | None = None,
    coalesce: str | None = None,
) -> Event:
    """An event for `payload` with the payload's own priority unless another is given."""
    return Event(
        payload,
        now,
        room_id,
        player_id,
        type(payload).priority if priority is None else priority,
        message_id,
        reply_to,
        version,
        sender,
        coalesce,
    )


# --- views: parts of payloads ----------------------------------------------------------------------


@dataclass(slots=True)
class OccupantView:
    """A player as others in the room see them."""

    id: str
    name: str
    status: Literal["online", "away", "busy", "linkdead"] = "online"
    level: int = 1
    faction: str = ""
    door: str = "http"
    afk_text: str = ""


@dataclass(slots=True)
class NpcView:
    id: str
    name: str
    summary: str = ""


@dataclass(slots=True)
class ItemView:
    """A thing one can see. Things alike are one row with a `count`; `id` is one of them."""

    id: str
    name: str
    summary: str = ""
    count: int = 1


@dataclass(slots=True)
class FixtureView:
    """Part of a place that can be looked at and read, never taken."""

    id: str
    name: str
    readable: bool = False


@dataclass(slots=True)
class ExitView:
    direction: str
    room_id: str | None  # None while unknown to the player or locked
    name: str = ""  # the room behind it, once the player has been there
    locked: bool = False
    description: str = ""


@dataclass(slots=True)
class RoomView:
    """A place as one player sees it. `exits` and `occupants` repeat `ways` and `players` in the short
    form that older clients read."""

    id: str
    name: str
    description: str
    plane: str
    zone: str
    zone_name: str
    sub_zone: str
    environment: str
    exits: dict[str, str | None]
    ways: list[ExitView]
    players: list[OccupantView]
    npcs: list[NpcView]
    items: list[ItemView]
    fixtures: list[FixtureView]
    occupants: list[str]
    occupant_count: int
    map_x: int
    map_y: int
    map_z: int = 0


@dataclass(slots=True)
class PlayerView:
    """A player's own character."""

    id: str
    name: str
    room_id: str
    level: int
    faction: str
    description: str
    status: Literal["online", "away", "busy"]
    afk_text: str
    role: str
    following: str | None
    inventory: list[ItemView]
    is_guest: bool = False


# --- state -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class GameState(Payload):
    """First event after entering the world, and the fresh start after `reset`."""

    event_type: ClassVar[str] = "game_state"
    priority: ClassVar[Priority] = Priority.HIGH
    player: PlayerView
    room: RoomView
    session_id: str
    recent: list[dict[str, Any]] = field(default_factory=list)  # recent talk of the room, oldest first: ChatMessage


@dataclass(slots=True)
class RoomUpdate(Payload):
    """The room one is in, or what lies in it, changed. Replaces what the client knew."""

    event_type: ClassVar[str] = "room_update"
    room: RoomView
    entities: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class RoomOccupants(Payload):
    """Who is in the room now. Replaces, never merges."""

    event_type: ClassVar[str] = "room_occupants"
    players: list[OccupantView]
    npcs: list[NpcView]
    occupants: list[str]  # names of both, for older clients
    count: int


@dataclass(slots=True)
class RoomItems(Payload):
    """What lies in the room now. Replaces, never merges."""

    event_type: ClassVar[str] = "room_items"
    items: list[ItemView]


@dataclass(slots=True)
class PlayerUpdate(Payload):
    """The player's own character changed."""

    event_type: ClassVar[str] = "player_update"
    player: PlayerView


@dataclass(slots=True)
class InventoryUpdate(Payload):
    event_type: ClassVar[str] = "inventory_update"
    items: list[ItemView]


# --- coming and going ------------------------------------------------------------------------------


@dataclass(slots=True)
class PlayerEntered(Payload):
    """Somebody walked into the room."""

    event_type: ClassVar[str] = "player_entered"
    player_id: str
    player_name: str
    message: str
    direction: str = ""  # where from, as a direction; empty if unknown
    player: OccupantView | None = None


@dataclass(slots=True)
class PlayerLeft(Payload):
    """Somebody walked out of the room."""

    event_type: ClassVar[str] = "player_left"
    player_id: str
    player_name: str
    message: str
    direction: str = ""


@dataclass(slots=True)
class PlayerEnteredGame(Payload):
    """Somebody came into the world, here."""

    event_type: ClassVar[str] = "player_entered_game"
    player_id: str
    player_name: str
    message: str
    player: OccupantView | None = None


@dataclass(slots=True)
class PlayerLeftGame(Payload):
    """Somebody left the world from here: on purpose, or after the grace."""

    event_type: ClassVar[str] = "player_left_game"
    player_id: str
    player_name: str
    message: str


@dataclass(slots=True)
class PlayerStatus(Payload):
    """Somebody in the room is away, busy, back, linkdead or returned."""

    event_type: ClassVar[str] = "player_status"
    player_id: str
    player_name: str
    status: Literal["online", "away", "busy", "linkdead"]
    afk_text: str = ""
    message: str = ""


@dataclass(slots=True)
class PositionUpdate(Payload):
    """Where in the room somebody stands and how they move. Units are the client's own."""

    event_type: ClassVar[str] = "position_update"
    priority: ClassVar[Priority] = Priority.LOW
    player_id: str
    position: list[float]  # x, y, z
    velocity: list[float]  # per second


# --- talk ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ChatMessage(Payload):
    """Something said. `message` is the words; `text` is the line worded for a reader."""

    event_type: ClassVar[str] = "chat_message"
    id: str
    channel: str  # say, emote, whisper, tell, shout, global, party, faction, system
    player_id: str
    player_name: str
    message: str
    text: str
    timestamp: datetime
    target_id: str | None = None
    target_name: str | None = None
    speaker_kind: Literal["player", "npc", "system"] = "player"


@dataclass(slots=True)
class RoomMessage(Payload):
    """Something happens in the room that nobody said: a thing taken, a bell, an inhabitant's move."""

    event_type: ClassVar[str] = "room_message"
    message: str
    message_type: str = "action"


@dataclass(slots=True)
class SystemMessage(Payload):
    """The server speaks to one person or to all."""

    event_type: ClassVar[str] = "system"
    priority: ClassVar[Priority] = Priority.HIGH
    message: str
    message_type: Literal["info", "warning", "error", "announcement"] = "info"


# --- commands and company --------------------------------------------------------------------------


@dataclass(slots=True)
class CommandResponse(Payload):
    """The answer to one command; `reply_to` of the envelope carries the command's id.

    `room_state` is present when the command moved the player or looked at the room, and is then
    authoritative: it replaces all the client knew about the room.
    """

    event_type: ClassVar[str] = "command_response"
    priority: ClassVar[Priority] = Priority.HIGH
    command: str
    result: str  # text for the log
    success: bool
    code: str | None = None  # stable code of a refusal
    hint: str | None = None
    retry_after: float | None = None  # seconds
    repeated: bool = False  # the command had been carried out before; no second effect
    room_changed: bool = False
    room_state: RoomView | None = None
    inventory: list[ItemView] | None = None
    player: PlayerView | None = None
    data: dict[str, Any] | None = None  # the same answer for programs, where a command has one


@dataclass(slots=True)
class FollowState(Payload):
    event_type: ClassVar[str] = "follow_state"
    following: str | None  # name
    following_id: str | None = None


# --- the connection --------------------------------------------------------------------------------


@dataclass(slots=True)
class Heartbeat(Payload):
    """Nothing happened; the connection is alive. Every 30 s."""

    event_type: ClassVar[str] = "heartbeat"


@dataclass(slots=True)
class GameTick(Payload):
    """The world's clock. LOW: a slow reader may miss some and gets the latest."""

    event_type: ClassVar[str] = "game_tick"
    priority: ClassVar[Priority] = Priority.LOW
    tick_number: int
    timestamp: datetime
    world_time: str = ""  # e.g. "the third bell of evening"
    players: int = 0


@dataclass(slots=True)
class Pong(Payload):
    event_type: ClassVar[str] = "pong"
    priority: ClassVar[Priority] = Priority.HIGH
    sent: str | float | None = None  # what the client put into its ping


@dataclass(slots=True)
class Reset(Payload):
    """What the client asked to resume is not there; a fresh `game_state` follows."""

    event_type: ClassVar[str] = "reset"
    priority: ClassVar[Priority] = Priority.CRITICAL
    reason: Literal["unknown_session", "too_old", "ahead", "overflow", "other_character"]
    message: str
    last_seq: int | None = None  # what the client had asked for


@dataclass(slots=True)
class SessionExpiring(Payload):
    """The login session ends soon unless renewed."""

    event_type: ClassVar[str] = "session_expiring"
    priority: ClassVar[Priority] = Priority.HIGH
    expires_at: datetime
    message: str


@dataclass(slots=True)
class Disconnect(Payload):
    """The server closes this connection; last event before the close frame."""

    event_type: ClassVar[str] = "disconnect"
    priority: ClassVar[Priority] = Priority.CRITICAL
    reason: str
    message: str
    may_reconnect: bool
    code: int  # of the close frame


@dataclass(slots=True)
class ErrorEvent(Payload):
    """A request was not understood or not allowed; the connection lives on."""

    event_type: ClassVar[str] = "error"
    priority: ClassVar[Priority] = Priority.HIGH
    code: str
    message: str
    hint: str = ""
    retry_after: float | None = None  # seconds
    field: str | None = None
    request_id: str | None = None


@dataclass(slots=True)
class AdminEvent(Payload):
    """For staff only: something an operator may want to know."""

    event_type: ClassVar[str] = "admin_event"
    action: str
    subject: str
    message: str

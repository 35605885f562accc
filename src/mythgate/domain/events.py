"""The catalogue: everything a client can be told, as one dataclass a kind.

A payload class is what stands in the `data` of the envelope; its fields are the wire's fields. The
services make payloads, `realtime` numbers and delivers them, `wire.envelope` derives the JSON Schemas,
the AsyncAPI document and the TypeScript types from this module. What the docstring below a field says of
it (unit, range, what null means) stands there too. Every class registers itself in `CATALOGUE` under its
`event_type`. Values are JSON-able: text, numbers, booleans, lists, other dataclasses of this module, aware
datetimes (rendered as UTC with `Z`).
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
    """Base of all payloads; a subclass must name its `event_type` and may set another default priority."""

    __slots__ = ()
    event_type: ClassVar[str]
    priority: ClassVar[Priority] = Priority.NORMAL

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
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
    subject: Any = field(default=None, repr=False, compare=False)  # what it is about, for doors with words of their own
    rendered: dict[object, bytes] = field(default_factory=dict, repr=False, compare=False)
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
    subject: object = None,
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
        subject,
    )


# --- views: parts of payloads ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OccupantView:
    """A player as others in the room see them."""

    id: str
    """Of the character; never changes."""
    name: str
    """As others read it; 20 characters at most."""
    status: Literal["online", "away", "busy", "linkdead"] = "online"
    """`linkdead`: the connection is lost and the grace before leaving runs."""
    level: int = 1
    """1 or more."""
    faction: str = ""
    """Empty: of none."""
    door: str = "http"
    """How they are connected: the name of a door, as `/api/status` lists them."""
    afk_text: str = ""
    """Why they are away or busy, in their own words, 200 characters at most. Empty: nothing said."""


@dataclass(slots=True)
class NpcView:
    """An inhabitant of the world, as players see them."""

    id: str
    """As the world pack names it; never changes."""
    name: str
    """As it stands within a sentence, so it may begin with a small letter: `the ferryman`."""
    summary: str = ""
    """The sentence one reads on entering the room. Empty: say that they are here."""


@dataclass(slots=True)
class ItemView:
    """A thing one can see. Things alike are one row with a `count`."""

    id: str
    """Of one of the things in this row."""
    name: str
    """As it stands within a sentence, with its article: `a brass lantern`."""
    summary: str = ""
    """The sentence one reads where it lies."""
    count: int = 1
    """How many things this row stands for, 1 or more."""
    readable: bool = False
    """Whether something is written on it, for `read`."""
    kind: Literal["weapon", "armor", "consumable", "tool", "quest_item", "misc"] = "misc"
    """What it is for. Weapons and armor can be equipped, one of each at a time; consumables can be used up."""
    equipped: bool = False
    """Whether the character wears or wields it."""
    attack: int = 0
    """What it adds to attacks while it is equipped."""
    defence: int = 0
    """What it adds to defence while it is equipped."""
    magic: int = 0
    """What it adds to magic while it is equipped."""
    value: int = 0
    """What one is worth, in souls."""
    number: int = 0
    """Of the thing that `id` names, for clients that know whole numbers only."""


@dataclass(slots=True)
class FixtureView:
    """Part of a place that can be looked at and read, never taken."""

    id: str
    """As the world pack names it; unique within its room."""
    name: str
    """What `look` takes."""
    readable: bool = False
    """Whether something is written on it, for `read`."""


@dataclass(slots=True)
class ExitView:
    """A way out of a room that the player can see."""

    direction: str
    """What to type to take it: `north`, `northeast` … `up`, `down`."""
    room_id: str | None
    """The room behind it; null if it is locked or the player has not been there."""
    name: str = ""
    """Name of the room behind it. Empty: the player has not been there, and no sign tells it."""
    locked: bool = False
    """Whether it takes a key."""
    description: str = ""
    """What one sees looking that way; may be empty."""
    signed: bool = False
    """Whether a sign names the room behind it for everybody."""


@dataclass(slots=True)
class CreatureView:
    """A kind of creature that lives in a place."""

    key: str
    """As the bestiary names it; never changes: `corrupt_wolf`."""
    name: str
    """Its title: `Corrupt Wolf`."""
    level: int
    """1 or more."""


@dataclass(slots=True)
class RoomView:
    """A place as one player sees it. `exits` and `occupants` repeat `ways` and `players` in the short
    form that older clients read."""

    id: str
    """As the world pack names it: `plane_zone_subzone_room`."""
    name: str
    """Its title."""
    description: str
    """Prose, which may change with the time of day and with how many people are there."""
    plane: str
    """The map it is on."""
    zone: str
    """Id of the part of the plane it belongs to."""
    zone_name: str
    """Title of that part."""
    sub_zone: str
    """Id of a smaller part of the zone."""
    environment: str
    """`indoors`, `outdoors`, `underground`, `water` or `street`."""
    exits: dict[str, str | None]
    """Room ids by direction: `ways` in short. Null if the way is locked or the player has not been there."""
    ways: list[ExitView]
    """The ways out that the player can see."""
    players: list[OccupantView]
    """All players here, the onlooker among them."""
    npcs: list[NpcView]
    """All inhabitants here."""
    items: list[ItemView]
    """What lies here and can be taken."""
    fixtures: list[FixtureView]
    """What belongs to the place."""
    occupants: list[str]
    """Names of `players` and `npcs`, in this order."""
    occupant_count: int
    """How many `players` and `npcs` there are."""
    map_x: int
    """Rooms to the east of the plane's origin; negative to the west. From -10000 to 10000."""
    map_y: int
    """Rooms to the south of the plane's origin; negative to the north. From -10000 to 10000."""
    map_z: int = 0
    """Storeys above the plane's origin; negative below. From -10000 to 10000."""
    creatures: list[CreatureView] = field(default_factory=list)
    """What one can fight here. Who was slain a moment ago is among them, and back soon."""


@dataclass(slots=True)
class StatsView:
    """The six attributes; 10 is what most people have."""

    strength: int = 10
    """Race and levels included, as in all of them."""
    dexterity: int = 10
    """Deftness and speed."""
    constitution: int = 10
    """What health and stamina depend on."""
    intelligence: int = 10
    """What mana depends on most."""
    wisdom: int = 10
    """What mana depends on as well."""
    charisma: int = 10
    """Force of character."""


@dataclass(slots=True)
class SheetView:
    """What a character can do and bear."""

    race: str
    """`Human`, `Elf`, `Dwarf`, `Tiefling`, `Dragonborn` or `Undead`."""
    character_class: str
    """`Warrior`, `Sorcerer`, `Rogue`, `Paladin`, `Necromancer` or `Ranger`."""
    stats: StatsView
    """The six attributes."""
    level: int
    """From 1 to 25."""
    experience: int
    """In all, since the beginning."""
    next_level_at: int | None
    """The experience that brings the next level; null at the highest."""
    souls: int
    """Money, 0 or more."""
    health: int
    """0 or more; at 0 the character dies."""
    max_health: int
    """The most `health` can be."""
    stamina: int
    """0 or more."""
    max_stamina: int
    """The most `stamina` can be."""
    mana: int
    """0 or more."""
    max_mana: int
    """The most `mana` can be."""
    attack: int = 0
    """What equipped things add to attacks."""
    defence: int = 0
    """What equipped things add to defence."""
    magic: int = 0
    """What equipped things add to magic."""
    armor_class: int = 10
    """10, the modifier of dexterity (half of what it is above 10, rounded down), and `defence`."""
    initiative: int = 0
    """The modifier of dexterity."""
    attack_power: int = 0
    """The modifier of strength and `attack`."""
    magic_power: int = 0
    """The modifier of intelligence and `magic`."""
    is_chosen: bool = True
    """Whether race and class were chosen, or it is too late for that."""


@dataclass(slots=True)
class PlayerView:
    """A player's own character."""

    id: str
    """Of the character; never changes."""
    name: str
    """As others read it; 20 characters at most."""
    room_id: str
    """Where the character is."""
    level: int
    """1 or more."""
    faction: str
    """Empty: of none."""
    description: str
    """What others see when they look at the character, 500 characters at most; may be empty."""
    status: Literal["online", "away", "busy"]
    """What the player has set with `away`, `busy` and `back`."""
    afk_text: str
    """Why they are away or busy, in their own words. Empty: nothing said."""
    role: str
    """What the account may do: `player`, `moderator`, `admin` or `owner`."""
    following: str | None
    """Name of whom the character follows; null for nobody."""
    inventory: list[ItemView]
    """What the character carries."""
    is_guest: bool = False
    """Whether the account is a guest's, which is deleted once it is idle."""
    number: int = 0
    """Of the character, for clients that know whole numbers only."""
    sheet: SheetView | None = None
    """What the character can do and bear; null: not told."""


# --- state -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class GameState(Payload):
    """First event after entering the world, and the fresh start after `reset`."""

    event_type: ClassVar[str] = "game_state"
    priority: ClassVar[Priority] = Priority.HIGH
    player: PlayerView
    """The player's own character."""
    room: RoomView
    """Where the character is."""
    session_id: str
    """The play session: what to resume with."""
    recent: list[dict[str, Any]] = field(default_factory=list)
    """Talk of the room before this, oldest first, 20 at most; each the `data` of a `chat_message`."""


@dataclass(slots=True)
class RoomUpdate(Payload):
    """The room one is in, or what lies in it, changed. Replaces what the client knew."""

    event_type: ClassVar[str] = "room_update"
    room: RoomView
    """The room as it is now."""
    entities: list[dict[str, Any]] = field(default_factory=list)
    """Always empty; older clients look for it. `room` names everybody and everything."""


@dataclass(slots=True)
class RoomOccupants(Payload):
    """Who is in the room now. Replaces, never merges."""

    event_type: ClassVar[str] = "room_occupants"
    players: list[OccupantView]
    """All players in the room, the reader among them."""
    npcs: list[NpcView]
    """All inhabitants in the room."""
    occupants: list[str]
    """Names of both, for older clients."""
    count: int
    """How many there are of both."""


@dataclass(slots=True)
class RoomItems(Payload):
    """What lies in the room now. Replaces, never merges."""

    event_type: ClassVar[str] = "room_items"
    items: list[ItemView]
    """Everything that lies there and can be taken."""


@dataclass(slots=True)
class PlayerUpdate(Payload):
    """The player's own character changed."""

    event_type: ClassVar[str] = "player_update"
    player: PlayerView
    """The character as it is now."""


@dataclass(slots=True)
class InventoryUpdate(Payload):
    """What the player's character carries changed. Replaces, never merges."""

    event_type: ClassVar[str] = "inventory_update"
    items: list[ItemView]
    """Everything the character carries."""


# --- coming and going ------------------------------------------------------------------------------


@dataclass(slots=True)
class PlayerEntered(Payload):
    """Somebody walked into the room."""

    event_type: ClassVar[str] = "player_entered"
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    message: str
    """The line for the log."""
    direction: str = ""
    """Where from, as seen from this room: `north` … `down`. Empty: not by a way one sees."""
    player: OccupantView | None = None
    """How they look; null if that is not known."""


@dataclass(slots=True)
class PlayerLeft(Payload):
    """Somebody walked out of the room."""

    event_type: ClassVar[str] = "player_left"
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    message: str
    """The line for the log."""
    direction: str = ""
    """Where to: `north` … `down`. Empty: not by a way one sees."""


@dataclass(slots=True)
class PlayerEnteredGame(Payload):
    """Somebody came into the world, here."""

    event_type: ClassVar[str] = "player_entered_game"
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    message: str
    """The line for the log."""
    player: OccupantView | None = None
    """How they look; null if that is not known."""


@dataclass(slots=True)
class PlayerLeftGame(Payload):
    """Somebody left the world from here: on purpose, or after the grace."""

    event_type: ClassVar[str] = "player_left_game"
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class PlayerStatus(Payload):
    """Somebody in the room is away, busy, back, linkdead or returned."""

    event_type: ClassVar[str] = "player_status"
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    status: Literal["online", "away", "busy", "linkdead"]
    """From now on. `linkdead`: the connection is lost and the grace before leaving runs."""
    afk_text: str = ""
    """Why they are away or busy, in their own words, 200 characters at most. Empty: nothing said."""
    message: str = ""
    """The line for the log."""


@dataclass(slots=True)
class PositionUpdate(Payload):
    """Where in the room somebody stands and how they move. Units are the client's own."""

    event_type: ClassVar[str] = "position_update"
    priority: ClassVar[Priority] = Priority.LOW
    player_id: str
    """Their character."""
    position: list[float]
    """x, y, z: three finite numbers, passed on as they came."""
    velocity: list[float]
    """x, y, z per second; zeros for who stands still."""


# --- talk ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ChatMessage(Payload):
    """Something said. Whoever said it gets it too, once."""

    event_type: ClassVar[str] = "chat_message"
    id: str
    """Of the message; the same for everybody who gets it."""
    channel: str
    """How far it carries. `say`, `emote`: the room; `shout`: the zone; `global`: everybody; `party`, `faction`: who is
    in it; `whisper`, `tell`: one person. A client should show others, which later versions may add, like `say`."""
    player_id: str
    """Who speaks: a character, or an inhabitant if `speaker_kind` is `npc`."""
    player_name: str
    """Name of who speaks."""
    message: str
    """The words alone: plain text in one line, 512 characters at most unless the server is set otherwise."""
    text: str
    """The whole line worded for the reader: `Ada says: Good evening!`."""
    timestamp: datetime
    """When it was said."""
    target_id: str | None = None
    """Whom a `whisper` or `tell` is for; null on other channels."""
    target_name: str | None = None
    """Their name; null on other channels."""
    speaker_kind: Literal["player", "npc", "system"] = "player"
    """What kind of being speaks."""
    origin: str = ""
    """Name of the lobby that words of the channel `global` come from; then `player_id` is empty unless the speaker came
    to it from the world. Empty: said in the world."""


@dataclass(slots=True)
class MessageDeleted(Payload):
    """The staff removed something that was said: a `chat_message` or a `lobby_message`. Clients take its words away."""

    event_type: ClassVar[str] = "message_deleted"
    id: str
    """Of the message."""
    room: str
    """The topic it was said on: `global`, `room:…`, `lobby:…`, `party:…`, `faction:…`."""


@dataclass(slots=True)
class RoomMessage(Payload):
    """Something happens in the room that nobody said: a thing taken, a bell, an inhabitant's move."""

    event_type: ClassVar[str] = "room_message"
    message: str
    """The line for the log."""
    message_type: str = "action"
    """`npc`: an inhabitant comes or goes; `action`: all else."""


@dataclass(slots=True)
class SystemMessage(Payload):
    """The server speaks to one person or to all."""

    event_type: ClassVar[str] = "system"
    priority: ClassVar[Priority] = Priority.HIGH
    message: str
    """The line for the log."""
    message_type: Literal["info", "warning", "error", "announcement"] = "info"
    """`announcement`: by the staff, to everybody in the world."""


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
    """The command's full name, whatever was typed; of one nobody knows, the word."""
    result: str
    """Text for the log, of one or more lines; may be empty, as after `say`."""
    success: bool
    """Whether it was carried out. If not, nothing changed, and `code` says why."""
    code: str | None = None
    """Stable code of a refusal, from the list of error codes; null if it succeeded."""
    hint: str | None = None
    """What to do about a refusal; null if there is nothing to say."""
    retry_after: float | None = None
    """Seconds until it may succeed; null if waiting does not help."""
    repeated: bool = False
    """The command had been carried out before; this time it had no effect."""
    room_changed: bool = False
    """Whether the command took the character to another room."""
    room_state: RoomView | None = None
    """The room as it is now; null if the command has nothing to say about it."""
    inventory: list[ItemView] | None = None
    """All that the character carries now; null if the command has nothing to say about it."""
    player: PlayerView | None = None
    """The character as it is now; null if the command has nothing to say about it."""
    data: dict[str, Any] | None = None
    """The same answer for programs; its fields depend on the command. Null for commands without one."""

    @property
    def says_nothing(self) -> bool:
        """Whether it only tells that the command was carried out."""
        return (
            not self.result
            and self.success
            and self.data is None
            and self.room_state is None
            and self.inventory is None
            and self.player is None
        )


@dataclass(slots=True)
class FollowState(Payload):
    """The character now follows somebody, or nobody any more."""

    event_type: ClassVar[str] = "follow_state"
    following: str | None
    """Name of whom the character follows; null for nobody."""
    following_id: str | None = None
    """Their character; null for nobody."""


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
    """Counts tick intervals since a fixed moment: it rises over restarts too."""
    timestamp: datetime
    """When it ticked."""
    world_time: str = ""
    """What a clock in the world says: `the third bell of evening`."""
    players: int = 0
    """How many players are in the world."""


@dataclass(slots=True)
class Pong(Payload):
    """The answer to a `ping`."""

    event_type: ClassVar[str] = "pong"
    priority: ClassVar[Priority] = Priority.HIGH
    sent: str | float | None = None
    """What the client put into its ping; null if that was nothing."""


@dataclass(slots=True)
class Reset(Payload):
    """What the client asked to resume is not there; a fresh `game_state` follows."""

    event_type: ClassVar[str] = "reset"
    priority: ClassVar[Priority] = Priority.CRITICAL
    reason: Literal["unknown_session", "too_old", "ahead", "overflow", "other_character"]
    """`unknown_session`: it is over, or there never was one; `too_old`, `overflow`: more happened than is kept;
    `ahead`: `last_seq` is higher than what was ever sent; `other_character`: it was another character's."""
    message: str
    """The same for the player."""
    last_seq: int | None = None
    """What the client had asked for; null if it named no number."""
    started_at: datetime | None = None
    """When this server was started: whoever heard of it before was told so by one that is no more. Null: it does
    not say."""


@dataclass(slots=True)
class SessionExpiring(Payload):
    """The login session ends soon unless renewed."""

    event_type: ClassVar[str] = "session_expiring"
    priority: ClassVar[Priority] = Priority.HIGH
    expires_at: datetime
    """When it ends if nothing is done until then."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class Disconnect(Payload):
    """The server closes this connection; last event before the close frame."""

    event_type: ClassVar[str] = "disconnect"
    priority: ClassVar[Priority] = Priority.CRITICAL
    reason: str
    """Stable word for why, as the list of close codes has it: `going_away`, `taken_over`, `removed` …; after a
    refused handshake, the code of the `error` event before this."""
    message: str
    """The same for the player."""
    may_reconnect: bool
    """Whether the client should reconnect by itself."""
    code: int
    """Of the close frame that follows: below 4500 one may reconnect."""


@dataclass(slots=True)
class ErrorEvent(Payload):
    """A request was not understood or not allowed. The connection lives on, unless a `disconnect` follows."""

    event_type: ClassVar[str] = "error"
    priority: ClassVar[Priority] = Priority.HIGH
    code: str
    """Stable, from the list of error codes."""
    message: str
    """What happened, in a sentence for the player."""
    hint: str = ""
    """What to do about it; may be empty."""
    retry_after: float | None = None
    """Seconds until the same may succeed; null if waiting does not help."""
    field: str | None = None
    """The field or parameter that is to blame; null if none is."""
    request_id: str | None = None
    """Under which the server's log has the story of a fault of ours; null for what is none."""


@dataclass(slots=True)
class AdminEvent(Payload):
    """For staff only: something an operator may want to know."""

    event_type: ClassVar[str] = "admin_event"
    action: str
    """What happened, as the audit log has it: `account.muted`, `character.kicked`, `world.broken` …"""
    subject: str
    """Id of the account concerned. Empty: none is."""
    message: str
    """The line for the log."""


# --- lobbies ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class LobbyPlayerView:
    """Somebody in a lobby."""

    number: int
    """The same in every lobby; guests have one above 1,073,741,822 for as long as they are here."""
    name: str
    """Without style codes."""
    team: str = ""
    """The team name of their choice, without style codes. Empty: none."""
    client: str = ""
    """What they are here with: `Aleph One`, `Myth II 1.8`, `browser` …"""
    door: str = ""
    """How they came in: `metaserver`, `http` or `telnet`."""
    is_guest: bool = False
    """Whether they have no account."""
    role: str = "player"
    """`player`, `moderator`, `admin` or `owner`."""
    caste: int = -1
    """0 to 17; -1 for guests and where nothing is ranked."""
    colour: str = "#808080"
    """Of their choice, as `#rrggbb`."""
    clan: int = 0
    """Number of their clan; 0: none."""
    away: bool = False
    """Whether they said that they are away."""
    afk_text: str = ""
    """Why, in their words."""
    in_game: bool = False
    """Whether they play and do not read."""


@dataclass(slots=True)
class HostedGameView:
    """A game somebody hosts."""

    number: int
    """Of the game."""
    name: str
    """Without style codes."""
    host: int
    """Number of who hosts it."""
    host_name: str
    """Their name, without style codes."""
    family: str
    """`marathon`, `tfl`, `myth`, `myth2` or `myth3`."""
    state: Literal["listed", "running", "ended", "abandoned"]
    """`listed`: still gathers players."""
    joinable: bool
    """Whether it still takes players."""
    map_name: str = ""
    """Where it is played."""
    kind: str = ""
    """What is played, in words."""
    difficulty: str = ""
    """In words. Empty: not known."""
    scenario: str = ""
    """What has to be installed to join. Empty: not known."""
    players: int = 0
    """How many are in it."""
    max_players: int = 0
    """How many it takes; 0: not known."""
    seconds_left: int | None = None
    """Until the time is up; null if it does not run or has no limit."""
    has_password: bool = False
    """Whether one needs a password to join."""
    reachable: bool | None = None
    """Whether the host answered from outside; null if nobody tried."""
    elapsed_seconds: int | None = None
    """Since it began; null if it did not."""
    line_up: list[int] = field(default_factory=list)
    """Numbers of who plays, as the host told. Empty: not known."""


@dataclass(slots=True)
class LobbyView:
    """A lobby as the list shows it."""

    room_id: int
    """Of the lobby."""
    name: str
    """Of the lobby."""
    family: str
    """Whose players it is for: `marathon`, `tfl`, `myth`, `myth2` or `myth3`."""
    kind: Literal["unranked", "ranked", "tournament"]
    """Whether results count, and for what."""
    players: int
    """How many are in it."""
    games: int
    """How many are listed or run."""
    capacity: int
    """How many it takes."""
    min_caste: int
    """-1 to 99; who has less is not let in."""
    max_caste: int
    """-1 to 99; who has more is not let in."""
    locked: bool = False
    """Whether the staff lets nobody in."""
    squelched: bool = False
    """Whether only the staff may talk to everybody."""
    world_chat: bool = False
    """Whether what is said in it is heard on the global channel of the world, and the other way round."""
    type_name: str = "standard"
    """Its type: `standard`, `tournament`, or what a plug-in calls its own, such as a game."""


@dataclass(slots=True)
class LobbyState(Payload):
    """All of a lobby; sent to who enters."""

    event_type: ClassVar[str] = "lobby_state"
    lobby: LobbyView
    """Which one."""
    players: list[LobbyPlayerView]
    """Who is there, yourself among them."""
    games: list[HostedGameView]
    """What is hosted there."""
    messages: list[LobbyMessage]
    """What was said last, oldest first."""
    you: int
    """Your own number."""


@dataclass(slots=True)
class LobbyPlayerEntered(Payload):
    """Somebody comes into the lobby."""

    event_type: ClassVar[str] = "lobby_player_entered"
    player: LobbyPlayerView
    """Who."""


@dataclass(slots=True)
class LobbyPlayerChanged(Payload):
    """Somebody in the lobby looks different, is away, or plays. Replaces what was known of them."""

    event_type: ClassVar[str] = "lobby_player_changed"
    player: LobbyPlayerView
    """As they are now."""


@dataclass(slots=True)
class LobbyPlayerLeft(Payload):
    """Somebody leaves the lobby."""

    event_type: ClassVar[str] = "lobby_player_left"
    number: int
    """Who."""
    name: str
    """Their name, without style codes."""
    reason: Literal["left", "lost", "kicked", "moved", "elsewhere"]
    """`lost`: the connection; `elsewhere`: signed in from somewhere else."""


@dataclass(slots=True)
class LobbyMessage(Payload):
    """Something said in a lobby. Whoever said it gets it too, once."""

    event_type: ClassVar[str] = "lobby_message"
    id: str
    """Of the message."""
    kind: Literal["say", "action", "private", "line"]
    """`private`: to one person; `line`: by the server."""
    number: int
    """Who speaks; 0: the server."""
    name: str
    """Their name, without style codes. Empty: the server."""
    message: str
    """The words, without style codes."""
    styled: str
    """The words with style codes: `|b` bold, `|i` italic, `|u` underlined, `|p` plain again."""
    timestamp: datetime
    """When it was said."""
    target: int = 0
    """Whom a `private` one is for."""
    target_name: str = ""
    """Their name."""
    origin: str = ""
    """Where words from elsewhere were said: `world`, or the name of another lobby; then `number` is 0. Empty: here."""


@dataclass(slots=True)
class LobbyGameListed(Payload):
    """A game is announced in the lobby."""

    event_type: ClassVar[str] = "lobby_game_listed"
    game: HostedGameView
    """The game."""


@dataclass(slots=True)
class LobbyGameChanged(Payload):
    """A game is not as it was. Replaces what was known of it."""

    event_type: ClassVar[str] = "lobby_game_changed"
    game: HostedGameView
    """As it is now."""


@dataclass(slots=True)
class LobbyGameRemoved(Payload):
    """A game is gone."""

    event_type: ClassVar[str] = "lobby_game_removed"
    number: int
    """Of the game."""


@dataclass(slots=True)
class LobbyCounts(Payload):
    """How many people and games are where, in all lobbies one may see."""

    event_type: ClassVar[str] = "lobby_counts"
    priority: ClassVar[Priority] = Priority.LOW
    lobbies: list[LobbyView]
    """All of them."""


# --- friends and clans -----------------------------------------------------------------------------


@dataclass(slots=True)
class FriendView:
    """Somebody on a list of friends."""

    number: int
    """Of the account, the same in every lobby."""
    name: str
    """Of the account."""
    state: Literal["unacknowledged", "active", "offline"]
    """`unacknowledged`: does not list you; `offline`: is in no lobby."""
    room_id: int | None = None
    """The lobby they are in; null if they are in none."""


@dataclass(slots=True)
class FriendsChanged(Payload):
    """Your list of friends is another, or one of them came or went."""

    event_type: ClassVar[str] = "friends_changed"
    friends: list[FriendView]
    """All of them."""


@dataclass(slots=True)
class ClanMemberView:
    """A member of a clan."""

    number: int
    """Of the account, the same in every lobby."""
    name: str
    """Of the account."""
    rank: Literal["leader", "officer", "member"]
    """Within the clan."""
    room_id: int | None = None
    """The lobby they are in; null if they are in none."""


@dataclass(slots=True)
class ClanChanged(Payload):
    """Your clan is another, or one of its members came or went."""

    event_type: ClassVar[str] = "clan_changed"
    number: int
    """Of the clan; 0: you are in none any more."""
    name: str
    """Of the clan. Empty: you are in none any more."""
    members: list[ClanMemberView]
    """All of them, the longest-standing first."""


@dataclass(slots=True)
class LobbyMatchFound(Payload):
    """An opponent was found for who looked for one. Both are told; who hosts is theirs to agree."""

    event_type: ClassVar[str] = "lobby_match_found"
    player: LobbyPlayerView
    """The opponent."""
    rating: int
    """The opponent's points on the ladder of ranked games."""
    yours: int
    """Your own."""


@dataclass(slots=True)
class LobbyPlayState(Payload):
    """How what is played in the lobby stands, for who enters and whenever it is another. Replaces what was known."""

    event_type: ClassVar[str] = "lobby_play_state"
    kind: str
    """What is played: the type of the lobby."""
    state: dict[str, Any]
    """How it stands, in the words of its kind."""
    seconds_left: float | None = None
    """Until something happens by itself, such as the end of a turn; null: nothing does."""


@dataclass(slots=True)
class LobbyPlayEvent(Payload):
    """Something happens in what is played in the lobby, or is told to one player alone."""

    event_type: ClassVar[str] = "lobby_play_event"
    kind: str
    """What is played: the type of the lobby."""
    what: str
    """What happens, in the words of its kind."""
    data: dict[str, Any]
    """All about it."""


# --- character sheets ------------------------------------------------------------------------------


@dataclass(slots=True)
class PlayerState(Payload):
    """How a player in the room is. Their own client hears it, too. Replaces what was told before."""

    event_type: ClassVar[str] = "player_state"
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    level: int
    """From 1 to 25."""
    health: int
    """0 or more."""
    max_health: int
    """The most `health` can be."""
    stamina: int
    """0 or more."""
    max_stamina: int
    """The most `stamina` can be."""
    mana: int
    """0 or more."""
    max_mana: int
    """The most `mana` can be."""


@dataclass(slots=True)
class LevelUp(Payload):
    """A player in the room rose to a higher level. Their own client hears it, too."""

    event_type: ClassVar[str] = "level_up"
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    level: int
    """The level they have now, from 2 to 25."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class PlayerDied(Payload):
    """A player in the room died. They awake elsewhere; their own client hears it, too."""

    event_type: ClassVar[str] = "player_died"
    priority: ClassVar[Priority] = Priority.HIGH
    player_id: str
    """Their character."""
    player_name: str
    """Their name."""
    message: str
    """The line for the log."""


# --- trade -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class TradeLineView:
    """A thing in an offer, or so many of a stack."""

    item_id: str
    """Of the thing, or of the stack it is taken from."""
    name: str
    """As it stands within a sentence, with its article: `a brass lantern`."""
    quantity: int = 1
    """How many are offered, 1 or more."""
    number: int = 0
    """Of the thing, for clients that know whole numbers only."""


@dataclass(slots=True)
class TradeOfferView:
    """What one of the two gives."""

    souls: int
    """How many, 0 or more."""
    items: list[TradeLineView]
    """Things, in the order they were offered."""
    confirmed: bool
    """Whether this side wants the trade as it stands. Any change of either offer takes both confirmations back."""


@dataclass(slots=True)
class TradeView:
    """A trade as one of the two sees it."""

    id: str
    """Of the trade."""
    state: Literal["requested", "open", "settling", "completed", "ended"]
    """`settling`: both have confirmed, and it is being saved."""
    requester_id: str
    """The character who asked."""
    partner_id: str
    """The other character, as the reader sees it."""
    partner_name: str
    """Their name."""
    yours: TradeOfferView
    """What the reader gives."""
    theirs: TradeOfferView
    """What the reader gets."""
    revision: int
    """Rises with every change of an offer. Send it with a confirmation to confirm what you have seen."""
    expires_at: datetime
    """When the trade ends if nobody does anything."""


@dataclass(slots=True)
class TradeRequest(Payload):
    """Somebody in the room wants to trade, or you asked."""

    event_type: ClassVar[str] = "trade_request"
    priority: ClassVar[Priority] = Priority.HIGH
    trade: TradeView
    """The trade, which waits for an answer."""
    message: str
    """The same in a sentence."""


@dataclass(slots=True)
class TradeAccept(Payload):
    """A request was accepted, or one of the two confirmed."""

    event_type: ClassVar[str] = "trade_accept"
    priority: ClassVar[Priority] = Priority.HIGH
    trade: TradeView
    """The trade as it is now."""
    player_id: str
    """Which character did."""
    message: str
    """The same in a sentence."""


@dataclass(slots=True)
class TradeUpdate(Payload):
    """An offer is another, or the trade could not be settled; nobody has confirmed any more."""

    event_type: ClassVar[str] = "trade_update"
    priority: ClassVar[Priority] = Priority.HIGH
    trade: TradeView
    """The trade as it is now."""
    message: str
    """What happened, in a sentence."""


@dataclass(slots=True)
class TradeDecline(Payload):
    """A trade or a request is over without anything changing hands."""

    event_type: ClassVar[str] = "trade_decline"
    priority: ClassVar[Priority] = Priority.HIGH
    id: str
    """Of the trade."""
    partner_id: str
    """The other character, as the reader sees it."""
    reason: Literal["declined", "cancelled", "moved", "gone", "fighting", "expired", "elsewhere"]
    """`gone`: left the world or lost the line; `elsewhere`: one of the two trades with somebody else."""
    player_id: str | None
    """The character that caused it; null for nobody."""
    message: str
    """The same in a sentence."""


@dataclass(slots=True)
class TradeComplete(Payload):
    """A trade is done and saved: what both offered has changed hands."""

    event_type: ClassVar[str] = "trade_complete"
    priority: ClassVar[Priority] = Priority.HIGH
    trade: TradeView
    """The trade with both offers as they were settled."""
    souls: int
    """How many the reader has now."""
    message: str
    """The same in a sentence."""


# --- parties ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class PartyMemberView:
    """A member of a party, as the others see them."""

    id: str
    """Of the character; never changes."""
    number: int
    """Of the character, for clients that know whole numbers only."""
    name: str
    """Of the character."""
    level: int
    """1 or more; 0: not known, because they are absent."""
    faction: str
    """Empty: of none, or absent."""
    status: Literal["online", "away", "busy", "linkdead", "absent"]
    """`linkdead`: the connection is lost; `absent`: not back since the server started."""
    health: int = 0
    """As it is outside of fights, which tell it themselves. 0: not known, because they are absent."""
    max_health: int = 0
    """The most `health` can be. 0: not known."""


@dataclass(slots=True)
class PartyView:
    """A party as its members see it."""

    number: int
    """Of the party; never given to another one."""
    name: str
    """100 characters at most."""
    leader_id: str
    """Character who leads."""
    leader_number: int
    """The leader's number."""
    members: list[PartyMemberView]
    """All of them, the leader among them, the longest-standing first."""
    max_members: int
    """How many it takes."""
    loot_sharing: Literal["equal", "leader", "roll"]
    """Who gets what is found: equal parts, all to the leader, or each to who rolls highest."""
    souls: int = 0
    """All that its fights brought."""
    shards: int = 0
    """Crystal Shards it captured."""
    bosses: int = 0
    """Bosses it defeated."""


@dataclass(slots=True)
class PartyUpdate(Payload):
    """Your party is another than before: members, leader, settings, or how a member is. Replaces what was known.

    Follows a `game_state` for who is in a party; who gets none is in no party.
    """

    event_type: ClassVar[str] = "party_update"
    party: PartyView | None
    """As it is now; null: you are in none any more."""
    reason: Literal["state", "created", "joined", "left", "kicked", "disbanded", "leader", "loot", "deeds", "status"]
    """`state`: as it stands, for who comes back; `left`: of their own will or by leaving the world; `deeds`: what it
    has to show for itself; `status`: how a member can be reached, their level or their health."""
    party_number: int
    """Of the party, also if you are in it no longer."""
    player_id: str | None
    """The character it is about; null: nobody in particular."""
    message: str
    """The line for the log. Empty: not worth one."""


@dataclass(slots=True)
class PartyInvite(Payload):
    """Somebody is asked into a party. They are told, and so is who asked."""

    event_type: ClassVar[str] = "party_invite"
    priority: ClassVar[Priority] = Priority.HIGH
    party_number: int
    """What to answer with."""
    party_name: str
    """Of the party."""
    inviter_id: str
    """The character who asks."""
    inviter_number: int
    """Its number."""
    inviter_name: str
    """Its name."""
    invitee_id: str
    """The character who is asked."""
    invitee_number: int
    """Its number."""
    invitee_name: str
    """Its name."""
    expires_at: datetime
    """Until when it can be accepted."""
    message: str
    """The line for the log, worded for the reader."""


@dataclass(slots=True)
class PartyInviteEnded(Payload):
    """An invitation waits for an answer no longer. Both who asked and who was asked are told."""

    event_type: ClassVar[str] = "party_invite_ended"
    party_number: int
    """Of the party."""
    inviter_id: str
    """The character who asked."""
    invitee_id: str
    """The character who was asked."""
    outcome: Literal["accepted", "declined", "expired", "withdrawn"]
    """`withdrawn`: the party is no more, or one of the two left."""
    message: str
    """The line for the log, worded for the reader. Empty: not worth one."""


# --- voice -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class VoiceSpeakerView:
    """Somebody in a party's voice channel."""

    id: str
    """Of the character; never changes."""
    number: int
    """Of the character, for clients that know whole numbers only."""
    name: str
    """Of the character."""
    visit: int
    """Another one whenever they join: connections to an earlier one are over. Who has the lower one was there first."""
    is_muted: bool = False
    """By themselves."""
    is_silenced: bool = False
    """By the staff. Clients do not let them be heard."""


@dataclass(slots=True)
class IceServerView:
    """A STUN or TURN server, as browsers take it."""

    urls: list[str]
    """`stun:…` or `turn:…`; all of them mean the same server."""
    username: str = ""
    """Empty: none is needed."""
    credential: str = field(default="", repr=False)
    """The password to `username`."""


@dataclass(slots=True)
class IceCandidateView:
    """A way in which a client might be reached, as browsers give and take it."""

    candidate: str
    """The line of SDP. Empty: there are no more."""
    sdp_mid: str | None = None
    """The part of the description it is for; null: the number below says it."""
    sdp_m_line_index: int | None = None
    """The same as a number, from 0; null: the name above says it."""
    username_fragment: str | None = None
    """Of the description it is for; null: of the one that holds."""


@dataclass(slots=True)
class VoiceUpdate(Payload):
    """The voice channel of your party is another than before. Replaces what was known.

    Follows the first `party_update`, if there is voice chat on this server. All members are told, in the channel or
    not.
    """

    event_type: ClassVar[str] = "voice_update"
    party_number: int
    """Whose channel it is."""
    speakers: list[VoiceSpeakerView]
    """Everybody in it, in the order they joined."""
    max_speakers: int
    """How many it takes."""
    reason: Literal["state", "joined", "left", "lost", "muted", "silenced"]
    """`state`: as it stands, for who comes; `joined`: also anew; `left`: of their own will, or with the party; `lost`:
    they were away for too long, or went on from elsewhere; `muted`, `silenced`: or not any more."""
    player_id: str | None
    """The character it is about; null: nobody in particular."""
    message: str
    """The line for the log. Empty: not worth one."""


@dataclass(slots=True)
class VoiceReady(Payload):
    """You are in the voice channel, perhaps anew: connect with everybody in it. A `voice_update` follows."""

    event_type: ClassVar[str] = "voice_ready"
    party_number: int
    """Whose channel it is."""
    visit: int
    """Yours, to be sent with every `voice_signal`. Connections of an earlier one are over."""
    ice_servers: list[IceServerView]
    """What may help to find a way to the others."""
    signal_bytes: int
    """How long all texts of a `voice_signal` may be together."""


@dataclass(slots=True)
class VoiceSignal(Payload):
    """Another client in your voice channel arranges a connection with yours. Nobody else is told."""

    event_type: ClassVar[str] = "voice_signal"
    player_id: str
    """Character whose client it is."""
    visit: int
    """Theirs."""
    to_visit: int
    """Yours; if you have joined anew since, it is for nobody."""
    kind: Literal["offer", "answer", "candidates", "bye"]
    """`bye`: there is to be no connection with them while both visits last, since one of you ignores the other."""
    sdp: str = ""
    """The description, of an `offer` or `answer`."""
    candidates: list[IceCandidateView] = field(default_factory=list)
    """Of `candidates`."""


# --- shards, realities, quests ---------------------------------------------------------------------


@dataclass(slots=True)
class ShardCaptured(Payload):
    """Somebody took a Crystal Shard for their faction. Everybody in the world is told."""

    event_type: ClassVar[str] = "shard_captured"
    priority: ClassVar[Priority] = Priority.HIGH
    shard: int
    """1 to 12."""
    shard_name: str
    """Of the shard."""
    character_id: str
    """Who took it."""
    character_number: int
    """Its number."""
    character_name: str
    """Its name."""
    faction: str
    """Which holds the shard now."""
    previous_faction: str | None
    """Which held it before; null if none did."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class ShardStatusChanged(Payload):
    """A shard was sealed, freed or is contested, otherwise than by being taken."""

    event_type: ClassVar[str] = "shard_status"
    shard: int
    """1 to 12."""
    shard_name: str
    """Of the shard."""
    status: Literal["unclaimed", "contested", "controlled", "sealed"]
    """`contested`: its guardian is down, and whose party did it may take it."""
    faction: str | None
    """Which holds the shard; null if none does."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class RealityShift(Payload):
    """The reality of the world is another. Rooms under the open sky look different: their `room_update` follows."""

    event_type: ClassVar[str] = "reality_shift"
    priority: ClassVar[Priority] = Priority.HIGH
    previous_reality: str
    """Such as `Neutral`."""
    current_reality: str
    """Such as `Iron Age`."""
    reality_stability: float
    """0 to 100; at 0 the world falls."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class Aetherfall(Payload):
    """The world came to its end and begins anew: all shards are free."""

    event_type: ClassVar[str] = "aetherfall"
    priority: ClassVar[Priority] = Priority.CRITICAL
    cycle: int
    """The number of the cycle that ended; the first is 1."""
    reason: Literal["twelve", "collapse", "staff"]
    """`twelve`: a faction held all shards; `collapse`: nothing of the stability was left."""
    winning_faction: str | None
    """Which held all twelve; null if none did."""
    transformations: list[str]
    """How the world is different from now on."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class WorldStateChanged(Payload):
    """How the world is. Replaces what was known of it."""

    event_type: ClassVar[str] = "world_state"
    current_reality: str
    """Such as `Neutral`."""
    reality_stability: float
    """0 to 100; at 0 the world falls."""
    condition: Literal["stable", "unstable", "fragmenting", "collapsing"]
    """How firm that is."""
    faction_shard_counts: dict[str, int]
    """How many shards each faction holds; those that hold none are left out."""
    dominant_faction: str | None
    """Which holds more than any other; null if none does."""
    active_players: int
    """Characters in the world."""
    total_aetherfalls: int
    """How many there have been."""
    transformations: list[str]
    """What the last Aetherfall left."""
    imminent: bool
    """Whether the next one is near."""


@dataclass(slots=True)
class EventTrigger(Payload):
    """Something happened to the world as a whole; the log of the world has it under this id."""

    event_type: ClassVar[str] = "event_trigger"
    id: int
    """Rises with every entry."""
    kind: Literal["shard_capture", "reality_shift", "aetherfall"]
    """What happened."""
    title: str
    """A headline of 200 characters at most."""
    description: str
    """In a sentence or two."""
    happened_at: datetime
    """When."""
    faction: str | None
    """Which it was about; null for none."""


@dataclass(slots=True)
class QuestStepView:
    """One step of a quest."""

    text: str
    """What is to be done."""
    count: int
    """How much of it is."""
    needed: int
    """How much it takes."""
    done: bool
    """Whether the step is."""


@dataclass(slots=True)
class QuestView:
    """A quest as a character sees it. Steps that are not open yet are not shown."""

    id: str
    """Of the quest; never changes."""
    name: str
    """Of the quest."""
    summary: str
    """What it is about."""
    status: Literal["offered", "active", "done", "abandoned"]
    """`offered`: somebody here asks for it."""
    steps: list[QuestStepView]
    """Those that are done, and the open one."""
    step: int
    """Which one is open, counted from 0."""
    total_steps: int
    """How many there are."""
    giver: str = ""
    """Name of who asks for it. Empty: nobody does."""
    times: int = 0
    """How often the character has done it."""


@dataclass(slots=True)
class QuestUpdate(Payload):
    """A quest of yours was taken on, is further on, done or given up."""

    event_type: ClassVar[str] = "quest_update"
    quest: QuestView
    """As it is now."""
    souls: int
    """That it brought you just now."""
    experience: int
    """That it brought you just now."""
    items: list[str]
    """Things that it brought you just now, by name."""
    message: str
    """The line for the log."""


# --- combat ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class FighterStatusView:
    """Something that is the matter with a fighter."""

    kind: Literal[
        "bleed",
        "poison",
        "burn",
        "regeneration",
        "weakness",
        "strength_buff",
        "defense_buff",
        "stun",
        "frost",
        "evasion",
        "marked",
    ]
    """What it is."""
    rounds: int
    """For how long yet; of a stun, turns."""
    potency: int
    """How strong it is; 0 where that makes no difference."""


@dataclass(slots=True)
class AbilityView:
    """An ability of a fighter."""

    name: str
    """As one uses it."""
    ready_in: int
    """Rounds until it can be used again; 0: now."""
    health: int
    """What it costs of each; 0: nothing."""
    stamina: int
    """Stamina it costs."""
    mana: int
    """Mana it costs."""
    target: Literal["self", "single_enemy", "all_enemies", "area"]
    """Whom it is for; `area`: an enemy, and half as much for the others."""


@dataclass(slots=True)
class FighterView:
    """Somebody in a fight."""

    number: int
    """In this fight, from 1; never given to another."""
    name: str
    """As the log calls them; each in a fight has another."""
    side: int
    """Those of one side fight together."""
    character_id: str | None
    """Null for a creature."""
    character_number: int
    """The character's number; 0 for a creature."""
    creature: str
    """Key in the bestiary; empty for a character."""
    level: int
    """1 or more."""
    condition: Literal["standing", "fallen", "fled"]
    """Only who stands acts and can be aimed at."""
    stance: Literal["dodge", "block", "parry"] | None
    """Held until their own next turn; null: none."""
    health: int
    """As it is now."""
    max_health: int
    """At most."""
    stamina: int
    """As it is now."""
    max_stamina: int
    """At most."""
    mana: int
    """As it is now."""
    max_mana: int
    """At most."""
    statuses: list[FighterStatusView] = field(default_factory=list)
    """What is the matter with them."""
    abilities: list[AbilityView] = field(default_factory=list)
    """Of a character."""


@dataclass(slots=True)
class CombatView:
    """A fight as it stands."""

    id: str
    """Of the fight."""
    room_id: str
    """Where it is."""
    round: int
    """From 1."""
    active: int
    """Fighter whose turn it is; 0: it is over."""
    active_character_id: str | None
    """Whose character that is; null: it is over."""
    order: list[int]
    """Fighters who act in this round still, the active one first."""
    seconds_left: float
    """Of the turn. When they are over, the active fighter blocks."""
    turn_seconds: float
    """How long a turn may take."""
    fighters: list[FighterView]
    """All who ever took part, by number."""
    log: list[str]
    """What happened lately, the oldest first; 20 lines at most."""
    is_finished: bool
    """Whether it is over."""
    is_duel: bool
    """A duel costs nobody's life and brings nothing."""
    commitment: str
    """SHA-256 of `id:seed` in hexadecimal. The seed is told at the end, and everything follows from it."""
    next_order: list[int] = field(default_factory=list)
    """Fighters who act in the next round, as it looks now. Empty: it is over."""


@dataclass(slots=True)
class CombatStart(Payload):
    """A fight begins for you."""

    event_type: ClassVar[str] = "combat_start"
    priority: ClassVar[Priority] = Priority.HIGH
    combat: CombatView
    """The fight."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class CombatState(Payload):
    """A fight you are in, after something happened. Replaces what was known.

    Follows a `game_state` for who comes back to a fight.
    """

    event_type: ClassVar[str] = "combat_state"
    priority: ClassVar[Priority] = Priority.HIGH
    combat: CombatView
    """The fight."""


@dataclass(slots=True)
class CombatEvent(Payload):
    """Something happened in a fight, as a line for the log. A room hears of beginnings and ends."""

    event_type: ClassVar[str] = "combat_event"
    combat_id: str
    """Of the fight."""
    message: str
    """The line."""
    damage: int = 0
    """How much health it cost the target."""
    target: str = ""
    """Name of the fighter it befell. Empty: nobody in particular."""
    joinable: list[str] = field(default_factory=list)
    """Characters whom who looks on can help, told with the beginning. Empty in all other lines, and of a duel."""


@dataclass(slots=True)
class CombatDamage(Payload):
    """An attack, or what is the matter with a fighter, took its toll; or did not."""

    event_type: ClassVar[str] = "combat_damage"
    combat_id: str
    """Of the fight."""
    source: int
    """Fighter who dealt it; 0: nobody did just now, as with poison."""
    target: int
    """Fighter who took it."""
    amount: int
    """Health it cost."""
    result: Literal["hit", "miss", "critical", "dodged", "blocked", "parried"] | None
    """How the attack went; null: there was none just now. `parried`: the target is who attacked."""


@dataclass(slots=True)
class CombatHeal(Payload):
    """A fighter regained health."""

    event_type: ClassVar[str] = "combat_heal"
    combat_id: str
    """Of the fight."""
    source: int
    """Fighter who caused it."""
    target: int
    """Fighter who was healed."""
    amount: int
    """Health regained."""


@dataclass(slots=True)
class CombatEnd(Payload):
    """A fight is over for you: it was decided, you fell, fled or left."""

    event_type: ClassVar[str] = "combat_end"
    priority: ClassVar[Priority] = Priority.HIGH
    combat_id: str
    """Of the fight."""
    outcome: Literal["won", "lost", "undecided", "fled", "fallen"]
    """`fallen` and `fled`: others may fight on."""
    winner_ids: list[str]
    """Characters who won and stood to the end."""
    souls_gained: int
    """By you."""
    xp_gained: int
    """By you."""
    loot: list[str]
    """What you got, by name."""
    seed: str
    """What the dice followed from, as a decimal number. Empty: the fight goes on without you."""
    message: str
    """The line for the log."""


@dataclass(slots=True)
class CombatChallenge(Payload):
    """Somebody wants a duel with you, or you with them. Who is asked accepts by asking back."""

    event_type: ClassVar[str] = "combat_challenge"
    priority: ClassVar[Priority] = Priority.HIGH
    challenger_id: str
    """Character who wants it."""
    challenger_name: str
    """Their name."""
    target_id: str
    """Character who is asked."""
    expires_at: datetime
    """When it is forgotten."""
    message: str
    """The line for the log, worded for the reader."""

"""Every packet of the metaserver protocol, both directions, all client families.

    0    room_list                        s>c      100  login                      c>s
    1    player_list                      s>c      101  room_login                 c>s
    2    game_list                        s>c      102  logout                     c>s
    3    server_message                   s>c      103  set_player_data            c>s
    4    url                              s>c      104  create_game                c>s
    5    data_chunk                       s>c      105  remove_game                c>s
    6    password_challenge               s>c      106  change_room                c>s
    7    user_successful_login            s>c      107  set_player_mode            c>s
    8    set_player_data_from_metaserver  s>c      108  data_chunk_reply           c>s
    9    room_login_successful            s>c      109  password_response          c>s
    10   message_of_the_day               s>c      110  request_full_update        c>s
    12   send_versions                    s>c      111  game_player_list           c>s
    13   game_search_result               s>c      112  game_score                 c>s
    14   player_search_list               s>c      113  reset_game                 c>s
    15   buddy_list                       s>c      114  start_game                 c>s
    16   order_list                       s>c      115  version_control            c>s
    17   player_info                      s>c      116  game_search_query          c>s
    18   update_info (Myth)               s>c      117  player_search_query        c>s
    18   remote_hub_list (Aleph One)      s>c      118  buddy_query                c>s
    19   update_player_buddy_list         s>c      119  order_query                c>s
    20   update_order_member_list         s>c      120  update_buddy               c>s
    21   you_just_got_blammed             s>c      121  player_info_query          c>s
    22   proxy_client_join                s>c      122  update_player_information  c>s (Myth)
    200  room_broadcast                   both     122  remote_hub_request         c>s (Aleph One)
    201  directed_data                    both     204  recording_stream_header    c>s
    202  keepalive                        both     205  recording_stream_command   c>s
    203  session_key                      both     206  recording_stream_end       c>s

Number 11 is reserved and has no known layout. What is not in the table decodes to `Opaque`.

Reading is tolerant where real peers differ: strings end at their first NUL and garbage may follow, the
lengths inside an entry or a chat block are not believed, and bytes after the last field are ignored. Some
exceptions: a chunk of a file and a command of a film have the bytes that their length says, a description
of a game has 570 to 1023 bytes, and Aleph One's empty packets are empty, since its own parser refuses
anything else. What we write is whole: Aleph One drops a list in which a single entry is not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.framing import MAX_LIST_PAYLOAD_BYTES, frame
from mythgate.wire.metaserver.layout import (
    I8,
    I16,
    I32,
    U16,
    U32,
    Address,
    Echo,
    Family,
    Layout,
    Many,
    MissingZero,
    Nested,
    Numbers,
    Only,
    PaddedString,
    Raw,
    Said,
    SizeOf,
    Slots,
    Str,
    Tail,
    Text,
    Unused,
    layout_of,
)
from mythgate.wire.metaserver.records import (
    BLACK,
    DESCRIPTIONS,
    MAX_DESCRIPTION_BYTES,
    MAX_PLAYER_DATA_BYTES,
    MIN_DESCRIPTION_BYTES,
    Buddy,
    ChatBlock,
    Colour,
    FoundPlayer,
    GameDescription,
    GameEntry,
    OrderMember,
    OverallRanking,
    PlayerData,
    PlayerEntry,
    PlayerResult,
    RemoteHub,
    RoomEntry,
    Score,
    TeamResult,
)
from mythgate.wire.metaserver.text import decode_text

TOKEN_BYTES: Final = 32
SALT_BYTES: Final = 16
GAME_TYPES: Final = 16
BUDDY_PLACES: Final = 16
_CATEGORIES: Final = 2 * (2 + GAME_TYPES)


class Direction(StrEnum):
    """Who sends a packet."""

    TO_SERVER = "c2s"
    TO_CLIENT = "s2c"


class AuthenticationType(IntEnum):
    """How a password is proved. `MD5` and `ROOM_SERVER` are known by number only and never offered."""

    PLAINTEXT = 0
    SIMPLE = 1
    MD5 = 2
    ROOM_SERVER = 3
    HTTPS_TOKEN = 4


class StatusCode(IntEnum):
    """What a server_message is about."""

    SYNTAX_ERROR = 0
    GAME_NOT_ALLOWED = 1
    WRONG_GAME_VERSION = 2
    BAD_USER_OR_PASSWORD = 3
    NOT_LOGGED_IN = 4
    BAD_METASERVER_VERSION = 5
    ALREADY_LOGGED_IN = 6
    UNKNOWN_GAME_TYPE = 7
    LOGGED_IN = 8
    LOGGED_OUT = 9
    PLAYER_NOT_IN_ROOM = 10
    GAME_ALREADY_CREATED = 11
    ACCOUNT_ALREADY_LOGGED_IN = 12
    ROOM_FULL = 13
    ACCOUNT_LOCKED = 14
    PRODUCT_NOT_SUPPORTED = 15
    GUESTS_NOT_ALLOWED = 16
    GUEST_NAME_TAKEN = 17
    ROOM_SHUT_DOWN = 18


class PlayerMode(IntEnum):
    """A deaf player is in a game and gets neither lists nor talk."""

    LISTENING = 0
    DEAF = 1


@dataclass(frozen=True, slots=True)
class Opaque:
    """A packet of a number without a known layout, or one that has none in this direction."""

    packet_type: int
    payload: bytes


# --- server to client ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomList:
    """0: the rooms a client may enter. Aleph One needs one at least, Myth takes 24 at most."""

    rooms: Annotated[tuple[RoomEntry, ...], Many(RoomEntry)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerList:
    """1: changes to the list of players, whole entries each."""

    players: Annotated[tuple[PlayerEntry, ...], Many(PlayerEntry)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GameList:
    """2: changes to the list of games, whole entries each."""

    games: Annotated[tuple[GameEntry, ...], Many(GameEntry)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMessage:
    """3: how a log-in went, or why the connection ends."""

    code: I32
    message: Annotated[str, PaddedString(128)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """4: a page the client must (0) or may (1) visit, or shows at its end (2)."""

    code: I32
    message: Str
    url: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChunk:
    """5: a piece of a file; bit 0 of `flags` marks the last. Obsolete."""

    flags: I32
    chunk_type: I32
    chunk_offset: I32
    chunk_length: Annotated[I32, SizeOf("data")] = field(default=0, compare=False)
    data: Annotated[bytes, Said("chunk_length")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChallenge:
    """6: how the client is to prove its password."""

    authentication_type: I16
    salt: Annotated[bytes, Raw(SALT_BYTES)] = bytes(SALT_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSuccessfulLogin:
    """7: the player's id and the token that opens the rooms."""

    user_id: U32
    order_index: I16 = 0
    order_index_again: Annotated[int, Echo("order_index")] = 0
    token: Annotated[bytes, Raw(TOKEN_BYTES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlayerDataFromMetaserver:
    """8: the player's own entry as the server has it; clients take the looks from it."""

    player: Annotated[PlayerEntry, Nested(PlayerEntry, flat=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLoginSuccessful:
    """9: welcome to the room."""

    user_id: U32
    maximum_players_per_room: I16 = 0
    unused: Annotated[bytes, Unused(2)] = bytes(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOfTheDay:
    """10: one line of text from the server."""

    message: Str


@dataclass(frozen=True, slots=True)
class SendVersions:
    """12: the password is right or none is needed; the client answers with its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GameSearchResult:
    """13: the games that match, none included."""

    games: Annotated[tuple[GameEntry, ...], Many(GameEntry)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerSearchList:
    """14: the players that match, 50 at most."""

    players: Annotated[tuple[FoundPlayer, ...], Many(FoundPlayer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuddyList:
    """15: the player's buddies that are on."""

    players: Annotated[tuple[FoundPlayer, ...], Many(FoundPlayer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderList:
    """16: the members of the player's order that are on."""

    players: Annotated[tuple[FoundPlayer, ...], Many(FoundPlayer)]


_NO_SCORE: Final = Score()
_NO_SCORES: Final = (_NO_SCORE,) * GAME_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerInfo:
    """17: all about a player.

    `rankings` follow the order of the scores: unranked, ranked, the 16 game types, and these 18 for orders.
    """

    administrator_flag: I32 = 0
    bungie_employee_flag: I32 = 0
    order_index: I16 = 0
    icon_index: I16 = 0
    primary_color: Annotated[Colour, Nested(Colour)] = BLACK
    secondary_color: Annotated[Colour, Nested(Colour)] = BLACK
    unranked: Annotated[Score, Nested(Score)] = _NO_SCORE
    ranked: Annotated[Score, Nested(Score)] = _NO_SCORE
    ranked_by_game_type: Annotated[tuple[Score, ...], Many(Score, exactly=GAME_TYPES)] = _NO_SCORES
    order_unranked: Annotated[Score, Nested(Score)] = _NO_SCORE
    order_ranked: Annotated[Score, Nested(Score)] = _NO_SCORE
    order_ranked_by_game_type: Annotated[tuple[Score, ...], Many(Score, exactly=GAME_TYPES)] = _NO_SCORES
    total_users: U32 = 0
    total_orders: U32 = 0
    rankings: Annotated[tuple[OverallRanking, ...], Many(OverallRanking, exactly=_CATEGORIES)] = (
        OverallRanking(),
    ) * _CATEGORIES
    login: Str
    name: Str
    order_name: Str = ""
    city: Str = ""
    state: Str = ""
    country: Str = ""
    quote: Str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateInfo:
    """18, Myth: where an update of the game is to be had. Obsolete."""

    size: I32
    host: Annotated[int, Address()]
    port: U16
    port_again: Annotated[int, Echo("port", "H")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHubList:
    """18, Aleph One: the free hubs of the version asked for."""

    hubs: Annotated[tuple[RemoteHub, ...], Many(RemoteHub)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePlayerBuddyList:
    """19: the player's own buddy list, 16 places (8 to the clients of 1998)."""

    buddies: Annotated[tuple[Buddy, ...], Many(Buddy)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOrderMemberList:
    """20: the members of the player's order."""

    member_count: Annotated[I32, SizeOf("members", records=True)] = field(default=0, compare=False)
    members: Annotated[tuple[OrderMember, ...], Many(OrderMember, counted_by="member_count")]


@dataclass(frozen=True, slots=True, kw_only=True)
class YouJustGotBlammed:
    """21: told to a player who is about to be thrown out."""

    message: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyClientJoin:
    """22: asks the host of a game to connect to the proxy, where a player waits."""

    port: U16
    host: Annotated[str, Text(48, filler=b"\xff")]
    auth_token: Annotated[bytes, Raw(16)] = b"\xff" * 16


# --- client to server ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AlephLogin:
    """100 from Aleph One. The client's data ends the packet."""

    platform_type: I16 = 0
    metaserver_version: I16 = 0
    flags: I32 = 1
    user_id: I32 = 0
    max_authentication: I16 = 0
    player_data_size: Annotated[I16, SizeOf("player_data")] = field(default=0, compare=False)
    application: Annotated[str, Text(32, terminated=False)] = "MARATHON"
    build_date: Annotated[str, Text(32, terminated=False)] = ""
    build_time: Annotated[str, Text(32, terminated=False)] = ""
    username: Annotated[str, Text(32, terminated=False)] = ""
    player_data: Annotated[PlayerData, Nested(PlayerData)]

    @property
    def replaces_player_data(self) -> bool:
        """Whether the looks in the packet replace the stored ones."""
        return bool(self.flags & 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MythLogin:
    """100 from Myth. The first two fields stand the other way round, and the data is padded to 128 bytes."""

    metaserver_version: I16 = 1
    platform_type: I16 = 0
    flags: I32 = 0
    user_id: I32 = 0
    max_authentication: I16 = 0
    player_data_size: I16 = field(default=0, compare=False)
    application: Annotated[str, Text(32)] = "MYTH2"
    build_date: Annotated[str, Text(32)] = ""
    build_time: Annotated[str, Text(32)] = ""
    username: Annotated[str, Text(32)] = ""
    player_data: Annotated[PlayerData, Nested(PlayerData, width=MAX_PLAYER_DATA_BYTES)]
    country_code: Annotated[int, MissingZero()] = 0
    pad: Annotated[int, MissingZero(hidden=True)] = 0

    @property
    def replaces_player_data(self) -> bool:
        """Whether the looks in the packet replace the stored ones."""
        return bool(self.flags & 1)


Login = AlephLogin | MythLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLogin:
    """101: the token of packet 7, and the log-in name (empty or `guest` for guests)."""

    token: Annotated[bytes, Raw(TOKEN_BYTES)]
    username: Str = ""


@dataclass(frozen=True, slots=True)
class Logout:
    """102."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlayerData:
    """103: how the player looks. The first one completes entering a room."""

    data: Annotated[PlayerData, Nested(PlayerData)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGame:
    """104: announces a game, or changes the one announced. From Aleph One `order_or_hub` is the id of a remote
    hub, 0 for a game the player hosts; from Myth it is not 0 for a game of the order."""

    port: U16
    order_or_hub: U16 = 0
    description: Annotated[GameDescription, Nested(DESCRIPTIONS)]


@dataclass(frozen=True, slots=True)
class RemoveGame:
    """105."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRoom:
    """106: no server heeds it; clients change rooms by connecting anew."""

    room_id: I16


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlayerMode:
    """107: whether the player listens. Aleph One names the game with 16 bytes or none."""

    mode: I16
    session_id: Annotated[Tail, Only(Family.ALEPHONE)] = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChunkReply:
    """108: the head of the chunk that arrived. Obsolete."""

    flags: I32
    chunk_type: I32
    chunk_offset: I32
    chunk_length: I32


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResponse:
    """109: the answer to the challenge, 16 bytes from Aleph One, text with or without NUL from Myth."""

    response: Tail

    @property
    def text(self) -> str:
        """The password, if it was asked for in plain text."""
        return decode_text(self.response)

    @property
    def key(self) -> bytes:
        """The 16 bytes that answer a challenge of another type."""
        return self.response[:SALT_BYTES].ljust(SALT_BYTES, b"\0")


@dataclass(frozen=True, slots=True)
class RequestFullUpdate:
    """110: the lists again, whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GamePlayerList:
    """111: who is in the game."""

    game_id: U32
    player_ids: Annotated[tuple[int, ...], Numbers("I")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GameScore:
    """112: how a game ended, as one player saw it. Older clients always send 16 places for players."""

    game_id: U32
    game_ended_code: I16 = 0
    scoring: I16 = 0
    version_number: I32 = 0
    time_limit: I32 = 0
    actual_time_elapsed: I32 = 0
    reporter_player_id: U32 = 0
    number_of_players: I16 = 0
    number_of_teams: I16 = 0
    teams: Annotated[tuple[TeamResult, ...], Slots(TeamResult, used="number_of_teams", exactly=16)]
    players: Annotated[
        tuple[PlayerResult, ...],
        Slots(PlayerResult, used="number_of_players", slots_shown="player_slots_in_packet", legacy_slots=16),
    ]


class GameEnded(IntEnum):
    """`game_ended_code` of a score report."""

    NORMALLY = 0
    SERVER_LOST = 1
    PLAYER_QUIT = 2


@dataclass(frozen=True, slots=True)
class ResetGame:
    """113: the game is over and another round begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartGame:
    """114: the game begins. Its time is in seconds from Myth and in 1/30 s from Aleph One."""

    game_time: I32
    unused: Annotated[bytes, Unused(8)] = bytes(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionControl:
    """115: what the client is. From Aleph One the constants 1, 2, 3, 0."""

    platform_type: I32
    application_version: I32
    patch_number: I32
    build_number: I32


@dataclass(frozen=True, slots=True, kw_only=True)
class GameSearchQuery:
    """116: what games are wanted. Each criterion is 0 required, 1 unwanted, 2 indifferent; names are parts."""

    game_type: I16
    scoring: I16
    veterans: I16
    unit_trading: I16
    teams: I16
    alliances: I16
    enemy_visibility: I16
    enemy_visibility_again: Annotated[int, Echo("enemy_visibility", only=Family.MYTH)] = 0
    game_name: Str
    map_name: Str


class Criterion(IntEnum):
    """A criterion of a search for games."""

    REQUIRED = 0
    UNWANTED = 1
    INDIFFERENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerSearchQuery:
    """117: part of a log-in or display name."""

    search_string: Str


@dataclass(frozen=True, slots=True)
class BuddyQuery:
    """118: which buddies are on?"""


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """119: which members of my order are on?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateBuddy:
    """120: adds (1) or removes (0) a buddy."""

    buddy_id: I32
    add: I32


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerInfoQuery:
    """121: all about a player, please."""

    player_id: U32


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePlayerInformation:
    """122, Myth: what the player says about themselves."""

    city: Str
    state: Str
    country: Str
    quote: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHubRequest:
    """122, Aleph One: which hubs speak this version of the network protocol?"""

    network_version: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStreamHeader:
    """204: the head of a film, perhaps in several pieces."""

    data: Tail


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStreamCommand:
    """205: one command of a film. `time` is in game ticks; verb 0 only lets time pass."""

    size: Annotated[I16, SizeOf("data", more=8)] = field(default=0, compare=False)
    verb: I8
    player_index: I8
    time: I32
    data: Annotated[bytes, Said("size", more=8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStreamEnd:
    """206: the film ends at this time."""

    end_time: I32


# --- both ways -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomBroadcast:
    """200: somebody talks to the room. Goes back to its sender, too."""

    chat: Annotated[ChatBlock, Nested(ChatBlock)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectedData:
    """201: somebody talks to one player. With `echo` the sender wants a copy."""

    target_player_id: U32
    echo: I32 = 0
    chat: Annotated[ChatBlock, Nested(ChatBlock)]


@dataclass(frozen=True, slots=True)
class Keepalive:
    """202: are you there? And the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """203: a public key; never encrypted itself."""

    public_key: Annotated[bytes, Raw(8)]


# --- the table -------------------------------------------------------------------------------------

Packet = Any
"""An instance of one of the classes above."""

_ALEPHONE: Final = (Family.ALEPHONE,)
_MYTH: Final = (Family.MYTH, Family.MYTH2_18)
_ALL: Final = tuple(Family)
_DOWN: Final = (Direction.TO_CLIENT,)
_UP: Final = (Direction.TO_SERVER,)
_BOTH: Final = tuple(Direction)


@dataclass(frozen=True, slots=True)
class PacketKind:
    """A row of the table of packets."""

    packet_type: int
    name: str
    packet: type
    directions: tuple[Direction, ...]
    families: tuple[Family, ...] = _ALL


KINDS: Final[tuple[PacketKind, ...]] = (
    PacketKind(0, "room_list", RoomList, _DOWN),
    PacketKind(1, "player_list", PlayerList, _DOWN),
    PacketKind(2, "game_list", GameList, _DOWN),
    PacketKind(3, "server_message", ServerMessage, _DOWN),
    PacketKind(4, "url", Url, _DOWN),
    PacketKind(5, "data_chunk", DataChunk, _DOWN),
    PacketKind(6, "password_challenge", PasswordChallenge, _DOWN),
    PacketKind(7, "user_successful_login", UserSuccessfulLogin, _DOWN),
    PacketKind(8, "set_player_data_from_metaserver", SetPlayerDataFromMetaserver, _DOWN),
    PacketKind(9, "room_login_successful", RoomLoginSuccessful, _DOWN),
    PacketKind(10, "message_of_the_day", MessageOfTheDay, _DOWN),
    PacketKind(12, "send_versions", SendVersions, _DOWN),
    PacketKind(13, "game_search_result", GameSearchResult, _DOWN),
    PacketKind(14, "player_search_list", PlayerSearchList, _DOWN),
    PacketKind(15, "buddy_list", BuddyList, _DOWN),
    PacketKind(16, "order_list", OrderList, _DOWN),
    PacketKind(17, "player_info", PlayerInfo, _DOWN),
    PacketKind(18, "update_info", UpdateInfo, _DOWN, _MYTH),
    PacketKind(18, "remote_hub_list", RemoteHubList, _DOWN, _ALEPHONE),
    PacketKind(19, "update_player_buddy_list", UpdatePlayerBuddyList, _DOWN),
    PacketKind(20, "update_order_member_list", UpdateOrderMemberList, _DOWN),
    PacketKind(21, "you_just_got_blammed", YouJustGotBlammed, _DOWN),
    PacketKind(22, "proxy_client_join", ProxyClientJoin, _DOWN),
    PacketKind(100, "login", AlephLogin, _UP, _ALEPHONE),
    PacketKind(100, "login", MythLogin, _UP, _MYTH),
    PacketKind(101, "room_login", RoomLogin, _UP),
    PacketKind(102, "logout", Logout, _UP),
    PacketKind(103, "set_player_data", SetPlayerData, _UP),
    PacketKind(104, "create_game", CreateGame, _UP),
    PacketKind(105, "remove_game", RemoveGame, _UP),
    PacketKind(106, "change_room", ChangeRoom, _UP),
    PacketKind(107, "set_player_mode", SetPlayerMode, _UP),
    PacketKind(108, "data_chunk_reply", DataChunkReply, _UP),
    PacketKind(109, "password_response", PasswordResponse, _UP),
    PacketKind(110, "request_full_update", RequestFullUpdate, _UP),
    PacketKind(111, "game_player_list", GamePlayerList, _UP),
    PacketKind(112, "game_score", GameScore, _UP),
    PacketKind(113, "reset_game", ResetGame, _UP),
    PacketKind(114, "start_game", StartGame, _UP),
    PacketKind(115, "version_control", VersionControl, _UP),
    PacketKind(116, "game_search_query", GameSearchQuery, _UP),
    PacketKind(117, "player_search_query", PlayerSearchQuery, _UP),
    PacketKind(118, "buddy_query", BuddyQuery, _UP),
    PacketKind(119, "order_query", OrderQuery, _UP),
    PacketKind(120, "update_buddy", UpdateBuddy, _UP),
    PacketKind(121, "player_info_query", PlayerInfoQuery, _UP),
    PacketKind(122, "update_player_information", UpdatePlayerInformation, _UP, _MYTH),
    PacketKind(122, "remote_hub_request", RemoteHubRequest, _UP, _ALEPHONE),
    PacketKind(200, "room_broadcast", RoomBroadcast, _BOTH),
    PacketKind(201, "directed_data", DirectedData, _BOTH),
    PacketKind(202, "keepalive", Keepalive, _BOTH),
    PacketKind(203, "session_key", SessionKey, _BOTH),
    PacketKind(204, "recording_stream_header", RecordingStreamHeader, _UP),
    PacketKind(205, "recording_stream_command", RecordingStreamCommand, _UP),
    PacketKind(206, "recording_stream_end", RecordingStreamEnd, _UP),
)

PACKET_TYPES: Final[Mapping[type, int]] = {kind.packet: kind.packet_type for kind in KINDS}
KEEPALIVE: Final = 202
SESSION_KEY: Final = 203

_LAYOUTS: Final[Mapping[tuple[Family, Direction, int], Layout[Any]]] = {
    (family, direction, kind.packet_type): layout_of(kind.packet, family)
    for kind in KINDS
    for direction in kind.directions
    for family in kind.families
}
_LAYOUT_OF_CLASS: Final[Mapping[tuple[Family, Direction, type], Layout[Any]]] = {
    (family, direction, kind.packet): _LAYOUTS[family, direction, kind.packet_type]
    for kind in KINDS
    for direction in kind.directions
    for family in kind.families
}


def packet_type_of(packet: Packet) -> int:
    """The number of a packet."""
    return packet.packet_type if isinstance(packet, Opaque) else PACKET_TYPES[type(packet)]


def layout_for(family: Family, direction: Direction, packet_type: int) -> Layout[Any] | None:
    """The layout of a packet, or None for a number without one."""
    return _LAYOUTS.get((family, direction, packet_type))


def decode(family: Family, direction: Direction, packet_type: int, payload: bytes) -> Packet:
    """The packet in a frame, its payload decrypted. Raises ProtocolError."""
    layout = _LAYOUTS.get((family, direction, packet_type))
    if layout is None:
        return Opaque(packet_type, payload)
    packet, _ = layout.read(payload)
    if not layout.fields and payload and family is Family.ALEPHONE:
        raise ProtocolError(f"Packet {packet_type} has no payload.", code="unexpected_payload")
    if packet_type == _CREATE_GAME and not (
        MIN_DESCRIPTION_BYTES <= len(payload) - _CREATE_GAME_HEAD_BYTES <= MAX_DESCRIPTION_BYTES
    ):
        raise ProtocolError("The description of a game has 570 to 1023 bytes.", code="bad_description")
    return packet


def encode(family: Family, direction: Direction, packet: Packet) -> bytes:
    """The payload of a packet, not encrypted.

    Raises:
        ValueError: a value does not fit its field, or this packet is not sent to or by this family.

    """
    if isinstance(packet, Opaque):
        return packet.payload
    layout = _LAYOUT_OF_CLASS.get((family, direction, type(packet)))
    if layout is None:
        raise ValueError(f"{type(packet).__name__} is not sent {direction} in family {family}.")
    return layout.write(packet)


def encode_frame(family: Family, direction: Direction, packet: Packet) -> bytes:
    """The whole packet with its header, not encrypted. Raises ValueError."""
    return frame(packet_type_of(packet), encode(family, direction, packet))


_CREATE_GAME: Final = 104
_CREATE_GAME_HEAD_BYTES: Final = 4


# --- lists too long for one packet -----------------------------------------------------------------


def encode_entry(family: Family, entry: PlayerEntry | GameEntry | FoundPlayer | RoomEntry) -> bytes:
    """One entry of a list; `pack_entries` makes packets of many. Raises ValueError."""
    layout: Layout[Any] = layout_of(type(entry), family)  # type: ignore[arg-type]
    return layout.write(entry)


def pack_entries(entries: Iterable[bytes], limit: int = MAX_LIST_PAYLOAD_BYTES) -> Iterator[bytes]:
    """Payloads that hold all `entries` in order, none longer than `limit` (an entry that is by itself stays whole).

    An empty list makes one empty payload: an answer has to come even if nothing was found.
    """
    held: list[bytes] = []
    size = 0
    for entry in entries:
        if held and size + len(entry) > limit:
            yield b"".join(held)
            held, size = [], 0
        held.append(entry)
        size += len(entry)
    yield b"".join(held)


# --- who is it? ------------------------------------------------------------------------------------

_APPLICATION: Final = struct.Struct(">16x32s")


def application_of(payload: bytes) -> str:
    """The application named in a log-in packet; it stands in the same place for every family.

    Raises:
        ProtocolError: the packet is too short to name one.

    """
    try:
        (raw,) = _APPLICATION.unpack_from(payload)
    except struct.error:
        raise ProtocolError("The log-in packet is too short.", code="truncated_packet") from None
    return decode_text(raw)


class Product(IntEnum):
    """A game whose players meet each other and nobody else's. The bits of an account's games are 1 << (n - 1)."""

    MARATHON = 0
    MYTH_TFL = 1
    MYTH_2 = 2
    MYTH_3 = 3


def product_of(application: str) -> Product | None:
    """Which game an application is, or None for one we do not know. Of Myth II what follows its name means nothing."""
    name = application.strip().upper()
    return Product.MYTH_2 if name.startswith("MYTH2") else _PRODUCTS.get(name)


_PRODUCTS: Final[Mapping[str, Product]] = {
    "MARATHON": Product.MARATHON,
    "MYTH": Product.MYTH_2,  # as the old servers had it: the first builds did not say which Myth they were
    "MYTH1": Product.MYTH_TFL,
    "MYTH2": Product.MYTH_2,
    "MYTH3": Product.MYTH_3,
}


def family_of(application: str, *, encrypted: bool) -> Family | None:
    """The family a log-in belongs to, or None for an application we do not know."""
    product = product_of(application)
    if product is None:
        return None
    if product is Product.MARATHON:
        return Family.ALEPHONE
    return Family.MYTH2_18 if encrypted and product is Product.MYTH_2 else Family.MYTH

"""The blocks that several packets share (all big-endian).

Colour is four u16. A player entry is 24 fixed bytes and the player's data; the data is 38 fixed bytes and
two strings, the nickname and the team name. A game entry is 32 fixed bytes and the game's description; that
is 568 fixed bytes and two strings, with the same outline and other contents for Aleph One. A chat block is
24 fixed bytes and two strings, sender and message.

Lengths inside these blocks are written from what really follows, whatever the record says; as they were
received they can be looked at, but they do not count when records are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Annotated, Final

from mythgate.wire.metaserver.layout import (
    I8,
    I16,
    I32,
    U8,
    U16,
    U32,
    Address,
    Family,
    Nested,
    SizeOf,
    Sparse,
    Str,
    Text,
    TrueOrFalse,
    Unused,
)

MAX_NAME_BYTES: Final = 31  # display, team and game names, without the NUL
MAX_MAP_NAME_BYTES: Final = 63
MAX_LINE_BYTES: Final = 127  # one line of server text to a Myth client
MAX_PLAYER_DATA_BYTES: Final = 128
MIN_DESCRIPTION_BYTES: Final = 570
MAX_DESCRIPTION_BYTES: Final = 1023


class Verb(IntEnum):
    """What an entry of a player or game list does to the list the client has.

    Clients announce an `ADD`, so that it is for newcomers only; a known entry gets a `CHANGE`.
    """

    ADD = 0
    DELETE = 1
    CHANGE = 2


class PlayerFlag(IntFlag):
    """Flags of a player entry, as Myth clients understand them."""

    EMPLOYEE = 0x0001
    GUEST = 0x0002
    ADMIN_ICON = 0x0004


class AlephSortKey(IntFlag):
    """Flags of a player entry for Aleph One, which only sorts by them: the larger, the higher up."""

    REGISTERED = 0x0001
    MODERATOR = 0x1000
    PRESENT = 0x4000


class MythGameFlag(IntFlag):
    """Flags of a Myth game description."""

    IN_PROGRESS = 0x01
    HAS_PASSWORD = 0x02
    INVALID = 0x04
    TOURNAMENT_ROUND = 0x08
    CLOSED = 0x10


class AlephGameStatus(IntFlag):
    """Status of an Aleph One game description."""

    RUNNING = 0x0001
    CLOSED = 0x0010


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """16 bits of intensity each."""

    red: U16 = 0
    green: U16 = 0
    blue: U16 = 0
    flags: U16 = 0


BLACK: Final = Colour()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerData:
    """How a player looks. At most 128 bytes. `state` is 1 in game (Myth) or away (Aleph One).

    Clients before 1.5 keep other things from `order_index` on, so that is passed on as it came.
    """

    coat_of_arms: U8 = 0
    caste_icon: U8 = 0
    state: I16 = 0
    primary_color: Annotated[Colour, Nested(Colour)] = BLACK
    secondary_color: Annotated[Colour, Nested(Colour)] = BLACK
    order_index: I16 = 0
    game_version: I16 = 0
    build_number: I16 = 0
    unused: Annotated[bytes, Unused(12)] = bytes(12)
    name: Str
    team: Str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerEntry:
    """A player in a list. Deleting one takes the whole entry, too."""

    verb: U16 = Verb.ADD
    flags: U16 = 0
    ranking: I32 = 0
    player_id: U32
    room_id: I32 = 0
    caste: I16 = 0
    player_data_length: Annotated[I16, SizeOf("data")] = field(default=0, compare=False)
    order: I16 = 0
    pad: I16 = 0
    data: Annotated[PlayerData, Nested(PlayerData, sized_by="player_data_length")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlayer:
    """A player in the answer to a search, with the room they are in."""

    room_id_outer: I32
    player: Annotated[PlayerEntry, Nested(PlayerEntry, flat=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MythGame:
    """A Myth game. The server passes it on; it needs the flags, the player counts and the two names."""

    type: I16 = 0
    scoring: I16 = 0
    option_flags: U32 = 0
    time_limit: I32 = 0
    scenario_tag: U32 = 0
    difficulty: I16 = 0
    maximum_players: I16 = 0
    initial_team_random_seed: U16 = 0
    maximum_teams: I16 = 0
    random_seed: U32 = 0
    pregame_time_limit: I32 = 0
    unused: Annotated[bytes, Unused(10)] = bytes(10)
    plugin_count: I16 = 0
    plugin_data: Annotated[bytes, Sparse(512)] = bytes(512)
    public_tags_checksum: I32 = 0
    private_tags_checksum: I32 = 0
    flags: U16 = 0
    player_count: I8 = 0
    alignment: Annotated[bytes, Unused(1)] = bytes(1)
    game_name: Str
    map_name: Str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlephGame:
    """An Aleph One game. `time_limit` is in 1/30 s; -1 and 0x7FFFFFFF mean none."""

    unknown: Annotated[bytes, Unused(2)] = bytes(2)
    game_type: U16 = 0
    option_flags: U32 = 0
    time_limit: I32 = -1
    map_checksum: U32 = 0
    difficulty: U16 = 0
    maximum_players: U16 = 0
    team_random_seed: U16 = 0
    maximum_teams: U16 = 0
    random_seed: U32 = 0
    planning_time: U32 = 0
    unused: Annotated[bytes, Unused(10)] = bytes(10)
    plugin_flag: U16 = 3
    alephone_build: Annotated[str, Text(32, terminated=False)] = ""
    network_protocol_id: Annotated[str, Text(32, terminated=False)] = ""
    scenario_name: Annotated[str, Text(32, terminated=False)] = ""
    scenario_id: Annotated[str, Text(24, terminated=False)] = ""
    scenario_version: Annotated[str, Text(8, terminated=False)] = ""
    netscript: Annotated[str, Text(32, terminated=False)] = ""
    game_options: I16 = 0
    cheat_flags: I16 = 0
    kill_limit: I16 = 0
    map_file: Annotated[str, Text(32, terminated=False)] = ""
    physics: Annotated[str, Text(32, terminated=False)] = ""
    zeros: Annotated[bytes, Unused(282)] = bytes(282)
    client_version: U32 = 0xC136E436
    unknown_2: Annotated[bytes, Unused(4)] = bytes(4)
    status: U16 = 0
    num_players: U8 = 0
    action: U8 = 0
    game_name: Str
    map_name: Str = ""


GameDescription = AlephGame | MythGame
DESCRIPTIONS: Final[dict[Family, type]] = {
    Family.ALEPHONE: AlephGame,
    Family.MYTH: MythGame,
    Family.MYTH2_18: MythGame,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GameEntry:
    """A game in a list. Deleting one takes the whole entry, too."""

    game_id: U32
    host: Annotated[int, Address()]
    port: U16
    verb: U8 = Verb.ADD
    version: U8 = 0
    seconds_remaining: I32 = -1
    creating_player_id: U32 = 0
    game_data_size: Annotated[I16, SizeOf("description")] = field(default=0, compare=False)
    unused: Annotated[bytes, Unused(10)] = bytes(10)
    description: Annotated[GameDescription, Nested(DESCRIPTIONS, sized_by="game_data_size")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatBlock:
    """What somebody says. `type` is 0; `length` means nothing; bit 0 of `flags` says that it is private."""

    type: I16 = 0
    length: I16 = 0
    color: Annotated[Colour, Nested(Colour)] = BLACK
    flags: U16 = 0
    pad: U16 = 0
    player_id: U32 = 0
    selected_player_id: U32 = 0
    name: Str
    message: Str


CHAT_DIRECTED: Final = 0x0001


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a player or an order has achieved in one category."""

    games_played: I16 = 0
    wins: I16 = 0
    losses: I16 = 0
    ties: I16 = 0
    damage_inflicted: I32 = 0
    damage_received: I32 = 0
    disconnects: I16 = 0
    pad: Annotated[bytes, Unused(2)] = bytes(2)
    points: I16 = 0
    rank: I16 = 0
    highest_points: I16 = 0
    highest_rank: I16 = 0
    numerical_rank: U32 = 0
    unused: Annotated[bytes, Unused(16)] = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallRanking:
    """The best of one category, and the average over everybody."""

    top_player: Annotated[str, Text(32)] = ""
    points_average: U32 = 0
    points_best: U32 = 0
    games_played_average: U32 = 0
    games_played_best: U32 = 0
    wins_average: U32 = 0
    wins_best: U32 = 0
    damage_inflicted_average: U32 = 0
    damage_inflicted_best: U32 = 0
    damage_received_average: U32 = 0
    damage_received_best: U32 = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEntry:
    """A room a client may enter.

    Host 0 means the log-in server's host to Myth clients; Aleph One takes it literally.
    """

    room_id: I16
    player_count: I16 = 0
    host: Annotated[int, Address()]
    port: U16
    game_count: I16 = 0
    room_type: I16 = 0
    room_flags: I16 = 0
    unused: Annotated[bytes, Unused(8)] = bytes(8)


class RoomType(IntEnum):
    """What is played for in a room."""

    UNRANKED = 0
    RANKED = 1
    TOURNAMENT = 2


class RoomFlag(IntFlag):
    """Flags of a room that Myth II from build 409 on understands."""

    RECORDING_SUPPORTED = 1
    RECORDING_REQUIRED = 2
    CLOSED_TO_YOU = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHub:
    """A hub that hosts games for Aleph One players behind NAT. Id 0 means none."""

    id: U16
    host: Annotated[int, Address(both=False)]
    port: U16


class BuddyState(IntEnum):
    """How a buddy entry is shown."""

    INACTIVE = 0
    UNACKNOWLEDGED = 1
    ACTIVE = 2
    OFFLINE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Buddy:
    """One of 16 places in a buddy list; unused ones are all zero."""

    player_id: U32 = 0
    state: U8 = BuddyState.INACTIVE
    pad: Annotated[bytes, Unused(3)] = bytes(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMember:
    """A member of the player's order. Some servers write another number than 1 for true."""

    player_id: U32
    online: Annotated[int, TrueOrFalse("i")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamResult:
    """How a team did. `captain_player_index` points into the table of players; `place` 0 is the first."""

    place: I16 = 0
    captain_player_index: I16 = 0
    valid: I16 = 0
    eliminated: I16 = 0
    time_of_elimination: I32 = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerResult:
    """How a player did. Those with the captain's `team_index` are in the captain's team; it is no index."""

    team_index: I16 = 0
    finished: I16 = 0
    time_played: I32 = 0
    units_killed: I32 = 0
    units_lost: I32 = 0
    points_killed: I32 = 0
    points_lost: I32 = 0
    player_id: U32 = 0

"""People and games as entries of the lists of old clients."""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import lru_cache
from typing import Final

from mythgate.domain.accounts import Role
from mythgate.domain.chat import tidy
from mythgate.domain.errors import ProtocolError
from mythgate.domain.hosting import GameFacts, HostedGame
from mythgate.domain.lobbies import Colour, LobbyKind, Looks, Occupant
from mythgate.domain.styles import unmarked
from mythgate.wire.metaserver import records
from mythgate.wire.metaserver.layout import Family, layout_of
from mythgate.wire.metaserver.packets import encode_entry
from mythgate.wire.metaserver.records import (
    DESCRIPTIONS,
    MAX_DESCRIPTION_BYTES,
    MAX_MAP_NAME_BYTES,
    MAX_NAME_BYTES,
    MIN_DESCRIPTION_BYTES,
    AlephGame,
    AlephGameStatus,
    AlephSortKey,
    GameDescription,
    GameEntry,
    MythGame,
    MythGameFlag,
    PlayerData,
    PlayerEntry,
    PlayerFlag,
    RoomType,
    Verb,
)
from mythgate.wire.metaserver.text import decode_text, encode_text, strip_styles

GUEST_MARK: Final = "|iGuest|p "
"""Before the name of a guest: Aleph One can mute all guests at once, whom it knows by their names."""
BROWSER_GUEST: Final = "Guest-"  # what names of guests with a browser begin with
NO_ORDER: Final = -1
LAST_ORDER: Final = 0x7FFF
MOST_KEPT: Final = 10_000  # entries; those of people who are gone among them
ALEPHONE_VERSION: Final = 5000
TICKS_PER_SECOND: Final = 30
LONGEST_GAME: Final = 7 * 24 * 3600  # seconds; hosts write more, or nothing, for "untimed"
_OPAQUE: Final = struct.Struct(">hhh12s")  # player data from `order_index` to the names
ROOM_TYPES: Final = {
    LobbyKind.UNRANKED: RoomType.UNRANKED,
    LobbyKind.RANKED: RoomType.RANKED,
    LobbyKind.TOURNAMENT: RoomType.TOURNAMENT,
}
_ALEPH_KINDS: Final = (
    "every man for himself", "co-operative play", "capture the flag", "king of the hill", "kill the man with the ball",
    "defense", "rugby", "tag", "custom",
)  # fmt: skip
_ALEPH_DIFFICULTIES: Final = ("Kindergarten", "Easy", "Normal", "Major Damage", "Total Carnage")
_MYTH_KINDS: Final = (
    "Body Count", "Steal the Bacon", "Last Man on the Hill", "Scavenger Hunt", "Flag Rally", "Capture the Flag",
    "Balls on Parade", "Territories", "Captures", "King of the Hill", "Stampede", "Assassin", "Hunting",
    "Custom", "King of the Hill (TFL)", "King of the Map",
)  # fmt: skip
_MYTH_DIFFICULTIES: Final = ("Timid", "Simple", "Normal", "Heroic", "Legendary")
_MYTH_OPTIONS: Final = {
    1: "teams", 2: "limited visibility", 4: "unit trading", 5: "veterans", 7: "cooperative", 13: "alliances",
    14: "overhead map", 15: "clan game", 20: "death match", 21: "TFL rules", 22: "anti-clump",
}  # fmt: skip


# --- people ----------------------------------------------------------------------------------------


def looks_of(data: PlayerData, *, may_be_marked: bool = False) -> Looks:
    """How a client wants its player to be shown. Only staff may begin a name with the administrators' mark."""
    return Looks(
        name=data.name if may_be_marked else unmarked(data.name),
        team=data.team,
        icon=data.coat_of_arms,
        primary=_colour(data.primary_color),
        secondary=_colour(data.secondary_color),
        opaque=_OPAQUE.pack(data.order_index, data.game_version, data.build_number, data.unused),
    )


def _colour(colour: records.Colour) -> Colour:
    return Colour(colour.red, colour.green, colour.blue)


def wire_colour(colour: Colour) -> records.Colour:
    return records.Colour(red=colour.red, green=colour.green, blue=colour.blue)


def shown_name(occupant: Occupant, family: Family) -> str:
    """The name in lists and before what somebody says, as clients have room for it; Aleph One's has no other place
    for why they are away."""
    name = occupant.name
    if family is Family.ALEPHONE and occupant.visitor.has_guest_account:
        name = GUEST_MARK + name.removeprefix(BROWSER_GUEST)
    if family is Family.ALEPHONE and occupant.away and occupant.afk_text:
        name = f"|i{occupant.afk_text[:8]}|p-{name}"
    name = cut(name)  # here signs vanish, all of them maybe, that may have hidden a mark
    if not strip_styles(name).strip():
        name = cut(occupant.visitor.name)
    return name if occupant.visitor.role.includes(Role.MODERATOR) else unmarked(name)


def cut(name: str) -> str:
    """`name` no longer than clients have room for."""
    return decode_text(encode_text(name, MAX_NAME_BYTES))


def player_data(occupant: Occupant, family: Family) -> PlayerData:
    """How others see somebody."""
    looks = occupant.looks
    visitor = occupant.visitor
    if family is Family.ALEPHONE:
        order, version, build, unused = 0, ALEPHONE_VERSION, 0, bytes(12)
        team = "" if visitor.is_guest else visitor.name
    else:
        opaque = looks.opaque if len(looks.opaque) == _OPAQUE.size else _OPAQUE.pack(NO_ORDER, 0, 0, bytes(12))
        order, version, build, unused = _OPAQUE.unpack(opaque)
        team = looks.team
    return PlayerData(
        coat_of_arms=looks.icon & 0xFF,
        state=1 if occupant.away or occupant.in_game else 0,
        primary_color=wire_colour(looks.primary),
        secondary_color=wire_colour(looks.secondary),
        order_index=order,
        game_version=version,
        build_number=build,
        unused=unused,
        name=shown_name(occupant, family),
        team=cut(team),
    )


def player_flags(occupant: Occupant, family: Family) -> int:
    """Aleph One sorts by them: who is here before who is away, then moderators, then accounts."""
    visitor = occupant.visitor
    staff = visitor.shown_role.includes(Role.MODERATOR)
    if family is Family.ALEPHONE:
        key = AlephSortKey(0) if occupant.away else AlephSortKey.PRESENT
        if staff:
            key |= AlephSortKey.MODERATOR
        if not visitor.is_guest:
            key |= AlephSortKey.REGISTERED
        return int(key)
    flags = PlayerFlag.GUEST if visitor.is_guest else PlayerFlag(0)
    if staff:
        flags |= PlayerFlag.EMPLOYEE | PlayerFlag.ADMIN_ICON
    return int(flags)


def player_entry(occupant: Occupant, family: Family, verb: Verb, *, ranked: bool) -> PlayerEntry:
    """Somebody in a player list. Castes are shown where something is ranked."""
    visitor = occupant.visitor
    caste = visitor.caste if ranked else -1
    alephone = family is Family.ALEPHONE
    return PlayerEntry(
        verb=verb,
        flags=player_flags(occupant, family),
        ranking=0 if alephone else caste,
        player_id=visitor.number,
        room_id=0 if alephone else occupant.room_id,
        caste=0 if alephone else caste,
        order=0 if alephone else visitor.clan if 0 < visitor.clan <= LAST_ORDER else NO_ORDER,
        data=player_data(occupant, family),
    )


class PlayerEntries:
    """Entries of full lists, kept as bytes: whoever enters gets all of them, and few have changed since the last."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Family, bool], tuple[Occupant, bytes]] = {}

    def get(self, occupant: Occupant, family: Family, *, ranked: bool) -> bytes:
        """The entry that adds `occupant` to a list."""
        key = occupant.number, family, ranked
        kept = self._kept.get(key)
        if kept is None or kept[0] is not occupant:
            kept = occupant, encode_entry(family, player_entry(occupant, family, Verb.ADD, ranked=ranked))
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = kept
        return kept[1]


# --- games -----------------------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def description_of(descriptor: bytes, family: Family) -> GameDescription:
    """A client's description of its game. Raises ProtocolError if other clients would stumble over it."""
    if not MIN_DESCRIPTION_BYTES <= len(descriptor) <= MAX_DESCRIPTION_BYTES:
        raise ProtocolError(f"A game's description has {len(descriptor)} bytes.", code="bad_description")
    description, _ = layout_of(DESCRIPTIONS[family], family).read(descriptor, 0)
    if isinstance(description, MythGame):  # whose readers have so much room for the names, and no more
        return replace(
            description,
            game_name=cut(description.game_name),
            map_name=decode_text(encode_text(description.map_name, MAX_MAP_NAME_BYTES)),
        )
    return description  # type: ignore[no-any-return]


def facts_of(description: GameDescription) -> GameFacts:
    """What lists and searches show of a game."""
    if isinstance(description, AlephGame):
        return GameFacts(
            name=_readable(description.game_name),
            map_name=_readable(description.map_name),
            kind=_named(_ALEPH_KINDS, description.game_type),
            scoring=description.game_type,
            difficulty=_named(_ALEPH_DIFFICULTIES, description.difficulty),
            players=description.num_players,
            max_players=description.maximum_players,
            teams=description.maximum_teams != 0xFFFF,
            time_limit=seconds_of_ticks(description.time_limit),
            closed=bool(description.status & (AlephGameStatus.CLOSED | AlephGameStatus.RUNNING)),
            scenario=_readable(description.scenario_name or description.scenario_id),
        )
    return GameFacts(
        name=_readable(description.game_name),
        map_name=_readable(description.map_name),
        kind=_named(_MYTH_KINDS, description.scoring),
        scoring=description.scoring,
        game_type=description.type,
        difficulty=_named(_MYTH_DIFFICULTIES, description.difficulty),
        players=max(0, description.player_count),
        max_players=max(0, description.maximum_players),
        teams=bool(description.option_flags & 1 << 1),
        time_limit=seconds_of_ticks(description.time_limit),
        closed=bool(description.flags & (MythGameFlag.CLOSED | MythGameFlag.IN_PROGRESS)),
        has_password=bool(description.flags & MythGameFlag.HAS_PASSWORD),
        options=frozenset(name for bit, name in _MYTH_OPTIONS.items() if description.option_flags & 1 << bit),
    )


def _readable(text: str) -> str:
    """`text` for lists and terminals: no codes, nothing a terminal would obey."""
    return tidy(strip_styles(text)).strip()


def _named(names: tuple[str, ...], index: int) -> str:
    return names[index] if 0 <= index < len(names) else ""


def seconds_of_ticks(ticks: int) -> float | None:
    """A time limit in 1/30 s; None if it stands for no limit."""
    return None if ticks <= 0 or ticks >= LONGEST_GAME * TICKS_PER_SECOND else ticks / TICKS_PER_SECOND


def game_entry(game: HostedGame, family: Family, verb: Verb, *, host: int, now: float) -> GameEntry:
    """A game in a game list, with the address its reader finds it at."""
    left = game.seconds_left(now)
    return GameEntry(
        game_id=game.number,
        host=host,
        port=game.port,
        verb=verb,
        seconds_remaining=-1 if left is None else left,
        creating_player_id=game.host,
        description=description_of(game.descriptor, family),
    )

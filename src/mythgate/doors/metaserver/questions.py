"""What Myth clients ask and tell in a room besides talk and games: searches, friends, clans, players, results.

Each of these waits for the database, and the connection reads nothing meanwhile. A question that somebody
cannot be given an answer to is answered with nothing found: clients wait for the answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Coroutine, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from mythgate.domain.accounts import Role
from mythgate.domain.errors import NoGame, NotFound, NotInLobby, Refused
from mythgate.domain.friends import Friend
from mythgate.domain.hosting import HostedGame
from mythgate.domain.lobbies import Looks, Occupant
from mythgate.domain.ratings import RANKED, UNRANKED, Category, Ranked, SubjectKind, by_game_type
from mythgate.domain.results import Ending, PlayerReport, ScoreReport, TeamReport
from mythgate.domain.styles import plain
from mythgate.doors.metaserver.clients import Client
from mythgate.doors.metaserver.rendering import cut, wire_colour
from mythgate.services.ports import Clock
from mythgate.services.ratings import Overview, RatingService
from mythgate.wire.metaserver.framing import frame
from mythgate.wire.metaserver.packets import (
    GAME_TYPES,
    PACKET_TYPES,
    BuddyList,
    Criterion,
    GameEnded,
    GameScore,
    GameSearchQuery,
    GameSearchResult,
    OrderList,
    PlayerInfo,
    PlayerInfoQuery,
    PlayerSearchList,
    PlayerSearchQuery,
    UpdateBuddy,
    UpdatePlayerBuddyList,
    UpdatePlayerInformation,
    encode_entry,
    pack_entries,
)
from mythgate.wire.metaserver.records import Buddy, OverallRanking, Score, Verb
from mythgate.wire.metaserver.text import decode_text, encode_text

if TYPE_CHECKING:
    from mythgate.doors.metaserver.room import RoomConnection

SCORE, FIND_GAMES, FIND_PLAYERS, FRIENDS, CLAN, CHANGE_FRIEND, PLAYER, PROFILE = 112, 116, 117, 118, 119, 120, 121, 122
MOST_FOUND: Final = 50
OVERVIEW_SECONDS: Final = 10.0
ANY: Final = -1
_SHORT: Final = 0x7FFF
_SHORTS: Final = range(-(2**15), 2**15)
_INTS: Final = range(-(2**31), 2**31)
_COUNTS: Final = range(2**32)
_ENDINGS: Final[Mapping[int, Ending]] = {GameEnded.NORMALLY: Ending.NORMAL, GameEnded.SERVER_LOST: Ending.SERVER_LOST}
_CATEGORIES: Final[tuple[Category, ...]] = (UNRANKED, RANKED, *(by_game_type(kind) for kind in range(GAME_TYPES)))

_FOUND_IN: Final = struct.Struct(">i")
"""What `records.FoundPlayer` has before an entry."""

# --- games -----------------------------------------------------------------------------------------


def on_find_games(connection: RoomConnection, payload: bytes) -> None:
    """116. There is always an answer, also if nothing was found."""
    query: GameSearchQuery = connection.decoded(FIND_GAMES, payload)
    wanted, unwanted = set(), set()
    for criterion, option in (
        (query.veterans, "veterans"),
        (query.unit_trading, "unit trading"),
        (query.teams, "teams"),
        (query.alliances, "alliances"),
    ):
        if criterion == Criterion.REQUIRED:
            wanted.add(option)
        elif criterion == Criterion.UNWANTED:
            unwanted.add(option)
    if query.enemy_visibility == Criterion.REQUIRED:
        unwanted.add("limited visibility")
    elif query.enemy_visibility == Criterion.UNWANTED:
        wanted.add("limited visibility")
    found: list[HostedGame] = connection.door.services.hosting.search(
        None,
        family=connection.client.family,
        name=query.game_name,
        map_name=query.map_name,
        scoring=None if query.scoring == ANY else query.scoring,
        game_type=None if query.game_type in (ANY, Criterion.INDIFFERENT) else query.game_type,
        wanted=frozenset(wanted),
        unwanted=frozenset(unwanted),
    )
    sink = connection.sink
    entries = [sink.game_entry(game, Verb.ADD) for game in found[:MOST_FOUND]] if sink is not None else []
    _send_list(connection, GameSearchResult, [entry for entry in entries if entry is not None])


def on_score(connection: RoomConnection, payload: bytes) -> None:
    """112."""
    packet: GameScore = connection.decoded(SCORE, payload)
    report = ScoreReport(
        reporter=connection.visitor.number,
        teams=tuple(
            TeamReport(
                place=team.place,
                captain=team.captain_player_index,
                valid=bool(team.valid),
                eliminated=bool(team.eliminated),
                eliminated_at=team.time_of_elimination,
            )
            for team in packet.teams[: max(0, packet.number_of_teams)]
        ),
        players=tuple(
            PlayerReport(
                number=player.player_id,
                team=player.team_index,
                finished=bool(player.finished),
                time_played=player.time_played,
                units_killed=player.units_killed,
                units_lost=player.units_lost,
                points_killed=player.points_killed,
                points_lost=player.points_lost,
            )
            for player in packet.players
        ),
        ended=_ENDINGS.get(packet.game_ended_code, Ending.QUIT),
        scoring=packet.scoring,
        version=packet.version_number,
        time_limit=packet.time_limit,
        elapsed=packet.actual_time_elapsed,
        players_at_start=packet.number_of_players,
        teams_at_start=packet.number_of_teams,
    )
    connection.run(_report(connection, packet.game_id, report))


async def _report(connection: RoomConnection, game_id: int, report: ScoreReport) -> None:
    hosting = connection.door.services.hosting
    try:
        await hosting.report(connection.visitor.listener, report, game_number=game_id)
    except (NoGame, NotInLobby):
        connection.door.stats.ignored_packets += 1
    except Refused as error:
        connection.tell_refusal(error)


# --- people ----------------------------------------------------------------------------------------


def on_find_players(connection: RoomConnection, payload: bytes) -> None:
    """117: part of a shown name or an account's."""
    query: PlayerSearchQuery = connection.decoded(FIND_PLAYERS, payload)
    part = plain(query.search_string).strip().casefold()
    found = (  # no more of them are looked at than are told
        one
        for one in connection.door.services.lobbies.everybody()
        if part in plain(one.name).casefold() or (not one.visitor.is_guest and part in one.visitor.name.casefold())
    )
    _send_people(connection, PlayerSearchList, found)


def on_find_friends(connection: RoomConnection, payload: bytes) -> None:
    """118."""
    del payload
    connection.run(_find_people(connection, BuddyList, connection.door.services.friends.online))


def on_find_clan(connection: RoomConnection, payload: bytes) -> None:
    """119."""
    del payload
    connection.run(_find_people(connection, OrderList, connection.door.services.clans.online))


async def _find_people(
    connection: RoomConnection, packet: type, look: Callable[[Any], Coroutine[Any, Any, list[Occupant]]]
) -> None:
    account_id = connection.visitor.account_id
    found: list[Occupant] = []
    if account_id is not None:
        try:
            found = await look(account_id)
        except Refused as error:
            connection.tell_refusal(error)
    _send_people(connection, packet, found)


def _send_people(connection: RoomConnection, packet: type, found: Iterable[Occupant]) -> None:
    """Those who may be seen and whose games the client can play, without the one who asks."""
    door = connection.door
    families = {lobby.room_id: lobby.family for lobby in door.lobbies()}
    told = (
        one
        for one in found
        if not one.visitor.hidden
        and one.number != connection.visitor.number
        and families.get(one.room_id) is connection.client.family
    )
    ranked = {room_id: door.is_ranked(room_id) for room_id in families}
    entry_of, family = door.player_entries.get, connection.family
    entries = [
        _FOUND_IN.pack(one.room_id) + entry_of(one, family, ranked=ranked[one.room_id])
        for one in islice(told, MOST_FOUND)
    ]
    _send_entries(connection, packet, entries)


def _send_list(connection: RoomConnection, packet: type, entries: Iterable[Any]) -> None:
    _send_entries(connection, packet, (encode_entry(connection.family, entry) for entry in entries))


def _send_entries(connection: RoomConnection, packet: type, entries: Iterable[bytes]) -> None:
    packet_type, payloads = PACKET_TYPES[packet], pack_entries(entries)
    connection.send_clear(b"".join(frame(packet_type, payload) for payload in payloads))


def on_change_friend(connection: RoomConnection, payload: bytes) -> None:
    """120."""
    packet: UpdateBuddy = connection.decoded(CHANGE_FRIEND, payload)
    connection.run(_change_friend(connection, packet))


async def _change_friend(connection: RoomConnection, packet: UpdateBuddy) -> None:
    """What changes is told as an event; what could not be changed is shown as it is."""
    friends, account_id = connection.door.services.friends, connection.visitor.account_id
    if account_id is None:
        connection.send(UpdatePlayerBuddyList(buddies=buddies((), connection.client)))
        return
    try:
        await (friends.add if packet.add else friends.remove)(account_id, packet.buddy_id)
    except Refused as error:
        connection.tell_refusal(error)
        connection.send(UpdatePlayerBuddyList(buddies=buddies(await friends.friends(account_id), connection.client)))


def buddies(friends: Iterable[Friend], client: Client) -> tuple[Buddy, ...]:
    """A list of friends in as many places as the client has for it."""
    places = [Buddy(player_id=one.number, state=one.state.number) for one in friends][: client.friend_places]
    return (*places, *(Buddy(),) * (client.friend_places - len(places)))


# --- one player ------------------------------------------------------------------------------------


def on_ask_player(connection: RoomConnection, payload: bytes) -> None:
    """121."""
    query: PlayerInfoQuery = connection.decoded(PLAYER, payload)
    connection.run(_tell_of_player(connection, query.player_id))


async def _tell_of_player(connection: RoomConnection, number: int) -> None:
    services = connection.door.services
    present = services.lobbies.by_number(number)
    if present is not None and present.visitor.hidden:
        present = None
    try:
        card = await services.profiles.card_of(number)
    except NotFound:
        card = None
    if card is None:  # a guest, or nobody
        looks = present.looks if present is not None else Looks("")
        connection.send(PlayerInfo(login="", name=looks.name, **_appearance(looks)))
        return
    account, profile, clan = card.account, card.profile, card.clan
    ratings = services.ratings
    standings = await ratings.standings(number)
    clan_standings = await ratings.standings(clan.number, kind=SubjectKind.CLAN) if clan is not None else {}
    overviews = connection.door.overviews
    players, clans = await overviews.get(RANKED, SubjectKind.PLAYER), await overviews.get(RANKED, SubjectKind.CLAN)
    looks = present.looks if present is not None else profile.looks(account.name)
    scores = [_score(standings.get(category), players.everybody) for category in _CATEGORIES]
    clan_scores = [
        _score(clan_standings.get(category), clans.everybody if clan is not None else 0) for category in _CATEGORIES
    ]
    best = [_overall(await overviews.get(category, SubjectKind.PLAYER)) for category in _CATEGORIES]
    best_clans = [_overall(await overviews.get(category, SubjectKind.CLAN)) for category in _CATEGORIES]
    connection.send(
        PlayerInfo(
            administrator_flag=int(account.role.includes(Role.ADMIN)),
            bungie_employee_flag=int(account.role.includes(Role.MODERATOR)),
            order_index=min(clan.number, _SHORT) if clan is not None else -1,
            **_appearance(looks),
            unranked=scores[0],
            ranked=scores[1],
            ranked_by_game_type=tuple(scores[2:]),
            order_unranked=clan_scores[0],
            order_ranked=clan_scores[1],
            order_ranked_by_game_type=tuple(clan_scores[2:]),
            total_users=players.everybody,
            total_orders=clans.everybody,
            rankings=(*best, *best_clans),
            login=cut(account.name),
            name=cut(looks.name),
            order_name=clan.name if clan is not None else "",
            city=_no_longer(profile.city),
            state=_no_longer(profile.state),
            country=_no_longer(profile.country),
            quote=_no_longer(profile.quote),
        )
    )


def _no_longer(text: str) -> str:
    """`text` in as many bytes as it has signs: clients have room for so many, and some become several in MacRoman."""
    return decode_text(encode_text(text, len(text)))


class Overviews:
    """What there is to say of whole ladders: part of every answer about a player, and dear, so kept for a while."""

    def __init__(self, ratings: RatingService, clock: Clock) -> None:
        self._ratings = ratings
        self._monotonic = clock.monotonic
        self._kept: dict[tuple[Category, SubjectKind], tuple[float, Overview]] = {}

    async def get(self, category: Category, kind: SubjectKind) -> Overview:
        """An overview that is no older than `OVERVIEW_SECONDS`."""
        now = self._monotonic()
        kept = self._kept.get((category, kind))
        if kept is None or now - kept[0] >= OVERVIEW_SECONDS:
            kept = self._kept[category, kind] = now, await self._ratings.overview(category, kind=kind)
        return kept[1]


def _appearance(looks: Looks) -> dict[str, Any]:
    return {
        "icon_index": looks.icon,
        "primary_color": wire_colour(looks.primary),
        "secondary_color": wire_colour(looks.secondary),
    }


def _within(room: range, value: int) -> int:
    """`value` as near as there is room for it: players may claim to have done anything."""
    return min(max(value, room[0]), room[-1])


def _score(ranked: Ranked | None, everybody: int) -> Score:
    """Whoever has no standing comes after all who have."""
    if ranked is None:
        return Score(numerical_rank=everybody)
    one = ranked.standing
    return Score(
        games_played=_within(_SHORTS, one.games),
        wins=_within(_SHORTS, one.wins),
        losses=_within(_SHORTS, one.losses),
        ties=_within(_SHORTS, one.ties),
        damage_inflicted=_within(_INTS, one.damage_given),
        damage_received=_within(_INTS, one.damage_taken),
        disconnects=_within(_SHORTS, one.disconnects),
        points=_within(_SHORTS, one.points),
        rank=ranked.caste,
        highest_points=_within(_SHORTS, one.best_points),
        highest_rank=max(ranked.caste, one.best_caste),
        numerical_rank=ranked.place,
    )


def _overall(overview: Overview) -> OverallRanking:
    return OverallRanking(
        top_player=overview.top_name,
        points_average=_within(_COUNTS, overview.points[0]),
        points_best=_within(_COUNTS, overview.points[1]),
        games_played_average=_within(_COUNTS, overview.games[0]),
        games_played_best=_within(_COUNTS, overview.games[1]),
        wins_average=_within(_COUNTS, overview.wins[0]),
        wins_best=_within(_COUNTS, overview.wins[1]),
        damage_inflicted_average=_within(_COUNTS, overview.damage_given[0]),
        damage_inflicted_best=_within(_COUNTS, overview.damage_given[1]),
        damage_received_average=_within(_COUNTS, overview.damage_taken[0]),
        damage_received_best=_within(_COUNTS, overview.damage_taken[1]),
    )


def on_profile(connection: RoomConnection, payload: bytes) -> None:
    """122 from Myth: what somebody tells of themselves. There is no answer."""
    packet: UpdatePlayerInformation = connection.decoded(PROFILE, payload)
    connection.run(_describe(connection, packet))


async def _describe(connection: RoomConnection, packet: UpdatePlayerInformation) -> None:
    account_id = connection.visitor.account_id
    if account_id is None:
        return
    try:
        await connection.door.services.profiles.describe(
            account_id, city=packet.city, state=packet.state, country=packet.country, quote=packet.quote
        )
    except Refused as error:
        connection.tell_refusal(error)


QUESTIONS: Final[Mapping[int, Callable[[RoomConnection, bytes], None]]] = {
    SCORE: on_score,
    FIND_GAMES: on_find_games,
    FIND_PLAYERS: on_find_players,
    FRIENDS: on_find_friends,
    CLAN: on_find_clan,
    CHANGE_FRIEND: on_change_friend,
    PLAYER: on_ask_player,
    PROFILE: on_profile,
}
"""What is done for each packet of this kind."""

"""Lobbies: what everybody may read about them, and coming in from a browser or with an SDK.

Everything under `/api/metaserver` is public and needs no token. Who is in a lobby is there with the character they
play; what happens there comes as events, and talk goes as `chat` messages of the channels `lobby` and `lobby_tell`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from mythgate.domain.accounts import is_hidden
from mythgate.domain.errors import NotInLobby
from mythgate.domain.events import LobbyPlayerView, LobbyView
from mythgate.domain.hosting import GamePhase, HostedGame
from mythgate.domain.ids import CharacterId
from mythgate.domain.lobbies import NO_CASTE, Family, Occupant, Visitor
from mythgate.domain.profiles import GREY
from mythgate.domain.ratings import CATEGORIES, Category, Ranked, SubjectKind
from mythgate.domain.sessions import Caller
from mythgate.domain.styles import plain
from mythgate.doors.http.deps import DOOR, CallerDep, ChargedCallerDep, Origin, OriginDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router
from mythgate.services.all import Services
from mythgate.services.lobbies import colour_code, game_view, player_view
from mythgate.services.profiles import PlayerCard

router = new_router("lobbies")

MOST_ROWS: Final = 100
CLIENT_CHARACTERS: Final = 31

RoomId = Annotated[int, Path(ge=0, le=0x7FFF, examples=[26])]
Search = Annotated[str, Query(max_length=100)]


# --- what everybody may read -----------------------------------------------------------------------------


class RoomPlayer(BaseModel):
    """Somebody in a lobby."""

    user_id: int = Field(description="Their number. Guests have one only while they are here.")
    nick_name: str
    team_name: str
    guest: bool
    admin: bool = Field(description="Whether they belong to the staff.")
    caste: int = Field(description="0 to 17; -1 for guests.")
    clan: int = Field(description="Number of their clan; 0 for none.")
    primary_color: str = Field(examples=["#3f7fff"])
    secondary_color: str
    client: str = Field(description="What they are here with.", examples=["Aleph One"])
    door: str = Field(examples=["metaserver"])
    in_game: bool
    away: bool
    afk_text: str


class RoomGame(BaseModel):
    """A game that is listed or runs. Where its host is stays between the host and who joins."""

    id: int
    name: str
    map_name: str
    scoring_name: str
    difficulty: str
    scenario: str
    host_user_id: int
    host_name: str
    players: int
    max_players: int = Field(description="0: not known.")
    state: GamePhase
    joinable: bool
    has_password: bool
    reachable: bool | None = Field(description="Whether the host answered from outside; null if nobody tried.")
    elapsed_seconds: int | None = Field(description="Since it began; null if it did not.")
    seconds_left: int | None = Field(description="Null if it does not run, or has no limit.")
    line_up: list[int] = Field(description="Numbers of who plays, as the host told. Empty: not known.")


class Room(BaseModel):
    """A lobby and all that is in it."""

    id: int
    name: str
    family: Family
    type: Literal["unranked", "ranked", "tournament"]
    capacity: int
    min_caste: int
    max_caste: int
    locked: bool = Field(description="Whether the staff lets nobody in.")
    squelched: bool = Field(description="Whether only the staff may talk to everybody.")
    world_chat: bool = Field(description="Whether its talk is heard on the global channel, and the other way round.")
    type_name: str = Field(description="`standard`, `tournament`, or what a plug-in calls its own, such as a game.")
    motd: str = Field(description="Greets everybody.")
    players: list[RoomPlayer]
    games: list[RoomGame]


class Rooms(BaseModel):
    rooms: list[Room]
    players: int = Field(description="In all of them.")
    games: int
    server_time: datetime


class ListedGame(RoomGame):
    """A game, and where it is hosted."""

    room_id: int
    room_name: str
    family: Family


class Games(BaseModel):
    games: list[ListedGame]


class Place(BaseModel):
    """What somebody's games of one kind come to."""

    place: int
    caste: int
    points: int
    games: int
    wins: int
    losses: int
    ties: int
    damage_given: int
    damage_taken: int
    disconnects: int
    best_points: int
    best_caste: int


class LadderPlace(Place):
    """One line of a ladder."""

    number: int = Field(description="Of the player or clan.")
    name: str = Field(description="Empty if its bearer is gone.")


class LadderPage(BaseModel):
    category: str
    kind: SubjectKind
    categories: list[str] = Field(description="All there are.")
    rows: list[LadderPlace]


class ClanName(BaseModel):
    number: int
    name: str


class ClanEntry(ClanName):
    motto: str
    url: str
    members: int
    founded_at: datetime


class Clans(BaseModel):
    clans: list[ClanEntry]


class ClanFellow(BaseModel):
    number: int
    name: str
    rank: Literal["leader", "officer", "member"]
    room_id: int | None = Field(description="The lobby they are in; null for none.")


class ClanCard(ClanEntry):
    people: list[ClanFellow]


class PlayerProfile(BaseModel):
    """What somebody tells of themselves."""

    shown_name: str = Field(description="Without style codes. Empty: their name.")
    team: str
    city: str
    state: str
    country: str
    quote: str
    icon: int
    primary_color: str
    secondary_color: str


class PlayerEntry(BaseModel):
    number: int
    name: str
    guest: bool
    role: str
    caste: int
    clan: ClanName | None


class Players(BaseModel):
    players: list[PlayerEntry]


class Whereabouts(BaseModel):
    room_id: int
    room_name: str
    client: str
    away: bool
    in_game: bool


class PlayerPage(PlayerEntry):
    """Everything that everybody may see of a player."""

    member_since: datetime
    profile: PlayerProfile
    standings: dict[str, Place] = Field(description="By category: `unranked`, `ranked`, `ranked:<scoring>`.")
    online: Whereabouts | None = Field(description="The lobby they are in; null for none.")


def _player(occupant: Occupant) -> RoomPlayer:
    view: LobbyPlayerView = player_view(occupant)
    return RoomPlayer(
        user_id=view.number,
        nick_name=view.name,
        team_name=view.team,
        guest=view.is_guest,
        admin=view.role != "player",
        caste=view.caste,
        clan=view.clan,
        primary_color=view.colour,
        secondary_color=colour_code(occupant.looks.secondary),
        client=view.client,
        door=view.door,
        in_game=view.in_game,
        away=view.away,
        afk_text=view.afk_text,
    )


def _game(game: HostedGame, now: float) -> dict[str, Any]:
    view = game_view(game, now)
    return {
        "id": view.number,
        "name": view.name,
        "map_name": view.map_name,
        "scoring_name": view.kind,
        "difficulty": view.difficulty,
        "scenario": view.scenario,
        "host_user_id": view.host,
        "host_name": view.host_name,
        "players": view.players,
        "max_players": view.max_players,
        "state": game.state,
        "joinable": view.joinable,
        "has_password": view.has_password,
        "reachable": view.reachable,
        "elapsed_seconds": view.elapsed_seconds,
        "seconds_left": view.seconds_left,
        "line_up": view.line_up,
    }


def _place(ranked: Ranked) -> dict[str, int]:
    standing = ranked.standing
    return {
        "place": ranked.place,
        "caste": ranked.caste,
        "points": standing.points,
        "games": standing.games,
        "wins": standing.wins,
        "losses": standing.losses,
        "ties": standing.ties,
        "damage_given": standing.damage_given,
        "damage_taken": standing.damage_taken,
        "disconnects": standing.disconnects,
        "best_points": standing.best_points,
        "best_caste": standing.best_caste,
    }


def _entry(card: PlayerCard) -> dict[str, Any]:
    account, clan = card.account, card.clan
    return {
        "number": account.number,
        "name": account.name,
        "guest": account.is_guest,
        "role": account.role.value,
        "caste": NO_CASTE if account.is_guest else account.caste,
        "clan": ClanName(number=clan.number, name=clan.name) if clan is not None else None,
    }


@router.get("/api/metaserver/rooms", summary="Lobbies, who is in them, and their games", responses=error_responses(422))
async def rooms(services: ServicesDep, family: Family | None = None, name: Search = "") -> Rooms:
    """The lobbies that fit, by number, with everybody who lets themselves be seen. A name is looked for anywhere."""
    lobbies, now = services.lobbies, services.clock.monotonic()
    found = [
        Room(
            id=view.room_id,
            name=view.name,
            family=Family(view.family),
            type=view.kind,
            capacity=view.capacity,
            min_caste=view.min_caste,
            max_caste=view.max_caste,
            locked=view.locked,
            squelched=view.squelched,
            world_chat=view.world_chat,
            type_name=view.type_name,
            motd=lobbies.lobby(view.room_id).motd,
            players=[_player(one) for one in lobbies.occupants(view.room_id)],
            games=[RoomGame(**_game(one, now)) for one in services.hosting.games(view.room_id)],
        )
        for view in lobbies.search(name, family=family)
    ]
    return Rooms(
        rooms=found,
        players=sum(len(one.players) for one in found),
        games=sum(len(one.games) for one in found),
        server_time=services.clock.now(),
    )


@router.get("/api/metaserver/games", summary="Hosted games", responses=error_responses(422))
async def games(
    services: ServicesDep,
    room: Annotated[int | None, Query(ge=0, le=0x7FFF, description="Only of this lobby.")] = None,
    family: Family | None = None,
    state: GamePhase | None = None,
    joinable: bool | None = None,
    name: Search = "",
    map_name: Annotated[str, Query(max_length=100, alias="map")] = "",
    kind: Search = "",
    scenario: Search = "",
) -> Games:
    """The games that fit, those one can join first. Names are looked for anywhere in the name."""
    lobbies, now = services.lobbies, services.clock.monotonic()
    found = services.hosting.search(
        room,
        family=family,
        state=state,
        joinable=joinable,
        name=name,
        map_name=map_name,
        kind=kind,
        scenario=scenario,
    )
    return Games(
        games=[
            ListedGame(
                **_game(one, now), room_id=one.room_id, room_name=lobbies.lobby(one.room_id).name, family=one.family
            )
            for one in found
        ]
    )


@router.get("/api/metaserver/players", summary="Look for players", responses=error_responses(422, 503))
async def players(
    services: ServicesDep, search: Annotated[str, Query(min_length=1, max_length=40, examples=["al"])]
) -> Players:
    """Players with an account whose name contains the text, at most twenty."""
    found = await services.profiles.search(search)
    return Players(players=[PlayerEntry(**_entry(card)) for card in found])


@router.get("/api/metaserver/players/{name}", summary="A player", responses=error_responses(404, 422, 503))
async def player(
    name: Annotated[str, Path(min_length=1, max_length=100, description="Name or number.", examples=["Alric"])],
    services: ServicesDep,
) -> PlayerPage:
    """What everybody may see of a player: profile, clan, standings of this season, and where they are."""
    if name.isascii() and name.isdigit():  # no name begins with a digit
        card = await services.profiles.card_of(int(name[:11]))
    else:
        card = await services.profiles.card(name)
    account, profile = card.account, card.profile
    standings = await services.ratings.standings(account.number)
    return PlayerPage(
        **_entry(card),
        member_since=account.created_at,
        profile=PlayerProfile(
            shown_name=plain(profile.shown_name),
            team=plain(profile.team),
            city=profile.city,
            state=profile.state,
            country=profile.country,
            quote=profile.quote,
            icon=profile.icon,
            primary_color=colour_code(profile.primary),
            secondary_color=colour_code(profile.secondary),
        ),
        standings={str(category): Place(**_place(one)) for category, one in standings.items()},
        online=_whereabouts(services, account.number),
    )


def _whereabouts(services: Services, number: int) -> Whereabouts | None:
    occupant = services.lobbies.by_number(number)
    if occupant is None or occupant.visitor.hidden:
        return None
    return Whereabouts(
        room_id=occupant.room_id,
        room_name=services.lobbies.lobby(occupant.room_id).name,
        client=occupant.visitor.client,
        away=occupant.away,
        in_game=occupant.in_game,
    )


@router.get("/api/metaserver/ladder", summary="The ladder", responses=error_responses(404, 422, 503))
async def ladder(
    services: ServicesDep,
    category: Annotated[str, Query(max_length=20, examples=["ranked"])] = "ranked",
    kind: SubjectKind = SubjectKind.PLAYER,
    season: Annotated[int | None, Query(ge=1, description="The present one unless it is named.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> LadderPage:
    """A part of a ladder, best first. Ranked and unranked games have ladders of their own, as has each game type."""
    rows = await services.ratings.ladder(Category(category), kind=kind, season=season, limit=limit, offset=offset)
    return LadderPage(
        category=category,
        kind=kind,
        categories=[str(one) for one in CATEGORIES],
        rows=[LadderPlace(**_place(row.ranked), number=row.ranked.standing.number, name=row.name) for row in rows],
    )


@router.get("/api/metaserver/clans", summary="Clans", responses=error_responses(503))
async def clans(services: ServicesDep) -> Clans:
    """All clans, the oldest first."""
    return Clans(
        clans=[
            ClanEntry(
                number=view.clan.number,
                name=view.clan.name,
                motto=view.clan.motto,
                url=view.clan.url,
                members=len(view.members),
                founded_at=view.clan.founded_at,
            )
            for view in await services.clans.views()
        ]
    )


@router.get("/api/metaserver/clans/{number}", summary="A clan", responses=error_responses(404, 422, 503))
async def clan(number: Annotated[int, Path(ge=1, le=0x7FFFFFFF, examples=[1])], services: ServicesDep) -> ClanCard:
    """A clan and its members, the longest-standing first."""
    view = await services.clans.view(number)
    return ClanCard(
        number=view.clan.number,
        name=view.clan.name,
        motto=view.clan.motto,
        url=view.clan.url,
        members=len(view.members),
        founded_at=view.clan.founded_at,
        people=[
            ClanFellow(number=one.number, name=one.name, rank=one.rank, room_id=one.room_id)
            for one in services.clans.member_views(view)
        ],
    )


# --- coming in -------------------------------------------------------------------------------------------


class Lobbies(BaseModel):
    lobbies: list[LobbyView]
    room_id: int | None = Field(description="The one the caller is in; null for none.")


class Entered(BaseModel):
    """The caller is in a lobby; what is there comes as `lobby_state`."""

    lobby: LobbyView
    number: int = Field(description="What the caller is known by there.")
    name: str = Field(description="What the caller is called there, without style codes.")


_PRODUCT: Final = re.compile(r"[\w.+-]+(?:/[\w.+-]+)?", re.ASCII)


def _client(user_agent: str) -> str:
    """What others read: `browser`, or the program's own name for itself."""
    found = _PRODUCT.match(user_agent)
    if found is None or found[0].startswith("Mozilla/"):
        return "browser"
    return found[0].replace("/", " ")[:CLIENT_CHARACTERS]


async def visitor_of(services: Services, caller: Caller, character_id: CharacterId, origin: Origin) -> Visitor:
    """The caller as somebody who wants to enter a lobby with the character they play."""
    account = await services.accounts.me(caller)
    ties = await services.profiles.ties(account.id)
    return Visitor(
        listener=character_id,
        number=account.number,
        name=account.name,
        looks=ties.profile.looks(account.name, unchosen=GREY),
        door=DOOR,
        client=_client(origin.client),
        account_id=account.id,
        role=account.role,
        caste=NO_CASTE if account.is_guest else account.caste,
        country=ties.profile.country_code,
        clan=ties.clan,
        tournaments=ties.tournaments,
        hidden=is_hidden(account),
        address=origin.address,
        has_guest_account=account.is_guest,
    )


@router.get("/api/lobbies", summary="The lobbies, and where I am", responses=error_responses(401, 403, 503))
async def list_lobbies(caller: CallerDep, services: ServicesDep) -> Lobbies:
    """All lobbies by number."""
    account = await services.accounts.me(caller)
    present = services.lobbies.by_number(account.number)
    return Lobbies(lobbies=services.lobbies.views(), room_id=present.room_id if present is not None else None)


@router.post(
    "/api/lobbies/{room_id}/enter",
    summary="Enter a lobby",
    responses=error_responses(401, 403, 404, 409, 422, 429, 503),
)
async def enter(room_id: RoomId, caller: ChargedCallerDep, services: ServicesDep, origin: OriginDep) -> Entered:
    """Enter with the caller's character, which has to be in the world. It leaves the lobby it was in."""
    character_id = services.presence.acting(caller)
    visitor = await visitor_of(services, caller, character_id, origin)
    occupant = services.lobbies.enter(visitor, room_id)
    return Entered(lobby=services.lobbies.view(room_id), number=occupant.number, name=plain(occupant.name))


@router.post(
    "/api/lobbies/{room_id}/leave",
    status_code=204,
    response_class=Response,
    summary="Leave a lobby",
    responses=error_responses(401, 403, 404, 409, 422, 429, 503),
)
async def leave(room_id: RoomId, caller: ChargedCallerDep, services: ServicesDep) -> None:
    """Leave the lobby; the character stays in the world."""
    lobby = services.lobbies.lobby(room_id)
    character_id = services.presence.acting(caller)
    present = services.lobbies.occupant(character_id)
    if present is None or present.room_id != room_id:
        raise NotInLobby(f"You are not in {lobby.name}.")
    services.lobbies.leave(character_id)

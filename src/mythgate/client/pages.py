"""What the server answers to questions about lobbies, people and the adventure, and about oneself.

Fields are those of the REST interface (`/docs` on every server says what each means). What happens in a lobby
is told in the events' own types, `mythgate.domain.events`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mythgate.domain.events import ChatMessage, CombatView, FriendView, LobbyView, PartyView, QuestView, TradeView


@dataclass(frozen=True, slots=True)
class Lobbies:
    """All lobbies, and the number of the one the account is in; None for none."""

    lobbies: list[LobbyView]
    room_id: int | None


@dataclass(frozen=True, slots=True)
class EnteredLobby:
    """The lobby one has entered, and one's own number and name there."""

    lobby: LobbyView
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class RoomPlayer:
    """Somebody in a lobby."""

    user_id: int
    nick_name: str
    team_name: str
    guest: bool
    admin: bool
    caste: int
    clan: int
    primary_color: str
    secondary_color: str
    client: str
    door: str
    in_game: bool
    away: bool
    afk_text: str


@dataclass(frozen=True, slots=True)
class RoomGame:
    """A game that is listed or runs."""

    id: int
    name: str
    map_name: str
    scoring_name: str
    difficulty: str
    scenario: str
    host_user_id: int
    host_name: str
    players: int
    max_players: int
    state: Literal["listed", "running", "ended"]
    joinable: bool
    has_password: bool
    reachable: bool | None
    elapsed_seconds: int | None
    seconds_left: int | None
    line_up: list[int]


@dataclass(frozen=True, slots=True)
class LobbyRoom:
    """A lobby and all that is in it."""

    id: int
    name: str
    family: str
    type: Literal["unranked", "ranked", "tournament"]
    capacity: int
    min_caste: int
    max_caste: int
    locked: bool
    squelched: bool
    world_chat: bool
    motd: str
    players: list[RoomPlayer]
    games: list[RoomGame]
    type_name: str = "standard"  # or `tournament`, or what a plug-in calls its own; older servers do not tell


@dataclass(frozen=True, slots=True)
class LobbyRooms:
    """All lobbies, and how many people and games are in all of them."""

    rooms: list[LobbyRoom]
    players: int
    games: int
    server_time: datetime


@dataclass(frozen=True, slots=True)
class ListedGame(RoomGame):
    """A game, and the lobby it is hosted in."""

    room_id: int
    room_name: str
    family: str


@dataclass(frozen=True, slots=True)
class ListedGames:
    """Games that fit, those one can join first."""

    games: list[ListedGame]


@dataclass(frozen=True, slots=True)
class Standing:
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


@dataclass(frozen=True, slots=True)
class LadderRow(Standing):
    """One line of a ladder: of which player or clan."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class LadderPage:
    """A part of a ladder, best first, and the categories there are ladders of."""

    category: str
    kind: Literal["player", "clan"]
    categories: list[str]
    rows: list[LadderRow]


@dataclass(frozen=True, slots=True)
class ClanName:
    """Number and name of a clan."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class ClanEntry(ClanName):
    """A clan as a list shows it."""

    motto: str
    url: str
    members: int
    founded_at: datetime


@dataclass(frozen=True, slots=True)
class Clans:
    """All clans, the oldest first."""

    clans: list[ClanEntry]


@dataclass(frozen=True, slots=True)
class ClanFellow:
    """A member of a clan, and the lobby they are in; None for none."""

    number: int
    name: str
    rank: Literal["leader", "officer", "member"]
    room_id: int | None


@dataclass(frozen=True, slots=True)
class ClanCard(ClanEntry):
    """A clan and its members, the longest-standing first."""

    people: list[ClanFellow]


@dataclass(frozen=True, slots=True)
class PlayerEntry:
    """A player as a list shows them."""

    number: int
    name: str
    guest: bool
    role: str
    caste: int
    clan: ClanName | None


@dataclass(frozen=True, slots=True)
class PlayersFound:
    """Players whose name fits."""

    players: list[PlayerEntry]


@dataclass(frozen=True, slots=True)
class PlayerProfile:
    """What somebody tells of themselves."""

    shown_name: str
    team: str
    city: str
    state: str
    country: str
    quote: str
    icon: int
    primary_color: str
    secondary_color: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The lobby somebody is in, and with which client."""

    room_id: int
    room_name: str
    client: str
    away: bool
    in_game: bool


@dataclass(frozen=True, slots=True)
class PlayerPage(PlayerEntry):
    """Everything that everybody may see of a player. `standings` by category: `unranked`, `ranked`, `ranked:5`."""

    member_since: datetime
    profile: PlayerProfile
    standings: dict[str, Standing]
    online: Whereabouts | None


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """How one is shown, and what one tells of oneself. `dataclasses.replace` it and save the whole."""

    shown_name: str = ""
    team: str = ""
    primary_color: str = "#000000"
    secondary_color: str = "#000000"
    city: str = ""
    state: str = ""
    country: str = ""
    quote: str = ""
    icon: int | None = None


@dataclass(frozen=True, slots=True)
class Friends:
    """Whom one lists."""

    friends: list[FriendView]


@dataclass(frozen=True, slots=True)
class NearbyPlayerRow:
    """Another player in the same room. None: no position was ever reported there."""

    id: str
    name: str
    level: int
    faction: str
    status: str
    last_seen_at: datetime
    position: list[float] | None
    velocity: list[float] | None


@dataclass(frozen=True, slots=True)
class NearbyPage:
    """Who is in the room, in the order they came."""

    room_id: str
    players: list[NearbyPlayerRow]


@dataclass(frozen=True, slots=True)
class ChannelHistory:
    """What was said on a channel, oldest first."""

    channel: str
    messages: list[ChatMessage]


@dataclass(frozen=True, slots=True)
class PendingInvitation:
    """An invitation to a party that waits for an answer."""

    party_number: int
    party_name: str
    inviter_id: str
    inviter_name: str
    invitee_id: str
    invitee_name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OwnParty:
    """Where one belongs, and where one might."""

    party: PartyView | None
    invitations: list[PendingInvitation]


@dataclass(frozen=True, slots=True)
class PartyCard:
    """A party as everybody may know it. `party` is None for who is not in it."""

    number: int
    name: str
    is_active: bool
    member_count: int
    max_members: int
    created_at: datetime
    disbanded_at: datetime | None
    party: PartyView | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A fight; None: it is over already, or the other is to answer."""

    combat: CombatView | None


@dataclass(frozen=True, slots=True)
class FightEntry:
    """One thing a fight follows from: somebody joined, acted or left."""

    kind: Literal["join", "act", "leave"]
    fighter: int | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who took part in a fight, and how they were at its end."""

    number: int
    name: str
    side: int
    level: int
    condition: str
    initiative: int
    health: int


@dataclass(frozen=True, slots=True)
class Dice:
    """Dice that decided something: at most `needed` succeeds; 0: the value itself counts."""

    what: str
    sides: int
    value: int
    needed: int


@dataclass(frozen=True, slots=True)
class FightLine:
    """Something that happened in a fight, and the dice that led to it."""

    round: int
    kind: str
    text: str
    source: int
    target: int
    amount: int
    result: str | None
    rolls: list[Dice]


@dataclass(frozen=True, slots=True)
class FightRecord:
    """All that a fight followed from, and its log; the `commitment` is SHA-256 of `id:seed`."""

    id: str
    seed: str
    commitment: str
    combatants: list[dict[str, Any]]
    entries: list[FightEntry]
    log: list[str]
    fighters: list[Participant]
    rounds: int
    beforehand: list[Dice]
    lines: list[FightLine]


@dataclass(frozen=True, slots=True)
class OwnTrades:
    """The open trade or one's own request, and requests that wait for one's answer."""

    trade: TradeView | None
    requests: list[TradeView]


@dataclass(frozen=True, slots=True)
class QuestLog:
    """Quests one has taken on, and those one can take on where one is."""

    quests: list[QuestView]
    offers: list[QuestView]

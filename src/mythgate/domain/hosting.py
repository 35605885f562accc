"""Hosted games: announced in a lobby by the player who hosts them, started, ended, scored.

What a family's clients need to know of a game to join it (`descriptor`) is theirs; we understand what we show
in lists and searches (`GameFacts`) and pass the rest on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from mythgate.domain.errors import NoGame, WrongGameState
from mythgate.domain.lobbies import Family
from mythgate.domain.styles import plain

LAST_NUMBER: Final = 0x7FFFFFFF  # of games; old clients keep 32 bits


class GamePhase(StrEnum):
    LISTED = "listed"  # gathering players
    RUNNING = "running"
    ENDED = "ended"
    ABANDONED = "abandoned"  # its host went, and nobody had ended it


@dataclass(frozen=True, slots=True)
class GameFacts:
    """What lists and searches show. Empty text and None: not known."""

    name: str = ""
    map_name: str = ""
    kind: str = ""  # in words: "king of the hill"
    scoring: int = 0  # the family's own number for it
    game_type: int = 0  # another number that Myth clients tell, and search for
    difficulty: str = ""
    players: int = 0
    max_players: int = 0
    teams: bool = False
    time_limit: float | None = None  # seconds; None: no limit
    closed: bool = False
    has_password: bool = False
    scenario: str = ""
    options: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HostedGame:
    """A game in a lobby: an immutable snapshot, replaced when anything changes."""

    number: int  # what old clients know it by
    room_id: int
    family: Family
    host: int  # number of the occupant who hosts it
    host_name: str
    address: str  # IPv4 that players connect to
    port: int
    facts: GameFacts
    descriptor: bytes = b""
    clan_game: bool = False
    state: GamePhase = GamePhase.LISTED
    announced_at: float = 0.0  # monotonic
    started_at: float | None = None  # monotonic
    over_at: float | None = None  # monotonic
    duration: float | None = None  # seconds, as the host declared it; None: untimed
    line_up: tuple[int, ...] = ()
    is_gathered: bool = False  # all of the line-up were in the lobby when it was told
    reachable: bool | None = None  # None: not tried
    proxied: bool = False

    def elapsed_seconds(self, now: float) -> int | None:
        """None while it does not run; how long it ran, once it is over."""
        if self.started_at is None:
            return None
        return max(0, round((now if self.over_at is None else self.over_at) - self.started_at))

    def seconds_left(self, now: float) -> int | None:
        """None while it does not run, or has no limit."""
        if self.started_at is None or self.duration is None or self.is_over:
            return None
        return max(0, round(self.duration - (now - self.started_at)))

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_joinable(self) -> bool:
        """Whether it still takes players."""
        facts = self.facts
        has_place = facts.max_players <= 0 or facts.players < facts.max_players
        return self.state is GamePhase.LISTED and not facts.closed and has_place


class ProxyMode(StrEnum):
    """Whether the host proxy stands in for somebody's games."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"  # if nobody can connect to them


class GameAct(StrEnum):
    """What can happen to a game after it was announced."""

    CHANGE = "change"
    START = "start"
    RESET = "reset"  # another round
    REMOVE = "remove"
    ABANDON = "abandon"  # the host is gone


OVER: Final = frozenset({GamePhase.ENDED, GamePhase.ABANDONED})
TRANSITIONS: Final[Mapping[tuple[GamePhase, GameAct], GamePhase]] = {
    (GamePhase.LISTED, GameAct.CHANGE): GamePhase.LISTED,
    (GamePhase.LISTED, GameAct.START): GamePhase.RUNNING,
    (GamePhase.LISTED, GameAct.RESET): GamePhase.LISTED,
    (GamePhase.LISTED, GameAct.REMOVE): GamePhase.ENDED,
    (GamePhase.LISTED, GameAct.ABANDON): GamePhase.ABANDONED,
    (GamePhase.RUNNING, GameAct.CHANGE): GamePhase.RUNNING,
    (GamePhase.RUNNING, GameAct.RESET): GamePhase.LISTED,
    (GamePhase.RUNNING, GameAct.REMOVE): GamePhase.ENDED,
    (GamePhase.RUNNING, GameAct.ABANDON): GamePhase.ABANDONED,
}


def apply(game: HostedGame, act: GameAct, **changes: Any) -> HostedGame:
    """The game after `act`, with other fields changed besides.

    Raises:
        WrongGameState: that cannot happen to it now.

    """
    state = TRANSITIONS.get((game.state, act))
    if state is None:
        raise WrongGameState(f"The game is {game.state}; it cannot {act} now.")
    return replace(game, state=state, **changes)


class GameBoard:
    """The games of all lobbies, one for each host at most. Games that are over are not on it."""

    def __init__(self) -> None:
        self._by_host: dict[int, HostedGame] = {}
        self._hosts: dict[int, int] = {}  # by number of the game
        self._last = 0

    def __len__(self) -> int:
        return len(self._by_host)

    def new_number(self) -> int:
        """A number that no game on the board has."""
        while True:
            self._last = self._last % LAST_NUMBER + 1
            if self._last not in self._hosts:
                return self._last

    def post(self, game: HostedGame) -> None:
        """Put a new game on the board. Raises ValueError if its host has one, or the number is taken."""
        if game.host in self._by_host or game.number in self._hosts:
            raise ValueError(f"game {game.number} or its host is on the board already")
        self._by_host[game.host] = game
        self._hosts[game.number] = game.host

    def act(self, host: int, act: GameAct, **changes: Any) -> HostedGame:
        """Let `act` happen to the host's game; returns the game as it is then. What ends it takes it off the board.

        Raises:
            NoGame: the host has none.
            WrongGameState: that cannot happen to it now.

        """
        game = self._by_host.get(host)
        if game is None:
            raise NoGame
        game = apply(game, act, **changes)
        if game.is_over:
            del self._by_host[host], self._hosts[game.number]
        else:
            self._by_host[host] = game
        return game

    def of_host(self, host: int) -> HostedGame | None:
        return self._by_host.get(host)

    def get(self, number: int) -> HostedGame | None:
        host = self._hosts.get(number)
        return self._by_host[host] if host is not None else None

    def within(self, room_id: int | None = None) -> Sequence[HostedGame]:
        """The games of one lobby, or of all, by number."""
        games = [game for game in self._by_host.values() if room_id is None or game.room_id == room_id]
        return sorted(games, key=lambda game: game.number)


@dataclass(frozen=True, slots=True)
class GameSearch:
    """What somebody looks for in a list of games; None and empty text: anything will do.

    The flags are the names that `GameFacts.options` has; those of `wanted` must be there, those of `unwanted` not.
    Names are looked for anywhere in the name, without regard to case or style.
    """

    name: str = ""
    map_name: str = ""
    kind: str = ""
    scenario: str = ""
    scoring: int | None = None
    game_type: int | None = None
    teams: bool | None = None
    has_password: bool | None = None
    joinable: bool | None = None
    state: GamePhase | None = None
    family: Family | None = None
    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()

    def matches(self, game: HostedGame) -> bool:
        facts = game.facts
        texts = (
            (self.name, facts.name),
            (self.map_name, facts.map_name),
            (self.kind, facts.kind),
            (self.scenario, facts.scenario),
        )
        exact = (
            (self.scoring, facts.scoring),
            (self.game_type, facts.game_type),
            (self.teams, facts.teams),
            (self.has_password, facts.has_password),
            (self.joinable, game.is_joinable),
            (self.state, game.state),
            (self.family, game.family),
        )
        return (
            all(plain(part).casefold() in plain(text).casefold() for part, text in texts)
            and all(value is None or value == found for value, found in exact)
            and self.wanted <= facts.options
            and not self.unwanted & facts.options
        )

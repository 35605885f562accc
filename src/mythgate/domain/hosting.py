"""Hosted games: announced in a lobby by the player who hosts them, started, ended, scored.

What a family's clients need to know of a game to join it (`descriptor`) is theirs; we understand what we show
in lists and searches (`GameFacts`) and pass the rest on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mythgate.domain.lobbies import Family


class GameState(StrEnum):
    LISTED = "listed"  # gathering players
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class GameFacts:
    """What lists and searches show. Empty text and None: not known."""

    name: str = ""
    map_name: str = ""
    kind: str = ""  # in words: "king of the hill"
    scoring: int = 0  # the family's own number for it
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
    state: GameState = GameState.LISTED
    announced_at: float = 0.0  # monotonic
    started_at: float | None = None  # monotonic
    duration: float | None = None  # seconds, as the host declared it; None: untimed
    line_up: tuple[int, ...] = ()
    reachable: bool | None = None  # None: not tried
    proxied: bool = False

    def seconds_left(self, now: float) -> int | None:
        """None while it does not run, or has no limit."""
        if self.started_at is None or self.duration is None:
            return None
        return max(0, round(self.duration - (now - self.started_at)))

"""How bots of one lobby come to play together.

Players of these games connect to the host themselves, and the metaserver only hears who hosts and who played. So
bots agree here, in the process they share, and tell the server what clients tell it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from mythgate.wire.metaserver.packets import GameScore
from mythgate.wire.metaserver.records import PlayerResult, TeamResult

SEATS: Final = 8


@dataclass(eq=False)
class Table:
    """A game from gathering until its end."""

    players: list[int]  # by the number the server knows them by; the host is first
    game_id: int = 0  # 0: not listed yet
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # somebody sat down
    started: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)  # also if it never started
    score: GameScore | None = None  # what everybody reports, once it is over

    @property
    def takes_players(self) -> bool:
        return bool(self.game_id) and not self.started.is_set() and not self.over.is_set() and len(self.players) < SEATS

    def sit_down(self, number: int) -> None:
        self.players.append(number)
        self.changed.set()

    def stand_up(self, number: int) -> None:
        """Somebody does not want to, or cannot, any more. Once it started, they stay in the line-up."""
        if not self.started.is_set() and number in self.players:
            self.players.remove(number)
            self.changed.set()

    def report_of(self, number: int) -> GameScore | None:
        """What one of the players reports."""
        return None if self.score is None else replace(self.score, reporter_player_id=number)


class Tables:
    """The games of the bots in one lobby."""

    def __init__(self) -> None:
        self._tables: list[Table] = []

    def open(self, host: int) -> Table:
        table = Table([host])
        self._tables.append(table)
        return table

    def clear(self, table: Table) -> None:
        """The game is over, or was never played."""
        table.over.set()
        self._tables.remove(table)

    def with_a_seat(self) -> Table | None:
        """A game that can be joined."""
        return next((table for table in self._tables if table.takes_players), None)

    @property
    def gathering(self) -> int:
        """How many games wait for players."""
        return sum(not table.started.is_set() for table in self._tables)


def settle(table: Table, scoring: int, seconds: float, chance: Random) -> GameScore:
    """How a game ended: everybody for themselves, one winner, and now and then two who share the last place."""
    elapsed = max(1, round(seconds))
    count = len(table.players)
    places = list(range(count))
    chance.shuffle(places)
    if count > 2 and chance.random() < 0.2:
        places[places.index(count - 1)] = count - 2
    return GameScore(
        game_id=table.game_id,
        scoring=scoring,
        time_limit=elapsed,
        actual_time_elapsed=elapsed,
        number_of_players=count,
        number_of_teams=count,
        teams=tuple(
            TeamResult(place=place, captain_player_index=index, valid=1, eliminated=int(place > 0))
            for index, place in enumerate(places)
        ),
        players=tuple(
            PlayerResult(
                team_index=index,
                finished=1,
                time_played=elapsed,
                units_killed=chance.randint(0, 40),
                units_lost=chance.randint(0, 40),
                points_killed=chance.randint(0, 900),
                points_lost=chance.randint(0, 900),
                player_id=number,
            )
            for index, number in enumerate(table.players)
        ),
    )

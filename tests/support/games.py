"""Games that were played, for tests of results and ladders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Family, LobbyKind
from mythgate.domain.results import (
    Ending,
    Line,
    Match,
    Outcome,
    Participant,
    PlayerReport,
    Result,
    ScoreReport,
    TeamReport,
    Verdict,
)

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
GUEST = 0x3FFFFFFF


def a_player(number: int, *, clan: int = 0) -> Participant:
    """Somebody with an account, or a guest if the number says so."""
    account = AccountId(f"account-{number}") if number < GUEST else None
    return Participant(number, f"Player {number}", account, clan)


def a_match(*numbers: int, **changes: Any) -> Match:
    """A ranked game of these players, the first one hosting."""
    given: dict[str, Any] = {
        "id": "match",
        "room_id": 1,
        "family": Family.MYTH2,
        "kind": LobbyKind.RANKED,
        "host": numbers[0],
        "line_up": tuple(a_player(number) for number in numbers),
        "started_at": NOW,
    }
    return Match(**{**given, **changes})


def a_report(reporter: int, *teams: Sequence[int], places: Sequence[int] | None = None, **changes: Any) -> ScoreReport:
    """What `reporter` says: `teams` in the order of their places, each with its captain first."""
    players: list[PlayerReport] = []
    reported: list[TeamReport] = []
    for place, team in enumerate(teams):
        reported.append(TeamReport(place=place if places is None else places[place], captain=len(players)))
        # A team's key is no index into the table of teams.
        players += [PlayerReport(number, team=7 - place, points_killed=10 * (number % 1000)) for number in team]
    given: dict[str, Any] = {"reporter": reporter, "teams": tuple(reported), "players": tuple(players)}
    return ScoreReport(**{**given, "ended": Ending.NORMAL, **changes})


def a_result(
    *sides: Sequence[int], places: Sequence[int] | None = None, clans: Sequence[int] = (), **changes: Any
) -> Result:
    """A recorded ranked game: `sides` in the order of their places (1, 2, 3, …)."""
    places = places if places is not None else range(1, len(sides) + 1)
    lines = []
    for index, (side, place) in enumerate(zip(sides, places, strict=True)):
        outcome = Outcome.LOSS
        if place == 1:
            outcome = Outcome.TIE if list(places).count(1) > 1 else Outcome.WIN
        for number in side:
            player = a_player(number, clan=clans[index] if clans else 0)
            lines.append(
                Line(
                    number, player.name, player.account_id, player.clan, index, place,
                    captain=number == side[0], outcome=outcome, points_killed=20, points_lost=10,
                )
            )  # fmt: skip
    given: dict[str, Any] = {
        "match_id": "match",
        "room_id": 1,
        "family": Family.MYTH2,
        "kind": LobbyKind.RANKED,
        "name": "A game",
        "map_name": "Somewhere",
        "scoring": 0,
        "clan_game": bool(clans),
        "cooperative": False,
        "tournament": 0,
        "host": sides[0][0],
        "started_at": NOW,
        "recorded_at": NOW,
        "verdict": Verdict.CLEAR,
        "ended": Ending.NORMAL,
        "elapsed": 600,
        "agreeing": 1,
        "heard": 1,
        "lines": tuple(lines),
    }
    return Result(**{**given, **changes})

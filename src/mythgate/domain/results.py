"""Results: what the players of a game reported, whether their reports agree, and what follows from them.

Every player of a game may report how it ended. Reports are evidence: they are kept as they came, and what
contradicts itself or the line-up is set aside with a reason. When no more can be expected (`due_at`), the
reports are evaluated once (`evaluate`), and the result is never edited afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Family, LobbyKind

MOST_TEAMS: Final = 16
MOST_PLAYERS: Final = 64
COUNTER_RANGE: Final = range(-(2**31), 2**31)  # as wide as the old clients' counters
GAME_TYPES: Final = 16  # scoring types that have standings of their own
PATIENCE: Final = timedelta(seconds=120)  # for further reports, once somebody saw the game end
LONG_PATIENCE: Final = timedelta(seconds=7200)  # while nobody did


class Ending(StrEnum):
    """How the game ended for the one who reports it."""

    NORMAL = "normal"
    SERVER_LOST = "server_lost"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class TeamReport:
    """One of the teams of a report."""

    place: int  # 0: first
    captain: int  # where the captain stands among the report's players
    valid: bool = True
    eliminated: bool = False
    eliminated_at: int = 0


@dataclass(frozen=True, slots=True)
class PlayerReport:
    """One of the players of a report. Who has the captain's `team` key is in the captain's team."""

    number: int  # as the lobby knows the player; 0 in an empty slot
    team: int = 0
    finished: bool = True  # False: dropped out
    time_played: int = 0
    units_killed: int = 0
    units_lost: int = 0
    points_killed: int = 0  # damage given
    points_lost: int = 0  # damage taken


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """How a game ended, as one of its players saw it. Times are in the game's own units."""

    reporter: int
    teams: tuple[TeamReport, ...]
    players: tuple[PlayerReport, ...]
    ended: Ending = Ending.NORMAL
    scoring: int = 0
    version: int = 0
    time_limit: int = 0
    elapsed: int = 0
    players_at_start: int = 0
    teams_at_start: int = 0


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in the line-up of a game. Guests have no account."""

    number: int
    name: str
    account_id: AccountId | None = None
    clan: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """A game from its start until its result is recorded: what its reports are measured against."""

    id: str
    room_id: int
    family: Family
    kind: LobbyKind
    host: int
    line_up: tuple[Participant, ...]
    started_at: datetime
    name: str = ""
    map_name: str = ""
    scoring: int = 0
    clan_game: bool = False
    cooperative: bool = False
    tournament: int = 0
    removed_at: datetime | None = None  # since when the game is not listed any more

    def player(self, number: int) -> Participant | None:
        """Who has `number` in the line-up."""
        return next((one for one in self.line_up if one.number == number), None)


@dataclass(frozen=True, slots=True)
class Testimony:
    """A report as it was received. `fault` says why it is set aside; empty: it is heard."""

    match_id: str
    report: ScoreReport
    received_at: datetime
    fault: str = ""


class Outcome(StrEnum):
    WIN = "win"
    TIE = "tie"
    LOSS = "loss"
    NONE = "none"  # a spectator, a co-operative game, or a disputed one


class Verdict(StrEnum):
    """What the reports amount to."""

    CLEAR = "clear"
    DISPUTED = "disputed"  # as many say one thing as another: it counts for nothing
    UNREPORTED = "unreported"


@dataclass(frozen=True, slots=True)
class Line:
    """One player in a result."""

    number: int
    name: str
    account_id: AccountId | None
    clan: int
    side: int  # counted from 0, best first; spectators last
    place: int  # from 1; 0 for spectators
    captain: bool = False
    outcome: Outcome = Outcome.NONE
    finished: bool = True
    time_played: int = 0
    units_killed: int = 0
    units_lost: int = 0
    points_killed: int = 0
    points_lost: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """How a game ended, for good. Never edited: what is derived from results can always be derived again."""

    match_id: str
    room_id: int
    family: Family
    kind: LobbyKind
    name: str
    map_name: str
    scoring: int
    clan_game: bool
    cooperative: bool
    tournament: int
    host: int
    started_at: datetime
    recorded_at: datetime
    verdict: Verdict
    ended: Ending
    elapsed: int
    agreeing: int  # reports that say so
    heard: int  # reports that were heard
    lines: tuple[Line, ...] = ()
    number: int = 0  # results are counted from 1 in the order they are recorded; 0: not yet

    @property
    def ranked(self) -> bool:
        """Whether it counts for castes: tournaments do, as ranked lobbies do."""
        return self.kind is not LobbyKind.UNRANKED

    @property
    def sides(self) -> list[list[Line]]:
        """Those who played against each other, best first, without spectators."""
        sides: dict[int, list[Line]] = {}
        for line in self.lines:
            if line.place:
                sides.setdefault(line.side, []).append(line)
        return [sides[side] for side in sorted(sides)]


# --- one report ------------------------------------------------------------------------------------


def fault_of(report: ScoreReport, match: Match) -> str:
    """Why `report` cannot be heard as evidence of `match`, in a sentence; empty if it can."""
    if match.player(report.reporter) is None:
        return "The reporter did not play."
    if not report.teams or len(report.teams) > MOST_TEAMS or len(report.players) > MOST_PLAYERS:
        return "The report has no teams, or more teams or players than a game can."
    known = Counter(player.number for player in report.players if player.number)
    if any(count > 1 for count in known.values()):
        return "A player is in it twice."
    if any(match.player(number) is None for number in known):
        return "It names a player who was not in the line-up."
    captains: set[int] = set()
    for team in report.teams:
        if not team.valid:
            continue
        if team.place not in range(MOST_TEAMS):
            return "A team has a place that does not exist."
        if team.captain not in range(len(report.players)):
            return "A team's captain is not among the players."
        key = report.players[team.captain].team
        if key in captains:
            return "Two teams are the same."
        captains.add(key)
    if not ranking_of(report, match):
        return "It ranks nobody."
    numbers = (value for player in report.players for value in _counters(player))
    if any(value not in COUNTER_RANGE for value in numbers):
        return "A counter is out of range."
    return ""


def _counters(player: PlayerReport) -> tuple[int, ...]:
    return (
        player.time_played,
        player.units_killed,
        player.units_lost,
        player.points_killed,
        player.points_lost,
    )


Ranking = tuple[tuple[int, frozenset[int]], ...]
"""What two reports must have in common to agree: who was together, and in which place. Counters may differ."""


def ranking_of(report: ScoreReport, match: Match) -> Ranking:
    """The places of a report that has no fault, best first."""
    found: list[tuple[int, frozenset[int]]] = []
    for team in report.teams:
        if not team.valid:
            continue
        captain = report.players[team.captain]
        if match.player(captain.number) is None:
            continue
        members = frozenset(one.number for one in report.players if one.number and one.team == captain.team)
        found.append((team.place, members))
    # Only the order of the places matters, not the gaps: three teams may be 0, 0, 2 or 0, 0, 1.
    counted = [(sum(other < place for other, _ in found), members) for place, members in found]
    return tuple(sorted(counted, key=lambda team: (team[0], sorted(team[1]))))


# --- when it is final ------------------------------------------------------------------------------


def due_at(match: Match, testimony: Sequence[Testimony]) -> datetime | None:
    """When the result becomes final; None while more must be waited for.

    At once when all who played have reported; else, once the game is gone from the list, after two minutes if
    somebody saw it end normally, and after two hours if nobody did.
    """
    heard = [one for one in testimony if not one.fault]
    if heard and {one.report.reporter for one in heard} >= {player.number for player in match.line_up}:
        return max(one.received_at for one in heard)
    if match.removed_at is None:
        return None
    seen_ending = any(one.report.ended is Ending.NORMAL for one in heard)
    return match.removed_at + (PATIENCE if seen_ending else LONG_PATIENCE)


# --- what it is ------------------------------------------------------------------------------------


def evaluate(match: Match, testimony: Sequence[Testimony], now: datetime) -> Result:
    """The result of a match from all that was testified.

    The last report of each player counts. Who saw the game end is believed before who left it early. What most
    of them say is the result; if there is no most, the result is disputed. Among those who agree, the host's
    counters are taken, else those that came first.
    """
    last: dict[int, Testimony] = {one.report.reporter: one for one in testimony if not one.fault}
    heard = sorted(last.values(), key=lambda one: one.received_at)
    believed = [one for one in heard if one.report.ended is Ending.NORMAL] or heard
    votes: dict[Ranking, list[Testimony]] = {}
    for one in believed:
        votes.setdefault(ranking_of(one.report, match), []).append(one)
    ordered = sorted(votes.values(), key=len, reverse=True)
    if not ordered:
        return _result(match, now, Verdict.UNREPORTED, Ending.SERVER_LOST, 0, 0, 0, _spectators(match, {}, 0))
    if len(ordered) > 1 and len(ordered[0]) == len(ordered[1]):
        return _result(match, now, Verdict.DISPUTED, Ending.NORMAL, 0, 0, len(believed), _spectators(match, {}, 0))
    agreeing = ordered[0]
    chosen = next((one for one in agreeing if one.report.reporter == match.host), agreeing[0]).report
    agreed = replace(match, scoring=chosen.scoring)  # not what the first said who reported
    return _result(
        agreed,
        now,
        Verdict.CLEAR,
        chosen.ended,
        chosen.elapsed,
        len(agreeing),
        len(believed),
        _lines(match, chosen),
    )


def _result(
    match: Match,
    now: datetime,
    verdict: Verdict,
    ended: Ending,
    elapsed: int,
    agreeing: int,
    heard: int,
    lines: tuple[Line, ...],
) -> Result:
    return Result(
        match_id=match.id,
        room_id=match.room_id,
        family=match.family,
        kind=match.kind,
        name=match.name,
        map_name=match.map_name,
        scoring=match.scoring,
        clan_game=match.clan_game,
        cooperative=match.cooperative,
        tournament=match.tournament,
        host=match.host,
        started_at=match.started_at,
        recorded_at=now,
        verdict=verdict,
        ended=ended,
        elapsed=elapsed,
        agreeing=agreeing,
        heard=heard,
        lines=lines,
    )


def _lines(match: Match, report: ScoreReport) -> tuple[Line, ...]:
    """Everybody of the line-up: by place, captain first, then by name; those in no team come last."""
    reported = {player.number: player for player in report.players}
    captains = {report.players[team.captain].number for team in report.teams if team.valid}
    ranking = ranking_of(report, match)
    taken = Counter(place for place, _ in ranking)
    lines: list[Line] = []
    for side, (place, members) in enumerate(ranking):
        shown_place = place + 1
        outcome = _outcome(shown_place, tied=taken[place] > 1)
        if match.cooperative:
            shown_place = 1 if report.ended is Ending.NORMAL else 2
            outcome = Outcome.NONE
        players = [one for one in match.line_up if one.number in members]
        players.sort(key=lambda one: (one.number not in captains, one.name.casefold(), one.number))
        lines.extend(
            _line(one, side, shown_place, one.number in captains, outcome, reported[one.number]) for one in players
        )
    return (*lines, *_spectators(match, reported, len(ranking), {line.number for line in lines}))


def _spectators(
    match: Match, reported: Mapping[int, PlayerReport], side: int, seated: set[int] | None = None
) -> tuple[Line, ...]:
    watching = [one for one in match.line_up if one.number not in (seated or ())]
    watching.sort(key=lambda one: (one.name.casefold(), one.number))
    return tuple(
        _line(one, side, 0, False, Outcome.NONE, reported.get(one.number, PlayerReport(one.number))) for one in watching
    )


def _line(who: Participant, side: int, place: int, captain: bool, outcome: Outcome, report: PlayerReport) -> Line:
    return Line(
        number=who.number,
        name=who.name,
        account_id=who.account_id,
        clan=who.clan,
        side=side,
        place=place,
        captain=captain,
        outcome=outcome,
        finished=report.finished,
        time_played=report.time_played,
        units_killed=report.units_killed,
        units_lost=report.units_lost,
        points_killed=report.points_killed,
        points_lost=report.points_lost,
    )


def _outcome(place: int, *, tied: bool) -> Outcome:
    if place != 1:
        return Outcome.LOSS
    return Outcome.TIE if tied else Outcome.WIN

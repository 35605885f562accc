"""Standings: what follows from results for players and clans. Nothing here is known but through results.

A ladder is a fold: `apply` takes one result after the other, in the order they were recorded, and changes the
standings of those who played. The same results under the same `Formula` always give the same ladder, whether
they come one by one over a season or all at once when it is recomputed.

Places and castes of the others change with every game, so they are not kept but computed when they are asked
for (`ranked`): all players with more than three games stand before those with fewer; by points, then by games.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType, Protocol

from mythgate.domain.results import GAME_TYPES, Line, Outcome, Result, Verdict
from mythgate.domain.skill import PlackettLuce, Skill

# --- what is counted -------------------------------------------------------------------------------

Category = NewType("Category", str)
UNRANKED: Final = Category("unranked")
RANKED: Final = Category("ranked")
LAST_OPPONENTS: Final = 10
ENOUGH_GAMES: Final = 4  # to count as active: more than three


def by_game_type(scoring: int) -> Category:
    """The ranked games of one scoring type."""
    return Category(f"ranked:{scoring}")


CATEGORIES: Final = (UNRANKED, RANKED, *(by_game_type(scoring) for scoring in range(GAME_TYPES)))


class SubjectKind(StrEnum):
    PLAYER = "player"
    CLAN = "clan"


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody's games of one category come to. `number` is the account's or the clan's."""

    kind: SubjectKind
    number: int
    category: Category
    points: int
    games: int = 0
    wins: int = 0
    losses: int = 0
    ties: int = 0
    lasts: int = 0  # losses in the last place
    damage_given: int = 0
    damage_taken: int = 0
    disconnects: int = 0
    best_points: int = 0
    caste: int = 0  # right after the last game
    best_caste: int = 0  # of those held right after a game
    recent: tuple[tuple[int, ...], ...] = ()  # whom the last games were against
    mu: float = 0.0  # what `OpenSkill` believes; 0 under other formulas
    sigma: float = 0.0  # how unsure it is; 0 before the first rated game

    @property
    def is_active(self) -> bool:
        return self.games >= ENOUGH_GAMES

    @property
    def order(self) -> tuple[bool, int, int, int]:
        """Sorts standings as the ladder shows them. The oldest account comes first among equals."""
        return (not self.is_active, -self.points, -self.games, self.number)


class StandingTable(Protocol):
    """Where `apply` finds and keeps standings: in memory (`Ladder`), or in the database."""

    def get(self, kind: SubjectKind, category: Category, number: int) -> Standing | None: ...

    def put(self, standing: Standing) -> None: ...

    def place(self, standing: Standing) -> tuple[int, int]:
        """The place of an active standing among the active ones of its category, from 1, and their number."""


# --- formulas --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contestant:
    """A standing that has this game counted already, but not in its points."""

    standing: Standing
    repeats: int  # how many of its last games were against the same opponents


@dataclass(frozen=True, slots=True)
class Contest:
    """Sides that played each other: their places, from 1, and who is to be rated."""

    places: Sequence[int]
    sides: Sequence[Sequence[Contestant]]


@dataclass(frozen=True, slots=True)
class Rating:
    """What a formula makes of somebody's game. A formula that goes by points alone leaves the rest at 0."""

    points: int  # never below 0
    mu: float = 0.0
    sigma: float = 0.0


class Formula(Protocol):
    """How a game changes points. To add one, write a class like `Elo` and name it in `FORMULAS`."""

    @property
    def name(self) -> str: ...

    @property
    def start(self) -> int:
        """The points of somebody who has not played yet."""

    def rate(self, contest: Contest) -> Mapping[int, Rating]:
        """What everybody is worth after the game, by number."""


@dataclass(frozen=True, slots=True)
class Elo:
    """Elo for teams: a team is worth the mean of its members; the result is the share of opposing teams beaten.

    Games against the same opponents again and again count less each time.
    """

    name: str = "elo"
    start: int = 1000
    scale: float = 400.0  # points of difference that make the stronger ten times as likely to win
    stake: float = 32.0
    damping: float = 0.9
    least_weight: float = 0.25

    def rate(self, contest: Contest) -> Mapping[int, Rating]:
        worth = [sum(one.standing.points for one in side) / len(side) for side in contest.sides]
        rated: dict[int, Rating] = {}
        for mine, side in enumerate(contest.sides):
            others = [other for other in range(len(worth)) if other != mine]
            expected = sum(1 / (1 + 10 ** ((worth[other] - worth[mine]) / self.scale)) for other in others)
            actual = sum(_score(contest.places[mine], contest.places[other]) for other in others)
            change = (actual - expected) / len(others) * self.stake
            for one in side:
                weight = max(self.least_weight, self.damping**one.repeats)
                rated[one.standing.number] = Rating(max(0, one.standing.points + round(change * weight)))
        return rated


def _score(mine: int, other: int) -> float:
    return 0.5 if mine == other else float(mine < other)


_WEIGHTS: Final = ((0, 0, 1), (2, 1, 1), (3, 2, 1))  # for castes 0-2, 3-5, and above


@dataclass(frozen=True, slots=True)
class Seniority:
    """The older idea of the historic server: firsts against lasts, damage given against taken, and games played.

    The weights grow with the caste, so that beginners rise by playing. (The historic bonus for infrequent players
    is left out: it depends on when one looks.)
    """

    name: str = "seniority"
    start: int = 0

    def rate(self, contest: Contest) -> Mapping[int, Rating]:
        return {
            one.standing.number: Rating(max(0, round(self._points(one.standing))))
            for side in contest.sides
            for one in side
        }

    def _points(self, standing: Standing) -> float:
        firsts, damage, games = _WEIGHTS[0 if standing.caste < 3 else 1 if standing.caste < 6 else 2]
        return (
            (standing.wins - standing.lasts) * firsts / standing.games
            + standing.damage_given * damage / max(1, standing.damage_taken)
            + standing.games * games
        )


@dataclass(frozen=True, slots=True)
class OpenSkill:
    """The model of Weng and Lin (`domain.skill`), as OpenSkill has it: a belief in somebody's skill, and a doubt.

    Points are what somebody is worth at least, beyond reasonable doubt (`mu` less three `sigma`), so newcomers rise
    while they become known. As many points as in Elo make the stronger of two who are known ten times as likely to
    win, or nearly so.
    """

    name: str = "openskill"
    start: int = 1000
    scale: float = 30.0  # points for 1 of `mu`
    doubt: float = 3.0  # times `sigma`
    model: PlackettLuce = field(default_factory=PlackettLuce)

    def rate(self, contest: Contest) -> Mapping[int, Rating]:
        teams = [[self._skill(one.standing) for one in side] for side in contest.sides]
        after = self.model.rate(teams, contest.places)
        return {
            one.standing.number: Rating(self._points(skill), skill.mu, skill.sigma)
            for side, skills in zip(contest.sides, after, strict=True)
            for one, skill in zip(side, skills, strict=True)
        }

    def _skill(self, standing: Standing) -> Skill:
        return Skill(standing.mu, standing.sigma) if standing.sigma else self.model.beginner

    def _points(self, skill: Skill) -> int:
        return max(0, round(self.start + self.scale * (skill.mu - self.doubt * skill.sigma)))


FORMULAS: Final[Mapping[str, Formula]] = MappingProxyType({one.name: one for one in (Elo(), OpenSkill(), Seniority())})


# --- the fold --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a game adds to one standing, before its points."""

    number: int
    outcome: Outcome
    last: bool
    lines: Sequence[Line]


def counts(result: Result) -> bool:
    """Whether a result changes standings: it is clear, and at least two sides played against each other."""
    return result.verdict is Verdict.CLEAR and not result.cooperative and len(result.sides) > 1


def categories_of(result: Result) -> Sequence[Category]:
    """Where a result counts. Ranked and unranked games are kept apart."""
    if not result.ranked:
        return (UNRANKED,)
    if result.scoring in range(GAME_TYPES):
        return (RANKED, by_game_type(result.scoring))
    return (RANKED,)


def apply(result: Result, table: StandingTable, formula: Formula) -> None:
    """Let one result change the standings of those who played.

    Everybody with an account has the game counted. Points change between sides that have no guest among them, if
    there are two such sides; in games between clans, the clans are rated besides.
    """
    if not counts(result):
        return
    sides = result.sides
    last_place = max(side[0].place for side in sides)
    players: list[tuple[int, Sequence[_Entry], bool]] = []
    clans: list[tuple[int, Sequence[_Entry], bool]] = []
    for side in sides:
        place, outcome = side[0].place, side[0].outcome
        last = place == last_place and outcome is Outcome.LOSS
        registered = [line for line in side if line.account_id is not None]
        complete = len(registered) == len(side)
        players.append((place, [_Entry(line.number, outcome, last, [line]) for line in registered], complete))
        clan = _clan_of(side) if result.clan_game else 0
        if clan and all(entries[0].number != clan for _, entries, _ in clans):
            clans.append((place, [_Entry(clan, outcome, last, side)], True))
    for category in categories_of(result):
        _count(SubjectKind.PLAYER, category, players, table, formula)
        if len(clans) > 1:
            _count(SubjectKind.CLAN, category, clans, table, formula)


def _clan_of(side: Sequence[Line]) -> int:
    """The clan all of a side belong to, or 0."""
    clans = {line.clan for line in side}
    return clans.pop() if len(clans) == 1 else 0


def _count(
    kind: SubjectKind,
    category: Category,
    sides: Sequence[tuple[int, Sequence[_Entry], bool]],
    table: StandingTable,
    formula: Formula,
) -> None:
    numbers = [[entry.number for entry in entries] for _, entries, _ in sides]
    counted: list[list[Contestant]] = []
    for mine, (_, entries, _) in enumerate(sides):
        opponents = tuple(sorted(number for other, side in enumerate(numbers) if other != mine for number in side))
        contestants = []
        for entry in entries:
            before = table.get(kind, category, entry.number)
            if before is None:
                before = Standing(kind, entry.number, category, formula.start, best_points=formula.start)
            contestants.append(Contestant(_counted(before, entry, opponents), before.recent.count(opponents)))
        counted.append(contestants)
    rated = [
        (place, contestants)
        for (place, _, complete), contestants in zip(sides, counted, strict=True)
        if complete and contestants
    ]
    ratings: Mapping[int, Rating] = {}
    if len(rated) > 1:
        ratings = formula.rate(Contest([place for place, _ in rated], [side for _, side in rated]))
    after = []
    for one in (one for side in counted for one in side):
        after.append(_rated(one.standing, ratings.get(one.standing.number)))
        table.put(after[-1])
    for standing in after:
        caste = caste_at(*table.place(standing)) if standing.is_active else _caste_of_beginner(standing.games)
        table.put(replace(standing, caste=caste, best_caste=max(caste, standing.best_caste)))


def _rated(standing: Standing, rating: Rating | None) -> Standing:
    """A standing with what a game made of it. None: the game was not rated."""
    if rating is None:
        return standing
    best = max(rating.points, standing.best_points)
    return replace(standing, points=rating.points, mu=rating.mu, sigma=rating.sigma, best_points=best)


def _counted(before: Standing, entry: _Entry, opponents: tuple[int, ...]) -> Standing:
    return replace(
        before,
        games=before.games + 1,
        wins=before.wins + (entry.outcome is Outcome.WIN),
        ties=before.ties + (entry.outcome is Outcome.TIE),
        losses=before.losses + (entry.outcome is Outcome.LOSS),
        lasts=before.lasts + entry.last,
        damage_given=before.damage_given + sum(line.points_killed for line in entry.lines),
        damage_taken=before.damage_taken + sum(line.points_lost for line in entry.lines),
        disconnects=before.disconnects + sum(not line.finished for line in entry.lines),
        recent=(*before.recent, opponents)[-LAST_OPPONENTS:],
    )


@dataclass(frozen=True, slots=True)
class Reset:
    """Standings of a season that begin anew: what was recorded up to the result `after` does not count for them."""

    season: int
    after: int
    kind: SubjectKind
    number: int | None = None  # None: everybody's
    category: Category | None = None  # None: of all categories

    def covers(self, standing: Standing) -> bool:
        return (
            standing.kind is self.kind
            and self.number in (None, standing.number)
            and self.category in (None, standing.category)
        )


class Ladder:
    """All standings of a season in memory: what a fold over its results gives."""

    def __init__(self) -> None:
        self._standings: dict[tuple[SubjectKind, Category], dict[int, Standing]] = {}
        self._active: dict[tuple[SubjectKind, Category], list[tuple[bool, int, int, int]]] = {}

    def get(self, kind: SubjectKind, category: Category, number: int) -> Standing | None:
        return self._standings.get((kind, category), {}).get(number)

    def put(self, standing: Standing) -> None:
        key = (standing.kind, standing.category)
        standings = self._standings.setdefault(key, {})
        active = self._active.setdefault(key, [])
        before = standings.get(standing.number)
        if before is not None and before.is_active:
            del active[bisect_left(active, before.order)]
        standings[standing.number] = standing
        if standing.is_active:
            insort(active, standing.order)

    def place(self, standing: Standing) -> tuple[int, int]:
        active = self._active[standing.kind, standing.category]
        return bisect_left(active, standing.order) + 1, len(active)

    def forget(self, reset: Reset) -> None:
        """Drop the standings that begin anew."""
        for standing in [one for one in self.all() if reset.covers(one)]:
            key = (standing.kind, standing.category)
            if standing.is_active:
                active = self._active[key]
                del active[bisect_left(active, standing.order)]
            del self._standings[key][standing.number]

    def all(self) -> list[Standing]:
        """Every standing, in no particular order."""
        return [standing for standings in self._standings.values() for standing in standings.values()]

    def of(self, kind: SubjectKind, category: Category) -> list[Standing]:
        """The standings of one category, in no particular order."""
        return list(self._standings.get((kind, category), {}).values())


def fold(
    results: Iterable[Result], ladder: Ladder, formula: Formula, *, resets: Sequence[Reset] = (), seen: int = 0
) -> int:
    """Let further results change a ladder that has all up to the number `seen`; returns the number of the last one.
    Resets are made where they came; those after the last result are for `forget_last`."""
    for result in results:
        for reset in resets:
            if seen <= reset.after < result.number:
                ladder.forget(reset)
        apply(result, ladder, formula)
        seen = result.number
    return seen


def forget_last(ladder: Ladder, resets: Sequence[Reset], seen: int) -> None:
    """Make the resets that came after the last result, number `seen`."""
    for reset in resets:
        if reset.after >= seen:
            ladder.forget(reset)


def ladder_of(results: Iterable[Result], formula: Formula) -> Ladder:
    """The ladder that `results` make, in the order they were recorded."""
    ladder = Ladder()
    for result in results:
        apply(result, ladder, formula)
    return ladder


# --- castes ----------------------------------------------------------------------------------------

NO_CASTE: Final = -1
ADMIN_CASTE: Final = 17
LOWEST_NORMAL: Final = 3
_BEGINNERS: Final = (0, 1, 2, 2)  # by games
_NAMED: Final = (16, 15, 14, 13, 13, 12, 12, 12)  # the first eight places
_SHARES: Final = MappingProxyType({11: 6, 10: 7, 9: 9, 8: 10, 7: 11, 6: 12, 5: 14, 4: 15})  # percent; 3 has the rest
CASTE_NAMES: Final = (
    "dagger", "dagger with hilt", "kris knife", "sword and dagger", "crossed swords", "crossed axes", "shield",
    "shield, crossed swords", "shield, crossed axes", "simple crown", "crown", "nice crown", "eclipsed moon", "moon",
    "eclipsed sun", "sun", "comet", "administrator",
)  # fmt: skip


def caste_at(place: int, active: int) -> int:
    """The caste of the `place`-th of `active` active players.

    Eight places have castes of their own. The others fill the castes downwards from 11; each takes its share of all
    active players, rounded down (so in a small crowd it may take nobody), and the lowest takes who is left.
    """
    if place <= len(_NAMED):
        return _NAMED[place - 1]
    left = place - len(_NAMED)
    for caste, percent in _SHARES.items():
        left -= active * percent // 100
        if left <= 0:
            return caste
    return LOWEST_NORMAL


def _caste_of_beginner(games: int) -> int:
    return _BEGINNERS[games]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A standing with its place in the ladder, from 1, and the caste that goes with it."""

    place: int
    caste: int
    standing: Standing


def ranked(standings: Iterable[Standing]) -> list[Ranked]:
    """The standings of one category as a ladder, best first."""
    ordered = sorted(standings, key=lambda one: one.order)
    return placed(ordered, sum(one.is_active for one in ordered))


def placed(ordered: Iterable[Standing], active: int, first_place: int = 1) -> list[Ranked]:
    """A part of a ladder that has `active` active players, in its order, from `first_place` on."""
    return [
        Ranked(place, caste_at(place, active) if one.is_active else _caste_of_beginner(one.games), one)
        for place, one in enumerate(ordered, start=first_place)
    ]


@dataclass(frozen=True, slots=True)
class Breakpoints:
    """Where castes begin: for castes 3 to 14, the points of whoever stands just above the caste (0: nobody does);
    and the numbers of those in the places 6 to 8, 4 and 5, 3, 2 and 1, in that order (0: nobody is)."""

    thresholds: tuple[int, ...]
    moons_and_suns: tuple[int, ...]


def breakpoints(ladder: Sequence[Ranked]) -> Breakpoints:
    """The breakpoints of a ladder, as the historic servers told each other."""
    active = [one for one in ladder if one.standing.is_active]
    thresholds = []
    for caste in range(LOWEST_NORMAL, 15):
        above = [one for one in active if one.caste > caste]
        thresholds.append(above[-1].standing.points if above else 0)
    first = [one.standing.number for one in active[:8]] + [0] * (8 - len(active[:8]))
    return Breakpoints(tuple(thresholds), (*first[5:8], *first[3:5], first[2], first[1], first[0]))


@dataclass(frozen=True, slots=True)
class Moved:
    """How somebody fares under another formula. None: not in that ladder."""

    number: int
    before: Ranked | None
    after: Ranked | None


def compared(before: Sequence[Ranked], after: Sequence[Ranked]) -> list[Moved]:
    """Two ladders of the same category side by side, in the order of the second."""
    old = {one.standing.number: one for one in before}
    moved = [Moved(one.standing.number, old.pop(one.standing.number, None), one) for one in after]
    return moved + [Moved(number, one, None) for number, one in old.items()]


# --- seasons ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Season:
    """A stretch of results that make one ladder, from `first_result` on; the present one has no end."""

    name: str
    formula: str
    starts_at: datetime
    first_result: int = 1
    ends_at: datetime | None = None
    last_result: int | None = None
    number: int = 0

"""Ladders as a pure function of results: points, places, castes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.games import GUEST, a_result

from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.ratings import (
    CASTE_NAMES,
    CATEGORIES,
    FORMULAS,
    RANKED,
    UNRANKED,
    Contest,
    Contestant,
    Elo,
    Formula,
    Ladder,
    OpenSkill,
    Ranked,
    Seniority,
    Standing,
    SubjectKind,
    apply,
    breakpoints,
    by_game_type,
    caste_at,
    categories_of,
    compared,
    ladder_of,
    placed,
    ranked,
)
from mythgate.domain.results import Line, Outcome, Result, Verdict
from mythgate.domain.skill import PlackettLuce

PLAYER = SubjectKind.PLAYER


def points(ladder: Ladder, *numbers: int) -> list[int]:
    found = [ladder.get(PLAYER, RANKED, number) for number in numbers]
    return [one.points for one in found if one is not None]


def a_standing(number: int, points: int = 1000, games: int = 10, **changes: Any) -> Standing:
    return Standing(PLAYER, number, RANKED, points, games=games, **changes)


def rated(formula: Formula, contest: Contest) -> dict[int, int]:
    return {number: rating.points for number, rating in formula.rate(contest).items()}


# --- Elo ---------------------------------------------------------------------------------------------


def test_equals_move_by_half_the_stake() -> None:
    ladder = ladder_of([a_result([1], [2])], Elo())
    assert points(ladder, 1, 2) == [1016, 984]


def test_a_tie_between_equals_changes_nothing() -> None:
    assert points(ladder_of([a_result([1], [2], places=[1, 1])], Elo()), 1, 2) == [1000, 1000]


def test_the_result_is_the_share_of_sides_beaten() -> None:
    assert points(ladder_of([a_result([1], [2], [3])], Elo()), 1, 2, 3) == [1016, 1000, 984]


def test_a_team_is_worth_the_mean_of_its_members() -> None:
    strong, weak = Contestant(a_standing(1, 1400), 0), Contestant(a_standing(2, 600), 0)
    alone = Contestant(a_standing(3, 1000), 0)
    assert rated(Elo(), Contest([1, 2], [[strong, weak], [alone]])) == {1: 1416, 2: 616, 3: 984}


def test_four_hundred_points_are_ten_to_one() -> None:
    contest = Contest([1, 2], [[Contestant(a_standing(1, 1400), 0)], [Contestant(a_standing(2, 1000), 0)]])
    assert rated(Elo(stake=110), contest) == {1: 1410, 2: 990}


def test_points_never_fall_below_nothing() -> None:
    contest = Contest([1, 2], [[Contestant(a_standing(1, 3), 0)], [Contestant(a_standing(2, 3), 0)]])
    assert rated(Elo(), contest) == {1: 19, 2: 0}


def test_the_same_opponents_count_less_each_time() -> None:
    ladder = Ladder()
    gains = []
    for _ in range(14):
        before = points(ladder, 1) or [1000]
        apply(a_result([1], [2]), ladder, Elo(scale=1e12))
        gains.append(points(ladder, 1)[0] - before[0])
    assert gains[:3] == [16, 14, 13]
    assert gains[-1] == round(16 * 0.9**10)
    assert gains == sorted(gains, reverse=True)


def test_other_opponents_are_not_the_same() -> None:
    ladder = ladder_of([a_result([1], [2]), a_result([1], [3])], Elo(scale=1e12))
    assert points(ladder, 1) == [1032]


def test_the_damping_has_a_floor() -> None:
    contest = Contest([1, 2], [[Contestant(a_standing(1), 1000)], [Contestant(a_standing(2), 1000)]])
    assert rated(Elo(), contest) == {1: 1004, 2: 996}


# --- what counts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result",
    [
        a_result([1], [2], verdict=Verdict.DISPUTED),
        a_result([1], [2], cooperative=True),
        a_result([1, 2]),
    ],
)
def test_games_that_change_nothing(result: Result) -> None:
    assert ladder_of([result], Elo()).all() == []


def test_ranked_and_unranked_are_apart() -> None:
    ladder = ladder_of([a_result([1], [2], kind=LobbyKind.UNRANKED, scoring=3)], Elo())
    assert {one.category for one in ladder.all()} == {UNRANKED}
    ladder = ladder_of([a_result([1], [2], scoring=3)], Elo())
    assert {one.category for one in ladder.all()} == {RANKED, by_game_type(3)}


def test_an_unknown_game_type_has_no_ladder_of_its_own() -> None:
    assert list(categories_of(a_result([1], [2], scoring=16))) == [RANKED]
    assert len(CATEGORIES) == 18


def test_guests_are_not_rated_and_spoil_their_side() -> None:
    ladder = ladder_of([a_result([1], [2, GUEST])], Elo())
    assert points(ladder, 1, 2) == [1000, 1000]
    one = ladder.get(PLAYER, RANKED, 1)
    assert one is not None
    assert (one.games, one.wins) == (1, 1)
    assert ladder.get(PLAYER, RANKED, GUEST) is None


def test_sides_without_guests_are_rated_among_each_other() -> None:
    assert points(ladder_of([a_result([GUEST], [1], [2])], Elo()), 1, 2) == [1016, 984]


def test_everything_is_counted() -> None:
    result = a_result([1], [2], [3])
    lines = tuple(replace(line, finished=line.number != 3) for line in result.lines)
    ladder = ladder_of([replace(result, lines=lines), a_result([1], [3], places=[1, 1])], Elo())
    last = ladder.get(PLAYER, RANKED, 3)
    assert last is not None
    assert (last.games, last.wins, last.ties, last.losses, last.lasts, last.disconnects) == (2, 0, 1, 1, 1, 1)
    assert (last.damage_given, last.damage_taken) == (40, 20)
    assert last.recent == ((1, 2), (1,))
    middle = ladder.get(PLAYER, RANKED, 2)
    assert middle is not None
    assert (middle.losses, middle.lasts) == (1, 0)


def test_the_best_stays() -> None:
    ladder = ladder_of([a_result([1], [2]), a_result([2], [1])], Elo())
    one = ladder.get(PLAYER, RANKED, 1)
    assert one is not None
    assert one.best_points == 1016 > one.points


def test_spectators_have_no_games() -> None:
    result = a_result([1], [2])
    watching = Line(3, "Player 3", None, 0, 2, 0)
    assert points(ladder_of([replace(result, lines=(*result.lines, watching))], Elo()), 1, 2) == [1016, 984]


# --- clans -------------------------------------------------------------------------------------------


def test_clans_are_rated_in_games_between_clans() -> None:
    ladder = ladder_of([a_result([1, 2], [3, 4], clans=[7, 8])], Elo())
    clans = {one.number: one for one in ladder.of(SubjectKind.CLAN, RANKED)}
    assert {number: one.points for number, one in clans.items()} == {7: 1016, 8: 984}
    assert (clans[7].games, clans[7].damage_given) == (1, 40)


@pytest.mark.parametrize(
    ("result"),
    [
        a_result([1], [2], clans=[7, 8], clan_game=False),
        a_result([1], [2], clans=[7, 7]),
        a_result([1], [2], clans=[7, 0]),
    ],
)
def test_games_that_are_none_between_clans(result: Result) -> None:
    assert ladder_of([result], Elo()).of(SubjectKind.CLAN, RANKED) == []


def test_a_mixed_side_is_no_clan() -> None:
    result = a_result([1, 2], [3], clans=[7, 8])
    lines = tuple(replace(line, clan=9) if line.number == 2 else line for line in result.lines)
    assert ladder_of([replace(result, lines=lines)], Elo()).of(SubjectKind.CLAN, RANKED) == []


# --- the older idea ----------------------------------------------------------------------------------


def test_seniority_is_one_point_a_game_for_beginners() -> None:
    ladder = ladder_of([a_result([1], [2])] * 3, Seniority())
    assert points(ladder, 1, 2) == [3, 3]


@pytest.mark.parametrize(
    ("caste", "expected"),
    [(2, 100), (3, 2 * 0.5 + 20 + 100), (5, 2 * 0.5 + 20 + 100), (6, 3 * 0.5 + 2 * 20 + 100)],
)
def test_seniority_weighs_by_caste(caste: int, expected: float) -> None:
    standing = a_standing(1, games=100, caste=caste, wins=70, lasts=20, damage_given=200, damage_taken=10)
    assert rated(Seniority(), Contest([1], [[Contestant(standing, 0)]])) == {1: round(expected)}


def test_who_took_no_damage_divides_by_one() -> None:
    standing = a_standing(1, caste=3, damage_given=20)
    assert rated(Seniority(), Contest([1], [[Contestant(standing, 0)]])) == {1: 30}


# --- belief and doubt --------------------------------------------------------------------------------


def test_a_belief_is_kept_from_game_to_game() -> None:
    """The model itself is tested against known numbers in test_skill.py."""
    model = PlackettLuce()
    (won,), (lost,) = model.rate([[model.beginner], [model.beginner]], [1, 2])
    ladder = ladder_of([a_result([1], [2])], OpenSkill())
    found = [ladder.get(PLAYER, RANKED, number) for number in (1, 2)]
    assert [(one.mu, one.sigma) for one in found if one] == [(won.mu, won.sigma), (lost.mu, lost.sigma)]
    assert points(ladder, 1, 2) == [
        1000 + round(30 * (won.mu - 3 * won.sigma)),
        1000 + round(30 * (lost.mu - 3 * lost.sigma)),
    ]

    (again,), (new,) = model.rate([[won], [model.beginner]], [2, 1])
    apply(a_result([3], [1]), ladder, OpenSkill())
    found = [ladder.get(PLAYER, RANKED, number) for number in (1, 3)]
    assert [(one.mu, one.sigma) for one in found if one] == [(again.mu, again.sigma), (new.mu, new.sigma)]


def test_nobody_is_believed_anything_under_other_formulas() -> None:
    ladder = ladder_of([a_result([1], [2])], Elo())
    assert {(one.mu, one.sigma) for one in ladder.all()} == {(0.0, 0.0)}


def test_newcomers_rise_while_they_become_known() -> None:
    ladder = ladder_of([a_result([1], [2], places=[1, 1])] * 20, OpenSkill())
    assert points(ladder, 1, 2) == points(ladder, 1, 1)
    assert points(ladder, 1)[0] > 1300


def test_a_side_with_a_guest_teaches_nothing_of_skill() -> None:
    ladder = ladder_of([a_result([1], [2, GUEST])], OpenSkill())
    assert {(one.points, one.mu, one.sigma) for one in ladder.all()} == {(1000, 0.0, 0.0)}


def test_beliefs_have_no_points_below_nothing() -> None:
    standing = a_standing(1, mu=-60.0, sigma=1.0)
    other = a_standing(2, mu=25.0, sigma=1.0)
    contest = Contest([2, 1], [[Contestant(standing, 0)], [Contestant(other, 0)]])
    assert OpenSkill().rate(contest)[1].points == 0


def test_formulas_by_name() -> None:
    assert set(FORMULAS) == {"elo", "openskill", "seniority"}
    assert all(FORMULAS[name].name == name for name in FORMULAS)


# --- castes ------------------------------------------------------------------------------------------


def test_the_first_eight_have_castes_of_their_own() -> None:
    assert [caste_at(place, 8) for place in range(1, 9)] == [16, 15, 14, 13, 13, 12, 12, 12]


def test_a_hundred_players() -> None:
    castes = [caste_at(place, 100) for place in range(1, 101)]
    assert {caste: castes.count(caste) for caste in range(3, 12)} == {
        11: 6, 10: 7, 9: 9, 8: 10, 7: 11, 6: 12, 5: 14, 4: 15, 3: 8,
    }  # fmt: skip


def test_a_share_below_one_is_nobody() -> None:
    """Of twelve active players, four are left after the first eight: 6 and 7 % of twelve are nobody."""
    assert [caste_at(place, 12) for place in range(9, 13)] == [9, 8, 7, 6]


def test_three_games_are_not_enough() -> None:
    standings = [a_standing(number, 2000, games=number) for number in range(4)] + [a_standing(9, 1, games=4)]
    found = ranked(standings)
    assert [(one.standing.number, one.place, one.caste) for one in found] == [
        (9, 1, 16),
        (3, 2, 2),
        (2, 3, 2),
        (1, 4, 1),
        (0, 5, 0),
    ]


def test_equal_points_go_by_games_and_age() -> None:
    found = ranked([a_standing(3), a_standing(2), a_standing(1, games=11)])
    assert [one.standing.number for one in found] == [1, 2, 3]


def test_a_part_of_a_ladder_is_like_the_whole() -> None:
    standings = [a_standing(number, 3000 - number) for number in range(40)]
    whole = ranked(standings)
    assert placed([one.standing for one in whole[10:20]], 40, 11) == whole[10:20]


def test_breakpoints_of_a_ladder() -> None:
    found = breakpoints(ranked([a_standing(number, 3000 - number) for number in range(1, 101)]))
    assert found.moons_and_suns == (6, 7, 8, 4, 5, 3, 2, 1)
    assert len(found.thresholds) == 12
    assert found.thresholds[0] == 3000 - 92  # caste 3 begins after the 92nd
    assert found.thresholds[8] == 3000 - 8
    assert found.thresholds[9] == 3000 - 5
    assert found.thresholds[11] == 3000 - 2


def test_breakpoints_of_nobody() -> None:
    found = breakpoints([])
    assert found.thresholds == (0,) * 12
    assert found.moons_and_suns == (0,) * 8


def test_every_caste_has_a_name() -> None:
    assert len(CASTE_NAMES) == 18


@settings(deadline=None)
@given(st.integers(1, 400))
def test_castes_fall_with_places_and_all_are_shared_out(active: int) -> None:
    castes = [caste_at(place, active) for place in range(1, active + 1)]
    assert castes == sorted(castes, reverse=True)
    assert castes[0] == 16
    shares = {11: 6, 10: 7, 9: 9, 8: 10, 7: 11, 6: 12, 5: 14, 4: 15}
    assert all(castes.count(caste) <= active * percent // 100 for caste, percent in shares.items())


def test_a_caste_is_held_after_a_game() -> None:
    ladder = Ladder()
    for _ in range(4):
        apply(a_result([1], [2]), ladder, Elo())
    one, two = ladder.get(PLAYER, RANKED, 1), ladder.get(PLAYER, RANKED, 2)
    assert one is not None
    assert two is not None
    assert (one.caste, two.caste) == (16, 15)
    assert (one.best_caste, two.best_caste) == (16, 15)


# --- folding -----------------------------------------------------------------------------------------


@st.composite
def games(draw: st.DrawFn) -> Result:
    numbers = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 6, GUEST]), min_size=2, max_size=6, unique=True))
    cut = draw(st.integers(1, len(numbers) - 1))
    places = draw(st.sampled_from([[1, 2], [1, 1]]))
    kind = draw(st.sampled_from([LobbyKind.RANKED, LobbyKind.UNRANKED]))
    clans = draw(st.sampled_from([[], [7, 8]]))
    return a_result(
        numbers[:cut], numbers[cut:], places=places, clans=clans, kind=kind, scoring=draw(st.integers(0, 2))
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(games(), max_size=25), st.sampled_from(sorted(FORMULAS)))
def test_a_ladder_is_a_pure_function_of_results(results: list[Result], formula: str) -> None:
    first, again = ladder_of(results, FORMULAS[formula]), ladder_of(results, FORMULAS[formula])
    assert first.all() == again.all()
    for category in (RANKED, UNRANKED):
        found = ranked(first.of(PLAYER, category))
        assert [one.place for one in found] == list(range(1, len(found) + 1))
        for one in found:
            assert one.standing.points >= 0
            assert one.standing.games == one.standing.wins + one.standing.ties + one.standing.losses
            assert one.standing.best_points >= one.standing.points
            assert one.standing.best_caste >= one.standing.caste
            if one.standing.is_active:
                assert first.place(one.standing)[0] == one.place


@settings(deadline=None)
@given(st.lists(games(), max_size=25))
def test_elo_takes_what_it_gives_but_for_rounding(results: list[Result]) -> None:
    ladder = ladder_of([replace(one, kind=LobbyKind.RANKED) for one in results if len(one.lines) == 2], Elo())
    standings = ladder.of(PLAYER, RANKED)
    assert abs(sum(one.points - 1000 for one in standings)) <= len(results)


def test_two_ladders_side_by_side() -> None:
    before = ranked([a_standing(1, 5), a_standing(2, 4)])
    after = ranked([a_standing(2, 9), a_standing(3, 8)])
    moved = {one.number: (_place(one.before), _place(one.after)) for one in compared(before, after)}
    assert moved == {2: (2, 1), 3: (None, 2), 1: (1, None)}


def _place(one: Ranked | None) -> int | None:
    return one.place if one is not None else None


def test_outcomes_are_what_they_say() -> None:
    assert [line.outcome for line in a_result([1], [2]).lines] == [Outcome.WIN, Outcome.LOSS]

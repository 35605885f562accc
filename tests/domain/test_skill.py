"""The model of skill: known numbers, and what holds for all games.

The known numbers were computed with the OpenSkill library (openskill 6.2.0, `PlackettLuce` with its defaults).
"""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.skill import PlackettLuce, Skill

Team = list[tuple[float, float]]
NEW = (25.0, 25 / 3)
MODEL = PlackettLuce()

# name, teams, their places, and what OpenSkill says of them afterwards
GAMES: list[tuple[str, list[Team], list[int], list[Team]]] = [
    (
        "duel",
        [[NEW], [NEW]],
        [1, 2],
        [[(27.635389493140497, 8.06590141354368)], [(22.364610506859503, 8.06590141354368)]],
    ),
    ("duel_draw", [[NEW], [NEW]], [1, 1], [[(25.0, 8.06590141354368)], [(25.0, 8.06590141354368)]]),
    (
        "uneven_draw",
        [[(30.0, 3.0)], [(20.0, 6.0)]],
        [1, 1],
        [[(29.743830673926343, 2.9905706247200228)], [(21.02408477694057, 5.829241846773371)]],
    ),
    (
        "upset",
        [[(15.0, 2.0)], [(35.0, 1.5)]],
        [1, 2],
        [[(15.599518370402965, 2.000500398652766)], [(34.662316342493995, 1.5019212981531795)]],
    ),
    (
        "expected",
        [[(35.0, 1.5)], [(15.0, 2.0)]],
        [1, 2],
        [[(35.014851563064276, 1.5019212981531795)], [(14.973632763421268, 2.000500398652766)]],
    ),
    (
        "pairs",
        [[(28.0, 7.0), (22.0, 2.5)], [(25.0, 8.0), (31.0, 4.0)]],
        [1, 2],
        [
            [(30.304272110782446, 6.86266456051496), (22.29419713359997, 2.495154740302438)],
            [(21.99043842353949, 7.751445616361687), (30.24736471370929, 3.9700954196908893)],
        ],
    ),
    (
        "one_against_three",
        [[(40.0, 3.0)], [NEW, (20.0, 5.0), (18.0, 6.0)]],
        [2, 1],
        [
            [(39.898333524501766, 2.998919522147063)],
            [
                (25.783937102126306, 8.14942849823126),
                (20.28226752372331, 4.961154422292422),
                (18.40643074437805, 5.932142123136976),
            ],
        ],
    ),
    (
        "free_for_all",
        [[(27.0, 4.0)], [(25.0, 5.0)], [(31.0, 2.0)], [NEW]],
        [1, 2, 3, 4],
        [
            [(27.890227683610465, 3.991335460584925)],
            [(25.93442587047551, 4.9541934741271785)],
            [(30.888738090836938, 1.9994636937311723)],
            [(20.47076401758173, 7.724165782831798)],
        ],
    ),
    (
        "free_for_all_other_order",
        [[NEW], [(31.0, 2.0)], [(27.0, 4.0)], [(25.0, 5.0)]],
        [4, 3, 1, 2],
        [
            [(20.47076401758173, 7.724165782831798)],
            [(30.888738090836938, 1.9994636937311723)],
            [(27.890227683610465, 3.991335460584925)],
            [(25.93442587047551, 4.9541934741271785)],
        ],
    ),
    (
        "tie_for_second",
        [[(27.0, 4.0)], [(25.0, 5.0)], [(31.0, 2.0)], [NEW]],
        [1, 2, 2, 4],
        [
            [(27.890227683610465, 3.991335460584925)],
            [(25.0124488642196, 4.9541934741271785)],
            [(30.920895361982236, 2.0002309380080976)],
            [(22.473981963758646, 7.968748588735037)],
        ],
    ),
    (
        "teams_two_tie_for_first",
        [[(27.0, 4.0), NEW], [(25.0, 5.0), (29.0, 1.0)], [(31.0, 2.0), (22.0, 7.0)]],
        [1, 1, 3],
        [
            [(27.20562311393769, 3.9809178921752686), (25.892163454442876, 8.151912651454747)],
            [(25.244316132035205, 4.977694547126203), (29.009837778157486, 1.0032807838079973)],
            [(30.90937974355485, 1.9996998966470774), (20.891668717966343, 6.912930476663229)],
        ],
    ),
    (
        "all_tie",
        [[(27.0, 4.0)], [(25.0, 5.0)], [(31.0, 2.0)]],
        [1, 1, 1],
        [
            [(27.051745741654354, 3.97257333057963)],
            [(25.22137394899202, 4.939696323124376)],
            [(30.95157525616137, 1.999655875555407)],
        ],
    ),
    (
        "far_apart",
        [[(-20.0, 0.5)], [(90.0, 0.5)]],
        [1, 2],
        [[(-19.956714220510836, 0.5068968775234381)], [(89.95671422051083, 0.5068968775234381)]],
    ),
]

# Thirty games of three players, each alone: the order in which they are given, and their places.
SEASON = [
    ([1, 0, 2], [1, 2, 3]),
    ([0, 2, 1], [1, 2, 3]),
    ([2, 0, 1], [1, 1, 3]),
    ([1, 0, 2], [1, 1, 3]),
    ([1, 0, 2], [1, 2, 3]),
    ([2, 0, 1], [1, 1, 3]),
    ([0, 2, 1], [1, 1, 3]),
    ([0, 2, 1], [1, 2, 3]),
    ([2, 0, 1], [1, 2, 3]),
    ([2, 0, 1], [1, 1, 3]),
    ([2, 0, 1], [1, 2, 3]),
    ([1, 2, 0], [1, 2, 3]),
    ([1, 2, 0], [1, 1, 3]),
    ([0, 2, 1], [1, 2, 3]),
    ([2, 1, 0], [1, 2, 3]),
    ([1, 0, 2], [1, 2, 3]),
    ([0, 1, 2], [1, 2, 3]),
    ([1, 0, 2], [1, 2, 3]),
    ([2, 1, 0], [1, 2, 3]),
    ([2, 1, 0], [1, 1, 3]),
    ([0, 1, 2], [1, 2, 3]),
    ([0, 2, 1], [1, 2, 3]),
    ([2, 1, 0], [1, 2, 3]),
    ([2, 1, 0], [1, 2, 3]),
    ([1, 0, 2], [1, 2, 3]),
    ([0, 1, 2], [1, 2, 3]),
    ([1, 2, 0], [1, 1, 3]),
    ([1, 2, 0], [1, 2, 3]),
    ([1, 2, 0], [1, 2, 3]),
    ([2, 1, 0], [1, 1, 3]),
]
AFTER_THE_SEASON = [
    (20.631149102891012, 4.762559087866222),
    (29.73464310212931, 4.866770588092664),
    (24.56653611283508, 4.76969544275562),
]


def skills(teams: list[Team]) -> list[list[Skill]]:
    return [[Skill(*one) for one in team] for team in teams]


def numbers(teams: list[list[Skill]]) -> list[float]:
    return [number for team in teams for one in team for number in (one.mu, one.sigma)]


@pytest.mark.parametrize(("name", "teams", "places", "expected"), GAMES, ids=[game[0] for game in GAMES])
def test_a_game_as_openskill_rates_it(name: str, teams: list[Team], places: list[int], expected: list[Team]) -> None:
    assert numbers(MODEL.rate(skills(teams), places)) == pytest.approx(numbers(skills(expected)), rel=1e-12)


def test_a_season_as_openskill_rates_it() -> None:
    players = [MODEL.beginner] * 3
    for order, places in SEASON:
        for number, (after,) in zip(order, MODEL.rate([[players[one]] for one in order], places), strict=True):
            players[number] = after
    assert numbers([players]) == pytest.approx(numbers(skills([AFTER_THE_SEASON])), rel=1e-11)


def test_the_constants_are_the_published_ones() -> None:
    assert (MODEL.mu, MODEL.sigma, MODEL.beta) == (25, 25 / 3, 25 / 6)
    assert (MODEL.kappa, MODEL.tau) == (0.0001, 25 / 300)
    assert MODEL.beginner == Skill(25, 25 / 3)


def test_one_game_never_takes_all_doubt() -> None:
    certain = PlackettLuce(kappa=0.9)
    (won,), _ = certain.rate([[Skill(25, 1000)], [Skill(25, 1)]], [1, 2])
    assert won.sigma == pytest.approx(1000 * math.sqrt(0.9), rel=1e-6)


def test_skills_however_far_apart_are_rated() -> None:
    after = MODEL.rate([[Skill(-1e6, 1.0)], [Skill(1e6, 1.0)], [Skill(0.0, 1.0)]], [1, 2, 3])
    assert all(math.isfinite(number) for number in numbers(after))
    assert after[0][0].mu > -1e6


@st.composite
def games(draw: st.DrawFn) -> tuple[list[list[Skill]], list[int]]:
    count = draw(st.integers(2, 6))
    one = st.builds(Skill, st.floats(-50, 100), st.floats(0.3, 10))
    teams = [draw(st.lists(one, min_size=1, max_size=4)) for _ in range(count)]
    return teams, [draw(st.integers(1, count)) for _ in range(count)]


@given(games())
def test_the_best_never_fall_and_the_last_never_rise(game: tuple[list[list[Skill]], list[int]]) -> None:
    teams, places = game
    after = MODEL.rate(teams, places)
    for which, sign in ((min(places), 1), (max(places), -1)):
        if places.count(which) == 1:
            mine = places.index(which)
            moves = [new.mu - old.mu for old, new in zip(teams[mine], after[mine], strict=True)]
            assert all(sign * move >= -1e-9 for move in moves)


@given(games(), st.randoms(use_true_random=False))
def test_the_order_of_teams_means_nothing(game: tuple[list[list[Skill]], list[int]], chance: Random) -> None:
    teams, places = game
    order = list(range(len(teams)))
    chance.shuffle(order)
    after = MODEL.rate(teams, places)
    shuffled = MODEL.rate([teams[one] for one in order], [places[one] for one in order])
    assert numbers(shuffled) == pytest.approx(numbers([after[one] for one in order]), rel=1e-9, abs=1e-9)


@given(games())
def test_doubt_grows_by_tau_at_most(game: tuple[list[list[Skill]], list[int]]) -> None:
    teams, places = game
    for team, rated in zip(teams, MODEL.rate(teams, places), strict=True):
        for old, new in zip(team, rated, strict=True):
            assert 0 < new.sigma <= math.hypot(old.sigma, MODEL.tau) * (1 + 1e-12)

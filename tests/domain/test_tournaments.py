"""Tournaments: when they start, how the bracket goes on, who wins what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.games import NOW, a_result

from mythgate.domain.errors import Conflict, InvalidInput, LimitReached, NotFound
from mythgate.domain.ids import AccountId
from mythgate.domain.results import Verdict
from mythgate.domain.tournaments import (
    PATIENCE,
    TRANSITIONS,
    Entry,
    Pairing,
    Readiness,
    Tournament,
    TournamentAct,
    TournamentState,
    check,
    decided,
    decided_by,
    draw,
    prizes,
    readiness,
    require_entry,
    seeded,
)


def a_tournament(**changes: Any) -> Tournament:
    return Tournament(**{"name": "Cup", "slot": 1, "room_id": 4, "starts_at": NOW, "created_at": NOW, **changes})


def an_entry(number: int, seconds: int = 0) -> Entry:
    return Entry(1, AccountId(f"account-{number}"), number, f"Player {number}", NOW + timedelta(seconds=seconds))


# --- states ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "act"), list(product(TournamentState, TournamentAct)))
def test_every_state_with_every_act(state: TournamentState, act: TournamentAct) -> None:
    tournament = a_tournament(state=state)
    if (state, act) in TRANSITIONS:
        tournament.apply(act)
        assert tournament.state is TRANSITIONS[state, act]
    else:
        with pytest.raises(Conflict):
            tournament.apply(act)
        assert tournament.state is state


# --- before it starts --------------------------------------------------------------------------------


def test_a_sound_tournament() -> None:
    check(a_tournament(prize_pool=100, prize_shares=(70, 30)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 64}, "name"),
        ({"name": "a\n"}, "name"),
        ({"slot": 0}, "slot"),
        ({"slot": 7}, "slot"),
        ({"min_players": 1}, "min_players"),
        ({"min_players": 9, "max_players": 8}, "min_players"),
        ({"max_players": 257}, "min_players"),
        ({"prize_pool": -1}, "prize_pool"),
        ({"prize_shares": (50, 25, 25)}, "prize_pool"),
        ({"prize_shares": (101,)}, "prize_pool"),
        ({"prize_shares": (-1,)}, "prize_pool"),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(a_tournament(**changes))
    assert refused.value.field == field


def test_signing_up() -> None:
    tournament = a_tournament(max_players=2)
    require_entry(tournament, [an_entry(1)], AccountId("account-2"))
    with pytest.raises(Conflict, match="already"):
        require_entry(tournament, [an_entry(1)], AccountId("account-1"))
    with pytest.raises(LimitReached):
        require_entry(tournament, [an_entry(1), an_entry(2)], AccountId("account-3"))
    with pytest.raises(Conflict, match="any more"):
        require_entry(a_tournament(state=TournamentState.RUNNING), [], AccountId("account-1"))


@pytest.mark.parametrize(
    ("minutes", "present", "expected"),
    [
        (-1, 9, Readiness.EARLY),
        (0, 1, Readiness.SHORT),
        (0, 2, Readiness.READY),
        (29, 1, Readiness.SHORT),
        (30, 1, Readiness.LAPSED),
        (30, 2, Readiness.READY),
    ],
)
def test_it_needs_the_time_and_the_players(minutes: int, present: int, expected: Readiness) -> None:
    assert timedelta(minutes=30) == PATIENCE
    assert readiness(a_tournament(), present, NOW + timedelta(minutes=minutes)) is expected


def test_seeds_go_by_points_and_then_by_age() -> None:
    drawn = seeded([an_entry(1, 5), an_entry(2, 1), an_entry(3, 9)], {3: 1200})
    assert [(one.number, one.seed) for one in drawn] == [(3, 1), (2, 2), (1, 3)]


# --- the bracket -------------------------------------------------------------------------------------


def test_two_play_a_final() -> None:
    assert draw([1, 2]) == (Pairing(1, 0, 1, 2),)


def test_five_players_leave_three_without_an_opponent() -> None:
    bracket = draw([1, 2, 3, 4, 5])
    assert [(one.first, one.second, one.winner) for one in bracket] == [
        (1, 0, 1),
        (4, 5, 0),
        (2, 0, 2),
        (3, 0, 3),
        (1, 0, 0),
        (2, 3, 0),
        (0, 0, 0),
    ]
    assert [one.is_open for one in bracket] == [False, True, False, False, False, True, False]


def test_a_pairing_that_cannot_be_decided() -> None:
    bracket = draw([1, 2, 3])
    with pytest.raises(NotFound):
        decided(bracket, 3, 0, 1, 0)
    with pytest.raises(Conflict):
        decided(bracket, 2, 0, 1, 0)
    with pytest.raises(Conflict):
        decided(bracket, 1, 0, 1, 0)
    with pytest.raises(InvalidInput):
        decided(bracket, 1, 1, 1, 0)


def test_an_undecided_pairing_has_no_loser() -> None:
    assert Pairing(1, 0, 1, 2).loser == 0
    assert Pairing(1, 0, 1, 2, winner=1).loser == 2
    assert Pairing(1, 0, 1, 2, winner=2).loser == 1


@settings(deadline=None)
@given(st.integers(2, 40), st.randoms(use_true_random=False))
def test_every_bracket_comes_to_an_end(players: int, chance: Any) -> None:
    bracket = draw(list(range(1, players + 1)))
    played = 0
    while not bracket[-1].winner:
        to_play = [one for one in bracket if one.is_open]
        assert to_play
        pairing = chance.choice(to_play)
        winner = chance.choice([pairing.first, pairing.second])
        bracket = decided(bracket, pairing.round, pairing.slot, winner, 1)
        played += 1
    assert played == players - 1
    losers = [one.loser for one in bracket if one.loser]
    assert sorted([*losers, bracket[-1].winner]) == list(range(1, players + 1))
    tournament = a_tournament(bracket=bracket)
    assert tournament.champion == bracket[-1].winner


@settings(deadline=None)
@given(st.integers(2, 40))
def test_the_best_two_meet_in_the_final_if_the_better_always_wins(players: int) -> None:
    bracket = draw(list(range(1, players + 1)))
    while not bracket[-1].winner:
        pairing = next(one for one in bracket if one.is_open)
        bracket = decided(bracket, pairing.round, pairing.slot, min(pairing.first, pairing.second), 1)
    assert {bracket[-1].first, bracket[-1].second} == {1, 2}


def test_a_result_decides_the_pairing_of_its_players() -> None:
    bracket = draw([1, 2, 3, 4])
    found = decided_by(bracket, a_result([4], [1]))
    assert found == (Pairing(1, 0, 1, 4), 4)
    assert decided_by(bracket, a_result([2], [3])) == (Pairing(1, 1, 2, 3), 2)


def test_results_that_decide_nothing() -> None:
    bracket = draw([1, 2, 3, 4])
    assert decided_by(bracket, a_result([1], [2])) is None  # they are not to meet
    assert decided_by(bracket, a_result([1], [4], places=[1, 1])) is None
    assert decided_by(bracket, a_result([1], [4], verdict=Verdict.DISPUTED)) is None
    assert decided_by(bracket, a_result([1, 4], [2])) is None
    over = decided(bracket, 1, 0, 4, 1)
    assert decided_by(over, a_result([1], [4])) is None


def test_prizes_are_shares_of_the_pool() -> None:
    tournament = a_tournament(
        number=1, prize_pool=1001, prize_shares=(70, 30), bracket=decided(draw([1, 2]), 1, 0, 2, 1)
    )
    found = prizes(tournament, [an_entry(1), an_entry(2)], NOW)
    assert [(one.place, one.name, one.amount) for one in found] == [(1, "Player 2", 700), (2, "Player 1", 300)]
    assert [one.place for one in prizes(tournament, [an_entry(1)], NOW)] == [2]
    assert len(prizes(replace(tournament, prize_shares=(100,)), [an_entry(1), an_entry(2)], NOW)) == 1


def test_nobody_has_won_what_has_not_begun() -> None:
    assert a_tournament().champion == 0

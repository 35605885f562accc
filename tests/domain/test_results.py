"""What reports are worth, when a result is final, and what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.games import GUEST, NOW, a_match, a_player, a_report

from mythgate.domain.lobbies import LobbyKind
from mythgate.domain.results import (
    Ending,
    Match,
    Outcome,
    PlayerReport,
    ScoreReport,
    TeamReport,
    Verdict,
    due_at,
    evaluate,
    fault_of,
    ranking_of,
)
from mythgate.domain.results import Testimony as Heard


def heard(*reports: ScoreReport, at: datetime = NOW, fault: str = "") -> list[Heard]:
    return [Heard("match", report, at + timedelta(seconds=n), fault) for n, report in enumerate(reports)]


# --- one report --------------------------------------------------------------------------------------


def test_a_sound_report_has_no_fault() -> None:
    assert fault_of(a_report(1, [1], [2]), a_match(1, 2)) == ""


def test_empty_slots_are_nobody() -> None:
    report = a_report(1, [1], [2])
    padded = replace(report, players=(*report.players, *(PlayerReport(0) for _ in range(14))))
    assert fault_of(padded, a_match(1, 2)) == ""


@pytest.mark.parametrize(
    ("report", "fault"),
    [
        (a_report(9, [1], [2]), "did not play"),
        (a_report(1), "no teams"),
        (replace(a_report(1, [1], [2]), teams=(TeamReport(0, 0),) * 17), "more teams"),
        (replace(a_report(1, [1], [2]), players=(PlayerReport(1),) * 65), "more teams or players"),
        (a_report(1, [1], [2, 2]), "twice"),
        (a_report(1, [1], [2, 3]), "not in the line-up"),
        (a_report(1, [1], [2], places=[0, 16]), "a place that does not exist"),
        (a_report(1, [1], [2], places=[-1, 0]), "a place that does not exist"),
        (replace(a_report(1, [1], [2]), teams=(TeamReport(0, 0), TeamReport(1, 2))), "captain"),
        (replace(a_report(1, [1], [2]), teams=(TeamReport(0, 0), TeamReport(1, -1))), "captain"),
        (replace(a_report(1, [1], [2]), teams=(TeamReport(0, 0), TeamReport(1, 0))), "the same"),
        (replace(a_report(1, [1], [2]), teams=(TeamReport(0, 0, valid=False),)), "ranks nobody"),
        (replace(a_report(1, [1]), players=(PlayerReport(1, units_killed=2**31),)), "out of range"),
    ],
)
def test_a_report_that_cannot_be_heard(report: ScoreReport, fault: str) -> None:
    assert fault in fault_of(report, a_match(1, 2))


def test_teams_that_are_not_valid_are_not_looked_at() -> None:
    report = a_report(1, [1], [2])
    filled = replace(report, teams=(*report.teams, TeamReport(99, 99, valid=False)))
    assert fault_of(filled, a_match(1, 2)) == ""
    assert ranking_of(filled, a_match(1, 2)) == ranking_of(report, a_match(1, 2))


def test_a_captain_in_an_empty_slot_leads_no_team() -> None:
    report = a_report(1, [1], [2])
    players = (*report.players, PlayerReport(0, team=99))
    report = replace(report, players=players, teams=(*report.teams, TeamReport(2, 2)))
    assert ranking_of(report, a_match(1, 2)) == ((0, frozenset({1})), (1, frozenset({2})))


def test_only_the_order_of_places_matters() -> None:
    match = a_match(1, 2, 3)
    assert ranking_of(a_report(1, [1], [2], [3], places=[0, 0, 1]), match) == ranking_of(
        a_report(1, [1], [2], [3], places=[0, 0, 2]), match
    )


# --- when it is final --------------------------------------------------------------------------------


def test_it_is_final_when_all_have_reported() -> None:
    match = a_match(1, 2)
    first, second = heard(a_report(1, [1], [2]), a_report(2, [1], [2]))
    assert due_at(match, [first]) is None
    assert due_at(match, [first, second]) == second.received_at


def test_a_faulty_report_is_none() -> None:
    match = a_match(1, 2)
    good, bad = heard(a_report(1, [1], [2]), a_report(2, [1], [2]))
    assert due_at(match, [good, replace(bad, fault="no")]) is None


def test_nothing_is_final_of_a_game_nobody_played() -> None:
    assert due_at(replace(a_match(1), line_up=()), []) is None


@pytest.mark.parametrize(
    ("ended", "wait"),
    [(Ending.NORMAL, 120), (Ending.QUIT, 7200), (Ending.SERVER_LOST, 7200)],
)
def test_patience_once_the_game_is_gone(ended: Ending, wait: int) -> None:
    gone = NOW + timedelta(minutes=10)
    match = a_match(1, 2, removed_at=gone)
    assert due_at(match, heard(a_report(1, [1], [2], ended=ended))) == gone + timedelta(seconds=wait)
    assert due_at(match, []) == gone + timedelta(seconds=7200)


# --- what it is --------------------------------------------------------------------------------------


def test_winners_and_losers() -> None:
    result = evaluate(a_match(1, 2, 3, 4), heard(a_report(2, [2, 1], [4, 3])), NOW)
    assert result.verdict is Verdict.CLEAR
    assert [(line.number, line.place, line.captain, line.outcome) for line in result.lines] == [
        (2, 1, True, Outcome.WIN),
        (1, 1, False, Outcome.WIN),
        (4, 2, True, Outcome.LOSS),
        (3, 2, False, Outcome.LOSS),
    ]
    assert [[line.number for line in side] for side in result.sides] == [[2, 1], [4, 3]]
    assert result.lines[0].points_killed == 20
    assert (result.agreeing, result.heard) == (1, 1)


def test_equal_places_at_the_top_are_a_tie() -> None:
    result = evaluate(a_match(1, 2, 3), heard(a_report(1, [1], [2], [3], places=[0, 0, 1])), NOW)
    assert [line.outcome for line in result.lines] == [Outcome.TIE, Outcome.TIE, Outcome.LOSS]
    assert [line.place for line in result.lines] == [1, 1, 3]


def test_equal_places_below_are_losses() -> None:
    result = evaluate(a_match(1, 2, 3), heard(a_report(1, [1], [2], [3], places=[0, 1, 1])), NOW)
    assert [(line.place, line.outcome) for line in result.lines] == [
        (1, Outcome.WIN),
        (2, Outcome.LOSS),
        (2, Outcome.LOSS),
    ]


def test_those_in_no_team_watched() -> None:
    match = a_match(1, 2, 3, GUEST)
    report = a_report(1, [1], [2])
    report = replace(report, players=(*report.players, PlayerReport(3, team=99, time_played=5)))
    result = evaluate(match, heard(report), NOW)
    watching = [line for line in result.lines if not line.place]
    assert [(line.number, line.side, line.outcome) for line in watching] == [
        (GUEST, 2, Outcome.NONE),
        (3, 2, Outcome.NONE),
    ]
    assert watching[0].account_id is None
    assert watching[1].time_played == 5
    assert len(result.sides) == 2


@pytest.mark.parametrize(("ended", "place"), [(Ending.NORMAL, 1), (Ending.QUIT, 2)])
def test_playing_together_is_won_only_at_the_end(ended: Ending, place: int) -> None:
    match = a_match(1, 2, cooperative=True)
    result = evaluate(match, heard(a_report(1, [1, 2], ended=ended)), NOW)
    assert {(line.place, line.outcome) for line in result.lines} == {(place, Outcome.NONE)}


def test_most_say_how_it_was() -> None:
    reports = heard(a_report(1, [1], [2], [3]), a_report(2, [2], [1], [3]), a_report(3, [2], [1], [3]))
    result = evaluate(a_match(1, 2, 3), reports, NOW)
    assert result.lines[0].number == 2
    assert (result.agreeing, result.heard) == (2, 3)


def test_one_word_against_another_is_disputed() -> None:
    result = evaluate(a_match(1, 2), heard(a_report(1, [1], [2]), a_report(2, [2], [1])), NOW)
    assert result.verdict is Verdict.DISPUTED
    assert [(line.number, line.place, line.outcome) for line in result.lines] == [
        (1, 0, Outcome.NONE),
        (2, 0, Outcome.NONE),
    ]


def test_who_saw_the_end_is_believed_before_who_left() -> None:
    reports = heard(a_report(1, [1], [2], ended=Ending.QUIT), a_report(2, [2], [1]))
    result = evaluate(a_match(1, 2), reports, NOW)
    assert (result.verdict, result.lines[0].number, result.heard) == (Verdict.CLEAR, 2, 1)


def test_who_left_is_heard_if_nobody_saw_the_end() -> None:
    result = evaluate(a_match(1, 2), heard(a_report(2, [1], [2], ended=Ending.SERVER_LOST)), NOW)
    assert (result.lines[0].number, result.ended) == (1, Ending.SERVER_LOST)


def test_somebody_may_correct_themselves() -> None:
    result = evaluate(a_match(1, 2), heard(a_report(1, [1], [2]), a_report(1, [2], [1])), NOW)
    assert (result.verdict, result.lines[0].number, result.heard) == (Verdict.CLEAR, 2, 1)


def test_the_hosts_counters_are_taken_before_others() -> None:
    reports = heard(a_report(2, [1], [2], elapsed=5), a_report(1, [1], [2], elapsed=7))
    assert evaluate(a_match(1, 2), reports, NOW).elapsed == 7
    assert evaluate(a_match(1, 2, host=9), reports, NOW).elapsed == 5


def test_the_game_type_is_what_most_say_too() -> None:
    reports = heard(a_report(2, [2], [1], [3], scoring=5), a_report(1, [1], [2], [3]), a_report(3, [1], [2], [3]))
    assert evaluate(a_match(1, 2, 3, scoring=5), reports, NOW).scoring == 0


def test_nothing_heard_is_unreported() -> None:
    result = evaluate(a_match(1, 2), heard(a_report(1, [1], [2]), fault="no"), NOW)
    assert result.verdict is Verdict.UNREPORTED
    assert len(result.lines) == 2


@pytest.mark.parametrize(
    ("kind", "ranked"), [(LobbyKind.UNRANKED, False), (LobbyKind.RANKED, True), (LobbyKind.TOURNAMENT, True)]
)
def test_what_counts_for_castes(kind: LobbyKind, ranked: bool) -> None:
    assert evaluate(a_match(1, 2, kind=kind), heard(a_report(1, [1], [2])), NOW).ranked is ranked


# --- whatever is reported ----------------------------------------------------------------------------

_small = st.integers(-2, 20)
reports = st.builds(
    ScoreReport,
    reporter=st.integers(0, 5),
    teams=st.lists(st.builds(TeamReport, place=_small, captain=_small, valid=st.booleans()), max_size=5).map(tuple),
    players=st.lists(
        st.builds(PlayerReport, number=st.integers(0, 5), team=st.integers(0, 3), points_killed=st.integers()),
        max_size=6,
    ).map(tuple),
    ended=st.sampled_from(Ending),
)


@settings(deadline=None)
@given(st.lists(reports, max_size=6), st.booleans())
def test_any_reports_make_one_sound_result(given_reports: list[ScoreReport], cooperative: bool) -> None:
    match: Match = a_match(1, 2, 3, 4, cooperative=cooperative)
    testimony = [
        Heard("match", report, NOW + timedelta(seconds=n), fault_of(report, match))
        for n, report in enumerate(given_reports)
    ]
    result = evaluate(match, testimony, NOW)
    assert sorted(line.number for line in result.lines) == [1, 2, 3, 4]
    assert all(len([line for line in side if line.captain]) == 1 for side in result.sides)
    assert [line.side for line in result.lines] == sorted(line.side for line in result.lines)
    if result.verdict is not Verdict.CLEAR:
        assert not result.sides
    for side in result.sides:
        assert len({(line.place, line.outcome) for line in side}) == 1
    winners = {line.side for line in result.lines if line.outcome is Outcome.WIN}
    assert len(winners) <= 1
    tied = {line.side for line in result.lines if line.outcome is Outcome.TIE}
    assert len(tied) != 1
    assert not (winners and tied)


@settings(deadline=None)
@given(st.permutations(range(3)), st.permutations(range(3)))
def test_the_order_of_tables_does_not_matter(players: list[int], teams: list[int]) -> None:
    match = a_match(1, 2, 3)
    report = a_report(1, [1], [2], [3])
    shuffled = replace(
        report,
        players=tuple(report.players[index] for index in players),
        teams=tuple(replace(report.teams[index], captain=players.index(index)) for index in teams),
    )
    assert ranking_of(shuffled, match) == ranking_of(report, match)


def test_a_player_is_found_by_number() -> None:
    assert a_match(1, 2).player(2) == a_player(2)
    assert a_match(1, 2).player(3) is None

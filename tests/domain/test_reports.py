"""Reports and the chain of their evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import PermissionDenied, WrongState
from mythgate.domain.reports import (
    CLOSED,
    NOTHING,
    TRANSITIONS,
    Chain,
    Line,
    Report,
    ReportState,
    ReportStep,
    Said,
    Urgency,
    urgency_of,
    verify,
)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def a_report(**changes: Any) -> Report:
    return replace(Report("bob", "Bob", "room:square", "the square", NOW, NOW, NOW + timedelta(minutes=10)), **changes)


def said(number: int) -> Said:
    return Said(NOW + timedelta(seconds=number), "bob", "Bob", "say", f"Line {number}", f"m{number}")


def evidence(count: int) -> tuple[Report, list[Line]]:
    chain = Chain(1)
    lines = chain.add(map(said, range(count)))
    return a_report(number=1, lines=chain.lines, seal=chain.seal), lines


@pytest.mark.parametrize("state", ReportState)
@pytest.mark.parametrize("step", ReportStep)
def test_every_step_from_every_state(state: ReportState, step: ReportStep) -> None:
    closed_at = NOW if state in CLOSED else None
    report = a_report(state=state, claimed_by="ada", claimed_name="Ada", closed_at=closed_at)
    if (state, step) not in TRANSITIONS:
        with pytest.raises(WrongState, match=f"is {state}"):
            report.apply(step, "ada", "Ada", NOW)
        return
    report.apply(step, "ada", "Ada", NOW)
    assert report.state is TRANSITIONS[state, step]
    assert (report.claimed_by == "") is (report.state is ReportState.OPEN)
    assert (report.closed_at is not None) is (report.state in CLOSED)


def test_who_claimed_a_report_goes_on_with_it() -> None:
    report = a_report()
    report.apply(ReportStep.CLAIM, "ada", "Ada", NOW)
    with pytest.raises(WrongState, match="claimed by Ada"):
        report.apply(ReportStep.CLAIM, "mira", "Mira", NOW)
    for step in (ReportStep.RESOLVE, ReportStep.DISMISS, ReportStep.RELEASE):
        with pytest.raises(PermissionDenied, match="Ada looks at"):
            report.apply(step, "mira", "Mira", NOW)
    report.apply(ReportStep.RESOLVE, "mira", "Mira", NOW, may_take_over=True)
    assert report.state is ReportState.RESOLVED


def test_what_many_report_is_urgent() -> None:
    assert [urgency_of(count) for count in (1, 2, 3, 5, 6, 99)] == [
        Urgency.NORMAL,
        Urgency.NORMAL,
        Urgency.HIGH,
        Urgency.HIGH,
        Urgency.URGENT,
        Urgency.URGENT,
    ]


def test_untouched_evidence_is_genuine() -> None:
    report, lines = evidence(5)
    verdict = verify(report, lines, report.seal)
    assert (verdict.genuine, verdict.line, verdict.problem, verdict.lines, verdict.erased) == (True, None, "", 5, 0)
    assert verify(a_report(seal=Chain(1).seal), ()).genuine


def test_a_chain_goes_on_where_it_ended() -> None:
    report, lines = evidence(3)
    chain = Chain.of(1, lines)
    assert chain.add([said(1), said(2)], after=True) == []
    more = chain.add([said(7), Said(NOW, "", "", "report", "x", ""), Said(NOW, "", "", "report", "x", "")], after=True)
    assert [line.position for line in more] == [4, 5, 6]
    assert all(line.after for line in more)
    assert verify(replace(report, lines=6, seal=chain.seal), [*lines, *more]).genuine
    assert Chain.of(1, ()).last == NOTHING


EDITS: dict[str, Callable[[Line], Line]] = {
    "at": lambda line: replace(line, at=line.at + timedelta(microseconds=1)),
    "speaker": lambda line: replace(line, speaker="ada"),
    "name": lambda line: replace(line, name="Ada"),
    "channel": lambda line: replace(line, channel="shout"),
    "text": lambda line: replace(line, text=line.text + " "),
    "message_id": lambda line: replace(line, message_id="other"),
    "after": lambda line: replace(line, after=True),
    "hash": lambda line: replace(line, hash="0" * 64),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("place", [1, 3, 5])
def test_any_edit_shows_and_where(edit: str, place: int) -> None:
    report, lines = evidence(5)
    lines[place - 1] = EDITS[edit](lines[place - 1])
    verdict = verify(report, lines)
    assert not verdict.genuine
    assert verdict.line == place
    assert f"Line {place}" in verdict.problem


@given(st.permutations(range(5)))
def test_any_other_order_shows(order: list[int]) -> None:
    report, lines = evidence(5)
    mixed = [replace(lines[one], position=place) for place, one in enumerate(order, 1)]
    assert verify(report, mixed).genuine is (order == sorted(order))


def test_lines_that_are_missing_or_added_show() -> None:
    report, lines = evidence(5)
    for missing in range(4):
        assert verify(report, lines[:missing] + lines[missing + 1 :]).line == missing + 1
    cut_off = verify(report, lines[:-1])
    assert (cut_off.genuine, cut_off.line) == (False, None)
    added = Chain.of(1, lines).add([said(9)])
    assert not verify(report, [*lines, *added]).genuine


def test_a_chain_made_anew_does_not_fit_the_record() -> None:
    report, _ = evidence(5)
    other = Chain(1)
    forged = other.add(map(said, range(4)))
    anew = replace(report, lines=4, seal=other.seal)
    assert verify(anew, forged).genuine
    assert "not the one on record" in verify(anew, forged, report.seal).problem


def test_what_is_erased_keeps_the_chain() -> None:
    report, lines = evidence(5)
    lines[2] = replace(lines[2], speaker="", name="", text="", message_id="", erased=True)
    verdict = verify(report, lines, report.seal)
    assert (verdict.genuine, verdict.erased) == (True, 1)
    lines[2] = replace(lines[2], hash="0" * 64)
    assert verify(report, lines).line == 4

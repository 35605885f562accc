"""Style codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.styles import STAFF_MARKS, enclosed, plain, unmarked


@pytest.mark.parametrize(
    ("styled", "words"),
    [
        ("plain", "plain"),
        ("|bbold|p and |Iitalic", "bold and italic"),
        ("|uunder|lleft|rright|ccentre|sshadow", "underleftrightcentreshadow"),
        ("a|xb || |", "a|xb || |"),
        ("", ""),
    ],
)
def test_codes_are_taken_out(styled: str, words: str) -> None:
    assert plain(styled) == words


def test_a_style_does_not_spill_over() -> None:
    assert enclosed("|bAda") == "|bAda|p"
    assert enclosed("Ada") == "Ada"


@given(st.text(alphabet="ab|piPI "))
def test_nothing_but_codes_is_lost(styled: str) -> None:
    words = plain(styled)
    assert len(styled) - len(words) in range(0, len(styled) + 1, 2)
    assert plain(enclosed(styled)) == words


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("Ada", "Ada"),
        ("|bAda", "|bAda"),
        ("°Ada", "Ada"),
        ("∞ Ada", "Ada"),
        (" °∞ |b° Ada |i∞", "|bAda |i∞"),
        ("|b|i∞Ada", "|b|iAda"),
        ("|∞bAda", "|∞bAda"),
        ("∞", ""),
    ],
)
def test_marks_of_the_staff_are_taken_off(name: str, left: str) -> None:
    assert unmarked(name) == left


@given(st.text(alphabet="a|bP °∞"))
def test_no_name_begins_with_a_mark_afterwards(name: str) -> None:
    assert not plain(unmarked(name)).lstrip().startswith(tuple(STAFF_MARKS))

"""Matching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.matching import NARROWEST, WIDENING, WIDEST, Seeker, pairs, suit

SEEKERS = st.lists(
    st.builds(
        Seeker,
        number=st.integers(1, 1000),
        room_id=st.integers(1, 2),
        rating=st.floats(0, 3000),
        since=st.floats(0, 100),
    ),
    unique_by=lambda seeker: seeker.number,
    max_size=12,
)


@pytest.mark.parametrize(
    ("waited", "accepted"),
    [(0, NARROWEST), (10, NARROWEST + 10 * WIDENING), (1e6, WIDEST), (-5, NARROWEST)],
)
def test_what_is_accepted_widens(waited: float, accepted: float) -> None:
    assert Seeker(1, 1, 1000, since=50).accepts(50 + waited) == accepted


def test_both_have_to_accept() -> None:
    patient, newcomer = Seeker(1, 1, 1000, since=0), Seeker(2, 1, 1200, since=60)
    assert not suit(patient, newcomer, 60)
    assert not suit(patient, newcomer, 69.9)
    assert suit(patient, newcomer, 70)
    assert not suit(patient, Seeker(2, 2, 1000, since=0), 60)


def test_the_nearest_is_chosen_and_the_longest_waiting_first() -> None:
    first, near, far = Seeker(1, 1, 1000, 0), Seeker(2, 1, 1010, 2), Seeker(3, 1, 1090, 1)
    assert pairs([far, near, first], 5) == [(first, near)]
    fourth = Seeker(4, 1, 1100, 3)
    assert pairs([fourth, far, near, first], 5) == [(first, near), (far, fourth)]
    assert pairs([], 5) == []


@given(SEEKERS, st.floats(100, 200))
def test_all_that_can_be_matched_are(seekers: list[Seeker], now: float) -> None:
    found = pairs(seekers, now)
    matched = [one.number for pair in found for one in pair]
    assert len(set(matched)) == len(matched)
    assert all(suit(one, other, now) for one, other in found)
    left = [seeker for seeker in seekers if seeker.number not in matched]
    assert not any(suit(one, other, now) for one in left for other in left if one is not other)


@given(SEEKERS)
def test_everybody_finds_somebody_in_the_end(seekers: list[Seeker]) -> None:
    matched = {one.room_id: 0 for one in seekers}
    for one, _ in pairs(seekers, 100 + WIDEST / WIDENING):
        matched[one.room_id] += 2
    near = {room_id: [one.rating for one in seekers if one.room_id == room_id] for room_id in matched}
    for room_id, ratings in near.items():
        if ratings and max(ratings) - min(ratings) <= WIDEST:
            assert len(ratings) - matched[room_id] in (0, 1)

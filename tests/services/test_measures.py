"""Counting how long things take."""

from __future__ import annotations

import asyncio
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.services.measures import SECONDS, Histogram, LoopLag


def test_values_are_counted_into_the_bucket_up_to_whose_bound_they_go() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 7.0):
        histogram.observe(value)
    assert list(histogram.rising()) == [(1.0, 2), (2.0, 3), (inf, 4)]
    assert histogram.count == 4
    assert histogram.sum == 10.0


def test_quantiles_lie_between_the_bounds() -> None:
    histogram = Histogram((1.0, 2.0, 4.0))
    assert histogram.quantile(0.99) == 0.0
    for value in (0.5, 1.5, 1.5, 3.0):
        histogram.observe(value)
    assert histogram.quantile(0.25) == 1.0
    assert histogram.quantile(0.5) == 1.5
    assert histogram.quantile(1.0) == 4.0
    before = list(histogram.counts)
    histogram.observe(100.0)
    assert histogram.quantile(0.5, before) == 4.0  # more than the last bound is not told


@given(st.lists(st.floats(0, 20), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_in_the_bucket_of_the_value_that_it_stands_for(values: list[float], part: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.observe(value)
    told = histogram.quantile(part)
    reached = sum(1 for value in values if value <= next((bound for bound in SECONDS if bound >= told), inf))
    assert reached >= part * len(values) - 1e-6 or told == SECONDS[-1]
    assert 0 <= told <= SECONDS[-1]


async def test_lag_is_what_a_turn_of_the_loop_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.25, 0.25, 0.7, 0.7, 0.9])  # on time, 0.2 late, early
    looked = 0

    async def sleep(_seconds: float) -> None:
        nonlocal looked
        looked += 1
        if looked == 4:
            raise asyncio.CancelledError

    monkeypatch.setattr("mythgate.services.measures.asyncio.sleep", sleep)
    lag = LoopLag(lambda: next(times, 1.0))
    with pytest.raises(asyncio.CancelledError):
        await lag.measure()
    assert lag.seconds.count == 3
    assert lag.seconds.sum == pytest.approx(0.2)

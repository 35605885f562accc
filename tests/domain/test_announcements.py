"""When announcements are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.announcements import (
    DAY_MINUTES,
    LONGEST_INTERVAL,
    PATIENCE,
    Repeat,
    Schedule,
    next_daily,
    scheduled,
    worded,
)
from mythgate.domain.errors import InvalidInput

NOW = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make(**fields: Any) -> Schedule:
    return scheduled(text="Be kind.", place="", now=NOW, by="cli", **fields)


def test_every_so_many_minutes_until_the_end() -> None:
    one = make(every=60, ends_at=NOW + 150 * MINUTE)
    told = []
    while one.next_at is not None:
        moment = one.next_at
        assert one.is_due(moment)
        assert not one.is_due(moment - timedelta(seconds=1))
        assert one.tell(moment)
        told.append(moment)
    assert told == [NOW + 60 * MINUTE, NOW + 120 * MINUTE]
    assert one.told_at == told[-1]
    assert not one.is_due(NOW + timedelta(days=365))


def test_once() -> None:
    one = make(at=NOW + MINUTE)
    assert one.tell(NOW + MINUTE)
    assert one.next_at is None


def test_daily_in_a_zone() -> None:
    one = make(daily=20 * 60, zone="Europe/Berlin")
    assert one.next_at == datetime(2027, 1, 1, 19, 0, tzinfo=UTC)
    assert one.tell(one.next_at)
    assert one.next_at == datetime(2027, 1, 2, 19, 0, tzinfo=UTC)


def test_daily_keeps_to_the_clock_on_the_wall() -> None:
    winter = next_daily(20 * 60, "Europe/Berlin", datetime(2027, 3, 27, 19, 0, tzinfo=UTC))
    assert winter == datetime(2027, 3, 28, 18, 0, tzinfo=UTC)  # the clocks were put forward that morning
    left_out = next_daily(2 * 60 + 30, "Europe/Berlin", datetime(2027, 3, 27, 12, 0, tzinfo=UTC))
    assert left_out == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 3:30, since there is no 2:30
    twice = next_daily(2 * 60 + 30, "Europe/Berlin", datetime(2027, 10, 30, 12, 0, tzinfo=UTC))
    assert twice == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)  # the first 2:30 of two
    assert next_daily(2 * 60 + 30, "Europe/Berlin", twice).date() == twice.date() + timedelta(days=1)


def test_what_is_too_late_is_left_out() -> None:
    one = make(every=10)
    late = NOW + 10 * MINUTE + PATIENCE + timedelta(seconds=1)
    assert not one.tell(late)
    assert (one.told_at, one.next_at) == (None, NOW + 20 * MINUTE)
    assert one.tell(NOW + 20 * MINUTE + PATIENCE)
    over = make(at=NOW + MINUTE)
    assert not over.tell(NOW + timedelta(hours=1))
    assert over.next_at is None


@given(
    every=st.integers(1, LONGEST_INTERVAL),
    downtimes=st.lists(st.timedeltas(timedelta(0), timedelta(days=40)), max_size=12),
)
def test_no_moment_is_told_twice_however_long_the_server_was_down(every: int, downtimes: list[timedelta]) -> None:
    one, now, told = make(every=every), NOW, []
    for down in downtimes:
        now += down
        while one.is_due(now):
            due = one.next_at
            if one.tell(now):
                told.append(due)
            assert one.next_at is not None
            assert one.next_at > now
    assert len(told) == len(set(told))


@given(
    minutes=st.integers(0, DAY_MINUTES - 1),
    hours=st.integers(0, 24 * 400),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"]),
)
def test_the_next_time_of_day_is_within_a_day_and_an_hour(minutes: int, hours: int, zone: str) -> None:
    after = NOW + timedelta(hours=hours)
    assert timedelta(0) < next_daily(minutes, zone, after) - after <= timedelta(hours=25)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"every": 5, "daily": 3},
        {"every": 0},
        {"every": LONGEST_INTERVAL + 1},
        {"daily": DAY_MINUTES},
        {"daily": -1},
        {"daily": 3, "zone": "Middle/Earth"},
        {"daily": 3, "zone": "../etc/passwd"},
        {"daily": 3, "zone": ""},
        {"at": NOW},
        {"every": 60, "ends_at": NOW},
        {"every": 60, "ends_at": NOW + MINUTE},
    ],
)
def test_what_makes_no_sense(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        make(**fields)


def test_words() -> None:
    assert worded("  Be\tkind. \r\n\r\n\x1b[31mPlease.\x00 ") == "  Be kind.\nPlease."
    assert make(every=1).repeat is Repeat.EVERY
    for text in ("x" * 1001, "\n".join("abcdefghijklm")):
        with pytest.raises(InvalidInput):
            worded(text)
    with pytest.raises(InvalidInput):
        scheduled(text=" \n", place="", now=NOW, by="cli", every=5)

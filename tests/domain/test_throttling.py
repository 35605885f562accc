"""The sliding rule, against a plain model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.throttling import Attempts


def test_the_sixth_attempt_waits_until_the_first_is_old_enough() -> None:
    attempts = Attempts()
    assert [attempts.hit(float(second), 5, 60.0) for second in range(5)] == [0.0] * 5
    assert attempts.hit(10.0, 5, 60.0) == 50.0
    assert attempts.wait(59.0, 5, 60.0) == 1.0
    assert attempts.hit(60.0, 5, 60.0) == 0.0
    assert attempts.hit(60.0, 5, 60.0) == 1.0  # the second one is the oldest now


@given(
    count=st.integers(1, 6),
    per=st.integers(1, 30),
    steps=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=60),
)
def test_never_more_than_count_in_any_window(count: int, per: int, steps: list[tuple[int, bool]]) -> None:
    attempts = Attempts()
    admitted: list[int] = []
    now = 0
    for pause, peek in steps:
        now += pause
        recent = [moment for moment in admitted if moment > now - per]
        expected = max(0, recent[-count] + per - now) if len(recent) >= count else 0
        assert attempts.wait(now, count, per) == expected
        if not peek:
            assert attempts.hit(now, count, per) == expected
            if not expected:
                admitted.append(now)
    for start in admitted:
        assert sum(start <= moment < start + per for moment in admitted) <= count


def test_attempts_out_of_the_window_are_forgotten() -> None:
    attempts = Attempts()
    for second in range(1000):
        attempts.hit(float(second), 5, 60.0)
    assert len(attempts.times) <= 5

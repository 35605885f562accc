"""The waiting times between attempts."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from mythgate.client.reconnect import DELAYS, LONGEST_DELAY, Backoff


def test_the_delays_are_1_2_4_8_16_and_then_30_seconds() -> None:
    backoff = Backoff(attempts=8, jitter=0)
    assert [backoff.next_delay() for _ in range(9)] == [1, 2, 4, 8, 16, 30, 30, 30, None]


def test_five_attempts_by_default_and_a_success_starts_over() -> None:
    backoff = Backoff(jitter=0)
    assert [backoff.next_delay() for _ in range(6)] == [*DELAYS, None]
    backoff.succeeded()
    assert backoff.next_delay() == 1


@given(seed=st.integers(), attempt=st.integers(0, 9))
def test_jitter_keeps_within_a_fifth(seed: int, attempt: int) -> None:
    backoff = Backoff(attempts=10, chance=random.Random(seed), made=attempt)
    base = DELAYS[attempt] if attempt < len(DELAYS) else LONGEST_DELAY
    delay = backoff.next_delay()
    assert delay is not None
    assert 0.8 * base <= delay <= 1.2 * base


def test_all_default_delays_fit_into_the_time_a_stream_waits() -> None:
    assert sum(DELAYS) * 1.2 < 120

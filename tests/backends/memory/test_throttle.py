"""The throttle of one node: counting, forgetting, bounded memory."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.clock import FakeClock

from mythgate.backends.memory.throttle import MemoryThrottle
from mythgate.services.ports import Rate

FIVE_A_MINUTE = Rate(5, timedelta(minutes=1))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_five_pass_and_the_sixth_waits(clock: FakeClock) -> None:
    throttle = MemoryThrottle(clock)
    for _ in range(5):
        assert await throttle.blocked("k", FIVE_A_MINUTE) is None
        assert await throttle.hit("k", FIVE_A_MINUTE) is None
    clock.advance(timedelta(seconds=20))
    assert await throttle.hit("k", FIVE_A_MINUTE) == timedelta(seconds=40)
    assert await throttle.blocked("k", FIVE_A_MINUTE) == timedelta(seconds=40)
    clock.advance(timedelta(seconds=40))
    assert await throttle.blocked("k", FIVE_A_MINUTE) is None
    assert await throttle.hit("k", FIVE_A_MINUTE) is None


async def test_keys_do_not_touch_each_other(clock: FakeClock) -> None:
    throttle = MemoryThrottle(clock)
    for _ in range(5):
        await throttle.hit("one", FIVE_A_MINUTE)
    assert await throttle.hit("one", FIVE_A_MINUTE) is not None
    assert await throttle.hit("other", FIVE_A_MINUTE) is None


async def test_cleared_keys_start_afresh(clock: FakeClock) -> None:
    throttle = MemoryThrottle(clock)
    for _ in range(6):
        await throttle.hit("k", FIVE_A_MINUTE)
    await throttle.clear("k")
    await throttle.clear("never seen")
    assert await throttle.hit("k", FIVE_A_MINUTE) is None


async def test_memory_is_bounded_and_the_keys_in_use_stay(clock: FakeClock) -> None:
    throttle = MemoryThrottle(clock, max_keys=100)
    for _ in range(5):
        await throttle.hit("busy", FIVE_A_MINUTE)
    for number in range(1000):
        await throttle.hit(f"flood {number}", FIVE_A_MINUTE)
        if number % 50 == 0:
            assert await throttle.hit("busy", FIVE_A_MINUTE) is not None
    assert len(throttle) == 100


async def test_looking_costs_no_memory(clock: FakeClock) -> None:
    throttle = MemoryThrottle(clock)
    for number in range(100):
        assert await throttle.blocked(f"{number}", FIVE_A_MINUTE) is None
    assert len(throttle) == 0
    await throttle.hit("k", FIVE_A_MINUTE)
    clock.advance(timedelta(minutes=2))
    assert await throttle.blocked("k", FIVE_A_MINUTE) is None
    assert len(throttle) == 0

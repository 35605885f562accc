"""Taking turns, and errands that nobody waits for."""

from __future__ import annotations

import asyncio
import logging

import pytest

from mythgate.domain.errors import Unavailable
from mythgate.services.errands import Errands
from mythgate.services.turns import Turns


async def test_a_free_turn_is_taken_without_suspending() -> None:
    turns: Turns[str] = Turns()
    with pytest.raises(StopIteration):
        turns.take("a").send(None)
    assert turns.is_taken("a")
    assert not turns.is_taken("b")
    turns.give("a")
    assert not turns.is_taken("a")


async def test_first_come_first_served() -> None:
    turns: Turns[str] = Turns()
    order: list[int] = []

    async def work(number: int) -> None:
        async with turns.of("a"):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(work(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]
    assert not turns.is_taken("a")


async def test_who_gave_up_waiting_is_passed_over() -> None:
    turns: Turns[str] = Turns()
    await turns.take("a")
    waiting = [asyncio.create_task(turns.take("a")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    turns.give("a")
    await waiting[1]
    assert waiting[0].cancelled()
    assert not waiting[2].done()
    turns.give("a")
    await waiting[2]
    turns.give("a")
    assert not turns.is_taken("a")


async def test_a_turn_that_comes_with_the_cancellation_is_passed_on() -> None:
    turns: Turns[str] = Turns()
    await turns.take("a")
    first, second = (asyncio.create_task(turns.take("a")) for _ in range(2))
    await asyncio.sleep(0)
    turns.give("a")
    first.cancel()
    await second
    assert first.cancelled()
    turns.give("a")
    assert not turns.is_taken("a")


async def test_errands_outlive_their_callers() -> None:
    errands = Errands("test")
    done = asyncio.Event()

    async def work() -> int:
        await asyncio.sleep(0)
        done.set()
        return 7

    caller = asyncio.create_task(errands.carry_out(work()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert len(errands) == 1
    await errands.settle()
    assert done.is_set()
    assert await errands.carry_out(work()) == 7


async def test_failures_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    errands = Errands("test")

    async def refused() -> None:
        raise Unavailable

    async def broken() -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.WARNING):
        errands.start(refused())
        errands.start(broken())
        await errands.settle()
        await asyncio.sleep(0)
    assert [record.message for record in caplog.records] == ["errand refused", "errand failed"]


@pytest.mark.parametrize(("error", "logged"), [(Unavailable(), []), (ZeroDivisionError(), ["errand failed"])])
async def test_an_abandoned_refusal_concerns_nobody_but_a_bug_does(
    caplog: pytest.LogCaptureFixture, error: Exception, logged: list[str]
) -> None:
    errands = Errands("test")

    async def work() -> None:
        await asyncio.sleep(0)
        raise error

    caller = asyncio.create_task(errands.carry_out(work()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await errands.settle()
    await asyncio.sleep(0)
    assert [record.message for record in caplog.records] == logged


async def test_an_errand_may_be_cancelled_at_the_end_of_the_world() -> None:
    errands = Errands("test")
    errands.start(asyncio.sleep(60))
    task = next(iter(errands._tasks))
    task.cancel()
    await errands.settle()
    assert len(errands) == 0

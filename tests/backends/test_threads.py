"""Worker threads: results come back in order, and the loop stands aside for who waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from mythgate.backends import threads
from mythgate.backends.threads import WorkerThreads


@pytest.fixture
async def workers() -> AsyncIterator[WorkerThreads]:
    pool = WorkerThreads("test", 1)
    pool.start()
    yield pool
    pool.close()


async def test_results_and_errors_come_back(workers: WorkerThreads) -> None:
    assert await workers.run(lambda: 1 + 1) == 2
    assert await workers.run(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 // 0)
    assert workers.outstanding == 0


async def test_one_thread_works_in_order(workers: WorkerThreads) -> None:
    done: list[int] = []
    ended = asyncio.Event()
    for n in range(50):
        workers.submit(lambda n=n: n, lambda result, _: done.append(result))  # type: ignore[misc]
    workers.submit(lambda: None, lambda *_: ended.set())
    await ended.wait()
    assert done == list(range(50))


async def test_a_caller_that_went_away_harms_nobody(workers: WorkerThreads) -> None:
    release = threading.Event()
    gone = asyncio.create_task(workers.run(release.wait))
    await asyncio.sleep(0)
    gone.cancel()
    release.set()
    assert await workers.run(lambda: 1) == 1


async def test_several_threads_work_at_the_same_time() -> None:
    pool = WorkerThreads("test", 2)
    pool.start()
    both = threading.Barrier(2, timeout=20)
    await asyncio.gather(pool.run(both.wait), pool.run(both.wait))
    pool.close()


class WatchedLock:
    """A lock that notes how long somebody was ready to wait for it."""

    def __init__(self, waits: list[float]) -> None:
        self._lock = threading.Lock()
        self._waits = waits

    def acquire(self, timeout: float = -1) -> bool:
        if timeout >= 0:
            self._waits.append(timeout)
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()


async def test_the_loop_stands_aside_while_work_is_out(workers: WorkerThreads, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    class WatchedJob(threads._Job):
        def __init__(self, work: object, done: threads.Done) -> None:
            super().__init__(work, done)  # type: ignore[arg-type]
            self.ended = WatchedLock(waits)  # type: ignore[assignment]
            self.ended.acquire()

    monkeypatch.setattr(threads, "_Job", WatchedJob)
    begun, release = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        release.wait()

    working = asyncio.create_task(workers.run(work))
    # Until it has begun the loop steps well back; then it takes short glances, ever more rarely.
    while waits.count(threads._GLANCE) < 3:  # noqa: ASYNC110 (a busy loop is what this is about)
        await asyncio.sleep(0)
    assert begun.is_set()
    assert workers._wait > threads._FIRST_WAIT
    assert set(waits) <= {threads._STAND_ASIDE, threads._GLANCE}
    release.set()
    await working
    count = len(waits)
    assert workers._timer is None
    await asyncio.sleep(0)
    assert len(waits) == count

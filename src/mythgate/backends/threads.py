"""Threads that block on behalf of the event loop, and are not starved by it.

A busy event loop gives the interpreter lock up many times a millisecond and takes it back at once. A thread
that comes back from the disk then wakes too late every time, and because the lock was free in between it
never gets to demand it either: it can stand there for seconds. So while work is out with a thread, the loop
now and then stands aside for a moment, waiting for that work itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

_FIRST_WAIT: Final = 0.001  # seconds after which the loop first stands aside
_LONGEST_WAIT: Final = 0.064  # the waits double up to this: a slow disk must not slow the loop
_STAND_ASIDE: Final = 0.0004  # seconds at most, for a thread that has not begun
_GLANCE: Final = 0.0002  # seconds at most, for one that may still be waiting for the disk

Done = Callable[[Any, "Exception | None"], None]


class _Job:
    __slots__ = ("done", "ended", "started", "work")

    def __init__(self, work: Callable[[], Any], done: Done) -> None:
        self.work = work
        self.done = done
        self.started = False
        self.ended = threading.Lock()
        self.ended.acquire()


class WorkerThreads:
    """Some threads and one queue. All methods are for the event loop's thread."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._out: dict[_Job, None] = {}  # oldest first
        self._timer: asyncio.TimerHandle | None = None
        self._wait = _FIRST_WAIT

    @property
    def outstanding(self) -> int:
        """Jobs waiting or running."""
        return len(self._out)

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._threads = [
            threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
            for number in range(1, self._count + 1)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[[], Any], done: Done) -> None:
        """Run `work` in a thread, then `done(result, error)` on the event loop."""
        assert self._loop is not None
        job = _Job(work, done)
        self._out[job] = None
        self._queue.put(job)
        if self._timer is None:
            self._wait = _FIRST_WAIT
            self._timer = self._loop.call_later(self._wait, self._stand_aside)

    async def run(self, work: Callable[[], Any]) -> Any:
        """As `submit`; return the result or raise the error."""
        assert self._loop is not None
        future: asyncio.Future[Any] = self._loop.create_future()

        def done(result: Any, error: Exception | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self.submit(work, done)
        return await future

    def close(self) -> None:
        """End the threads once they have done what is queued. To be called when nothing is outstanding."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stand_aside(self) -> None:
        self._timer = None
        oldest = next(iter(self._out), None)
        if oldest is None or self._loop is None:
            return
        at_the_disk = oldest.started
        if oldest.ended.acquire(timeout=_GLANCE if at_the_disk else _STAND_ASIDE) or not at_the_disk:
            self._wait = _FIRST_WAIT
        else:
            self._wait = min(self._wait * 2, _LONGEST_WAIT)
        self._timer = self._loop.call_later(self._wait, self._stand_aside)

    def _finish(self, job: _Job, result: Any, error: Exception | None) -> None:
        del self._out[job]
        if not self._out and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        job.done(result, error)

    def _work(self) -> None:
        loop = self._loop
        assert loop is not None
        while (job := self._queue.get()) is not None:
            job.started = True
            result, error = None, None
            try:
                result = job.work()
            except Exception as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop was closed before the store
                loop.call_soon_threadsafe(self._finish, job, result, error)
            job.ended.release()

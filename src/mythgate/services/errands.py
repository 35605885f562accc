"""Work that a use case starts and does not wait for: owned, bounded in time by what it does, never lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from mythgate.domain.errors import Refused

log = logging.getLogger(__name__)
T = TypeVar("T")


class Errands:
    """The tasks of one service. Whoever stops the server awaits `settle`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Run `work`; nobody waits for it, and a failure is logged."""
        task = self.own(work)
        task.add_done_callback(self._finished)

    def own(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` to its end whatever becomes of the caller, who looks after the outcome."""
        task = asyncio.get_running_loop().create_task(work, name=self._name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def carry_out(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`; if the caller is cancelled meanwhile, it is carried out all the same."""
        task = self.own(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._abandoned)
            raise

    async def settle(self) -> None:
        """Wait until nothing is under way, including what is started meanwhile."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _abandoned(self, task: asyncio.Task[object]) -> None:
        """Who would have been told of a refusal has gone; a bug still goes to the log."""
        if not task.cancelled() and not isinstance(task.exception(), Refused):
            self._finished(task)

    def _finished(self, task: asyncio.Task[object]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Refused):
            log.warning("errand refused", extra={"errand": self._name, "code": error.code})
        elif error is not None:
            log.error("errand failed", extra={"errand": self._name}, exc_info=error)

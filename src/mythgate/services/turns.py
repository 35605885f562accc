"""Taking turns: one at a time for each key, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Generic, TypeVar

K = TypeVar("K")


class Turns(Generic[K]):
    """Who has the turn for a key, and who waits for it.

    Unlike a dictionary of locks it keeps nothing for keys that nobody uses, and taking a free turn
    neither suspends nor needs a running task.
    """

    def __init__(self) -> None:
        self._waiting: dict[K, deque[asyncio.Future[None]]] = {}

    def is_taken(self, key: K) -> bool:
        return key in self._waiting

    async def take(self, key: K) -> None:
        """Wait for the turn. Whoever took it has to `give` it back."""
        queue = self._waiting.get(key)
        if queue is None:
            self._waiting[key] = deque()
            return
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came in the same moment
                self.give(key)
            raise

    def give(self, key: K) -> None:
        """Give the turn back; the next who still waits has it."""
        queue = self._waiting[key]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[key]

    def of(self, key: K) -> _Turn[K]:
        """`async with turns.of(key):` does both."""
        return _Turn(self, key)


class _Turn(Generic[K]):
    __slots__ = ("_key", "_turns")

    def __init__(self, turns: Turns[K], key: K) -> None:
        self._turns = turns
        self._key = key

    async def __aenter__(self) -> None:
        await self._turns.take(self._key)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.give(self._key)

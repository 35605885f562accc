"""Whom a client tells what it hears, and whom when something goes wrong. Both dialects use it."""

from __future__ import annotations

import inspect
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

log = logging.getLogger(__name__)

V = TypeVar("V")
Handler = Callable[[V], Awaitable[None] | None]
ErrorHandler = Callable[[Exception], Awaitable[None] | None]

EVERYTHING: Final = "*"


class Handlers(Generic[V]):
    """Functions by the type of event they want, called in the order in which they were added.

    Plain functions and coroutine functions alike; of the latter one ends before the next begins. One that raises
    is logged and told of to those who asked for errors, and the others are called all the same.
    """

    def __init__(self) -> None:
        self._by_kind: defaultdict[str, list[Handler[V]]] = defaultdict(list)
        self._for_errors: list[ErrorHandler] = []

    def add(self, kind: str, handler: Handler[V]) -> Callable[[], None]:
        """Call `handler` with all of this kind, `*` for every kind; returns how to take it back.

        Who is added twice is called twice.
        """
        self._by_kind[kind].append(handler)
        return lambda: self.remove(kind, handler)

    def remove(self, kind: str, handler: Handler[V]) -> None:
        """Call `handler` once less; nothing happens if it is not called at all."""
        if handler in self._by_kind[kind]:
            self._by_kind[kind].remove(handler)

    def add_for_errors(self, handler: ErrorHandler) -> Callable[[], None]:
        """Call `handler` with everything that goes wrong; returns how to take it back."""
        self._for_errors.append(handler)
        return lambda: self._for_errors.remove(handler) if handler in self._for_errors else None

    async def tell(self, kind: str, value: V) -> None:
        """Call all who want this."""
        for handler in (*self._by_kind[kind], *self._by_kind[EVERYTHING]):
            await self.call(handler, value)

    async def call(self, handler: Callable[[Any], Awaitable[None] | None], value: object) -> None:
        """Call one of them, wherever it was added."""
        try:
            outcome = handler(value)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:
            log.exception("a handler failed")
            await self.fail(error)

    async def fail(self, error: Exception) -> None:
        """Tell those who asked for errors."""
        for handler in list(self._for_errors):
            try:
                outcome = handler(error)
                if inspect.isawaitable(outcome):
                    await outcome
            except Exception:
                log.exception("a handler of errors failed")

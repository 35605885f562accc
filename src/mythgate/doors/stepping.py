"""Running a coroutine at once as far as it goes without waiting; most never wait, and need no task."""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def resume(work: Coroutine[Any, Any, T], awaited: object) -> Generator[Any, Any, T]:
    """Await a coroutine whose first step (`send(None)`) has been taken already and has yielded `awaited`."""
    error: BaseException | None = None
    value: object = None
    while True:
        try:
            value = yield awaited
        except BaseException as raised:
            error = raised
        try:
            if error is None:
                awaited = work.send(value)
            else:
                thrown, error = error, None
                awaited = work.throw(thrown)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]

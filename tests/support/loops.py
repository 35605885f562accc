"""Running one test on the standard event loop and on uvloop, which behave differently in corners."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop

LOOPS = [pytest.param(uvloop.new_event_loop, id="uvloop"), pytest.param(asyncio.new_event_loop, id="asyncio")]


def on_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """The asynchronous `test`, once on each kind of loop."""

    def run(loop_factory: Callable[[], asyncio.AbstractEventLoop], **arguments: Any) -> None:
        async def main() -> None:
            await test(**arguments)

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(main())

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    run.__module__ = test.__module__
    signature = inspect.signature(test)
    factory = inspect.Parameter("loop_factory", inspect.Parameter.KEYWORD_ONLY)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), factory])  # type: ignore[attr-defined]
    marked: Callable[..., None] = pytest.mark.parametrize("loop_factory", LOOPS)(run)
    return marked

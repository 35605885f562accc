"""Running an example as a program of its own: what goes wrong is told in words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from mythgate.client.refusals import complaint
from mythgate.domain.errors import MythError


def run(main: Callable[..., Coroutine[Any, Any, None]]) -> None:
    """Run it with the words of the command line; exit with 1 and the reason if it is refused or gets no answer."""
    try:
        asyncio.run(main(*sys.argv[1:]))
    except (MythError, TimeoutError) as error:
        raise SystemExit(complaint(error)) from None

"""Work on the data of a server from the machine it runs on, whether it runs or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mythgate.cli.output import fail, refusals, settings_or_exit

if TYPE_CHECKING:
    from mythgate.services.all import Services

T = TypeVar("T")


def on_services(data_dir: str | None, work: Callable[[Services], Awaitable[T]], *, makes: bool = False) -> T:
    """Run `work` on the services of a node without doors; what the rules refuse ends the program.

    Without `makes`, nothing is made where there is no database: the program says where it looked.
    """
    from mythgate import bootstrap, telemetry

    settings = settings_or_exit(data_dir=data_dir)
    require_folder(data_dir)
    telemetry.configure("warning")

    async def on_node() -> T:
        async with bootstrap.open_node(settings, makes=makes) as node:
            return await work(node.services)

    try:
        with refusals():
            return asyncio.run(on_node())
    except bootstrap.CannotStart as error:
        fail(error.message, error.hint)


def require_folder(data_dir: str | None) -> None:
    """End the program if `--data-dir` names what is not there: a folder that is named is one that is meant."""
    if data_dir is not None and not Path(data_dir).is_dir():
        fail(
            f"There is no folder {Path(data_dir).resolve()}.",
            f"Is --data-dir spelt right? `mythgate migrate up --data-dir {data_dir}` makes a new one.",
        )

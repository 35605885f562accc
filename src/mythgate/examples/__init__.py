"""Nine small programs on `mythgate.client`, to read and to run: `mythgate examples`.

Each stands for itself: `python -m mythgate.examples.party http://127.0.0.1:8888` runs one without the command line.
Those at the http door use `Client`, those at the Shards door `NetworkClient`; `chat` has one of each meet.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HTTP: Final = "http"
SHARDS: Final = "shards"


@dataclass(frozen=True, slots=True)
class Example:
    """A program, and the doors whose addresses it takes, in this order."""

    name: str
    summary: str
    doors: tuple[str, ...] = (SHARDS,)

    @property
    def file(self) -> Path:
        """Where it can be read."""
        return Path(__file__).parent / f"{self.name}.py"

    async def run(self, addresses: Mapping[str, str]) -> None:
        """Run it at a server; `addresses` are the URLs of its doors."""
        program = importlib.import_module(f"{__name__}.{self.name}")
        await program.main(*(addresses[door] for door in self.doors))


EXAMPLES: Final = (
    Example("connect", "enter the world as a guest and look around", (HTTP,)),
    Example("handlers", "hear what happens, by functions of all kinds", (HTTP,)),
    Example("chat", "two programs talk, each at a door of its own", (HTTP, SHARDS)),
    Example("characters", "make characters, choose one, delete one"),
    Example("world", "read the state of the world, its shards and what happened"),
    Example("party", "found a party, invite, talk in it, end it"),
    Example("combat", "walk into the wilderness and fight"),
    Example("server", "start a server of one's own, play on it, stop it", ()),
    Example("nim", "a game of one's own: the rules on a server, two players, a lost line", ()),
)

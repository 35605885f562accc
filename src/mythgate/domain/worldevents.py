"""What happened to the world as a whole, for a log that everybody may read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

TITLE_LENGTH: Final = 200
MOST_EVENTS: Final = 200  # of one page
USUAL_EVENTS: Final = 50


class EventKind(StrEnum):
    """Kinds of entries. A quest may wait for one."""

    SHARD_CAPTURE = "shard_capture"
    REALITY_SHIFT = "reality_shift"
    AETHERFALL = "aetherfall"


@dataclass(slots=True)
class WorldEvent:
    """One entry of the log. Later ones have higher numbers."""

    kind: EventKind
    title: str
    description: str
    happened_at: datetime
    number: int = 0  # set when it is saved
    characters: tuple[int, ...] = ()  # numbers of those concerned
    faction: str | None = None
    reality_before: str | None = None
    reality_after: str | None = None
    shard: int | None = None
    game_day: int = 1  # of the world, counted from the first
    broadcast: bool = True  # whether people are told when it happens


def page_size(asked: int | None) -> int:
    """How many entries somebody gets who asks for so many."""
    return USUAL_EVENTS if asked is None else max(1, min(asked, MOST_EVENTS))

"""Matching: who plays whom, of those who look for an opponent.

Two suit each other if their ratings are no further apart than both of them accept by now. What somebody accepts
widens while they wait, so nobody waits for ever and nobody is matched badly at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

NARROWEST: Final = 100.0  # points of rating
WIDENING: Final = 10.0  # points a second
WIDEST: Final = 2000.0


@dataclass(frozen=True, slots=True)
class Seeker:
    """Somebody who looks for an opponent in a lobby since the monotonic time `since`."""

    number: int
    room_id: int
    rating: float
    since: float

    def accepts(self, now: float) -> float:
        """How far away an opponent's rating may be."""
        return min(WIDEST, NARROWEST + WIDENING * max(0.0, now - self.since))


def suit(one: Seeker, other: Seeker, now: float) -> bool:
    """Whether the two could be matched."""
    distance = abs(one.rating - other.rating)
    return one.room_id == other.room_id and distance <= min(one.accepts(now), other.accepts(now))


def pairs(seekers: Iterable[Seeker], now: float) -> list[tuple[Seeker, Seeker]]:
    """As many matches as there are, the longest waiting served first and with whom suits them best."""
    waiting = sorted(seekers, key=lambda seeker: (seeker.since, seeker.number))
    found = []
    while waiting:
        first = waiting.pop(0)
        suitable = [other for other in waiting if suit(first, other, now)]
        if suitable:
            best = min(suitable, key=lambda other: (abs(other.rating - first.rating), other.since, other.number))
            waiting.remove(best)
            found.append((first, best))
    return found

"""The rainbow: a moderator lets the colours of everybody in a lobby change, and change back.

Nobody's looks are touched. The lobby is shown other colours, of a few people a second, so that a full lobby is
not told more than it can take.
"""

from __future__ import annotations

import colorsys
from dataclasses import replace
from typing import Final

from mythgate.domain.lobbies import Colour, Occupant
from mythgate.services.lobbies import LobbyService

AT_ONCE: Final = 8  # people whose colour changes in one step
TURN: Final = 0.13  # of the circle of colours, from one person to the next


class Rainbow:
    """Which lobbies shine. One step is taken with every tick of the lobbies."""

    def __init__(self, lobbies: LobbyService) -> None:
        self._lobbies = lobbies
        self._shown: dict[int, int] = {}  # by lobby: how many have been shown so far
        lobbies.on_tick(self.step)

    def toggle(self, room_id: int) -> bool:
        """Let a lobby shine, or end it; returns which. At the end everybody is shown as they are."""
        if self._shown.pop(room_id, None) is None:
            self._shown[room_id] = 0
            return True
        for occupant in self._lobbies.occupants(room_id):
            self._lobbies.show(occupant)
        return False

    def step(self) -> None:
        """Show the next few in other colours."""
        for room_id, shown in list(self._shown.items()):
            people = self._lobbies.occupants(room_id)
            if not people:
                del self._shown[room_id]
                continue
            count = min(AT_ONCE, len(people))
            for place in range(shown, shown + count):
                self._lobbies.show(_coloured(people[place % len(people)], place))
            self._shown[room_id] = shown + count


def _coloured(occupant: Occupant, place: int) -> Occupant:
    red, green, blue = (round(part * 0xFFFF) for part in colorsys.hsv_to_rgb(place * TURN % 1, 0.8, 1.0))
    return replace(occupant, looks=replace(occupant.looks, primary=Colour(red, green, blue)))

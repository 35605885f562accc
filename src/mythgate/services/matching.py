"""Matching: people in a lobby who look for an opponent are told of one who suits them."""

from __future__ import annotations

import logging
from typing import Protocol

from mythgate.domain.events import LobbyMatchFound, event_of
from mythgate.domain.ids import CharacterId
from mythgate.domain.lobbies import Occupant
from mythgate.domain.matching import Seeker, pairs
from mythgate.domain.styles import plain
from mythgate.services.lobbies import LobbyService, player_view
from mythgate.services.ports import Clock, Realtime

log = logging.getLogger(__name__)


class Strengths(Protocol):
    """How strong people are; `services.ratings.RatingService`."""

    async def strength(self, number: int) -> int: ...


class MatchingService:
    """Who looks for an opponent, and finds one. Who leaves the lobby looks no more."""

    def __init__(self, *, lobbies: LobbyService, strengths: Strengths, realtime: Realtime, clock: Clock) -> None:
        self._lobbies = lobbies
        self._strengths = strengths
        self._realtime = realtime
        self._clock = clock
        self._seekers: dict[int, Seeker] = {}  # by number
        lobbies.on_leaving(self._leaves)

    async def seek(self, listener: CharacterId) -> Seeker:
        """Look for an opponent of about the same strength in one's lobby. Who does already goes on.

        Raises NotInLobby.
        """
        occupant = self._lobbies.require(listener)
        known = self._seekers.get(occupant.number)
        if known is not None:
            return known
        rating = await self._strengths.strength(occupant.number)
        occupant = self._lobbies.require(listener)
        seeker = Seeker(occupant.number, occupant.room_id, rating, self._clock.monotonic())
        return self._seekers.setdefault(occupant.number, seeker)

    def stop(self, listener: CharacterId) -> bool:
        """Look no more; False if one did not. Raises NotInLobby."""
        return self._seekers.pop(self._lobbies.require(listener).number, None) is not None

    def seekers(self, room_id: int) -> list[Seeker]:
        """Who looks for an opponent in a lobby, the longest waiting first."""
        return [seeker for seeker in self._seekers.values() if seeker.room_id == room_id]

    def tick(self) -> None:
        """Tell those who suit each other by now. Call it every second."""
        for pair in pairs(self._seekers.values(), self._clock.monotonic()):
            for seeker in pair:
                del self._seekers[seeker.number]
            for one, other in (pair, pair[::-1]):
                self._tell(one, other)
            log.info("match found", extra={"room": pair[0].room_id, "number": pair[0].number, "other": pair[1].number})

    def _tell(self, one: Seeker, other: Seeker) -> None:
        reader, opponent = self._lobbies.by_number(one.number), self._lobbies.by_number(other.number)
        assert reader is not None
        assert opponent is not None  # who leaves is no seeker any more
        listener = reader.visitor.listener
        found = LobbyMatchFound(player_view(opponent), round(other.rating), round(one.rating))
        self._realtime.send(listener, event_of(found, self._clock.now(), subject=opponent))
        words = f"{plain(opponent.name)} (#{opponent.number}, rating {other.rating:.0f}) suits you. Say hello!"
        self._lobbies.line_to(listener, words)

    def _leaves(self, occupant: Occupant) -> None:
        self._seekers.pop(occupant.number, None)

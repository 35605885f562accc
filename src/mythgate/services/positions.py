"""Positions: where in a room somebody stands and how they move, for clients that draw it."""

from __future__ import annotations

from collections.abc import Sequence

from mythgate.domain.events import PositionUpdate, event_of
from mythgate.domain.ids import CharacterId, room_topic
from mythgate.services.ports import Clock, PresenceStore, Realtime


class PositionService:
    """Passes positions on to the others in the room. Nothing is kept: the next one replaces the last."""

    def __init__(self, *, presence: PresenceStore, realtime: Realtime, clock: Clock) -> None:
        self._presence = presence
        self._realtime = realtime
        self._clock = clock

    def report(self, actor: CharacterId, position: Sequence[float], velocity: Sequence[float]) -> None:
        """`actor` moved within the room. Nothing happens if the character is not in the world."""
        present = self._presence.get(actor)
        if present is None:
            return
        event = event_of(
            PositionUpdate(actor, list(position), list(velocity)),
            self._clock.now(),
            room_id=present.room_id,
            player_id=actor,
            sender=present.account_id,
            coalesce="position:" + actor,
        )
        self._realtime.publish(room_topic(present.room_id), event, exclude=actor)

"""Positions: where in a room somebody stands and how they move, for clients that draw it; and who is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mythgate.domain.events import PositionUpdate, event_of
from mythgate.domain.ids import CharacterId, RoomId, room_topic
from mythgate.services.movement import Moved
from mythgate.services.ports import Clock, PresenceStore, Realtime
from mythgate.services.sight import Sight
from mythgate.services.world import occupant_view


@dataclass(frozen=True, slots=True)
class Spot:
    """The last that a client said of where its character is within a room."""

    room_id: RoomId
    position: tuple[float, ...]
    velocity: tuple[float, ...]
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class Nearby:
    """Somebody else in the same room."""

    character_id: CharacterId
    name: str
    level: int
    faction: str
    status: str
    last_seen_at: datetime  # when they last did or reported anything
    spot: Spot | None  # None: their client has reported none here


class PositionService:
    """Passes positions on to the others in the room, and keeps the last of each for who comes later. Live state."""

    def __init__(self, *, presence: PresenceStore, realtime: Realtime, sight: Sight, clock: Clock) -> None:
        self._presence = presence
        self._realtime = realtime
        self._sight = sight
        self._clock = clock
        self._spots: dict[CharacterId, Spot] = {}

    def report(self, actor: CharacterId, position: Sequence[float], velocity: Sequence[float]) -> None:
        """`actor` moved within the room. Nothing happens if the character is not in the world."""
        present = self._presence.get(actor)
        if present is None:
            return
        now = self._clock.now()
        present.last_seen_at = now
        self._spots[actor] = Spot(present.room_id, tuple(position), tuple(velocity), now)
        event = event_of(
            PositionUpdate(actor, list(position), list(velocity)),
            now,
            room_id=present.room_id,
            player_id=actor,
            sender=present.account_id,
            coalesce="position:" + actor,
        )
        self._realtime.publish(room_topic(present.room_id), event, exclude=actor)

    def near(self, actor: CharacterId) -> list[Nearby]:
        """The other players in the actor's room, in the order they came, but for those whom the actor ignores.

        Raises NotInWorld.
        """
        mine = self._sight.present(actor)
        found = []
        for one in self._presence.in_room(mine.room_id):
            if one is mine or one.account_id in mine.ignored:
                continue
            view, spot = occupant_view(one), self._spots.get(one.character_id)
            if spot is not None and spot.room_id != one.room_id:
                spot = None
            found.append(
                Nearby(one.character_id, one.name, one.level, one.faction, view.status, one.last_seen_at, spot)
            )
        return found

    def room_of(self, actor: CharacterId) -> RoomId:
        """Raises NotInWorld."""
        return self._sight.present(actor).room_id

    def idle(self, one: Nearby) -> timedelta:
        """How long ago somebody was last seen."""
        return max(timedelta(0), self._clock.now() - one.last_seen_at)

    def moved(self, moved: Moved) -> None:
        """For `MovementService.on_moved`: where they stand in the new room nobody knows yet."""
        self._spots.pop(moved.character_id, None)

    def gone(self, character_id: CharacterId) -> None:
        """For `PresenceService.on_gone`."""
        self._spots.pop(character_id, None)

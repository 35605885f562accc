"""Where one is and who is near: walking, looking, positions, and the room as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

from mythgate.client.characters import Characters
from mythgate.client.pages import NearbyPage
from mythgate.client.values import is_finite, read
from mythgate.domain.errors import InvalidInput, NotHere
from mythgate.domain.events import (
    CommandResponse,
    GameState,
    LevelUp,
    OccupantView,
    Payload,
    PlayerEntered,
    PlayerEnteredGame,
    PlayerLeft,
    PlayerLeftGame,
    PlayerState,
    PlayerStatus,
    PositionUpdate,
    RoomItems,
    RoomOccupants,
    RoomUpdate,
    RoomView,
)

HEARD: Final = (
    GameState,
    RoomUpdate,
    RoomOccupants,
    RoomItems,
    CommandResponse,
    PlayerEntered,
    PlayerEnteredGame,
    PlayerLeft,
    PlayerLeftGame,
    PlayerStatus,
    PlayerState,
    LevelUp,
    PositionUpdate,
)

Vector = Mapping[str, float] | Sequence[float]
"""A position or velocity: three finite numbers, `(x, y, z)`, or an object of `x`, `y` and `z`; what it lacks is 0.

What the numbers measure is up to the clients that draw: the server hands them on. They begin anew in each room.
"""

_AXES: Final = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody else's character in the same room, as last told. None: that was never told."""

    character_id: str
    character_name: str
    location_id: str | None = None  # the room
    position: tuple[float, ...] | None = None
    velocity: tuple[float, ...] | None = None
    faction: str | None = None  # empty: of none
    level: int | None = None
    status: str | None = None  # `online`, `away`, `busy` or `linkdead`
    last_seen: datetime | None = None  # aware, UTC


class Surroundings(Characters):
    """The room one is in."""

    room: RoomView | None
    """Where one is, as last told: what lies there, who is there, the ways out."""
    nearby_players: dict[str, Neighbour]
    """The other players there, by the ids of their characters."""

    async def look(self) -> RoomView:
        """Where one is, told anew. Raises NotInWorld, and as `command`."""
        await self._carry_out("look")
        assert self.room is not None  # the answer said so
        return self.room

    async def send_move(
        self, to_location_id: str, from_location_id: str | None = None, position: Vector | None = None
    ) -> RoomView:
        """Go somewhere next to here: a direction (`north`), an alias of the way, or the id of the room behind it.

        Returns where one is then. With a `from_location_id` one goes only if one is there. The `position` is
        reported once one has arrived.

        Raises:
            NoSuchExit: there is no such way.
            ExitLocked, RoomFull, Fighting: not now.
            NotHere: one is not in the room one was to go from.
            InvalidInput: the position is none.
            NotInWorld, and as `command`.

        """
        place = None if position is None else _numbers(position, "position")
        if from_location_id is not None and (self.room is None or self.room.id != from_location_id):
            raise NotHere("You are not there.")
        ways = self.room.ways if self.room is not None else []
        direction = next((way.direction for way in ways if way.room_id == to_location_id), to_location_id)
        await self._carry_out("go", direction)
        if place is not None:
            await self.send_position_update(place)
        assert self.room is not None  # the answer said so
        return self.room

    async def send_position_update(self, position: Vector, velocity: Vector | None = None) -> None:
        """Tell those near where one is within the room. Nothing answers; while the line is gone the last is kept.

        Raises:
            InvalidInput: these are not three finite numbers.
            Unsent: not connected.

        """
        data = {"position": _numbers(position, "position")}
        if velocity is not None:
            data["velocity"] = _numbers(velocity, "velocity")
        await self._post({"type": "position", "data": data})

    def get_nearby_players(self, location_id: str | None = None) -> list[Neighbour]:
        """The other players in the room, by what was told; asked for another room, nobody."""
        return [one for one in self.nearby_players.values() if location_id in (None, one.location_id)]

    async def refresh_nearby_players(self) -> list[Neighbour]:
        """Ask who is near, and where within the room those stood who were there first. Raises NotInWorld."""
        page = read(NearbyPage, await self.request("GET", "/api/nearby"))
        self.nearby_players = {
            one.id: Neighbour(
                one.id,
                one.name,
                page.room_id,
                None if one.position is None else tuple(one.position),
                None if one.velocity is None else tuple(one.velocity),
                one.faction,
                one.level,
                one.status,
                one.last_seen_at,
            )
            for one in page.players
        }
        return list(self.nearby_players.values())

    def update_nearby_player(self, data: Mapping[str, Any]) -> None:
        """Note what is known of somebody, in fields of `Neighbour`; nothing without a `character_id`, or about oneself.

        What is left out stays as it was; what is no such field is left out.
        """
        character_id = data.get("character_id")
        if isinstance(character_id, str) and character_id:
            self._see(character_id, **{name: data[name] for name in _FIELDS if data.get(name) is not None})

    def _see(self, character_id: str, **told: Any) -> None:
        if self.character is not None and character_id == self.character.id:
            return
        here = {"location_id": self.room.id} if self.room is not None else {}
        before = self.nearby_players.get(character_id) or Neighbour(character_id, "")
        now = {"last_seen": datetime.now(UTC)}
        self.nearby_players[character_id] = replace(before, **(here | now | told))

    def _forget(self) -> None:
        super()._forget()
        self.room = None
        self.nearby_players = {}

    def _hear(self, payload: Payload) -> None:
        super()._hear(payload)
        match payload:
            case GameState(room=room) | RoomUpdate(room=room) | CommandResponse(room_state=RoomView() as room):
                self._stand_in(room)
            case RoomOccupants(players, npcs, occupants, count) if self.room is not None:
                self.room = replace(self.room, players=players, npcs=npcs, occupants=occupants, occupant_count=count)
                self._see_all(players)
            case RoomItems(items) if self.room is not None:
                self.room = replace(self.room, items=items)
            case (
                PlayerEntered(player_id=who, player=OccupantView() as player)
                | PlayerEnteredGame(player_id=who, player=OccupantView() as player)
            ):
                self._see(who, **_seen(player))
            case PlayerEntered(player_id=who, player_name=name) | PlayerEnteredGame(player_id=who, player_name=name):
                self._see(who, character_name=name)
            case PlayerLeft(player_id=who) | PlayerLeftGame(player_id=who):
                self.nearby_players.pop(who, None)
            case PlayerStatus(player_id=who, status=status) if who in self.nearby_players:
                self._see(who, status=status)
            case PlayerState(player_id=who, level=level) | LevelUp(player_id=who, level=level) if (
                who in self.nearby_players
            ):
                self._see(who, level=level)
            case PositionUpdate(who, position, velocity) if who in self.nearby_players:
                self._see(who, position=tuple(position), velocity=tuple(velocity))

    def _stand_in(self, room: RoomView) -> None:
        if self.room is not None and self.room.id != room.id:
            self.nearby_players = {}  # where they stand within this room nobody has told yet
        self.room = room
        if self.character is not None and self.character.room_id != room.id:
            self.character = replace(self.character, room_id=room.id)
        self._see_all(room.players)

    def _see_all(self, players: Iterable[OccupantView]) -> None:
        shown = {one.id: one for one in players}
        self.nearby_players = {who: one for who, one in self.nearby_players.items() if who in shown}
        for who, one in shown.items():
            known = self.nearby_players.get(who)
            self._see(who, **_seen(one) | ({} if known is None else {"last_seen": known.last_seen}))


_FIELDS: Final = frozenset(one.name for one in fields(Neighbour)) - {"character_id"}


def _seen(one: OccupantView) -> dict[str, Any]:
    return {"character_name": one.name, "faction": one.faction, "level": one.level, "status": one.status}


def _numbers(vector: Vector, name: str) -> list[float]:
    """Raises InvalidInput."""
    given: list[Any] = []
    if isinstance(vector, Mapping):
        given = [vector.get(axis, 0.0) for axis in _AXES] if set(vector) <= set(_AXES) else []
    elif isinstance(vector, Sequence):
        given = list(vector)
    if len(given) == len(_AXES) and all(map(is_finite, given)):
        return [float(one) for one in given]
    raise InvalidInput(f"A {name} is three finite numbers, (x, y, z), or an object of x, y and z.", field=name)

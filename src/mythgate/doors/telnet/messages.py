"""What happens, for programs beside the text: events as GMCP messages.

Char.Name, Char.StatusVars, Char.Status, Char.Vitals
Room.Info, Room.Players, Room.AddPlayer, Room.RemovePlayer
Comm.Channel.List, Comm.Channel.Text
Core.Goodbye
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from mythgate.domain import events as told
from mythgate.domain.events import Event, Payload
from mythgate.domain.world import Direction
from mythgate.wire.telnet import gmcp

CHANNELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "say": ("Say", "say"),
        "emote": ("Emote", "emote"),
        "whisper": ("Whisper", "whisper"),
        "tell": ("Tell", "tell"),
        "shout": ("Shout", "shout"),
        "global": ("Global", "global"),
        "party": ("Party", "pchat"),
        "faction": ("Faction", "fchat"),
        "lobby": ("Lobby", "lobby"),
    }
)
"""Caption and command of each channel."""

_STATUS: Final = {
    "name": "Name",
    "level": "Level",
    "race": "Race",
    "class": "Class",
    "faction": "Faction",
    "experience": "Experience",
    "next_level_at": "Next level at",
    "souls": "Souls",
    "state": "State",
}


class Messages:
    """What one client was told last, so that only what is new is told."""

    __slots__ = ("_room", "_status", "_vitals", "number_of", "own_id", "supports", "vitals")

    def __init__(self, own_id: str, supports: gmcp.Supports, number_of: Callable[[str], int]) -> None:
        self.own_id = own_id
        self.supports = supports
        self.number_of = number_of  # of a room
        self.vitals: dict[str, int] = {}
        self._status: dict[str, Any] = {}
        self._vitals: dict[str, int] = {}
        self._room: dict[str, Any] = {}

    def hear(self, event: Event, *, wanted: bool) -> bytes:
        """What to send of `event`, if the client `wanted` messages. Keeps the vitals in any case."""
        payload = event.payload
        handler = _HANDLERS.get(type(payload))
        if handler is None:
            return b""
        found = handler(self, payload)
        if not wanted:
            return b""
        return b"".join(_of_event(event, package, data) for package, data in found if self.supports.wants(package))

    def begin(self) -> bytes:
        """What a client is told once."""
        channels = [{"name": name, "caption": one[0], "command": one[1]} for name, one in CHANNELS.items()]
        firsts = (("Char.StatusVars", _STATUS), ("Comm.Channel.List", channels))
        return b"".join(gmcp.message(package, data) for package, data in firsts if self.supports.wants(package))

    def repeat(self) -> None:
        """Tell everything again with the next event about it."""
        self._status, self._vitals, self._room = {}, {}, {}

    # --- parts -----------------------------------------------------------------------------------------

    def player(self, player: told.PlayerView) -> list[tuple[str, Any]]:
        sheet = player.sheet
        status: dict[str, Any] = {
            "name": player.name,
            "level": player.level,
            "race": sheet.race if sheet is not None else "",
            "class": sheet.character_class if sheet is not None else "",
            "faction": player.faction,
            "experience": sheet.experience if sheet is not None else 0,
            "next_level_at": sheet.next_level_at if sheet is not None else None,
            "souls": sheet.souls if sheet is not None else 0,
            "state": player.status,
        }
        found: list[tuple[str, Any]] = []
        if status.get("name") != self._status.get("name"):
            found.append(("Char.Name", {"name": player.name, "fullname": player.name}))
        changed = {name: value for name, value in status.items() if self._status.get(name, ...) != value}
        self._status = status
        if changed:
            found.append(("Char.Status", changed))
        return [*found, *(self.bars(sheet, player.level) if sheet is not None else [])]

    def bars(self, one: Any, level: int) -> list[tuple[str, Any]]:
        """Health and the like, of a sheet, a `player_state` or a fighter."""
        self.vitals = {
            "hp": one.health,
            "maxhp": one.max_health,
            "sp": one.stamina,
            "maxsp": one.max_stamina,
            "mp": one.mana,
            "maxmp": one.max_mana,
            "level": level,
        }
        if self.vitals == self._vitals:
            return []
        self._vitals = self.vitals
        return [("Char.Vitals", self.vitals)]

    def room(self, room: told.RoomView) -> list[tuple[str, Any]]:
        info = {
            "num": self.number_of(room.id),
            "id": room.id,
            "name": room.name,
            "area": room.zone_name,
            "zone": room.zone,
            "plane": room.plane,
            "environment": room.environment,
            "desc": room.description,
            "coords": {"x": room.map_x, "y": -room.map_y, "z": room.map_z},
            # 0: nobody has told where it leads
            "exits": {
                Direction(way.direction).short: self.number_of(way.room_id) if way.room_id is not None else 0
                for way in room.ways
            },
            "locked": [Direction(way.direction).short for way in room.ways if way.locked],
        }
        found: list[tuple[str, Any]] = []
        if info != self._room:
            self._room = info
            found.append(("Room.Info", info))
        found.append(("Room.Players", [_known_as(one) for one in room.players if one.id != self.own_id]))
        return found


def _known_as(one: told.OccupantView) -> dict[str, str]:
    return {"name": one.name, "fullname": one.name}


def _of_event(event: Event, package: str, data: object) -> bytes:
    """A message about an event; what is said is the same for all who hear it."""
    if package != "Comm.Channel.Text":
        return gmcp.message(package, data)
    made = event.rendered.get(package)
    if made is None:
        made = event.rendered[package] = gmcp.message(package, data)
    return made


Found = list[tuple[str, Any]]


def _game_state(known: Messages, payload: told.GameState) -> Found:
    known.repeat()
    return [*known.player(payload.player), *known.room(payload.room)]


def _response(known: Messages, payload: told.CommandResponse) -> Found:
    found: Found = []
    if payload.player is not None:
        found += known.player(payload.player)
    if payload.room_state is not None:
        found += known.room(payload.room_state)
    return found


def _player_state(known: Messages, payload: told.PlayerState) -> Found:
    return known.bars(payload, payload.level) if payload.player_id == known.own_id else []


def _combat(known: Messages, payload: told.CombatStart | told.CombatState) -> Found:
    own = next((one for one in payload.combat.fighters if one.character_id == known.own_id), None)
    return known.bars(own, own.level) if own is not None else []


def _occupants(known: Messages, payload: told.RoomOccupants) -> Found:
    return [("Room.Players", [_known_as(one) for one in payload.players if one.id != known.own_id])]


def _came(_: Messages, payload: told.PlayerEntered | told.PlayerEnteredGame) -> Found:
    return [("Room.AddPlayer", {"name": payload.player_name, "fullname": payload.player_name})]


def _went(_: Messages, payload: told.PlayerLeft | told.PlayerLeftGame) -> Found:
    return [("Room.RemovePlayer", payload.player_name)]


def _chat(_: Messages, payload: told.ChatMessage) -> Found:
    return [("Comm.Channel.Text", {"channel": payload.channel, "talker": payload.player_name, "text": payload.text})]


def _lobby(_: Messages, payload: told.LobbyMessage) -> Found:
    words = f"{payload.name}: {payload.message}" if payload.kind == "say" else payload.message
    return [("Comm.Channel.Text", {"channel": "lobby", "talker": payload.name, "text": words})]


def _farewell(_: Messages, payload: told.Disconnect) -> Found:
    return [("Core.Goodbye", payload.message)]


_HANDLERS: Final[Mapping[type[Payload], Callable[[Messages, Any], Found]]] = MappingProxyType(
    {
        told.GameState: _game_state,
        told.RoomUpdate: lambda known, payload: known.room(payload.room),
        told.PlayerUpdate: lambda known, payload: known.player(payload.player),
        told.CommandResponse: _response,
        told.PlayerState: _player_state,
        told.CombatStart: _combat,
        told.CombatState: _combat,
        told.RoomOccupants: _occupants,
        told.PlayerEntered: _came,
        told.PlayerEnteredGame: _came,
        told.PlayerLeft: _went,
        told.PlayerLeftGame: _went,
        told.ChatMessage: _chat,
        told.LobbyMessage: _lobby,
        told.Disconnect: _farewell,
    }
)

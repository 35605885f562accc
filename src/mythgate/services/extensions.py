"""What plug-ins add to a server: types of lobbies, games played in lobbies, and packets of their own for old clients.

A plug-in is a Python module with a function `plug_in(extensions)`, named in the setting `plugins`. It is called before
anything else is built. See `docs/extending.md`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from mythgate.domain.lobbies import Lobby, Occupant
from mythgate.services.gamerooms import GameRoom, GameRooms
from mythgate.services.roomtypes import RoomTypes

if TYPE_CHECKING:
    from mythgate.services.all import Services

log = logging.getLogger(__name__)
L = TypeVar("L", bound=Lobby)

CUSTOM_PACKETS: Final = range(1000, 0x8000)  # numbers no old client uses, up to the last that a header can hold
LONGEST_ANSWER: Final = 8192  # bytes


@dataclass(frozen=True, slots=True)
class PacketCall:
    """A packet of a plug-in's own that somebody in a lobby sent. The payload is the plug-in's business."""

    services: Services
    actor: Occupant
    packet_type: int
    payload: bytes


PacketHandler = Callable[[PacketCall], Awaitable[bytes | None]]
"""Does what a packet asks for. Returns the payload of an answer of the same type, or None for no answer; what it raises
as `Refused` is told to the client as refusals are."""


class PacketHandlers:
    """Handlers of custom packets, by number."""

    def __init__(self) -> None:
        self._handlers: dict[int, PacketHandler] = {}

    def __contains__(self, packet_type: int) -> bool:
        return packet_type in self._handlers

    def add(self, packet_type: int, handler: PacketHandler) -> None:
        """Have a packet handled. Raises ValueError if the number is not for plug-ins, or is taken."""
        if packet_type not in CUSTOM_PACKETS:
            raise ValueError(f"{packet_type} is no number for packets of plug-ins: use {CUSTOM_PACKETS.start} or more")
        if packet_type in self._handlers:
            raise ValueError(f"packet {packet_type} has a handler already")
        self._handlers[packet_type] = handler

    async def handle(self, call: PacketCall) -> bytes | None:
        """Have `call` handled; returns the payload of the answer, if there is one. For a packet without a handler
        there is none. Raises `Refused` as the handler does."""
        handler = self._handlers.get(call.packet_type)
        if handler is None:
            return None
        answer = await handler(call)
        if answer is not None and len(answer) > LONGEST_ANSWER:
            log.warning("the answer of a plug-in is too long", extra={"packet": call.packet_type, "bytes": len(answer)})
            return None
        return answer


class Extensions:
    """What a server has that is not in it by itself."""

    def __init__(self) -> None:
        self.room_types: Final = RoomTypes()
        self.packets: Final = PacketHandlers()

    def add_game(self, lobby: type[L], room: type[GameRoom[L]]) -> None:
        """Have one more kind of room to play in, called as `lobby.type_name` says. Raises as `RoomTypes.add`."""
        self.room_types.add(lobby, partial(GameRooms, kind=room))

"""The floor: a server that does nothing but write prebuilt frames to raw transports.

What it spends on a delivery is what the event loop and the kernel take; nothing written in Python can
be cheaper on one connection and one write a delivery.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final, cast

from mythgate.wire.websocket import TEXT, accept_key, frame

_KEY: Final = re.compile(rb"(?i)sec-websocket-key: *([^\r\n]+)")


class FloorRooms:
    """Rooms of `size` connections, filled in the order they come."""

    def __init__(self, size: int, frame_bytes: int) -> None:
        self.size = size
        self.rooms: list[list[asyncio.Transport]] = []
        self.count = 0
        # As long as the envelope a real delivery carries.
        self.frame = frame(TEXT, b'{"event_type":"chat_message",' + b"x" * (frame_bytes - 30) + b"}")

    def join(self, transport: asyncio.Transport) -> list[asyncio.Transport]:
        """The room `transport` is in from now on."""
        if self.count % self.size == 0:
            self.rooms.append([])
        self.count += 1
        room = self.rooms[-1]
        room.append(transport)
        return room

    def tell(self, room: list[asyncio.Transport]) -> None:
        """One message to all in the room."""
        told = self.frame
        for transport in room:
            transport.write(told)


class FloorProtocol(asyncio.Protocol):
    """One connection: answers the upgrade request, then takes whatever comes for a message to the room."""

    __slots__ = ("room", "rooms", "transport")

    def __init__(self, rooms: FloorRooms) -> None:
        self.rooms = rooms
        self.room: list[asyncio.Transport] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        room = self.room
        if room is not None:
            # Clients send frames of one length; several may come in one read.
            length = 8 + ((data[2] << 8) | data[3]) if data[1] == 0xFE else 6 + (data[1] & 0x7F)
            for _ in range(len(data) // length):
                self.rooms.tell(room)
            return
        key = _KEY.search(data)
        if key is None:
            self.transport.close()
            return
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_key(key[1].strip()) + b"\r\n\r\n" + self.rooms.frame
        )
        self.room = self.rooms.join(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self.room is not None:
            self.room.remove(self.transport)

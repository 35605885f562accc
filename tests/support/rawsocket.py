"""A WebSocket peer that sends whatever bytes a test wants, well-formed or not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from mythgate.wire.websocket import CLOSE, TEXT, unmask

KEY = b"\x11\x22\x33\x44"


def masked(opcode: int, payload: bytes = b"", *, final: bool = True, compressed: bool = False) -> bytes:
    """One frame as clients send it."""
    first = (0x80 if final else 0) | (0x40 if compressed else 0) | opcode
    length = len(payload)
    if length < 126:
        head = bytes((first, 0x80 | length))
    elif length < 0x10000:
        head = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    return head + KEY + unmask(payload, KEY)


@dataclass
class RawPeer:
    """One connection after the handshake. Compressed frames of the server are not understood."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the server: opcode and payload."""
        first, length = await self.reader.readexactly(2)
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self.reader.readexactly(8), "big")
        return first & 0x0F, await self.reader.readexactly(length)

    async def until(self, event_type: str) -> dict[str, Any]:
        """The next event of that type."""
        while True:
            opcode, payload = await self.frame()
            if opcode == TEXT:
                event: dict[str, Any] = json.loads(payload)
                if event["event_type"] == event_type:
                    return event

    async def ending(self) -> tuple[list[str], int]:
        """The types of the events up to the close frame, and its code."""
        kinds: list[str] = []
        async with asyncio.timeout(20):
            while True:
                opcode, payload = await self.frame()
                if opcode == TEXT:
                    kinds.append(json.loads(payload)["event_type"])
                elif opcode == CLOSE:
                    return kinds, int.from_bytes(payload[:2], "big")

    def close(self) -> None:
        self.writer.close()


async def raw_peer(port: int, path: str, token: str, *, deflate: bool = False) -> RawPeer:
    """Connect and shake hands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if deflate else ""
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"{extension}Sec-WebSocket-Protocol: bearer, {token}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    return RawPeer(reader, writer)

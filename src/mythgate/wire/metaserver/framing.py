"""Frames of the metaserver protocol, the same for every client family and in both directions.

    offset  width  type  field
         0      2  u16   signature, 0xDEAD
         2      2  i16   packet type
         4      4  i32   length of the whole packet, these 8 bytes included
         8      …        payload; encrypted on connections that exchanged keys (see `crypto`)

All numbers are big-endian. Packets follow each other without a gap.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from mythgate.domain.errors import ProtocolError

HEADER_BYTES: Final = 8
SIGNATURE: Final = 0xDEAD
MAX_CLIENT_PACKET_BYTES: Final = 10_240
"""What a server accepts from a client; nothing legitimate comes near it."""
MAX_LIST_PAYLOAD_BYTES: Final = 7_980
"""Payload of one packet of a list. Myth clients receive into about 8 KB, and a packet must stay below
8,096 bytes with its header and the 24 bytes that encryption adds."""

_HEADER: Final = struct.Struct(">Hhi")


class Frame(NamedTuple):
    """One packet as it was framed; the payload is not decrypted and not understood yet."""

    packet_type: int
    payload: bytes


class FrameDecoder:
    """Cuts a stream of bytes into frames.

    Give it bytes with `receive_data` as they come and take frames with `next_frame` until it has none.
    A wrong header raises ProtocolError as soon as its 8 bytes are there, before anything is kept for
    its payload, and again on every later call: after it the stream has no meaning.
    """

    __slots__ = ("_buffer", "_limit", "_start")

    def __init__(self, limit: int = MAX_CLIENT_PACKET_BYTES) -> None:
        if limit < HEADER_BYTES:
            raise ValueError(f"A limit of {limit} bytes leaves no room for a header.")
        self._limit = limit
        self._buffer = bytearray()
        self._start = 0

    def receive_data(self, data: bytes) -> None:
        """Append what the peer sent."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_frame(self) -> Frame | None:
        """The next whole frame, or None until more bytes come. Raises ProtocolError."""
        start = self._start
        if len(self._buffer) - start < HEADER_BYTES:
            return None
        signature, packet_type, length = _HEADER.unpack_from(self._buffer, start)
        if signature != SIGNATURE:
            raise ProtocolError(f"The signature of a packet is 0x{signature:04X}, not 0xDEAD.", code="bad_signature")
        if not HEADER_BYTES <= length <= self._limit:
            raise ProtocolError(
                f"A packet claims to be {length} bytes long; {HEADER_BYTES} to {self._limit} are allowed.",
                code="bad_length",
            )
        if len(self._buffer) - start < length:
            return None
        self._start = start + length
        return Frame(packet_type, bytes(self._buffer[start + HEADER_BYTES : self._start]))

    @property
    def buffered(self) -> int:
        """How many bytes wait for the rest of their packet, or to be taken."""
        return len(self._buffer) - self._start


def frame(packet_type: int, payload: bytes) -> bytes:
    """One whole packet."""
    return _HEADER.pack(SIGNATURE, packet_type, HEADER_BYTES + len(payload)) + payload

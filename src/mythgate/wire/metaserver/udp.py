"""The datagram by which Aleph One players measure their way to a host, on the port number of its game.

u16  magic, 0x5051 "PQ" for a question, 0x5052 "PR" for the answer
u16  CRC-16/CCITT-FALSE of the six bytes, with this field zero
u16  identifier, the same in question and answer
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass
from typing import Final

from mythgate.domain.errors import ProtocolError

_LAYOUT: Final = struct.Struct(">2sHH")
_MAGIC: Final = {True: b"PQ", False: b"PR"}


@dataclass(frozen=True, slots=True)
class Ping:
    """A question, or the answer to one."""

    identifier: int
    is_request: bool = True


def encode_ping(ping: Ping) -> bytes:
    """The datagram."""
    magic = _MAGIC[ping.is_request]
    return _LAYOUT.pack(magic, crc16(_LAYOUT.pack(magic, 0, ping.identifier)), ping.identifier)


def decode_ping(datagram: bytes) -> Ping:
    """The ping in a datagram. Raises ProtocolError."""
    if len(datagram) != _LAYOUT.size:
        raise ProtocolError("A ping has six bytes.", code="bad_ping")
    magic, crc, identifier = _LAYOUT.unpack(datagram)
    if magic not in _MAGIC.values():
        raise ProtocolError("This datagram is no ping.", code="bad_ping")
    if crc != crc16(_LAYOUT.pack(magic, 0, identifier)):
        raise ProtocolError("The checksum of a ping is wrong.", code="bad_ping")
    return Ping(identifier, magic == _MAGIC[True])


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, starting with 0xFFFF."""
    return binascii.crc_hqx(data, 0xFFFF)

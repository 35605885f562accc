"""Packets as they may be shown to others: without secrets, and without what is said in private.

What is left decodes and encodes as the packet did: captures of it are golden tests.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver import fields
from mythgate.wire.metaserver.framing import frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import (
    DirectedData,
    Direction,
    Packet,
    PasswordChallenge,
    PasswordResponse,
    RoomBroadcast,
    RoomLogin,
    SetPlayerMode,
    UserSuccessfulLogin,
    decode,
    encode,
)

_FAULTY_SECRETS: Final = frozenset({7, 100, 101, 107, 109, 200, 201})  # may hold secrets that cannot be found


def blanked(packet: Packet) -> Packet:
    """The packet with zeros for secrets and stars for what is private."""
    match packet:
        case PasswordResponse():
            return replace(packet, response=bytes(len(packet.response)))
        case PasswordChallenge():
            return replace(packet, salt=bytes(len(packet.salt)))
        case UserSuccessfulLogin() | RoomLogin():
            return replace(packet, token=bytes(len(packet.token)))
        case SetPlayerMode():
            return replace(packet, session_id=bytes(len(packet.session_id)))
        case RoomBroadcast() if packet.chat.message.startswith("."):  # a command, which may tell one person something
            word, space, rest = packet.chat.message.partition(" ")
            return replace(packet, chat=replace(packet.chat, message=f"{word}{space}{'*' * len(rest)}"))
        case DirectedData():
            return replace(packet, chat=replace(packet.chat, message="*" * len(packet.chat.message)))
    return packet


def line_of(family: Family, direction: Direction, packet_type: int, payload: bytes) -> dict[str, Any]:
    """One packet, its payload in clear, as a line of a capture: `mythgate metaserver decode` reads it."""
    name = fields.name_of(family, direction, packet_type)
    line: dict[str, Any] = {
        "family": family.value,
        "direction": direction.value,
        "packet_type": packet_type,
        "name": name,
        "size": len(payload) + 8,
    }
    try:
        packet = blanked(decode(family, direction, packet_type, payload))
        clear = encode(family, direction, packet)
        shown = fields.show(family, direction, packet)
    except (ProtocolError, ValueError) as error:
        kept = b"" if packet_type in _FAULTY_SECRETS else payload
        return {**line, "hex": frame(packet_type, kept).hex(), "error": str(error)}
    return {**line, "hex": frame(packet_type, clear).hex(), "fields": shown}

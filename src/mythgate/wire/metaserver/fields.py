"""Packets as named values that JSON can hold: what `mythgate metaserver` prints and reads.

Bytes are named `…_hex`. An address is there dotted and as a number, either is enough to read it back.
Unused bytes are left out. An unknown packet has `payload_hex`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mythgate.wire.metaserver.crypto import simple_response
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import (
    KINDS,
    SALT_BYTES,
    AuthenticationType,
    Direction,
    Opaque,
    Packet,
    PasswordResponse,
    layout_for,
    packet_type_of,
)
from mythgate.wire.metaserver.text import encode_text

UNKNOWN: Final = "unknown"
_NAMES: Final[Mapping[tuple[Family, Direction, int], str]] = {
    (family, direction, kind.packet_type): kind.name
    for kind in KINDS
    for family in kind.families
    for direction in kind.directions
} | {(family, Direction.TO_CLIENT, 11): "patch" for family in Family}
_TYPES: Final[Mapping[str, int]] = {name: packet_type for (_, _, packet_type), name in _NAMES.items()} | {
    "accept": 12,
    "game_list_delete": 2,
    "localization": 115,
    "player_list_delete": 1,
    "session_key_client": 203,
    "session_key_server": 203,
}


def name_of(family: Family, direction: Direction, packet_type: int) -> str:
    """The name of a packet number, or `unknown` for one that nobody sends this way."""
    return _NAMES.get((family, direction, packet_type), UNKNOWN)


def type_of(name: str) -> int:
    """The number of a packet name. Raises ValueError."""
    try:
        return _TYPES[name]
    except KeyError:
        raise ValueError(f"There is no packet named {name!r}.") from None


def show(family: Family, direction: Direction, packet: Packet) -> dict[str, Any]:
    """The named values of a packet."""
    layout = layout_for(family, direction, packet_type_of(packet))
    if isinstance(packet, Opaque) or layout is None:
        return {"payload_hex": packet.payload.hex()}
    fields = layout.show(packet)
    if isinstance(packet, PasswordResponse) and family is not Family.ALEPHONE:
        fields["response"] = packet.text
    return fields


def take(family: Family, direction: Direction, packet_type: int, fields: Mapping[str, Any]) -> Packet:
    """The packet with these named values. Raises ValueError."""
    layout = layout_for(family, direction, packet_type)
    if layout is None:
        return Opaque(packet_type, bytes.fromhex(fields.get("payload_hex", "")))
    if layout.record is PasswordResponse:
        return PasswordResponse(response=_response(family, fields))
    return layout.take(fields)


def _response(family: Family, fields: Mapping[str, Any]) -> bytes:
    """The answer to a challenge, as given or worked out from what the client knew."""
    if "response_hex" in fields:
        return bytes.fromhex(fields["response_hex"])
    password = encode_text(str(fields.get("password", fields.get("response", ""))))
    if family is Family.MYTH:
        return password + b"\0"
    if family is Family.MYTH2_18:
        return password
    match fields.get("authentication_type", AuthenticationType.PLAINTEXT):
        case AuthenticationType.SIMPLE:
            return simple_response(bytes.fromhex(fields["salt_hex"]), password)
        case AuthenticationType.HTTPS_TOKEN:
            password = bytes.fromhex(fields["https_response_body_hex"])[:SALT_BYTES].partition(b"\0")[0]
    return password[:SALT_BYTES].ljust(SALT_BYTES, b"\0")

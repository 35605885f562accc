"""The private protocol of Bungie's administration tool (port 6322): little-endian, never on the open network.

    i16  packet type
    i16  length of the whole packet, these 4 bytes included
    …    strings that end with a NUL, numbers in front of them

Requests 0 to 14 go to the server; 100 is the answer to all of them, with type of the request + 101, 1 for
success, the length of the data, the result once more, and the data. Kept for tools; Mythgate is administered
otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver.layout import I16, I32, Echo, Family, Layout, SizeOf, Str, StringOrBytes

FAMILY: Final = "bungie-web"
_HEADER: Final = struct.Struct("<hh")
_MAX_BYTES: Final = 0x7FFF


@dataclass(frozen=True, slots=True)
class QueryMotd:
    """0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMotd:
    """1."""

    motd: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """2 new_user, 3 change_password, 6 leave_order."""

    login: Str
    password: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """4 create_order, 7 update_order."""

    order_name: Str
    maintenance_password: Str
    member_password: Str
    url: Str
    contact_email: Str
    motto: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOrder:
    """5."""

    order_name: Str
    member_password: Str
    login: Str
    password: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderName:
    """8 query_order, 14 reset_order."""

    order_name: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class BootPlayer:
    """9."""

    order_name: Str
    maintenance_password: Str
    login: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockAccount:
    """10."""

    ban_duration: I32
    login: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginName:
    """11 unlock_account, 12 reset_account."""

    login: Str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetGameType:
    """13: of players (0) or orders (1)."""

    order: I16
    game_type: I16


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """100. The data is a string, four strings (query_order) or a number (new_user)."""

    response_type: I16
    operation_code: I16
    data_length: Annotated[I16, SizeOf("data")] = field(default=0, compare=False)
    operation_code_again: Annotated[int, Echo("operation_code")] = 0
    data: Annotated[bytes, StringOrBytes()] = b""


_RESPONSE: Final = 100
_KINDS: Final[tuple[tuple[int, str, type], ...]] = (
    (0, "web_query_motd", QueryMotd),
    (1, "web_change_motd", ChangeMotd),
    (2, "web_new_user", Credentials),
    (3, "web_change_password", Credentials),
    (4, "web_create_order", OrderRecord),
    (5, "web_join_order", JoinOrder),
    (6, "web_leave_order", Credentials),
    (7, "web_update_order", OrderRecord),
    (8, "web_query_order", OrderName),
    (9, "web_boot_player_from_order", BootPlayer),
    (10, "web_lock_account", LockAccount),
    (11, "web_unlock_account", LoginName),
    (12, "web_reset_account", LoginName),
    (13, "web_reset_game_type", ResetGameType),
    (14, "web_reset_order", OrderName),
    (_RESPONSE, "web_response", Response),
)
NAMES: Final[Mapping[int, str]] = {packet_type: name for packet_type, name, _ in _KINDS}
_LAYOUTS: Final[Mapping[int, Layout[Any]]] = {
    packet_type: Layout(record, Family.MYTH, "<") for packet_type, _, record in _KINDS
}


def type_of(name: str) -> int:
    """The number of a packet name. Raises ValueError."""
    for packet_type, known, _ in _KINDS:
        if known == name:
            return packet_type
    raise ValueError(f"There is no packet named {name!r}.")


def decode_frame(raw: bytes) -> tuple[int, bytes]:
    """Type and payload of one whole packet. Raises ProtocolError."""
    if len(raw) < _HEADER.size:
        raise ProtocolError("The packet ends inside its header.", code="truncated_packet")
    packet_type, length = _HEADER.unpack_from(raw)
    if length != len(raw):
        raise ProtocolError(f"The packet claims to be {length} bytes long and is {len(raw)}.", code="bad_length")
    return packet_type, raw[_HEADER.size :]


def decode(packet_type: int, payload: bytes) -> Any:
    """The packet. Raises ProtocolError."""
    return _layout(packet_type).read(payload)[0]


def encode_frame(packet_type: int, packet: Any) -> bytes:
    """The whole packet. Raises ValueError for a value that does not fit, ProtocolError for an unknown type."""
    payload = _layout(packet_type).write(packet)
    if len(payload) + _HEADER.size > _MAX_BYTES:
        raise ValueError(f"A packet has at most {_MAX_BYTES} bytes.")
    return _HEADER.pack(packet_type, _HEADER.size + len(payload)) + payload


def show(packet_type: int, packet: Any) -> dict[str, Any]:
    """The named values of a packet. Raises ProtocolError for an unknown type."""
    return _layout(packet_type).show(packet)


def take(packet_type: int, fields: Mapping[str, Any]) -> Any:
    """The packet with these named values. Raises ValueError, or ProtocolError for an unknown type."""
    return _layout(packet_type).take(fields)


def _layout(packet_type: int) -> Layout[Any]:
    try:
        return _LAYOUTS[packet_type]
    except KeyError:
        raise ProtocolError(f"The tool knows no packet {packet_type}.", code="unknown_packet") from None

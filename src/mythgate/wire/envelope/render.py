"""Events to bytes: rendered once per format, numbered per reader.

The *body* of an event is everything that is the same for all who get it; it is kept in
`Event.rendered`. Only the sequence number, which stands first, differs from reader to reader.

    JSON         {"sequence_number":N,  +  "event_type":…}
    MessagePack  fixmap(k+1) "sequence_number" N  +  the k other entries
    SSE          id: N LF data: JSON LF LF
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
import ormsgpack

from mythgate.domain.events import Event, Priority

_JSON_OPTIONS: Final = orjson.OPT_UTC_Z
_MSGPACK_OPTIONS: Final = ormsgpack.OPT_UTC_Z

_NUMBER_KEY: Final = b"\xafsequence_number"  # a string of 15 bytes


def _envelope(event: Event) -> dict[str, Any]:
    payload = event.payload
    envelope: dict[str, Any] = {"event_type": payload.event_type, "timestamp": event.timestamp, "data": payload}
    if event.room_id is not None:
        envelope["room_id"] = event.room_id
    if event.player_id is not None:
        envelope["player_id"] = event.player_id
    if event.priority != Priority.NORMAL:
        envelope["priority"] = event.priority.name.lower()
    if event.version is not None:
        envelope["version"] = event.version
    if event.message_id is not None:
        envelope["message_id"] = event.message_id
    if event.reply_to is not None:
        envelope["reply_to"] = event.reply_to
    return envelope


def json_body(event: Event) -> bytes:
    """The shared part of the JSON envelope, up to and including its closing brace."""
    rendered = event.rendered
    body = rendered.get("json")
    if body is None:
        body = rendered["json"] = orjson.dumps(_envelope(event), option=_JSON_OPTIONS)[1:]
        event.weight = len(body)
    return body


def json_envelope(number: int, event: Event) -> bytes:
    """One envelope as JSON."""
    return b'{"sequence_number":%d,%b' % (number, json_body(event))


def json_array(first: int, events: Iterable[Event]) -> bytes:
    """Consecutive events as one JSON array, for clients that asked for batches."""
    return b"[%b]" % b",".join([json_envelope(number, event) for number, event in enumerate(events, first)])


def msgpack_body(event: Event) -> bytes:
    """The shared part of the MessagePack envelope; its first byte is the header of a map without the number."""
    rendered = event.rendered
    body = rendered.get("msgpack")
    if body is None:
        body = rendered["msgpack"] = ormsgpack.packb(_envelope(event), option=_MSGPACK_OPTIONS)
        event.weight = len(body)
    return body


def _packed_number(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    if number < 0x10000:
        return b"\xcd" + number.to_bytes(2, "big")
    if number < 0x100000000:
        return b"\xce" + number.to_bytes(4, "big")
    return b"\xcf" + number.to_bytes(8, "big")


def msgpack_envelope(number: int, event: Event) -> bytes:
    """One envelope as MessagePack."""
    body = msgpack_body(event)
    # At most 9 entries, so the header is always a fixmap: 0x80 + entries, in one byte.
    return b"".join((bytes((body[0] + 1,)), _NUMBER_KEY, _packed_number(number), memoryview(body)[1:]))


def msgpack_array(first: int, events: Sequence[Event]) -> bytes:
    """Consecutive events as one MessagePack array."""
    count = len(events)
    header = bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return header + b"".join([msgpack_envelope(number, event) for number, event in enumerate(events, first)])


def sse_event(number: int, event: Event) -> bytes:
    """One envelope as a Server-Sent Event. JSON holds no line break, so one `data:` line is enough."""
    return b'id: %d\ndata: {"sequence_number":%d,%b\n\n' % (number, number, json_body(event))

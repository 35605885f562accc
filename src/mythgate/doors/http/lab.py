"""Looking into WebSockets: those of the native door, and of others that use its socket."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import ormsgpack

from mythgate.domain.ids import AccountId, CharacterId
from mythgate.doors.http.socket_protocol import Listener, SocketProtocol
from mythgate.doors.http.websocket import TransportSink
from mythgate.services.lab import LabConnection, Line
from mythgate.wire.websocket import BINARY, CLOSE, PING, PONG, TEXT

if TYPE_CHECKING:
    from mythgate.doors.http.play import PlayDoor

HIDDEN: Final = "(not shown)"
_NAMES: Final = {TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}
_SECRETS: Final = frozenset(
    {
        "access_token", "api_key", "code", "credential", "current", "email", "encrypted", "iv", "new_password",
        "password", "refresh_token", "salt", "secret", "session_id", "session_token", "signal", "sdp", "candidate",
        "token", "username",
    }
)  # fmt: skip
_WORDS: Final = frozenset({"args", "command", "content", "line", "message", "styled", "text"})
_PUBLIC: Final = frozenset({"say", "emote", "shout", "global", "action", "line", "chat"})
_TALK: Final = ("chat_message", "lobby_message", "chat", "whisper", "party_chat", "faction_chat")
_ERROR_CODES: Final = ("error",)


def blanked(value: Any, *, from_client: bool) -> Any:
    """A JSON value as it may be shown: without secrets, without what is said in private, and of what people type only
    the first word."""
    if isinstance(value, list):
        return [blanked(one, from_client=from_client) for one in value]
    if not isinstance(value, Mapping):
        return value
    kind = str(value.get("event_type") or value.get("type") or "")
    return _object(value, kind, from_client=from_client)


def _object(value: Mapping[str, Any], kind: str, *, from_client: bool) -> dict[str, Any]:
    private = kind in _TALK and _is_private(value, kind)
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if name in _SECRETS and not (name == "code" and kind in _ERROR_CODES):
            found[name] = HIDDEN
        elif name in _WORDS and (private or from_client) and not isinstance(inner, Mapping):
            found[name] = _first_word(inner, name) if from_client else _stars(inner)
        elif isinstance(inner, Mapping):
            found[name] = _object(inner, kind, from_client=from_client)
        elif isinstance(inner, list):
            found[name] = [
                _object(one, kind, from_client=from_client) if isinstance(one, Mapping) else one for one in inner
            ]
        else:
            found[name] = inner
    return found


def _is_private(value: Mapping[str, Any], kind: str) -> bool:
    how = value.get("channel") or value.get("kind")
    if how is None and isinstance(value.get("data"), Mapping):
        return False  # the words stand further in
    return str(how or kind) not in _PUBLIC


def _first_word(value: Any, name: str) -> Any:
    """What is typed begins with a command; the rest may be said in private."""
    if isinstance(value, list):
        return [_stars(one) for one in value]
    word, space, rest = str(value).partition(" ")
    if name in ("line", "command"):
        return f"{word} {_stars(rest)}" if space else word
    return _stars(value)


def _stars(value: Any) -> Any:
    return "*" * len(value) if isinstance(value, str) else value if value is None else "*"


def line_of(direction: str, opcode: int, payload: bytes) -> Line:
    """One frame, as a line of a capture."""
    line: dict[str, Any] = {"direction": direction, "name": _NAMES.get(opcode, str(opcode)), "size": len(payload)}
    if opcode in (TEXT, BINARY):
        try:
            value = orjson.loads(payload) if opcode == TEXT else ormsgpack.unpackb(payload)
        except ValueError:
            return {**line, "error": "The frame is no JSON, or no MessagePack."}
        shown = blanked(value, from_client=direction == "c2s")
        first = shown[0] if isinstance(shown, list) and shown else shown
        kind = _kind_of(first) if isinstance(first, dict) else None
        return {
            **line,
            "name": str(kind or line["name"]),
            "form": "json" if opcode == TEXT else "msgpack",
            "fields": shown,
        }
    if opcode == CLOSE and len(payload) >= 2:
        return {**line, "fields": {"code": int.from_bytes(payload[:2], "big")}}
    return line


def _kind_of(value: Mapping[str, Any]) -> object:
    return value.get("event_type") or value.get("type") or ("command" if "command" in value else None)


def frames_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Opcode and payload of each of the frames that a server wrote, unpacked."""
    at = 0
    while at + 2 <= len(data):
        first, length = data[at], data[at + 1] & 0x7F
        at += 2
        if length == 126:
            (length,) = struct.unpack_from(">H", data, at)
            at += 2
        elif length == 127:
            (length,) = struct.unpack_from(">Q", data, at)
            at += 8
        payload = data[at : at + length]
        at += length
        if first & 0x40:
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        yield first & 0x0F, payload


class _Written:
    """A transport whose writes somebody sees."""

    def __init__(self, transport: Any, saw: Callable[[bytes], None]) -> None:
        self._transport = transport
        self._saw = saw

    def write(self, data: bytes) -> None:
        self._saw(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Heard:
    """A listener whose messages somebody sees."""

    def __init__(self, listener: Listener, saw: Callable[[bytes, bool], None]) -> None:
        self._listener = listener
        self._saw = saw

    def on_message(self, payload: bytes, *, binary: bool) -> None:
        self._saw(payload, binary)
        self._listener.on_message(payload, binary=binary)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)


@dataclass(slots=True)
class WatchedSocket:
    """One WebSocket, for the lab."""

    protocol: SocketProtocol
    about: LabConnection
    changed: Callable[[Any], None]
    """Called with the transport to write through."""

    @property
    def is_open(self) -> bool:
        return self.protocol.is_open

    def watch(self, observer: Callable[[Line], None]) -> Callable[[], None]:
        """See `services.lab.Watchable`."""
        protocol = self.protocol
        transport, listener = protocol.transport, protocol.listener

        def written(data: bytes) -> None:
            for opcode, payload in frames_in(data):
                observer(line_of("s2c", opcode, payload))

        def heard(payload: bytes, binary: bool) -> None:
            observer(line_of("c2s", BINARY if binary else TEXT, payload))

        watched = _Written(transport, written)
        protocol.transport = watched  # type: ignore[assignment]
        if listener is not None:
            protocol.listener = _Heard(listener, heard)
        self.changed(watched)

        def stop() -> None:
            protocol.transport = transport
            if protocol.listener is not None:
                protocol.listener = listener
            self.changed(transport)

        return stop


@dataclass(slots=True)
class HttpLab:
    """The native WebSockets, for the lab."""

    door: PlayDoor
    client_of: Callable[[CharacterId], tuple[str, str]]
    """Name and client of a character that is in the world."""

    def connections(self) -> Iterator[WatchedSocket]:
        """All that are on the raw transport."""
        for connection in list(self.door.connections):
            sink = connection.link
            if not isinstance(sink, TransportSink):
                continue
            name, client = self.client_of(connection.character_id)
            about = LabConnection(
                id=connection.line.id,
                door="http",
                form="json",
                client=client,
                account_id=AccountId(connection.stream.account_id),
                name=name,
                address=sink.address,
            )
            yield WatchedSocket(sink.protocol, about, _writing(sink))


def _writing(sink: TransportSink) -> Callable[[Any], None]:
    def changed(transport: Any) -> None:
        sink.write_bytes = transport.write
        if sink.outbox is not None:
            sink.outbox.target = transport.write

    return changed

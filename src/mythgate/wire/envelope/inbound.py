"""Client messages: bytes to small validated values.

Understood are

    flat      {"command": "look", "args": [], "timestamp": …, "message_id"?}
    line      {"command": "say hello there"}
    typed     {"type": "command" | "game_command" | "chat" | "ping" | "pong" | "position" | "voice_signal",
               "data": {…}, "message_id"?}
    wrapped   {"message": "<one of these as JSON text>", …}
    array     [ …any of these… ]

`event_type` is understood for `type`; `csrfToken`, which older clients send, is ignored, as are other
fields nobody knows. Whatever does not fit raises `ProtocolError`, and nothing else is ever raised.
The checks are written by hand, and the values are named tuples, because every message of every player
passes here.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, Final, NamedTuple

import orjson
import ormsgpack

from mythgate.domain.errors import ProtocolError
from mythgate.domain.events import IceCandidateView
from mythgate.domain.ids import CharacterId, CommandId
from mythgate.domain.voice import MAX_CANDIDATES, SIGNAL_KINDS, Signal

MAX_MESSAGE_BYTES: Final = 65536
MAX_DEPTH: Final = 10
MAX_ARGS: Final = 64
MAX_BATCH: Final = 64
MAX_ID_CHARACTERS: Final = 128
MAX_COMMAND_CHARACTERS: Final = 1000

CHAT_COMMANDS: Final = {
    "say": "say",
    "local": "say",
    "room": "say",
    "emote": "emote",
    "shout": "shout",
    "global": "shout",
    "whisper": "whisper",
    "tell": "whisper",
    "party": "pchat",
    "faction": "fchat",
    "lobby": "lobby",
    "lobby_tell": "lobbytell",
}
"""What a `chat` message of a channel means as a command."""
DIRECTED: Final = frozenset(("whisper", "lobbytell"))
"""Of these, those for one person."""


class CommandMessage(NamedTuple):
    """A command: either a whole `line`, or a `command` word with `args`."""

    command: str
    args: list[str] | None
    line: str | None
    message_id: CommandId | None = None
    timestamp: str | float | None = None


class PingMessage(NamedTuple):
    """The client measures the way; the answer repeats `sent`."""

    sent: str | float | None
    message_id: CommandId | None = None


class PongMessage(NamedTuple):
    """The client answers a heartbeat. It needs no answer."""


class PositionMessage(NamedTuple):
    """Where the player stands in the room and how they move, in the client's own units."""

    position: list[float]
    velocity: list[float]


class VoiceSignalMessage(NamedTuple):
    """What another client in the voice channel needs to connect with this one. It is answered only if it is refused."""

    signal: Signal
    message_id: CommandId | None = None


ClientMessage = CommandMessage | PingMessage | PongMessage | PositionMessage | VoiceSignalMessage


def decode_json(raw: bytes, *, max_characters: int = MAX_COMMAND_CHARACTERS) -> list[ClientMessage]:
    """The messages in one text frame. Raises ProtocolError."""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise ProtocolError("The message is too long.", code="message_too_long")
    try:
        value = orjson.loads(raw)
    except ValueError:  # orjson refuses malformed UTF-8 too
        raise ProtocolError("The message is not JSON.", code="invalid_json") from None
    # Only a message with more than MAX_DEPTH openers can be nested deeper than that.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise ProtocolError("The message is nested too deeply.", code="invalid_message")
    return _messages(value, max_characters)


def decode_msgpack(raw: bytes, *, max_characters: int = MAX_COMMAND_CHARACTERS) -> list[ClientMessage]:
    """The messages in one binary frame. Raises ProtocolError."""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise ProtocolError("The message is too long.", code="message_too_long")
    try:
        value = ormsgpack.unpackb(raw)
    except ValueError:
        raise ProtocolError("The message is not MessagePack.", code="invalid_msgpack") from None
    if _is_deeper(value, MAX_DEPTH):
        raise ProtocolError("The message is nested too deeply.", code="invalid_message")
    return _messages(value, max_characters)


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        inner: list[Any] = []
        for item in level:
            if type(item) is dict:
                inner.extend(item.values())
            elif type(item) is list:
                inner.extend(item)
        if not inner and not any(type(item) is dict or type(item) is list for item in level):
            return False
        level = inner
    return any(type(item) is dict or type(item) is list for item in level) or bool(level)


def _messages(value: Any, max_characters: int) -> list[ClientMessage]:
    if type(value) is dict:
        return [_message(value, max_characters)]
    if type(value) is list:
        if not value or len(value) > MAX_BATCH:
            raise ProtocolError(f"An array holds 1 to {MAX_BATCH} messages.")
        return [_message(item, max_characters) for item in value]
    raise ProtocolError("A message is an object or an array of objects.")


def _message(value: Any, max_characters: int, *, wrapped: bool = False) -> ClientMessage:
    if type(value) is not dict:
        raise ProtocolError("A message is an object.")
    kind = value.get("type")
    if kind is None:
        kind = value.get("event_type")
    if kind is None:
        if "command" in value:
            return _command(value, value, max_characters)
        inner = value.get("message")
        if type(inner) is str and not wrapped:
            return _unwrap(inner, value, max_characters)
        raise ProtocolError("A message needs `type` or `command`.")
    if type(kind) is not str:
        raise ProtocolError("`type` is text.")
    read = _READERS.get(kind)
    if read is None:
        raise ProtocolError("There is no such type of message.", code="unknown_type")
    data = value.get("data")
    if data is None:
        data = value  # {"type": "command", "command": …}
    elif type(data) is not dict:
        raise ProtocolError("`data` is an object.")
    return read(value, data, max_characters)


def _unwrap(text: str, outer: dict[str, Any], max_characters: int) -> ClientMessage:
    try:
        value = orjson.loads(text)
    except ValueError:
        raise ProtocolError("The wrapped message is not JSON.", code="invalid_json") from None
    if type(value) is not dict:
        raise ProtocolError("The wrapped message is not an object.")
    if _is_deeper(value, MAX_DEPTH):
        raise ProtocolError("The message is nested too deeply.")
    if "message_id" in outer and "message_id" not in value:
        value["message_id"] = outer["message_id"]
    return _message(value, max_characters, wrapped=True)


def _message_id(envelope: dict[str, Any], data: dict[str, Any]) -> CommandId | None:
    value = envelope.get("message_id")
    if value is None:
        value = data.get("message_id")
        if value is None:
            return None
    if type(value) is int:
        value = str(value)
    if type(value) is not str or not 0 < len(value) <= MAX_ID_CHARACTERS:
        raise ProtocolError(f"`message_id` is text of 1 to {MAX_ID_CHARACTERS} characters.")
    return CommandId(value)


def _timestamp(envelope: dict[str, Any]) -> str | float | None:
    value = envelope.get("timestamp")
    kind = type(value)
    if value is None or kind is int or kind is float or (kind is str and len(value) <= MAX_ID_CHARACTERS):
        return value
    raise ProtocolError("`timestamp` is an ISO 8601 time or a number.")


def _command(envelope: dict[str, Any], data: dict[str, Any], max_characters: int) -> CommandMessage:
    command = data.get("command")
    if type(command) is not str:
        raise ProtocolError("`command` is text.")
    if len(command) > max_characters:
        raise ProtocolError("The command is too long.", code="message_too_long")
    args = data.get("args")
    message_id = _message_id(envelope, data)
    timestamp = _timestamp(envelope)
    if not args:
        if args is not None and type(args) is not list:
            raise ProtocolError("`args` is a list of text.")
        return CommandMessage(command, None, command, message_id, timestamp)
    if type(args) is not list or len(args) > MAX_ARGS:
        raise ProtocolError(f"`args` is a list of at most {MAX_ARGS} texts.")
    length = len(command)
    for arg in args:
        if type(arg) is not str:
            raise ProtocolError("`args` is a list of text.")
        length += len(arg) + 1
    if length > max_characters:
        raise ProtocolError("The command is too long.", code="message_too_long")
    return CommandMessage(command, args, None, message_id, timestamp)


def _chat(envelope: dict[str, Any], data: dict[str, Any], max_characters: int) -> CommandMessage:
    words = data.get("message")
    if type(words) is not str:
        raise ProtocolError("`message` is text.")
    if len(words) > max_characters:
        raise ProtocolError("The message is too long.", code="message_too_long")
    channel = data.get("channel", "say")
    if type(channel) is not str or channel not in CHAT_COMMANDS:
        raise ProtocolError("There is no such channel.")
    command = CHAT_COMMANDS[channel]
    args = [words]
    if command in DIRECTED:
        target = data.get("target")
        if type(target) is not str or not 0 < len(target) <= MAX_ID_CHARACTERS:
            raise ProtocolError("`target` names whom it is for.")
        args = [target, words]
    return CommandMessage(command, args, None, _message_id(envelope, data), _timestamp(envelope))


def _ping(envelope: dict[str, Any], data: dict[str, Any], _max_characters: int) -> PingMessage:
    sent = data.get("sent", data.get("timestamp", envelope.get("timestamp")))
    kind = type(sent)
    if not (
        sent is None
        or kind is int
        or (kind is float and isfinite(sent))
        or (kind is str and len(sent) <= MAX_ID_CHARACTERS)
    ):
        raise ProtocolError("`sent` is a number or a short text.")
    return PingMessage(sent, _message_id(envelope, data))


def _pong(_envelope: dict[str, Any], _data: dict[str, Any], _max_characters: int) -> PongMessage:
    return PongMessage()


_FAR: Final = 1 << 53  # beyond, numbers are not exact; no comparison with NaN holds


def _vector(value: Any, name: str) -> list[float]:
    if type(value) is list and len(value) == 3:
        numbers = [float(part) for part in value if type(part) in (int, float) and abs(part) < _FAR]
        if len(numbers) == 3:
            return numbers
    raise ProtocolError(f"`{name}` is a list of three numbers.")


def _position(_envelope: dict[str, Any], data: dict[str, Any], _max_characters: int) -> PositionMessage:
    return PositionMessage(
        _vector(data.get("position"), "position"), _vector(data.get("velocity", [0.0, 0.0, 0.0]), "velocity")
    )


def _voice_signal(envelope: dict[str, Any], data: dict[str, Any], _max_characters: int) -> VoiceSignalMessage:
    kind = data.get("kind")
    if type(kind) is not str or kind not in SIGNAL_KINDS:
        raise ProtocolError("`kind` is `offer`, `answer` or `candidates`.")
    to = data.get("to")
    if type(to) is not str or not 0 < len(to) <= MAX_ID_CHARACTERS:
        raise ProtocolError("`to` is the id of a character.")
    sdp, candidates = data.get("sdp", ""), data.get("candidates", [])
    if type(sdp) is not str:
        raise ProtocolError("`sdp` is text.")
    if type(candidates) is not list or len(candidates) > MAX_CANDIDATES:
        raise ProtocolError(f"`candidates` is a list of at most {MAX_CANDIDATES} candidates.")
    signal = Signal(
        _whole(data.get("visit"), "visit"),
        CharacterId(to),
        _whole(data.get("to_visit"), "to_visit"),
        kind,
        sdp,
        tuple(map(_candidate, candidates)),
    )
    return VoiceSignalMessage(signal, _message_id(envelope, data))


def _whole(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ProtocolError(f"`{name}` is a whole number.")
    return value


def _candidate(value: Any) -> IceCandidateView:
    if type(value) is not dict or type(value.get("candidate")) is not str:
        raise ProtocolError("A candidate is an object with the text `candidate`.")
    mid, index, fragment = (value.get(name) for name in ("sdp_mid", "sdp_m_line_index", "username_fragment"))
    if not all(one is None or type(one) is str for one in (mid, fragment)):
        raise ProtocolError("`sdp_mid` and `username_fragment` are text.")
    return IceCandidateView(
        value["candidate"], mid, None if index is None else _whole(index, "sdp_m_line_index"), fragment
    )


_READERS: Final[dict[str, Callable[[dict[str, Any], dict[str, Any], int], ClientMessage]]] = {
    "command": _command,
    "game_command": _command,
    "chat": _chat,
    "ping": _ping,
    "pong": _pong,
    "position": _position,
    "voice_signal": _voice_signal,
}

"""JSON Schemas and the AsyncAPI document, derived from the catalogue of events.

Nothing here is needed to serve; generators and tests use it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, with_config

import mythgate
from mythgate.domain import events as catalogue
from mythgate.domain.events import CATALOGUE, Priority
from mythgate.domain.voice import MAX_CANDIDATES, SignalKind
from mythgate.wire.envelope.inbound import (
    MAX_ARGS,
    MAX_BATCH,
    MAX_COMMAND_CHARACTERS,
    MAX_ID_CHARACTERS,
    MAX_MESSAGE_BYTES,
)
from mythgate.wire.envelope.meanings import describe

REFERENCE: Final = "#/$defs/{model}"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

MessageId = Annotated[
    str | None,
    Field(min_length=1, max_length=MAX_ID_CHARACTERS, description="Names this message; repeating it has no effect."),
]
Channel = Literal[
    "say", "local", "room", "emote", "shout", "global", "whisper", "tell", "party", "faction", "lobby", "lobby_tell"
]
Visit = Annotated[int, Field(ge=0, lt=1 << 53)]
Vector = Annotated[list[float], Field(min_length=3, max_length=3)]


# --- what clients may send (read by `inbound`, described here) -------------------------------------


@with_config(ConfigDict(extra="allow"))
@dataclass
class Command:
    """A command in the flat form. Without `args`, `command` is a whole line: `say hello there`."""

    command: Annotated[str, Field(max_length=MAX_COMMAND_CHARACTERS)]
    """The command's first word, or the whole line if there are no `args`; may be shortened as in `help`."""
    args: Annotated[list[str] | None, Field(max_length=MAX_ARGS)] = None
    """What follows the word, one argument each. Null or left out: `command` is a whole line."""
    timestamp: str | float | None = None
    """When it was sent, by the client's clock: a number or a short text. Nothing depends on it."""
    message_id: MessageId = None


@dataclass
class ChatData:
    """Words for a channel. `target` names whom it is for, if it is for one person."""

    message: Annotated[str, Field(max_length=MAX_COMMAND_CHARACTERS)]
    """The words. The server may be set to take fewer characters, 512 as it comes."""
    channel: Channel = "say"
    """How far the words carry. `local` and `room` are `say`; `global` is `shout`; `tell` is `whisper`; `party`
    and `faction` are the speaker's own; `lobby` is the lobby one is in, `lobby_tell` one person in any."""
    target: Annotated[str | None, Field(min_length=1, max_length=MAX_ID_CHARACTERS)] = None
    """Name of the character a `whisper` or `tell` is for; name, or `#` and number, of whom a `lobby_tell` is for; null
    on other channels."""


@dataclass
class PingData:
    """Whatever `sent` holds comes back in the `pong`."""

    sent: str | float | None = None
    """Anything short, such as the time by the client's clock."""


@dataclass
class PositionData:
    """Where the player stands and how they move, in the client's own units."""

    position: Vector
    """x, y, z: finite numbers."""
    velocity: Vector = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """x, y, z per second."""


@dataclass
class TypedCommand:
    """A command in the typed form."""

    type: Literal["command", "game_command"]
    """Both mean the same."""
    data: Command
    """The command; its own `message_id` counts if there is none beside `type`."""
    message_id: MessageId = None


@dataclass
class ChatRequest:
    """Saying something without wording a command."""

    type: Literal["chat"]
    """What this is."""
    data: ChatData
    """What is said, and to whom."""
    message_id: MessageId = None


@dataclass
class Ping:
    """Measures the way to the server and back."""

    type: Literal["ping"]
    """What this is."""
    data: PingData = field(default_factory=PingData)
    """What comes back."""
    message_id: MessageId = None


@dataclass
class PongReply:
    """Answers a heartbeat. Not needed."""

    type: Literal["pong"]
    """What this is."""


@dataclass
class Position:
    """Passed on to the others in the room, the latest only."""

    type: Literal["position"]
    """What this is."""
    data: PositionData
    """Where and how fast."""


@dataclass
class VoiceSignalData:
    """What a client in one's voice channel needs to connect with one's own: `sdp` or `candidates`, as `kind` says."""

    visit: Visit
    """Your own, as `voice_ready` told it."""
    to: Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARACTERS)]
    """The other's character."""
    to_visit: Visit
    """The other's, as `voice_update` told it."""
    kind: SignalKind
    """What this is."""
    sdp: str = ""
    """The description, of an `offer` or `answer`."""
    candidates: Annotated[list[catalogue.IceCandidateView], Field(max_length=MAX_CANDIDATES)] = field(
        default_factory=list
    )
    """Ways to be reached, of `candidates`."""


@dataclass
class VoiceSignalRequest:
    """Passed on to one other client in the voice channel. Answered, with `error`, only if it is refused."""

    type: Literal["voice_signal"]
    """What this is."""
    data: VoiceSignalData
    """What, from whom, for whom."""
    message_id: MessageId = None


CLIENT_MESSAGES: Final[dict[str, type]] = {
    "command": Command,
    "typed_command": TypedCommand,
    "chat": ChatRequest,
    "ping": Ping,
    "pong": PongReply,
    "position": Position,
    "voice_signal": VoiceSignalRequest,
}


# --- schemas ---------------------------------------------------------------------------------------


def envelope_schema() -> dict[str, Any]:
    """The envelope; `data` depends on `event_type`."""
    text = {"type": "string"}
    return {
        "type": "object",
        "title": "Envelope",
        "description": "One numbered event.",
        "properties": {
            "sequence_number": {
                "type": "integer",
                "minimum": 0,
                "description": "1, 2, 3… without gaps for one session, over all its connections; 0 when a connection "
                "is refused before it has a session.",
            },
            "event_type": {"enum": sorted(CATALOGUE), "description": "What `data` holds."},
            "timestamp": {"type": "string", "format": "date-time", "description": "UTC, with `Z`."},
            "data": {"type": "object", "description": "See the catalogue."},
            "room_id": {**text, "description": "The room it happened in."},
            "player_id": {**text, "description": "Whom it is for, or whom it is about."},
            "priority": {
                "enum": [priority.name.lower() for priority in Priority if priority is not Priority.NORMAL],
                "description": "Left out when normal.",
            },
            "version": {"type": "integer", "description": "Version of what changed; rises by one with each change."},
            "message_id": {**text, "description": "The id of this message, where it has one."},
            "reply_to": {**text, "description": "The `message_id` of the client's message this answers."},
        },
        "required": ["sequence_number", "event_type", "timestamp", "data"],
        "additionalProperties": False,
    }


@cache
def _definitions() -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """Names of event definitions, names of client message definitions, and all definitions."""
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        *((kind, "serialization", TypeAdapter(payload)) for kind, payload in sorted(CATALOGUE.items())),
        *((kind, "validation", TypeAdapter(message)) for kind, message in CLIENT_MESSAGES.items()),
    ]
    roots, bundle = TypeAdapter.json_schemas(adapters, ref_template=REFERENCE)
    definitions: dict[str, Any] = dict(bundle.get("$defs", {}))
    events: dict[str, str] = {}
    messages: dict[str, str] = {}
    for (kind, mode), schema in roots.items():
        target = events if mode == "serialization" else messages
        target[kind] = schema["$ref"].rsplit("/", 1)[-1]
    for name in events.values():
        # On the wire every field of a payload is present; defaults only matter to who makes it.
        definitions[name]["required"] = list(definitions[name].get("properties", {}))
        definitions[name]["additionalProperties"] = False
    for module in (catalogue, sys.modules[__name__]):
        describe(definitions, module)
    return events, messages, definitions


def bundle() -> dict[str, Any]:
    """All definitions, with `x-events` and `x-client-messages` saying which of them stands for what."""
    events, messages, definitions = _definitions()
    return {
        "$schema": DIALECT,
        "title": "Mythgate messages",
        "$defs": {"Envelope": envelope_schema(), **definitions},
        "x-events": dict(events),
        "x-client-messages": dict(messages),
    }


def event_schema(event_type: str) -> dict[str, Any]:
    """A stand-alone schema of one whole event: envelope and `data`."""
    events, _, definitions = _definitions()
    schema = envelope_schema()
    schema["properties"]["event_type"] = {"const": event_type}
    schema["properties"]["data"] = {"$ref": REFERENCE.format(model=events[event_type])}
    return {"$schema": DIALECT, **schema, "$defs": definitions}


def _moved(node: Any) -> Any:
    """The same schema with its references pointing into an AsyncAPI document."""
    if isinstance(node, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(value)
            for key, value in node.items()
        }
    return [_moved(part) for part in node] if isinstance(node, list) else node


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of the WebSocket and of Server-Sent Events."""
    events, messages, definitions = _definitions()
    schemas = {"Envelope": envelope_schema(), **_moved(definitions)}
    components: dict[str, Any] = {}
    for kind, name in events.items():
        components[f"event.{kind}"] = {
            "name": kind,
            "title": name,
            "summary": _first_line(definitions[name]),
            "contentType": "application/json",
            "payload": {
                "allOf": [
                    {"$ref": "#/components/schemas/Envelope"},
                    {
                        "type": "object",
                        "properties": {
                            "event_type": {"const": kind},
                            "data": {"$ref": f"#/components/schemas/{name}"},
                        },
                    },
                ]
            },
        }
    for kind, name in messages.items():
        components[f"client.{kind}"] = {
            "name": kind,
            "title": name,
            "summary": _first_line(definitions[name]),
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
    from_server = {key.replace(".", "_"): key for key in components if key.startswith("event.")}
    from_client = {key.replace(".", "_"): key for key in components if key.startswith("client.")}

    def channel(address: str, description: str, names: dict[str, str], binding: dict[str, Any]) -> dict[str, Any]:
        return {
            "address": address,
            "description": description,
            "messages": {name: {"$ref": f"#/components/messages/{key}"} for name, key in names.items()},
            "bindings": binding,
        }

    def operation(action: str, channel_name: str, summary: str, names: dict[str, str]) -> dict[str, Any]:
        return {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel_name}"},
            "summary": summary,
            "messages": [{"$ref": f"#/channels/{channel_name}/messages/{name}"} for name in names],
        }

    session_id = {
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]{8,128}$",
        "description": "Names the play session; chosen by the client, used again to resume.",
    }
    query = {
        "type": "object",
        "properties": {
            "session_id": session_id,
            "character_id": {"type": "string", "description": "Who enters; without it the selected character."},
            "last_seq": {"type": "integer", "minimum": 0, "description": "Resume after this number."},
            "batch": {"const": "1", "description": "Frames may hold an array of envelopes."},
        },
    }
    headers = {
        "type": "object",
        "properties": {
            "Sec-WebSocket-Protocol": {
                "type": "string",
                "description": "`bearer, <access token>`, and `mythgate.msgpack` for MessagePack both ways.",
            }
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Mythgate realtime",
            "version": mythgate.__version__,
            "description": "Numbered events over WebSocket and Server-Sent Events. Every event of a session is "
            "numbered 1, 2, 3… over all its connections; reconnect with the same `session_id` and `last_seq` to get "
            f"exactly what followed, or a `reset`. Client messages: at most {MAX_MESSAGE_BYTES} bytes; "
            f"an array of at most {MAX_BATCH} of them is understood too.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "127.0.0.1:54731", "protocol": "ws"}},
        "channels": {
            "play": channel(
                "/api/ws",
                "One character's play session, both ways.",
                {**from_server, **from_client},
                {"ws": {"query": query, "headers": headers}},
            ),
            "events": channel(
                "/api/events",
                "The same events as Server-Sent Events; `id` is the sequence number, `Last-Event-ID` resumes.",
                from_server,
                {},
            ),
        },
        "operations": {
            "hear": operation("send", "play", "The server tells what happened.", from_server),
            "act": operation("receive", "play", "The client acts.", from_client),
            "follow": operation("send", "events", "The server tells what happened, read only.", from_server),
        },
        "components": {"schemas": schemas, "messages": components},
    }


def _first_line(definition: dict[str, Any]) -> str:
    return str(definition.get("description", "")).strip().partition("\n")[0]

"""`mythgate metaserver`: packets of the Bungie metaserver to JSON lines and back, for looking at captures."""

from __future__ import annotations

import json
import secrets
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from mythgate.cli.output import fail

if TYPE_CHECKING:
    from mythgate.wire.metaserver.crypto import Cipher
    from mythgate.wire.metaserver.framing import Frame
    from mythgate.wire.metaserver.layout import Family
    from mythgate.wire.metaserver.metaclient import FormRequest
    from mythgate.wire.metaserver.packets import Direction

Kind = TypeVar("Kind", bound=StrEnum)

app = typer.Typer(help="Packets of old clients to JSON lines and back.", no_args_is_help=True)

Source = Annotated[str, typer.Argument(help="File of JSON lines; `-` is standard input.")]

_PING: Final = "udp_ping"
_HTTP: Final = "https_login_request"
_MAX_PACKET_BYTES: Final = 4 * 1024 * 1024  # what Aleph One takes; nobody takes more


@app.command()
def decode(source: Source = "-") -> None:
    """Print what packets say: {"family","direction","hex"} to {"packet_type","name","fields"}, line by line.

    `family` is alephone, myth or myth2-1.8, `direction` c2s or s2c, `hex` a whole packet with its header, and
    `session_key` (hex) opens an encrypted one. Every line gets one line in answer, {"error"} if it cannot be decoded.

    Example:  echo '{"family":"alephone","direction":"c2s","hex":"dead00ca00000008"}' | mythgate metaserver decode
    """
    _convert(source, decoded)


@app.command()
def encode(source: Source = "-") -> None:
    """Make packets: {"family","direction","name" or "packet_type","fields"} to {"hex"}, line by line.

    With `session_key` the payload is encrypted; `random0` and `random1` choose the numbers in it that receivers
    ignore. Every line gets one line in answer, {"error"} if it cannot be encoded.

    Example:  echo '{"family":"myth","direction":"s2c","name":"keepalive","fields":{}}' | mythgate metaserver encode
    """
    _convert(source, encoded)


def _convert(source: str, convert: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
    from mythgate.domain.errors import ProtocolError

    for line in lines_of(source):
        try:
            asked = object_of(line)
            answer = convert(asked)
        except KeyError as error:
            answer = {"error": f"The line has no {error}."}
        except (ProtocolError, ValueError, TypeError, OverflowError, RecursionError, struct.error) as error:
            answer = {"error": str(error) or "The line cannot be understood."}
        # JSON is UTF-8 whatever the terminal speaks; what UTF-8 lacks, lone surrogates, JSON writes as \udXXX, too
        sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        sys.stdout.buffer.flush()


def object_of(line: str) -> dict[str, Any]:
    """The JSON object in a line. Raises ValueError, TypeError or RecursionError."""
    try:
        asked = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"The line is no JSON: {error.msg}, at character {error.colno}.") from None
    if not isinstance(asked, dict):
        raise TypeError("A line is a JSON object.")
    return asked


def lines_of(source: str) -> Iterator[str]:
    """The lines of a file, or of standard input."""

    def read(file: IO[bytes]) -> Iterator[str]:
        for line in file:
            yield line.decode("utf-8-sig", "replace")

    if source == "-":
        yield from read(sys.stdin.buffer)
        return
    try:
        with Path(source).open("rb") as file:
            yield from read(file)
    except OSError as error:
        fail(f"{source} cannot be read: {error.strerror}.")


def decoded(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a packet says. Raises ProtocolError, ValueError, TypeError or KeyError."""
    from mythgate.wire.metaserver import fields, metaclient, udp, web
    from mythgate.wire.metaserver.packets import SESSION_KEY
    from mythgate.wire.metaserver.packets import decode as decode_packet

    raw = _bytes(asked, "hex")
    direction = asked.get("direction", "")
    if direction == "udp":
        ping = udp.decode_ping(raw)
        crc = int.from_bytes(raw[2:4], "big")
        magic = raw[:2].decode("ascii")
        return _answer(None, _PING, {"magic": magic, "crc16": crc, "identifier": ping.identifier})
    if direction == "http":
        return _answer(None, _HTTP, _http_fields(metaclient.parse_request(raw)))
    if asked.get("family") == web.FAMILY:
        packet_type, payload = web.decode_frame(raw)
        told = web.decode(packet_type, payload)
        return _answer(packet_type, web.NAMES[packet_type], web.show(packet_type, told))
    packet_type, payload = _only_frame(raw)
    family, sender = _dialect(asked, packet_type)
    if asked.get("session_key") is not None and packet_type != SESSION_KEY:
        payload = _cipher(asked).open(payload)
    packet = decode_packet(family, sender, packet_type, payload)
    return _answer(packet_type, fields.name_of(family, sender, packet_type), fields.show(family, sender, packet))


def encoded(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The packet that says this. Raises ProtocolError, ValueError, TypeError or KeyError."""
    from mythgate.wire.metaserver import fields, metaclient, udp, web
    from mythgate.wire.metaserver.framing import frame
    from mythgate.wire.metaserver.packets import SESSION_KEY
    from mythgate.wire.metaserver.packets import encode as encode_packet

    values = asked.get("fields", {})
    if not isinstance(values, dict):
        raise TypeError("`fields` holds named values.")
    direction = asked.get("direction", "")
    if direction == "udp":
        return {"hex": udp.encode_ping(udp.Ping(values["identifier"], values.get("magic", "PQ") == "PQ")).hex()}
    if direction == "http":
        path = values.get("path", metaclient.LOGIN_PATH)
        request = metaclient.FormRequest(values.get("method", "POST"), path, _http_body(values))
        return {"hex": metaclient.write_request(request, values.get("host", "localhost")).hex()}
    named = None if asked.get("packet_type") is None else _number(asked, "packet_type")
    if asked.get("family") == web.FAMILY:
        packet_type = web.type_of(_string(asked, "name")) if named is None else named
        return {"hex": web.encode_frame(packet_type, web.take(packet_type, values)).hex()}
    packet_type = fields.type_of(_string(asked, "name")) if named is None else named
    family, sender = _dialect(asked, packet_type)
    payload = encode_packet(family, sender, fields.take(family, sender, packet_type, values))
    if asked.get("session_key") is not None and packet_type != SESSION_KEY:
        randoms = [_number(asked, name) if name in asked else secrets.randbits(32) for name in ("random0", "random1")]
        payload = _cipher(asked).seal(payload, *randoms)
    return {"hex": frame(packet_type, payload).hex()}


def _answer(packet_type: int | None, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"packet_type": packet_type, "name": name, "fields": fields}


def _only_frame(raw: bytes) -> Frame:
    from mythgate.domain.errors import ProtocolError
    from mythgate.wire.metaserver.framing import FrameDecoder

    decoder = FrameDecoder(_MAX_PACKET_BYTES)
    decoder.receive_data(raw)
    frame = decoder.next_frame()
    if frame is None:
        raise ProtocolError("The packet is not complete.", code="truncated_packet")
    if decoder.buffered:
        raise ProtocolError(f"{decoder.buffered} bytes follow the packet; one packet a line, please.")
    return frame


def _dialect(asked: Mapping[str, Any], packet_type: int) -> tuple[Family, Direction]:
    """Family and direction of a packet. `any` and `both` mean the strictest and the one that has such a packet."""
    from mythgate.wire.metaserver.layout import Family
    from mythgate.wire.metaserver.packets import Direction, layout_for

    named = _string({"family": "any", **asked}, "family")
    family = Family.ALEPHONE if named == "any" else _one_of(Family, "family", named)
    direction = _string({"direction": "any", **asked}, "direction")
    if direction not in {"any", "both"}:
        return family, _one_of(Direction, "direction", direction)
    to_server = layout_for(family, Direction.TO_SERVER, packet_type) is not None
    return family, Direction.TO_SERVER if to_server else Direction.TO_CLIENT


def _one_of(kinds: type[Kind], name: str, text: str) -> Kind:
    """Raises ValueError."""
    try:
        return kinds(text)
    except ValueError:
        raise ValueError(f"`{name}` is one of: {', '.join(kinds)}.") from None


def _cipher(asked: Mapping[str, Any]) -> Cipher:
    from mythgate.wire.metaserver.crypto import Cipher

    return Cipher(_bytes(asked, "session_key"))


def _string(asked: Mapping[str, Any], name: str) -> str:
    """The text under a name of the line. Raises KeyError or TypeError."""
    value = asked[name]
    if not isinstance(value, str):
        raise TypeError(f"`{name}` is a string.")
    return value


def _number(asked: Mapping[str, Any], name: str) -> int:
    """The integer under a name of the line. Raises KeyError or TypeError."""
    value = asked[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"`{name}` is an integer.")
    return value


def _bytes(asked: Mapping[str, Any], name: str) -> bytes:
    """The bytes under a name of the line. Raises KeyError, TypeError or ValueError."""
    try:
        return bytes.fromhex(_string(asked, name))
    except ValueError:
        raise ValueError(f"`{name}` is pairs of hexadecimal digits.") from None


def _http_fields(request: FormRequest) -> dict[str, Any]:
    from mythgate.wire.metaserver.metaclient import parse_form, salt_of

    fields: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "body": request.body.decode("latin-1"),
    }
    for name, value in parse_form(request.body).items():
        if name == "salt":
            fields["salt_hex"] = salt_of(value).hex()
        else:
            fields[name] = value.decode("utf-8", "backslashreplace")
    return fields


def _http_body(values: Mapping[str, Any]) -> bytes:
    from mythgate.wire.metaserver.metaclient import write_form

    if "body" in values:
        return str(values["body"]).encode("latin-1")
    form = {name: str(values[name]).encode() for name in ("username", "password", "email") if name in values}
    if "salt_hex" in values:
        form["salt"] = bytes.fromhex(values["salt_hex"]).partition(b"\0")[0]
    return write_form(form)

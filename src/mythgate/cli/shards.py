"""`mythgate shards`: messages of the Shards network, frames and JSON lines, for looking at captures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.metaserver import Source, lines_of, object_of

if TYPE_CHECKING:
    from mythgate.wire.shards.encryption import FrameCipher

app = typer.Typer(help="Messages of the Shards network to JSON lines and back.", no_args_is_help=True)

Phrase = Annotated[
    str | None, typer.Option("--phrase", help="Pass phrase of encrypted frames.", envvar="MYTHGATE_SHARDS_PHRASE")
]
Key = Annotated[str | None, typer.Option("--key", help="Fernet key of encrypted frames, instead of a phrase.")]

Iterations = Annotated[
    int, typer.Option("--iterations", min=1, help="Rounds in which the key is made of the phrase, beside 100,000.")
]


@app.command()
def decode(source: Source = "-", phrase: Phrase = None, key: Key = None, iterations: Iterations = 600_000) -> None:
    """Read frames, one a line, and print what they say: {"type","kind","fields"}, or {"error","failure"} if broken.

    A line that is no JSON is decrypted if a phrase or a key is given. `kind` is full or bare; `fields` is the message
    with all its fields as it would be written anew, and `encrypted` says whether it was.

    Example:  echo '{"type":"ping","version":"1.0.0","timestamp":1}' | mythgate shards decode
    """
    cipher = _cipher(phrase, key, iterations)
    _convert(source, lambda line: decoded(line, cipher))


@app.command()
def encode(source: Source = "-", phrase: Phrase = None, key: Key = None, iterations: Iterations = 100_000) -> None:
    """Make frames: {"type", …fields} to {"frame"}, line by line; encrypted if a phrase or a key is given.

    What is left out of the envelope gets its usual value.

    Example:  echo '{"type":"chat","sender_id":1,"sender_name":"a","content":"Hello"}' | mythgate shards encode
    """
    cipher = _cipher(phrase, key, iterations)
    _convert(source, lambda line: encoded(object_of(line), cipher))


def _convert(source: str, convert: Callable[[str], dict[str, Any]]) -> None:
    from mythgate.domain.errors import ProtocolError
    from mythgate.wire.shards.codec import BrokenMessage

    for line in lines_of(source):
        try:
            answer = convert(line.rstrip("\r\n"))
        except BrokenMessage as error:
            answer = {"error": str(error), "failure": error.failure.value, "fields": list(error.fields)}
        except (ProtocolError, ValueError, TypeError, RecursionError) as error:
            answer = {"error": str(error) or "The line cannot be understood."}
        sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        sys.stdout.buffer.flush()


def decoded(frame: str, cipher: FrameCipher | None = None) -> dict[str, Any]:
    """What a frame says. Raises ProtocolError."""
    from mythgate.wire.shards import codec

    encrypted = cipher is not None and not frame.lstrip().startswith(("{", "[", '"'))
    text = cipher.decrypt(frame) if cipher is not None and encrypted else frame
    message = codec.decode(text)
    kind = "bare" if message.is_bare else "full"
    fields = json.loads(codec.encode(message))
    return {"type": message.type, "kind": kind, "fields": fields} | ({"encrypted": True} if encrypted else {})


def encoded(fields: Mapping[str, Any], cipher: FrameCipher | None = None) -> dict[str, Any]:
    """The frame that says this. Raises ProtocolError."""
    from mythgate.wire.shards import codec

    text = codec.encode(codec.decode(json.dumps({"version": "1.0.0", **fields})))
    return {"frame": cipher.encrypt(text) if cipher is not None else text}


def _cipher(phrase: str | None, key: str | None, iterations: int) -> FrameCipher | None:
    from mythgate.cli.output import fail
    from mythgate.wire.shards.encryption import ITERATIONS, EncryptionMissing, FrameCipher

    try:
        if key:
            return FrameCipher(key)
        return FrameCipher.of_phrase(phrase, iterations, ITERATIONS) if phrase else None
    except EncryptionMissing as error:
        fail(str(error))
    except ValueError:
        fail("That is no Fernet key: it has 44 characters of URL-safe base64. For a pass phrase use --phrase.")

"""Text to messages and back, with the checks in the order the protocol has them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final

import orjson
from pydantic import ValidationError

from mythgate.domain.errors import ProtocolError
from mythgate.wire.shards.messages import CLASSES, VERSION, ErrorMessage, Message, MessageType

_ENVELOPE: Final = tuple(Message.model_fields)
MOST_ENTRIES: Final = 1000  # of a list or an object in a message; to look at each of a million costs seconds
_MOST_BLAMED: Final = 50  # fields that are named
_NAME_SHOWN: Final = 60  # characters


class Failure(StrEnum):
    """The check that a broken message fails; the first one decides."""

    JSON = "json"
    SHAPE = "shape"  # no object
    VERSION = "version"
    TYPE = "type"
    VALIDATION = "validation"


class BrokenMessage(ProtocolError):
    """A message that does not fit. `fields` are those to blame, inner ones with a dot: `position.x`."""

    def __init__(self, message: str, failure: Failure, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.failure = failure
        self.fields = fields


class ProtocolHandler:
    """A codec for some versions of the protocol, 1.0.0 unless told otherwise."""

    def __init__(self, supported_versions: Collection[str] = (VERSION,)) -> None:
        self.supported_versions = list(supported_versions)

    def is_version_compatible(self, version: str) -> bool:
        return version in self.supported_versions

    def serialize(self, message: Message) -> str:
        """The text of a message.

        Raises:
            ProtocolError: it holds what JSON cannot say.

        """
        if not isinstance(message, Message):
            raise ProtocolError("The message cannot be written: it is none.")
        try:
            return encode(message)
        except (ValueError, TypeError, RecursionError) as error:
            raise ProtocolError(f"The message cannot be written: {error}") from error

    def deserialize(self, text: str | bytes) -> Message:
        """The message in a text. Raises BrokenMessage, a ProtocolError."""
        return decode(text, versions=self.supported_versions)

    def validate_message(self, message: Message | Mapping[str, Any]) -> bool:
        """True if type and fields are right; the version may be any. Raises BrokenMessage."""
        fields = message.model_dump(by_alias=True) if isinstance(message, Message) else dict(message)
        _read(fields)
        return True

    def create_error_message(self, code: str, text: str, details: dict[str, Any] | None = None) -> ErrorMessage:
        return ErrorMessage(error_code=code, error_message=text, details=details)


def encode(message: Message) -> str:
    """The text of a message: all its fields in order, of a bare one those that were set. Raises ValueError."""
    fields = message.model_dump(by_alias=True, exclude_unset=message.is_bare)
    if message.is_bare:
        fields = {name: getattr(message, name) for name in _ENVELOPE} | {
            name: value for name, value in fields.items() if name not in _ENVELOPE
        }
    fields["type"] = str(fields["type"])
    fields["priority"] = int(fields["priority"])
    return json.dumps(fields, allow_nan=False)


def decode(text: str | bytes, *, versions: Collection[str] = (VERSION,)) -> Message:
    """The message in a text. Raises BrokenMessage; nothing else comes out."""
    try:
        fields = orjson.loads(text)
    except ValueError:  # orjson refuses text that is not UTF-8, too
        raise BrokenMessage("The message is not JSON.", Failure.JSON) from None
    if type(fields) is not dict:
        raise BrokenMessage("A message is an object.", Failure.SHAPE)
    version = fields.get("version")
    if not isinstance(version, str) or version not in versions:
        raise BrokenMessage(f"`version` must be {VERSION}.", Failure.VERSION)
    return _read(fields)


def _read(fields: Mapping[str, Any]) -> Message:
    kind = fields.get("type")
    if not kind:
        raise BrokenMessage("A message needs a `type`.", Failure.TYPE)
    try:
        model = CLASSES[MessageType(kind)]
    except ValueError:
        raise BrokenMessage("There is no such type of message.", Failure.TYPE) from None
    for name in model.model_fields:
        value = fields.get(name)
        if isinstance(value, (list, dict)) and len(value) > MOST_ENTRIES:
            problem = f"`{name}` has more than {MOST_ENTRIES} entries."
            raise BrokenMessage(problem, Failure.VALIDATION, (name,))
    try:
        return model(**fields)
    except ValidationError as error:
        if error.error_count() > _MOST_BLAMED:
            raise BrokenMessage("Most of it does not fit.", Failure.VALIDATION) from None
        named = dict.fromkeys(".".join(map(str, fault["loc"])) for fault in error.errors(include_url=False))
        shown = ", ".join(name[:_NAME_SHOWN] for name in named)
        raise BrokenMessage(f"These fields do not fit: {shown}.", Failure.VALIDATION, tuple(named)) from None


protocol: Final = ProtocolHandler()
"""The codec for the one version there is."""

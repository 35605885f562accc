"""Typed values out of what the server sends: a dataclass's fields by name, whatever else is there left out.

So a client goes on when a newer server tells more than it knows of.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar, cast, get_args, get_origin, get_type_hints

from mythgate.domain.errors import ProtocolError

T = TypeVar("T")
Reader = Callable[[Any], Any]

_MADE_OF: Final[Mapping[Any, tuple[type, ...]]] = {str: (str,), int: (int,), bool: (bool,), float: (float, int)}


def read(kind: type[T], data: Any) -> T:
    """A value of the dataclass `kind` out of decoded JSON.

    Raises:
        ProtocolError: a field is missing that has no default, or is something else than it should be.

    """
    if not isinstance(data, dict):
        raise ProtocolError(f"{kind.__name__} is an object.")
    given: dict[str, Any] = {}
    for name, reader, required in _fields(kind):  # type: ignore[arg-type]  # a class is hashable
        if name in data:
            try:
                given[name] = reader(data[name])
            except (TypeError, ValueError) as error:
                raise ProtocolError(f"{kind.__name__}.{name}: {error}") from error
        elif required:
            raise ProtocolError(f"{kind.__name__}.{name} is missing.")
    return kind(**given)


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Reader, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (
            one.name,
            _reader(hints[one.name]),
            one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING,
        )
        for one in dataclasses.fields(kind)
    )


def _reader(hint: Any) -> Reader:
    if dataclasses.is_dataclass(hint):
        return lambda value: read(hint, value)  # type: ignore[arg-type]  # a class, not a value of one
    if hint is datetime:
        return datetime.fromisoformat
    if hint in _MADE_OF:
        return lambda value: _checked(value, _MADE_OF[hint])
    origin, inner = get_origin(hint), get_args(hint)
    if origin is list:
        one = _reader(inner[0])
        return lambda value: [one(entry) for entry in _checked(value, (list,))]
    if origin is dict:
        entry = _reader(inner[1])
        return lambda value: {key: entry(held) for key, held in _checked(value, (dict,)).items()}
    if origin is types.UnionType and inner[1:] == (types.NoneType,):
        some = _reader(inner[0])
        return lambda value: None if value is None else some(value)
    return lambda value: value  # closed choices of text: what a newer server adds is handed on


def is_finite(value: object) -> bool:
    """Whether this is a number that can be sent."""
    return type(value) in (int, float) and abs(cast("float", value)) <= sys.float_info.max


def _checked(value: Any, allowed: tuple[type, ...]) -> Any:
    if type(value) not in allowed:
        msg = f"{type(value).__name__} instead of {allowed[0].__name__}"
        raise TypeError(msg)
    return value

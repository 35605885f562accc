"""Every setting with its value, where it comes from and what it means; for the command line and the console.

A part of the composition root: nothing else knows settings.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Container, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr

from mythgate.config import PREFIX, Settings, config_file


class Row(NamedTuple):
    """One setting; secrets are masked."""

    name: str  # dotted
    value: Any
    origin: str
    description: str


def variable_of(name: str) -> str:
    """The environment variable that sets a dotted name."""
    return PREFIX + name.replace(".", "__").upper()


def setting_rows(settings: Settings, *, flags: Container[str] = ()) -> Iterator[Row]:
    """Every setting. `flags` are the dotted names of those that were given as flags."""
    file = config_file()
    in_file = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    yield from _rows(settings, (), in_file, str(file), flags)


def _rows(section: BaseModel, path: tuple[str, ...], in_file: Any, file: str, flags: Container[str]) -> Iterator[Row]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        here = (*path, name)
        from_file = in_file.get(name) if isinstance(in_file, dict) else None
        if isinstance(value, BaseModel):
            yield from _rows(value, here, from_file or {}, file, flags)
            continue
        dotted = ".".join(here)
        variable = variable_of(dotted)
        if dotted in flags:
            origin = "flag"
        elif variable in {key.upper() for key in os.environ}:
            origin = variable
        elif from_file is not None:
            origin = file
        elif value != field.get_default(call_default_factory=True):
            origin = "flag"
        else:
            origin = "default"
        yield Row(dotted, _masked(value), origin, field.description or "")


def _masked(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    return value


def plain_value(value: Any) -> Any:
    """As JSON knows it: durations are seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    if isinstance(value, BaseModel):
        return {name: plain_value(_masked(getattr(value, name))) for name in type(value).model_fields}
    return value

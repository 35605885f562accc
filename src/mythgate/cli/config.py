"""`mythgate config`: what the settings are, where each comes from, whether they fit together."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import tomllib
from collections.abc import Container, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import BaseModel, SecretStr

from mythgate.cli.output import (
    DataDir,
    Json,
    aligned,
    fail,
    origin,
    print_json,
    print_table,
    settings_or_exit,
    size_text,
    span_text,
    warn_of_ignored_variables,
)
from mythgate.config import Settings, config_file, unknown_variables

app = typer.Typer(help="Show and check the settings.", no_args_is_help=True)


class Row(NamedTuple):
    """One setting; secrets are masked."""

    name: str  # dotted
    value: Any
    origin: str
    description: str


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
        dotted, variable = ".".join(here), "MYTHGATE_" + "__".join(here).upper()
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


def _plain(value: Any) -> Any:
    """As JSON knows it: durations are seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, BaseModel):
        return {name: _plain(_masked(getattr(value, name))) for name in type(value).model_fields}
    return value


def _text(row: Row) -> str:
    """The value for people, with its unit unless the name says it."""
    value = row.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return span_text(value)
    if isinstance(value, int) and row.name.endswith("_bytes"):
        return size_text(value)
    if isinstance(value, list):
        if any(isinstance(entry, BaseModel) for entry in value):
            return f"{len(value)} of them (see --json)"
        return ", ".join(map(str, value)) or "-"
    return "-" if value in ("", None) else f"{value:g}" if isinstance(value, float) else str(value)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Only settings whose name contains this, e.g. 'http'.")] = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List every setting with its value and its origin. In JSON, durations are seconds and sizes bytes.

    Example:  mythgate config show realtime
    """
    settings = settings_or_exit(data_dir=data_dir)
    rows = [row for row in setting_rows(settings, flags={"data_dir"} if data_dir else ()) if name in row.name]
    warn_of_ignored_variables()
    if not rows:
        fail(f"No setting's name contains {name!r}.", "`mythgate config show` lists all.")
    if json:
        print_json([row._asdict() | {"value": _plain(row.value)} for row in rows])
        return
    columns = ("setting", "value", "from", "meaning")
    cells = [(row.name, _text(row), row.origin, row.description) for row in rows]
    if sys.stdout.isatty():
        print_settings(columns, cells, shutil.get_terminal_size().columns)
    else:
        print_table(columns, cells, empty="")


def print_settings(columns: tuple[str, ...], rows: list[tuple[str, str, str, str]], width: int) -> None:
    """Names, values and origins stay whole; where the meaning does not fit beside them, it stands below."""
    lines = aligned([columns, *rows])
    if max(map(len, lines)) > width:
        lines = aligned([columns[:-1], *(row[:-1] for row in rows)])
        for number, row in reversed(list(enumerate(rows, start=1))):
            lines[number + 1 : number + 1] = textwrap.wrap(
                row[-1], width, initial_indent="    ", subsequent_indent="    "
            )
    print("\n".join(lines))


@app.command()
def check(data_dir: DataDir = None, json: Json = False) -> None:
    """Check the settings and the world packs they name; exit code 3 if something does not fit.

    Example:  MYTHGATE_HTTP__PORT=8000 mythgate config check
    """
    from mythgate.bootstrap import CannotStart, lobby_problems, world_problems

    settings = settings_or_exit(data_dir=data_dir)
    problems, warnings = world_problems(settings), unknown_variables()
    try:
        problems += [
            f"{origin(where)}{'.'.join(map(str, where))}: {words}" for where, words in lobby_problems(settings)
        ]
    except CannotStart as error:
        problems.append(error.message)
    if json:
        print_json({"ok": not problems, "problems": problems, "warnings": warnings})
    else:
        warn_of_ignored_variables()
        print("\n".join(problems) or "The settings fit.")
    if problems:
        raise typer.Exit(3)

"""`mythgate config`: what the settings are, where each comes from, whether they fit together."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, SecretStr

from mythgate.cli.output import Json, fail, print_json, print_table, settings_or_exit
from mythgate.config import CONFIG_FILE_VARIABLE, Settings, unknown_variables

app = typer.Typer(help="Show and check the settings.", no_args_is_help=True)


def setting_rows(settings: Settings) -> Iterator[tuple[str, Any, str, str]]:
    """(dotted name, value, origin, description) of every setting; secrets are masked."""
    file = Path(os.environ.get(CONFIG_FILE_VARIABLE, "mythgate.toml"))
    in_file = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    yield from _rows(settings, (), in_file, str(file))


def _rows(section: BaseModel, path: tuple[str, ...], in_file: Any, file: str) -> Iterator[tuple[str, Any, str, str]]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        here = (*path, name)
        from_file = in_file.get(name) if isinstance(in_file, dict) else None
        if isinstance(value, BaseModel):
            yield from _rows(value, here, from_file or {}, file)
            continue
        variable = "MYTHGATE_" + "__".join(here).upper()
        if variable in {key.upper() for key in os.environ}:
            origin = variable
        elif from_file is not None:
            origin = file
        elif value != field.get_default(call_default_factory=True):
            origin = "flag"
        else:
            origin = "default"
        yield ".".join(here), _plain(value), origin, field.description or ""


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Only settings whose name contains this, e.g. 'http'.")] = "",
    json: Json = False,
) -> None:
    """List every setting with its value and its origin. Durations are in seconds.

    Example:  mythgate config show realtime
    """
    rows = [row for row in setting_rows(settings_or_exit()) if name in row[0]]
    if not rows:
        fail(f"No setting's name contains {name!r}.", "`mythgate config show` lists all.")
    if json:
        print_json([dict(zip(("name", "value", "origin", "description"), row, strict=True)) for row in rows])
        return
    print_table(
        ("setting", "value", "from", "meaning"),
        ((row[0], _shown(row[1]), row[2], row[3]) for row in rows),
        empty="",
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in ("", None, []) else f"{value:g}" if isinstance(value, float) else str(value)


@app.command()
def check(json: Json = False) -> None:
    """Check the settings and the world packs they name; exit code 3 if something does not fit.

    Example:  MYTHGATE_HTTP__PORT=8000 mythgate config check
    """
    from mythgate.bootstrap import world_problems

    settings = settings_or_exit()
    problems, warnings = world_problems(settings), unknown_variables()
    if json:
        print_json({"ok": not problems, "problems": problems, "warnings": warnings})
    else:
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        print("\n".join(problems) or "The settings fit.")
    if problems:
        raise typer.Exit(3)

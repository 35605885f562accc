"""What all commands share: how they speak, as text for people and as JSON for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, NoReturn

import typer

from mythgate.config import Settings, load
from mythgate.domain.errors import MythError, Refused

EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 3

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="DIR", help="Folder with the database; default: the settings'.")
]


def settings_or_exit(**flags: Any) -> Settings:
    """The settings in force; ends the program with a readable list of what does not fit."""
    import pydantic

    try:
        return load(**flags)
    except pydantic.ValidationError as error:
        print("The settings do not fit:", file=sys.stderr)
        for problem in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in problem["loc"]) or "settings"
            print(f"  {where}: {problem['msg']}", file=sys.stderr)
        print("`mythgate config show` lists every setting and where it comes from.", file=sys.stderr)
    except (OSError, ValueError) as error:
        print(f"The settings cannot be read: {error}", file=sys.stderr)
    raise typer.Exit(EXIT_SETTINGS)


def fail(message: str, hint: str = "") -> NoReturn:
    """End the program because something was refused or failed."""
    print(message, file=sys.stderr)
    if hint:
        print(hint, file=sys.stderr)
    raise typer.Exit(EXIT_FAILED)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the rules refuse into a message and exit code 1."""
    try:
        yield
    except Refused as refused:
        fail(refused.message, refused.hint)
    except MythError as error:
        fail(str(error), getattr(error, "hint", ""))
    except OSError as error:
        fail(f"This file or folder cannot be used: {error}")


def print_json(value: Any) -> None:
    """JSON on standard output, dates as ISO 8601."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """A plain table; `empty` is said instead when there is no row."""
    from rich.console import Console
    from rich.table import Table

    rows = list(rows)
    if not rows:
        print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)

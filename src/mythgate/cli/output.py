"""What all commands share: how they speak, as text for people and as JSON for scripts."""

from __future__ import annotations

import itertools
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from mythgate.domain.errors import MythError, Refused

if TYPE_CHECKING:
    from mythgate.config import Settings

EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 3

MAKE_TARGET: Final = "MAKE_TARGET"
"""Variable in which `make serve` and `make play` say that they called, so that hints can be followed with make."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="DIR", help="Folder with the database; default: the settings'.")
]


def settings_or_exit(**flags: Any) -> Settings:
    """The settings in force; ends the program with a readable list of what does not fit."""
    import pydantic

    from mythgate.config import config_file, load

    try:
        return load(**flags)
    except pydantic.ValidationError as error:
        print("The settings do not fit:", file=sys.stderr)
        for problem in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in problem["loc"]) or "settings"
            is_unknown = problem["type"] == "extra_forbidden"
            words = "there is no such setting" if is_unknown else problem["msg"].removeprefix("Value error, ")
            print(f"  {origin(problem['loc'])}{where}: {words}", file=sys.stderr)
        _hint("`mythgate config show` lists every setting and where it comes from.")
    except (OSError, ValueError) as error:
        print(f"The settings cannot be read: {config_file()}: {error}", file=sys.stderr)
    raise typer.Exit(EXIT_SETTINGS)


def origin(setting: Sequence[str | int]) -> str:
    """Where a setting that does not fit was made: `mythgate.toml:7: `, or `MYTHGATE_HTTP__PORT: `, or nothing."""
    from mythgate.cli.tomlplaces import line_of
    from mythgate.config import PREFIX, config_file

    names = list(itertools.takewhile(lambda part: isinstance(part, str), setting))
    for length in range(len(names), 0, -1):
        variable = PREFIX + "__".join(map(str, names[:length])).upper()
        if variable in {name.upper() for name in os.environ}:
            return f"{variable}: "
    try:
        line = line_of(config_file().read_text("utf-8"), setting)
    except (OSError, UnicodeDecodeError):
        return ""
    return f"{config_file()}:{line}: " if line is not None else ""


def warn_of_ignored_variables() -> None:
    """Tell on standard error which `MYTHGATE_…` variables set nothing."""
    from mythgate.config import unknown_variables

    for warning in unknown_variables():
        print(f"warning: {warning}", file=sys.stderr)


def fail(message: str, hint: str = "") -> NoReturn:
    """End the program because something was refused or failed."""
    print(message, file=sys.stderr)
    if hint:
        _hint(hint)
    raise typer.Exit(EXIT_FAILED)


def _hint(text: str) -> None:
    """What to do; where make called, also how to do it from there."""
    print(text, file=sys.stderr)
    target = os.environ.get(MAKE_TARGET)
    if target and " --" in text and "make " not in text:
        print(f'Options of `make {target}` stand in ARGS: make {target} ARGS="--help" lists them.', file=sys.stderr)
    if target and "`mythgate " in text:
        print("`mythgate` is .venv/bin/mythgate here.", file=sys.stderr)


def typed(command: str, *words: str) -> str:
    """What to type for `mythgate COMMAND WORDS`, where it was make that called: the same through make.

    Only for commands that make has a target for.
    """
    rest = shlex.join(words)
    if os.environ.get(MAKE_TARGET):
        return f'make {command} ARGS="{rest}"' if rest else f"make {command}"
    return f"mythgate {command} {rest}".rstrip()


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


def as_json(value: Any) -> bytes:
    """JSON for people and scripts, dates as ISO 8601."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n"


def print_json(value: Any) -> None:
    """JSON on standard output."""
    sys.stdout.write(as_json(value).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """A plain table; `empty` is said instead when there is no row.

    What stands in the first column is never broken. Piped, a row is a line, however long.
    """
    rows = list(rows)
    if not rows:
        print(empty)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, column in enumerate(columns):
            table.add_column(column, overflow="fold", no_wrap=number == 0)
        for row in rows:
            table.add_row(*row)
        Console(highlight=False, markup=False).print(table)
    else:
        print("\n".join(aligned([columns, *rows])))


_WIDEST_CELL: Final = 50  # what is wider pushes the rest of its own line aside, not that of all


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, their cells below each other."""
    from rich.cells import cell_len

    widths = [
        max((width for width in map(cell_len, column) if width <= _WIDEST_CELL), default=_WIDEST_CELL)
        for column in zip(*rows, strict=True)
    ]
    return [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


_SPANS: Final = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("min", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
    ("ms", timedelta(milliseconds=1)),
)


def span_text(span: timedelta) -> str:
    """A duration as people write it: `14 d`, `1 h 30 min`, `20 ms`. Less than a millisecond is left out."""
    words = []
    for unit, length in _SPANS:
        count, span = divmod(span, length)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words) or "0 s"


def size_text(count: int) -> str:
    """Bytes in the largest unit that leaves a whole number: `64 KiB`, `1000 bytes`."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count and count % size == 0:
            return f"{count // size} {unit}"
    return f"{count} bytes"

"""`mythgate config`: what the settings are, where each comes from, whether they fit together."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import on_services, require_folder
from mythgate.cli.output import (
    DataDir,
    Json,
    aligned,
    fail,
    origin,
    print_json,
    print_table,
    settings_or_exit,
    warn_of_ignored_variables,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mythgate.services.all import Services
    from mythgate.services.settings import Setting

app = typer.Typer(help="Show and check the settings, and change some while the server runs.", no_args_is_help=True)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Only settings whose name contains this, e.g. 'http'.")] = "",
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List every setting with its value and its origin. In JSON, durations are seconds and sizes bytes.

    Example:  mythgate config show realtime
    """
    from mythgate.cli.settingrows import plain_value, setting_rows, text_value

    settings = settings_or_exit(data_dir=data_dir)
    rows = [row for row in setting_rows(settings, flags={"data_dir"} if data_dir else ()) if name in row.name]
    warn_of_ignored_variables()
    if not rows:
        fail(f"No setting's name contains {name!r}.", "`mythgate config show` lists all.")
    if json:
        print_json([row._asdict() | {"value": plain_value(row.value)} for row in rows])
        return
    columns = ("setting", "value", "from", "meaning")
    cells = [(row.name, text_value(row), row.origin, row.description) for row in rows]
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
    from mythgate.config import unknown_variables

    settings = settings_or_exit(data_dir=data_dir)
    problems, warnings = world_problems(settings), unknown_variables()
    try:
        problems += [
            f"{origin(where)}{'.'.join(map(str, where))}: {words}" for where, words in lobby_problems(settings)
        ]
    except CannotStart as error:
        problems.append("\n".join(filter(None, (error.message, error.hint))))
    if json:
        print_json({"ok": not problems, "problems": problems, "warnings": warnings})
    else:
        warn_of_ignored_variables()
        print("\n".join(problems) or "The settings fit.")
    if problems:
        raise typer.Exit(3)


@app.command("set")
def change(
    name: Annotated[str, typer.Argument(help="Of the setting, e.g. limits.chat_characters.")],
    value: Annotated[str, typer.Argument(help="What it is to be.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Change a setting at once and for good, also while the server runs. `config show` says what a setting is for.

    Not all can be: ports, say, are read at the start. Example:  mythgate config set sessions.registration closed
    """
    _print_changed(_changed(data_dir, name, value), json=json)


@app.command()
def unset(
    name: Annotated[str, typer.Argument(help="Of the setting.")], data_dir: DataDir = None, json: Json = False
) -> None:
    """Take back what `config set` changed: the setting is as file and environment say.

    Example:  mythgate config unset sessions.registration
    """
    _print_changed(_changed(data_dir, name, None), json=json)


def _changed(data_dir: str | None, name: str, value: str | None) -> dict[str, Any]:
    """The setting as it is now. A running server is asked: it knows its own environment."""
    from mythgate.cli.running import ask

    require_folder(data_dir)
    settings = settings_or_exit(data_dir=data_dir)
    told = ask(settings, "/api/admin/settings", method="PATCH", body={"settings": {name: value}})
    if told is not None:
        row: dict[str, Any] = told["settings"][0]
        return row

    async def work(services: Services) -> Sequence[Setting]:
        from mythgate.domain.sessions import OPERATOR

        return await services.settings.change(OPERATOR, {name: value})

    found = on_services(data_dir, work)[0]
    return {"name": found.name, "value": found.value, "origin": found.origin}


def _print_changed(row: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(row)
    else:
        print(f"{row['name']} is {row['value']} ({row['origin']}).")

"""`mythgate migrate`: the schema of the database."""

from __future__ import annotations

from typing import Annotated

import typer

from mythgate.cli.offline import require_folder
from mythgate.cli.output import DataDir, Json, fail, print_json, refusals, settings_or_exit

app = typer.Typer(help="Show and change the schema of the database.", no_args_is_help=True)


@app.command()
def status(data_dir: DataDir = None, json: Json = False) -> None:
    """Tell which schema the database has and which one this version needs.

    Example:  mythgate migrate status --json
    """
    from mythgate.backends.sql import migrate

    require_folder(data_dir)
    url = settings_or_exit(data_dir=data_dir).database_location
    with refusals():
        current = migrate.current_revision(url)
    head = migrate.head_revision()
    if json:
        print_json({"current": current, "head": head, "pending": current != head})
    elif current == head:
        print(f"The database is up to date ({head}).")
    else:
        print(f"The database {_where(url)} is at {current or 'nothing (empty)'}; this version needs {head}.")
        print("Run `mythgate migrate up`; `mythgate serve` does it by itself.")


@app.command()
def up(data_dir: DataDir = None) -> None:
    """Bring the database to the schema this version needs.

    Example:  mythgate migrate up
    """
    from mythgate.backends.sql import migrate

    settings = settings_or_exit(data_dir=data_dir)
    with refusals():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        migrate.upgrade(settings.database_location)
    print(f"The database is at {migrate.head_revision()}.")


@app.command()
def down(
    revision: Annotated[str, typer.Argument(help="Revision to go back to, or 'base' for an empty database.")],
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take schema changes back. Data that only the newer schema holds is lost.

    Example:  mythgate migrate down base --yes
    """
    from mythgate.backends.sql import migrate

    require_folder(data_dir)
    url = settings_or_exit(data_dir=data_dir).database_location
    with refusals():
        if migrate.current_revision(url) is None:
            fail(f"There is nothing to take back: no database {_where(url)}.")
    if not yes:
        typer.confirm(f"Go back to {revision}? Data of newer tables will be lost.", abort=True)
    with refusals():
        migrate.downgrade(url, revision)
    print(f"The database is at {migrate.current_revision(url) or 'nothing (empty)'}.")


def _where(url: str) -> str:
    from mythgate.backends.sql.urls import sqlite_file

    file = sqlite_file(url)
    return f"in {file.resolve().parent}" if file is not None else "on PostgreSQL"

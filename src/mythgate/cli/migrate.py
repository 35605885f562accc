"""`mythgate migrate`: the schema of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mythgate.cli.backup import place_of, progress_bar, record
from mythgate.cli.offline import require_folder
from mythgate.cli.output import DataDir, Json, fail, print_json, refusals, settings_or_exit

if TYPE_CHECKING:
    from mythgate.config import Settings
    from mythgate.domain.moderation import AuditEntry

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


NoBackup = Annotated[
    bool, typer.Option("--no-backup", help="Make no backup first. If it goes wrong, nothing brings the data back.")
]


@app.command()
def up(data_dir: DataDir = None, no_backup: NoBackup = False, json: Json = False) -> None:
    """Bring the database to the schema this version needs, after a backup.

    Example:  mythgate migrate up
    """
    from mythgate.backends.sql import migrate

    settings = settings_or_exit(data_dir=data_dir)
    url = settings.database_location
    with refusals():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _require_finished(settings)
        before = migrate.current_revision(url)
        is_older = before is not None and before != migrate.head_revision()
        saved = _back_up(settings, json=json) if is_older and not no_backup else None
        migrate.upgrade(url)
    head = migrate.head_revision()
    if is_older:
        record(settings, _migrated(before, head, saved))
    if json:
        print_json({"before": before, "after": head, "backup": str(saved) if saved is not None else None})
        return
    print(f"The database is at {head}.")
    if saved is not None:
        print("To go back: mythgate migrate back")


@app.command()
def down(
    revision: Annotated[str, typer.Argument(help="Revision to go back to, or 'base' for an empty database.")],
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    no_backup: NoBackup = False,
    json: Json = False,
) -> None:
    """Take schema changes back, after a backup. Data that only the newer schema holds is lost, but in the backup.

    Example:  mythgate migrate down 0006 --yes
    """
    from mythgate.backends.sql import migrate

    require_folder(data_dir)
    settings = settings_or_exit(data_dir=data_dir)
    url = settings.database_location
    with refusals():
        _require_finished(settings)
        before = migrate.current_revision(url)
        if before is None:
            fail(f"There is nothing to take back: no database {_where(url)}.")
    if not yes:
        typer.confirm(f"Go back to {revision}? Data of newer tables will be lost.", abort=True)
    with refusals():
        saved = _back_up(settings, json=json) if not no_backup else None
        migrate.downgrade(url, revision)
    _tell_where(url, before, saved, json=json)


@app.command()
def back(
    data_dir: DataDir = None,
    as_it_was: Annotated[
        bool, typer.Option("--as-it-was", help="Restore the backup from before: what was saved since is lost.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    no_backup: NoBackup = False,
    json: Json = False,
) -> None:
    """Undo the last `migrate up`, so that the version before can be used again. Stop the server first.

    The schema goes back to what it was; what people did since stays, as far as the older schema can hold it. With
    --as-it-was everything becomes as it was when the backup before the migration was made.

    Example:  mythgate migrate back --yes
    """
    from mythgate.backends import backups, folderlock
    from mythgate.backends.sql import migrate
    from mythgate.backends.sql.backupfile import read_manifest
    from mythgate.domain.backups import Reason

    require_folder(data_dir)
    settings = settings_or_exit(data_dir=data_dir)
    url, folder = settings.database_location, settings.backup_folder
    with refusals():
        current = migrate.current_revision(url)
        made = (one for one in backups.files_in(folder) if one.reason is Reason.BEFORE_MIGRATION)
        known = ((folder / one.name, read_manifest(folder / one.name).backup) for one in made)
        found = next(((path, one) for path, one in known if current and one.revision < current), None)
    if current is None or found is None:
        fail(
            "There is no backup from before a migration to go back to.",
            "`mythgate migrate down REVISION` goes back without; `mythgate migrate status` names revisions.",
        )
    path, backup = found
    if not yes:
        what = "What was saved since is lost." if as_it_was else "Data that only the newer schema holds is lost."
        typer.confirm(f"Go back from {current} to {backup.revision}? {what}", abort=True)
    with refusals():
        if as_it_was:
            done = backups.restore(place_of(settings), path, folder=folder, replaces=True, upgrade=False)
            saved = done.safety
        else:
            try:
                with folderlock.hold(settings.data_dir):
                    saved = _back_up(settings, json=json) if not no_backup else None
                    migrate.downgrade(url, backup.revision)
            except folderlock.FolderInUse as error:
                raise backups.FolderBusy(settings.data_dir, error.pid) from error
    _tell_where(url, current, saved, json=json)
    if not json:
        print(
            f"Now start the version that needs it: Mythgate {backup.version}, or one that came before the newer schema."
        )


def _back_up(settings: Settings, *, json: bool) -> Path:
    from mythgate.backends.backups import make_in
    from mythgate.domain.backups import Reason

    with progress_bar(quiet=json) as progress:
        path, _ = make_in(place_of(settings), settings.backup_folder, Reason.BEFORE_MIGRATION, progress=progress)
    if not json:
        print(f"Backup: {path}")
    return path


def _require_finished(settings: Settings) -> None:
    from mythgate.backends.backups import unfinished

    source = unfinished(settings.data_dir)
    if source:
        fail(f"The restore of {source} did not come to its end.", f"Run it again: `mythgate restore {source} --yes`")


def _migrated(before: str | None, after: str, saved: Path | None) -> AuditEntry:
    from mythgate.domain.moderation import AuditEntry

    detail = {"before": before or "", "after": after, "backup": saved.name if saved is not None else "none"}
    return AuditEntry(datetime.now(UTC), "cli", "database.migrated", "database", detail)


def _tell_where(url: str, before: str | None, saved: Path | None, *, json: bool) -> None:
    from mythgate.backends.sql import migrate

    with refusals():
        after = migrate.current_revision(url)
    if json:
        print_json({"before": before, "after": after, "backup": str(saved) if saved is not None else None})
    else:
        print(f"The database is at {after or 'nothing (empty)'}.")


def _where(url: str) -> str:
    from mythgate.backends.sql.urls import sqlite_file

    file = sqlite_file(url)
    return f"in {file.resolve().parent}" if file is not None else "on PostgreSQL"

"""`mythgate backup` and `mythgate restore`: everything a server keeps, in one file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import require_folder
from mythgate.cli.output import (
    EXIT_FAILED,
    DataDir,
    Json,
    fail,
    print_json,
    print_table,
    refusals,
    settings_or_exit,
    span_text,
)
from mythgate.domain.backups import Backup, BackupFile, Progress, Reason, read_file_name, read_keep, superfluous
from mythgate.domain.errors import MythError

if TYPE_CHECKING:
    from mythgate.backends.backups import Place
    from mythgate.config import Settings
    from mythgate.domain.moderation import AuditEntry

app = typer.Typer(help="Make, check, list and throw away backups.", no_args_is_help=True)

BackupArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A backup; its name is enough in the folder for them.")
]


@app.command()
def create(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: the folder for backups.")
    ] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Back everything up, whether the server runs or not.

    The backup holds what was saved before one instant and nothing of what was saved later. Whoever plays notices
    nothing. It holds password hashes and what people wrote: keep it where nobody else reads it.

    Examples:  mythgate backup create   ·   mythgate backup create --output /mnt/other/mythgate.zip
    """
    from mythgate.backends.backups import make, make_in

    settings, place = _place(data_dir)
    if output is not None and output.exists():
        _require_backup(output)
    with refusals(), progress_bar(quiet=json) as progress:
        if output is None:
            path, made = make_in(place, settings.backup_folder, Reason.ASKED, progress=progress)
        else:
            path, made = output, make(place, output, Reason.ASKED, progress=progress)
    from mythgate.services.backups import made_entry

    record(settings, made_entry(datetime.now(UTC), "cli", path.name, made))
    if json:
        print_json({"file": str(path.resolve()), **described(made)})
        return
    print(f"{path}: {_size(made.size)}, {sum(made.tables.values()):,} rows, {made.films} recordings of games.")
    print(f"It holds everything that was saved before {_moment(made.taken_at)}.")
    _tell_missing(made)


@app.command("list")
def list_backups(data_dir: DataDir = None, json: Json = False) -> None:
    """List the backups in the folder for backups, the newest first.

    Example:  mythgate backup list --json
    """
    from mythgate.backends.backups import files_in

    settings = settings_or_exit(data_dir=data_dir)
    require_folder(data_dir)
    with refusals():
        found = files_in(settings.backup_folder)
    if json:
        print_json([_listed(settings, one) for one in found])
        return
    rows = ((one.name, _moment(one.taken_at), _size(one.size), one.reason.value) for one in found)
    print_table(("backup", "taken", "size", "why"), rows, empty=f"There is no backup in {settings.backup_folder}.")
    every = settings.backups.every
    how = f"every {span_text(every)}" if every else "never by itself"
    print(f"Folder: {settings.backup_folder}; made {how}; kept: {settings.backups.keep}.")


@app.command()
def show(file: BackupArgument, data_dir: DataDir = None, json: Json = False) -> None:
    """Show what is in a backup.

    Example:  mythgate backup show 20261120T030000.000Z-scheduled.mythgate.zip
    """
    from mythgate.backends.sql.backupfile import read_manifest

    settings = settings_or_exit(data_dir=data_dir)
    with refusals():
        manifest = read_manifest(_find(settings, file))
    if json:
        print_json({**described(manifest.backup), "settings": dict(manifest.settings)})
        return
    backup = manifest.backup
    print(f"Taken {_moment(backup.taken_at)} ({backup.reason}) of {backup.database} by Mythgate {backup.version},")
    print(f"schema {backup.revision}: {backup.films} recordings of games, and the rows of")
    rows = [(name, f"{count:,}") for name, count in sorted(backup.tables.items()) if count]
    print_table(("table", "rows"), rows, empty="no table.")
    _tell_missing(backup)


@app.command()
def verify(file: BackupArgument, data_dir: DataDir = None, json: Json = False) -> None:
    """Look at every byte of a backup. Ends with 1 if one is not as it was written, and says where.

    Example:  mythgate backup verify /mnt/other/mythgate.zip
    """
    from mythgate.backends.sql import backupfile

    settings = settings_or_exit(data_dir=data_dir)
    with refusals(), progress_bar(quiet=json) as progress:
        path = _find(settings, file)
        checked = backupfile.verify(path, progress)
    if json:
        about = described(checked.manifest.backup) if checked.manifest is not None else None
        print_json(
            {"file": str(path.resolve()), "whole": not checked.damaged, "damaged": checked.damaged, "backup": about}
        )
    elif checked.damaged:
        print(f"{path} is damaged:", file=sys.stderr)
        for part in checked.damaged:
            print(f"  {part}", file=sys.stderr)
        print("It cannot be restored. Take another backup, or another copy of this one.", file=sys.stderr)
    else:
        assert checked.manifest is not None
        print(f"{path} is whole: every byte is as it was written on {_moment(checked.manifest.backup.taken_at)}.")
    if checked.damaged:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def prune(
    keep: Annotated[
        str,
        typer.Option(
            "--keep", metavar="WHAT", help="Such as '7d 4w 6m': one of each day, week, month. Default: the settings'."
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which would go.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Throw away old backups, and keep the newest of each of the last days, weeks and months that have one.

    The newest of all always stays, and what was made before a migration or a restore stays for 30 days. Only the
    folder for backups is looked at, and only files that are called as backups are.

    Example:  mythgate backup prune --keep '7d 4w 6m' --dry-run
    """
    from mythgate.backends.backups import files_in
    from mythgate.services.backups import pruned_entry

    settings = settings_or_exit(data_dir=data_dir)
    require_folder(data_dir)
    now = datetime.now(UTC)
    with refusals():
        wanted = read_keep(keep or settings.backups.keep)
        found = files_in(settings.backup_folder)
        gone = superfluous(found, wanted, now)
        if not dry_run:
            for one in gone:
                (settings.backup_folder / one.name).unlink(missing_ok=True)
    if gone and not dry_run:
        record(settings, pruned_entry(now, "cli", wanted, gone))
    if json:
        print_json(
            {
                "keep": str(wanted),
                "dry_run": dry_run,
                "removed": [one.name for one in gone],
                "kept": len(found) - len(gone),
            }
        )
        return
    for one in gone:
        print(f"{'would remove' if dry_run else 'removed'}: {one.name}")
    print(f"{len(found) - len(gone)} kept ({wanted}), {len(gone)} {'to remove' if dry_run else 'removed'}.")


def restore(
    file: BackupArgument,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where there are people already; backs that up first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Put everything that is in a backup into an empty place, SQLite or PostgreSQL, whichever it was made of.

    Every byte of the backup is looked at before anything is touched. An older backup is brought up to date. If this
    is interrupted, the folder says so, no server starts on it, and the same command goes on. Everybody has to sign in
    again afterwards.

    Examples:  mythgate restore mythgate.zip --data-dir /srv/new --yes   ·   mythgate restore mythgate.zip --replace
    """
    from mythgate.backends import backups

    settings = settings_or_exit(data_dir=data_dir)
    place = place_of(settings)
    path = _find(settings, file)
    if not yes:
        what = "REPLACE everything in" if replace else "restore into"
        typer.confirm(f"This will {what} {settings.data_dir.resolve()} ({_kind(settings)}). Go on?", abort=True)
    with refusals(), progress_bar(quiet=json) as progress:
        done = backups.restore(place, path, folder=settings.backup_folder, replaces=replace, progress=progress)
    if json:
        safety = str(done.safety.resolve()) if done.safety is not None else None
        print_json(
            {"restored": described(done.backup), "into": str(settings.data_dir.resolve()), "safety_backup": safety}
        )
        return
    backup = done.backup
    rows = sum(backup.tables.values())
    print(f"Restored {rows:,} rows and {backup.films} recordings into {settings.data_dir.resolve()}")
    print(f"({_kind(settings)}), as they were {_moment(backup.taken_at)}. Everybody has to sign in again.")
    if done.safety is not None:
        print(f"What was there before is in {done.safety}.")
    _tell_missing(backup)
    print("Start the server: mythgate serve" + (f" --data-dir {data_dir}" if data_dir else ""))


# --- parts of these --------------------------------------------------------------------------------


def described(backup: Backup) -> dict[str, Any]:
    """A backup, for scripts."""
    return {**asdict(backup), "reason": backup.reason.value, "rows": sum(backup.tables.values())}


def _place(data_dir: str | None) -> tuple[Settings, Place]:
    settings = settings_or_exit(data_dir=data_dir)
    require_folder(data_dir)
    return settings, place_of(settings)


def place_of(settings: Settings) -> Place:
    """What a backup of a server with these settings is of."""
    import mythgate
    from mythgate.backends.backups import Place
    from mythgate.backends.system import SystemClock

    return Place(
        url=settings.database_location,
        data_dir=settings.data_dir,
        version=mythgate.__version__,
        settings=settings.model_dump(mode="json", exclude_defaults=True),
        now=SystemClock().now,
    )


def _find(settings: Settings, file: Path) -> Path:
    """The file that is meant: where it says, or in the folder for backups."""
    if not file.exists() and read_file_name(file.name, 0) is not None and len(file.parts) == 1:
        return settings.backup_folder / file
    return file


def _require_backup(path: Path) -> None:
    """Nothing but a backup is written over."""
    from mythgate.backends.sql.backupfile import BackupUnusable, read_manifest

    try:
        read_manifest(path)
    except BackupUnusable:
        fail(f"{path} is there already and is no backup.", "Choose another name.")


def record(settings: Settings, entry: AuditEntry) -> None:
    """Write an act into the record. A backup is worth having even if nobody can note that it was made."""
    from mythgate.backends.sql.store import open_store
    from mythgate.backends.system import SystemClock

    async def write() -> None:
        async with open_store(settings.database_location, clock=SystemClock()) as store:
            await store.write(lambda tx: tx.moderation.record(entry))

    try:
        asyncio.run(write())
    except (MythError, OSError) as error:
        print(f"warning: the record does not say so: {error}", file=sys.stderr)


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """A bar on standard error, for people who watch."""
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)

        def told(progress: Progress) -> None:
            bar.update(task, description=progress.doing, completed=progress.done, total=progress.total or None)

        yield Progress(told=told)


def _tell_missing(backup: Backup) -> None:
    missing = backup.missing_films
    if missing:
        print(f"{len(missing)} recordings that the database names were not in the folder: {', '.join(missing[:5])}…")


def _listed(settings: Settings, one: BackupFile) -> dict[str, Any]:
    return {**asdict(one), "reason": one.reason.value, "file": str((settings.backup_folder / one.name).resolve())}


def _kind(settings: Settings) -> str:
    return "SQLite" if settings.database_location.startswith("sqlite") else "PostgreSQL"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %B %Y, %H:%M:%S UTC}"


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count >= 2**20 else f"{count / 2**10:,.0f} KiB"

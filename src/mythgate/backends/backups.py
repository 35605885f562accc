"""The folder with a server's backups, and what a backup becomes part of: a data folder and its database.

All functions block; `BackupFolder` calls them in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mythgate.backends import folderlock
from mythgate.backends.sql import backup as sql_backup
from mythgate.backends.sql import backuprestore
from mythgate.backends.sql.backupfile import UNFINISHED as HALF
from mythgate.backends.sql.backupfile import (
    BackupReader,
    BackupUnusable,
    opened,
    read_manifest,
    sync_folder,
    verify,
)
from mythgate.backends.sql.urls import sqlite_file
from mythgate.domain.backups import Backup, BackupFile, Progress, Reason, file_name, read_file_name
from mythgate.domain.errors import MythError, NotFound, Unavailable

UNFINISHED: Final = "restoring.json"
"""The file that a restore leaves in the data folder until it has done everything."""

_HALF_KEPT: Final = timedelta(days=1)
_STAGED: Final = "films.restoring"
_REPLACED: Final = "films.replaced"


class FolderBusy(MythError):
    """A server runs on the data folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.hint = (
            "Stop it first, then restore." if pid is None else f"Stop it first, with `kill {pid}`, then restore."
        )
        who = f"A server (process {pid})" if pid is not None else "A server"
        super().__init__(f"{who} is running on {folder}; nothing was changed.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server keeps what a backup is of."""

    url: str  # of the database
    data_dir: Path
    version: str  # of Mythgate
    settings: Mapping[str, Any]  # that are not as they come, without secrets
    now: Callable[[], datetime]

    @property
    def films(self) -> Path:
        return self.data_dir / "films"


# --- making ----------------------------------------------------------------------------------------


def make(
    place: Place, target: Path, reason: Reason, *, progress: Progress | None = None, gentle: bool = False
) -> Backup:
    """Write a backup to `target`, which is there when it is whole. Raises as `sql.backup.create`."""
    request = sql_backup.Request(
        target=target,
        films=place.films,
        reason=reason,
        now=place.now,
        version=place.version,
        settings=place.settings,
        progress=progress or Progress(),
        gentle=gentle,
    )
    return sql_backup.create(place.url, request)


def make_in(
    place: Place, folder: Path, reason: Reason, *, progress: Progress | None = None, gentle: bool = False
) -> tuple[Path, Backup]:
    """Write a backup into the folder for backups, under a name that says when and why."""
    _throw_away_halves(folder)
    target = folder / f".{uuid.uuid4().hex}"
    made = make(place, target, reason, progress=progress, gentle=gentle)
    path = folder / file_name(made.taken_at, reason)
    target.replace(path)
    sync_folder(folder)
    return path, made


def _throw_away_halves(folder: Path) -> None:
    """Remove what processes left that died while they made a backup, once it is too old to be still in the making."""
    for one in folder.glob(f".*{HALF}"):
        with contextlib.suppress(OSError):
            if time.time() - one.stat().st_mtime > _HALF_KEPT.total_seconds():
                one.unlink()


def files_in(folder: Path) -> list[BackupFile]:
    """The backups in the folder, the newest first; whatever else is there is not looked at."""
    found: list[BackupFile] = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            one = read_file_name(entry.name, entry.stat().st_size) if entry.is_file() else None
            if one is not None:
                found.append(one)
    return sorted(found, key=lambda one: one.taken_at, reverse=True)


class BackupFolder:
    """`services.ports.BackupStore`: backups in a folder, made and looked at in threads."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._place = place
        self._folder = folder

    async def make(self, reason: Reason, progress: Progress) -> tuple[str, Backup]:
        """Make one and return its name."""

        def work() -> tuple[str, Backup]:
            path, made = make_in(self._place, self._folder, reason, progress=progress, gentle=True)
            return path.name, made

        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise Unavailable(
                f"The backup could not be written: {error.strerror or error}.",
                hint=f"Is there room in {self._folder}, and may the server write there?",
            ) from error

    async def all(self) -> Sequence[BackupFile]:
        return await asyncio.to_thread(files_in, self._folder)

    async def about(self, name: str) -> Backup:
        """What a backup says of itself. Raises NotFound, or BackupUnusable."""
        path = self._path(name)
        try:
            return (await asyncio.to_thread(read_manifest, path)).backup
        except BackupUnusable as error:
            raise Unavailable(str(error), hint=error.hint) from error

    async def verify(self, name: str, progress: Progress) -> Sequence[str]:
        """The parts that are damaged. Raises NotFound."""
        path = self._path(name)
        try:
            return (await asyncio.to_thread(verify, path, progress)).damaged
        except BackupUnusable as error:
            raise Unavailable(str(error), hint=error.hint) from error

    async def remove(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def _path(self, name: str) -> Path:
        path = self._folder / name
        if read_file_name(name, 0) is None or not path.is_file():
            raise NotFound("There is no backup of that name.")
        return path


@contextlib.contextmanager
def scratch(place: Place) -> Iterator[str]:
    """The URL of an SQLite database that is a copy of that of `place`, for as long as the block runs.

    What is tried on it happens nowhere else, and holds nobody up.
    """
    with tempfile.TemporaryDirectory(prefix="mythgate-copy-") as folder:
        file = Path(folder) / "mythgate.db"
        url = f"sqlite:///{file}"
        original = sqlite_file(place.url)
        if original is not None and original.exists():
            with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(file)) as target:
                source.backup(target)
        elif original is None:
            copy = Path(folder) / "copy.zip"
            make(replace(place, data_dir=Path(folder)), copy, Reason.ASKED)
            restore(replace(place, url=url, data_dir=Path(folder)), copy, folder=Path(folder))
        yield url


# --- restoring -------------------------------------------------------------------------------------


def unfinished(data_dir: Path) -> str:
    """The backup whose restore into this data folder did not come to its end; empty if there is none."""
    try:
        return str(json.loads((data_dir / UNFINISHED).read_text("utf-8"))["source"])
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, LookupError, TypeError):
        return "a backup"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    backup: Backup
    safety: Path | None  # the backup of what was there before


def restore(
    place: Place,
    source: Path,
    *,
    folder: Path,
    replaces: bool = False,
    upgrade: bool = True,
    progress: Progress | None = None,
) -> Restored:
    """Make `place` what the backup at `source` holds.

    Nothing is touched before every byte of it was looked at. Rows come in one transaction. If the process dies, the
    data folder says so (`unfinished`), no server starts on it, and the same restore can be run again.

    Raises:
        BackupUnusable: it is damaged, or for a newer version, or does not fit.
        NotEmpty, InUse, FolderBusy: the place is used, and `replaces` is not set, or a server runs on it.
        Unavailable: the database is out of reach.

    """
    progress = progress or Progress()
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(opened(source, progress))
        backup = reader.manifest.backup
        backuprestore.require_usable(backup.revision, backup.version)
        place.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            stack.enter_context(folderlock.hold(place.data_dir))
        except folderlock.FolderInUse as error:
            raise FolderBusy(place.data_dir, error.pid) from error
        file = sqlite_file(place.url)
        is_new = file is not None and not file.exists()
        known = _marked(place.data_dir)
        is_same = known is not None and not is_new and known["source"] == str(source.resolve())
        if known and is_same and backuprestore.is_done(place.url, known["id"]):
            _finish(place, reader, progress)
            return Restored(backup, None)
        safety = None
        if not is_new and not backuprestore.is_empty(place.url):
            if not replaces:
                raise backuprestore.NotEmpty
            progress.begin("backing up what is there")
            safety, _ = make_in(place, folder, Reason.BEFORE_RESTORE, progress=progress)
        wanted = backuprestore.Restore(
            id=known["id"] if known else uuid.uuid4().hex,
            source=source.name,
            now=place.now(),
            replaces=replaces,
            upgrade=upgrade,
        )
        _mark(place.data_dir, {"id": wanted.id, "source": str(source.resolve())})
        try:
            _stage(place, reader, progress)
            backuprestore.restore(place.url, reader, wanted, progress)
        except BaseException:
            shutil.rmtree(place.data_dir / _STAGED, ignore_errors=True)
            if is_new and file is not None:
                for one in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
                    one.unlink(missing_ok=True)
            (place.data_dir / UNFINISHED).unlink(missing_ok=True)
            raise
        _swap(place)
    return Restored(backup, safety)


def _marked(data_dir: Path) -> dict[str, str] | None:
    try:
        found = json.loads((data_dir / UNFINISHED).read_text("utf-8"))
        return {"id": str(found["id"]), "source": str(found["source"])}
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _mark(data_dir: Path, what: Mapping[str, str]) -> None:
    path = data_dir / UNFINISHED
    with path.open("w", encoding="utf-8") as file:
        json.dump(what, file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(data_dir)


def _stage(place: Place, reader: BackupReader, progress: Progress) -> None:
    """Write the recordings beside their place."""
    staged = place.data_dir / _STAGED
    shutil.rmtree(staged, ignore_errors=True)
    if not reader.manifest.films:
        return
    staged.mkdir()
    progress.begin("restoring recordings", len(reader.manifest.films))
    for name, blocks in backuprestore.films_of(reader):
        if Path(name).name != name:
            raise BackupUnusable(f"The backup has a recording of an impossible name: {name!r}.")
        with (staged / name).open("wb") as file:
            for block in blocks:
                file.write(block)
            os.fsync(file.fileno())
        progress.advance(1)
    sync_folder(staged)


def _finish(place: Place, reader: BackupReader, progress: Progress) -> None:
    """What is left of a restore whose rows are there."""
    if reader.manifest.films and place.films.exists() and not (place.data_dir / _STAGED).exists():
        _swapped(place)
        return
    _stage(place, reader, progress)
    _swap(place)


def _swap(place: Place) -> None:
    """Put the recordings at their place, and what was there away."""
    staged, replaced = place.data_dir / _STAGED, place.data_dir / _REPLACED
    shutil.rmtree(replaced, ignore_errors=True)
    if place.films.exists():
        place.films.rename(replaced)
    if staged.exists():
        staged.rename(place.films)
    _swapped(place)


def _swapped(place: Place) -> None:
    shutil.rmtree(place.data_dir / _REPLACED, ignore_errors=True)
    (place.data_dir / UNFINISHED).unlink(missing_ok=True)
    sync_folder(place.data_dir)

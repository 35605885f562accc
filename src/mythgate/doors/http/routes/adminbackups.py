"""Backups, for those who may make them. Restoring is for the command line: no server may run meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from mythgate.domain.backups import Backup, BackupFile, Reason, read_keep
from mythgate.doors.http.deps import CallerDep, ServicesDep
from mythgate.doors.http.errors import error_responses
from mythgate.doors.http.routing import new_router

router = new_router("administration")

Name = Annotated[
    str, Path(max_length=200, description="Of the file.", examples=["20261120T030000.000Z-scheduled.mythgate.zip"])
]


class BackupEntry(BaseModel):
    """One backup in the folder."""

    name: str
    taken_at: datetime
    reason: Reason
    bytes: int


class BackupRunning(BaseModel):
    """The backup that is being made."""

    doing: str = Field(examples=["writing rows"])
    done: int
    total: int = Field(description="0 if it is not known yet.")


class Backups(BaseModel):
    """What there is, and when the next one is due."""

    backups: list[BackupEntry] = Field(description="The newest first.")
    running: BackupRunning | None
    folder: str
    every_seconds: float = Field(description="0: none is made by itself.")
    keep: str = Field(examples=["7d 4w 6m"])
    due_at: datetime | None = Field(description="Null: none is made by itself.")
    failure: str = Field(description="Why the last try failed; empty if it went well.")


class BackupDetails(BaseModel):
    """What a backup says of itself."""

    name: str
    taken_at: datetime = Field(description="It holds what was saved before, and nothing that was saved later.")
    reason: Reason
    version: str = Field(description="Of Mythgate.")
    revision: str = Field(description="Of the schema.")
    database: str = Field(examples=["SQLite"])
    rows: int
    tables: dict[str, int] = Field(description="Rows of each table.")
    films: int
    missing_films: list[str] = Field(description="Recordings that the database names and that were not there.")
    bytes: int


class BackupCheck(BaseModel):
    """What became of looking at every byte."""

    whole: bool
    damaged: list[str] = Field(description="Parts that are not as they were written.")


class PruneRequest(BaseModel):
    keep: str | None = Field(None, max_length=40, description="Null: what the settings say.", examples=["7d 4w 6m"])
    dry_run: bool = False


class Pruned(BaseModel):
    removed: list[BackupEntry] = Field(description="Or those that would be.")


@router.get("/api/admin/backups", summary="List backups", responses=error_responses(401, 403, 503))
async def list_backups(caller: CallerDep, services: ServicesDep) -> Backups:
    """With how far the one is that is being made; for admins."""
    told = await services.backups.overview(caller)
    running = told.running
    return Backups(
        backups=[_entry(one) for one in told.files],
        running=None if running is None else BackupRunning(doing=running.doing, done=running.done, total=running.total),
        folder=told.policy.folder,
        every_seconds=told.policy.every.total_seconds(),
        keep=str(told.policy.keep),
        due_at=told.due_at,
        failure=told.failure,
    )


@router.post(
    "/api/admin/backups", status_code=201, summary="Make a backup", responses=error_responses(401, 403, 409, 503)
)
async def create_backup(caller: CallerDep, services: ServicesDep) -> BackupDetails:
    """Answers when it is whole and on the disk; everything goes on meanwhile. For admins."""
    name, backup = await services.backups.create(caller)
    return _details(name, backup)


@router.get("/api/admin/backups/{name}", summary="A backup", responses=error_responses(401, 403, 404, 422, 503))
async def show_backup(name: Name, caller: CallerDep, services: ServicesDep) -> BackupDetails:
    """What it says of itself, of which not every byte is looked at; for admins."""
    return _details(name, await services.backups.about(caller, name))


@router.post(
    "/api/admin/backups/{name}/verify", summary="Check a backup", responses=error_responses(401, 403, 404, 422, 503)
)
async def verify_backup(name: Name, caller: CallerDep, services: ServicesDep) -> BackupCheck:
    """Looks at every byte; for admins."""
    damaged = await services.backups.verify(caller, name)
    return BackupCheck(whole=not damaged, damaged=list(damaged))


@router.post(
    "/api/admin/backups/prune",
    summary="Throw away old backups",
    responses=error_responses(400, 401, 403, 413, 422, 503),
)
async def prune_backups(body: PruneRequest, caller: CallerDep, services: ServicesDep) -> Pruned:
    """The newest of each of the last days, weeks and months that have one is kept; for admins."""
    keep = read_keep(body.keep) if body.keep is not None else None
    gone = await services.backups.prune(caller, keep, dry_run=body.dry_run)
    return Pruned(removed=[_entry(one) for one in gone])


def _entry(one: BackupFile) -> BackupEntry:
    return BackupEntry(name=one.name, taken_at=one.taken_at, reason=one.reason, bytes=one.size)


def _details(name: str, backup: Backup) -> BackupDetails:
    return BackupDetails(
        name=name,
        taken_at=backup.taken_at,
        reason=backup.reason,
        version=backup.version,
        revision=backup.revision,
        database=backup.database,
        rows=sum(backup.tables.values()),
        tables=dict(backup.tables),
        films=backup.films,
        missing_films=list(backup.missing_films),
        bytes=backup.size,
    )

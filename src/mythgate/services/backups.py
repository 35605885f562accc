"""Backups of everything a server keeps: made when asked and by schedule, checked, and thrown away when they are old.

Restoring is for the command line: no server may run meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.backups import Backup, BackupFile, Keep, Progress, Reason, due_at, superfluous
from mythgate.domain.errors import Conflict, Refused, Unavailable
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import BackupStore, Clock, Store

log = logging.getLogger(__name__)

MADE: Final = "backup.made"
PRUNED: Final = "backup.pruned"
AGAIN_AFTER: Final = timedelta(minutes=15)
"""A scheduled backup that failed is tried again after this."""

_SYSTEM: Final = "system"


@dataclass(frozen=True, slots=True)
class BackupPolicy:
    """What the operator chose."""

    every: timedelta = timedelta(days=1)  # zero: never by itself
    keep: Keep = field(default_factory=lambda: Keep(7, 4, 6))
    folder: str = ""  # for people to read


@dataclass(slots=True)
class BackupStats:
    """Counters since the server started, and the newest backup that was made by it."""

    made: int = 0
    failed: int = 0
    newest: Backup | None = None
    failure: str = ""  # of the last try; empty if it went well


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the console shows of backups."""

    files: Sequence[BackupFile]  # the newest first
    running: Progress | None
    policy: BackupPolicy
    due_at: datetime | None  # None: never by itself
    failure: str


class BackupService:
    """Use cases of backups. One is made at a time."""

    def __init__(self, *, store: Store, files: BackupStore, clock: Clock, policy: BackupPolicy) -> None:
        self.policy: Final = policy
        self.stats: Final = BackupStats()
        self._store = store
        self._files = files
        self._clock = clock
        self._running: Progress | None = None
        self._started_at = clock.now()
        self._not_before: datetime | None = None

    # --- looking ---

    async def overview(self, caller: Caller) -> Overview:
        """What there is, and when the next one is due.

        Raises:
            PermissionDenied: the caller may make no backups.

        """
        await self._allow(caller)
        files = await self._files.all()
        return Overview(files, self._running, self.policy, self._due_at(files), self.stats.failure)

    async def about(self, caller: Caller, name: str) -> Backup:
        """What a backup says of itself.

        Raises:
            PermissionDenied: the caller may make no backups.
            NotFound: there is none of that name.
            Unavailable: it cannot be read.

        """
        await self._allow(caller)
        return await self._files.about(name)

    async def verify(self, caller: Caller, name: str) -> Sequence[str]:
        """Look at every byte of a backup; the parts that are not as they were written. Raises as `about`."""
        await self._allow(caller)
        return await self._files.verify(name, Progress())

    async def newest_at(self) -> datetime | None:
        """When the newest backup was made that can be read; None if there is none."""
        for one in await self._files.all():
            try:
                return (await self._files.about(one.name)).taken_at
            except Refused:
                log.warning("a backup cannot be read", extra={"backup": one.name})
        return None

    # --- making and throwing away ---

    async def create(self, caller: Caller) -> tuple[str, Backup]:
        """Make a backup now; its name, and what is in it.

        Raises:
            PermissionDenied: the caller may make no backups.
            Conflict: one is being made.
            Unavailable: it could not be written.

        """
        await self._allow(caller)
        return await self._make(Reason.ASKED, caller.account_id)

    async def prune(self, caller: Caller, keep: Keep | None = None, *, dry_run: bool = False) -> Sequence[BackupFile]:
        """Throw away what `keep`, or the policy, does not ask for; with `dry_run`, only tell what that is.

        Raises:
            PermissionDenied: the caller may make no backups.

        """
        await self._allow(caller)
        return await self._prune(keep or self.policy.keep, caller.account_id, dry_run=dry_run)

    async def tick(self) -> None:
        """Make the backup that is due, if one is. To be called every minute or so."""
        now = self._clock.now()
        if self._running is not None or (self._not_before is not None and now < self._not_before):
            return
        due = self._due_at(await self._files.all())
        if due is None or now < due:
            return
        try:
            await self._make(Reason.SCHEDULED, _SYSTEM)
        except Refused as refused:
            self._not_before = now + AGAIN_AFTER
            log.error("scheduled backup failed", extra={"reason": refused.message})  # noqa: TRY400 (no fault of ours)
        else:
            await self._prune(self.policy.keep, _SYSTEM, dry_run=False)

    # --- parts of these ---

    async def _allow(self, caller: Caller) -> None:
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.BACK_UP))

    def _due_at(self, files: Sequence[BackupFile]) -> datetime | None:
        if not self.policy.every:
            return None
        # One from the future was made while the clock was wrong.
        now = self._clock.now()
        newest = next((one.taken_at for one in files if one.taken_at <= now), None)
        return due_at(newest, self.policy.every, self._started_at)

    async def _make(self, reason: Reason, actor: str) -> tuple[str, Backup]:
        if self._running is not None:
            raise Conflict("A backup is being made already.", hint="Wait until it is done.")
        self._running = Progress()
        try:
            name, backup = await self._files.make(reason, self._running)
        except Exception as error:
            self.stats.failed += 1
            self.stats.failure = error.message if isinstance(error, Unavailable) else "The backup failed; see the log."
            raise
        finally:
            self._running = None
        self.stats.made += 1
        self.stats.newest, self.stats.failure = backup, ""
        entry = made_entry(self._clock.now(), actor, name, backup)
        await self._store.write(lambda tx: tx.moderation.record(entry))
        log.info("backup made", extra={"backup": name, "bytes": backup.size, "rows": sum(backup.tables.values())})
        return name, backup

    async def _prune(self, keep: Keep, actor: str, *, dry_run: bool) -> Sequence[BackupFile]:
        now = self._clock.now()
        gone = superfluous(await self._files.all(), keep, now)
        if dry_run or not gone:
            return gone
        for one in gone:
            await self._files.remove(one.name)
        entry = pruned_entry(now, actor, keep, gone)
        await self._store.write(lambda tx: tx.moderation.record(entry))
        return gone


def made_entry(now: datetime, actor: str, name: str, backup: Backup) -> AuditEntry:
    """How the record tells of a backup."""
    detail = {
        "reason": backup.reason.value,
        "taken_at": backup.taken_at.isoformat(),
        "rows": str(sum(backup.tables.values())),
        "bytes": str(backup.size),
    }
    return AuditEntry(now, actor, MADE, name, detail)


def pruned_entry(now: datetime, actor: str, keep: Keep, gone: Sequence[BackupFile]) -> AuditEntry:
    """How the record tells of backups that were thrown away."""
    detail = {"keep": str(keep), "before": ", ".join(one.name for one in gone), "after": ""}
    return AuditEntry(now, actor, PRUNED, "backups", detail)

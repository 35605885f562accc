"""Backups: what they are called, which are kept, when the next one is due."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from mythgate.domain.errors import InvalidInput

SAFETY_KEPT_FOR: Final = timedelta(days=30)
SUFFIX: Final = ".mythgate.zip"
_NAME: Final = re.compile(r"(\d{8}T\d{6}\.\d{3})Z-([a-z-]+)\.mythgate\.zip")
_MOMENT: Final = "%Y%m%dT%H%M%S"


class Reason(StrEnum):
    """Why a backup was made."""

    ASKED = "asked"
    SCHEDULED = "scheduled"
    BEFORE_MIGRATION = "before-migration"
    BEFORE_RESTORE = "before-restore"

    @property
    def is_safety(self) -> bool:
        """Whether it was made so that something can be undone."""
        return self in (Reason.BEFORE_MIGRATION, Reason.BEFORE_RESTORE)


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One backup in the folder for backups, as far as its name and size tell."""

    name: str
    taken_at: datetime
    reason: Reason
    size: int


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself."""

    taken_at: datetime  # the instant: what was saved before is in it, what was saved later is not
    reason: Reason
    version: str  # of Mythgate
    revision: str  # of the schema
    database: str  # SQLite or PostgreSQL
    tables: Mapping[str, int]  # rows of each
    films: int
    missing_films: Sequence[str]  # that the database names and the folder has not
    size: int = 0  # of the file, in bytes


@dataclass(slots=True)
class Progress:
    """How far the making, checking or restoring of a backup is."""

    doing: str = ""
    done: int = 0
    total: int = 0  # 0: not known yet
    told: Callable[[Progress], None] | None = None

    def begin(self, doing: str, total: int = 0) -> None:
        """The next stretch of work."""
        self.doing, self.done, self.total = doing, 0, total
        self.advance(0)

    def advance(self, count: int) -> None:
        """So much more of it is done."""
        self.done += count
        if self.told is not None:
            self.told(self)


def file_name(taken_at: datetime, reason: Reason) -> str:
    """The name of a backup in the folder for backups; names sort as the backups' ages do."""
    moment = taken_at.astimezone(UTC)
    return f"{moment:{_MOMENT}}.{moment.microsecond // 1000:03}Z-{reason.value}{SUFFIX}"


def read_file_name(name: str, size: int) -> BackupFile | None:
    """What the name of a backup says; None for what is not called as we call backups."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        moment = datetime.strptime(found[1] + "000", f"{_MOMENT}.%f").replace(tzinfo=UTC)
        return BackupFile(name, moment, Reason(found[2]), size)
    except ValueError:
        return None


# --- which are kept --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keep:
    """How many backups are kept: the newest of each of the last days, weeks and months that have one."""

    days: int
    weeks: int
    months: int

    def __str__(self) -> str:
        return f"{self.days}d {self.weeks}w {self.months}m"


_KEEP: Final = re.compile(r"(\d{1,4})\s*([dwm])")


def read_keep(text: str) -> Keep:
    """`7d 4w 6m`: the newest backup of each of 7 days, 4 weeks and 6 months. What is not named is not kept.

    Raises:
        InvalidInput: it cannot be read, or would keep nothing.

    """
    parts = [part for part in re.split(r"[\s,]+", text.strip().lower()) if part]
    found = [_KEEP.fullmatch(part) for part in parts]
    units = [one[2] for one in found if one is not None]
    if len(units) != len(parts) or len(set(units)) != len(units):
        raise InvalidInput(
            f"'{text}' does not say which backups to keep.",
            field="keep",
            hint="Write for instance 7d 4w 6m: one for each of the last 7 days, 4 weeks and 6 months.",
        )
    counts = {one[2]: int(one[1]) for one in found if one is not None}
    if not any(counts.values()):
        raise InvalidInput("This would keep no backup at all.", field="keep", hint="Write for instance 7d 4w 6m.")
    return Keep(counts.get("d", 0), counts.get("w", 0), counts.get("m", 0))


def superfluous(files: Collection[BackupFile], keep: Keep, now: datetime) -> list[BackupFile]:
    """Those that `keep` does not ask for, the oldest first. The newest of all is always kept, and so are those that
    were made to undo something, for `SAFETY_KEPT_FOR`.
    """
    newest_first = sorted(files, key=lambda one: one.taken_at, reverse=True)
    kept = {one.name for one in newest_first[:1]}
    kept |= {one.name for one in files if one.reason.is_safety and now - one.taken_at < SAFETY_KEPT_FOR}
    for period, count in ((_day, keep.days), (_week, keep.weeks), (_month, keep.months)):
        newest: dict[tuple[int, ...], str] = {}
        for one in newest_first:
            newest.setdefault(period(one.taken_at), one.name)
        kept |= set(list(newest.values())[:count])
    return [one for one in reversed(newest_first) if one.name not in kept]


def _day(moment: datetime) -> tuple[int, ...]:
    return (moment.toordinal(),)


def _week(moment: datetime) -> tuple[int, ...]:
    return tuple(moment.isocalendar()[:2])


def _month(moment: datetime) -> tuple[int, ...]:
    return (moment.year, moment.month)


# --- when the next one is due ----------------------------------------------------------------------

FIRST_AFTER: Final = timedelta(hours=1)


def due_at(newest: datetime | None, every: timedelta, started_at: datetime) -> datetime:
    """When the schedule asks for the next backup. A server that has none makes its first soon after its start."""
    if newest is None:
        return started_at + min(every, FIRST_AFTER)
    return newest + every

"""Announcements that are told by schedule: once, every so often, or each day at a time, until an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from mythgate.domain.chat import tidy
from mythgate.domain.errors import InvalidInput

LONGEST: Final = 1000  # characters of an announcement, or of the message of the day
MOST_LINES: Final = 12
DAY_MINUTES: Final = 24 * 60
LONGEST_INTERVAL: Final = 366 * DAY_MINUTES
PATIENCE: Final = timedelta(minutes=5)
"""What could not be told for so long, because the server was down, is not told any more."""


class Repeat(StrEnum):
    ONCE = "once"
    EVERY = "every"
    DAILY = "daily"


@dataclass(slots=True)
class Schedule:
    """One announcement and when it is told. `minutes` is the interval of EVERY, and for DAILY the minute of the day in
    `zone`. `place` is a topic, or empty for everywhere."""

    text: str
    place: str
    repeat: Repeat
    minutes: int
    zone: str
    next_at: datetime | None  # None: it is over
    ends_at: datetime | None
    created_by: str  # account id, or "cli"
    created_at: datetime
    told_at: datetime | None = None
    number: int = 0

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be told."""
        return self.next_at is not None and self.next_at <= now

    def tell(self, now: datetime) -> bool:
        """Pass over what is due, and set when it is told next. False: it is too late to tell it now."""
        assert self.next_at is not None
        in_time = now - self.next_at <= PATIENCE
        if in_time:
            self.told_at = now
        self.next_at = self._after(now)
        return in_time

    def _after(self, now: datetime) -> datetime | None:
        assert self.next_at is not None
        if self.repeat is Repeat.ONCE:
            return None
        if self.repeat is Repeat.EVERY:
            every = timedelta(minutes=self.minutes)
            following = self.next_at + every * ((now - self.next_at) // every + 1)
        else:
            following = next_daily(self.minutes, self.zone, now)
        return following if self.ends_at is None or following <= self.ends_at else None


def next_daily(minutes: int, zone: str, after: datetime) -> datetime:
    """When it is so many minutes past midnight there for the next time, as UTC. An hour that the clock leaves out in
    spring comes an hour later on that day, one that it repeats in autumn counts once."""
    there = ZoneInfo(zone)
    day = after.astimezone(there).date()
    while True:
        local = datetime(day.year, day.month, day.day, *divmod(minutes, 60), tzinfo=there)
        moment = local.astimezone(UTC)
        if moment > after:
            return moment
        day += timedelta(days=1)


def scheduled(
    *,
    text: str,
    place: str,
    now: datetime,
    by: str,
    every: int | None = None,
    daily: int | None = None,
    at: datetime | None = None,
    zone: str = "UTC",
    ends_at: datetime | None = None,
) -> Schedule:
    """A schedule of exactly one of `every` (minutes; first in so many minutes), `daily` (a minute of the day), `at`.

    Raises:
        InvalidInput: that, or something else, makes no sense.

    """
    words = worded(text)
    if not words:
        raise InvalidInput("An announcement needs words.", field="text")
    if sum(given is not None for given in (every, daily, at)) != 1:
        raise InvalidInput("Say when: every so many minutes, each day at a time, or once.", field="every")
    if ends_at is not None and ends_at <= now:
        raise InvalidInput("The end is over already.", field="ends_at")
    if every is not None:
        if not 1 <= every <= LONGEST_INTERVAL:
            raise InvalidInput(f"The interval is 1 to {LONGEST_INTERVAL} minutes.", field="every")
        repeat, minutes, first = Repeat.EVERY, every, now + timedelta(minutes=every)
    elif daily is not None:
        if not 0 <= daily < DAY_MINUTES:
            raise InvalidInput("A time of day is from 00:00 to 23:59.", field="daily")
        repeat, minutes, first = Repeat.DAILY, daily, next_daily(daily, _zone(zone), now)
    else:
        assert at is not None
        if at <= now:
            raise InvalidInput("That moment is over already.", field="at")
        repeat, minutes, first = Repeat.ONCE, 0, at
    if ends_at is not None and first > ends_at:
        raise InvalidInput("It would end before it is told the first time.", field="ends_at")
    return Schedule(words, place, repeat, minutes, zone, first, ends_at, by, now)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        words = f"There is no time zone {name[:40]!r}."
        raise InvalidInput(words, field="zone", hint="Europe/Berlin, UTC, …") from None
    return name


def worded(text: str) -> str:
    """`text` as it is told: without what nobody can see, and without empty lines.

    Raises:
        InvalidInput: it is too long.

    """
    lines = [line.rstrip() for line in map(tidy, text.splitlines()) if line.strip()]
    words = "\n".join(lines)
    if len(words) > LONGEST or len(lines) > MOST_LINES:
        raise InvalidInput(f"That is too long: {LONGEST} characters in {MOST_LINES} lines are the most.", field="text")
    return words

"""What backups are called, which are kept, when the next one is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.backups import (
    FIRST_AFTER,
    SAFETY_KEPT_FOR,
    BackupFile,
    Keep,
    Progress,
    Reason,
    due_at,
    file_name,
    read_file_name,
    read_keep,
    superfluous,
)
from mythgate.domain.errors import InvalidInput

NOW = datetime(2030, 6, 15, 12, tzinfo=UTC)  # a Saturday
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=500)).map(lambda before: NOW - before)


def taken(moment: datetime, reason: Reason = Reason.SCHEDULED) -> BackupFile:
    return BackupFile(file_name(moment, reason), moment, reason, 1)


@given(MOMENTS, st.sampled_from(Reason))
def test_a_name_says_when_and_why(moment: datetime, reason: Reason) -> None:
    name = file_name(moment, reason)
    found = read_file_name(name, 5)
    assert found is not None
    assert (found.name, found.reason, found.size) == (name, reason, 5)
    assert timedelta(0) <= moment - found.taken_at < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_names_sort_as_ages_do(one: datetime, other: datetime) -> None:
    first, second = sorted([one, other])
    assert file_name(first, Reason.ASKED)[:19] <= file_name(second, Reason.ASKED)[:19]


@pytest.mark.parametrize(
    "name",
    [
        "mythgate.db",
        "20300615T120000.000Z-asked.zip",
        "20300615T120000.000Z-because.mythgate.zip",
        "20301315T120000.000Z-asked.mythgate.zip",
        "../20300615T120000.000Z-asked.mythgate.zip",
        ".20300615T120000.000Z-asked.mythgate.zip.unfinished",
    ],
)
def test_what_is_called_otherwise_is_no_backup(name: str) -> None:
    assert read_file_name(name, 0) is None


@pytest.mark.parametrize(
    ("text", "keep"),
    [("7d 4w 6m", Keep(7, 4, 6)), ("3M,2d", Keep(2, 0, 3)), (" 1w ", Keep(0, 1, 0)), ("0d 2w", Keep(0, 2, 0))],
)
def test_what_to_keep_is_read(text: str, keep: Keep) -> None:
    assert read_keep(text) == keep
    assert read_keep(str(keep)) == keep


@pytest.mark.parametrize("text", ["", "7", "7d 7d", "7y", "-1d", "0d 0w", "all"])
def test_what_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="keep"):
        read_keep(text)


def test_one_a_day_one_a_week_one_a_month() -> None:
    files = [taken(NOW - timedelta(hours=12 * count)) for count in range(2 * 100)]
    gone = superfluous(files, Keep(3, 2, 2), NOW)
    kept = [one.taken_at for one in files if one not in gone]
    assert [f"{one:%m-%d %H}" for one in kept] == ["06-15 12", "06-14 12", "06-13 12", "06-09 12", "05-31 12"]
    assert gone == sorted(gone, key=lambda one: one.taken_at)


def test_safety_stays_for_a_month() -> None:
    old, older = NOW - SAFETY_KEPT_FOR + timedelta(seconds=1), NOW - SAFETY_KEPT_FOR
    files = [taken(NOW), taken(old, Reason.BEFORE_MIGRATION), taken(older, Reason.BEFORE_RESTORE)]
    assert superfluous(files, Keep(1, 0, 0), NOW) == files[2:]


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(Reason)), unique_by=lambda one: one[0], max_size=40), MOMENTS)
def test_the_newest_always_stays_and_pruning_twice_is_pruning_once(
    made: list[tuple[datetime, Reason]], now: datetime
) -> None:
    files = [taken(moment, reason) for moment, reason in made]
    keep = Keep(2, 1, 1)
    gone = superfluous(files, keep, now)
    kept = [one for one in files if one not in gone]
    assert not files or max(files, key=lambda one: one.taken_at) in kept
    assert len([one for one in kept if not one.reason.is_safety]) <= 5
    assert superfluous(kept, keep, now) == []


def test_the_first_comes_soon_and_others_after_their_time() -> None:
    day = timedelta(days=1)
    assert due_at(None, day, NOW) == NOW + FIRST_AFTER
    assert due_at(None, timedelta(minutes=5), NOW) == NOW + timedelta(minutes=5)
    assert due_at(NOW - timedelta(days=3), day, NOW) == NOW - timedelta(days=2)


def test_progress_is_told() -> None:
    seen: list[tuple[str, int, int]] = []
    progress = Progress(told=lambda one: seen.append((one.doing, one.done, one.total)))
    progress.begin("rows", 3)
    progress.advance(2)
    Progress().advance(1)
    assert seen == [("rows", 0, 3), ("rows", 2, 3)]

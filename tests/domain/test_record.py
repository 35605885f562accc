"""The chain of the record: whatever is changed, put in, taken out or emptied shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.record import (
    ERASED,
    FIRST_LINK,
    Fault,
    Finding,
    Recorded,
    Verification,
    digest,
    linked,
    numbers,
    ranges,
)

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def chain(acts: list[tuple[str, dict[str, str]]], *, first: int = 1) -> list[Recorded]:
    found, before = [], FIRST_LINK
    for number, (action, detail) in enumerate(acts, first):
        at, salt = BEGAN + timedelta(minutes=number), bytes([number])
        said = digest(salt, detail)
        before = linked(before, at, "ada", action, "bob", said)
        found.append(Recorded(number, at, "ada", action, "bob", detail, salt, said, before))
    return found


def walk(entries: list[Recorded]) -> Verification:
    made = Verification()
    for entry in entries:
        made.look_at(entry)
    made.finish()
    return made


ACTS = [("account.muted", {"reason": "spam"}), ("account.renamed", {"before": "a", "after": "b"}), ("note.added", {})]
SOUND = chain(ACTS)


def test_a_record_that_nobody_changed_is_sound() -> None:
    found = walk(SOUND)
    assert (found.is_sound, found.entries, found.newest, found.link) == (True, 3, 3, SOUND[-1].link)


def test_an_empty_record_is_sound() -> None:
    assert walk([]).is_sound


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"detail": {"reason": "none"}}, Fault.CHANGED),
        ({"actor": "eve"}, Fault.BROKEN),
        ({"action": "account.banned"}, Fault.BROKEN),
        ({"subject": "eve"}, Fault.BROKEN),
        ({"at": BEGAN}, Fault.BROKEN),
        ({"said": b"x" * 32}, Fault.CHANGED),
        ({"link": b"x" * 32}, Fault.BROKEN),
        ({"salt": None, "detail": {}}, Fault.EMPTIED),
        ({"salt": None, "detail": {"more": "words"}}, Fault.CHANGED),
    ],
)
def test_a_change_shows(place: int, change: dict[str, object], fault: Fault) -> None:
    changed = [replace(one, **change) if at == place else one for at, one in enumerate(SOUND)]  # type: ignore[arg-type]
    found = walk(changed)
    assert Finding(place + 1, fault) in found.findings and not found.is_sound


def test_an_entry_that_is_taken_out_or_put_in_shows() -> None:
    assert walk([SOUND[0], SOUND[2]]).findings == [Finding(3, Fault.BROKEN)]
    assert walk(SOUND[1:]).findings == [Finding(2, Fault.BROKEN)]
    assert Finding(2, Fault.BROKEN) in walk([SOUND[0], replace(SOUND[0], number=2), *SOUND[1:]]).findings


def test_entries_from_before_the_chain_are_told_and_later_ones_without_a_hash_are_faults() -> None:
    old = Recorded(0, BEGAN, "ada", "account.muted", "bob", {})
    assert (walk([old, *SOUND]).is_sound, walk([old, *SOUND]).before_chain) == (True, 1)
    assert walk([*SOUND, replace(old, number=4)]).findings == [Finding(4, Fault.UNLINKED)]


def test_what_an_erasure_emptied_is_no_fault() -> None:
    acts = [*ACTS, (ERASED, {"entries": "1-2"})]
    whole = chain(acts)
    emptied = [replace(one, salt=None, detail={}) if one.number < 3 else one for one in whole]
    found = walk(emptied)
    assert (found.is_sound, found.erased) == (True, 2)
    more = [replace(one, salt=None, detail={}) if one.number == 3 else one for one in emptied]
    assert walk(more).findings == [Finding(3, Fault.EMPTIED)]


@given(st.sets(st.integers(1, 300)))
def test_numbers_in_few_letters(found: set[int]) -> None:
    assert numbers(ranges(found)) == found


def test_how_numbers_are_written() -> None:
    assert ranges([9, 7, 8, 3]) == "3,7-9"
    assert numbers("3,x,7-,-2,4-5") == {3, 4, 5}

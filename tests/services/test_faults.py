"""Faults, for staff: counted, kept, looked at; none lost while the database is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.accounts import AccountsKit, CountingHasher
from tests.support.clock import FakeClock

from mythgate.domain.accounts import Role
from mythgate.domain.errors import NotFound, PermissionDenied, Unavailable
from mythgate.domain.sessions import OPERATOR
from mythgate.services.faults import MOST_KINDS, FaultService
from mythgate.services.ports import Store
from mythgate.telemetry.faults import FaultBook


@pytest.fixture
async def office(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    made = AccountsKit(clock, store, CountingHasher())
    yield made
    made.hasher.close()


@pytest.fixture
def book() -> FaultBook:
    return FaultBook()


@pytest.fixture
def faults(office: AccountsKit, book: FaultBook) -> FaultService:
    return FaultService(store=office.store, source=book, clock=office.clock)


def happen(book: FaultBook, clock: FakeClock, error: Exception, correlation: str = "abcd-1") -> None:
    try:
        raise error
    except Exception as raised:
        book.note(raised, correlation, clock.now())


async def test_the_same_fault_is_counted_and_new_until_somebody_looks(
    office: AccountsKit, book: FaultBook, faults: FaultService
) -> None:
    started = office.clock.now()
    for number in range(3):
        happen(book, office.clock, KeyError(f"secret {number}"), f"abcd-{number}")
    [fault] = await faults.list(OPERATOR)
    assert (fault.kind, fault.count, fault.first_at, fault.correlation) == ("KeyError", 3, started, "abcd-2")
    assert "secret" not in str(fault)
    office.clock.advance(timedelta(seconds=1))
    seen = await faults.mark_seen(OPERATOR, fault.fingerprint)
    assert not seen.is_new
    assert seen.seen_by == "cli"
    assert await faults.list(OPERATOR, new=True) == []
    office.clock.advance(timedelta(seconds=1))
    happen(book, office.clock, KeyError("again"))
    [again] = await faults.list(OPERATOR, new=True)
    assert (again.count, again.first_at, again.last_at) == (4, started, office.clock.now())
    [entry] = await office.store.read(lambda tx: tx.moderation.audit(subject=fault.fingerprint))
    assert (entry.action, entry.detail["before"], entry.detail["after"]) == ("fault.seen", "new", "seen")


async def test_they_are_for_admins(office: AccountsKit, faults: FaultService) -> None:
    keeper = await office.caller("Keeper", role=Role.MODERATOR)
    with pytest.raises(PermissionDenied):
        await faults.list(keeper)
    with pytest.raises(PermissionDenied):
        await faults.mark_seen(keeper, "5f2c")
    with pytest.raises(NotFound):
        await faults.mark_seen(OPERATOR, "5f2c")


async def test_only_the_newest_kinds_are_kept(office: AccountsKit, book: FaultBook, faults: FaultService) -> None:
    happen(book, office.clock, KeyError())
    [old] = await faults.list(OPERATOR)
    office.clock.advance(timedelta(seconds=1))
    later = office.clock.now()
    book.give_back([replace(old, fingerprint=f"{n:012x}", first_at=later, last_at=later) for n in range(MOST_KINDS)])
    kept = await faults.list(OPERATOR)
    assert len(kept) == MOST_KINDS
    assert old.fingerprint not in {one.fingerprint for one in kept}


async def test_what_cannot_be_saved_is_kept_for_the_next_time(
    office: AccountsKit, book: FaultBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        async def write(self, work: Any) -> None:
            happen(book, office.clock, KeyError("meanwhile"), "abcd-2")
            raise Unavailable

    away: Any = Away()
    happen(book, office.clock, KeyError("before"))
    await FaultService(store=away, source=book, clock=office.clock).save()
    [fault] = await FaultService(store=office.store, source=book, clock=office.clock).list(OPERATOR)
    assert (fault.count, fault.correlation) == (2, "abcd-2")

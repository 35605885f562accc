"""The record as services see it: searched, chained whoever writes, and checked after somebody touched the rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import bindparam, update
from tests.support.accounts import AccountsKit, CountingHasher
from tests.support.clock import FakeClock

from mythgate.backends.sql.moderation import SqlModeration
from mythgate.backends.sql.statements import Statement
from mythgate.backends.sql.tables import audit_log
from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.record import Fault, Finding, Recorded, Sought
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services import record as records
from mythgate.services.ports import Store, Transaction
from mythgate.services.record import RecordService


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    hasher = CountingHasher()
    yield AccountsKit(clock, store, hasher)
    hasher.close()


async def tamper(kit: AccountsKit, number: int, **values: object) -> None:
    """Change a row behind the back of everybody."""
    change = Statement(
        update(audit_log)
        .where(audit_log.c.number == bindparam("of_number"))
        .values({name: bindparam(f"to_{name}", type_=audit_log.c[name].type) for name in values})
    )

    def work(tx: Transaction) -> None:
        assert isinstance(tx.moderation, SqlModeration)
        tx.moderation._connection.change(change, {"of_number": number, **{f"to_{k}": v for k, v in values.items()}})

    await kit.store.write(work)


async def found(kit: AccountsKit, caller: Caller = OPERATOR, **sought: object) -> list[str]:
    page = await RecordService(store=kit.store).search(caller, Sought(**sought))  # type: ignore[arg-type]
    return [one.action for one in page.entries]


async def test_searching_by_who_what_whom_words_and_time(kit: AccountsKit) -> None:
    ada = await kit.caller("Ada", role=Role.ADMIN)
    bob = await kit.caller("Bob")
    kit.pass_time(hours=1)
    noon = kit.clock.now()
    await kit.moderation.mute(ada, bob.account_id, 5, "100% spam_")
    kit.pass_time(hours=1)
    await kit.accounts.rename(ada, bob.account_id, "Robert")
    assert await found(kit, actor="ada") == ["account.renamed", "account.muted", "account.registered"]
    assert await found(kit, actor=ada.account_id, action="account.muted") == ["account.muted"]
    assert await found(kit, action="account", subject="robert") == [
        "account.renamed", "account.muted", "account.registered",
    ]  # fmt: skip
    assert await found(kit, action="acc") == []
    assert await found(kit, text="100% SPAM_") == ["account.muted"]
    assert await found(kit, text="100x") == []
    assert await found(kit, since=noon, until=kit.clock.now()) == ["account.muted"]
    assert await found(kit, actor="cli") == ["account.role_changed"]
    assert await found(kit, actor="nobody") == []


async def test_pages_and_names(kit: AccountsKit) -> None:
    ada = await kit.caller("Ada", role=Role.ADMIN)
    service = RecordService(store=kit.store)
    first = await service.search(ada, Sought(), limit=1)
    assert [one.action for one in first.entries] == ["account.role_changed"]
    assert first.names == {ada.account_id: "Ada", "cli": "the command line"}
    rest = await service.search(ada, Sought(), before=first.following, limit=1)
    assert ([one.action for one in rest.entries], rest.following) == (["account.registered"], None)
    assert rest.names == {ada.account_id: "Ada"}


async def test_it_is_for_admins(kit: AccountsKit) -> None:
    mira, service = await kit.caller("Mira", role=Role.MODERATOR), RecordService(store=kit.store)
    with pytest.raises(PermissionDenied):
        await service.search(mira, Sought())
    with pytest.raises(PermissionDenied):
        await service.verify(mira)


async def test_entries_written_at_once_make_one_chain(kit: AccountsKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_AT_ONCE", 3)

    async def act(number: int) -> None:
        entry = AuditEntry(kit.clock.now(), "ada", "note.added", str(number), {"näme": f"☃ {number}"})
        await kit.store.write(lambda tx: tx.moderation.record(entry))

    await asyncio.gather(*(act(number) for number in range(10)))
    checked = await RecordService(store=kit.store).verify(OPERATOR)
    assert (checked.is_sound, checked.entries) == (True, 10)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"detail": {"reason": "none"}}, Fault.CHANGED),
        ({"actor": "eve"}, Fault.BROKEN),
        ({"link": None}, Fault.UNLINKED),
        ({"salt": None, "detail": {}}, Fault.EMPTIED),
    ],
)
async def test_a_row_that_was_changed_shows(kit: AccountsKit, values: dict[str, object], fault: Fault) -> None:
    for name in ("Ada", "Bob", "Cleo"):
        await kit.register(name)
    service = RecordService(store=kit.store)
    assert (await service.verify(OPERATOR)).is_sound
    newest = await kit.store.read(lambda tx: tx.moderation.newest())
    await tamper(kit, newest, **values)
    assert Finding(newest, fault) in (await service.verify(OPERATOR)).findings


async def test_reading_on_from_a_number(kit: AccountsKit) -> None:
    for name in ("Ada", "Bob", "Cleo"):
        await kit.register(name)
    page = await kit.store.read(lambda tx: tx.moderation.page(after=0, limit=2))
    assert all(isinstance(one, Recorded) for one in page) and len(page) == 2
    assert [one.detail["name"] for one in page] == ["Ada", "Bob"]

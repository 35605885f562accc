"""What the operator does at the machine takes effect in a running node."""

from __future__ import annotations

import asyncpg
import pytest
from tests.support.accounts import AccountsKit, CountingHasher
from tests.support.clock import FakeClock
from tests.support.databases import PostgresServer

from mythgate.backends.sql import open_store
from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import Role
from mythgate.domain.errors import AccountDisabled
from mythgate.domain.foreign import Foreign, ForeignAccount
from mythgate.domain.ids import STAFF_TOPIC, AccountId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.sessions import OPERATOR
from mythgate.services.importing import ImportService, Kind
from mythgate.services.ports import Store, Transaction

CROWD = 300


async def test_changes_from_another_process_are_taken_up(store: Store, clock: FakeClock) -> None:
    node = AccountsKit(clock, store, CountingHasher())
    beside = AccountsKit(clock, store, CountingHasher())  # as `mythgate user …` runs
    known = await node.accounts.mark_record()

    signed_in = await node.register("Ada")
    caller = await node.sessions.authenticate(signed_in.access_token)
    body = node.enter_world(caller)
    await beside.accounts.set_role(OPERATOR, caller.account_id, Role.MODERATOR)
    await beside.accounts.rename(OPERATOR, caller.account_id, "Adela")

    known = await node.accounts.catch_up(known)
    again = await node.sessions.authenticate(signed_in.access_token)
    assert (again.name, again.role) == ("Adela", Role.MODERATOR)
    assert body.role is Role.MODERATOR
    assert (body.character_id, STAFF_TOPIC) in node.realtime.topics
    assert node.ended == []

    await beside.accounts.disable(OPERATOR, caller.account_id, "a test")
    later = await node.accounts.catch_up(known)
    assert later.newest > known.newest
    assert node.ended == [signed_in.session.id]
    with pytest.raises(AccountDisabled):
        await node.sessions.authenticate(signed_in.access_token)
    await node.accounts.catch_up(later)
    assert node.ended == [signed_in.session.id], "an end is told once, however often it is read"


async def test_nothing_new_changes_nothing(store: Store, clock: FakeClock) -> None:
    node = AccountsKit(clock, store, CountingHasher())
    await node.register("Ada", role=Role.ADMIN)
    known = await node.accounts.mark_record()
    assert await node.accounts.catch_up(known) == known
    assert node.ended == []


async def test_an_act_is_found_among_any_number_of_registrations(store: Store, clock: FakeClock) -> None:
    node = AccountsKit(clock, store, CountingHasher())
    beside = AccountsKit(clock, store, CountingHasher())
    caller = await node.caller("Ada")
    body = node.enter_world(caller)
    known = await node.accounts.mark_record()

    def register_crowd(tx: Transaction) -> None:
        for number in range(CROWD):
            subject = f"newcomer {number}"
            tx.moderation.record(AuditEntry(clock.now(), subject, "account.registered", subject, {}))

    await store.write(register_crowd)
    await beside.accounts.set_role(OPERATOR, caller.account_id, Role.MODERATOR)
    await store.write(register_crowd)

    await node.accounts.catch_up(known)
    assert body.role is Role.MODERATOR


async def test_who_was_brought_over_is_not_looked_up(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = AccountsKit(clock, store, CountingHasher())
    ada = await node.caller("Ada")
    known = await node.accounts.mark_record()
    people = [ForeignAccount(str(number), f"Newcomer {number}") for number in range(3)]
    imports = ImportService(store=store, hasher=CountingHasher(), clock=clock, ids=UuidIds())
    assert (await imports.bring(Foreign("old", people))).tallies[Kind.ACCOUNT].new == 3
    await AccountsKit(clock, store, CountingHasher()).accounts.rename(OPERATOR, ada.account_id, "Adela")

    looked_up: list[AccountId] = []
    resync = node.accounts._resync

    async def noted(account_id: AccountId) -> None:
        looked_up.append(account_id)
        await resync(account_id)

    monkeypatch.setattr(node.accounts, "_resync", noted)
    await node.accounts.catch_up(known)
    assert looked_up == ["import:old", ada.account_id]


async def test_an_act_on_what_is_no_account_keeps_no_other_from_being_seen(store: Store, clock: FakeClock) -> None:
    node = AccountsKit(clock, store, CountingHasher())
    beside = AccountsKit(clock, store, CountingHasher())
    caller = await node.caller("Ada")
    body = node.enter_world(caller)
    known = await node.accounts.mark_record()

    gone = AuditEntry(clock.now(), OPERATOR.account_id, "account.renamed", AccountId("of nobody"), {})
    await store.write(lambda tx: tx.moderation.record(gone))
    await beside.accounts.set_role(OPERATOR, caller.account_id, Role.MODERATOR)
    await node.accounts.catch_up(known)
    assert body.role is Role.MODERATOR


async def test_an_act_committed_after_one_with_a_higher_number_is_not_missed(
    postgres: PostgresServer, clock: FakeClock
) -> None:
    async with postgres.borrowed_database() as url, open_store(url, clock=clock) as store:
        node = AccountsKit(clock, store, CountingHasher())
        caller = await node.caller("Ada")
        body = node.enter_world(caller)
        known = await node.accounts.mark_record()

        slow = await asyncpg.connect(url)
        try:
            async with slow.transaction():
                await slow.execute("UPDATE accounts SET role = 'moderator' WHERE id = $1", caller.account_id)
                await slow.execute(
                    "INSERT INTO audit_log (at, actor, action, subject, detail)"
                    " SELECT at, $1, 'account.role_changed', $2, detail FROM audit_log LIMIT 1",
                    OPERATOR.account_id,
                    caller.account_id,
                )
                await node.register("Berta")
                known = await node.accounts.catch_up(known)
                assert not body.role.includes(Role.MODERATOR)
        finally:
            await slow.close()
        await node.accounts.catch_up(known)
        assert body.role is Role.MODERATOR

"""What repositories promise, on every database."""

from __future__ import annotations

from tests.support.clock import FakeClock

from mythgate.backends.sql import SqlStore
from mythgate.domain.accounts import Account
from mythgate.domain.ids import AccountId


async def test_an_account_comes_back_as_it_was_saved(store: SqlStore, clock: FakeClock) -> None:
    account = Account(AccountId("a1"), "Ann", "ann", "hash", clock.now(), stats={"kills": 3})
    saved = await store.write(lambda tx: tx.accounts.add(account))
    assert saved.number == 1
    assert await store.read(lambda tx: tx.accounts.require(AccountId("a1"))) == saved

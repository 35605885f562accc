"""What the operator does at the machine takes effect in a running node."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.accounts import AccountsKit, CountingHasher
from tests.support.clock import FakeClock

from mythgate.domain.accounts import Role
from mythgate.domain.errors import SessionEnded
from mythgate.domain.ids import STAFF_TOPIC
from mythgate.domain.sessions import OPERATOR
from mythgate.services.ports import Store


async def test_changes_from_another_process_are_taken_up(store: Store, clock: FakeClock) -> None:
    node = AccountsKit(clock, store, CountingHasher())
    beside = AccountsKit(clock, store, CountingHasher())  # as `mythgate user …` runs
    known_until = clock.now()

    signed_in = await node.register("Ada")
    caller = await node.sessions.authenticate(signed_in.access_token)
    body = node.enter_world(caller)
    clock.advance(timedelta(seconds=1))
    await beside.accounts.set_role(OPERATOR, caller.account_id, Role.MODERATOR)
    await beside.accounts.rename(OPERATOR, caller.account_id, "Adela")

    known_until = await node.accounts.catch_up(known_until)
    again = await node.sessions.authenticate(signed_in.access_token)
    assert (again.name, again.role) == ("Adela", Role.MODERATOR)
    assert body.role is Role.MODERATOR
    assert (body.character_id, STAFF_TOPIC) in node.realtime.topics
    assert node.ended == []

    clock.advance(timedelta(seconds=1))
    await beside.accounts.disable(OPERATOR, caller.account_id, "a test")
    assert await node.accounts.catch_up(known_until) > known_until
    assert node.ended == [signed_in.session.id]
    with pytest.raises(SessionEnded):
        await node.sessions.authenticate(signed_in.access_token)


async def test_nothing_new_changes_nothing(store: Store, clock: FakeClock) -> None:
    node = AccountsKit(clock, store, CountingHasher())
    await node.register("Ada", role=Role.ADMIN)
    clock.advance(timedelta(seconds=1))
    assert await node.accounts.catch_up(clock.now()) == clock.now()
    assert node.ended == []

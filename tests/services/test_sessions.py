"""Sessions: proving, sliding, renewing, ending, sweeping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from tests.support.accounts import AccountsKit, accounts_kit
from tests.support.clock import FakeClock

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.errors import (
    AccountDisabled,
    AuthenticationError,
    InvalidToken,
    NotFound,
    SessionEnded,
    TokenExpired,
    Unavailable,
)
from mythgate.domain.ids import AccountId, SessionId
from mythgate.domain.sessions import OPERATOR, Session, token_hash
from mythgate.services.ports import Store, Transaction
from mythgate.services.sessions import SessionService, SignedIn

T = TypeVar("T")


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    async with accounts_kit(clock, store) as made:
        yield made


class WatchedStore:
    """A store that counts its calls and can hold them up."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reads = self.writes = 0
        self.after_read: Callable[[], Any] | None = None
        self.broken = False

    async def read(self, work: Callable[[Transaction], T]) -> T:
        self.reads += 1
        result = await self.store.read(work)
        if self.after_read is not None:
            hook, self.after_read = self.after_read, None
            await hook()
        return result

    async def write(self, work: Callable[[Transaction], T], **options: Any) -> T:
        self.writes += 1
        if self.broken:
            raise Unavailable
        return await self.store.write(work, **options)


def watched(kit: AccountsKit) -> tuple[SessionService, WatchedStore]:
    """Another node's session service over the same database."""
    store = WatchedStore(kit.store)
    ids = kit.sessions._ids
    return SessionService(store=store, signer=kit.signer, clock=kit.clock, ids=ids), store


async def saved(kit: AccountsKit, session_id: SessionId) -> Session:
    session = await kit.store.read(lambda tx: tx.sessions.get(session_id))
    assert session is not None
    return session


async def fresh(kit: AccountsKit, signed_in: SignedIn) -> str:
    """An access token that is not about to expire, made without counting as activity."""
    caller = signed_in.caller
    return kit.signer.sign(caller.account_id, caller.session_id, caller.name, kit.clock.now(), timedelta(hours=5))


async def test_a_new_session_proves_who_one_is(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    caller = await kit.sessions.authenticate(signed_in.access_token)
    assert caller == signed_in.caller
    assert (caller.name, caller.role, caller.is_guest) == ("Alric", Role.PLAYER, False)
    session = await saved(kit, caller.session_id)
    assert session.expires_at - session.created_at == timedelta(hours=1)
    assert (session.door, session.address, session.client) == ("http", "address of Alric", "test")


async def test_only_a_hash_of_the_token_is_stored(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    session = await saved(kit, signed_in.session.id)
    assert session.token_hash == token_hash(signed_in.token)
    assert signed_in.token not in repr(session)


async def test_a_hot_call_asks_no_database(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    sessions, store = watched(kit)
    for _ in range(50):
        await sessions.authenticate(signed_in.access_token)
        kit.pass_time(seconds=1)
    assert (store.reads, store.writes) == (1, 0)


async def test_activity_is_saved_once_a_minute(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    sessions, store = watched(kit)
    token = await fresh(kit, signed_in)
    for _ in range(30):
        kit.pass_time(seconds=20)
        await asyncio.gather(*(sessions.authenticate(token) for _ in range(5)))
    assert store.writes == 10
    session = await saved(kit, signed_in.session.id)
    assert kit.clock.now() - session.last_seen_at < timedelta(minutes=1)
    assert session.expires_at == session.last_seen_at + timedelta(hours=1)


async def test_a_session_slides_with_activity_and_ends_without(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    token = await fresh(kit, signed_in)
    for _ in range(4):
        kit.pass_time(minutes=59)
        await kit.sessions.authenticate(token)
    kit.pass_time(minutes=60)
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(token)
    assert kit.ended == [signed_in.session.id]
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(token)


async def test_activity_on_a_live_connection_counts(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    await kit.sessions.authenticate(signed_in.access_token)
    kit.pass_time(minutes=50)
    kit.sessions.note_activity(signed_in.session.id)
    kit.sessions.note_activity(SessionId("nobody's"))
    kit.pass_time(minutes=50)
    assert kit.sessions.is_live(signed_in.session.id)
    assert await kit.sessions.sweep() == 0
    assert (await saved(kit, signed_in.session.id)).last_seen_at == kit.clock.now() - timedelta(minutes=50)
    kit.pass_time(minutes=10)
    assert not kit.sessions.is_live(signed_in.session.id)
    kit.sessions.note_activity(signed_in.session.id)  # too late
    assert not kit.sessions.is_live(signed_in.session.id)


async def test_an_access_token_expires_before_its_session(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    kit.pass_time(minutes=15)
    with pytest.raises(TokenExpired):
        await kit.sessions.authenticate(signed_in.access_token)
    renewed = await kit.sessions.refresh(signed_in.token)
    assert (await kit.sessions.authenticate(renewed.access_token)).session_id == signed_in.session.id
    assert renewed.session_expires_at == kit.clock.now() + timedelta(hours=1)
    assert renewed.access_token_lifetime == timedelta(minutes=15)


async def test_renewing_knows_of_activity_that_is_not_saved_yet(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    await kit.sessions.authenticate(signed_in.access_token)
    kit.pass_time(minutes=59)
    kit.sessions.note_activity(signed_in.session.id)
    kit.pass_time(minutes=59)
    renewed = await kit.sessions.refresh(signed_in.token)
    assert renewed.session_expires_at == kit.clock.now() + timedelta(hours=1)


async def test_refresh_tokens_that_are_refused(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    for token in ("", "x", signed_in.access_token, signed_in.token + "x", "\ud800"):
        with pytest.raises(InvalidToken):
            await kit.sessions.refresh(token)
    await kit.accounts.logout(signed_in.caller)
    with pytest.raises(SessionEnded):
        await kit.sessions.refresh(signed_in.token)


async def test_a_token_cannot_name_another_accounts_session(kit: AccountsKit) -> None:
    alric, other = await kit.register("Alric"), await kit.register("Other")
    mixed = kit.signer.sign(other.caller.account_id, alric.session.id, "Other", kit.clock.now(), timedelta(minutes=1))
    for _ in range(2):
        with pytest.raises(InvalidToken):
            await kit.sessions.authenticate(mixed)
    unknown = kit.signer.sign(
        other.caller.account_id, SessionId("none"), "Other", kit.clock.now(), timedelta(minutes=1)
    )
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(unknown)


async def test_signing_out_is_effective_at_once(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    caller = await kit.sessions.authenticate(signed_in.access_token)
    await kit.accounts.logout(caller)
    assert kit.ended == [caller.session_id]
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(signed_in.access_token)
    with pytest.raises(NotFound):
        await kit.accounts.logout(caller)


async def test_a_session_that_ends_while_it_is_looked_up_stays_ended(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    sessions, store = watched(kit)

    async def end() -> None:
        await sessions.revoke(signed_in.caller, signed_in.session.id)

    store.after_read = end  # between the snapshot and its answer
    with pytest.raises(SessionEnded):
        await sessions.authenticate(signed_in.access_token)
    with pytest.raises(SessionEnded):
        await sessions.authenticate(signed_in.access_token)


async def test_where_sessions_end_faster_than_one_can_read_the_answer_is_not_kept(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    sessions, store = watched(kit)

    async def disturb() -> None:
        sessions.ended([])
        store.after_read = disturb

    store.after_read = disturb
    assert (await sessions.authenticate(signed_in.access_token)).name == "Alric"
    assert not sessions.is_live(signed_in.session.id)
    store.after_read = None
    await sessions.authenticate(signed_in.access_token)
    assert sessions.is_live(signed_in.session.id)


async def test_two_calls_that_look_a_session_up_share_the_answer(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    sessions, store = watched(kit)

    async def overtake() -> None:
        await sessions.authenticate(signed_in.access_token)

    store.after_read = overtake
    await sessions.authenticate(signed_in.access_token)
    assert store.reads == 2


async def test_a_session_that_ends_while_it_is_renewed(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    sessions, store = watched(kit)

    async def end_and_delete() -> None:
        await kit.accounts.logout(signed_in.caller)
        kit.pass_time(seconds=1)
        await kit.sessions.sweep()

    store.after_read = end_and_delete
    with pytest.raises(SessionEnded):
        await sessions.refresh(signed_in.token)


async def test_a_renewal_overtaken_by_a_change_is_looked_up_again(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    sessions, store = watched(kit)
    write = store.write

    async def disturbed(work: Callable[[Transaction], Any], **options: Any) -> Any:
        result = await write(work, **options)
        sessions.ended([])
        return result

    store.write = disturbed  # type: ignore[method-assign]
    renewed = await sessions.refresh(signed_in.token)
    assert not sessions.is_live(signed_in.session.id)
    assert (await sessions.authenticate(renewed.access_token)).name == "Alric"


async def test_a_deleted_accounts_sessions_are_over(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")

    def erase(tx: Transaction) -> None:
        account = tx.accounts.require(signed_in.caller.account_id)
        account.status = AccountStatus.DELETED
        tx.accounts.save(account)

    await kit.store.write(erase)
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(signed_in.access_token)


async def test_activity_another_node_saved_later_is_not_set_back(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    token = await fresh(kit, signed_in)
    other, _ = watched(kit)
    await kit.sessions.authenticate(token)
    await other.authenticate(token)
    kit.pass_time(minutes=10)
    kit.sessions.note_activity(signed_in.session.id)
    kit.pass_time(minutes=10)
    await other.authenticate(token)
    seen = (await saved(kit, signed_in.session.id)).last_seen_at
    await kit.sessions.sweep()
    assert (await saved(kit, signed_in.session.id)).last_seen_at == seen == kit.clock.now()


async def test_another_node_hears_of_the_end_within_a_minute(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    token = await fresh(kit, signed_in)
    other, _ = watched(kit)
    ended: list[SessionId] = []
    other.on_revoked(ended.append)
    await other.authenticate(token)
    await kit.accounts.logout(signed_in.caller)
    kit.pass_time(seconds=60)
    with pytest.raises(SessionEnded):
        await other.authenticate(token)
    assert ended == [signed_in.session.id]


async def test_another_nodes_activity_keeps_the_session(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    token = await fresh(kit, signed_in)
    other, _ = watched(kit)
    await kit.sessions.authenticate(token)
    kit.pass_time(minutes=40)
    await other.authenticate(token)
    kit.pass_time(minutes=40)
    assert (await kit.sessions.authenticate(token)).session_id == signed_in.session.id
    assert kit.ended == []


async def test_a_database_out_of_reach_does_not_sign_people_out(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    token = await fresh(kit, signed_in)
    sessions, store = watched(kit)
    await sessions.authenticate(token)
    store.broken = True
    kit.pass_time(minutes=2)
    await sessions.authenticate(token)
    store.broken = False
    await sessions.authenticate(token)
    assert (await saved(kit, signed_in.session.id)).last_seen_at == kit.clock.now()


async def test_my_sessions(kit: AccountsKit) -> None:
    first = await kit.register("Alric")
    kit.pass_time(minutes=5)
    second = await kit.login("Alric")
    await kit.register("Other")
    listed = await kit.sessions.list_of(second.caller)
    assert [session.id for session in listed] == [second.session.id, first.session.id]
    kit.pass_time(minutes=55)
    assert [session.id for session in await kit.sessions.list_of(second.caller)] == [second.session.id]


async def test_the_list_shows_activity_not_yet_saved(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    caller = await kit.sessions.authenticate(signed_in.access_token)
    kit.pass_time(seconds=30)
    await kit.sessions.authenticate(signed_in.access_token)
    (session,) = await kit.sessions.list_of(caller)
    assert session.last_seen_at == kit.clock.now()


async def test_ending_one_of_mine_and_none_of_others(kit: AccountsKit) -> None:
    first = await kit.register("Alric")
    second = await kit.login("Alric")
    other = await kit.register("Other")
    await kit.sessions.revoke(second.caller, first.session.id)
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(first.access_token)
    for session_id in (first.session.id, other.session.id, SessionId("none")):
        with pytest.raises(NotFound):
            await kit.sessions.revoke(second.caller, session_id)
    await kit.sessions.authenticate(other.access_token)


async def test_ending_all_but_one(kit: AccountsKit) -> None:
    everything = [await kit.register("Alric"), *[await kit.login("Alric") for _ in range(3)]]
    keep = everything[2]
    assert await kit.sessions.revoke_all(keep.caller.account_id, keep=keep.session.id) == 3
    assert set(kit.ended) == {one.session.id for one in everything} - {keep.session.id}
    await kit.sessions.authenticate(keep.access_token)


async def test_a_disabled_account_is_told_so_on_refresh_and_use(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")

    def lock(tx: Transaction) -> None:
        account = tx.accounts.require(signed_in.caller.account_id)
        account.status = AccountStatus.DISABLED
        tx.accounts.save(account)

    await kit.store.write(lock)  # behind the services' back: the sessions are still there
    with pytest.raises(AccountDisabled):
        await kit.sessions.authenticate(signed_in.access_token)
    with pytest.raises(AccountDisabled):
        await kit.sessions.refresh(signed_in.token)


async def test_changed_names_and_roles_show_at_once(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    await kit.sessions.authenticate(signed_in.access_token)
    await kit.accounts.set_role(OPERATOR, signed_in.caller.account_id, Role.MODERATOR)
    assert (await kit.sessions.authenticate(signed_in.access_token)).role is Role.MODERATOR
    await kit.accounts.rename(OPERATOR, signed_in.caller.account_id, "Balric")
    assert (await kit.sessions.authenticate(signed_in.access_token)).name == "Balric"


async def test_a_failing_observer_does_not_stop_the_others(kit: AccountsKit, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: SessionId) -> None:
        raise RuntimeError

    ended: list[SessionId] = []
    kit.sessions.on_revoked(fail)
    kit.sessions.on_revoked(ended.append)
    signed_in = await kit.register("Alric")
    await kit.accounts.logout(signed_in.caller)
    assert ended == [signed_in.session.id]
    assert "observer" in caplog.text


async def test_the_sweep_leaves_no_ended_session(kit: AccountsKit) -> None:
    living = await kit.register("Alric")
    await kit.sessions.authenticate(living.access_token)
    out = await kit.login("Alric")
    await kit.accounts.logout(out.caller)
    idle = [await kit.login("Alric") for _ in range(5)]
    await kit.sessions.authenticate(idle[0].access_token)  # one of them is known here
    kit.pass_time(minutes=40)
    kit.sessions.note_activity(living.session.id)
    kit.pass_time(minutes=20, seconds=1)
    kit.ended.clear()
    assert await kit.sessions.sweep() == 6
    assert {one.session.id for one in idle} <= set(kit.ended)
    assert living.session.id not in kit.ended
    remaining = await kit.store.read(lambda tx: tx.sessions.of_account(living.caller.account_id))
    assert [session.id for session in remaining] == [living.session.id]
    assert kit.sessions.active_count == 1
    assert list(kit.sessions._live) == [living.session.id]


async def test_idle_guests_go_and_present_ones_stay(kit: AccountsKit) -> None:
    gone = await kit.accounts.guest(door="http", address="a", client="")
    here = await kit.accounts.guest(door="http", address="a", client="")
    token = await fresh(kit, here)
    account = await kit.register("Alric")
    for _ in range(60):
        kit.pass_time(minutes=50)
        token = await fresh(kit, here)
        await kit.sessions.authenticate(token)
        await kit.sessions.sweep()

    def known(account_id: AccountId) -> Callable[[Transaction], bool]:
        return lambda tx: tx.accounts.get(account_id) is not None

    assert not await kit.store.read(known(gone.caller.account_id))
    assert await kit.store.read(known(here.caller.account_id))
    assert await kit.store.read(known(account.caller.account_id))
    kit.pass_time(days=1, minutes=1)
    await kit.sessions.sweep()
    assert not await kit.store.read(known(here.caller.account_id))
    with pytest.raises(AuthenticationError):
        await kit.sessions.authenticate(await fresh(kit, here))


async def test_sessions_about_to_end_are_told_once(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    await kit.sessions.authenticate(signed_in.access_token)
    assert kit.sessions.expiring() == []
    kit.pass_time(minutes=54, seconds=59)
    assert kit.sessions.expiring() == []
    kit.pass_time(seconds=1)
    (warning,) = kit.sessions.expiring()
    assert (warning.session_id, warning.account_id) == (signed_in.session.id, signed_in.caller.account_id)
    assert warning.expires_at == kit.clock.now() + timedelta(minutes=5)
    assert kit.sessions.expiring() == []
    kit.sessions.note_activity(signed_in.session.id)
    kit.pass_time(minutes=56)
    assert len(kit.sessions.expiring(kit.clock.now())) == 1  # active again, idle again, told again
    kit.pass_time(minutes=10)
    assert kit.sessions.expiring() == []


async def test_long_client_names_are_cut(kit: AccountsKit) -> None:
    account = await kit.account((await kit.register("Alric")).caller.account_id)
    signed_in = await kit.sessions.open(account, "http", "a", "x" * 1000)
    assert len((await saved(kit, signed_in.session.id)).client) == 200
    assert isinstance(signed_in.session.created_at, datetime)
    assert (await kit.sessions.authenticate(signed_in.access_token)).session_id == signed_in.session.id

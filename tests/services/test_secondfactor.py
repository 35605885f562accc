"""The second factor: what it is asked for, how long a code is good, who can do without, and who takes it away."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.accounts import PASSWORD, AccountsKit, CountingHasher
from tests.support.clock import FakeClock

from mythgate.backends.system import KeySealer
from mythgate.domain import totp
from mythgate.domain.accounts import Role
from mythgate.domain.errors import (
    BadCode,
    Conflict,
    NotFound,
    PermissionDenied,
    SecondFactorNeeded,
    TooMany,
    Unavailable,
)
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Store
from mythgate.services.secondfactor import SecondFactorPolicy, SecondFactorService
from mythgate.services.tokens import TokenService

THERE = {"door": "http", "address": "192.0.2.1", "client": "test"}


class Desk(AccountsKit):
    """Accounts with the second factor beside them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = TokenService(store=self.store, clock=self.clock)
        self.factors = self.service(KeySealer(["key" * 12]))

    def service(self, sealer: KeySealer, policy: SecondFactorPolicy | None = None) -> SecondFactorService:
        return SecondFactorService(
            store=self.store,
            accounts=self.accounts,
            sessions=self.sessions,
            sealer=sealer,
            throttle=self.throttle,
            clock=self.clock,
            policy=policy,
        )

    async def staff(self, name: str, role: Role = Role.ADMIN) -> Caller:
        return (await self.register(name, role=role)).caller

    async def again(self, caller: Caller) -> Caller:
        """Another session of theirs."""
        return (await self.accounts.login(caller.name, PASSWORD, **THERE)).caller

    async def enrol(self, caller: Caller) -> bytes:
        """Enrol somebody; returns the secret. The code that was shown is used up with its time."""
        made = await self.factors.enrol(caller)
        secret = base64.b32decode(made.secret)
        await self.factors.confirm(caller, self.code(secret))
        self.pass_time(seconds=30)
        return secret

    def code(self, secret: bytes) -> str:
        return totp.code_at(secret, totp.step_of(self.clock.now()))

    async def does(self, caller: Caller, permission: Permission) -> None:
        await self.store.read(lambda tx: require(role_within(tx, caller), permission))


@pytest.fixture
async def desk(clock: FakeClock, store: Store) -> AsyncIterator[Desk]:
    hasher = CountingHasher()
    yield Desk(clock, store, hasher)
    hasher.close()


async def test_who_has_enrolled_shows_a_code_in_each_session_and_again_after_a_while(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    await desk.does(ada, Permission.RENAME)  # nothing is asked for before
    secret = await desk.enrol(ada)
    await desk.does(ada, Permission.RENAME)
    later = await desk.again(ada)
    await desk.does(later, Permission.KICK)
    with pytest.raises(SecondFactorNeeded):
        await desk.does(later, Permission.RENAME)
    state = await desk.factors.status(later)
    assert (state.enrolled, state.fresh, state.fresh_until) == (True, False, None)

    until = await desk.factors.show(later, desk.code(secret))
    assert until == desk.clock.now() + timedelta(hours=12)
    await desk.does(later, Permission.RENAME)
    assert (await desk.factors.status(later)).fresh_until == until
    with pytest.raises(SecondFactorNeeded):
        await desk.does(await desk.again(ada), Permission.RENAME)  # it is of one session
    desk.pass_time(hours=12)
    with pytest.raises(SecondFactorNeeded):
        await desk.does(later, Permission.RENAME)


async def test_one_of_two_who_show_the_same_code_at_once_is_refused(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    code = desk.code(await desk.enrol(ada))
    sessions = [await desk.again(ada) for _ in range(4)]
    done = await asyncio.gather(*(desk.factors.show(one, code) for one in sessions), return_exceptions=True)
    assert sorted(isinstance(one, BadCode) for one in done) == [False, True, True, True]


async def test_wrong_codes_are_throttled_also_for_who_then_has_the_right_one(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    secret = await desk.enrol(ada)
    for _ in range(5):
        with pytest.raises(BadCode):
            await desk.factors.show(ada, "000000x")
    with pytest.raises(TooMany) as caught:
        await desk.factors.show(ada, desk.code(secret))
    assert caught.value.retry_after is not None
    desk.clock.advance(caught.value.retry_after)
    await desk.factors.show(ada, desk.code(secret))


async def test_signing_in_with_a_code(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    secret = await desk.enrol(ada)
    with pytest.raises(BadCode):
        await desk.factors.login("Ada", PASSWORD, "123", **THERE)
    assert len(await desk.sessions.living_of(ada.account_id)) == 1  # that of before
    proven = (await desk.factors.login("Ada", PASSWORD, desk.code(secret), **THERE)).caller
    await desk.does(proven, Permission.RENAME)


async def test_recovery_codes_replace_the_device_once_each(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    made = await desk.factors.enrol(ada)
    codes = await desk.factors.confirm(ada, desk.code(base64.b32decode(made.secret)))
    later = await desk.again(ada)
    await desk.factors.show(later, codes[3].upper())
    with pytest.raises(BadCode):
        await desk.factors.show(later, codes[3])
    assert (await desk.factors.status(later)).recovery_codes == 9
    fresh = await desk.factors.renew_recovery(later, codes[4])
    with pytest.raises(BadCode):
        await desk.factors.show(later, codes[5])
    await desk.factors.disable(later, fresh[0])
    assert not (await desk.factors.status(later)).enrolled
    acts = [act.action for act in await desk.moderation.audit(OPERATOR, subject=ada.account_id)]
    assert acts[:6] == [
        "account.second_factor_disabled", "account.recovery_code_used", "account.recovery_renewed",
        "account.recovery_code_used", "account.recovery_code_used", "account.second_factor_enrolled",
    ]  # fmt: skip


async def test_it_does_not_count_before_it_is_confirmed(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    with pytest.raises(NotFound):
        await desk.factors.confirm(ada, "123456")
    first = base64.b32decode((await desk.factors.enrol(ada)).secret)
    await desk.does(await desk.again(ada), Permission.RENAME)
    with pytest.raises(NotFound):
        await desk.factors.show(ada, desk.code(first))
    second = base64.b32decode((await desk.factors.enrol(ada)).secret)  # another try
    with pytest.raises(BadCode):
        await desk.factors.confirm(ada, desk.code(first))
    await desk.factors.confirm(ada, desk.code(second))
    with pytest.raises(Conflict):
        await desk.factors.enrol(ada)
    with pytest.raises(Conflict):
        await desk.factors.confirm(ada, desk.code(second))


async def test_if_it_is_required_who_has_none_can_do_nothing_but_enrol(desk: Desk) -> None:
    ada, mod = await desk.staff("Ada"), await desk.staff("Mira", Role.MODERATOR)
    desk.factors.policy = replace(desk.factors.policy, required=True)
    await desk.factors.catch_up()
    await desk.does(mod, Permission.KICK)
    with pytest.raises(SecondFactorNeeded):
        await desk.does(ada, Permission.RENAME)
    state = await desk.factors.status(ada)
    assert (state.required, state.enrolled, state.fresh) == (True, False, False)
    await desk.enrol(ada)
    await desk.does(ada, Permission.RENAME)
    bob = await desk.staff("Bob")
    desk.factors.policy = replace(desk.factors.policy, required=False)
    await desk.factors.catch_up()
    await desk.factors.catch_up()
    await desk.does(bob, Permission.RENAME)
    await desk.service(KeySealer(["key" * 12])).catch_up()  # as after a restart
    await desk.does(bob, Permission.RENAME)


async def test_who_may_have_one(desk: Desk) -> None:
    for name, role in (("Mira", Role.MODERATOR), ("Paul", Role.PLAYER)):
        with pytest.raises(PermissionDenied):
            await desk.factors.enrol(await desk.staff(name, role))
    with pytest.raises(PermissionDenied):
        await desk.factors.enrol(OPERATOR)
    owner = await desk.staff("Cleo", Role.OWNER)
    _, secret = await desk.tokens.make(owner, "script", [Permission.SEE_PEOPLE], timedelta(days=1))
    with pytest.raises(PermissionDenied, match="belongs to a person"):
        await desk.factors.enrol(await desk.tokens.authenticate(secret))


async def test_a_code_is_shown_in_a_session(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    secret = await desk.enrol(ada)
    elsewhere = replace(ada, session_id=type(ada.session_id)("gone"))
    with pytest.raises(PermissionDenied, match="session of your own"):
        await desk.factors.show(elsewhere, desk.code(secret))
    await desk.factors.show(ada, desk.code(secret))  # it was not used up


async def test_an_owner_resets_it_and_the_sessions_end(desk: Desk) -> None:
    ada, owner = await desk.staff("Ada"), await desk.staff("Cleo", Role.OWNER)
    await desk.enrol(ada)
    with pytest.raises(PermissionDenied):
        await desk.factors.reset(await desk.staff("Finn"), ada.account_id)
    with pytest.raises(PermissionDenied, match="disabled with a code"):
        await desk.factors.reset(owner, owner.account_id)
    assert await desk.factors.reset(owner, ada.account_id, "lost the phone")
    assert not await desk.factors.reset(owner, ada.account_id)
    assert ada.session_id in desk.ended
    await desk.does(await desk.again(ada), Permission.RENAME)
    act = (await desk.moderation.audit(OPERATOR, subject=ada.account_id))[0]
    assert act.action == "account.second_factor_reset"
    assert act.detail == {"name": "Ada", "before": "on", "after": "off", "reason": "lost the phone"}
    assert not await desk.factors.reset(OPERATOR, owner.account_id)
    await desk.enrol(owner)
    assert await desk.factors.reset(OPERATOR, owner.account_id)


async def test_with_another_key_of_the_server_no_code_can_be_checked(desk: Desk) -> None:
    ada = await desk.staff("Ada")
    secret = await desk.enrol(ada)
    restored = desk.service(KeySealer(["another key" * 4]))
    with pytest.raises(Unavailable, match="key is another"):
        await restored.show(ada, desk.code(secret))
    both = desk.service(KeySealer(["another key" * 4, "key" * 12]))  # the one before is still known
    await both.show(ada, desk.code(secret))

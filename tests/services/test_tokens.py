"""Tokens for programs: who makes them, what they are good for, and when they are of no use any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.accounts import AccountsKit, CountingHasher
from tests.support.clock import FakeClock

from mythgate.domain.accounts import Role
from mythgate.domain.errors import Conflict, InvalidInput, InvalidToken, NotFound, PermissionDenied, SessionEnded
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services import tokens
from mythgate.services.accounts import role_within
from mythgate.services.ports import Store
from mythgate.services.tokens import TokenService

DAY = timedelta(days=1)
LOOK = [Permission.SEE_PEOPLE]


class Mint(AccountsKit):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = TokenService(store=self.store, clock=self.clock)

    async def does(self, caller: Caller, permission: Permission) -> None:
        await self.store.read(lambda tx: require(role_within(tx, caller), permission))


@pytest.fixture
async def mint(clock: FakeClock, store: Store) -> AsyncIterator[Mint]:
    hasher = CountingHasher()
    yield Mint(clock, store, hasher)
    hasher.close()


async def test_a_token_from_its_making_to_its_end(mint: Mint) -> None:
    owner = await mint.caller("Cleo", role=Role.OWNER)
    made, secret = await mint.tokens.make(owner, "nightly", LOOK, DAY)
    program = await mint.tokens.authenticate(secret)
    assert (program.account_id, program.name, program.token) == (owner.account_id, "Cleo (nightly)", made.number)
    await mint.does(program, Permission.SEE_PEOPLE)
    with pytest.raises(PermissionDenied):
        await mint.does(program, Permission.SEE_ADDRESSES)
    listed = await mint.tokens.list(owner)
    assert listed.tokens[0].last_used_at == mint.clock.now() and listed.names == {owner.account_id: "Cleo"}
    used = mint.clock.now()
    mint.pass_time(seconds=59)
    await mint.tokens.authenticate(secret)
    assert (await mint.tokens.list(owner)).tokens[0].last_used_at == used  # not written down each time
    await mint.tokens.end(owner, made.number)
    with pytest.raises(InvalidToken):
        await mint.tokens.authenticate(secret)
    with pytest.raises(SessionEnded):
        await mint.does(program, Permission.SEE_PEOPLE)  # who came in before it ended
    with pytest.raises(NotFound):
        await mint.tokens.end(owner, made.number)
    assert (await mint.audited(f"token:{made.number}")) == ["token.made", "token.ended"]
    entries = await mint.store.read(lambda tx: tx.moderation.audit(subject=f"token:{made.number}"))
    assert all(secret not in str(entry) for entry in entries)


async def test_it_ends_by_itself(mint: Mint) -> None:
    owner = await mint.caller("Cleo", role=Role.OWNER)
    _, secret = await mint.tokens.make(owner, "nightly", LOOK, DAY)
    program = await mint.tokens.authenticate(secret)
    mint.pass_time(days=1)
    with pytest.raises(InvalidToken):
        await mint.tokens.authenticate(secret)
    with pytest.raises(SessionEnded):
        await mint.does(program, Permission.SEE_PEOPLE)


async def test_it_may_no_more_than_its_owner(mint: Mint) -> None:
    owner, other = await mint.caller("Cleo", role=Role.OWNER), await mint.caller("Otto", role=Role.OWNER)
    _, secret = await mint.tokens.make(owner, "nightly", LOOK, DAY)
    program = await mint.tokens.authenticate(secret)
    await mint.accounts.set_role(other, owner.account_id, Role.PLAYER)
    with pytest.raises(PermissionDenied):
        await mint.does(program, Permission.SEE_PEOPLE)
    await mint.accounts.disable(other, owner.account_id)
    with pytest.raises(InvalidToken):
        await mint.tokens.authenticate(secret)
    with pytest.raises(SessionEnded):
        await mint.does(program, Permission.SEE_PEOPLE)


async def test_what_is_refused(mint: Mint, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, admin = await mint.caller("Cleo", role=Role.OWNER), await mint.caller("Ada", role=Role.ADMIN)
    for wrong in (timedelta(0), timedelta(days=367)):
        with pytest.raises(InvalidInput):
            await mint.tokens.make(owner, "x", LOOK, wrong)
    with pytest.raises(PermissionDenied):
        await mint.tokens.make(admin, "x", LOOK, DAY)
    with pytest.raises(PermissionDenied, match="owner's account"):
        await mint.tokens.make(OPERATOR, "x", LOOK, DAY)
    with pytest.raises(PermissionDenied, match="owner's account"):
        await mint.tokens.make(OPERATOR, "x", LOOK, DAY, owner=admin.account_id)
    await mint.tokens.make(OPERATOR, "x", LOOK, DAY, owner=owner.account_id)
    with pytest.raises(Conflict):
        await mint.tokens.make(owner, "X", LOOK, DAY)
    monkeypatch.setattr(tokens, "_MOST_LIVING", 1)
    with pytest.raises(Conflict):
        await mint.tokens.make(owner, "y", LOOK, DAY)
    mint.pass_time(days=1)
    await mint.tokens.make(owner, "x", LOOK, DAY)  # the one before has ended
    with pytest.raises(PermissionDenied):
        await mint.tokens.list(admin)
    with pytest.raises(PermissionDenied):
        await mint.tokens.end(admin, 1)
    with pytest.raises(InvalidToken):
        await mint.tokens.authenticate("mgt_made-up")

"""Accounts: coming in, passwords, staff, the first owner."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import argon2
import pytest
from tests.support.accounts import PASSWORD, AccountsKit, CountingHasher, accounts_kit
from tests.support.clock import FakeClock

from mythgate.domain.accounts import AccountStatus, Role, is_hidden, logins
from mythgate.domain.characters import Character
from mythgate.domain.errors import (
    AccountDisabled,
    BadCredentials,
    InvalidInput,
    InvalidToken,
    NameNotAllowed,
    NameTaken,
    NotFound,
    PermissionDenied,
    RegistrationClosed,
    SessionEnded,
    TooMany,
    TooManyLogins,
)
from mythgate.domain.events import AdminEvent
from mythgate.domain.ids import STAFF_TOPIC, AccountId, CharacterId, RoomId
from mythgate.domain.names import name_key
from mythgate.domain.sessions import OPERATOR, Caller
from mythgate.services.accounts import ADMIN_LINK_FACT, LONGEST_LINE, AccountPolicy
from mythgate.services.ports import Store, Transaction


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    async with accounts_kit(clock, store) as made:
        yield made


# --- registering ---


async def test_registering_signs_in_and_is_on_record(kit: AccountsKit) -> None:
    signed_in = await kit.accounts.register(
        "  Bob O'Neil ", PASSWORD, email=" bob@example.org ", door="http", address="a", client="c"
    )
    account = await kit.account(signed_in.caller.account_id)
    assert (account.name, account.email, account.role, account.is_guest) == (
        "Bob O'Neil",
        "bob@example.org",
        Role.PLAYER,
        False,
    )
    assert account.last_login_at == kit.clock.now()
    assert account.password_hash.startswith("$argon2id$")
    assert account.number > 0
    assert await kit.audited(account.id) == ["account.registered"]


@pytest.mark.parametrize("name", ["Alric", "ALRIC", "A1ric", "al-ric", "Álric"])
async def test_a_taken_or_look_alike_name_is_refused(kit: AccountsKit, name: str) -> None:
    await kit.register("Alric")
    hashed = kit.hasher.hashed
    with pytest.raises(NameTaken) as refused:
        await kit.register(name)
    assert refused.value.field == "username"
    assert kit.hasher.hashed == hashed  # nothing was spent on it


async def test_of_many_who_want_one_name_one_gets_it(kit: AccountsKit) -> None:
    results = await asyncio.gather(
        *(kit.accounts.register("Alric", PASSWORD, door="http", address=f"{n}", client="") for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, NameTaken) for result in results) == 7
    assert await kit.store.read(lambda tx: tx.accounts.count()) == 1


@pytest.mark.parametrize(
    ("name", "password", "email", "expected"),
    [
        ("Admin", PASSWORD, None, NameNotAllowed),
        ("x", PASSWORD, None, NameNotAllowed),
        ("Alric", "short", None, InvalidInput),
        ("Alric", "password", None, InvalidInput),
        ("Alrical ric", "alricalric", None, InvalidInput),
        ("Alric", PASSWORD, "nowhere", InvalidInput),
        ("Alric", PASSWORD, "a b@c", InvalidInput),
        ("Alric", PASSWORD, "a@" + "c" * 300, InvalidInput),
    ],
)
async def test_values_that_do_not_fit(
    kit: AccountsKit, name: str, password: str, email: str | None, expected: type[InvalidInput]
) -> None:
    with pytest.raises(expected):
        await kit.accounts.register(name, password, email=email, door="http", address="a", client="")
    assert await kit.store.read(lambda tx: tx.accounts.count()) == 0
    assert kit.hasher.hashed == 0


async def test_an_address_makes_ten_accounts_in_ten_minutes(kit: AccountsKit) -> None:
    async def one(number: int) -> None:
        await kit.accounts.register(f"Name{'abcdefghijkm'[number]}", PASSWORD, door="http", address="same", client="")

    for number in range(10):
        await one(number)
    with pytest.raises(TooMany) as refused:
        await one(10)
    assert refused.value.retry_after == timedelta(minutes=10)
    with pytest.raises(TooMany):
        await kit.accounts.guest(door="http", address="same", client="")
    await kit.accounts.guest(door="http", address="elsewhere", client="")
    kit.pass_time(minutes=10)
    await one(10)


async def test_registration_can_be_closed(clock: FakeClock, store: Store) -> None:
    policy = AccountPolicy(registration_open=False, guests=False)
    async with accounts_kit(clock, store, account_policy=policy) as kit:
        with pytest.raises(RegistrationClosed):
            await kit.register("Alric")
        with pytest.raises(PermissionDenied):
            await kit.accounts.guest(door="http", address="a", client="")
        assert kit.accounts.policy is policy, "doors say so before anybody tries"
        await kit.accounts.create(OPERATOR, "Alric", PASSWORD)
        assert (await kit.login("Alric")).caller.name == "Alric"


# --- guests ---


async def test_guests_get_a_session_and_a_readable_name(kit: AccountsKit) -> None:
    names = set()
    for number in range(50):
        signed_in = await kit.accounts.guest(door="http", address=f"{number}", client="")
        caller = await kit.sessions.authenticate(signed_in.access_token)
        assert caller.is_guest
        assert caller.name.startswith("Guest-")
        assert 3 <= len(caller.name) <= 20
        names.add(caller.name)
    assert len(names) == 50


async def test_a_guest_may_bring_a_free_name(kit: AccountsKit) -> None:
    await kit.register("Alric")
    assert (await kit.accounts.guest("Wanderer", door="http", address="a", client="")).caller.name == "Wanderer"
    for name, expected in (("Alric", NameTaken), ("wanderer", NameTaken), ("Admin", NameNotAllowed)):
        with pytest.raises(expected):
            await kit.accounts.guest(name, door="http", address="a", client="")


async def test_a_taken_guest_name_is_thrown_again(kit: AccountsKit, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["Guest-Oak-123", "Guest-Oak-123", "Guest-0ak-l23", "Guest-Ash-456"])
    monkeypatch.setattr("mythgate.services.accounts._guest_name", lambda _: next(drawn))
    for expected in ("Guest-Oak-123", "Guest-Ash-456"):
        assert (await kit.accounts.guest(door="http", address="a", client="")).caller.name == expected


async def test_when_all_guest_names_are_taken_it_says_so(kit: AccountsKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mythgate.services.accounts._guest_name", lambda _: "Guest-Oak-123")
    await kit.accounts.guest(door="http", address="a", client="")
    with pytest.raises(NameTaken):
        await kit.accounts.guest(door="http", address="a", client="")


@pytest.mark.parametrize("password", ["", "x", PASSWORD])
async def test_nobody_signs_in_as_a_guest(kit: AccountsKit, password: str) -> None:
    guest = await kit.accounts.guest(door="http", address="a", client="")
    with pytest.raises(BadCredentials):
        await kit.login(guest.caller.name, password)
    with pytest.raises(PermissionDenied):
        await kit.accounts.change_password(guest.caller, password, "another good one")


# --- signing in ---


@pytest.mark.parametrize("name", ["Alric", "alric", " ALRIC ", "A1ric"])
async def test_signing_in_under_any_spelling_of_the_name(kit: AccountsKit, name: str) -> None:
    await kit.register("Alric")
    kit.pass_time(minutes=1)
    signed_in = await kit.login(name)
    assert signed_in.caller.name == "Alric"
    assert (await kit.account(signed_in.caller.account_id)).last_login_at == kit.clock.now()


async def test_unknown_names_and_wrong_passwords_are_one_to_the_outside(kit: AccountsKit) -> None:
    await kit.register("Alric")
    guest = await kit.accounts.guest(door="http", address="a", client="")
    removed = await kit.register("Removed")
    await kit.accounts.delete(OPERATOR, removed.caller.account_id)
    answers, costs = [], []
    for name in ("Alric", "Nobody", guest.caller.name, "Removed", "Admin", "", "x" * 200):
        before = (kit.hasher.hashed, kit.hasher.verified)
        with pytest.raises(BadCredentials) as refused:
            await kit.login(name, "wrong password", address=f"address for {name}")
        answers.append((refused.value.message, refused.value.hint, refused.value.code))
        costs.append((kit.hasher.hashed - before[0], kit.hasher.verified - before[1]))
    assert len(set(answers)) == 1
    assert set(costs) == {(0, 1)}


async def test_a_disabled_account_is_told_only_to_who_knows_the_password(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    await kit.accounts.disable(OPERATOR, signed_in.caller.account_id)
    with pytest.raises(BadCredentials):
        await kit.login("Alric", "wrong password")
    with pytest.raises(AccountDisabled):
        await kit.login("Alric")


async def test_five_failures_pause_an_account_for_a_minute(kit: AccountsKit) -> None:
    await kit.register("Alric")
    await kit.register("Other")
    for number in range(5):
        with pytest.raises(BadCredentials):
            await kit.login("Alric", "wrong password", address=f"{number}")
    verified = kit.hasher.verified
    with pytest.raises(TooManyLogins) as refused:
        await kit.login("Alric", address="elsewhere")
    assert refused.value.retry_after == timedelta(minutes=1)
    assert kit.hasher.verified == verified  # no work for who is throttled
    await kit.login("Other", address="0")
    kit.pass_time(minutes=1)
    await kit.login("Alric")


async def test_success_forgives_the_accounts_failures(kit: AccountsKit) -> None:
    await kit.register("Alric")
    for _ in range(2):
        for number in range(4):
            with pytest.raises(BadCredentials):
                await kit.login("Alric", "wrong password", address=f"{number}")
        await kit.login("Alric")


async def test_unknown_names_are_throttled_alike(kit: AccountsKit) -> None:
    for number in range(5):
        with pytest.raises(BadCredentials):
            await kit.login("Nobody", address=f"{number}")
    with pytest.raises(TooManyLogins):
        await kit.login("nob0dy")


async def test_ten_failures_pause_an_address_for_ten_minutes(kit: AccountsKit) -> None:
    await kit.register("Alric")
    for number in range(10):
        with pytest.raises(BadCredentials):
            await kit.login(f"Nobody{number}", address="bad")
    with pytest.raises(TooManyLogins) as refused:
        await kit.login("Alric", address="bad")
    assert refused.value.retry_after == timedelta(minutes=10)
    await kit.login("Alric", address="good")
    kit.pass_time(minutes=9, seconds=59)
    with pytest.raises(TooManyLogins):
        await kit.login("Alric", address="bad")
    kit.pass_time(seconds=1)
    await kit.login("Alric", address="bad")


async def test_guessing_side_by_side_gains_nothing(kit: AccountsKit) -> None:
    await kit.register("Alric")
    guesses = [f"wrong password {number}" for number in range(60)]
    guesses[40] = PASSWORD
    results = await asyncio.gather(
        *(kit.login("Alric", guess, address=f"{number}") for number, guess in enumerate(guesses)),
        return_exceptions=True,
    )
    told = [result for result in results if not isinstance(result, TooManyLogins)]
    assert all(isinstance(result, BadCredentials) for result in told)
    # Five, and those whose computation was under way when the fifth failed.
    assert len(told) <= 5 + 2 * 2


async def test_an_outdated_hash_is_renewed_on_signing_in(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    account_id = signed_in.caller.account_id
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)

    def weaken(tx: Transaction) -> None:
        account = tx.accounts.require(account_id)
        account.password_hash = weak
        tx.accounts.save(account)

    await kit.store.write(weaken)
    await kit.login("Alric")
    renewed = (await kit.account(account_id)).password_hash
    assert renewed != weak
    assert not kit.hasher.needs_rehash(renewed)
    await kit.login("Alric")
    assert (await kit.account(account_id)).password_hash == renewed


def during_verify(kit: AccountsKit, happens: Callable[[], Awaitable[object]]) -> None:
    """Have something happen while the next password is being checked."""
    verify = kit.hasher.verify

    async def interrupted(stored_hash: str, password: str) -> bool:
        kit.hasher.verify = verify  # type: ignore[method-assign]
        result = await verify(stored_hash, password)
        await happens()
        return result

    kit.hasher.verify = interrupted  # type: ignore[method-assign]


async def test_a_password_changed_during_a_login_beats_the_old_one(kit: AccountsKit) -> None:
    caller = (await kit.register("Alric")).caller
    during_verify(kit, lambda: kit.accounts.change_password(caller, PASSWORD, "another good one"))
    with pytest.raises(BadCredentials):
        await kit.login("Alric")


async def test_an_account_disabled_during_a_login_stays_out(kit: AccountsKit) -> None:
    caller = (await kit.register("Alric")).caller
    during_verify(kit, lambda: kit.accounts.disable(OPERATOR, caller.account_id))
    with pytest.raises(AccountDisabled):
        await kit.login("Alric")


async def test_of_two_changes_of_a_password_the_first_holds(kit: AccountsKit) -> None:
    caller = (await kit.register("Alric")).caller
    during_verify(kit, lambda: kit.accounts.change_password(caller, PASSWORD, "the first new one"))
    with pytest.raises(BadCredentials):
        await kit.accounts.change_password(caller, PASSWORD, "the second new one")
    await kit.login("Alric", "the first new one")


class HeldHasher(CountingHasher):
    """Lets no check end before it is told to, and knows how many run at once."""

    def __init__(self) -> None:
        super().__init__(queue=1000)
        self.go = asyncio.Event()
        self.checking = 0
        self.most = 0
        self._changed = asyncio.Condition()

    async def until_checking(self, number: int) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: self.checking >= number)

    async def verify(self, stored_hash: str, password: str) -> bool:
        self.checking += 1
        self.most = max(self.most, self.checking)
        async with self._changed:
            self._changed.notify_all()
        try:
            await self.go.wait()
            return await super().verify(stored_hash, password)
        finally:
            self.checking -= 1


@pytest.fixture
async def held(clock: FakeClock, store: Store) -> AsyncIterator[tuple[AccountsKit, HeldHasher]]:
    async with accounts_kit(clock, store) as kit:
        kit.hasher.close()
        hasher = HeldHasher()
        kit.hasher = kit.accounts._hasher = hasher
        yield kit, hasher
        hasher.close()


async def test_a_hundred_logins_at_once(held: tuple[AccountsKit, HeldHasher]) -> None:
    kit, hasher = held
    await kit.register("Alric")
    threads: set[int] = set()
    check = hasher._verify

    def noted(stored_hash: str, password: bytes) -> bool:
        threads.add(threading.get_ident())
        return check(stored_hash, password)

    hasher._verify = noted  # type: ignore[method-assign]
    hasher.go.set()
    results = await asyncio.gather(*(kit.login("Alric") for _ in range(100)))
    assert len({result.token for result in results}) == 100
    assert hasher.verified == 100
    assert hasher.most <= kit.account_policy.failures_per_account.count
    assert threading.get_ident() not in threads  # the loop goes on meanwhile


async def test_a_flood_of_guesses_keeps_nobody_else_waiting(held: tuple[AccountsKit, HeldHasher]) -> None:
    kit, hasher = held
    await kit.register("Alric")
    width = kit.account_policy.failures_per_address.count
    guesses = [asyncio.create_task(kit.login(f"Nobody {n}", "wrong guess", address="192.0.2.1")) for n in range(500)]
    honest = asyncio.create_task(kit.login("Alric"))
    await hasher.until_checking(width + 1)
    assert hasher.most == width + 1  # the flood has its share of the checks, and the others have theirs
    hasher.go.set()
    assert (await honest).caller.name == "Alric"
    answers = Counter(type(answer) for answer in await asyncio.gather(*guesses, return_exceptions=True))
    assert answers == {BadCredentials: width, TooManyLogins: 500 - width}
    # Whoever takes the place of the first failures is still checked; the rest cost nothing.
    assert hasher.verified <= 2 * width
    assert kit.accounts._lanes.lanes == {}


async def test_one_ipv6_household_is_one_address(kit: AccountsKit) -> None:
    count = kit.account_policy.failures_per_address.count
    for n in range(count):
        with pytest.raises(BadCredentials):
            await kit.login(f"Nobody {n}", "wrong guess", address=f"2001:db8:1:2::{n:x}")
    with pytest.raises(TooManyLogins):
        await kit.login("Somebody else", "wrong guess", address="2001:db8:1:2:ffff::1")
    with pytest.raises(BadCredentials):
        await kit.login("Somebody else", "wrong guess", address="2001:db8:1:3::1")


async def test_a_line_has_an_end(held: tuple[AccountsKit, HeldHasher]) -> None:
    kit, hasher = held
    width = kit.account_policy.failures_per_address.count
    guesses = [asyncio.create_task(kit.login(f"Nobody {n}", "wrong guess")) for n in range(width + LONGEST_LINE)]
    await hasher.until_checking(width)
    with pytest.raises(TooManyLogins):
        await kit.login("One too many", "wrong guess")
    for guess in guesses:
        guess.cancel()
    await asyncio.gather(*guesses, return_exceptions=True)
    assert kit.accounts._lanes.lanes == {}


async def test_guesses_at_once_for_deleting_are_throttled(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    before = kit.hasher.verified
    answers = Counter(
        type(answer)
        for answer in await asyncio.gather(
            *(kit.accounts.delete_own(signed_in.caller, f"guess {n}") for n in range(100)), return_exceptions=True
        )
    )
    count = kit.account_policy.failures_per_account.count
    assert answers == {BadCredentials: count, TooManyLogins: 100 - count}
    assert kit.hasher.verified - before < 2 * count  # whoever takes the place of a first failure is checked in vain
    with pytest.raises(TooManyLogins):
        await kit.accounts.delete_own(signed_in.caller, PASSWORD)
    kit.pass_time(minutes=2)
    verified = kit.hasher.verified
    with pytest.raises(BadCredentials):
        await kit.accounts.delete_own(signed_in.caller, "x" * 4000)
    assert kit.hasher.verified == verified  # too long to be it
    await kit.accounts.delete_own(signed_in.caller, PASSWORD)


async def test_a_password_changed_meanwhile_stops_the_deleting(held: tuple[AccountsKit, HeldHasher]) -> None:
    kit, hasher = held
    signed_in = await kit.register("Alric")
    deleting = asyncio.create_task(kit.accounts.delete_own(signed_in.caller, PASSWORD))
    await hasher.until_checking(1)
    await kit.accounts.reset_password(OPERATOR, signed_in.caller.account_id, "quite another one")
    hasher.go.set()
    with pytest.raises(BadCredentials):
        await deleting
    assert (await kit.account(signed_in.caller.account_id)).status is AccountStatus.ACTIVE


async def test_a_password_longer_than_allowed_is_just_wrong(kit: AccountsKit) -> None:
    await kit.register("Alric")
    with pytest.raises(BadCredentials):
        await kit.login("Alric", "x" * 5000)


# --- one's own account ---


async def test_me(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    assert (await kit.accounts.me(signed_in.caller)).name == "Alric"
    await kit.accounts.disable(OPERATOR, signed_in.caller.account_id)
    with pytest.raises(SessionEnded):
        await kit.accounts.me(signed_in.caller)


async def test_changing_the_password_ends_the_other_sessions(kit: AccountsKit) -> None:
    first, second = await kit.register("Alric"), await kit.login("Alric")
    await kit.accounts.change_password(second.caller, PASSWORD, "another good one")
    assert kit.ended == [first.session.id]
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(first.access_token)
    await kit.sessions.authenticate(second.access_token)
    with pytest.raises(BadCredentials):
        await kit.login("Alric")
    await kit.login("Alric", "another good one")
    assert (await kit.audited())[-1] == "account.password_changed"


async def test_changing_the_password_needs_the_current_one_and_a_good_new_one(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    with pytest.raises(InvalidInput) as refused:
        await kit.accounts.change_password(signed_in.caller, PASSWORD, "short")
    assert refused.value.field == "new_password"
    for _ in range(5):
        with pytest.raises(BadCredentials):
            await kit.accounts.change_password(signed_in.caller, "wrong password", "another good one")
    with pytest.raises(TooManyLogins):
        await kit.accounts.change_password(signed_in.caller, PASSWORD, "another good one")


async def test_deleting_ones_own_account(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    account_id = signed_in.caller.account_id
    now = kit.clock.now()
    body = Character(CharacterId("c"), account_id, "Body", name_key("Body"), RoomId("r"), now, now)
    await kit.store.write(lambda tx: tx.characters.add(body))
    with pytest.raises(BadCredentials):
        await kit.accounts.delete_own(signed_in.caller, "wrong password")
    await kit.accounts.delete_own(signed_in.caller, PASSWORD)
    with pytest.raises(SessionEnded):
        await kit.sessions.authenticate(signed_in.access_token)
    account = await kit.account(account_id)
    assert account.status is AccountStatus.DELETED
    assert "Alric" not in repr(account)
    assert account.password_hash == ""
    assert await kit.store.read(lambda tx: tx.characters.of_account(account_id)) == []
    assert (await kit.register("Alric")).caller.account_id != account_id  # the name is free again


async def test_a_guest_leaves_without_a_password(kit: AccountsKit) -> None:
    guest = await kit.accounts.guest(door="http", address="a", client="")
    await kit.accounts.delete_own(guest.caller, "")
    assert (await kit.account(guest.caller.account_id)).status is AccountStatus.DELETED


# --- staff ---

Act = Callable[[AccountsKit, Caller, AccountId], Awaitable[object]]
ACTS: dict[str, Act] = {
    "disable": lambda kit, caller, target: kit.accounts.disable(caller, target, "reason"),
    "enable": lambda kit, caller, target: kit.accounts.enable(caller, target),
    "rename": lambda kit, caller, target: kit.accounts.rename(caller, target, "Renamed"),
    "reset": lambda kit, caller, target: kit.accounts.reset_password(caller, target),
    "game password": lambda kit, caller, target: kit.accounts.reset_game_password(caller, target),
    "delete": lambda kit, caller, target: kit.accounts.delete(caller, target),
    "demote": lambda kit, caller, target: kit.accounts.set_role(caller, target, Role.PLAYER),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
@pytest.mark.parametrize("target_role", list(Role))
@pytest.mark.parametrize("actor_role", list(Role))
async def test_who_may_do_what_to_whom(kit: AccountsKit, act: Act, actor_role: Role, target_role: Role) -> None:
    actor = await kit.caller("Actor", role=actor_role)
    target = await kit.caller("Target", role=target_role)
    await kit.caller("Boss", role=Role.OWNER)  # so that no act fails for want of another owner
    before = await kit.audited(target.account_id)
    if actor_role is Role.OWNER or (actor_role is Role.ADMIN and target_role.rank < Role.ADMIN.rank):
        await act(kit, actor, target.account_id)
        assert len(await kit.audited(target.account_id)) == len(before) + 1
    else:
        account = await kit.account(target.account_id)
        with pytest.raises(PermissionDenied):
            await act(kit, actor, target.account_id)
        assert await kit.account(target.account_id) == account
        assert await kit.audited(target.account_id) == before


async def test_rights_are_those_of_now_not_those_of_the_token(kit: AccountsKit) -> None:
    admin = await kit.caller("Boss", role=Role.ADMIN)
    player = await kit.caller("Alric")
    await kit.accounts.set_role(OPERATOR, admin.account_id, Role.PLAYER)
    with pytest.raises(PermissionDenied):
        await kit.accounts.disable(admin, player.account_id)
    await kit.accounts.set_role(OPERATOR, admin.account_id, Role.ADMIN)
    await kit.accounts.disable(OPERATOR, admin.account_id)
    with pytest.raises(SessionEnded):
        await kit.accounts.disable(admin, player.account_id)


async def test_nobody_can_pretend_to_be_the_operator(kit: AccountsKit) -> None:
    target = await kit.caller("Alric")
    pretender = Caller(OPERATOR.account_id, OPERATOR.session_id, OPERATOR.name, OPERATOR.role)
    with pytest.raises(SessionEnded):
        await kit.accounts.disable(pretender, target.account_id)


@pytest.mark.parametrize("act", ["disable", "delete", "demote"])
async def test_the_last_owner_stays(kit: AccountsKit, act: str) -> None:
    owner = await kit.caller("Boss", role=Role.OWNER)
    for caller in (owner, OPERATOR):
        with pytest.raises(PermissionDenied, match="last owner"):
            await ACTS[act](kit, caller, owner.account_id)
    with pytest.raises(PermissionDenied, match="last owner"):
        await kit.accounts.delete_own(owner, PASSWORD)
    disabled = await kit.caller("Away", role=Role.OWNER)
    await kit.accounts.disable(OPERATOR, disabled.account_id)  # an owner who cannot sign in does not count
    with pytest.raises(PermissionDenied, match="last owner"):
        await ACTS[act](kit, owner, owner.account_id)
    await kit.caller("Heir", role=Role.OWNER)
    await ACTS[act](kit, owner, owner.account_id)


async def test_two_owners_who_resign_at_once_leave_one(kit: AccountsKit) -> None:
    owners = [await kit.caller(name, role=Role.OWNER) for name in ("Boss", "Heir")]
    results = await asyncio.gather(
        *(kit.accounts.set_role(owner, owner.account_id, Role.PLAYER) for owner in owners), return_exceptions=True
    )
    assert sum(isinstance(result, PermissionDenied) for result in results) == 1


async def test_a_new_role_shows_in_the_world_at_once(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    presence = kit.enter_world(player)
    await kit.accounts.set_role(OPERATOR, player.account_id, Role.MODERATOR)
    assert presence.role is Role.MODERATOR
    assert (presence.character_id, STAFF_TOPIC) in kit.realtime.topics
    await kit.accounts.set_role(OPERATOR, player.account_id, Role.PLAYER)
    assert kit.realtime.topics == set()
    assert [type(payload) for topic, payload in kit.realtime.published if topic == STAFF_TOPIC] == [AdminEvent] * 2


async def test_only_staff_is_hidden_and_only_while_it_is_staff(kit: AccountsKit) -> None:
    admin, keeper, player = (
        await kit.caller("Boss", role=Role.ADMIN),
        await kit.caller("Keeper", role=Role.MODERATOR),
        await kit.caller("Alric"),
    )
    with pytest.raises(PermissionDenied):
        await kit.accounts.set_hidden(admin, player.account_id, True)
    with pytest.raises(PermissionDenied):
        await kit.accounts.set_hidden(keeper, keeper.account_id, True)
    assert is_hidden(await kit.accounts.set_hidden(admin, keeper.account_id, True))
    assert not is_hidden(await kit.accounts.set_role(OPERATOR, keeper.account_id, Role.PLAYER))
    assert is_hidden(await kit.accounts.set_role(OPERATOR, keeper.account_id, Role.MODERATOR))
    assert not is_hidden(await kit.accounts.set_hidden(admin, keeper.account_id, False))
    assert (await kit.audited(keeper.account_id))[-1] == "account.shown"
    equal = await kit.caller("Equal", role=Role.ADMIN)
    with pytest.raises(PermissionDenied):
        await kit.accounts.set_hidden(admin, equal.account_id, True)
    assert is_hidden(await kit.accounts.set_hidden(admin, admin.account_id, True))  # one's own affair


async def test_guests_get_no_role(kit: AccountsKit) -> None:
    guest = await kit.accounts.guest(door="http", address="a", client="")
    with pytest.raises(PermissionDenied, match="guest"):
        await kit.accounts.set_role(OPERATOR, guest.caller.account_id, Role.MODERATOR)
    with pytest.raises(PermissionDenied, match="guest"):
        await kit.accounts.reset_password(OPERATOR, guest.caller.account_id)


async def test_disabling_ends_all_sessions_and_enabling_opens_the_door_again(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    await kit.accounts.disable(OPERATOR, signed_in.caller.account_id, "rude")
    assert kit.ended == [signed_in.session.id]
    with pytest.raises(AccountDisabled):
        await kit.sessions.authenticate(signed_in.access_token)
    await kit.accounts.enable(OPERATOR, signed_in.caller.account_id)
    await kit.login("Alric")
    assert await kit.audited(signed_in.caller.account_id) == [
        "account.registered",
        "account.disabled",
        "account.enabled",
    ]


async def test_renaming_keeps_to_the_rules(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    await kit.caller("Other")
    with pytest.raises(NameTaken):
        await kit.accounts.rename(OPERATOR, player.account_id, "öth-er")
    with pytest.raises(NameNotAllowed):
        await kit.accounts.rename(OPERATOR, player.account_id, "Admin")
    await kit.accounts.rename(OPERATOR, player.account_id, "ALRIC")  # one's own name in another spelling
    assert (await kit.login("alric")).caller.name == "ALRIC"


async def test_resetting_a_password(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    for number in range(5):
        with pytest.raises(BadCredentials):
            await kit.login("Alric", "wrong password", address=f"{number}")
    made_up = await kit.accounts.reset_password(OPERATOR, signed_in.caller.account_id)
    assert len(made_up) >= 16
    await kit.login("Alric", made_up)  # the pause is over as well
    assert kit.ended == [signed_in.session.id]
    assert (
        await kit.accounts.reset_password(OPERATOR, signed_in.caller.account_id, "another good one")
        == "another good one"
    )
    with pytest.raises(InvalidInput):
        await kit.accounts.reset_password(OPERATOR, signed_in.caller.account_id, "short")


async def test_giving_game_passwords(kit: AccountsKit) -> None:
    boss = await kit.caller("Boss", role=Role.ADMIN)
    signed_in = await kit.register("Alric")
    player = signed_in.caller
    for _ in range(5):
        with pytest.raises(BadCredentials):
            await kit.accounts.check_game_login("Alric", b"wrong")
    made_up = await kit.accounts.reset_game_password(boss, player.account_id, reason=" forgot it ")
    await kit.accounts.check_game_login("Alric", made_up.encode())  # the pause is over as well
    assert kit.ended == []
    assert await kit.accounts.reset_game_password(boss, player.account_id, "games only") == "games only"
    await kit.accounts.check_game_login("Alric", b"games only")
    for wrong in ("abc", "Alric", "four unrelated plain words"):
        with pytest.raises(InvalidInput):
            await kit.accounts.reset_game_password(boss, player.account_id, wrong)
    await kit.accounts.reset_password(boss, player.account_id, "fits in both")  # the other is gone with it
    with pytest.raises(InvalidInput, match="account's own"):
        await kit.accounts.reset_game_password(boss, player.account_id, "fits in both")
    await kit.accounts.reset_game_password(boss, player.account_id)
    assert await kit.accounts.remove_game_password(boss, player.account_id)
    assert not await kit.accounts.remove_game_password(boss, player.account_id)
    with pytest.raises(PermissionDenied):
        await kit.accounts.remove_game_password(await kit.caller("Keeper", role=Role.MODERATOR), player.account_id)
    entries = await kit.store.read(lambda tx: tx.moderation.audit(subject=player.account_id, limit=20))
    assert [(entry.action, entry.detail) for entry in reversed(entries)][1:3] == [
        ("account.game_password_reset", {"name": "Alric", "reason": "forgot it"}),
        ("account.game_password_reset", {"name": "Alric"}),
    ]
    assert entries[0].action == "account.game_password_cleared"
    assert made_up not in repr(entries)


async def test_ones_own_password_needs_the_one_before(kit: AccountsKit) -> None:
    owner = await kit.caller("Boss", role=Role.OWNER)
    with pytest.raises(PermissionDenied, match="Your own"):
        await kit.accounts.reset_password(owner, owner.account_id)
    with pytest.raises(PermissionDenied, match="Your own"):
        await kit.accounts.reset_game_password(owner, owner.account_id)


async def test_who_may_not_costs_no_computing(kit: AccountsKit) -> None:
    player, keeper = await kit.caller("Alric"), await kit.caller("Keeper", role=Role.MODERATOR)
    target = (await kit.caller("Balor")).account_id
    before = (kit.hasher.hashed, kit.hasher.verified)
    for actor in (player, keeper):
        with pytest.raises(PermissionDenied):
            await kit.accounts.create(actor, "Friend", PASSWORD)
        for account_id in (target, AccountId("nobody")):  # nor do they learn whether there is such an account
            with pytest.raises(PermissionDenied):
                await kit.accounts.reset_password(actor, account_id)
            with pytest.raises(PermissionDenied):
                await kit.accounts.reset_game_password(actor, account_id)
    assert (kit.hasher.hashed, kit.hasher.verified) == before


async def test_reasons_are_on_record(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    await kit.accounts.set_role(OPERATOR, player.account_id, Role.MODERATOR, "trusted")
    await kit.accounts.disable(OPERATOR, player.account_id, "rude")
    await kit.accounts.enable(OPERATOR, player.account_id, "x" * 300)
    await kit.accounts.reset_password(OPERATOR, player.account_id, reason="lost")
    entries = await kit.store.read(lambda tx: tx.moderation.audit(subject=player.account_id, limit=4))
    assert [entry.detail["reason"] for entry in entries] == ["lost", "x" * 200, "rude", "trusted"]


async def test_log_ins_are_counted_by_door(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    await kit.login("Alric")
    await kit.accounts.login("Alric", PASSWORD, door="telnet", address="a", client="")
    await kit.accounts.check_game_login("Alric", PASSWORD.encode())
    with pytest.raises(BadCredentials):
        await kit.login("Alric", "wrong password")
    assert logins(await kit.account(player.account_id)) == {"http": 2, "telnet": 1, "metaserver": 1}
    assert logins(await kit.accounts.create(OPERATOR, "Helper", PASSWORD)) == {}


async def test_creating_accounts_for_others(kit: AccountsKit) -> None:
    admin = await kit.caller("Boss", role=Role.ADMIN)
    made = await kit.accounts.create(admin, "Helper", PASSWORD, role=Role.MODERATOR, email="h@example.org")
    assert (made.role, made.last_login_at, made.email) == (Role.MODERATOR, None, "h@example.org")
    with pytest.raises(PermissionDenied):
        await kit.accounts.create(admin, "Equal", PASSWORD, role=Role.ADMIN)
    with pytest.raises(NameTaken):
        await kit.accounts.create(admin, "he1per", PASSWORD)
    with pytest.raises(PermissionDenied):
        await kit.accounts.create(await kit.caller("Alric"), "Friend", PASSWORD)


async def test_searching_is_for_staff(kit: AccountsKit) -> None:
    moderator = await kit.caller("Watcher", role=Role.MODERATOR)
    player = await kit.caller("Alric")
    assert [account.name for account in await kit.accounts.search(moderator, "lri")] == ["Alric"]
    assert [account.name for account in await kit.accounts.search(moderator, role=Role.MODERATOR)] == ["Watcher"]
    assert len(await kit.accounts.search(OPERATOR)) == 2
    found = await kit.accounts.find(moderator, "a1ric")
    assert found is not None
    assert found.name == "Alric"
    assert await kit.accounts.find(moderator, "Nobody") is None
    with pytest.raises(PermissionDenied):
        await kit.accounts.search(player)
    with pytest.raises(PermissionDenied):
        await kit.accounts.find(player, "Watcher")


async def test_acting_on_nobody(kit: AccountsKit) -> None:
    gone = await kit.caller("Alric")
    await kit.accounts.delete(OPERATOR, gone.account_id)
    for act in ACTS.values():
        with pytest.raises(NotFound):
            await act(kit, OPERATOR, AccountId("nobody"))
        with pytest.raises((InvalidInput, PermissionDenied)):
            await act(kit, OPERATOR, gone.account_id)


async def test_no_secret_is_on_record(kit: AccountsKit) -> None:
    signed_in = await kit.register("Alric")
    link = await kit.accounts.make_admin_link_token()
    assert link is not None
    await kit.accounts.redeem_admin_link(link, signed_in.caller)
    await kit.caller("Heir", role=Role.OWNER)
    await kit.accounts.change_password(signed_in.caller, PASSWORD, "another good one")
    made_up = await kit.accounts.reset_password(OPERATOR, signed_in.caller.account_id)
    account = await kit.account(signed_in.caller.account_id)
    record = repr(await kit.store.read(lambda tx: tx.moderation.audit(limit=1000)))
    for secret in (
        PASSWORD,
        "another good one",
        made_up,
        link,
        signed_in.token,
        signed_in.access_token,
        account.password_hash,
    ):
        assert secret not in record


# --- the first owner ---


async def test_the_admin_link_makes_one_owner_once(kit: AccountsKit) -> None:
    token = await kit.accounts.make_admin_link_token()
    assert token is not None
    fact = await kit.store.read(lambda tx: tx.facts.get(ADMIN_LINK_FACT))
    assert fact is not None
    assert token not in fact
    player = await kit.caller("Alric")
    other = await kit.caller("Other")
    with pytest.raises(InvalidToken):
        await kit.accounts.redeem_admin_link("wrong", other)
    results = await asyncio.gather(
        kit.accounts.redeem_admin_link(token, player),
        kit.accounts.redeem_admin_link(token, player),
        return_exceptions=True,
    )
    assert sum(isinstance(result, BaseException) for result in results) == 1
    assert (await kit.account(player.account_id)).role is Role.OWNER
    with pytest.raises(PermissionDenied, match="has an owner"):
        await kit.accounts.redeem_admin_link(token, other)
    assert await kit.accounts.make_admin_link_token() is None
    assert (await kit.audited(player.account_id))[-1] == "account.role_changed"


async def test_a_newer_link_replaces_the_older_and_links_grow_old(kit: AccountsKit) -> None:
    older, newer = await kit.accounts.make_admin_link_token(), await kit.accounts.make_admin_link_token()
    assert older is not None
    assert newer is not None
    player = await kit.caller("Alric")
    with pytest.raises(InvalidToken):
        await kit.accounts.redeem_admin_link(older, player)
    kit.pass_time(days=1)
    with pytest.raises(InvalidToken):
        await kit.accounts.redeem_admin_link(newer, player)


async def test_a_link_is_worth_nothing_once_there_is_an_owner(kit: AccountsKit) -> None:
    token = await kit.accounts.make_admin_link_token()
    assert token is not None
    await kit.caller("Boss", role=Role.OWNER)
    with pytest.raises(PermissionDenied):
        await kit.accounts.redeem_admin_link(token, await kit.caller("Alric"))


async def test_guests_and_the_disabled_cannot_own_a_server(kit: AccountsKit) -> None:
    token = await kit.accounts.make_admin_link_token()
    assert token is not None
    guest = await kit.accounts.guest(door="http", address="a", client="")
    with pytest.raises(PermissionDenied):
        await kit.accounts.redeem_admin_link(token, guest.caller)
    disabled = await kit.caller("Away")
    await kit.accounts.disable(OPERATOR, disabled.account_id)
    with pytest.raises(AccountDisabled):
        await kit.accounts.redeem_admin_link(token, disabled)
    await kit.accounts.redeem_admin_link(token, await kit.caller("Alric"))

"""Log-in of old game clients: game passwords, keys, imported passwords."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace

import bcrypt
import pytest
from tests.support.accounts import PASSWORD, AccountsKit, accounts_kit
from tests.support.clock import FakeClock

from mythgate.domain.accounts import AccountStatus
from mythgate.domain.clans import Clan as NewClan
from mythgate.domain.clans import ClanRank, Membership
from mythgate.domain.errors import AccountDisabled, BadCredentials, InvalidInput, PermissionDenied, TooManyLogins
from mythgate.domain.friends import FriendState, Pair
from mythgate.domain.ids import AccountId
from mythgate.domain.profiles import Profile
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import Entry, Tournament, TournamentState
from mythgate.services import loginkeys
from mythgate.services.accounts import AccountPolicy
from mythgate.services.loginkeys import KeyPurpose, LoginKeys
from mythgate.services.ports import Store, Transaction

GAME_PASSWORD = "hunter2é"
MAC_GAME_PASSWORD = b"hunter2\x8e\0garbage"


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    async with accounts_kit(clock, store) as made:
        yield made


# --- passwords in clear ------------------------------------------------------------------------------


async def test_an_accounts_own_password_will_do(kit: AccountsKit) -> None:
    caller = await kit.caller("Anna")
    kit.pass_time(minutes=1)
    account = await kit.accounts.check_game_login("anna", PASSWORD.encode(), address="192.0.2.1")
    assert account.id == caller.account_id
    assert account.last_login_at == kit.clock.now()
    assert not await kit.accounts.has_game_password(caller)


async def test_a_game_password_replaces_it_for_games_only(kit: AccountsKit) -> None:
    caller = await kit.caller("Anna")
    await kit.accounts.set_game_password(caller, PASSWORD, GAME_PASSWORD)
    assert await kit.accounts.has_game_password(caller)
    assert (await kit.accounts.check_game_login("Anna", MAC_GAME_PASSWORD)).id == caller.account_id
    with pytest.raises(BadCredentials):
        await kit.accounts.check_game_login("Anna", PASSWORD.encode())
    with pytest.raises(BadCredentials):
        await kit.login("Anna", GAME_PASSWORD)
    await kit.login("Anna")
    assert await kit.accounts.clear_game_password(caller)
    assert not await kit.accounts.clear_game_password(caller)
    await kit.accounts.check_game_login("Anna", PASSWORD.encode())
    assert (await kit.audited(caller.account_id))[-2:] == [
        "account.game_password_set",
        "account.game_password_cleared",
    ]


async def test_what_is_no_game_password(kit: AccountsKit) -> None:
    caller = await kit.caller("Anna")
    with pytest.raises(BadCredentials):
        await kit.accounts.set_game_password(caller, "wrong", GAME_PASSWORD)
    with pytest.raises(InvalidInput):
        await kit.accounts.set_game_password(caller, PASSWORD, "x" * 16)
    short = await kit.register("Bob", password="four words")
    bob = await kit.sessions.authenticate(short.access_token)
    with pytest.raises(InvalidInput, match="in clear"):
        await kit.accounts.set_game_password(bob, "four words", "four words")
    guest = await kit.accounts.guest(door="http", address="x", client="x")
    with pytest.raises(PermissionDenied):
        await kit.accounts.set_game_password(await kit.sessions.authenticate(guest.access_token), "", GAME_PASSWORD)


async def test_a_password_changed_meanwhile_sets_nothing(kit: AccountsKit, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await kit.caller("Anna")
    hash_it = kit.hasher.hash

    async def hashed_too_late(password: str) -> str:
        await change_hash(kit, caller.account_id)
        return await hash_it(password)

    monkeypatch.setattr(kit.hasher, "hash", hashed_too_late)
    with pytest.raises(BadCredentials):
        await kit.accounts.set_game_password(caller, PASSWORD, GAME_PASSWORD)
    assert not await kit.accounts.has_game_password(caller)


async def change_hash(kit: AccountsKit, account_id: AccountId, stored: str = "another") -> None:
    def work(tx: Transaction) -> None:
        account = tx.accounts.require(account_id)
        account.password_hash = stored
        tx.accounts.save(account)

    await kit.store.write(work)


async def test_the_operator_may_insist_on_game_passwords(clock: FakeClock, store: Store) -> None:
    policy = AccountPolicy(game_passwords_only=True)
    async with accounts_kit(clock, store, account_policy=policy) as kit:
        caller = await kit.caller("Anna")
        with pytest.raises(BadCredentials):
            await kit.accounts.check_game_login("Anna", PASSWORD.encode())
        assert len(await kit.accounts.issue_login_key("Anna", PASSWORD, b"salt")) == 16
        await kit.accounts.set_game_password(caller, PASSWORD, GAME_PASSWORD)
        await kit.accounts.check_game_login("Anna", MAC_GAME_PASSWORD)


@pytest.mark.parametrize("name", ["Nobody", "", "Gone", "Visitor"])
async def test_one_answer_at_one_cost(kit: AccountsKit, name: str) -> None:
    gone = await kit.caller("Gone")
    await kit.accounts.delete(OPERATOR, gone.account_id)
    await kit.accounts.guest("Visitor", door="http", address="x", client="x")
    before = kit.hasher.verified
    with pytest.raises(BadCredentials):
        await kit.accounts.check_game_login(name, PASSWORD.encode())
    assert kit.hasher.verified == before + 1


async def test_a_deleted_account_is_unreachable_even_by_its_key(kit: AccountsKit) -> None:
    gone = await kit.caller("Gone")
    account = await kit.account(gone.account_id)
    account.status = AccountStatus.DELETED
    await kit.store.write(lambda tx: tx.accounts.save(account))
    with pytest.raises(BadCredentials):
        await kit.accounts.check_game_login("Gone", PASSWORD.encode())


async def test_guesses_are_counted_as_of_any_log_in(kit: AccountsKit) -> None:
    await kit.register("Anna")
    for _ in range(5):
        with pytest.raises(BadCredentials):
            await kit.accounts.check_game_login("Anna", b"guess", address="192.0.2.1")
    with pytest.raises(TooManyLogins):
        await kit.accounts.check_game_login("Anna", PASSWORD.encode(), address="192.0.2.1")
    with pytest.raises(TooManyLogins):
        await kit.login("Anna")
    assert await kit.accounts.issue_login_key("Anna", PASSWORD, b"salt") == b""


async def test_a_disabled_account(kit: AccountsKit, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await kit.caller("Anna")
    verify = kit.hasher.verify

    async def verified_too_late(stored: str, password: str) -> bool:
        fits = await verify(stored, password)
        await kit.accounts.disable(OPERATOR, caller.account_id)
        return fits

    monkeypatch.setattr(kit.hasher, "verify", verified_too_late)
    with pytest.raises(AccountDisabled):
        await kit.accounts.check_game_login("Anna", PASSWORD.encode())
    monkeypatch.undo()
    with pytest.raises(AccountDisabled):
        await kit.accounts.check_game_login("Anna", PASSWORD.encode())
    assert await kit.accounts.issue_login_key("Anna", PASSWORD, b"salt") == b""


async def test_a_password_changed_while_it_is_checked(kit: AccountsKit, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await kit.caller("Anna")
    verify = kit.hasher.verify

    async def verified_too_late(stored: str, password: str) -> bool:
        fits = await verify(stored, password)
        await change_hash(kit, caller.account_id)
        return fits

    monkeypatch.setattr(kit.hasher, "verify", verified_too_late)
    with pytest.raises(BadCredentials):
        await kit.accounts.check_game_login("Anna", PASSWORD.encode())


async def test_a_staff_reset_clears_the_game_password(kit: AccountsKit) -> None:
    caller = await kit.caller("Anna")
    await kit.accounts.set_game_password(caller, PASSWORD, GAME_PASSWORD)
    await kit.accounts.reset_password(OPERATOR, caller.account_id, "another one entirely")
    with pytest.raises(BadCredentials):
        await kit.accounts.check_game_login("Anna", MAC_GAME_PASSWORD)
    await kit.accounts.check_game_login("Anna", b"another one entirely")


# --- imported passwords ------------------------------------------------------------------------------


async def imported(kit: AccountsKit, foreign_hash: str) -> AccountId:
    caller = await kit.caller("Anna")
    await change_hash(kit, caller.account_id, await kit.hasher.adopt(foreign_hash))
    return caller.account_id


@pytest.mark.parametrize("way", ["game", "key", "http"])
@pytest.mark.parametrize(
    ("digest", "start"),
    [
        (hashlib.md5(b"sesame").hexdigest(), "$imported$md5$argon2id$"),
        (bcrypt.hashpw(b"sesame", bcrypt.gensalt(4, b"2a")).decode(), "$imported$bcrypt$2a$04$"),
        (bcrypt.hashpw(b"sesame", bcrypt.gensalt(4)).decode().replace("$2b", "$2y"), "$imported$bcrypt$2y$04$"),
    ],
    ids=["md5", "2a", "2y"],
)
async def test_an_imported_password_is_checked_once_and_upgraded(
    kit: AccountsKit, digest: str, start: str, way: str
) -> None:
    account_id = await imported(kit, digest)
    stored = (await kit.account(account_id)).password_hash
    assert digest not in stored
    assert stored.startswith(start)

    async def sign_in(password: str) -> None:
        if way == "game":
            await kit.accounts.check_game_login("Anna", password.encode())
        elif way == "key":
            if not await kit.accounts.issue_login_key("Anna", password, b"salt"):
                raise BadCredentials
        else:
            await kit.login("Anna", password)

    with pytest.raises(BadCredentials):
        await sign_in(digest)
    assert (await kit.account(account_id)).password_hash == stored
    await sign_in("sesame")
    assert (await kit.account(account_id)).password_hash.startswith("$argon2id$")
    await sign_in("sesame")


async def test_a_game_password_of_older_parameters_is_hashed_anew(kit: AccountsKit) -> None:
    caller = await kit.caller("Anna")
    old = await kit.hasher.adopt(hashlib.md5(b"sesame").hexdigest())
    await kit.store.write(lambda tx: tx.game_passwords.set(caller.account_id, old))
    await kit.accounts.check_game_login("Anna", b"sesame")
    found = await kit.store.read(lambda tx: tx.game_passwords.get(caller.account_id))
    assert found is not None
    assert found.startswith("$argon2id$")


# --- keys --------------------------------------------------------------------------------------------


async def test_a_key_opens_once_for_the_name_it_was_issued_to(kit: AccountsKit) -> None:
    caller = await kit.caller("Anna")
    key = await kit.accounts.issue_login_key("Anna", PASSWORD, b"0123456789abcde\0", address="192.0.2.1")
    assert len(key) == 16
    assert 0 not in key
    assert kit.accounts.redeem_login_key("Bob", key) is None
    account = kit.accounts.redeem_login_key("anna", key)
    assert account is not None
    assert account.id == caller.account_id
    assert kit.accounts.redeem_login_key("Anna", key) is None


async def test_a_key_is_good_for_a_minute(kit: AccountsKit) -> None:
    await kit.register("Anna")
    key = await kit.accounts.issue_login_key("Anna", PASSWORD, "salt")
    kit.pass_time(seconds=60)
    assert kit.accounts.redeem_login_key("Anna", key) is None
    assert kit.accounts.redeem_login_key("Anna", await kit.accounts.issue_login_key("Anna", PASSWORD, "salt"))


async def test_no_key_without_the_password(kit: AccountsKit) -> None:
    await kit.register("Anna")
    assert await kit.accounts.issue_login_key("Anna", "wrong", b"salt") == b""
    assert await kit.accounts.issue_login_key("Nobody", PASSWORD, b"salt") == b""
    assert kit.accounts.redeem_login_key("Anna", b"") is None


async def test_a_key_for_settings_opens_no_game(kit: AccountsKit) -> None:
    caller = await kit.caller("Anna")
    key = await kit.accounts.issue_login_key("Anna", PASSWORD)
    assert kit.accounts.redeem_login_key("Anna", key) is None
    account = kit.accounts.redeem_settings_key(key)
    assert account is not None
    assert account.id == caller.account_id
    game = await kit.accounts.issue_login_key("Anna", PASSWORD, b"salt")
    assert kit.accounts.redeem_settings_key(game) is None


async def test_several_keys_of_one_name(kit: AccountsKit) -> None:
    await kit.register("Anna")
    keys = await asyncio.gather(*(kit.accounts.issue_login_key("Anna", PASSWORD, b"salt") for _ in range(3)))
    assert all(kit.accounts.redeem_login_key("Anna", key) for key in keys)


async def test_keys_do_not_pile_up(kit: AccountsKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loginkeys, "MOST_KEYS", 3)
    account = await kit.account((await kit.caller("Anna")).account_id)
    keys = LoginKeys(kit.clock)
    issued = [keys.issue(account, "anna", KeyPurpose.GAME) for _ in range(5)]
    assert len(keys) == 3
    assert keys.redeem(issued[0], KeyPurpose.GAME, "anna") is None
    assert keys.redeem(issued[4], KeyPurpose.GAME, "anna") is account
    kit.pass_time(seconds=61)
    keys.issue(account, "anna", KeyPurpose.GAME)
    assert len(keys) == 1


@pytest.mark.parametrize("change", ["own", "reset", "game", "reset_game", "disabled", "deleted"])
async def test_a_key_of_an_old_password_opens_nothing(kit: AccountsKit, change: str) -> None:
    caller, admin = await kit.caller("Anna"), OPERATOR
    await kit.register("Bob")
    accounts, account_id = kit.accounts, caller.account_id
    key = await accounts.issue_login_key("Anna", PASSWORD, b"salt")
    others = await accounts.issue_login_key("Bob", PASSWORD, b"salt")
    if change == "own":
        await accounts.change_password(caller, PASSWORD, "another password")
    elif change == "reset":
        await accounts.reset_password(admin, account_id)
    elif change == "game":
        await accounts.set_game_password(caller, PASSWORD, "for games")
    elif change == "reset_game":
        await accounts.reset_game_password(admin, account_id)
    elif change == "disabled":
        await accounts.disable(admin, account_id)
    else:
        await accounts.delete(admin, account_id)
    assert accounts.redeem_login_key("Anna", key) is None
    assert accounts.redeem_login_key("Bob", others) is not None


# --- who goes is gone --------------------------------------------------------------------------------


async def test_a_deleted_account_leaves_all_ties(kit: AccountsKit) -> None:
    anna, bob = await kit.caller("Anna"), await kit.caller("Bob")
    now = kit.clock.now()

    def tie(tx: Transaction) -> SimpleNamespace:
        clan = tx.clans.add(NewClan("Otters", "otters", now, "", ""))
        tx.clans.join(Membership(anna.account_id, clan.number, ClanRank.LEADER, now))
        tx.clans.join(Membership(bob.account_id, clan.number, ClanRank.MEMBER, now + timedelta(seconds=1)))
        tx.friends.set_pair(anna.account_id, bob.account_id, Pair(FriendState.ACTIVE, FriendState.ACTIVE))
        tx.profiles.save(Profile(anna.account_id, "Ghent"))
        tx.game_passwords.set(anna.account_id, "hash")
        open_cup = tx.tournaments.add(Tournament("Cup", 1, 4, now, now)).number
        running = tx.tournaments.add(Tournament("Cup", 2, 4, now, now, state=TournamentState.RUNNING)).number
        for number in (open_cup, running):
            tx.tournaments.enter(Entry(number, anna.account_id, 1, "Anna", now))
        return SimpleNamespace(clan=clan.number, open_cup=open_cup, running=running)

    made = await kit.store.write(tie)
    await kit.accounts.delete_own(anna, PASSWORD)

    def left(tx: Transaction) -> None:
        assert [(one.account_id, one.rank) for one in tx.clans.members(made.clan)] == [
            (bob.account_id, ClanRank.LEADER)
        ]
        assert tx.clans.require(made.clan).below_since == now
        assert tx.friends.of_account(bob.account_id) == []
        assert tx.profiles.get(anna.account_id) is None
        assert tx.game_passwords.get(anna.account_id) is None
        assert tx.tournaments.entries(made.open_cup) == []
        assert len(tx.tournaments.entries(made.running)) == 1  # the bracket needs the name

    await kit.store.read(left)
    await kit.accounts.delete_own(bob, PASSWORD)
    assert await kit.store.read(lambda tx: tx.clans.all()) == []

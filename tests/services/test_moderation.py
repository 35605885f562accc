"""Mutes and the record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import pytest
from tests.support.accounts import PASSWORD, AccountsKit, accounts_kit
from tests.support.clock import FakeClock

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.errors import AccountDisabled, InvalidInput, NotFound, PermissionDenied
from mythgate.domain.events import AdminEvent
from mythgate.domain.ids import STAFF_TOPIC, AccountId
from mythgate.domain.permissions import Permission, may
from mythgate.domain.sessions import OPERATOR
from mythgate.services import lockouts
from mythgate.services.moderation import UNTIL_LIFTED
from mythgate.services.ports import Store, Transaction


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    async with accounts_kit(clock, store) as made:
        yield made


def told_to_staff(kit: AccountsKit) -> list[str]:
    return [
        payload.message
        for topic, payload in kit.realtime.published
        if topic == STAFF_TOPIC and isinstance(payload, AdminEvent)
    ]


async def test_a_mute_holds_for_its_minutes(kit: AccountsKit) -> None:
    moderator = await kit.caller("Watcher", role=Role.MODERATOR)
    player = await kit.caller("Alric")
    presence = kit.enter_world(player)
    mute = await kit.moderation.mute(moderator, player.account_id, 10, "  shouting  ")
    assert mute.ends_at == kit.clock.now() + timedelta(minutes=10)
    assert presence.muted_until == mute.ends_at
    assert await kit.moderation.mute_of(player.account_id) == mute
    assert (mute.reason, mute.by_account_id) == ("shouting", moderator.account_id)
    kit.pass_time(minutes=10)
    assert await kit.moderation.mute_of(player.account_id) is None
    assert told_to_staff(kit)[-1] == "Watcher muted Alric for 10 minutes."


async def test_a_mute_without_end_holds_until_it_is_lifted(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    kit.enter_world(player)
    await kit.moderation.mute(OPERATOR, player.account_id, None)
    kit.pass_time(days=4000)
    assert kit.muted_until(player) == UNTIL_LIFTED
    assert kit.clock.now() < UNTIL_LIFTED
    assert await kit.moderation.mute_of(player.account_id) is not None
    assert await kit.moderation.unmute(OPERATOR, player.account_id)
    assert kit.muted_until(player) is None
    assert await kit.moderation.mute_of(player.account_id) is None
    assert told_to_staff(kit) == ["operator muted Alric until lifted.", "operator unmuted Alric."]


async def test_lifting_what_is_not_there_says_so_and_leaves_no_record(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    assert not await kit.moderation.unmute(OPERATOR, player.account_id)
    assert await kit.audited(player.account_id) == ["account.registered"]
    assert told_to_staff(kit) == []


async def test_a_later_mute_replaces_an_earlier_one(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    await kit.moderation.mute(OPERATOR, player.account_id, 60)
    later = await kit.moderation.mute(OPERATOR, player.account_id, 1)
    assert await kit.moderation.mute_of(player.account_id) == later


async def test_filters_mute_nobody_who_is_muted_for_longer(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    longer = await kit.moderation.mute(OPERATOR, player.account_id, 60)
    await kit.moderation.mute_for_words(player.account_id, 5, "newts")
    assert await kit.moderation.mute_of(player.account_id) == longer
    kit.pass_time(minutes=57)
    await kit.moderation.mute_for_words(player.account_id, 5, "newts")
    mute = await kit.moderation.mute_of(player.account_id)
    assert mute is not None
    assert (mute.ends_at, mute.reason) == (kit.clock.now() + timedelta(minutes=5), "newts")
    await kit.moderation.mute(OPERATOR, player.account_id, None)
    await kit.moderation.mute_for_words(player.account_id, 5, "newts")
    mute = await kit.moderation.mute_of(player.account_id)
    assert mute is not None
    assert mute.ends_at is None
    assert (await kit.audited(player.account_id)).count("account.muted") == 3
    assert [message for message in told_to_staff(kit) if message.startswith("A filter")] == [
        "A filter muted Alric for 5 minutes."
    ]


@pytest.mark.parametrize("target_role", list(Role))
@pytest.mark.parametrize("actor_role", list(Role))
async def test_who_may_mute_whom(kit: AccountsKit, actor_role: Role, target_role: Role) -> None:
    actor = await kit.caller("Actor", role=actor_role)
    target = await kit.caller("Target", role=target_role)
    if may(actor_role, Permission.MUTE) and (actor_role is Role.OWNER or actor_role.rank > target_role.rank):
        await kit.moderation.mute(actor, target.account_id, 5)
        assert await kit.moderation.unmute(actor, target.account_id)
        assert (await kit.audited(target.account_id))[-2:] == ["account.muted", "account.unmuted"]
    else:
        with pytest.raises(PermissionDenied):
            await kit.moderation.mute(actor, target.account_id, 5)
        with pytest.raises(PermissionDenied):
            await kit.moderation.unmute(actor, target.account_id)
        assert await kit.moderation.mute_of(target.account_id) is None


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf"), 1e9])
async def test_minutes_that_make_no_sense(kit: AccountsKit, minutes: float) -> None:
    player = await kit.caller("Alric")
    with pytest.raises(InvalidInput):
        await kit.moderation.mute(OPERATOR, player.account_id, minutes)


async def test_muting_nobody(kit: AccountsKit) -> None:
    gone = await kit.caller("Alric")
    await kit.accounts.delete(OPERATOR, gone.account_id)
    for account_id in (AccountId("nobody"), gone.account_id):
        with pytest.raises(NotFound):
            await kit.moderation.mute(OPERATOR, account_id, 5)


async def test_the_record_is_for_admins(kit: AccountsKit) -> None:
    admin = await kit.caller("Boss", role=Role.ADMIN)
    moderator = await kit.caller("Watcher", role=Role.MODERATOR)
    player = await kit.caller("Alric")
    kit.pass_time(seconds=1)
    await kit.moderation.mute(moderator, player.account_id, 5, "shouting")
    (newest, *_) = await kit.moderation.audit(admin)
    assert (newest.actor, newest.action, newest.subject) == (moderator.account_id, "account.muted", player.account_id)
    assert newest.detail["reason"] == "shouting"
    assert newest.detail["name"] == "Alric"
    assert len(await kit.moderation.audit(admin, subject=player.account_id)) == 2
    assert len(await kit.moderation.audit(OPERATOR, limit=1)) == 1
    for caller in (moderator, player):
        with pytest.raises(PermissionDenied):
            await kit.moderation.audit(caller)


# --- bans ------------------------------------------------------------------------------------------


async def status(kit: AccountsKit, account_id: AccountId) -> AccountStatus:
    return (await kit.account(account_id)).status


async def test_a_ban_locks_an_account_out_for_its_days(kit: AccountsKit) -> None:
    moderator = await kit.caller("Watcher", role=Role.MODERATOR)
    player = await kit.caller("Alric")
    told: list[tuple[str, AccountStatus, int]] = []
    kit.moderation.on_banned(lambda account, ended: told.append((account.name, account.status, len(ended))))
    banned = await kit.moderation.ban(moderator, player.account_id, 1, "  cheating ")
    assert banned.status is AccountStatus.DISABLED
    assert told == [("Alric", AccountStatus.DISABLED, 1)]
    assert told_to_staff(kit)[-1] == "Watcher banned Alric for 1 day."
    until = f"{kit.clock.now() + timedelta(days=1):%Y-%m-%d %H:%M} UTC"
    with pytest.raises(AccountDisabled, match=f"locked until {until}"):
        await kit.login("Alric")
    with pytest.raises(AccountDisabled, match=f"locked until {until}"):
        await kit.accounts.check_game_login("Alric", PASSWORD.encode())
    assert await kit.moderation.lift_bans() == []
    kit.pass_time(days=1)
    assert [account.name for account in await kit.moderation.lift_bans()] == ["Alric"]
    assert told[-1] == ("Alric", AccountStatus.ACTIVE, 0)
    assert (await kit.audited(player.account_id))[-2:] == ["account.banned", "account.enabled"]
    await kit.login("Alric")
    assert await kit.moderation.lift_bans() == []


async def test_a_ban_without_end_is_not_lifted_and_replaces_one_with_an_end(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    await kit.moderation.ban(OPERATOR, player.account_id, 2)
    await kit.moderation.ban(OPERATOR, player.account_id, None)
    assert told_to_staff(kit) == ["operator banned Alric for 2 days.", "operator banned Alric until lifted."]
    kit.pass_time(days=10)
    assert await kit.moderation.lift_bans() == []
    assert await status(kit, player.account_id) is AccountStatus.DISABLED


async def test_a_ban_that_was_lifted_or_made_pointless_before_its_time(kit: AccountsKit) -> None:
    first, second, third = [await kit.caller(name) for name in ("Alric", "Balor", "Soulblighter")]
    for caller in (first, second, third):
        await kit.moderation.ban(OPERATOR, caller.account_id, 1)
    await kit.accounts.enable(OPERATOR, first.account_id)
    await kit.moderation.ban(OPERATOR, third.account_id, 5)
    kit.pass_time(days=2)
    await kit.store.write(lambda tx: tx.facts.set("bans", (tx.facts.get("bans") or "").replace("}", GHOST)))
    assert [account.name for account in await kit.moderation.lift_bans()] == ["Balor"]
    assert await status(kit, third.account_id) is AccountStatus.DISABLED
    kit.pass_time(days=4)
    assert [account.name for account in await kit.moderation.lift_bans()] == ["Soulblighter"]


async def test_locking_for_good_outlasts_a_ban_with_an_end(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    await kit.moderation.ban(OPERATOR, player.account_id, 1)
    await kit.accounts.disable(OPERATOR, player.account_id)
    kit.pass_time(days=2)
    assert await kit.moderation.lift_bans() == []
    assert await status(kit, player.account_id) is AccountStatus.DISABLED


async def test_a_ban_that_changes_while_it_is_lifted_is_left_as_it_is(
    kit: AccountsKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL shows a transaction what others saved since its last statement."""
    longer, freed = await kit.caller("Alric"), await kit.caller("Balor")
    for caller in (longer, freed):
        await kit.moderation.ban(OPERATOR, caller.account_id, 1)
    seen = await kit.store.read(lockouts.ends)
    await kit.moderation.ban(OPERATOR, longer.account_id, 5)
    await kit.accounts.enable(OPERATOR, freed.account_id)
    kit.pass_time(days=2)
    with monkeypatch.context() as patched:
        patched.setattr(lockouts, "ends", lambda tx: seen)
        assert await kit.moderation.lift_bans() == []
    assert await status(kit, longer.account_id) is AccountStatus.DISABLED
    assert (await kit.audited(longer.account_id))[-1] == "account.banned"
    assert (await kit.audited(freed.account_id)).count("account.enabled") == 1
    kit.pass_time(days=4)
    assert [account.name for account in await kit.moderation.lift_bans()] == ["Alric"]


async def test_the_ban_of_an_account_that_is_open_ends_without_a_word(kit: AccountsKit) -> None:
    """As after somebody changed the database by hand."""
    player = await kit.caller("Alric")
    await kit.moderation.ban(OPERATOR, player.account_id, 1)

    def open_again(tx: Transaction) -> None:
        account = tx.accounts.require(player.account_id)
        account.status = AccountStatus.ACTIVE
        tx.accounts.save(account)

    await kit.store.write(open_again)
    kit.pass_time(days=1)
    assert await kit.moderation.lift_bans() == []
    assert await kit.store.read(lambda tx: lockouts.lock_of(tx, player.account_id)) is None
    assert "account.enabled" not in await kit.audited(player.account_id)


async def test_neither_oneself_nor_the_last_owner_is_banned(kit: AccountsKit) -> None:
    owner = await kit.caller("Boss", role=Role.OWNER)
    with pytest.raises(PermissionDenied, match="yourself"):
        await kit.moderation.ban(owner, owner.account_id, 1)
    with pytest.raises(PermissionDenied, match="last owner"):
        await kit.moderation.ban(OPERATOR, owner.account_id, 1)
    heir = await kit.caller("Heir", role=Role.OWNER)
    await kit.moderation.ban(heir, owner.account_id, 1)
    assert await status(kit, owner.account_id) is AccountStatus.DISABLED


GHOST: Final = ', "nobody": "2000-01-01T00:00:00+00:00"}'  # an account that is no more


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), 1e6])
async def test_days_that_make_no_sense(kit: AccountsKit, days: float) -> None:
    player = await kit.caller("Alric")
    with pytest.raises(InvalidInput):
        await kit.moderation.ban(OPERATOR, player.account_id, days)


async def test_who_may_ban_whom(kit: AccountsKit) -> None:
    admin = await kit.caller("Boss", role=Role.ADMIN)
    moderator = await kit.caller("Watcher", role=Role.MODERATOR)
    player = await kit.caller("Alric")
    for actor, target in ((player, moderator), (moderator, admin), (moderator, moderator)):
        with pytest.raises(PermissionDenied):
            await kit.moderation.ban(actor, target.account_id, 1)
    with pytest.raises(NotFound):
        await kit.moderation.ban(admin, AccountId("nobody"), 1)
    await kit.moderation.ban(admin, moderator.account_id, 1)


# --- who is told -----------------------------------------------------------------------------------


async def test_observers_hear_of_voices(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    told: list[tuple[datetime | None, str]] = []
    kit.moderation.on_voice_changed(lambda account_id, until, sentence: told.append((until, sentence)))
    mute = await kit.moderation.mute(OPERATOR, player.account_id, 5, "noise")
    await kit.moderation.mute(OPERATOR, player.account_id, None)
    await kit.moderation.unmute(OPERATOR, player.account_id)
    await kit.moderation.unmute(OPERATOR, player.account_id)
    assert [until for until, _ in told] == [mute.ends_at, UNTIL_LIFTED, None]
    assert "Appeal with the code " in told[0][1]
    assert told[0][1].endswith("Reason: noise.")


async def test_observers_hear_of_accounts_that_change_in_any_way(kit: AccountsKit) -> None:
    player = await kit.caller("Alric")
    told: list[tuple[str, Role, AccountStatus]] = []
    kit.sessions.on_account_changed(lambda account: told.append((account.name, account.role, account.status)))
    await kit.accounts.set_role(OPERATOR, player.account_id, Role.MODERATOR)
    await kit.accounts.rename(OPERATOR, player.account_id, "Alaric")
    await kit.accounts.disable(OPERATOR, player.account_id)
    await kit.accounts.enable(OPERATOR, player.account_id)
    await kit.accounts.delete(OPERATOR, player.account_id)
    assert [(name, status) for name, _, status in told] == [
        ("Alric", AccountStatus.ACTIVE),
        ("Alaric", AccountStatus.ACTIVE),
        ("Alaric", AccountStatus.DISABLED),
        ("Alaric", AccountStatus.ACTIVE),
        (told[-1][0], AccountStatus.DELETED),
    ]
    assert told[0][1] is Role.MODERATOR

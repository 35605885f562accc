"""Bringing people over: once, whole, and with a report that adds up."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.accounts import AccountsKit, accounts_kit
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite

from mythgate.backends.sql import open_store
from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import AccountStatus, Role, is_hidden
from mythgate.domain.clans import MOST_MEMBERS, ClanDetails, ClanRank
from mythgate.domain.errors import BadCredentials
from mythgate.domain.foreign import Damage, Foreign, ForeignAccount, ForeignClan
from mythgate.domain.friends import FriendState
from mythgate.domain.names import name_key
from mythgate.services.importing import ImportReport, ImportService, Kind, Tally
from mythgate.services.ports import Store

OTTERS = ForeignClan("c1", "Otters", ClanDetails("Swim"), member_password="swim")
ANNA = ForeignAccount("1", "Anna", password="secret", clan="c1", friends=("2", "9"), scores={"ranked.games": 7})
BOB = ForeignAccount(
    "2", "Bob", password_hash=hashlib.md5(b"sesame").hexdigest(), clan="c1", friends=("1",), city="Ghent", disabled=True
)


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    async with accounts_kit(clock, store) as made:
        yield made


def service(kit: AccountsKit) -> ImportService:
    return ImportService(store=kit.store, hasher=kit.hasher, clock=kit.clock, ids=UuidIds())


async def bring(kit: AccountsKit, *records: ForeignAccount | ForeignClan, dry_run: bool = False) -> ImportReport:
    accounts = [one for one in records if isinstance(one, ForeignAccount)]
    clans = [one for one in records if isinstance(one, ForeignClan)]
    report = await service(kit).bring(Foreign("old", accounts, clans), dry_run=dry_run)
    for kind, tally in report.tallies.items():
        assert tally.found == tally.brought + tally.known + tally.refused
        assert sum(one.kind is kind for one in report.troubles) == tally.refused
    return report


def tallies(report: ImportReport) -> list[tuple[int, int, int, int]]:
    return [(one.found, one.brought, one.known, one.refused) for one in report.tallies.values()]


async def test_people_come_with_what_they_had(kit: AccountsKit) -> None:
    report = await bring(kit, OTTERS, ANNA, BOB)
    assert tallies(report) == [(2, 2, 0, 0), (2, 2, 0, 0), (1, 1, 0, 0), (2, 2, 0, 0), (3, 2, 0, 1)]
    assert [(one.record, one.why) for one in report.troubles] == [("Anna lists 9", "One of the two is not here.")]

    found = await kit.store.read(lambda tx: (tx.accounts.by_name_key("anna"), tx.accounts.by_name_key(name_key("Bob"))))
    anna, bob = found
    assert anna is not None
    assert bob is not None
    assert anna.stats == {"imported.ranked.games": 7}
    assert (anna.role, bob.status) == (Role.PLAYER, AccountStatus.DISABLED)
    profile = await kit.store.read(lambda tx: tx.profiles.get(bob.id))
    assert profile is not None
    assert profile.city == "Ghent"
    pair = await kit.store.read(lambda tx: tx.friends.pair(anna.id, bob.id))
    assert (pair.mine, pair.theirs) == (FriendState.ACTIVE, FriendState.ACTIVE)
    clan = await kit.store.read(lambda tx: tx.clans.by_name_key("otters"))
    assert clan is not None
    members = await kit.store.read(lambda tx: tx.clans.members(clan.number))
    assert {one.account_id: one.rank for one in members} == {anna.id: ClanRank.LEADER, bob.id: ClanRank.MEMBER}
    assert clan.below_since == kit.clock.now()
    assert await kit.hasher.verify(clan.member_hash, "swim")
    assert not await kit.hasher.verify(clan.maintenance_hash, "")
    assert "import.done" in await kit.audited()


async def test_who_hid_there_hides_here(kit: AccountsKit) -> None:
    await bring(kit, ForeignAccount("1", "Anna", role=Role.MODERATOR, hidden=True), ForeignAccount("2", "Bob"))
    anna, bob = await kit.store.read(lambda tx: [tx.accounts.by_name_key(name_key(one)) for one in ("Anna", "Bob")])
    assert anna is not None
    assert bob is not None
    assert (is_hidden(anna), is_hidden(bob)) == (True, False)


async def test_they_sign_in_with_the_password_they_had(kit: AccountsKit) -> None:
    report = await bring(kit, ANNA, replace(BOB, disabled=False), ForeignAccount("3", "Cara"))
    await kit.login("Anna", "secret")
    await kit.login("Bob", "sesame")
    assert report.without_password == 1
    with pytest.raises(BadCredentials):
        await kit.login("Cara", "")


async def test_a_second_time_changes_nothing(kit: AccountsKit) -> None:
    await bring(kit, OTTERS, ANNA, BOB)
    hashed = kit.hasher.hashed
    report = await bring(kit, OTTERS, replace(ANNA, password="another"), BOB)
    assert tallies(report) == [(2, 0, 2, 0), (2, 0, 2, 0), (1, 0, 1, 0), (2, 0, 2, 0), (3, 0, 2, 1)]
    assert kit.hasher.hashed == hashed
    await kit.login("Anna", "secret")


async def test_a_profile_that_did_not_fit_may_come_later_and_ones_own_stays(kit: AccountsKit) -> None:
    report = await bring(kit, replace(ANNA, quote="x" * 5000), BOB)
    assert report.tallies[Kind.PROFILE] == Tally(2, 1, 0, 1)
    report = await bring(kit, replace(ANNA, quote="hello"), replace(BOB, city="Bruges"))
    assert report.tallies[Kind.PROFILE] == Tally(2, 1, 1, 0)
    anna, bob = await kit.store.read(lambda tx: [tx.accounts.by_name_key(name_key(one)) for one in ("Anna", "Bob")])
    assert anna is not None
    assert bob is not None
    profiles = await kit.store.read(lambda tx: (tx.profiles.get(anna.id), tx.profiles.get(bob.id)))
    assert [profiles[0] and profiles[0].quote, profiles[1] and profiles[1].city] == ["hello", "Ghent"]


async def test_it_is_on_record_where_accounts_come_from(kit: AccountsKit) -> None:
    await bring(kit, ANNA)
    anna = await kit.store.read(lambda tx: tx.accounts.by_name_key("anna"))
    assert anna is not None
    acts = await kit.store.read(lambda tx: tx.moderation.audit(subject=anna.id))
    assert [(one.action, one.detail) for one in acts] == [("account.imported", {"source": "old", "name": "Anna"})]


async def test_who_is_refused_is_named_as_people_write_it(kit: AccountsKit) -> None:
    cara = ForeignAccount("cara", "Cara", clan="gone", friends=("zoe", "dan"), written={"zoe": "Zoë", "gone": "Gone"})
    report = await bring(kit, cara, ForeignAccount("dan", "Dan", password_hash="crypt?"))
    assert {one.record for one in report.troubles} == {"Dan", "Cara in Gone", "Cara lists Zoë", "Cara lists Dan"}


async def test_who_comes_later_finds_their_friends(kit: AccountsKit) -> None:
    await bring(kit, ANNA)
    report = await bring(kit, OTTERS, ANNA, BOB)
    assert report.tallies[Kind.FRIEND] == Tally(3, 2, 0, 1)
    assert report.tallies[Kind.MEMBER] == Tally(2, 2, 0, 0)


async def test_a_dry_run_says_the_same_and_changes_nothing(kit: AccountsKit) -> None:
    dry = await bring(kit, OTTERS, ANNA, BOB, dry_run=True)
    assert await kit.store.read(lambda tx: (tx.accounts.count(), tx.clans.all())) == (0, [])
    assert await kit.audited() == []
    real = await bring(kit, OTTERS, ANNA, BOB)
    assert (dry.dry_run, real.dry_run) == (True, False)
    assert (tallies(dry), dry.troubles) == (tallies(real), real.troubles)


async def test_names_that_cannot_be_had(kit: AccountsKit) -> None:
    await kit.register("Anna")
    report = await bring(
        kit,
        replace(ANNA, friends=()),
        ForeignAccount("3", "admin"),
        ForeignAccount("4", "Dan", password_hash="crypt?"),
        ForeignAccount("5", "Eve"),
        ForeignAccount("5", "Eve again"),
        ForeignClan("c2", ""),
        ForeignClan("c3", "Fine", ClanDetails(motto="x" * 600)),
    )
    assert [(one.kind, one.record) for one in report.troubles] == [
        (Kind.CLAN, ""),
        (Kind.CLAN, "Fine"),
        (Kind.ACCOUNT, "Anna"),
        (Kind.ACCOUNT, "admin"),
        (Kind.ACCOUNT, "Dan"),
        (Kind.ACCOUNT, "Eve again"),
        (Kind.MEMBER, "Anna in c1"),
    ]
    assert report.tallies[Kind.ACCOUNT].brought == 1


async def test_who_is_there_twice_has_what_came_first(kit: AccountsKit) -> None:
    """Somebody who can add a line to the file must not get the account of somebody else that way."""
    report = await bring(
        kit,
        ForeignClan("otters", "Otters", member_password="first"),
        ForeignClan("otters", "Otters", member_password="second"),
        ForeignClan("moles", "Moles"),
        ForeignAccount("anna", "Anna", password="the first one", clan="otters"),
        ForeignAccount("bob", "Bob", password="secret words"),
        ForeignAccount("anna", "Anna", password="the second one", clan="moles", friends=("bob",)),
        ForeignAccount("bob", "Bob", password_hash="no hash"),
    )
    assert [one.why for one in report.troubles] == ["It is there twice."] * 3
    anna = await kit.login("Anna", "the first one")
    await kit.login("Bob", "secret words")
    with pytest.raises(BadCredentials):
        await kit.login("Anna", "the second one")
    membership, friends, clans = await kit.store.read(
        lambda tx: (
            tx.clans.membership(anna.caller.account_id),
            tx.friends.of_account(anna.caller.account_id),
            {clan.name: clan.member_hash for clan in tx.clans.all()},
        )
    )
    assert membership is not None
    assert friends == []
    assert await kit.hasher.verify(clans["Otters"], "first")


async def test_a_clan_whose_name_is_taken_is_not_here(kit: AccountsKit) -> None:
    report = await bring(kit, OTTERS, ForeignClan("c2", "0tters"), replace(ANNA, clan="c2", friends=()))
    assert [one.kind for one in report.troubles] == [Kind.CLAN, Kind.MEMBER]


async def test_a_profile_that_does_not_fit_stays_behind(kit: AccountsKit) -> None:
    report = await bring(kit, replace(ANNA, quote="x" * 500, clan="", friends=()))
    assert report.tallies[Kind.PROFILE] == Tally(1, 0, 0, 1)
    assert report.tallies[Kind.ACCOUNT].brought == 1


async def test_limits_hold_for_those_who_come(kit: AccountsKit) -> None:
    crowd = [ForeignAccount(f"m{number}", f"Member {number}", clan="c1") for number in range(MOST_MEMBERS + 1)]
    fan = ForeignAccount("fan", "Fan", friends=("fan", *(one.key for one in crowd)))
    report = await bring(kit, OTTERS, *crowd, fan)
    assert report.tallies[Kind.MEMBER] == Tally(17, 16, 0, 1)
    assert report.tallies[Kind.FRIEND] == Tally(18, 16, 0, 2)


async def test_who_has_found_another_clan_meanwhile(kit: AccountsKit) -> None:
    await bring(kit, OTTERS, ANNA)
    report = await bring(kit, ForeignClan("c2", "Herons"), replace(ANNA, clan="c2", friends=()))
    assert [one.why for one in report.troubles] == ["The player is in a clan already."]


async def test_a_clan_that_was_disbanded_meanwhile(kit: AccountsKit) -> None:
    await bring(kit, OTTERS)
    await kit.store.write(lambda tx: tx.clans.delete(tx.clans.all()[0].number))
    report = await bring(kit, OTTERS, replace(ANNA, friends=()))
    assert [(one.kind, one.why) for one in report.troubles] == [(Kind.MEMBER, "The account or the clan is not here.")]


async def test_damage_is_passed_on(kit: AccountsKit) -> None:
    damage = [Damage("users.dat:3", "It is torn.")]
    assert (await service(kit).bring(Foreign("old", damaged=damage))).damaged == damage


names = st.sampled_from(["Anna", "anna", "Bob", "Cara", "admin", "", "x" * 40])
keys = st.sampled_from(["1", "2", "3", "4"])
people = st.builds(
    ForeignAccount,
    key=keys,
    name=names,
    clan=st.sampled_from(["", "c1", "c2"]),
    friends=st.lists(keys, max_size=4).map(tuple),
    quote=st.sampled_from(["", "q" * 500]),
)
crowds = st.lists(people, max_size=6)
clans = st.lists(
    st.builds(ForeignClan, key=st.sampled_from(["c1", "c2"]), name=st.sampled_from(["Otters", "Herons", ""])),
    max_size=3,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_people=crowds, given_clans=clans)
def test_every_report_adds_up_and_a_repeat_brings_nothing(
    given_people: list[ForeignAccount], given_clans: list[ForeignClan], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def run() -> None:
        clock = FakeClock()
        async with (
            open_store(new_sqlite(tmp_path_factory.mktemp("import")), clock=clock) as store,
            accounts_kit(clock, store) as kit,
        ):
            dry = await bring(kit, *given_clans, *given_people, dry_run=True)
            real = await bring(kit, *given_clans, *given_people)
            assert tallies(dry) == tallies(real)
            again = await bring(kit, *given_clans, *given_people)
            assert again.tallies[Kind.ACCOUNT].brought == again.tallies[Kind.CLAN].brought == 0
            assert await store.read(lambda tx: tx.accounts.count()) == real.tallies[Kind.ACCOUNT].brought

    asyncio.run(run())

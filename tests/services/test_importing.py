"""Bringing people over: once, whole, and with a report that adds up."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, TypeVar

import bcrypt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.accounts import PASSWORD, AccountsKit, accounts_kit
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite

from mythgate.backends.sql import open_store
from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import AccountStatus, Role, is_hidden
from mythgate.domain.clans import MOST_MEMBERS, ClanDetails, ClanRank
from mythgate.domain.errors import BadCredentials, Unavailable
from mythgate.domain.foreign import Damage, Foreign, ForeignAccount, ForeignCharacter, ForeignClan
from mythgate.domain.friends import FriendState
from mythgate.domain.ids import RoomId
from mythgate.domain.names import name_key
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.sheets import MAX_LEVEL, CharacterClass, Faction, Race, Stats
from mythgate.services.importing import (
    AT_ONCE,
    Became,
    Clash,
    Clashed,
    ImportReport,
    ImportService,
    Kind,
    Tally,
    password_kind,
)
from mythgate.services.ports import Store, Transaction

T = TypeVar("T")

OTTERS = ForeignClan("c1", "Otters", ClanDetails("Swim"), member_password="swim")
ANNA = ForeignAccount("1", "Anna", password="secret", clan="c1", friends=("2", "9"), scores={"ranked.games": 7})
BOB = ForeignAccount(
    "2", "Bob", password_hash=hashlib.md5(b"sesame").hexdigest(), clan="c1", friends=("1",), city="Ghent", disabled=True
)


class FailingStore:
    """A store that takes so many writes and then none."""

    def __init__(self, store: Store, allowed: int) -> None:
        self._store = store
        self._allowed = allowed

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)

    async def write(self, work: Callable[[Transaction], T], **options: Any) -> T:
        if not self._allowed:
            raise Unavailable
        self._allowed -= 1
        return await self._store.write(work, **options)


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    async with accounts_kit(clock, store) as made:
        yield made


def service(kit: AccountsKit) -> ImportService:
    return ImportService(store=kit.store, hasher=kit.hasher, clock=kit.clock, ids=UuidIds())


async def bring(kit: AccountsKit, *records: ForeignAccount | ForeignClan, clash: Clash = Clash.SKIP) -> ImportReport:
    accounts = [one for one in records if isinstance(one, ForeignAccount)]
    clans = [one for one in records if isinstance(one, ForeignClan)]
    report = await service(kit).bring(Foreign("old", accounts, clans), clash=clash)
    for kind, tally in report.tallies.items():
        assert tally.found == tally.new + tally.known + tally.merged + tally.skipped + tally.damaged
        assert sum(one.kind is kind for one in report.troubles) == tally.skipped
    return report


def tallies(report: ImportReport) -> list[tuple[int, int, int, int]]:
    """What was found, new, known and skipped: accounts, profiles, clans, their members, friends."""
    tallies = (one for kind, one in report.tallies.items() if kind is not Kind.CHARACTER)
    return [(one.found, one.new, one.known, one.skipped) for one in tallies]


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
    assert report.tallies[Kind.PROFILE] == Tally(2, 1, skipped=1)
    report = await bring(kit, replace(ANNA, quote="hello"), replace(BOB, city="Bruges"))
    assert report.tallies[Kind.PROFILE] == Tally(2, 1, 1)
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
    assert report.tallies[Kind.FRIEND] == Tally(3, 2, skipped=1)
    assert report.tallies[Kind.MEMBER] == Tally(2, 2)


async def test_one_that_was_interrupted_goes_on_and_nobody_is_there_by_half(kit: AccountsKit) -> None:
    """Each write may be the last; whoever has an account then has all that belongs to it."""
    crowd = [
        ForeignAccount(f"p{number}", f"Person {number}", clan="c1" if number < 5 else "", city="Ghent", friends=("p0",))
        for number in range(3 * AT_ONCE)
    ]
    foreign = Foreign("old", crowd, [OTTERS])
    for allowed in range(20):
        failing = FailingStore(kit.store, allowed)
        imports = ImportService(store=failing, hasher=kit.hasher, clock=kit.clock, ids=UuidIds())
        try:
            report = await imports.bring(foreign)
        except Unavailable:
            there = await kit.store.read(lambda tx: [tx.accounts.by_name_key(name_key(one.name)) for one in crowd])
            ids = [one.id for one in there if one is not None]
            profiles = await kit.store.read(lambda tx, ids=ids: [tx.profiles.get(one) for one in ids])  # type: ignore[misc]
            assert len(ids) % AT_ONCE == 0
            assert None not in profiles
        else:
            break
    assert allowed == 8  # of clans, of people three times, of their ties three times, and of the end
    assert report.tallies[Kind.FRIEND].new + report.tallies[Kind.FRIEND].known == len(crowd) - 1
    again = await service(kit).bring(foreign)
    assert all(one.new == 0 for one in again.tallies.values())


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
    assert report.tallies[Kind.ACCOUNT].new == 1


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
    assert report.tallies[Kind.PROFILE] == Tally(1, skipped=1)
    assert report.tallies[Kind.ACCOUNT].new == 1


async def test_limits_hold_for_those_who_come(kit: AccountsKit) -> None:
    crowd = [ForeignAccount(f"m{number}", f"Member {number}", clan="c1") for number in range(MOST_MEMBERS + 1)]
    fan = ForeignAccount("fan", "Fan", friends=("fan", *(one.key for one in crowd)))
    report = await bring(kit, OTTERS, *crowd, fan)
    assert report.tallies[Kind.MEMBER] == Tally(17, 16, skipped=1)
    assert report.tallies[Kind.FRIEND] == Tally(18, 16, skipped=2)


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
    report = await service(kit).bring(Foreign("old", damaged=damage, notes=["a note"]))
    assert (report.damaged, report.notes) == (damage, ["a note"])
    assert report.tallies[Kind.ACCOUNT] == Tally(1, damaged=1)


# --- names that are taken ------------------------------------------------------------------------------


async def test_whose_name_is_taken_stays_behind_by_default(kit: AccountsKit) -> None:
    await kit.register("Anna")
    report = await bring(kit, replace(ANNA, clan="", friends=(), where="users.dat:7"))
    (trouble,) = report.troubles
    assert (trouble.why, trouble.where) == ("The name is taken by Anna, number 1 here.", "users.dat:7")
    assert report.clashes == [Clashed("Anna", Became.SKIPPED, "")]


async def test_the_same_person_keeps_what_is_here_and_gets_what_is_missing(kit: AccountsKit) -> None:
    here = await kit.register("Anna")
    await kit.accounts.set_role(OPERATOR, here.caller.account_id, Role.ADMIN)
    report = await bring(kit, OTTERS, replace(ANNA, role=Role.MODERATOR, city="Ghent"), BOB, clash=Clash.MERGE)
    assert report.tallies[Kind.ACCOUNT] == Tally(2, 1, merged=1)
    assert report.clashes == [Clashed("Anna", Became.MERGED, "Anna")]
    with pytest.raises(BadCredentials):
        await kit.login("Anna", "secret")
    await kit.login("Anna", PASSWORD)
    anna = await kit.store.read(lambda tx: tx.accounts.require(here.caller.account_id))
    assert (anna.role, anna.stats["imported.ranked.games"]) == (Role.ADMIN, 7)
    profile, membership, acts = await kit.store.read(
        lambda tx: (tx.profiles.get(anna.id), tx.clans.membership(anna.id), tx.moderation.audit(subject=anna.id))
    )
    assert profile is not None
    assert membership is not None
    assert (profile.city, acts[0].action) == ("Ghent", "account.merged")
    again = await bring(kit, OTTERS, ANNA, BOB, clash=Clash.MERGE)
    assert again.tallies[Kind.ACCOUNT] == Tally(2, known=2)


async def test_two_who_look_alike_there_are_two_people(kit: AccountsKit) -> None:
    report = await bring(kit, ForeignAccount("1", "Otter"), ForeignAccount("2", "0tter"), clash=Clash.MERGE)
    assert report.tallies[Kind.ACCOUNT] == Tally(2, 1, skipped=1)


async def test_guests_and_locked_accounts_are_nobody_to_merge_with(kit: AccountsKit) -> None:
    await bring(kit, ForeignAccount("1", "Bob", disabled=True))
    report = await service(kit).bring(Foreign("other", [ForeignAccount("1", "Bob")]), clash=Clash.MERGE)
    assert report.tallies[Kind.ACCOUNT] == Tally(1, skipped=1)


async def test_other_people_get_a_number(kit: AccountsKit) -> None:
    for name in ("Anna", "Anna2"):
        await kit.register(name)
    report = await bring(kit, replace(ANNA, clan="", friends=()), clash=Clash.RENAME)
    assert report.clashes == [Clashed("Anna", Became.NEW, "Anna3")]
    await kit.login("Anna3", "secret")
    long = "x" * 20
    await kit.register(long)
    report = await bring(kit, ForeignAccount("9", long), clash=Clash.RENAME)
    assert report.tallies[Kind.ACCOUNT].skipped == 1


async def test_no_number_left(kit: AccountsKit) -> None:
    crowd = [ForeignAccount(f"p{number}", f"Eve{number}") for number in range(2, 100)]
    await bring(kit, ForeignAccount("e", "Eve"), *crowd)
    report = await service(kit).bring(Foreign("other", [ForeignAccount("e", "Eve")]), clash=Clash.RENAME)
    assert report.tallies[Kind.ACCOUNT] == Tally(1, skipped=1)


async def test_clans_of_one_name_merge_too(kit: AccountsKit) -> None:
    await bring(kit, OTTERS, ANNA)
    other = Foreign("other", [replace(BOB, friends=())], [ForeignClan("c1", "Otters")])
    report = await service(kit).bring(other, clash=Clash.MERGE)
    assert report.tallies[Kind.CLAN] == Tally(1, merged=1)
    assert report.tallies[Kind.MEMBER] == Tally(1, 1)


# --- characters ----------------------------------------------------------------------------------------

KARN = ForeignCharacter(
    "7", "Karn", Race.DWARF, CharacterClass.PALADIN, Stats(14, 9, 16, 8, 12, 11), Faction.IRON_BROTHERHOOD, 3, 400, 250
)


async def test_characters_come_with_their_sheets(kit: AccountsKit) -> None:
    imports = ImportService(
        store=kit.store, hasher=kit.hasher, clock=kit.clock, ids=UuidIds(), start_room=lambda: RoomId("square")
    )
    foreign = Foreign("old", [ForeignAccount("1", "Karn", characters=(KARN,))])
    report = await imports.bring(foreign)
    assert report.tallies[Kind.CHARACTER] == Tally(1, 1)
    account = await kit.store.read(lambda tx: tx.accounts.by_name_key(name_key("Karn")))
    assert account is not None
    (body,) = await kit.store.read(lambda tx: tx.characters.of_account(account.id))
    sheet = await kit.store.read(lambda tx: tx.sheets.get(body.id))
    assert (body.room_id, body.faction, body.level, account.selected_character) == (
        "square",
        "Iron Brotherhood",
        3,
        body.id,
    )
    assert (sheet.race, sheet.calling, sheet.stats, sheet.level, sheet.experience, sheet.souls) == (
        Race.DWARF,
        CharacterClass.PALADIN,
        KARN.stats,
        3,
        400,
        250,
    )
    assert sheet.now == sheet.most
    again = await imports.bring(foreign)
    assert again.tallies[Kind.CHARACTER] == Tally(1, known=1)


async def test_characters_that_cannot_come(kit: AccountsKit) -> None:
    far = replace(KARN, key="8", name="Far", level=99, experience=-5, souls=-1, faction=None)
    taken = replace(KARN, key="9")
    report = await bring(
        kit,
        ForeignAccount("1", "Anna", characters=(KARN, far, taken)),
        ForeignAccount("2", "admin", characters=(replace(KARN, key="10"),)),
    )
    assert report.tallies[Kind.CHARACTER] == Tally(4, 2, skipped=2)
    assert [one.why for one in report.troubles if one.kind is Kind.CHARACTER][1] == "Its account is not here."
    anna = await kit.store.read(lambda tx: tx.accounts.by_name_key("anna"))
    assert anna is not None
    bodies = await kit.store.read(lambda tx: {one.name: one for one in tx.characters.of_account(anna.id)})
    sheet = await kit.store.read(lambda tx: tx.sheets.get(bodies["Far"].id))
    assert (sheet.level, sheet.souls) == (MAX_LEVEL, 0)


# --- what is told ----------------------------------------------------------------------------------------


async def test_how_passwords_were_kept_is_told(kit: AccountsKit) -> None:
    report = await bring(
        kit,
        ForeignAccount("1", "Anna", password="secret words"),
        ForeignAccount("2", "Bob", password_hash=hashlib.md5(b"x").hexdigest()),
        ForeignAccount("3", "Cara", password_hash=bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()),
        ForeignAccount("4", "Dan"),
        ForeignAccount("5", "Eve", password_hash="crypt?"),
    )
    assert report.passwords == {"in clear": 1, "MD5": 1, "bcrypt": 1, "none": 1}
    assert report.without_password == 1
    assert password_kind(ForeignAccount("5", "Eve", password_hash="crypt?")) == "of an unknown kind"


async def test_old_hashes_are_upgraded_at_the_first_login(kit: AccountsKit) -> None:
    await bring(kit, replace(BOB, disabled=False, clan="", friends=()))

    async def stored() -> str:
        bob = await kit.store.read(lambda tx: tx.accounts.by_name_key(name_key("Bob")))
        assert bob is not None
        return bob.password_hash

    assert (await stored()).startswith("$imported$md5")
    await kit.login("Bob", "sesame")
    assert (await stored()).startswith("$argon2id$")
    await kit.login("Bob", "sesame")


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
            real = await bring(kit, *given_clans, *given_people)
            before = await kit.audited()
            again = await bring(kit, *given_clans, *given_people)
            assert again.tallies[Kind.ACCOUNT].new == again.tallies[Kind.CLAN].new == 0
            assert await kit.audited() == before, "a second time changes nothing"
            assert await store.read(lambda tx: tx.accounts.count()) == real.tallies[Kind.ACCOUNT].new

    asyncio.run(run())

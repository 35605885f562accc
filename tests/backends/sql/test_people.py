"""What the repositories of profiles, friends, clans, films and imports promise, on every database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.clock import FakeClock
from tests.support.rows import an_account

from mythgate.backends.sql import SqlStore
from mythgate.domain.clans import Clan, ClanRank, Membership
from mythgate.domain.errors import Conflict, NameTaken, NotFound
from mythgate.domain.films import Film
from mythgate.domain.friends import FriendState, Pair
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Colour
from mythgate.domain.profiles import Profile
from mythgate.services.ports import Transaction

ANNA, BOB, CARA = (AccountId(f"account-{name}") for name in ("anna", "bob", "cara"))
ACTIVE, WAITS, NONE = FriendState.ACTIVE, FriendState.UNACKNOWLEDGED, FriendState.INACTIVE


@pytest.fixture
async def people(store: SqlStore, clock: FakeClock) -> None:
    def work(tx: Transaction) -> None:
        for name in ("anna", "bob", "cara"):
            tx.accounts.add(an_account(name, clock.now()))

    await store.write(work)


@pytest.mark.usefixtures("people")
async def test_profiles(store: SqlStore, clock: FakeClock) -> None:
    profile = Profile(
        ANNA, "Ghent", "", "Belgium", "Hm.", 32, "|iAnna", "Otters", 3, Colour(1, 2, 0xFFFF), Colour(), b"\x00\xff"
    )
    await store.write(lambda tx: tx.profiles.save(profile))
    assert await store.read(lambda tx: tx.profiles.get(ANNA)) == profile
    assert await store.read(lambda tx: tx.profiles.get(BOB)) is None
    changed = replace(profile, quote="Ah.", updated_at=clock.now())
    await store.write(lambda tx: tx.profiles.save(changed))
    assert await store.read(lambda tx: tx.profiles.get(ANNA)) == changed
    assert await store.write(lambda tx: (tx.profiles.delete(ANNA), tx.profiles.delete(ANNA))) == (True, False)


@pytest.mark.usefixtures("people")
async def test_game_passwords(store: SqlStore) -> None:
    await store.write(lambda tx: tx.game_passwords.set(ANNA, "one"))
    await store.write(lambda tx: tx.game_passwords.set(ANNA, "two"))
    assert await store.read(lambda tx: tx.game_passwords.get(ANNA)) == "two"
    assert await store.read(lambda tx: tx.game_passwords.get(BOB)) is None
    assert await store.write(lambda tx: (tx.game_passwords.clear(ANNA), tx.game_passwords.clear(ANNA))) == (True, False)


@pytest.mark.usefixtures("people")
async def test_friends(store: SqlStore) -> None:
    def befriend(tx: Transaction) -> None:
        assert tx.friends.pair(ANNA, BOB) == Pair()
        tx.friends.set_pair(ANNA, BOB, Pair(ACTIVE, ACTIVE))
        tx.friends.set_pair(ANNA, CARA, Pair(WAITS, NONE))

    await store.write(befriend)
    assert await store.read(lambda tx: tx.friends.pair(CARA, ANNA)) == Pair(NONE, WAITS)
    listed = await store.read(lambda tx: tx.friends.of_account(ANNA))
    assert [(one.name, one.state, one.room_id) for one in listed] == [("bob", ACTIVE, None), ("cara", WAITS, None)]
    assert await store.read(lambda tx: (tx.friends.count(ANNA), tx.friends.count(CARA))) == (2, 0)
    assert await store.read(lambda tx: tx.friends.listing(CARA)) == [ANNA]
    await store.write(lambda tx: tx.friends.set_pair(BOB, ANNA, Pair(NONE, WAITS)))
    assert await store.read(lambda tx: tx.friends.pair(ANNA, BOB)) == Pair(WAITS, NONE)
    await store.write(lambda tx: tx.friends.forget(ANNA))
    assert await store.read(lambda tx: (tx.friends.count(ANNA), tx.friends.listing(CARA))) == (0, [])


@pytest.mark.usefixtures("people")
async def test_friends_found_at_the_same_moment_agree(store: SqlStore) -> None:
    async def add(mine: AccountId, theirs: AccountId) -> None:
        def work(tx: Transaction) -> None:
            theirs_lists_me = tx.friends.pair(mine, theirs).theirs is not NONE
            pair = Pair(ACTIVE, ACTIVE) if theirs_lists_me else Pair(WAITS, NONE)
            tx.friends.set_pair(mine, theirs, pair)

        await store.write(work)

    await asyncio.gather(add(ANNA, BOB), add(BOB, ANNA))
    assert await store.read(lambda tx: tx.friends.pair(ANNA, BOB)) == Pair(ACTIVE, ACTIVE)


def a_clan(clock: FakeClock, name: str = "Otters") -> Clan:
    return Clan(name, name.lower(), clock.now(), "maintenance", "member")


@pytest.mark.usefixtures("people")
async def test_clans(store: SqlStore, clock: FakeClock) -> None:
    first = await store.write(lambda tx: tx.clans.add(a_clan(clock)))
    assert first.number > 0
    with pytest.raises(NameTaken):
        await store.write(lambda tx: tx.clans.add(a_clan(clock)))
    second = await store.write(lambda tx: tx.clans.add(a_clan(clock, "Herons")))
    assert await store.read(lambda tx: tx.clans.all()) == [first, second]
    assert await store.read(lambda tx: tx.clans.by_name_key("herons")) == second
    assert await store.read(lambda tx: tx.clans.get(99)) is None
    with pytest.raises(NotFound):
        await store.read(lambda tx: tx.clans.require(99))
    first.below_since = clock.now()
    first.motto = "Swim"
    await store.write(lambda tx: tx.clans.save(first))
    assert await store.read(lambda tx: tx.clans.require(first.number)) == first
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.clans.save(replace(first, version=1)))
    with pytest.raises(NameTaken):
        await store.write(lambda tx: tx.clans.save(replace(first, name_key="herons")))


@pytest.mark.usefixtures("people")
async def test_nobody_is_in_two_clans(store: SqlStore, clock: FakeClock) -> None:
    def work(tx: Transaction) -> tuple[bool, ...]:
        one, two = tx.clans.add(a_clan(clock)).number, tx.clans.add(a_clan(clock, "Herons")).number
        now = clock.now()
        return (
            tx.clans.join(Membership(ANNA, one, ClanRank.LEADER, now)),
            tx.clans.join(Membership(BOB, one, ClanRank.MEMBER, now + timedelta(seconds=1))),
            tx.clans.join(Membership(BOB, two, ClanRank.LEADER, now)),
        )

    assert await store.write(work) == (True, True, False)
    mine = await store.read(lambda tx: tx.clans.membership(BOB))
    assert mine is not None
    number = mine.clan
    assert [one.account_id for one in await store.read(lambda tx: tx.clans.members(number))] == [ANNA, BOB]
    await store.write(lambda tx: tx.clans.set_rank(replace(mine, rank=ClanRank.OFFICER)))
    roster = await store.read(lambda tx: tx.clans.roster(number))
    assert [(one.name, one.rank) for one in roster] == [("anna", ClanRank.LEADER), ("bob", ClanRank.OFFICER)]
    assert await store.write(lambda tx: (tx.clans.leave(BOB), tx.clans.leave(BOB))) == (True, False)
    await store.write(lambda tx: tx.clans.delete(number))
    assert await store.read(lambda tx: tx.clans.membership(ANNA)) is None


async def test_a_clans_number_is_never_given_again(store: SqlStore, clock: FakeClock) -> None:
    first = await store.write(lambda tx: tx.clans.add(a_clan(clock)))
    await store.write(lambda tx: tx.clans.delete(first.number))
    assert (await store.write(lambda tx: tx.clans.add(a_clan(clock)))).number > first.number


async def test_films(store: SqlStore, clock: FakeClock) -> None:
    film = Film("match", 3, "Anna", "game.m2rec", 2**33, b"\x01" * 32, clock.now())
    first = await store.write(lambda tx: tx.films.add(film))
    assert first == replace(film, number=first.number)
    with pytest.raises(NameTaken):
        await store.write(lambda tx: tx.films.add(film))
    second = await store.write(lambda tx: tx.films.add(replace(film, match_id="other", file_name="b")))
    assert await store.read(lambda tx: tx.films.get(first.number)) == first
    assert await store.read(lambda tx: tx.films.get(99)) is None
    assert await store.read(lambda tx: tx.films.of_match("match")) == [first]
    assert await store.read(lambda tx: tx.films.recent()) == [second, first]
    assert await store.read(lambda tx: tx.films.recent(1)) == [second]


async def test_imports(store: SqlStore) -> None:
    await store.write(lambda tx: tx.imported.note("gos", "account", "7", "ours"))
    await store.write(lambda tx: tx.imported.note("gos", "account", "7", "others"))
    assert await store.read(lambda tx: tx.imported.ours("gos", "account", "7")) == "others"
    assert await store.read(lambda tx: tx.imported.ours("gos", "clan", "7")) is None

"""Lists of friends, and who hears what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.people import LADDER, OPEN, PeopleKit, account_of, people_kit

from mythgate.backends.sql import open_store
from mythgate.domain.accounts import AccountStatus
from mythgate.domain.errors import InvalidInput, LimitReached, NotFound, PermissionDenied, SessionEnded
from mythgate.domain.events import FriendsChanged
from mythgate.domain.friends import MOST_FRIENDS, FriendAct, FriendState
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import Family, Looks, Occupant, lobby_listener
from mythgate.services.ports import Store


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[PeopleKit]:
    async with people_kit(clock, store) as made:
        yield made


async def listed(kit: PeopleKit, one: Occupant) -> list[tuple[str, str, int | None]]:
    return [(friend.name, friend.state, friend.room_id) for friend in await kit.friends.friends(account_of(one))]


def told(kit: PeopleKit, one: Occupant) -> list[list[tuple[str, str]]]:
    return [
        [(friend.name, friend.state) for friend in payload.friends] for payload in kit.heard(one).of(FriendsChanged)
    ]


async def test_asking_and_answering(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob", OPEN)
    await kit.settle()
    kit.realtime.clear()
    await kit.friends.add(account_of(anna), bob.number)
    assert await listed(kit, anna) == [("Bob", "unacknowledged", OPEN)]
    assert kit.lines(bob) == ["Anna wants you as a friend."]
    assert told(kit, anna) == [[("Bob", "unacknowledged")]]
    assert told(kit, bob) == [[]]
    found = await kit.friends.add(account_of(bob), anna.number)
    assert [(one.name, one.state, one.room_id) for one in found] == [("Anna", FriendState.ACTIVE, LADDER)]
    assert told(kit, anna)[-1] == [("Bob", "active")]


async def test_who_asks_is_named_as_shown_and_as_registered(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    kit.lobbies.dress(anna.visitor.listener, Looks("|bGrey|p Wolf"))
    await kit.friends.add(account_of(anna), bob.number)
    assert kit.lines(bob) == ["Grey Wolf (Anna) wants you as a friend."]


async def test_saying_it_twice_tells_nobody(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.friends.add(account_of(anna), bob.number)
    kit.realtime.clear()
    await kit.friends.add(account_of(anna), bob.number)
    assert kit.lines(bob) == []
    assert told(kit, anna) == []


async def test_taking_somebody_off_the_list(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.friends.add(account_of(anna), bob.number)
    await kit.friends.add(account_of(bob), anna.number)
    kit.realtime.clear()
    assert await kit.friends.remove(account_of(anna), bob.number) == []
    assert await listed(kit, bob) == [("Anna", "unacknowledged", LADDER)]
    assert kit.lines(bob) == ["Anna no longer wants you as a friend."]


async def test_friends_who_are_not_on(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.account("Bob")
    await kit.friends.add(account_of(anna), bob.number)
    assert await listed(kit, anna) == [("Bob", "offline", None)]
    assert await kit.friends.online(account_of(anna)) == []


async def test_coming_and_going_is_heard_by_who_lists_them(kit: PeopleKit) -> None:
    anna, bob, cara = await kit.myth("Anna"), await kit.account("Bob"), await kit.myth("Cara")
    await kit.friends.add(account_of(anna), bob.number)
    await kit.settle()
    kit.realtime.clear()
    there = kit.lobbies.enter(kit.visitor_of(bob, family=Family.MYTH2), OPEN)
    await kit.settle()
    assert told(kit, anna) == [[("Bob", "unacknowledged")]]
    assert await kit.friends.online(account_of(anna)) == [there]
    kit.lobbies.leave(lobby_listener(bob.number))
    await kit.settle()
    assert told(kit, anna)[-1] == [("Bob", "offline")]
    assert told(kit, cara) == []


async def test_who_is_hidden_is_not_on(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob", hidden=True)
    await kit.friends.add(account_of(anna), bob.number)
    assert await listed(kit, anna) == [("Bob", "offline", None)]
    assert told(kit, bob) != []  # and hears of the friends all the same
    assert kit.lines(bob) == []


async def test_guests_have_no_friends(kit: PeopleKit) -> None:
    anna, guest = await kit.myth("Anna"), kit.myth_guest("Wanderer")
    browser = await kit.account("Visitor", is_guest=True)
    with pytest.raises(NotFound):
        await kit.friends.add(account_of(anna), guest.number)
    with pytest.raises(NotFound):
        await kit.friends.add(account_of(anna), browser.number)
    with pytest.raises(PermissionDenied):
        await kit.friends.add(browser.id, anna.number)
    with pytest.raises(SessionEnded):
        await kit.friends.add(AccountId("gone"), anna.number)


async def test_who_cannot_be_a_friend(kit: PeopleKit) -> None:
    anna, gone = await kit.myth("Anna"), await kit.account("Gone")
    with pytest.raises(InvalidInput):
        await kit.friends.add(account_of(anna), anna.number)
    gone.status = AccountStatus.DISABLED
    await kit.store.write(lambda tx: tx.accounts.save(gone))
    with pytest.raises(NotFound):
        await kit.friends.add(account_of(anna), gone.number)


async def test_a_full_list(kit: PeopleKit) -> None:
    anna = await kit.myth("Anna")
    others = [await kit.account(f"Friend {number}") for number in range(MOST_FRIENDS + 1)]
    for other in others[:-1]:
        await kit.friends.add(account_of(anna), other.number)
    with pytest.raises(LimitReached):
        await kit.friends.add(account_of(anna), others[-1].number)
    assert len(await kit.friends.friends(account_of(anna))) == MOST_FRIENDS


async def test_who_left_meanwhile_is_told_nothing(kit: PeopleKit) -> None:
    anna, bob = await kit.myth("Anna"), await kit.myth("Bob")
    await kit.friends.add(account_of(bob), anna.number)
    kit.lobbies.leave(anna.visitor.listener)
    kit.lobbies.leave(bob.visitor.listener)
    kit.realtime.clear()
    await kit.settle()
    assert told(kit, bob) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(FriendAct)), max_size=15))
def test_lists_agree_whatever_happens(
    acts: list[tuple[int, int, FriendAct]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Both entries of a pair are active, or one waits, or there is none; and what is told is what is so."""

    async def run() -> None:
        clock = FakeClock()
        async with (
            open_store(new_sqlite(tmp_path_factory.mktemp("friends")), clock=clock) as store,
            people_kit(clock, store) as kit,
        ):
            people = [await kit.myth(name) for name in ("Anna", "Bob", "Cara")]
            lists: set[tuple[int, int]] = set()
            steps = []
            for mine, theirs, act in acts:
                if mine != theirs:
                    change = kit.friends.add if act is FriendAct.ADD else kit.friends.remove
                    steps.append(change(account_of(people[mine]), people[theirs].number))
                    (lists.add if act is FriendAct.ADD else lists.discard)((mine, theirs))
            for step in steps:
                await step
            for mine, one in enumerate(people):
                expected = {
                    (people[theirs].name, "active" if (theirs, mine) in lists else "unacknowledged")
                    for owner, theirs in lists
                    if owner == mine
                }
                assert {(name, state) for name, state, _ in await listed(kit, one)} == expected
                if told(kit, one):
                    assert set(told(kit, one)[-1]) == expected

    asyncio.run(run())

"""Who lists whom."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mythgate.domain.errors import InvalidInput, LimitReached
from mythgate.domain.friends import (
    MOST_FRIENDS,
    TRANSITIONS,
    Friend,
    FriendAct,
    FriendState,
    Pair,
    changed,
    listed,
    require_other,
)
from mythgate.domain.ids import AccountId

INACTIVE, WAITS, ACTIVE, OFFLINE = FriendState
ADD, REMOVE = FriendAct


def test_numbers_are_those_of_the_old_clients() -> None:
    assert [state.number for state in FriendState] == [0, 1, 2, 3]


def test_one_asks_and_the_other_answers() -> None:
    asked = changed(Pair(), ADD, mine_already=0)
    assert asked == Pair(WAITS, INACTIVE)
    answered = changed(Pair(asked.theirs, asked.mine), ADD, mine_already=0)
    assert answered == Pair(ACTIVE, ACTIVE)


def test_who_is_removed_waits_again() -> None:
    assert changed(Pair(ACTIVE, ACTIVE), REMOVE, mine_already=1) == Pair(INACTIVE, WAITS)


def test_every_pair_that_can_be_reached_knows_every_act() -> None:
    reached = {Pair()}
    while True:
        after = {TRANSITIONS[pair, act] for pair, act in product(reached, FriendAct)}
        after |= {Pair(pair.theirs, pair.mine) for pair in after}
        if after <= reached:
            break
        reached |= after
    assert reached == {pair for pair, _ in TRANSITIONS}
    assert len(TRANSITIONS) == len(reached) * len(FriendAct)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(FriendAct))))
def test_an_entry_is_active_exactly_if_both_list_each_other(acts: list[tuple[bool, FriendAct]]) -> None:
    pair, lists = Pair(), [False, False]
    for is_theirs, act in acts:
        lists[is_theirs] = act is ADD
        if is_theirs:
            pair = Pair(pair.theirs, pair.mine)
        pair = changed(pair, act, mine_already=0)
        if is_theirs:
            pair = Pair(pair.theirs, pair.mine)
        expected = ACTIVE if all(lists) else WAITS
        assert pair == Pair(expected if lists[0] else INACTIVE, expected if lists[1] else INACTIVE)


def test_a_full_list_takes_nobody_new() -> None:
    with pytest.raises(LimitReached):
        changed(Pair(INACTIVE, WAITS), ADD, mine_already=MOST_FRIENDS)
    assert changed(Pair(ACTIVE, ACTIVE), ADD, mine_already=MOST_FRIENDS) == Pair(ACTIVE, ACTIVE)
    assert changed(Pair(WAITS, INACTIVE), REMOVE, mine_already=MOST_FRIENDS) == Pair()
    assert changed(Pair(), ADD, mine_already=MOST_FRIENDS - 1) == Pair(WAITS, INACTIVE)


def test_nobody_is_their_own_friend() -> None:
    require_other(AccountId("a"), AccountId("b"))
    with pytest.raises(InvalidInput):
        require_other(AccountId("a"), AccountId("a"))


def test_the_list_is_in_order_of_states() -> None:
    friends = [Friend(1, "b", WAITS), Friend(2, "B", ACTIVE, 3), Friend(3, "a", ACTIVE, 3), Friend(4, "c", OFFLINE)]
    assert [one.number for one in listed(friends)] == [4, 3, 2, 1]

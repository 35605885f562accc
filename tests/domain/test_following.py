"""Who follows whom: one leader each, never in a circle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import BadUsage
from mythgate.domain.following import Following
from mythgate.domain.ids import CharacterId

ADA, BOB, CID = CharacterId("ada"), CharacterId("bob"), CharacterId("cid")


def test_followers_are_kept_in_the_order_they_began() -> None:
    following = Following()
    following.follow(CID, ADA)
    following.follow(BOB, ADA)
    assert following.followers_of(ADA) == [CID, BOB]
    assert following.leader_of(BOB) == ADA


def test_following_another_ends_the_former() -> None:
    following = Following()
    following.follow(CID, ADA)
    following.follow(CID, BOB)
    assert following.followers_of(ADA) == []
    assert following.leader_of(CID) == BOB


def test_nobody_follows_themselves_or_in_a_circle() -> None:
    following = Following()
    with pytest.raises(BadUsage, match="yourself"):
        following.follow(ADA, ADA)
    following.follow(BOB, ADA)
    following.follow(CID, BOB)
    with pytest.raises(BadUsage, match="circle"):
        following.follow(ADA, CID)
    assert following.leader_of(ADA) is None


def test_unfollowing_tells_who_was_followed() -> None:
    following = Following()
    following.follow(BOB, ADA)
    assert following.unfollow(BOB) == ADA
    assert following.unfollow(BOB) is None


def test_the_others_follow_on_when_one_stops() -> None:
    following = Following()
    for follower in (BOB, CID):
        following.follow(follower, ADA)
    following.unfollow(BOB)
    assert following.followers_of(ADA) == [CID]
    following.follow(BOB, ADA)
    assert following.followers_of(ADA) == [CID, BOB]  # whoever comes back comes last


def test_forgetting_ends_both_directions() -> None:
    following = Following()
    following.follow(BOB, ADA)
    following.follow(CID, BOB)
    assert following.forget(BOB) == [CID]
    assert following == Following()


PEOPLE = [CharacterId(name) for name in "abcdef"]
STEPS = st.tuples(st.sampled_from(["follow", "unfollow", "forget"]), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))


@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_there_is_no_circle_and_both_sides_agree(
    steps: list[tuple[str, CharacterId, CharacterId]],
) -> None:
    following = Following()
    for what, one, other in steps:
        if what == "follow":
            try:
                following.follow(one, other)
            except BadUsage:
                pass
        elif what == "unfollow":
            following.unfollow(one)
        else:
            following.forget(one)
        for person in PEOPLE:
            leader = following.leader_of(person)
            assert (leader is None) or person in following.followers_of(leader)
            assert all(following.leader_of(follower) == person for follower in following.followers_of(person))
            seen = {person}
            while leader is not None:
                assert leader not in seen
                seen.add(leader)
                leader = following.leader_of(leader)

"""Clans: members, ranks, size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mythgate.domain.clans import (
    GRACE,
    MOST_MEMBERS,
    Clan,
    ClanDetails,
    ClanRank,
    Membership,
    check_clan_password,
    check_details,
    clan_name,
    is_lapsed,
    joined,
    member,
    note_size,
    ranked_anew,
    require_dismissal,
    successor,
)
from mythgate.domain.errors import InvalidInput, LimitReached, NotFound, PermissionDenied
from mythgate.domain.ids import AccountId

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LEADER, OFFICER, MEMBER = ClanRank


def a_clan() -> Clan:
    return Clan("Otters", "otters", NOW, "m", "j", number=7)


def a_member(name: str, rank: ClanRank = MEMBER, age: int = 0) -> Membership:
    return Membership(AccountId(name), 7, rank, NOW - timedelta(days=age))


def test_a_name_is_tidied() -> None:
    assert clan_name("  The   Otters ") == "The Otters"


@pytest.mark.parametrize("name", ["", "  ", "x" * 32, "a\x00b", "--"])
def test_a_name_that_does_not_fit(name: str) -> None:
    with pytest.raises(InvalidInput):
        clan_name(name)


def test_details_may_have_lines() -> None:
    check_details(ClanDetails(motto="a\nb", url="https://x", contact="c", motd="m" * 511))


@pytest.mark.parametrize(
    "details", [ClanDetails(motto="x" * 512), ClanDetails(url="u" * 128), ClanDetails(motd="a\x07")]
)
def test_details_that_do_not_fit(details: ClanDetails) -> None:
    with pytest.raises(InvalidInput):
        check_details(details)


@pytest.mark.parametrize("password", ["abc", "x" * 16, "four\n"])
def test_a_password_that_does_not_fit(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_clan_password(password, field="member_password")
    assert refused.value.field == "member_password"
    check_clan_password("four", field="")


def test_the_first_leads_and_the_seventeenth_stays_out() -> None:
    members: list[Membership] = []
    for number in range(MOST_MEMBERS):
        members.append(joined(a_clan(), members, AccountId(str(number)), NOW))
    assert [one.rank for one in members] == [LEADER, *[MEMBER] * 15]
    with pytest.raises(LimitReached):
        joined(a_clan(), members, AccountId("late"), NOW)


def test_somebody_else_is_no_member() -> None:
    one = a_member("a")
    assert member([one], AccountId("a")) == one
    with pytest.raises(NotFound):
        member([one], AccountId("b"))


def test_the_lead_passes_to_officers_and_then_to_the_oldest() -> None:
    leader = a_member("a", LEADER, 9)
    officer, old, young = a_member("b", OFFICER, 1), a_member("c", age=5), a_member("d", age=2)
    assert successor([leader, old, officer], leader) == a_member("b", LEADER, 1)
    assert successor([leader, young, old], leader) == a_member("c", LEADER, 5)
    assert successor([leader, old], old) is None
    assert successor([leader], leader) is None


@pytest.mark.parametrize(
    ("actor", "target", "allowed"),
    [
        (LEADER, OFFICER, True),
        (LEADER, MEMBER, True),
        (OFFICER, MEMBER, True),
        (OFFICER, OFFICER, False),
        (OFFICER, LEADER, False),
        (MEMBER, MEMBER, False),
    ],
)
def test_who_sends_whom_away(actor: ClanRank, target: ClanRank, allowed: bool) -> None:
    if allowed:
        require_dismissal(a_member("a", actor), a_member("b", target))
    else:
        with pytest.raises(PermissionDenied):
            require_dismissal(a_member("a", actor), a_member("b", target))


def test_ranks_are_given_by_the_leader() -> None:
    leader, other = a_member("a", LEADER), a_member("b")
    assert list(ranked_anew(leader, other, OFFICER)) == [a_member("b", OFFICER)]
    assert list(ranked_anew(leader, other, LEADER)) == [a_member("b", LEADER), a_member("a", OFFICER)]
    assert list(ranked_anew(leader, leader, LEADER)) == []
    with pytest.raises(PermissionDenied, match="has a leader"):
        ranked_anew(leader, leader, MEMBER)
    with pytest.raises(PermissionDenied, match="Only the leader"):
        ranked_anew(other, leader, MEMBER)


def test_a_small_clan_has_ten_days() -> None:
    clan = a_clan()
    assert not is_lapsed(clan, NOW)
    assert note_size(clan, 2, NOW)
    assert not note_size(clan, 1, NOW + timedelta(days=1))
    assert not is_lapsed(clan, NOW + GRACE - timedelta(seconds=1))
    assert is_lapsed(clan, NOW + GRACE)
    assert note_size(clan, 3, NOW + GRACE)
    assert not is_lapsed(clan, NOW + 2 * GRACE)
    assert not note_size(clan, 3, NOW + GRACE)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(ClanRank)), max_size=40))
def test_a_clan_always_has_one_leader(acts: list[tuple[int, int, ClanRank]]) -> None:
    """Whoever joins, leaves or gets ranks."""
    members: dict[str, Membership] = {}
    for number, other, rank in acts:
        who, whom = AccountId(str(number)), AccountId(str(other))
        if who not in members:
            members[who] = joined(a_clan(), list(members.values()), who, NOW + timedelta(seconds=len(members)))
        elif who == whom:
            heir = successor(list(members.values()), members.pop(who))
            if heir is not None:
                members[heir.account_id] = heir
        elif whom in members and members[who].rank is LEADER:
            for changed in ranked_anew(members[who], members[whom], rank):
                members[changed.account_id] = changed
        leaders = [one for one in members.values() if one.rank is LEADER]
        assert len(leaders) == bool(members)

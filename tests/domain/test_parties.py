"""The rules of parties, invitations and loot."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import (
    AlreadyInParty,
    BadUsage,
    InvalidInput,
    NoPendingInvite,
    NotFound,
    NotInParty,
    PartyFull,
    PermissionDenied,
)
from mythgate.domain.ids import AccountId, CharacterId
from mythgate.domain.parties import (
    DEFAULT_NAME,
    Invitation,
    Invitations,
    LootRule,
    Party,
    PartyMember,
    deal,
    divide,
    found,
    loot_rule,
    party_name,
    roll_off,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ADA, BEN, CLEO, DAN, EVE = (CharacterId(name) for name in ("ada", "ben", "cleo", "dan", "eve"))
MOST = 4


def member(character_id: CharacterId) -> PartyMember:
    return PartyMember(character_id, 1, character_id.title(), NOW)


def party_of(*members: CharacterId) -> Party:
    party = found("Otters", member(members[0]))
    for one in members[1:]:
        party.join(member(one), MOST)
    return party


def ids(party: Party) -> list[CharacterId]:
    return [one.character_id for one in party.members]


def test_names() -> None:
    assert party_name(None) == DEFAULT_NAME
    assert party_name("  The\tOtters \u202e") == "The Otters"
    assert party_name("x" * 100) == "x" * 100
    for text in ("", " ", "\u200b", "x" * 101):
        with pytest.raises(InvalidInput):
            party_name(text)


def test_rules_by_name() -> None:
    assert [loot_rule(text) for text in ("equal", " Leader", "ROLL")] == list(LootRule)
    with pytest.raises(InvalidInput, match="no such rule"):
        loot_rule("thief")


def test_a_new_party_has_its_founder_as_leader() -> None:
    party = party_of(ADA)
    assert (party.leader, ids(party), party.loot, party.is_active) == (ADA, [ADA], LootRule.EQUAL, True)
    assert party.require_member(ADA).name == "Ada"
    assert party.member(BEN) is None
    with pytest.raises(NotInParty):
        party.require_member(BEN)


def test_joining() -> None:
    party = party_of(ADA, BEN, CLEO, DAN)
    with pytest.raises(AlreadyInParty):
        party.join(member(BEN), MOST)
    with pytest.raises(PartyFull, match="Otters is full"):
        party.join(member(EVE), MOST)
    party.disband(ADA, NOW)
    with pytest.raises(NotFound):
        party.join(member(EVE), MOST)


def test_succession_goes_by_standing() -> None:
    party = party_of(ADA, BEN, CLEO)
    party.leave(BEN, NOW)
    party.join(member(BEN), MOST)
    party.leave(ADA, NOW)
    assert (party.leader, ids(party)) == (CLEO, [CLEO, BEN])
    with pytest.raises(NotInParty):
        party.leave(ADA, NOW)
    party.leave(CLEO, NOW)
    party.leave(BEN, NOW)
    assert (party.disbanded_at, party.members, party.leader) == (NOW, [], BEN)


@pytest.mark.parametrize(
    "act",
    [
        lambda party, actor: party.kick(actor, CLEO, NOW),
        lambda party, actor: party.promote(actor, CLEO),
        lambda party, actor: party.disband(actor, NOW),
        lambda party, actor: party.set_loot(actor, LootRule.ROLL),
    ],
)
def test_only_the_leader_may(act: Callable[[Party, CharacterId], Any]) -> None:
    party = party_of(ADA, BEN, CLEO)
    before = party_of(ADA, BEN, CLEO)
    with pytest.raises(PermissionDenied):
        act(party, BEN)
    with pytest.raises(NotInParty):
        act(party, EVE)
    assert party == before
    act(party, ADA)
    assert party != before


def test_a_leader_does_nothing_to_themselves_or_strangers() -> None:
    party = party_of(ADA, BEN)
    for refusal, target in ((BadUsage, ADA), (NotFound, EVE)):
        with pytest.raises(refusal):
            party.kick(ADA, target, NOW)
        with pytest.raises(refusal):
            party.promote(ADA, target)
    party.promote(ADA, BEN)
    party.kick(BEN, ADA, NOW)
    assert (party.leader, ids(party)) == (BEN, [BEN])


def test_what_vanished_members_leave_behind_is_mended() -> None:
    party = party_of(ADA, BEN, CLEO)
    assert not party.mend(NOW)
    del party.members[0]
    assert party.mend(NOW)
    assert (party.leader, party.is_active) == (BEN, True)
    party.members.clear()
    assert party.mend(NOW)
    assert party.disbanded_at == NOW


# --- invitations -----------------------------------------------------------------------------------


def invitation(party: int, invitee: CharacterId = BEN, inviter: CharacterId = ADA, at: datetime = NOW) -> Invitation:
    return Invitation(party, "Otters", inviter, 1, "Ada", AccountId("a"), invitee, 2, "Ben", at + timedelta(minutes=2))


def test_invitations_end() -> None:
    waiting = Invitations(timedelta(minutes=2))
    first, second = invitation(1), invitation(2, at=NOW + timedelta(minutes=1))
    waiting.add(first, NOW)
    waiting.add(second, NOW)
    assert waiting.of(BEN, NOW) == [second, first]
    assert (waiting.find(BEN, None, NOW), waiting.find(BEN, 1, NOW)) == (second, first)
    later = NOW + timedelta(minutes=2)
    assert waiting.of(BEN, later) == [second]
    with pytest.raises(NoPendingInvite):
        waiting.find(BEN, 1, later)
    assert waiting.take_expired(later) == [first]
    assert (len(waiting), waiting.take(first), waiting.take(second), len(waiting)) == (1, False, True, 0)


def test_a_party_asks_once_at_a_time() -> None:
    waiting = Invitations(timedelta(minutes=2))
    waiting.add(invitation(1), NOW)
    with pytest.raises(BadUsage, match="Ben is invited already"):
        waiting.add(invitation(1, inviter=CLEO), NOW)
    later = NOW + timedelta(minutes=2)
    waiting.add(invitation(2), later)
    again = invitation(1, inviter=CLEO, at=later)
    waiting.add(again, later)
    assert waiting.find(BEN, None, later) is again
    assert waiting.take_if(lambda one: one.inviter == CLEO) == [again]
    assert len(waiting) == 1


# --- loot ------------------------------------------------------------------------------------------


class Dice:
    """Rolls what it is told to."""

    def __init__(self, *rolls: int) -> None:
        self.rolls = list(rolls)

    def randint(self, a: int, b: int) -> int:
        roll = self.rolls.pop(0)
        assert a <= roll <= b
        return roll

    def random(self) -> float:
        raise AssertionError

    def uniform(self, a: float, b: float) -> float:
        raise AssertionError


def test_who_rolls_alike_rolls_again() -> None:
    roll = roll_off([ADA, BEN, CLEO], Dice(90, 12, 90, 3, 2))
    assert roll.winner == ADA
    assert roll.rolls == ((ADA, 90), (BEN, 12), (CLEO, 90), (ADA, 3), (CLEO, 2))


def test_souls() -> None:
    assert divide(LootRule.EQUAL, BEN, [ADA, BEN, CLEO], 11, Dice()) == {ADA: 4, BEN: 4, CLEO: 3}
    assert divide(LootRule.LEADER, BEN, [ADA, BEN], 11, Dice()) == {ADA: 0, BEN: 11}
    assert divide(LootRule.LEADER, EVE, [ADA, BEN], 11, Dice()) == {ADA: 11, BEN: 0}
    assert divide(LootRule.ROLL, ADA, [ADA, BEN], 11, Dice(1, 2)) == {ADA: 0, BEN: 11}


def test_things() -> None:
    assert deal(LootRule.EQUAL, ADA, [ADA, BEN], "abc", Dice(1)) == [("a", BEN), ("b", ADA), ("c", BEN)]
    assert deal(LootRule.LEADER, BEN, [ADA, BEN], "ab", Dice()) == [("a", BEN), ("b", BEN)]
    assert deal(LootRule.LEADER, EVE, [ADA, BEN], "a", Dice()) == [("a", ADA)]
    assert deal(LootRule.ROLL, ADA, [ADA, BEN], "ab", Dice(1, 2, 5, 4)) == [("a", BEN), ("b", ADA)]


@given(
    rule=st.sampled_from(LootRule),
    among=st.lists(st.sampled_from([ADA, BEN, CLEO, DAN]), min_size=1, unique=True),
    souls=st.integers(0, 10**9),
    seed=st.integers(0, 1000),
)
def test_nothing_is_lost_and_nothing_comes_twice(
    rule: LootRule, among: list[CharacterId], souls: int, seed: int
) -> None:
    shares = divide(rule, ADA, among, souls, random.Random(seed))
    assert sum(shares.values()) == souls
    assert list(shares) == among
    assert min(shares.values()) >= 0
    if rule is LootRule.EQUAL:
        assert max(shares.values()) - min(shares.values()) <= 1
    dealt = deal(rule, ADA, among, range(7), random.Random(seed))
    assert [thing for thing, _ in dealt] == list(range(7))
    assert {owner for _, owner in dealt} <= set(among)

"""The twelve Crystal Shards: who may take one, which reality follows, and how it ends."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mythgate.domain.errors import (
    GuardianUndefeated,
    NoFaction,
    NoShard,
    Refused,
    ShardHeld,
    ShardSealed,
    WrongShardState,
)
from mythgate.domain.ids import CharacterId
from mythgate.domain.shards import (
    CALMED_BY,
    CAPTURE_SOULS,
    GUARDIAN_RETURNS_AFTER,
    LORE,
    REALITIES,
    TRANSFORMATIONS,
    TRANSITIONS,
    UPHEAVALS,
    VICTORIES,
    Captured,
    Claimant,
    Condition,
    Cycle,
    Fallen,
    FallReason,
    Happening,
    Ownership,
    Reality,
    Shard,
    ShardMove,
    Shards,
    ShardStatus,
    Shifted,
    StatusChanged,
    condition_of,
    faction_of,
    leader_of,
    reality_of,
)
from mythgate.domain.sheets import Faction

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IRON, BLOOD, GOLD = Faction.IRON_BROTHERHOOD, Faction.CRIMSON_COVENANT, Faction.GOLDEN_ORDER
ADA, BOB = CharacterId("ada"), CharacterId("bob")


class Loaded:
    """Chance that always gives the same."""

    def __init__(self, least: bool = True) -> None:
        self.least = least

    def randint(self, a: int, b: int) -> int:
        return a if self.least else b

    def random(self) -> float:
        return 0.0 if self.least else 1.0

    def uniform(self, a: float, b: float) -> float:
        return a if self.least else b


LOW, HIGH = Loaded(), Loaded(least=False)


def claimant(faction: Faction | None = IRON, who: CharacterId = ADA, party: tuple[CharacterId, ...] = ()) -> Claimant:
    return Claimant(who, who.title(), faction, party)


def take(
    shards: Shards, number: int, faction: Faction = IRON, *, chance: Loaded = LOW, now: datetime = NOW
) -> list[Happening]:
    shards.guardian_falls(number, {ADA: faction}, now)
    return shards.capture(number, claimant(faction), now, chance)


# --- what is told ---


def test_there_are_twelve_in_order() -> None:
    assert list(LORE) == list(range(1, 13))
    assert (LORE[1].name, LORE[12].name, LORE[11].place) == (
        "Phoenix Flame",
        "Entropy Engine",
        "Necropolis of Lost Souls",
    )
    assert LORE[3].guardian == "Terrakor the Unmoved"
    for lore in LORE.values():
        assert lore.guardian in lore.description
        assert lore.number == LORE[lore.number].number


def test_every_faction_has_a_reality_and_a_victory_of_its_own() -> None:
    assert set(REALITIES) == set(VICTORIES) == set(Faction)
    assert set(REALITIES.values()) == set(Reality) - {Reality.NEUTRAL}
    assert {name for names in VICTORIES.values() for name in names} <= set(TRANSFORMATIONS)
    assert set(UPHEAVALS) <= set(TRANSFORMATIONS)


@pytest.mark.parametrize(
    ("stability", "condition"),
    [
        (100, Condition.STABLE),
        (30, Condition.STABLE),
        (29.9, Condition.UNSTABLE),
        (15, Condition.UNSTABLE),
        (14.9, Condition.FRAGMENTING),
        (0.1, Condition.FRAGMENTING),
        (0, Condition.COLLAPSING),
    ],
)
def test_how_firm_a_reality_is(stability: float, condition: Condition) -> None:
    assert condition_of(stability) is condition
    assert Cycle(stability=stability).condition is condition


@pytest.mark.parametrize(
    ("counts", "leader", "reality"),
    [
        ({}, None, Reality.NEUTRAL),
        ({IRON: 3}, IRON, Reality.NEUTRAL),
        ({IRON: 4}, IRON, Reality.IRON_AGE),
        ({IRON: 2, BLOOD: 2}, None, Reality.NEUTRAL),
        ({IRON: 2, BLOOD: 2, GOLD: 3}, GOLD, Reality.RADIANT_ERA),
        ({IRON: 1, BLOOD: 2}, BLOOD, Reality.NEUTRAL),
    ],
)
def test_the_reality_is_that_of_who_leads(counts: dict[Faction, int], leader: Faction | None, reality: Reality) -> None:
    assert leader_of(counts) is leader
    assert reality_of(counts) is reality


def test_a_faction_is_read_from_its_name() -> None:
    assert faction_of("Golden Order") is GOLD
    assert faction_of("") is None
    assert faction_of("Wanderers") is None


def test_reality_and_transformations_add_up() -> None:
    calm = Cycle().effects
    assert (calm.omen, calm.rest, calm.enemies) == ("", 1.0, 1.0)
    cycle = Cycle(reality=Reality.BLOOD_REALM, transformations=("Corrupted Evolution", "Elemental Surge: fire", "Gone"))
    assert cycle.effects.rest == pytest.approx(0.75)
    assert cycle.effects.enemies == pytest.approx(1.43)
    assert "tinge of red" in cycle.effects.omen
    assert "restless" in cycle.effects.omen


# --- one shard ---


@pytest.mark.parametrize(("status", "move"), list(product(ShardStatus, ShardMove)))
def test_every_state_with_every_move(status: ShardStatus, move: ShardMove) -> None:
    shard = Shard(4, status)
    target = TRANSITIONS.get((status, move))
    if target is not None:
        shard.apply(move)
        assert shard.status is target
    elif status is ShardStatus.SEALED:
        with pytest.raises(ShardSealed, match="Tempest Crown is sealed"):
            shard.apply(move)
    else:
        with pytest.raises(WrongShardState):
            shard.apply(move)
        assert shard.status is status


def test_a_guardian_that_is_back_leaves_an_owner_in_control() -> None:
    shard = Shard(1, ShardStatus.CONTESTED, IRON, ADA, "Ada", NOW)
    shard.apply(ShardMove.GUARDIAN_BACK)
    assert (shard.status, shard.faction) == (ShardStatus.CONTROLLED, IRON)


# --- capture ---


def test_whose_party_brought_the_guardian_down_takes_the_shard() -> None:
    shards = Shards.of(())
    (contested,) = shards.guardian_falls(2, {BOB: IRON}, NOW)
    assert contested == StatusChanged(2, ShardStatus.CONTESTED, None, None)
    happened = shards.capture(2, Claimant(ADA, "Ada", IRON, (ADA, BOB), ("Bob",)), NOW, LOW)
    assert happened == [Captured(2, Ownership(2, ADA, "Ada", IRON, NOW, helpers=("Bob",), souls=CAPTURE_SOULS), None)]
    shard = shards.require(2)
    assert (shard.status, shard.faction, shard.holder) == (ShardStatus.CONTROLLED, IRON, ADA)
    assert shard.is_guardian_down(NOW)
    assert not shard.is_guardian_down(NOW + GUARDIAN_RETURNS_AFTER)
    assert shards.changed == {2}
    assert shards.counts == {IRON: 1}


def test_another_faction_takes_it_over_only_after_another_fight() -> None:
    shards = Shards.of(())
    take(shards, 1)
    with pytest.raises(GuardianUndefeated, match="Ignarok"):
        shards.capture(1, claimant(BLOOD), NOW, LOW)
    (contested,) = shards.guardian_falls(1, {BOB: BLOOD}, NOW)
    assert contested == StatusChanged(1, ShardStatus.CONTESTED, IRON, IRON)
    (captured,) = shards.capture(1, claimant(BLOOD, BOB), NOW, LOW)
    assert isinstance(captured, Captured)
    assert captured.previous is IRON
    assert shards.counts == {BLOOD: 1}


def test_capture_is_refused_with_a_reason() -> None:
    shards = Shards.of(())
    with pytest.raises(NoShard):
        shards.capture(13, claimant(), NOW, LOW)
    with pytest.raises(GuardianUndefeated):
        shards.capture(1, claimant(), NOW, LOW)
    shards.guardian_falls(1, {BOB: IRON}, NOW)
    with pytest.raises(GuardianUndefeated):
        shards.capture(1, claimant(), NOW, LOW)  # not in Bob's party
    with pytest.raises(GuardianUndefeated):
        shards.capture(1, claimant(IRON, BOB), NOW + GUARDIAN_RETURNS_AFTER, LOW)  # it is back
    with pytest.raises(NoFaction):
        shards.capture(1, claimant(None, BOB), NOW, LOW)
    shards.seal(1)
    with pytest.raises(ShardSealed):
        shards.capture(1, claimant(IRON, BOB), NOW, LOW)
    shards.unseal(1, NOW, LOW)
    take(shards, 1)
    with pytest.raises(ShardHeld):
        shards.capture(1, claimant(), NOW, LOW)


def test_a_guardian_that_falls_changes_nothing_for_its_own_or_a_sealed_shard() -> None:
    shards = Shards.of(())
    take(shards, 1)
    shards.changed.clear()
    assert shards.guardian_falls(1, {ADA: IRON}, NOW) == []
    assert shards.guardian_falls(1, {}, NOW) == []
    assert shards.changed == set()
    shards.seal(2)
    assert shards.guardian_falls(2, {ADA: IRON}, NOW) == []
    assert shards.guardian_falls(1, {ADA: IRON, BOB: None}, NOW) != []
    assert shards.guardian_falls(1, {BOB: None}, NOW) == []  # contested already: nothing new to tell
    assert shards.require(1).defeated_by == (BOB,)


# --- staff and time ---


def test_a_seal_keeps_the_owner_and_lifting_it_frees_the_shard() -> None:
    shards = Shards.of(())
    take(shards, 1)
    assert shards.seal(1, NOW + timedelta(hours=1)) == [StatusChanged(1, ShardStatus.SEALED, IRON, IRON)]
    assert shards.seal(1) == []  # sealed already; now without end
    assert shards.require(1).sealed_until is None
    assert shards.counts == {IRON: 1}
    assert shards.unseal(1, NOW, LOW) == [StatusChanged(1, ShardStatus.UNCLAIMED, None, IRON)]
    with pytest.raises(WrongShardState):
        shards.unseal(1, NOW, LOW)


def test_release_takes_a_shard_from_its_owner() -> None:
    shards = Shards.of(())
    take(shards, 1)
    assert shards.release(1, NOW, LOW) == [StatusChanged(1, ShardStatus.UNCLAIMED, None, IRON)]
    with pytest.raises(WrongShardState, match="Nobody holds"):
        shards.release(1, NOW, LOW)
    shards.seal(1)
    with pytest.raises(ShardSealed):
        shards.release(1, NOW, LOW)


def test_time_brings_guardians_back_and_ends_seals() -> None:
    shards = Shards.of(())
    take(shards, 3, BLOOD)
    shards.guardian_falls(3, {ADA: IRON}, NOW)
    shards.guardian_falls(1, {ADA: IRON}, NOW)
    shards.seal(2, NOW + timedelta(hours=1))
    shards.seal(4)
    assert not shards.is_due(NOW)
    assert shards.tend(NOW, LOW) == []
    later = NOW + GUARDIAN_RETURNS_AFTER
    assert shards.is_due(later)
    assert shards.tend(later, LOW) == [
        StatusChanged(1, ShardStatus.UNCLAIMED, None, None),
        StatusChanged(2, ShardStatus.UNCLAIMED, None, None),
        StatusChanged(3, ShardStatus.CONTROLLED, BLOOD, BLOOD),
    ]
    assert not shards.is_due(later)


# --- realities and the end ---


def test_the_fourth_shard_brings_a_reality_and_costs_stability() -> None:
    shards = Shards.of(())
    for number in (1, 2, 3):
        assert len(take(shards, number)) == 1
    _, shifted = take(shards, 4)
    assert shifted == Shifted(Reality.NEUTRAL, Reality.IRON_AGE, 95.0)
    assert shards.cycle.shifted_at == NOW
    _, back = shards.release(4, NOW, LOW)
    assert back == Shifted(Reality.IRON_AGE, Reality.NEUTRAL, 100.0)
    shards.cycle.stability = 50.0
    take(shards, 4, chance=HIGH)
    assert shards.cycle.stability == 35.0
    shards.release(4, NOW, LOW)
    assert shards.cycle.stability == 35.0 + CALMED_BY


def test_all_twelve_end_the_cycle() -> None:
    shards = Shards.of(())
    for number in range(1, 12):
        take(shards, number)
        assert shards.is_imminent == (number >= 10)
    captured, fallen, shifted = take(shards, 12)
    assert isinstance(captured, Captured)
    assert isinstance(fallen, Fallen)
    assert fallen.record.reason is FallReason.TWELVE
    assert (fallen.record.cycle, fallen.record.winner, fallen.record.holdings) == (1, IRON, {"Iron Brotherhood": 12})
    assert fallen.record.transformations == ("Universal Market",)
    assert shifted == Shifted(Reality.IRON_AGE, Reality.NEUTRAL, 100.0)
    assert shards.counts == {}
    assert {shard.status for shard in shards.by_number.values()} == {ShardStatus.UNCLAIMED}
    assert (shards.cycle.number, shards.cycle.aetherfalls, shards.cycle.began_at) == (2, 1, NOW)
    assert not shards.is_imminent


def test_a_world_without_stability_collapses_and_nobody_wins() -> None:
    shards = Shards.of((), Cycle(stability=12.0))
    for number in (1, 2, 3):
        take(shards, number)
    assert shards.is_imminent
    _, fallen = take(shards, 4, chance=HIGH)
    assert isinstance(fallen, Fallen)
    assert fallen.record.reason is FallReason.COLLAPSE
    assert fallen.record.winner is None
    assert len(fallen.record.transformations) == 5
    assert {name.partition(":")[0] for name in fallen.record.transformations} == set(UPHEAVALS)
    assert shards.cycle.reality is Reality.NEUTRAL
    assert shards.cycle.stability == 100.0


def test_the_staff_can_end_a_cycle_and_seals_end_with_it() -> None:
    shards = Shards.of(())
    take(shards, 1)
    shards.seal(1)
    (fallen,) = shards.fall(FallReason.STAFF, NOW, LOW, survivors=7)
    assert isinstance(fallen, Fallen)
    assert (fallen.record.survivors, len(fallen.record.transformations)) == (7, 2)
    assert shards.require(1) == Shard(1)


@given(st.integers())
def test_chance_draws_two_to_five_different_upheavals(seed: int) -> None:
    shards = Shards.of(())
    (fallen,) = shards.fall(FallReason.STAFF, NOW, random.Random(seed))
    assert isinstance(fallen, Fallen)
    drawn = [name.partition(":")[0] for name in fallen.record.transformations]
    assert 2 <= len(drawn) == len(set(drawn)) <= 5


# --- any order of anything ---


class AnyShards(RuleBasedStateMachine):
    """Never two owners, never thirteen shards, and the world is always that of who holds what."""

    def __init__(self) -> None:
        super().__init__()
        self.shards = Shards.of(())
        self.now = NOW
        self.chance = random.Random(1)
        self.owners: dict[int, Faction] = {}  # as what was told says
        self.reality = Reality.NEUTRAL
        self.falls = 0

    numbers = st.integers(0, 14)
    people = st.sampled_from([CharacterId(f"c{index}") for index in range(4)])
    factions = st.sampled_from([*Faction, None])

    def heed(self, happened: list[Happening]) -> None:
        for one in happened:
            match one:
                case Captured(shard, ownership, previous):
                    assert self.owners.get(shard) is previous
                    assert previous is not ownership.faction
                    self.owners[shard] = ownership.faction
                case StatusChanged(shard, _, faction, previous):
                    assert self.owners.get(shard) is previous
                    if faction is None:
                        self.owners.pop(shard, None)
                case Shifted(before, after, stability):
                    assert self.reality is before is not after
                    assert 0 < stability <= 100
                    self.reality = after
                case Fallen(record):
                    assert record.cycle == self.falls + 1
                    self.falls += 1
                    self.owners.clear()

    @rule(number=numbers, who=people, faction=factions)
    def fight(self, number: int, who: CharacterId, faction: Faction | None) -> None:
        try:
            self.heed(self.shards.guardian_falls(number, {who: faction}, self.now))
        except NoShard:
            assert number not in LORE

    @rule(number=numbers, who=people, faction=factions, other=people)
    def claim(self, number: int, who: CharacterId, faction: Faction | None, other: CharacterId) -> None:
        before = self.shards.by_number.get(number)
        entitled = before is not None and set(before.defeated_by) & {who, other}
        try:
            happened = self.shards.capture(number, Claimant(who, who, faction, (who, other)), self.now, self.chance)
        except Refused:
            return
        assert entitled
        self.heed(happened)

    @rule(who=people, faction=st.sampled_from([*Faction]))
    def sweep(self, who: CharacterId, faction: Faction) -> None:
        for number in LORE:
            self.fight(number, who, faction)
            self.claim(number, who, faction, who)

    @rule(number=numbers, hours=st.integers(0, 30))
    def seal(self, number: int, hours: int) -> None:
        try:
            self.heed(self.shards.seal(number, self.now + timedelta(hours=hours) if hours else None))
        except NoShard:
            assert number not in LORE

    @rule(number=numbers, lift=st.booleans())
    def let_go(self, number: int, *, lift: bool) -> None:
        work = self.shards.unseal if lift else self.shards.release
        try:
            self.heed(work(number, self.now, self.chance))
        except Refused:
            return

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        due = self.shards.is_due(self.now)
        happened = self.shards.tend(self.now, self.chance)
        assert bool(happened) == due
        self.heed(happened)

    @rule()
    def end(self) -> None:
        self.heed(self.shards.fall(FallReason.STAFF, self.now, self.chance))

    @invariant()
    def twelve_with_one_owner_at_most(self) -> None:
        assert sorted(self.shards.by_number) == list(LORE)
        held = {number: shard.faction for number, shard in self.shards.by_number.items() if shard.faction is not None}
        assert held == self.owners
        assert sum(self.shards.counts.values()) == len(held)
        assert 12 not in self.shards.counts.values()  # who has all of them has ended the cycle
        for shard in self.shards.by_number.values():
            assert (shard.faction is None) == (shard.holder is None) == (shard.captured_at is None)
            assert shard.status is not ShardStatus.LOST
            if shard.status is ShardStatus.CONTROLLED:
                assert shard.faction is not None
            if shard.status is ShardStatus.UNCLAIMED:
                assert shard.faction is None
            assert bool(shard.defeated_by) == (shard.status is ShardStatus.CONTESTED)
            assert shard.sealed_until is None or shard.status is ShardStatus.SEALED

    @invariant()
    def the_world_is_as_it_was_told(self) -> None:
        cycle = self.shards.cycle
        assert cycle.reality is self.reality is reality_of(self.shards.counts)
        assert 0 < cycle.stability <= 100
        assert cycle.aetherfalls == self.falls


TestAnyShards = AnyShards.TestCase

"""Fights: against what the Shards network computes, blow by blow, and as a machine that can be told again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mythgate.domain.abilities import OF_CLASS, DamageType, Status, StatusKind
from mythgate.domain.bestiary import BESTIARY
from mythgate.domain.combat import (
    BEFOREHAND,
    MAX_FIGHTERS,
    MAX_ROUNDS,
    Act,
    Combatant,
    Condition,
    Encounter,
    Fighter,
    HappeningKind,
    Outcome,
    Powers,
    Remedy,
    Result,
    commitment,
    creature_as_combatant,
    powers,
    record_from,
    replay,
)
from mythgate.domain.errors import (
    InvalidAction,
    InvalidInput,
    InvalidTarget,
    NoSuchAbility,
    NotYourTurn,
    Refused,
    TooWeak,
)
from mythgate.domain.ids import CharacterId
from mythgate.domain.sheets import CharacterClass, Race, Resources, Stats, new_sheet
from mythgate.domain.tactics import Deed, defence_of

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "shards_rules.json").read_text())
LIGHT, BLOCK = Act(Deed.LIGHT_ATTACK), Act(Deed.BLOCK)


def hero(
    name: str = "Anna",
    side: int = 0,
    calling: CharacterClass = CharacterClass.WARRIOR,
    *,
    stats: Stats | None = None,
    most: Resources | None = None,
    armed: bool = True,
    attack: int = 0,
    magic: int = 0,
) -> Combatant:
    sheet = new_sheet(Race.HUMAN, calling, stats or Stats())
    return Combatant(
        name,
        side,
        1,
        sheet.stats,
        most or sheet.most,
        most or sheet.most,
        attack=attack,
        magic=magic,
        armed=armed,
        abilities=tuple(one.name for one in OF_CLASS[calling]),
        character=CharacterId(name.casefold()),
    )


def duel(
    one: Combatant | None = None, other: Combatant | None = None, *, when: Callable[[Encounter], bool] | None = None
) -> Encounter:
    """A fight of two, with the first seed for which `when` holds."""
    for seed in range(2000):
        encounter = Encounter("fight", seed, [one or hero(), other or hero("Bert", 1)])
        if when is None or when(encounter):
            return encounter
    raise AssertionError("no such fight")


def first(encounter: Encounter) -> bool:
    """Whether the one who was named first begins."""
    return encounter.active == 1


def struck(act: Act, result: Result, *, beforehand: Act = BLOCK) -> tuple[Encounter, Fighter, Fighter, int]:
    """A duel in which the second does something, then the first acts with that result: and the damage."""
    for seed in range(3000):
        encounter = Encounter("fight", seed, [hero(), hero("Bert", 1)])
        if encounter.active != 2:
            continue
        encounter.act(2, beforehand)
        one, other = encounter.fighters
        hits = [h for h in encounter.act(1, act) if h.kind is HappeningKind.DAMAGE and h.result is not None]
        if hits[0].result is result:
            return encounter, one, other, hits[0].amount
    raise AssertionError("no such blow")


# --- what follows from stats ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["combatants"], ids=lambda case: str(case["combat"]["attack_power"]))
def test_what_stats_and_equipment_give(case: dict[str, Any]) -> None:
    worn = [one for one in case["equipped"] if one["is_equipped"]]
    attack, defence = (sum(one[f"{kind}_bonus"] for one in worn) for kind in ("attack", "defense"))
    found, wanted = powers(Stats(**case["stats"]), attack, defence), case["combat"]
    assert found == Powers(
        wanted["attack_power"],
        wanted["defense"],
        wanted["accuracy"],
        wanted["evasion"],
        round(wanted["critical_chance"] * 100),
        round(wanted["critical_damage"] * 10),
        wanted["initiative"],
        wanted["poise"],
    )


def test_what_stats_give_has_bounds() -> None:
    assert powers(Stats(*[-60] * 6)) == Powers(1, 0, 10, 0, 1, 10, 1, 1)
    assert powers(Stats(10, 200, 10, 10, 10, 10)).critical == 50


# --- blows ---------------------------------------------------------------------------------------------


def test_a_hit_takes_half_of_the_defence_off() -> None:
    _, _, other, damage = struck(LIGHT, Result.HIT, beforehand=Act(Deed.WAIT))
    assert damage == 10 - 10 // 2
    assert other.now.health == other.entered.most.health - damage


def test_a_critical_hit_is_half_as_much_again() -> None:
    assert struck(LIGHT, Result.CRITICAL, beforehand=Act(Deed.WAIT))[3] == 15 - 5


def test_a_heavy_hit_may_make_bleed() -> None:
    assert struck(Act(Deed.HEAVY_ATTACK), Result.HIT, beforehand=Act(Deed.WAIT))[3] == 22 - 5
    found = False
    for seed in range(300):
        encounter = Encounter("fight", seed, [hero(), hero("Bert", 1)])
        if encounter.active == 1:
            encounter.act(1, Act(Deed.HEAVY_ATTACK))
            bleeding = encounter.fighters[1].statuses.get(StatusKind.BLEED)
            if bleeding is not None:
                found = True
                before = encounter.fighters[1].now.health
                encounter.act(2, Act(Deed.WAIT))  # the round ends, and the wound costs 5
                assert bleeding == Status(StatusKind.BLEED, 3, 5)
                assert encounter.fighters[1].now.health == before - 5
                break
    assert found


def test_blocked_a_hit_does_little_and_may_do_nothing() -> None:
    assert struck(LIGHT, Result.BLOCKED)[3] == 2
    shy = hero(stats=Stats(1, 10, 10, 10, 10, 10))
    for seed in range(300):
        encounter = Encounter("fight", seed, [shy, replace(hero("Bert", 1), defence=40)])
        if encounter.active == 2:
            encounter.act(2, BLOCK)
            (blow,) = encounter.act(1, LIGHT)[:1]
            if blow.result is Result.BLOCKED:
                assert blow.amount == 0
                return
    raise AssertionError("never hit")


def test_dodged_a_blow_does_nothing() -> None:
    _, _, other, damage = struck(LIGHT, Result.DODGED, beforehand=Act(Deed.DODGE))
    assert damage == 0
    assert other.now.health == other.entered.most.health


def test_parried_a_blow_comes_back() -> None:
    encounter, one, other, damage = struck(LIGHT, Result.PARRIED, beforehand=Act(Deed.PARRY))
    assert damage == max(1, 10 // 2 - 10 // 2)
    assert one.now.health == one.entered.most.health - damage
    assert other.now.health == other.entered.most.health
    assert encounter.outcome is None


def test_a_blow_may_miss() -> None:
    assert struck(LIGHT, Result.MISS, beforehand=Act(Deed.WAIT))[3] == 0


def test_a_stance_holds_until_the_own_next_turn_also_of_who_acts_last() -> None:
    encounter = duel(when=first)
    encounter.act(1, BLOCK)
    encounter.act(2, BLOCK)  # the second of the round: this one was of no use to anybody before
    assert encounter.round == 2
    assert [one.stance for one in encounter.fighters] == [Deed.BLOCK, Deed.BLOCK]
    encounter.act(1, Act(Deed.WAIT))
    assert [one.stance for one in encounter.fighters] == [None, Deed.BLOCK]


def test_immune_means_nothing_at_all() -> None:
    skeleton = creature_as_combatant(BESTIARY["skeleton_warrior"], 1)
    for seed in range(200):
        encounter = Encounter("fight", seed, [hero(calling=CharacterClass.NECROMANCER), skeleton])
        blows = encounter.act(1, Act(Deed.ABILITY, ability="Plague Cloud"))
        cloud = next(h for h in blows if h.kind is HappeningKind.DAMAGE and h.source == 1)
        if cloud.result in (Result.HIT, Result.CRITICAL):
            assert cloud.amount == 0
            assert encounter.fighters[1].suffering(DamageType.POISON) == 0
            return
    raise AssertionError("never hit")


def test_a_mark_makes_it_worse_and_hardening_better() -> None:
    fighter = duel().fighters[0]
    assert fighter.suffering(DamageType.HOLY) == 100
    fighter.hardening = 20
    assert fighter.suffering(DamageType.HOLY) == 80
    fighter.statuses[StatusKind.MARKED] = Status(StatusKind.MARKED, 3)
    assert fighter.suffering(DamageType.HOLY) == 100


# --- turns and rounds ----------------------------------------------------------------------------------


def test_the_quicker_begins_and_characters_before_creatures() -> None:
    for seed in range(50):
        encounter = Encounter("fight", seed, [hero(), hero("Bert", 1), hero("Cleo", 1)])
        speeds = [encounter.fighter(number).speed for number in encounter.order]
        assert speeds == sorted(speeds, reverse=True)
    soldier = creature_as_combatant(BESTIARY["hollow_soldier"], 1)
    fights = [Encounter("fight", seed, [soldier, hero()]) for seed in range(400)]
    same = [e for e in fights if e.fighters[0].speed == e.fighters[1].speed]
    assert same
    assert all(not any(h.source == 1 for h in e.told) for e in same)


def test_a_round_gives_breath_and_lets_abilities_cool() -> None:
    encounter = duel(when=first)
    one = encounter.fighters[0]
    encounter.act(1, Act(Deed.ABILITY, ability="Battle Cry"))
    assert one.now.stamina == one.entered.most.stamina - 25
    assert one.force == 125
    for left in (3, 2, 1):
        encounter.act(2, Act(Deed.WAIT))
        with pytest.raises(InvalidAction, match="not ready") as refusal:
            encounter.act(1, Act(Deed.ABILITY, ability="Battle Cry"))
        assert refusal.value.hint == f"In {left} round{'s' * (left > 1)}."
        encounter.act(1, Act(Deed.WAIT))
    encounter.act(2, Act(Deed.WAIT))
    assert one.now.stamina == one.entered.most.stamina
    assert one.force == 100
    encounter.act(1, Act(Deed.ABILITY, ability="battle cry"))


def test_who_takes_too_long_blocks_or_waits() -> None:
    encounter = duel(when=first)
    encounter.skip()
    assert encounter.fighters[0].stance is Deed.BLOCK
    encounter.fighters[1].now = Resources(50, 9, 0)
    assert encounter.skip()[0].text == "Bert waits and catches breath."


@pytest.mark.parametrize("stamina", range(60))
def test_nobody_defends_themselves_until_they_cannot_strike(stamina: int) -> None:
    encounter = duel(when=first)
    encounter.fighters[0].now = Resources(50, stamina, 0)
    deed = defence_of(stamina)
    assert deed is (Deed.WAIT if stamina < 15 else Deed.BLOCK)
    round_ = encounter.round
    encounter.skip()
    while encounter.round == round_:
        encounter.skip()
    assert encounter.fighters[0].now.stamina >= 15
    encounter.act(1, Act(Deed.LIGHT_ATTACK))


@pytest.mark.parametrize("deed", [None, Deed.WAIT], ids=["idle", "waiting"])
@pytest.mark.parametrize("key", BESTIARY)
def test_no_creature_stands_about_for_ever(key: str, deed: Deed | None) -> None:
    """Even against who never strikes: it strikes again and again, to the end of the fight."""
    tough = hero(most=Resources(100_000, 120, 30))
    for seed in range(5):
        encounter = Encounter("e", seed, [tough, creature_as_combatant(BESTIARY[key], 1, strength=1)])
        struck: list[int] = [0]
        while encounter.outcome is None:
            happened = encounter.skip() if deed is None else encounter.act(1, Act(deed))
            struck += [encounter.round for one in happened if one.kind is HappeningKind.DAMAGE and one.source == 2]
        pauses = [later - earlier for earlier, later in itertools.pairwise([*struck, MAX_ROUNDS])]
        assert max(pauses) <= MAX_ROUNDS // 4


def test_a_newcomer_with_bare_hands_beats_the_weakest() -> None:
    won = 0
    for seed in range(50):
        encounter = Encounter("e", seed, [hero(armed=False), creature_as_combatant(BESTIARY["hollow_soldier"], 1)])
        while encounter.outcome is None:
            able = encounter.fighters[0].now.stamina >= 15
            encounter.act(1, LIGHT if able else Act(Deed.WAIT))
        won += encounter.outcome.winner == 0
    assert won >= 48


def test_undecided_it_ends_as_well() -> None:
    encounter = duel()
    while encounter.outcome is None:
        assert encounter.active is not None
        encounter.act(encounter.active, Act(Deed.WAIT))
    assert encounter.round == MAX_ROUNDS + 1
    assert encounter.outcome == Outcome(None)
    assert encounter.active is None


# --- statuses ------------------------------------------------------------------------------------------


def _with(encounter: Encounter, number: int, *statuses: Status) -> Fighter:
    fighter = encounter.fighter(number)
    fighter.statuses |= {one.kind: one for one in statuses}
    return fighter


def _round(encounter: Encounter) -> None:
    begun = encounter.round
    while encounter.round == begun and encounter.outcome is None:
        assert encounter.active is not None
        encounter.act(encounter.active, Act(Deed.WAIT))


def test_wounds_hurt_and_regeneration_heals() -> None:
    encounter = duel()
    fighter = _with(
        encounter,
        1,
        Status(StatusKind.POISON, 2, 7),
        Status(StatusKind.BURN, 1, 5),
    )
    other = _with(encounter, 2, Status(StatusKind.REGENERATION, 2, 8))
    other.now = replace(other.now, health=other.entered.most.health - 12)
    full = fighter.now.health
    _round(encounter)
    assert fighter.now.health == full - 12
    assert set(fighter.statuses) == {StatusKind.POISON}
    assert other.now.health == other.entered.most.health - 4
    _round(encounter)
    assert fighter.now.health == full - 19
    assert not fighter.statuses
    assert other.now.health == other.entered.most.health  # not more than there is room for
    assert not other.statuses


def test_wounds_can_be_the_end() -> None:
    encounter = duel()
    fighter = _with(encounter, 1, Status(StatusKind.POISON, 5, 7), Status(StatusKind.BURN, 5, 7))
    fighter.now = replace(fighter.now, health=7)
    _round(encounter)
    assert fighter.condition is Condition.FALLEN
    assert encounter.outcome == Outcome(1)
    assert sum(1 for h in encounter.told if "suffers" in h.text) == 1


def test_both_may_fall_at_once() -> None:
    encounter = duel()
    for fighter in encounter.fighters:
        _with(encounter, fighter.number, Status(StatusKind.BLEED, 1, 5))
        fighter.now = replace(fighter.now, health=5)
    _round(encounter)
    assert encounter.outcome == Outcome(None)


def test_the_stunned_lose_a_turn_for_each_round_of_it() -> None:
    encounter = duel(when=first)
    other = _with(encounter, 2, Status(StatusKind.STUN, 2))
    encounter.act(1, Act(Deed.WAIT))
    assert (encounter.round, encounter.active) == (2, 1)
    assert other.statuses[StatusKind.STUN].rounds == 1
    encounter.act(1, Act(Deed.WAIT))
    assert (encounter.round, encounter.active) == (3, 1)
    assert other.steady
    encounter.act(1, Act(Deed.WAIT))
    assert encounter.active == 2
    encounter.act(2, Act(Deed.WAIT))
    assert not other.steady


def test_who_just_shook_off_a_stun_stands_firm() -> None:
    stunned = firm = False
    for seed in range(300):
        encounter = Encounter("fight", seed, [hero(), hero("Bert", 1)])
        if encounter.active != 1:
            continue
        other = encounter.fighters[1]
        other.steady = bool(seed % 2)
        told = encounter.act(1, Act(Deed.ABILITY, ability="Shield Bash"))
        stunned |= any("loses the turn" in h.text for h in told)
        if other.steady and any("standing firm" in h.text for h in told):
            firm = True
    assert stunned
    assert firm


def test_frost_slows_and_shadows_hide() -> None:
    fighter = duel().fighters[0]
    fighter.statuses[StatusKind.FROST] = Status(StatusKind.FROST, 2, 3)
    assert fighter.quickness == fighter.speed - 3
    assert fighter.evasion == 0  # 10 - 15
    fighter.statuses[StatusKind.EVASION] = Status(StatusKind.EVASION, 2, 50)
    assert fighter.evasion == 45


def test_what_weakens_and_what_shields() -> None:
    fighter = duel().fighters[0]
    fighter.statuses[StatusKind.WEAKNESS] = Status(StatusKind.WEAKNESS, 4)
    assert fighter.force == 75
    fighter.statuses[StatusKind.DEFENSE_BUFF] = Status(StatusKind.DEFENSE_BUFF, 4)
    assert fighter.defence == 12


# --- abilities and things ------------------------------------------------------------------------------


def cast(
    ability: str,
    calling: CharacterClass,
    *,
    others: int = 1,
    target: int | None = None,
    when: Callable[[Encounter], bool] = lambda _: True,
    prepare: Callable[[Encounter], object] = lambda _: None,
    **given: Any,
) -> Encounter:
    """A fight in which the first has just used an ability, and all went as `when` wants it."""
    for seed in range(3000):
        enemies = [hero(f"Bert {n}", 1) for n in range(others)]
        encounter = Encounter("fight", seed, [hero(calling=calling, **given), *enemies])
        if encounter.active == 1:
            prepare(encounter)
            encounter.act(1, Act(Deed.ABILITY, target, ability))
            if when(encounter):
                return encounter
    raise AssertionError("never so")


def hits(encounter: Encounter) -> list[int]:
    """What the first did to others, if every blow was a plain hit; else nothing."""
    blows = [h for h in encounter.told if h.kind is HappeningKind.DAMAGE and h.source == 1]
    return [h.amount for h in blows] if all(h.result is Result.HIT for h in blows) else []


def test_fire_burns_and_goes_through_defence() -> None:
    encounter = cast("Fireball", CharacterClass.SORCERER, when=lambda e: hits(e) == [35])
    assert encounter.fighters[1].statuses[StatusKind.BURN] == Status(StatusKind.BURN, 3, 5)


def test_what_is_equipped_counts_for_abilities_too() -> None:
    cast("Fireball", CharacterClass.SORCERER, magic=8, when=lambda e: hits(e) == [43])
    cast("Execute", CharacterClass.WARRIOR, attack=10, when=lambda e: hits(e) == [65])


def test_all_enemies_are_hit_and_an_area_half() -> None:
    cast("Judgement", CharacterClass.PALADIN, others=3, when=lambda e: hits(e) == [30, 30, 30])
    cast("Explosive Arrow", CharacterClass.RANGER, others=2, target=3, when=lambda e: hits(e) == [35, 15])


def test_execution_is_for_the_nearly_dead() -> None:
    def wound(encounter: Encounter) -> None:
        encounter.fighters[1].now = Resources(29, 100, 0)

    big = Resources(100, 100, 100)
    for seed in range(300):
        encounter = Encounter("fight", seed, [hero(), hero("Bert", 1, most=big)])
        if encounter.active == 1:
            wound(encounter)
            told = encounter.act(1, Act(Deed.ABILITY, ability="Execute"))
            if told[1].result is Result.HIT:
                assert told[1].amount == 60 * 3 // 2 - 5
                assert encounter.outcome == Outcome(0)
                return
    raise AssertionError("never hit")


def test_a_stab_in_the_back_is_always_critical() -> None:
    encounter = cast("Backstab", CharacterClass.ROGUE, when=lambda e: e.told[-1].result is not Result.MISS)
    assert [h.result for h in encounter.told if h.kind is HappeningKind.DAMAGE] == [Result.CRITICAL]


def test_life_is_drained_from_whom_one_hits() -> None:
    def wound(encounter: Encounter) -> None:
        encounter.fighters[0].now = replace(encounter.fighters[0].now, health=10)

    encounter = cast("Life Drain", CharacterClass.NECROMANCER, prepare=wound, when=lambda e: len(hits(e)) == 1)
    assert encounter.fighters[0].now.health == 30
    missed = cast(
        "Life Drain",
        CharacterClass.NECROMANCER,
        prepare=wound,
        when=lambda e: any(h.result is Result.MISS for h in e.told),
    )
    assert missed.fighters[0].now.health == 10


def test_curses_do_no_damage() -> None:
    encounter = cast(
        "Curse of Weakness",
        CharacterClass.NECROMANCER,
        when=lambda e: StatusKind.WEAKNESS in e.fighters[1].statuses,
    )
    assert encounter.fighters[1].now == encounter.fighters[1].entered.most
    assert not any(h.amount for h in encounter.told)


def test_what_one_does_for_oneself() -> None:
    def wound(encounter: Encounter) -> None:
        encounter.fighters[0].now = replace(encounter.fighters[0].now, health=40, mana=80)

    blessed = cast("Nature's Blessing", CharacterClass.RANGER, prepare=wound)
    assert blessed.fighters[0].now.health == 80
    assert StatusKind.REGENERATION in blessed.fighters[0].statuses
    dark = cast("Dark Ritual", CharacterClass.NECROMANCER, prepare=wound)
    assert dark.fighters[0].now.health == 10
    assert dark.fighters[0].now.mana == 140
    shadow = cast("Shadow Step", CharacterClass.ROGUE)
    assert shadow.fighters[0].evasion == 60


def test_the_same_poison_twice_is_one() -> None:
    def poison(encounter: Encounter) -> None:
        _with(encounter, 2, Status(StatusKind.POISON, 2, 9))

    encounter = cast("Poison Blade", CharacterClass.ROGUE, prepare=poison, when=lambda e: len(hits(e)) == 1)
    assert encounter.fighters[1].statuses[StatusKind.POISON] == Status(StatusKind.POISON, 5, 9)


def test_things_help() -> None:
    encounter = duel(when=first)
    one = encounter.fighters[0]
    one.now = Resources(10, 10, 10)
    encounter.act(1, Act(Deed.ITEM, remedy=Remedy("Health Potion", health=50)))
    assert one.now == Resources(60, 10, 10)
    encounter.act(2, Act(Deed.WAIT))
    told = encounter.act(1, Act(Deed.ITEM, remedy=Remedy("Mana Potion", mana=20, stamina=5)))
    assert one.now == Resources(60, 25, 30)
    assert [h.text for h in told] == ["Anna uses Mana Potion."]


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (Act(Deed.LIGHT_ATTACK, target=1), InvalidTarget),
        (Act(Deed.LIGHT_ATTACK, target=0), InvalidTarget),
        (Act(Deed.HEAVY_ATTACK, target=3), InvalidTarget),
        (Act(Deed.ABILITY, ability="Fireball"), NoSuchAbility),
        (Act(Deed.ABILITY, ability="Waltz"), NoSuchAbility),
        (Act(Deed.ABILITY, ability="Shield Bash"), InvalidAction),
        (Act(Deed.ABILITY, ability="Execute", target=9), InvalidTarget),
        (Act(Deed.ITEM), InvalidAction),
    ],
)
def test_what_makes_no_sense_changes_nothing(act: Act, refusal: type[Refused]) -> None:
    encounter = duel(hero(armed=False), when=first)
    record, told = encounter.record, list(encounter.told)
    with pytest.raises(refusal):
        encounter.act(1, act)
    with pytest.raises(NotYourTurn):
        encounter.act(2, LIGHT)
    assert (encounter.record, encounter.told, encounter.active) == (record, told, 1)


def test_one_has_to_afford_it() -> None:
    encounter = duel(hero(calling=CharacterClass.NECROMANCER), when=first)
    encounter.fighters[0].now = Resources(30, 9, 34)
    for act, price in (
        (LIGHT, "15 stamina"),
        (BLOCK, "10 stamina"),
        (Act(Deed.ABILITY, ability="Dark Ritual"), "30 health"),
        (Act(Deed.ABILITY, ability="Life Drain"), "40 mana"),
    ):
        with pytest.raises(TooWeak, match=f"takes {price}"):
            encounter.act(1, act)
    encounter.fighters[0].now = Resources(31, 9, 34)
    encounter.act(1, Act(Deed.ABILITY, ability="Dark Ritual"))
    assert encounter.fighters[0].now.health == 1


# --- coming and going ----------------------------------------------------------------------------------


def test_fleeing_succeeds_or_not() -> None:
    fled = caught = None
    for seed in range(60):
        encounter = Encounter("fight", seed, [hero(), hero("Bert", 1)])
        if encounter.active == 1:
            encounter.act(1, Act(Deed.FLEE))
            if encounter.outcome is None:
                caught = encounter
            else:
                fled = encounter
    assert fled is not None
    assert fled.fighters[0].condition is Condition.FLED
    assert fled.outcome == Outcome(1)
    assert caught is not None
    assert caught.fighters[0].is_standing
    with pytest.raises(InvalidAction):
        fled.act(1, LIGHT)


def test_late_comers_act_from_the_next_round_on() -> None:
    encounter = duel(when=first)
    assert [h.text for h in encounter.join(hero("Cleo"))] == ["Cleo joins the fight."]
    assert 3 not in encounter.order
    announced = encounter.next_order
    assert 3 in announced
    _round(encounter)
    assert encounter.order == announced
    cleo = encounter.fighter_of(CharacterId("cleo"))
    assert cleo is encounter.fighters[2]
    assert encounter.fighter_of(CharacterId("dora")) is None
    with pytest.raises(InvalidAction, match="already"):
        encounter.join(hero("Cleo", 1))
    while len(encounter.fighters) < MAX_FIGHTERS:
        encounter.join(creature_as_combatant(BESTIARY["corrupt_wolf"], 1))
    with pytest.raises(InvalidAction, match="no room"):
        encounter.join(hero("Emma"))
    names = [one.name for one in encounter.fighters]
    assert len(set(names)) == len(names)
    assert "Corrupt Wolf (Lv2) 2" in names


def test_who_is_gone_is_gone() -> None:
    encounter = Encounter("fight", 3, [hero(), hero("Cleo"), hero("Bert", 1)])
    active = encounter.active
    assert active is not None
    waiting = next(one.number for one in encounter.fighters if one.number != active and one.side == 0)
    encounter.leave(waiting)
    assert encounter.active == active
    with pytest.raises(InvalidAction):
        encounter.leave(waiting)
    encounter.leave(active)
    assert encounter.active != active


def test_it_takes_two() -> None:
    with pytest.raises(InvalidAction):
        Encounter("fight", 1, [hero(), hero("Cleo")])


# --- creatures -----------------------------------------------------------------------------------------


def test_what_makes_creatures_tougher() -> None:
    kind = BESTIARY["dark_knight"]
    assert creature_as_combatant(kind, 1, strength=1, toughness=1.3).most.health == 195
    assert creature_as_combatant(kind, 1).most.health == 240
    assert creature_as_combatant(kind, 1, strength=1, toughness=0.0).most.health == 1


def test_who_waits_catches_breath() -> None:
    encounter = duel(when=first)
    one = encounter.fighters[0]
    one.now = Resources(50, 5, 5)
    encounter.act(1, Act(Deed.WAIT))
    assert one.now == Resources(50, 25, 15)


def strong(name: str = "Anna") -> Combatant:
    """Somebody who can bear a boss."""
    calling = CharacterClass.SORCERER
    sheet = new_sheet(Race.ELF, calling, Stats(20, 20, 20, 24, 20, 20))
    most = Resources(3000, 3000, 9000)
    spells = tuple(one.name for one in OF_CLASS[calling])
    return Combatant(name, 0, 25, sheet.stats, most, most, abilities=spells, character=CharacterId(name))


def fought(key: str, seed: int, *, strength: int | None = None) -> Encounter:
    """A fight of one who is strong against such a creature, to its end."""
    encounter = Encounter("fight", seed, [strong(), creature_as_combatant(BESTIARY[key], 1, strength=strength)])
    while encounter.outcome is None:
        assert encounter.active is not None
        for act in (Act(Deed.ABILITY, ability="Lightning Bolt"), Act(Deed.ABILITY, ability="Fireball"), LIGHT, BLOCK):
            try:
                encounter.act(encounter.active, act)
            except Refused:
                continue
            break
        else:
            encounter.skip()
    return encounter


@pytest.mark.parametrize("key", BESTIARY)
def test_every_creature_can_be_fought_to_the_end(key: str) -> None:
    for seed in range(4):
        encounter = fought(key, seed)
        assert encounter.outcome is not None
        again = replay(encounter.record)
        assert again.told == encounter.told
        assert again.outcome == encounter.outcome
        assert [*again.fighters] == [*encounter.fighters]


def test_the_dice_say_why() -> None:
    """Each is at the line that it decided about, and agrees with what that line says."""
    names = set()
    for seed in range(8):
        encounter = fought("dark_knight", seed)
        assert replay(encounter.record).rolls == encounter.rolls
        assert encounter.begins[0] == 0
        assert encounter.begins == sorted(encounter.begins)
        assert len(encounter.begins) == encounter.round
        for roll in encounter.rolls:
            assert 1 <= roll.value <= roll.sides
            names.add(roll.what)
            if roll.line == BEFOREHAND:
                assert roll.what.startswith("initiative")
                continue
            line = encounter.told[roll.line]
            if roll.what == "hit":
                assert (roll.value > roll.needed) is (line.result is Result.MISS)
            elif roll.what == "critical" and line.result is not Result.BLOCKED:
                assert (roll.value <= roll.needed) is (line.result is Result.CRITICAL)
            elif roll.what == "bleed":
                assert line.kind is HappeningKind.DAMAGE
    assert {"initiative of Anna", "initiative of Dark Knight (Lv5)", "hit", "critical", "bleed"} <= names
    assert {"souls", "dark fragment"} <= names


def test_the_slain_leave_something() -> None:
    encounter = fought("dark_knight", 1)
    outcome = encounter.outcome
    assert outcome is not None
    assert outcome.winner == 0
    assert 5 * 50 <= outcome.souls <= 5 * 150
    assert outcome.experience == 500
    assert outcome.drops[0] == "dark_fragment"
    assert outcome.slain == ("dark_knight",)


def test_bosses_change_as_they_weaken() -> None:
    told: set[str] = set()
    for seed in range(12):
        for key in ("lord_of_cinders", "crystal_shard_guardian", "aetherfall_titan"):
            encounter = fought(key, seed, strength=2 if key == "aetherfall_titan" else None)
            told |= {h.text for h in encounter.told}
            summoned = [one for one in encounter.fighters if one.entered.summoned]
            if summoned and encounter.outcome is not None and encounter.outcome.winner == 0:
                worth = 100 * BESTIARY[key].level
                assert encounter.outcome.experience == worth  # helpers are worth nothing
    assert "Lord of Cinders (Lv10) rises again." in told
    assert "Crystal Shard Guardian (Lv12) is changing." in told
    assert any("comes to help Crystal Shard Guardian (Lv12)" in text for text in told)
    assert any("comes to help Aetherfall Titan (Lv20)" in text for text in told)


def test_nobody_is_rewarded_for_losing() -> None:
    frail = hero(most=Resources(1, 0, 0))
    encounter = Encounter("fight", 1, [frail, creature_as_combatant(BESTIARY["corrupt_wolf"], 1)])
    while encounter.outcome is None:
        encounter.skip()
    assert encounter.outcome == Outcome(1)


def test_no_helpers_without_room() -> None:
    crowd = [creature_as_combatant(BESTIARY["crystal_shard_guardian"], 1)] * (MAX_FIGHTERS - 1)
    encounter = Encounter("fight", 1, [strong(), *crowd])
    guardian = encounter.fighters[1]
    encounter._hurt(guardian, guardian.entered.most.health // 2)  # as any blow would
    assert len(encounter.fighters) == MAX_FIGHTERS
    assert not guardian.statuses


# --- the machine ---------------------------------------------------------------------------------------


def test_the_seed_was_promised() -> None:
    encounter = duel()
    assert encounter.commitment == commitment("fight", encounter.record.seed)
    assert encounter.commitment != commitment("fight", encounter.record.seed + 1)


def test_a_record_that_was_told_in_json() -> None:
    encounter = duel(hero(magic=3), when=first)
    encounter.act(1, Act(Deed.ITEM, remedy=Remedy("Potion", 50)))
    encounter.join(hero("Cleo"))
    encounter.act(2, Act(Deed.ABILITY, 1, "Execute"))
    encounter.leave(3)
    record = encounter.record
    entries = [
        {"kind": "act", "fighter": 1, "details": asdict(Act(Deed.ITEM, remedy=Remedy("Potion", 50)))},
        {"kind": "join", "fighter": None, "details": asdict(hero("Cleo"))},
        {"kind": "act", "fighter": 2, "details": asdict(Act(Deed.ABILITY, 1, "Execute"))},
        {"kind": "leave", "fighter": 3, "details": {}},
    ]
    told = {"id": record.id, "seed": str(record.seed), "entries": entries}
    told["combatants"] = [asdict(one) for one in record.combatants]
    data = json.loads(json.dumps(told))
    assert record_from(data) == record
    assert replay(record_from(data)).told == encounter.told
    for wrong in (
        {},
        {**data, "seed": "x"},
        {**data, "entries": [{"kind": "act", "details": {}}]},
        {**data, "id": 1} | {"combatants": [{}]},
    ):
        with pytest.raises(InvalidInput):
            record_from(wrong)


combatants = st.one_of(
    st.builds(
        hero,
        st.sampled_from(["Anna", "Bert", "Cleo", "Dora", "Emil"]),
        st.integers(0, 1),
        st.sampled_from(CharacterClass),
        stats=st.builds(Stats, *([st.integers(3, 30)] * 6)),
        armed=st.booleans(),
        attack=st.integers(0, 40),
        magic=st.integers(0, 40),
    ),
    st.builds(creature_as_combatant, st.sampled_from(list(BESTIARY.values())), st.integers(0, 1)),
)
names = st.sampled_from([one.name for some in OF_CLASS.values() for one in some] + ["Waltz"])
acts = st.builds(
    Act,
    st.sampled_from(Deed),
    st.none() | st.integers(0, 12),
    names,
    st.none() | st.builds(Remedy, st.just("Potion"), st.integers(0, 50), st.integers(0, 50)),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("act"), st.integers(0, 9), acts),
        st.tuples(st.just("turn"), acts),
        st.tuples(st.just("join"), combatants),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.just("skip")),
    ),
    max_size=40,
)


def _sound(encounter: Encounter) -> None:
    """What holds of every fight at any time."""
    sides = {one.side for one in encounter.fighters if one.is_standing}
    assert (encounter.active is None) is (encounter.outcome is not None)
    if encounter.outcome is None:
        assert len(sides) == 2
        assert encounter.active is not None
        assert encounter.fighter(encounter.active).is_standing
        assert encounter.fighter(encounter.active).character is not None
    for one in encounter.fighters:
        assert (one.now.health == 0) is (one.condition is Condition.FALLEN)
        for name in ("health", "stamina", "mana"):
            assert 0 <= getattr(one.now, name) <= getattr(one.entered.most, name)
        assert all(status.rounds > 0 for status in one.statuses.values())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**63), st.lists(combatants, min_size=2, max_size=5), steps)
def test_any_interleaving_ends_and_can_be_told_again(
    seed: int, fighting: list[Combatant], interleaving: list[tuple[Any, ...]]
) -> None:
    anna = hero("Anna the First")
    begun = [anna, *fighting, creature_as_combatant(BESTIARY["hollow_soldier"], 1)]
    encounter = Encounter("fight", seed, begun)
    for kind, *given_ in interleaving:
        _sound(encounter)
        before = (encounter.record, list(encounter.told), encounter.active)
        try:
            if kind == "turn":
                encounter.act(encounter.active or 0, *given_)
            else:
                getattr(encounter, kind)(*given_)
        except Refused:
            assert (encounter.record, encounter.told, encounter.active) == before
    while encounter.outcome is None:
        _sound(encounter)
        encounter.skip()
    _sound(encounter)
    again = replay(encounter.record)
    assert again.told == encounter.told
    assert again.outcome == encounter.outcome
    assert [*again.fighters] == [*encounter.fighters]
    assert again.record == encounter.record

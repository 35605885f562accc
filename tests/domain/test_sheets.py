"""Character sheets, against what the Shards network computes and by properties."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.errors import InvalidInput
from mythgate.domain.sheets import (
    DEFAULT_SHEET,
    EXPERIENCE,
    MAX_LEVEL,
    STATS,
    Bonuses,
    CharacterClass,
    Race,
    Resources,
    Sheet,
    Stats,
    check_bought,
    level_of,
    most,
    new_sheet,
    prowess,
    roll_stats,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "shards_rules.json").read_text())

stats = st.builds(Stats, *([st.integers(3, 30)] * len(STATS)))
sheets = st.builds(
    new_sheet, st.sampled_from(Race), st.sampled_from(CharacterClass), stats, souls=st.integers(0, 10**6)
)


@pytest.mark.parametrize("case", VECTORS["characters"], ids=lambda case: f"{case['race']} {case['class']}")
def test_who_one_begins_as(case: dict[str, Any]) -> None:
    sheet = new_sheet(Race(case["race"]), CharacterClass(case["class"]), Stats(**case["base"]))
    assert sheet.stats.as_dict() == case["final"]
    most_of_all = case["resources"]
    assert sheet.most == Resources(*(most_of_all[f"max_{one}"] for one in ("health", "stamina", "mana")))
    assert sheet.now == sheet.most


@pytest.mark.parametrize("case", VECTORS["levels"])
def test_what_levels_bring(case: dict[str, Any]) -> None:
    begun, calling = Stats(**case["start"]), CharacterClass(case["class"])
    sheet = Sheet(Race.HUMAN, calling, begun, Resources(1, 1, 1)).learned(case["experience"])
    assert sheet.level == case["level"]
    assert sheet.stats.as_dict() == case["stats"]
    assert sheet.most == Resources(case["max_health"], case["max_stamina"], case["max_mana"])
    assert (sheet.now == sheet.most) is (sheet.level > 1)


@given(sheets, st.lists(st.integers(0, 5000), max_size=8))
def test_it_does_not_matter_in_which_steps_one_learns(sheet: Sheet, steps: list[int]) -> None:
    by_steps = sheet
    for step in steps:
        by_steps = by_steps.learned(step)
    at_once = sheet.learned(sum(steps))
    assert (by_steps.stats, by_steps.experience, by_steps.level) == (at_once.stats, at_once.experience, at_once.level)


def test_learning_less_than_a_level_fills_nothing() -> None:
    sheet = new_sheet(Race.ELF, CharacterClass.ROGUE, Stats()).with_now(health=1)
    assert sheet.learned(99).now.health == 1
    assert sheet.learned(-5) == sheet
    assert sheet.learned(100).now == sheet.learned(100).most


def test_nobody_rises_above_the_highest_level() -> None:
    sheet = new_sheet(Race.DWARF, CharacterClass.PALADIN, Stats()).learned(10**9)
    assert (sheet.level, sheet.experience) == (MAX_LEVEL, EXPERIENCE[-1])
    assert level_of(-1) == 1


@given(sheets, st.integers(-500, 500), st.integers(-500, 500), st.integers(-500, 500))
def test_resources_stay_between_nothing_and_the_most(sheet: Sheet, health: int, stamina: int, mana: int) -> None:
    sheet = sheet.with_now(health=health, stamina=stamina, mana=mana)
    for name in ("health", "stamina", "mana"):
        assert 0 <= getattr(sheet.now, name) <= max(0, getattr(sheet.most, name))
    assert sheet.is_dead == (sheet.now.health == 0)


def test_rest() -> None:
    tired = new_sheet(Race.HUMAN, CharacterClass.WARRIOR, Stats()).with_now(health=10, stamina=0, mana=50)
    assert tired.most == Resources(120, 120, 50)
    assert tired.rested().now == tired.most
    assert tired.rested(fully=False).now == Resources(70, 60, 50)


def test_nobody_pays_what_they_do_not_have() -> None:
    sheet = new_sheet(Race.HUMAN, CharacterClass.RANGER, Stats(), souls=10)
    assert sheet.paid(-10).souls == 0
    assert sheet.paid(5).souls == 15
    with pytest.raises(InvalidInput, match="so many souls"):
        sheet.paid(-11)


def test_stats_by_choice() -> None:
    assert check_bought(Stats()) == Stats()
    with pytest.raises(InvalidInput, match="3 to 18") as caught:
        check_bought(Stats(strength=19, dexterity=1))
    assert caught.value.field == "strength"
    with pytest.raises(InvalidInput, match="add up to 60"):
        check_bought(Stats(strength=11))


@given(st.integers(), st.sampled_from(("4d6_drop_lowest", "3d6", "heroic")))
def test_stats_by_dice(seed: int, method: str) -> None:
    rolled = roll_stats(random.Random(seed), method)
    least = 6 if method == "heroic" else 3
    assert all(least <= value <= 18 for value in rolled.as_dict().values())


def test_dice_nobody_knows() -> None:
    with pytest.raises(InvalidInput, match="no such way"):
        roll_stats(random.Random(0), "1d20")


def test_every_class_says_what_matters() -> None:
    for calling in CharacterClass:
        assert len(calling.recommended) == 3
        assert set(calling.recommended) <= set(STATS)
        assert sum(calling.each_level.as_dict().values()) == 4
        assert most(calling, Stats(), 1).health == most(calling, Stats(), 2).health - 10


@given(sheets, st.integers(0, 200))
def test_death_costs_and_leaves_one_alive(sheet: Sheet, health: int) -> None:
    died = sheet.with_now(health=health).died()
    assert died.now.health == max(1, sheet.most.health // 2)
    assert sheet.souls - died.souls == sheet.souls // 10
    assert (died.experience, died.stats, died.now.mana) == (sheet.experience, sheet.stats, sheet.now.mana)


def test_who_chose_nothing_has_a_whole_sheet() -> None:
    assert DEFAULT_SHEET.now == DEFAULT_SHEET.most == Resources(95, 110, 80)


@pytest.mark.parametrize(
    ("health", "words"),
    [(100, ""), (99, "scratched"), (75, "scratched"), (74, "hurt"), (49, "badly hurt"), (24, "near death")],
)
def test_how_one_looks(health: int, words: str) -> None:
    paladin = new_sheet(Race.DRAGONBORN, CharacterClass.PALADIN, Stats(constitution=6))
    assert paladin.most.health == 100
    assert paladin.with_now(health=health).condition == words
    assert paladin.kind == "a Dragonborn Paladin"


def test_who_has_come_far_has_chosen() -> None:
    assert not DEFAULT_SHEET.learned(99).with_now(health=1).paid(5).is_chosen
    assert DEFAULT_SHEET.learned(100).is_chosen
    assert new_sheet(Race.HUMAN, CharacterClass.RANGER, Stats()).is_chosen


@pytest.mark.parametrize("case", VECTORS["derived"])
def test_what_stats_and_things_come_to(case: dict[str, Any]) -> None:
    stats, expected = Stats(**case["stats"]), case["derived"]
    worn = [one for one in case["equipped"] if one["is_equipped"]]
    bonuses = Bonuses(*(sum(one[f"{name}_bonus"] for one in worn) for name in ("attack", "defense", "magic")))
    assert {name: stats.modifier(name) for name in STATS} == expected["stat_modifiers"]
    shown = prowess(stats, bonuses)
    assert (shown.armor_class, shown.initiative) == (expected["armor_class"], expected["initiative"])
    assert (shown.attack_power, shown.magic_power) == (expected["attack_power"], expected["magic_power"])

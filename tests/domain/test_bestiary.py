"""Creatures, against what the Shards network computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mythgate.domain.bestiary import BESTIARY, creature, likely
from mythgate.domain.errors import NotFound

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "shards_rules.json").read_text())


@pytest.mark.parametrize("case", VECTORS["enemies"], ids=lambda case: f"{case['template']} {case['level']}")
def test_what_they_have_at_a_level(case: dict[str, Any]) -> None:
    stats, most = creature(case["template"]).scaled(case["level"])
    assert (most.health, most.stamina, most.mana) == (case["health"], case["stamina"], 50)
    for name in ("strength", "dexterity", "constitution", "intelligence"):
        assert stats.as_dict()[name] == case[name]
    assert (stats.wisdom, stats.charisma) == (10, 5)


def test_the_own_level_counts_unless_told_otherwise() -> None:
    knight = creature("dark_knight")
    assert knight.scaled() == knight.scaled(5)


def test_whom_one_meets_by_chance() -> None:
    everybody = list(BESTIARY.values())
    assert [one.key for one in likely(everybody, 1)] == [
        "hollow_soldier",
        "corrupt_wolf",
        "skeleton_warrior",
        "lord_of_cinders",
        "crystal_shard_guardian",
        "aetherfall_titan",
    ]
    assert [one.key for one in likely(everybody, 9)] == [
        "frost_mage",
        "corrupted_guardian",
        "lord_of_cinders",
        "crystal_shard_guardian",
        "aetherfall_titan",
    ]
    assert [one.key for one in likely([creature("dark_knight")], 25)] == ["hollow_soldier"]


def test_they_fight_with_more_strength_the_stronger_who_attacks_them() -> None:
    guardian = creature("crystal_shard_guardian")
    assert [guardian.strength_against(level) for level in (1, 12, 13, 20, 23, 25)] == [1, 1, 2, 9, 12, 12]
    assert [creature("hollow_soldier").strength_against(level) for level in (1, 25)] == [1, 1]


def test_nobody_knows_the_unicorn() -> None:
    with pytest.raises(NotFound):
        creature("unicorn")
    assert "wolf" in creature("corrupt_wolf").words

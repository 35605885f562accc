"""What abilities amount to, against what the Shards network computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mythgate.domain.abilities import OF_CLASS, OF_CREATURES, Status, StatusKind, ability_named, effect
from mythgate.domain.bestiary import BESTIARY, RESURRECTION
from mythgate.domain.errors import NoSuchAbility
from mythgate.domain.sheets import CharacterClass, Stats

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "shards_rules.json").read_text())


@pytest.mark.parametrize("case", VECTORS["abilities"], ids=lambda case: case["ability"])
def test_what_they_scale_to(case: dict[str, Any]) -> None:
    ability, stats = ability_named(case["ability"]), Stats(**case["stats"])
    assert ability.scaled(ability.damage, stats) == case["damage"]
    assert ability.scaled(ability.healing, stats) == case["healing"]


def test_the_weak_do_no_harm_to_themselves() -> None:
    ability = ability_named("Backstab")
    assert ability.scaled(ability.damage, Stats(1, 1, 1, 1, 1, 1)) == 0


def test_every_class_has_its_own() -> None:
    assert set(OF_CLASS) == set(CharacterClass)
    names = [ability.name for some in (*OF_CLASS.values(), OF_CREATURES) for ability in some]
    assert len(names) == len(set(names)) == 27 + len(OF_CREATURES)


def test_creatures_can_do_what_is_written_of_them() -> None:
    for kind in BESTIARY.values():
        for name in kind.abilities:
            assert not ability_named(name).cost.mana
        for phase in kind.phases:
            assert set(phase.unlocks) <= {*kind.abilities, RESURRECTION}
            assert set(phase.summons) <= set(BESTIARY)


def test_names_are_found_however_they_are_written() -> None:
    assert ability_named("  fan  OF knives ").name == "Fan of Knives"
    with pytest.raises(NoSuchAbility):
        ability_named("Fireworks")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Shield Bash", "20 physical damage, stun for 1 round, needs a weapon"),
        ("Execute", "60 physical damage, half as much again below 30 % health"),
        ("Fireball", "35 fire damage, whatever the defence, burn for 3 rounds"),
        ("Backstab", "always critical"),
        ("Dark Ritual", "Gives 60 mana"),
    ],
)
def test_what_they_do_in_words(name: str, words: str) -> None:
    assert words in effect(ability_named(name))


def test_all_of_them_do_something() -> None:
    for ability in (*OF_CREATURES, *(one for known in OF_CLASS.values() for one in known)):
        assert effect(ability)
    assert "calls for help" in " ".join(effect(one).casefold() for one in OF_CREATURES)


def test_a_status_twice_is_the_longer_and_stronger() -> None:
    long, strong = Status(StatusKind.POISON, 5, 3), Status(StatusKind.POISON, 2, 9)
    assert long.over(strong) == strong.over(long) == Status(StatusKind.POISON, 5, 9)

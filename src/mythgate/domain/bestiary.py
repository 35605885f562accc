"""Creatures: what they are made of, what they carry, and how they fight.

Facts are those of the Shards network, version 1.0.0. Percentages are integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mythgate.domain.abilities import DamageType
from mythgate.domain.errors import NotFound
from mythgate.domain.sheets import Resources, Stats

WISDOM: Final = 10  # of every creature
CHARISMA: Final = 5
MANA: Final = 50


class Tier(StrEnum):
    BASIC = "basic"
    ELITE = "elite"
    MINI_BOSS = "mini_boss"
    BOSS = "boss"
    WORLD_BOSS = "world_boss"


# By how much the level of a creature may differ from that of who looks for a fight; None: by any number.
_REACH: Final[Mapping[Tier, int | None]] = {
    Tier.BASIC: 2,
    Tier.ELITE: 3,
    Tier.MINI_BOSS: 5,
    Tier.BOSS: None,
    Tier.WORLD_BOSS: None,
}


class Behaviour(StrEnum):
    """How a creature chooses; `domain.combat` has the rules."""

    SIMPLE = "simple"
    AGGRESSIVE = "aggressive"
    DEFENSIVE = "defensive"
    BALANCED = "balanced"
    TACTICAL = "tactical"
    BERSERKER = "berserker"
    COWARD = "coward"


@dataclass(frozen=True, slots=True)
class Drop:
    """A thing it may leave behind: the last part of an item template's id."""

    item: str
    percent: int = 100


@dataclass(frozen=True, slots=True)
class Phase:
    """What becomes of it once its health is down to `at` percent."""

    at: int
    unlocks: tuple[str, ...] = ()  # abilities
    summons: tuple[str, ...] = ()
    strength: int = 0
    speed: int = 0  # initiative
    fire: int = 0  # percent more damage by fire
    hardening: int = 0  # percent less damage of every kind


@dataclass(frozen=True, slots=True)
class Creature:
    """A kind of creature. `suffers` is the percentage of each damage it takes; 0: immune."""

    key: str
    name: str
    tier: Tier
    level: int
    behaviour: Behaviour
    health: int
    stamina: int
    stats: tuple[int, int, int, int]  # strength, dexterity, constitution, intelligence
    suffers: Mapping[DamageType, int]
    enrages_at: int = 25  # percent of its health
    drops: tuple[Drop, ...] = ()
    abilities: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()

    def scaled(self, level: int | None = None) -> tuple[Stats, Resources]:
        """What it has at `level`, its own unless told otherwise."""
        growth = 1 + 0.15 * ((self.level if level is None else level) - 1)
        strength, dexterity, constitution, intelligence, health, stamina = (
            int(base * growth) for base in (*self.stats, self.health, self.stamina)
        )
        stats = Stats(strength, dexterity, constitution, intelligence, WISDOM, CHARISMA)
        return stats, Resources(health, stamina, MANA)

    def strength_against(self, level: int) -> int:
        """The level it fights with when somebody of that level attacks it: the first, up to its own for the strongest.

        The network gives all creatures their full strength, which few characters of the same level would survive.
        """
        return max(1, min(level - self.level + 1, self.level))

    def suits(self, level: int) -> bool:
        """Whether somebody of that level may meet it by chance."""
        reach = _REACH[self.tier]
        return reach is None or abs(self.level - level) <= reach

    @property
    def locked(self) -> frozenset[str]:
        """The abilities it has only from some phase on."""
        return frozenset(ability for phase in self.phases for ability in phase.unlocks)

    @property
    def words(self) -> tuple[str, ...]:
        """What one may call it, in small letters."""
        name = self.name.casefold()
        return (name, self.key, *name.split())


def _suffers(physical: int, fire: int, frost: int, lightning: int, poison: int, dark: int, holy: int) -> _Suffering:
    return MappingProxyType(dict(zip(DamageType, (physical, fire, frost, lightning, poison, dark, holy), strict=True)))


_Suffering = Mapping[DamageType, int]


def _drops(sure: str = "", **chances: int) -> tuple[Drop, ...]:
    return (*(Drop(item) for item in sure.split()), *(Drop(item, chance) for item, chance in chances.items()))


RESURRECTION: Final = "Resurrection"  # not an ability one uses: it happens

BESTIARY: Final[Mapping[str, Creature]] = MappingProxyType(
    {
        creature.key: creature
        for creature in (
            Creature(
                "hollow_soldier",
                "Hollow Soldier",
                Tier.BASIC,
                1,
                Behaviour.BALANCED,
                50,
                80,
                (10, 8, 10, 6),
                drops=_drops(rusty_sword=10, tattered_armor=5, health_potion=30),
                suffers=_suffers(100, 120, 80, 100, 50, 80, 150),
            ),
            Creature(
                "corrupt_wolf",
                "Corrupt Wolf",
                Tier.BASIC,
                2,
                Behaviour.AGGRESSIVE,
                60,
                100,
                (12, 14, 8, 4),
                drops=_drops(wolf_pelt=40, sharp_fang=20),
                suffers=_suffers(90, 130, 100, 100, 70, 120, 100),
                abilities=("Bleed Bite",),
            ),
            Creature(
                "skeleton_warrior",
                "Skeleton Warrior",
                Tier.BASIC,
                3,
                Behaviour.DEFENSIVE,
                70,
                70,
                (11, 10, 8, 5),
                drops=_drops(bone_fragment=50, ancient_coin=15),
                suffers=_suffers(80, 100, 50, 100, 0, 70, 180),
            ),
            Creature(
                "dark_knight",
                "Dark Knight",
                Tier.ELITE,
                5,
                Behaviour.TACTICAL,
                150,
                120,
                (16, 14, 15, 10),
                drops=_drops("dark_fragment", dark_steel_sword=15, knights_shield=10, greater_health_potion=40),
                suffers=_suffers(70, 90, 100, 110, 60, 50, 150),
                abilities=("Dark Wave", "Shield Bash"),
            ),
            Creature(
                "frost_mage",
                "Frost Mage",
                Tier.ELITE,
                6,
                Behaviour.TACTICAL,
                100,
                150,
                (8, 12, 10, 18),
                drops=_drops("frozen_crystal", frost_staff=12, mage_robes=8, mana_potion=50),
                suffers=_suffers(120, 180, 30, 100, 100, 90, 100),
                abilities=("Frost Bolt", "Ice Shield", "Freeze"),
            ),
            Creature(
                "corrupted_guardian",
                "Corrupted Guardian",
                Tier.MINI_BOSS,
                8,
                Behaviour.DEFENSIVE,
                300,
                150,
                (18, 10, 20, 12),
                enrages_at=30,
                drops=_drops("guardian_soul titanite_shard", guardians_greatsword=20, heavy_armor_set=15),
                suffers=_suffers(60, 80, 80, 120, 50, 70, 130),
                abilities=("Ground Slam", "Corrupted Aura", "Regeneration"),
            ),
            Creature(
                "lord_of_cinders",
                "Lord of Cinders",
                Tier.BOSS,
                10,
                Behaviour.AGGRESSIVE,
                500,
                200,
                (22, 16, 20, 15),
                enrages_at=15,
                drops=_drops("lord_soul cinder_heart boss_key", cinder_blade=30, ashen_crown=20, fire_gem=40),
                suffers=_suffers(80, 30, 150, 100, 60, 90, 120),
                abilities=("Flame Wave", "Cinder Storm", "Burning Blade"),
                phases=(
                    Phase(50, ("Cinder Storm",), strength=5, speed=2),
                    Phase(25, (RESURRECTION,), strength=8, fire=50),
                ),
            ),
            Creature(
                "crystal_shard_guardian",
                "Crystal Shard Guardian",
                Tier.BOSS,
                12,
                Behaviour.TACTICAL,
                600,
                250,
                (20, 18, 22, 20),
                enrages_at=10,
                drops=_drops("crystal_shard guardians_essence legendary_weapon_fragment"),
                suffers=_suffers(70, 100, 100, 50, 40, 130, 80),
                abilities=("Crystal Spear", "Shard Barrier", "Reality Distortion", "Summon Minions"),
                phases=(
                    Phase(66, ("Shard Barrier",), summons=("hollow_soldier", "hollow_soldier")),
                    Phase(33, ("Reality Distortion",), hardening=20),
                ),
            ),
            Creature(
                "aetherfall_titan",
                "Aetherfall Titan",
                Tier.WORLD_BOSS,
                20,
                Behaviour.BERSERKER,
                2000,
                500,
                (30, 15, 35, 25),
                enrages_at=10,
                drops=_drops("titans_heart aether_crystal legendary_armor_set mythic_weapon"),
                suffers=_suffers(60, 70, 70, 70, 30, 80, 90),
                abilities=(
                    "Titan Slam",
                    "Aether Beam",
                    "Reality Tear",
                    "Earthquake",
                    "Summon Adds",
                    "Enrage",
                    "Phase Shift",
                ),
                phases=(
                    Phase(75, ("Aether Beam",)),
                    Phase(50, ("Reality Tear", "Summon Adds")),
                    Phase(25, ("Phase Shift", "Enrage")),
                ),
            ),
        )
    }
)


def creature(key: str) -> Creature:
    """The kind of creature with that key. Raises NotFound if there is none."""
    found = BESTIARY.get(key)
    if found is None:
        raise NotFound("There is no such creature.")
    return found


def likely(here: Iterable[Creature], level: int) -> list[Creature]:
    """Those of the creatures that live somewhere whom one of that level meets by chance.

    Where none suits, it is the weakest of the hollow ones.
    """
    return [one for one in here if one.suits(level)] or [BESTIARY["hollow_soldier"]]

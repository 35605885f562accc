"""Abilities: what fighters can do besides plain attacks, and the statuses that abilities leave behind.

Costs, cooldowns, amounts and scaling of the classes' abilities are those of the Shards network, version 1.0.0.
What it says of some of them in prose only (`sure_critical`, `finisher`, `restores_mana`, and the statuses
`evasion` and `marked`) has numbers of our own, and so have the abilities of creatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mythgate.domain.errors import NoSuchAbility
from mythgate.domain.sheets import CharacterClass, Resources, Stats


class DamageType(StrEnum):
    PHYSICAL = "physical"
    FIRE = "fire"
    FROST = "frost"
    LIGHTNING = "lightning"
    POISON = "poison"
    DARK = "dark"
    HOLY = "holy"


class StatusKind(StrEnum):
    """What can be the matter with a fighter for some rounds."""

    BLEED = "bleed"  # hurts by its potency each round, whatever the defence; so do the next two
    POISON = "poison"
    BURN = "burn"
    REGENERATION = "regeneration"  # heals by its potency each round
    WEAKNESS = "weakness"  # deals three quarters of the damage
    STRENGTH_BUFF = "strength_buff"  # deals a quarter more
    DEFENSE_BUFF = "defense_buff"  # a quarter more defence
    STUN = "stun"  # loses as many turns as it lasts
    FROST = "frost"  # acts later in the round, and is easier to hit
    EVASION = "evasion"  # harder to hit by its potency
    MARKED = "marked"  # suffers a quarter more damage


class Aim(StrEnum):
    """Whom an ability is for."""

    SELF = "self"
    SINGLE_ENEMY = "single_enemy"
    ALL_ENEMIES = "all_enemies"
    AREA = "area"  # one enemy, and half of the damage for all others


@dataclass(frozen=True, slots=True)
class Status:
    """Something that is the matter with a fighter for `rounds` rounds."""

    kind: StatusKind
    rounds: int
    potency: int = 0

    def over(self, other: Status) -> Status:
        """Both at once: the longer time and the greater potency."""
        return Status(self.kind, max(self.rounds, other.rounds), max(self.potency, other.potency))


@dataclass(frozen=True, slots=True)
class Ability:
    """One ability. `cooldown` is in rounds: used in round 3, one of cooldown 2 can be used again in round 5."""

    name: str
    aim: Aim
    cost: Resources  # health: one has to have more than this, of the others at least this
    cooldown: int
    damage: int = 0
    healing: int = 0  # of whoever uses it
    status: Status | None = None  # for whom it is aimed at
    scales_with: tuple[str, ...] = ()
    factor: int = 10  # tenths
    ignores_defence: bool = False
    needs_weapon: bool = False
    damage_type: DamageType = DamageType.PHYSICAL
    sure_critical: bool = False
    finisher: bool = False  # half as much again against who is nearly dead
    restores_mana: int = 0
    summons: tuple[str, ...] = ()  # creatures that come to help

    def scaled(self, base: int, stats: Stats) -> int:
        """What `base` (of damage or healing) becomes with these stats; never less than nothing."""
        modifiers = sum(stats.modifier(stat) for stat in self.scales_with)
        # In the network's own arithmetic: -2, 1.8 and 25 give 15 there, where exact numbers would give 16.
        return max(0, int(base * (1 + modifiers * (self.factor / 10) * 0.1)))


NEARLY_DEAD: Final = 30  # percent of the health
FINISHING: Final = 150  # percent of the damage


def _stamina(points: int) -> Resources:
    return Resources(0, points, 0)


def _health(points: int) -> Resources:
    return Resources(points, 0, 0)


def _mana(points: int) -> Resources:
    return Resources(0, 0, points)


_ONE, _ALL, _AREA, _SELF = Aim.SINGLE_ENEMY, Aim.ALL_ENEMIES, Aim.AREA, Aim.SELF
_STR, _DEX, _INT, _WIS, _CHA = "strength", "dexterity", "intelligence", "wisdom", "charisma"
_FIRE, _ICE, _DARK, _HOLY = DamageType.FIRE, DamageType.FROST, DamageType.DARK, DamageType.HOLY
_BURN, _RAGE = Status(StatusKind.BURN, 3, 5), Status(StatusKind.STRENGTH_BUFF, 3)
_STUN, _CHILL = Status(StatusKind.STUN, 1), Status(StatusKind.FROST, 2, 3)
_BLEED, _POISON = Status(StatusKind.BLEED, 3, 4), Status(StatusKind.POISON, 5, 7)
_PLAGUE, _WEAKNESS = Status(StatusKind.POISON, 4, 8), Status(StatusKind.WEAKNESS, 4)
_SHIELD, _RENEWAL = Status(StatusKind.DEFENSE_BUFF, 3), Status(StatusKind.REGENERATION, 5, 8)
_BLESSING, _BLAZE = Status(StatusKind.REGENERATION, 3, 5), Status(StatusKind.BURN, 2, 6)
_SHADOW, _MARK = Status(StatusKind.EVASION, 2, 50), Status(StatusKind.MARKED, 3)

OF_CLASS: Final[Mapping[CharacterClass, tuple[Ability, ...]]] = MappingProxyType(
    {
        CharacterClass.WARRIOR: (
            Ability("Whirlwind Strike", _ALL, _stamina(40), 3, 25, scales_with=(_STR, _DEX), factor=15),
            Ability("Shield Bash", _ONE, _stamina(30), 2, 20, 0, _STUN, (_STR,), 12, needs_weapon=True),
            Ability("Battle Cry", _SELF, _stamina(25), 4, status=_RAGE),
            Ability("Execute", _ONE, _stamina(50), 5, 60, scales_with=(_STR,), factor=20, finisher=True),
        ),
        CharacterClass.SORCERER: (
            Ability("Fireball", _ONE, _mana(30), 1, 35, 0, _BURN, (_INT,), 20, True, damage_type=_FIRE),
            Ability("Ice Storm", _ALL, _mana(50), 4, 25, 0, _CHILL, (_INT, _WIS), 18, True, damage_type=_ICE),
            Ability("Mana Shield", _SELF, _mana(40), 3, status=_SHIELD, scales_with=(_INT,)),
            Ability(
                "Lightning Bolt", _ONE, _mana(35), 2, 45, 0, None, (_INT,), 22, True, damage_type=DamageType.LIGHTNING
            ),
            Ability("Arcane Regeneration", _SELF, _mana(45), 5, status=_RENEWAL, scales_with=(_WIS,)),
        ),
        CharacterClass.ROGUE: (
            Ability("Backstab", _ONE, _stamina(35), 3, 40, scales_with=(_DEX, _STR), factor=25, sure_critical=True),
            Ability("Poison Blade", _ONE, _stamina(25), 4, 15, 0, _POISON, (_DEX,), 13),
            Ability("Shadow Step", _SELF, _stamina(30), 3, status=_SHADOW),
            Ability("Fan of Knives", _ALL, _stamina(45), 4, 20, 0, _BLEED, (_DEX,), 16),
        ),
        CharacterClass.PALADIN: (
            Ability("Divine Smite", _ONE, _mana(35), 2, 40, scales_with=(_STR, _CHA), factor=18, damage_type=_HOLY),
            Ability("Lay on Hands", _SELF, _mana(40), 4, 0, 50, None, (_CHA, _WIS), 20),
            Ability("Holy Shield", _SELF, _mana(30), 5, status=replace(_SHIELD, rounds=4)),
            Ability("Judgement", _ALL, _mana(60), 5, 30, 0, None, (_STR, _CHA), 15, True, damage_type=_HOLY),
        ),
        CharacterClass.NECROMANCER: (
            Ability("Death Bolt", _ONE, _mana(30), 1, 35, 0, None, (_INT,), 20, True, damage_type=_DARK),
            Ability("Life Drain", _ONE, _mana(40), 3, 30, 20, None, (_INT,), 15, damage_type=_DARK),
            Ability("Curse of Weakness", _ONE, _mana(35), 4, status=_WEAKNESS, damage_type=_DARK),
            Ability("Dark Ritual", _SELF, _health(30), 3, restores_mana=60),
            Ability("Plague Cloud", _ALL, _mana(55), 5, 15, 0, _PLAGUE, (_INT,), 13, damage_type=DamageType.POISON),
        ),
        CharacterClass.RANGER: (
            Ability("Precise Shot", _ONE, _stamina(25), 2, 35, scales_with=(_DEX,), factor=20),
            Ability("Multi-Shot", _ALL, _stamina(40), 3, 20, scales_with=(_DEX,), factor=15),
            Ability("Hunter's Mark", _ONE, _stamina(20), 4, status=_MARK),
            Ability("Nature's Blessing", _SELF, _mana(35), 4, 0, 40, _BLESSING, (_WIS,), 15),
            Ability("Explosive Arrow", _AREA, _stamina(50), 5, 40, 0, _BLAZE, (_DEX,), 18, damage_type=_FIRE),
        ),
    }
)

OF_CREATURES: Final = (
    Ability("Bleed Bite", _ONE, _stamina(20), 3, 8, 0, _BLEED, (_DEX,), 5),
    Ability("Dark Wave", _ALL, _stamina(30), 4, 14, 0, None, (_INT,), 5, True, damage_type=_DARK),
    Ability("Frost Bolt", _ONE, _stamina(25), 2, 18, 0, _CHILL, (_INT,), 5, True, damage_type=_ICE),
    Ability("Ice Shield", _SELF, _stamina(20), 5, status=_SHIELD),
    Ability("Freeze", _ONE, _stamina(40), 5, 8, 0, _STUN, (_INT,), 5, True, damage_type=_ICE),
    Ability("Ground Slam", _ALL, _stamina(35), 3, 14, scales_with=(_STR,), factor=5),
    Ability("Corrupted Aura", _ALL, _stamina(25), 5, status=replace(_WEAKNESS, rounds=2), damage_type=_DARK),
    Ability("Regeneration", _SELF, _stamina(25), 6, status=replace(_RENEWAL, potency=12)),
    Ability("Flame Wave", _ALL, _stamina(35), 3, 16, 0, _BLAZE, (_INT,), 5, True, damage_type=_FIRE),
    Ability("Cinder Storm", _ALL, _stamina(45), 5, 22, 0, _BURN, (_INT,), 5, True, damage_type=_FIRE),
    Ability("Burning Blade", _ONE, _stamina(25), 2, 18, 0, _BURN, (_STR,), 5, damage_type=_FIRE),
    Ability("Crystal Spear", _ONE, _stamina(30), 2, 22, scales_with=(_STR,), factor=5),
    Ability("Shard Barrier", _SELF, _stamina(30), 5, status=replace(_SHIELD, rounds=4)),
    Ability("Reality Distortion", _ALL, _stamina(40), 5, 12, 0, replace(_CHILL, potency=5), (_INT,), 5, True),
    Ability("Summon Minions", _SELF, _stamina(50), 8, summons=("hollow_soldier",)),
    Ability("Titan Slam", _ONE, _stamina(40), 2, 30, 0, _STUN, (_STR,), 5),
    Ability("Aether Beam", _ONE, _stamina(45), 3, 34, 0, None, (_INT,), 5, True, damage_type=DamageType.LIGHTNING),
    Ability("Reality Tear", _ALL, _stamina(50), 5, 20, 0, _WEAKNESS, (_INT,), 5, True, damage_type=_DARK),
    Ability("Earthquake", _ALL, _stamina(45), 4, 20, scales_with=(_STR,), factor=5),
    Ability("Summon Adds", _SELF, _stamina(50), 8, summons=("skeleton_warrior", "skeleton_warrior")),
    Ability("Enrage", _SELF, _stamina(20), 6, status=replace(_RAGE, rounds=4)),
    Ability("Phase Shift", _SELF, _stamina(30), 5, status=_SHADOW),
)

_BY_NAME: Final = {ability.name: ability for some in (*OF_CLASS.values(), OF_CREATURES) for ability in some}
_BY_KEY: Final = {name.casefold(): ability for name, ability in _BY_NAME.items()}


def effect(ability: Ability) -> str:
    """What it does, in words, before stats and equipment are counted."""
    parts = [f"{ability.damage} {ability.damage_type.value} damage"] if ability.damage else []
    parts += ["always critical"] if ability.sure_critical else []
    parts += ["whatever the defence"] if ability.ignores_defence else []
    parts += [f"half as much again below {NEARLY_DEAD} % health"] if ability.finisher else []
    parts += [f"heals {ability.healing}"] if ability.healing else []
    parts += [f"gives {ability.restores_mana} mana"] if ability.restores_mana else []
    parts += ["calls for help"] if ability.summons else []
    if ability.status is not None:
        kind, rounds = ability.status.kind.value.replace("_", " "), ability.status.rounds
        parts.append(f"{kind} for {rounds} round{'s' * (rounds > 1)}")
    parts += ["needs a weapon"] if ability.needs_weapon else []
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def ability_named(name: str) -> Ability:
    """The ability of that name, in any case. Raises NoSuchAbility if there is none."""
    ability = _BY_NAME.get(name) or _BY_KEY.get(" ".join(name.casefold().split()))
    if ability is None:
        raise NoSuchAbility
    return ability

"""Character sheets: what a body can do and bear.

Facts are those of the Shards network, version 1.0.0: races, classes, levels and the resources that follow
from them. Chance is an argument. A sheet is a value; whoever changes one makes a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from mythgate.domain.errors import InvalidInput

STAT_POINTS: Final = 60  # of a point buy, before what the race adds
STAT_RANGE: Final = range(3, 19)  # of one stat in a point buy
MAX_LEVEL: Final = 25
STARTING_SOULS: Final = (50, 150)
DEFAULT_DICE: Final = "4d6_drop_lowest"

# Total experience needed for levels 1 to 25: 50 × level × (level - 1).
EXPERIENCE: Final = tuple(50 * level * (level - 1) for level in range(1, MAX_LEVEL + 1))


class Chance(Protocol):
    """A source of chance, such as `random.Random` or `random.SystemRandom`."""

    def randint(self, a: int, b: int) -> int: ...
    def random(self) -> float: ...
    def uniform(self, a: float, b: float) -> float: ...


class Faction(StrEnum):
    """To whom a character belongs; when it holds most Crystal Shards, its reality comes."""

    CRIMSON_COVENANT = "Crimson Covenant"
    AETHER_SEEKERS = "Aether Seekers"
    IRON_BROTHERHOOD = "Iron Brotherhood"
    MOONLIT_CIRCLE = "Moonlit Circle"
    SHADOWBORN = "Shadowborn"
    GOLDEN_ORDER = "Golden Order"


@dataclass(frozen=True, slots=True)
class Stats:
    """The six attributes; 10 is what most people have."""

    strength: int = 10
    dexterity: int = 10
    constitution: int = 10
    intelligence: int = 10
    wisdom: int = 10
    charisma: int = 10

    def __add__(self, other: Stats) -> Stats:
        return Stats(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Stats)))

    def modifier(self, stat: str) -> int:
        """What a stat adds to rolls: half of what it has above 10, rounded down."""
        return (int(getattr(self, stat)) - 10) // 2

    def as_dict(self) -> dict[str, int]:
        """By name, in the usual order."""
        return {one.name: getattr(self, one.name) for one in fields(Stats)}


STATS: Final = tuple(one.name for one in fields(Stats))


class Race(StrEnum):
    HUMAN = "Human"
    ELF = "Elf"
    DWARF = "Dwarf"
    TIEFLING = "Tiefling"
    DRAGONBORN = "Dragonborn"
    UNDEAD = "Undead"

    @property
    def gifts(self) -> Stats:
        """What the race adds to the stats one begins with."""
        return _GIFTS[self]


_GIFTS: Final[Mapping[Race, Stats]] = MappingProxyType(
    {
        Race.HUMAN: Stats(1, 1, 1, 1, 1, 1),
        Race.ELF: Stats(0, 2, 0, 1, 1, 0),
        Race.DWARF: Stats(1, 0, 2, 0, 1, 0),
        Race.TIEFLING: Stats(0, 0, 0, 1, 0, 2),
        Race.DRAGONBORN: Stats(2, 0, 0, 0, 0, 1),
        Race.UNDEAD: Stats(0, 0, -1, 2, 0, -1),
    }
)


@dataclass(frozen=True, slots=True)
class _Training:
    """What a class gives."""

    health: int
    stamina: int
    mana: int
    each_level: Stats
    recommended: tuple[str, ...]


class CharacterClass(StrEnum):
    WARRIOR = "Warrior"
    SORCERER = "Sorcerer"
    ROGUE = "Rogue"
    PALADIN = "Paladin"
    NECROMANCER = "Necromancer"
    RANGER = "Ranger"

    @property
    def each_level(self) -> Stats:
        """What every level adds to the stats."""
        return _TRAINING[self].each_level

    @property
    def recommended(self) -> tuple[str, ...]:
        """The stats that matter most."""
        return _TRAINING[self].recommended


_TRAINING: Final[Mapping[CharacterClass, _Training]] = MappingProxyType(
    {
        CharacterClass.WARRIOR: _Training(
            120, 120, 50, Stats(2, 0, 2, 0, 0, 0), ("strength", "constitution", "dexterity")
        ),
        CharacterClass.SORCERER: _Training(
            70, 70, 150, Stats(0, 0, 1, 2, 1, 0), ("intelligence", "wisdom", "constitution")
        ),
        CharacterClass.ROGUE: _Training(
            90, 130, 60, Stats(0, 2, 1, 0, 0, 1), ("dexterity", "charisma", "intelligence")
        ),
        CharacterClass.PALADIN: _Training(
            110, 100, 90, Stats(1, 0, 2, 0, 0, 1), ("strength", "charisma", "constitution")
        ),
        CharacterClass.NECROMANCER: _Training(
            80, 80, 140, Stats(0, 0, 1, 2, 0, 1), ("intelligence", "wisdom", "charisma")
        ),
        CharacterClass.RANGER: _Training(95, 110, 80, Stats(0, 1, 2, 0, 1, 0), ("dexterity", "wisdom", "constitution")),
    }
)


@dataclass(frozen=True, slots=True)
class Resources:
    """Health, stamina and mana, or the most one can have of them."""

    health: int
    stamina: int
    mana: int


def most(calling: CharacterClass, stats: Stats, level: int) -> Resources:
    """The most one can have at `level`."""
    training, levels = _TRAINING[calling], level - 1
    constitution = stats.modifier("constitution")
    minds = 5 * stats.modifier("intelligence") + 3 * stats.modifier("wisdom")
    return Resources(
        training.health + 5 * constitution + 10 * levels,
        training.stamina + 3 * constitution + 8 * levels,
        training.mana + minds + 12 * levels,
    )


# By the least share of health one still has.
_CONDITIONS: Final = ((1, ""), (0.75, "scratched"), (0.5, "hurt"), (0.25, "badly hurt"))


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a character is and has at this moment, but for place and things."""

    race: Race
    calling: CharacterClass
    stats: Stats  # race and levels included
    now: Resources
    experience: int = 0
    souls: int = 0  # money

    @property
    def level(self) -> int:
        return level_of(self.experience)

    @property
    def most(self) -> Resources:
        """What `now` can rise to."""
        return most(self.calling, self.stats, self.level)

    @property
    def is_chosen(self) -> bool:
        """Whether this is somebody in particular: chosen, or come so far that it is too late to choose."""
        default = DEFAULT_SHEET
        return (self.race, self.calling, self.stats) != (default.race, default.calling, default.stats)

    @property
    def kind(self) -> str:
        """Race and class in a sentence."""
        return in_words(self.race, self.calling)

    @property
    def condition(self) -> str:
        """How hurt one looks; empty if not at all."""
        share = self.now.health / self.most.health
        return next((words for least, words in _CONDITIONS if share >= least), "near death")

    @property
    def is_dead(self) -> bool:
        return self.now.health <= 0

    def with_now(self, *, health: int | None = None, stamina: int | None = None, mana: int | None = None) -> Sheet:
        """The same with other resources, each kept between 0 and the most."""
        limit = self.most
        given = {"health": health, "stamina": stamina, "mana": mana}
        changed = {name: max(0, min(value, getattr(limit, name))) for name, value in given.items() if value is not None}
        return replace(self, now=replace(self.now, **changed))

    def paid(self, souls: int) -> Sheet:
        """The same with so many souls more, or with a negative number fewer.

        Raises:
            InvalidInput: it has not so many.

        """
        if self.souls + souls < 0:
            raise InvalidInput("You do not have so many souls.", field="souls")
        return replace(self, souls=self.souls + souls)

    def learned(self, experience: int) -> Sheet:
        """The same with so much more experience; a level raises stats and fills what they allow."""
        total = min(self.experience + max(0, experience), EXPERIENCE[-1])
        gained = level_of(total) - self.level
        stats = self.stats
        for _ in range(gained):
            stats += self.calling.each_level
        sheet = replace(self, stats=stats, experience=total)
        return replace(sheet, now=sheet.most) if gained else sheet

    def died(self) -> Sheet:
        """The same after death and return: half of the health there can be, and a tenth of the souls lost."""
        return replace(self.with_now(health=max(1, self.most.health // 2)), souls=self.souls - self.souls // 10)

    def rested(self, *, fully: bool = True, rate: float = 1.0) -> Sheet:
        """The same after a rest: all there is, or with half a rest half of the most of each on top, times `rate`."""
        limit = self.most
        if fully:
            return replace(self, now=limit)
        return self.with_now(
            health=self.now.health + int(limit.health // 2 * rate),
            stamina=self.now.stamina + int(limit.stamina // 2 * rate),
            mana=self.now.mana + int(limit.mana // 2 * rate),
        )


@dataclass(frozen=True, slots=True)
class Bonuses:
    """What equipped things add."""

    attack: int = 0
    defence: int = 0
    magic: int = 0


@dataclass(frozen=True, slots=True)
class Prowess:
    """What stats and equipped things come to, as sheets show it."""

    armor_class: int
    initiative: int
    attack_power: int
    magic_power: int


def prowess(stats: Stats, bonuses: Bonuses) -> Prowess:
    """What `stats` and `bonuses` come to."""
    dexterity = stats.modifier("dexterity")
    return Prowess(
        10 + dexterity + bonuses.defence,
        dexterity,
        stats.modifier("strength") + bonuses.attack,
        stats.modifier("intelligence") + bonuses.magic,
    )


def in_words(race: Race, calling: CharacterClass) -> str:
    """Race and class with an article: "an Elf Ranger"."""
    return f"{'an' if race.value[0] in 'AEIOU' else 'a'} {race.value} {calling.value}"


def level_of(experience: int) -> int:
    """The level that comes with so much experience."""
    return sum(1 for needed in EXPERIENCE if experience >= needed) or 1


def new_sheet(race: Race, calling: CharacterClass, base: Stats, souls: int = 0) -> Sheet:
    """A sheet of level 1 with `base` as rolled or bought, all resources full."""
    stats = base + race.gifts
    return Sheet(race, calling, stats, most(calling, stats, 1), souls=souls)


# Of a character nobody has chosen anything for.
DEFAULT_SHEET: Final = Sheet(Race.HUMAN, CharacterClass.RANGER, Stats(), most(CharacterClass.RANGER, Stats(), 1))


def check_bought(stats: Stats) -> Stats:
    """Stats as somebody chose them.

    Raises:
        InvalidInput: one is out of range, or they do not add up.

    """
    values = stats.as_dict()
    for name, value in values.items():
        if value not in STAT_RANGE:
            raise InvalidInput(f"{name.capitalize()} is from {STAT_RANGE.start} to {STAT_RANGE[-1]}.", field=name)
    if sum(values.values()) != STAT_POINTS:
        hint = f"They are {sum(values.values())} now."
        raise InvalidInput(f"The six stats add up to {STAT_POINTS}.", field="stats", hint=hint)
    return stats


def roll_stats(chance: Chance, method: str = DEFAULT_DICE) -> Stats:
    """Stats by dice. Raises InvalidInput for a method nobody knows."""
    roll = _ROLLS.get(method)
    if roll is None:
        raise InvalidInput("There is no such way to roll.", field="method", hint=f"{', '.join(_ROLLS)}.")
    return Stats(*(roll(chance) for _ in STATS))


def _dice(chance: Chance, count: int) -> list[int]:
    return sorted(chance.randint(1, 6) for _ in range(count))


_ROLLS: Final[Mapping[str, Callable[[Chance], int]]] = MappingProxyType(
    {
        "4d6_drop_lowest": lambda chance: sum(_dice(chance, 4)[1:]),
        "3d6": lambda chance: sum(_dice(chance, 3)),
        "heroic": lambda chance: sum(sorted(max(2, die) for die in _dice(chance, 4))[1:]),  # ones count as 2
    }
)

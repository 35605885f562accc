"""What one can do in a fight, what it costs, and how creatures choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from mythgate.domain.bestiary import Behaviour


class Deed(StrEnum):
    """What a fighter does with a turn."""

    LIGHT_ATTACK = "light_attack"
    HEAVY_ATTACK = "heavy_attack"
    DODGE = "dodge"
    BLOCK = "block"
    PARRY = "parry"
    ABILITY = "ability"
    ITEM = "item"
    FLEE = "flee"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Strike:
    """A plain attack. All but the stamina in percent."""

    stamina: int
    accuracy: int
    damage: int
    critical: int  # on top of the fighter's own chance
    makes_bleed: bool = False


STRIKES: Final[Mapping[Deed, Strike]] = MappingProxyType(
    {
        Deed.LIGHT_ATTACK: Strike(15, 110, 100, 5),
        Deed.HEAVY_ATTACK: Strike(35, 80, 220, 15, makes_bleed=True),
    }
)
STANCES: Final[Mapping[Deed, int]] = MappingProxyType({Deed.DODGE: 20, Deed.BLOCK: 10, Deed.PARRY: 25})  # stamina
BREATH: Final = 10  # stamina that a round gives back

_COSTS: Final = {deed: strike.stamina for deed, strike in STRIKES.items()} | dict(STANCES)


class Dice(Protocol):
    """Where a fight has its chance from: `random()` gives at least 0 and less than 1."""

    def random(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Mood:
    """What a creature goes by."""

    stamina: int
    health: int  # percent
    foe: int  # percent of the health of whom it is after

    def affords(self, deed: Deed) -> bool:
        return self.stamina >= _COSTS[deed]


def defence_of(stamina: int) -> Deed:
    """How somebody defends themselves who has not chosen how: they block as long as they can strike afterwards.

    A round gives back no more than blocking takes: who always blocked would never be stronger than that.
    """
    strikes_later = stamina - STANCES[Deed.BLOCK] + BREATH >= STRIKES[Deed.LIGHT_ATTACK].stamina
    return Deed.BLOCK if strikes_later else Deed.WAIT


def choose(behaviour: Behaviour, mood: Mood, dice: Dice) -> Deed:
    """What a creature does; it does not block if that leaves it too weak to strike a round later, but waits."""
    deed = _CHOICES[behaviour](mood, dice)
    return defence_of(mood.stamina) if deed is Deed.BLOCK else deed


def _drawn(mood: Mood, draw: float, *chances: tuple[float, Deed]) -> Deed:
    """The first deed whose bound lies above `draw` and that can be paid.

    If there is none, to block; or if one was drawn that is too dear as yet, to wait and gather strength for it.
    """
    drawn = [deed for bound, deed in chances if draw < bound]
    return next((deed for deed in drawn if mood.affords(deed)), Deed.WAIT if drawn else Deed.BLOCK)


def _simple(mood: Mood, dice: Dice) -> Deed:
    light, heavy = (0.40, Deed.LIGHT_ATTACK), (0.65, Deed.HEAVY_ATTACK)
    return _drawn(mood, dice.random(), light, heavy, (0.80, Deed.DODGE), (0.90, Deed.PARRY))


def _balanced(mood: Mood, dice: Dice) -> Deed:
    light, heavy = (0.3, Deed.LIGHT_ATTACK), (0.5, Deed.HEAVY_ATTACK)
    return _drawn(mood, dice.random(), light, heavy, (0.7, Deed.DODGE), (0.85, Deed.PARRY))


def _aggressive(mood: Mood, dice: Dice) -> Deed:
    return _drawn(mood, dice.random(), (0.6, Deed.HEAVY_ATTACK), (1.0, Deed.LIGHT_ATTACK))


def _defensive(mood: Mood, dice: Dice) -> Deed:
    draw = dice.random()
    if mood.health < 30:
        return _drawn(mood, draw, (0.5, Deed.PARRY))
    if draw < 0.3 and mood.affords(Deed.PARRY):
        return Deed.PARRY
    return Deed.BLOCK if draw < 0.5 else _drawn(mood, draw, (1.0, Deed.LIGHT_ATTACK))


def _tactical(mood: Mood, dice: Dice) -> Deed:
    if mood.foe < 30:
        return _aggressive(mood, dice)
    return _defensive(mood, dice) if mood.health < 40 else _balanced(mood, dice)


def _berserker(mood: Mood, dice: Dice) -> Deed:
    return _drawn(mood, dice.random(), (0.8, Deed.HEAVY_ATTACK), (1.0, Deed.LIGHT_ATTACK))


def _coward(mood: Mood, dice: Dice) -> Deed:
    return _drawn(mood, dice.random(), (0.6, Deed.DODGE)) if mood.health < 50 else _balanced(mood, dice)


_CHOICES: Final[Mapping[Behaviour, Callable[[Mood, Dice], Deed]]] = MappingProxyType(
    {
        Behaviour.SIMPLE: _simple,
        Behaviour.AGGRESSIVE: _aggressive,
        Behaviour.DEFENSIVE: _defensive,
        Behaviour.BALANCED: _balanced,
        Behaviour.TACTICAL: _tactical,
        Behaviour.BERSERKER: _berserker,
        Behaviour.COWARD: _coward,
    }
)

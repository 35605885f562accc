"""How creatures choose: each behaviour at its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.bestiary import Behaviour
from mythgate.domain.tactics import STANCES, STRIKES, Deed, Mood, choose

LIGHT, HEAVY, DODGE, BLOCK, PARRY = (
    Deed.LIGHT_ATTACK,
    Deed.HEAVY_ATTACK,
    Deed.DODGE,
    Deed.BLOCK,
    Deed.PARRY,
)
FRESH, TIRED, SPENT = 100, 20, 5


class _Draw:
    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.mark.parametrize(
    ("behaviour", "stamina", "health", "foe", "draw", "deed"),
    [
        (Behaviour.SIMPLE, FRESH, 100, 100, 0.39, LIGHT),
        (Behaviour.SIMPLE, FRESH, 100, 100, 0.64, HEAVY),
        (Behaviour.SIMPLE, FRESH, 100, 100, 0.79, DODGE),
        (Behaviour.SIMPLE, FRESH, 100, 100, 0.89, PARRY),
        (Behaviour.SIMPLE, FRESH, 100, 100, 0.90, BLOCK),
        (Behaviour.SIMPLE, TIRED, 100, 100, 0.50, DODGE),  # cannot pay the heavy blow
        (Behaviour.SIMPLE, 12, 100, 100, 0.10, Deed.WAIT),
        (Behaviour.BALANCED, FRESH, 100, 100, 0.29, LIGHT),
        (Behaviour.BALANCED, FRESH, 100, 100, 0.49, HEAVY),
        (Behaviour.BALANCED, FRESH, 100, 100, 0.69, DODGE),
        (Behaviour.BALANCED, FRESH, 100, 100, 0.84, PARRY),
        (Behaviour.BALANCED, FRESH, 100, 100, 0.86, BLOCK),
        (Behaviour.BALANCED, 14, 100, 100, 0.10, Deed.WAIT),
        (Behaviour.BALANCED, SPENT, 100, 100, 0.10, Deed.WAIT),
        (Behaviour.AGGRESSIVE, FRESH, 100, 100, 0.59, HEAVY),
        (Behaviour.AGGRESSIVE, FRESH, 100, 100, 0.61, LIGHT),
        (Behaviour.AGGRESSIVE, TIRED, 100, 100, 0.10, LIGHT),
        (Behaviour.AGGRESSIVE, 12, 100, 100, 0.10, Deed.WAIT),
        (Behaviour.DEFENSIVE, FRESH, 29, 100, 0.49, PARRY),
        (Behaviour.DEFENSIVE, FRESH, 29, 100, 0.51, BLOCK),
        (Behaviour.DEFENSIVE, FRESH, 100, 100, 0.29, PARRY),
        (Behaviour.DEFENSIVE, TIRED, 100, 100, 0.29, BLOCK),
        (Behaviour.DEFENSIVE, FRESH, 100, 100, 0.49, BLOCK),
        (Behaviour.DEFENSIVE, FRESH, 100, 100, 0.51, LIGHT),
        (Behaviour.TACTICAL, FRESH, 10, 29, 0.59, HEAVY),
        (Behaviour.TACTICAL, FRESH, 39, 100, 0.29, PARRY),
        (Behaviour.TACTICAL, FRESH, 100, 100, 0.29, LIGHT),
        (Behaviour.BERSERKER, FRESH, 100, 100, 0.79, HEAVY),
        (Behaviour.BERSERKER, FRESH, 100, 100, 0.81, LIGHT),
        (Behaviour.BERSERKER, SPENT, 100, 100, 0.10, Deed.WAIT),
        (Behaviour.COWARD, FRESH, 49, 100, 0.59, DODGE),
        (Behaviour.COWARD, FRESH, 49, 100, 0.61, BLOCK),
        (Behaviour.COWARD, FRESH, 50, 100, 0.29, LIGHT),
    ],
)
def test_choices(behaviour: Behaviour, stamina: int, health: int, foe: int, draw: float, deed: Deed) -> None:
    assert choose(behaviour, Mood(stamina, health, foe), _Draw(draw)) is deed


@given(
    st.sampled_from(Behaviour),
    st.builds(Mood, st.integers(0, 200), st.integers(1, 100), st.integers(1, 100)),
    st.floats(0, 1, exclude_max=True),
)
def test_they_do_nothing_they_cannot_pay(behaviour: Behaviour, mood: Mood, draw: float) -> None:
    deed = choose(behaviour, mood, _Draw(draw))
    cost = STRIKES[deed].stamina if deed in STRIKES else STANCES.get(deed, 0)
    assert mood.stamina >= cost


@given(st.sampled_from(Behaviour), st.integers(0, 14), st.floats(0, 1, exclude_max=True))
def test_who_is_too_weak_to_strike_gathers_strength(behaviour: Behaviour, stamina: int, draw: float) -> None:
    assert choose(behaviour, Mood(stamina, 100, 100), _Draw(draw)) is Deed.WAIT

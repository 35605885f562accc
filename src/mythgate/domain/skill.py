"""Skill as a belief: the Plackett-Luce model of Weng and Lin, for any number of teams of any size, with ties.

Of each player we believe that the skill lies around `mu`, and `sigma` says how unsure we are. A game moves `mu` by
how much it surprises us, and the less sure we are the more; `sigma` shrinks with every game.

R. C. Weng, C.-J. Lin: A Bayesian Approximation Method for Online Ranking. Journal of Machine Learning Research 12
(2011), pages 267 to 300; this is their algorithm 4. What differs is common since: before each game everybody becomes
a little less sure of (`tau`, as in TrueSkill), so that ratings never freeze.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Skill:
    """What is believed of somebody's skill: the mean of a normal distribution, and its deviation."""

    mu: float
    sigma: float


@dataclass(frozen=True, slots=True)
class PlackettLuce:
    """The model with its constants, as they are published."""

    mu: float = 25.0
    sigma: float = 25.0 / 3.0
    beta: float = 25.0 / 6.0  # how much one's play varies from game to game
    kappa: float = 0.0001  # the share of the variance that one game leaves at least
    tau: float = 25.0 / 300.0  # how much less sure we are before each game

    @property
    def beginner(self) -> Skill:
        """What is believed of somebody who has not played."""
        return Skill(self.mu, self.sigma)

    def rate(self, teams: Sequence[Sequence[Skill]], places: Sequence[int]) -> list[list[Skill]]:
        """What is believed after a game. Each team has a place, from the best up; equal ones are ties.

        No team may be empty. The order in which teams with the same place are given changes nothing.
        """
        unsure = [[Skill(one.mu, math.hypot(one.sigma, self.tau)) for one in team] for team in teams]
        means = [math.fsum(one.mu for one in team) for team in unsure]
        variances = [math.fsum(one.sigma**2 for one in team) for team in unsure]
        scale = math.sqrt(math.fsum(variance + self.beta**2 for variance in variances))
        scaled = [mean / scale for mean in means]
        after = []
        for mine, team in enumerate(unsure):
            surprise, information = _learned(mine, scaled, places)
            variance = variances[mine]
            shift = surprise * variance / scale
            shrink = information * variance / scale**2 * math.sqrt(variance) / scale
            after.append(
                [
                    Skill(
                        one.mu + one.sigma**2 / variance * shift,
                        one.sigma * math.sqrt(max(1.0 - one.sigma**2 / variance * shrink, self.kappa)),
                    )
                    for one in team
                ]
            )
        return after


def _learned(mine: int, scaled: Sequence[float], places: Sequence[int]) -> tuple[float, float]:
    """How far a team did better than expected, and how much its place tells of it.

    A place is seen as the choice of the best among those who were not better: the team takes part in the choices
    for its own place and for all better ones. `scaled` are the logarithms of the odds of being chosen.
    """
    surprise: list[float] = []
    information: list[float] = []
    for other, place in enumerate(places):
        if place > places[mine]:
            continue
        choice = [odds for odds, theirs in zip(scaled, places, strict=True) if theirs >= place]
        highest = max(choice)  # only ratios count: so no power is too large for a float, and their sum is not 0
        expected = math.exp(scaled[mine] - highest) / math.fsum(math.exp(odds - highest) for odds in choice)
        tied = places.count(place)
        surprise.append((float(other == mine) - expected) / tied)
        information.append(expected * (1.0 - expected) / tied)
    return math.fsum(surprise), math.fsum(information)

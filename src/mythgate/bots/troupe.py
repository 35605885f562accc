"""All bots of a run: they come a few at a time, live for a while, and go."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from mythgate.bots.bot import Account, Bot, Pace, Stage
from mythgate.bots.dialects import DIALECTS
from mythgate.bots.talk import name_of
from mythgate.domain.errors import MythError

COMING_AT_ONCE: Final = 16
MOST_BOTS: Final = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    bots: Mapping[str, int]  # by dialect
    host: str
    port: int
    seconds: float
    pace: Pace = field(default_factory=Pace)
    lobby: int | None = None
    accounts: Sequence[Account] = ()  # for the first bots; the others are guests


class Troupe:
    """The bots of a plan. `stages` tell at any time what they have done, `problems` why some are gone."""

    def __init__(self, plan: Plan, chance: Random | None = None) -> None:
        self.plan = plan
        self.problems: Counter[tuple[str, str]] = Counter()  # how many bots, by door and message
        self.errors: list[MythError] = []  # one of each kind of message
        self.stages: dict[str, Stage] = {}
        self._bots: list[tuple[str, Bot]] = []
        self._limit: asyncio.Timeout | None = None
        self._begun = time.monotonic()
        self._gate = asyncio.Semaphore(COMING_AT_ONCE)
        chance = chance if chance is not None else random.Random()  # noqa: S311 (what bots say is no secret)
        accounts = iter(plan.accounts)
        index = 0
        for door, count in plan.bots.items():
            stage = Stage(DIALECTS[door], plan.host, plan.port, plan.pace, chance, count, plan.lobby)
            self.stages[door] = stage
            for _ in range(count):
                self._bots.append((door, Bot(stage, name_of(index), next(accounts, None), self._gate)))
                index += 1

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begun

    @property
    def gone(self) -> int:
        """How many bots ended before their time."""
        return self.problems.total()

    async def run(self) -> None:
        """Let all bots live until time is up, `stop` is called, or none is left; all have said goodbye then."""
        self._begun = time.monotonic()
        try:
            async with asyncio.timeout(self.plan.seconds) as self._limit, asyncio.TaskGroup() as group:
                for door, bot in self._bots:
                    group.create_task(self._let_live(door, bot))
        except TimeoutError:
            pass

    def stop(self) -> None:
        """Time is up."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def _let_live(self, door: str, bot: Bot) -> None:
        try:
            await bot.live()
        except MythError as error:
            if (door, str(error)) not in self.problems:
                self.errors.append(error)
            self.problems[door, str(error)] += 1

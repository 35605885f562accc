"""Reports and measures under any order of what moderators do, against a model that says what has to come of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.play import PlayKit

from mythgate.backends.sql import open_store
from mythgate.domain.accounts import Role
from mythgate.domain.errors import Muted, PermissionDenied, WrongState
from mythgate.domain.presence import Presence
from mythgate.domain.reports import CLOSED, TRANSITIONS, Report, ReportState, ReportStep
from mythgate.domain.sessions import Caller

OWN = (ReportStep.RELEASE, ReportStep.RESOLVE, ReportStep.DISMISS)

Act = tuple[str, Any]
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("report"), st.integers(0, 1)),
        st.tuples(st.just("say"), st.integers(0, 2)),
        st.tuples(st.just("step"), st.tuples(st.integers(0, 1), st.sampled_from(ReportStep))),
        st.tuples(st.just("both"), st.sampled_from(ReportStep)),
        st.tuples(st.just("mute"), st.sampled_from([1, 5, None])),
        st.tuples(st.just("unmute"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1, 6, 61])),
    ),
    max_size=25,
)


@dataclass
class Model:
    """What must be so."""

    state: ReportState | None = None
    claimed_by: int | None = None
    muted_until: Any = None
    spoken: int = 0
    reporters: set[int] = field(default_factory=set)


@dataclass
class Game:
    kit: PlayKit
    people: list[Presence]
    bob: Presence
    staff: list[Caller]
    model: Model = field(default_factory=Model)
    number: int = 0

    async def do(self, act: str, value: Any) -> None:
        await getattr(self, act)(value)
        await self.kit.reports.tick()
        await self.agree()

    async def report(self, who: int) -> None:
        if self.model.state in CLOSED or self.number:
            return  # another report would begin
        filed = await self.kit.reports.report_in_world(self.people[who], "Bob", "rude")
        self.number, self.model.state = filed.report.number, ReportState.OPEN

    async def say(self, who: int) -> None:
        speaker = [*self.people, self.bob][who]
        muted = who == 2 and self.model.muted_until is not None and self.model.muted_until > self.kit.clock.now()
        if muted:
            with pytest.raises(Muted):
                await self.kit.chat.say(speaker, "words")
        else:
            await self.kit.chat.say(speaker, "words")

    async def step(self, value: tuple[int, ReportStep]) -> None:
        who, step = value
        if not self.number:
            return
        model = self.model
        assert model.state is not None
        target = TRANSITIONS.get((model.state, step))
        act = self.kit.reports.step(self.staff[who], self.number, step)
        if target is None:
            with pytest.raises(WrongState):
                await act
        elif step in OWN and model.claimed_by != who:
            with pytest.raises(PermissionDenied):
                await act
        else:
            await act
            self._moved(target, who)

    def _moved(self, target: ReportState, who: int) -> None:
        self.model.state = target
        self.model.claimed_by = who if target is ReportState.CLAIMED else self.model.claimed_by
        if target is ReportState.OPEN:
            self.model.claimed_by = None

    async def both(self, step: ReportStep) -> None:
        """Two moderators do the same at the same moment: at most one of them succeeds."""
        if not self.number:
            return
        assert self.model.state is not None
        acts = (self.kit.reports.step(one, self.number, step) for one in self.staff)
        results = await asyncio.gather(*acts, return_exceptions=True)
        done = [who for who, result in enumerate(results) if not isinstance(result, BaseException)]
        assert len(done) <= 1
        assert all(isinstance(one, WrongState | PermissionDenied) for one in results if isinstance(one, BaseException))
        if done:
            self._moved(TRANSITIONS[self.model.state, step], done[0])

    async def mute(self, minutes: int | None) -> None:
        await self.kit.moderation.mute(self.staff[0], self.bob.account_id, minutes)
        now = self.kit.clock.now()
        self.model.muted_until = now + timedelta(minutes=minutes or 10**6)

    async def unmute(self, _: None) -> None:
        await self.kit.moderation.unmute(self.staff[1], self.bob.account_id)
        self.model.muted_until = None

    async def wait(self, minutes: int) -> None:
        self.kit.clock.advance(timedelta(minutes=minutes))

    async def agree(self) -> None:
        """What is stored is what must be, the evidence is genuine, and at most one mute holds."""
        now = self.kit.clock.now()
        active = await self.kit.store.read(lambda tx: tx.measures.in_force(now))
        expected = self.model.muted_until is not None and self.model.muted_until > now
        assert len(active) == int(expected)
        if self.number:
            case = await self.kit.reports.case(self.staff[0], self.number)
            assert case.report.state is self.model.state
            assert case.verdict.genuine, case.verdict.problem
            assert (case.report.closed_at is not None) is (case.report.state in CLOSED)
            assert (case.report.claimed_by == "") is (self.model.claimed_by is None)


@asynccontextmanager
async def a_game(folder: Path) -> AsyncIterator[Game]:
    clock = FakeClock()
    store = open_store(new_sqlite(folder), clock=clock)
    await store.open()
    try:
        kit = PlayKit(clock, store)
        people = [await kit.somebody("Ada"), await kit.somebody("Cid")]
        bob = await kit.somebody("Bob")
        staff = [kit.caller_of(await kit.somebody(name, role=Role.MODERATOR)) for name in ("Mira", "Finn")]
        yield Game(kit, people, bob, staff)
        await kit.settle()
    finally:
        await store.close()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_moderators_do(tmp_path_factory: pytest.TempPathFactory, acts: list[Act]) -> None:
    async def play() -> None:
        async with a_game(tmp_path_factory.mktemp("states")) as game:
            for act, value in acts:
                await game.do(act, value)

    asyncio.run(play())


async def test_ten_thousand_reports(tmp_path: Path) -> None:
    """The queue is read a page at a time, however long it is."""
    async with a_game(tmp_path) as game:
        now = game.kit.clock.now()

        def fill(tx: Any) -> None:
            for number in range(10_000):
                made = Report(f"a{number}", f"A {number}", "global", "the world", now, now, now, urgency=number % 4)
                made.sealed_at = now
                tx.reports.add(made)

        await game.kit.store.write(fill)
        seen, after = 0, None
        while page := await game.kit.reports.page(game.staff[0], state=ReportState.OPEN, after=after, limit=200):
            assert page == sorted(page, key=lambda one: (-one.urgency, -one.number))
            seen, after = seen + len(page), page[-1].number
        assert seen == 10_000
        assert (await game.kit.reports.counts(game.staff[0]))[ReportState.OPEN] == 10_000

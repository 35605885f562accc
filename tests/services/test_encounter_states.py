"""Fights as a state machine in play: begun, joined, fought, left, fled and lost in any order and at once.

After every step live state, rows and subscriptions agree. At the end every fight is over, can be told again from its
record to the same end, and has brought exactly what its record says.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.services.test_encounters import POTION, wild_world
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.play import CELLAR, GARDEN, PATH, SQUARE, TAVERN, PlayKit

from mythgate.backends.sql import SqlStore, StoreOptions, open_store
from mythgate.domain.combat import Encounter, replay
from mythgate.domain.errors import Refused
from mythgate.domain.ids import CharacterId, EncounterId, combat_topic
from mythgate.domain.items import HolderKind
from mythgate.domain.sheets import CharacterClass, Race, Stats, new_sheet
from mythgate.domain.tactics import Deed
from mythgate.services.encounters import CombatPolicy, Victory
from mythgate.services.ports import Transaction

PEOPLE = 5
POTIONS = 3
WHO = st.integers(0, PEOPLE - 1)
ACT = st.tuples(
    st.sampled_from(["start", "duel", "join", "act", "act", "act", "use", "flee", "gone", "walk", "bring"]),
    WHO,
    WHO,
    st.sampled_from(Deed),
    st.integers(0, 4),
    st.booleans(),
)


class Fighting(RuleBasedStateMachine):
    """A few people in the wilds, on a real database."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.begun: dict[str, Encounter] = {}
        self.victories: list[Victory] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.clock = FakeClock()
        self.store: SqlStore = open_store(
            new_sqlite(Path(self.folder.name)), clock=self.clock, options=StoreOptions(synchronous="normal")
        )
        self.run(self.store.open())
        self.kit = PlayKit(self.clock, self.store, wild_world())
        self.kit.chance.seed(seed)
        self.fights = self.kit.encounters
        self.fights.policy = CombatPolicy(respawn=timedelta(seconds=5), records=10_000)  # type: ignore[misc]
        self.fights.on_won(self.victories.append)
        people = self.run(self.kit.crowd(PEOPLE, at=PATH))
        self.ids = [one.character_id for one in people]
        self.callers = [self.kit.caller_of(one) for one in people]
        self.run(self.outfit())

    async def outfit(self) -> None:
        """Each of another class; some with potions, some with hardly any life."""
        sheets = {
            one: new_sheet(Race.HUMAN, calling, Stats(*[10 + 4 * number] * 6))
            for number, (one, calling) in enumerate(zip(self.ids, CharacterClass, strict=False))
        }

        def work(tx: Transaction) -> None:
            for one, sheet in sheets.items():
                tx.sheets.save(one, sheet)
                self.kit.sheets.grant(tx, one, POTION, POTIONS)

        await self.store.write(work)

    # --- acts ---

    @rule(acts=st.lists(ACT, min_size=1, max_size=8))
    def act_at_once(self, acts: Sequence[tuple[str, int, int, Deed, int, bool]]) -> None:
        """All at the same time; some callers are cancelled at once."""

        async def at_once() -> None:
            tasks = []
            for what, actor, other, deed, target, cancelled in acts:
                work = self.act(what, self.ids[actor], self.ids[other], deed, target)
                tasks.append((asyncio.create_task(work), cancelled))
            await asyncio.sleep(0)
            for task, cancelled in tasks:
                if cancelled:
                    task.cancel()
            for outcome in await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True):
                assert not isinstance(outcome, Exception) or isinstance(outcome, Refused), outcome
            await self.kit.settle()

        self.run(at_once())

    async def act(self, what: str, actor: CharacterId, other: CharacterId, deed: Deed, target: int) -> None:
        fights = self.fights
        if what == "start":
            await fights.start(actor)
        elif what == "duel":
            await fights.start(actor, target=other)
        elif what == "join":
            await fights.join(actor, other)
        elif what == "act":
            await fights.act(actor, deed, target=target or None, ability="Shield Bash", item="potion")
        elif what == "use":
            await fights.act(actor, Deed.ITEM, item="health potion")
        elif what == "flee":
            await fights.flee(actor)
        elif what == "walk":
            await self.kit.movement.move(actor, "north" if target % 2 else "south")
        elif what == "bring":
            where = (PATH, SQUARE, CELLAR, GARDEN, TAVERN)[target]
            await self.kit.movement.bring(actor, lambda tx, body: (where, None), then=lambda _: None)
        else:
            await self.kit.presence.depart(actor)

    @rule(seconds=st.sampled_from([1, 6, 21]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.fights.tick()
        self.run(self.kit.settle())

    @rule(who=WHO)
    def come_back(self, who: int) -> None:
        async def enter() -> None:
            caller, character_id = self.callers[who], self.ids[who]
            await self.kit.enter(caller, character_id, play_id="again")
            sheet = await self.kit.sheets.of(character_id)
            if not self.fights.is_fighting(character_id):
                await self.kit.sheets.change(character_id, lambda _: sheet.rested())
                await self.kit.movement.bring(character_id, lambda tx, body: (PATH, None), then=lambda _: None)

        self.run(enter())

    @rule(turns=st.integers(1, 30))
    def fight_on(self, turns: int) -> None:
        """Whoever may act strikes."""

        async def strike() -> None:
            for _ in range(turns):
                for one in self.ids:
                    encounter = self.fights.of(one)
                    if encounter is None or self.fights.view_of(one).active_character_id != one:
                        continue
                    try:
                        await self.fights.act(one, Deed.LIGHT_ATTACK)
                    except Refused:
                        await self.fights.act(one, Deed.WAIT)
            await self.kit.settle()

        self.run(strike())

    # --- what holds at any time ---

    @invariant()
    def all_agrees(self) -> None:
        if not hasattr(self, "kit"):
            return
        kit, fights = self.kit, self.fights
        self.run(kit.check())
        inside: dict[CharacterId, EncounterId] = {}
        for fight in fights._fights.values():
            self.begun[fight.id] = fight.encounter
            assert fight.encounter.outcome is None  # the decided ones are saved
            for one in fight.inside:
                assert one not in inside  # one fight at a time
                inside[one] = fight.id
                fighter = fight.encounter.fighter_of(one)
                assert fighter is not None
                assert fighter.is_standing
                present = kit.present.get(one)
                assert present is not None
                assert present.room_id == fight.room_id
                assert combat_topic(fight.id) in kit.realtime.listeners[one].topics
        assert set(fights._by_character) == set(inside)
        assert not fights._beginning
        for one in self.ids:
            assert fights.is_fighting(one) is (one in inside)
            listener = kit.realtime.listeners.get(one)
            topics = listener.topics if listener is not None else set()
            heard = {topic for topic in topics if topic.startswith("combat:")}
            assert heard == ({combat_topic(inside[one])} if one in inside else set())

    @invariant()
    def sheets_are_sound(self) -> None:
        if not hasattr(self, "kit"):
            return
        for one in self.ids:
            sheet = self.run(self.kit.sheets.of(one))
            assert 1 <= sheet.now.health <= sheet.most.health
            assert 0 <= sheet.now.stamina <= sheet.most.stamina
            assert 0 <= sheet.now.mana <= sheet.most.mana
            assert sheet.souls >= 0

    def teardown(self) -> None:
        if hasattr(self, "kit"):
            self.run(self.finish())
            self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()

    async def finish(self) -> None:
        """Nobody does anything any more: all fights end, and each has brought what it says."""
        for _ in range(3000):
            if not self.fights.count():
                break
            self.clock.advance(timedelta(seconds=21))
            self.fights.tick()
            await self.kit.settle()
        assert not self.fights.count()
        used = souls = dropped = 0
        for record in self.fights._records.values():
            again = replay(record)
            first = self.begun.get(record.id)
            if first is not None:
                assert again.told == first.told
                assert again.outcome == first.outcome
                assert [*again.fighters] == [*first.fighters]
            assert again.outcome is not None
            souls += again.outcome.souls
            dropped += again.outcome.drops.count("health_potion")
            used += sum("uses health potion" in one.text for one in again.told)
        for victory in self.victories:
            assert replay(self.fights.record(victory.encounter_id)).outcome is not None
        left = await self.store.read(
            lambda tx: sum(
                item.quantity
                for one in self.ids
                for item in tx.items.held_by(HolderKind.CHARACTER, one)
                if item.template_id == POTION
            )
        )
        # Less if the winners had gone, died of it later, or went while they drank; never more.
        assert left <= PEOPLE * POTIONS + dropped - used
        assert sum([(await self.kit.sheets.of(one)).souls for one in self.ids]) <= souls


TestFighting = Fighting.TestCase
TestFighting.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

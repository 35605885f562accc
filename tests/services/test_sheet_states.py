"""Sheets and things as a state machine: several people who equip, use up, hand over, rest and die at once.

After every step what is saved, what is shown and what was told agree, and nothing has come into being or gone.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.armoury import POTION, armed_world
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.play import SQUARE, TAVERN, PlayKit

from mythgate.backends.sql import SqlStore, StoreOptions, open_store
from mythgate.domain.events import PlayerUpdate
from mythgate.domain.ids import TemplateId
from mythgate.domain.items import HolderKind, Item
from mythgate.domain.presence import Presence
from mythgate.services.ports import Transaction
from mythgate.services.sight import sheet_view

PEOPLE = 3
KIT = ("sword", "axe", "robes")
THING = st.sampled_from((*KIT, "potion", "all"))
ACT = st.one_of(
    st.tuples(st.just("equip"), THING),
    st.tuples(st.just("unequip"), THING),
    st.tuples(st.just("use"), THING),
    st.tuples(st.just("drop"), THING),
    st.tuples(st.just("get"), THING),
    st.tuples(st.sampled_from(("give 2", "give")), THING),
    st.just(("rest", "")),
    st.just(("hurt", "")),
    st.just(("die", "")),
)
WHO = st.integers(0, PEOPLE - 1)


class Wearing(RuleBasedStateMachine):
    """A few people in a room, on a real database."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.used = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        clock = FakeClock()
        self.store: SqlStore = open_store(
            new_sqlite(Path(self.folder.name)), clock=clock, options=StoreOptions(synchronous="normal")
        )
        self.run(self.store.open())
        self.kit = PlayKit(clock, self.store, world_data=armed_world())
        self.people: list[Presence] = self.run(self.kit.crowd(PEOPLE, at=TAVERN))
        for one in self.people:
            self.run(self.store.write(partial(self._equip_out, one)))
            self.run(self.kit.sheets.change(one.character_id, lambda sheet: sheet.paid(100)))

    def _equip_out(self, one: Presence, tx: Transaction) -> None:
        for thing in KIT:
            self.kit.sheets.grant(tx, one.character_id, TemplateId(thing))
        self.kit.sheets.grant(tx, one.character_id, POTION, 5)

    @rule(acts=st.lists(st.tuples(WHO, ACT), min_size=1, max_size=6))
    def all_at_once(self, acts: list[tuple[int, tuple[str, str]]]) -> None:
        async def together() -> None:
            await asyncio.gather(*(self.act(self.people[who], verb, thing) for who, (verb, thing) in acts))

        self.run(together())
        self.run(self.kit.settle())

    async def act(self, one: Presence, verb: str, thing: str) -> None:
        sheets = self.kit.sheets
        if verb == "hurt":
            await sheets.change(
                one.character_id, lambda sheet: sheet.with_now(health=max(1, sheet.now.health - 30), mana=0)
            )
        elif verb == "die":
            await sheets.die(one.character_id)
        elif verb.startswith("give"):
            other = self.people[(self.people.index(one) + 1) % PEOPLE]
            await self.kit.do(one, f"{verb} {thing} to {other.name}")
        else:
            answer = await self.kit.do(one, f"{verb} {thing}".strip())
            self.used += verb == "use" and answer.success

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.kit.clock.advance(timedelta(seconds=seconds))

    def _items(self) -> dict[str, list[Item]]:
        def work(tx: Transaction) -> dict[str, list[Item]]:
            held: dict[str, list[Item]] = {
                one.character_id: tx.items.held_by(HolderKind.CHARACTER, one.character_id) for one in self.people
            }
            return {**held, **{room: tx.items.held_by(HolderKind.ROOM, room) for room in (SQUARE, TAVERN)}}

        found: dict[str, list[Item]] = self.run(self.store.read(work))
        return found

    @invariant()
    def nothing_comes_into_being_or_goes(self) -> None:
        counts: Counter[str] = Counter()
        for items in self._items().values():
            for item in items:
                assert item.quantity >= 1
                counts[item.template_id] += item.quantity
        assert counts == {**dict.fromkeys(KIT, PEOPLE), POTION: 5 * PEOPLE - self.used}

    @invariant()
    def nobody_wields_two_weapons(self) -> None:
        held, world = self._items(), self.kit.world.world
        for holder, items in held.items():
            equipped = [world.template(item.template_id).kind for item in items if item.equipped]
            assert len(equipped) == len(set(equipped))
            assert not equipped or holder not in world.rooms

    @invariant()
    def what_was_told_last_is_so(self) -> None:
        for one in self.people:
            sheet = self.run(self.kit.sheets.of(one.character_id))
            assert self.kit.sight.persona(one.character_id).sheet == sheet
            assert 0 < sheet.now.health <= sheet.most.health
            rows = self.run(self.kit.things.inventory(one.character_id))
            updates = self.kit.heard(one).of(PlayerUpdate)
            assert updates[-1].player.sheet == sheet_view(sheet, rows)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()


TestWearing = Wearing.TestCase
TestWearing.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)

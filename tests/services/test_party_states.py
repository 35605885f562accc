"""Parties as a state machine: people come together and part, lose the line, leave the world, at once and in any order.

After every step rows, memory and subscriptions agree, and everybody has been told how it stands.
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
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.play import PlayKit

from mythgate.backends.sql import SqlStore, StoreOptions, open_store
from mythgate.domain.errors import Refused
from mythgate.domain.events import PartyUpdate, PartyView
from mythgate.domain.ids import CharacterId, PlayId
from mythgate.domain.parties import LootRule, Party
from mythgate.services.parties import PartyChange, PartyPolicy
from mythgate.services.ports import Rate

PEOPLE = 7
MOST = 3
RETURN = timedelta(minutes=10)
WHO = st.integers(0, PEOPLE - 1)
ACT = st.tuples(
    st.sampled_from(["create", "invite", "accept", "decline", "leave", "kick", "promote", "disband", "loot", "gone"]),
    WHO,
    WHO,
    st.booleans(),
)


class Travelling(RuleBasedStateMachine):
    """A few people in the small world, on a real database."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.known: dict[int, Party] = {}  # by what observers were told

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.clock = FakeClock()
        self.store: SqlStore = open_store(
            new_sqlite(Path(self.folder.name)), clock=self.clock, options=StoreOptions(synchronous="normal")
        )
        self.run(self.store.open())
        self.kit = PlayKit(self.clock, self.store)
        self.serve()
        people = self.run(self.kit.crowd(PEOPLE))
        self.ids = [one.character_id for one in people]
        self.callers = [self.kit.caller_of(one) for one in people]

    def serve(self) -> None:
        """Another service over the same rows, as after a start."""
        kit = self.kit
        often = Rate(10**6, timedelta(minutes=1))  # the limit has a test of its own
        kit.replace_parties(PartyPolicy(members=MOST, return_within=RETURN, invitations_to_one=often))
        kit.parties.on_changed(self.changed)

    def changed(self, change: PartyChange) -> None:
        number = change.after.number
        assert change.before == self.known.get(number)
        self.known.pop(number, None)
        if change.after.is_active:
            self.known[number] = change.after

    # --- acts ---

    @rule(acts=st.lists(ACT, min_size=1, max_size=10))
    def act_at_once(self, acts: Sequence[tuple[str, int, int, bool]]) -> None:
        """All at the same time; some callers are cancelled at once."""

        async def at_once() -> None:
            tasks = [
                (asyncio.create_task(self.act(what, self.ids[actor], self.ids[other])), cancelled)
                for what, actor, other, cancelled in acts
            ]
            await asyncio.sleep(0)
            for task, cancelled in tasks:
                if cancelled:
                    task.cancel()
            for outcome in await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True):
                assert not isinstance(outcome, Exception) or isinstance(outcome, Refused), outcome
            await self.kit.settle()

        self.run(at_once())

    @rule(what=st.sampled_from(["create", "invite", "accept", "leave", "kick", "promote"]), actor=WHO, other=WHO)
    def act_alone(self, what: str, actor: int, other: int) -> None:
        self.act_at_once([(what, actor, other, False)])

    @rule(leader=WHO, others=st.lists(WHO, min_size=1, max_size=MOST))
    def gather(self, leader: int, others: list[int]) -> None:
        """Invite and accept until it is full."""
        self.act_at_once([("create", leader, leader, False)])
        for other in others:
            self.act_at_once([("invite", leader, other, False)])
            self.act_at_once([("accept", other, other, False)])

    async def act(self, what: str, actor: CharacterId, other: CharacterId) -> None:
        parties = self.kit.parties
        match what:
            case "create":
                await parties.create(actor)
            case "invite":
                await parties.invite(actor, other)
            case "accept":
                await parties.accept(actor)
            case "decline":
                await parties.decline(actor)
            case "leave":
                await parties.leave(actor)
            case "kick":
                await parties.kick(actor, other)
            case "promote":
                await parties.promote(actor, other)
            case "disband":
                await parties.disband(actor)
            case "loot":
                await parties.set_loot(actor, LootRule.ROLL)
            case _:
                self.kit.realtime.end(actor, "expired")

    @rule(who=WHO)
    def follow(self, who: int) -> None:
        try:
            self.kit.parties.follow(self.ids[who])
        except Refused:
            pass

    @rule(who=WHO)
    def lose_the_line(self, who: int) -> None:
        self.kit.presence.on_detached(self.ids[who])

    @rule(who=WHO)
    def doze_off(self, who: int) -> None:
        async def both() -> None:
            self.kit.presence.on_detached(self.ids[who])
            self.kit.presence.on_display_grace_over(self.ids[who])
            await self.kit.settle()

        self.run(both())

    @rule(who=WHO)
    def return_(self, who: int) -> None:
        async def come() -> None:
            self.kit.presence.on_returned(self.ids[who])
            await self.kit.settle()

        self.run(come())

    @rule(who=WHO, at_once=st.booleans())
    def enter(self, who: int, at_once: bool) -> None:
        """Again, from another window, or in the moment of leaving."""

        async def come() -> None:
            if at_once:
                self.kit.realtime.end(self.ids[who], "expired")
            character = await self.kit.presence.choose(self.callers[who], self.ids[who])
            self.kit.realtime.open(self.ids[who], self.callers[who].account_id, self.callers[who].session_id)
            await self.kit.presence.enter(self.callers[who], character, play_id=PlayId("again"))
            await self.kit.settle()

        self.run(come())

    @rule(seconds=st.sampled_from([1, 119, 120, 600]))
    def time_passes(self, seconds: int) -> None:
        async def pass_() -> None:
            self.clock.advance(timedelta(seconds=seconds))
            self.kit.parties.tick()
            await self.kit.settle()

        self.run(pass_())

    @rule()
    def restart(self) -> None:
        """Nobody is in the world; parties are as they were saved."""

        async def again() -> None:
            self.kit.stop_parties()
            for character_id in list(self.kit.realtime.listeners):
                self.kit.realtime.end(character_id, "stopped")
            await self.kit.settle()
            self.serve()
            await self.kit.parties.start()

        self.run(again())

    # --- what always holds ---

    @invariant()
    def all_agrees(self) -> None:
        if not hasattr(self, "kit"):
            return
        self.run(self.kit.check())
        parties = self.kit.parties
        everybody = [one.character_id for party in parties.all() for one in party.members]
        assert len(everybody) == len(set(everybody))
        for party in parties.all():
            assert 1 <= len(party.members) <= MOST
            assert party.member(party.leader) is not None
            assert self.known[party.number] == party
        assert len(self.known) == len(parties.all())
        for character_id in self.ids:
            self.agrees_for(character_id)
        waiting = parties._invitations._waiting.values()
        for one in waiting:
            assert self.kit.present.get(one.inviter) is not None or one.inviter in self.kit.sight.asleep
            inviting = parties.of(one.inviter)
            assert inviting is not None
            assert inviting.number == one.party
            assert one.invitee not in {member.character_id for member in inviting.members}

    def agrees_for(self, character_id: CharacterId) -> None:
        parties, kit = self.kit.parties, self.kit
        party = parties.of(character_id)
        around = kit.present.get(character_id) is not None or character_id in kit.sight.asleep
        if party is not None and not around:
            assert character_id in parties._absent  # leaves before long
        listener = kit.realtime.listeners.get(character_id)
        if listener is None:
            return
        told = listener.of(PartyUpdate)
        shown: PartyView | None = told[-1].party if told else None
        assert (shown.number if shown is not None else None) == (party.number if party is not None else None)
        if party is not None and shown is not None:
            assert shown == parties.view(party)

    def teardown(self) -> None:
        if hasattr(self, "kit"):
            self.run(self.kit.settle())
            self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()


TestTravelling = Travelling.TestCase
TestTravelling.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

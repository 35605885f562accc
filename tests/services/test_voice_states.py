"""Voice channels as a state machine: people join, leave, signal, ignore each other, lose the line, in any order.

What is watched is what their clients are told: nobody gets a signal who is not in the channel with the sender, and
nobody stays in it who left it, their party or the world.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
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
from mythgate.domain.events import VoiceReady, VoiceSignal, VoiceUpdate
from mythgate.domain.ids import CharacterId
from mythgate.domain.presence import Presence
from mythgate.domain.voice import Signal

PEOPLE = 6
WHO = st.integers(0, PEOPLE - 1)


class Talking(RuleBasedStateMachine):
    """A few people in the small world, on a real database."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.visits: dict[CharacterId, int] = {}  # the last that each client was told of its own
        self.sent = 0

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
        people = self.run(self.kit.crowd(PEOPLE))
        self.ids = [one.character_id for one in people]
        self.callers = [self.kit.caller_of(one) for one in people]

    def present(self, who: int) -> Presence | None:
        return self.kit.present.get(self.ids[who])

    # --- what they do ---

    @rule(who=WHO, other=WHO, what=st.sampled_from(["join", "join", "leave", "kick", "disband"]))
    def travel(self, who: int, other: int, what: str) -> None:
        async def work() -> None:
            parties = self.kit.parties
            match what:
                case "join":
                    if parties.of(self.ids[who]) is None:
                        await parties.create(self.ids[who])
                    await parties.invite(self.ids[who], self.ids[other])
                    await parties.accept(self.ids[other])
                case "leave":
                    await parties.leave(self.ids[who])
                case "kick":
                    await parties.kick(self.ids[who], self.ids[other])
                case _:
                    await parties.disband(self.ids[who])

        self.attempt(work())

    @rule(who=WHO, what=st.sampled_from(["join", "join", "join", "leave", "mute", "unmute"]))
    def talk(self, who: int, what: str) -> None:
        voice, actor = self.kit.voice, self.ids[who]
        try:
            match what:
                case "join":
                    voice.join(actor)
                case "leave":
                    voice.leave(actor)
                case _:
                    voice.mute(actor, what == "mute")
        except Refused:
            pass

    @rule(who=WHO, other=WHO, heard=st.booleans())
    def ignore(self, who: int, other: int, heard: bool) -> None:
        actor = self.present(who)
        meant = self.present(other)
        if actor is None or meant is None:
            return
        act = self.kit.chat.unignore if heard else self.kit.chat.ignore
        self.attempt(act(actor, meant.name))

    @rule(who=WHO, what=st.sampled_from(["detach", "asleep", "return", "end", "enter"]))
    def come_and_go(self, who: int, what: str) -> None:
        async def work() -> None:
            character_id, presence = self.ids[who], self.kit.presence
            listens = character_id in self.kit.realtime.listeners
            if what == "enter":
                await self.kit.enter(self.callers[who], character_id)
            elif not listens:
                return
            elif what == "end":
                self.kit.realtime.end(character_id, "expired")
            elif what == "return":
                presence.on_returned(character_id)
            else:
                presence.on_detached(character_id)
                if what == "asleep":
                    presence.on_display_grace_over(character_id)

        self.attempt(work())

    @rule(who=WHO, minutes=st.sampled_from([0.5, 5, None]))
    def staff_mutes(self, who: int, minutes: float | None) -> None:
        present = self.present(who)
        if present is not None:
            present.muted_until = None if minutes is None else self.clock.now() + timedelta(minutes=minutes)
            self.kit.voice.voice_changed(present.account_id, present.muted_until, "")

    @rule(seconds=st.sampled_from([1, 40, 400]))
    def pass_time(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.kit.voice.tick()

    @rule(who=WHO, other=WHO, visit=st.integers(0, 12), guess=st.booleans())
    def signal(self, who: int, other: int, visit: int, guess: bool) -> None:
        """With the visits their clients know, or any."""
        sender, reader = self.ids[who], self.ids[other]
        to_visit = visit if guess else self.visits.get(reader, 0)
        before = {one: self.signals(one) for one in self.ids}
        may = self.may_reach(sender, reader) and to_visit == self.visits.get(reader)
        try:
            self.kit.voice.signal(sender, Signal(self.visits.get(sender, 0), reader, to_visit, "offer", "v=0"))
        except Refused:
            assert not may
            assert before == {one: self.signals(one) for one in self.ids}
            return
        assert may
        for one in self.ids:
            # Who is away has a stream that keeps it, or none.
            more = 1 if one == reader and reader in self.kit.realtime.listeners else 0
            assert self.signals(one) == before[one] + more

    # --- what must hold ---

    def attempt(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self.run(work)
        except Refused:
            pass
        self.run(self.kit.settle())

    def signals(self, one: CharacterId) -> int:
        listener = self.kit.realtime.listeners.get(one)
        return len([told for told in listener.of(VoiceSignal) if told.kind != "bye"]) if listener is not None else 0

    def may_reach(self, one: CharacterId, other: CharacterId) -> bool:
        mine, theirs = self.kit.voice.of(one), self.kit.voice.of(other)
        a, b = self.kit.present.get(one), self.kit.present.get(other)
        if mine is None or theirs is None or a is None or b is None or one == other:
            return False
        return mine.party == theirs.party and b.account_id not in a.ignored and a.account_id not in b.ignored

    @invariant()
    def who_is_in_it_belongs_there(self) -> None:
        if not hasattr(self, "ids"):
            return
        voice, parties = self.kit.voice, self.kit.parties
        assert voice.count() == sum(voice.of(one) is not None for one in self.ids)
        for one in self.ids:
            listener, speaker = self.kit.realtime.listeners.get(one), voice.of(one)
            if listener is not None and (told := listener.of(VoiceReady)):
                self.visits[one] = told[-1].visit
            if speaker is None:
                continue
            present, party = self.kit.present.get(one), parties.of(one)
            assert present is not None and party is not None and listener is not None
            assert speaker.party == party.number
            assert speaker.visit == self.visits[one]
            assert speaker.is_silenced is (present.muted_until is not None and self.clock.now() < present.muted_until)

    @invariant()
    def everybody_was_told(self) -> None:
        if not hasattr(self, "ids"):
            return
        for party in self.kit.parties.all():
            views = self.kit.voice.views(party.number)
            for member in party.members:
                listener = self.kit.realtime.listeners.get(member.character_id)
                if listener is not None:
                    assert listener.of(VoiceUpdate)[-1].speakers == views

    def teardown(self) -> None:
        if hasattr(self, "kit"):
            self.run(self.kit.check())
            self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()


Talking.TestCase.settings = settings(
    max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestVoiceStates = Talking.TestCase

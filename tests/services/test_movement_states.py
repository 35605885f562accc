"""Movement as a state machine: many people, things happening at once, cancelled callers, broken lines.

After every step presence, rows and subscriptions agree; every listener's events tell a consistent story.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.play import CLOSET, CLOSET_CAPACITY, PlayKit

from mythgate.backends.sql import SqlStore, StoreOptions, open_store
from mythgate.domain.errors import Refused
from mythgate.domain.events import Event, PlayerEntered, PlayerEnteredGame, PlayerLeft, PlayerLeftGame, RoomOccupants
from mythgate.domain.ids import CharacterId, PlayId, Topic
from mythgate.domain.presence import Presence
from mythgate.domain.sessions import Caller

PEOPLE = 6
WAYS = ["north", "south", "east", "west", "up", "down"]
WHO = st.integers(0, PEOPLE - 1)
MOVE = st.tuples(WHO, st.sampled_from(WAYS), st.booleans())


class Walking(RuleBasedStateMachine):
    """A few people in the small world, on a real database."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.shown: dict[str, list[str]] = {}  # room → who is in it, by the events told to the room
        self.faults: list[str] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        clock = FakeClock()
        self.store: SqlStore = open_store(
            new_sqlite(Path(self.folder.name)), clock=clock, options=StoreOptions(synchronous="normal")
        )
        self.run(self.store.open())
        self.kit = PlayKit(clock, self.store)
        self.kit.realtime.observers.append(self.follow_events)
        # What `check` puts right has been wrong before.
        self.complaints = logging.Handler(logging.ERROR)
        self.complaints.emit = lambda record: self.faults.append(str(record.__dict__))  # type: ignore[method-assign]
        logging.getLogger("mythgate.services").addHandler(self.complaints)
        self.people: list[Presence] = self.run(self.kit.crowd(PEOPLE))
        self.callers = [self.kit.caller_of(one) for one in self.people]

    def follow_events(self, topic: Topic, event: Event) -> None:
        """What somebody who listens to the room concludes from its events alone."""
        room = topic.removeprefix("room:")
        payload = event.payload
        here = self.shown.setdefault(room, [])
        match payload:
            case PlayerEntered() | PlayerEnteredGame():
                if any(payload.player_id in others for others in self.shown.values()):
                    self.faults.append(f"{payload.player_name} entered {room} before leaving elsewhere")
                here.append(payload.player_id)
                if room == CLOSET and isinstance(payload, PlayerEntered) and len(here) > CLOSET_CAPACITY:
                    self.faults.append(f"{payload.player_name} walked into a full room")
            case PlayerLeft() | PlayerLeftGame():
                if payload.player_id not in here:
                    self.faults.append(f"{payload.player_name} left {room} without being there")
                else:
                    here.remove(payload.player_id)
            case RoomOccupants():
                listed = [one.id for one in payload.players]
                if sorted(listed) != sorted(here):
                    self.faults.append(f"occupants of {room} are {listed}, events say {here}")

    def is_present(self, who: int) -> bool:
        return self.kit.present.get(self.people[who].character_id) is not None

    @rule(moves=st.lists(MOVE, min_size=1, max_size=12))
    def walk_at_once(self, moves: Sequence[tuple[int, str, bool]]) -> None:
        """All at the same time; some callers are cancelled at once."""
        self.walk_together(moves)

    def walk_together(self, moves: Sequence[tuple[int, str, bool]]) -> None:
        async def at_once() -> None:
            tasks = [
                (asyncio.create_task(self.kit.movement.move(self.people[who].character_id, way)), cancelled)
                for who, way, cancelled in moves
            ]
            await asyncio.sleep(0)
            for task, cancelled in tasks:
                if cancelled:
                    task.cancel()
            for result in await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True):
                assert not isinstance(result, Exception) or isinstance(result, Refused)
            await self.kit.settle()

        self.run(at_once())

    @rule(way=st.sampled_from(["east", "west", "north"]), repeats=st.integers(1, 2))
    def rush(self, way: str, repeats: int) -> None:
        """Everybody wants through the same way, some twice."""
        self.walk_together([(who, way, False) for who in range(PEOPLE)] * repeats)

    @rule(follower=WHO, leader=WHO)
    def follow(self, follower: int, leader: int) -> None:
        if self.is_present(follower) and self.is_present(leader):
            try:
                self.kit.company.follow(self.present(follower), self.present(leader))
            except Refused:
                pass

    @rule(who=WHO)
    def unfollow(self, who: int) -> None:
        if self.is_present(who):
            try:
                self.kit.company.unfollow(self.present(who))
            except Refused:
                pass

    @rule(who=WHO)
    def lose_the_line(self, who: int) -> None:
        self.run(self.tell(self.kit.presence.on_detached, who))

    @rule(who=WHO)
    def grace_over(self, who: int) -> None:
        self.run(self.tell(self.kit.presence.on_display_grace_over, who))

    @rule(who=WHO)
    def return_(self, who: int) -> None:
        self.run(self.tell(self.kit.presence.on_returned, who))

    async def tell(self, what: Callable[[CharacterId], None], who: int) -> None:
        """On the loop, as the hub does it."""
        what(self.people[who].character_id)
        await self.kit.settle()

    @rule(who=WHO, way=st.sampled_from(WAYS))
    def leave_while_walking(self, who: int, way: str) -> None:
        async def both() -> None:
            walking = asyncio.create_task(self.kit.movement.move(self.people[who].character_id, way))
            await asyncio.sleep(0)
            self.kit.realtime.end(self.people[who].character_id, "expired")
            await asyncio.gather(walking, return_exceptions=True)
            await self.kit.settle()

        self.run(both())

    @rule(who=WHO, way=st.sampled_from(WAYS))
    def doze_off_and_wake_while_walking(self, who: int, way: str) -> None:
        async def both() -> None:
            character_id = self.people[who].character_id
            walking = asyncio.create_task(self.kit.movement.move(character_id, way))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.kit.presence.on_detached(character_id)
            self.kit.presence.on_display_grace_over(character_id)
            await asyncio.gather(walking, return_exceptions=True)
            self.kit.presence.on_returned(character_id)
            await self.kit.settle()

        self.run(both())

    @rule(who=WHO, way=st.sampled_from(WAYS), pause=st.integers(0, 4))
    def leave_and_come_back_while_walking(self, who: int, way: str, pause: int) -> None:
        async def both() -> None:
            walking = asyncio.create_task(self.kit.movement.move(self.people[who].character_id, way))
            for _ in range(pause):
                await asyncio.sleep(0)
            self.kit.realtime.end(self.people[who].character_id, "expired")
            await self.enter_again(self.callers[who], self.people[who].character_id, who)
            await asyncio.gather(walking, return_exceptions=True)
            await self.kit.settle()

        self.run(both())

    @rule(who=WHO)
    def enter(self, who: int) -> None:
        """Again, or from another window."""
        self.run(self.enter_again(self.callers[who], self.people[who].character_id, who))

    @rule(who=WHO, way=st.sampled_from(WAYS))
    def enter_while_walking(self, who: int, way: str) -> None:
        async def both() -> None:
            walking = asyncio.create_task(self.kit.movement.move(self.people[who].character_id, way))
            await self.enter_again(self.callers[who], self.people[who].character_id, who)
            await asyncio.gather(walking, return_exceptions=True)
            await self.kit.settle()

        self.run(both())

    async def enter_again(self, caller: Caller, character_id: CharacterId, who: int) -> None:
        character = await self.kit.presence.choose(caller, character_id)
        self.kit.realtime.open(character_id, caller.account_id, caller.session_id)
        self.people[who] = await self.kit.presence.enter(caller, character, play_id=PlayId("again"))

    def present(self, who: int) -> Presence:
        found = self.kit.present.get(self.people[who].character_id)
        assert found is not None
        return found

    @invariant()
    def all_agrees(self) -> None:
        if not hasattr(self, "kit"):
            return
        assert self.faults == []
        self.run(self.kit.check())
        for room_id in self.kit.world.world.rooms:
            present = [one.character_id for one in self.kit.present.in_room(room_id)]
            assert sorted(self.shown.get(room_id, [])) == sorted(present)
            assert self.kit.movement.people_in(self.kit.world.world.rooms[room_id]) == len(present)

    def teardown(self) -> None:
        if hasattr(self, "kit"):
            logging.getLogger("mythgate.services").removeHandler(self.complaints)
            self.run(self.kit.settle())
            self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()


TestWalking = Walking.TestCase
TestWalking.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

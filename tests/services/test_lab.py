"""The protocol lab: who may look, for how long, and what is on record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.support.accounts import AccountsKit, accounts_kit
from tests.support.clock import FakeClock

from mythgate.backends.system import UuidIds
from mythgate.domain.accounts import Role
from mythgate.domain.errors import InvalidInput, NotFound, PermissionDenied, TooMany
from mythgate.domain.events import AdminEvent
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR
from mythgate.services.lab import LabConnection, LabPolicy, LabService, Line
from mythgate.services.ports import Store


@dataclass
class FakeLine:
    """A connection that says what the test wants."""

    about: LabConnection
    is_open: bool = True
    observers: list[Callable[[Line], None]] = field(default_factory=list)

    def watch(self, observer: Callable[[Line], None]) -> Callable[[], None]:
        self.observers.append(observer)
        return lambda: self.observers.remove(observer)

    def say(self, name: str) -> None:
        for observer in list(self.observers):
            observer({"direction": "c2s", "name": name, "size": 8})


@dataclass
class FakeDoor:
    lines: list[FakeLine]

    def connections(self) -> Iterator[FakeLine]:
        return iter(self.lines)


class Bench:
    def __init__(self, kit: AccountsKit) -> None:
        self.kit = kit
        policy = LabPolicy(most_bytes=2000, at_once=2)
        self.lab = LabService(store=kit.store, realtime=kit.realtime, clock=kit.clock, ids=UuidIds(), policy=policy)
        self.lines: list[FakeLine] = []
        self.lab.doors.append(FakeDoor(self.lines))

    def line(self, account_id: AccountId | None = None, name: str = "Ada") -> FakeLine:
        about = LabConnection(f"line {len(self.lines)}", "metaserver", "packets", "Aleph One", account_id, name, "a")
        self.lines.append(FakeLine(about))
        return self.lines[-1]


@pytest.fixture
async def bench(clock: FakeClock, store: Store) -> object:
    async with accounts_kit(clock, store) as kit:
        made = Bench(kit)
        yield made
        await made.lab.settle()


async def test_a_capture_from_begin_to_end(bench: Bench) -> None:
    admin, ada = await bench.kit.caller("Rosa", role=Role.ADMIN), await bench.kit.caller("Ada")
    line = bench.line(ada.account_id)
    assert [one.id for one in await bench.lab.connections(admin)] == ["line 0"]
    capture = await bench.lab.begin(admin, "line 0", " a bug ", seconds=60)
    line.say("login")
    line.say("room_broadcast")
    assert [json.loads(one)["name"] for one in capture.lines] == ["login", "room_broadcast"]
    assert json.loads(capture.lines[0])["at"] == bench.kit.clock.now().isoformat()
    assert await bench.lab.captures(admin) == [capture]
    bench.kit.pass_time(seconds=61)
    bench.lab.tick()
    assert (capture.ended_by, line.observers) == ("time", [])
    line.say("late")
    assert len(capture.lines) == 2
    await bench.lab.settle()
    acts = {one.action: one for one in await bench.kit.moderation.audit(OPERATOR, subject=ada.account_id)}
    assert acts["lab.capture_started"].actor == admin.account_id
    assert acts["lab.capture_started"].detail["reason"] == "a bug"
    assert acts["lab.capture_ended"].detail["lines"] == "2"
    told = [payload for _, payload in bench.kit.realtime.published if isinstance(payload, AdminEvent)]
    assert "Rosa looks into a connection of Ada." in [one.message for one in told]
    bench.kit.pass_time(minutes=61)
    bench.lab.tick()
    with pytest.raises(NotFound):
        await bench.lab.capture(admin, capture.id)


async def test_who_may_look_at_whom(bench: Bench) -> None:
    moderator = await bench.kit.caller("Mona", role=Role.MODERATOR)
    admin = await bench.kit.caller("Rosa", role=Role.ADMIN)
    other = await bench.kit.caller("Olga", role=Role.ADMIN)
    bench.line(other.account_id)
    own = bench.line(admin.account_id)
    guest = bench.line(None, "Guest")
    for refused in (
        bench.lab.connections(moderator),
        bench.lab.captures(moderator),
        bench.lab.begin(moderator, "line 2", "why not"),
        bench.lab.begin(admin, "line 0", "a colleague"),
    ):
        with pytest.raises(PermissionDenied):
            await refused
    assert own.observers == guest.observers == []
    await bench.lab.begin(admin, "line 1", "my own")
    await bench.lab.begin(admin, "line 2", "a guest")
    with pytest.raises(TooMany):
        await bench.lab.begin(OPERATOR, "line 0", "one more")


async def test_what_makes_no_sense(bench: Bench) -> None:
    bench.line()
    for reason, seconds in ((" ", None), ("x", 0), ("x", 10**6)):
        with pytest.raises(InvalidInput):
            await bench.lab.begin(OPERATOR, "line 0", reason, seconds=seconds)
    with pytest.raises(NotFound):
        await bench.lab.begin(OPERATOR, "line 9", "gone")


async def test_it_ends_by_itself(bench: Bench) -> None:
    first, second = bench.line(), bench.line()
    full = await bench.lab.begin(OPERATOR, "line 0", "size")
    for _ in range(100):
        first.say("x" * 100)
    assert full.ended_by == "size"
    assert full.size < 2400
    closed = await bench.lab.begin(OPERATOR, "line 1", "closed")
    bench.lab.tick()
    assert closed.is_running
    second.is_open = False
    bench.lab.tick()
    assert closed.ended_by == "closed"
    first.is_open = True
    stopped = await bench.lab.begin(OPERATOR, "line 0", "stopped")
    assert (await bench.lab.stop(OPERATOR, stopped.id)).ended_by == "stopped"
    assert (await bench.lab.stop(OPERATOR, stopped.id)).ended_by == "stopped"


async def test_following(bench: Bench) -> None:
    line = bench.line()
    capture = await bench.lab.begin(OPERATOR, "line 0", "look", seconds=30)
    heard: list[str] = []

    async def follow() -> None:
        async for batch in bench.lab.follow(capture, after=1):
            heard.extend(json.loads(one)["name"] for one in batch)

    line.say("before")
    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    line.say("one")
    line.say("two")
    await asyncio.sleep(0)
    line.say("three")
    bench.kit.clock.advance(timedelta(seconds=31))
    bench.lab.tick()
    await following
    assert heard == ["one", "two", "three"]


async def test_what_is_said_after_the_end_is_not_kept(bench: Bench) -> None:
    line = bench.line()
    capture = await bench.lab.begin(OPERATOR, "line 0", "look")
    (observer,) = line.observers
    await bench.lab.stop(OPERATOR, capture.id)
    observer({"direction": "c2s", "name": "late", "size": 1})
    assert capture.lines == []

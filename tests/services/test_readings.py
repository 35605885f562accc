"""What is measured, and what is warned of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.lobbies import LobbyKit

from mythgate.domain.accounts import Role
from mythgate.domain.errors import PermissionDenied
from mythgate.domain.hosting import GameFacts
from mythgate.domain.permissions import PERMISSIONS, Permission
from mythgate.domain.secondfactors import SecondFactor
from mythgate.domain.sessions import OPERATOR
from mythgate.services.lookout import (
    ClockWatch,
    DoorFacts,
    LookoutPolicy,
    LookoutService,
    Severity,
    Warned,
    watch_backups,
    watch_disk,
    watch_doors,
    watch_points,
    watch_policy,
    watch_staff,
)
from mythgate.services.ports import Store
from mythgate.services.readings import KEPT, Point, ReadingService, Totals

POLICY = LookoutPolicy()


@pytest.fixture
def kit(clock: FakeClock, store: Store) -> LobbyKit:
    return LobbyKit(clock, store)


def readings_of(kit: LobbyKit) -> ReadingService:
    return ReadingService(store=kit.store, presence=kit.presence, lobbies=kit.lobbies, clock=kit.clock)


def a_point(now: datetime, **fields: Any) -> Point:
    given: dict[str, Any] = {
        "at": now,
        "players": 0,
        "messages": 0.0,
        "deliveries": 0.0,
        "latency_p99": 0.0,
        "loop_lag_p99": 0.0,
        "loop_lag_max": 0.0,
        "refusals": {},
        "errors": 0.0,
        "memory_bytes": 0,
        "waiting_writes": 0,
    }
    return Point(**given | fields)


# --- readings ----------------------------------------------------------------------------------------


async def test_a_point_is_the_difference_to_the_one_before(kit: LobbyKit) -> None:
    readings = readings_of(kit)
    counted = [
        Totals(messages=100, deliveries=1000, refusals={"muted": 4, "not_here": 7}, errors=1),
        Totals(200, 2000, {"muted": 9, "not_here": 7, "full": 1}, 2, memory_bytes=5, waiting_writes=3),
    ]
    readings.totals = lambda: counted[0]
    readings.latency.observe(9.0)  # before the first point
    seen: list[Point] = []
    readings.on_measured(seen.append)
    readings.measure()
    assert (seen, list(readings.points)) == ([], [])
    kit.clock.advance(timedelta(seconds=10))
    readings.totals = lambda: counted[1]
    for _ in range(100):
        readings.latency.observe(0.004)
        readings.lag.observe(0.0001)
    readings.lag.observe(0.3)
    await kit.enter("Ada", browser=True)
    readings.measure()
    (point,) = seen
    assert (point.messages, point.deliveries, point.errors, point.players) == (10.0, 100.0, 0.1, 1)
    assert point.refusals == {"full": 0.1, "muted": 0.5}
    assert (point.memory_bytes, point.waiting_writes) == (5, 3)
    assert 2.5 < point.latency_p99 <= 5
    assert point.loop_lag_p99 < 1 < 250 < point.loop_lag_max
    assert await readings.series(OPERATOR) == [point]


async def test_the_series_is_bounded_and_time_does_not_stand_still(kit: LobbyKit) -> None:
    readings = readings_of(kit)
    for _ in range(KEPT + 20):
        readings.measure()
        kit.clock.advance(timedelta(seconds=10))
    readings.measure()
    readings.measure()  # no time has passed
    assert len(readings.points) == KEPT


async def test_everybody_is_counted_once(kit: LobbyKit) -> None:
    readings = readings_of(kit)
    assert await readings.now(OPERATOR) == (readings.head(), None)
    await kit.enter("Ada", browser=True)
    await kit.visitor("Ben", browser=True)
    host = kit.enter_guest()
    facts = GameFacts("Mars", "Mars Needs Women", "king of the hill", players=1, max_players=8)
    kit.hosting.announce(host.visitor.listener, address="192.0.2.7", port=4226, facts=facts)
    readings.totals = lambda: Totals(connections={"metaserver": 1, "http": 2})
    head = readings.head()
    assert (head.players, head.in_world, head.in_lobbies) == (3, 2, 2)
    assert (head.by_door, head.games, head.games_by_door) == ({"http": 2, "metaserver": 1}, 1, {"metaserver": 1})
    assert (head.rooms, head.lobbies, head.connections) == (1, 1, {"http": 2, "metaserver": 1})


@pytest.mark.parametrize("role", list(Role))
async def test_who_may_see_it(kit: LobbyKit, role: Role) -> None:
    caller = kit.caller(await kit.visitor("Somebody", role=role))
    lookout = LookoutService(store=kit.store, clock=kit.clock)
    readings = readings_of(kit)
    for act in (readings.now, readings.series, lookout.seen_by):
        if Permission.SEE_CONSOLE in PERMISSIONS[role]:
            await act(caller)
        else:
            with pytest.raises(PermissionDenied):
                await act(caller)


# --- warnings ----------------------------------------------------------------------------------------


def codes(check: Callable[[], Iterable[Warned]]) -> dict[str, Severity]:
    return {one.code: one.severity for one in check()}


def test_what_the_last_minute_says(clock: FakeClock) -> None:
    points: list[Point] = []
    check = watch_points(lambda: points, POLICY)
    assert codes(check) == {}
    points.append(a_point(clock.now(), loop_lag_p99=500.0, errors=50.0, waiting_writes=1000))
    assert set(codes(check)) == {"loop_lag", "errors", "database_queue"}
    points.append(a_point(clock.now(), loop_lag_p99=1.0))
    assert set(codes(check)) == {"loop_lag", "errors"}
    points += [a_point(clock.now()) for _ in range(6)]
    assert codes(check) == {}


@pytest.mark.parametrize(
    ("free", "severity"), [(2**40, None), (100 * 2**20, Severity.WARNING), (2**20, Severity.PROBLEM)]
)
def test_a_disk_that_fills_up(free: int, severity: Severity | None) -> None:
    assert codes(watch_disk(lambda: free, POLICY)).get("disk") is severity


def test_a_clock_that_jumps_is_told_of_for_a_while(clock: FakeClock) -> None:
    watch = ClockWatch(clock, POLICY)
    assert codes(watch) == {}
    clock.advance(timedelta(seconds=10))
    assert codes(watch) == {}
    clock._now += timedelta(hours=1)  # what no clock of ours does by itself
    (forward,) = watch()
    assert (forward.code, "forward by 3600 s" in forward.message) == ("clock", True)
    clock.advance(POLICY.clock_jump_told - timedelta(seconds=1))
    assert set(codes(watch)) == {"clock"}
    clock.advance(timedelta(seconds=1))
    assert codes(watch) == {}
    clock._now -= timedelta(minutes=1)
    (back,) = watch()
    assert "back by 60 s" in back.message


def test_doors_that_should_be_open() -> None:
    doors = [
        DoorFacts("http", True, True, "here", "http.enabled = false"),
        DoorFacts("metaserver", True, False, "127.0.0.1:6321", "metaserver.enabled = false"),
        DoorFacts("shards", False, False, "there", "shards.enabled = false"),
    ]
    (closed,) = watch_doors(lambda: doors)()
    assert closed.code == "door_metaserver"
    assert "127.0.0.1:6321" in closed.message
    assert "metaserver.enabled = false" in closed.fix


def test_closed_registration_is_a_notice() -> None:
    assert codes(watch_policy(lambda: True, lambda: True)) == {}
    (with_guests,) = watch_policy(lambda: False, lambda: True)()
    (without,) = watch_policy(lambda: False, lambda: False)()
    assert with_guests.severity is without.severity is Severity.NOTICE
    assert ("guests" in with_guests.meaning, "guests" in without.meaning) == (True, False)


async def test_owners_and_their_second_factor(kit: LobbyKit) -> None:
    check = watch_staff(kit.store)

    async def told() -> dict[str, str]:
        return {one.code: one.message for one in await check()}

    assert set(await told()) == {"no_owner"}
    owner = await kit.account("Olga", role=Role.OWNER)
    admin = await kit.account("Adam", role=Role.ADMIN)
    await kit.account("Mo", role=Role.MODERATOR)
    assert await told() == {"second_factor": "2 owners and admins have no second factor."}
    now = kit.clock.now()
    await kit.store.write(lambda tx: tx.second_factors.save(SecondFactor(owner.id, b"sealed", now, now)))
    await kit.store.write(lambda tx: tx.second_factors.save(SecondFactor(admin.id, b"sealed", now)))  # not confirmed
    assert await told() == {"second_factor": "One owner or admin has no second factor."}
    await kit.store.write(lambda tx: tx.second_factors.save(SecondFactor(admin.id, b"sealed", now, now)))
    assert await told() == {}


async def test_a_backup_that_is_missing_or_old(clock: FakeClock) -> None:
    made: list[datetime] = []

    async def newest() -> datetime | None:
        return made[-1] if made else None

    check = watch_backups(newest, clock, POLICY)
    assert [one.message for one in await check()] == ["There is no backup."]
    made.append(clock.now())
    clock.advance(POLICY.backup_age)
    assert list(await check()) == []
    clock.advance(timedelta(days=1))
    assert [one.message for one in await check()] == ["The newest backup is 3 days old."]


async def test_a_warning_has_a_beginning_is_logged_once_and_goes(
    kit: LobbyKit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mythgate.services.lookout")
    lookout = LookoutService(store=kit.store, clock=kit.clock)
    holds = {"disk": Severity.WARNING, "closed": Severity.NOTICE}
    lookout.checks.append(lambda: [Warned(code, severity, "m", "w", "f") for code, severity in holds.items()])

    async def slowly() -> list[Warned]:
        return [Warned("late", Severity.PROBLEM, "m", "w", "f")]

    lookout.slow_checks.append(slowly)
    began = kit.clock.now()
    lookout.look()
    kit.clock.advance(timedelta(seconds=10))
    await lookout.look_closely()
    found = await lookout.seen_by(OPERATOR)
    assert [(one.code, one.since) for one in found] == [
        ("late", kit.clock.now()),
        ("disk", began),
        ("closed", began),
    ]
    lookout.look()
    assert [one.code for one in lookout.warnings] == ["late", "disk", "closed"]  # what takes longer still holds
    holds.clear()
    lookout.look()
    assert [one.code for one in lookout.warnings] == ["late"]
    told = [(record.message, vars(record)["warning"]) for record in caplog.records]
    assert told[:2] == [("warning", "disk"), ("warning", "late")]
    assert sorted(told[2:]) == [("warning is over", "closed"), ("warning is over", "disk")]


async def test_a_check_that_fails_keeps_no_other_from_being_asked(
    kit: LobbyKit, caplog: pytest.LogCaptureFixture
) -> None:
    lookout = LookoutService(store=kit.store, clock=kit.clock)

    def broken() -> list[Warned]:
        raise RuntimeError("broken on purpose")

    async def slowly_broken() -> list[Warned]:
        raise RuntimeError("broken on purpose")

    lookout.checks.extend([broken, lambda: [Warned("disk", Severity.WARNING, "m", "w", "f")]])
    lookout.slow_checks.append(slowly_broken)
    await lookout.look_closely()
    assert [one.code for one in lookout.warnings] == ["disk"]
    failed = [vars(record)["check"] for record in caplog.records if record.message == "a check failed"]
    assert failed == ["slowly_broken", "broken"]

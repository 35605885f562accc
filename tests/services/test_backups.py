"""Backups as use cases: who may, when one is due, what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from tests.support.accounts import AccountsKit, accounts_kit
from tests.support.clock import START, FakeClock

from mythgate.domain.accounts import Role
from mythgate.domain.backups import Backup, BackupFile, Keep, Progress, Reason, file_name
from mythgate.domain.errors import Conflict, NotFound, PermissionDenied, Unavailable
from mythgate.domain.sessions import OPERATOR
from mythgate.services.backups import AGAIN_AFTER, BackupPolicy, BackupService
from mythgate.services.ports import Store

DAY = timedelta(days=1)


class Shelf:
    """The `BackupStore` port, in memory; `fault` is what making one runs into."""

    def __init__(self, clock: FakeClock) -> None:
        self.kept: dict[str, Backup] = {}
        self.damaged: set[str] = set()
        self.fault: Exception | None = None
        self.gate: asyncio.Event | None = None
        self._clock = clock

    def put(self, taken_at: datetime, reason: Reason) -> tuple[str, Backup]:
        made = Backup(taken_at, reason, "1", "0007", "SQLite", {"accounts": 3}, 0, [], 100)
        name = file_name(taken_at, reason)
        self.kept[name] = made
        return name, made

    async def make(self, reason: Reason, progress: Progress) -> tuple[str, Backup]:
        progress.begin("writing rows", 3)
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return self.put(self._clock.now(), reason)

    async def all(self) -> Sequence[BackupFile]:
        files = [BackupFile(name, one.taken_at, one.reason, one.size) for name, one in self.kept.items()]
        return sorted(files, key=lambda one: one.taken_at, reverse=True)

    async def about(self, name: str) -> Backup:
        if name in self.damaged:
            raise Unavailable("It cannot be read.")
        if name not in self.kept:
            raise NotFound
        return self.kept[name]

    async def verify(self, name: str, progress: Progress) -> Sequence[str]:
        await self.about(name)
        progress.advance(1)
        return []

    async def remove(self, name: str) -> None:
        del self.kept[name]


@pytest.fixture
async def kit(clock: FakeClock, store: Store) -> AsyncIterator[AccountsKit]:
    async with accounts_kit(clock, store) as made:
        yield made


@pytest.fixture
def shelf(clock: FakeClock) -> Shelf:
    return Shelf(clock)


def service(kit: AccountsKit, shelf: Shelf, policy: BackupPolicy | None = None) -> BackupService:
    return BackupService(store=kit.store, files=shelf, clock=kit.clock, policy=policy or BackupPolicy())


async def test_one_that_was_asked_for_is_recorded(kit: AccountsKit, shelf: Shelf) -> None:
    backups = service(kit, shelf)
    name, made = await backups.create(OPERATOR)
    assert made.reason is Reason.ASKED
    (act,) = await kit.store.read(lambda tx: tx.moderation.audit(subject=name))
    assert (act.actor, act.action) == ("cli", "backup.made")
    assert act.detail["rows"] == "3"
    told = await backups.overview(OPERATOR)
    assert [one.name for one in told.files] == [name]
    assert told.due_at == made.taken_at + DAY
    assert (backups.stats.made, backups.stats.newest) == (1, made)
    assert await backups.about(OPERATOR, name) == made
    assert await backups.verify(OPERATOR, name) == []


@pytest.mark.parametrize("role", [role for role in Role if not role.includes(Role.ADMIN)])
async def test_only_who_may_back_up_may(role: Role, kit: AccountsKit, shelf: Shelf) -> None:
    caller = (await kit.register("Anna")).caller
    if role is not Role.PLAYER:
        await kit.accounts.set_role(OPERATOR, caller.account_id, role)
    backups = service(kit, shelf)
    for refused in (
        backups.overview(caller),
        backups.create(caller),
        backups.prune(caller),
        backups.about(caller, "x"),
        backups.verify(caller, "x"),
    ):
        with pytest.raises(PermissionDenied):
            await refused
    assert shelf.kept == {}


async def test_an_admin_may(kit: AccountsKit, shelf: Shelf) -> None:
    caller = (await kit.register("Anna")).caller
    await kit.accounts.set_role(OPERATOR, caller.account_id, Role.ADMIN)
    name, _ = await service(kit, shelf).create(caller)
    (act,) = await kit.store.read(lambda tx: tx.moderation.audit(subject=name))
    assert act.actor == caller.account_id


async def test_one_at_a_time(kit: AccountsKit, shelf: Shelf) -> None:
    backups = service(kit, shelf)
    shelf.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(backups.create(OPERATOR))
        running = (await backups.overview(OPERATOR)).running
        while running is None or not running.doing:
            await asyncio.sleep(0)
            running = (await backups.overview(OPERATOR)).running
        assert (running.doing, running.total) == ("writing rows", 3)
        with pytest.raises(Conflict):
            await backups.create(OPERATOR)
        kit.clock.advance(2 * DAY)
        await backups.tick()
        shelf.gate.set()
    assert list(shelf.kept) == [first.result()[0]]
    assert (await backups.overview(OPERATOR)).running is None


async def test_the_schedule_makes_one_soon_and_then_each_day(kit: AccountsKit, shelf: Shelf) -> None:
    backups = service(kit, shelf, BackupPolicy(keep=Keep(2, 0, 0)))
    await backups.tick()
    assert shelf.kept == {}
    kit.clock.advance(timedelta(hours=1))
    await backups.tick()
    await backups.tick()
    assert [one.reason for one in shelf.kept.values()] == [Reason.SCHEDULED]
    for _ in range(3):
        kit.clock.advance(DAY)
        await backups.tick()
    moments = [one.taken_at for one in shelf.kept.values()]
    assert moments == [START + timedelta(hours=1) + count * DAY for count in (2, 3)]
    pruned = await kit.store.read(lambda tx: tx.moderation.audit(subject="backups"))
    assert [(one.actor, one.action, one.detail["keep"]) for one in pruned] == 2 * [
        ("system", "backup.pruned", "2d 0w 0m")
    ]


async def test_one_from_the_future_stands_in_nobodys_way(kit: AccountsKit, shelf: Shelf) -> None:
    shelf.put(START + 1000 * DAY, Reason.SCHEDULED)
    backups = service(kit, shelf)
    kit.clock.advance(timedelta(hours=1))
    await backups.tick()
    assert backups.stats.made == 1


async def test_never_means_never(kit: AccountsKit, shelf: Shelf) -> None:
    backups = service(kit, shelf, BackupPolicy(every=timedelta(0)))
    kit.clock.advance(100 * DAY)
    await backups.tick()
    assert shelf.kept == {}
    assert (await backups.overview(OPERATOR)).due_at is None


async def test_a_failure_is_told_and_tried_again_later(
    kit: AccountsKit, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    backups = service(kit, shelf)
    kit.clock.advance(DAY)
    shelf.fault = Unavailable("The disk is full.")
    await backups.tick()
    await backups.tick()
    assert (backups.stats.failed, backups.stats.failure) == (1, "The disk is full.")
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == ["scheduled backup failed"]
    assert (await backups.overview(OPERATOR)).failure == "The disk is full."
    shelf.fault = None
    kit.clock.advance(AGAIN_AFTER)
    await backups.tick()
    assert (backups.stats.made, backups.stats.failure) == (1, "")
    shelf.fault = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        await backups.create(OPERATOR)
    assert backups.stats.failure == "The backup failed; see the log."


async def test_the_newest_is_the_newest_that_can_be_read(kit: AccountsKit, shelf: Shelf) -> None:
    backups = service(kit, shelf)
    assert await backups.newest_at() is None
    old, _ = shelf.put(START - DAY, Reason.ASKED)
    new, _ = shelf.put(START, Reason.ASKED)
    assert await backups.newest_at() == START
    shelf.damaged.add(new)
    assert await backups.newest_at() == START - DAY
    shelf.damaged.add(old)
    assert await backups.newest_at() is None


async def test_pruning_can_be_tried_first(kit: AccountsKit, shelf: Shelf) -> None:
    backups = service(kit, shelf)
    names = [shelf.put(START - timedelta(hours=count), Reason.ASKED)[0] for count in range(4)]
    told = await backups.prune(OPERATOR, Keep(1, 0, 0), dry_run=True)
    assert [one.name for one in told] == names[:0:-1]
    assert len(shelf.kept) == 4
    assert await backups.prune(OPERATOR, Keep(1, 0, 0)) == told
    assert list(shelf.kept) == names[:1]
    (act,) = await kit.store.read(lambda tx: tx.moderation.audit(subject="backups"))
    assert act.detail["before"] == ", ".join(names[:0:-1])
    assert await backups.prune(OPERATOR) == []

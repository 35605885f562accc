"""What an operator should know before people complain: warnings, each with what it means and what mends it.

Nothing here is mended by itself, and nothing is told twice: a warning has a beginning, is logged then, and goes when
what it was about is over.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Store, Transaction
from mythgate.services.readings import Point

log = logging.getLogger(__name__)

RECENT: Final = 6  # points that are looked at: a minute


class Severity(StrEnum):
    NOTICE = "notice"  # so it is, and it may be meant
    WARNING = "warning"  # it will hurt
    PROBLEM = "problem"  # it hurts now


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning. `fix` is a command or a setting; `since` is set when it is first seen."""

    code: str
    severity: Severity
    message: str  # what is the case
    meaning: str  # what follows from it
    fix: str
    since: datetime | None = None


Check = Callable[[], Iterable[Warned]]
SlowCheck = Callable[[], Awaitable[Iterable[Warned]]]


@dataclass(frozen=True, slots=True)
class LookoutPolicy:
    """From when on something is worth a warning."""

    loop_lag: float = 100.0  # milliseconds
    error_rate: float = 0.1  # a second
    waiting_writes: int = 200
    free_bytes: int = 500 * 2**20
    hardly_any_bytes: int = 50 * 2**20
    clock_jump: timedelta = timedelta(seconds=5)
    clock_jump_told: timedelta = timedelta(minutes=10)
    backup_age: timedelta = timedelta(days=2)


class LookoutService:
    """The warnings that hold. `checks` are asked at every look, `slow_checks`, which may read rows, now and then."""

    def __init__(self, *, store: Store, clock: Clock, policy: LookoutPolicy | None = None) -> None:
        self.policy: Final = policy if policy is not None else LookoutPolicy()
        self.checks: Final[list[Check]] = []
        self.slow_checks: Final[list[SlowCheck]] = []
        self._store = store
        self._clock = clock
        self._slow: Sequence[Warned] = ()
        self._warned: dict[str, Warned] = {}

    @property
    def warnings(self) -> Sequence[Warned]:
        """Those that hold, the worst first, then the oldest."""
        order = [Severity.PROBLEM, Severity.WARNING, Severity.NOTICE]
        return sorted(self._warned.values(), key=lambda one: (order.index(one.severity), one.since or _NEVER, one.code))

    async def seen_by(self, caller: Caller) -> Sequence[Warned]:
        """As `warnings`. Raises PermissionDenied."""
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_CONSOLE))
        return self.warnings

    def look(self) -> None:
        """Ask what is quick to know."""
        self._take([*self._ask(), *self._slow])

    async def look_closely(self) -> None:
        """Ask all."""
        found: list[Warned] = []
        for check in self.slow_checks:
            try:
                found.extend(await check())
            except Exception:
                log.exception("a check failed", extra={"check": getattr(check, "__name__", "")})
        self._slow = found
        self.look()

    def _ask(self) -> Iterator[Warned]:
        for check in self.checks:
            try:
                yield from check()
            except Exception:
                log.exception("a check failed", extra={"check": getattr(check, "__name__", "")})

    def _take(self, found: Iterable[Warned]) -> None:
        now, before = self._clock.now(), self._warned
        self._warned = {}
        for one in found:
            known = before.get(one.code)
            since = known.since if known is not None else now
            self._warned[one.code] = replace(one, since=since)
            if known is None and one.severity is not Severity.NOTICE:
                log.warning("warning", extra={"warning": one.code, "what": one.message})
        for code in before.keys() - self._warned.keys():
            log.info("warning is over", extra={"warning": code})


_NEVER: Final = datetime.min.replace(tzinfo=UTC)


# --- checks ------------------------------------------------------------------------------------------


def watch_points(points: Callable[[], Sequence[Point]], policy: LookoutPolicy) -> Check:
    """What the series of the last minute says."""

    def check() -> Iterator[Warned]:
        recent = list(points())[-RECENT:]
        if not recent:
            return
        lag = max(point.loop_lag_p99 for point in recent)
        if lag > policy.loop_lag:
            yield Warned(
                "loop_lag",
                Severity.WARNING,
                f"The server is {lag:.0f} ms late with what is due.",
                "Everybody waits that much longer for every answer: the processor is busy, or something blocks.",
                "mythgate doctor   (then give the machine another core, or lower limits.connections)",
            )
        errors = sum(point.errors for point in recent) / len(recent)
        if errors > policy.error_rate:
            yield Warned(
                "errors",
                Severity.PROBLEM,
                f"There are {errors:.2g} faults of the server a second.",
                "People are answered “Something went wrong on our side”. It is a bug, or a part of the machine fails.",
                "mythgate logs --level error   (tell the makers what it says)",
            )
        waiting = recent[-1].waiting_writes
        if waiting > policy.waiting_writes:
            yield Warned(
                "database_queue",
                Severity.PROBLEM,
                f"{waiting} changes wait for the database.",
                "What people do is saved late, and refused when too much waits.",
                'mythgate doctor   (a faster disk for data_dir, or database.synchronous = "normal")',
            )

    return check


def watch_disk(free_bytes: Callable[[], int], policy: LookoutPolicy) -> Check:
    """Room on the disk of the data folder."""

    def check() -> Iterator[Warned]:
        free = free_bytes()
        if free < policy.free_bytes:
            yield Warned(
                "disk",
                Severity.PROBLEM if free < policy.hardly_any_bytes else Severity.WARNING,
                f"The disk of the data folder has {free // 2**20} MiB left.",
                "When it is full nothing can be saved any more, and all changes are refused.",
                "make room, or lower lobbies.film_megabytes and move old backups away",
            )

    return check


class ClockWatch:
    """Whether the machine's clock jumped: whoever measured time by it is wrong by that much."""

    def __init__(self, clock: Clock, policy: LookoutPolicy) -> None:
        self._clock = clock
        self._policy = policy
        self._last: tuple[datetime, float] | None = None
        self._jump: tuple[datetime, timedelta] | None = None  # when it was seen, and how far

    def __call__(self) -> Iterator[Warned]:
        """Look, and tell of a jump for a while."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        if self._last is not None:
            jump = (now - self._last[0]) - timedelta(seconds=monotonic - self._last[1])
            if abs(jump) > self._policy.clock_jump:
                self._jump = now, jump
        self._last = now, monotonic
        if self._jump is None:
            return
        seen, jump = self._jump
        if not timedelta(0) <= now - seen < self._policy.clock_jump_told:
            self._jump = None
            return
        where = "forward" if jump > timedelta(0) else "back"
        yield Warned(
            "clock",
            Severity.WARNING,
            f"The machine's clock jumped {where} by {abs(jump).total_seconds():.0f} s.",
            "Sessions, bans and tournaments begin or end at the wrong moment.",
            "timedatectl set-ntp true   (have the machine keep time by the network)",
        )


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """Whether a door is open that should be; where, and the setting that closes it on purpose."""

    name: str
    should_be_open: bool
    is_open: bool
    place: str
    setting: str


def watch_doors(doors: Callable[[], Iterable[DoorFacts]]) -> Check:
    """Doors that should be open and are not."""

    def check() -> Iterator[Warned]:
        for door in doors():
            if door.should_be_open and not door.is_open:
                yield Warned(
                    f"door_{door.name}",
                    Severity.WARNING,
                    f"The {door.name} door is closed: {door.place} could not be opened.",
                    "Its clients cannot come in. Most often another program has the port.",
                    f"mythgate doctor   (then restart; {door.setting} closes it on purpose)",
                )

    return check


def watch_policy(registration_open: Callable[[], bool], guests: Callable[[], bool]) -> Check:
    """What may be meant, and is easily forgotten."""

    def check() -> Iterator[Warned]:
        if not registration_open():
            yield Warned(
                "registration_closed",
                Severity.NOTICE,
                "Nobody can make an account.",
                "New people are turned away" + (", but for guests." if guests() else "."),
                "mythgate config set sessions.registration open",
            )

    return check


def watch_staff(store: Store) -> SlowCheck:
    """Whether somebody owns the server, and whether those who may do all prove it with two things."""

    def work(tx: Transaction) -> tuple[bool, int]:
        found = [tx.accounts.search(role=role, limit=_MOST_STAFF) for role in (Role.OWNER, Role.ADMIN)]
        owners, admins = ([one for one in some if one.status is AccountStatus.ACTIVE] for some in found)
        return bool(owners), sum(not tx.second_factors.is_enrolled(one.id) for one in (*owners, *admins))

    async def check() -> Iterator[Warned]:
        return _about_staff(*await store.read(work))

    return check


def _about_staff(has_owner: bool, bare: int) -> Iterator[Warned]:
    if not has_owner:
        yield Warned(
            "no_owner",
            Severity.WARNING,
            "Nobody owns this server yet.",
            "Whoever opens the link that it printed at its start becomes its owner.",
            "mythgate user role NAME owner",
        )
    if bare:
        who = "One owner or admin has" if bare == 1 else f"{bare} owners and admins have"
        yield Warned(
            "second_factor",
            Severity.WARNING,
            f"{who} no second factor.",
            "Who learns the password of one of them can do much harm.",
            "in the browser, each for themselves: /admin/factor",
        )


_MOST_STAFF: Final = 200


def watch_backups(newest: Callable[[], Awaitable[datetime | None]], clock: Clock, policy: LookoutPolicy) -> SlowCheck:
    """Whether there is a backup that is not old. `newest` says when the newest was made that can be read."""

    async def check() -> list[Warned]:
        made = await newest()
        if made is not None and clock.now() - made <= policy.backup_age:
            return []
        how = "There is no backup." if made is None else f"The newest backup is {(clock.now() - made).days} days old."
        return [
            Warned(
                "backup",
                Severity.WARNING,
                how,
                "What happened since is lost if the disk fails.",
                "mythgate backup create",
            )
        ]

    return check

"""The protocol lab: staff looks at what one connection sends and is sent, while it happens.

A door that can be looked into offers its connections (`LabDoor`), decodes what passes, and leaves out what nobody may
see: passwords, tokens, and what people say to each other in private. Captures are bounded in time and size, and stand
on record about whom they are about. A connection that nobody looks at pays nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from mythgate.domain.errors import InvalidInput, NotFound, TooMany
from mythgate.domain.events import AdminEvent, event_of
from mythgate.domain.ids import STAFF_TOPIC, AccountId
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require, require_authority
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.errands import Errands
from mythgate.services.ports import Clock, Ids, Realtime, Store, Transaction

REASON_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class LabPolicy:
    """How much is looked at."""

    seconds: int = 300
    longest: int = 3600
    most_bytes: int = 2 * 1024 * 1024  # of lines, in memory
    most_lines: int = 20_000
    at_once: int = 4
    kept: timedelta = timedelta(hours=1)  # after the end


@dataclass(frozen=True, slots=True)
class LabConnection:
    """A connection that could be looked into."""

    id: str
    door: str
    form: str  # "packets" or "json"
    client: str
    account_id: AccountId | None  # None: a guest of the old clients, or nobody yet
    name: str
    address: str
    is_encrypted: bool = False


Line = Mapping[str, Any]
"""One packet or frame, as a line of a file has it: `direction`, `name`, `size`, and what it says."""


class Watchable(Protocol):
    """A connection, as its door offers it."""

    @property
    def about(self) -> LabConnection: ...
    @property
    def is_open(self) -> bool: ...

    def watch(self, observer: Callable[[Line], None]) -> Callable[[], None]:
        """Have `observer` told of all that passes from now on, until what is returned is called. Somebody who looks
        at a connection that is looked at already takes its place."""


class LabDoor(Protocol):
    """A door whose connections can be looked into."""

    def connections(self) -> Iterable[Watchable]: ...


@dataclass(slots=True, eq=False)
class Capture:
    """What was seen on one connection."""

    id: str
    about: LabConnection
    by: Caller
    by_name: str
    reason: str
    started_at: datetime
    ends_at: datetime
    lines: list[str] = field(default_factory=list)  # JSON
    size: int = 0
    ended_at: datetime | None = None
    ended_by: str = ""  # time, size, closed, stopped
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_running(self) -> bool:
        return self.ended_at is None


@dataclass(slots=True)
class _Running:
    capture: Capture
    watched: Watchable
    stop: Callable[[], None]


class LabService:
    """Use cases of the lab. `doors` are added by whoever opens them."""

    def __init__(
        self, *, store: Store, realtime: Realtime, clock: Clock, ids: Ids, policy: LabPolicy | None = None
    ) -> None:
        self.policy: Final = policy if policy is not None else LabPolicy()
        self.doors: Final[list[LabDoor]] = []
        self._store = store
        self._realtime = realtime
        self._clock = clock
        self._ids = ids
        self._captures: dict[str, Capture] = {}  # oldest first
        self._running: dict[str, _Running] = {}
        self._errands = Errands("lab")

    async def connections(self, caller: Caller) -> list[LabConnection]:
        """All that could be looked into, by door. Raises PermissionDenied."""
        await self._require(caller)
        return [watched.about for door in self.doors for watched in door.connections()]

    async def begin(self, caller: Caller, connection_id: str, reason: str, *, seconds: int | None = None) -> Capture:
        """Look into a connection from now on. It stands on record, and the staff is told.

        Raises:
            PermissionDenied: the caller may not, or does not stand above whom it is about.
            InvalidInput: no reason is given, or the time makes no sense.
            NotFound: there is no such connection (any more).
            TooMany: as many are looked into as may be.

        """
        reason = reason.strip()[:REASON_LENGTH]
        if not reason:
            raise InvalidInput("Say why.", field="reason", hint="It stands on record with the capture.")
        seconds = self.policy.seconds if seconds is None else seconds
        if not 0 < seconds <= self.policy.longest:
            raise InvalidInput(f"A capture lasts 1 to {self.policy.longest} seconds.", field="seconds")
        watched = self._find(connection_id)
        about, now = watched.about, self._clock.now()
        capture = Capture(self._ids.new(), about, caller, caller.name, reason, now, now + timedelta(seconds=seconds))

        def work(tx: Transaction) -> None:
            rights = role_within(tx, caller)
            require(rights, Permission.CAPTURE)
            if about.account_id is not None and about.account_id != caller.account_id:
                require_authority(rights, tx.accounts.require(about.account_id).role, Permission.CAPTURE)
            if len(self._running) >= self.policy.at_once:
                raise TooMany(f"{self.policy.at_once} connections are looked into already.", hint="End one of them.")
            self._record(tx, capture, "lab.capture_started", until=capture.ends_at.isoformat(), reason=reason)

        def then(_: None) -> None:
            self._captures[capture.id] = capture
            self._running[capture.id] = _Running(capture, watched, watched.watch(lambda line: self._saw(capture, line)))
            event = AdminEvent(
                "lab.capture_started", about.account_id or "", f"{caller.name} looks into a connection of {about.name}."
            )
            self._realtime.publish(STAFF_TOPIC, event_of(event, now))

        await self._store.write(work, then=then)
        return capture

    def _find(self, connection_id: str) -> Watchable:
        for door in self.doors:
            for watched in door.connections():
                if watched.about.id == connection_id:
                    return watched
        raise NotFound("There is no such connection any more.")

    async def captures(self, caller: Caller) -> list[Capture]:
        """Those that run and those that ended lately, newest first. Raises PermissionDenied."""
        await self._require(caller)
        return list(reversed(self._captures.values()))

    async def capture(self, caller: Caller, capture_id: str) -> Capture:
        """One of them. Raises PermissionDenied, NotFound."""
        await self._require(caller)
        capture = self._captures.get(capture_id)
        if capture is None:
            raise NotFound("There is no such capture (any more).")
        return capture

    async def stop(self, caller: Caller, capture_id: str) -> Capture:
        """Look no more. Raises PermissionDenied, NotFound."""
        capture = await self.capture(caller, capture_id)
        self._end(capture, "stopped")
        return capture

    async def follow(self, capture: Capture, after: int = 0) -> AsyncIterator[Sequence[str]]:
        """The lines from number `after` on, in batches as they come, until the capture has ended."""
        while True:
            news = capture.news
            if after < len(capture.lines):
                batch = capture.lines[after:]
                after += len(batch)
                yield batch
            elif not capture.is_running:
                return
            else:
                await news.wait()

    def tick(self) -> None:
        """End what is over, forget what is old. Call it every second."""
        now = self._clock.now()
        for running in list(self._running.values()):
            if now >= running.capture.ends_at:
                self._end(running.capture, "time")
            elif not running.watched.is_open:
                self._end(running.capture, "closed")
        for capture in list(self._captures.values()):
            if capture.ended_at is not None and now - capture.ended_at >= self.policy.kept:
                del self._captures[capture.id]

    async def settle(self) -> None:
        """End all captures and wait until that is on record. Before the store closes."""
        for running in list(self._running.values()):
            self._end(running.capture, "closed")
        await self._errands.settle()

    def _saw(self, capture: Capture, line: Line) -> None:
        if not capture.is_running:
            return
        text = json.dumps({"at": self._clock.now().isoformat(), **line}, ensure_ascii=False)
        capture.lines.append(text)
        capture.size += len(text)
        _wake(capture)
        if capture.size >= self.policy.most_bytes or len(capture.lines) >= self.policy.most_lines:
            self._end(capture, "size")

    def _end(self, capture: Capture, why: str) -> None:
        running = self._running.pop(capture.id, None)
        if running is None:
            return
        running.stop()
        capture.ended_at, capture.ended_by = self._clock.now(), why
        _wake(capture)
        self._errands.start(self._record_end(capture))

    async def _record_end(self, capture: Capture) -> None:
        def work(tx: Transaction) -> None:
            self._record(tx, capture, "lab.capture_ended", lines=str(len(capture.lines)), ended_by=capture.ended_by)

        await self._store.write(work)

    async def _require(self, caller: Caller) -> None:
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.CAPTURE))

    def _record(self, tx: Transaction, capture: Capture, action: str, **detail: str) -> None:
        about = capture.about
        told = {"name": about.name, "door": about.door, "client": about.client, "capture": capture.id, **detail}
        tx.moderation.record(
            AuditEntry(self._clock.now(), capture.by.account_id, action, about.account_id or about.id, told)
        )


def _wake(capture: Capture) -> None:
    """Those who wait for news have some; who comes later waits for the next."""
    news, capture.news = capture.news, asyncio.Event()
    news.set()

"""How the server is doing: now, and over the last hour in one point each ten seconds.

All of it is in memory and bounded; who wants more keeps the metrics elsewhere. Points are differences of counters, so
that measuring costs next to nothing between two of them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.lobbies import LobbyService
from mythgate.services.measures import Histogram
from mythgate.services.ports import Clock, PresenceStore, Store

EVERY: Final = timedelta(seconds=10)
KEPT: Final = 360  # points: an hour
_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Totals:
    """What a node has counted since it started; `memory_bytes` and `waiting_writes` as they are now."""

    messages: int = 0  # that clients sent, through all doors
    deliveries: int = 0  # events, each as often as it was told somebody
    refusals: Mapping[str, int] = field(default_factory=dict)  # by code
    errors: int = 0  # faults of ours
    memory_bytes: int = 0
    waiting_writes: int = 0
    connections: Mapping[str, int] = field(default_factory=dict)  # open now, by door


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the series. Rates are a second's, over the time since the point before; times are milliseconds."""

    at: datetime
    players: int
    messages: float
    deliveries: float
    latency_p99: float  # from command to answer
    loop_lag_p99: float
    loop_lag_max: float
    refusals: Mapping[str, float]
    errors: float
    memory_bytes: int
    waiting_writes: int


@dataclass(frozen=True, slots=True)
class Head:
    """Who is on now, counted once each however many places they are in."""

    players: int
    by_door: Mapping[str, int]
    in_world: int
    in_lobbies: int
    rooms: int  # of the world, with somebody in them
    lobbies: int  # with somebody in them
    games: int
    games_by_door: Mapping[str, int]  # that of their host
    connections: Mapping[str, int]


class ReadingService:
    """What is measured. Whoever builds the services sets `totals` and has `measure` called every `EVERY`."""

    def __init__(self, *, store: Store, presence: PresenceStore, lobbies: LobbyService, clock: Clock) -> None:
        self.totals: Callable[[], Totals] = Totals
        self.latency = Histogram()  # seconds
        self.lag = Histogram()
        self._store = store
        self._presence = presence
        self._lobbies = lobbies
        self._clock = clock
        self._points: deque[Point] = deque(maxlen=KEPT)
        self._last: _Look | None = None
        self._observers: list[Callable[[Point], None]] = []

    def on_measured(self, observer: Callable[[Point], None]) -> None:
        """Have `observer` told of every point."""
        self._observers.append(observer)

    @property
    def points(self) -> Sequence[Point]:
        """The oldest first."""
        return self._points

    def measure(self) -> None:
        """Take a point; the first call only begins to count."""
        before = self._last
        look = self._last = _Look(
            self._clock.monotonic(), self.totals(), tuple(self.latency.counts), tuple(self.lag.counts)
        )
        if before is None or look.at <= before.at:
            return
        seconds, was, now = look.at - before.at, before.totals, look.totals
        refusals = Counter(now.refusals)
        refusals.subtract(was.refusals)
        point = Point(
            at=self._clock.now(),
            players=self.head().players,
            messages=_rate(now.messages - was.messages, seconds),
            deliveries=_rate(now.deliveries - was.deliveries, seconds),
            latency_p99=_milliseconds(self.latency.quantile(0.99, before.latency)),
            loop_lag_p99=_milliseconds(self.lag.quantile(0.99, before.lag)),
            loop_lag_max=_milliseconds(self.lag.quantile(1.0, before.lag)),
            refusals={code: _rate(count, seconds) for code, count in sorted(refusals.items()) if count > 0},
            errors=_rate(now.errors - was.errors, seconds),
            memory_bytes=now.memory_bytes,
            waiting_writes=now.waiting_writes,
        )
        self._points.append(point)
        for observer in self._observers:
            observer(point)

    def head(self) -> Head:
        """Who is on now."""
        doors: Counter[str] = Counter()
        people = set()
        for present in self._presence.all():
            people.add(present.account_id)
            doors[present.door] += 1
        in_world = len(people)
        everybody = self._lobbies.everybody()
        for occupant in everybody:
            sender = occupant.visitor.sender
            if sender not in people:
                people.add(sender)
                doors[occupant.visitor.door] += 1
        return Head(
            players=len(people),
            by_door=dict(sorted(doors.items())),
            in_world=in_world,
            in_lobbies=len(everybody),
            rooms=len(self._presence.populations()),
            lobbies=len({one.room_id for one in everybody}),
            games=len(self._lobbies.board),
            games_by_door=dict(sorted(Counter(self._doors_of_hosts()).items())),
            connections=dict(sorted(self.totals().connections.items())),
        )

    def _doors_of_hosts(self) -> Iterator[str]:
        for lobby in self._lobbies.lobbies():
            hosts = (self._lobbies.by_number(game.host) for game in self._lobbies.board.within(lobby.room_id))
            yield from (host.visitor.door for host in hosts if host is not None)

    async def now(self, caller: Caller) -> tuple[Head, Point | None]:
        """Who is on, and the newest point. Raises PermissionDenied."""
        await self._require(caller)
        return self.head(), self._points[-1] if self._points else None

    async def series(self, caller: Caller) -> Sequence[Point]:
        """The last hour, the oldest first. Raises PermissionDenied."""
        await self._require(caller)
        return list(self._points)

    async def _require(self, caller: Caller) -> None:
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_CONSOLE))


@dataclass(frozen=True, slots=True)
class _Look:
    at: float  # monotonic
    totals: Totals
    latency: Sequence[int]
    lag: Sequence[int]


def _rate(count: int, seconds: float) -> float:
    return round(max(0, count) / seconds, 3)


def _milliseconds(seconds: float) -> float:
    return round(seconds * _MILLISECONDS, 3)

"""A part of the composition root: what is wired for whoever operates a server."""

from __future__ import annotations

import asyncio
import platform
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

import mythgate
from mythgate import telemetry
from mythgate.backends import worldpacks
from mythgate.backends.sql import migrate
from mythgate.doors.http.play import PlayDoor, PlayOptions
from mythgate.doors.telnet.options import TelnetStats
from mythgate.services.lookout import (
    ClockWatch,
    DoorFacts,
    watch_backups,
    watch_disk,
    watch_doors,
    watch_points,
    watch_policy,
    watch_staff,
)
from mythgate.services.readings import Totals
from mythgate.services.system import OpenedDoor, SystemFacts
from mythgate.telemetry.metrics import most_open_files, open_files

if TYPE_CHECKING:
    from mythgate.bootstrap import Node
    from mythgate.config import Settings
    from mythgate.doors.metaserver.options import MetaserverStats
    from mythgate.doors.shards.options import ShardsStats
    from mythgate.services.all import Services

CLOSELY_SECONDS: Final = 60.0
WATCHERS: Final = 100  # windows in which staff looks on at once
INTERNAL: Final = "internal"  # the code of an answer that hides a fault of ours


def totals_of(
    node: Node,
    door: PlayDoor,
    errors: Mapping[str, int],
    metaserver: MetaserverStats,
    shards: ShardsStats,
    telnet: TelnetStats | None = None,
) -> Callable[[], Totals]:
    """What all doors of a node counted; `errors` are the answers of the http door with an error, by code."""
    services, play, faults = node.services, door.stats, telemetry.book().faults
    lines = telnet if telnet is not None else TelnetStats()

    def totals() -> Totals:
        refusals: Counter[str] = Counter()
        everywhere = (
            services.commands.refused,
            play.refused,
            errors,
            metaserver.refused,
            shards.refused,
            lines.refused,
        )
        for counted in everywhere:
            refusals.update(counted)
        refusals.pop(INTERNAL, None)
        refusals["rate_limited"] += sum(one.rate_limited for one in (play, metaserver, shards, lines))
        return Totals(
            messages=play.commands + metaserver.packets + shards.messages + lines.lines,
            deliveries=sum(hub.stats.deliveries for hub in node.hubs.hubs),
            refusals=refusals,
            errors=faults.total,
            memory_bytes=telemetry.resident_bytes(),
            waiting_writes=node.store.statistics().queued,
            connections={
                "http": play.connected,
                "metaserver": metaserver.connected,
                "shards": shards.connected,
                "telnet": lines.connected,
            },
        )

    return totals


def set_up(node: Node) -> None:
    """Have the services for operators know what they look at."""
    services, lookout = node.services, node.services.lookout
    policy, clock, folder = lookout.policy, node.clock, node.settings.data_dir
    lookout.checks.extend(
        [
            watch_points(lambda: services.readings.points, policy),
            watch_disk(lambda: shutil.disk_usage(folder).free, policy),
            ClockWatch(clock, policy),
            watch_doors(lambda: _doors(services)),
            watch_policy(lambda: services.accounts.policy.registration_open, lambda: services.accounts.policy.guests),
        ]
    )
    lookout.slow_checks.append(watch_staff(node.store))
    lookout.slow_checks.append(watch_backups(services.backups.newest_at, clock, policy))

    started_at = clock.now()
    services.atlas.problems = lambda: asyncio.to_thread(_pack_problems, node.settings)
    services.system.look = lambda: _system(node, started_at)
    services.readings.latency, services.readings.lag = services.commands.seconds, services.loop_lag.seconds


def _pack_problems(settings: Settings) -> list[str]:
    return [str(problem) for problem in worldpacks.check(settings.world.packs or [worldpacks.DEFAULT_PACK])]


async def _system(node: Node, started_at: datetime) -> SystemFacts:
    url, folder = node.settings.database_location, node.settings.data_dir
    disk = shutil.disk_usage(folder)
    world, why = node.services.world.world, node.services.why
    states = [rules.state for rules in why.doors.values()]
    return SystemFacts(
        version=mythgate.__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        node=node.name,
        started_at=started_at,
        data_dir=str(folder.resolve()),
        database="SQLite" if url.startswith("sqlite") else "PostgreSQL",
        revision=await asyncio.to_thread(migrate.current_revision, url),
        head_revision=migrate.head_revision(),
        free_bytes=disk.free,
        total_bytes=disk.total,
        memory_bytes=telemetry.resident_bytes(),
        open_files=open_files(),
        most_open_files=most_open_files(),
        world=world.name,
        world_version=world.version,
        plugins=list(node.settings.plugins),
        doors=[OpenedDoor(one.name, one.place, one.is_enabled, one.is_enabled and bool(one.is_open)) for one in states],
    )


def watch_door(node: Node) -> PlayDoor:
    """Through which staff looks on at rooms; it takes a few."""
    return PlayDoor(node.watch_hub, node.services, PlayOptions(connections=WATCHERS))


def look(node: Node) -> Callable[[], Awaitable[None]]:
    """What is measured every ten seconds."""

    async def readings() -> None:
        node.services.readings.measure()
        node.services.lookout.look()

    return readings


async def look_closely(node: Node) -> None:
    """Look at what takes longer, at once and then every minute, until cancelled."""
    node.services.readings.measure()
    while True:
        await node.services.lookout.look_closely()
        await asyncio.sleep(CLOSELY_SECONDS)


def _doors(services: Services) -> Iterator[DoorFacts]:
    for rules in services.why.doors.values():
        state = rules.state
        if services.why.is_live:
            closed = state.setting.replace("= true", "= false")
            yield DoorFacts(state.name, state.is_enabled, state.is_open is not False, state.place, closed)

"""What `mythgate doctor` looks at besides settings and ports: database, clock, disks, backups, memory, limits."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import ssl
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mythgate.cli.findings import Finding

if TYPE_CHECKING:
    from mythgate.config import Settings

FREE_BYTES: Final = 500 * 1024 * 1024
FREE_MEMORY: Final = 256 * 1024 * 1024
SLOW_QUERY: Final = 0.05
SLOW_WRITE: Final = 0.1
CLOCK_DRIFT: Final = 2.0
FUTURE: Final = timedelta(minutes=2)
LEAST_YEAR: Final = 2025
SAMPLES: Final = 5


def database_health(settings: Settings) -> Iterator[Finding]:
    """Version, integrity and latency of a database that is there."""
    from mythgate.backends.sql.urls import sqlite_file

    file = sqlite_file(settings.database_location)
    if file is None:
        yield from _postgres(settings.database_location)
    elif file.is_file():
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
                yield from _sqlite(connection, file)
        except sqlite3.DatabaseError as error:
            yield Finding("problem", "database", f"{file} is damaged: {error}", "mythgate restore BACKUP --yes")


def _sqlite(connection: sqlite3.Connection, file: Path) -> Iterator[Finding]:
    faults = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    if faults != ["ok"]:
        yield Finding("problem", "database", f"{file} is damaged: {faults[0]}", "mythgate restore BACKUP --yes")
        return
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        yield Finding("problem", "database", f"rows of {broken[0]} belong to nothing", "mythgate restore BACKUP --yes")
    taken = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        taken.append(time.perf_counter() - began)
    yield _latency(f"SQLite {sqlite3.sqlite_version}, whole", statistics.median(taken))
    yield from _clock_against(_newest(connection))


def _newest(connection: sqlite3.Connection) -> datetime | None:
    """The latest time that the server has written down."""
    found = []
    for table, column in (("audit_log", "at"), ("sessions", "last_seen_at"), ("accounts", "last_login_at")):
        try:
            (value,) = connection.execute(f"SELECT max({column}) FROM {table}").fetchone()  # noqa: S608 (names of ours)
        except sqlite3.OperationalError:
            continue
        moment = _moment(value)
        if moment is not None:
            found.append(moment)
    return max(found, default=None)


def _moment(value: object) -> datetime | None:
    """A time as SQLite has it: microseconds since 1970."""
    return datetime.fromtimestamp(value / 1_000_000, UTC) if isinstance(value, int) else None


def _clock_against(newest: datetime | None) -> Iterator[Finding]:
    if newest is not None and newest - datetime.now(UTC) > FUTURE:
        yield Finding(
            "problem",
            "clock",
            f"the database has something of {newest:%Y-%m-%d %H:%M} UTC, which is to come: the clock was set back",
            "timedatectl set-ntp true   (or set the clock)",
        )


def _latency(what: str, seconds: float) -> Finding:
    told = f"{what}, answers in {seconds * 1000:.1f} ms"
    if seconds > SLOW_QUERY:
        return Finding("warning", "database", told, "Put the database nearer, or on a faster disk.")
    return Finding("ok", "database", told)


def _postgres(url: str) -> Iterator[Finding]:
    import asyncio

    from mythgate.domain.errors import MythError

    try:
        found = asyncio.run(_ask_postgres(url))
    except (MythError, OSError, ImportError, ValueError, TimeoutError) as error:
        yield Finding("problem", "database", str(error) or type(error).__name__, "Is it running, and is the URL right?")
        return
    yield _latency(f"PostgreSQL {found['version']}", found["latency"])
    if found["checksum_failures"]:
        yield Finding("problem", "database", "pages with wrong checksums were found", "mythgate restore BACKUP --yes")
    if abs(found["drift"]) > CLOCK_DRIFT:
        yield Finding(
            "problem",
            "clock",
            f"{abs(found['drift']):.1f} s {'ahead of' if found['drift'] > 0 else 'behind'} the database's",
            "timedatectl set-ntp true   (on both machines)",
        )
    yield from _room_for(int(found["most"]), int(found["used"]))


def _room_for(most: int, used: int) -> Iterator[Finding]:
    if most - used < 10:
        yield Finding(
            "warning", "database", f"{used} of {most} connections are taken", "raise max_connections in postgresql.conf"
        )


async def _ask_postgres(url: str) -> dict[str, Any]:
    import asyncpg

    plain = url.replace("postgresql+asyncpg://", "postgresql://")
    connection = await asyncpg.connect(plain, timeout=5)
    try:
        taken = []
        for _ in range(SAMPLES):
            began = time.perf_counter()
            await connection.fetchval("SELECT 1")
            taken.append(time.perf_counter() - began)
        before = datetime.now(UTC)
        theirs = await connection.fetchval("SELECT clock_timestamp()")
        after = datetime.now(UTC)
        return {
            "version": (await connection.fetchval("SHOW server_version")).split()[0],
            "latency": statistics.median(taken),
            "drift": (before + (after - before) / 2 - theirs).total_seconds(),
            "checksum_failures": await connection.fetchval(
                "SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database"
            ),
            "most": await connection.fetchval("SELECT current_setting('max_connections')::int"),
            "used": await connection.fetchval("SELECT count(*) FROM pg_stat_activity"),
        }
    finally:
        await connection.close()


def clock(_settings: Settings) -> Iterator[Finding]:
    """Whether the clock is possible, and runs as fast as it should."""
    now = datetime.now(UTC)
    if now.year < LEAST_YEAR:
        yield Finding("problem", "clock", f"it says {now:%Y-%m-%d}", "timedatectl set-ntp true   (or set the clock)")
        return
    began, monotonic = time.time(), time.monotonic()
    time.sleep(0.05)
    drift = (time.time() - began) - (time.monotonic() - monotonic)
    if abs(drift) > 0.02:
        yield Finding(
            "warning", "clock", f"it was moved by {drift:.2f} s while it was looked at", "timedatectl set-ntp true"
        )
    else:
        yield Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, and runs evenly")


def disks(settings: Settings) -> Iterator[Finding]:
    """Room for the data, the log and the backups, and how fast the disk writes."""
    places = {"disk": settings.data_dir, "log disk": settings.log_folder, "backup disk": _backups(settings)}
    seen: set[int] = set()
    for subject, folder in places.items():
        if folder is None:
            continue
        there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        yield _free(subject, there)
    if settings.data_dir.is_dir() and os.access(settings.data_dir, os.W_OK):
        seconds = _write_time(settings.data_dir)
        if seconds > SLOW_WRITE:
            told = f"a write takes {seconds * 1000:.0f} ms until it is safe"
            yield Finding("warning", "disk", told, "Put data_dir on a local or faster disk.")


def _free(subject: str, folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    if usage.free < FREE_BYTES:
        return Finding(
            "warning", subject, f"{usage.free // 2**20} MiB free", "Make room; a full disk stops all changes."
        )
    return Finding("ok", subject, f"{usage.free / 2**30:.1f} GiB free")


def _write_time(folder: Path) -> float:
    """Seconds until a few bytes are safely on the disk."""
    file = folder / ".doctor"
    began = time.perf_counter()
    try:
        with file.open("wb") as writing:
            writing.write(b"mythgate")
            writing.flush()
            os.fsync(writing.fileno())
        return time.perf_counter() - began
    except OSError:
        return 0.0  # the check of the folder tells
    finally:
        file.unlink(missing_ok=True)


def _backups(settings: Settings) -> Path:
    return settings.backups.folder or settings.data_dir / "backups"


def backups(settings: Settings) -> Iterator[Finding]:
    """How old the newest backup is."""
    folder, every = _backups(settings), settings.backups.every
    if not settings.data_dir.is_dir():
        return
    files = (
        [file for file in folder.glob("*") if file.is_file() and not file.name.startswith(".")]
        if folder.is_dir()
        else []
    )
    if not every and not files:
        yield Finding("warning", "backups", "none are made", "set backups.every = 1d, or: mythgate backup create")
        return
    if not files:
        database_is_there = any(settings.data_dir.glob("*.db"))
        if database_is_there:
            yield Finding("warning", "backups", f"there is none in {folder}", "mythgate backup create")
        return
    age = timedelta(seconds=time.time() - max(file.stat().st_mtime for file in files))
    told = f"the newest is {age.days} days old" if age.days else f"the newest is {age.seconds // 3600} hours old"
    longest = max(2 * every, timedelta(days=2)) if every else timedelta(days=7)
    if age > longest:
        yield Finding("warning", "backups", told, "mythgate backup create   (and look why the server makes none)")
    else:
        yield Finding("ok", "backups", told)


def memory(_settings: Settings) -> Iterator[Finding]:
    """What is free of the machine's memory, or of the container's."""
    free, of = _free_memory()
    if free is None:
        return
    if free < FREE_MEMORY:
        told = f"{free // 2**20} MiB free{of}"
        yield Finding("warning", "memory", told, "A server with 1,000 players takes about 300 MiB: give it more.")
    else:
        yield Finding("ok", "memory", f"{free / 2**30:.1f} GiB free{of}")


def _free_memory() -> tuple[int | None, str]:
    limit, used = _number(Path("/sys/fs/cgroup/memory.max")), _number(Path("/sys/fs/cgroup/memory.current"))
    if limit is not None and used is not None:
        return limit - used, f" of the {limit / 2**30:.1f} GiB of this container"
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024, ""
    except (OSError, ValueError, IndexError):
        pass
    return None, ""


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return None


def limits(settings: Settings) -> Iterator[Finding]:
    """Whether the process may open as many files as the doors take connections."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    doors = {
        "limits.connections": settings.limits.connections + settings.limits.other_connections,
        "metaserver.connections": settings.metaserver.connections if settings.metaserver.enabled else 0,
        "shards.connections": settings.shards.connections if settings.shards.enabled else 0,
        "telnet.connections": settings.telnet.connections if settings.telnet.enabled else 0,
    }
    wanted = sum(doors.values()) + 200
    if soft < wanted:
        named = ", ".join(f"{name} {count}" for name, count in doors.items() if count)
        how = (
            f"ulimit -n {wanted}"
            if hard in (resource.RLIM_INFINITY, -1) or hard >= wanted
            else f"as root: ulimit -n {wanted}"
        )
        yield Finding(
            "warning",
            "open files",
            f"this process may open {soft}, the doors together take {wanted} ({named})",
            f"{how}   (LimitNOFILE={wanted} in a systemd unit)",
        )
    else:
        yield Finding("ok", "open files", f"{soft}, the doors take {wanted}")


def redis(settings: Settings) -> Iterator[Finding]:
    """Whether a Redis that is configured answers. This version runs without one."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return
    yield Finding("problem", "redis", "redis_url is set, but this version runs as one node", "unset MYTHGATE_REDIS_URL")
    place = urlsplit(url)
    host, port = place.hostname or "127.0.0.1", place.port or 6379
    answer = _ping_redis(host, port, tls=place.scheme == "rediss")
    if answer:
        yield Finding("warning", "redis", f"{host}:{port} does not answer: {answer}", "Is it running?")
    else:
        yield Finding("ok", "redis", f"{host}:{port} answers")


def _ping_redis(host: str, port: int, *, tls: bool) -> str:
    """Why it does not answer; empty if it does."""
    try:
        with socket.create_connection((host, port), 2) as plain:
            line = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if tls else plain
            line.settimeout(2)
            line.sendall(b"PING\r\n")
            said = line.recv(64)
    except OSError as error:
        return error.strerror or str(error)
    return "" if said.startswith((b"+PONG", b"-NOAUTH")) else "something else listens there"

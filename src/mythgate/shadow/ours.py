"""A server of our own in this process, which players do not see: it gets what they say, and is asked for its answers.

Either it has nothing at first, and lets in whom the other server lets in; or it has a copy of the operator's database.
What happens in it is thrown away.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mythgate import bootstrap
from mythgate.backends.sql.urls import sqlite_file
from mythgate.bootstrap import CannotStart, Node
from mythgate.config import Settings
from mythgate.domain.accounts import Account
from mythgate.domain.errors import InvalidInput, NameTaken
from mythgate.domain.ids import AccountId
from mythgate.domain.lobbies import LARGEST, LAST_ROOM, Family, Lobby
from mythgate.domain.names import name_key
from mythgate.domain.sessions import OPERATOR
from mythgate.doors.metaserver.clients import client_of
from mythgate.doors.metaserver.door import TICK_SECONDS, MetaserverDoor
from mythgate.wire.metaserver.layout import Family as WireFamily
from mythgate.wire.metaserver.records import RoomEntry, RoomFlag, RoomType

DIGEST_SECONDS: Final = 1.0
_PASSWORD: Final = "let in as there"  # noqa: S105 (nobody but the shadow can reach this server)
_UNDERWAY: Final[dict[str, Any]] = {
    "realtime": {"merge_window": 0},
    "metaserver": {"passwords": "plain", "port": 0, "room_port": 0, "host": "127.0.0.1", "advertise_host": ""},
    "shards": {"enabled": False},
    "http": {"host": "127.0.0.1"},
    "secret_key": "nothing that is signed with it is ever shown",
}
_FRESH: Final[dict[str, Any]] = {
    "passwords": {"memory_kib": 8, "time_cost": 1, "min_length": 4},
    "limits": {"logins_per_account": 100_000, "logins_per_address": 1_000_000},
    "lobbies": {"rooms": []},
}


@dataclass(slots=True)
class InProcess:
    """Our server, as `mirror.Ours` wants it."""

    node: Node
    door: MetaserverDoor
    checks_passwords: bool
    sent: int = 0  # packets that the shadow wrote to it
    _known: dict[str, str] = field(default_factory=dict)  # the name an account was made for, by its key
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def port(self) -> int:
        """Where one logs in, on this machine."""
        return self.door.login_port

    async def admit(self, name: str) -> str:
        """See to it that there is an account; returns its password. Raises NameTaken if the name looks like another's,
        InvalidInput if nobody can be called so."""
        key = name_key(name)
        if not key:
            raise InvalidInput(f"Nobody can be called {name!r} here.", field="name")
        former = self._known.setdefault(key, name)
        if former.casefold() != name.casefold():
            raise NameTaken(f"{name} and {former} are one name here.")
        services = self.node.services
        if await services.store.read(lambda tx: tx.accounts.by_name_key(key)) is None:
            stored = await self.node.hasher.hash(_PASSWORD)
            now = services.clock.now()
            account = Account(AccountId(f"shadow {key}"), name, key, stored, now)
            with contextlib.suppress(NameTaken):  # the same person, twice at once
                await services.store.write(lambda tx: tx.accounts.add(account))
        return _PASSWORD

    async def open_rooms(self, family: WireFamily, application: str, rooms: Sequence[RoomEntry]) -> None:
        """See to it that there are these rooms, or any for that family; the operator's own are left alone."""
        client = client_of(application, is_18=family is WireFamily.MYTH2_18)
        if self.checks_passwords or client is None:
            return
        async with self._opening:
            await self._open_rooms(client.family, rooms)

    async def _open_rooms(self, family: Family, rooms: Sequence[RoomEntry]) -> None:
        lobbies = self.node.services.lobbies
        known = {lobby.room_id: lobby for lobby in lobbies.lobbies()}
        holding = LAST_ROOM - list(Family).index(family)
        for entry in rooms:
            if entry.room_id not in known:
                await lobbies.add(OPERATOR, _lobby(entry, family))
        if rooms and holding in known:
            await lobbies.remove(OPERATOR, holding)
        elif not rooms and not any(lobby.family is family for lobby in known.values()):
            await lobbies.add(OPERATOR, Lobby("Not told yet", holding, family=family))
        await self.door.reconcile()

    def note_sent(self) -> None:
        """The shadow wrote a packet to it."""
        self.sent += 1

    async def digested(self) -> None:
        """Wait until it has taken all that was written, for not too long."""
        try:
            async with asyncio.timeout(DIGEST_SECONDS):
                while self.door.stats.packets < self.sent:  # noqa: ASYNC110 (the door counts, and tells nobody)
                    await asyncio.sleep(0.001)
        except TimeoutError:
            self.sent = self.door.stats.packets  # a line was closed before all of it was read

    def room_port(self, room_id: int) -> int | None:
        """Where a room is entered, on this machine."""
        return self.door.room_ports.get(room_id)


def _lobby(entry: RoomEntry, family: Family) -> Lobby:
    return Lobby(
        f"Room {entry.room_id}",
        entry.room_id,
        ranked=entry.room_type != RoomType.UNRANKED,
        family=family,
        capacity=LARGEST,
        films=bool(entry.room_flags & RoomFlag.RECORDING_SUPPORTED),
        films_required=bool(entry.room_flags & RoomFlag.RECORDING_REQUIRED),
    )


@contextlib.asynccontextmanager
async def own_server(operators: Settings | None = None) -> AsyncIterator[InProcess]:
    """Our server while the block runs; with the operator's settings it has a copy of their database.

    Raises:
        CannotStart: it cannot be started, or the database cannot be copied.

    """
    with tempfile.TemporaryDirectory(prefix="mythgate-shadow-") as folder:
        settings = await asyncio.to_thread(_settings, operators, Path(folder))
        async with bootstrap.open_node(settings) as node:
            await node.services.lobbies.catch_up()
            door = MetaserverDoor(node.lobby_hub, node.services, bootstrap.metaserver_options(settings))
            await door.open()
            async with door.running():
                ticking = asyncio.create_task(_tick(node, door))
                try:
                    yield InProcess(node, door, checks_passwords=operators is not None)
                finally:
                    ticking.cancel()
                    await asyncio.gather(ticking, return_exceptions=True)
            await node.services.lobbies.settle()
            await node.services.friends.settle()
            await node.services.clans.settle()
            await node.services.results.settle()


def _settings(operators: Settings | None, folder: Path) -> Settings:
    if operators is None:
        return Settings(**{**_UNDERWAY, **_FRESH, "data_dir": folder})
    file = sqlite_file(operators.database_location)
    if file is None:
        raise CannotStart(
            "Only a SQLite database can be copied for a shadow.",
            "Restore a backup into a folder of its own, and name that with --data-dir.",
        )
    if not file.is_file():
        raise CannotStart(f"There is no database in {file.resolve().parent}.", "Is --data-dir right?")
    with (
        contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(folder / file.name)) as copy,
    ):
        source.backup(copy)
    values = operators.model_dump(include={"lobbies", "sessions", "passwords", "plugins", "world", "ladder"})
    return Settings(**{**values, **_UNDERWAY, "data_dir": folder, "database_url": f"sqlite:///{folder / file.name}"})


async def _tick(node: Node, door: MetaserverDoor) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        node.hubs.tick()
        await door.tick()

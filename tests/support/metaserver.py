"""A node with its metaserver door, in the test's own loop, on free ports, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite
from tests.support.metaserver_client import PATIENCE, AlephOneClient, Myth18Client, MythClient, RoomClient, close_lines
from tests.support.pipe import Pipe

from mythgate.backends.sql import open_store
from mythgate.backends.system import Argon2Hasher, SystemClock
from mythgate.bootstrap import Node, compose
from mythgate.config import Settings
from mythgate.domain.accounts import Account, Role
from mythgate.domain.events import Event, LobbyMessage
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId
from mythgate.domain.lobbies import Looks, Occupant, Visitor
from mythgate.domain.sessions import OPERATOR
from mythgate.doors.metaserver.door import TICK_SECONDS, MetaserverDoor
from mythgate.doors.metaserver.options import MetaserverOptions

PASSWORD = "hunter2 hunter2"
FAST = {"memory_kib": 8, "time_cost": 1, "min_length": 4}
ARRIVAL, FERRY, FALLS, RANKED_18, LORDS = 26, 0, 2, 3, 5
LOBBIES: list[dict[str, Any]] = [
    {"name": "Arrival", "room_id": ARRIVAL, "motd": "Welcome, marine."},
    {"name": "Crows Bridge", "room_id": FERRY, "family": "myth"},
    {"name": "Otter Ferry", "room_id": 1, "family": "myth", "ranked": True},
    {"name": "Madrigal", "room_id": LORDS, "family": "tfl"},
    {"name": "White Falls", "room_id": FALLS, "family": "myth2", "films": True},
    {"name": "Silvermines", "room_id": RANKED_18, "family": "myth2", "ranked": True},
]


class BrowserListener:
    """Somebody who is in a lobby through the browser."""

    def __init__(self, node: Node, name: str, number: int, account_id: AccountId) -> None:
        self.node = node
        self.pipe = Pipe(node.hub)
        self.listener = CharacterId(f"character-{name}")
        stream = node.hub.open(PlayId(f"play-{name}"), self.listener, account_id, SessionId(f"session-{name}"))
        node.hub.attach(stream, self.pipe)
        self.visitor = Visitor(self.listener, number, name, Looks(name), "http", "browser", account_id=account_id)

    def enter(self, room_id: int = ARRIVAL) -> Occupant:
        return self.node.services.lobbies.enter(self.visitor, room_id)

    async def say(self, text: str) -> None:
        await self.node.services.lobbies.say(self.listener, text)

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.pipe.wire]

    def kinds(self) -> list[str]:
        return [event.payload.event_type for event in self.events]

    def said(self) -> list[tuple[str, str]]:
        """Who said what."""
        return [(one.payload.name, one.payload.message) for one in self.events if isinstance(one.payload, LobbyMessage)]


@dataclass
class House:
    """A running metaserver door."""

    node: Node
    door: MetaserverDoor
    clock: FakeClock

    @property
    def port(self) -> int:
        return self.door.login_port

    async def account(self, name: str, password: str = PASSWORD, role: Role = Role.PLAYER) -> Account:
        """An account somebody may log in with."""
        return await self.node.services.accounts.create(OPERATOR, name, password, role=role)

    async def hide(self, account: Account) -> None:
        """Let somebody of the staff come in unseen."""
        await self.node.services.accounts.set_hidden(OPERATOR, account.id, True)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, as far as the door is concerned in ticks of its usual length."""
        left = seconds
        while left > 0:
            step = min(TICK_SECONDS, left)
            self.clock.advance(timedelta(seconds=step))
            left -= step
            await self.door.tick()

    async def jump(self, seconds: float) -> None:
        """Move the clock at once."""
        self.clock.advance(timedelta(seconds=seconds))
        await self.door.tick()

    async def aleph(self, name: str = "Player", user_name: str = "", password: str = PASSWORD) -> AlephOneClient:
        """An Aleph One client in its room; without a user name a guest."""
        client = AlephOneClient(name=name, user_name=user_name or "guest", password=password)
        await client.come(self.port)
        return client

    async def myth(
        self, name: str = "Player", user_name: str = "", password: str = PASSWORD, **more: Any
    ) -> MythClient:
        room_id = more.pop("room_id", None)
        client = MythClient(name=name, user_name=user_name, password=password, **more)
        await client.come(self.port, room_id)
        return client

    async def myth18(
        self, name: str = "Player", user_name: str = "", password: str = PASSWORD, **more: Any
    ) -> Myth18Client:
        room_id = more.pop("room_id", FALLS)
        client = Myth18Client(name=name, user_name=user_name, password=password if user_name else "", **more)
        await client.come(self.port, room_id)
        return client

    def listener_of(self, client: RoomClient) -> CharacterId:
        """What the server knows a client by."""
        occupant = self.node.services.lobbies.by_number(client.number)
        assert occupant is not None
        return occupant.visitor.listener

    def browser(self, name: str = "Ada", number: int = 900_001, account: Account | None = None) -> BrowserListener:
        if account is not None:
            return BrowserListener(self.node, account.name, account.number, account.id)
        return BrowserListener(self.node, name, number, AccountId(f"account-{name}"))

    def names(self, room_id: int = ARRIVAL) -> list[str]:
        """Who is in a lobby, as shown."""
        return [one.name for one in self.node.services.lobbies.occupants(room_id, hidden=True)]


@contextlib.asynccontextmanager
async def open_house(
    folder: Path, *, database: str = "", options: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[House]:
    """A house over a database of its own, in SQLite unless another is given."""
    clock = FakeClock()
    given: dict[str, Any] = {
        "data_dir": folder,
        "passwords": FAST,
        "limits": {"logins_per_account": 50, "logins_per_address": 1000},
        "lobbies": {"rooms": LOBBIES},
        "realtime": {"merge_window": 0},
    }
    hasher = Argon2Hasher(memory_kib=8, time_cost=1)
    with contextlib.closing(hasher):
        async with open_store(database or new_sqlite(folder), clock=clock) as store:
            node = compose(Settings(**(given | settings)), store, cast("SystemClock", clock), hasher)
            chosen = dataclasses.replace(MetaserverOptions(port=0, room_port=0), **(options or {}))
            door = MetaserverDoor(node.lobby_hub, node.services, chosen)
            await door.open()
            try:
                async with door.running():
                    yield House(node, door, clock)
            finally:
                await close_lines()
            await node.services.lobbies.settle()


async def until(condition: Callable[[], object]) -> None:
    """Let the server do its work until something is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if condition():
                return
            await asyncio.sleep(0)


async def gone(*clients: RoomClient) -> None:
    """Close connections whose fate does not matter any more."""
    for client in clients:
        await client.line.close()

"""What a server is made of and stands on, for whoever operates it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Store


@dataclass(frozen=True, slots=True)
class OpenedDoor:
    """One door, and whether it is open."""

    name: str
    place: str
    is_enabled: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What there is to know about it without being on the machine."""

    version: str
    python: str
    platform: str
    node: str
    started_at: datetime
    data_dir: str
    database: str  # "SQLite", "PostgreSQL"
    revision: str | None  # of the schema, as the database has it
    head_revision: str  # that this version needs
    free_bytes: int
    total_bytes: int
    memory_bytes: int
    open_files: int
    most_open_files: int
    world: str
    world_version: str
    plugins: Sequence[str]
    doors: Sequence[OpenedDoor]


class SystemService:
    """What the console shows of the system. Whoever builds the services sets `look`."""

    def __init__(self, *, store: Store) -> None:
        self.look: Callable[[], Awaitable[SystemFacts]] | None = None
        self._store = store

    async def facts(self, caller: Caller) -> SystemFacts:
        """Raises PermissionDenied."""
        await self._store.read(lambda tx: require(role_within(tx, caller), Permission.SEE_SETTINGS))
        assert self.look is not None
        return await self.look()

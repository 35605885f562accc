"""Which lobbies there are: those of the settings, with what admins changed since.

The changes are one named fact in the database, so that the command line and the running server share them:
JSON, by number of the lobby either all its fields, or null for one that was closed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from mythgate.domain.accounts import Role, require_role
from mythgate.domain.errors import InvalidInput, NotFound
from mythgate.domain.lobbies import Lobby, checked
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Store, Transaction
from mythgate.services.roomtypes import RoomTypes

LOBBIES_FACT: Final = "lobbies"
NO_CHANGES: Final = "{}"
MOST_NAMED: Final = 20  # lobbies, to whoever looks for one that is not there

_L = TypeVar("_L", bound=Lobby | None)


class LobbyList:
    """The lobbies, by number. `on_changed` is told what they were before, whenever they are others."""

    def __init__(
        self,
        configured: Iterable[Lobby],
        *,
        store: Store,
        clock: Clock,
        on_changed: Callable[[Mapping[int, Lobby]], None],
        types: RoomTypes | None = None,
    ) -> None:
        self._configured: Final = {lobby.room_id: lobby for lobby in configured}
        self._lobbies = dict(self._configured)
        self._types: Final = types if types is not None else RoomTypes()
        self._changes = NO_CHANGES  # as the fact had them when it was last looked at
        self._store = store
        self._clock = clock
        self._on_changed = on_changed

    def all(self) -> Sequence[Lobby]:
        """By number."""
        return sorted(self._lobbies.values(), key=lambda lobby: lobby.room_id)

    def get(self, room_id: int) -> Lobby | None:
        return self._lobbies.get(room_id)

    def require(self, room_id: int) -> Lobby:
        """Raises NotFound."""
        return _require(self._lobbies, room_id)

    async def add(self, caller: Caller, lobby: Lobby) -> Lobby:
        """Open a lobby.

        Raises:
            PermissionDenied: the caller is no admin.
            InvalidInput: a field makes no sense, or there is a lobby of that number.

        """
        checked(lobby)

        def change(known: dict[int, Lobby]) -> Lobby:
            if lobby.room_id in known:
                raise InvalidInput(f"Number {lobby.room_id} is {known[lobby.room_id].name}'s.", field="room_id")
            return lobby

        return await self._save(caller, "lobby.added", lobby.room_id, change)

    async def change(self, caller: Caller, room_id: int, **changes: Any) -> Lobby:
        """Change fields of a lobby. Raises as `add`, and NotFound."""

        def change(known: dict[int, Lobby]) -> Lobby:
            return self._types.changed(_require(known, room_id), {**changes, "room_id": room_id})

        return await self._save(caller, "lobby.changed", room_id, change)

    async def lock(self, caller: Caller, room_id: int, locked: bool) -> Lobby:
        """Lock a lobby or open it again; for moderators and up. Raises PermissionDenied, NotFound."""

        def change(known: dict[int, Lobby]) -> Lobby:
            return replace(_require(known, room_id), locked=locked)

        action = "lobby.locked" if locked else "lobby.unlocked"
        return await self._save(caller, action, room_id, change, least=Role.MODERATOR)

    async def remove(self, caller: Caller, room_id: int) -> None:
        """Close a lobby. Raises PermissionDenied, NotFound."""

        def change(known: dict[int, Lobby]) -> None:
            _require(known, room_id)

        await self._save(caller, "lobby.removed", room_id, change)

    async def _save(
        self,
        caller: Caller,
        action: str,
        room_id: int,
        change: Callable[[dict[int, Lobby]], _L],
        *,
        least: Role = Role.ADMIN,
    ) -> _L:
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[_L, str]:
            require_role(role_within(tx, caller), least)
            changed = change(self._overlaid(tx.facts.get(LOBBIES_FACT) or NO_CHANGES))
            detail = {"name": changed.name if changed is not None else ""}
            tx.moderation.record(AuditEntry(now, caller.account_id, action, f"lobby:{room_id}", detail))
            return changed, self._put(tx, room_id, changed)

        changed, _ = await self._store.write(work, then=lambda result: self._apply(result[1]))
        return changed

    async def drop(self, room_id: int) -> None:
        """Close a temporary lobby whose time is over."""
        await self._store.write(lambda tx: self._put(tx, room_id, None), then=self._apply)

    def _put(self, tx: Transaction, room_id: int, lobby: Lobby | None) -> str:
        """Write the fact anew; returns it."""
        rows = json.loads(tx.facts.get(LOBBIES_FACT) or NO_CHANGES)
        if lobby is None and room_id not in self._configured:
            rows.pop(str(room_id), None)
        else:
            rows[str(room_id)] = None if lobby is None else self._types.row_of(lobby)
        text = json.dumps(rows)
        tx.facts.set(LOBBIES_FACT, text)
        return text

    async def catch_up(self) -> None:
        """Take note of changes that were made beside this node."""
        known = self._changes
        changes = await self._store.read(lambda tx: tx.facts.get(LOBBIES_FACT))
        if self._changes == known:  # otherwise what was read may be older than what is known
            self._apply(changes or NO_CHANGES)

    def _apply(self, changes: str) -> None:
        if changes != self._changes:
            self._changes = changes
            before, self._lobbies = self._lobbies, self._overlaid(changes)
            self._on_changed(before)

    def _overlaid(self, changes: str) -> dict[int, Lobby]:
        """The lobbies of the settings with the changes."""
        known = dict(self._configured)
        for number, row in json.loads(changes).items():
            if row is None:
                known.pop(int(number), None)
            else:
                known[int(number)] = self._types.from_row(row)
        return known


def _require(known: Mapping[int, Lobby], room_id: int) -> Lobby:
    lobby = known.get(room_id)
    if lobby is None:
        numbers = ", ".join(map(str, sorted(known)[:MOST_NAMED]))
        more = " and others" if len(known) > MOST_NAMED else ""
        raise NotFound("There is no such lobby.", hint=f"There are: {numbers}{more}." if known else "")
    return lobby

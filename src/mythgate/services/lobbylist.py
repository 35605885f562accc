"""Which lobbies there are: those of the settings, with what admins changed since.

The changes are one named fact in the database, so that the command line and the running server share them:
JSON, by number of the lobby either all its fields, or null for one that was closed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, TypeVar

from mythgate.domain.errors import InvalidInput, NotFound
from mythgate.domain.lobbies import Lobby, checked
from mythgate.domain.moderation import AuditEntry
from mythgate.domain.permissions import Permission, require
from mythgate.domain.sessions import Caller
from mythgate.services.accounts import role_within
from mythgate.services.ports import Clock, Store, Transaction
from mythgate.services.roomtypes import RoomTypes

LOBBIES_FACT: Final = "lobbies"
NO_CHANGES: Final = "{}"
MOST_NAMED: Final = 20  # lobbies, to whoever looks for one that is not there

NOTHING_MORE: Final[Mapping[str, str]] = MappingProxyType({})
_LONGEST_DIFFERENCE: Final = 2000

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

    def is_configured(self, room_id: int) -> bool:
        """Whether the settings name it: it is there again if its changes are forgotten."""
        return room_id in self._configured

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
        """Lock a lobby or open it again. Raises PermissionDenied, NotFound."""

        def change(known: dict[int, Lobby]) -> Lobby:
            return replace(_require(known, room_id), locked=locked)

        action = "lobby.locked" if locked else "lobby.unlocked"
        return await self._save(caller, action, room_id, change, needs=Permission.RUN_ROOMS)

    async def greet(self, caller: Caller, room_id: int, words: str) -> Lobby:
        """Change what a lobby greets with. Raises PermissionDenied, NotFound, InvalidInput."""

        def change(known: dict[int, Lobby]) -> Lobby:
            return checked(replace(_require(known, room_id), motd=words))

        return await self._save(caller, "lobby.greeting_changed", room_id, change, needs=Permission.RUN_ROOMS)

    async def remove(self, caller: Caller, room_id: int) -> None:
        """Close a lobby for good. Raises PermissionDenied, NotFound."""

        def change(known: dict[int, Lobby]) -> None:
            _require(known, room_id)

        await self._save(caller, "lobby.removed", room_id, change)

    async def close(self, caller: Caller, room_id: int, reason: str = "") -> Lobby | None:
        """Close a lobby that somebody opened, for good; one of the settings is locked instead, and returned.

        Raises:
            PermissionDenied, NotFound: as `lock`.

        """

        def change(known: dict[int, Lobby]) -> Lobby | None:
            lobby = _require(known, room_id)
            return replace(lobby, locked=True) if self.is_configured(room_id) else None

        return await self._save(
            caller, "lobby.closed", room_id, change, needs=Permission.RUN_ROOMS, detail={"reason": reason}
        )

    async def _save(
        self,
        caller: Caller,
        action: str,
        room_id: int,
        change: Callable[[dict[int, Lobby]], _L],
        *,
        needs: Permission = Permission.CHANGE_SETTINGS,
        detail: Mapping[str, str] = NOTHING_MORE,
    ) -> _L:
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[_L, str]:
            require(role_within(tx, caller), needs)
            known = self._overlaid(tx.facts.get(LOBBIES_FACT) or NO_CHANGES)
            before = known.get(room_id)
            changed = change(known)
            named = changed or before
            said = {
                "name": named.name if named is not None else "",
                **{key: words for key, words in detail.items() if words},
                **self._difference(before, changed),
            }
            tx.moderation.record(AuditEntry(now, caller.account_id, action, f"lobby:{room_id}", said))
            return changed, self._put(tx, room_id, changed)

        changed, _ = await self._store.write(work, then=lambda result: self._apply(result[1]))
        return changed

    def _difference(self, before: Lobby | None, after: Lobby | None) -> dict[str, str]:
        """The fields that are others now, before and after, for the record."""
        rows = [self._types.row_of(one) if one is not None else {} for one in (before, after)]
        changed = [key for key in {**rows[0], **rows[1]} if rows[0].get(key) != rows[1].get(key)]
        said = [{key: row[key] for key in changed if key in row} for row in rows]
        return {
            name: json.dumps(row, ensure_ascii=False)[:_LONGEST_DIFFERENCE]
            for name, row in zip(("before", "after"), said, strict=True)
            if row
        }

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

"""The `PresenceStore` port for one node."""

from __future__ import annotations

from collections.abc import Sequence

from mythgate.domain.ids import AccountId, CharacterId, RoomId
from mythgate.domain.presence import Presence


class MemoryPresence:
    """Who is in the world, by character, name, account and room. All questions but `all` cost the same
    however many there are."""

    def __init__(self) -> None:
        self._by_id: dict[CharacterId, Presence] = {}
        self._by_name_key: dict[str, Presence] = {}
        self._by_account: dict[AccountId, Presence] = {}
        self._by_room: dict[RoomId, dict[CharacterId, Presence]] = {}

    def track(self, presence: Presence) -> None:
        """Add; replaces what was tracked of the same character, wherever it was."""
        self.untrack(presence.character_id)
        self._by_id[presence.character_id] = presence
        self._by_name_key[presence.name_key] = presence
        self._by_account[presence.account_id] = presence
        self._by_room.setdefault(presence.room_id, {})[presence.character_id] = presence

    def untrack(self, character_id: CharacterId) -> Presence | None:
        presence = self._by_id.pop(character_id, None)
        if presence is None:
            return None
        # Another character may have taken the name or the account's place meanwhile.
        if self._by_name_key.get(presence.name_key) is presence:
            del self._by_name_key[presence.name_key]
        if self._by_account.get(presence.account_id) is presence:
            del self._by_account[presence.account_id]
        self._leave(presence)
        return presence

    def get(self, character_id: CharacterId) -> Presence | None:
        return self._by_id.get(character_id)

    def by_name_key(self, name_key: str) -> Presence | None:
        return self._by_name_key.get(name_key)

    def of_account(self, account_id: AccountId) -> Presence | None:
        return self._by_account.get(account_id)

    def relocate(self, character_id: CharacterId, room_id: RoomId) -> None:
        """Nothing happens to one who is not tracked, or is there already."""
        presence = self._by_id.get(character_id)
        if presence is None or presence.room_id == room_id:
            return
        self._leave(presence)
        presence.room_id = room_id
        self._by_room.setdefault(room_id, {})[character_id] = presence

    def _leave(self, presence: Presence) -> None:
        others = self._by_room[presence.room_id]
        del others[presence.character_id]
        if not others:
            del self._by_room[presence.room_id]

    def in_room(self, room_id: RoomId) -> Sequence[Presence]:
        others = self._by_room.get(room_id)
        return list(others.values()) if others is not None else ()

    def all(self) -> Sequence[Presence]:
        return list(self._by_id.values())

    def count(self) -> int:
        return len(self._by_id)

    def populations(self) -> dict[RoomId, int]:
        return {room_id: len(others) for room_id, others in self._by_room.items()}

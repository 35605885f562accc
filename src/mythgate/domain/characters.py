"""Characters: an account's bodies in the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mythgate.domain.ids import AccountId, CharacterId, RoomId


@dataclass(slots=True)
class Character:
    """One body. `room_id` is the truth about where it is: exactly one room at every instant."""

    id: CharacterId
    account_id: AccountId
    name: str
    name_key: str
    room_id: RoomId
    created_at: datetime
    last_active_at: datetime
    description: str = ""  # what others see when they look
    level: int = 1
    faction: str = ""
    afk_text: str = ""
    deleted_at: datetime | None = None  # soft delete; undone within the undo window
    number: int = 0
    version: int = 1

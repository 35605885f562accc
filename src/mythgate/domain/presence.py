"""Presence: who is in the world right now, where, and how reachable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId, CharacterId, RoomId, SessionId


class Availability(StrEnum):
    ONLINE = "online"
    AWAY = "away"
    BUSY = "busy"


@dataclass(slots=True)
class Presence:
    """One character that is in the world now.

    Live state, a lease: losing it never loses a place, which is the character's row. `linkdead_since`
    is set while the connection is gone and the grace runs. Mutable; only the presence store's owner
    (the services) changes it, between awaits.
    """

    character_id: CharacterId
    account_id: AccountId
    session_id: SessionId
    name: str
    name_key: str
    room_id: RoomId
    role: Role
    door: str
    client: str
    since: datetime
    last_seen_at: datetime
    level: int = 1
    faction: str = ""
    availability: Availability = Availability.ONLINE
    afk_text: str = ""
    linkdead_since: datetime | None = None
    loss_told: bool = False  # others have read that the connection is lost
    following: CharacterId | None = None
    reply_to: CharacterId | None = None  # the last who whispered to this character
    muted_until: datetime | None = None  # cached from the account's active mute; aware max for "until lifted"
    ignored: frozenset[AccountId] = field(default_factory=frozenset)
    number: int = 0  # of the character
    faction_since: datetime | None = None  # when it came to its faction; None: before this server started

"""Rows that REST answers with, as they come: what both dialects have in common is under the same names in both.

Times are texts (ISO 8601). What a newer server tells besides is there, too.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class CharacterRow(TypedDict):
    """A character as its owner sees it. `deleted_at` and `restorable_until` stand with deleted ones only."""

    id: str
    number: int
    name: str
    description: str
    level: int
    faction: str
    room_id: str
    room_name: str
    created_at: str
    last_active: str
    selected: bool
    race: str
    character_class: str
    deleted_at: NotRequired[str | None]
    restorable_until: NotRequired[str | None]


class WorldStateRow(TypedDict):
    """The world's clock, its size, how many people are in it, and which reality holds."""

    name: str
    version: str
    world_time: str
    world_date: str
    daypart: str
    hour: int
    tick: int
    timestamp: str
    players: int
    rooms: int
    zones: int
    inhabitants: int
    directions: list[str]
    current_reality: str
    reality_stability: float
    condition: str
    faction_shard_counts: dict[str, int]
    dominant_faction: str | None
    active_players: int
    total_aetherfalls: int
    aetherfall_count: int
    cycle: int
    transformations: list[str]
    imminent: bool


class ShardRow(TypedDict):
    """A Crystal Shard: where it lies and who holds it."""

    id: int
    name: str
    description: str
    element: str
    room_id: str | None
    location_id: int | None
    place: str
    status: Literal["unclaimed", "contested", "controlled", "sealed", "lost"]
    is_captured: bool
    owning_faction: str | None
    captured_by: str | None
    captured_at: str | None
    sealed_until: str | None
    guardian_name: str
    guardian_defeated: bool
    power_level: int


class ShardOwnerRow(TypedDict):
    """Somebody who held a shard, and until when; null: still."""

    character_name: str
    faction: str
    captured_at: str
    lost_at: str | None
    helpers: list[str]
    souls_earned: int


class ShardHistoryRow(TypedDict):
    """A shard with the last fifty who held it, newest first."""

    shard: ShardRow
    owners: list[ShardOwnerRow]


class WorldEventRow(TypedDict):
    """Something that happened to the world."""

    id: int
    event_type: Literal["shard_capture", "reality_shift", "aetherfall"]
    title: str
    description: str
    timestamp: str
    faction: str | None
    reality_before: str | None
    reality_after: str | None
    shard: int | None
    game_day: int


class StatusRow(TypedDict):
    """The server in numbers."""

    status: str
    name: str
    version: str
    node: str
    started_at: str
    uptime_seconds: float
    server_time: str
    players_online: int
    rooms: int
    rooms_occupied: int
    sessions: int
    doors: list[str]
    registration: Literal["open", "closed"]
    guests: bool

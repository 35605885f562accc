"""The world as a whole, as the dialect shows it over REST and on the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mythgate.domain.worldevents import WorldEvent
from mythgate.doors.shards.characters import iso
from mythgate.services.shards import ShardView

if TYPE_CHECKING:
    from mythgate.doors.shards.door import ShardsDoor


def state(door: ShardsDoor) -> dict[str, Any]:
    """The world at a glance."""
    summary = door.services.shards.world_state()
    return {
        "current_reality": summary.reality.value,
        "reality_stability": summary.stability,
        "faction_shard_counts": dict(summary.counts),
        "dominant_faction": summary.dominant,
        # Sessions count without a body, too, and so do people of other doors.
        "active_players": max(summary.players, len(door.sessions.living())),
        "total_aetherfalls": summary.aetherfalls,
    }


def shard(one: ShardView) -> dict[str, Any]:
    """A Crystal Shard."""
    return {
        "id": one.number,
        "shard_number": one.number,
        "name": one.name,
        "description": one.description,
        "location_id": one.location,
        "is_captured": one.faction is not None,
        "owning_faction": one.faction,
        "guardian_name": one.guardian,
        "guardian_defeated": one.guardian_defeated,
        "power_level": one.power,
    }


def event(one: WorldEvent) -> dict[str, Any]:
    """An entry of the world's log."""
    return {
        "id": one.number,
        "event_type": one.kind.value,
        "title": one.title,
        "description": one.description,
        "timestamp": iso(one.happened_at),
        "faction": one.faction,
    }

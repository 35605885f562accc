"""Who is near in the world, by what the server tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

_TOLD: Final = ("character_name", "location_id", "position", "faction", "level")


@dataclass(frozen=True, slots=True)
class NearbyPlayer:
    """Somebody else's character, as last told. None: that was never told.

    `player_id` is 0: the network tells characters only.
    """

    character_id: int
    character_name: str
    location_id: int | None = None
    position: dict[str, float] | None = None
    faction: str | None = None
    level: int | None = None
    last_seen: datetime | None = None  # aware, UTC
    player_id: int = 0


def updated(known: NearbyPlayer | None, told: Mapping[str, Any], now: datetime | None = None) -> NearbyPlayer:
    """Somebody after a `character_update`. What it leaves out stays; a position does not outlive its location."""
    character_id = told["character_id"]
    before = known or NearbyPlayer(character_id, str(told.get("character_name") or ""))
    fields = {name: told[name] for name in _TOLD if told.get(name) is not None}
    if fields.get("location_id", before.location_id) != before.location_id:
        fields.setdefault("position", None)
    return replace(before, **fields, last_seen=now or datetime.now(UTC))

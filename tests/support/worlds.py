"""Small worlds for tests: made in memory, or as a pack on disk."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mythgate.domain.ids import RoomId, ZoneId
from mythgate.domain.world import Direction, Environment, Exit, Room, World, Zone

ZONE: Final = ZoneId("p_z")


def room_id(short: str) -> RoomId:
    return RoomId(f"p_z_main_{short}")


def room(short: str, at: Sequence[int] = (0, 0), exits: Mapping[str, str | Exit] | None = None, **more: Any) -> Room:
    """A room of one plane and zone; exits go to short names, or are given whole."""
    ways = {}
    for word, target in (exits or {}).items():
        direction = Direction(word)
        ways[direction] = target if isinstance(target, Exit) else Exit(direction, room_id(target))
    given: dict[str, Any] = {
        "id": room_id(short),
        "name": f"Place {short}",
        "description": f"You are at {short}.",
        "zone": ZONE,
        "plane": "p",
        "sub_zone": "main",
        "environment": Environment.OUTDOORS,
        "x": at[0],
        "y": at[1],
        "z": at[2] if len(at) > 2 else 0,
        "exits": ways,
    }
    return Room(**(given | more))


def world(*rooms: Room, **more: Any) -> World:
    """A world of `rooms`; newcomers arrive in the first."""
    given: dict[str, Any] = {
        "name": "Test",
        "version": "1",
        "fingerprint": "f",
        "start_room": rooms[0].id,
        "rooms": {one.id: one for one in rooms},
        "zones": {ZONE: Zone(ZONE, "p", "z", "Zone", "A zone.", "#112233")},
        "templates": {},
    }
    return World(**(given | more))


PACK: Final = textwrap.dedent(
    """\
    id: p
    name: Test
    version: "1"
    start_room: z/a
    """
)

ZONE_FILE: Final = textwrap.dedent(
    """\
    zone: {id: z, name: Zone, description: A zone for tests.}
    rooms:
      a:
        name: Place A
        description: The first of two places.
        exits:
          north: b
      b:
        name: Place B
        description: The second of two places.
        exits:
          south: a
    """
)


def write_pack(folder: Path, zone: str = ZONE_FILE, pack: str = PACK, **files: str) -> Path:
    """A pack on disk: `zone` in `zones/z.yaml`, and further zone files by name."""
    zones = folder / "zones"
    zones.mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(textwrap.dedent(pack), "utf-8")
    for name, content in {"z": zone, **files}.items():
        (zones / f"{name}.yaml").write_text(textwrap.dedent(content), "utf-8")
    return folder

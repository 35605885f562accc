"""Who is near."""

from __future__ import annotations

from typing import Final

from mythgate.domain.chat import remaining
from mythgate.domain.events import CommandResponse
from mythgate.services.commands.registry import Call, Command, Group
from mythgate.services.positions import Nearby

_JUST_NOW: Final = 60  # seconds


async def nearby(call: Call) -> CommandResponse:
    found = call.play.positions.near(call.actor.character_id)
    lines = [_line(call, one) for one in found]
    data = [
        {
            "id": one.character_id,
            "name": one.name,
            "level": one.level,
            "faction": one.faction,
            "status": one.status,
            "last_seen_at": one.last_seen_at,
            "position": list(one.spot.position) if one.spot is not None else None,
        }
        for one in found
    ]
    return call.done("\n".join(["Near you:", *lines]) if lines else "Nobody is near you.", data={"players": data})


def _line(call: Call, one: Nearby) -> str:
    idle = call.play.positions.idle(one)
    seen = "just now" if idle.total_seconds() < _JUST_NOW else f"{remaining(idle)} ago"
    faction = f", {one.faction}" if one.faction else ""
    status = "" if one.status == "online" else f" ({one.status})"
    return f"  {one.name}{status}: level {one.level}{faction}, seen {seen}"


COMMANDS: Final = (
    Command(
        name="nearby",
        group=Group.PEOPLE,
        usage="nearby",
        summary="Who is in the room, of which level and faction.",
        help="Lists the other players in the room, and when each was last seen doing anything.",
        examples=("nearby",),
        run=nearby,
    ),
)

"""All text commands."""

from __future__ import annotations

from typing import Final

from mythgate.services.commands import exploring, guide, lobby, people, self_, staff, talking, things
from mythgate.services.commands.registry import Registry

REGISTRY: Final = Registry(
    (
        *exploring.COMMANDS,
        *talking.COMMANDS,
        *lobby.COMMANDS,
        *things.COMMANDS,
        *people.COMMANDS,
        *self_.COMMANDS,
        *guide.COMMANDS,
        *staff.COMMANDS,
    )
)

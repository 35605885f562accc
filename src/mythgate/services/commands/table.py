"""All text commands."""

from __future__ import annotations

from typing import Final

from mythgate.services.commands import (
    exploring,
    guide,
    lobby,
    parties,
    people,
    self_,
    sheets,
    staff,
    talking,
    things,
    trade,
)
from mythgate.services.commands.registry import Registry

REGISTRY: Final = Registry(
    (
        *exploring.COMMANDS,
        *talking.COMMANDS,
        *lobby.COMMANDS,
        *things.COMMANDS,
        *sheets.COMMANDS,
        *trade.COMMANDS,
        *people.COMMANDS,
        *parties.COMMANDS,
        *self_.COMMANDS,
        *guide.COMMANDS,
        *staff.COMMANDS,
    )
)

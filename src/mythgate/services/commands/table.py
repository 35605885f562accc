"""All text commands."""

from __future__ import annotations

from typing import Final

from mythgate.services.commands import (
    combat,
    exploring,
    guide,
    lobby,
    parties,
    people,
    positions,
    quests,
    reporting,
    self_,
    shards,
    sheets,
    staff,
    talking,
    things,
    trade,
    voice,
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
        *reporting.COMMANDS,
        *positions.COMMANDS,
        *parties.COMMANDS,
        *voice.COMMANDS,
        *combat.COMMANDS,
        *self_.COMMANDS,
        *quests.COMMANDS,
        *shards.COMMANDS,
        *guide.COMMANDS,
        *staff.COMMANDS,
        *shards.STAFF_COMMANDS,
    )
)

"""What is written to the log about refusals: somebody may be trying what they can get away with."""

from __future__ import annotations

import logging
from typing import Final

from mythgate.domain.errors import (
    Ambiguous,
    BadUsage,
    MythError,
    NotHere,
    Refused,
    TooMany,
    TooSoon,
    UnknownCommand,
    Unreachable,
)

log = logging.getLogger(__name__)

EVERYDAY: Final = (Ambiguous, BadUsage, NotHere, TooMany, TooSoon, UnknownCommand, Unreachable)
"""Slips of honest people, and what would fill the log for whoever wants that; of these one hears with `debug`."""


def note_refusal(refused: MythError, *, asked: str, by: str, code: str = "") -> None:
    """Log who was refused what. `asked` names the command, path or type, without what was said in it."""
    level = logging.DEBUG if isinstance(refused, EVERYDAY) else logging.INFO
    if not code and isinstance(refused, Refused):
        code = refused.code
    log.log(level, "refused", extra={"code": code, "asked": asked, "by": by})

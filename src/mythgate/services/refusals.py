"""What is written to the log about refusals: somebody may be trying what they can get away with."""

from __future__ import annotations

import logging
from typing import Final

from mythgate.domain.errors import (
    Ambiguous,
    AuthenticationError,
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

EVERYDAY: Final = (Ambiguous, AuthenticationError, BadUsage, NotHere, TooMany, TooSoon, UnknownCommand, Unreachable)
"""Slips of honest people, sign-ins that ran out, and what would fill the log for whoever wants that. Of these one hears
with `debug` only."""


def note_refusal(refused: MythError, *, asked: str, by: str, code: str = "") -> None:
    """Log who was refused what. `asked` names the command, path or type, without what was said in it; `by` is empty for
    somebody who has not signed in, and could fill the log as well."""
    level = logging.INFO if by and not isinstance(refused, EVERYDAY) else logging.DEBUG
    if not code and isinstance(refused, Refused):
        code = refused.code
    log.log(level, "refused", extra={"code": code, "asked": asked, "by": by})

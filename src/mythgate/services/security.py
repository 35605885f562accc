"""Events about security: in the log under one fixed field, so that they are found, counted and watched.

They tell who tried from where, never what: somebody who mistypes puts a password where the name belongs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from mythgate.domain.errors import (
    AccountDisabled,
    BadCredentials,
    InvalidToken,
    MythError,
    PermissionDenied,
    SessionEnded,
    TooMany,
    TooManyLogins,
)


class SecurityEvent(StrEnum):
    """The values of the field `security`."""

    LOGIN_FAILED = "login_failed"
    LOGIN_THROTTLED = "login_throttled"  # too many failures lately
    LOCKED_OUT = "locked_out"  # somebody who is banned or disabled came
    TOKEN_REFUSED = "token_refused"  # forged, damaged, or of a session that ended  # noqa: S105
    FORBIDDEN = "forbidden"  # beyond the rights of who asked
    STRANGER_THROTTLED = "stranger_throttled"  # without having signed in: registrations, connections
    FLOOD = "flood"  # a connection was closed for what it sent


counts: Final[Counter[str]] = Counter({event.value: 0 for event in SecurityEvent})
"""How often each happened in this process, whatever of it is logged."""

_EVENTS: Final[Mapping[type[MythError], SecurityEvent]] = {
    BadCredentials: SecurityEvent.LOGIN_FAILED,
    TooManyLogins: SecurityEvent.LOGIN_THROTTLED,
    AccountDisabled: SecurityEvent.LOCKED_OUT,
    InvalidToken: SecurityEvent.TOKEN_REFUSED,
    SessionEnded: SecurityEvent.TOKEN_REFUSED,
    PermissionDenied: SecurityEvent.FORBIDDEN,
    TooMany: SecurityEvent.STRANGER_THROTTLED,
}


def security_event(refused: MythError, *, is_known: bool) -> SecurityEvent | None:
    """What it means for security that this was refused, to somebody who has signed in or not; None: nothing."""
    event = _EVENTS.get(type(refused))
    return None if event is SecurityEvent.STRANGER_THROTTLED and is_known else event


def marked(event: SecurityEvent) -> dict[str, str]:
    """Count an event; the field for its line in the log."""
    counts[event.value] += 1
    return {"security": event.value}


SIGN_IN_EVENTS: Final = frozenset({SecurityEvent.LOGIN_FAILED, SecurityEvent.LOGIN_THROTTLED, SecurityEvent.LOCKED_OUT})
"""Told where somebody signs in, and not again by the door."""

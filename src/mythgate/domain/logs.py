"""Lines of the log as something to search, and faults as something to count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mythgate.domain.errors import InvalidInput

LEVELS: Final[Mapping[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""How much a line weighs, by its level."""

SECURITY: Final = "security"
"""The field that marks lines about security, and says what happened: `login_failed`, `token_refused`, …"""

_ROOMS: Final = ("room", "origin", "lobby")
_NUMBERS: Final = ("number", "other", "host")


def weight_of(level: str) -> int:
    """Raises InvalidInput if there is no such level."""
    try:
        return LEVELS[level.lower()]
    except KeyError:
        raise InvalidInput(f"{level!r} is no level; there are {', '.join(LEVELS)}.", field="level") from None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: a fixed text and fields. `number` grows, so that who has read some can ask for what came after."""

    number: int
    at: datetime
    level: str
    logger: str
    text: str
    correlation: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines are wanted; what is empty does not matter. `people` are ids, `numbers` those of lobbies."""

    level: str = "debug"
    text: str = ""
    logger: str = ""
    correlation: str = ""
    people: frozenset[str] | None = None
    numbers: frozenset[int] = frozenset()
    rooms: frozenset[str] | None = None
    security: bool = False
    since: datetime | None = None
    until: datetime | None = None

    def wants(self, line: LogLine) -> bool:
        """Whether the line is one of them."""
        fields = line.fields
        return (
            LEVELS.get(line.level, LEVELS["critical"]) >= LEVELS[self.level]
            and (self.since is None or line.at >= self.since)
            and (self.until is None or line.at < self.until)
            and (not self.security or SECURITY in fields)
            and (not self.logger or line.logger == self.logger or line.logger.startswith(f"{self.logger}."))
            and (not self.correlation or _belongs(line.correlation, self.correlation))
            and (self.rooms is None or any(str(fields[name]) in self.rooms for name in _ROOMS if name in fields))
            and (self.people is None or self._concerns_them(fields))
            and (not self.text or self._contains_text(line))
        )

    def _concerns_them(self, fields: Mapping[str, Any]) -> bool:
        assert self.people is not None
        if any(fields.get(name) in self.numbers for name in _NUMBERS):
            return True
        return any(isinstance(value, str) and value in self.people for value in fields.values())

    def _contains_text(self, line: LogLine) -> bool:
        text = self.text.casefold()
        return text in line.text.casefold() or any(text in str(value).casefold() for value in line.fields.values())


def _belongs(correlation: str, wanted: str) -> bool:
    """Whether it is the wanted one, or of something that came in on the wanted connection."""
    return correlation == wanted or correlation.startswith(f"{wanted}-")


@dataclass(frozen=True, slots=True)
class LevelChange:
    """A level that was set while the server runs; for good, or for a while. `logger` is empty for all."""

    logger: str
    level: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A bug that showed itself, once or often: what was raised, and where in our code."""

    fingerprint: str
    kind: str  # the class of the exception
    where: str  # module and function of ours that it came from
    message: str  # of the operating system; what others say may quote somebody
    trace: str  # one sample; no values of variables
    correlation: str  # of the newest
    count: int
    first_at: datetime
    last_at: datetime
    seen_at: datetime | None = None
    seen_by: str = ""  # account id, or "cli"

    @property
    def is_new(self) -> bool:
        """Whether nobody has looked at it since it happened last."""
        return self.seen_at is None or self.seen_at < self.last_at

"""What is going on because of what: every line in the log names the request, frame or packet that caused it.

A door makes a `Line` for each connection (or request) and calls `begin` for each thing that comes in. What follows,
in services and in tasks that are started on the way, inherits the cause with its context. Only whoever writes a log
line asks for it, so that a command pays for one small object and nothing else.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final


class Line:
    """A connection, or a request: where things come from. Doors fill in what they learn."""

    __slots__ = ("account", "address", "character", "claimed", "count", "door", "id", "number")

    def __init__(
        self,
        id_: str,
        door: str,
        address: str = "",
        *,
        account: str = "",
        character: str = "",
        number: int | None = None,
    ) -> None:
        self.id = id_
        self.door = door
        self.address = address
        self.account = account
        self.character = character
        self.number = number  # what its owner is known by in lobbies
        self.claimed = ""  # the account somebody says is theirs, and has not proven
        self.count = 0  # of what came in


class Cause:
    """One request, frame or packet."""

    __slots__ = ("line", "number")

    def __init__(self, line: Line, number: int = 0) -> None:
        self.line = line
        self.number = number

    @property
    def correlation(self) -> str:
        """The id that all lines it causes have in common; it begins with that of its connection."""
        return f"{self.line.id}-{self.number}" if self.number else self.line.id


_current: Final[ContextVar[Cause | None]] = ContextVar("mythgate_cause", default=None)


def current() -> Cause | None:
    """What the running code was caused by; None for what the server does by itself."""
    return _current.get()


def begin(line: Line) -> None:
    """From here on, in this context, the next thing that came in on this line is the cause."""
    line.count = count = line.count + 1
    _current.set(Cause(line, count))


def attribute_to(line: Line) -> None:
    """From here on, in this context, the line as a whole is the cause: a request, or the end of a connection."""
    _current.set(Cause(line))


def claims(account: str) -> None:
    """Who is behind the current cause says they are this account."""
    cause = _current.get()
    if cause is not None:
        cause.line.claimed = account


def learned(*, account: str = "", character: str = "") -> None:
    """Who is behind the current cause has been proven."""
    cause = _current.get()
    if cause is not None:
        if account:
            cause.line.account = account
        if character:
            cause.line.character = character

"""Lines from what is typed.

A line ends with CR LF, CR NUL (RFC 854) or a bare LF or CR, as clients of all kinds have it. Backspace and delete take
back a character, for terminals that send each key by itself. A line that is too long is dropped whole.
"""

from __future__ import annotations

from typing import Final

_CR, _LF, _NUL, _BS, _DEL = 13, 10, 0, 8, 127
_ENDS: Final = frozenset({_CR, _LF})
_PLAIN: Final = bytes(one for one in range(256) if one not in (_CR, _LF, _NUL, _BS, _DEL))
_CONTINUATION: Final = 0b1100_0000


class LineAssembler:
    """Collects data until a line is whole. Never keeps more than `limit` bytes."""

    __slots__ = ("_after_cr", "_limit", "_line", "_too_long")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._line = bytearray()
        self._too_long = False
        self._after_cr = False

    def receive(self, data: bytes) -> list[bytes | None]:
        """The lines that `data` completes, without their ends; None for one that was too long."""
        lines: list[bytes | None] = []
        start = 0
        if self._after_cr and data:
            self._after_cr = False
            start = data[0] in (_LF, _NUL)
        while start < len(data):
            rest = data[start:].lstrip(_PLAIN)
            place = len(data) - len(rest)
            self._add(data[start:place])
            if not rest:
                break
            start = place + 1
            if rest[0] in _ENDS:
                lines.append(self._take())
                if rest[0] == _CR:
                    self._after_cr = len(rest) == 1
                    start += rest[1:2] in (b"\n", b"\0")
            elif rest[0] != _NUL:
                self._take_back()
        return lines

    def erase_character(self) -> None:
        """As backspace; for IAC EC."""
        self._take_back()

    def erase_line(self) -> None:
        """Forget what was typed; for IAC EL."""
        self._take()

    def _add(self, data: bytes) -> None:
        if not self._too_long:
            self._line += data
            if len(self._line) > self._limit:
                self._too_long = True
                self._line.clear()

    def _take(self) -> bytes | None:
        line = None if self._too_long else bytes(self._line)
        self._line.clear()
        self._too_long = False
        return line

    def _take_back(self) -> None:
        """The last character goes, with all its bytes if it is UTF-8."""
        line = self._line
        while line and line.pop() & _CONTINUATION == 0b1000_0000:
            pass

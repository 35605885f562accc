"""Where in a TOML file something stands: `tomllib` says what a file holds, not on which line.

Only for files that `tomllib` can read; of others the places are guesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

Path = tuple[str | int, ...]

_BLANK: Final = " \t\r\n"
_BARE_KEY_END: Final = " \t\r\n.=]"
_BARE_VALUE_END: Final = ",]}\r\n#"


def line_of(text: str, wanted: Sequence[str | int]) -> int | None:
    """The line, from 1, of a value or, if it is not there, of the innermost table around it; None for neither."""
    places = _Reader(text).places()
    path = tuple(wanted)
    while path and path not in places:
        path = path[:-1]
    return places.get(path)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}  # how many tables an array has that is written as [[headers]]

    def places(self) -> dict[Path, int]:
        """The line of every key, value and table."""
        table: Path = ()
        while self._skip():
            if self._take("[["):
                keys = self._keys()
                array = (*self._within_arrays(keys[:-1]), keys[-1])
                self._take("]]")
                self._tables[array] = self._tables.get(array, 0) + 1
                table = (*array, self._tables[array] - 1)
                self._note(table)
            elif self._take("["):
                table = self._within_arrays(self._keys())
                self._take("]")
                self._note(table)
            else:
                self._pair(table)
        return self._places

    def _within_arrays(self, path: Path) -> Path:
        """`path` with the number of the latest table where it leads through arrays of tables."""
        found: Path = ()
        for part in path:
            found = (*found, part)
            if found in self._tables:
                found = (*found, self._tables[found] - 1)
        return found

    def _note(self, path: Path) -> None:
        line = self._text.count("\n", 0, self._at) + 1
        for length in range(1, len(path) + 1):
            self._places.setdefault(path[:length], line)

    def _pair(self, table: Path) -> None:
        start = self._at
        path = (*table, *self._keys())
        self._note(path)
        self._skip()
        self._take("=")
        self._skip()
        self._value(path)
        if self._at == start:
            self._at += 1  # what is no TOML is stepped over

    def _value(self, path: Path) -> None:
        self._note(path)
        for quote in ('"""', "'''", '"', "'"):
            if self._take(quote):
                self._string(quote)
                return
        if self._take("["):
            number = 0
            while self._skip() and not self._take("]"):
                self._value((*path, number))
                number += 1
                self._skip()
                self._take(",")
        elif self._take("{"):
            while self._skip() and not self._take("}"):
                self._pair(path)
                self._skip()
                self._take(",")
        else:
            start = self._at
            while self._at < len(self._text) and self._text[self._at] not in _BARE_VALUE_END:
                self._at += 1
            self._at = max(self._at, start + 1)

    def _keys(self) -> Path:
        keys: list[str] = []
        while True:
            self._skip()
            quote = next((one for one in "\"'" if self._take(one)), None)
            if quote is not None:
                keys.append(self._string(quote))
            else:
                start = self._at
                while self._at < len(self._text) and self._text[self._at] not in _BARE_KEY_END:
                    self._at += 1
                keys.append(self._text[start : self._at])
            self._skip()
            if not self._take("."):
                return tuple(keys)

    def _string(self, quote: str) -> str:
        """Read to the end of a string; what stands in it, escapes and all."""
        start = self._at
        while self._at < len(self._text) and not self._text.startswith(quote, self._at):
            self._at += 2 if self._text[self._at] == "\\" and quote[0] == '"' else 1
        end = self._at
        self._at += len(quote)
        while len(quote) == 3 and self._take(quote[0]):  # up to two more belong to the text
            end += 1
        return self._text[start:end]

    def _take(self, what: str) -> bool:
        if self._text.startswith(what, self._at):
            self._at += len(what)
            return True
        return False

    def _skip(self) -> bool:
        """Step over blanks and comments; whether there is more."""
        while self._at < len(self._text):
            if self._text[self._at] == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif self._text[self._at] not in _BLANK:
                return True
            else:
                self._at += 1
        return False

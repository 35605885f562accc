"""Text for terminals: character sets, what to write where a set lacks a character, and breaking lines at words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Final


class Charset(Enum):
    """What both sides write in. The value is Python's name of it."""

    UTF_8 = "utf-8"
    LATIN_1 = "latin-1"
    ASCII = "ascii"

    @property
    def label(self) -> str:
        """Its name in the registry of the IANA."""
        return _LABELS[self]


_LABELS: Final[Mapping[Charset, str]] = MappingProxyType(
    {Charset.UTF_8: "UTF-8", Charset.LATIN_1: "ISO-8859-1", Charset.ASCII: "US-ASCII"}
)
_BY_NAME: Final[Mapping[str, Charset]] = MappingProxyType(
    {
        "utf8": Charset.UTF_8,
        "latin1": Charset.LATIN_1,
        "iso88591": Charset.LATIN_1,
        "usascii": Charset.ASCII,
        "ascii": Charset.ASCII,
    }
)


def charset_named(name: str) -> Charset | None:
    """The set that goes by a name, however it is written; None for others."""
    return _BY_NAME.get("".join(filter(str.isalnum, name)).casefold())


_SUBSTITUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("‘’‚‹›′", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("•·∙◦▪■●○◆◇★☆", "*"),
        **dict.fromkeys("─━═┄┈", "-"),
        **dict.fromkeys("│┃║┆┊", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬╭╮╯╰", "+"),
        **dict.fromkeys("╱⟋", "/"),
        **dict.fromkeys("╲⟍", "\\"),
        "…": "...",
        "×": "x",
        "→": "->",
        "←": "<-",
        "↑": "^",
        "↓": "v",
        "╳": "X",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ł": "l",
        "Ł": "L",
        "ı": "i",
        "€": "EUR",
        "£": "GBP",
        "©": "(c)",
        "®": "(R)",
        "™": "TM",
        "°": "o",
    }
)


@lru_cache(maxsize=4096)
def _substitute(letter: str, charset: Charset) -> str:
    """What stands for a character that `charset` lacks: something like it, the letter without its marks, or `?`."""
    candidates = (_SUBSTITUTES.get(letter, ""), *_decomposed(letter))
    for one in filter(None, candidates):
        try:
            one.encode(charset.value)
        except UnicodeEncodeError:
            continue
        return one
    return "" if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Mn", "Me") else "?"


def _decomposed(letter: str) -> Iterator[str]:
    parts = unicodedata.normalize("NFKD", letter)
    yield parts
    yield "".join(one for one in parts if not unicodedata.combining(one))


def encoded(text: str, charset: Charset) -> bytes:
    """`text` in `charset`. Never fails: what has no place in it is written otherwise."""
    try:
        return text.encode(charset.value)
    except UnicodeEncodeError:
        pass
    letters = []
    for letter in text:
        try:
            letters.append(letter.encode(charset.value))
        except UnicodeEncodeError:
            letters.append(_substitute(letter, charset).encode(charset.value))
    return b"".join(letters)


def decoded(line: bytes, charset: Charset) -> tuple[str, Charset]:
    """What was typed, and the set it turned out to be in: what is no UTF-8 after all is Latin-1."""
    if charset is Charset.UTF_8:
        try:
            return line.decode(), charset
        except UnicodeDecodeError:
            charset = Charset.LATIN_1
    return line.decode("latin-1"), charset


BOLD, ITALIC, UNDERLINED, PLAIN = "\ue000", "\ue001", "\ue002", "\ue003"
"""Marks inside a text that take no place: from here on it is bold …, or none of these. `clean` takes out what
others may have written there."""
MARKS: Final = frozenset({BOLD, ITALIC, UNDERLINED, PLAIN})
_INVISIBLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean(text: str) -> str:
    """`text` without anything that could steer a terminal. Ends of lines stay; tabs are spaces."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_cleaned, text))


def _cleaned(letter: str) -> str:
    if letter == "\n":
        return letter
    if letter == "\t":
        return " "
    return "" if letter in MARKS or unicodedata.category(letter) in _INVISIBLE else letter


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_letter_columns, text))


def _letter_columns(letter: str) -> int:
    if letter in MARKS or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def wrapped(text: str, width: int) -> list[str]:
    """The lines of `text`, none with more than `width` columns; what is continued is indented as it began.

    With a `width` of 0 lines stay as they are.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        if width <= 0 or columns(line) <= width:
            lines.append(line)
        else:
            lines += _broken(line, width)
    return lines


def _broken(line: str, width: int) -> list[str]:
    words = line.lstrip(" ")
    indent = " " * min(len(line) - len(words), width // 2)
    room = width - len(indent)
    lines, current, taken = [], "", 0
    for word in words.split(" "):
        needed = columns(word)
        if current and taken + 1 + needed <= room:
            current, taken = f"{current} {word}", taken + 1 + needed
            continue
        if current:
            lines.append(indent + current)
        while needed > room:  # longer than a line: cut
            head = _head(word, room)
            lines.append(indent + head)
            word = word[len(head) :]
            needed = columns(word)
        current, taken = word, needed
    return [*lines, indent + current] if current or not lines else lines


def _head(word: str, room: int) -> str:
    """As much as fits of a word that does not, at least one character."""
    too_many = next(end for end in range(1, len(word) + 1) if columns(word[:end]) > room)
    return word[: max(1, too_many - 1)]

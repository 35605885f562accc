"""How text looks on a terminal, or sounds: width, colours, character set, and the mode for screen readers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from mythgate.wire.telnet.ansi import Depth, Style, painted
from mythgate.wire.telnet.codec import escaped
from mythgate.wire.telnet.text import Charset, clean, encoded, wrapped

DEFAULT_WIDTH: Final = 80
NARROWEST: Final = 20
WIDEST: Final = 250
MARK: Final = "# "  # before a line that is told aside, for who sees no colours
_GAPS: Final = re.compile(r" {2,}")
_COUNTS: Final = re.compile(r"\(×(\d+)\)")


class Passage(NamedTuple):
    """Some lines of text of one kind. `drawn` ones are laid out and must not be broken otherwise."""

    text: str
    style: Style = Style.PLAIN
    drawn: bool = False


class Mode:
    """How a terminal wants its text. There is one object for each combination: `mode`."""

    __slots__ = ("charset", "depth", "spoken", "width")

    def __init__(self, depth: Depth, width: int, charset: Charset, spoken: bool) -> None:
        self.depth = depth
        self.width = width
        self.charset = charset
        self.spoken = spoken  # read aloud: no colours, no drawings, no columns

    def rendered(self, passages: list[Passage]) -> bytes:
        """The lines as they are sent, each with its end."""
        lines: list[str] = []
        for passage in passages:
            if self.spoken:
                lines += [part for line in _as_spoken(passage.text) for part in wrapped(line, self.width)]
                continue
            width = 0 if passage.drawn else self.width
            lines += [painted(line, passage.style, self.depth) for line in wrapped(passage.text, width)]
        return b"".join([escaped(encoded(line, self.charset)) + b"\r\n" for line in lines])


@lru_cache(maxsize=1024)
def mode(depth: Depth, width: int, charset: Charset, spoken: bool) -> Mode:
    """The mode with these values; a width of 0 leaves breaking lines to the client."""
    return Mode(Depth.NONE if spoken else depth, width, charset, spoken)


def width_of(columns: int) -> int:
    """The width to break lines at for a window of so many columns; 0 means the client did not tell."""
    return min(max(columns, NARROWEST), WIDEST) if columns else DEFAULT_WIDTH


def _as_spoken(text: str) -> list[str]:
    """Lines without columns and ornaments."""
    lines = []
    for line in text.split("\n"):
        told = _COUNTS.sub(r"(\1 of them)", painted(line, Style.PLAIN, Depth.NONE))
        told = _GAPS.sub(" ", told).strip()
        if any(map(str.isalnum, told)):
            lines.append(told)
    return lines


def say(text: str, style: Style = Style.PLAIN, *, drawn: bool = False) -> Passage:
    """A passage of `text`, in which nothing steers a terminal."""
    return Passage(clean(text), style, drawn)

"""Colours of terminals (ECMA-48 SGR), in 16 or 256 of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Final

from mythgate.wire.telnet.text import BOLD, ITALIC, MARKS, PLAIN, UNDERLINED


class Depth(IntEnum):
    """How many colours a terminal shows."""

    NONE = 0
    FEW = 16
    MANY = 256


class Style(Enum):
    """What a line is, for the eye."""

    PLAIN = "plain"
    PLACE = "place"
    SPEECH = "speech"
    EMOTE = "emote"
    PRIVATE = "private"
    SHOUT = "shout"
    GLOBAL = "global"
    PARTY = "party"
    FACTION = "faction"
    COMING = "coming"
    SYSTEM = "system"
    NOTICE = "notice"
    ERROR = "error"
    FIGHT = "fight"
    LOBBY = "lobby"
    PROMPT = "prompt"
    WARNING = "warning"


_FEW: Final[Mapping[Style, str]] = MappingProxyType(
    {
        Style.PLAIN: "",
        Style.PLACE: "1",
        Style.SPEECH: "37",
        Style.EMOTE: "35",
        Style.PRIVATE: "95",
        Style.SHOUT: "33",
        Style.GLOBAL: "33",
        Style.PARTY: "92",
        Style.FACTION: "96",
        Style.COMING: "90",
        Style.SYSTEM: "1;36",
        Style.NOTICE: "1;33",
        Style.ERROR: "31",
        Style.FIGHT: "91",
        Style.LOBBY: "94",
        Style.PROMPT: "32",
        Style.WARNING: "1;31",
    }
)
_MANY: Final[Mapping[Style, str]] = MappingProxyType(
    {
        Style.PLAIN: "",
        Style.PLACE: "1;38;5;223",
        Style.SPEECH: "38;5;252",
        Style.EMOTE: "38;5;176",
        Style.PRIVATE: "38;5;213",
        Style.SHOUT: "38;5;215",
        Style.GLOBAL: "38;5;179",
        Style.PARTY: "38;5;114",
        Style.FACTION: "38;5;116",
        Style.COMING: "38;5;246",
        Style.SYSTEM: "1;38;5;80",
        Style.NOTICE: "1;38;5;221",
        Style.ERROR: "38;5;203",
        Style.FIGHT: "38;5;209",
        Style.LOBBY: "38;5;111",
        Style.PROMPT: "38;5;108",
        Style.WARNING: "1;38;5;196",
    }
)
_INLINE: Final[Mapping[str, str]] = MappingProxyType({BOLD: "1", ITALIC: "3", UNDERLINED: "4"})
_RESET: Final = "\x1b[0m"


def _code(style: Style, depth: Depth) -> str:
    number = (_MANY if depth is Depth.MANY else _FEW)[style]
    return f"\x1b[{number}m" if number else ""


def painted(line: str, style: Style, depth: Depth) -> str:
    """One line in its colour; marks inside it become what they mean, or nothing where there are no colours."""
    has_marks = not MARKS.isdisjoint(line)
    if depth is Depth.NONE:
        return "".join(letter for letter in line if letter not in MARKS) if has_marks else line
    begin = _code(style, depth)
    if not has_marks:
        return f"{begin}{line}{_RESET}" if begin and line else line
    letters = [begin]
    for letter in line:
        if letter == PLAIN:
            letters.append(_RESET + begin)
        else:
            letters.append(f"\x1b[{_INLINE[letter]}m" if letter in _INLINE else letter)
    return f"{''.join(letters)}{_RESET}"

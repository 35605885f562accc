"""Text on the wire: Mac OS Roman, one byte a character, and the style escapes of names and talk.

Every byte decodes. Unicode that MacRoman lacks is written readably: a similar sign, the letter without
its mark ("Łódź" becomes "Lódz", as there is an ó), and `?` where nothing comes close.

A style escape is `|` and a letter of either case; it lasts to the end of the string:

    |p plain   |b bold   |i italic   |u underline   |s shadow   |l left   |c centred   |r right

Only `|p` ends a style, and it ends all of them. There is no way to write a bar before such a letter
that is not an escape.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Final

CODEC: Final = "mac_roman"
ADMIN_MARK: Final = b"\xb0".decode(CODEC)
"""A name that begins with the byte 0xB0 marks an administrator; no ordinary user may have one. (What was
meant is the degree sign; in MacRoman that byte is the sign for infinity, and the byte is what counts.)"""

_SIMILAR: Final[Mapping[str, str]] = {
    "‐": "-", "‑": "-", "‒": "–", "―": "—", "−": "-", "⁃": "•", "‣": "•", "∙": "•", "●": "•",
    "′": "'", "″": '"', "‵": "'", "ʼ": "'", "ʻ": "'", "‛": "'", "‟": "“", "❛": "‘", "❜": "’", "❝": "“", "❞": "”",
    "×": "x", "¦": "|", "‖": "||", "∗": "*", "⁎": "*", "★": "*", "☆": "*", "¹": "1", "²": "2", "³": "3",
    "¼": "1/4", "½": "1/2", "¾": "3/4", "→": "->", "←": "<-", "↔": "<->", "⇒": "=>", "⇐": "<=", "♥": "<3", "❤": "<3",
    "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ħ": "H", "ħ": "h", "Ŧ": "T", "ŧ": "t", "Ð": "D", "ð": "d",
    "Þ": "Th", "þ": "th", "Ŋ": "Ng", "ŋ": "ng", "ẞ": "SS", "ſ": "s", "ĸ": "k", "ə": "e", "Ə": "E", "¤": "*",
    "₤": "£", "μ": "µ", "№": "No.",
    "🙂": ":)", "😀": ":D", "😃": ":D", "😄": ":D", "😁": ":D", "😂": ":'D", "😉": ";)", "😊": ":)", "😋": ":P",
    "😛": ":P", "😜": ";P", "😎": "B)", "😐": ":|", "😕": ":/", "🙁": ":(", "☹": ":(", "😞": ":(", "😢": ":'(",
    "😭": ":'(", "😮": ":o", "😡": ">:(", "☺": ":)", "👍": "+1", "👎": "-1",
}  # fmt: skip

_SILENT: Final = frozenset({"Cf", "Mn", "Me", "Cs"})
"""Categories that vanish rather than become `?`: formats and joiners, marks, lone surrogates."""


def decode_text(raw: bytes) -> str:
    """MacRoman up to the first NUL, or to the end if there is none: peers leave garbage behind it."""
    return raw.partition(b"\0")[0].decode(CODEC)


def encode_text(text: str, limit: int | None = None) -> bytes:
    """MacRoman without NUL, cut to `limit` bytes."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        raw = text.encode(CODEC)
    except UnicodeEncodeError:
        raw = "".join(map(_readable, unicodedata.normalize("NFC", text))).encode(CODEC)
    return raw if limit is None else raw[:limit]


def in_macroman(text: str) -> str:
    """What a client of this protocol will see of `text`."""
    return encode_text(text).decode(CODEC)


def _readable(character: str) -> str:
    if _fits(character):
        return character
    if character in _SIMILAR:
        return _SIMILAR[character]
    if unicodedata.category(character) in _SILENT:
        return ""
    parts = unicodedata.normalize("NFKD", character)
    if parts == character:
        return "?"
    return "".join(map(_readable, parts)) or "?"


def _fits(character: str) -> bool:
    try:
        character.encode(CODEC)
    except UnicodeEncodeError:
        return False
    return True


# --- style escapes ---------------------------------------------------------------------------------


class Style(Flag):
    """How a piece of text is shown."""

    PLAIN = 0
    BOLD = auto()
    ITALIC = auto()
    UNDERLINE = auto()
    SHADOW = auto()
    LEFT = auto()
    CENTRED = auto()
    RIGHT = auto()


_LETTERS: Final[Mapping[str, Style]] = {
    "p": Style.PLAIN,
    "b": Style.BOLD,
    "i": Style.ITALIC,
    "u": Style.UNDERLINE,
    "s": Style.SHADOW,
    "l": Style.LEFT,
    "c": Style.CENTRED,
    "r": Style.RIGHT,
}
_SIDES: Final = Style.LEFT | Style.CENTRED | Style.RIGHT
_ESCAPE: Final = re.compile(r"\|([pbiuslcr])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one style."""

    text: str
    style: Style = Style.PLAIN


def parse_styles(text: str) -> tuple[Run, ...]:
    """The runs of a styled text; neighbours differ in style and none is empty."""
    runs: list[Run] = []
    style = Style.PLAIN
    pieces = _ESCAPE.split(text)
    for piece, letter in zip(pieces[::2], [*pieces[1::2], "p"], strict=True):
        if piece and runs and runs[-1].style == style:
            runs[-1] = Run(runs[-1].text + piece, style)
        elif piece:
            runs.append(Run(piece, style))
        style = _after(style, letter)
    return tuple(runs)


def write_styles(runs: Iterable[Run]) -> str:
    """The styled text of `runs`, plain at its end. What looks like an escape in them is set apart by a blank."""
    written: list[str] = []
    current = Style.PLAIN
    for run in runs:
        if not run.text:
            continue
        if current & ~run.style:
            written.append("|p")
            current = Style.PLAIN
        written += [f"|{letter}" for letter, style in _LETTERS.items() if style & run.style & ~current]
        current = run.style
        written.append(_set_apart(run.text, written))
    if current:
        written.append("|p")
    return "".join(written)


def strip_styles(text: str) -> str:
    """`text` without its escapes: for comparing and searching names, and for clients without styles."""
    return _ESCAPE.sub("", text)


def plain_name(name: str) -> str:
    """What a name is compared by: no escapes, no administrator's mark, no blanks around it."""
    return strip_styles(name).strip().removeprefix(ADMIN_MARK).strip()


def embedded(name: str) -> str:
    """`name` for use inside a line: its style must not run on into the rest of the line."""
    style = Style.PLAIN
    for letter in _ESCAPE.findall(name):
        style = _after(style, letter)
    return f"{name}|p" if style else name


def _after(style: Style, letter: str) -> Style:
    meant = _LETTERS[letter.lower()]
    if not meant:
        return Style.PLAIN
    return (style & ~_SIDES if meant & _SIDES else style) | meant


def _set_apart(text: str, written: list[str]) -> str:
    """Keep `text` from being read as escapes, alone or together with what stands before it."""
    text = _ESCAPE.sub(r"| \1", text)
    if written and written[-1].endswith("|") and text[0].lower() in _LETTERS:
        text = f" {text}"
    return text

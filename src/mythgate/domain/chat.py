"""What people may say, how it is tidied, and how it is worded for those who hear it.

Nothing a person writes is refused for what it looks like: `5 > 3; really?` and `<b>hi</b>` are ordinary
speech. Text is told as text; whoever shows it in a page escapes it there.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from enum import StrEnum
from typing import Final

from mythgate.domain.errors import BadUsage, InvalidInput

MAX_CHARACTERS: Final = 512


class Channel(StrEnum):
    """How far words carry."""

    SAY = "say"  # the room
    EMOTE = "emote"  # the room
    WHISPER = "whisper"  # one person
    TELL = "tell"  # one person
    SHOUT = "shout"  # the zone
    GLOBAL = "global"  # everybody
    PARTY = "party"  # the speaker's party
    FACTION = "faction"  # those of the speaker's faction


# Terminal sequences (ECMA-48): CSI … final byte, OSC/DCS/SOS/PM/APC … string terminator, two-character escapes.
_TERMINAL: Final = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*[0-~]"
)
# Joiners that shape letters and emoji; anywhere else they are only a way to hide something.
_JOINERS: Final = "\u200c\u200d"
_RUN_OF_JOINERS: Final = re.compile(f"([{_JOINERS}])[{_JOINERS}]+")
_STRAY_JOINER: Final = re.compile(f"(?<![^\x00-\x7f])[{_JOINERS}]|[{_JOINERS}](?![^\x00-\x7f])")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES: Final = frozenset({"Zs", "Zl", "Zp"})
_LINE_SPACES: Final = frozenset("\t\n\v\f\r\x85")


def tidy(text: str) -> str:
    """`text` without what a reader cannot see or a terminal would obey, composed (NFC), spaces as typed.

    Line breaks, tabs and odd spaces become plain spaces. Control and format characters, among them
    zero-width ones and those that turn the direction of writing, vanish; joiners stay only inside
    words of scripts (and emoji) that are written with them. Halves of characters that were cut apart are
    put together again or dropped.
    """
    if text.isprintable():
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    text = unicodedata.normalize("NFC", "".join(map(_visible, _TERMINAL.sub("", text))))
    text = _STRAY_JOINER.sub("", _RUN_OF_JOINERS.sub(r"\1", text))
    return unicodedata.normalize("NFC", text)  # what a joiner kept apart may go together now


def _visible(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if character in _LINE_SPACES:
        return " "
    category = unicodedata.category(character)
    return " " if category in _SPACES else "" if category in _INVISIBLE else character


def clean(text: str, *, limit: int = MAX_CHARACTERS, verb: str = "say") -> str:
    """Speech as it is told: tidied, without needless space.

    Raises:
        BadUsage: nothing is left of it.
        InvalidInput: it has more than `limit` characters.

    """
    text = tidy(text)
    if "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    if not text:
        raise BadUsage(f"What do you want to {verb}?")
    if len(text) > limit:
        raise InvalidInput(
            f"That is too long: {len(text)} characters.", field="message", hint=f"At most {limit} characters at once."
        )
    return text


_HEARD: Final = {
    Channel.SAY: "{} says: {}",
    Channel.EMOTE: "{} {}",
    Channel.WHISPER: "{} whispers to you: {}",
    Channel.TELL: "{} tells you: {}",
    Channel.SHOUT: "{} shouts: {}",
    Channel.GLOBAL: "{} (global): {}",
    Channel.PARTY: "{} (party): {}",
    Channel.FACTION: "{} (faction): {}",
}


def heard(channel: Channel, name: str, words: str) -> str:
    """The line as listeners read it. Only `name`'s own client may word it otherwise ("You say: …")."""
    if channel is Channel.EMOTE and words[0] in "'’,":
        return name + words
    return _HEARD[channel].format(name, words)


def confided(channel: Channel, to: str, words: str) -> str:
    """The sender's own line of private words."""
    return f"You {'whisper to' if channel is Channel.WHISPER else 'tell'} {to}: {words}"


def remaining(left: timedelta) -> str:
    """How long something still lasts, in words: "2 minutes", "45 seconds"."""
    seconds = max(1, round(left.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return _counted(round(seconds / size), unit)
    return _counted(seconds, "second")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"

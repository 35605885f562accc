"""What a client says about itself: name, terminal and abilities (TTYPE, MTTS), window (NAWS), character set.

TTYPE (RFC 1091)   we: 1 (SEND)         peer: 0 (IS) name
                   Asked again, clients that know MTTS say: 1. their name, 2. the terminal, 3. `MTTS` and a number
                   whose bits are `Ability`. Others repeat themselves.
NAWS (RFC 1073)    peer: width (u16) height (u16), big-endian; 0: not known
CHARSET (RFC 2066) either: 1 (REQUEST) separator names…, 2 (ACCEPTED) name, 3 (REJECTED)
"""

from __future__ import annotations

import re
import struct
from enum import IntFlag
from typing import Final

from mythgate.domain.errors import ProtocolError
from mythgate.wire.telnet.ansi import Depth
from mythgate.wire.telnet.text import Charset, charset_named

TTYPE_SEND: Final = b"\x01"
_IS: Final = 0
MOST_NAMES: Final = 8  # a client that always says something new is not asked for ever
_NAME_CHARACTERS: Final = 40
_MTTS: Final = re.compile(r"MTTS (\d{1,6})")
_COLOURFUL: Final = ("ansi", "xterm", "vt1", "vt2", "linux", "screen", "tmux", "rxvt", "color", "putty", "cygwin")

_REQUEST, _ACCEPTED, _REJECTED = 1, 2, 3


class Ability(IntFlag):
    """Bits of MTTS. What stands here is what we act upon."""

    ANSI = 1
    UTF_8 = 4
    MANY_COLOURS = 8
    SCREEN_READER = 64


class Terminal:
    """What is known of the peer's terminal, and whether there is more to ask."""

    __slots__ = ("_last", "abilities", "asked", "client", "kind")

    def __init__(self) -> None:
        self.client = ""
        self.kind = ""
        self.abilities: Ability | None = None  # None: it did not say
        self.asked = 0
        self._last = ""

    def receive(self, payload: bytes) -> bool:
        """The peer names something; True if it should be asked again. Raises ProtocolError."""
        if not payload or payload[0] != _IS:
            raise ProtocolError("A terminal type begins with IS.", code="bad_terminal_type")
        name = "".join(filter(str.isprintable, payload[1:].decode("ascii", "replace"))).strip()[:_NAME_CHARACTERS]
        self.asked += 1
        mtts = _MTTS.fullmatch(name)
        if mtts is not None:
            self.abilities = Ability(int(mtts[1]))
            return False
        if not name or name == self._last:
            return False
        if self.asked == 1:
            self.client = self.kind = name
        elif self.asked == 2:
            self.kind = name
        self._last = name
        return self.asked < MOST_NAMES

    @property
    def depth(self) -> Depth:
        """How many colours it shows, as far as is known."""
        if self.abilities is not None:
            if Ability.MANY_COLOURS in self.abilities:
                return Depth.MANY
            return Depth.FEW if Ability.ANSI in self.abilities else Depth.NONE
        kind = self.kind.casefold()
        if "256color" in kind or "truecolor" in kind:
            return Depth.MANY
        return Depth.FEW if any(word in kind for word in _COLOURFUL) else Depth.NONE

    @property
    def charset(self) -> Charset | None:
        """What it can show; None: it did not say."""
        if self.abilities is None:
            return None
        return Charset.UTF_8 if Ability.UTF_8 in self.abilities else Charset.ASCII

    @property
    def reads_aloud(self) -> bool:
        """Whether it says that a screen reader is used."""
        return self.abilities is not None and Ability.SCREEN_READER in self.abilities


_WINDOW: Final = struct.Struct(">HH")


def window(payload: bytes) -> tuple[int, int]:
    """Columns and lines of the window. Raises ProtocolError."""
    if len(payload) != _WINDOW.size:
        raise ProtocolError("The size of a window has four bytes.", code="bad_window")
    columns, lines = _WINDOW.unpack(payload)
    return columns, lines


OFFERED: Final = (Charset.UTF_8, Charset.LATIN_1, Charset.ASCII)


def charset_request() -> bytes:
    """Our offer: the payload of a subnegotiation."""
    return bytes((_REQUEST,)) + "".join(f";{one.label}" for one in OFFERED).encode()


def charset_answer(payload: bytes) -> tuple[Charset | None, bytes]:
    """What the peer says about character sets: the one that holds from now on, if any does, and our answer.

    Raises:
        ProtocolError: it makes no sense.

    """
    if not payload or payload[0] not in (_REQUEST, _ACCEPTED, _REJECTED):
        raise ProtocolError("Nothing is known that would be said so about character sets.", code="bad_charset")
    if payload[0] == _REJECTED:
        return None, b""
    if payload[0] == _ACCEPTED:
        return charset_named(payload[1:].decode("ascii", "replace")), b""
    names = payload[2:].split(payload[1:2]) if len(payload) > 2 else []
    for name in names:
        found = charset_named(name.decode("ascii", "replace"))
        if found is not None:
            return found, bytes((_ACCEPTED,)) + name
    return None, bytes((_REJECTED,))

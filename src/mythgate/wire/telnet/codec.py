"""The telnet protocol itself (RFC 854, RFC 855).

    bytes                                 meaning
    0 to 254                              data
    IAC IAC                               the data byte 255
    IAC WILL|WONT|DO|DONT option          negotiation
    IAC SB option payload IAC SE          subnegotiation; IAC is doubled in the payload
    IAC any other byte                    a command: NOP, AYT, GA …

The same in both directions. IAC is 255.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from mythgate.domain.errors import ProtocolError

IAC: Final = 255
MAX_SUBNEGOTIATION_BYTES: Final = 8192
"""What a server accepts from a client; a list of GMCP modules, the longest there is, has some hundred."""

_IAC: Final = bytes((IAC,))


class Command(IntEnum):
    """What may follow IAC (RFC 854; EOR: RFC 885)."""

    EOR = 239
    SE = 240
    NOP = 241
    DM = 242
    BRK = 243
    IP = 244
    AO = 245
    AYT = 246
    EC = 247
    EL = 248
    GA = 249
    SB = 250
    WILL = 251
    WONT = 252
    DO = 253
    DONT = 254


class Option(IntEnum):
    """Options this server knows. Those from 70 on are customs of text games."""

    ECHO = 1  # RFC 857
    SGA = 3  # RFC 858, suppress go-ahead
    TTYPE = 24  # RFC 1091, and MTTS
    EOR = 25  # RFC 885
    NAWS = 31  # RFC 1073
    CHARSET = 42  # RFC 2066
    MSSP = 70
    MCCP2 = 86
    GMCP = 201


NEGOTIATIONS: Final = frozenset({Command.WILL, Command.WONT, Command.DO, Command.DONT})


class Data(NamedTuple):
    """Part of what the peer sends as text."""

    data: bytes


class Told(NamedTuple):
    """A command that stands alone."""

    command: int


class Negotiation(NamedTuple):
    """`verb` is one of NEGOTIATIONS."""

    verb: int
    option: int


class Subnegotiation(NamedTuple):
    """What an option has to say; doubled IACs are single again."""

    option: int
    payload: bytes


Item = Data | Told | Negotiation | Subnegotiation


class TelnetDecoder:
    """Cuts a stream of bytes into items.

    Give it bytes with `receive_data` as they come and take items with `next_item` until it has none. Only the places at
    which data is cut depend on how the bytes came. A subnegotiation that is too long or names no option raises
    ProtocolError, then and on every later call: after it the stream has no meaning.
    """

    __slots__ = ("_buffer", "_limit", "_start")

    def __init__(self, limit: int = MAX_SUBNEGOTIATION_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._start = 0

    def receive_data(self, data: bytes) -> None:
        """Append what the peer sent."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_item(self) -> Item | None:
        """The next whole item, or None until more bytes come. Raises ProtocolError."""
        buffer, start = self._buffer, self._start
        waiting = len(buffer) - start
        if not waiting:
            return None
        if buffer[start] != IAC:
            end = buffer.find(_IAC, start)
            self._start = end if end >= 0 else len(buffer)
            return Data(bytes(buffer[start : self._start]))
        if waiting < 2:
            return None
        command = buffer[start + 1]
        if command == IAC:
            self._start += 2
            return Data(_IAC)
        if command == Command.SB:
            return self._subnegotiation(start + 2)
        if command not in NEGOTIATIONS:
            self._start += 2
            return Told(command)
        if waiting < 3:
            return None
        self._start += 3
        return Negotiation(command, buffer[start + 2])

    def _subnegotiation(self, begin: int) -> Subnegotiation | None:
        """The one whose option stands at `begin`, if it is whole.

        Some clients forget to double an IAC, as in a window 255 columns wide: one that data follows is data.
        """
        buffer = self._buffer
        place = buffer.find(_IAC, begin)
        while 0 <= place < len(buffer) - 1 and buffer[place + 1] != Command.SE:
            place = buffer.find(_IAC, place + 2)
        end = place if place >= 0 else len(buffer)
        is_whole = end < len(buffer) - 1
        if end - begin > self._limit:
            raise ProtocolError(f"A subnegotiation is longer than {self._limit} bytes.", code="subnegotiation_too_long")
        if not is_whole:
            return None
        if place == begin:
            raise ProtocolError("A subnegotiation names no option.", code="bad_subnegotiation")
        self._start = place + 2
        return Subnegotiation(buffer[begin], bytes(buffer[begin + 1 : place]).replace(_IAC + _IAC, _IAC))

    @property
    def buffered(self) -> int:
        """How many bytes wait for the rest of their item, or to be taken."""
        return len(self._buffer) - self._start


def escaped(data: bytes) -> bytes:
    """`data` as it stands in the stream."""
    return data.replace(_IAC, _IAC + _IAC) if _IAC in data else data


def told(command: Command) -> bytes:
    """A command that stands alone."""
    return bytes((IAC, command))


def negotiation(verb: int, option: int) -> bytes:
    """One of NEGOTIATIONS about an option."""
    return bytes((IAC, verb, option))


def subnegotiation(option: int, payload: bytes = b"") -> bytes:
    """What an option has to say."""
    return bytes((IAC, Command.SB, option)) + escaped(payload) + bytes((IAC, Command.SE))

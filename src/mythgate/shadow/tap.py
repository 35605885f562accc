"""Reading along: packets in the bytes of a connection that is passed on, also if it is encrypted.

The keys of this protocol have 15 bits, four times: whoever sees both public keys knows the secret. So the bytes can be
passed on as they are, and read all the same.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver import crypto
from mythgate.wire.metaserver.framing import HEADER_BYTES, SIGNATURE, FrameDecoder, frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import SESSION_KEY, Direction, Packet, application_of, decode, family_of

MOST_PACKET_BYTES: Final = 4 * 1024 * 1024  # what Aleph One takes; nobody takes more
LOGIN: Final = 100
ROOM_LIST: Final = 0

_HEADER: Final = struct.Struct(">Hhi")


@functools.cache
def _logarithms() -> Mapping[int, int]:
    """The exponent that makes each public word; takes a few milliseconds, once."""
    exponents: dict[int, int] = {}
    word = 1
    for exponent in range(crypto.PRIME - 1):
        exponents.setdefault(word, exponent)
        word = word * crypto.GENERATOR % crypto.PRIME
    return exponents


def common_key(one_public: bytes, other_public: bytes) -> bytes | None:
    """The session key that two public keys lead to; None if one of them is none."""
    logarithms = _logarithms()
    words = [int.from_bytes(one_public[at : at + 2], "little") for at in range(0, crypto.KEY_BYTES, 2)]
    if len(one_public) != crypto.KEY_BYTES or not all(word in logarithms for word in words):
        return None
    private = b"".join(logarithms[word].to_bytes(2, "little") for word in words)
    try:
        return crypto.session_key(private, other_public)
    except ProtocolError:
        return None


@dataclass(frozen=True, slots=True)
class Seen:
    """One packet that passed by; `payload` is in clear. `packet` is None if it makes no sense: `fault` says why."""

    direction: Direction
    packet_type: int
    payload: bytes
    packet: Packet | None
    fault: str = ""


class Tap:
    """What is said on one connection. The family of its client is known from its log-in, or from who opened it."""

    def __init__(self, family: Family = Family.MYTH) -> None:
        self.family = family
        self.is_encrypted = False  # keys were exchanged
        self.cipher: crypto.Cipher | None = None
        self._keys: dict[Direction, bytes] = {}
        self._decoders = {direction: FrameDecoder(MOST_PACKET_BYTES) for direction in Direction}
        self.garbled: dict[Direction, str] = {}  # directions that make no sense any more, and why

    def feed(self, direction: Direction, data: bytes) -> Iterator[Seen]:
        """What `data` completes. Never raises: who talks nonsense is passed on all the same."""
        if direction in self.garbled:
            return
        decoder = self._decoders[direction]
        decoder.receive_data(data)
        while True:
            try:
                got = decoder.next_frame()
            except ProtocolError as error:
                self.garbled[direction] = error.message
                return
            if got is None:
                return
            yield self._seen(direction, *got)

    def _seen(self, direction: Direction, packet_type: int, payload: bytes) -> Seen:
        if packet_type == SESSION_KEY:
            self._note_key(direction, payload)
        elif self.is_encrypted:
            if self.cipher is None:
                return Seen(direction, packet_type, payload, None, "It is encrypted with a key that is not known.")
            try:
                payload = self.cipher.open(payload)
            except ProtocolError as error:
                return Seen(direction, packet_type, payload, None, error.message)
        try:
            if packet_type == LOGIN and direction is Direction.TO_SERVER:
                self.family = family_of(application_of(payload), encrypted=self.is_encrypted) or self.family
            return Seen(direction, packet_type, payload, decode(self.family, direction, packet_type, payload))
        except ProtocolError as error:
            return Seen(direction, packet_type, payload, None, error.message)

    def _note_key(self, direction: Direction, public: bytes) -> None:
        self._keys.setdefault(direction, public)
        if len(self._keys) == len(Direction):
            self.is_encrypted = True
            key = common_key(self._keys[Direction.TO_SERVER], self._keys[Direction.TO_CLIENT])
            self.cipher = crypto.Cipher(key) if key is not None else None


class Holding:
    """Passes bytes on as they come, but packets of one type, which it hands out whole.

    What is no packet is passed on, too, and so is all that follows it.
    """

    def __init__(self, held_type: int) -> None:
        self._held_type = held_type
        self._buffer = bytearray()
        self._passing = 0  # bytes of a packet that may go on
        self._is_nonsense = False

    def feed(self, data: bytes) -> list[bytes | tuple[int, bytes]]:
        """What may be written now, in order; a pair is a held packet, type and payload."""
        parts: list[bytes | tuple[int, bytes]] = []
        self._buffer += data
        while self._buffer:
            if self._is_nonsense:
                parts.append(self._take(len(self._buffer)))
            elif self._passing:
                passed = self._take(min(self._passing, len(self._buffer)))
                self._passing -= len(passed)
                parts.append(passed)
            elif len(self._buffer) < HEADER_BYTES:
                break
            else:
                signature, packet_type, length = _HEADER.unpack_from(self._buffer)
                if signature != SIGNATURE or not HEADER_BYTES <= length <= MOST_PACKET_BYTES:
                    self._is_nonsense = True
                elif packet_type != self._held_type:
                    self._passing = length
                elif len(self._buffer) < length:
                    break
                else:
                    parts.append((packet_type, self._take(length)[HEADER_BYTES:]))
        return parts

    def rest(self) -> bytes:
        """What is held at the end of the stream: half a packet."""
        return self._take(len(self._buffer))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def sealed(cipher: crypto.Cipher | None, packet_type: int, payload: bytes, randoms: tuple[int, int]) -> bytes:
    """One whole packet, encrypted if there is a key."""
    return frame(packet_type, payload if cipher is None else cipher.seal(payload, *randoms))

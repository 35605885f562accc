"""WebSocket on the wire (RFC 6455, RFC 7692): handshake values, frames, compression. Server side, no I/O.

    byte 0   FIN RSV1 RSV2 RSV3 opcode(4)
    byte 1   MASK length(7)          126: 16 bits follow, 127: 64 bits follow, big-endian, shortest form only
    4 bytes  masking key             client to server always, server to client never
    payload  XOR with the key

RSV1 marks a compressed message when permessage-deflate was agreed on.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from typing import Final

from mythgate.domain.errors import ProtocolError

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
TOO_LONG: Final = 0x10  # not an opcode: a message above the limit was read and thrown away

MAX_CONTROL_BYTES: Final = 125
MAX_FRAGMENTS: Final = 64  # of one message
SKIP_FACTOR: Final = 16  # a message up to this many times the limit is skipped, a longer one breaks the connection

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_FLUSH_TAIL: Final = b"\x00\x00\xff\xff"  # RFC 7692, section 7.2.1: removed by the sender, added by the receiver


def accept_key(key: bytes) -> bytes:
    """`Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`. Raises ProtocolError."""
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            raise ProtocolError("Sec-WebSocket-Key is not 16 bytes.")
    except binascii.Error:
        raise ProtocolError("Sec-WebSocket-Key is not base64.") from None
    return base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - as the standard demands


def frame_head(first_byte: int, length: int) -> bytes:
    """Head of an unmasked frame with `length` bytes of payload."""
    if length < 126:
        return bytes((first_byte, length))
    if length < 0x10000:
        return bytes((first_byte, 126, length >> 8, length & 0xFF))
    return bytes((first_byte, 127)) + length.to_bytes(8, "big")


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole unmasked frame."""
    return frame_head(0x80 | opcode, len(payload)) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; the reason is cut to what fits."""
    text = reason.encode()[: MAX_CONTROL_BYTES - 2]
    return frame(CLOSE, code.to_bytes(2, "big") + text.decode(errors="ignore").encode())


def unmask(payload: bytes, key: bytes) -> bytes:
    """`payload` XOR the repeated four bytes of `key`; masking is the same."""
    length = len(payload)
    mask = (key * ((length + 3) >> 2))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(length, "little")


def parse_close(payload: bytes) -> tuple[int, str]:
    """Code and reason of a close frame; 1005 if it has none. Raises ProtocolError."""
    if not payload:
        return 1005, ""
    if len(payload) == 1:
        raise ProtocolError("A close frame has half a code.")
    code = int.from_bytes(payload[:2], "big")
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ProtocolError("A close frame has a code that must not be sent.")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise ProtocolError("The reason of a close frame is not UTF-8.") from None


# --- compression -----------------------------------------------------------------------------------

_compressors: Final[dict[int, zlib._Compress]] = {}


class Deflate:
    """permessage-deflate without context takeover either way: an idle connection holds no zlib state.

    All connections share one compressor a window size. A full flush after each message resets its
    history, so messages do not depend on each other.
    """

    __slots__ = ("window_bits",)

    def __init__(self, window_bits: int = 15) -> None:
        self.window_bits = window_bits

    @property
    def answer(self) -> bytes:
        """Value of `Sec-WebSocket-Extensions` in the answer to the offer."""
        value = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        return value if self.window_bits == 15 else value + b"; server_max_window_bits=%d" % self.window_bits

    def compress(self, payload: bytes) -> bytes:
        """One message, ready to stand in a frame with RSV1."""
        compressor = _compressors.get(self.window_bits)
        if compressor is None:
            compressor = _compressors[self.window_bits] = zlib.compressobj(6, zlib.DEFLATED, -self.window_bits)
        data = compressor.compress(payload) + compressor.flush(zlib.Z_FULL_FLUSH)
        return data[:-4] if data.endswith(_FLUSH_TAIL) else data

    @staticmethod
    def inflate(payload: bytes, limit: int) -> bytes | None:
        """The message; None if it is longer than `limit`. Raises ProtocolError."""
        inflater = zlib.decompressobj(-15)
        try:
            data = inflater.decompress(payload + _FLUSH_TAIL, limit + 1)
        except zlib.error:
            raise ProtocolError("A compressed message is damaged.") from None
        return None if len(data) > limit else data


def accept_deflate(offers: bytes) -> Deflate | None:
    """The first offer of `Sec-WebSocket-Extensions` that we can fulfil, if any."""
    for offer in offers.split(b","):
        name, *parameters = (part.strip() for part in offer.split(b";"))
        if name.lower() != b"permessage-deflate":
            continue
        deflate = _fulfil(parameters)
        if deflate is not None:
            return deflate
    return None


def _fulfil(parameters: list[bytes]) -> Deflate | None:
    bits = 15
    seen: set[bytes] = set()
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        name, value = name.strip().lower(), value.strip().strip(b'"')
        if name in seen:
            return None
        seen.add(name)
        if name in (b"server_no_context_takeover", b"client_no_context_takeover"):
            if value:
                return None
        elif name == b"server_max_window_bits":
            # zlib cannot make raw streams for a window of 256 bytes, which "8" asks for.
            if value not in (b"9", b"10", b"11", b"12", b"13", b"14", b"15"):
                return None
            bits = int(value)
        elif name == b"client_max_window_bits":
            if value and value not in (b"8", b"9", b"10", b"11", b"12", b"13", b"14", b"15"):
                return None
        else:
            return None
    return Deflate(bits)


# --- frames ----------------------------------------------------------------------------------------


class FrameParser:
    """Bytes from one client to messages. Any chunking gives the same messages.

    `feed` returns pairs of an opcode and a payload: whole TEXT and BINARY messages (TEXT is not checked to
    be UTF-8; whoever decodes it finds out), CLOSE, PING and PONG as they come, and TOO_LONG, without
    payload, for a message that was thrown away because it is longer than `limit`. Lengths are checked
    before memory is spent. `add` and `take` do the same one message at a time, so that who is flooded may
    stop in the middle.
    """

    __slots__ = (
        "_buffer",
        "_compressed",
        "_fragment_count",
        "_fragments",
        "_opcode",
        "_size",
        "_skip",
        "_skip_ends",
        "_skipping",
        "deflate",
        "frames",
        "limit",
    )

    def __init__(self, limit: int, deflate: Deflate | None = None) -> None:
        self.limit = limit
        self.deflate = deflate
        self.frames = 0  # begun so far, of all kinds
        self._buffer = bytearray()
        self._fragments: list[bytes] = []
        self._fragment_count = 0  # of the open message
        self._opcode = 0  # of the message whose fragments we have; 0: none is open
        self._compressed = False
        self._size = 0  # of the open message
        self._skipping = False  # inside a frame that is thrown away
        self._skip = 0  # bytes of it still to come
        self._skip_ends = False  # whether it is the last of its message

    @property
    def is_idle(self) -> bool:
        """Whether the next byte begins a new message."""
        return not self._buffer and not self._opcode and not self._skipping

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take `data` in; returns what became complete. Raises ProtocolError, after which it is unusable."""
        self.add(data)
        messages: list[tuple[int, bytes]] = []
        while (message := self.take()) is not None:
            messages.append(message)
        return messages

    def add(self, data: bytes) -> None:
        """Take `data` in without looking at it."""
        self._buffer += data

    def take(self) -> tuple[int, bytes] | None:
        """The next message; None if more bytes are needed. Raises ProtocolError, after which it is unusable."""
        buffer = self._buffer
        while True:
            if self._skipping:
                skipped = min(self._skip, len(buffer))
                del buffer[:skipped]
                self._skip -= skipped
                if self._skip:
                    return None
                self._skipping = False
                if self._skip_ends:
                    self._forget()
                    return TOO_LONG, b""
            found = self._next_frame()
            if found is not None:
                return found or None

    def _next_frame(self) -> tuple[int, bytes] | tuple[()] | None:
        """Parse one frame, or the head of one to skip.

        Returns the message it completes, None if it completes none, and () if more bytes are needed; then
        nothing has changed.
        """
        buffer = self._buffer
        if len(buffer) < 2:
            return ()
        first, second = buffer[0], buffer[1]
        opcode = first & 0x0F
        self._check_head(first, second, opcode)
        length = second & 0x7F
        start = 6
        if length == 126:
            if len(buffer) < 4:
                return ()
            length = (buffer[2] << 8) | buffer[3]
            start = 8
            if length < 126:
                raise ProtocolError("A length is not in its shortest form.")
        elif length == 127:
            if len(buffer) < 10:
                return ()
            length = int.from_bytes(buffer[2:10], "big")
            start = 14
            if length < 0x10000 or length >> 63:
                raise ProtocolError("A length is not in its shortest form, or has its highest bit set.")
        is_data = opcode < CLOSE
        too_long = is_data and self._size + length > self.limit
        if too_long and self._size + length > self.limit * SKIP_FACTOR:
            raise ProtocolError("A message is far too long.", code="message_too_long")
        end = start if too_long else start + length
        if len(buffer) < end:
            return ()
        self.frames += 1
        if not is_data:
            return opcode, self._take(start, end)
        self._fragment_count += 1
        if self._fragment_count > MAX_FRAGMENTS:
            raise ProtocolError("A message has too many fragments.")
        if opcode != CONTINUATION:
            self._opcode = opcode
            self._compressed = bool(first & 0x40)
        self._size += length
        final = bool(first & 0x80)
        if too_long:
            del buffer[:start]
            self._fragments.clear()
            self._skipping = True
            self._skip = length
            self._skip_ends = final
            return None
        self._fragments.append(self._take(start, end))
        return self._message() if final else None

    def _take(self, start: int, end: int) -> bytes:
        """Remove a frame from the buffer; returns its payload in clear."""
        buffer = self._buffer
        payload = unmask(bytes(buffer[start:end]), bytes(buffer[start - 4 : start]))
        del buffer[:end]
        return payload

    def _check_head(self, first: int, second: int, opcode: int) -> None:
        if not second & 0x80:
            raise ProtocolError("A frame is not masked.")
        if first & 0x30:
            raise ProtocolError("A frame has reserved bits set.")
        if opcode in (TEXT, BINARY):
            if self._opcode:
                raise ProtocolError("A message begins inside another.")
            if first & 0x40 and self.deflate is None:
                raise ProtocolError("A frame is compressed though compression was not agreed on.")
            return
        if first & 0x40:
            raise ProtocolError("A frame has reserved bits set.")
        if opcode == CONTINUATION:
            if not self._opcode:
                raise ProtocolError("A continuation has no beginning.")
        elif opcode in (CLOSE, PING, PONG):
            if not first & 0x80 or second & 0x7F > MAX_CONTROL_BYTES:
                raise ProtocolError("A control frame is fragmented or too long.")
        else:
            raise ProtocolError("A frame has an unknown opcode.")

    def _message(self) -> tuple[int, bytes]:
        opcode, compressed = self._opcode, self._compressed
        fragments = self._fragments
        payload = fragments[0] if len(fragments) == 1 else b"".join(fragments)
        self._forget()
        if compressed:
            inflated = Deflate.inflate(payload, self.limit)
            if inflated is None:
                return TOO_LONG, b""
            payload = inflated
        return opcode, payload

    def _forget(self) -> None:
        self._fragments = []
        self._opcode = 0
        self._compressed = False
        self._size = 0
        self._fragment_count = 0

"""MCCP2: what we send, compressed from a point on (option 86). What comes in stays as it is.

After `IAC SB MCCP2 IAC SE` everything is one zlib stream, flushed after each write.
"""

from __future__ import annotations

import zlib
from typing import Final

from mythgate.wire.telnet.codec import Option, subnegotiation

START: Final = subnegotiation(Option.MCCP2)
_LEVEL: Final = 6
_WINDOW_BITS: Final = 12  # 4 KiB of past text is enough for lines that resemble each other, and 16 KiB of memory
_MEMORY_LEVEL: Final = 5


class Compressor:
    """One direction of one connection. Counts what goes in and comes out."""

    __slots__ = ("_stream", "bytes_in", "bytes_out")

    def __init__(self) -> None:
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
        self.bytes_in = 0
        self.bytes_out = 0

    def compressed(self, data: bytes) -> bytes:
        """`data`, such that the peer can read it at once."""
        out = self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        self.bytes_in += len(data)
        self.bytes_out += len(out)
        return out

    def finished(self) -> bytes:
        """The end of the stream; what follows is plain again."""
        return self._stream.flush(zlib.Z_FINISH)

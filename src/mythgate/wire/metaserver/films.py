"""Films of Myth II 1.8: what a host sends while its game runs (packets 204 to 206) becomes a file the game plays.

The file, big-endian throughout:

    tag header, 64 bytes
         0   2  i16      identifier, 0
         2   1  i8       flags, 0
         3   1  i8       type, 0
         4  32  string   name
        36   4  u32      group, `reco`
        40   4  u32      subgroup, a random number
        44   4  i32      offset of the data, 64
        48   4  i32      size of the data
        52   4  u32      user data, 0
        56   2  i16      version, 3
        58   1  i8       foundation index, 0
        59   1  i8       owner, -1
        60   4  u32      signature, `mth2`
    recording header: the payloads of 204 one after the other; the i32 at its offset 8 is the end time of 206
    blocks of at most 2,048 bytes, one at least
         0   4  u32      flags; bit 0: the last one
         4   2  i16      bytes of commands that follow
         6   2  i16      commands that follow
         8   …           the payloads of 205, whole

Commands of verb 0 only let time pass and are not kept.
"""

from __future__ import annotations

import struct
from typing import Final

from mythgate.domain.errors import ProtocolError

MAX_BLOCK_BYTES: Final = 2048
MAX_FILM_BYTES: Final = 4 * 2**20  # the longest games of the biggest lobbies stay below two
LAST_BLOCK: Final = 1
END_TIME_OFFSET: Final = 8
MIN_HEADER_BYTES: Final = END_TIME_OFFSET + 4

_TAG: Final = struct.Struct(">hbb32s4sIiiIhbb4s")
_BLOCK: Final = struct.Struct(">Ihh")
_COMMAND: Final = struct.Struct(">hbbi")


class FilmRecorder:
    """One film in the making."""

    def __init__(self, limit: int = MAX_FILM_BYTES) -> None:
        self._limit = limit
        self._header = bytearray()
        self._blocks = bytearray()  # the whole ones
        self._block = bytearray()  # commands of the next one
        self._commands = 0  # in it
        self._bytes = 0

    def header(self, data: bytes) -> None:
        """204, in as many pieces as it comes. Raises ProtocolError, as `command`, for a film that is too long."""
        self._take(len(data))
        self._header += data

    def command(self, payload: bytes) -> None:
        """205, its payload as it came. Raises ProtocolError for one that makes no sense."""
        if not _COMMAND.size <= len(payload) <= MAX_BLOCK_BYTES - _BLOCK.size:
            raise ProtocolError("A command of a film has 8 to 2040 bytes.", code="bad_film")
        size, verb, _player, _time = _COMMAND.unpack_from(payload)
        if size != len(payload):
            raise ProtocolError("The size of a command of a film is wrong.", code="bad_film")
        if verb:
            self._take(size)
            if len(self._block) + size > MAX_BLOCK_BYTES - _BLOCK.size:
                self._end_block(last=False)
            self._block += payload
            self._commands += 1

    def _take(self, count: int) -> None:
        self._bytes += count
        if self._bytes > self._limit:
            raise ProtocolError("The film is too long.", code="bad_film")

    def finish(self, end_time: int, name: str, subgroup: int) -> bytes:
        """206: the whole file; nothing may follow. Raises ProtocolError if no whole header came."""
        if len(self._header) < MIN_HEADER_BYTES:
            raise ProtocolError("The film has no header.", code="bad_film")
        struct.pack_into(">i", self._header, END_TIME_OFFSET, end_time)
        self._end_block(last=True)
        data = bytes(self._header + self._blocks)
        raw_name = name.encode("mac_roman", "replace")[:31]
        tag = _TAG.pack(0, 0, 0, raw_name, b"reco", subgroup, _TAG.size, len(data), 0, 3, 0, -1, b"mth2")
        return tag + data

    def _end_block(self, *, last: bool) -> None:
        self._blocks += _BLOCK.pack(LAST_BLOCK if last else 0, len(self._block), self._commands) + self._block
        self._block.clear()
        self._commands = 0

"""The golden packets: bytes that the serialisers of the public servers and clients made, with what they say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mythgate.wire.metaserver.framing import Frame, FrameDecoder
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import Direction


@dataclass(frozen=True)
class Vector:
    """One entry of `vectors.json`."""

    name: str
    kind: str
    family: str
    direction: str
    raw: bytes
    fields: dict[str, Any]
    packet_type: int | None = None
    connection: str = ""
    step: int = 0

    @property
    def dialect(self) -> tuple[Family, Direction]:
        """The family, and a direction in which the packet goes."""
        return Family(self.family), Direction("c2s" if self.direction == "both" else self.direction)

    @property
    def frame(self) -> Frame:
        """The one frame of the bytes."""
        decoder = FrameDecoder()
        decoder.receive_data(self.raw)
        frame = decoder.next_frame()
        assert frame is not None
        assert not decoder.buffered
        return frame

    def __str__(self) -> str:
        return self.name


def _load() -> list[Vector]:
    entries = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
    return [Vector(raw=bytes.fromhex(entry.pop("hex")), **entry) for entry in entries]


VECTORS: Final = _load()
PACKETS: Final = [vector for vector in VECTORS if vector.kind in {"packet", "transcript_step"}]


def of_kind(kind: str) -> list[Vector]:
    """The vectors of one kind."""
    return [vector for vector in VECTORS if vector.kind == kind]

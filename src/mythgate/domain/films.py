"""Films: recordings of games that players stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Film:
    """What is known of a stored recording. `number` is 0 until it is saved."""

    match_id: str
    room_id: int
    host_name: str
    file_name: str
    size: int  # bytes
    sha256: bytes
    stored_at: datetime
    number: int = 0

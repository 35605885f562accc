"""How much the realtime part keeps and how long it waits. Plain values, set by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIN_KEPT_EVENTS: Final = 100  # a stream keeps the last 100 events whatever they weigh
MAX_WAITING_LOW: Final = 64  # different LOW things a slow reader is remembered for


@dataclass(frozen=True, slots=True)
class RealtimeLimits:
    """All durations in seconds. `merge_window` 0 writes each event at once."""

    merge_window: float = 0.022
    outbox_events: int = 256
    outbox_bytes: int = 1 << 20
    stream_events: int = 1000
    stream_bytes: int = 1 << 20
    linkdead_told: float = 3.0  # a reload of the page takes less
    linkdead_display: float = 30.0
    resume_grace: float = 120.0
    heartbeat_interval: float = 30.0

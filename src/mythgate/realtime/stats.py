"""Counters of one hub, read by whoever exports metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class RealtimeStats:
    """Plain numbers that only ever rise, as Prometheus counters want them."""

    published: int = 0  # events given to publish or send
    deliveries: int = 0  # events numbered for a stream
    ignored: int = 0  # events withheld because the reader ignores the sender
    low_replaced: int = 0  # LOW events that a later one of the same kind replaced
    low_dropped: int = 0  # LOW events nobody will get: reader away or too slow
    streams_opened: int = 0
    streams_ended: Counter[str] = field(default_factory=Counter)  # by reason
    attached: int = 0
    resumed: int = 0
    replayed: int = 0  # events written again or late because of a resume
    detached: int = 0
    resets: Counter[str] = field(default_factory=Counter)  # by reason
    slow_closed: int = 0
    sink_failures: int = 0

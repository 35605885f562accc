"""What the door is told: limits, and which phrase opens encrypted frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mythgate.wire.shards.encryption import STRONG_ITERATIONS


@dataclass(frozen=True, slots=True)
class ShardsOptions:
    """Durations in seconds."""

    connections: int = 10000
    connections_per_address: int = 256
    strangers: int = 1000  # connections that are not logged in; beyond that the oldest goes
    frame_bytes: int = 4 * 2**20  # of who is logged in
    stranger_frame_bytes: int = 65536
    body_bytes: int = 2**20
    messages_per_second: float = 50.0
    message_burst: int = 200
    flood_mute: float = 10.0
    requests_per_second: float = 100.0  # of one address
    request_burst: int = 500
    ping_interval: float = 30.0
    pong_within: float = 30.0  # asked only of those who have answered before
    password_characters: int = 6  # at least
    characters: int = 50  # of an account
    encryption_phrase: str = field(default="", repr=False)  # empty: no encrypted frames
    encryption_iterations: int = STRONG_ITERATIONS  # beside the 100,000 of clients that know no other number
    bind_connections: bool = True  # whether a WebSocket on the connection of a log-in belongs to who logged in
    cors_origins: Sequence[str] = ()


@dataclass(slots=True)
class ShardsStats:
    """Numbers for metrics. All but `connected` only rise."""

    connected: int = 0
    accepted: int = 0
    turned_away: Counter[str] = field(default_factory=Counter)  # by reason
    logins: int = 0
    messages: int = 0
    bad_messages: int = 0
    rate_limited: int = 0
    discarded: int = 0  # frames for peers that do not read
    refused: Counter[str] = field(default_factory=Counter)  # by error code
    started_at: datetime | None = None

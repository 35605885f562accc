"""What the operator decided about the telnet door, and what is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TelnetOptions:
    """Durations in seconds."""

    host: str = "127.0.0.1"
    port: int = 4000
    tls_port: int = 4001  # only used with a certificate
    certificate: Path | None = None
    certificate_key: Path | None = None  # None: in the same file
    clear_passwords: bool = True  # taken over lines without TLS; those from this machine itself may always
    name: str = "Mythgate"
    website: str = ""
    contact: str = ""
    connections: int = 2000
    connections_per_address: int = 16  # connections from this machine itself are not counted
    strangers: int = 200  # connections that have not signed in; beyond that the oldest makes room
    negotiate_within: float = 1.0  # until the first words, for clients that say nothing about themselves
    answer_within: float = 60.0  # for each line before the world
    sign_in_within: float = 300.0  # for all of them together
    choose_within: float = 1800.0  # for a character, once signed in
    linger: float = 2.0  # how long a closing connection may take to read what was written
    line_bytes: int = 4096
    compress: bool = True
    away_after: float = 600.0  # of silence; 0: never


@dataclass(slots=True)
class TelnetStats:
    """Numbers for metrics. All but `connected` and `playing` only rise."""

    connected: int = 0
    playing: int = 0
    accepted: Counter[str] = field(default_factory=lambda: Counter({"clear": 0, "tls": 0}))  # by line
    turned_away: Counter[str] = field(default_factory=Counter)  # by reason
    sign_ins: Counter[str] = field(default_factory=lambda: Counter({"login": 0, "register": 0, "guest": 0}))
    refused: Counter[str] = field(default_factory=Counter)  # before the world, by error code
    closed: Counter[str] = field(default_factory=Counter)  # by us, by reason
    agreed: Counter[str] = field(default_factory=Counter)  # options clients agreed to
    lines: int = 0
    long_lines: int = 0
    rate_limited: int = 0
    status_questions: int = 0  # MSSP
    plain_bytes: int = 0  # what was compressed
    compressed_bytes: int = 0  # what became of it

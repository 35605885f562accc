"""Limits of the metaserver door, and what it counts. Plain values, set by the composition root."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LOGIN_PORT: Final = 6321
FIRST_ROOM_PORT: Final = 6335


class PasswordScheme(StrEnum):
    """How clients are asked for their password."""

    AUTO = "auto"
    """Over HTTPS if the client can, else in clear."""
    PLAIN = "plain"
    """In clear; for clients whose HTTPS log-in goes to another server."""
    HTTPS = "https"
    """Over HTTPS or encrypted; clients that can do neither come as guests."""


@dataclass(frozen=True, slots=True)
class RemoteHub:
    """A machine that hosts Aleph One games for players who cannot; it takes one game at a time."""

    number: int  # 1 to 65535
    address: str  # IPv4
    port: int
    version: str = ""  # of the network protocol it speaks; empty: any


@dataclass(frozen=True, slots=True)
class MetaserverOptions:
    """What the operator decided. Durations in seconds."""

    host: str = "127.0.0.1"
    port: int = LOGIN_PORT
    room_port: int = FIRST_ROOM_PORT  # of the first lobby; 0: any
    advertise_host: str = ""  # IPv4 that clients are told to connect to; empty: the one they reached us at
    connections: int = 10_000
    connections_per_address: int = 64  # connections from this machine itself are not counted
    connects_per_second: float = 10.0  # from one address, lasting; likewise
    connect_burst: int = 200
    newcomers: int = 4096  # connections that have not proven anything yet; the oldest makes room
    first_packet_within: float = 10.0
    login_within: float = 60.0  # Aleph One asks its web site in between
    room_login_within: float = 15.0
    key_offer_after: float = 1.5  # of silence, to clients that wait for the server's key
    linger: float = 2.0  # how long a closing connection may take to read what was written
    packet_bytes: int = 10_240
    packets_per_second: float = 20.0
    packet_burst: int = 200
    token_lifetime: float = 60.0  # until first used, and after leaving a room
    passwords: PasswordScheme = PasswordScheme.AUTO
    minimum_build: int = 427  # of Myth II 1.8
    minimum_version: int = 2180
    minimum_patch: int = 3  # of the Myth games before
    remote_hubs: tuple[RemoteHub, ...] = ()
    test_hosts: bool = False  # try whether hosts can be connected to, and show it
    proxy_port: int = 0  # first port of the host proxy; 0: there is none
    proxy_pairs: int = 5  # games it can stand in for


@dataclass(slots=True)
class MetaserverStats:
    """Numbers for metrics. All but `connected` and `in_rooms` only rise."""

    connected: int = 0
    in_rooms: int = 0
    accepted: int = 0
    turned_away: Counter[str] = field(default_factory=Counter)  # before anything was said, by reason
    logins: Counter[str] = field(default_factory=Counter)  # by client
    entered: Counter[str] = field(default_factory=Counter)  # rooms, by client
    refused: Counter[str] = field(default_factory=Counter)  # by code of the server message
    packets: int = 0
    ignored_packets: int = 0  # unknown, or out of place
    rate_limited: int = 0
    closed: Counter[str] = field(default_factory=Counter)  # by us, by reason

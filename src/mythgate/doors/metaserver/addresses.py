"""Which address a player is told to connect to.

Only IPv4 can be said in this protocol. A game's host does not tell its address: it is the one its room
connection comes from, which means nothing to players elsewhere if it is private, or this machine itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address
from typing import Final

NOWHERE: Final = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Line:
    """The two ends of a connection: where the client is seen, and where it reached us."""

    peer: IPv4Address
    local: IPv4Address


def ipv4(text: str) -> IPv4Address:
    """`text` as an IPv4 address, also if it is mapped into IPv6; 0.0.0.0 for anything else."""
    try:
        return IPv4Address(text.removeprefix("::ffff:"))
    except AddressValueError:
        return NOWHERE


def room_host(line: Line, advertised: IPv4Address) -> IPv4Address:
    """Where the client finds our rooms: as configured, else where it found us."""
    return advertised if advertised != NOWHERE else line.local


def game_host(host: str, line: Line, advertised: IPv4Address) -> str:
    """Where the client at the other end of `line` finds a game whose host we see at `host`.

    - A public address is the same to everybody.
    - Neighbours, that is host and player on this machine or in private networks, use it as it is.
    - To others a host on this machine is where they reached us, and a host in our private network is behind
      the public address that was configured, if any.
    """
    own = _private(host)
    if own is None:
        return host
    peer = line.peer
    if own.is_loopback:
        return host if peer.is_loopback else str(room_host(line, advertised))
    if peer.is_loopback or peer.is_private or advertised == NOWHERE:
        return host
    return str(advertised)


@lru_cache(maxsize=1024)
def _private(host: str) -> IPv4Address | None:
    """`host` if it means something to its neighbours only."""
    address = ipv4(host)
    return address if address != NOWHERE and (address.is_loopback or address.is_private) else None

"""Addresses people come from, as something to count by."""

from __future__ import annotations

import ipaddress
from typing import Final

_SITE_PREFIX: Final = 64  # the smallest piece of IPv6 that is given to one household


def plain_address(text: str) -> str | None:
    """`text` as an IP address in its one usual form, without a zone; None if it is none."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


def address_key(text: str) -> str:
    """What limits count by: the address itself, or the /64 network of an IPv6 address, whose owner has all of it."""
    plain = plain_address(text)
    if plain is None or ":" not in plain:
        return plain or text
    return str(ipaddress.ip_network(f"{plain}/{_SITE_PREFIX}", strict=False))

"""Addresses as something to count by."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain.addresses import address_key, plain_address


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unknown", None),
        ("<script>", None),
        ("192.0.2.7:80", None),
        ("192.0.2.0/24", None),
        ("1" * 500, None),
    ],
)
def test_plain_addresses(text: str, plain: str | None) -> None:
    assert plain_address(text) == plain


def test_a_household_has_one_key() -> None:
    assert address_key("2001:db8:1:2::1") == address_key("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert address_key("2001:db8:1:3::1") != address_key("2001:db8:1:2::1")
    assert address_key("192.0.2.7") == "192.0.2.7"
    assert address_key("::ffff:192.0.2.7") == "192.0.2.7"
    assert address_key("unknown") == "unknown"


@given(st.ip_addresses())
def test_every_address_is_plain_and_has_a_key(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    plain = plain_address(str(address))
    assert plain is not None
    assert plain_address(plain) == plain
    assert address_key(plain) == address_key(str(address))

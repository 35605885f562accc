"""Which address a player is told to connect to."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from mythgate.doors.metaserver.addresses import NOWHERE, Line, game_host, ipv4, room_host
from mythgate.doors.metaserver.clients import client_of

HERE, LAN, LAN_SERVER = "127.0.0.1", "192.168.1.20", "192.168.1.5"
OUTSIDE, SERVER = "198.51.100.7", "203.0.113.9"
PUBLIC = "8.8.4.4"  # the networks of documentation count as private
STRANGER = "9.9.9.9"


def line(peer: str, local: str) -> Line:
    return Line(IPv4Address(peer), IPv4Address(local))


@pytest.mark.parametrize(
    ("host", "peer", "local", "advertised", "told"),
    [
        (PUBLIC, STRANGER, "1.1.1.1", "", PUBLIC),
        (PUBLIC, LAN, LAN_SERVER, "1.1.1.1", PUBLIC),
        (HERE, HERE, HERE, "1.1.1.1", HERE),  # neighbours on one machine
        (HERE, LAN, LAN_SERVER, "", LAN_SERVER),  # the host is where the player reached us
        (HERE, STRANGER, "1.1.1.1", "", "1.1.1.1"),
        (HERE, STRANGER, LAN_SERVER, "1.1.1.1", "1.1.1.1"),  # behind a router
        (LAN, "192.168.1.30", LAN_SERVER, "1.1.1.1", LAN),  # neighbours in one network
        (LAN, HERE, HERE, "1.1.1.1", LAN),
        (LAN, STRANGER, LAN_SERVER, "1.1.1.1", "1.1.1.1"),
        (LAN, STRANGER, LAN_SERVER, "", LAN),  # nothing better is known
    ],
)
def test_the_host_of_a_game(host: str, peer: str, local: str, advertised: str, told: str) -> None:
    assert game_host(host, line(peer, local), ipv4(advertised)) == told


def test_rooms_are_where_the_client_found_us_unless_told_otherwise() -> None:
    assert room_host(line(LAN, LAN_SERVER), NOWHERE) == IPv4Address(LAN_SERVER)
    assert room_host(line(LAN, LAN_SERVER), IPv4Address(SERVER)) == IPv4Address(SERVER)


def test_addresses_that_are_none() -> None:
    assert ipv4("::ffff:10.0.0.1") == IPv4Address("10.0.0.1")
    assert ipv4("::1") == ipv4("") == ipv4("example.org") == NOWHERE
    assert game_host("", line(OUTSIDE, SERVER), NOWHERE) == ""


@pytest.mark.parametrize(
    ("application", "is_18", "name", "places"),
    [
        ("MARATHON", False, "Aleph One", 16),
        ("MYTH", False, "Myth II", 8),
        ("MYTH1", False, "Myth: The Fallen Lords", 16),
        ("MYTH2", False, "Myth II", 16),
        ("MYTH2", True, "Myth II 1.8", 16),
        ("MYTH3", False, "Myth III", 16),
        ("myth3 ", False, "Myth III", 16),
    ],
)
def test_clients_are_known_by_their_application(application: str, is_18: bool, name: str, places: int) -> None:
    found = client_of(application, is_18=is_18)
    assert found is not None
    assert (found.name, found.friend_places) == (name, places)


def test_other_applications_are_unknown() -> None:
    assert client_of("HALO", is_18=False) is None

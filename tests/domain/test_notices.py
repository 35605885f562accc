"""What people wait for, addresses, quiet hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mythgate.domain.errors import InvalidInput, LimitReached
from mythgate.domain.ids import AccountId
from mythgate.domain.notices import (
    CODE_LIFETIME,
    FAILURES,
    MOST_CONTACTS,
    MOST_SUBSCRIPTIONS,
    WORLD,
    Contact,
    Occasion,
    Quiet,
    Scene,
    Subscription,
    Table,
    Way,
    is_public,
    quiet_time,
    reached,
    require_contact,
    require_subscription,
    words,
)

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
ME = AccountId("me")
KEYS = {"p256dh": "a", "auth": "b"}


def waits(occasion: Occasion = Occasion.PEOPLE, place: str = "26", count: int = 3, friend: int = 0) -> Subscription:
    return Subscription(ME, occasion, place, count, friend, NOW)


def contact(way: Way = Way.MAIL, address: str = "ada@example.org", **more: Any) -> Contact:
    return replace(Contact(ME, way, address, {}, NOW), **more)


SCENE = Scene(
    {"26": frozenset({"me", "ada", "bob"}), WORLD: frozenset({"eve"}), "5": frozenset()},
    frozenset({"me", "ada", "bob", "eve"}),
    (Table("26", "ada", "Siege"), Table("5", "me", "Mine")),
)


@pytest.mark.parametrize(
    ("wanted", "known", "found"),
    [
        (waits(count=2), (), 2),
        (waits(count=3), (), 0),  # oneself does not count
        (waits(place="", count=3), (), 3),
        (waits(place=WORLD, count=1), (), 1),
        (waits(place="77", count=1), (), 0),
        (waits(Occasion.GAME, "26", 1), (), 1),
        (waits(Occasion.GAME, "", 1), (), 1),  # one's own is none
        (waits(Occasion.GAME, "5", 1), (), 0),
        (waits(Occasion.CLAN, "", 2), ("ada", "eve", "me", "zoe"), 2),
        (waits(Occasion.CLAN, "26", 2), ("ada", "eve", "me"), 0),
        (waits(Occasion.FRIEND, "", 1), ("bob",), 1),
        (waits(Occasion.FRIEND, "", 1), (), 0),
    ],
)
def test_what_is_reached(wanted: Subscription, known: tuple[str, ...], found: int) -> None:
    assert reached(wanted, SCENE, frozenset(known)) == found


@pytest.mark.parametrize(
    ("wanted", "found", "names", "text"),
    [
        (waits(), 3, {"place": "Ranked"}, "3 people are in Ranked."),
        (waits(), 1, {"place": "Ranked"}, "Somebody is in Ranked."),
        (waits(place=""), 2, {"place": ""}, "2 people are there."),
        (waits(Occasion.CLAN), 1, {"place": ""}, "One of your clan is there."),
        (waits(Occasion.CLAN), 2, {"place": "Ranked"}, "2 of your clan are in Ranked."),
        (waits(Occasion.FRIEND), 1, {"place": "", "friend": "Ada"}, "Ada is there."),
        (waits(Occasion.FRIEND), 1, {"place": ""}, "A friend of yours is there."),
        (waits(Occasion.GAME), 1, {"place": "Ranked", "game": "Siege"}, "Somebody hosts “Siege” in Ranked."),
        (waits(Occasion.GAME), 1, {"place": ""}, "Somebody hosts a game."),
    ],
)
def test_what_is_told(wanted: Subscription, found: int, names: dict[str, str], text: str) -> None:
    notice = words(wanted, found, **names)
    assert (notice.text, notice.path) == (text, "/lobby")


def test_who_waits_for_the_world_is_led_there() -> None:
    assert words(waits(place=WORLD), 2, place="the world").path == "/"


def test_nobody_waits_for_nonsense_twice_or_for_too_much() -> None:
    for count in (0, 101):
        with pytest.raises(InvalidInput):
            require_subscription(waits(count=count), [])
    with pytest.raises(InvalidInput, match="lobbies"):
        require_subscription(waits(Occasion.GAME, WORLD, 1), [])
    with pytest.raises(InvalidInput, match="already"):
        require_subscription(waits(), [waits()])
    require_subscription(waits(), [waits(count=2)])
    with pytest.raises(LimitReached):
        require_subscription(waits(), [waits(place=str(number)) for number in range(MOST_SUBSCRIPTIONS)])


@pytest.mark.parametrize(
    "wrong",
    [
        contact(address=""),
        contact(address="ada"),
        contact(address="@example.org"),
        contact(address="ada@nowhere"),
        contact(address="ada <ada@example.org>"),
        contact(address="ada@example.org\nBcc: all@example.org"),
        contact(address="a" * 1000 + "@example.org"),
        contact(Way.WEBHOOK, "ftp://example.org/"),
        contact(Way.WEBHOOK, "https://"),
        contact(Way.WEBHOOK, "https://name:secret@example.org/"),
        contact(Way.PUSH, "https://push.example.org/x"),
    ],
)
def test_addresses_nobody_can_have(wrong: Contact) -> None:
    with pytest.raises(InvalidInput):
        require_contact(wrong, [])


def test_addresses() -> None:
    fine = [
        contact(),
        contact(Way.WEBHOOK, "https://discord.com/api/webhooks/1/x"),
        contact(Way.PUSH, "https://push.example.org/x", keys=KEYS),
    ]
    for one in fine:
        require_contact(one, [])
    with pytest.raises(LimitReached):
        require_contact(contact(), [contact() for _ in range(MOST_CONTACTS)])


def test_an_address_is_used_once_its_code_came_back() -> None:
    one = contact(code="123456")
    states = [one.is_in_use]
    for wrong, moment in (("123457", NOW), ("", NOW), ("123456", NOW + CODE_LIFETIME + timedelta(seconds=1))):
        with pytest.raises(InvalidInput):
            one.confirm(wrong, moment)
    one.confirm(" 123456 ", NOW)
    states.append(one.is_in_use)
    one.confirm("anything", NOW)  # it is already
    one.failures = FAILURES
    states.append(one.is_in_use)
    assert (states, one.code) == ([False, True, False], "")
    with pytest.raises(InvalidInput):
        contact(code="").confirm("", NOW)


def test_quiet_hours() -> None:
    night = Quiet(22 * 60, 7 * 60, "Europe/Berlin")  # an hour ahead in winter
    assert [night.holds(NOW.replace(hour=hour)) for hour in (20, 21, 23, 5, 6)] == [False, True, True, True, False]
    noon = Quiet(12 * 60, 13 * 60, "UTC")
    assert [noon.holds(NOW.replace(hour=hour)) for hour in (11, 12, 13)] == [False, True, False]


@pytest.mark.parametrize(
    ("begins", "ends", "zone"),
    [(-1, 5, "UTC"), (0, 1440, "UTC"), (5, 5, "UTC"), (0, 1, "Nowhere/Town"), (0, 1, "../etc/passwd"), (0, 1, "")],
)
def test_hours_that_make_no_sense(begins: int, ends: int, zone: str) -> None:
    with pytest.raises(InvalidInput):
        quiet_time(begins, ends, zone)


def test_hours_that_make_sense() -> None:
    assert quiet_time(0, 60, "UTC") == Quiet(0, 60, "UTC")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("fe80::1", False),
        ("fc00::1", False),
    ],
)
def test_addresses_of_the_open_internet(address: str, public: bool) -> None:
    assert is_public(address) is public

"""The measures in force, in memory: whom each of them keeps out of what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.clock import FakeClock

from mythgate.domain.accounts import Role
from mythgate.domain.errors import Banned, PermissionDenied
from mythgate.domain.ids import AccountId
from mythgate.domain.measures import Measure, MeasureKind, Scope
from mythgate.services.gate import Gate

BOB, CARL = AccountId("bob"), AccountId("carl")
HOME, AWAY = "192.0.2.7", "198.51.100.9"


class House:
    """A gate, and measures put into it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.gate = Gate(clock, appeal_at="example.org/appeal")

    def take(self, kind: MeasureKind, scope: Scope, place: str = "", **changes: Any) -> Measure:
        given: dict[str, Any] = {"account_id": BOB, "network": "", "ends_at": None} | changes
        number = len(self.gate.known) + 1
        measure = Measure(
            kind,
            given["account_id"],
            "Bob",
            given["network"],
            scope,
            place,
            "",
            False,
            "mira",
            "Mira",
            self.clock.now(),
            given["ends_at"],
            f"CODE-{number}",
            number=number,
        )
        self.gate.put(measure)
        return measure

    def take_network(self, scope: Scope, place: str = "") -> Measure:
        return self.take(MeasureKind.BAN, scope, place, account_id=None, network="192.0.2.0/24")


@pytest.fixture
def house(clock: FakeClock) -> House:
    return House(clock)


def test_strangers_are_kept_out_by_what_closes_their_door_alone(house: House) -> None:
    house.take_network(Scope.LOBBY, "26")
    house.take_network(Scope.DOOR, "telnet")
    for door in ("http", "26"):
        house.gate.refuse_stranger(door, HOME)
    house.gate.refuse_stranger("telnet", AWAY)
    with pytest.raises(Banned, match="Your network is banned from this door"):
        house.gate.refuse_stranger("telnet", HOME)
    house.gate.refuse(CARL, Role.MODERATOR, "telnet", HOME)
    with pytest.raises(Banned):
        house.gate.refuse(CARL, Role.PLAYER, "telnet", HOME)


def test_a_room_is_closed_by_a_ban_from_that_room_alone(house: House) -> None:
    house.take(MeasureKind.MUTE, Scope.ROOM, "cave")
    house.take(MeasureKind.BAN, Scope.LOBBY, "cave")
    house.take(MeasureKind.BAN, Scope.ROOM, "tower")
    house.gate.refuse_room(BOB, "cave")
    house.gate.refuse_room(CARL, "tower")
    with pytest.raises(PermissionDenied, match="with the code CODE-3"):
        house.gate.refuse_room(BOB, "tower")
    house.gate.drop(3)
    house.gate.refuse_room(BOB, "tower")


def test_who_is_muted_everywhere_is_told_the_code_of_that_mute(house: House) -> None:
    house.take(MeasureKind.MUTE, Scope.LOBBY, "26")
    assert house.gate.appeal_hint(BOB) == ""
    house.take(MeasureKind.BAN, Scope.EVERYWHERE)  # the account is locked: nothing to do here
    assert house.gate.appeal_hint(BOB) == ""
    house.take(MeasureKind.MUTE, Scope.EVERYWHERE, ends_at=house.clock.now() + timedelta(minutes=5))
    assert house.gate.appeal_hint(BOB) == "Appeal at example.org/appeal with the code CODE-3."
    house.clock.advance(timedelta(minutes=5))
    assert house.gate.appeal_hint(BOB) == ""

"""The catalogue of events: every kind has its own name, and an event takes its payload's priority."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from mythgate.domain import events
from mythgate.domain.events import CATALOGUE, GameTick, Heartbeat, Payload, Priority, RoomMessage, event_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_every_payload_of_the_module_is_in_the_catalogue_under_its_own_name() -> None:
    declared = {
        payload
        for _, payload in inspect.getmembers(events, inspect.isclass)
        if issubclass(payload, Payload) and payload is not Payload
    }
    assert set(CATALOGUE.values()) == declared
    assert len(CATALOGUE) == len(declared)
    assert all(CATALOGUE[payload.event_type] is payload for payload in declared)


def test_the_class_in_the_catalogue_is_the_one_with_slots() -> None:
    assert not hasattr(CATALOGUE["heartbeat"](), "__dict__")
    assert CATALOGUE["heartbeat"] is Heartbeat


def test_a_payload_without_a_name_cannot_be_declared() -> None:
    known = dict(CATALOGUE)
    with pytest.raises(AttributeError, match="event_type"):

        @dataclass(slots=True)
        class Nameless(Payload):
            words: str

    assert known == CATALOGUE


def test_an_event_is_as_urgent_as_its_payload_unless_told_otherwise() -> None:
    tick = GameTick(1, NOW)
    assert event_of(tick, NOW).priority is Priority.LOW
    assert event_of(tick, NOW, priority=Priority.HIGH).priority is Priority.HIGH
    assert event_of(RoomMessage("A bell."), NOW).priority is Priority.NORMAL


def test_what_was_rendered_is_no_part_of_what_an_event_is() -> None:
    told, same = event_of(RoomMessage("A bell."), NOW), event_of(RoomMessage("A bell."), NOW)
    told.rendered["json"] = b"{}"
    told.weight = 2
    assert told == same
    assert "rendered" not in repr(told)

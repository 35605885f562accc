"""Telling the answers of two servers apart.

Each answer becomes items, an entry of a list each or a whole packet. Items that say the same meet; those that stay
alone for too long are differences.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from mythgate.shadow.report import Difference, Report
from mythgate.shadow.rules import LISTS, REPEATABLE, TOLERANCE, Treatment, is_ignored, rule_for
from mythgate.wire.metaserver import fields
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import Direction, Packet

PATIENCE: Final = 3.0
"""Seconds in which two servers have to say the same."""
_PRIVATE: Final = "directed_data"


class Side(StrEnum):
    """Who said it."""

    THEIRS = "theirs"
    OURS = "ours"

    @property
    def other(self) -> Side:
        return Side.OURS if self is Side.THEIRS else Side.THEIRS


class People:
    """Which of our numbers is which of theirs."""

    def __init__(self) -> None:
        self._theirs: dict[int, int] = {}
        self._ours: dict[int, int] = {}

    def same(self, theirs: int, ours: int) -> None:
        """One person, two numbers."""
        self._theirs[ours] = theirs
        self._ours[theirs] = ours

    def as_theirs(self, number: int) -> int:
        return self._theirs.get(number, number)

    def as_ours(self, number: int) -> int:
        return self._ours.get(number, number)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a server said: what is compared, and what is shown."""

    packet: str
    subject: Hashable  # tells items of one packet apart
    compared: str  # JSON, normal
    shown: Mapping[str, Any]
    at: float


def comparable(packet: str, values: Mapping[str, Any], people: People, side: Side) -> dict[str, Any]:
    """`values` without what may differ."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        rule = rule_for(packet, name)
        match rule.treatment if rule is not None else None:
            case Treatment.IGNORE:
                continue
            case Treatment.PLAYER:
                found[name] = people.as_theirs(value) if side is Side.OURS and isinstance(value, int) else value
            case Treatment.ABOUT:
                found[name] = None  # looked at when two items meet
            case Treatment.COARSE:
                found[name] = bool(value)
            case None:
                found[name] = comparable(packet, value, people, side) if isinstance(value, Mapping) else value
    return found


def is_about(packet: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether what is compared roughly is roughly the same."""
    for name, value in one.items():
        rule = rule_for(packet, name)
        if rule is not None and rule.treatment is Treatment.ABOUT and abs(value - other.get(name, 0)) > TOLERANCE:
            return False
    return True


@dataclass(slots=True)
class Comparison:
    """The two sides of one connection."""

    report: Report
    people: People
    client: str
    name: str
    patience: float = PATIENCE
    told: dict[tuple[str, Hashable], str] = field(default_factory=dict)  # what both said last, also elsewhere
    _waiting: dict[Side, deque[Item]] = field(default_factory=lambda: {side: deque() for side in Side})

    def say(self, side: Side, family: Family, packet_type: int, packet: Packet, now: float) -> None:
        """A server said something to the client."""
        kind = fields.name_of(family, Direction.TO_CLIENT, packet_type)
        if is_ignored(kind):
            if side is Side.THEIRS:
                self.report.not_compared[kind] += 1
            return
        for item in self._items(kind, fields.show(family, Direction.TO_CLIENT, packet), side, now):
            self._meet(side, item)

    def _items(self, kind: str, shown: Mapping[str, Any], side: Side, now: float) -> Iterator[Item]:
        if kind in LISTS:
            called, told_by = LISTS[kind]
            for entry in shown[called]:
                values = comparable(kind, entry, self.people, side)
                subject = tuple(_found(values, name) for name in told_by)
                yield Item(kind, subject, json.dumps(values, sort_keys=True), entry, now)
            return
        values = comparable(kind, shown, self.people, side)
        yield Item(kind, None, json.dumps(values, sort_keys=True), shown, now)

    def _meet(self, side: Side, item: Item) -> None:
        others = self._waiting[side.other]
        for other in others:
            if _same(item, other):
                others.remove(other)
                self.report.same[item.packet] += 1
                self.told[item.packet, item.subject] = item.compared
                return
        if item.packet in REPEATABLE and self.told.get((item.packet, item.subject)) == item.compared:
            return
        self._waiting[side].append(item)

    def settle(self, now: float | None = None) -> None:
        """What has waited too long (with None: all) is a difference."""
        for side in (Side.THEIRS, Side.OURS):
            waiting = self._waiting[side]
            while waiting and (now is None or now - waiting[0].at >= self.patience):
                self._differ(side, waiting.popleft())

    def _differ(self, side: Side, item: Item) -> None:
        if item.packet in REPEATABLE and self.told.get((item.packet, item.subject)) == item.compared:
            return  # both have come to say it meanwhile
        others = self._waiting[side.other]
        match = next((one for one in others if (one.packet, one.subject) == (item.packet, item.subject)), None)
        if match is not None:
            others.remove(match)
        theirs, ours = (item, match) if side is Side.THEIRS else (match, item)
        if theirs is not None and ours is not None:
            what, where = "different", sorted(_differing(json.loads(theirs.compared), json.loads(ours.compared)))
            where = where or ["a time"]
        else:
            what, where = ("missing" if ours is None else "extra"), []
        self.report.add(
            Difference(
                what=what,
                packet=item.packet,
                client=self.client,
                name=self.name,
                fields=where,
                theirs=_masked(item.packet, theirs.shown) if theirs is not None else None,
                ours=_masked(item.packet, ours.shown) if ours is not None else None,
            )
        )


def _same(one: Item, other: Item) -> bool:
    return (
        one.packet == other.packet and one.compared == other.compared and is_about(one.packet, one.shown, other.shown)
    )


def _found(values: Mapping[str, Any], name: str) -> Hashable:
    """A value by its name, also inside of what is nested."""
    if name in values:
        return str(values[name])
    return next((_found(inner, name) for inner in values.values() if isinstance(inner, Mapping)), None)


def _differing(theirs: Mapping[str, Any], ours: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """The fields that differ, dotted."""
    for name in {*theirs, *ours}:
        one, other = theirs.get(name), ours.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differing(one, other, f"{at}{name}.")
        elif one != other:
            yield f"{at}{name}"


SECRETS: Final = ("token_hex", "salt_hex", "response", "response_hex", "password")


def _masked(packet: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """What may be kept: no secrets, nothing said in private."""
    kept: dict[str, Any] = {}
    for name, value in shown.items():
        if name in SECRETS:
            kept[name] = "(not kept)"
        elif packet == _PRIVATE and name == "message":
            kept[name] = f"({len(value)} characters, private)"
        else:
            kept[name] = _masked(packet, value) if isinstance(value, Mapping) else value
    return kept

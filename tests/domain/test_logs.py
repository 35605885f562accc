"""Which lines of the log somebody means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mythgate.domain.errors import InvalidInput
from mythgate.domain.logs import Fault, LogLine, LogQuery, weight_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(text: str = "entered lobby", level: str = "info", correlation: str = "abcd-2", **fields: Any) -> LogLine:
    return LogLine(7, NOON, level, "mythgate.services.lobbies", text, correlation, fields)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (LogQuery(), True),
        (LogQuery(level="info"), True),
        (LogQuery(level="warning"), False),
        (LogQuery(text="LOBBY"), True),
        (LogQuery(text="aleph"), True),
        (LogQuery(text="world"), False),
        (LogQuery(logger="mythgate.services"), True),
        (LogQuery(logger="mythgate.services.lobbies"), True),
        (LogQuery(logger="mythgate.services.lob"), False),
        (LogQuery(correlation="abcd"), True),
        (LogQuery(correlation="abcd-2"), True),
        (LogQuery(correlation="abc"), False),
        (LogQuery(correlation="abcd-1"), False),
        (LogQuery(people=frozenset({"account-ada"})), True),
        (LogQuery(people=frozenset({"account-bob"})), False),
        (LogQuery(people=frozenset(), numbers=frozenset({12})), True),
        (LogQuery(people=frozenset(), numbers=frozenset({26})), False),  # the number of a room is nobody's
        (LogQuery(rooms=frozenset({"26"})), True),
        (LogQuery(rooms=frozenset({"12"})), False),
        (LogQuery(security=True), False),
        (LogQuery(since=NOON), True),
        (LogQuery(since=NOON + timedelta(seconds=1)), False),
        (LogQuery(until=NOON), False),
        (LogQuery(until=NOON + timedelta(seconds=1)), True),
    ],
)
def test_what_a_query_wants(query: LogQuery, wanted: bool) -> None:
    assert query.wants(line(room=26, number=12, account="account-ada", client="Aleph One")) is wanted


def test_lines_about_security_and_of_levels_nobody_knows() -> None:
    assert LogQuery(security=True).wants(line(security="flood"))
    assert LogQuery(level="error").wants(line(level="notice"))  # rather shown than missed
    assert LogQuery(rooms=frozenset({"26"})).wants(line(origin=26))


def test_levels_have_a_weight() -> None:
    assert weight_of("WARNING") > weight_of("info")
    with pytest.raises(InvalidInput, match="'loud' is no level"):
        weight_of("loud")


def test_a_fault_is_new_until_somebody_looks_and_when_it_happens_again() -> None:
    fault = Fault("5f2c", "KeyError", "mythgate.x:y", "", "", "", 1, NOON, NOON)
    assert fault.is_new
    seen = replace(fault, seen_at=NOON + timedelta(seconds=1), seen_by="cli")
    assert not seen.is_new
    assert replace(seen, last_at=NOON + timedelta(seconds=2)).is_new

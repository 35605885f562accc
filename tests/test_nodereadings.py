"""Every metric: its name, its unit, its meaning, its labels; and that no label is as long as the world is large."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from tests.support.http import site

from mythgate import nodereadings
from mythgate.bootstrap import metric_reference
from mythgate.telemetry import Reading

UNITS: Final = {"seconds", "bytes", "ratio", "info"}
COUNTED: Final = {
    "answers", "backups", "closures", "commands", "commits", "connections", "deliveries",
    "events", "failures", "faults", "fights", "frames", "games", "handshakes", "heads", "joins", "lines", "lobbies",
    "logins", "messages", "notices", "options", "outboxes", "packets", "parties", "players", "published", "questions",
    "refusals", "requests", "resets", "retries", "rooms", "sessions", "signals", "sign_ins", "speakers", "streams",
    "subscriptions", "tasks", "timeouts", "transactions", "users", "writes",
}  # fmt: skip
LABELS: Final = {
    "by", "client", "code", "door", "event", "how", "level", "line", "option", "outcome", "reason", "room", "said_in",
    "state", "version", "way",
}  # fmt: skip
PEOPLE: Final = re.compile(r"user|account|character|name|address|ip|session|token", re.IGNORECASE)


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    return metric_reference()


def test_names_end_in_what_they_count_or_in_their_unit(readings: list[Reading]) -> None:
    names = [reading.name for reading in readings]
    assert len(names) == len(set(names))
    odd = [
        name
        for name in names
        if not re.fullmatch(r"[a-z]+(?:_[a-z]+)*", name)
        or not any(name == unit or name.endswith(f"_{unit}") for unit in UNITS | COUNTED)
    ]
    assert odd == []
    assert not [name for name in names if name.endswith("total")]  # Prometheus adds it to counters


def test_each_says_what_it_means(readings: list[Reading]) -> None:
    for reading in readings:
        assert reading.meaning.endswith("."), reading.name
        assert reading.meaning[0].isupper(), reading.name
        assert reading.kind != "histogram" or reading.shape is not None


def test_labels_have_few_values_and_name_nobody(readings: list[Reading]) -> None:
    labels = {reading.by for reading in readings if reading.by}
    assert labels <= LABELS, "is it sure that this label has few values, and that nobody chooses them?"
    assert not [label for label in labels if PEOPLE.search(label)]


def test_of_many_rooms_the_fullest_are_named() -> None:
    populations = {f"room{number:03}": number for number in range(1, 81)}
    told = nodereadings._fullest(populations)
    assert len(told) == nodereadings.MOST_ROOMS + 1
    assert told["room080"] == 80
    assert sum(told.values()) == sum(populations.values())
    assert nodereadings._fullest({"one": 1}) == {"one": 1}


async def test_what_is_told_is_what_happens(tmp_path: Path) -> None:
    async with site(tmp_path) as place:
        signed_in = await place.register("Ada")
        await place.post("/api/characters", {"name": "Otter"}, token=signed_in["access_token"])
        await place.post("/api/auth/login", {"username": "Ada", "password": "wrong"})
        text = (await place.get("/metrics")).body.decode()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert float(samples['mythgate_security_events_total{event="login_failed"}']) >= 1
    assert float(samples["mythgate_live_sessions"]) == 1
    assert float(samples['mythgate_event_loop_lag_seconds_bucket{le="+Inf"}']) >= 0
    assert float(samples['mythgate_command_seconds_bucket{le="0.001"}']) >= 0
    assert float(samples["process_open_fds"]) > 0
    assert float(samples["process_resident_memory_bytes"]) > 1e6
    helped = set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
    typed = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    assert helped == typed
    assert "Ada" not in text
    assert "Otter" not in text

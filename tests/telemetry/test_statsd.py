"""Metrics to a StatsD server: the protocol, to a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from mythgate.services.measures import Histogram
from mythgate.telemetry import Reading, Statsd, StatsdOptions
from mythgate.telemetry.statsd import DATAGRAM_BYTES, packed

PLACE = ("127.0.0.1", 8125)


def test_gauges_are_told_as_they_are_and_counters_as_what_they_rose_by() -> None:
    values = {"commands": 5.0}

    def read() -> Iterator[Reading]:
        yield Reading("active_users", "", 3)
        yield Reading("memory_usage_bytes", "", 1234567890.5)
        yield Reading("commands", "", values["commands"], "counter")

    sender = Statsd(read, StatsdOptions(*PLACE))
    gauges = ["mythgate.active_users:3|g", "mythgate.memory_usage_bytes:1.23456789e+09|g"]
    assert sender.lines() == [*gauges, "mythgate.commands:5|c"]
    assert sender.lines() == gauges
    values["commands"] = 7.5
    assert sender.lines() == [*gauges, "mythgate.commands:2.5|c"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (StatsdOptions(*PLACE), "mythgate.refusals.server_full:2|g"),
        (StatsdOptions(*PLACE, prefix="game.eu."), "game.eu.refusals.server_full:2|g"),
        (StatsdOptions(*PLACE, prefix="", tags=True), "refusals:2|g|#code:server_full"),
    ],
)
def test_labels_end_the_name_or_are_tags(options: StatsdOptions, line: str) -> None:
    reading = Reading("refusals", "", by="code", values={"server_full": 2, "a|b:c\nd": 1})
    lines = Statsd(lambda: [reading], options).lines()
    assert lines[0] == line
    assert lines[1].count("|") == line.count("|")
    assert "a_b_c_d" in lines[1]
    assert "\n" not in lines[1]


def test_times_are_told_as_percentiles_of_what_came_since() -> None:
    shape = Histogram((0.1, 1.0))
    sender = Statsd(lambda: [Reading("command_seconds", "", kind="histogram", shape=shape)], StatsdOptions(*PLACE))
    assert sender.lines() == []
    shape.observe(0.05)
    shape.observe(0.05)
    name = "mythgate.command_seconds"
    assert sender.lines() == [f"{name}_count:2|c", f"{name}_p50:0.05|g", f"{name}_p99:0.099|g"]
    shape.observe(0.5)
    assert sender.lines()[1] == f"{name}_p50:0.55|g"


def test_lines_share_datagrams() -> None:
    lines = [f"mythgate.a_metric_with_a_name_{number}:1|g" for number in range(200)]
    datagrams = list(packed(lines))
    assert all(len(one) <= DATAGRAM_BYTES for one in datagrams)
    assert b"\n".join(datagrams).decode().split("\n") == lines
    assert len(datagrams) < 8
    assert list(packed(["x" * 2000])) == [b"x" * 2000]
    assert list(packed([])) == []


async def test_they_arrive() -> None:
    count = 0.0

    def read() -> Iterator[Reading]:
        nonlocal count
        count += 1
        yield Reading("commands", "", count, "counter")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        sender = Statsd(read, StatsdOptions("127.0.0.1", server.getsockname()[1], interval=0.001))
        task = asyncio.create_task(sender.run())
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            assert await loop.sock_recv(server, 2000) == b"mythgate.commands:1|c"
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_name_nobody_knows_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = asyncio.Event()

    async def unknown(*_: object, **__: object) -> None:
        if caplog.records:
            asked.set()
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown, raising=False)
    task = asyncio.create_task(Statsd(list, StatsdOptions("nowhere", 1, interval=0.001)).run())
    try:
        await asyncio.wait_for(asked.wait(), 5)
    finally:
        task.cancel()
    assert caplog.records[0].message == "the StatsD server's name is not known"

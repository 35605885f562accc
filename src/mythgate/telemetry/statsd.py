"""Metrics to a StatsD server: one line a number, over UDP, so that nobody waits and nothing fails.

    name:value|g            a gauge
    name:difference|c       a counter, by what it rose since the last time
    name:value|c|#label:x   with tags, where the server knows them (DogStatsD); else the label's value ends the name

Histograms are told as their count and as the 50th and 99th percentile of what came since the last time, in the metric's
unit, as gauges.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mythgate.telemetry.metrics import Reading

log = logging.getLogger(__name__)

DATAGRAM_BYTES: Final = 1432  # what an Ethernet frame takes whole
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_QUANTILES: Final = (("p50", 0.5), ("p99", 0.99))


@dataclass(frozen=True, slots=True)
class StatsdOptions:
    """Where metrics go and how."""

    host: str
    port: int
    prefix: str = "mythgate"
    interval: float = 10.0
    tags: bool = False


class Statsd:
    """Sends all readings again and again."""

    def __init__(self, read: Callable[[], Iterable[Reading]], options: StatsdOptions) -> None:
        self._read = read
        self._options = options
        self._counted: dict[tuple[str, str], float] = {}
        self._shapes: dict[str, list[int]] = {}

    async def run(self) -> None:
        """Send every `interval` seconds until the task is cancelled. A server that is gone is no failure."""
        loop = asyncio.get_running_loop()
        options = self._options
        while True:
            try:
                found = await loop.getaddrinfo(options.host, options.port, type=socket.SOCK_DGRAM)
                break
            except OSError as error:
                extra = {"host": options.host, "reason": error.strerror or str(error)}
                log.warning("the StatsD server's name is not known", extra=extra)
                await asyncio.sleep(options.interval)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as sender:
            sender.setblocking(False)
            self.lines()  # counters rise from here
            while True:
                await asyncio.sleep(options.interval)
                for datagram in packed(self.lines()):
                    with contextlib.suppress(OSError):
                        sender.sendto(datagram, address)

    def lines(self) -> list[str]:
        """All readings as lines, counters by what they rose since the last call."""
        return [line for reading in self._read() for line in self._lines_of(reading)]

    def _lines_of(self, reading: Reading) -> Iterator[str]:
        if reading.kind == "histogram":
            yield from self._of_histogram(reading)
            return
        values: Mapping[str, float] = reading.values if reading.by else {"": reading.value}
        for label, value in values.items():
            if reading.kind == "gauge":
                yield self._line(reading, label, _number(value), "g")
                continue
            before = self._counted.get((reading.name, label), 0)
            self._counted[reading.name, label] = value
            if value != before:
                yield self._line(reading, label, _number(value - before), "c")

    def _of_histogram(self, reading: Reading) -> Iterator[str]:
        shape = reading.shape
        assert shape is not None
        before = self._shapes.get(reading.name, [0] * len(shape.counts))
        self._shapes[reading.name] = list(shape.counts)
        came = shape.count - sum(before)
        if came:
            yield f"{self._name(reading.name)}_count:{came}|c"
            for suffix, part in _QUANTILES:
                yield f"{self._name(reading.name)}_{suffix}:{_number(shape.quantile(part, before))}|g"

    def _line(self, reading: Reading, label: str, value: str, kind: str) -> str:
        name = self._name(reading.name)
        if not reading.by:
            return f"{name}:{value}|{kind}"
        label = _NO_NAME.sub("_", label) or "none"
        if self._options.tags:
            return f"{name}:{value}|{kind}|#{reading.by}:{label}"
        return f"{name}.{label}:{value}|{kind}"

    def _name(self, name: str) -> str:
        prefix = self._options.prefix.strip(".")
        return f"{prefix}.{name}" if prefix else name


def packed(lines: Iterable[str]) -> Iterator[bytes]:
    """Lines in as few datagrams as they fit into."""
    parts: list[bytes] = []
    size = 0
    for line in lines:
        data = line.encode()
        if parts and size + 1 + len(data) > DATAGRAM_BYTES:
            yield b"\n".join(parts)
            parts, size = [], 0
        size += len(data) + bool(parts)
        parts.append(data)
    if parts:
        yield b"\n".join(parts)


def _number(value: float) -> str:
    return f"{value:.9g}" if value != int(value) else str(int(value))

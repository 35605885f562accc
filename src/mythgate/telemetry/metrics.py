"""Metrics: numbers that are read when somebody asks and cost nothing until then."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from mythgate.services.measures import Histogram

PREFIX: Final = "mythgate_"
_PAGE_BYTES: Final = 4096 if not hasattr(os, "sysconf") else os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Reading:
    """One number at this moment. Names end in their unit; labels never name a person.

    A counter's name is given without `_total`. With `by`, `values` has one number a label value. A histogram has
    neither: it is `shape`.
    """

    name: str
    meaning: str
    value: float = 0
    kind: Literal["gauge", "counter", "histogram"] = "gauge"
    by: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    shape: Histogram | None = None

    @property
    def full_name(self) -> str:
        """As Prometheus knows it."""
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"


class Readings(Collector):
    """Readings as Prometheus wants them."""

    def __init__(self, read: Callable[[], Iterable[Reading]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """One metric family a reading."""
        for reading in self._read():
            yield family_of(reading)


def family_of(reading: Reading) -> Metric:
    """A reading as Prometheus wants it."""
    name = f"{PREFIX}{reading.name}"
    if reading.kind == "histogram":
        assert reading.shape is not None
        histogram = HistogramMetricFamily(name, reading.meaning)
        buckets = [
            (f"{bound:g}" if bound != float("inf") else "+Inf", total) for bound, total in reading.shape.rising()
        ]
        histogram.add_metric([], buckets=buckets, sum_value=reading.shape.sum)
        return histogram
    kind = GaugeMetricFamily if reading.kind == "gauge" else CounterMetricFamily
    family = kind(name, reading.meaning, labels=[reading.by] if reading.by else None)
    if reading.by:
        for label, value in reading.values.items():
            family.add_metric([label], value)
    else:
        family.add_metric([], reading.value)
    return family


def resident_bytes() -> int:
    """Memory of this process that is in use now; 0 where the platform does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * _PAGE_BYTES


def open_files() -> int:
    """Files and sockets this process holds open; 0 where the platform does not say."""
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names only, and fast)
    except OSError:
        return 0


def most_open_files() -> int:
    """How many this process may hold open; 0 where the platform does not say."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

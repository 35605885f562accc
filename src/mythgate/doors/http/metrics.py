"""Numbers about people and places, read when Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mythgate.services.all import Services

if TYPE_CHECKING:
    from mythgate.doors.http.app import HttpOptions


class ServerCollector(Collector):
    """Numbers that are read when Prometheus asks, not kept."""

    def __init__(self, services: Services, http: HttpOptions) -> None:
        self._services = services
        self._http = http

    def collect(self) -> Iterator[Metric]:
        """The gauges of this node."""
        for name, documentation, value in (
            ("mythgate_active_users", "Characters in the world.", self._http.players_online()),
            ("mythgate_occupied_rooms", "Rooms with somebody in them.", self._http.rooms_occupied()),
            ("mythgate_known_rooms", "Rooms of the world.", self._http.rooms()),
            ("mythgate_live_sessions", "Signed-in sessions used lately.", self._services.sessions.active_count),
        ):
            yield GaugeMetricFamily(name, documentation, value)

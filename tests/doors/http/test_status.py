"""Status, probes and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.clock import FakeClock
from tests.support.http import Site, site

import mythgate
from mythgate.domain.errors import Unavailable
from mythgate.doors.http.app import Readiness
from mythgate.services.all import Services


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


async def test_status(web: Site) -> None:
    await web.register("Alric")
    status = (await web.get("/api/status")).json
    assert (status["status"], status["name"], status["version"]) == ("ok", "Mythgate", mythgate.__version__)
    assert status["rooms"] == len(web.node.services.world.world.rooms) >= 60
    assert (status["players_online"], status["rooms_occupied"]) == (0, 0)
    assert status["doors"] == ["http"]
    assert (status["registration"], status["guests"]) == ("open", True)
    assert 0 <= status["uptime_seconds"] < 60
    started, now = (datetime.fromisoformat(status[name]) for name in ("started_at", "server_time"))
    assert timedelta(0) <= now - started < timedelta(minutes=1)


async def test_probes(web: Site) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await web.get(path)
        assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_without_a_database_it_lives_but_is_not_ready(web: Site) -> None:
    await web.node.store.close()
    assert (await web.get("/healthz")).status == 200
    answer = await web.get("/readyz")
    assert (answer.status, answer.code) == (503, "unavailable")


class FullDisk:
    """A store that still reads."""

    def __init__(self) -> None:
        self.full = True
        self.asked = 0

    async def write(self, work: Any) -> None:
        self.asked += 1
        if self.full:
            raise Unavailable("The disk that holds the database is full.")


async def test_a_database_that_takes_no_changes_is_not_ready(clock: FakeClock) -> None:
    store = FullDisk()
    readiness = Readiness(cast("Services", SimpleNamespace(store=store, clock=clock)))
    for _ in range(3):
        with pytest.raises(Unavailable, match="full") as refused:
            await readiness.check()
        assert refused.value.retry_after
    assert store.asked == 1  # a probe a millisecond costs no write a millisecond
    store.full = False
    clock.advance(timedelta(seconds=5))
    await asyncio.gather(*(readiness.check() for _ in range(10)))
    assert store.asked == 2


async def test_metrics(web: Site) -> None:
    token = (await web.register("Alric"))["access_token"]
    await web.get("/api/auth/me", token=token)
    answer = await web.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    assert families["mythgate_active_users"].samples[0].value == 0
    assert families["mythgate_occupied_rooms"].samples[0].value == 0
    assert families["mythgate_known_rooms"].samples[0].value >= 60
    assert families["mythgate_live_sessions"].samples[0].value == 1
    assert families["mythgate_memory_usage_bytes"].samples[0].value > 10_000_000
    assert all(family.documentation for family in families.values())


async def test_what_is_refused_is_counted_by_its_code(web: Site) -> None:
    token = (await web.register("Alric"))["access_token"]
    await web.get("/api/auth/me")
    await web.get("/nowhere")
    await web.post("/api/auth/login", {"username": "Alric", "password": "something else"})
    await web.post("/api/auth/login", {"username": ["Alric"]})
    await web.post("/api/command", {"command": "look"}, token=token)
    metrics = (await web.get("/metrics")).body.decode()
    families = {family.name: family for family in text_string_to_metric_families(metrics)}
    assert {one.labels["code"]: one.value for one in families["mythgate_error_answers"].samples} == {
        "authentication_failed": 1,
        "not_found": 1,
        "bad_credentials": 1,
        "validation_error": 1,
        "not_in_world": 1,
    }

"""Status, probes and metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.http import Site, site

import mythgate


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

"""The alert rules and the dashboard, in a real Prometheus that asks a real server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import yaml
from tests.deploy.conftest import DEPLOY, running, tool, until
from tests.support.ports import free_ports
from tests.support.server import RunningServer, running_server

RULES: Final = DEPLOY / "prometheus"
DASHBOARD: Final = DEPLOY / "grafana" / "dashboards" / "mythgate.json"
DOCS: Final = DEPLOY.parent / "docs"
_METRIC: Final = re.compile(r"\b(?:mythgate|process)_[a-z_]+|\bup\b")
_PARTS: Final = re.compile(r"_(?:bucket|sum|count)$")


def alerts() -> list[dict[str, Any]]:
    """The rules as they are written."""
    document = yaml.safe_load((RULES / "alerts.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> Iterator[tuple[str, str]]:
    """Title and expression of everything the dashboard draws."""
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def expressions() -> list[str]:
    """All that Prometheus is ever asked, with the dashboard's variables filled in."""
    drawn = [expr.replace("$__rate_interval", "1m").replace("$instance", ".*") for _, expr in panels()]
    return [*(rule["expr"] for rule in alerts()), *drawn]


async def test_the_rules_are_sound_and_fire_when_they_should(tmp_path: Path) -> None:
    for words in (("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml"), ("test", "rules")):
        command = [tool("promtool"), *words, *(["alerts_test.yml"] if words[0] == "test" else [])]
        out = tmp_path / "said"
        with out.open("wb") as said:
            process = await asyncio.create_subprocess_exec(*command, cwd=RULES, stdout=said, stderr=said)
        assert await process.wait() == 0, out.read_text()


def test_each_alert_says_what_to_do_and_has_a_test_and_a_place_in_the_documents() -> None:
    tested = (RULES / "alerts_test.yml").read_text("utf-8")
    page = (DOCS / "monitoring.md").read_text("utf-8")
    for rule in alerts():
        name = rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "fix", "page"} == set(rule["annotations"])
        assert rule["annotations"]["page"] == f"docs/monitoring.md#{name.lower()}"
        assert f"### {name}\n" in page
        assert f"{name} fires\n" in tested
        assert f"{name} stays quiet\n" in tested


def test_the_dashboard_is_of_the_data_source_that_is_provisioned() -> None:
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8"))
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    named = {panel["datasource"]["uid"] for panel in dashboard["panels"] if "datasource" in panel}
    assert named == {sources["datasources"][0]["uid"]}
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers))


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http

    async def get(self, path: str, **params: str) -> Any:
        async with self.http.get(f"{self.url}/api/v1/{path}", params=params) as answer:
            document = await answer.json()
        assert document["status"] == "success", (path, params, document)
        return document["data"]

    async def is_fed(self) -> bool:
        try:
            found = await self.get("query", query="up")
        except aiohttp.ClientError:
            return False
        return bool(found["result"]) and found["result"][0]["value"][1] == "1"

    async def has_judged(self) -> bool:
        groups = (await self.get("rules"))["groups"]
        return bool(groups) and all(rule["health"] == "ok" for group in groups for rule in group["rules"])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path / "data") as started:
        yield started


@pytest.fixture
async def prometheus(server: RunningServer, tmp_path: Path) -> AsyncIterator[Prometheus]:
    port = free_ports(1)
    config = yaml.safe_load((RULES / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "100ms", "scrape_timeout": "100ms", "evaluation_interval": "100ms"}
    config["rule_files"] = [str(RULES / "alerts.yml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{server.port}"]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    arguments = ("--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", f"--web.listen-address=127.0.0.1:{port}")
    async with (
        aiohttp.ClientSession() as http,
        running(tool("prometheus"), *arguments, "--log.level=warn", cwd=tmp_path),
    ):
        started = Prometheus(f"http://127.0.0.1:{port}", http)
        await until(started.is_fed, "Prometheus reads the server's metrics")
        yield started


async def test_prometheus_knows_every_metric_that_is_asked_for(prometheus: Prometheus) -> None:
    known = set(await prometheus.get("metadata")) | {"up"}
    asked = {name for expr in expressions() for name in _METRIC.findall(expr)}
    assert len(asked) > 25
    # Metadata has the family, of whose parts the expressions ask.
    missing = {name for name in asked if name not in known and _PARTS.sub("", name) not in known}
    assert missing == set()
    await until(prometheus.has_judged, "Prometheus has evaluated every rule")
    for expr in expressions():
        await prometheus.get("query", query=expr)
    firing = await prometheus.get("alerts")
    assert [one["labels"]["alertname"] for one in firing["alerts"] if one["state"] == "firing"] == []
    drawn = [title for title, expr in panels() if await _has_data(prometheus, expr)]
    assert {"Players in the world", "Memory", "Connections", "Database", "Files and tasks"} <= set(drawn)


async def _has_data(prometheus: Prometheus, expr: str) -> bool:
    expr = expr.replace("$__rate_interval", "1m").replace("$instance", ".*")
    return bool((await prometheus.get("query", query=expr))["result"])

"""`mythgate bridge`, beside a server and without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import running_server
from typer.testing import CliRunner, Result

from mythgate.cli import app

Run = Callable[..., Result]
URL = "https://discord.com/api/webhooks/1/secret"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["bridge", *words])
        assert result.exit_code == code, f"{words}: {result.output}\n{result.exception!r}"
        return result

    return run


def walk(run: Run) -> None:
    assert "There are no bridges" in run("list").stdout
    opened: dict[str, Any] = json.loads(run("open", "26", "Discord #general", "--url", URL, "--hears", "--json").stdout)
    assert (opened["sends_to"], opened["hears"], len(opened["token"])) == ("discord.com", True, 43)
    assert run("open", "26", "Elsewhere", "--url", URL).stdout == "Bridge 2 is open.\n"
    told = run("list").stdout
    assert "Discord #general" in told
    assert "secret" not in told
    assert "shown this once" in run("open", "26", "Third", "--hears").stdout
    for number in ("1", "2", "3"):
        assert run("close", number).stdout == f"Bridge {number} is closed.\n"
    assert "There is no such bridge." in run("close", "1", code=1).stderr
    assert "There is no such lobby." in run("open", "99", "Nowhere", "--hears", code=1).stderr
    assert json.loads(run("list", "--json").stdout) == []


def test_without_a_server(run: Run) -> None:
    CliRunner().invoke(app, ["migrate", "up"])
    walk(run)


async def test_beside_a_server(run: Run, tmp_path: Path) -> None:
    async with running_server(tmp_path / "data"):
        await asyncio.to_thread(walk, run)

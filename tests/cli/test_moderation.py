"""`mythgate moderation`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mythgate.bootstrap import open_node
from mythgate.cli import app
from mythgate.config import Settings
from mythgate.domain.sessions import OPERATOR

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with its own data folder, in which Ada and Bob have accounts and Ada has reported Bob."""
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")

    async def fill() -> None:
        async with open_node(Settings(data_dir=tmp_path / "data")) as node:
            accounts = node.services.accounts
            for name in ("Ada", "Bob"):
                signed_in = await accounts.register(name, "correct horse", door="http", address="", client="")
                if name == "Ada":
                    ada = signed_in.caller
            await node.services.reports.report(ada, "Bob", "insults")

    asyncio.run(fill())

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["moderation", *words])
        assert result.exit_code == code, f"{words}: {result.output}\n{result.exception!r}"
        return result

    return run


def told(run: Run, *words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def test_reports(run: Run) -> None:
    assert "Bob" in run("reports").stdout
    assert "insults" in run("report", "1").stdout
    assert "as it was taken: 1 lines" in run("verify", "1").stdout
    assert told(run, "verify", "1")["genuine"]
    assert run("step", "1", "claim").stdout == "Report 1 is claimed now.\n"
    assert told(run, "step", "1", "resolve", "--answer", "Thank you.") == {"number": 1, "state": "resolved"}
    card = told(run, "report", "1")
    assert (card["answer"], card["evidence"][0]["text"]) == ("Thank you.", "Bob: insults")
    assert "Answer: Thank you." in run("report", "1").stdout
    assert [one["state"] for one in told(run, "reports", "--state", "resolved")] == ["resolved"]
    assert "no such reports" in run("reports", "--state", "open").stdout
    assert "resolved" in run("step", "1", "claim", code=1).stderr


def test_evidence_that_was_changed(run: Run, tmp_path: Path) -> None:
    async def forge() -> None:
        async with open_node(Settings(data_dir=tmp_path / "data")) as node:
            case = await node.services.reports.case(OPERATOR, 1)
            case.report.seal = "0" * 64
            await node.store.write(lambda tx: tx.reports.save(case.report))

    asyncio.run(forge())
    assert "NOT GENUINE" in run("verify", "1", code=1).stdout


def test_measures(run: Run) -> None:
    banned = run("take", "ban", "bob", "--minutes", "60", "--reason", "cheating").stdout
    assert banned.startswith("Bob is banned until ")
    assert told(run, "take", "ban", "192.0.2.7/24", "--network")["network"] == "192.0.2.0/24"
    muted = told(run, "take", "mute", "bob", "--lobby", "26")
    assert (muted["scope"], muted["place"]) == ("lobby", "26")
    listed = run("measures").stdout
    assert "mute in lobby 26" in listed
    assert "192.0.2.0/24" in listed
    assert len(told(run, "measures")) == 3
    assert "holds until it is lifted" in run("change", "1", "--without-end").stdout
    assert run("lift", "3").stdout == "Measure 3 against Bob is lifted.\n"
    assert "lifted" in run("measures", "--all").stdout
    assert "one place" in run("take", "mute", "bob", "--lobby", "26", "--door", "http", code=1).stderr
    assert "no account" in run("take", "ban", "nobody", code=1).stderr
    assert "this machine itself" in run("take", "ban", "127.0.0.1", "--network", code=1).stderr


def test_appeals(run: Run, tmp_path: Path) -> None:
    assert run("appeals").stdout == "Nobody waits for an answer.\n"
    code = told(run, "take", "ban", "bob", "--reason", "cheating")["code"]

    async def appeal() -> None:
        async with open_node(Settings(data_dir=tmp_path / "data")) as node:
            await node.services.appeals.appeal("It was\nmy brother.", "192.0.2.7", code=code)

    asyncio.run(appeal())
    listed = run("appeals").stdout
    assert "> It was\n    > my brother." in listed
    assert told(run, "appeals")[0]["against"]["reason"] == "cheating"
    assert run("decide", "1", "grant", "--answer", "Welcome.").stdout == "Appeal 1 is granted.\n"
    assert run("appeals").stdout == "Nobody waits for an answer.\n"


def test_filters(run: Run) -> None:
    assert "There are no filters" in run("filters").stdout
    run("filter", "buy gold", "--action", "mute", "--anywhere")
    listed = run("filters").stdout
    assert "buy gold (also within words)" in listed
    assert "mute 30 min after 3 in 10 min" in listed
    assert told(run, "filters")[0]["pattern"] == "buy gold"
    assert "(buy gold) is removed" in run("unfilter", "1").stdout
    assert "no such filter" in run("unfilter", "1", code=1).stderr


def test_what_needs_the_server(run: Run) -> None:
    assert "No server runs" in run("delete", "x", code=1).stderr
    assert "nobody is on" in run("kick", "bob", code=1).stderr

"""`mythgate shadow` and its commands."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mythgate.cli import app
from mythgate.shadow.report import Difference, Report


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["shadow", *words])
    assert result.exit_code == code, f"{words}: {result.output}\n{result.exception!r}"
    return result


def test_the_share_is_changed_and_taken_back_while_it_runs(tmp_path: Path) -> None:
    assert "There is no folder" in run("fallback", code=1).stderr
    (tmp_path / "data").mkdir()
    assert run("share", "25").stdout == "25 % of people log in to ours from their next log-in on.\n"
    assert "All new log-ins go to the other server." in run("fallback").stdout
    state = json.loads((tmp_path / "data" / "shadow.json").read_text())
    assert state == {"share": 25, "has_fallen_back": True, "reason": "the operator said so"}
    assert run("resume").stdout.startswith("25 %")
    run("share", "101", code=2)


def test_wrong_usage() -> None:
    assert "--upstream HOST:PORT" in run(code=1).stderr
    assert "is no place" in run("--upstream", "nowhere", code=1).stderr
    assert "--to HOST:PORT" in run("--upstream", "127.0.0.1:1", "--share", "5", code=1).stderr
    refused = run("--upstream", "127.0.0.1:1", "--no-compare", "--listen", "192.0.2.1:9", code=1)
    assert "cannot be opened" in refused.stderr


def test_a_report_for_people(tmp_path: Path) -> None:
    report = Report("old:6321")
    report.seen["Aleph One", "s2c", "room_broadcast"] = 3
    report.faults["ours: no answer"] = 2
    for number in range(25):
        said = {"chat": {"message": f"hello {number}", "name": "Ada"}}
        ours = {"chat": {"message": "jello", "name": "Ada"}}
        report.add(Difference("different", "room_broadcast", "Aleph One", "ada", ["chat.message"], said, ours))
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report.as_json()))
    told = run("report", str(file)).stdout
    assert "Fault: ours: no answer (2 times)" in told
    assert "room_broadcast to ada (Aleph One) says something else: chat.message" in told
    assert "  ≠ chat.message" in told
    assert "5 more are in the file." in told
    file.write_text("[]")
    assert "is no report of a shadow" in run("report", str(file), code=1).stderr

"""`mythgate logs`, `mythgate log` and `mythgate errors`."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mythgate.cli import app
from mythgate.cli.logs import appended
from mythgate.domain.logs import LogLine

Run = Callable[..., Result]


def command(*words: str, typed: str = "", code: int = 0) -> Result:
    """What `mythgate words…` says."""
    result = CliRunner().invoke(app, list(words), input=typed)
    assert result.exit_code == code, f"{words}: {result.output}\n{result.exception!r}"
    return result


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which there is a database with ada."""
    folder = tmp_path_factory.mktemp("logs") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYTHGATE_DATA_DIR", str(folder))
        patch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")
        command("migrate", "up")
        command("user", "create", "ada", typed="correct horse battery\n")
    return folder


@pytest.fixture
def run(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command with its own data folder, in which there is a database with ada."""
    shutil.copytree(data, tmp_path / "data")
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []  # commands set up their own

    yield command
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before, level


def write(folder: Path, *entries: dict[str, Any], name: str = "mythgate.log") -> None:
    """Lines as a server writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"level": "info", "logger": "mythgate.services.lobbies", "timestamp": f"{datetime.now(UTC):%FT%TZ}"}
    with (folder / name).open("a") as file:
        for entry in entries:
            file.write(json.dumps(whole | entry) + "\n")


def account(run: Run) -> dict[str, Any]:
    [found] = json.loads(run("user", "list", "--json").stdout)
    return dict(found)


def test_lines_are_found_in_all_files(run: Run, tmp_path: Path) -> None:
    logs = tmp_path / "data" / "logs"
    ada = account(run)
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%FT%TZ}"
    write(logs, {"event": "entered lobby", "number": ada["number"], "room": 26, "timestamp": yesterday},
          name="mythgate.log.1")  # fmt: skip
    write(
        logs,
        {"event": "left lobby", "number": ada["number"], "room": 26, "correlation": "abcd-3", "reason": "quit"},
        {"event": "entered lobby", "number": 4711, "room": 3},
        {"event": "sign-in refused", "security": "login_failed", "about": ada["id"], "door": "http"},
        {"event": "broken", "level": "error", "exception": "Traceback\nKeyError: 1"},
    )

    def texts(*words: str) -> list[str]:
        printed = run("logs", "--json", *words).stdout
        return [json.loads(line)["text"] for line in printed.splitlines()]

    assert texts() == ["entered lobby", "left lobby", "entered lobby", "sign-in refused", "broken"]
    assert texts("--user", "ada") == ["entered lobby", "left lobby", "sign-in refused"]
    assert texts("--user", f"#{ada['number']}", "--since", "2h") == ["left lobby", "sign-in refused"]
    assert texts("--room", "Arrival") == ["entered lobby", "left lobby"]
    assert texts("--room", "3") == ["entered lobby"]
    assert texts("--correlation", "abcd") == ["left lobby"]
    assert texts("--level", "warning") == ["broken"]
    assert texts("--security") == ["sign-in refused"]
    assert texts("--limit", "1", "--until", "2d") == []
    assert texts("--text", "QUIT") == ["left lobby"]
    shown = run("logs", "--correlation", "abcd-3").stdout
    assert shown.rstrip().endswith(f"Z left lobby  number={ada['number']} room=26 reason=quit  (abcd-3)")
    assert "! sign-in refused" in run("logs", "--security").stdout
    assert "    KeyError: 1" in run("logs", "--level", "error").stdout
    assert run("logs", "--text", "no such").stdout == "No line fits.\n"


def test_what_makes_no_sense_is_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There are no log files" in run("logs", code=1).stderr
    assert "There is nobody called" in run("logs", "--user", "nobody", code=1).stderr
    assert "There is no room called" in run("logs", "--room", "nowhere", code=1).stderr
    assert "is no time" in run("logs", "--since", "soon", code=1).stderr
    assert "is no level" in run("logs", "--level", "loud", code=1).stderr
    assert "is no level" in run("log", "level", "loud", code=1).stderr
    write(tmp_path / "data" / "logs", {"event": "here"})
    assert "here" in run("logs", "--since", "2026-01-01").stdout
    monkeypatch.setenv("MYTHGATE_TELEMETRY__LOG_MEGABYTES", "0")
    assert "no log files are written" in run("logs", code=1).stderr


def test_what_is_written_from_now_on(tmp_path: Path) -> None:
    write(tmp_path, {"event": "before"})
    lines = appended(tmp_path, pause=0)
    file = tmp_path / "mythgate.log"

    def later(_seconds: float) -> None:
        """What a server does while somebody waits."""
        steps.pop(0)()

    def add(text: str) -> None:
        with file.open("a") as opened:
            opened.write(text)

    def begin_anew() -> None:
        file.rename(tmp_path / "mythgate.log.1")

    steps: list[Callable[[], Any]] = [
        lambda: write(tmp_path, {"event": "first"}),
        lambda: add('{"event": "second", "level": "info", '),  # half a line
        lambda: add('"timestamp": "2026-03-01T12:00:00Z"}\n'),
        begin_anew,
        lambda: write(tmp_path, {"event": "third"}),
    ]
    patch = pytest.MonkeyPatch()
    patch.setattr("mythgate.cli.logs.time.sleep", later)
    try:
        assert [next(lines).text for _ in range(3)] == ["first", "second", "third"]
    finally:
        patch.undo()
    assert steps == []


def test_following_goes_on_until_it_is_interrupted(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(_folder: Path) -> Iterator[LogLine]:
        for text, level in (("quiet", "info"), ("loud", "error")):
            yield LogLine(1, datetime.now(UTC), level, "mythgate", text, "", {})
        raise KeyboardInterrupt

    monkeypatch.setattr("mythgate.cli.logs.appended", written)
    shown = run("logs", "--follow", "--level", "warning", code=130).stdout
    assert shown.rstrip().endswith("[error] loud")
    assert "quiet" not in shown


def test_levels(run: Run) -> None:
    run("log", "level", "debug", "--logger", "mythgate.doors", "--minutes", "30")
    shown = json.loads(run("log", "level", "warning", "--json").stdout)
    assert [(one["logger"], one["level"]) for one in shown] == [("", "warning"), ("mythgate.doors", "debug")]
    assert shown[1]["until"]
    assert "all others" in run("log", "levels").stdout
    shown = json.loads(run("log", "level", "default", "--json").stdout)
    assert [(one["logger"], one["level"]) for one in shown] == [("", "info"), ("mythgate.doors", "debug")]


def test_faults(run: Run, tmp_path: Path) -> None:
    assert run("errors", "list").stdout == "Nothing went wrong.\n"
    assert run("errors", "list", "--new").stdout == "Nothing new went wrong.\n"
    assert "There is no fault 5f" in run("errors", "show", "5f", code=1).stderr
    import asyncio

    from mythgate import bootstrap
    from mythgate.config import load
    from mythgate.telemetry import book

    async def break_something() -> str:
        async with bootstrap.open_node(load(data_dir=str(tmp_path / "data"))) as node:
            try:
                raise LookupError
            except LookupError as error:
                book().faults.take()
                book().faults.note(error, "abcd-1", node.clock.now())
            await node.services.faults.save()
        return "broken"

    asyncio.run(break_something())
    [fault] = json.loads(run("errors", "list", "--json").stdout)
    listed = run("errors", "list").stdout
    assert fault["fingerprint"] in listed
    assert "LookupError" in listed
    shown = run("errors", "show", fault["fingerprint"][:5]).stdout
    assert "mythgate logs --correlation abcd-1" in shown
    assert run("errors", "seen", fault["fingerprint"]).stdout.endswith("is no longer new.\n")
    assert run("errors", "list", "--new").stdout == "Nothing new went wrong.\n"
    assert json.loads(run("errors", "seen", fault["fingerprint"], "--json").stdout)["new"] is False
    assert json.loads(run("errors", "show", fault["fingerprint"], "--json").stdout)["kind"] == "LookupError"

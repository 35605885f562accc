"""The commands that ask a running server, and the same without one."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.server import RunningServer
from typer.testing import CliRunner, Result

from mythgate.cli import app
from mythgate.cli.room import key_of

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One for all tests of this module, in a process of its own."""
    with asyncio.Runner() as runner:
        made = RunningServer(tmp_path_factory.mktemp("running") / "data", {"MYTHGATE_TELNET__ENABLED": "false"})
        runner.run(made.start())
        try:
            yield made
        finally:
            runner.run(made.stop())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == code, f"{words}: {result.output}\n{result.exception!r}"
        return result

    return run


@pytest.fixture
def ask(run: Run, server: RunningServer) -> Run:
    """Run a command on the data of the server."""
    return lambda *words, code=0: run(*words, "--data-dir", str(server.data_dir), code=code)


@pytest.fixture
def alone(run: Run, tmp_path: Path) -> Run:
    """Run a command on data that no server runs on."""
    run("migrate", "up", "--data-dir", str(tmp_path / "data"))
    return lambda *words, code=0: run(*words, "--data-dir", str(tmp_path / "data"), code=code)


def test_status(ask: Run) -> None:
    told = ask("status").stdout
    assert "Running     Mythgate" in told
    assert "mythgate backup create" in told
    assert "Nobody owns this server yet." in told
    now = json.loads(ask("status", "--json").stdout)
    assert {one["code"] for one in now["warnings"]} >= {"backup", "no_owner"}
    assert now["players"] == 0


def test_rooms(ask: Run) -> None:
    assert "Arrival" in ask("room", "list").stdout
    rooms = json.loads(ask("room", "list", "--json").stdout)
    assert {room["kind"] for room in rooms} == {"lobby"}
    everything = json.loads(ask("room", "list", "--empty", "--json").stdout)
    assert {room["kind"] for room in everything} == {"lobby", "world"}
    place = next(room["key"] for room in everything if room["kind"] == "world")
    assert ask("room", "lock", "26").stdout == "Arrival is locked.\n"
    assert "locked" in ask("room", "show", "26").stdout
    assert ask("room", "unlock", "26").stdout == "Arrival is open.\n"
    assert ask("room", "motd", place, "Wipe your boots.").stdout.endswith("greets with: Wipe your boots.\n")
    assert ask("room", "motd", place, "").stdout.endswith("greets nobody.\n")
    assert ask("room", "announce", "26", "Hello.").stdout == "Everybody in it was told.\n"
    assert ask("room", "talk", "26").stdout == "Nothing was said that the server remembers.\n"
    assert json.loads(ask("room", "talk", "26", "--json").stdout) == []
    assert json.loads(ask("room", "show", "26", "--json").stdout)["occupants"] == []
    assert "Who?" in ask("room", "move", " ", "26", "3", code=1).stderr
    assert "Nobody called Ada is in it." in ask("room", "move", "Ada", "26", "3", code=1).stderr
    assert ask("room", "close", "20").stdout == "Shiver is empty and locked.\n"
    assert "There is no such lobby." in ask("room", "lock", "77", code=1).stderr


def test_messages(ask: Run) -> None:
    assert ask("motd").stdout == "There is no message of the day.\n"
    assert ask("motd", "Moving tonight.").stdout == "Moving tonight.\n"
    assert json.loads(ask("motd", "--json").stdout) == {"motd": "Moving tonight."}
    assert ask("motd", "--clear").stdout == "There is no message of the day.\n"
    assert "Either a text or --clear." in ask("motd", "x", "--clear", code=1).stderr
    assert ask("announce", "All hear.").stdout == "Told: All hear.\n"
    assert ask("announce", "Here.", "--room", "26").stdout == "Told: Here.\n"


def test_settings(ask: Run) -> None:
    assert ask("config", "set", "limits.chat_characters", "300").stdout == (
        "limits.chat_characters is 300 (changed at run time).\n"
    )
    row = json.loads(ask("config", "unset", "limits.chat_characters", "--json").stdout)
    assert (row["value"], row["origin"]) == (512, "default")
    assert "settings file" in ask("config", "set", "http.port", "80", code=1).stderr
    assert "MYTHGATE_PASSWORDS" not in ask("config", "set", "world.room_capacity", "none", code=1).stderr


def test_the_world_is_read_again(ask: Run) -> None:
    assert ask("world", "reload").stdout == "0 rooms are different; 0 characters had to move.\n"
    assert json.loads(ask("world", "reload", "--json").stdout)["reloaded"]


def test_without_a_server(alone: Run, tmp_path: Path) -> None:
    for words in (("status",), ("room", "list"), ("announce", "Hello."), ("world", "reload")):
        told = alone(*words, code=1).stderr
        assert f"No server runs on the data folder {tmp_path / 'data'}." in told
    (tmp_path / "data" / "address").write_text("http://127.0.0.1:1\n")  # of a server that was killed
    (tmp_path / "data" / "secret.key").write_text("x" * 40)
    assert alone("config", "set", "sessions.guests", "no").stdout == "sessions.guests is False (changed at run time).\n"
    assert alone("motd", "Kept.").stdout == "Kept.\n"
    assert alone("motd").stdout == "Kept.\n"


def test_announcements_by_schedule(alone: Run) -> None:
    assert alone("announcement", "list").stdout == "Nothing is announced by schedule.\n"
    assert alone("announcement", "add", "Be kind.", "--every", "60").stdout.startswith(
        "Announcement 1 is told every 60 min, next at "
    )
    cup = ("announcement", "add", "Cup.", "--daily", "20:00", "--zone", "Europe/Berlin", "--room", "26")
    assert "daily at 20:00 Europe/Berlin" in alone(*cup).stdout
    alone(
        "announcement", "add", "Happy!", "--at", "2100-01-01T00:00", "--zone", "Europe/Berlin", "--until", "2101-01-01"
    )
    listed = json.loads(alone("announcement", "list", "--json").stdout)
    assert [(one["number"], one["repeat"], one["room"]) for one in listed] == [
        (1, "every", ""),
        (2, "daily", "lobby:26"),
        (3, "once", ""),
    ]
    assert listed[2]["next_at"] == "2099-12-31T23:00:00Z"
    assert "everywhere" in alone("announcement", "list").stdout
    assert alone("announcement", "remove", "1").stdout == "Announcement 1 is removed.\n"
    assert "no such announcement" in alone("announcement", "remove", "1", code=1).stderr
    for wrong in (("--daily", "8"), ("--at", "soon"), ("--every", "5", "--until", "2000-01-01"), ()):
        alone("announcement", "add", "x", *wrong, code=1)


def test_results(alone: Run) -> None:
    assert "There is no such result." in alone("ladder", "void", "17", code=1).stderr
    assert "There is no such result." in alone("ladder", "restore", "17", code=1).stderr


@pytest.mark.parametrize(
    ("room", "key"),
    [("26", "lobby:26"), ("lobby:26", "lobby:26"), ("earth_town", "room:earth_town"), (" room:x ", "room:x")],
)
def test_what_rooms_are_called(room: str, key: str) -> None:
    assert key_of(room) == key

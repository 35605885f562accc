"""The command line as a stranger uses it: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mythgate.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with its own data folder and cheap password hashes."""
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")

    def run(*words: str, typed: str = "", code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words), input=typed)
        assert result.exit_code == code, f"{words}: {result.output}\n{result.exception!r}"
        return result

    return run


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


def test_every_command_explains_itself_with_an_example(run: Run) -> None:
    def walk(group: Any, path: tuple[str, ...]) -> None:
        for info in group.registered_commands:
            name = info.name or info.callback.__name__.replace("_", "-")
            text = run(*path, name, "--help").output
            assert "Example" in text or path == ("gen",), (*path, name)
        for info in group.registered_groups:
            assert info.name
            walk(info.typer_instance, (*path, info.name))

    walk(app, ())


def test_version(run: Run) -> None:
    assert re.fullmatch(r"mythgate \d+\.\d+\.\d+\n", run("--version").stdout)


def test_accounts_from_the_command_line(run: Run) -> None:
    assert "There are no accounts yet." in run("user", "list").stdout
    made = parsed(run("user", "create", "Ada", "--role", "admin", "--json", typed="correct horse\n"))
    assert (made["name"], made["role"], made["number"]) == ("Ada", "admin", 1)
    run("user", "create", "Borin", typed="battery staple\n")
    assert [row["name"] for row in parsed(run("user", "list", "--json"))] == ["Ada", "Borin"]
    assert [row["name"] for row in parsed(run("user", "list", "--role", "admin", "--json"))] == ["Ada"]
    assert "owner" in run("user", "role", "borin", "owner").stdout
    run("user", "rename", "Borin", "Bera")
    assert "signed out" in run("user", "password", "Bera", typed="another one 2\n").stdout
    run("user", "disable", "Ada", "--reason", "a test")
    assert parsed(run("user", "show", "Ada", "--json"))["status"] == "disabled"
    run("user", "enable", "Ada")
    audit = parsed(run("user", "show", "Ada", "--json"))["audit"]
    assert [entry["action"] for entry in audit] == ["account.enabled", "account.disabled", "account.created"]
    assert {entry["actor"] for entry in audit} == {"cli"}
    run("user", "delete", "Ada", "--yes")
    assert [row["name"] for row in parsed(run("user", "list", "--status", "active", "--json"))] == ["Bera"]


def test_refusals_say_what_to_do_and_exit_1(run: Run) -> None:
    refused = run("user", "show", "Nobody", code=1)
    assert "mythgate user list" in refused.stderr
    run("user", "create", "Ada", typed="correct horse\n")
    assert "taken" in run("user", "create", "ADA", typed="correct horse\n", code=1).stderr
    assert "8" in run("user", "create", "Cato", typed="short\n", code=1).stderr
    run("user", "role", "Ada", "owner")
    assert "last owner" in run("user", "role", "Ada", "player", code=1).stderr


def test_no_password_is_printed_or_kept(run: Run, tmp_path: Path) -> None:
    output = run("user", "create", "Ada", typed="correct horse\n").output
    output += run("user", "show", "Ada").output
    assert "correct horse" not in output
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert b"correct horse" not in kept


def test_migrations_from_nothing_to_head_and_back(run: Run) -> None:
    assert parsed(run("migrate", "status", "--json"))["current"] is None
    run("migrate", "up")
    status = parsed(run("migrate", "status", "--json"))
    assert status["current"] == status["head"]
    assert not status["pending"]
    run("migrate", "down", "base", "--yes")
    assert parsed(run("migrate", "status", "--json"))["current"] is None


def test_config_names_what_does_not_fit_and_exits_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "The settings fit." in run("config", "check").stdout
    rows = {row["name"]: row for row in parsed(run("config", "show", "--json"))}
    assert rows["http.port"]["value"] == 54731
    monkeypatch.setenv("MYTHGATE_HTTP__PORT", "99999")
    assert "http.port" in run("config", "check", code=3).stderr


def test_config_check_reads_the_world_packs_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "pack.yaml").write_text("id: broken\nnmae: x\n")
    monkeypatch.setenv("MYTHGATE_WORLD__PACKS", json.dumps([str(pack)]))
    assert re.search(r"pack\.yaml:2", run("config", "check", code=3).stdout)
    assert re.search(r"pack\.yaml:2", run("world", "check", str(pack), code=1).stdout)


def test_doctor_finds_a_taken_port_and_names_the_remedy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = {found["subject"]: found for found in parsed(run("doctor", "--json"))}
    assert findings["database"]["level"] == "ok"
    assert findings["world"]["level"] == "ok"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("MYTHGATE_HTTP__PORT", str(taken.getsockname()[1]))
        problem = run("doctor", code=1).stdout
    assert "cannot be opened" in problem
    assert "--port" in problem


def test_serve_refuses_a_taken_port_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = subprocess.run(
            [sys.executable, "-m", "mythgate", "serve", "--port", str(taken.getsockname()[1])],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert ended.returncode == 1
    assert "cannot be opened" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_generated_files_are_up_to_date(run: Run) -> None:
    run("gen", "all", "--check")


def test_a_setting_nobody_knows(run: Run) -> None:
    assert "No setting's name contains 'nosuch'" in run("config", "show", "nosuch", code=1).stderr


def test_misspelt_variables_are_warned_about(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHGATE_HTPP", "x")
    assert "Did you mean MYTHGATE_HTTP?" in run("config", "check").stderr
    assert [problem[:13] for problem in parsed(run("config", "check", "--json"))["warnings"]] == ["MYTHGATE_HTPP"]


def test_the_doctor_finds_the_secret_the_server_made(run: Run) -> None:
    def finding() -> tuple[str, str]:
        rows = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
        return next((row["level"], row["message"]) for row in rows if row["subject"] == "secret key")

    assert finding() == ("ok", "none yet; the first start makes one")
    run("user", "list")  # makes it, as a start does
    level, message = finding()
    assert (level, Path(message).name) == ("ok", "secret.key")
    Path(message).chmod(0o644)
    assert finding()[0] == "problem"

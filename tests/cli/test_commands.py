"""The command line as a stranger uses it: what it prints, and its exit codes."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mythgate.cli import app, generate
from mythgate.cli.config import print_settings
from mythgate.cli.output import span_text
from mythgate.client import Client, Lobby, NetworkClient

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
    run("migrate", "up")
    assert "There are no accounts yet." in run("user", "list").stdout
    made = parsed(run("user", "create", "Ada", "--role", "admin", "--json", typed="correct horse\n"))
    assert (made["name"], made["role"], made["number"]) == ("Ada", "admin", 1)
    run("user", "create", "Borin", typed="battery staple\n")
    assert [row["name"] for row in parsed(run("user", "list", "--json"))] == ["Ada", "Borin"]
    assert [row["name"] for row in parsed(run("user", "list", "--role", "admin", "--json"))] == ["Ada"]
    assert "owner" in run("user", "role", "borin", "owner").stdout
    assert "unseen" in run("user", "hide", "Ada").stdout
    assert "Ada (hidden)" in run("user", "list").stdout
    shown = parsed(run("user", "show", "Ada", "--json"))
    assert (shown["hidden"], shown["game_password"], shown["locked_until"]) == (True, False, None)
    assert re.search(r"^hidden +yes$", run("user", "show", "Ada").stdout, re.MULTILINE)
    assert "shown" in run("user", "hide", "Ada", "--show").stdout
    run("user", "rename", "Borin", "Bera")
    assert "signed out" in run("user", "password", "Bera", typed="another one 2\n").stdout
    run("user", "disable", "Ada", "--reason", "a test")
    assert parsed(run("user", "show", "Ada", "--json"))["status"] == "disabled"
    run("user", "enable", "Ada")
    audit = parsed(run("user", "show", "Ada", "--json"))["audit"]
    assert [entry["action"] for entry in audit] == [
        "account.enabled",
        "account.disabled",
        "account.shown",
        "account.hidden",
        "account.created",
    ]
    assert {entry["actor"] for entry in audit} == {"cli"}
    run("user", "delete", "Ada", "--yes")
    assert [row["name"] for row in parsed(run("user", "list", "--status", "active", "--json"))] == ["Bera"]


def test_refusals_say_what_to_do_and_exit_1(run: Run) -> None:
    run("user", "create", "Ada", typed="correct horse\n")
    refused = run("user", "show", "Nobody", code=1)
    assert "mythgate user list" in refused.stderr
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


LOBBIES = """
[[lobbies.rooms]]
name = "Shoal"
room_id = 4

[[lobbies.rooms]]
room_id = 5
name = " "
ranked = "perhaps"
min_caste = 3
max_caste = 2
capacity = 0
"""


def test_config_check_names_file_line_and_field(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "house.toml"
    monkeypatch.setenv("MYTHGATE_CONFIG_FILE", str(file))
    monkeypatch.setenv("MYTHGATE_LIMITS__CHAT_CHARACTERS", "many")
    file.write_text(LOBBIES)
    problems = run("config", "check", code=3).stderr
    for line, field, words in (
        (8, "name", "must not be blank"),
        (9, "ranked", "Input should be a valid boolean"),
        (12, "capacity", "greater than or equal to 1"),
    ):
        assert f"{file}:{line}: lobbies.rooms.1.{field}: " in problems
        assert words in problems
    assert "MYTHGATE_LIMITS__CHAT_CHARACTERS: limits.chat_characters: " in problems

    monkeypatch.delenv("MYTHGATE_LIMITS__CHAT_CHARACTERS")
    file.write_text(
        LOBBIES.replace('" "', '"Reef"').replace('"perhaps"', "true").replace("capacity = 0", "capcity = 9")
    )
    assert f"{file}:12: lobbies.rooms.1.capcity: there is no such setting" in run("config", "check", code=3).stderr
    file.write_text(file.read_text().replace("capcity", "capacity"))
    assert f"{file}:6: lobbies.rooms.1: max_caste must not be below min_caste" in run("config", "check", code=3).stderr
    one_lobby = '[[lobbies.rooms]]\nname = "A"\nroom_id = 1\n'
    file.write_text(f'{one_lobby}type = "tournament"\n[lobbies.rooms.options]\nsize = 3\n')
    assert f"{file}:6: lobbies.rooms.0.options.size: A lobby of type" in run("config", "check", code=3).stdout
    file.write_text(f'{one_lobby}type = "grand"\n')
    assert f"{file}:4: lobbies.rooms.0.type: There is no such type" in run("config", "check", code=3).stdout
    file.write_text('plugins = ["no.such.module"]')
    told = run("config", "check", code=3).stdout
    assert "The plug-in no.such.module cannot be used" in told
    assert "One in this folder is found with PYTHONPATH=. before the command: PYTHONPATH=. mythgate serve" in told
    file.write_text("[[lobbies.rooms")
    assert f"The settings cannot be read: {file}: " in run("config", "check", code=3).stderr
    file.write_bytes(b"\xff")
    assert str(file) in run("config", "check", code=3).stderr


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


def test_doctor_finds_a_client_of_another_version(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"mythgate": "2.1.0", "mythgate-client": "2.1.0"}
    monkeypatch.setattr("mythgate.cli.doctor._version", installed.get)
    assert "python client" not in run("doctor", "--json").stdout
    installed["mythgate-client"] = "2.0.9"
    found = [one for one in parsed(run("doctor", "--json", code=1)) if one["subject"] == "python client"]
    assert "mythgate 2.1.0, mythgate-client 2.0.9" in found[0]["message"]
    assert "pip uninstall mythgate-client" in found[0]["mend"]
    del installed["mythgate-client"]
    assert "python client" not in run("doctor", "--json").stdout


def test_doctor_looks_at_the_ports_of_old_clients(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(code: int = 0) -> tuple[str, str]:
        rows = [row for row in parsed(run("doctor", "--json", code=code)) if row["subject"] == "metaserver door"]
        return rows[0]["level"], rows[0]["message"]

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("MYTHGATE_METASERVER__PORT", port)
        level, message = found(code=1)
        assert level == "problem"
        assert message.startswith(f"127.0.0.1:{port} cannot be opened")
    monkeypatch.setenv("MYTHGATE_METASERVER__ROOM_PORT", "0")
    assert found() == ("ok", f"127.0.0.1:{port} is free")
    monkeypatch.setenv("MYTHGATE_METASERVER__PORT", "0")
    monkeypatch.setenv("MYTHGATE_METASERVER__HOST", "::1")
    assert found() == ("ok", "takes free ports")
    monkeypatch.setenv("MYTHGATE_METASERVER__ENABLED", "false")
    assert found() == ("ok", "is off")


def test_doctor_only_warns_of_a_taken_port_that_nobody_chose(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # then somebody else has it
            held.enter_context(socket.create_server(("127.0.0.1", 6321)))
        monkeypatch.setenv("MYTHGATE_METASERVER__TEST_HOSTS", "true")
        rows = [row for row in parsed(run("doctor", "--json")) if row["subject"] == "metaserver door"]
    assert rows[0]["level"] == "warning"
    assert rows[0]["message"].startswith("127.0.0.1:6321 cannot be opened")


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


def test_the_reference_of_the_python_client_has_all_methods_with_their_types_and_errors() -> None:
    page = (generate.CHECKOUT / "docs" / "reference" / "python-client.md").read_text("utf-8")
    for kind in (Client, NetworkClient, Lobby):
        for name, _ in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and name not in {"hear", "require_no_handler"}:
                assert page.count(f"#### {kind.__name__}.{name}\n") == 1
    look = page.partition("#### Client.look\n")[2].partition("####")[0]
    assert "await look() -> RoomView\n" in look
    assert "Gives [RoomView](messages.md#roomview)." in look
    near = page.partition("#### Client.get_nearby_players\n")[2].partition("####")[0]
    assert "\nget_nearby_players(location_id: str | None = None) -> list[Neighbour]\n" in near
    deleted = page.partition("#### Client.delete_character\n")[2].partition("####")[0]
    assert "- `NotFound`: the account has none of this id.\n- `Conflict`: it is in the world.\n" in deleted
    assert "### CharacterRow\n\nA dict. A character as its owner sees it." in page
    assert "### NearbyPlayer\n\nAn object. " in page


def test_a_setting_nobody_knows(run: Run) -> None:
    assert "No setting's name contains 'nosuch'" in run("config", "show", "nosuch", code=1).stderr


def test_misspelt_variables_are_warned_about(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHGATE_HTPP", "x")
    for command in ("show", "check"):
        assert "Did you mean MYTHGATE_HTTP?" in run("config", command).stderr
    assert [problem[:13] for problem in parsed(run("config", "check", "--json"))["warnings"]] == ["MYTHGATE_HTPP"]


def test_the_doctor_finds_the_secret_the_server_made(run: Run) -> None:
    def finding() -> tuple[str, str]:
        rows = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
        return next((row["level"], row["message"]) for row in rows if row["subject"] == "secret key")

    assert finding() == ("ok", "none yet; the first start makes one")
    run("user", "create", "Ada", typed="correct horse\n")  # makes it, as a start does
    level, message = finding()
    assert (level, Path(message).name) == ("ok", "secret.key")
    Path(message).chmod(0o644)
    assert finding()[0] == "problem"


# --- looking makes nothing ---


LOOKING = (
    ("user", "list"),
    ("user", "list", "--json"),
    ("user", "show", "Ada"),
    ("user", "role", "Ada", "owner"),
    ("lobby", "list"),
)


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_without_a_database_the_folder_is_named_and_nothing_made(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    refused = run(*words, code=1)
    assert f"There is no database in {tmp_path / 'data'}." in refused.stderr
    assert refused.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [*LOOKING, ("user", "create", "Ada"), ("migrate", "status"), ("doctor",)], ids=" ".join
)
def test_a_folder_that_is_named_has_to_be_there(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    refused = run(*words, "--data-dir", str(tmp_path / "typo"), typed="correct horse\n", code=1)
    assert f"There is no folder {tmp_path / 'typo'}." in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_showing_and_checking_make_nothing(run: Run, tmp_path: Path) -> None:
    run("config", "show")
    run("config", "check")
    run("doctor", "--json")
    assert "nothing (empty)" in run("migrate", "status").stdout
    assert "nothing to take back" in run("migrate", "down", "base", "--yes", code=1).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_listing_makes_no_key_and_changes_no_schema(run: Run, tmp_path: Path) -> None:
    run("migrate", "up")
    before = {file.name for file in (tmp_path / "data").iterdir()}
    assert parsed(run("user", "list", "--json")) == []
    assert {file.name for file in (tmp_path / "data").iterdir()} == before
    run("migrate", "down", "0001", "--yes")
    assert "mythgate migrate up" in run("user", "list", code=1).stderr
    assert parsed(run("migrate", "status", "--json"))["current"] == "0001"


# --- what is said ---


def test_settings_are_told_with_units_a_line_each(run: Run) -> None:
    lines = run("config", "show").stdout.splitlines()
    told = {line.split()[0]: re.split(r"  +", line)[1] for line in lines}
    assert len(told) == len(lines)
    assert told["sessions.undo_window"] == "14 d"
    assert told["realtime.merge_window"] == "22 ms"
    assert told["http.max_body_bytes"] == "64 KiB"
    assert told["limits.commands_per_second"] == "20"
    values = {row["name"]: row["value"] for row in parsed(run("config", "show", "--json"))}
    assert values["sessions.undo_window"] == 14 * 24 * 3600
    assert values["http.max_body_bytes"] == 65536


def test_settings_of_another_folder(run: Run, tmp_path: Path) -> None:
    row = parsed(run("config", "show", "data_dir", "--json", "--data-dir", str(tmp_path / "other")))[0]
    assert (row["value"], row["origin"]) == (str(tmp_path / "other"), "flag")


def test_a_narrow_terminal_breaks_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        ("limits.registrations_per_address", "10", "MYTHGATE_LIMITS__REGISTRATIONS_PER_ADDRESS", "many words " * 12)
    ]
    print_settings(("setting", "value", "from", "meaning"), rows, 80)
    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first.split() == ["setting", "value", "from"]
    assert second.split() == list(rows[0][:3])
    assert " ".join(" ".join(rest).split()) == rows[0][3].strip()
    assert max(map(len, rest)) <= 80


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=14), "14 d"),
        (timedelta(minutes=90), "1 h 30 min"),
        (timedelta(seconds=1.5), "1 s 500 ms"),
        (timedelta(0), "0 s"),
    ],
)
def test_durations_as_people_write_them(span: timedelta, text: str) -> None:
    assert span_text(span) == text


def test_a_misspelt_command_or_role_is_told_plainly(run: Run) -> None:
    assert "Did you mean 'serve'?" in run("serv", code=2).stderr
    assert "Did you mean 'list'?" in run("user", "lst", code=2).stderr
    assert "Did you mean" not in run("xyzzy", code=2).stderr
    refused = " ".join(run("user", "role", "zoe", "king", code=2).stderr.replace("│", " ").split())
    assert "'king' is not one of 'player', 'read_only', 'tournament', 'moderator', 'admin', 'owner'" in refused
    assert "Value error" not in refused


def test_an_account_is_shown_with_names_for_ids(run: Run) -> None:
    run("user", "create", "Ada", typed="correct horse\n")
    run("user", "disable", "Ada")
    told = run("user", "show", "Ada").stdout
    assert re.search(r"^guest +no$", told, re.MULTILINE)
    assert re.search(r"account\.disabled +by the command line", told)
    assert "reason" not in told
    assert parsed(run("user", "show", "Ada", "--json"))["audit"][0]["actor_name"] == "the command line"


def test_world_check_without_a_folder_checks_what_the_settings_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "worlds/mythgate" in run("world", "check").stdout
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "pack.yaml").write_text("id: broken\nnmae: x\n")
    monkeypatch.setenv("MYTHGATE_WORLD__PACKS", json.dumps([str(tmp_path / "pack")]))
    assert re.search(r"pack\.yaml:2", run("world", "check", code=1).stdout)


def test_hints_can_be_followed_with_make(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ".venv" not in run("user", "list", code=1).stderr
    monkeypatch.setenv("MAKE_TARGET", "serve")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = run("serve", "--port", str(taken.getsockname()[1]), code=1).stderr
    assert 'Options of `make serve` stand in ARGS: make serve ARGS="--help" lists them.' in told
    assert list(tmp_path.iterdir()) == []
    assert ".venv/bin/mythgate" in run("serve", "--port", "99999", code=3).stderr

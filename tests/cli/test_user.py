"""What `mythgate user` and `mythgate record` do about people besides making accounts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mythgate.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")
    monkeypatch.chdir(tmp_path)

    def run(*words: str, typed: str = "", code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words), input=typed)
        assert result.exit_code == code, f"{words}: {result.output}\n{result.exception!r}"
        return result

    run("user", "create", "Cleo", "--role", "owner", typed="correct horse\n")
    run("user", "create", "Bob", typed="correct horse\n")
    return run


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


def test_notes_names_and_a_copy_of_everything_until_nothing_is_left(run: Run, tmp_path: Path) -> None:
    assert "There are no notes about Bob." in run("user", "note", "Bob").stdout
    assert "asked twice" in run("user", "note", "Bob", "asked twice to stop").stdout
    assert parsed(run("user", "note", "Bob", "--json"))[0]["by"] == "operator"
    assert "Either a text or --remove." in run("user", "note", "Bob", "x", "--remove", "1", code=1).stderr
    assert parsed(run("user", "note", "Bob", "--remove", "1", "--json")) == []

    assert "is called Bobby now" in run("user", "rename", "Bob", "Bobby", "--reason", "asked for it").stdout
    assert parsed(run("user", "rename", "Bobby", "Robert", "--json"))["name"] == "Robert"
    assert "until lately" in run("user", "create", "Bob", typed="correct horse\n", code=1).stderr

    assert "has not come in" in run("user", "alts", "Robert").stdout
    assert parsed(run("user", "alts", "Robert", "--json")) == {"addresses": [], "others": []}

    assert parsed(run("user", "export", "Robert"))["tables"]["accounts"][0]["name"] == "Robert"
    file = tmp_path / "robert.json"
    assert "Everything about Robert is in" in run("user", "export", "Robert", "-o", str(file)).stdout
    assert json.loads(file.read_bytes())["format"] == "mythgate-person-1" and file.stat().st_mode & 0o077 == 0
    assert "cannot be written" in run("user", "export", "Robert", "-o", str(file), code=1).stderr

    run("user", "erase", "Robert", typed="n\n", code=1)
    assert parsed(run("user", "erase", "Robert", "--yes", "--json"))["known_as"] == "Deleted 2"
    assert "There is no account named Robert." in run("user", "erase", "Robert", "--yes", code=1).stderr
    run("user", "create", "Dora", typed="correct horse\n")
    assert "Dora is erased." in run("user", "erase", "Dora", "--reason", "asked", typed="y\n").stdout
    assert "sound" in run("record", "--verify").stdout


def test_where_somebody_came_from(run: Run, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "data" / "mythgate.db") as database:
        for account in database.execute("SELECT id FROM accounts").fetchall():
            database.execute(
                "INSERT INTO seen_addresses VALUES (?, '192.0.2.7', 'telnet', 1000000, 2000000, 3)", account
            )
    told = run("user", "alts", "Bob").stdout
    assert "192.0.2.7" in told and "telnet" in told and "Cleo" in told
    assert parsed(run("user", "alts", "Bob", "--json"))["others"][0]["addresses"] == ["192.0.2.7"]


def test_tokens_and_the_second_factor(run: Run) -> None:
    assert "There are no tokens." in run("user", "token", "list").stdout
    made = parsed(run("user", "token", "make", "Cleo", "--name", "nightly", "--may", "see_people", "--json"))
    assert made["token"].startswith("mgt_") and made["permissions"] == ["see_people"]
    assert "not shown again" in run("user", "token", "make", "Cleo", "--name", "two", "--may", "kick").stdout
    assert "owner's account" in run("user", "token", "make", "Bob", "--name", "x", "--may", "kick", code=1).stderr
    listed = run("user", "token", "list").stdout
    assert "nightly" in listed and made["token"] not in listed
    assert run("user", "token", "end", "1").stdout == "nightly is of no use any more.\n"
    assert parsed(run("user", "token", "end", "2", "--json")) == {"number": 2, "name": "two"}
    assert "has ended" in run("user", "token", "end", "2", code=1).stderr
    assert [one["ended_at"] is None for one in parsed(run("user", "token", "list", "--json"))] == [False, False]
    assert run("user", "second-factor", "reset", "Cleo").stdout == "Cleo had no second factor.\n"
    assert parsed(run("user", "second-factor", "reset", "Cleo", "--json")) == {"had_one": False}


def test_a_second_factor_is_taken_away(run: Run, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "data" / "mythgate.db") as database:
        (account,) = database.execute("SELECT id FROM accounts WHERE name = 'Cleo'").fetchone()
        database.execute("INSERT INTO second_factors VALUES (?, x'00', 0, 0, 0, '[]')", (account,))
    assert "has no second factor any more" in run("user", "second-factor", "reset", "Cleo", "--reason", "lost").stdout


def test_the_record_is_searched_and_checked(run: Run, tmp_path: Path) -> None:
    run("user", "role", "Bob", "moderator")
    told = run("record", "--subject", "Bob", "--action", "account.role_changed").stdout
    assert "the command line" in told and "before player, after moderator" in told
    rows = parsed(run("record", "--actor", "cli", "--since", "2026-01-01", "--json"))
    assert [row["action"] for row in rows] == ["account.role_changed", "account.created", "account.created"]
    assert rows[0]["subject_name"] == "Bob"
    assert run("record", "--text", "nothing like it").stdout == "Nothing on record fits.\n"
    assert parsed(run("record", "--verify", "--json"))["sound"] is True
    with sqlite3.connect(tmp_path / "data" / "mythgate.db") as database:
        database.execute("""UPDATE audit_log SET detail = '{"name": "Bob"}' WHERE number = 3""")
    found = run("record", "--verify", code=1)
    assert "entry 3: what it says is not what was recorded." in found.stdout and "was changed" in found.stderr
    assert parsed(run("record", "--verify", "--json", code=1))["faults"] == [{"number": 3, "fault": "changed"}]

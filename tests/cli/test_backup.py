"""`mythgate backup`, `restore` and `migrate` as an operator uses them."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mythgate.backends import backups, folderlock
from mythgate.backends.sql import migrate
from mythgate.backends.sql.backupfile import read_manifest
from mythgate.backends.sql.revisions import HEAD
from mythgate.cli import app

OLD = "0006"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")


def run(*words: str, code: int = 0, typed: str = "") -> Result:
    result = CliRunner().invoke(app, list(words), input=typed)
    assert result.exit_code == code, result.output
    return result


def told(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


@pytest.fixture
def people(tmp_path: Path) -> None:
    """A server with one account."""
    run("migrate", "up")
    run("user", "create", "Anna", typed="correct horse battery\n")


def put_back(tmp_path: Path) -> None:
    """Make the database that of an older version, with somebody in it."""
    run("migrate", "up")
    url = f"sqlite:///{tmp_path / 'data' / 'mythgate.db'}"
    migrate.downgrade(url, OLD)
    with closing(sqlite3.connect(tmp_path / "data" / "mythgate.db")) as database:
        database.execute("INSERT INTO facts (key, value) VALUES ('old', 'yes')")
        database.commit()


def fact(tmp_path: Path, key: str) -> str | None:
    with closing(sqlite3.connect(tmp_path / "data" / "mythgate.db")) as database:
        found = database.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
    return None if found is None else str(found[0])


# --- backup and restore ------------------------------------------------------------------------------


@pytest.mark.usefixtures("people")
def test_made_listed_shown_checked_and_restored_elsewhere(tmp_path: Path) -> None:
    made = told("backup", "create", "--output", "mine.zip")
    assert (made["tables"]["accounts"], made["reason"], Path(made["file"]).name) == (1, "asked", "mine.zip")
    assert "It holds everything that was saved before" in run("backup", "create").output
    listed = told("backup", "list")
    assert [one["reason"] for one in listed] == ["asked"]
    name = listed[0]["name"]
    assert name in run("backup", "list").output
    assert "accounts" in run("backup", "show", name).output
    assert told("backup", "show", name)["revision"] == HEAD
    assert "is whole" in run("backup", "verify", name).output
    assert told("backup", "verify", "mine.zip")["whole"]
    acts = told("user", "show", "Anna")["audit"]
    assert [one["action"] for one in acts] == ["account.created"]
    again = told("restore", "mine.zip", "--data-dir", "elsewhere", "--yes")
    assert (again["restored"]["rows"], again["safety_backup"]) == (made["rows"], None)
    assert [one["name"] for one in told("user", "list", "--data-dir", "elsewhere")] == ["Anna"]
    refused = run("restore", "mine.zip", "--yes", code=1).output
    assert "people in the database already" in refused
    assert "--replace" in refused
    replaced = run("restore", "mine.zip", "--replace", typed="y\n").output
    assert "This will REPLACE everything in" in replaced
    assert "-before-restore.mythgate.zip" in replaced
    run("restore", "mine.zip", "--data-dir", "third", typed="n\n", code=1)
    assert not (tmp_path / "third").exists()


@pytest.mark.usefixtures("people")
def test_damage_is_named_and_shows_in_the_exit_code(tmp_path: Path) -> None:
    run("backup", "create", "-o", "mine.zip")
    data = bytearray((tmp_path / "mine.zip").read_bytes())
    data[100] ^= 1
    (tmp_path / "mine.zip").write_bytes(data)
    assert "tables/accounts.jsonl" in run("backup", "verify", "mine.zip", code=1).output
    checked = told("backup", "verify", "mine.zip", code=1)
    assert (checked["whole"], checked["damaged"]) == (False, ["tables/accounts.jsonl"])
    assert (
        "is damaged: tables/accounts.jsonl" in run("restore", "mine.zip", "--data-dir", "new", "--yes", code=1).output
    )
    assert not (tmp_path / "new").exists()
    assert "There is no file" in run("backup", "verify", "none.zip", code=1).output


@pytest.mark.usefixtures("people")
def test_nothing_but_a_backup_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    assert "is no backup" in run("backup", "create", "-o", "thesis.doc", code=1).output
    for _ in range(2):
        run("backup", "create", "-o", "mine.zip")
    assert (tmp_path / "thesis.doc").read_text() == "years of work"


@pytest.mark.usefixtures("people")
def test_pruned_by_hand(tmp_path: Path) -> None:
    for _ in range(3):
        run("backup", "create")
    tried = run("backup", "prune", "--keep", "1d", "--dry-run").output
    assert tried.count("would remove") == 2
    assert len(told("backup", "prune", "--keep", "1d")["removed"]) == 2
    assert "1 kept (7d 4w 6m), 0 removed" in run("backup", "prune").output
    assert "Write for instance" in run("backup", "prune", "--keep", "some", code=1).output
    assert len(list((tmp_path / "data" / "backups").iterdir())) == 1


def test_where_there_is_nothing() -> None:
    assert "There is no database" in run("backup", "create", code=1).output
    assert "There is no backup in" in run("backup", "list").output
    assert "There is no folder" in run("backup", "create", "--data-dir", "nowhere", code=1).output


@pytest.mark.usefixtures("people")
def test_a_backup_is_made_even_if_nobody_can_note_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("mythgate.backends.sql.store.open_store", refuse)
    assert "warning: the record does not say so" in run("backup", "create", "-o", "mine.zip").output
    assert (tmp_path / "mine.zip").exists()


@pytest.mark.usefixtures("people")
def test_a_running_server_is_not_restored_over(tmp_path: Path) -> None:
    run("backup", "create", "-o", "mine.zip")
    with folderlock.hold(tmp_path / "data"):
        refused = run("restore", "mine.zip", "--replace", "--yes", code=1).output
    assert f"process {os.getpid()}" in refused


@pytest.mark.usefixtures("people")
def test_a_half_restored_folder_is_not_used(tmp_path: Path) -> None:
    mark = tmp_path / "data" / backups.UNFINISHED
    mark.write_text(json.dumps({"id": "1", "source": "/backups/mine.zip"}))
    for words in (("user", "list"), ("migrate", "up")):  # the server asks as the first does
        output = run(*words, code=1).output
        assert "/backups/mine.zip" in output
        assert "did not come to its end" in output


# --- migrations --------------------------------------------------------------------------------------


def test_a_migration_is_saved_first_and_taken_back(tmp_path: Path) -> None:
    put_back(tmp_path)
    up = told("migrate", "up")
    assert (up["before"], up["after"]) == (OLD, HEAD)
    assert read_manifest(Path(up["backup"])).backup.revision == OLD
    assert told("migrate", "up") == {"before": HEAD, "after": HEAD, "backup": None}
    back = told("migrate", "back", "--yes")
    assert (back["before"], back["after"]) == (HEAD, OLD)
    assert read_manifest(Path(back["backup"])).backup.revision == HEAD
    assert fact(tmp_path, "old") == "yes"
    assert "no backup from before a migration" in run("migrate", "back", "--yes", code=1).output


def test_everything_can_become_as_it_was(tmp_path: Path) -> None:
    put_back(tmp_path)
    up = run("migrate", "up").output
    assert "Backup: " in up
    assert "To go back: mythgate migrate back" in up
    run("user", "create", "Anna", typed="correct horse battery\n")
    back = run("migrate", "back", "--as-it-was", typed="y\n").output
    assert "What was saved since is lost." in back
    assert f"The database is at {OLD}." in back
    assert fact(tmp_path, "old") == "yes"
    with closing(sqlite3.connect(tmp_path / "data" / "mythgate.db")) as database:
        assert database.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_without_a_backup_if_one_says_so(tmp_path: Path) -> None:
    put_back(tmp_path)
    assert told("migrate", "up", "--no-backup")["backup"] is None
    down = told("migrate", "down", OLD, "--yes")
    assert Path(down["backup"]).exists()
    assert told("migrate", "down", "0005", "--yes", "--no-backup")["backup"] is None


def test_a_server_that_is_running_is_not_taken_back(tmp_path: Path) -> None:
    put_back(tmp_path)
    run("migrate", "up")
    with folderlock.hold(tmp_path / "data"):
        assert "is running" in run("migrate", "back", "--yes", code=1).output


async def test_a_start_saves_what_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mythgate.bootstrap import CannotStart, open_node
    from mythgate.config import Settings

    put_back(tmp_path)
    url = f"sqlite:///{tmp_path / 'data' / 'mythgate.db'}"
    folder = tmp_path / "data" / "backups"
    (tmp_path / "taken").write_text("a file where the folder should be")
    given: dict[str, Any] = {"data_dir": tmp_path / "data", "backups": {"folder": tmp_path / "taken"}}
    with pytest.raises(CannotStart, match="backup before bringing it up to date failed"):
        async with open_node(Settings(**given)):
            pass
    assert migrate.current_revision(url) == OLD
    async with open_node(Settings(data_dir=tmp_path / "data")):
        pass
    assert [one.reason.value for one in backups.files_in(folder)] == ["before-migration"]

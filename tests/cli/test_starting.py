"""A server that cannot start says why and what to do, in two lines; no traceback, exit code 1 (settings: 3)."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mythgate.backends.folderlock import LOCK_FILE, FolderInUse, hold
from mythgate.backends.sql import migrate
from mythgate.backends.system import KEY_FILE

MYTHGATE = (sys.executable, "-c", "from mythgate.cli import main; main()")


def environment(**more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MYTHGATE_")}
    return inherited | {"MYTHGATE_PASSWORDS__MEMORY_KIB": "64"} | more


def refused(folder: Path, *, code: int = 1, **variables: str) -> str:
    """Start a server that must not start; what it says."""
    done = subprocess.run(
        [*MYTHGATE, "serve", "--json", "--port", "0", "--data-dir", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder.parent,
        env=environment(**variables),
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*MYTHGATE, "serve", "--json", "--port", "0", "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder.parent,
        env=environment(**variables),
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            assert json.loads(line)["ready"]
            yield process
        finally:
            process.kill()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with an up-to-date database."""
    folder = tmp_path / "data"
    folder.mkdir()
    migrate.upgrade(f"sqlite:///{folder / 'mythgate.db'}")
    return folder


def change(data: Path, sql: str) -> None:
    with closing(sqlite3.connect(data / "mythgate.db")) as database:
        database.execute(sql)
        database.commit()


# --- two at once ---


def test_a_second_server_on_the_same_folder_is_refused(data: Path) -> None:
    with running(data) as first:
        assert f"Another Mythgate uses this data folder (pid {first.pid})" in refused(data)
        # What an operator does beside it still works.
        listed = subprocess.run(
            [*MYTHGATE, "user", "list", "--data-dir", str(data)],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
            check=False,
        )
        assert listed.returncode == 0, listed.stderr
        first.send_signal(signal.SIGKILL)
        first.wait()
    with running(data):  # a lock does not outlive its holder
        pass


def test_a_second_server_on_the_same_file_is_refused(data: Path, tmp_path: Path) -> None:
    with running(data) as first:
        said = refused(tmp_path / "other", MYTHGATE_DATABASE_URL=f"sqlite:///{data / 'mythgate.db'}")
        assert f"(pid {first.pid})" in said


def test_a_folder_is_held_while_the_block_runs(tmp_path: Path) -> None:
    with hold(tmp_path):
        with pytest.raises(FolderInUse) as found, hold(tmp_path):
            pass
        assert found.value.pid == os.getpid()
    with hold(tmp_path):
        assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"


def test_a_start_that_fails_leaves_no_folder_behind(tmp_path: Path) -> None:
    refused(tmp_path / "new", MYTHGATE_REDIS_URL="redis://localhost")
    assert "pack.yaml" in refused(tmp_path / "new", MYTHGATE_WORLD__PACKS=json.dumps([str(tmp_path)]))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old").mkdir()
    refused(tmp_path / "old", MYTHGATE_REDIS_URL="redis://localhost")
    assert (tmp_path / "old").is_dir()


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    refused(tmp_path / "new", MYTHGATE_DATABASE_URL=f"sqlite:///{tmp_path}", MYTHGATE_TELEMETRY__LOG_DIR="new/logs")
    assert (tmp_path / "new" / "logs").is_dir()


# --- the secret key ---


@pytest.mark.parametrize(
    "content", [b"", b"short\n", b"\xff\xfe\x00" * 40, b"\0" * 64], ids=["empty", "short", "binary", "zeros"]
)
def test_an_unusable_key_file(data: Path, content: bytes) -> None:
    (data / KEY_FILE).write_bytes(content)
    said = refused(data)
    assert "The secret key cannot be used" in said
    assert "backup" in said


def test_a_folder_in_place_of_the_key(data: Path) -> None:
    (data / KEY_FILE).mkdir()
    assert "The secret key cannot be used" in refused(data)


@pytest.mark.parametrize("secret", ["  ", "s3cret", "x" * 40 + "\nshort"])
def test_a_weak_secret_in_the_settings(data: Path, secret: str) -> None:
    said = refused(data, code=3, MYTHGATE_SECRET_KEY=secret)
    assert "secret_key: " in said
    assert "at least 32 characters" in said
    assert "s3cret" not in said


# --- folders ---


def test_a_file_in_place_of_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    assert "The data folder cannot be used" in refused(tmp_path / "data")


def test_a_log_folder_that_cannot_be_made(data: Path) -> None:
    (data.parent / "file").write_text("")
    assert "The log folder cannot be used" in refused(data, MYTHGATE_TELEMETRY__LOG_DIR=str(data.parent / "file/logs"))


# --- the database ---


def test_a_database_of_a_newer_version(data: Path) -> None:
    change(data, "UPDATE alembic_version SET version_num = '9999'")
    said = refused(data)
    assert "9999" in said
    assert "newer Mythgate" in said
    for words in (("doctor",), ("migrate", "up")):
        done = subprocess.run(
            [*MYTHGATE, *words, "--data-dir", str(data)],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
            check=False,
        )
        assert done.returncode == 1, words
        assert "newer Mythgate" in " ".join((done.stdout + done.stderr).split()), words
        assert "Traceback" not in done.stderr


def test_a_folder_in_place_of_the_database(data: Path) -> None:
    for file in data.glob("mythgate.db*"):
        file.unlink()
    (data / "mythgate.db").mkdir()
    said = refused(data)
    assert "cannot be opened" in said
    assert "shortly" not in said


def test_a_file_that_is_no_database(data: Path) -> None:
    (data / "mythgate.db").write_bytes(b"this was a shopping list once" * 400)
    for beside in data.glob("mythgate.db-*"):
        beside.unlink()
    said = refused(data)
    assert "not a database" in said
    assert "backup" in said
    assert "shortly" not in said


def test_a_database_damaged_in_the_middle(data: Path) -> None:
    file = data / "mythgate.db"
    change(data, "PRAGMA wal_checkpoint(TRUNCATE)")
    for beside in data.glob("mythgate.db-*"):
        beside.unlink()
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    file.write_bytes(content)
    said = refused(data)
    assert "damaged" in said
    assert "backup" in said
    assert "shortly" not in said


def test_a_table_that_is_gone(data: Path) -> None:
    change(data, "DROP TABLE measures")
    said = refused(data)
    assert "measures" in said
    assert "backup" in said


# --- settings ---


def test_clusters_are_refused_rather_than_ignored(data: Path) -> None:
    said = refused(data, MYTHGATE_REDIS_URL="redis://localhost")
    assert "clusters are not available" in said


def test_a_misspelt_variable_is_named_and_the_server_starts(data: Path) -> None:
    with running(data, MYTHGATE_SECRETKEY="whatever") as server:
        server.terminate()
        assert server.stderr is not None
        said = server.stderr.read()
    assert "MYTHGATE_SECRETKEY is no setting" in said
    assert "Did you mean MYTHGATE_SECRET_KEY?" in said

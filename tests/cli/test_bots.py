"""`mythgate bots` against a real server: what it does, how it ends, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.forks import Forked, fork
from tests.support.ports import closed_port
from tests.support.server import RunningServer, running_server
from typer.testing import CliRunner, Result

from mythgate.cli import app

FAST = ("--rate", "300", "--game", "0.5")
PATIENCE = 60.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path / "data") as started:
        yield started


def metaserver_port(server: RunningServer) -> str:
    return str(server.ready["doors"]["metaserver"].rsplit(":", 1)[1])


@contextlib.asynccontextmanager
async def bots(server: RunningServer, *words: str) -> AsyncIterator[Forked]:
    """The command in a process of its own."""
    at = ("--host", "127.0.0.1", "--port", metaserver_port(server))
    process = await fork("bots", *at, *words, cwd=server.data_dir.parent)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(process: Forked) -> tuple[int, str, str]:
    """Exit code, output and complaints."""
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in err
    return process.returncode, out.decode(), err.decode()


async def line_with(process: Forked, word: str) -> str:
    """The next line of progress with `word` in it."""
    async with asyncio.timeout(PATIENCE):
        while word not in (line := (await process.stdout.readline()).decode()):
            assert line
    return line


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["bots", *words])


# --- with a server ---


async def test_bots_talk_and_play_until_their_time_is_up(server: RunningServer) -> None:
    (server.data_dir.parent / "accounts").write_text("# who they are\nThetis hunter2 hunter2\nPeleus hunter2 hunter2\n")
    for name in ("Thetis", "Peleus"):
        await server.run_cli("user", "create", name, typed="hunter2 hunter2\n")
    doors = ("--door", "myth2=2", "--door", "alephone=3", "--door", "myth=2")
    async with bots(server, *doors, *FAST, "--seconds", "9", "--accounts", "accounts", "--json") as process:
        code, out, err = await ended(process)
    assert (code, err) == (0, "")
    told: dict[str, Any] = json.loads(out)
    assert told["problems"] == []
    assert told["interrupted"] is False
    assert 8.9 < told["seconds"] < 20
    counts = {one["door"]: one for one in told["doors"]}
    assert {door: one["bots"] for door, one in counts.items()} == {"myth2": 2, "alephone": 3, "myth": 2}
    for door, one in counts.items():
        assert one["said"] > 1
        assert one["heard"] >= one["said"]  # their own lines come back
        assert one["started"] > 0
        assert one["removed"] == one["hosted"]
        assert (one["reported"] > 0) is (door != "alephone")
    assert counts["alephone"]["visits"] > 3  # they came back


async def test_ctrl_c_ends_it_politely(server: RunningServer) -> None:
    async with bots(server, "--seconds", "600", "--door", "alephone=2", "--rate", "120") as process:
        assert "2 bots come to 127.0.0.1" in await line_with(process, "bots come")
        assert "alephone 2/2 here" in await line_with(process, " here, ")
        process.send_signal(signal.SIGINT)
        code, out, err = await ended(process)
    assert (code, err) == (130, "")
    heading, row = out.splitlines()[-2:]
    assert heading.split()[:4] == ["door", "bots", "log-ins", "visits"]
    assert row.split()[:4] == ["alephone", "2", "2", "2"]


async def test_a_server_that_is_killed_ends_it_with_a_clear_message(server: RunningServer) -> None:
    async with bots(server, "--seconds", "600", "--door", "alephone=2", "--door", "myth2=2") as process:
        await line_with(process, " here, ")
        await server.kill()
        code, _, err = await ended(process)
    assert code == 1
    assert "2 of 2 bots at alephone: The server closed the connection." in err
    assert "2 of 2 bots at myth2: The server closed the connection." in err


async def test_a_server_that_stops_says_so(server: RunningServer) -> None:
    async with bots(server, "--seconds", "600", "--door", "myth2=1") as process:
        await line_with(process, " here, ")
        await server.stop()
        code, _, err = await ended(process)
    assert code == 1
    assert "1 of 1 bots at myth2: " in err


async def test_guests_who_are_not_let_in_are_told_what_helps(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path / "data", {"MYTHGATE_SESSIONS__GUESTS": "false"}) as server,
        bots(server, "--door", "alephone=2") as process,
    ):
        code, out, err = await ended(process)
    assert code == 1
    assert "log-ins" not in out  # nothing to show
    assert "2 of 2 bots at alephone: The server said: This server takes no guests. (code 16)" in err
    assert "--accounts" in err


# --- without one ---


def test_nobody_answers() -> None:
    port = closed_port()
    result = invoke("--host", "127.0.0.1", "--port", str(port), "--door", "myth=3")
    assert result.exit_code == 1
    assert f"3 of 3 bots at myth: No metaserver answers at 127.0.0.1:{port} (connection refused)." in result.stderr
    assert "`mythgate serve`" in result.stderr


def test_nobody_answers_a_script() -> None:
    result = invoke("--host", "127.0.0.1", "--port", str(closed_port()), "--door", "myth=3", "--json")
    assert result.exit_code == 1
    (problem,) = json.loads(result.stdout)["problems"]
    assert (problem["door"], problem["bots"]) == ("myth", 3)


def test_where_the_server_is_stands_in_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    monkeypatch.setenv("MYTHGATE_METASERVER__PORT", str(port))
    assert f"127.0.0.1:{port}" in invoke("--data-dir", str(tmp_path), "--door", "myth=1").stderr
    monkeypatch.setenv("MYTHGATE_METASERVER__PORT", "0")
    result = invoke("--data-dir", str(tmp_path), "--door", "myth=1")
    assert result.exit_code == 1
    assert "--port" in result.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--door", "quake=8"), "none of alephone"),
        (("--door", "myth2"), "Write myth2=8"),
        (("--door", "myth2=0"), "Write myth2=8"),
        (("--door", "myth2=9999"), "At most"),
        (("--lobby", "2"), "one --door"),
        (("--seconds", "0"), "--seconds"),
        (("--game", "900"), "--game"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], complaint: str) -> None:
    result = invoke(*words)
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())


def test_more_bots_than_the_system_allows_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    words = ("bots", "--host", "127.0.0.1", "--port", str(closed_port()), "--door", "myth=300")

    def limited(limits: tuple[int, int]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from mythgate.cli import main; main()", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
        )

    assert "300 of 300 bots at myth: No metaserver answers" in limited((256, hard)).stderr
    refused = limited((256, 256))
    assert refused.returncode == 1
    assert refused.stderr.startswith("The system allows 256 open files to a program, which is too few for 300 bots.")


@pytest.mark.parametrize(("content", "complaint"), [("Thetis\n", "Line 1 of"), (None, "cannot be read")])
def test_a_file_of_accounts_that_is_none(tmp_path: Path, content: str | None, complaint: str) -> None:
    file = tmp_path / "accounts"
    if content is not None:
        file.write_text(content)
    result = invoke("--accounts", str(file))
    assert result.exit_code == 1
    assert complaint in result.stderr

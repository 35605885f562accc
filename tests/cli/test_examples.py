"""Every example runs, alone and from the command line, and does what it says."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.support.server import ROOMY, RunningServer, running_server
from typer.testing import CliRunner

from mythgate.cli import app, examples
from mythgate.examples import EXAMPLES, HTTP, SHARDS, Example, nim

pytestmark = pytest.mark.xdist_group("examples")
on_the_server = pytest.mark.asyncio(loop_scope="module")

DOES = {
    "connect": ["You are Guest-", "> look\nGate Square\n"],
    "handlers": ["A handler failed: this handler has a fault", " says: One.", "x command_response"],
    "chat": ["Aldra hears Guest-", "hears: Hello, Guest-"],
    "characters": ["Refused: ", "Elf Sorcerer of the Aether Seekers", "Played: Aldra", "Deleted: Borin"],
    "world": ["Reality: Neutral", "\n12 "],
    "party": ["Borin is asked into Lanternbearers", "Here I am.", "Borin is refused: ", "The party is over."],
    "combat": ["Hollow Soldier", "The fight is "],
    "server": ["is ready: http://127.0.0.1:", "Guest-", "The server has stopped."],
    "nim": [" begins. Take one, two or three of 15 stones", "A player's line is gone.", ", 0 left.\n", " wins.\n"],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    environment = ROOMY | {"MYTHGATE_SHARDS__PORT": "0", "MYTHGATE_SHARDS__ENABLED": "true"}
    async with running_server(tmp_path_factory.mktemp("examples") / "data", environment) as running:
        yield running


async def outcome(*words: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


def test_there_are_nine() -> None:
    assert [one.name for one in EXAMPLES] == list(DOES)
    assert all(one.file.is_file() for one in EXAMPLES)


@on_the_server
@pytest.mark.parametrize("example", EXAMPLES, ids=[one.name for one in EXAMPLES])
async def test_it_runs_and_does_what_it_says(
    server: RunningServer, example: Example, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("mythgate.client"), "level", logging.WARNING)  # `handlers` sets it
    await example.run({HTTP: server.url, SHARDS: f"http://{server.ready['doors']['shards']}"})
    output = capsys.readouterr().out
    assert [words for words in DOES[example.name] if words not in output] == [], output


@on_the_server
async def test_it_runs_alone_and_so_does_the_program_of_the_page(server: RunningServer) -> None:
    url = f"http://{server.ready['doors']['shards']}"
    code, output, errors = await outcome("-m", "mythgate.examples.party", url)
    assert code == 0, errors
    assert output.endswith("The party is over.\n")
    page = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text("utf-8")
    [program] = [one for one in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "NetworkClient" in one]
    assert await outcome("-c", program.replace("http://127.0.0.1:8888", url)) == (0, "aldra Hello\n", "")


@pytest.mark.asyncio
async def test_who_made_too_many_accounts_reads_when_to_try_again(tmp_path: Path) -> None:
    environment = {
        "MYTHGATE_LIMITS__REGISTRATIONS_PER_ADDRESS": "1",
        "MYTHGATE_SHARDS__PORT": "0",
        "MYTHGATE_SHARDS__ENABLED": "true",
    }
    async with running_server(tmp_path / "data", environment) as server:
        shards = f"http://{server.ready['doors']['shards']}"
        assert (await outcome("-m", "mythgate.examples.connect", server.url))[0] == 0
        refused = "Too many accounts were made from your address. Try again in 10 minutes.\n"
        for words in (("connect", server.url), ("handlers", server.url), ("chat", server.url, shards)):
            code, _, errors = await outcome("-m", f"mythgate.examples.{words[0]}", *words[1:])
            assert code == 1
            assert errors.endswith(refused)
            assert "Traceback" not in errors
        code, _, errors = await outcome("-m", "mythgate.examples.party", shards)
        assert (code, errors.endswith(f"No way in at {shards}: {refused}")) == (1, True)
        in_the_way = await outcome("-m", "mythgate", "examples", "run", "connect", "--http", server.url)
        assert in_the_way == (1, "", refused.replace(". Try", ".\nTry"))
    assert await outcome("-m", "mythgate.examples.connect", server.url) == (1, "", f"No answer from {server.url}.\n")


def test_a_game_of_ones_own_is_short_and_its_page_explains_all_of_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "your-own-game.md").read_text("utf-8")
    program = next(one.file for one in EXAMPLES if one.name == "nim").read_text("utf-8")
    *parts, test = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    lines = [line for line in program.splitlines() if line]
    assert [line for part in parts for line in part.splitlines() if line] == lines
    assert len(program.splitlines()) < 100
    scope: dict[str, Any] = {**vars(nim), "pytest": pytest}
    exec(compile(test, "docs/your-own-game.md", "exec"), scope)
    scope["test_who_takes_the_last_stone_wins"]()


async def test_it_runs_from_the_command_line_on_a_server_of_its_own() -> None:
    code, output, errors = await outcome("-m", "mythgate", "examples", "run", "world")
    assert code == 0, errors
    assert output.startswith("Starting a server for it")
    assert "Reality: Neutral" in output


@on_the_server
async def test_it_runs_from_the_command_line_where_one_says(server: RunningServer) -> None:
    at = ("--http", server.url, "--shards", f"http://{server.ready['doors']['shards']}")
    code, output, errors = await outcome("-m", "mythgate", "examples", "run", "chat", *at)
    assert code == 0, errors
    assert output.startswith("Aldra hears")
    code, _, errors = await outcome("-m", "mythgate", "examples", "run", "chat", *at[:2])
    assert (code, errors) == (1, "chat needs --shards URL, too.\n")
    code, _, errors = await outcome("-m", "mythgate", "examples", "run", "connect", "--http", "http://127.0.0.1:9")
    assert code == 1
    assert errors.startswith("The example got no answer: ")


def test_they_are_listed() -> None:
    listed = json.loads(CliRunner().invoke(app, ["examples", "list", "--json"]).stdout)
    assert [one["name"] for one in listed] == list(DOES)
    assert "party.py" in CliRunner().invoke(app, ["examples", "list"]).stdout
    refused = CliRunner().invoke(app, ["examples", "run", "dance"])
    assert refused.exit_code == 1
    assert "There is no example dance." in refused.stderr


def test_the_menu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(app, ["examples"]).stdout.endswith("Run one: mythgate examples run NAME\n")
    ran: list[str] = []
    monkeypatch.setattr(examples, "_is_asked", lambda: True)
    monkeypatch.setattr(examples, "_run", lambda example, http, shards: ran.append(example.name))
    shown = CliRunner().invoke(app, ["examples"], input="6\n10\nworld\n\n")
    assert shown.exit_code == 0
    assert "There is no such example." in shown.stdout
    assert ran == ["party", "world"]

"""`mythgate lobby`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mythgate.cli import app

Run = Callable[..., Result]

SHIPPED = {0: "Crows Bridge", 1: "Otter Ferry", 2: "White Falls", 3: "Silvermines", 5: "Madrigal", 20: "Shiver"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with its own data folder, in which there is a database."""
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

    run("migrate", "up")
    return run


def names(run: Run) -> dict[int, str]:
    return {one["room_id"]: one["name"] for one in json.loads(run("lobby", "list", "--json").stdout)}


def test_the_lobbies_a_new_server_has(run: Run) -> None:
    assert names(run) == SHIPPED | {26: "Arrival"}
    listed = run("lobby", "list").stdout
    assert "Arrival" in listed
    assert "ranked" in listed


def test_lobbies_are_opened_changed_and_closed(run: Run) -> None:
    options = ("--family", "myth2", "--ranked", "--min-caste", "3", "--temporary")
    assert run("lobby", "add", "4", "Shoal", *options).stdout == "Shoal is open, number 4.\n"
    (shoal,) = [one for one in json.loads(run("lobby", "list", "--json").stdout) if one["room_id"] == 4]
    assert (shoal["family"], shoal["ranked"], shoal["min_caste"], shoal["temporary"]) == ("myth2", True, 3, True)
    assert "Shoal (temporary)" in run("lobby", "list").stdout
    assert run("lobby", "set", "4", "--name", "Deep", "--unranked", "--motd", "Hi").stdout == "Deep is changed.\n"
    assert run("lobby", "remove", "26").stdout == "Arrival is closed.\n"
    assert names(run) == SHIPPED | {4: "Deep"}


def test_a_lobby_is_locked_and_opened_again(run: Run) -> None:
    def locked() -> list[int]:
        return [one["room_id"] for one in json.loads(run("lobby", "list", "--json").stdout) if one["locked"]]

    run("lobby", "set", "26", "--locked")
    assert locked() == [26]
    run("lobby", "set", "26", "--unlocked")
    assert locked() == []


def test_a_lobby_of_another_type_has_options(run: Run) -> None:
    options = (
        "--option",
        "prize_pool=100",
        "--option",
        "start_time=2100-01-30T20:00",
        "--option",
        "prize_shares=70,30",
    )
    run("lobby", "add", "6", "Cup Hall", "--type", "tournament", "--tournament", "2", *options)
    run("lobby", "set", "6", "--option", "min_players=4", "--motd", "Welcome.")
    (hall,) = [one for one in json.loads(run("lobby", "list", "--json").stdout) if one["room_id"] == 6]
    assert (hall["type"], hall["prize_pool"], hall["prize_shares"]) == ("tournament", 100, [70, 30])
    assert (hall["min_players"], hall["motd"], hall["start_time"]) == (4, "Welcome.", "2100-01-30T20:00:00Z")
    for wrong, words in (
        ("min_players=1", "numbers of players do not fit"),
        ("min_players=few", "cannot be 'few'"),
        ("colour=red", "has no colour"),
        ("min_players", "has no value"),
    ):
        assert words in run("lobby", "set", "6", "--option", wrong, code=1).stderr
    assert "no such type of lobby" in run("lobby", "add", "7", "Hall", "--type", "grand", code=1).stderr


def test_what_makes_no_sense_is_refused(run: Run) -> None:
    assert "Number 26 is Arrival's." in run("lobby", "add", "26", "Again", code=1).stderr
    unknown = run("lobby", "remove", "99", code=1).stderr
    assert "There is no such lobby." in unknown
    assert "There are: 0, 1, 2, 3, 5, 20, 26." in unknown
    assert "Latin letters" in run("lobby", "add", "7", "Тишина", code=1).stderr
    assert "capacity" in run("lobby", "set", "26", "--capacity", "0", code=1).stderr
    assert "'king' is not one of" in " ".join(run("lobby", "add", "5", "x", "--family", "king", code=2).stderr.split())


def test_a_greeting_of_several_lines_is_one_line_of_the_list(run: Run) -> None:
    run("lobby", "set", "26", "--motd", "Welcome.\nBe kind.")
    assert "Welcome. / Be kind." in run("lobby", "list").stdout


def test_all_lobbies_greet_anew(run: Run) -> None:
    assert run("lobby", "motd", "We move at eight.").stdout == "7 lobbies have another greeting.\n"
    assert {one["motd"] for one in json.loads(run("lobby", "list", "--json").stdout)} == {"We move at eight."}

"""`mythgate tournament` as an operator uses it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mythgate import bootstrap
from mythgate.cli import app
from mythgate.config import Settings
from mythgate.domain.tournaments import TournamentAct, draw
from mythgate.services.ports import Transaction

AT = "2030-01-30T20:00"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")
    assert mythgate("migrate", "up").exit_code == 0


def mythgate(*words: str, code: int = 0, typed: str | None = None) -> Result:
    result = CliRunner().invoke(app, words, input=typed)
    assert result.exit_code == code, result.output
    return result


def run(*words: str, code: int = 0) -> str:
    return " ".join(mythgate("tournament", *words, code=code).output.split())


def shown(number: int = 1) -> dict[str, object]:
    found: dict[str, object] = json.loads(mythgate("tournament", "show", str(number), "--json").stdout)
    return found


def on_database(work: Callable[[Transaction], None]) -> None:
    async def run_it() -> None:
        async with bootstrap.open_node(Settings()) as node:
            await node.store.write(work)

    asyncio.run(run_it())


def sign_up(*names: str) -> None:
    """Have people with an account take part in the first tournament."""
    for name in names:
        mythgate("user", "create", name, typed="a good password\n" * 2)

    async def enter() -> None:
        async with bootstrap.open_node(Settings()) as node:
            for name in names:
                found = await node.store.read(lambda tx: tx.accounts.by_name_key(name.casefold()))  # noqa: B023
                assert found is not None
                await node.services.tournaments.sign_up(found.id, 1)

    asyncio.run(enter())


def begin(tx: Transaction) -> None:
    """What the running server does once its time and its players have come."""
    tournament = tx.tournaments.require(1)
    tournament.apply(TournamentAct.START)
    tournament.bracket = draw([entry.number for entry in tx.tournaments.entries(1)])
    tx.tournaments.save(tournament)


def test_announced_listed_called_and_cancelled() -> None:
    assert run("list") == "No tournament is announced."
    assert run("list", "--over") == "No tournament has ended."
    mythgate("lobby", "set", "3", "--tournament", "2")
    words = run("create", "Autumn Cup", "--lobby", "3", "--at", f"{AT}+01:00", "--prize-pool", "100", "--share", "70")
    assert words == "Tournament 1, Autumn Cup, begins 2030-01-30 19:00 UTC in Silvermines."
    assert "Autumn Cup signup 2 3 2030-01-30 19:00 0 of 2 to 32 100" in run("list")
    assert "Nobody has signed up yet." in run("show", "1")
    assert run("start", "1") == "Autumn Cup begins once 2 of its players are in its lobby."
    assert str(shown()["starts_at"]) < "2030"
    assert run("cancel", "1") == "Autumn Cup is cancelled."
    assert "tournament is cancelled" in run("start", "1", code=1)
    assert "tournament is cancelled" in run("cancel", "1", code=1)
    assert [one["state"] for one in json.loads(mythgate("tournament", "list", "--over", "--json").stdout)] == [
        "cancelled"
    ]


def test_a_lobby_that_would_let_in_others_is_pointed_out() -> None:
    assert "mythgate lobby set 3 --tournament 5" in run("create", "Cup", "--lobby", "3", "--at", AT, "--slot", "5")


def test_decided_at_the_table() -> None:
    run(
        "create",
        "Cup",
        "--lobby",
        "3",
        "--slot",
        "1",
        "--at",
        AT,
        "--prize-pool",
        "90",
        "--share",
        "60",
        "--share",
        "40",
    )
    sign_up("Ada", "Bob", "Cara")
    on_database(begin)
    table = run("show", "1")
    assert "prizes: 90, of these 60 %, 40 %" in table
    assert "1 0 Ada (nobody) Ada" in table
    assert "1 1 Bob Cara 2 0 Ada ?" in table
    assert "Eve does not take part." in run("decide", "1", "1", "1", "Eve", code=1)
    assert run("decide", "1", "1", "1", "cara") == "Cara goes on."
    number = next(str(entry["number"]) for entry in shown()["entries"] if entry["name"] == "Ada")  # type: ignore[attr-defined]
    assert run("decide", "1", "2", "0", number) == "Ada wins Cup."
    assert run("show", "1").endswith("place 1: Ada won 54 place 2: Cara won 36")
    assert "This place has its prize." in run("award", "1", "1", "Cara", code=1)


def test_a_prize_after_a_tournament_that_was_not_played() -> None:
    run("create", "Cup", "--lobby", "3", "--slot", "1", "--at", AT, "--prize-pool", "90")
    sign_up("Ada")
    assert "not over" in run("award", "1", "1", "Ada", code=1)
    run("cancel", "1")
    assert run("award", "1", "1", "Ada") == "Ada has the prize of place 1: 90."
    assert "This place has its prize." in run("award", "1", "1", "Ada", code=1)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["show", "9"], "tournament"),
        (["create", "Cup", "--lobby", "99", "--at", AT, "--slot", "1"], "There is no such lobby."),
        (["create", "Cup", "--lobby", "3", "--at", AT], "Use 1 to 6."),
        (["create", "Cup", "--lobby", "3", "--at", "tonight", "--slot", "1"], "tonight is no time."),
        (["create", "Cup", "--lobby", "3", "--at", AT, "--slot", "1", "--min", "1"], "numbers of players"),
    ],
)
def test_what_is_refused(words: list[str], expected: str) -> None:
    assert expected in run(*words, code=1)

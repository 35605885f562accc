"""`mythgate ladder` as an operator uses it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from tests.support.games import a_result
from typer.testing import CliRunner, Result

from mythgate import bootstrap
from mythgate.cli import app
from mythgate.config import LadderSettings, Settings
from mythgate.domain.ratings import FORMULAS


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_PASSWORDS__MEMORY_KIB", "64")
    assert CliRunner().invoke(app, ["migrate", "up"]).exit_code == 0


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["ladder", *words])
    assert result.exit_code == code, result.output
    return result


def record(count: int) -> None:
    """Games that the first account there is has won."""

    async def play() -> None:
        async with bootstrap.open_node(Settings()) as node:
            ratings = node.services.ratings
            for number in range(count):
                result = a_result([1], [2], match_id=f"match {number}", clans=[7, 8])

                def work(tx: object, result: object = result) -> None:
                    recorded = tx.results.add(result)  # type: ignore[attr-defined]
                    ratings.apply_within(tx, recorded)  # type: ignore[arg-type]

                await node.store.write(work)

    asyncio.run(play())


def test_a_ladder_and_its_seasons() -> None:
    assert "Nobody has played yet." in run("show").output
    assert "first result" in run("seasons").output
    assert CliRunner().invoke(app, ["user", "create", "Anna"], input="a good password\n" * 2).exit_code == 0
    record(2)
    rows = json.loads(run("show", "--json").stdout)
    assert [(row["place"], row["name"], row["points"], row["wins"]) for row in rows] == [
        (1, "Anna", 1029, 2),
        (2, "", 971, 0),
    ]
    assert "kris knife" in run("show").output
    assert "1029" in run("show", "--clans").output
    preview = run("preview", "seniority").output
    assert "Anna" in preview
    assert "1029" in preview
    rows = json.loads(run("preview", "openskill", "--json").stdout)
    assert [(row["name"], row["before"]["points"], row["after"]["place"]) for row in rows] == [
        ("Anna", 1029, 1),
        ("", 971, 2),
    ]
    assert rows[0]["after"]["points"] > 1000
    assert "8 standings" in run("recompute", "--formula", "openskill").output
    assert json.loads(run("show", "--json").stdout)[0]["points"] == rows[0]["after"]["points"]
    assert "8 standings" in run("recompute", "--formula", "seniority").output
    assert [row["points"] for row in json.loads(run("show", "--json").stdout)] == [2, 2]
    assert "goes by elo" in run("open-season", "Winter").output
    assert json.loads(run("show", "--json").stdout) == []
    assert len(json.loads(run("show", "--season", "1", "--json").stdout)) == 2
    assert "Winter" in run("seasons").output
    assert "There is a season of this name. Choose another." in " ".join(
        run("open-season", "Winter", code=1).output.split()
    )


def test_the_formula_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHGATE_LADDER__FORMULA", "openskill")
    record(1)
    assert "openskill" in run("seasons").output
    assert "goes by openskill" in run("open-season", "Winter").output
    assert "goes by elo" in run("open-season", "Spring", "--formula", "elo").output


def test_the_settings_know_every_formula() -> None:
    assert set(LadderSettings.model_json_schema()["properties"]["formula"]["enum"]) == set(FORMULAS)


def test_what_there_is_not() -> None:
    assert "no ladder" in run("show", "--category", "luck", code=1).output
    assert "formula" in run("preview", "luck", code=1).output
    assert "season" in run("show", "--season", "9", code=1).output


def test_standings_begin_anew() -> None:
    assert CliRunner().invoke(app, ["user", "create", "Anna"], input="a good password\n" * 2).exit_code == 0
    record(2)
    assert "Whose standings?" in run("reset", code=1).output
    assert "Whose standings?" in run("reset", "Anna", "--everybody", code=1).output
    assert "There is no account named Zoe." in run("reset", "Zoe", code=1).output
    assert "There is no such clan." in run("reset", "Otters", "--clans", code=1).output
    assert "1 standings begin anew." in run("reset", "Anna", "--category", "ranked").output
    assert [row["name"] for row in json.loads(run("show", "--json").stdout)] == [""]  # who has no account any more
    run("reset", "--everybody")
    assert "Nobody has played yet." in run("show").output

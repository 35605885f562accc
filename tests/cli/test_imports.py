"""`mythgate import` as an operator uses it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import bcrypt
import pytest
from typer.testing import CliRunner, Result

from mythgate.cli import app
from mythgate.cli.offline import on_services
from mythgate.services.all import Services


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
    result = CliRunner().invoke(app, ["import", *words])
    assert result.exit_code == code, result.output
    return result


def people(tmp_path: Path, text: str) -> str:
    path = tmp_path / "accounts.csv"
    path.write_text(text)
    return str(path)


def test_dry_run_first_then_for_good_then_nothing_more(tmp_path: Path) -> None:
    source = people(tmp_path, "name,password\nAnna,secret words\nBob,\n")
    dry = run("csv", source, "--dry-run").output
    assert "nothing was changed" in dry
    assert "1 without a password: nobody can sign in before" in dry
    assert json.loads(CliRunner().invoke(app, ["user", "list", "--json"]).stdout) == []
    assert json.loads(run("csv", source, "--json").stdout)["tallies"]["accounts"] == {
        "found": 2,
        "new": 2,
        "known": 0,
        "merged": 0,
        "skipped": 0,
        "damaged": 0,
    }
    again = json.loads(run("csv", source, "--json").stdout)
    assert again["tallies"]["accounts"]["known"] == again["tallies"]["profiles"]["known"] == 2
    shown = json.loads(CliRunner().invoke(app, ["user", "show", "anna", "--json"]).stdout)["audit"]
    assert [(one["action"], one["detail"]["source"]) for one in shown] == [("account.imported", "csv")]
    listed = json.loads(CliRunner().invoke(app, ["user", "list", "--json"]).stdout)
    assert {one["name"] for one in listed} == {"Anna", "Bob"}


def test_what_stayed_behind_is_listed_and_shows_in_the_exit_code(tmp_path: Path) -> None:
    output = run("csv", people(tmp_path, "name,ranked_games\nadmin,1\nBob,x\nCara,1\n"), code=1).output
    assert "skipped: accounts: admin:" in output
    assert "damaged: accounts: accounts.csv:3: The column ranked_games holds no whole number." in output
    listing = people(tmp_path, "name,friends,clan\nDan,Zoë; EVE,Otters\n")
    output = run("csv", listing, "--label", "other", code=1).output
    for words in ("friends: Dan lists Zoë:", "friends: Dan lists EVE:", "clan members: Dan in Otters:"):
        assert words in output


def test_bcrypt_hashes_come_along_and_those_that_cannot_be_checked_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "user.csv"
    good = bcrypt.hashpw(b"nano needle", bcrypt.gensalt(4)).decode()
    path.write_text(f"username,password,moderator\nhopper,{good},0\ntycho,{good[:-1]},0\ndurandal,$2x{good[3:]},1\n")
    output = run("lhowon", str(path), code=1).output
    assert "skipped: accounts: tycho: This password hash is neither bcrypt nor MD5." in output
    assert "skipped: accounts: durandal: This bcrypt hash is of a kind that was withdrawn" in output
    listed = json.loads(CliRunner().invoke(app, ["user", "list", "--json"]).stdout)
    assert [one["name"] for one in listed] == ["hopper"]


@pytest.mark.parametrize(
    ("kind", "columns"), [("csv", "name,password_hash,city"), ("lhowon", "username,password,moderator")]
)
def test_who_came_with_a_bcrypt_hash_signs_in(tmp_path: Path, kind: str, columns: str) -> None:
    path = tmp_path / ("accounts.csv" if kind == "csv" else "user.csv")
    hashed = bcrypt.hashpw(b"nano needle", bcrypt.gensalt(4)).decode().replace("$2b", "$2y")
    path.write_text(f"{columns}\nhopper,{hashed},0\n")
    run(kind, str(path))

    async def sign_in(services: Services) -> str:
        await services.accounts.login("hopper", "nano needle", door="http", address="192.0.2.1", client="test")
        account = await services.store.read(lambda tx: tx.accounts.by_name_key("hopper"))
        assert account is not None
        return account.password_hash

    assert on_services(None, sign_in).startswith("$argon2id$")
    assert on_services(None, sign_in).startswith("$argon2id$")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert "There is nothing at" in run("gos", str(tmp_path / "none"), code=1).output
    run("elsewhere", "x", code=2)

"""`mythgate why`, beside a server and without one."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.metaserver_client import AlephOneClient, Denied, close_lines
from tests.support.server import running_server
from typer.testing import CliRunner, Result

from mythgate.cli import app
from mythgate.cli.offline import on_services
from mythgate.cli.running import address_of, ask, operator_token
from mythgate.config import Settings
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import Tournament
from mythgate.services.all import Services

Run = Callable[..., Result]


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


def refused(told: dict[str, Any], path: str) -> list[str]:
    """The checks that keep them out of a lobby or door."""
    found = next(one for one in told["doors"] + told["rooms"] if one["name"] == path)
    return [step["check"] for step in found["steps"] if step["answer"] == "no"]


def test_a_guest(run: Run) -> None:
    told = run("why", "guest").stdout
    assert "No server answers" in told
    assert "Guest may sign in through: http, metaserver, telnet. Lobbies open to them: " in told
    assert "Otter Ferry (lobby 1) — no\n  ✗ guest       a guest  (needed: an account: it is ranked)\n" in told
    alone = run("why", "guest", "1", code=1).stdout
    assert "they read Otter Ferry is ranked, and guests have no rank; sign up to play there." in alone
    assert "→ mythgate lobby set 1 --unranked" in alone
    assert "Arrival" not in alone
    assert alone.splitlines()[-1].endswith("Guest may not enter Otter Ferry.")
    assert "? full        who is in it only the running server knows  (needed: fewer than 32)" in alone
    wrong = json.loads(run("why", "guest", "26", "--family", "myth", "--json", code=1).stdout)
    assert refused(wrong, "Arrival") == ["family"]
    assert "There is no such lobby." in run("why", "guest", "99", code=1).stderr
    assert "There are: http, metaserver, shards, telnet" in run("why", "guest", "--door", "window", code=1).stderr


def test_somebody_with_an_account(run: Run) -> None:
    run("user", "create", "Ada", typed="correct horse battery\n")
    told = run("why", "ada", "1").stdout
    assert told.startswith("Ada, number 1, player\n")
    assert "  ✓ account     Ada, number 1, player  (needed: an account)\n" in told
    run("user", "disable", "Ada")
    locked = run("why", "ada", "1", code=1).stdout
    assert "  ✗ lock        locked, without end  (needed: no lock)\n" in locked
    assert "→ mythgate user enable ada" in locked
    assert locked.splitlines()[-1] == "Ada may not sign in."
    unknown = json.loads(run("why", "Zoe", "--json", code=1).stdout)
    assert unknown["account"] is None
    assert refused(unknown, "http") == ["account"]
    assert "Zoe: there is no account of that name." in run("why", "Zoe", code=1).stdout


def test_who_takes_part_in_a_tournament(run: Run) -> None:
    run("user", "create", "Ada", typed="correct horse battery\n")
    run("lobby", "set", "26", "--tournament", "1")
    assert "✗ tournament" in run("why", "ada", "26", code=1).stdout

    async def sign_up(services: Services) -> None:
        ada = await services.accounts.find(OPERATOR, "Ada")
        assert ada is not None
        now = services.clock.now()
        cup = await services.tournaments.announce(OPERATOR, Tournament("Cup", 1, 26, now + timedelta(hours=1), now))
        await services.tournaments.sign_up(ada.id, cup.number)
        await services.moderation.mute(OPERATOR, ada.id, None)

    on_services(None, sign_up)
    told = run("why", "ada", "26").stdout
    assert "✓ tournament  takes part in 1" in told
    assert "Muted until it is lifted: they may come in, but nobody hears them." in told


def test_a_closed_door(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHGATE_SHARDS__ENABLED", "false")
    run("user", "create", "Ada", typed="correct horse battery\n")
    told = run("why", "ada", "--door", "shards", code=1).stdout
    assert "✗ door        is off" in told
    assert "→ set shards.enabled = true, and start again" in told


async def test_the_running_server_is_asked(tmp_path: Path) -> None:
    async with running_server(tmp_path / "data") as server:
        await server.run_cli("lobby", "set", "26", "--capacity", "1")
        await server.run_cli("user", "create", "Ada", typed="nine marines\n")
        port = int(server.ready["doors"]["metaserver"].rsplit(":", 1)[1])
        ada = AlephOneClient(name="Ada", user_name="ada", password="nine marines")
        await ada.come(port)
        settings = Settings(data_dir=tmp_path / "data")

        async def why(name: str, **query: object) -> dict[str, Any]:
            told: dict[str, Any] = await asyncio.to_thread(ask, settings, f"/api/admin/why/{name}", query)
            return told

        own = (await server.run_cli("why", "Ada", "26")).splitlines()
        assert "  ✓ full        0 of 1 are in it  (needed: fewer than 1)" in own  # it is she who is there
        full = await why("guest", family="marathon")
        assert full["live"]
        assert refused(full, "Arrival") == ["full"]
        assert refused(full, "metaserver") == ["rooms"]
        await ada.leave()
        stranger = AlephOneClient(name="Ada", user_name="ada", password="wrong")
        with pytest.raises(Denied):
            await stranger.come(port)
        lately = await why("Ada")
        assert [(one["code"], one["door"], one["asked"]) for one in lately["refusals"]] == [
            ("bad_credentials", "metaserver", "sign in")
        ]
        shown = await server.run_cli("why", "Ada")
        assert "Refused lately" in shown
        assert "bad_credentials        metaserver  sign in" in shown
        assert address_of(settings) == server.url
        await server.stop()
    await close_lines()
    assert ask(settings, "/api/admin/why/Ada") is None  # it took its address back


def test_no_key_no_token(tmp_path: Path) -> None:
    assert operator_token(Settings(data_dir=tmp_path)) == ""
    assert address_of(Settings(data_dir=tmp_path)) == ""

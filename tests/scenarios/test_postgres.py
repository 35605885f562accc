"""The whole server on PostgreSQL: it starts, is played, is killed, starts again; and says so when it cannot."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.databases import PostgresServer
from tests.support.server import ROOMY, RunningServer, running_server
from tests.support.spec_client import Address, new_player

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def on_postgres(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A server on a database without tables."""
    name = await postgres.new_database()
    environment = ROOMY | {"MYTHGATE_DATABASE_URL": postgres.url(name)}
    async with running_server(tmp_path / "data", environment) as running:
        yield running
    await postgres.drop_database(name)


async def test_a_server_on_postgresql_is_played_and_restarted(on_postgres: RunningServer) -> None:
    server = on_postgres
    assert server.ready["database"] == "PostgreSQL"
    ada = await new_player(Address.of(server.url), stem="Ada")
    await ada.enter()
    await ada.command("get pear")
    await ada.command("north")
    await server.run_cli("user", "create", "Keeper", "--role", "admin", typed="correct horse battery\n")
    names = {row["name"] for row in json.loads(await server.run_cli("user", "list", "--json"))}
    assert names == {ada.account.username, "Keeper"}

    await server.kill()
    await ada.wait_closed()
    await server.start()
    ada.inbox.mark()
    await ada.connect(resume=True)
    state = (await ada.inbox.expect("game_state"))["data"]
    assert state["room"]["name"] == "Beneath the Arch"
    assert [item["name"] for item in state["player"]["inventory"]] == ["a speckled pear"]
    await ada.close()
    assert await server.stop() == 0
    assert "Traceback" not in server.log.read_text()


async def test_postgresql_out_of_reach_is_said_without_a_traceback(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody:hush@127.0.0.1:{taken.getsockname()[1]}/mythgate"
        await _refused(tmp_path, url)


async def _refused(tmp_path: Path, url: str) -> None:
    server = RunningServer(tmp_path / "data", {"MYTHGATE_DATABASE_URL": url})
    with pytest.raises(AssertionError, match="the server did not start"):
        await server.start()
    assert server.process is not None
    assert server.process.returncode == 1
    said = server.log.read_text()
    assert "PostgreSQL cannot be used" in said
    assert "MYTHGATE_DATABASE_URL" in said
    assert "Traceback" not in said
    assert "hush" not in said

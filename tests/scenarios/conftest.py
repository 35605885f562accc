"""One real server a module, and players who clean up behind themselves.

A module may set `ENVIRONMENT` (settings of its server) and `WORLD` ("grid", the default, or "mythgate", the
world that ships). Its tests share one event loop: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.server import ROOMY, RunningServer, running_server, write_world
from tests.support.spec_client import DOORS, Address, DoorName, Player, log_in, new_player

HERE = Path(__file__).parent
SECRET = "the tests know this secret, which makes it none"

NewPlayer = Callable[..., Awaitable[Player]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of a module use one server and one loop, so they stay in one worker."""
    for item in items:
        if HERE in item.path.parents and item.config.pluginmanager.hasplugin("xdist"):
            item.add_marker(pytest.mark.xdist_group(f"scenarios-{item.path.stem}"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    environment = ROOMY | {"MYTHGATE_SECRET_KEY": SECRET}
    if getattr(request.module, "WORLD", "grid") == "grid":
        pack = write_world(folder / "grid", things=3)
        environment["MYTHGATE_WORLD__PACKS"] = f'["{pack}"]'
    environment |= getattr(request.module, "ENVIRONMENT", {})
    async with running_server(folder / "data", environment) as running:
        yield running


@pytest.fixture
def at(server: RunningServer) -> Address:
    return Address.of(server.url)


@pytest_asyncio.fixture(loop_scope="module")
async def people(at: Address) -> AsyncIterator[NewPlayer]:
    """Makes players; at the end each signs out, which takes them out of the world."""
    made: list[Player] = []

    async def make(door: DoorName = "websocket", *, enter: bool = True, stem: str = "Traveller") -> Player:
        player = await new_player(at, door, stem)
        made.append(player)
        if enter:
            await player.enter()
        return player

    yield make

    async def clean_up(player: Player) -> None:
        await player.close()
        with contextlib.suppress(AssertionError, OSError, TimeoutError):
            await player.account.log_out()

    await asyncio.gather(*map(clean_up, made))


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> DoorName:
    """Every way through which the same story has to go the same."""
    chosen: DoorName = request.param
    return chosen


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staff(server: RunningServer) -> Player:
    """A moderator's character. The role was given on the command line, as an operator would."""
    player = await new_player(Address.of(server.url), stem="Staff")
    await server.run_cli("user", "role", player.account.username, "moderator")
    return player


@pytest_asyncio.fixture(loop_scope="module")
async def moderator(staff: Player) -> AsyncIterator[Player]:
    """The moderator, in the world."""
    account = await log_in(staff.account.at, staff.account.username)
    player = Player(account, staff.name, staff.character_id)
    await player.enter()
    yield player
    await player.close()
    await account.log_out()

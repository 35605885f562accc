"""Shadow mode in front of a metaserver that shares no code with ours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.metaserver import until
from tests.support.metaserver_client import (
    AlephOneClient,
    Denied,
    Line,
    Myth18Client,
    MythClient,
    RoomClient,
    aleph_game,
    close_lines,
)
from tests.support.old_metaserver import OldMetaserver, OldRoom

from mythgate.shadow.mirror import Mirror
from mythgate.shadow.ours import InProcess, own_server
from mythgate.shadow.proxy import Place, Shadow
from mythgate.shadow.report import Report, lines
from mythgate.shadow.state import ShadowState, StateFile

ARRIVAL, FERRY, FALLS = 26, 0, 2
PASSWORDS = {"ada": "four words", "bob": "more words", "eve": "hidden"}


@dataclass
class Stage:
    """An old server, a shadow in front of it, and ours."""

    old: OldMetaserver
    shadow: Shadow
    report: Report
    ours: InProcess
    state: StateFile

    @property
    def port(self) -> int:
        return self.shadow.port

    async def settled(self) -> None:
        """Until ours has done what the clients did."""
        await until(lambda: all(one.is_over for one in self.shadow._mirrors))
        for login in self.shadow._logins.values():
            assert login.our_token is not None
            await login.our_token

    def told(self) -> list[tuple[str, str]]:
        return [(one.packet, one.what) for one in self.report.differences]


@contextlib.asynccontextmanager
async def stage(folder: Path, ours: InProcess, **options: Any) -> AsyncIterator[Stage]:
    old = OldMetaserver(
        [OldRoom(ARRIVAL, ("aleph",)), OldRoom(FERRY, ("myth",)), OldRoom(FALLS, ("myth18",))], PASSWORDS
    )
    async with old.running():
        report, state = Report("old"), StateFile(folder)
        mirror = Mirror(ours, report, patience=0.3)
        shadow = Shadow(Place("127.0.0.1", old.port), report, state, mirror, **options)
        async with shadow.running():
            try:
                yield Stage(old, shadow, report, ours, state)
            finally:
                await close_lines()


@pytest.fixture
async def ours() -> AsyncIterator[InProcess]:
    async with own_server() as made:
        yield made


async def come(set_: Stage) -> tuple[AlephOneClient, AlephOneClient]:
    ada = AlephOneClient(name="Ada", user_name="ada", password="four words")
    bob = AlephOneClient(name="Bob", user_name="bob", password="more words")
    await ada.come(set_.port)
    await bob.come(set_.port)
    await ada.until_player("Bob")
    return ada, bob


async def evening(set_: Stage) -> None:
    """What people do."""
    ada, bob = await come(set_)
    ada.chat("hello")
    assert (await bob.until_said("hello")).name == "Ada"
    bob.tell(ada.number, "psst")
    await ada.until_said("psst")
    ada.host(aleph_game("Late"))
    await bob.until_game("Late")
    ada.away("tea")
    await bob.until_player("tea-Ada")
    ada.remove_game()
    await bob.until_game("Late", present=False)
    await bob.leave()
    await ada.until_player("Bob", present=False)
    await ada.leave()
    await set_.settled()


async def test_no_difference_where_there_is_none(tmp_path: Path, ours: InProcess) -> None:
    async with stage(tmp_path, ours) as set_:
        await evening(set_)
        for line in lines(set_.report.as_json()):
            print(line)
        assert set_.told() == []
        assert dict(set_.report.faults) == {}

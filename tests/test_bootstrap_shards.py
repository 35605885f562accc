"""The Shards door within a whole server: it opens with the others, or says why it does not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from tests.support.http import FAST_HASHES
from tests.support.shards_door import PASSWORD, OriginalClient, Program

from mythgate.bootstrap import CannotStart, OpenDoors, _until_started, open_doors, open_node
from mythgate.config import Settings


@contextlib.asynccontextmanager
async def server(folder: Path, **shards: Any) -> AsyncIterator[tuple[str, OpenDoors]]:
    """A whole server; yields the address of its http door, and its doors."""
    given: dict[str, Any] = {
        "data_dir": folder,
        "passwords": FAST_HASHES,
        "http": {"host": "127.0.0.1"},
        "metaserver": {"enabled": False},
        "telnet": {"enabled": False},
        "shards": shards,
    }
    async with open_node(Settings(**given)) as node:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with open_doors(node, listener) as doors:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}", doors


async def test_it_opens_and_closes_with_the_others(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as guests:

        async def guest(url: str, name: str, character: str) -> Program:
            program = Program(url)
            guests.push_async_callback(program.close)
            return await program.enter(name, character)

        async with server(tmp_path, port=0) as (url, doors):
            here = f"http://{doors.shards}"
            ada = await guest(here, "aldra", "Aldra Venn")
            await ada.chat("Hello")
            await ada.until("chat")
            async with aiohttp.ClientSession() as http, http.get(f"{url}/api/status") as answer:
                assert "shards" in (await answer.json())["doors"]
            client = OriginalClient(here)
            assert await client.connect("aldra", PASSWORD)  # which ends the session before
            assert await ada.closed() == 1000
            await client.disconnect()
            bo = await guest(here, "borin", "Borin Slate")
            reading = asyncio.create_task(bo.closed())
        assert await reading == 1000
        assert bo.heard[-1]["reason"] == "going_away"


async def test_a_taken_port_matters_only_if_it_was_chosen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(CannotStart, match="The Shards door cannot be opened") as refused:
            async with server(tmp_path, port=taken.getsockname()[1]):
                pass
        assert "MYTHGATE_SHARDS__PORT" in refused.value.hint
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # then somebody else has it
            held.enter_context(socket.create_server(("127.0.0.1", 8888)))
        with caplog.at_level(logging.WARNING):
            async with server(tmp_path) as (_, doors):
                assert doors.shards == ""
        assert "shards door stays closed" in caplog.messages


async def test_it_can_be_closed(tmp_path: Path) -> None:
    async with server(tmp_path, enabled=False) as (_, doors):
        assert doors.shards == ""


async def test_encryption_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(CannotStart, match="encrypts is not installed") as refused:
        async with server(tmp_path, port=0, encryption_phrase="open sesame"):
            pass
    assert "make extras" in refused.value.hint


async def test_the_door_that_did_not_open_is_named() -> None:
    server = uvicorn.Server(uvicorn.Config("nothing:app"))
    serving = asyncio.create_task(asyncio.sleep(0))
    with pytest.raises(CannotStart, match="The Shards door did not open"):
        await _until_started(server, serving, "Shards")

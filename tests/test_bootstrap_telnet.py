"""The telnet door within a whole server: it opens with the others, or says why it does not."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.http import FAST_HASHES
from tests.support.telnet import ALL, Visitor

from mythgate.bootstrap import CannotStart, OpenDoors, _telnet_address, open_doors, open_node
from mythgate.config import Settings
from mythgate.domain.sessions import OPERATOR


@contextlib.asynccontextmanager
async def server(folder: Path, **telnet: Any) -> AsyncIterator[tuple[str, OpenDoors]]:
    """A whole server; yields the address of its http door, and its doors."""
    given: dict[str, Any] = {
        "data_dir": folder,
        "passwords": FAST_HASHES,
        "http": {"host": "127.0.0.1"},
        "metaserver": {"enabled": False},
        "shards": {"enabled": False},
        "telnet": telnet,
    }
    async with open_node(Settings(**given)) as node:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with open_doors(node, listener) as doors:
                await node.services.announcements.set_motd(OPERATOR, "Be kind to newcomers.")
                yield f"http://127.0.0.1:{listener.getsockname()[1]}", doors


async def test_it_opens_and_closes_with_the_others(tmp_path: Path) -> None:
    async with server(tmp_path, port=0) as (url, doors):
        assert doors.telnet is not None
        assert _telnet_address(doors.telnet) == {"telnet": f"127.0.0.1:{doors.telnet.port}"}
        ada = await Visitor(ALL).connect(doors.telnet.port)
        await ada.read("press Enter for no: ")
        ada.type("")
        await ada.read("Be kind to newcomers.", "Name: ")
        ada.type("guest Ada")
        assert "Be kind" not in await ada.read("Ways:")  # once is enough
        await ada.message("Room.Info")
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{url}/api/status") as answer:
                assert (await answer.json())["doors"] == ["http", "telnet"]
            async with http.get(f"{url}/metrics") as answer:
                metrics = await answer.text()
        assert 'mythgate_telnet_accepted_connections_total{line="clear"} 1.0' in metrics
        assert "mythgate_telnet_playing_connections 1.0" in metrics
    assert "The server stops." in await ada.hung_up()
    await ada.close()


async def test_a_taken_port_matters_only_if_it_was_chosen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(CannotStart, match="The telnet door cannot be opened") as refused:
            async with server(tmp_path, port=taken.getsockname()[1]):
                pass
        assert "MYTHGATE_TELNET__PORT" in refused.value.hint
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # then somebody else has it
            held.enter_context(socket.create_server(("127.0.0.1", 4000)))
        with caplog.at_level(logging.WARNING):
            async with server(tmp_path) as (_, doors):
                assert doors.telnet is None
        assert "telnet door stays closed" in caplog.messages


async def test_it_can_be_closed(tmp_path: Path) -> None:
    async with server(tmp_path, enabled=False) as (_, doors):
        assert doors.telnet is None
    assert _telnet_address(None) == {}


async def test_a_certificate_that_is_none_is_a_reason_not_to_start(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="cannot offer TLS") as refused:
        async with server(tmp_path, port=0, tls_certificate=tmp_path / "missing.pem"):
            pass
    assert "MYTHGATE_TELNET__TLS_CERTIFICATE" in refused.value.hint

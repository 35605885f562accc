"""Looking into WebSockets, and the lab over HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.native import own_name, player
from tests.support.server import running_server

from mythgate.cli.running import ask
from mythgate.config import Settings
from mythgate.doors.http.lab import blanked, frames_in, line_of
from mythgate.wire.websocket import BINARY, CLOSE, TEXT, Deflate, frame, frame_head


def shown(value: Any, *, from_client: bool = False) -> str:
    return json.dumps(blanked(value, from_client=from_client))


@pytest.mark.parametrize(
    "said",
    [
        {"type": "command", "line": "tell bob psst"},
        {"type": "command", "data": {"command": "whisper", "args": ["bob", "psst"]}},
        {"type": "login", "username": "psst", "password": "psst", "session_token": "psst"},
        [{"command": "tell bob psst"}],
        {"message": '{"type": "command", "line": "tell bob psst"}'},
        {"type": "voice_signal", "data": {"signal": {"sdp": "psst"}}},
    ],
)
def test_what_a_client_says_that_nobody_else_may_read(said: Any) -> None:
    assert "psst" not in shown(said, from_client=True)


@pytest.mark.parametrize(
    "told",
    [
        {"event_type": "chat_message", "data": {"channel": "tell", "message": "psst", "text": "Ada tells you: psst"}},
        {"event_type": "chat_message", "data": {"channel": "party", "message": "psst", "text": "psst"}},
        {"event_type": "lobby_message", "data": {"kind": "private", "message": "psst", "styled": "psst"}},
        {"type": "whisper", "message": "psst"},
        {"event_type": "session", "data": {"session_id": "psst", "refresh_token": "psst"}},
        [{"event_type": "welcome", "data": {"ice_servers": [{"credential": "psst"}]}}],
    ],
)
def test_what_a_client_is_told_that_nobody_else_may_read(told: Any) -> None:
    assert "psst" not in shown(told)


def test_what_everybody_hears_is_shown() -> None:
    said = {"event_type": "chat_message", "data": {"channel": "say", "message": "hello", "text": "Ada says: hello"}}
    assert blanked(said, from_client=False) == said
    moved = {"type": "command", "line": "north"}
    assert blanked(moved, from_client=True) == moved
    error = {"event_type": "error", "data": {"code": "muted"}}
    assert blanked(error, from_client=False) == error
    assert blanked("text", from_client=True) == "text"


def test_frames_as_a_server_writes_them() -> None:
    long = b'{"a": "' + b"x" * 70_000 + b'"}'
    packed = Deflate().compress(b'{"event_type": "pong"}')
    data = frame(TEXT, b"{}") + frame(TEXT, b'["' + b"x" * 200 + b'"]') + frame(TEXT, long)
    data += frame_head(0xC0 | TEXT, len(packed)) + packed + frame(CLOSE, b"\x11\x30bye")
    found = list(frames_in(data))
    assert [len(payload) for _, payload in found] == [2, 204, len(long), 22, 5]
    lines = [line_of("s2c", opcode, payload) for opcode, payload in found]
    assert lines[3]["name"] == "pong"
    assert lines[4]["fields"] == {"code": 4400}
    assert line_of("c2s", TEXT, b"no json")["error"]
    assert line_of("c2s", BINARY, b"\x81\xa4type\xa4ping")["name"] == "ping"
    assert line_of("c2s", 9, b"")["name"] == "ping"


async def test_a_browser_is_looked_into_over_rest(tmp_path: Path) -> None:
    async with running_server(tmp_path / "data") as server:
        settings = Settings(data_dir=tmp_path / "data")

        async def lab(path: str, **more: Any) -> Any:
            return await asyncio.to_thread(ask, settings, f"/api/admin/lab/{path}", **more)

        async with player(server.url, "Ranger", None) as ada:
            name = own_name(ada)
            (connection,) = await lab("connections")
            assert (connection["door"], connection["form"], connection["name"]) == ("http", "json", name)
            body = {"connection_id": connection["id"], "reason": "a test", "seconds": 60}
            capture = await lab("captures", method="POST", body=body)
            await ada.command("say hello everybody")
            await ada.command("tell ada psst")
            told = await lab(f"captures/{capture['id']}")
            names = [(line["direction"], line["name"]) for line in told["lines"]]
            assert ("c2s", "command") in names
            assert ("s2c", "chat_message") in names
            assert "psst" not in json.dumps(told)
            assert "hello everybody" in json.dumps(told)
            assert (await lab(f"captures/{capture['id']}/stop", method="POST"))["ended_by"] == "stopped"
            await ada.command("look")
            again = await lab(f"captures/{capture['id']}", query={"after": told["next"]})
            assert again["lines"] == []
            assert connection["id"] in await server.run_cli("lab", "list")

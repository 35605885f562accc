"""Peers that mean no good, and more of them than there is room for."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from tests.support.shards_door import PASSWORD, ShardsHouse, shards_house
from tests.wire.shards.vectors import WIRE

from mythgate.doors.shards.door import SOCKETS_PER_SESSION
from mythgate.wire.shards.messages import CLASSES, Message, MessageType

ENVELOPE: Final = set(Message.model_fields)


async def test_too_many_messages(tmp_path: Path) -> None:
    async with shards_house(tmp_path, message_burst=30, messages_per_second=1) as house:
        ada = await house.enter("aldra", "Aldra Venn")
        for _ in range(40):
            await ada.send("ping")
        told = await ada.until("error")
        assert (told["error_code"], told["priority"]) == ("RATE_LIMITED", 2)
        assert 0 < told["details"]["retry_after"] <= 1
        for _ in range(400):
            await ada.send("ping")
        assert await ada.closed() == 1000
        assert {"type": "disconnect", "reason": "flood"}.items() <= ada.heard[-1].items()


async def test_frames_that_are_no_text_count_too(tmp_path: Path) -> None:
    async with shards_house(tmp_path, message_burst=30, messages_per_second=1) as house:
        ada = await house.enter("aldra")
        assert ada.ws is not None
        for _ in range(40):
            await ada.ws.send_bytes(b"x")
        assert await ada.refused() == "RATE_LIMITED"


async def test_long_messages_count_for_more(tmp_path: Path) -> None:
    async with shards_house(tmp_path, message_burst=30, messages_per_second=1) as house:
        ada = await house.enter("aldra")
        for _ in range(2):
            await ada.say(" " * 400_000)
            await ada.refused()
        await ada.send("ping")
        assert await ada.refused() == "RATE_LIMITED"


async def test_too_many_requests(tmp_path: Path) -> None:
    async with shards_house(tmp_path, request_burst=20, requests_per_second=20) as house:
        ada = house.program()
        answers = await asyncio.gather(*(ada.call("GET", "/api/status") for _ in range(60)))
        late = [answer for answer in answers if answer.status == 429]
        assert late
        assert all(answer["success"] is False and int(answer.headers["retry-after"]) >= 1 for answer in late)


async def test_too_many_connections(tmp_path: Path) -> None:
    async with shards_house(tmp_path, connections=3, connections_per_address=2) as house:
        first, second, third = (house.program() for _ in range(3))
        await first.connect()
        await second.connect()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await third.connect()
        assert refused.value.status == 503
        await first.close()
        await house.settled(lambda: house.door.connected == 1)
        await third.connect()
        await third.quiet("error")


async def test_too_many_strangers(tmp_path: Path) -> None:
    async with shards_house(tmp_path, strangers=2) as house:
        ada = await house.enter("aldra")
        strangers = [house.program() for _ in range(3)]
        for one in strangers:
            await one.connect()
            await one.quiet("error")
        assert await strangers[0].closed() == 1000
        await strangers[2].quiet("error")
        await ada.quiet("disconnect")


async def test_too_many_sockets_of_one_session(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    sockets = [ada.ws]
    for _ in range(SOCKETS_PER_SESSION):
        await ada.quiet("disconnect")
        await ada.open()
        sockets.append(ada.ws)
    ada.ws = sockets[0]
    assert await ada.closed() == 1000
    assert ada.heard[-1]["reason"] == "displaced"
    for ada.ws in (sockets[1], sockets[-1]):
        await ada.quiet("disconnect")
    assert len(house.door.presences.all()) == 1


async def test_a_request_that_breaks_off_is_no_fault_of_ours(
    house: ShardsHouse, caplog: pytest.LogCaptureFixture
) -> None:
    host, _, port = house.url.removeprefix("http://").rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    called = asyncio.Event()
    whole = house.door.charge

    def charge(address: str) -> None:
        called.set()
        whole(address)

    house.door.charge = charge  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await called.wait()
        writer.close()
        await writer.wait_closed()
    assert (await house.program().call("GET", "/api/status")).status == 200
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


async def test_a_full_server(tmp_path: Path) -> None:
    async with shards_house(tmp_path, connections=1) as house:
        await house.program().connect()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await house.program().connect()
        assert house.door.stats.turned_away["full"] == 1


NONSENSE: Final[tuple[tuple[str, str, str | None, int], ...]] = (
    ("POST", "/api/auth/login", "{", 400),
    ("POST", "/api/auth/login", "[1]", 400),
    ("POST", "/api/auth/login", '"text"', 400),
    ("POST", "/api/auth/login", "\xff\xfe", 400),
    ("POST", "/api/auth/login", '{"username": 5, "password": "abcdef1"}', 400),
    ("POST", "/api/auth/login", '{"username": "aldra", "password": null}', 400),
    ("POST", "/api/auth/login", '{"username": "nobody", "password": "abcdef1"}', 401),
    ("POST", "/api/auth/register", '{"username": "ab", "password": "abcdef1"}', 400),
    ("POST", "/api/auth/register", '{"username": "borin", "password": "abcde"}', 400),
    ("POST", "/api/auth/register", '{"username": ["borin"], "password": "abcdef1"}', 400),
    ("POST", "/api/auth/register", '{"username": "ALDRA", "password": "abcdef1"}', 409),
    ("POST", "/api/auth/logout", '{"session_token": 7}', 200),
    ("POST", "/api/auth/logout", "", 200),
    ("POST", "/api/auth/login", "{" + " " * 2**20 + "}", 413),
    ("POST", "/api/characters", "{}", 401),
    ("DELETE", "/api/characters/x", None, 401),
    ("GET", "/api/world/events?limit=-5", None, 200),
    ("GET", "/api/world/events?limit=999999999999999999", None, 200),
    ("GET", "/api/world/events?limit=1e3", None, 400),
    ("GET", "/api/nope", None, 404),
    ("GET", "/", None, 404),
    ("PUT", "/api/status", None, 405),
    ("GET", "/ws", None, 400),
)
"""Method, path, body, and the status of the answer."""


async def test_requests_that_make_no_sense(house: ShardsHouse) -> None:
    caller = house.program()
    await caller.call("POST", "/api/auth/register", {"username": "aldra", "password": PASSWORD})
    for method, path, raw, status in NONSENSE:
        body = io.BytesIO(raw.encode("latin-1")) if raw is not None else None

        answer = await caller.call(method, path, raw=body)

        assert answer.status == status, (path, raw and raw[:99], answer.body)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        if status >= 400:
            assert answer["success"] is False
            assert answer["message"] == answer["error"] != ""


async def test_head_and_pages_of_elsewhere(tmp_path: Path) -> None:
    async with shards_house(tmp_path, cors_origins=["https://play.example"]) as house:
        caller = house.program()
        assert (await caller.call("HEAD", "/api/status")).status == 200
        asked = {"Access-Control-Request-Method": "POST"}
        for origin, allowed in (("https://play.example", "https://play.example"), ("https://evil.example", None)):
            async with caller.http.options(
                house.url + "/api/auth/login", headers={**asked, "Origin": origin}
            ) as answer:
                assert answer.headers.get("access-control-allow-origin") == allowed


async def test_a_fault_of_ours_says_nothing_of_how_we_work(house: ShardsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.enter("aldra", "Aldra Venn")

    def broken(*_: object) -> None:
        raise RuntimeError("secret of ours")

    monkeypatch.setattr(house.door.services.chat, "broadcast", broken)
    monkeypatch.setattr(house.door.services.shards, "all", broken)
    await ada.chat("Hello")
    told = await ada.until("error")
    assert told["error_code"] == "INTERNAL_ERROR"
    assert "secret" not in told["error_message"]
    answer = await ada.call("GET", "/api/world/shards")
    assert answer.status == 500
    assert "secret" not in answer["message"]
    await ada.quiet("error")


ODD: Final[tuple[object, ...]] = (
    None,
    0,
    -1,
    2**63 - 1,
    10**12 + 1,
    1.5,
    "",
    "x",
    "7",
    [],
    {},
    [{}],
    [{"item_id": 0}],
    {"x": 1.0},
    True,
)


async def test_whatever_is_asked_is_no_fault_of_ours(tmp_path: Path) -> None:
    """Every type with odd values in every field: done, refused or dropped, never an internal error."""
    async with shards_house(tmp_path, message_burst=100_000, messages_per_second=100_000) as house:
        ada = await house.enter("aldra", "Aldra Venn")
        names = {name: set(model.model_fields) - ENVELOPE for name, model in CLASSES.items()}
        names[MessageType.CHARACTER_CREATE] |= {"class"}
        for kind, wire in WIRE:
            if kind in ("disconnect", "auth_request"):
                continue
            usual = json.loads(wire)
            own = {"sender_id", "character_id", "inviter_id"} & names[MessageType(kind)]
            if kind == "character_delete":
                own = set()  # who deletes themselves learns nothing more
            for name in names[MessageType(kind)]:
                for odd in ODD:
                    fields = usual | dict.fromkeys(own, ada.character_id) | {name: odd}
                    await ada.say(json.dumps(fields))
            await ada.quiet("disconnect")
        codes = {told["error_code"] for told in ada.heard if told["type"] == "error"}
        assert "INTERNAL_ERROR" not in codes, [told for told in ada.heard if told.get("error_code") == "INTERNAL_ERROR"]
        assert {"PROTOCOL_ERROR", "FORBIDDEN", "INVALID_MESSAGE", "NOT_FOUND"} <= codes

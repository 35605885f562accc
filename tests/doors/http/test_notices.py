"""Notices and bridges over HTTP: from the wish to the webhook, from elsewhere into the lobby."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Site, site

from mythgate.domain.accounts import Role
from mythgate.domain.ids import AccountId
from mythgate.domain.sessions import OPERATOR

KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


@contextlib.asynccontextmanager
async def a_hook() -> AsyncIterator[tuple[str, asyncio.Queue[Any]]]:
    """Somewhere that takes JSON."""
    got: asyncio.Queue[Any] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        got.put_nowait(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 Fine\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", got


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, notices={"allowed_hosts": ["127.0.0.1"]}) as made:
        yield made
        await made.node.services.notices.settle()
        await made.node.services.bridges.settle()


async def test_from_the_wish_to_the_webhook(place: Site) -> None:
    signed_in = await place.register("Ada")
    token = signed_in["access_token"]
    async with a_hook() as (url, got):
        added = await place.post("/api/notices/contacts", {"way": "webhook", "address": url}, token=token)
        assert (added.status, added.json["confirmed"]) == (201, False)
        code = (await got.get())["text"].split()[0]
        path = f"/api/notices/contacts/{added.json['number']}"
        assert (await place.post(f"{path}/confirm", {"code": "0"}, token=token)).code == "invalid_input"
        assert (await place.post(f"{path}/confirm", {"code": code}, token=token)).json["in_use"] is True
        made = await place.post("/api/notices/subscriptions", {"occasion": "people", "place": "world"}, token=token)
        assert made.status == 201, made.body
        hours = {"begins": 0, "ends": 1, "zone": "Europe/Berlin"}
        assert (await place.call("PUT", "/api/notices/quiet", hours, token=token)).json == hours
        own = (await place.get("/api/notices", token=token)).json
        assert (own["quiet"], len(own["subscriptions"]), own["ways"]) == (hours, 1, ["webhook"])
        assert (await place.call("DELETE", "/api/notices/quiet", token=token)).status == 204
        tried = await place.post("/api/notices/test", token=token)
        assert [one["outcome"] for one in tried.json["tried"]] == ["delivered"]
        assert (await got.get())["title"] == "Mythgate"
        number = made.json["number"]
        assert (await place.call("DELETE", f"/api/notices/subscriptions/{number}", token=token)).status == 204
        assert (await place.call("DELETE", path, token=token)).status == 204
        own = (await place.get("/api/notices", token=token)).json
        assert (own["subscriptions"], own["contacts"], own["quiet"]) == ([], [], None)


async def test_guests_have_none_and_browsers_need_keys(place: Site) -> None:
    guest = (await place.post("/api/auth/guest")).json["access_token"]
    assert (await place.get("/api/notices", token=guest)).code == "permission_denied"
    assert (await place.get("/api/notices")).status == 401
    token = (await place.register("Ada"))["access_token"]
    browser = {"way": "push", "address": "https://push.example.org/1", "keys": KEYS}
    assert (await place.post("/api/notices/contacts", browser, token=token)).code == "invalid_input"  # no key yet


async def test_a_bridge_from_its_opening_to_its_end(place: Site) -> None:
    signed_in = await place.register("Ada")
    account_id, token = AccountId(signed_in["user_id"]), signed_in["access_token"]
    async with a_hook() as (url, got):
        wanted = {"room_id": 26, "name": "Elsewhere", "url": url, "hears": True}
        assert (await place.post("/api/admin/bridges", wanted, token=token)).code == "permission_denied"
        await place.node.services.accounts.set_role(OPERATOR, account_id, Role.OWNER)
        opened = await place.post("/api/admin/bridges", wanted, token=token)
        assert opened.status == 201, opened.body
        [row] = (await place.get("/api/admin/bridges", token=token)).json["bridges"]
        assert row == {key: value for key, value in opened.json.items() if key != "token"}
        assert (row["sends_to"], row["sends"], row["hears"]) == ("127.0.0.1", True, True)
        line = {"name": "Ann", "text": "hello"}
        told = await place.post("/api/bridge", line, token=opened.json["token"])
        assert (told.status, told.json) == (202, {"status": "told"})
        [said] = await place.node.services.lobbies.recent(26)
        assert (said.name, said.message, said.origin) == ("Ann", "hello", "Elsewhere")
        assert (await place.post("/api/bridge", line, token="wrong")).code == "invalid_token"
        assert (await place.post("/api/bridge", line)).status == 401
        assert got.empty()  # it does not come back
        number = row["number"]
        assert (await place.call("DELETE", f"/api/admin/bridges/{number}", token=token)).status == 204
        assert (await place.post("/api/bridge", line, token=opened.json["token"])).code == "invalid_token"

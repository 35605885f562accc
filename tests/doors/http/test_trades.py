"""Trades over HTTP, by a whole node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.http import Answer, Site, site

from mythgate.domain.ids import CharacterId, ItemId, PlayId
from mythgate.domain.items import HolderKind, Item


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


class Person:
    """Somebody in the world, with a stream that nobody reads."""

    def __init__(self, place: Site, token: str, character_id: CharacterId) -> None:
        self.place = place
        self.token = token
        self.id = character_id

    async def call(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.place.call(method, f"/api/trades{path}", body, token=self.token)

    async def souls(self) -> int:
        return (await self.place.node.services.sheets.of(self.id)).souls


async def enter(place: Site, name: str) -> Person:
    token: str = (await place.register(name))["access_token"]
    character_id = CharacterId((await place.post("/api/characters", {"name": name}, token=token)).json["id"])
    services = place.node.services
    caller = await services.sessions.authenticate(token)
    character = await services.presence.choose(caller, character_id)
    place.node.hub.open(PlayId(f"play of {name}"), character_id, caller.account_id, caller.session_id)
    await services.presence.enter(caller, character, play_id=PlayId(f"play of {name}"))
    await services.sheets.change(character_id, lambda sheet: replace(sheet, souls=100))
    return Person(place, token, character_id)


async def carries(place: Site, one: Person) -> ItemId:
    services = place.node.services
    template = next(iter(services.world.world.templates))
    item = Item(ItemId("a-thing"), template, HolderKind.CHARACTER, one.id, services.clock.now())
    await services.store.write(lambda tx: tx.items.add(item))
    return item.id


async def test_a_trade_from_the_request_to_the_end(place: Site) -> None:
    ada, bob = await enter(place, "Ada"), await enter(place, "Bob")
    thing = await carries(place, ada)
    asked = await ada.call("POST", "", {"player_id": bob.id})
    assert (asked.status, asked.json["state"], asked.json["partner_name"]) == (201, "requested", "Bob")
    waiting = (await bob.call("GET", "")).json
    assert waiting["trade"] is None
    assert [one["id"] for one in waiting["requests"]] == [asked.json["id"]]
    path = f"/{asked.json['id']}"
    opened = await bob.call("POST", f"{path}/accept")
    assert (opened.status, opened.json["state"]) == (200, "open")
    offered = await ada.call("PUT", f"{path}/offer", {"souls": 30, "items": [{"item_id": thing}]})
    assert offered.json["yours"]["items"][0]["item_id"] == thing
    await bob.call("PUT", f"{path}/offer", {"souls": 5})
    seen = (await bob.call("GET", "")).json["trade"]
    assert (seen["theirs"]["souls"], seen["yours"]["souls"]) == (30, 5)
    stale = await bob.call("POST", f"{path}/confirm", {"revision": seen["revision"] - 1})
    assert (stale.status, stale.code) == (409, "trade_changed")
    assert (await bob.call("POST", f"{path}/confirm", {"revision": seen["revision"]})).json["yours"]["confirmed"]
    done = await ada.call("POST", f"{path}/confirm", {"revision": seen["revision"]})
    assert (done.status, done.json["state"]) == (200, "completed")
    assert (await ada.souls(), await bob.souls()) == (75, 125)
    again = await ada.call("POST", f"{path}/confirm", {"revision": seen["revision"]})
    assert (again.status, again.code) == (404, "no_trade")


async def test_cheats_are_refused_and_change_nothing(place: Site) -> None:
    ada, bob, eve = await enter(place, "Ada"), await enter(place, "Bob"), await enter(place, "Eve")
    thing = await carries(place, ada)
    path = f"/{(await ada.call('POST', '', {'player_id': bob.id})).json['id']}"
    assert (await ada.call("POST", f"{path}/accept")).status == 403
    await bob.call("POST", f"{path}/accept")
    for who, method, where, body, status in (
        (eve, "POST", f"{path}/confirm", {}, 404),
        (eve, "PUT", f"{path}/offer", {"souls": 1}, 404),
        (eve, "DELETE", path, None, 404),
        (eve, "POST", "", {"player_id": ada.id}, 409),
        (bob, "PUT", f"{path}/offer", {"souls": -1}, 422),
        (bob, "PUT", f"{path}/offer", {"souls": 2**63}, 422),
        (bob, "PUT", f"{path}/offer", {"souls": 101}, 409),
        (bob, "PUT", f"{path}/offer", {"items": [{"item_id": thing}]}, 409),
        (bob, "PUT", f"{path}/offer", {"items": [{"item_id": thing, "quantity": -1}]}, 422),
        (ada, "PUT", f"{path}/offer", {"items": [{"item_id": thing}, {"item_id": thing}]}, 422),
        (ada, "PUT", f"{path}/offer", {"items": [{"item_id": thing, "quantity": 2}]}, 409),
        (ada, "POST", f"{path}/confirm", {}, 409),
    ):
        assert (await who.call(method, where, body)).status == status, (method, where, body)
    assert [await one.souls() for one in (ada, bob, eve)] == [100, 100, 100]
    assert (await bob.call("DELETE", path)).status == 204
    assert (await ada.call("GET", "")).json == {"trade": None, "requests": []}


async def test_only_who_is_in_the_world_trades(place: Site) -> None:
    token = (await place.register("Ada"))["access_token"]
    answer = await place.get("/api/trades", token=token)
    assert (answer.status, answer.code) == (409, "not_in_world")
    assert (await place.get("/api/trades")).status == 401


async def test_who_is_near(place: Site) -> None:
    ada, bob = await enter(place, "Ada"), await enter(place, "Bob")
    place.node.services.positions.report(bob.id, (1.0, 2.0, 3.0), (0.0, 0.0, 0.5))
    answer = await place.get("/api/nearby", token=ada.token)
    assert answer.status == 200
    (near,) = answer.json["players"]
    assert (near["name"], near["level"], near["faction"], near["status"]) == ("Bob", 1, "", "online")
    assert (near["position"], near["velocity"]) == ([1.0, 2.0, 3.0], [0.0, 0.0, 0.5])
    assert near["last_seen_at"].endswith("Z")
    assert (await place.get("/api/nearby", token=bob.token)).json["players"][0]["position"] is None

"""What cheats try over the native door: refused with a reason, logged, and nothing is changed by it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.cheating import logged, rows
from tests.support.http import Answer, Site, site

from mythgate.domain.ids import CharacterId, ItemId, PlayId, RoomId
from mythgate.domain.items import HolderKind, Item

HUGE: Final = 10**30


@dataclass
class Person:
    """Somebody in the world, with a stream that nobody reads."""

    place: Site
    token: str
    id: CharacterId

    async def call(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.place.call(method, path, body, token=self.token)

    async def command(self, line: str) -> dict[str, Any]:
        name, *args = line.split(" ")
        answer = await self.call("POST", "/api/command", {"command": name, "args": args})
        assert answer.status == 200, answer.body
        data: dict[str, Any] = answer.json
        return data


async def enter(place: Site, name: str, room_id: RoomId) -> Person:
    token: str = (await place.register(name))["access_token"]
    character_id = CharacterId((await place.post("/api/characters", {"name": name}, token=token)).json["id"])
    services = place.node.services
    await services.store.write(
        lambda tx: tx.characters.relocate(tx.characters.require(character_id), room_id, services.clock.now())
    )
    caller = await services.sessions.authenticate(token)
    character = await services.presence.choose(caller, character_id)
    place.node.hub.open(PlayId(f"play of {name}"), character_id, caller.account_id, caller.session_id)
    await services.presence.enter(caller, character, play_id=PlayId(f"play of {name}"))
    await services.sheets.change(character_id, lambda sheet: replace(sheet, souls=100))
    return Person(place, token, character_id)


@dataclass
class Scene:
    """Ada and Bob trade and are of one party, Ada has confirmed; Cid and Dan fight; Eve looks on."""

    place: Site
    people: dict[str, Person]
    names: dict[str, str]  # what stands for what in the table

    @property
    def live(self) -> object:
        """What is not saved, and must not change either."""
        services = self.place.node.services
        ada, cid = self.people["ada"].id, self.people["cid"].id
        trade, fight = services.trades.of(ada), services.encounters.of(cid)
        assert trade is not None
        assert fight is not None
        whereabouts = {one.character_id: one.room_id for one in self.place.node.presences.all()}
        return services.trades.view(trade, ada), fight.record, whereabouts, services.trades.count()

    def filled(self, what: Any) -> Any:
        """The table's names for ids, as they are in this scene."""
        if isinstance(what, str):
            for name, value in self.names.items():
                what = what.replace("{" + name + "}", value)
            return what
        if isinstance(what, dict):
            return {key: self.filled(value) for key, value in what.items()}
        return [self.filled(one) for one in what] if isinstance(what, list) else what


async def a_scene(place: Site) -> Scene:
    services = place.node.services
    wild = next(room.id for room in services.world.world.rooms.values() if "hollow_soldier" in room.creatures)
    people = {name: await enter(place, name.capitalize(), wild) for name in ("ada", "bob", "cid", "dan", "eve")}
    ada, bob, cid, dan, _ = people.values()
    template = next(iter(services.world.world.templates))
    thing = Item(ItemId("a-thing"), template, HolderKind.CHARACTER, ada.id, services.clock.now())
    await services.store.write(lambda tx: tx.items.add(thing))
    await ada.call("POST", "/api/party/create", {})
    await ada.call("POST", "/api/party/invite", {"invitee_id": bob.id})
    assert (await bob.call("POST", "/api/party/accept")).status == 200
    trade = (await ada.call("POST", "/api/trades", {"player_id": bob.id})).json["id"]
    await bob.call("POST", f"/api/trades/{trade}/accept")
    offered = (await bob.call("PUT", f"/api/trades/{trade}/offer", {"souls": 5})).json
    confirmed = await ada.call("POST", f"/api/trades/{trade}/confirm", {"revision": offered["revision"]})
    assert confirmed.json["yours"]["confirmed"]
    await cid.call("POST", "/api/combat", {"player_id": dan.id})
    fight = (await dan.call("POST", "/api/combat", {"player_id": cid.id})).json["combat"]
    active, waiting = ("cid", "dan") if fight["active_character_id"] == cid.id else ("dan", "cid")
    names: dict[str, str] = {name: one.id for name, one in people.items()}
    room = services.world.world.require(wild)
    no_way = next(way for way in ("up", "down", "north", "south") if room.exit_by(way) is None)
    names |= {"trade": trade, "fight": fight["id"], "thing": "a-thing", "no way": no_way}
    people |= {"active": people[active], "waiting": people[waiting]}
    return Scene(place, people, names)


def act(deed: str, **more: Any) -> dict[str, Any]:
    return {"deed": deed, **more}


_SHEET, _TRADE, _ACT = "/api/characters/{bob}/sheet", "/api/trades/{trade}", "/api/combat/act"

OVER_REST: Final[tuple[tuple[str, str, str, Any, str], ...]] = (
    # characters of others
    ("eve", "GET", _SHEET, None, "permission_denied"),
    ("eve", "POST", "/api/characters/select", {"character_id": "{bob}"}, "permission_denied"),
    ("eve", "DELETE", "/api/characters/{bob}", None, "permission_denied"),
    ("eve", "POST", "/api/characters/{bob}/beginning", {"race": "Elf", "class": "Rogue"}, "permission_denied"),
    ("eve", "POST", "/api/characters/{bob}/restore", None, "not_found"),
    ("eve", "GET", "/api/characters/nobody/sheet", None, "not_found"),
    # trades of others
    ("eve", "POST", f"{_TRADE}/confirm", {}, "no_trade"),
    ("eve", "PUT", f"{_TRADE}/offer", {"souls": 1}, "no_trade"),
    ("eve", "DELETE", _TRADE, None, "no_trade"),
    ("eve", "POST", f"{_TRADE}/accept", None, "no_trade"),
    ("eve", "POST", "/api/trades", {"player_id": "{ada}"}, "already_trading"),
    # twice, or what one has not seen
    ("ada", "POST", f"{_TRADE}/confirm", {}, "trade_changed"),
    ("ada", "POST", f"{_TRADE}/accept", None, "trade_changed"),
    ("bob", "POST", f"{_TRADE}/confirm", {"revision": 1}, "trade_changed"),
    ("bob", "POST", f"{_TRADE}/confirm", {"revision": -1}, "validation_error"),
    ("bob", "POST", f"{_TRADE}/confirm", {"revision": HUGE}, "validation_error"),
    # amounts below nothing, and beyond all bounds
    ("bob", "PUT", f"{_TRADE}/offer", {"souls": -1}, "validation_error"),
    ("bob", "PUT", f"{_TRADE}/offer", {"souls": HUGE}, "validation_error"),
    ("bob", "PUT", f"{_TRADE}/offer", {"souls": 101}, "cannot_trade"),
    ("bob", "PUT", f"{_TRADE}/offer", {"items": [{"item_id": "{thing}"}]}, "cannot_trade"),
    ("ada", "PUT", f"{_TRADE}/offer", {"items": [{"item_id": "{thing}", "quantity": 0}]}, "validation_error"),
    ("ada", "PUT", f"{_TRADE}/offer", {"items": [{"item_id": "{thing}", "quantity": -3}]}, "validation_error"),
    ("ada", "PUT", f"{_TRADE}/offer", {"items": [{"item_id": "{thing}", "quantity": HUGE}]}, "validation_error"),
    ("ada", "PUT", f"{_TRADE}/offer", {"items": [{"item_id": "{thing}", "quantity": 2}]}, "cannot_trade"),
    ("ada", "PUT", f"{_TRADE}/offer", {"items": [{"item_id": "{thing}"}] * 2}, "invalid_input"),
    # acts out of turn, for others, or of another fight
    ("waiting", "POST", _ACT, act("light_attack"), "not_your_turn"),
    ("waiting", "POST", _ACT, act("flee"), "not_your_turn"),
    ("waiting", "POST", _ACT, act("item", item="{thing}"), "not_your_turn"),
    ("eve", "POST", _ACT, act("light_attack", combat_id="{fight}"), "no_combat"),
    ("active", "POST", _ACT, act("light_attack", combat_id="another"), "no_combat"),
    ("active", "POST", _ACT, act("light_attack", target=17), "invalid_target"),
    ("active", "POST", _ACT, act("light_attack", target=-1), "validation_error"),
    ("active", "POST", _ACT, act("light_attack", target=HUGE), "validation_error"),
    ("active", "POST", _ACT, act("win"), "validation_error"),
    ("active", "POST", _ACT, act("ability", ability="Fireball"), "no_such_ability"),
    ("eve", "POST", "/api/combat/join", {"player_id": "{cid}"}, "invalid_action"),
    ("active", "POST", "/api/combat", {"enemy": "hollow_soldier"}, "fighting"),
    ("active", "POST", "/api/trades", {"player_id": "{eve}"}, "trade_refused"),
    # parties of others
    ("eve", "POST", "/api/party/kick", {"character_id": "{bob}"}, "not_in_party"),
    ("bob", "POST", "/api/party/kick", {"character_id": "{ada}"}, "permission_denied"),
    ("bob", "POST", "/api/party/promote", {"character_id": "{bob}"}, "permission_denied"),
    ("bob", "POST", "/api/party/disband", None, "permission_denied"),
    ("eve", "POST", "/api/party/accept", {"party_id": 1}, "no_pending_invite"),
    ("eve", "GET", "/api/chat/party/history", None, "not_in_party"),
)
"""Who, method, path, body, and why not."""

IN_WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("eve", "{no way}", "no_exit"),
    ("eve", "go {no way}", "no_exit"),
    ("active", "west", "fighting"),
    ("active", "rest", "fighting"),
    ("waiting", "heavy", "not_your_turn"),
    ("eve", "light", "no_combat"),
    ("bob", "trade offer -5 souls", "invalid_input"),
    ("bob", "trade offer 999999999999999 souls", "invalid_input"),
    ("bob", "trade offer 101 souls", "cannot_trade"),
    ("ada", "trade confirm", "trade_changed"),
    ("eve", "trade confirm", "no_trade"),
    ("eve", "capture", "no_shard"),
    ("eve", "party kick Bob", "not_in_party"),
    ("bob", "party kick Ada", "permission_denied"),
)
"""Who, what they type, and why not."""


async def test_what_cheats_try(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mythgate.services.refusals")
    async with site(tmp_path, combat={"turn": "3600"}) as place:
        scene = await a_scene(place)
        logged(caplog)
        wrong: list[object] = []
        before = rows(place.node.settings.data_dir), scene.live

        def look(what: object, reason: str, code: str, text: str) -> None:
            changed = (rows(place.node.settings.data_dir), scene.live) != before
            found = (reason, logged(caplog), bool(text), changed)
            if found != (code, [code], True, False):
                wrong.append((what, found))

        for who, method, path, body, code in OVER_REST:
            answer = await scene.people[who].call(method, scene.filled(path), scene.filled(body))
            reason = answer.code if answer.status >= 400 else "done"
            look((who, method, path, body), reason, code, str(answer.json.get("detail", "")))
        for who, line, code in IN_WORDS:
            told = await scene.people[who].command(scene.filled(line))
            look((who, line), "done" if told["success"] else told["code"], code, told["result"])
        assert wrong == []
        nobody = await place.post("/api/command", {"command": "say", "args": ["hi"]}, token="of nobody")
        assert nobody.status == 401

"""What cheats try over the Shards door: refused with a reason, logged, and nothing is changed by it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp
import pytest
from tests.doors.shards.test_company import party_of, trade_between
from tests.support.cheating import logged, rows
from tests.support.shards_door import Program, ShardsHouse

from mythgate.domain.ids import CharacterId
from mythgate.domain.items import HolderKind

WILD: Final = 11  # where nobody is safe
HUGE: Final = 2**63 - 1


@dataclass
class Scene:
    """Ada and Bo trade and are of one party, Ada has confirmed; Cid and Dan fight; Eve looks on."""

    house: ShardsHouse
    people: dict[str, Program]
    numbers: dict[str, Any]  # what stands for what in the table

    @property
    def live(self) -> object:
        services = self.house.node.services
        ids = {one.number: one.character_id for one in self.house.node.presences.all()}
        ada = CharacterId(ids[self.people["ada"].character_id])
        trade, fight = services.trades.of(ada), services.encounters.of(ids[self.people["cid"].character_id])
        assert trade is not None
        assert fight is not None
        whereabouts = {one.character_id: one.room_id for one in self.house.node.presences.all()}
        return services.trades.view(trade, ada), fight.record, whereabouts, services.trades.count()

    def filled(self, what: Any) -> Any:
        """The table's names for numbers, as they are in this scene."""
        if isinstance(what, dict):
            return {key: self.filled(value) for key, value in what.items()}
        if isinstance(what, list):
            return [self.filled(one) for one in what]
        if isinstance(what, str) and what.startswith("{"):
            return self.numbers[what[1:-1]]
        return what


async def a_scene(house: ShardsHouse) -> Scene:
    names = {"ada": "Aldra Venn", "bo": "Borin Slate", "cid": "Cyd Marsh", "dan": "Dannic Holt", "eve": "Evra Stone"}
    people = {name: await house.enter(f"{name}player", called) for name, called in names.items()}
    ada, bo, cid, dan, _ = people.values()
    services = house.node.services
    for body in house.node.presences.all():
        await services.sheets.change(body.character_id, lambda sheet: replace(sheet, souls=100))
    party = await party_of(ada, bo)
    trade = await trade_between(ada, bo)
    await bo.send("trade_update", trade_id=trade, souls=5)
    await ada.until("trade_update")
    await ada.send("trade_accept", trade_id=trade)
    await bo.until("trade_accept")
    for one in (cid, dan):
        await one.send("move", character_id=one.character_id, to_location_id=WILD)
        await one.until("location_update")
    await cid.send("combat_start", target_id=dan.character_id)
    await dan.until("event_trigger")
    await dan.send("combat_start", target_id=cid.character_id)
    state = await cid.until("combat_state")
    active, waiting = (cid, dan) if state["active_character_id"] == cid.character_id else (dan, cid)
    numbers: dict[str, Any] = {name: one.character_id for name, one in people.items()}
    numbers |= {"trade": trade, "party": party, "fight": state["combat_id"]}
    numbers |= {"active": active.character_id, "waiting": waiting.character_id}
    for one in people.values():
        await one.quiet("error")
    return Scene(house, people | {"active": active, "waiting": waiting}, numbers)


def deed(of: str, **fields: Any) -> dict[str, Any]:
    return {"combat_id": "{fight}", "character_id": f"{{{of}}}", "action_type": "attack", **fields}


def invited(by: str) -> dict[str, Any]:
    names = {"inviter_name": "x", "invitee_name": "x"}
    return {"party_id": "{party}", "inviter_id": f"{{{by}}}", "invitee_id": "{cid}", **names}


def offered(**fields: Any) -> dict[str, Any]:
    return {"trade_id": "{trade}", **fields}


CAPTURED: Final = {
    "shard_id": 1,
    "shard_name": "x",
    "captured_by_character_id": "{eve}",
    "captured_by_character_name": "x",
    "faction": "Iron Brotherhood",
}

ON_THE_SOCKET: Final[tuple[tuple[str, str, dict[str, Any], str], ...]] = (
    # as somebody else
    ("eve", "move", {"character_id": "{bo}", "to_location_id": 2}, "FORBIDDEN"),
    ("eve", "move", {"character_id": 0, "to_location_id": 2}, "FORBIDDEN"),
    ("eve", "party_invite", invited("ada"), "FORBIDDEN"),
    ("eve", "party_invite", invited("eve"), "NOT_IN_PARTY"),
    ("waiting", "combat_action", deed("active"), "FORBIDDEN"),
    ("eve", "character_select", {"character_id": "{bo}"}, "NOT_FOUND"),
    ("eve", "character_delete", {"character_id": "{bo}"}, "NOT_FOUND"),
    # as if one were the server
    ("eve", "shard_captured", CAPTURED, "FORBIDDEN"),
    ("eve", "aetherfall", {"winning_faction": "Iron Brotherhood"}, "FORBIDDEN"),
    ("eve", "trade_complete", {"trade_id": "{trade}"}, "FORBIDDEN"),
    ("eve", "combat_end", {"combat_id": "{fight}", "winner_ids": ["{eve}"], "souls_gained": 5000}, "FORBIDDEN"),
    ("eve", "quest_update", {"quest_id": "x", "status": "done"}, "FORBIDDEN"),
    # where no way leads
    ("eve", "move", {"character_id": "{eve}", "to_location_id": 424_242}, "INVALID_LOCATION"),
    ("eve", "move", {"character_id": "{eve}", "to_location_id": -3}, "INVALID_LOCATION"),
    ("eve", "move", {"character_id": "{eve}", "to_location_id": HUGE}, "INVALID_LOCATION"),
    ("eve", "move", {"character_id": "{eve}", "to_location_id": 10**40}, "PROTOCOL_ERROR"),
    ("active", "move", {"character_id": "{active}", "to_location_id": 1}, "INVALID_ACTION"),
    ("eve", "move", {"character_id": "{eve}", "to_location_id": 0, "position": {"x": 1e300}}, "INVALID_MESSAGE"),
    ("eve", "move", {"character_id": "{eve}", "to_location_id": 0, "velocity": {"x": -1e300}}, "INVALID_MESSAGE"),
    # out of turn, and in fights of others
    ("waiting", "combat_action", deed("waiting"), "NOT_YOUR_TURN"),
    ("waiting", "combat_action", deed("waiting", action_type="flee"), "NOT_YOUR_TURN"),
    ("waiting", "combat_action", deed("waiting", action_type="item", item_id=1), "NOT_YOUR_TURN"),
    ("eve", "combat_action", deed("eve"), "COMBAT_NOT_FOUND"),
    ("active", "combat_action", deed("active", combat_id="another"), "COMBAT_NOT_FOUND"),
    ("active", "combat_action", deed("active", action_type="win"), "INVALID_ACTION"),
    ("active", "combat_action", deed("active", target_id=-1), "INVALID_TARGET"),
    ("active", "combat_action", deed("active", target_id=HUGE), "INVALID_TARGET"),
    ("active", "combat_action", deed("active", action_type="item", item_id=-1), "INVALID_TARGET"),
    ("active", "combat_action", deed("active", action_type="spell", ability_name="Fireball"), "INVALID_ACTION"),
    ("active", "combat_start", {"enemy": "corrupt_wolf"}, "INVALID_ACTION"),
    # trades of others, twice, and of what there is not
    ("eve", "trade_accept", {"trade_id": "{trade}"}, "NOT_FOUND"),
    ("eve", "trade_decline", {"trade_id": "{trade}"}, "NOT_FOUND"),
    ("eve", "trade_update", offered(souls=1), "NOT_FOUND"),
    ("eve", "trade_request", {"target_id": "{ada}"}, "INVALID_ACTION"),
    ("ada", "trade_accept", {"trade_id": "{trade}"}, "INVALID_ACTION"),
    ("bo", "trade_accept", offered(revision=0), "INVALID_ACTION"),
    ("bo", "trade_update", offered(souls=-1), "INVALID_MESSAGE"),
    ("bo", "trade_update", offered(souls=HUGE), "INVALID_MESSAGE"),
    ("bo", "trade_update", offered(souls=10**40), "INVALID_MESSAGE"),
    ("bo", "trade_update", offered(souls=101), "INVALID_ACTION"),
    ("bo", "trade_update", offered(souls=1.5), "INVALID_MESSAGE"),
    ("bo", "trade_update", offered(items=["sword"]), "INVALID_MESSAGE"),
    ("bo", "trade_update", offered(items=[{"item_id": -1, "quantity": 1}]), "NOT_FOUND"),
    ("bo", "trade_update", offered(items=[{"item_id": "{thing}", "quantity": 1}]), "NOT_FOUND"),
    ("ada", "trade_update", offered(items=[{"item_id": "{thing}", "quantity": -1}]), "INVALID_MESSAGE"),
    ("ada", "trade_update", offered(items=[{"item_id": "{thing}", "quantity": 0}]), "INVALID_MESSAGE"),
    ("ada", "trade_update", offered(items=[{"item_id": "{thing}", "quantity": HUGE}]), "INVALID_MESSAGE"),
    # parties of others
    ("eve", "party_kick", {"party_id": "{party}", "character_id": "{bo}"}, "NOT_IN_PARTY"),
    ("bo", "party_kick", {"party_id": "{party}", "character_id": "{ada}"}, "FORBIDDEN"),
    ("bo", "party_disband", {"party_id": "{party}"}, "FORBIDDEN"),
    ("eve", "party_disband", {"party_id": "{party}"}, "NOT_IN_PARTY"),
    ("eve", "party_accept", {"party_id": "{party}"}, "NO_PENDING_INVITE"),
    ("eve", "party_chat", {"sender_id": "{ada}", "sender_name": "ada", "content": "Hi"}, "NOT_IN_PARTY"),
)
"""Who, type, fields, and why not; empty if it is answered and means nothing."""

OVER_REST: Final[tuple[tuple[str, str, str, Any, int], ...]] = (
    ("eve", "POST", "/api/characters/select", {"character_id": "{bo}"}, 404),
    ("eve", "POST", "/api/characters/select", {"character_id": -1}, 400),
    ("eve", "DELETE", "/api/characters/{bo}", None, 404),
    ("eve", "POST", "/api/party/invite", {"party_id": "{party}", "invitee_id": "{cid}"}, 403),
    ("eve", "POST", "/api/party/invite", {"party_id": HUGE, "invitee_id": "{cid}"}, 404),
    ("eve", "POST", "/api/party/leave", {"party_id": "{party}"}, 409),
    ("bo", "POST", "/api/party/create", {"party_name": "Another"}, 409),
    ("eve", "POST", "/api/party/create", {"party_name": 7}, 400),
    ("eve", "POST", "/api/world/shards/1/capture", None, 404),
    ("eve", "POST", "/api/world/shards/-1/capture", None, 400),
    ("eve", "POST", f"/api/world/shards/{10**40}/capture", None, 400),
)
"""Who, method, path, body, and the status of the answer."""


async def test_what_cheats_try(house: ShardsHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mythgate.services.refusals")
    scene = await a_scene(house)
    ada = scene.people["ada"]
    data_dir = house.node.settings.data_dir
    mine = next(one for one in house.node.presences.all() if one.number == ada.character_id).character_id
    held = await house.node.services.store.read(lambda tx: tx.items.held_by(HolderKind.CHARACTER, mine))
    scene.numbers["thing"] = held[0].number
    logged(caplog)
    wrong: list[object] = []
    before = rows(data_dir), scene.live
    for who, kind, fields, code in ON_THE_SOCKET:
        actor = scene.people[who]
        start = len(actor.heard)
        await actor.send(kind, **scene.filled(fields))
        await actor.send("ping")
        await actor.until("pong")
        told = [(one["error_code"], bool(one["error_message"])) for one in actor.heard[start:] if "error_code" in one]
        found = (told, logged(caplog), (rows(data_dir), scene.live) != before)
        if found != ([(code, True)] * bool(code), [code] * bool(code), False):
            wrong.append((who, kind, fields, found))
    for who, method, path, body, status in OVER_REST:
        for name, number in scene.numbers.items():
            path = path.replace("{" + name + "}", str(number))
        actor = scene.people[who]
        # A line of its own: one that was quiet for long may be closed by the server in this moment.
        async with aiohttp.ClientSession() as own:
            lines, actor.http = actor.http, own
            try:
                answer = await actor.call(method, path, scene.filled(body))
            finally:
                actor.http = lines
        refused = (answer.status, answer["success"], bool(answer["message"]))
        changed = (rows(data_dir), scene.live) != before
        if (refused, len(logged(caplog)), changed) != ((status, False, True), 1, False):
            wrong.append((who, method, path, answer.body, changed))
    assert wrong == []


async def test_nobody_speaks_in_the_name_of_another(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    await bo.chat("Give me your souls", sender_id=ada.character_id, sender_name="aldra")
    told = await ada.until("chat")
    assert (told["sender_id"], told["sender_name"]) == (bo.character_id, "borin")

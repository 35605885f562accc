"""How characters are, shards, realities and quests, as programs are told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.doors.shards.test_fights import duel
from tests.support.shards import Won
from tests.support.shards_door import Program, ShardsHouse

from mythgate.domain.events import CombatEnd, SystemMessage, event_of
from mythgate.domain.ids import CharacterId
from mythgate.domain.items import HolderKind
from mythgate.domain.sheets import Resources, Sheet
from mythgate.doors.shards import rendering
from mythgate.wire.shards import codec
from mythgate.wire.shards.messages import Message


def id_of(house: ShardsHouse, who: Program) -> CharacterId:
    present = house.door.by_number(who.character_id)
    assert present is not None
    return present.character_id


async def go(who: Program, number: int) -> None:
    await who.send("move", character_id=who.character_id, to_location_id=number)
    assert (await who.until("location_update"))["location_id"] == number


async def bring_down(house: ShardsHouse, who: Program, number: int) -> None:
    """`who` brings the guardian of a shard down, which is told elsewhere."""
    services = house.node.services
    room_id = services.shards.get(number).room_id
    assert room_id is not None
    falling = services.shards.guardian_falling(Won(room_id, (id_of(house, who),)))
    assert falling is not None
    await services.store.write(falling, then=lambda tell: tell())
    await services.shards.settle()


async def test_how_one_is_the_owner_and_those_nearby_are_told(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    carla = await house.enter("carla", "Carla Marsh")
    await go(carla, 11)

    def hurt(sheet: Sheet) -> Sheet:
        return replace(sheet, now=Resources(50, sheet.now.stamina, sheet.now.mana))

    def grow(sheet: Sheet) -> Sheet:
        return replace(sheet, experience=100)

    await house.node.services.sheets.change(id_of(house, ada), hurt)
    for one in (ada, bo):
        told = await one.until("character_update", lambda told: told["health"] == 50)
        assert (told["character_id"], told["level"]) == (ada.character_id, 1)
        assert told["location_id"] == 1
    await house.node.services.sheets.change(id_of(house, ada), grow)
    for one in (ada, bo):
        told = await one.until("character_update", lambda told: told["level"] == 2)
        assert (told["character_id"], told["health"]) == (ada.character_id, 50)
    await carla.quiet("character_update")


async def test_who_is_healed_in_a_fight(house: ShardsHouse) -> None:
    ada, bo, state = await duel(house)
    active = ada if state["active_character_id"] == ada.character_id else bo
    character_id, services = id_of(house, active), house.node.services
    fight = services.encounters.of(character_id)
    assert fight is not None
    fighter = fight.fighter_of(character_id)
    assert fighter is not None
    fighter.now = Resources(20, fighter.now.stamina, fighter.now.mana)
    carried = await services.store.read(lambda tx: tx.items.held_by(HolderKind.CHARACTER, character_id))
    potion = next(one for one in carried if "potion" in one.template_id)
    act = {"combat_id": state["combat_id"], "character_id": active.character_id, "action_type": "item"}
    await active.send("combat_action", **act, item_id=potion.number)
    for one in (ada, bo):
        told = await one.until("combat_heal")
        assert (told["combat_id"], told["amount"]) == (state["combat_id"], 50)
        assert told["source_id"] == told["target_id"] == active.character_id


async def test_shards_are_taken_and_bring_a_reality(house: ShardsHouse) -> None:
    ada, lurker = await house.enter("aldra", "Aldra Venn"), await house.enter("carla")
    shards = house.node.services.shards
    order: list[str] = []
    shift: dict[str, Any] = {}
    state: dict[str, Any] = {}
    for number in (1, 2, 3, 4):
        location = shards.get(number).location
        assert location is not None
        await go(ada, location)
        refused = await ada.call("POST", f"/api/world/shards/{number}/capture")
        assert (refused.status, refused["success"]) == (409, False)
        await bring_down(house, ada, number)
        for one in (ada, lurker):
            told = await one.until("shard_status", lambda told, shard=number: told["shard_id"] == shard)  # type: ignore[misc]
            assert (told["status"], told["owning_faction"]) == ("contested", None)
        taken = await ada.call("POST", f"/api/world/shards/{number}/capture")
        assert (taken.status, taken["shard"]["owning_faction"]) == (200, "Iron Brotherhood")
        for one in (ada, lurker):
            told = await one.until("shard_captured", lambda told, shard=number: told["shard_id"] == shard)  # type: ignore[misc]
            assert (told["captured_by_character_id"], told["priority"]) == (ada.character_id, 2)
            assert (told["captured_by_character_name"], told["faction"]) == ("Aldra Venn", "Iron Brotherhood")
            assert told["previous_owner_faction"] is None
        while lurker.heard[-1]["type"] != "event_trigger":
            await lurker.receive()
        told_of_it = lurker.heard[[told["type"] for told in lurker.heard].index("shard_captured") :]
        lurker.heard.clear()
        order = [told["type"] for told in told_of_it]
        assert (told_of_it[-1]["event_type"], told_of_it[-1]["faction"]) == ("shard_capture", "Iron Brotherhood")
        shift, state = told_of_it[1], told_of_it[-2]
        if number < 4:
            await go(ada, 1)
    assert order == ["shard_captured", "reality_shift", "world_state", "event_trigger"]
    assert (shift["previous_reality"], shift["current_reality"]) == ("Neutral", "Iron Age")
    assert 85 <= shift["reality_stability"] == state["reality_stability"] <= 95
    assert (state["current_reality"], state["dominant_faction"]) == ("Iron Age", "Iron Brotherhood")
    assert state["faction_shard_counts"] == {"Iron Brotherhood": 4}
    seen = (await ada.call("GET", "/api/world/shards", token=""))["shards"]
    assert [one["is_captured"] for one in seen] == [True] * 4 + [False] * 8


async def test_so_many_events_as_are_asked_for(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    for number in (1, 2):
        location = house.node.services.shards.get(number).location
        assert location is not None
        await go(ada, location)
        await bring_down(house, ada, number)
        assert (await ada.call("POST", f"/api/world/shards/{number}/capture")).status == 200
        await go(ada, 1)

    async def events(query: str = "") -> list[dict[str, Any]]:
        return list((await ada.call("GET", f"/api/world/events{query}", token=""))["events"])

    newest, older = await events()
    assert newest["id"] > older["id"]
    assert {newest["event_type"], older["event_type"]} == {"shard_capture"}
    for limit in (1, 0, -1, -(10**17)):  # too few is one
        assert await events(f"?limit={limit}") == [newest]
    for limit in (2, 200, 201, 10**17):  # and too many 200
        assert await events(f"?limit={limit}") == [newest, older]
    for silly in ("x", "1.5", "", "1e3"):
        assert (await ada.call("GET", f"/api/world/events?limit={silly}", token="")).status == 400


async def test_a_quest_is_told_of(house: ShardsHouse) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    await go(ada, 11)  # where a scout has troubles with wolves
    services = house.node.services
    offered, *_ = await services.quests.offers(id_of(house, ada))
    await services.quests.accept(id_of(house, ada), offered.name)
    told = await ada.until("quest_update")
    assert (told["quest_id"], told["status"], told["progress"]["name"]) == (offered.id, "active", offered.name)
    assert told["progress"]["step"] <= told["progress"]["total_steps"]
    assert all(set(one) == {"text", "count", "needed", "done"} for one in told["progress"]["steps"])


async def test_what_one_gets_from_a_fight_and_what_the_server_says(house: ShardsHouse) -> None:
    """Only announcements are announced; other lines of the server are those of the text world."""
    ada = await house.enter("aldra", "Aldra Venn")
    character_id, now = id_of(house, ada), house.door.clock.now()
    for payload in (
        SystemMessage("For the log of a terminal.", "info"),
        SystemMessage("The bridge is open.", "announcement"),
        CombatEnd("fight-1", "won", [character_id], 70, 100, ["Rusty Sword", "Wolf Pelt"], "7", "You have won."),
    ):
        house.door.hub.send(character_id, event_of(payload, now))
    assert (await ada.until("world_announcement"))["content"] == "The bridge is open."
    end = await ada.until("combat_end")
    assert (end["combat_id"], end["winner_ids"]) == ("fight-1", [ada.character_id])
    assert (end["souls_gained"], end["xp_gained"], end["loot"]) == (70, 100, ["Rusty Sword", "Wolf Pelt"])


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("invalid_message", {}),
        ("error", {"error_code": "FORBIDDEN", "error_message": "No, you."}),
        ("pong", {}),
    ],
)
async def test_what_is_no_question_is_not_answered(house: ShardsHouse, kind: str, fields: dict[str, Any]) -> None:
    ada = await house.enter("aldra", "Aldra Venn")
    ada.heard.clear()
    await ada.send(kind, **fields)
    await ada.send("ping", message_id="after")
    assert (await ada.until("pong"))["message_id"] == "after"
    assert {told["type"] for told in ada.heard} <= {"pong", "event_trigger"}  # people of the place may speak


async def test_what_all_hear_is_written_once(house: ShardsHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    listeners = [await house.enter(name, f"{name.title()} Marsh") for name in ("aldra", "borin", "carla", "dorn")]
    written: list[str] = []

    def encode(message: Message) -> str:
        written.append(message.type)
        return codec.encode(message)

    monkeypatch.setattr(rendering, "encode", encode)
    await listeners[0].chat("Hello, all of you")
    for one in listeners:
        assert (await one.until("chat"))["content"] == "Hello, all of you"
    assert written.count("chat") == 1


async def test_talk_goes_where_its_channel_says(house: ShardsHouse) -> None:
    """Programs may name the channel of another type; who is in no party is told so."""
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    carla = await house.enter("carla", "Carla Marsh", faction="Moonlit Circle")
    await ada.chat("Iron", channel="faction")
    assert (await bo.until("faction_chat"))["content"] == "Iron"
    await ada.chat("For two", channel="whisper", recipient_id=bo.character_id)
    assert (await bo.until("whisper"))["content"] == "For two"
    await ada.chat("Who?", channel="party")
    assert await ada.refused() == "NOT_IN_PARTY"
    await ada.chat("Ho!", channel="shout")
    for one in (ada, bo, carla):
        assert (await one.until("chat"))["content"] == "Ho!"
    assert {told["type"] for told in carla.heard} & {"faction_chat", "whisper"} == set()

"""Everything the native client can do in the world, against a real server."""

from __future__ import annotations

import asyncio
import json
import re
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.support.native import (
    FACTION,
    GATE,
    PASSWORD,
    SAND,
    Heard,
    fight_of,
    fresh_name,
    impatience,
    own_id,
    own_name,
    party_of,
    player,
    settled,
    trade_of,
    write_arena,
)
from tests.support.proxy import Network
from tests.support.server import ROOMY, RunningServer, running_server

from mythgate.client import Client, Neighbour, NoAnswer, Unsent
from mythgate.domain.errors import (
    AlreadyInParty,
    AlreadyTrading,
    AuthenticationError,
    BadCredentials,
    BadUsage,
    CannotTrade,
    Conflict,
    ExitLocked,
    Fighting,
    GuardianUndefeated,
    InvalidInput,
    InvalidTarget,
    NameTaken,
    NoCharacter,
    NoCombat,
    NoFaction,
    NoPendingInvite,
    NoQuest,
    NoShard,
    NoSuchAbility,
    NoSuchExit,
    NotFound,
    NotHere,
    NotInParty,
    NotInWorld,
    NoTrade,
    PermissionDenied,
    QuestNotOpen,
    Refused,
    ShardHeld,
    TooManyCharacters,
    TooWeak,
    TradeChanged,
    Unreachable,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("client-adventure")]

QUICK = {
    "MYTHGATE_COMBAT__RESPAWN": "0.01",
    "MYTHGATE_LIMITS__LOGINS_PER_ADDRESS": "100000",
    "MYTHGATE_METASERVER__ENABLED": "false",
    "MYTHGATE_SHARDS__ENABLED": "false",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    folder = tmp_path_factory.mktemp("adventure")
    packs = {"MYTHGATE_WORLD__PACKS": json.dumps([str(write_arena(folder / "arena"))])}
    async with running_server(folder / "data", ROOMY | QUICK | packs) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def network(server: RunningServer) -> AsyncIterator[Network]:
    line = Network(server.port)
    await line.listen()
    try:
        yield line
    finally:
        await line.close()


# --- coming and going ----------------------------------------------------------------------------------


async def test_connect_signs_in_and_disconnect_ends_everything(server: RunningServer) -> None:
    client = Client(server.url, backoff=impatience())
    name = fresh_name()
    await client.register(name, PASSWORD)
    made = await client.create_character(name)
    await client.disconnect()
    await client.disconnect()
    with pytest.raises(BadCredentials):
        await client.connect(name, "wrong")
    with pytest.raises(AuthenticationError):
        await client.get_characters()
    with pytest.raises(Unsent):
        await client.wait_for("*")
    for _ in range(2):  # whoever is connected comes anew
        await client.connect(name, PASSWORD)
        assert client.state == "connected"
        assert client.character is not None
        assert (client.character.id, client.character.name) == (made["id"], name)
        assert client.room is not None
        assert client.room.id == GATE
    await client.disconnect()
    assert (client.state, client.character, client.room, client.access_token) == ("disconnected", None, None, "")
    await client.login(name, PASSWORD)
    await client.connect(made["id"])
    await client.connect()  # and the line is opened anew, where it was
    assert client.character is not None
    await client.leave()
    await client.close()


async def test_all_requests_share_their_connections(server: RunningServer, network: Network) -> None:
    async with Client(network.url, backoff=impatience()) as client:
        await client.register(fresh_name(), PASSWORD)
        for _ in range(20):
            await client.get_characters()
            await client.get_world_state()
        assert network.accepted == 1


async def test_nobody_there(network: Network) -> None:
    await network.refuse()
    async with Client(network.url, backoff=impatience()) as client:
        with pytest.raises(Unsent):
            await client.get_status()
        with pytest.raises(NoAnswer):
            await client.connect("ada", PASSWORD)


async def test_a_call_waits_for_the_line_that_is_being_restored(server: RunningServer, network: Network) -> None:
    async with player(network.url) as client:
        await network.refuse()
        network.cut()
        await client.wait_for("reconnecting")
        asked = asyncio.create_task(client.create_party("The Patient"))
        moved = asyncio.create_task(client.send_move("north"))
        await client.send_position_update((1, 2, 3))
        await client.send_position_update((4, 5, 6))
        await asyncio.sleep(0)
        await network.listen()
        assert (await asked).name == "The Patient"
        assert (await moved).id == SAND
        assert client.party is not None
        await network.refuse()
        client._backoff.attempts = 0
        network.cut()
        with pytest.raises(NoAnswer):
            while True:
                await client.get_status()


async def test_a_token_that_has_expired_is_renewed(server: RunningServer) -> None:
    async with player(server.url) as client:
        client.access_token = "nonsense"
        assert (await client.get_characters())[0]["name"] == own_name(client)
        client.access_token, client.refresh_token = "nonsense", "nonsense"
        with pytest.raises(AuthenticationError):
            await client.get_characters()


# --- characters ----------------------------------------------------------------------------------------


async def test_characters(server: RunningServer) -> None:
    async with Client(server.url) as client:
        with pytest.raises(AuthenticationError):
            await client.get_characters()
        await client.register(fresh_name(), PASSWORD)
        with pytest.raises(NoCharacter):
            await client.connect()
        name = fresh_name()
        stats = {"strength": 15, "dexterity": 9, "constitution": 12, "intelligence": 8, "wisdom": 8, "charisma": 8}
        made = await client.create_character(name, "Elf", "Sorcerer", "Aether Seekers", stats, description="Tall.")
        assert (made["race"], made["character_class"], made["faction"]) == ("Elf", "Sorcerer", "Aether Seekers")
        assert [one["id"] for one in await client.get_characters()] == [made["id"]]
        assert [one["id"] for one in await client.characters()] == [made["id"]]
        sheet = await client.get_sheet(made["id"])
        assert (sheet.race, sheet.stats.constitution) == ("Elf", 12)
        with pytest.raises(NoCharacter):
            await client.get_sheet()
        with pytest.raises(NameTaken):
            await client.create_character(name)
        with pytest.raises(InvalidInput):
            await client.create_character(fresh_name(), race="Rabbit")
        with pytest.raises(InvalidInput):
            await client.create_character(fresh_name(), stats=stats | {"strength": 18})
        with pytest.raises(InvalidInput):
            await client.create_character(fresh_name(), dice="7d7")
        other = await client.create_character(fresh_name())
        became = await client.choose_beginning(other["id"], race="Dwarf", character_class="Warrior", dice="heroic")
        assert became["race"] == "Dwarf"
        with pytest.raises(Refused):
            await client.choose_beginning(other["id"], race="Elf")
        await client.create_character(fresh_name())
        with pytest.raises(TooManyCharacters):
            await client.create_character(fresh_name())
        for refused in (client.select_character, client.delete_character, client.restore_character, client.get_sheet):
            with pytest.raises(NotFound):
                await refused("01945a3e-7c1a-7b3c-9d2e-1f2a3b4c5d6e")
        await client.select_character(other["id"])
        await client.delete_character(other["id"])
        assert [one["id"] for one in await client.get_deleted_characters()] == [other["id"]]
        assert (await client.restore_character(other["id"]))["id"] == other["id"]
        await client.select_character(other["id"])
        await client.connect()
        assert own_id(client) == other["id"]
        assert (await client.get_sheet()).race == "Dwarf"
        with pytest.raises(Conflict):
            await client.delete_character(other["id"])


async def test_the_character_is_as_it_was_told(server: RunningServer) -> None:
    async with player(server.url, "Ranger") as client:
        assert client.character is not None
        assert client.character.sheet is not None
        assert not any(one.equipped for one in client.character.inventory)
        await client.command("wield twig")
        assert [one.name for one in client.character.inventory if one.equipped] == ["a twig"]
        await client.command("drop twig")
        assert [one.name for one in client.character.inventory] == ["a brew"]
        assert client.room is not None
        assert "a twig" in [one.name for one in client.room.items]
        await client.command("take twig")
        assert "a twig" not in [one.name for one in client.room.items]
        await client.send_move("north")
        await client.start_combat("hollow_soldier")
        await client.wait_for_turn()
        await client.send_combat_action(None, "attack")
        while await client.wait_for_turn() is not None:
            await client.flee_combat()
        await client.ping()
        assert client.character.sheet == await client.get_sheet()
        assert client.room is not None
        assert client.character.room_id == client.room.id


# --- surroundings --------------------------------------------------------------------------------------


async def test_moving_and_who_is_near(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url) as ben:
        await settled(ada, lambda: own_id(ben) in ada.nearby_players)
        seen = ada.nearby_players[own_id(ben)]
        assert (seen.character_name, seen.location_id, seen.faction, seen.level) == (own_name(ben), GATE, FACTION, 1)
        assert (seen.position, seen.status) == (None, "online")
        assert [one.character_id for one in ben.get_nearby_players()].count(own_id(ada)) == 1
        assert own_id(ada) not in ada.nearby_players
        await ben.send_position_update({"x": 1.5, "z": -2}, [0, 0, 1])
        await settled(ada, lambda: ada.nearby_players[own_id(ben)].position)
        assert ada.nearby_players[own_id(ben)].position == (1.5, 0, -2)
        assert ada.nearby_players[own_id(ben)].velocity == (0, 0, 1)
        await ben.command("away gone fishing")
        await settled(ada, lambda: ada.nearby_players[own_id(ben)].status == "away")
        for wrong in ((1, 2), (1, 2, float("nan")), {"x": 1, "w": 2}, "abc"):
            with pytest.raises(InvalidInput):
                await ben.send_position_update(wrong)  # type: ignore[arg-type]
        with pytest.raises(NoSuchExit):
            await ben.send_move("west")
        with pytest.raises(NoSuchExit):
            await ben.send_move("arena_ring_main_moon")
        with pytest.raises(ExitLocked):
            await ben.send_move("down")
        with pytest.raises(NotHere):
            await ben.send_move("north", SAND)
        with pytest.raises(InvalidInput):
            await ben.send_move("north", position=(1, 2))
        room = await ben.send_move("north", GATE, position=(7, 8, 9))
        assert (room.id, ben.room, ben.character.room_id if ben.character else "") == (SAND, room, SAND)
        assert own_id(ada) not in ben.nearby_players
        await settled(ada, lambda: own_id(ben) not in ada.nearby_players)
        await ada.send_move("arena")
        await settled(ben, lambda: own_id(ada) in ben.nearby_players)
        ada.nearby_players.clear()
        assert own_id(ben) in [one.character_id for one in await ada.refresh_nearby_players()]
        assert ada.nearby_players[own_id(ben)].position == (7, 8, 9)
        assert ada.get_nearby_players(SAND) == ada.get_nearby_players()
        assert ada.get_nearby_players(GATE) == []
        assert (await ada.send_move(GATE)).id == GATE
        assert (await ada.look()).name == "The Gate"
        ada.update_nearby_player({"character_id": "x", "character_name": "Xaver", "level": 3, "shoes": "red"})
        ada.update_nearby_player({"character_id": "x", "position": (1.0, 2.0, 3.0)})
        ada.update_nearby_player({"character_id": own_id(ada), "level": 3})
        ada.update_nearby_player({"level": 3})
        added = ada.nearby_players.pop("x")
        assert added == Neighbour("x", "Xaver", GATE, (1.0, 2.0, 3.0), level=3, last_seen=added.last_seen)
        assert own_id(ada) not in ada.nearby_players


async def test_out_of_the_world(server: RunningServer) -> None:
    async with Client(server.url) as client:
        await client.register(fresh_name(), PASSWORD)
        await client.create_character(fresh_name())
        for outside in (client.refresh_nearby_players, client.get_combat, client.create_party):
            with pytest.raises(NotInWorld):
                await outside()
        with pytest.raises(Unsent):
            await client.send_position_update((0, 0, 0))


# --- talk ----------------------------------------------------------------------------------------------


async def test_talk_on_every_channel(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url) as ben, player(server.url, faction=None) as eve:
        heard = Heard(ben)
        party = await ada.create_party("Talkers")
        await ada.invite_to_party(None, own_id(ben))
        await ben.accept_party_invite(party.number)
        for channel in ("say", "emote", "shout", "global", "party", "faction"):
            await ada.send_chat(f"words on {channel}", channel)
            told = await heard.find("chat_message", channel=channel, player_id=own_id(ada))
            assert told["message"] == f"words on {channel}"
        await ada.send_party_chat("  two  words ")
        await heard.find("chat_message", channel="party", message="two words")
        await ada.send_faction_chat("for us")
        await heard.find("chat_message", channel="faction", message="for us")
        await ada.send_whisper(own_name(ben), "by name")
        await ada.send_whisper(own_id(ben), "by id")
        await ada.send_chat("told", "tell", own_id(ben))
        for message in ("by name", "by id", "told"):
            await heard.find("chat_message", message=message)
        await ben.send_move("north")
        await settled(ada, lambda: own_id(ben) not in ada.nearby_players)
        await ada.send_whisper(own_id(ben), "as a fellow of the party")
        await heard.find("chat_message", message="as a fellow of the party")
        assert [one.message for one in await ada.get_chat_history("party")] == ["words on party", "two words"]
        assert len(await ada.get_chat_history(limit=1)) == 1
        with pytest.raises(Unreachable):
            await ada.send_whisper("Nobody At All", "hello?")
        with pytest.raises(NotInParty):
            await eve.send_party_chat("alone")
        with pytest.raises(NoFaction):
            await eve.send_faction_chat("alone")
        with pytest.raises(InvalidInput):
            await eve.send_chat("?", "telepathy")
        with pytest.raises(InvalidInput):
            await eve.send_chat("?", "whisper")
        with pytest.raises(NotInParty):
            await eve.get_chat_history("party")
        with pytest.raises(NotFound):
            await eve.get_chat_history("telepathy")


# --- parties -------------------------------------------------------------------------------------------


async def test_a_party_from_its_founding_to_its_end(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url) as ben, player(server.url) as eve:
        for nothing in (ada.leave_party, ada.disband_party):
            with pytest.raises(NotInParty):
                await nothing()
        party = await ada.create_party()
        assert ada.party is not None
        assert (ada.party, ada.party.leader_id) == (party, own_id(ada))
        with pytest.raises(AlreadyInParty):
            await ada.create_party("Another")
        asked = await ada.invite_to_party(party.number, own_id(ben))
        await settled(ben, lambda: ben.party_invitations)
        assert ben.party_invitations == {party.number: asked}
        assert ada.party_invitations == {}
        with pytest.raises(BadUsage):
            await ada.invite_to_party(party.number, own_id(ben))
        with pytest.raises(NotInParty):
            await ada.invite_to_party(party.number + 1, own_id(eve))
        with pytest.raises(Unreachable):
            await ada.invite_to_party(party.number, "nobody")
        await ben.decline_party_invite()
        assert ben.party_invitations == {}
        with pytest.raises(NoPendingInvite):
            await ben.accept_party_invite()
        with pytest.raises(NoPendingInvite):
            await ben.decline_party_invite(party.number)
        await ada.invite_to_party(None, own_id(ben))
        joined = await ben.accept_party_invite()
        assert ben.party is not None
        assert [one.name for one in ben.party.members] == [own_name(ada), own_name(ben)]
        assert joined.number == party.number
        assert ben.party_invitations == {}
        with pytest.raises(PermissionDenied):
            await ben.kick_from_party(party.number, own_id(ada))
        with pytest.raises(PermissionDenied):
            await ben.disband_party()
        with pytest.raises(NotInParty):
            await ada.disband_party(party.number + 1)
        with pytest.raises(NotFound):
            await ada.kick_from_party(party.number, own_id(eve))
        with pytest.raises(InvalidInput):
            await ada.set_party_loot(party.number, "finder")  # type: ignore[arg-type]
        await ada.set_party_loot(party.number, "roll")
        assert ada.party is not None
        assert ada.party.loot_sharing == "roll"
        await ada.promote_in_party(party.number, own_id(ben))
        assert ada.party.leader_id == own_id(ben)
        kicked = await ben.kick_from_party(None, own_id(ada))
        assert [one.id for one in kicked.members] == [own_id(ben)]
        await settled(ada, lambda: party_of(ada) is None)
        card = await eve.get_party(party.number)
        assert (card.name, card.member_count, card.party, card.is_active) == (party.name, 1, None, True)
        with pytest.raises(NotFound):
            await eve.get_party(10_000)
        await ben.disband_party(party.number)
        assert party_of(ben) is None
        await ada.create_party()
        await ada.leave_party()
        assert party_of(ada) is None
        assert not (await eve.get_party(party.number)).is_active


async def fight_on(client: Client, *deeds: str | tuple[str, int]) -> int:
    """Act whenever it is one's turn, at last always alike; how often that was."""
    acted = 0
    while (turn := await client.wait_for_turn()) is not None:
        deed = deeds[min(acted, len(deeds) - 1)]
        try:
            await client.send_combat_action(turn.id, *((deed,) if isinstance(deed, str) else deed))
        except TooWeak:
            await client.send_combat_action(turn.id, "wait")
        acted += 1
    return acted


# --- fights --------------------------------------------------------------------------------------------


async def test_a_fight_together(server: RunningServer) -> None:
    async with player(server.url, "Ranger") as ada, player(server.url) as ben:
        with pytest.raises(Refused):
            await ada.start_combat("hollow_soldier")  # nothing lives here
        for nothing in (ada.get_combat, ada.flee_combat):
            with pytest.raises(NoCombat):
                await nothing()
        assert await ada.wait_for_turn() is None
        await ada.send_move("north")
        await ben.send_move("north")
        with pytest.raises(InvalidTarget):
            await ada.start_combat("unicorn")
        with pytest.raises(NoCombat):
            await ben.join_combat(own_id(ada))
        begun = await ada.start_combat("skeleton_warrior")
        assert begun is not None
        assert ada.combat is not None
        assert ada.combat.id == begun.id
        with pytest.raises(Fighting):
            await ada.start_combat("skeleton_warrior")
        joined = await ben.join_combat(own_id(ada))
        assert ben.combat is not None
        assert joined.id == ben.combat.id == begun.id
        assert (await ben.get_combat()).id == begun.id
        turn = await ada.wait_for_turn()
        assert turn is not None
        assert ada.is_own_turn
        assert not ben.is_own_turn
        with pytest.raises(Refused) as refused:
            await ben.send_combat_action(begun.id, "attack")
        assert refused.value.code == "not_your_turn"
        with pytest.raises(NoCombat):
            await ada.send_combat_action("another", "attack")
        with pytest.raises(InvalidInput):
            await ada.send_combat_action(begun.id, "dance")
        with pytest.raises(InvalidInput):
            await ada.send_combat_action(begun.id, "ability")
        with pytest.raises(InvalidInput):
            await ada.send_combat_action(begun.id, "item")
        with pytest.raises(NoSuchAbility):
            await ada.send_combat_action(begun.id, "spell", ability_name="Moonwalk")
        with pytest.raises(InvalidTarget):
            await ada.send_combat_action(begun.id, "attack", 17)
        with pytest.raises(NotHere):
            await ada.send_combat_action(begun.id, "item", item_id="cake")
        await ada.send_combat_action(begun.id, "item", item_id="brew")
        foe = next(one.number for one in begun.fighters if one.character_id is None)
        await asyncio.gather(fight_on(ada, "defend", "dodge"), fight_on(ben, "wait", "parry", ("heavy_attack", foe)))
        assert fight_of(ben) is None
        record = await ben.get_combat_record(begun.id)
        assert record.commitment == begun.commitment
        assert {one.kind for one in record.entries} >= {"join", "act"}
        with pytest.raises(Refused):
            await ben.get_combat_record("nonsense")


async def test_a_duel(server: RunningServer) -> None:
    async with player(server.url, "Ranger") as ada, player(server.url, "Ranger") as ben:
        await ada.send_move("north")
        with pytest.raises(NotHere):
            await ada.start_combat(target_id=own_id(ben))
        await ben.send_move("north")
        assert await ada.start_combat(target_id=own_id(ben)) is None
        await settled(ben, lambda: own_id(ada) in ben.challenges)
        assert ada.challenges == {}
        fight = await ben.start_combat(target_id=own_id(ada))
        assert fight is not None
        assert fight.is_duel
        assert ben.challenges == {}
        await settled(ada, lambda: fight_of(ada) is not None)
        for _ in range(300):
            for one in (ada, ben):
                if one.combat is not None and one.is_own_turn:
                    await one.flee_combat(fight.id)
            if ada.combat is None and ben.combat is None:
                break
            await asyncio.gather(ada.ping(), ben.ping())
        else:
            raise AssertionError("nobody gets away")


def brews(client: Client) -> int:
    assert client.character is not None
    return sum(one.count for one in client.character.inventory if one.name.endswith("brew"))


# --- trades --------------------------------------------------------------------------------------------


async def test_a_trade_from_asking_to_its_end(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url) as ben, player(server.url) as eve:
        for nothing in (ada.accept_trade, ada.confirm_trade, ada.decline_trade, ada.cancel_trade, ada.update_trade):
            with pytest.raises(NoTrade):
                await nothing()
        with pytest.raises(NoTrade):
            await ada.confirm_trade("nonsense")
        with pytest.raises(NotHere):
            await ada.request_trade("nobody")
        asked = await ada.request_trade(own_id(eve))
        assert ada.trade == asked
        await settled(eve, lambda: asked.id in eve.trade_requests)
        assert trade_of(eve) is None
        with pytest.raises(AlreadyTrading):
            await ada.request_trade(own_id(ben))
        await eve.decline_trade()
        assert eve.trade_requests == {}
        await settled(ada, lambda: trade_of(ada) is None)
        asked = await ada.request_trade(own_id(eve))
        await ada.cancel_trade()
        assert trade_of(ada) is None
        await settled(eve, lambda: not eve.trade_requests)

        asked = await ada.request_trade(own_id(ben))
        await settled(ben, lambda: asked.id in ben.trade_requests)
        opened = await ben.accept_trade()
        assert ben.trade == opened
        assert (opened.state, ben.trade_requests) == ("open", {})
        await settled(ada, lambda: ada.trade is not None and ada.trade.state == "open")
        assert ada.character is not None
        brew = next(one for one in ada.character.inventory if one.name.endswith("brew"))
        offered = await ada.update_trade(souls=2, items=[{"item_id": brew.id, "quantity": 2}])
        assert ada.trade == offered
        assert [(one.name, one.quantity) for one in offered.yours.items] == [("a brew", 2)]
        with pytest.raises(CannotTrade):
            await ada.update_trade(offered.id, souls=100_000)
        with pytest.raises(InvalidInput):
            await ada.update_trade(offered.id, souls=-1)
        with pytest.raises(TradeChanged):
            await ben.confirm_trade(offered.id, opened.revision)
        await settled(ben, lambda: ben.trade is not None and ben.trade.theirs.souls == 2)
        wanted = await ben.confirm_trade(None, offered.revision)
        assert wanted.yours.confirmed
        done = await ada.confirm_trade()
        assert done.state == "completed"
        assert trade_of(ada) is None
        await settled(ben, lambda: trade_of(ben) is None)
        await settled(ben, lambda: brews(ben) == 5)
        assert brews(ada) == 1
        again = await ben.request_trade(own_id(ada))
        await settled(ada, lambda: again.id in ada.trade_requests)
        await ada.request_trade(own_id(ben))  # who asks who has asked accepts
        assert ada.trade is not None
        assert ada.trade.id == again.id
        await ada.cancel_trade(again.id)
        await settled(ben, lambda: trade_of(ben) is None)


# --- the world -----------------------------------------------------------------------------------------


async def test_quests_and_a_shard(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url, faction="Golden Order") as ben:
        state = await ada.get_world_state()
        assert (state["name"], state["current_reality"]) == ("Arena", "Neutral")
        log = await ada.get_quests()
        assert [one.name for one in log.offers] == ["The Hollow Soldier"]
        assert log.quests == []
        with pytest.raises(NoQuest):
            await ada.accept_quest("the dragon")
        with pytest.raises(QuestNotOpen):
            await ada.accept_quest("captain")
        assert (await ada.accept_quest("hollow")).status == "active"
        assert (await ada.abandon_quest("hollow")).status == "abandoned"
        with pytest.raises(NoQuest):
            await ada.abandon_quest("hollow")
        with pytest.raises(NoShard):
            await ada.capture_shard()
        await ada.send_move("north")
        with pytest.raises(GuardianUndefeated):
            await ada.capture_shard()
        assert await ada.start_combat("crystal_shard_guardian") is not None
        while (fight := await ada.wait_for_turn()) is not None:
            me = next(one for one in fight.fighters if one.character_id == own_id(ada))
            await ada.send_combat_action(fight.id, "attack" if me.stamina >= 15 else "wait")
        taken = await ada.capture_shard()
        assert (taken["id"], taken["owning_faction"], taken["captured_by"]) == (1, FACTION, own_name(ada))
        with pytest.raises(ShardHeld):
            await ada.capture_shard()
        shards = await ben.get_shard_status()
        assert [one["is_captured"] for one in shards] == [True] + [False] * 11
        history = await ben.get_shard_history(1)
        assert [one["character_name"] for one in history["owners"]] == [own_name(ada)]
        with pytest.raises(InvalidInput):
            await ben.get_shard_history(13)
        events = await ben.get_world_events()
        assert [one["event_type"] for one in events] == ["shard_capture"]
        assert await ben.get_world_events(before=events[0]["id"]) == []
        with pytest.raises(InvalidInput):
            await ben.get_world_events(0)
        assert (await ben.get_status())["players_online"] >= 2


async def test_the_fight_of_the_page(server: RunningServer) -> None:
    page = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text("utf-8")
    [fight] = [one for one in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "start_combat" in one]
    body = textwrap.indent(fight.replace("corrupt_wolf", "hollow_soldier"), "    ")
    scope: dict[str, Any] = {}
    exec(compile(f"async def win(client):\n{body}", "docs/python-client.md", "exec"), scope)
    async with player(server.url) as ada:
        heard = Heard(ada)
        await ada.send_move("north")
        await scope["win"](ada)
        assert (await heard.find("combat_end"))["outcome"] == "won"


# --- lines that break ----------------------------------------------------------------------------------


async def test_a_fight_goes_on_over_every_cut(server: RunningServer, network: Network) -> None:
    async with player(network.url, "Ranger") as ada, player(server.url) as ben:
        heard = Heard(ada)
        party = await ben.create_party()
        await ben.invite_to_party(party.number, own_id(ada))
        await settled(ada, lambda: ada.party_invitations)
        network.cut()
        await ada.wait_for("reconnecting")
        await ada.accept_party_invite()
        assert ada.party is not None
        await ada.send_move("north")
        await ben.send_move("north")
        begun = await ada.start_combat("skeleton_warrior")
        assert begun is not None
        network.cut()
        await ben.join_combat(own_id(ada))
        slain = asyncio.create_task(fight_on(ben, "wait", "wait", "attack"))
        acted = 0
        while (await ada.wait_for_turn()) is not None:
            act = asyncio.create_task(ada.send_combat_action(begun.id, "wait"))
            await asyncio.sleep(0)
            network.cut()
            await act
            acted += 1
        assert await slain >= 3
        told = await heard.find("combat_end", combat_id=begun.id)
        entries = (await ben.get_combat_record(begun.id)).entries
        number = next(one.number for one in begun.fighters if one.character_id == own_id(ada))
        assert sum(one.kind == "act" and one.fighter == number for one in entries) == acted, "each once"
        assert told["outcome"] == "won"
        assert fight_of(ada) is None
        assert heard.count("reset") == 0
        assert ada.party is not None
        assert ada.party.number == party.number
        assert {one.id for one in ada.party.members} == {own_id(ada), own_id(ben)}


async def test_a_trade_goes_on_over_every_cut(server: RunningServer, network: Network) -> None:
    async with player(network.url) as ada, player(server.url) as ben:
        asked = await ada.request_trade(own_id(ben))
        network.cut()
        await settled(ben, lambda: asked.id in ben.trade_requests)
        await ben.accept_trade(asked.id)
        await settled(ada, lambda: ada.trade is not None and ada.trade.state == "open")
        network.cut()
        await ben.update_trade(souls=3)
        await settled(ada, lambda: ada.trade is not None and ada.trade.theirs.souls == 3)
        await ben.confirm_trade()
        network.cut()
        await ada.wait_for("reconnecting")
        await settled(ada, lambda: ada.trade is not None and ada.trade.theirs.confirmed)
        await ada.confirm_trade(revision=ada.trade.revision if ada.trade else 0)
        assert trade_of(ada) is None
        await settled(ben, lambda: trade_of(ben) is None)


async def test_whoever_begins_anew_or_goes_on_elsewhere_knows_all(server: RunningServer) -> None:
    async with player(server.url, keep_session=True) as ada, player(server.url) as ben, player(server.url) as eve:
        name, party = own_name(ada), await ada.create_party()
        await ben.create_party("Others")
        asked = await eve.request_trade(own_id(ada))
        await settled(ada, lambda: asked.id in ada.trade_requests)
        await ben.send_position_update((1, 1, 1))
        await ben.ping()
        await ada.close()
        async with Client(server.url, session_id=ada.session_id, last_seq=ada.last_seq, keep_session=True) as second:
            heard = Heard(second)
            await second.login(name, PASSWORD)
            await second.connect(own_id(ada))
            assert heard.count("game_state") == heard.count("reset") == 0, "it goes on"
            assert second.character is not None
            assert second.character.name == name
            assert second.room is not None
            assert second.room.id == GATE
            assert second.nearby_players[own_id(ben)].position == (1, 1, 1)
            assert second.party is not None
            assert second.party.number == party.number
            assert list(second.trade_requests) == [asked.id]
            assert fight_of(second) is None
        async with Client(server.url) as third:  # knows nothing of a play session
            heard = Heard(third)
            await third.connect(name, PASSWORD)
            await heard.find("game_state")
            assert third.party is not None
            assert third.party.number == party.number
            assert list(third.trade_requests) == [asked.id]
            await third.accept_trade()
            await third.cancel_trade()
            await third.leave_party()
            await ben.invite_to_party(None, own_id(third))
            await settled(third, lambda: third.party_invitations)
            third.party_invitations.clear()
            await third.resync()
            assert len(third.party_invitations) == 1


# --- handlers ------------------------------------------------------------------------------------------


class Witness:
    """Is called like a coroutine function, and is none."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(self, event: dict[str, object]) -> None:
        await asyncio.sleep(0)
        self.heard.append(str(event["event_type"]))


async def test_handlers_of_every_sort(server: RunningServer) -> None:
    async with player(server.url) as ada, player(server.url) as ben:
        witness, everything, order, failed = Witness(), Witness(), list[str](), list[Exception]()

        def broken(event: dict[str, object]) -> None:
            order.append("broken")
            raise ZeroDivisionError

        async def after(event: dict[str, object]) -> None:
            order.append("after")

        ada.on_error(failed.append)
        ada.register_handler("party_invite", broken)
        ada.register_handler("party_invite", after)
        ada.register_handler("party_invite", witness)
        undo = ada.register_handler("*", everything)
        accepted: list[int] = []

        async def accept(event: dict[str, object]) -> None:
            """REST works in a handler."""
            accepted.append((await ada.accept_party_invite()).number)

        async def speak(event: dict[str, object]) -> None:
            await ada.send_party_chat("cannot be")

        ada.register_handler("party_invite", accept)
        ada.register_handler("party_invite", speak)
        party = await ben.create_party()
        await ben.invite_to_party(party.number, own_id(ada))
        await settled(ada, lambda: party_of(ada) is not None)
        assert accepted == [party.number]
        assert order == ["broken", "after"]
        assert witness.heard == ["party_invite"]
        await settled(ada, lambda: "party_update" in everything.heard)
        assert "party_invite" in everything.heard
        assert [type(one) for one in failed] == [ZeroDivisionError, RuntimeError]
        undo()
        ada.unregister_handler("party_invite", after)
        await ada.ping()
        assert "pong" not in everything.heard
        with pytest.raises(TimeoutError):
            await ada.wait_for("aetherfall", wait=0.01)
        with pytest.raises(ZeroDivisionError):
            await asyncio.gather(ada.wait_for("pong", lambda event: 1 / 0 > 0), ada.ping())

"""The Shards client at our own door: two people meet, talk, form a party, trade and fight, over lines that break."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.proxy import network_to
from tests.support.shards_door import ShardsHouse, shards_house

from mythgate.client import Backoff, NetworkClient
from mythgate.domain.errors import (
    AuthenticationError,
    Conflict,
    InvalidInput,
    NoPendingInvite,
    NoSuchExit,
    NotFound,
    ProtocolError,
    Unreachable,
)
from mythgate.wire.shards.encryption import FrameCipher
from mythgate.wire.shards.messages import ChatMessage, Message

PASSWORD = "abcdef1"
PHRASE = "your-secret-key"
CREATURES = 10**12


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ShardsHouse]:
    async with shards_house(tmp_path, encryption_phrase=PHRASE) as opened:
        yield opened


class Heard:
    """All a client hears, and a way to wait for one of it."""

    def __init__(self, client: NetworkClient) -> None:
        self.messages: list[Message] = []
        self._came = asyncio.Condition()
        client.register_handler("*", self._take)

    async def _take(self, message: Message) -> None:
        async with self._came:
            self.messages.append(message)
            self._came.notify_all()

    async def find(self, kind: str, where: Callable[[Any], bool] = lambda _: True) -> Any:
        def found() -> list[Message]:
            return [one for one in self.messages if one.type == kind and where(one)]

        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(found)
        return found()[0]

    async def refused(self, code: str) -> None:
        await self.find("error", lambda one: one.error_code == code)


@contextlib.asynccontextmanager
async def playing(url: str, name: str, **options: Any) -> AsyncIterator[tuple[NetworkClient, Heard]]:
    """Somebody new, in the world at location 1."""
    async with NetworkClient(
        url, backoff=Backoff(50, delays=(), longest=0.01, jitter=0), timeout=10, **options
    ) as client:
        heard = Heard(client)
        assert await client.register(name, PASSWORD)
        assert await client.connect(name, PASSWORD)
        assert client.authenticated
        made = await client.create_character(name.title())
        assert made is not None
        assert await client.select_character(made["id"])
        await heard.find("location_update", lambda one: one.location_id == 1)
        yield client, heard


async def test_accounts_and_characters(house: ShardsHouse) -> None:
    async with NetworkClient(house.url, timeout=10) as client:
        assert await client.connect("aldra", PASSWORD) is False
        assert isinstance(client.last_error, AuthenticationError)
        assert await client.register("aldra", PASSWORD)
        assert await client.register("ALDRA", PASSWORD) is False
        assert isinstance(client.last_error, Conflict)
        assert await client.register("x", PASSWORD) is False
        assert isinstance(client.last_error, InvalidInput)
        assert await client.connect("aldra", PASSWORD)
        assert await client.get_characters() == []
        bought = {
            "strength": 8,
            "dexterity": 12,
            "intelligence": 10,
            "constitution": 10,
            "wisdom": 10,
            "charisma": 10,
        }
        made = await client.create_character("Aldra Venn", "Elf", "Sorcerer", "Aether Seekers", bought)
        assert made is not None
        assert (made["race"], made["class"], made["faction"]) == ("Elf", "Sorcerer", "Aether Seekers")
        assert await client.create_character("Borin", "Hobbit") is None
        assert isinstance(client.last_error, InvalidInput)
        assert [one["id"] for one in await client.get_characters()] == [made["id"]]
        assert await client.select_character(9999) is False
        assert isinstance(client.last_error, NotFound)
        assert client.character_id is None
        assert await client.select_character(made["id"])
        assert await client.delete_character(made["id"])
        assert client.character_id is None
        assert await client.delete_character(made["id"]) is False
        assert await client.get_characters() == []


async def test_the_world_is_there_without_a_log_in(house: ShardsHouse) -> None:
    async with NetworkClient(house.url) as client:
        status = await client.get_status()
        assert status is not None
        assert status["status"] == "online"
        state = await client.get_world_state()
        assert state is not None
        assert state["current_reality"] == "Neutral"
        shards = await client.get_shard_status()
        assert shards is not None
        assert [one["shard_number"] for one in shards] == list(range(1, 13))
        assert await client.get_world_events(5) == []


async def test_two_people_meet_and_talk(house: ShardsHouse) -> None:
    async with playing(house.url, "aldra") as (aldra, one), playing(house.url, "borin") as (borin, other):
        assert aldra.character_id is not None
        assert borin.character_id is not None
        await one.find("player_joined_area", lambda told: told.character_id == borin.character_id)
        await aldra.send_chat("Hello")
        for heard in (one, other):
            said = await heard.find("chat")
            assert (said.sender_name, said.content) == ("aldra", "Hello")
        await borin.send_whisper(aldra.character_id, "psst")
        assert (await one.find("whisper")).content == "psst"
        await borin.send_faction_chat("steel")
        assert (await one.find("faction_chat")).content == "steel"
        await borin.send_whisper(9999, "psst")
        await other.refused("RECIPIENT_OFFLINE")
        assert isinstance(borin.last_error, Unreachable)
        await aldra.ping()
        assert [aldra.answers_ping] == [False]
        await aldra.send(Message(type="ping"))
        await one.find("pong")
        assert aldra.answers_ping

        await one.find("character_update", lambda told: told.character_id == borin.character_id)
        [near] = aldra.get_nearby_players(1)
        assert (near.character_name, near.faction, near.level) == ("Borin", "Iron Brotherhood", 1)
        await borin.send_position_update({"x": 1.0, "y": 2.0, "z": 3.0}, velocity={"x": 0.5})
        await one.find("character_update", lambda told: told.position == {"x": 1.0, "y": 2.0, "z": 3.0})
        assert aldra.get_nearby_players()[0].position == {"x": 1.0, "y": 2.0, "z": 3.0}
        await borin.send_move(11, 1)
        await other.find("location_update", lambda told: told.location_id == 11)
        await one.find("player_left_area")
        assert aldra.get_nearby_players() == []
        assert borin.get_nearby_players() == []
        await borin.send_move(3)
        await other.refused("INVALID_LOCATION")
        assert isinstance(borin.last_error, NoSuchExit)


async def test_a_party_from_its_founding_to_its_end(house: ShardsHouse) -> None:
    async with playing(house.url, "aldra") as (aldra, one), playing(house.url, "borin") as (borin, other):
        assert borin.character_id is not None
        joined: list[bool] = []

        async def accept(invitation: Any) -> None:
            joined.append(await borin.accept_party_invite(invitation.party_id))  # in a handler one may wait

        undo = borin.register_handler("party_invite", accept)
        assert await borin.accept_party_invite() is False
        await other.refused("NO_PENDING_INVITE")
        assert isinstance(borin.last_error, NoPendingInvite)
        party = await aldra.create_party("Lanternbearers")
        assert party is not None
        assert await aldra.invite_to_party(party, 9999) is False
        assert isinstance(aldra.last_error, NotFound)
        assert await aldra.invite_to_party(party, borin.character_id)
        await one.find("party_update", lambda told: borin.character_id in told.member_ids)
        await aldra.send_party_chat("Gather round")
        assert (await other.find("party_chat")).content == "Gather round"
        assert joined == [True]
        shown = await borin.get_party(party)
        assert shown is not None
        assert (shown["party_name"], shown["member_count"]) == ("Lanternbearers", 2)
        assert await aldra.kick_from_party(party, borin.character_id)
        await other.find("party_kick")
        undo()
        assert await aldra.invite_to_party(party, borin.character_id)
        await other.find("party_invite")
        await borin.decline_party_invite(party)
        await one.find("party_decline", lambda told: told.character_id == borin.character_id)
        assert await aldra.disband_party(party)
        assert await aldra.create_party() is not None
        assert await aldra.leave_party()


async def test_a_trade(house: ShardsHouse) -> None:
    async with playing(house.url, "aldra") as (aldra, one), playing(house.url, "borin") as (borin, other):
        assert borin.character_id is not None
        await aldra.request_trade(borin.character_id)
        asked = await other.find("trade_request")
        await borin.accept_trade(asked.trade_id)
        await one.find("trade_accept")
        await aldra.update_trade(asked.trade_id, souls=1)
        seen = await other.find("trade_update", lambda told: told.offers[1]["souls"] == 1)
        await aldra.accept_trade(asked.trade_id)
        await other.find("trade_accept", lambda told: told.character_id == aldra.character_id)
        await borin.accept_trade(asked.trade_id, seen.revision)
        await one.find("trade_complete")
        await aldra.request_trade(borin.character_id)
        asked = await other.find("trade_request", lambda told: told.trade_id != asked.trade_id)
        await borin.decline_trade(asked.trade_id)
        await one.find("trade_decline")


async def test_a_fight_to_its_end(house: ShardsHouse) -> None:
    async with playing(house.url, "aldra") as (aldra, heard):
        assert await aldra.start_combat("corrupt_wolf") is None
        await aldra.send_move(11)
        await heard.find("location_update", lambda told: told.location_id == 11)
        states: asyncio.Queue[Any] = asyncio.Queue()
        aldra.register_handler("combat_state", states.put_nowait)
        combat_id = await aldra.start_combat("hollow_soldier")
        assert combat_id is not None
        acted = 0
        async with asyncio.timeout(30):
            while True:
                state = await states.get()
                if state.is_finished:
                    break
                if state.active_character_id == aldra.character_id:
                    acted += 1
                    me, foe = sorted(state.participants, key=lambda one: one["character_id"])
                    deed = "attack" if me["stamina"] >= 15 else "flee"
                    await aldra.send_combat_action(combat_id, deed, foe["character_id"])
        ended = await heard.find("combat_end")
        assert ended.combat_id == combat_id
        assert acted
        assert foe["character_id"] > CREATURES


async def test_encrypted_and_over_lines_that_break(house: ShardsHouse) -> None:
    port = int(house.url.rsplit(":", 1)[1])
    async with (
        network_to(port) as line,
        playing(line.url, "aldra", encryption_phrase=PHRASE) as (aldra, _),
        playing(house.url, "borin") as (_, heard),
    ):
        words = [f"word {number}" for number in range(30)]
        for number, word in enumerate(words):
            if number % 6 == 2:
                await heard.find("chat", lambda said, before=words[number - 1]: said.content == before)  # type: ignore[misc]
                line.cut()
                await house.settled(lambda: not aldra.authenticated)
            await aldra.send_chat(word)
            if number % 6 == 5:
                assert await aldra.wait_for_login()
        await heard.find("chat", lambda said: said.content == words[-1])
        assert [one.content for one in heard.messages if isinstance(one, ChatMessage)] == words
        assert house.door.stats.bad_messages == 0


async def test_what_programs_of_this_project_send_has_the_stronger_key(house: ShardsHouse) -> None:
    weak = FrameCipher.of_phrase(PHRASE)
    async with playing(house.url, "aldra", encryption_phrase=PHRASE) as (aldra, heard):
        assert aldra.encryption_handler is not None
        frame = aldra.encryption_handler.encrypt("Under cover")
        with pytest.raises(ProtocolError):
            weak.decrypt(frame)
        assert FrameCipher.of_phrase(PHRASE, house.door.options.encryption_iterations).decrypt(frame) == "Under cover"
        assert aldra.encryption_handler.decrypt(weak.encrypt("From elsewhere")) == "From elsewhere"
        await aldra.send_chat("Strong")
        await heard.find("chat", lambda said: said.content == "Strong")
        assert house.door.stats.bad_messages == 0


async def test_all_requests_share_their_connections(house: ShardsHouse) -> None:
    async with network_to(int(house.url.rsplit(":", 1)[1])) as line, playing(line.url, "aldra") as (aldra, _):
        for _ in range(20):
            await aldra.get_characters()
            await aldra.get_world_state()
        assert line.accepted == 2  # one of them the socket's


async def test_logged_in_elsewhere(house: ShardsHouse) -> None:
    async with playing(house.url, "aldra") as (first, heard), NetworkClient(house.url, timeout=10) as second:
        assert await second.connect("aldra", PASSWORD)
        await heard.find("disconnect")
        await house.settled(lambda: first.state == "disconnected")
        assert second.authenticated
        assert await first.get_characters() == []
        assert isinstance(first.last_error, AuthenticationError)

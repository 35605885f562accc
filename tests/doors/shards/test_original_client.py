"""The original client, which logs no socket in, reads nothing and encrypts what it sends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.shards_door import PASSWORD, WARRIOR, OriginalClient, Program, ShardsHouse, shards_house

from mythgate.domain.events import SystemMessage, event_of
from mythgate.domain.ids import GLOBAL_TOPIC
from mythgate.wire.shards.messages import WorldAnnouncementMessage

PHRASE = "correct horse battery staple"


@contextlib.asynccontextmanager
async def original(
    house: ShardsHouse, url: str = "", *, phrase: str | None = None, name: str = "aldra"
) -> AsyncIterator[OriginalClient]:
    """An original client of somebody with a character, which it has selected."""
    maker = house.program()
    await maker.call("POST", "/api/auth/register", {"username": name, "password": PASSWORD})
    maker.name = name
    await maker.login()
    made = await maker.call("POST", "/api/characters", {"name": f"{name.capitalize()} Venn", **WARRIOR})
    client = OriginalClient(url or house.url, phrase=phrase)
    try:
        assert await client.connect(name, PASSWORD)
        assert [one["id"] for one in await client.get_characters()] == [made["character"]["id"]]
        assert await client.select_character(made["character"]["id"])
        yield client
    finally:
        await client.disconnect()


async def heard(listener: Program, content: str) -> dict[str, Any]:
    return await listener.until("chat", lambda told: told["content"] == content)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_it_sends_is_taken_for_what_it_is(house: ShardsHouse, host: str) -> None:
    """By the connection if the address is a number, which takes no cookies; by the cookie too if it is a name."""
    bo = await house.enter("borin", "Borin Slate")
    async with original(house, house.url.replace("127.0.0.1", host)) as client:
        await client.send_chat("Hello")
        told = await heard(bo, "Hello")
        assert (told["sender_id"], told["sender_name"]) == (client.character_id, "aldra")
        await client.send_move(0, {"x": 1.0, "y": 2.0})
        update = await bo.until("character_update", lambda one: one["position"] is not None)
        assert update["character_id"] == client.character_id
        await client.ping()
        await client.send_chat("to me", channel="whisper", recipient_id=bo.character_id)
        assert (await bo.until("whisper"))["content"] == "to me"
        party = await client.create_party("Lanternbearers")
        assert party is not None
        assert (await client.get_world_state())["current_reality"] == "Neutral"
        assert len(await client.get_shard_status()) == 12
    assert (await bo.until("player_left_area"))["character_id"] == client.character_id
    assert house.door.sessions.living() == [await house.door.sessions.prove(bo.token)]


async def test_it_is_never_waited_for(house: ShardsHouse) -> None:
    bo = await house.enter("borin", "Borin Slate")
    async with original(house) as client:
        await bo.until("player_joined_area")
        words = "x" * 8000
        for _ in range(400):  # some megabytes that it does not read
            event = event_of(SystemMessage(words, "announcement"), house.door.clock.now())
            house.node.hubs.publish(GLOBAL_TOPIC, event)
            await asyncio.sleep(0)
            while bo.ws is not None and not bo.ws._reader.is_eof() and len(bo.ws._reader._buffer):
                await bo.receive()
        await house.settled(lambda: house.door.stats.discarded > 0)

        now = house.door.clock.monotonic()
        for later in (40.0, 80.0, 3000.0):
            for connection in list(house.door._connections):
                if connection.session is not None and connection.session.number == client.character_id:
                    connection.check_alive(now + later, 30.0, 30.0)
        await client.send_chat("Still here")

        assert (await heard(bo, "Still here"))["sender_name"] == "aldra"


async def test_who_has_answered_once_owes_the_next_answer(house: ShardsHouse) -> None:
    bo = await house.enter("borin", "Borin Slate")
    (connection,) = house.door._connections
    now = house.door.clock.monotonic()
    connection.check_alive(now + 40, 30, 30)
    await bo.quiet("error")  # reading answers the ping
    await house.settled(lambda: connection.reads)
    connection.check_alive(now + 80, 30, 30)
    assert connection in house.door._connections
    connection.check_alive(now + 200, 30, 30)
    await house.settled(lambda: connection not in house.door._connections)


async def test_an_application_can_repair_it(house: ShardsHouse) -> None:
    async with original(house) as client:
        await client.repair()
        assert client.ws is not None
        told: list[dict[str, Any]] = []
        while not told or told[-1]["type"] != "auth_response":
            told.append(await client.ws.receive_json())
        assert told[-1]["success"] is True
        await client.send_chat("Now I hear myself")
        while told[-1]["type"] != "chat":
            told.append(await client.ws.receive_json())
        assert told[-1]["content"] == "Now I hear myself"


async def test_encrypted_frames_without_a_phrase_are_refused_and_the_socket_stays(house: ShardsHouse) -> None:
    bo = await house.enter("borin", "Borin Slate")
    async with original(house, phrase=PHRASE) as client:
        await client.send_chat("Nobody can read this")
        client.cipher = None
        await client.send_chat("In clear")
        await heard(bo, "In clear")
        assert "Nobody can read this" not in [told.get("content") for told in bo.heard]
        await house.settled(lambda: house.door.stats.refused["PROTOCOL_ERROR"] == 1)


async def test_encrypted_frames_with_the_phrase(tmp_path: Path) -> None:
    async with shards_house(tmp_path, encryption_phrase=PHRASE) as house:
        bo = await house.enter("borin", "Borin Slate")  # in clear
        async with original(house, phrase=PHRASE) as client:
            await client.send_chat("Under cover")
            assert (await heard(bo, "Under cover"))["sender_name"] == "aldra"
        async with original(house, phrase="another phrase", name="carla") as client:
            await client.send_chat("Lost")
            await house.settled(lambda: house.door.stats.refused["PROTOCOL_ERROR"] == 1)
        await bo.say("no JSON and no frame")
        assert await bo.refused() == "PROTOCOL_ERROR"


async def test_what_a_reader_is_slow_to_take_waits_for_it(house: ShardsHouse) -> None:
    ada, bo = await house.enter("aldra", "Aldra Venn"), await house.enter("borin", "Borin Slate")
    connection = next(one for one in house.door._connections if one.session and one.session.number == bo.character_id)
    for reads in (True, False):
        connection.reads = reads
        connection.on_full()
        await ada.chat(f"Does it read? {reads}")
        await ada.until("chat")
        if reads:
            await bo.quiet("chat")
        connection.on_drained()
        if reads:
            assert (await bo.until("chat"))["content"] == "Does it read? True"
    await bo.quiet("chat")
    assert house.door.stats.discarded == 1


async def test_who_asks_and_does_not_read_is_let_go(house: ShardsHouse) -> None:
    await house.enter("aldra", "Aldra Venn")
    (connection,) = house.door._connections
    connection.reads = True
    answer = WorldAnnouncementMessage(content="x" * 100_000)

    for _ in range(100):
        connection.send(answer)

    await house.settled(lambda: connection not in house.door._connections)


async def test_who_takes_nothing_for_a_minute_is_let_go(house: ShardsHouse) -> None:
    await house.enter("aldra", "Aldra Venn")
    (connection,) = house.door._connections
    connection.reads = True
    connection.on_full()
    now = house.door.clock.monotonic()
    connection.check_alive(now + 50, 30, 30)
    assert connection in house.door._connections
    connection.check_alive(now + 61, 30, 30)
    await house.settled(lambda: connection not in house.door._connections)

"""Rooms keep to themselves, and everybody in one sees the same in the same order."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.scenarios.conftest import NewPlayer
from tests.support.spec_client import DoorName, Event, Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVES = 1_000
WANDERERS = 8


class Wanderer:
    """Walks at random and says where it is; knows from the answers where it was."""

    def __init__(self, player: Player, chance: random.Random) -> None:
        self.player = player
        self.chance = chance
        self.rooms: list[str] = []  # one for each `game_state` and move, in order
        self.said: list[tuple[str, str]] = []  # room, words
        self.moves = 0

    async def wander(self, moves: int) -> None:
        state = self.player.inbox.seen("game_state")[0]["data"]
        room, exits = state["room"]["id"], list(state["room"]["exits"])
        self.rooms.append(room)
        while self.moves < moves:
            answer = await self.player.command(self.chance.choice(exits))
            self.moves += 1
            room, exits = answer["room_state"]["id"], list(answer["room_state"]["exits"])
            self.rooms.append(room)
            if self.chance.random() < 0.5:
                words = f"{self.player.name} {len(self.said)}"
                await self.player.command(f"say {words}")
                self.said.append((room, words))


def leaks(wanderer: Wanderer) -> list[Event]:
    """Events of rooms the player was not in when they came.

    A move takes effect between the command and its answer: what comes in between may be of the old room and
    then of the new one, never of the old one again.
    """
    rooms, found = wanderer.rooms, []
    at = answered = 0
    for event in wanderer.player.inbox.events:
        if event["event_type"] == "command_response" and event["data"]["room_changed"]:
            answered += 1
            at = answered
            assert event["data"]["room_state"]["id"] == rooms[at]
            continue
        room = event.get("room_id")
        if room is None or room == rooms[at]:
            continue
        if at == answered and at + 1 < len(rooms) and room == rooms[at + 1]:
            at += 1
            continue
        found.append(event)
    return found


async def test_a_thousand_random_moves_leak_nothing(people: NewPlayer) -> None:
    """Nobody ever gets an event of a room they are not in, and nobody in a room misses one."""
    players = [await people() for _ in range(WANDERERS)]
    wanderers = [Wanderer(player, random.Random(number)) for number, player in enumerate(players)]
    watchers = [await people("sse"), await people("msgpack")]  # they stay where they are
    await asyncio.gather(*(wanderer.wander(MOVES // WANDERERS) for wanderer in wanderers))
    for player in (*players, *watchers):
        await player.fence()
    assert sum(wanderer.moves for wanderer in wanderers) == MOVES
    for wanderer in wanderers:
        assert leaks(wanderer) == []
        for other in wanderers:
            others_rooms = {words: room for room, words in other.said}
            for event in wanderer.player.inbox.seen("chat_message", player_id=other.player.character_id):
                assert event["room_id"] == others_rooms[event["data"]["message"]]
    home = players[0].inbox.events[0]["room_id"]
    said_at_home = {words for wanderer in wanderers for room, words in wanderer.said if room == home}
    assert said_at_home, "the walk never came home"
    for watcher in watchers:
        heard = [event["data"]["message"] for event in watcher.inbox.seen("chat_message")]
        assert set(heard) == said_at_home
        assert len(heard) == len(said_at_home)
        assert {event.get("room_id", home) for event in watcher.inbox.events} == {home}


async def test_the_world_agrees_with_what_everybody_was_told(people: NewPlayer) -> None:
    """After a crowd walked about at once, the lists of who is here are the truth, the same for all."""
    players = [await people() for _ in range(10)]
    wanderers = [Wanderer(player, random.Random(100 + number)) for number, player in enumerate(players)]
    await asyncio.gather(*(wanderer.wander(20) for wanderer in wanderers))
    names: dict[str, set[str]] = {}
    for wanderer in wanderers:
        names.setdefault(wanderer.rooms[-1], set()).add(wanderer.player.name)
    for wanderer in wanderers:
        await wanderer.player.fence()
        room = (await wanderer.player.command("look"))["room_state"]
        assert {row["name"] for row in room["players"]} == names[room["id"]]
        assert last_list(wanderer.player) == names[room["id"]]


def last_list(player: Player) -> set[str]:
    """Who is here, as a client that never asks knows it from what it was told."""
    for event in reversed(player.inbox.events):
        data = event["data"]
        if event["event_type"] == "room_occupants":
            return {row["name"] for row in data["players"]}
        if event["event_type"] == "command_response" and data["room_changed"]:
            return {row["name"] for row in data["room_state"]["players"]}
    raise AssertionError("nobody was ever shown")


async def test_everybody_in_a_room_hears_in_the_same_order(people: NewPlayer, door: DoorName) -> None:
    players = [await people(door if number < 2 else "websocket") for number in range(6)]

    async def talk(player: Player) -> None:
        for number in range(40):
            await player.command(f"say {player.name} {number}")

    await asyncio.gather(*map(talk, players))
    heard = []
    for player in players:
        await player.fence()
        heard.append([event["data"]["id"] for event in player.inbox.seen("chat_message", channel="say")])
    assert len(heard[0]) >= 240
    common = set.intersection(*map(set, heard))
    assert len(common) >= 240
    orders = [[one for one in order if one in common] for order in heard]
    assert all(order == orders[0] for order in orders)


async def test_leaving_is_told_before_arriving(people: NewPlayer, door: DoorName) -> None:
    """One walks to and fro between two watchers: each sees them leave, enter, leave… and never twice the same."""
    walker, here, there = await people(door), await people(), await people()
    await there.command("east")
    for _ in range(20):
        await walker.command("east")
        await walker.command("west")
    for watcher, first in ((here, "player_left"), (there, "player_entered")):
        await watcher.fence()
        events = [
            event
            for event in watcher.inbox.events
            if event["event_type"] in ("player_left", "player_entered")
            and event["data"]["player_id"] == walker.character_id
        ]
        second = "player_entered" if first == "player_left" else "player_left"
        assert [event["event_type"] for event in events] == [first, second] * 20

"""A game as small as can be behind the real door: rooms by number, `say`, nothing kept.

It lets the cost of delivering be told apart from the cost of the game.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from fastapi import FastAPI

from mythgate.domain.accounts import Role
from mythgate.domain.characters import Character
from mythgate.domain.events import ChatMessage, CommandResponse, GameState, PlayerView, RoomView, event_of
from mythgate.domain.ids import (
    GLOBAL_TOPIC,
    AccountId,
    CharacterId,
    CommandId,
    PlayId,
    RoomId,
    SessionId,
    Topic,
    room_topic,
)
from mythgate.domain.sessions import Caller
from mythgate.doors.http.play import PlayDoor, PlayOptions
from mythgate.doors.http.websocket import websocket_router
from mythgate.realtime.hub import Hub
from mythgate.realtime.limits import RealtimeLimits
from mythgate.services.all import Services

DESCRIPTION = "Stalls lean against each other under striped awnings, and somebody is always calling out a price. " * 2


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class StandIn:
    """Sessions, presence and commands in one. Token `bench.N` is player N, in room N / `room_size`."""

    def __init__(self, hub: Hub, clock: SystemClock, room_size: int) -> None:
        self.hub = hub
        self.clock = clock
        self.room_size = room_size
        self.topics: dict[CharacterId, Topic] = {}

    async def authenticate(self, token: str) -> Caller:
        return Caller(AccountId(token), SessionId(token), token, Role.PLAYER)

    def expiring(self) -> list[Any]:
        return []

    def note_activity(self, session_id: SessionId) -> None:
        pass

    async def choose(self, caller: Caller, character_id: CharacterId | None) -> Character:
        now = self.clock.now()
        number = int(caller.name.removeprefix("bench."))
        room = RoomId(f"earth_bench_rooms_room_{number // self.room_size}")
        chosen = character_id or CharacterId(f"0197e0a0-0000-7000-8000-{number:012}")
        return Character(chosen, caller.account_id, caller.name, caller.name, room, now, now)

    async def enter(
        self, caller: Caller, character: Character, *, play_id: PlayId, door: str = "http", client: str = ""
    ) -> None:
        del caller, door, client
        room_id = character.room_id
        player = PlayerView(character.id, character.name, room_id, 1, "", "", "online", "", "player", None, [])
        room = RoomView(
            room_id, "Market", DESCRIPTION, "earth", "bench", "Bench", "rooms", "outdoors",
            {"north": None}, [], [], [], [], [], [], 0, 0, 0,
        )  # fmt: skip
        event = event_of(GameState(player, room, play_id), self.clock.now(), room_id=room_id, player_id=character.id)
        self.hub.send(character.id, event)
        topic = self.topics[character.id] = room_topic(room_id)
        self.hub.subscribe(character.id, topic)
        self.hub.subscribe(character.id, GLOBAL_TOPIC)

    async def depart(self, character_id: CharacterId) -> bool:
        return self.topics.pop(character_id, None) is not None

    async def execute(
        self,
        actor: CharacterId,
        line: str | None,
        *,
        command: str | None = None,
        args: Sequence[str] = (),
        command_id: CommandId | None = None,
    ) -> CommandResponse:
        del line, command, command_id
        words = " ".join(args)
        self.say(self.topics[actor], actor, words)
        return CommandResponse("say", "You say: " + words, True)

    def say(self, topic: Topic, actor: CharacterId, words: str) -> None:
        """One line of talk, as the chat service makes it."""
        now = self.clock.now()
        payload = ChatMessage(
            "0197e0a0-1111-7000-8000-000000000000", "say", actor, "Somebody", words, "Somebody says: " + words, now
        )
        event = event_of(payload, now, room_id=topic[5:], player_id=actor, sender=AccountId("somebody"))
        self.hub.publish(topic, event)


def build(room_size: int, merge_window: float) -> tuple[FastAPI, StandIn, PlayDoor]:
    """The application with limits out of the way."""
    clock = SystemClock()
    hub = Hub(clock, RealtimeLimits(merge_window=merge_window))
    game = StandIn(hub, clock, room_size)
    part = cast("Any", game)
    services = Services(
        clock=clock, store=part, accounts=part, sessions=part, characters=part, presence=part, movement=part,
        things=part, chat=part, moderation=part, world=part, commands=part, positions=part,
    )  # fmt: skip
    options = PlayOptions(
        connections=100_000, connections_per_address=100_000, unauthenticated=100_000, commands_per_second=1e6,
        command_burst=1_000_000, authenticate_within=60.0,
    )  # fmt: skip
    door = PlayDoor(hub, services, options)
    app = FastAPI(openapi_url=None)
    app.include_router(websocket_router(door))
    return app, game, door


async def publish_steadily(per_second: float, runs: asyncio.Event, tell: Callable[[int], None]) -> None:
    """Call `tell(0)`, `tell(1)`, … `per_second` times a second while `runs` is set."""
    loop = asyncio.get_running_loop()
    told = 0
    while True:
        await runs.wait()
        begun, before = loop.time(), told
        while runs.is_set():
            await asyncio.sleep(0.001)
            due = before + int((loop.time() - begun) * per_second)
            while told < due:
                tell(told)
                told += 1


def talk(game: StandIn, number: int) -> None:
    """A line of talk in one room after the other, without any client asking."""
    words = f"t={time.monotonic_ns():019d} and some words that people say to each other"
    topics = [topic for topic in game.hub.topics() if topic != GLOBAL_TOPIC]
    game.say(topics[number % len(topics)], CharacterId("0197e0a0-0000-7000-8000-000000000000"), words)

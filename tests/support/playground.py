"""The native WebSocket and SSE with a minimal game behind them: one room, a few commands, no storage."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from fastapi import FastAPI

from mythgate.domain.accounts import Role
from mythgate.domain.characters import Character
from mythgate.domain.errors import InvalidToken, NoCharacter, NotFound, TokenExpired
from mythgate.domain.events import (
    ChatMessage,
    CommandResponse,
    GameState,
    PlayerView,
    PositionUpdate,
    RoomView,
    event_of,
)
from mythgate.domain.ids import GLOBAL_TOPIC, AccountId, CharacterId, CommandId, PlayId, RoomId, SessionId, room_topic
from mythgate.domain.sessions import Caller
from mythgate.doors.http import errors
from mythgate.doors.http.play import PlayDoor, PlayOptions
from mythgate.doors.http.socket_protocol import SocketProtocol
from mythgate.doors.http.sse import sse_router
from mythgate.doors.http.websocket import websocket_router
from mythgate.realtime.hub import Hub
from mythgate.realtime.limits import RealtimeLimits
from mythgate.services.all import Services
from mythgate.services.extensions import Extensions

ROOM = RoomId("earth_town_market_square")


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


@dataclass
class Game:
    """Fulfils what the door asks of sessions, presence, commands and positions.

    Token `t:NAME` belongs to the account NAME with the character `c:NAME`; `say` tells the room, `wait`
    suspends until `release` is set, `break` fails, `quit` leaves.
    """

    hub: Hub
    clock: RealClock
    present: dict[CharacterId, str] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)  # what the watcher heard
    order: list[str] = field(default_factory=list)  # commands in the order they ended
    release: asyncio.Event = field(default_factory=asyncio.Event)
    signed_out: set[SessionId] = field(default_factory=set)
    expire_soon: list[Any] = field(default_factory=list)

    # sessions
    async def authenticate(self, token: str) -> Caller:
        if token == "t:slow":
            await asyncio.Event().wait()
        if token == "t:expired":
            raise TokenExpired
        if not token.startswith("t:"):
            raise InvalidToken
        name = token[2:]
        return Caller(AccountId(name), SessionId("login:" + name), name, Role.PLAYER)

    def is_live(self, session_id: SessionId) -> bool:
        return session_id not in self.signed_out

    def expiring(self) -> list[Any]:
        found, self.expire_soon = self.expire_soon, []
        return found

    def note_activity(self, session_id: SessionId) -> None:
        pass

    # presence
    async def choose(self, caller: Caller, character_id: CharacterId | None) -> Character:
        if caller.name == "nobody":
            raise NoCharacter
        own = {CharacterId("c:" + caller.name), CharacterId("second:" + caller.name)}
        chosen = character_id or CharacterId("c:" + caller.name)
        if chosen not in own:
            raise NotFound
        await asyncio.sleep(0)
        now = self.clock.now()
        return Character(chosen, caller.account_id, caller.name, caller.name, ROOM, now, now)

    async def enter(
        self, caller: Caller, character: Character, *, play_id: PlayId, door: str = "http", client: str = ""
    ) -> None:
        await asyncio.sleep(0)
        self.present[character.id] = character.name
        player = PlayerView(character.id, character.name, ROOM, 1, "", "", "online", "", "player", None, [])
        room = RoomView(
            ROOM, "Market", "A market.", "earth", "town", "Town", "market", "outdoors",
            {}, [], [], [], [], [], [], 0, 0, 0,
        )  # fmt: skip
        state = GameState(player, room, play_id)
        self.hub.send(character.id, event_of(state, self.clock.now(), room_id=ROOM, player_id=character.id))
        self.hub.subscribe(character.id, room_topic(ROOM))
        self.hub.subscribe(character.id, GLOBAL_TOPIC)

    async def depart(self, character_id: CharacterId) -> bool:
        self.hub.unsubscribe(character_id, room_topic(ROOM))
        return self.present.pop(character_id, None) is not None

    def on_detached(self, character_id: CharacterId) -> None:
        self.told.append(("detached", character_id))

    def on_returned(self, character_id: CharacterId) -> None:
        self.told.append(("returned", character_id))

    def on_missed(self, character_id: CharacterId) -> None:
        self.told.append(("missed", character_id))

    def on_display_grace_over(self, character_id: CharacterId) -> None:
        self.told.append(("display", character_id))

    def on_stream_ended(self, character_id: CharacterId, reason: str) -> None:
        self.present.pop(character_id, None)
        self.told.append((reason, character_id))

    # commands
    async def execute(
        self,
        actor: CharacterId,
        line: str | None,
        *,
        command: str | None = None,
        args: Sequence[str] = (),
        command_id: CommandId | None = None,
    ) -> CommandResponse:
        word, _, rest = (line or "").partition(" ")
        if command is not None:
            word, rest = command, " ".join(args)
        data: dict[str, Any] | None = None
        if word == "say":
            self.say(actor, rest)
        elif word == "wait":
            await self.release.wait()
        elif word == "break":
            raise RuntimeError("broken on purpose")
        elif word == "quit":
            data = {"quit": True}
        self.order.append(rest or word)
        return CommandResponse(word, rest, True, data=data)

    def say(self, actor: CharacterId, words: str) -> None:
        name = self.present.get(actor, "?")
        now = self.clock.now()
        payload = ChatMessage("m", "say", actor, name, words, f"{name} says: {words}", now)
        self.hub.publish(room_topic(ROOM), event_of(payload, now, room_id=ROOM, sender=AccountId(name)))

    # positions
    def report(self, actor: CharacterId, position: Sequence[float], velocity: Sequence[float]) -> None:
        payload = PositionUpdate(actor, list(position), list(velocity))
        event = event_of(payload, self.clock.now(), coalesce="position:" + actor)
        self.hub.publish(room_topic(ROOM), event, exclude=actor)


@dataclass
class Playground:
    """A running server."""

    port: int
    game: Game
    hub: Hub
    door: PlayDoor
    server: uvicorn.Server

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


def build(
    limits: RealtimeLimits | None = None, options: PlayOptions | None = None
) -> tuple[FastAPI, Game, Hub, PlayDoor]:
    """The parts, wired."""
    clock = RealClock()
    hub = Hub(clock, limits)
    game = Game(hub, clock)
    hub.watcher = game
    parts: dict[str, Any] = {one.name: game for one in fields(Services)}
    services = Services(**{**parts, "clock": clock, "extensions": Extensions()})
    door = PlayDoor(hub, services, options)
    app = FastAPI()
    errors.install(app)
    app.include_router(websocket_router(door))
    app.include_router(sse_router(door))
    app.state.services = services
    return app, game, hub, door


@asynccontextmanager
async def playground(
    limits: RealtimeLimits | None = None, options: PlayOptions | None = None, *, http: type | None = None
) -> AsyncIterator[Playground]:
    """A real server on a free port, in this loop."""
    app, game, hub, door = build(limits, options)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=http or "auto", ws=SocketProtocol, log_level="warning", lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    async with door.running():
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield Playground(listener.getsockname()[1], game, hub, door, server)
        finally:
            game.release.set()
            server.should_exit = True
            await serving


def token_protocols(name: str, *more: str) -> tuple[str, ...]:
    """What a client offers as sub-protocols."""
    return ("bearer", "t:" + name, *more)


IN_SECONDS = timedelta(seconds=5)

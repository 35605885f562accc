"""What all connections and requests of the Shards door share: who may connect, who is logged in, whose body is
in the world.

A session's character enters the world when it is chosen, and when a socket comes. It is there while the session has
a socket, and a while longer. A session without a character hears what is said to everybody and nothing else.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from mythgate.domain.addresses import address_key
from mythgate.domain.characters import Character
from mythgate.domain.errors import NotFound, SessionEnded, TooMany
from mythgate.domain.ids import GLOBAL_TOPIC, CharacterId, PlayId, SessionId
from mythgate.domain.presence import Presence
from mythgate.domain.world import World
from mythgate.doors.http.allowance import Allowance, Rates
from mythgate.doors.shards.connection import ShardsConnection
from mythgate.doors.shards.options import ShardsOptions, ShardsStats
from mythgate.doors.shards.rendering import Rendering
from mythgate.doors.shards.sessions import DOOR, ShardsSession, ShardsSessions
from mythgate.realtime.hub import Hub
from mythgate.realtime.stream import Stream
from mythgate.services.all import Services
from mythgate.services.ports import PresenceStore
from mythgate.services.sight import Sight
from mythgate.wire.shards.encryption import ITERATIONS, FrameCipher

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
FORGET_SECONDS: Final = 60.0
MOST_FIGHTS: Final = 2000
SOCKETS_PER_SESSION: Final = 16  # each may hold some megabytes of a message that has begun
NO_CHARACTER: Final = "shards:"  # what the listeners of sessions without a character begin with


class ShardsDoor:
    """One door."""

    def __init__(
        self,
        hub: Hub,
        listening: Hub,
        services: Services,
        *,
        presences: PresenceStore,
        sight: Sight,
        options: ShardsOptions | None = None,
    ) -> None:
        """`hub` has the streams of characters in the world, `listening` those of sessions without one.

        Raises:
            EncryptionMissing: there is a phrase, and not what it takes to use it.

        """
        self.hub = hub
        self.listening = listening
        self.services = services
        self.presences = presences
        self.sight = sight
        self.options = options if options is not None else ShardsOptions()
        self.stats = ShardsStats(started_at=services.clock.now())
        self.clock = services.clock
        self.sessions = ShardsSessions(services)
        self.rendering = Rendering(self)
        self.positions: dict[CharacterId, dict[str, float]] = {}  # where in their rooms people stand
        self.rates = Rates(self.options.messages_per_second, self.options.message_burst, self.options.flood_mute, 1, 1)
        phrase = self.options.encryption_phrase
        iterations = self.options.encryption_iterations
        self.cipher = FrameCipher.of_phrase(phrase, iterations, ITERATIONS) if phrase else None
        self.fighters: dict[str, dict[int, int]] = {}  # what fighters are called here, by fight
        self._numbers: dict[CharacterId, int] = {}
        self._connections: dict[ShardsConnection, None] = {}
        self._strangers: dict[ShardsConnection, None] = {}  # not logged in, the oldest first
        self._addresses: Counter[str] = Counter()
        self._allowances: dict[str, Allowance] = {}
        self._locks: dict[ShardsSession, list[asyncio.Lock]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._next_cleaning = 0.0
        services.sessions.on_revoked(self._session_ended)
        services.presence.on_entered(self._entered)
        services.presence.on_gone(self._gone)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the task group that requests run in; leaving waits for those under way."""
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            except BaseException as error:
                failure = error  # raised below: it must not cancel requests, nor come out in a group
            finally:
                self._tasks = None
        if failure is not None:
            raise failure

    def spawn(self, work: Coroutine[Any, Any, None], context: contextvars.Context | None = None) -> None:
        """Run `work`, which must not raise, to its end, whatever becomes of the connection."""
        if self._tasks is None:
            work.close()
            return
        self._tasks.create_task(work, context=context)

    # --- the world -------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        return self.services.world.world

    def number_of(self, character_id: CharacterId) -> int:
        """The number of a character that is in the world, or was a moment ago; 0 for others."""
        present = self.presences.get(character_id)
        return present.number if present is not None else self._numbers.get(character_id, 0)

    def by_number(self, number: int) -> Presence | None:
        """Who is in the world under this number."""
        return next((one for one in self.presences.all() if one.number == number), None)

    def note_position(self, character_id: CharacterId, position: Sequence[float]) -> None:
        """Where somebody stands, as others told it who know no more than three numbers."""
        at = dict(zip("xyz", position, strict=False))
        known = self.positions.get(character_id)
        if known is None or any(known.get(axis, 0.0) != value for axis, value in at.items()):
            self.positions[character_id] = at

    def _entered(self, present: Presence) -> None:
        self._numbers[present.character_id] = present.number

    def _gone(self, character_id: CharacterId) -> None:
        self.positions.pop(character_id, None)

    # --- connections -----------------------------------------------------------------------------------

    @property
    def connected(self) -> int:
        return len(self._connections)

    def admit(self, connection: ShardsConnection) -> str | None:
        """Count a connection in, or say why not. Of those that are not logged in the oldest makes room."""
        options, stats = self.options, self.stats
        key = address_key(connection.address)
        if len(self._connections) >= options.connections:
            stats.turned_away["full"] += 1
            return "The server is full."
        if self._addresses[key] >= options.connections_per_address:
            stats.turned_away["address"] += 1
            return "Too many connections come from your address."
        self._addresses[key] += 1
        self._connections[connection] = None
        self._strangers[connection] = None
        stats.accepted += 1
        stats.connected += 1
        if len(self._strangers) > options.strangers:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            stats.turned_away["strangers"] += 1
            oldest.hang_up("displaced")
        return None

    def lost(self, connection: ShardsConnection) -> None:
        """The connection is gone. Who said goodbye leaves the world at once, others after a while."""
        if connection not in self._connections:
            return
        del self._connections[connection]
        self._strangers.pop(connection, None)
        self.stats.connected -= 1
        key = address_key(connection.address)
        self._addresses[key] -= 1
        if not self._addresses[key]:
            del self._addresses[key]
        session = connection.session
        if session is None:
            return
        session.connections.discard(connection)
        self._detach(connection)
        stream = session.stream
        if session.connections or stream is None:
            return
        if session.character is None or self.hub_of(stream) is self.listening:
            self.listening.end(stream)
            session.stream = None
        elif connection.left_politely and not stream.ended:
            self.spawn(self._depart(session))

    async def _depart(self, session: ShardsSession) -> None:
        async with self._one_at_a_time(session):
            if not session.connections:
                await self.leave_world(session)

    def hub_of(self, stream: Stream) -> Hub:
        return self.listening if stream.character_id.startswith(NO_CHARACTER) else self.hub

    def _detach(self, connection: ShardsConnection) -> None:
        outbox, connection.outbox = connection.outbox, None
        if outbox is not None:
            self.hub_of(outbox.stream).detach(outbox.stream, connection)

    def open_connections(self) -> list[ShardsConnection]:
        """All there are, by age."""
        return list(self._connections)

    # --- sessions --------------------------------------------------------------------------------------

    async def login(self, name: str, password: str, *, address: str, client: str) -> ShardsSession:
        """Log somebody in; whatever session they had here ends. Raises as `AccountService.login`."""
        signed_in = await self.services.accounts.login(name, password, door=DOOR, address=address, client=client)
        session = await self.sessions.open(signed_in)
        self.stats.logins += 1
        return session

    def is_live(self, session: ShardsSession) -> bool:
        """Whether `session` has neither ended nor expired."""
        return self.services.sessions.is_live(session.caller.session_id)

    async def bind(self, connection: ShardsConnection, session: ShardsSession) -> None:
        """`connection` is `session`'s from now on, whosever it was.

        Raises:
            SessionEnded: it has ended meanwhile.
            Refused: the body cannot enter the world just now; the connection is bound all the same.

        """
        former = connection.session
        if former is session:
            return
        if not self.is_live(session):
            raise SessionEnded
        if former is not None:
            former.connections.discard(connection)
            self._detach(connection)
        self._strangers.pop(connection, None)
        connection.session = session
        connection.protocol.limit = self.options.frame_bytes
        session.connections.add(connection)
        self._make_room(session)
        async with self._one_at_a_time(session):
            await self._tune_in(session)

    def _make_room(self, session: ShardsSession) -> None:
        """Of too many sockets the oldest go."""
        if len(session.connections) > SOCKETS_PER_SESSION:
            mine = [one for one in self._connections if one.session is session]
            for oldest in mine[:-SOCKETS_PER_SESSION]:
                self.stats.turned_away["session"] += 1
                oldest.hang_up("displaced")

    async def select(self, session: ShardsSession, number: int) -> Character:
        """Choose a character by its number; it enters the world.

        Raises:
            NotFound: the player has no such character.

        """
        body = await self.services.store.read(lambda tx: tx.characters.by_number(number))
        if body is None or body.deleted_at is not None or body.account_id != session.caller.account_id:
            raise NotFound("You have no such character.")
        async with self._one_at_a_time(session):
            await self.services.characters.select(session.caller, body.id)
            if session.character is not None and session.character.id != body.id:
                await self.leave_world(session)
            session.character = body
            await self._tune_in(session, enter=True)
        return body

    async def enter(self, session: ShardsSession) -> None:
        """See to it that the chosen character is in the world, be it without a socket."""
        async with self._one_at_a_time(session):
            await self._tune_in(session, enter=True)

    async def release(self, session: ShardsSession, number: int) -> None:
        """The character is to go: take it out of the world if it is the chosen one."""
        async with self._one_at_a_time(session):
            if session.number == number:
                await self.leave_world(session)
                session.character = None
                await self._tune_in(session)

    async def leave_world(self, session: ShardsSession) -> None:
        """Take the session's body out of the world; its sockets stay."""
        for connection in session.connections:
            self._detach(connection)
        stream, session.stream = session.stream, None
        if stream is None or stream.ended:
            return
        if self.hub_of(stream) is self.hub:
            await self.services.presence.depart(stream.character_id)
        self.hub_of(stream).end(stream, reason="quit")

    async def _tune_in(self, session: ShardsSession, *, enter: bool = False) -> None:
        """Let all sockets of `session` hear what they are to hear; with `enter` also if there are none."""
        character = session.character
        if not (session.connections or (enter and character is not None)):
            return
        if not self.is_live(session):
            return
        stream = session.stream
        wanted = character.id if character is not None else CharacterId(f"{NO_CHARACTER}{session.player_id}")
        if stream is None or stream.ended or stream.character_id != wanted:
            await self.leave_world(session)
            stream = await self._embody(session, character) if character is not None else await self._listen(session)
        session.stream = stream
        hub = self.hub_of(stream)
        for connection in list(session.connections):
            if connection.outbox is None and connection.protocol.is_open:
                again = stream.was_attached
                hub.attach(stream, connection)
                if again:  # what the first was told when it entered is not repeated
                    self._show_place(connection, stream)

    def _show_place(self, connection: ShardsConnection, stream: Stream) -> None:
        """Tell one who comes later where they are."""
        present = self.presences.get(stream.character_id)
        room = self.world.room(present.room_id) if present is not None else None
        if room is not None:
            connection.room_id = room.id
            at = self.clock.now().timestamp()
            connection.send(*self.rendering.place(stream.character_id, room.id, room.name, at))

    async def _embody(self, session: ShardsSession, character: Character) -> Stream:
        caller, presence, hub = session.caller, self.services.presence, self.hub
        client = next((one.client for one in session.connections), "")
        stream = hub.open(session.play_id, character.id, caller.account_id, caller.session_id)
        try:
            await presence.enter(caller, character, play_id=session.play_id, door=DOOR, client=client)
        except BaseException:
            hub.end(stream, reason="not_entered")
            raise
        if stream.ended:  # somebody ended it meanwhile
            await presence.depart(character.id)
            raise SessionEnded
        return stream

    async def _listen(self, session: ShardsSession) -> Stream:
        caller = session.caller
        ignored = await self.services.store.read(lambda tx: frozenset(tx.preferences.ignored(caller.account_id)))
        listener = CharacterId(f"{NO_CHARACTER}{session.player_id}")
        stream = self.listening.open(PlayId(listener), listener, caller.account_id, caller.session_id)
        self.listening.subscribe(listener, GLOBAL_TOPIC)
        self.listening.set_ignored(listener, ignored)
        return stream

    def _session_ended(self, session_id: SessionId) -> None:
        session = self.sessions.forget(session_id)
        if session is None:
            return
        for connection in list(session.connections):
            connection.hang_up("session_ended")
            session.connections.discard(connection)
            connection.session = None
        session.stream = None  # the hubs end what was opened under the session

    async def logout(self, token: str) -> None:
        """End the session of a token; nothing happens if there is none."""
        session = await self.sessions.prove(token)
        await self.services.sessions.revoke(session.caller, session.caller.session_id)

    @asynccontextmanager
    async def _one_at_a_time(self, session: ShardsSession) -> AsyncIterator[None]:
        """A lock per session, kept only while somebody holds or awaits it."""
        holders = self._locks.setdefault(session, [])
        lock = holders[0] if holders else asyncio.Lock()
        holders.append(lock)
        try:
            async with lock:
                yield
        finally:
            holders.pop()
            if not holders:
                del self._locks[session]

    # --- requests --------------------------------------------------------------------------------------

    def charge(self, address: str) -> None:
        """A request came over REST. Raises TooMany; it is then not to be carried out."""
        key, now = address_key(address), self.clock.monotonic()
        allowance = self._allowances.get(key)
        if allowance is None:
            rates = Rates(self.options.requests_per_second, self.options.request_burst, 0.0, 1, 1)
            allowance = self._allowances[key] = Allowance(rates, now)
        if not allowance.spend(now):
            self.stats.rate_limited += 1
            raise TooMany(retry_after=timedelta(seconds=allowance.wait(now)))

    # --- time ------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Look after sockets, and forget what nobody needs. Call every `TICK_SECONDS`."""
        now, options = self.clock.monotonic(), self.options
        for connection in list(self._connections):
            connection.check_alive(now, options.ping_interval, options.pong_within)
        if now >= self._next_cleaning:
            self._next_cleaning = now + FORGET_SECONDS
            if len(self.fighters) > MOST_FIGHTS:
                self.fighters.clear()  # those that go on are told anew with their next state
            gone = [one for one in self._numbers if self.presences.get(one) is None]
            for character_id in gone:
                del self._numbers[character_id]
            for key in [key for key, one in self._allowances.items() if one.is_idle(now)]:
                del self._allowances[key]

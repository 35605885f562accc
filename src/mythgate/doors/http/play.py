"""Playing through the http door: who may connect, joining the world, commands in their order.

WebSocket and SSE share this; neither knows the other.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import re
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

from mythgate.domain.addresses import address_key
from mythgate.domain.errors import (
    AccountDisabled,
    AuthenticationError,
    InvalidInput,
    MythError,
    NoCharacter,
    NotFound,
    PermissionDenied,
    ProtocolError,
    Refused,
    ServerFull,
    SessionEnded,
    TokenExpired,
    TooMany,
    Unavailable,
)
from mythgate.domain.events import (
    CommandResponse,
    Disconnect,
    ErrorEvent,
    Event,
    Pong,
    Priority,
    SessionExpiring,
    event_of,
)
from mythgate.domain.ids import AccountId, CharacterId, PlayId
from mythgate.domain.sessions import Caller
from mythgate.doors.http.allowance import Allowance, Excess, Rates
from mythgate.doors.stepping import resume
from mythgate.realtime.hub import Hub, ResetReason
from mythgate.realtime.outbox import Sink
from mythgate.realtime.stream import Stream
from mythgate.services import causes
from mythgate.services.all import Services
from mythgate.services.security import SecurityEvent, marked
from mythgate.wire.envelope.inbound import (
    ClientMessage,
    CommandMessage,
    PingMessage,
    PositionMessage,
    VoiceSignalMessage,
    decode_json,
    decode_msgpack,
)

logger = logging.getLogger(__name__)

DOOR: Final = "http"
QUIT: Final = 4500
SESSION_ENDED: Final = 4501
FLOOD: Final = 4505
PING_TIMEOUT: Final = 4402
TRY_LATER: Final = 4429
PLAY_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")
MAX_QUEUED_COMMANDS: Final = 64
SWEEP_SECONDS: Final = 5.0  # how finely the silence of connections is measured, or finer for short limits
FINEST_SWEEP: Final = 0.5
GOING_AWAY: Final = Disconnect("going_away", "The server stops. Your client reconnects by itself.", True, 1001)
NOT_ENTERED: Final = Disconnect("not_entered", "You could not enter the world just now.", True, TRY_LATER)
Running = Coroutine[Any, Any, CommandResponse]  # a command being carried out
ERROR_SECONDS: Final = 1.0  # at most one rate_limited error in this time
TOO_LONG_COST: Final = 8  # messages a too long one stands for: reading and unpacking it was work


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """Limits of connections. Durations in seconds."""

    connections: int = 10000
    connections_per_address: int = 64
    unauthenticated: int = 500
    authenticate_within: float = 10.0
    frame_bytes: int = 65536
    command_characters: int = 1000
    commands_per_second: float = 20.0
    command_burst: int = 40
    flood_mute: float = 10.0
    joins_per_account: int = 60  # in `joins_seconds`; a bad line may take thirty in a few seconds
    joins_seconds: float = 10.0
    ping_interval: float = 25.0
    pong_within: float = 10.0
    deflate_threshold: int = 1024
    token_in_query: bool = False


@dataclass(slots=True)
class PlayStats:
    """Numbers for metrics. All but `connected` and `joining` only rise."""

    connected: int = 0
    joining: int = 0
    handshakes: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by error code
    commands: int = 0
    commands_suspended: int = 0  # of these, needed a task
    bad_messages: int = 0
    rate_limited: int = 0
    flood_closed: int = 0
    ping_timeouts: int = 0


REFUSAL_CODES: Final[tuple[tuple[type[MythError], int], ...]] = (
    (TokenExpired, 4401),
    (SessionEnded, SESSION_ENDED),
    (AccountDisabled, SESSION_ENDED),
    (AuthenticationError, 4503),
    (NoCharacter, 4504),
    (PermissionDenied, 4504),
    (NotFound, 4504),
    (TooMany, TRY_LATER),
    (Unavailable, TRY_LATER),
    (InvalidInput, 4404),
    (ProtocolError, 4404),
)
"""Close code of a refused handshake; the first that matches. Whatever else was refused may be tried later."""


def refusal_code(error: MythError) -> int:
    """The close code that tells a client what to do about `error`."""
    return next((code for kind, code in REFUSAL_CODES if isinstance(error, kind)), TRY_LATER)


def error_payload(error: MythError) -> ErrorEvent:
    """`error` as clients hear it."""
    if isinstance(error, Refused):
        return ErrorEvent(
            code=error.code,
            message=error.message,
            hint=error.hint,
            retry_after=error.retry_after.total_seconds() if error.retry_after is not None else None,
            field=(error.field or None) if isinstance(error, InvalidInput) else None,
        )
    if isinstance(error, ProtocolError):
        return ErrorEvent(code=error.code, message=error.message)
    return ErrorEvent(code="internal", message="Something went wrong on our side.")


def play_id_of(value: str | None) -> PlayId:
    """The play session a client chose; a new one if it chose none. Raises InvalidInput."""
    if not value:
        return PlayId("play_" + secrets.token_urlsafe(18))
    if PLAY_ID_PATTERN.fullmatch(value) is None:
        raise InvalidInput("session_id is 8 to 128 letters, digits, _ or -.", field="session_id")
    return PlayId(value)


def last_seq_of(value: str | None) -> int | None:
    """The number a client wants to resume after. Raises InvalidInput."""
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise InvalidInput("last_seq is a whole number.", field="last_seq")
    return int(value)


class Link(Protocol):
    """What a play connection needs of the transport below it."""

    def close(self, code: int, reason: str) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def check_alive(self, sweeps_before_ping: int, sweeps_before_close: int) -> bool:
        """Called each sweep; pings after a long silence. False: there was no answer."""

    def fail(self, reason: str) -> None:
        """The peer broke the format."""

    def round_trip(self) -> float | None:
        """Seconds from a ping to its answer, None where that is not known; has it measured for the next time."""


class PlayDoor:
    """Everything the connections of this door share: limits, counters, and the task group their commands run in."""

    def __init__(self, hub: Hub, services: Services, options: PlayOptions | None = None) -> None:
        self.hub = hub
        self.services = services
        self.options = options if options is not None else PlayOptions()
        self.stats = PlayStats()
        self.connections: set[PlayConnection] = set()
        self.clock = services.clock
        self._addresses: Counter[str] = Counter()
        self._joining: dict[AccountId, list[asyncio.Lock]] = {}
        self._allowances: dict[AccountId, Allowance] = {}
        self._rates = _rates_of(self.options)
        self._tasks: asyncio.TaskGroup | None = None
        self._next_sweep = 0.0
        shortest = min(self.options.ping_interval, self.options.pong_within)
        self._sweep_every = max(FINEST_SWEEP, min(SWEEP_SECONDS, shortest))

    def adopt(self, options: PlayOptions) -> None:
        """Go by other limits from now on; who is connected stays."""
        self.options = options
        self._rates = _rates_of(options)
        for allowance in self._allowances.values():
            allowance.adopt(self._rates)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the task group that suspended commands run in; leaving waits for those under way."""
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            except BaseException as error:
                failure = error  # raised below: it must not cancel commands, nor come out in a group
            finally:
                self._tasks = None
        if failure is not None:
            raise failure

    def spawn(self, work: Coroutine[Any, Any, None], context: contextvars.Context | None = None) -> None:
        """Run `work`, which must not raise, to its end, whatever becomes of the connection."""
        if self._tasks is None:
            work.close()
            raise RuntimeError("the door is not running")
        self._tasks.create_task(work, context=context)

    # --- admission ---------------------------------------------------------------------------------

    def admit(self, address: str) -> None:
        """Count a connection in. Raises ServerFull; call `leave` once otherwise."""
        options = self.options
        self.stats.handshakes += 1
        retry = timedelta(seconds=10)
        if self.stats.connected >= options.connections:
            raise ServerFull(retry_after=retry)
        if self.stats.joining >= options.unauthenticated:
            raise ServerFull("Too many people are signing in right now.", retry_after=retry)
        address = address_key(address)
        if self._addresses[address] >= options.connections_per_address:
            raise ServerFull("Too many connections come from your address.", retry_after=retry)
        self.stats.connected += 1
        self._addresses[address] += 1

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self.stats.connected -= 1
        address = address_key(address)
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def allowance(self, account_id: AccountId) -> Allowance:
        """What the account may still send. Kept while it is held or differs from a new one."""
        found = self._allowances.get(account_id)
        if found is None:
            found = self._allowances[account_id] = Allowance(self._rates, self.clock.monotonic())
        return found

    def charge(self, account_id: AccountId) -> None:
        """A command came outside of a connection. Raises TooMany; it is then not to be carried out."""
        now = self.clock.monotonic()
        allowance = self.allowance(account_id)
        if allowance.spend(now):
            return
        self.stats.rate_limited += 1
        allowance.exceed(now)
        raise TooMany(
            "You are sending too fast; this was not carried out.", retry_after=timedelta(seconds=allowance.wait(now))
        )

    @asynccontextmanager
    async def authenticating(self) -> AsyncIterator[None]:
        """Bounds the time from the handshake to being in the world. Raises Unavailable."""
        self.stats.joining += 1
        try:
            async with asyncio.timeout(self.options.authenticate_within):
                yield
        except TimeoutError:
            raise Unavailable("Signing in took too long.") from None
        finally:
            self.stats.joining -= 1

    async def join(
        self,
        caller: Caller,
        character_id: CharacterId | None,
        play_id: PlayId,
        last_seq: int | None,
        sink: Sink,
        client: str,
        *,
        door: str = DOOR,
    ) -> Stream:
        """Put the caller's character into the world, or back to where its stream was; `sink` gets the events. `door` is
        what others read of how it came in.

        One join at a time per account. Raises TooMany, and whatever `presence.choose` and `presence.enter` refuse.
        """
        wait = self.allowance(caller.account_id).spend_join(self.clock.monotonic())
        if wait is not None:
            raise TooMany("You connect too often.", retry_after=timedelta(seconds=wait))
        async with self._one_at_a_time(caller.account_id):
            presence, hub = self.services.presence, self.hub
            stream = hub.find(play_id, caller.account_id)
            if stream is not None and character_id is None:
                character_id = stream.character_id
            character = await presence.choose(caller, character_id)
            # From here to the stream nothing waits: who is signed out later is found by its session.
            if not self.services.sessions.is_live(caller.session_id):
                raise SessionEnded
            found = hub.find(play_id, caller.account_id)
            if found is not None and found.character_id == character.id:
                found.session_id = caller.session_id
                if hub.attach(found, sink, last_seq).reset is not None:
                    # The state that follows holds all that happens in the room until then.
                    hub.unsubscribe_all(character.id)
                    try:
                        await presence.enter(caller, character, play_id=play_id, door=door, client=client)
                    except BaseException as error:
                        if found.ended and isinstance(error, Refused):
                            return found  # and `sink` was told why
                        # It listens to nothing, and nothing of it was told: begin anew next time.
                        hub.detach(found, sink)
                        hub.end(found, NOT_ENTERED)
                        raise
                return found
            stream = hub.open(play_id, character.id, caller.account_id, caller.session_id)
            if last_seq:
                reason: ResetReason = "unknown_session" if found is None else "other_character"
                hub.send_to(stream, hub.reset_event(reason, last_seq))
            try:
                await presence.enter(caller, character, play_id=play_id, door=door, client=client)
            except BaseException as error:
                if stream.farewell is None or not isinstance(error, Refused):
                    hub.end(stream, reason="not_entered")
                    raise
            if stream.ended:
                await presence.depart(character.id)
            hub.attach(stream, sink)  # says farewell if somebody has ended it
            return stream

    @asynccontextmanager
    async def _one_at_a_time(self, account_id: AccountId) -> AsyncIterator[None]:
        """A lock per account, kept only while somebody holds or awaits it."""
        holders = self._joining.setdefault(account_id, [])
        lock = holders[0] if holders else asyncio.Lock()
        holders.append(lock)
        try:
            async with lock:
                yield
        finally:
            holders.pop()
            if not holders:
                del self._joining[account_id]

    def round_trips(self, wanted: Collection[CharacterId]) -> dict[CharacterId, float]:
        """Seconds from a ping to its answer, of those of `wanted` whose connections know."""
        found = {}
        for connection in self.connections:
            if connection.character_id in wanted:
                seconds = connection.link.round_trip()
                if seconds is not None:
                    found[connection.character_id] = seconds
        return found

    # --- time --------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Look after silent connections, and keep the sessions of active ones alive. Call every `FINEST_SWEEP`."""
        now = self.clock.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + self._sweep_every
        before_ping = max(1, round(self.options.ping_interval / self._sweep_every))
        before_close = before_ping + max(1, round(self.options.pong_within / self._sweep_every))
        for connection in list(self.connections):
            if connection.active:
                connection.active = False
                self.services.sessions.note_activity(connection.stream.session_id)
            if not connection.link.check_alive(before_ping, before_close):
                self.stats.ping_timeouts += 1
                connection.link.close(PING_TIMEOUT, "ping_timeout")
        for account_id in [one for one, allowance in self._allowances.items() if allowance.is_idle(now)]:
            del self._allowances[account_id]
        self._warn_expiring()

    def _warn_expiring(self) -> None:
        expiring = {entry.session_id: entry for entry in self.services.sessions.expiring()}
        if not expiring:
            return
        for stream in self.hub.streams():
            entry = expiring.get(stream.session_id)
            if entry is not None:
                payload = SessionExpiring(entry.expires_at, "Your session ends soon unless you go on playing.")
                self.hub.send_to(stream, event_of(payload, self.clock.now()))


def _rates_of(options: PlayOptions) -> Rates:
    return Rates(
        options.commands_per_second,
        options.command_burst,
        options.flood_mute,
        options.joins_per_account,
        options.joins_seconds,
    )


class PlayConnection:
    """One connection through which a character is played: decodes, limits and carries out what it says.

    Commands are carried out one after another in the order they came. One that completes without waiting
    for anything needs no task. A command that runs is never cancelled by the loss of the connection.
    """

    __slots__ = (
        "_allowance",
        "_binary",
        "_busy",
        "_context",
        "_queue",
        "active",
        "character_id",
        "door",
        "line",
        "link",
        "stream",
    )

    def __init__(self, door: PlayDoor, stream: Stream, link: Link, *, msgpack: bool = False) -> None:
        self.door = door
        self.line = _line_of(stream)
        self.stream = stream
        self.character_id = stream.character_id
        self.link = link
        self._binary: Callable[..., list[ClientMessage]] = decode_msgpack if msgpack else decode_json
        self._context: contextvars.Context | None = None
        self._busy = False
        self._queue: deque[CommandMessage] | None = None
        self._allowance = door.allowance(stream.account_id)
        self._allowance.holders += 1
        self.active = False  # said something since the last sweep
        door.connections.add(self)

    def closed(self) -> None:
        """The connection is gone. Commands that came before are still carried out."""
        if self in self.door.connections:
            self.door.connections.discard(self)
            self._allowance.holders -= 1

    # --- what comes in -----------------------------------------------------------------------------

    def receive(self, raw: bytes, *, binary: bool = False) -> None:
        """One frame's payload. Text is JSON; binary is what was agreed on."""
        door = self.door
        options = door.options
        now = door.clock.monotonic()
        if not self._allowance.spend(now):
            self._drop(now, 1)
            return
        self.active = True
        try:
            decode = self._binary if binary else decode_json
            messages = decode(raw, max_characters=options.command_characters)
        except ProtocolError as error:
            self._refuse(error, raw)
            return
        if len(messages) > 1:
            self._allowance.owe(len(messages) - 1)
        for message in messages:
            if type(message) is CommandMessage:
                if self._busy:
                    self._wait(message)
                else:
                    self._carry_out(message)
            elif type(message) is PingMessage:
                self._tell(event_of(Pong(message.sent), door.clock.now(), reply_to=message.message_id))
            elif type(message) is PositionMessage:
                door.services.positions.report(self.character_id, message.position, message.velocity)
            elif type(message) is VoiceSignalMessage:
                self._pass_on(message)

    def _pass_on(self, message: VoiceSignalMessage) -> None:
        try:
            self.door.services.voice.signal(self.character_id, message.signal)
        except Refused as refused:
            self._tell(event_of(error_payload(refused), self.door.clock.now(), reply_to=message.message_id))

    def too_long(self) -> None:
        """A message above the limit was thrown away."""
        now = self.door.clock.monotonic()
        if self._allowance.spend(now, TOO_LONG_COST):
            self._refuse(ProtocolError("The message is too long.", code="message_too_long"), b"")
        else:
            self._drop(now, TOO_LONG_COST)

    def overhead(self, frames: int) -> None:
        """Frames came that are no message of their own: pings, pongs, fragments."""
        now = self.door.clock.monotonic()
        if not self._allowance.spend(now, frames):
            self._drop(now, frames)

    def _refuse(self, error: ProtocolError, raw: bytes) -> None:
        self.door.stats.bad_messages += 1
        if error.code == "invalid_json":
            try:
                raw.decode()
            except UnicodeDecodeError:
                self.link.fail("text is not UTF-8")
                return
        self._tell(event_of(error_payload(error), self.door.clock.now()))

    def _tell(self, event: Event) -> None:
        self.door.hub.send_to(self.stream, event)

    def _drop(self, now: float, count: int) -> None:
        """Too fast: say so, then mute, then close."""
        if self.stream.ended:
            return
        door, allowance = self.door, self._allowance
        door.stats.rate_limited += 1
        excess = allowance.exceed(now, count)
        if excess is Excess.IGNORED:
            return
        if excess is Excess.FLOODING:
            door.stats.flood_closed += 1
            where = {"character": self.character_id, "correlation": self.line.id, "address": self.line.address}
            logger.warning("Connection closed for flooding", extra=where | marked(SecurityEvent.FLOOD))
            message = "You kept sending far too much."
            door.hub.end(self.stream, Disconnect("flood", message, may_reconnect=False, code=FLOOD))
            return
        if excess is Excess.MUTED:
            error = TooMany("You are sending far too much and are not listened to for a while.")
        elif now >= allowance.next_error:
            error = TooMany("You are sending too fast; this was not carried out.")
        else:
            return
        allowance.next_error = now + ERROR_SECONDS
        payload = error_payload(error)
        payload.retry_after = allowance.wait(now)
        self._tell(event_of(payload, door.clock.now()))

    # --- carrying out ------------------------------------------------------------------------------

    def _start(self, message: CommandMessage) -> Running:
        self.door.stats.commands += 1
        return self.door.services.commands.execute(
            self.character_id,
            message.line,
            command=message.command if message.args is not None else None,
            args=message.args or (),
            command_id=message.message_id,
        )

    def _carry_out(self, message: CommandMessage) -> None:
        """Run the command as far as it goes without waiting; make a task only if it waits."""
        context = self._context
        if context is None:
            context = self._context = contextvars.copy_context()
        context.run(causes.begin, self.line)
        work = self._start(message)
        try:
            awaited = context.run(work.send, None)
        except StopIteration as done:
            self._answer(message, done.value)
        except Exception as error:
            self._fail(message, error)
        else:
            self._busy = True
            self.door.stats.commands_suspended += 1
            self.door.spawn(self._go_on(work, awaited, message), context)

    async def _go_on(self, work: Running, awaited: object, message: CommandMessage) -> None:
        """Bring a suspended command, and those that came after it, to their end."""
        try:
            self._answer(message, await resume(work, awaited))
        except Exception as error:
            self._fail(message, error)
        queue = self._queue
        while queue:
            message = queue.popleft()
            if len(queue) == MAX_QUEUED_COMMANDS // 2:
                self.link.resume_reading()
            causes.begin(self.line)
            try:
                self._answer(message, await self._start(message))
            except Exception as error:
                self._fail(message, error)
        self._queue = None
        self._busy = False

    def _wait(self, message: CommandMessage) -> None:
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
        queue.append(message)
        if len(queue) >= MAX_QUEUED_COMMANDS:
            self.link.pause_reading()

    def _answer(self, message: CommandMessage, response: CommandResponse) -> None:
        door = self.door
        # Who spoke hears it from the room; that it was carried out may leave together with that.
        priority = Priority.NORMAL if response.says_nothing else None
        event = event_of(response, door.clock.now(), reply_to=message.message_id, priority=priority)
        door.hub.send(self.character_id, event)
        if response.data is not None and response.data.get("quit"):
            door.spawn(self._quit())

    async def _quit(self) -> None:
        try:
            await self.door.services.presence.depart(self.character_id)
        except Exception:
            logger.exception("Leaving the world failed")
        farewell = Disconnect("quit", "You leave the world. Come back soon.", may_reconnect=False, code=QUIT)
        self.door.hub.close(self.character_id, farewell)

    def _fail(self, message: CommandMessage, error: Exception) -> None:
        """A bug, told to the log in full and to the player in short."""
        request_id = causes.Cause(self.line, self.line.count).correlation
        logger.error(
            "A command failed", exc_info=error, extra={"correlation": request_id, "character": self.character_id}
        )
        payload = ErrorEvent(
            code="internal",
            message="Something went wrong on our side.",
            hint="If it happens again, tell an administrator the request id.",
            request_id=request_id,
        )
        event = event_of(payload, self.door.clock.now(), reply_to=message.message_id)
        self.door.hub.send(self.character_id, event)


def _line_of(stream: Stream) -> causes.Line:
    """The connection a stream is played through, under the id of the request that opened it."""
    opened = causes.current()
    id_, address = (opened.line.id, opened.line.address) if opened is not None else (secrets.token_hex(8), "")
    return causes.Line(id_, "http", address, account=stream.account_id, character=stream.character_id)

"""Passing connections on: clients see what they would see without us, but for the addresses of rooms.

Bytes go on as they come, half packets and nonsense included. Only two kinds of packets are held until they are whole: a
list of rooms, whose addresses become ours, and a log-in if it may be moved to another server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field, replace
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from mythgate.domain.errors import ProtocolError
from mythgate.shadow.mirror import Login, Mirror, RoomMirror, scheme_of
from mythgate.shadow.report import Report
from mythgate.shadow.state import StateFile
from mythgate.shadow.tap import MOST_PACKET_BYTES, ROOM_LIST, Holding, Seen, Tap, sealed
from mythgate.wire.metaserver import crypto, fields
from mythgate.wire.metaserver.framing import FrameDecoder, frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import (
    SESSION_KEY,
    AuthenticationType,
    Direction,
    RoomList,
    RoomLogin,
    ServerMessage,
    SessionKey,
    UserSuccessfulLogin,
    decode,
    encode,
)
from mythgate.wire.metaserver.packets import Login as LoginPacket
from mythgate.wire.metaserver.records import RoomEntry
from mythgate.wire.metaserver.text import plain_name

log = logging.getLogger(__name__)

LOGIN: Final = 100
CONNECT_SECONDS: Final = 20.0
SWITCH_SECONDS: Final = 5.0
LINGER_SECONDS: Final = 10.0  # for the other end to hang up as well
FAILURES: Final = 3  # of our server in a row, until nobody is moved any more
MOST_LISTENERS: Final = 256
MOST_LOGINS: Final = 10_000  # of which rooms may still be entered
CHUNK: Final = 65_536
TICK_SECONDS: Final = 0.5
_GUEST: Final = "guest"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Room:
    """A room that was announced: where it is, and what came to be known of it."""

    place: Place
    room_id: int
    family: Family
    is_ours: bool


@dataclass(slots=True)
class Line:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, place: Place, seconds: float = CONNECT_SECONDS) -> Line:
        """Raises OSError, TimeoutError."""
        async with asyncio.timeout(seconds):
            return cls(*await asyncio.open_connection(place.host, place.port))

    def hang_up(self, *, hard: bool = False) -> None:
        if hard:
            self.writer.transport.abort()
        else:
            self.writer.close()


@dataclass(slots=True)
class Shadow:
    """Stands in front of `upstream`. `target` is where moved log-ins go; None: nobody is moved."""

    upstream: Place
    report: Report
    state: StateFile
    mirror: Mirror | None = None
    target: Place | None = None
    host: str = "127.0.0.1"
    advertise: str = ""  # IPv4 that clients are told for rooms; empty: where they reached us
    room_port: int = 0  # the first that is tried for a room; 0: the one that the room has at its server
    port: int = 0  # once it is open
    _rooms: dict[Room, int] = field(default_factory=dict)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _logins: dict[bytes, Login] = field(default_factory=dict)  # by token, oldest first
    _mirrors: dict[RoomMirror, None] = field(default_factory=dict)
    _tasks: asyncio.TaskGroup | None = None
    _passages: dict[Passage, asyncio.Task[Any] | None] = field(default_factory=dict)
    _failures: int = 0
    _repeating: int = 0  # log-ins
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[None]:
        """Stand there while the block runs. Raises OSError if the port cannot be had."""
        failure: BaseException | None = None
        server = await asyncio.start_server(self._come, self.host, port)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._servers.append(server)
            self.port = server.sockets[0].getsockname()[1]
            beside = [tasks.create_task(self._tick())]
            if self.mirror is not None:
                beside.append(tasks.create_task(self.mirror.work()))
            try:
                yield
            except BaseException as error:
                failure = error  # raised below, or it came out in a group
            finally:
                for one in self._servers:
                    one.close()
                for passage in list(self._passages):
                    passage.abort()
                passing = [task for task in self._passages.values() if task is not None]
                if passing:
                    await asyncio.wait(passing, timeout=SWITCH_SECONDS)
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
                for mirrored in self._mirrors:
                    await mirrored.end()
                self._servers.clear()
        if failure is not None:
            raise failure

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`, which must not raise, beside."""
        if self._tasks is None:
            work.close()
            return
        self._tasks.create_task(work)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._mirrors = {one: None for one in self._mirrors if not one.is_over}
            for mirrored in self._mirrors:
                mirrored.comparison.settle(loop.time())

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass(Passage(self, Line(reader, writer), self.upstream))

    async def _pass(self, passage: Passage) -> None:
        self._passages[passage] = asyncio.current_task()
        try:
            await passage.run()
        except Exception:
            log.exception("a connection could not be passed on")
            self.report.faults["the shadow itself: see the log"] += 1
        finally:
            passage.abort()
            await passage.closed()
            del self._passages[passage]

    # --- rooms -------------------------------------------------------------------------------------

    async def port_of(self, room: Room) -> int | None:
        """Where clients enter a room through us; None if no port can be had."""
        async with self._opening:
            if room in self._rooms:
                return self._rooms[room]
            if len(self._servers) >= MOST_LISTENERS:
                return None

            async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await self._pass(Passage(self, Line(reader, writer), room.place, room))

            first = self.room_port or room.place.port
            for port in (*range(first, min(first + 2 * MOST_LISTENERS, 65_536)), 0):
                try:
                    server = await asyncio.start_server(come, self.host, port)
                except OSError:
                    continue
                self._servers.append(server)
                self._rooms[room] = server.sockets[0].getsockname()[1]
                return self._rooms[room]
        return None

    # --- log-ins -----------------------------------------------------------------------------------

    def moves(self, name: str) -> bool:
        """Whether somebody logs in to our server."""
        return self.target is not None and bool(name) and self.state.read().moves(name)

    def ours_failed(self, why: str) -> None:
        """Our server did not do its work for somebody who was moved."""
        self.report.faults[f"ours: {why}"] += 1
        self._failures += 1
        if self._failures >= FAILURES and not self.state.read().has_fallen_back:
            log.error("our server failed: all log-ins go to the other again", extra={"reason": why})
            self.state.fall_back(f"our server failed {FAILURES} times in a row: {why}")

    def ours_worked(self) -> None:
        """It did."""
        self._failures = 0

    def logged_in(self, login: Login) -> None:
        """Somebody has logged in to the other server, or was refused: have ours do the same."""
        self.report.clients[login.client] += 1
        if self.mirror is None:
            return
        if self.mirror.ours.checks_passwords and scheme_of(login) not in (None, AuthenticationType.PLAINTEXT):
            self.report.not_compared["log-ins whose password only the other server can check"] += 1
            return
        login.our_token = asyncio.get_running_loop().create_future()
        if login.token:
            self._logins[login.token] = login
            if len(self._logins) > MOST_LOGINS:
                del self._logins[next(iter(self._logins))]
        self._repeating += 1
        self.spawn(self._repeat(login, self.mirror))

    async def _repeat(self, login: Login, mirror: Mirror) -> None:
        try:
            await mirror.repeat(login)
        finally:
            self._repeating -= 1

    @property
    def is_settled(self) -> bool:
        """Nobody is connected, and ours has done all that they did."""
        return not (self._passages or self._repeating) and all(one.is_over for one in self._mirrors)

    def entering(self, token: bytes, room: Room, *, encrypts: bool) -> tuple[Login, RoomMirror] | None:
        """Somebody comes to a room with that token; None if we do not know them."""
        login = self._logins.get(token)
        if login is None or self.mirror is None:
            return None
        mirrored = RoomMirror(self.mirror, login, room.room_id, encrypts=encrypts)
        self._mirrors[mirrored] = None
        return login, mirrored


class Passage:
    """One connection of a client, and the one to a server that belongs to it."""

    def __init__(self, shadow: Shadow, client: Line, place: Place, room: Room | None = None) -> None:
        self.shadow = shadow
        self.client = client
        self.place = place
        self.room = room
        self.server: Line | None = None
        self._lines = [client]  # all that were opened
        self.tap = Tap(room.family if room is not None else Family.MYTH)
        self.login: Login | None = None
        self.name = ""
        self.client_name = ""
        self.is_moved = False
        self.is_decided = room is not None or shadow.target is None
        self.server_cipher: crypto.Cipher | None = None  # if it is not the client's
        self._mirrored: RoomMirror | None = None
        self._down: asyncio.Task[None] | None = None
        self._first: bytes = b""  # the log-in in clear, until the server has answered it
        self._is_told = False  # ours said something
        self._has_worked = False
        self._switching = False

    def abort(self) -> None:
        """Hang up both ends at once."""
        for line in self._lines:
            line.hang_up(hard=True)

    async def closed(self) -> None:
        """Wait until both sockets are gone."""
        for line in self._lines:
            with contextlib.suppress(OSError):
                await line.writer.wait_closed()

    # --- running -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Pass on until both ends have hung up."""
        try:
            self.server = await Line.to(self.place)
            self._lines.append(self.server)
        except (OSError, TimeoutError) as error:
            whose = "ours" if self.room is not None and self.room.is_ours else "the other server"
            self.shadow.report.faults[f"{whose} cannot be reached at {self.place}: {_reason(error)}"] += 1
            self.client.hang_up(hard=True)
            return
        up = asyncio.create_task(self._up())
        self._down = asyncio.create_task(self._down_from(self.server))
        try:
            await up
            while not self._down.done():
                current = self._down
                await asyncio.wait([current], timeout=LINGER_SECONDS)
                if current is self._down:
                    break
        finally:
            for task in (up, self._down):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, OSError):
                        await task
            self._over()

    def _over(self) -> None:
        if self._mirrored is not None:
            self._mirrored.over()
        if self.login is not None and not self.is_moved:
            login, self.login = self.login, None
            login.waited = asyncio.get_running_loop().time() - login.asked_at
            if any(seen.direction is Direction.TO_CLIENT for seen in login.said):
                self.shadow.logged_in(login)

    async def _up(self) -> None:
        """From the client to the server."""
        holding = None if self.is_decided else Holding(LOGIN)
        frames = FrameDecoder(MOST_PACKET_BYTES)
        try:
            while data := await self.client.reader.read(CHUNK):
                for seen in self.tap.feed(Direction.TO_SERVER, data):
                    self._saw(seen)
                if holding is None:
                    await self._forward(data, frames)
                    continue
                for part in holding.feed(data):
                    if isinstance(part, bytes):
                        await self._forward(part, frames)
                    else:
                        await self._decide(part[1])
                        if self.is_decided:
                            rest, holding = holding.rest(), None
                            await self._forward(rest, frames)
                            break
            if holding is not None and self.server is not None:
                self.server.writer.write(holding.rest())
            if self.server is not None and self.server.writer.can_write_eof():
                self.server.writer.write_eof()
        except OSError:
            if self.server is not None:
                self.server.hang_up(hard=True)

    async def _forward(self, data: bytes, frames: FrameDecoder) -> None:
        server = self.server
        if not data or server is None:
            return
        if self.server_cipher is None:
            server.writer.write(data)
        else:
            frames.receive_data(data)
            while (got := frames.next_frame()) is not None:
                server.writer.write(self._across(*got, self.tap.cipher, self.server_cipher))
        try:
            await server.writer.drain()
        except OSError:
            if server is self.server:
                raise

    @staticmethod
    def _across(packet_type: int, payload: bytes, received: crypto.Cipher | None, sent: crypto.Cipher | None) -> bytes:
        """A packet from one key to another."""
        if packet_type != SESSION_KEY and received is not None:
            payload = received.open(payload)
        return sealed(sent, packet_type, payload, (secrets.randbits(32), secrets.randbits(32)))

    async def _down_from(self, server: Line) -> None:
        """From the server to the client, until it hangs up."""
        holding, frames = Holding(ROOM_LIST), FrameDecoder(MOST_PACKET_BYTES)
        try:
            while data := await server.reader.read(CHUNK):
                if self.server_cipher is not None:
                    frames.receive_data(data)
                    pieces = []
                    while (got := frames.next_frame()) is not None:
                        pieces.append(self._across(*got, self.server_cipher, self.tap.cipher))
                    data = b"".join(pieces)
                if self.is_moved and data:
                    self._is_told = True
                for seen in self.tap.feed(Direction.TO_CLIENT, data):
                    self._saw(seen)
                for part in holding.feed(data):
                    self.client.writer.write(part if isinstance(part, bytes) else await self._addressed(part[1]))
                await self.client.writer.drain()
        except ProtocolError as error:
            self.shadow.report.faults[f"ours: {error.message}"] += 1
        except OSError:
            self.client.hang_up(hard=True)
            return
        if self.is_moved and not self._has_worked:
            self.shadow.ours_failed("it hung up in the middle of a log-in")
            if not self._is_told and await self._go_back():
                return
        self.client.writer.write(holding.rest())
        self.client.hang_up()

    # --- what was seen -----------------------------------------------------------------------------

    def _saw(self, seen: Seen) -> None:
        report, family = self.shadow.report, self.tap.family
        packet = seen.packet
        if isinstance(packet, LoginPacket):
            self.client_name = f"{packet.application} {family.value}"
            self.name = plain_name(packet.username)
            if self.name.casefold() == _GUEST:
                self.name = ""
            self.login = Login(family, self.tap.is_encrypted, self.name, self.client_name)
        kind = fields.name_of(family, seen.direction, seen.packet_type)
        report.seen[self.client_name or family.value, seen.direction.value, kind] += 1
        if seen.fault:
            report.faults[f"a packet {kind} {seen.direction.value} makes no sense: {seen.fault}"] += 1
        if self.is_moved:
            if isinstance(packet, UserSuccessfulLogin | ServerMessage) and not self._has_worked:
                self._has_worked = True
                self.shadow.ours_worked()
        elif self.room is not None:
            self._saw_in_room(seen, self.room)
        elif self.login is not None:
            self._saw_at_login(seen, self.login)

    def _saw_at_login(self, seen: Seen, login: Login) -> None:
        login.said.append(seen)
        if seen.direction is Direction.TO_SERVER:
            login.asked_at = asyncio.get_running_loop().time()
        if isinstance(seen.packet, UserSuccessfulLogin):
            login.token, login.number = seen.packet.token, seen.packet.user_id
        elif isinstance(seen.packet, RoomList):
            login.rooms = seen.packet.rooms
            self.login = None
            self.shadow.report.logins["upstream"] += 1
            self.shadow.logged_in(login)

    def _saw_in_room(self, seen: Seen, room: Room) -> None:
        if isinstance(seen.packet, RoomLogin) and self._mirrored is None and not room.is_ours:
            entered = self.shadow.entering(seen.packet.token, room, encrypts=self.tap.is_encrypted)
            if entered is not None:
                login, self._mirrored = entered
                self.tap.family, self.client_name, self.name = login.family, login.client, login.name
        if self._mirrored is None:
            return
        if seen.direction is Direction.TO_SERVER:
            self._mirrored.client_said(seen)
        else:
            self._mirrored.server_said(seen, asyncio.get_running_loop().time())

    # --- addresses ---------------------------------------------------------------------------------

    async def _addressed(self, payload: bytes) -> bytes:
        """A list of rooms with our addresses; as it was if it makes no sense."""
        cipher, family = self.tap.cipher if self.tap.is_encrypted else None, self.tap.family
        try:
            clear = payload if cipher is None else cipher.open(payload)
            packet: RoomList = decode(family, Direction.TO_CLIENT, ROOM_LIST, clear)
            rooms = [await self._announced(entry) for entry in packet.rooms]
            told = encode(family, Direction.TO_CLIENT, RoomList(rooms=tuple(rooms)))
        except (ProtocolError, ValueError):
            return frame(ROOM_LIST, payload)
        return sealed(cipher, ROOM_LIST, told, (secrets.randbits(32), secrets.randbits(32)))

    async def _announced(self, entry: RoomEntry) -> RoomEntry:
        host = str(IPv4Address(entry.host)) if entry.host else (self.room.place.host if self.room else self.place.host)
        is_ours = self.is_moved or (self.room is not None and self.room.is_ours)
        room = Room(Place(host, entry.port), entry.room_id, self.tap.family, is_ours)
        port = await self.shadow.port_of(room)
        if port is None:
            self.shadow.report.faults["no port for a room: clients were told the real one"] += 1
            return entry
        return replace(entry, host=entry.host and self._own_address(), port=port)

    def _own_address(self) -> int:
        """Where this client finds us."""
        local = self.client.writer.get_extra_info("sockname")
        for text in (self.shadow.advertise, str(local[0]).removeprefix("::ffff:") if local else ""):
            with contextlib.suppress(AddressValueError):
                return int(IPv4Address(text))
        return 0

    # --- moving over -------------------------------------------------------------------------------

    async def _decide(self, payload: bytes) -> None:
        """Where a log-in goes, now that it is whole."""
        self.is_decided = True
        if not (self.shadow.moves(self.name) and self.shadow.target is not None):
            if self.server is not None:
                self.server.writer.write(frame(LOGIN, payload))
            return
        cipher = self.tap.cipher
        if self.tap.is_encrypted and cipher is None:  # a key that leads nowhere
            if self.server is not None:
                self.server.writer.write(frame(LOGIN, payload))
            return
        self._first = payload if cipher is None else cipher.open(payload)
        self.is_moved = True
        try:
            await self._switch(self.shadow.target)
            self.shadow.report.logins["moved"] += 1
            self.login = None
        except (OSError, EOFError, TimeoutError, ProtocolError) as error:
            self.shadow.ours_failed(_reason(error))
            self._to_upstream_again()
            if self.server is not None:
                self.server.writer.write(frame(LOGIN, payload))

    def _to_upstream_again(self) -> None:
        self.is_moved = False
        self.shadow.report.logins["fallback"] += 1

    async def _go_back(self) -> bool:
        """Ours hung up before it said anything: the other server gets the log-in after all."""
        try:
            self._to_upstream_again()
            await self._switch(self.shadow.upstream)
        except (OSError, EOFError, TimeoutError, ProtocolError):
            return False
        return True

    async def _switch(self, place: Place) -> None:
        """Go on with another server, which gets the log-in; the client notices nothing."""
        line = await Line.to(place, SWITCH_SECONDS)
        self._lines.append(line)
        cipher = None
        try:
            if self.tap.is_encrypted:
                cipher = await _exchange_keys(line, self.tap.family)
            line.writer.write(sealed(cipher, LOGIN, self._first, (secrets.randbits(32), secrets.randbits(32))))
        except BaseException:
            line.hang_up(hard=True)
            raise
        former, down = self.server, self._down
        self.server, self.server_cipher = line, cipher
        self._down = asyncio.create_task(self._down_from(line))
        if down is not None and down is not asyncio.current_task():
            down.cancel()
        if former is not None:
            former.hang_up()


async def _exchange_keys(line: Line, family: Family) -> crypto.Cipher:
    """Keys with a server, as a client that begins. Raises EOFError, ProtocolError, TimeoutError."""
    private = crypto.private_key(secrets.token_bytes(crypto.KEY_BYTES))
    line.writer.write(frame(SESSION_KEY, crypto.public_key(private)))
    async with asyncio.timeout(SWITCH_SECONDS):
        try:
            head = await line.reader.readexactly(8)
            body = await line.reader.readexactly(int.from_bytes(head[4:8], "big") - 8)
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise EOFError from error
    theirs: SessionKey = decode(family, Direction.TO_CLIENT, SESSION_KEY, body)
    return crypto.Cipher(crypto.session_key(private, theirs.public_key))


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__

"""What all lines of the telnet door share: ports, admission, limits, and time."""

from __future__ import annotations

import asyncio
import contextvars
import ipaddress
import logging
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import mythgate
from mythgate.domain.addresses import address_key, plain_address
from mythgate.domain.errors import MythError
from mythgate.domain.ids import SessionId
from mythgate.domain.sessions import Caller
from mythgate.domain.sheets import MAX_LEVEL, CharacterClass, Race
from mythgate.doors.http.play import PlayDoor
from mythgate.doors.telnet.conversation import Conversation
from mythgate.doors.telnet.line import TelnetLine
from mythgate.doors.telnet.options import TelnetOptions, TelnetStats
from mythgate.doors.telnet.playing import Playing
from mythgate.services.ports import PresenceStore
from mythgate.wire.telnet import gmcp
from mythgate.wire.telnet.mssp import Values

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
BACKLOG: Final = 512
ACTIVITY_SECONDS: Final = 5.0
LARGEST_NUMBER: Final = 2**31 - 1
CERTIFICATE_SECONDS: Final = 60.0  # how soon a renewed certificate is used
HANDSHAKE_SECONDS: Final = 10.0


class CertificateUnusable(MythError):
    """The certificate for TLS cannot be used."""


class TelnetDoor:
    """The door. `play` is the http door's part that puts characters into the world, which both share."""

    def __init__(
        self,
        play: PlayDoor,
        *,
        presences: PresenceStore,
        options: TelnetOptions | None = None,
        greeting: Callable[[], str] | None = None,
    ) -> None:
        self.play = play
        self.hub = play.hub
        self.services = play.services
        self.clock = play.clock
        self.presences = presences
        self.options = options if options is not None else TelnetOptions()
        self.stats = TelnetStats()
        self.greeting: Callable[[], str] = greeting if greeting is not None else str
        self.port = self.tls_port = 0  # 0: closed
        self.pong: Final = gmcp.message("Core.Ping", "")
        self._opened_at = self.clock.now()
        self._servers: list[asyncio.Server] = []
        self._context: ssl.SSLContext | None = None
        self._tls_socket: socket.socket | None = None
        self._beginning: set[asyncio.Task[None]] = set()  # of what is before a line with TLS
        self._handshakes: Counter[str] = Counter()  # under way, by address
        self._certificate_seen: tuple[float, ...] = ()
        self._lines: dict[TelnetLine, None] = {}
        self._strangers: dict[TelnetLine, None] = {}
        self._playing: dict[Playing, None] = {}
        self._addresses: Counter[str] = Counter()
        self._tasks: asyncio.TaskGroup | None = None
        self._next_activity = 0.0
        self._next_certificate = 0.0

    # --- ports -----------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the ports.

        Raises:
            OSError: one cannot be opened; then none is.
            CertificateUnusable: the certificate cannot be used.

        """
        options = self.options
        try:
            if options.certificate is not None:
                self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._load_certificate()
            server = await asyncio.get_running_loop().create_server(
                lambda: TelnetLine(self, encrypted=False), options.host, options.port, backlog=BACKLOG
            )
            self._servers.append(server)
            self.port = server.sockets[0].getsockname()[1]
            if self._context is not None:
                family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
                self._tls_socket = socket.create_server(
                    (options.host, options.tls_port), family=family, backlog=BACKLOG
                )
                self._tls_socket.setblocking(False)
                self.tls_port = self._tls_socket.getsockname()[1]
        except BaseException:
            self._close()
            raise

    async def _accept_encrypted(self, listener: socket.socket) -> None:
        """Take lines for TLS. They count before their handshake, which costs us more than the other side."""
        loop, limit = asyncio.get_running_loop(), self.options.strangers
        while True:
            try:
                taken, peer = await loop.sock_accept(listener)
            except OSError:  # no more files, perhaps
                logger.warning("a TLS line of the telnet door cannot be taken", exc_info=True)
                await asyncio.sleep(1.0)
                continue
            key = address_key(str(peer[0]))
            if self._handshakes.total() >= limit or self._handshakes[key] >= self.options.connections_per_address:
                self.stats.turned_away["handshakes"] += 1
                taken.close()
                continue
            self._handshakes[key] += 1
            assert self._tasks is not None
            task = self._tasks.create_task(self._shake_hands(taken, key))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    async def _shake_hands(self, taken: socket.socket, key: str) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: TelnetLine(self, encrypted=True),
                taken,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except OSError as error:  # those of TLS and of time among them
            logger.debug("A TLS handshake failed", extra={"reason": str(error)})
            taken.close()
        finally:
            self._handshakes[key] -= 1
            if not self._handshakes[key]:
                del self._handshakes[key]

    def _load_certificate(self) -> None:
        """Use the certificate as it is in its file now; lines that are open keep theirs."""
        assert self._context is not None and self.options.certificate is not None
        try:
            self._context.load_cert_chain(self.options.certificate, self.options.certificate_key)
            self._certificate_seen = self._certificate_times()
        except (OSError, ssl.SSLError) as error:
            raise CertificateUnusable(f"{self.options.certificate} cannot be used: {error}") from error

    def _certificate_times(self) -> tuple[float, ...]:
        files = (self.options.certificate, self.options.certificate_key)
        return tuple(Path(file).stat().st_mtime for file in files if file is not None)

    def _renew_certificate(self) -> None:
        try:
            if self._certificate_times() != self._certificate_seen:
                self._load_certificate()
                logger.info("the certificate of the telnet door was read anew")
        except (OSError, CertificateUnusable) as error:
            logger.warning("the certificate of the telnet door cannot be read", extra={"reason": str(error)})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the task group of what has to wait; leaving closes all ports and lines."""
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            if self._tls_socket is not None:
                self._beginning.add(tasks.create_task(self._accept_encrypted(self._tls_socket)))
            try:
                yield
            except BaseException as error:
                failure = error  # raised below: it must not cancel commands, nor come out in a group
            finally:
                self._close()
                self._tasks = None
        if failure is not None:
            raise failure

    def _close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        for task in list(self._beginning):
            task.cancel()
        if self._tls_socket is not None:
            self._tls_socket.close()
        for line in list(self._lines):
            line.close("going_away")

    def spawn(self, work: Coroutine[Any, Any, None], context: contextvars.Context | None = None) -> None:
        """Run `work`, which must not raise, to its end, whatever becomes of the line."""
        if self._tasks is None:
            work.close()
            return
        self._tasks.create_task(work, context=context)

    # --- admission -------------------------------------------------------------------------------------

    def admit(self, line: TelnetLine) -> str:
        """Count a line in; or what to say instead. Of those who have not signed in the oldest makes room."""
        options, stats = self.options, self.stats
        if stats.connected >= options.connections:
            stats.turned_away["full"] += 1
            return "The server is full. Try again later."
        if not self.is_local(line):
            key = address_key(line.address)
            if self._addresses[key] >= options.connections_per_address:
                stats.turned_away["address"] += 1
                return "Too many connections come from your address."
            self._addresses[key] += 1
        stats.connected += 1
        stats.accepted["tls" if line.encrypted else "clear"] += 1
        self._lines[line] = None
        self._strangers[line] = None
        if len(self._strangers) > options.strangers:
            oldest = next(iter(self._strangers))
            self.proven(oldest)
            stats.turned_away["strangers"] += 1
            oldest.close("displaced")
        return ""

    @staticmethod
    def is_local(line: TelnetLine) -> bool:
        """Whether it comes from this machine itself."""
        address = plain_address(line.address)
        return address is not None and ipaddress.ip_address(address).is_loopback

    def greet(self, line: TelnetLine) -> None:
        """Begin the conversation."""
        conversation = Conversation(self, line)
        line.listener = conversation
        self.spawn(conversation.run())

    def proven(self, line: TelnetLine) -> None:
        """Somebody signed in on it."""
        self._strangers.pop(line, None)

    def forget(self, line: TelnetLine) -> None:
        """Count a line out."""
        if line not in self._lines:
            return
        del self._lines[line]
        self._strangers.pop(line, None)
        self.stats.connected -= 1
        if not self.is_local(line):
            key = address_key(line.address)
            self._addresses[key] -= 1
            if not self._addresses[key]:
                del self._addresses[key]

    def entered_world(self, playing: Playing) -> None:
        """Somebody plays."""
        self._playing[playing] = None
        self.stats.playing = len(self._playing)

    def left_world(self, playing: Playing) -> None:
        """Somebody's line is gone."""
        self._playing.pop(playing, None)
        self.stats.playing = len(self._playing)

    async def sign_out(self, caller: Caller) -> None:
        """End a login session that opens nothing any more. Never raises."""
        await self.end_session(caller, caller.session_id)

    async def end_session(self, caller: Caller, session_id: SessionId) -> None:
        """End one of the caller's login sessions. Never raises."""
        try:
            await self.services.sessions.revoke(caller, session_id)
        except MythError:
            logger.debug("A session had ended already", extra={"account": caller.account_id})

    # --- what is told of us ----------------------------------------------------------------------------

    def number_of(self, room_id: str) -> int:
        """What clients know a room by that know whole numbers of 31 bits only, as maps of Mudlet do."""
        return self.services.world.world.number_of(room_id) % LARGEST_NUMBER

    def status(self) -> Values:
        """What lists of games are told (MSSP)."""
        options, world = self.options, self.services.world.world
        values: dict[str, str | int | list[str]] = {
            "NAME": options.name,
            "PLAYERS": self.presences.count(),
            "UPTIME": int(self._opened_at.timestamp()),
            "CODEBASE": f"Mythgate {mythgate.__version__}",
            "FAMILY": "Custom",
            "LANGUAGE": "English",
            "PORT": self.port,
            "CRAWL DELAY": "-1",
            "GENRE": "Fantasy",
            "GAMEPLAY": ["Adventure", "Player versus Player"],
            "STATUS": "Live",
            "AREAS": len({room.zone for room in world.rooms.values()}),
            "ROOMS": len(world.rooms),
            "LEVELS": MAX_LEVEL,
            "RACES": len(Race),
            "CLASSES": len(CharacterClass),
            "ANSI": 1,
            "UTF-8": 1,
            "VT100": 0,
            "XTERM 256 COLORS": 1,
            "XTERM TRUE COLORS": 0,
            "GMCP": 1,
            "MSDP": 0,
            "MCCP": int(options.compress),
            "MXP": 0,
            "MSP": 0,
            "PAY TO PLAY": 0,
            "PAY FOR PERKS": 0,
        }
        if self.tls_port:
            values["TLS"] = values["SSL"] = self.tls_port
        if options.website:
            values["WEBSITE"] = options.website
        if options.contact:
            values["CONTACT"] = options.contact
        return values

    # --- time ------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Keep the sessions of who plays alive, and see who is away. Call every `TICK_SECONDS`."""
        now = self.clock.monotonic()
        if self._context is not None and now >= self._next_certificate:
            self._next_certificate = now + CERTIFICATE_SECONDS
            self._renew_certificate()
        if now < self._next_activity:
            return
        self._next_activity = now + ACTIVITY_SECONDS
        away_after = self.options.away_after
        for playing in list(self._playing):
            if playing.active and playing.stream is not None:
                playing.active = False
                self.services.sessions.note_activity(playing.stream.session_id)
            if away_after and not playing.set_away and now - playing.heard_at >= away_after:
                await playing.go_away()

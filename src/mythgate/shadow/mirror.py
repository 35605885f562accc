"""Our own server gets the same packets: a log-in is repeated when the other server has answered it, a room as it goes.

Nobody waits for this: it has queues of its own, and if it fails the players notice nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from mythgate.domain.errors import MythError, ProtocolError
from mythgate.shadow.compare import Comparison, People, Side
from mythgate.shadow.report import Report
from mythgate.shadow.tap import MOST_PACKET_BYTES, Seen, sealed
from mythgate.wire.metaserver import crypto
from mythgate.wire.metaserver.framing import FrameDecoder, frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import (
    KEEPALIVE,
    SESSION_KEY,
    AuthenticationType,
    Direction,
    PasswordResponse,
    RoomLogin,
    SessionKey,
    UserSuccessfulLogin,
    decode,
    encode,
)
from mythgate.wire.metaserver.packets import Login as LoginPacket
from mythgate.wire.metaserver.packets import RoomList as RoomListPacket
from mythgate.wire.metaserver.records import RoomEntry

LOGIN, ROOM_LOGIN, PASSWORD, VERSION = 100, 101, 109, 115
ROOM_LIST, SERVER_MESSAGE, CHALLENGE, SUCCESS, ACCEPT = 0, 3, 6, 7, 12
ANSWER_SECONDS: Final = 5.0
MOST_WAITING: Final = 10_000  # packets of all rooms
_PEOPLE_FIELDS: Final = frozenset(
    {"player_id", "target_player_id", "selected_player_id", "creating_player_id", "player_ids"}
)
_AWAITED: Final = {
    LOGIN: frozenset({SERVER_MESSAGE, CHALLENGE, ACCEPT}),
    PASSWORD: frozenset({SERVER_MESSAGE, CHALLENGE, ACCEPT}),
    VERSION: frozenset({SERVER_MESSAGE, ROOM_LIST}),
}
"""What answers each packet of a log-in."""


class Ours(Protocol):
    """A server of our own that players do not see."""

    @property
    def port(self) -> int:
        """Where one logs in, on this machine."""

    @property
    def checks_passwords(self) -> bool:
        """It has the operator's accounts; else people are let in as the other server did."""

    async def admit(self, name: str) -> str:
        """See to it that there is an account of that name; returns a password for it.

        Raises:
            MythError: there can be none.

        """

    async def open_rooms(self, family: Family, application: str, rooms: Sequence[RoomEntry]) -> None:
        """See to it that there are these rooms, unless they are the operator's."""

    def room_port(self, room_id: int) -> int | None:
        """Where a room is entered, on this machine."""

    def note_sent(self) -> None:
        """A packet is being written to it."""

    async def digested(self) -> None:
        """Wait until it has taken what was written to it, so that things happen there in the same order."""


class OurLine:
    """A connection to our server, as a client of some family has it."""

    def __init__(self, ours: Ours, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, family: Family) -> None:
        self.family = family
        self._ours = ours
        self._reader = reader
        self._writer = writer
        self._decoder = FrameDecoder(MOST_PACKET_BYTES)
        self._cipher: crypto.Cipher | None = None

    @classmethod
    async def open(cls, ours: Ours, port: int, family: Family, *, encrypts: bool) -> OurLine:
        """A line, with keys exchanged if the client did so. Raises OSError, EOFError, ProtocolError."""
        async with asyncio.timeout(ANSWER_SECONDS):
            line = cls(ours, *await asyncio.open_connection("127.0.0.1", port), family)
            if encrypts:
                try:
                    await line.exchange_keys()
                except BaseException:
                    await line.close()
                    raise
        return line

    async def exchange_keys(self) -> None:
        """As a client that begins."""
        private = crypto.private_key(secrets.token_bytes(crypto.KEY_BYTES))
        self._ours.note_sent()
        self._writer.write(frame(SESSION_KEY, crypto.public_key(private)))
        packet_type, payload = await self._frame()
        if packet_type != SESSION_KEY:
            raise ProtocolError("No key came.", code="no_key")
        theirs: SessionKey = decode(self.family, Direction.TO_CLIENT, packet_type, payload)
        self._cipher = crypto.Cipher(crypto.session_key(private, theirs.public_key))

    def send(self, packet_type: int, payload: bytes) -> None:
        """Write one packet."""
        self._ours.note_sent()
        self._writer.write(sealed(self._cipher, packet_type, payload, (secrets.randbits(32), secrets.randbits(32))))

    async def receive(self) -> tuple[int, bytes]:
        """The next packet, in clear. Raises EOFError at the end, ProtocolError."""
        packet_type, payload = await self._frame()
        if self._cipher is not None and packet_type != SESSION_KEY:
            payload = self._cipher.open(payload)
        return packet_type, payload

    async def _frame(self) -> tuple[int, bytes]:
        while (got := self._decoder.next_frame()) is None:
            data = await self._reader.read(65_536)
            if not data:
                raise EOFError
            self._decoder.receive_data(data)
        return got

    def hang_up(self) -> None:
        """Say nothing more; what comes can still be read."""
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def abort(self) -> None:
        """Hang up at once."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


@dataclass(slots=True)
class Login:
    """One log-in at the other server, and what became of it at ours."""

    family: Family
    encrypts: bool
    name: str  # empty for a guest
    client: str
    said: list[Seen] = field(default_factory=list)
    token: bytes = b""
    number: int = 0
    rooms: Sequence[RoomEntry] = ()
    asked_at: float = 0.0  # monotonic, when the client said something last
    waited: float = 0.0  # seconds from then to the end
    told: dict[tuple[str, Hashable], str] = field(default_factory=dict)  # what both servers said last
    our_token: asyncio.Future[bytes] | None = None  # b"": ours did not let them in

    @property
    def was_refused(self) -> bool:
        return any(seen.packet_type == SERVER_MESSAGE for seen in self.of(Direction.TO_CLIENT))

    def of(self, direction: Direction) -> list[Seen]:
        return [seen for seen in self.said if seen.direction is direction]


@dataclass(slots=True)
class Mirror:
    """Repeats what clients do at our server, and compares."""

    ours: Ours
    report: Report
    people: People = field(default_factory=People)
    patience: float = 3.0
    _steps: asyncio.Queue[tuple[RoomMirror, Seen | None]] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def put(self, mirrored: RoomMirror, seen: Seen | None) -> None:
        """Have it repeated when all before it is."""
        try:
            self._steps.put_nowait((mirrored, seen))
        except asyncio.QueueFull:
            mirrored.give_up("ours: it did not keep up with the clients")

    async def work(self) -> None:
        """Repeat what clients do in rooms, one step after the other, until cancelled."""
        while True:
            mirrored, seen = await self._steps.get()
            await mirrored.repeat(seen)

    def comparison(self, login: Login) -> Comparison:
        """Of one connection of somebody who logged in so."""
        return Comparison(self.report, self.people, login.client, login.name, self.patience, login.told)

    async def repeat(self, login: Login) -> None:
        """Log in to ours as the client did to the other, and compare the answers. Sets `our_token`; never raises."""
        token = b""
        comparison = self.comparison(login)
        try:
            token = await self._repeat(login, comparison)
        except (MythError, OSError, EOFError, TimeoutError) as error:
            self.report.faults[f"ours: {str(error) or type(error).__name__}"] += 1
        finally:
            for seen in login.of(Direction.TO_CLIENT):
                if seen.packet is not None:
                    comparison.say(Side.THEIRS, login.family, seen.packet_type, seen.packet, 0.0)
            comparison.settle()
            if login.our_token is not None and not login.our_token.done():
                login.our_token.set_result(token)

    async def _repeat(self, login: Login, comparison: Comparison) -> bytes:
        steps = login.of(Direction.TO_SERVER)
        if not (login.token or login.was_refused) and login.waited < self.patience:
            steps = steps[:-1]  # the client went before the other server had time to answer this
        first = next((seen.packet for seen in steps if isinstance(seen.packet, LoginPacket)), None)
        application = first.application if first is not None else ""
        await self.ours.open_rooms(login.family, application, login.rooms)
        password = await self._password(login)
        line = await OurLine.open(self.ours, self.ours.port, login.family, encrypts=login.encrypts)
        token = b""
        try:
            for seen in steps:
                if seen.packet_type not in _AWAITED:
                    continue
                payload = seen.payload
                if seen.packet_type == PASSWORD and password is not None:
                    payload = _response(login.family, password)
                line.send(seen.packet_type, payload)
                async with asyncio.timeout(ANSWER_SECONDS):
                    while True:
                        packet_type, answer = await line.receive()
                        packet = decode(login.family, Direction.TO_CLIENT, packet_type, answer)
                        if isinstance(packet, UserSuccessfulLogin):
                            token = packet.token
                            self.people.same(login.number, packet.user_id)
                        comparison.say(Side.OURS, login.family, packet_type, packet, 0.0)
                        if packet_type in _AWAITED[seen.packet_type]:
                            break
                if packet_type == SERVER_MESSAGE:
                    break
        finally:
            await line.close()
        return token

    async def _password(self, login: Login) -> str | None:
        """The password to show to ours; None for the client's own."""
        if self.ours.checks_passwords:
            return None
        if not any(seen.packet_type == PASSWORD for seen in login.of(Direction.TO_SERVER)):
            return None
        if not login.name:
            return ""
        right = await self.ours.admit(login.name)
        return f"not {right}"[:15] if login.was_refused else right


def scheme_of(login: Login) -> AuthenticationType | None:
    """How the other server asked for the password; None if it did not."""
    for seen in login.of(Direction.TO_CLIENT):
        if seen.packet_type == CHALLENGE and seen.packet is not None:
            return AuthenticationType(seen.packet.authentication_type)
    return None


def _response(family: Family, password: str) -> bytes:
    raw = password.encode("mac_roman")
    if family is Family.ALEPHONE:
        raw = raw[:16].ljust(16, b"\0")
    elif family is Family.MYTH:
        raw += b"\0"
    return encode(family, Direction.TO_SERVER, PasswordResponse(response=raw))


class RoomMirror:
    """One room connection, at ours. What clients do is repeated in the order they did it, whoever they are."""

    def __init__(self, mirror: Mirror, login: Login, room_id: int, *, encrypts: bool) -> None:
        self.comparison = mirror.comparison(login)
        self.is_over = False
        self._mirror = mirror
        self._login = login
        self._room_id = room_id
        self._encrypts = encrypts
        self._line: OurLine | None = None
        self._listening: asyncio.Task[None] | None = None
        self._given_up = False

    def client_said(self, seen: Seen) -> None:
        """Repeat it at ours, in its turn."""
        self._mirror.put(self, seen)

    def server_said(self, seen: Seen, now: float) -> None:
        """Compare it to what ours says."""
        if seen.packet is not None and not self._given_up:
            self.comparison.say(Side.THEIRS, self._login.family, seen.packet_type, seen.packet, now)

    def over(self) -> None:
        """The connection has ended."""
        self._mirror.put(self, None)

    def give_up(self, why: str) -> None:
        """Compare nothing more of this connection."""
        if not self._given_up:
            self._given_up = True
            self._mirror.report.faults[why] += 1

    async def repeat(self, seen: Seen | None) -> None:
        """Do what the client did; None: it has gone. Never raises."""
        try:
            if seen is None:
                await self.end()
            elif not self._given_up and seen.packet_type not in (SESSION_KEY, KEEPALIVE):
                await self._repeat(seen)
        except (MythError, OSError, EOFError, TimeoutError) as error:
            self.give_up(f"ours: {str(error) or type(error).__name__}")

    async def _repeat(self, seen: Seen) -> None:
        ours, login = self._mirror.ours, self._login
        packet, payload = seen.packet, seen.payload
        if isinstance(packet, RoomLogin):
            assert login.our_token is not None
            token = await asyncio.wait_for(asyncio.shield(login.our_token), 4 * ANSWER_SECONDS)
            port = ours.room_port(self._room_id)
            if not token or port is None:
                self.give_up("ours: somebody is in a room who could not log in there, or which it has not")
                return
            self._line = await OurLine.open(ours, port, login.family, encrypts=self._encrypts)
            self._listening = asyncio.create_task(self._listen(self._line))
            packet = replace(packet, token=token)
        if self._line is None:
            return
        if packet is not None:
            payload = encode(login.family, Direction.TO_SERVER, translated(packet, self._mirror.people))
        self._line.send(seen.packet_type, payload)
        await ours.digested()

    async def _listen(self, line: OurLine) -> None:
        loop, family = asyncio.get_running_loop(), self._login.family
        with contextlib.suppress(EOFError, OSError, ProtocolError):
            while True:
                packet_type, payload = await line.receive()
                if packet_type == KEEPALIVE:
                    line.send(KEEPALIVE, b"")
                    continue
                packet = decode(family, Direction.TO_CLIENT, packet_type, payload)
                self.comparison.say(Side.OURS, family, packet_type, packet, loop.time())

    async def end(self) -> None:
        """Hang up at ours, when what it has said is read; what has no match then is a difference."""
        if self.is_over:
            return
        if self._line is not None and self._listening is not None:
            try:
                self._line.hang_up()
                await asyncio.wait([self._listening], timeout=ANSWER_SECONDS)
            finally:
                self._listening.cancel()
                self._line.abort()
            await asyncio.gather(self._listening, return_exceptions=True)
            await self._line.close()
        if not self._given_up:
            self.comparison.settle()
        self._given_up = self.is_over = True


def translated(packet: Any, people: People) -> Any:
    """What a client said, with our numbers in place of theirs."""
    if not dataclasses.is_dataclass(packet) or isinstance(packet, type):
        return packet
    changes: dict[str, Any] = {}
    for one in dataclasses.fields(packet):
        value = getattr(packet, one.name)
        if one.name in _PEOPLE_FIELDS:
            changes[one.name] = tuple(map(people.as_ours, value)) if isinstance(value, tuple) else people.as_ours(value)
        elif dataclasses.is_dataclass(value):
            changes[one.name] = translated(value, people)
        elif isinstance(value, tuple):
            changes[one.name] = tuple(translated(inner, people) for inner in value)
    return replace(packet, **changes)


RoomList = RoomListPacket
"""For whoever reads the list that a log-in ends with."""

"""Clients of the metaserver door, written from the protocol's description and sharing no code with the server.

They read as strictly as the genuine ones: Aleph One gives up on a packet out of place, drops a whole list
with one bad entry, and hears nothing in a room before 9 and 3. Every wait is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

PATIENCE: Final = 10.0
HEADER: Final = struct.Struct(">Hhi")

ROOM_LIST, PLAYERS, GAMES, SERVER_MESSAGE, CHALLENGE, SUCCESS, OWN_DATA, ROOM_LOGIN_OK, LINE = (
    0,
    1,
    2,
    3,
    6,
    7,
    8,
    9,
    10,
)
ACCEPT, GAMES_FOUND, PLAYERS_FOUND, BUDDIES_FOUND, ORDER_FOUND, PLAYER_INFO, HUBS = 12, 13, 14, 15, 16, 17, 18
BUDDIES, ORDER_MEMBERS, BLAM = 19, 20, 21
LOGIN, ROOM_LOGIN, LOGOUT, PLAYER_DATA, CREATE_GAME, REMOVE_GAME, MODE, PASSWORD = (
    100,
    101,
    102,
    103,
    104,
    105,
    107,
    109,
)
FULL_UPDATE, LINE_UP, SCORE, RESET_GAME, START_GAME, VERSIONS, FIND_GAMES, FIND_PLAYERS = (
    110,
    111,
    112,
    113,
    114,
    115,
    116,
    117,
)
QUERY_BUDDIES, QUERY_ORDER, UPDATE_BUDDY, QUERY_INFO, UPDATE_INFO = 118, 119, 120, 121, 122
CHAT, PRIVATE, KEEPALIVE, KEY = 200, 201, 202, 203


class Denied(Exception):
    """The server said no, with this code."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(f"{code}: {text}")


class Hangs(Exception):
    """A genuine client would wait here until it gives up."""


def packet(packet_type: int, payload: bytes = b"") -> bytes:
    return HEADER.pack(0xDEAD, packet_type, 8 + len(payload)) + payload


def text(value: str) -> bytes:
    return value.encode("mac_roman") + b"\0"


def fixed(value: str, width: int) -> bytes:
    return value.encode("mac_roman")[:width].ljust(width, b"\0")


def until_nul(raw: bytes, at: int = 0) -> tuple[str, int]:
    end = raw.index(b"\0", at)
    return raw[at:end].decode("mac_roman"), end + 1


@dataclass
class Player:
    """An entry of the player list."""

    number: int
    name: str
    team: str
    verb: int
    flags: int
    state: int
    caste: int
    ranking: int
    room_id: int
    order: int
    primary: tuple[int, int, int]
    opaque: bytes

    @property
    def plain(self) -> str:
        return plain(self.name)


@dataclass
class Game:
    """An entry of the game list."""

    number: int
    host: str
    port: int
    verb: int
    seconds: int
    creator: int
    description: bytes
    name: str
    map_name: str


@dataclass
class Room:
    room_id: int
    players: int
    host: str
    port: int
    games: int
    kind: int
    flags: int


@dataclass
class Said:
    """Something said; `target` is None in the room."""

    number: int
    name: str
    message: str
    target: int | None
    flags: int
    echo: int
    colour: tuple[int, int, int]


def plain(name: str) -> str:
    for letter in "pbiulcrs":
        name = name.replace(f"|{letter}", "").replace(f"|{letter.upper()}", "")
    return name


def player_data(
    name: str, team: str = "", *, state: int = 0, version: int = 5000, build: int = 0, icon: int = 0
) -> bytes:
    head = struct.pack(
        ">BBh4H4HhhH12s", icon, 0, state, 4096, 8192, 12288, 0, 65535, 255, 32768, 0, 0, version, build, bytes(12)
    )
    return head + text(name) + text(team)


def read_player(raw: bytes, at: int, *, by_length: bool) -> tuple[Player, int]:
    """`by_length`: skip to where the length field points, as Myth does; Aleph One follows the strings."""
    verb, flags, ranking, number, room_id, caste, length, order, _ = struct.unpack_from(">HHiIihhhh", raw, at)
    data = at + 24
    _icon, _caste, state, red, green, blue = struct.unpack_from(">BBh3H", raw, data)
    name, end = until_nul(raw, data + 38)
    team, end = until_nul(raw, end)
    if by_length:
        assert end == data + length, "the length of a player's data is wrong"
    player = Player(
        number,
        name,
        team,
        verb,
        flags,
        state,
        caste,
        ranking,
        room_id,
        order,
        (red, green, blue),
        raw[data + 20 : data + 38],
    )
    return player, end


def read_game(raw: bytes, at: int, *, by_length: bool) -> tuple[Game, int]:
    number, host, port, verb, _enable, seconds, creator, length = struct.unpack_from(">I4sHBBiIh", raw, at)
    start = at + 32
    name, end = until_nul(raw, start + 568)
    map_name, end = until_nul(raw, end)
    if by_length:
        assert end == start + length, "the length of a game's description is wrong"
    dotted = ".".join(map(str, host))
    return Game(number, dotted, port, verb, seconds, creator, raw[start:end], name, map_name), end


def read_rooms(raw: bytes) -> list[Room]:
    assert len(raw) % 24 == 0, "a room list is no multiple of 24 bytes"
    rooms = []
    for at in range(0, len(raw), 24):
        room_id, players, host, port, games, kind, flags = struct.unpack_from(">hh4sHhhh", raw, at)
        rooms.append(Room(room_id, players, ".".join(map(str, host)), port, games, kind, flags))
    return rooms


def aleph_game(
    name: str = "Game", map_name: str = "Mars", *, players: int = 1, status: int = 0, limit: int = -1
) -> bytes:
    head = struct.pack(">HHIiIHHHHII8sHH", 0, 0, 0, limit, 7, 2, 8, 0, 8, 0, 0, bytes(8), 0, 3)
    head += (
        fixed("Build", 32)
        + fixed("Aleph One WonderNAT V2", 32)
        + fixed("Marathon", 32)
        + fixed("M1", 24)
        + fixed("1.0", 8)
    )
    head += fixed("", 32) + struct.pack(">hhh", 1, 0, 0) + fixed("map", 32) + fixed("physics", 32) + bytes(282)
    head += struct.pack(">IIHBB", 0xC136E436, 0, status, players, 0)
    assert len(head) == 568
    return head + text(name) + text(map_name)


def myth_game(
    name: str = "Game",
    map_name: str = "Desert",
    *,
    kind: int = 0,
    scoring: int = 9,
    options: int = 0,
    flags: int = 0,
    players: int = 1,
) -> bytes:
    head = struct.pack(">hhIiIhhHhIi", kind, scoring, options, -1, 0x6D617030, 2, 16, 0, 8, 0, 0) + bytes(8)
    head += struct.pack(">hh512sii", 0, 0, b"", 1, 2) + struct.pack(">Hbb", flags, players, 0)
    assert len(head) == 568
    return head + text(name) + text(map_name)


# --- the cipher of Myth II 1.8, word for word --------------------------------------------------------

PRIME, GENERATOR = 32717, 18334
BEFORE: Final = bytes([23, 34, 232, 45, 34, 53, 28, 214])
AFTER: Final = bytes([40, 92, 34, 234, 4, 82, 8, 42])


def scramble(data: bytes, key: bytes) -> bytes:
    block = bytearray(os.urandom(4) + BEFORE + data + AFTER + os.urandom(4))
    n = len(block)
    for i in range(n):
        block[i] ^= block[(i + 1) % n]
        block[(i + 2) % n] ^= block[i]
    for i in reversed(range(n)):
        block[i] ^= block[(i + n - 1) % n]
        block[(i + n - 3) % n] ^= block[i]
    for i in range(n):
        block[i] ^= key[i % 8]
    return bytes(block)


def unscramble(data: bytes, key: bytes) -> bytes:
    block = bytearray(data)
    n = len(block)
    assert n >= 24
    for i in range(n):
        block[i] ^= key[i % 8]
    for i in range(n):
        block[(i + n - 3) % n] ^= block[i]
        block[i] ^= block[(i + n - 1) % n]
    for i in reversed(range(n)):
        block[(i + 2) % n] ^= block[i]
        block[i] ^= block[(i + 1) % n]
    assert bytes(block[4:12]) == BEFORE
    assert bytes(block[n - 12 : n - 4]) == AFTER
    return bytes(block[12 : n - 12])


# --- one socket --------------------------------------------------------------------------------------


class Line:
    """One connection that speaks packets."""

    opened: ClassVar[list[Line]] = []  # what `close_lines` closes

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.key: bytes | None = None
        self.received: list[tuple[int, bytes]] = []
        self.opened.append(self)

    @classmethod
    async def open(cls, port: int, host: str = "127.0.0.1", *, local: str | None = None) -> Line:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(host, port, local_addr=(local, 0) if local else None)
        return cls(reader, writer)

    def write(self, packet_type: int, payload: bytes = b"") -> None:
        if self.key is not None and packet_type != KEY:
            payload = scramble(payload, self.key)
        self.writer.write(packet(packet_type, payload))

    async def read(self) -> tuple[int, bytes]:
        """The next packet; raises EOFError when the server closes."""
        async with asyncio.timeout(PATIENCE):
            try:
                head = await self.reader.readexactly(8)
                signature, packet_type, length = HEADER.unpack(head)
                assert signature == 0xDEAD
                assert length >= 8
                payload = await self.reader.readexactly(length - 8)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise EOFError from error
        if self.key is not None and packet_type != KEY:
            payload = unscramble(payload, self.key)
        self.received.append((packet_type, payload))
        return packet_type, payload

    async def expect(self, packet_type: int) -> bytes:
        """The next packet, which must be of this type; a server message instead is raised as Denied."""
        got, payload = await self.read()
        if got == SERVER_MESSAGE and packet_type != SERVER_MESSAGE:
            raise denial(payload)
        assert got == packet_type, f"{got} came instead of {packet_type}"
        return payload

    async def until(self, packet_type: int) -> bytes:
        """The next packet of this type, whatever comes before."""
        while True:
            got, payload = await self.read()
            if got == packet_type:
                return payload

    async def wait_closed(self) -> list[tuple[int, bytes]]:
        """What the server still says before it closes."""
        rest = []
        with contextlib.suppress(EOFError):
            while True:
                rest.append(await self.read())
        return rest

    async def exchange_keys(self) -> None:
        """As a client that sends its key at once."""
        private = [int.from_bytes(os.urandom(2), "big") % 32000 + 1 for _ in range(4)]
        self.write(KEY, b"".join(pow(GENERATOR, x, PRIME).to_bytes(2, "little") for x in private))
        theirs = await self.expect(KEY)
        words = [int.from_bytes(theirs[at : at + 2], "little") for at in range(0, 8, 2)]
        self.key = b"".join(pow(word, x, PRIME).to_bytes(2, "little") for word, x in zip(words, private, strict=True))

    async def answer_key(self) -> None:
        """As a client that waits for the server's key."""
        theirs = await self.expect(KEY)
        private = [int.from_bytes(os.urandom(2), "big") % 32000 + 1 for _ in range(4)]
        self.write(KEY, b"".join(pow(GENERATOR, x, PRIME).to_bytes(2, "little") for x in private))
        words = [int.from_bytes(theirs[at : at + 2], "little") for at in range(0, 8, 2)]
        self.key = b"".join(pow(word, x, PRIME).to_bytes(2, "little") for word, x in zip(words, private, strict=True))

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    def abort(self) -> None:
        """Vanish without a goodbye."""
        self.writer.transport.abort()


async def close_lines() -> None:
    """Close every line of this test that is still open."""
    lines, Line.opened[:] = Line.opened[:], []
    for line in lines:
        line.abort()
    for line in lines:
        with contextlib.suppress(ConnectionError):
            await line.writer.wait_closed()


def denial(payload: bytes) -> Denied:
    return Denied(struct.unpack_from(">i", payload)[0], until_nul(payload, 4)[0])


# --- what all clients in a room have in common -------------------------------------------------------


_marks = itertools.count(1)


@dataclass
class RoomClient:
    """A client in a room and what it believes to be true of it."""

    name: str = "Player"
    team: str = ""
    user_name: str = ""
    password: str = ""
    token: bytes = b""
    number: int = 0
    rooms: list[Room] = field(default_factory=list)
    players: dict[int, Player] = field(default_factory=dict)
    games: dict[int, Game] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)  # what the client itself would print: joined, left, hosts
    messages: list[tuple[int, str]] = field(default_factory=list)  # server messages in the room
    blam: str | None = None
    limit: int = 0
    by_length = True

    def __post_init__(self) -> None:
        self.line: Line

    # --- hearing ---

    async def hear(self) -> tuple[int, bytes]:
        """Take the next packet and believe it."""
        got, payload = await self.line.read()
        self.believe(got, payload)
        return got, payload

    def believe(self, got: int, payload: bytes) -> None:
        if got == KEEPALIVE:
            if not payload:
                self.line.write(KEEPALIVE)
        elif got == PLAYERS:
            self._believe_players(payload)
        elif got == GAMES:
            self._believe_games(payload)
        elif got == LINE:
            self.lines.append(until_nul(payload)[0])
        elif got == CHAT:
            self.said.append(self._read_said(payload, None, 0))
        elif got == PRIVATE:
            target, echo = struct.unpack_from(">Ii", payload)
            self.said.append(self._read_said(payload[8:], target, echo))
        elif got == SERVER_MESSAGE:
            one = denial(payload)
            self.messages.append((one.code, one.text))
        elif got == BLAM:
            self.blam = until_nul(payload)[0]
        elif got == ROOM_LIST:
            self.rooms = read_rooms(payload)

    def _believe_players(self, payload: bytes) -> None:
        at = 0
        entries = []
        while at < len(payload):
            player, at = read_player(payload, at, by_length=self.by_length)
            entries.append(player)
        for player in entries:
            if player.verb == 1:
                if self.players.pop(player.number, None) is not None:
                    self.notices.append(f"{player.plain} left")
            else:
                if player.verb == 0:
                    self.notices.append(f"{player.plain} joined")
                self.players[player.number] = player

    def _believe_games(self, payload: bytes) -> None:
        at = 0
        entries = []
        while at < len(payload):
            game, at = read_game(payload, at, by_length=self.by_length)
            entries.append(game)
        for game in entries:
            if game.verb == 1:
                self.games.pop(game.number, None)
            else:
                if game.verb == 0 and game.creator in self.players:
                    self.notices.append(f"{self.players[game.creator].plain} hosts {game.name}")
                self.games[game.number] = game

    @staticmethod
    def _read_said(raw: bytes, target: int | None, echo: int) -> Said:
        kind, _length, red, green, blue, _, flags, _pad, number, _selected = struct.unpack_from(">hh4HHHII", raw)
        assert kind == 0
        name, at = until_nul(raw, 24)
        message, _ = until_nul(raw, at)
        return Said(number, name, message, target, flags, echo, (red, green, blue))

    async def until(self, condition: Callable[[], object]) -> None:
        """Listen until something is so."""
        while not condition():
            await self.hear()

    async def until_said(self, message: str) -> Said:
        """Listen until somebody has said this."""
        while True:
            for one in self.said:
                if one.message == message:
                    return one
            await self.hear()

    async def until_line(self, part: str) -> str:
        """Listen until the server has said a line with `part` in it."""
        while True:
            for line in self.lines:
                if part in line:
                    return line
            await self.hear()

    async def until_player(self, name: str, *, present: bool = True) -> Player | None:
        """Listen until somebody whose plain name contains `name` is there, or is not."""
        while True:
            found = next((one for one in self.players.values() if name in one.plain), None)
            if (found is not None) is present:
                return found
            await self.hear()

    async def until_game(self, name: str, *, present: bool = True) -> Game | None:
        while True:
            found = next((one for one in self.games.values() if one.name == name), None)
            if (found is not None) is present:
                return found
            await self.hear()

    async def caught_up(self) -> str:
        """Hear all that the server had to say up to now: it says things in order, and this is the last.

        Everybody hears the mark; it is returned.
        """
        mark = f"mark {next(_marks)}"
        self.chat(mark)
        await self.until_said(mark)
        return mark

    # --- saying ---

    def chat(self, message: str, *, number: int | None = None, name: str | None = None) -> None:
        number = self.number if number is None else number
        self.line.write(CHAT, self._chat_block(message, 0, 0, number, name))

    def tell(self, target: int, message: str, *, echo: int = 1) -> None:
        self.line.write(
            PRIVATE, struct.pack(">Ii", target, echo) + self._chat_block(message, 1, target, self.number, None)
        )

    def _chat_block(self, message: str, flags: int, selected: int, number: int, name: str | None) -> bytes:
        head = struct.pack(">hh4HHHII", 0, 0, 0, 0, 65535, 0, flags, 0, number, selected)
        return head + text(self.name if name is None else name) + text(message)

    def host(self, description: bytes, port: int = 4226, second: int = 0) -> None:
        self.line.write(CREATE_GAME, struct.pack(">HH", port, second) + description)

    def start(self, time: int) -> None:
        self.line.write(START_GAME, struct.pack(">i8x", time))

    def remove_game(self) -> None:
        self.line.write(REMOVE_GAME)

    def deaf(self, mode: int = 1, session: bytes = b"") -> None:
        self.line.write(MODE, struct.pack(">h", mode) + session)

    async def leave(self) -> None:
        """Log out and close."""
        self.line.write(LOGOUT)
        await self.line.close()

    def vanish(self) -> None:
        """Go without a goodbye."""
        self.line.abort()


@dataclass
class AlephOneClient(RoomClient):
    """Aleph One: one room, which it chooses itself."""

    https: bool = False  # whether it can log in over HTTPS
    key: bytes = b""  # what the web site answered
    by_length = False

    async def log_in(
        self, port: int, host: str = "127.0.0.1", *, hubs: bool = False
    ) -> list[tuple[int, str, int]] | None:
        """Everything on the log-in port. Raises Denied or Hangs as the genuine one reports it."""
        line = await Line.open(port, host)
        try:
            await self._log_in(line)
            if not hubs:
                return None
            line.write(UPDATE_INFO, text("Aleph One WonderNAT V2"))
            raw = await line.expect(HUBS)
            found = []
            for at in range(0, len(raw), 8):
                number, address, hub_port = struct.unpack_from(">H4sH", raw, at)
                found.append((number, ".".join(map(str, address)), hub_port))
            return found
        finally:
            await line.close()

    async def _log_in(self, line: Line) -> None:
        data = player_data(self.name, self.team)
        head = struct.pack(">hhiihh", 1, 0, 1, 0, 4 if self.https else 1, len(data))
        head += fixed("MARATHON", 32) + fixed("Mar  5 2024", 32) + fixed("12:00:00", 32) + fixed(self.user_name, 32)
        line.write(LOGIN, head + data)
        got, payload = await line.read()
        if got == CHALLENGE:
            scheme, salt = struct.unpack(">h16s", payload)
            assert scheme in (0, 1, 4), "Aleph One knows no such scheme"
            answer = await self.answer(scheme, salt)
            line.write(PASSWORD, answer[:16].ljust(16, b"\0"))
            got, payload = await line.read()
        if got == SERVER_MESSAGE:
            raise denial(payload)
        if got != ACCEPT:
            raise Hangs(f"{got} before 12")
        assert payload == b"", "an accept has no payload"
        line.write(VERSIONS, struct.pack(">4i", 1, 2, 3, 0))
        while got != SUCCESS:
            try:
                got, payload = await line.read()
            except EOFError:
                raise Hangs("no 7") from None
            if got == ROOM_LIST:
                raise Hangs("0 before 7")
        self.number, _, _, self.token = struct.unpack(">Ihh32s", payload)
        while got != ROOM_LIST:
            got, payload = await line.read()
        self.rooms = read_rooms(payload)
        if not self.rooms:
            raise Hangs("no rooms")

    async def answer(self, scheme: int, salt: bytes) -> bytes:
        """The answer to a challenge; a test with a web site has its own."""
        if scheme == 0:
            return self.password.encode("mac_roman")
        assert b"\0" in salt, "Aleph One would read past its buffer"
        return self.key

    async def enter(self, room: Room | None = None, *, host: str = "") -> None:
        """Into the room it would choose: the one called Arrival, else the first."""
        if room is None:
            room = next((one for one in self.rooms if one.room_id == 26), self.rooms[0])
        self.line = await Line.open(room.port, host or room.host)
        self.line.write(ROOM_LOGIN, self.token + text(self.user_name))
        self.line.write(PLAYER_DATA, player_data(self.name, self.team))
        first, payload = await self.line.read()
        if first != ROOM_LOGIN_OK:
            raise Hangs(f"{first} before 9")
        self.number, self.limit = struct.unpack(">Ihxx", payload)
        second, payload = await self.line.read()
        if second != SERVER_MESSAGE:
            raise Hangs(f"{second} after 9")
        denial(payload)

    async def come(self, port: int) -> None:
        """Log in and enter, until it sees itself."""
        await self.log_in(port)
        await self.enter()
        while self.number not in self.players:
            await self.hear()

    def away(self, message: str) -> None:
        name = f"{message[:8]}-{self.name}" if message else self.name
        self.line.write(PLAYER_DATA, player_data(name, self.team, state=1 if message else 0))


@dataclass
class MythClient(RoomClient):
    """Myth: TFL and Myth II before 1.8."""

    application: str = "MYTH2"
    platform: int = 1
    version: int = 1300
    build: int = 0
    patch: int = 3
    game_version: int = 0
    country: int = 0
    encrypts = False

    async def connect(self, port: int, host: str = "127.0.0.1") -> Line:
        line = await Line.open(port, host)
        if self.encrypts:
            await line.exchange_keys()
        return line

    def login_packet(self) -> bytes:
        data = player_data(self.name, self.team, version=self.game_version, build=self.build)
        head = struct.pack(">hhiihh", 1, self.platform, 1, 0, 2 if self.platform >= 100 else 1, len(data))
        head += (
            fixed(self.application, 32) + fixed("Jan  4 2021", 32) + fixed("01:02:03", 32) + fixed(self.user_name, 32)
        )
        return head + data.ljust(128, b"\0") + struct.pack(">hxx", self.country)

    def password_bytes(self) -> bytes:
        return text(self.password)

    async def log_in(self, port: int, host: str = "127.0.0.1") -> None:
        line = await self.connect(port, host)
        try:
            line.write(LOGIN, self.login_packet())
            got, payload = await line.read()
            if got == SERVER_MESSAGE:
                raise denial(payload)
            if got == CHALLENGE:
                scheme, _salt = struct.unpack(">h16s", payload)
                assert scheme == 0
                line.write(PASSWORD, self.password_bytes())
                assert await line.expect(ACCEPT) == b""
            else:
                assert got == ACCEPT
            line.write(VERSIONS, struct.pack(">4i", self.platform, self.version, self.patch, self.build))
            self.number, _, _, self.token = struct.unpack(">Ihh32s", await line.expect(SUCCESS))
            self.own = read_player(await line.expect(OWN_DATA), 0, by_length=True)[0]
            self.rooms = read_rooms(await line.expect(ROOM_LIST))
        finally:
            await line.close()

    async def enter(self, room: Room | None = None, *, host: str = "127.0.0.1") -> None:
        room = room or self.rooms[0]
        self.players.clear()
        self.games.clear()
        self.line = await self.connect(room.port, host if room.host == "0.0.0.0" else room.host)
        self.line.write(ROOM_LOGIN, self.token + text(self.user_name))
        self.number, self.limit = struct.unpack(">Ihxx", await self.line.expect(ROOM_LOGIN_OK))
        self.believe(SERVER_MESSAGE, await self.line.expect(SERVER_MESSAGE))
        self.line.write(PLAYER_DATA, player_data(self.name, self.team, version=self.game_version, build=self.build))

    async def come(self, port: int, room_id: int | None = None) -> None:
        await self.log_in(port)
        await self.enter(next((one for one in self.rooms if one.room_id == room_id), None))
        while self.number not in self.players:
            await self.hear()

    async def ask(self, question: int, payload: bytes, answer: int) -> bytes:
        """Ask something and hear its answer."""
        self.line.write(question, payload)
        while True:
            got, raw = await self.hear()
            if got == answer:
                return raw

    async def resync(self) -> None:
        """Ask for everything, and believe nothing else."""
        self.players.clear()
        self.games.clear()
        self.line.write(FULL_UPDATE)
        while self.number not in self.players:
            await self.hear()


@dataclass
class Myth18Client(MythClient):
    """Myth II 1.8: everything is encrypted."""

    platform: int = 201
    version: int = 2180
    build: int = 431
    game_version: int = 2180
    encrypts = True

    def password_bytes(self) -> bytes:
        return self.password.encode("mac_roman")


def report(
    game: int, reporter: int, players: list[tuple[int, int]], *, scoring: int = 9, slots: int | None = None, **more: Any
) -> bytes:
    """A score report: `players` are (number, place), each a team of their own."""
    raw = struct.pack(
        ">IhhiiiIhh",
        game,
        more.get("ended", 0),
        scoring,
        0,
        600,
        more.get("elapsed", 601),
        reporter,
        len(players),
        len(players),
    )
    for at in range(16):
        raw += struct.pack(">hhhhi", players[at][1], at, 1, 0, 0) if at < len(players) else bytes(12)
    for at in range(slots or len(players)):
        raw += struct.pack(">hhiiiiiI", at, 1, 600, 3, 1, 100, 10, players[at][0]) if at < len(players) else bytes(28)
    return raw

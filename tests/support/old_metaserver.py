"""A small metaserver of its own, written from the description of the protocol: it shares no code with our door.

It serves as what a shadow stands in front of. `spoil` may change whatever it is about to send.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.support.metaserver_client import (
    ACCEPT,
    CHALLENGE,
    CHAT,
    CREATE_GAME,
    FULL_UPDATE,
    GAMES,
    GENERATOR,
    HEADER,
    KEEPALIVE,
    KEY,
    LINE,
    LOGIN,
    LOGOUT,
    OWN_DATA,
    PASSWORD,
    PLAYER_DATA,
    PLAYERS,
    PRIME,
    PRIVATE,
    REMOVE_GAME,
    ROOM_LIST,
    ROOM_LOGIN,
    ROOM_LOGIN_OK,
    SERVER_MESSAGE,
    SUCCESS,
    VERSIONS,
    packet,
    player_data,
    scramble,
    text,
    unscramble,
    until_nul,
)

BAD_PASSWORD, NOT_LOGGED_IN, LOGGED_IN, LOGGED_OUT, UNKNOWN_GAME = 3, 4, 8, 9, 7
ADD, DELETE, CHANGE = 0, 1, 2
KINDS = {"MARATHON": "aleph", "MYTH1": "myth", "MYTH": "myth", "MYTH2": "myth", "MYTH3": "myth"}

Spoil = Callable[[int, bytes], list[tuple[int, bytes]]]


@dataclass
class Someone:
    """Who has logged in."""

    number: int
    user_name: str
    kind: str  # aleph, myth, myth18
    data: bytes
    token: bytes = field(default_factory=lambda: os.urandom(32))


@dataclass
class OldRoom:
    room_id: int
    kinds: tuple[str, ...]
    ranked: bool = False
    port: int = 0
    people: dict[int, Peer] = field(default_factory=dict)
    games: dict[int, bytes] = field(default_factory=dict)  # by host: the entry without its verb


class Peer:
    """One connection."""

    def __init__(self, house: OldMetaserver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.house = house
        self.reader = reader
        self.writer = writer
        self.key: bytes | None = None
        self.someone: Someone | None = None

    def send(self, packet_type: int, payload: bytes = b"") -> None:
        for kind, said in self.house.spoil(packet_type, payload):
            sealed = scramble(said, self.key) if self.key is not None and kind != KEY else said
            self.writer.write(packet(kind, sealed))

    def refuse(self, code: int, words: str) -> None:
        self.send(SERVER_MESSAGE, struct.pack(">i", code) + text(words).ljust(128, b"\0"))
        self.writer.close()

    async def read(self) -> tuple[int, bytes]:
        """The next packet that is no key; keys are exchanged on the way."""
        while True:
            head = await self.reader.readexactly(8)
            signature, packet_type, length = HEADER.unpack(head)
            assert signature == 0xDEAD
            payload = await self.reader.readexactly(length - 8)
            if packet_type != KEY:
                return packet_type, unscramble(payload, self.key) if self.key is not None else payload
            private = [int.from_bytes(os.urandom(2), "big") % 32000 + 1 for _ in range(4)]
            self.writer.write(packet(KEY, b"".join(pow(GENERATOR, x, PRIME).to_bytes(2, "little") for x in private)))
            words = [int.from_bytes(payload[at : at + 2], "little") for at in range(0, 8, 2)]
            shared = zip(words, private, strict=True)
            self.key = b"".join(pow(word, x, PRIME).to_bytes(2, "little") for word, x in shared)


class OldMetaserver:
    """The server. `passwords` are by user name."""

    def __init__(self, rooms: list[OldRoom], passwords: dict[str, str]) -> None:
        self.rooms = {room.room_id: room for room in rooms}
        self.passwords = passwords
        self.spoil: Spoil = lambda packet_type, payload: [(packet_type, payload)]
        self.port = 0
        self.tokens: dict[bytes, Someone] = {}
        self.logins: list[str] = []
        self.silent = False  # takes connections and says nothing
        self._numbers = iter(range(41_000, 100_000))
        self._peers: set[Peer] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[OldMetaserver]:
        servers = [await asyncio.start_server(self._guarded(self._log_in), "127.0.0.1", 0)]
        self.port = servers[0].sockets[0].getsockname()[1]
        for room in self.rooms.values():
            server = await asyncio.start_server(self._guarded(self._stay(room)), "127.0.0.1", 0)
            room.port = server.sockets[0].getsockname()[1]
            servers.append(server)
        try:
            yield self
        finally:
            for server in servers:
                server.close()
            for peer in list(self._peers):
                peer.writer.transport.abort()

    def _guarded(
        self, work: Callable[[Peer], Awaitable[None]]
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = Peer(self, reader, writer)
            self._peers.add(peer)
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, AssertionError):
                await work(peer)
            self._peers.discard(peer)
            writer.close()

        return serve

    # --- the log-in port ---

    async def _log_in(self, peer: Peer) -> None:
        if self.silent:
            await peer.reader.read()
            return
        got, raw = await peer.read()
        assert got == LOGIN
        application = until_nul(raw[16:48] + b"\0")[0]
        user_name = until_nul(raw[112:144] + b"\0")[0]
        if application not in KINDS:
            peer.refuse(UNKNOWN_GAME, "What is that?")
            return
        kind = "myth18" if peer.key is not None and application == "MYTH2" else KINDS[application]
        (length,) = struct.unpack_from(">h", raw, 14)
        someone = Someone(next(self._numbers), user_name, kind, raw[144 : 144 + length])
        if user_name.casefold() == "guest" or (not user_name and kind != "myth18"):
            someone.user_name = ""
        else:
            peer.send(CHALLENGE, struct.pack(">h16s", 0, bytes(16)))
            got, answer = await peer.read()
            assert got == PASSWORD
            said = answer.partition(b"\0")[0].decode("mac_roman")
            if user_name and self.passwords.get(user_name.casefold()) != said:
                peer.refuse(BAD_PASSWORD, "No, that is not it.")
                return
        peer.send(ACCEPT)
        got, _ = await peer.read()
        assert got == VERSIONS
        self.tokens[someone.token] = someone
        self.logins.append(user_name)
        peer.send(SUCCESS, struct.pack(">Ihh32s", someone.number, 0, 0, someone.token))
        if kind != "aleph":
            peer.send(OWN_DATA, self._entry(someone, ADD, 0))
        peer.send(ROOM_LIST, b"".join(self._room_entry(room) for room in self.rooms.values() if kind in room.kinds))

    @staticmethod
    def _room_entry(room: OldRoom) -> bytes:
        return struct.pack(
            ">hh4sHhhh8x", room.room_id, len(room.people), bytes((127, 0, 0, 1)), room.port, 0, int(room.ranked), 0
        )

    @staticmethod
    def _entry(someone: Someone, verb: int, room_id: int) -> bytes:
        data = someone.data
        if someone.kind == "aleph":  # shows who somebody is where others show a team
            name, _ = until_nul(data, 38)
            shown = name if someone.user_name or name.startswith("|iGuest") else f"|iGuest|p {name}"
            data = data[:38] + text(shown) + text(someone.user_name)
        return struct.pack(">HHiIihhhh", verb, 0, 0, someone.number, room_id, 0, len(data), 0, 0) + data

    # --- a room ---

    def _stay(self, room: OldRoom) -> Callable[[Peer], Awaitable[None]]:
        async def stay(peer: Peer) -> None:
            got, raw = await peer.read()
            assert got == ROOM_LOGIN
            someone = self.tokens.get(raw[:32])
            if someone is None:
                peer.refuse(NOT_LOGGED_IN, "Who are you?")
                return
            peer.someone = someone
            welcome = struct.pack(">Ihxx", someone.number, 99)
            hello = struct.pack(">i", LOGGED_IN) + text("Hello.").ljust(128, b"\0")
            if someone.kind != "aleph":
                peer.send(ROOM_LOGIN_OK, welcome)
                peer.send(SERVER_MESSAGE, hello)
            if someone.kind != "myth18":
                got, raw = await peer.read()
                assert got == PLAYER_DATA
                someone.data = raw
            if someone.kind == "aleph":
                peer.send(ROOM_LOGIN_OK, welcome)
                peer.send(SERVER_MESSAGE, hello)
            room.people[someone.number] = peer
            self._tell_all(room, peer)
            self._tell_others(room, peer, PLAYERS, self._entry(someone, ADD, room.room_id))
            peer.send(LINE, text("Welcome to the old place."))
            try:
                await self._in_room(room, peer, someone)
            finally:
                del room.people[someone.number]
                self._drop_game(room, someone)
                self._tell_others(room, peer, PLAYERS, self._entry(someone, DELETE, room.room_id))

        return stay

    def _tell_all(self, room: OldRoom, peer: Peer) -> None:
        people = [one.someone for one in room.people.values() if one.someone is not None]
        peer.send(PLAYERS, b"".join(self._entry(one, ADD, room.room_id) for one in people))
        if room.games:
            peer.send(GAMES, b"".join(game[:10] + bytes((ADD,)) + game[11:] for game in room.games.values()))

    @staticmethod
    def _tell_others(room: OldRoom, peer: Peer | None, packet_type: int, payload: bytes) -> None:
        for one in room.people.values():
            if one is not peer:
                one.send(packet_type, payload)

    async def _in_room(self, room: OldRoom, peer: Peer, someone: Someone) -> None:
        while True:
            got, raw = await peer.read()
            if got == LOGOUT:
                if someone.kind == "myth":
                    peer.refuse(LOGGED_OUT, "Goodbye.")
                return
            if got == PLAYER_DATA and someone.kind != "myth18":
                if raw != someone.data:
                    someone.data = raw
                    self._tell_others(room, None, PLAYERS, self._entry(someone, CHANGE, room.room_id))
            elif got == CHAT:
                self._tell_others(room, None, CHAT, self._as_said(raw, someone))
            elif got == PRIVATE:
                target, echo = struct.unpack_from(">Ii", raw)
                said = raw[:8] + self._as_said(raw[8:], someone)
                listener = room.people.get(target)
                if listener is not None:
                    listener.send(PRIVATE, said)
                    if echo:
                        peer.send(PRIVATE, said)
            elif got == CREATE_GAME:
                (port,) = struct.unpack_from(">H", raw)
                verb = CHANGE if someone.number in room.games else ADD
                described = raw[4:]
                entry = struct.pack(
                    ">I4sHBBiIh10x", 7, bytes((127, 0, 0, 1)), port, verb, 0, -1, someone.number, len(described)
                )
                room.games[someone.number] = entry + described
                self._tell_others(room, None, GAMES, entry + described)
            elif got == REMOVE_GAME:
                self._drop_game(room, someone)
            elif got == FULL_UPDATE:
                self._tell_all(room, peer)
            elif got == KEEPALIVE:
                peer.send(KEEPALIVE)

    def _drop_game(self, room: OldRoom, someone: Someone) -> None:
        game = room.games.pop(someone.number, None)
        if game is not None:
            self._tell_others(room, None, GAMES, game[:10] + bytes((DELETE,)) + game[11:])

    @staticmethod
    def _as_said(raw: bytes, someone: Someone) -> bytes:
        """Talk with the speaker's number and name, whatever it says."""
        _, at = until_nul(raw, 24)
        name = until_nul(OldMetaserver._entry(someone, ADD, 0), 24 + 38)[0]
        return raw[:16] + struct.pack(">I", someone.number) + raw[20:24] + text(name) + raw[at:]


def looks_of(name: str) -> bytes:
    """Player data as a client sends it."""
    return player_data(name)

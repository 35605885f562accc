"""One connection of a bot to the metaserver: whole packets in and out, encrypted after an exchange of keys."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import Final, TypeVar, cast

from mythgate.domain.errors import MythError
from mythgate.wire.metaserver import crypto
from mythgate.wire.metaserver.framing import FrameDecoder, frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import (
    KEEPALIVE,
    Direction,
    Keepalive,
    Packet,
    ServerMessage,
    SessionKey,
    StatusCode,
    decode,
    encode,
    packet_type_of,
)

P = TypeVar("P")

CONNECT_WITHIN: Final = 10.0
ANSWER_WITHIN: Final = 20.0  # a server under load may think about a password for a while
CLOSE_WITHIN: Final = 2.0
_READ_BYTES: Final = 65_536
_MOST_PACKET_BYTES: Final = 4 * 1024 * 1024  # what Aleph One takes

_WELCOMES: Final = frozenset({StatusCode.LOGGED_IN, StatusCode.LOGGED_OUT})


class NoServer(MythError):
    """Nobody takes connections there."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        super().__init__(f"No metaserver answers at {host}:{port} ({reason}).")


class TurnedAway(MythError):
    """The server said no, with one of the codes of server_message."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(f"The server said: {text or 'no'} (code {code})")

    @property
    def status(self) -> StatusCode | None:
        """The code, if it is a known one."""
        try:
            return StatusCode(self.code)
        except ValueError:
            return None


class SentAway(MythError):
    """A moderator wants the bot to go."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"A moderator sent the bot away: {reason}" if reason else "A moderator sent the bot away.")


class NoLobby(MythError):
    """The server has none for this bot."""


class LineLost(MythError):
    """The connection ended, and not because the bot wanted it to."""


class Line:
    """A connection that speaks packets. Close it when done with it."""

    def __init__(self, family: Family, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._family = family
        self._reader = reader
        self._writer = writer
        self._decoder = FrameDecoder(_MOST_PACKET_BYTES)
        self._cipher: crypto.Cipher | None = None

    @staticmethod
    async def open(host: str, port: int, family: Family, *, encrypts: bool) -> Line:
        """Connect, and exchange keys if the family `encrypts`.

        Raises NoServer, and as `next` if the exchange goes wrong.
        """
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                reader, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            raise NoServer(host, port, f"nothing within {CONNECT_WITHIN:.0f} s") from None
        except OSError as error:
            raise NoServer(host, port, _reason(error)) from None
        line = Line(family, reader, writer)
        if encrypts:
            try:
                await line._exchange_keys()
            except BaseException:
                await line.close()
                raise
        return line

    async def _exchange_keys(self) -> None:
        private = crypto.private_key(secrets.token_bytes(crypto.KEY_BYTES))
        self.send(SessionKey(public_key=crypto.public_key(private)))
        theirs = await self.expect(SessionKey)
        self._cipher = crypto.Cipher(crypto.session_key(private, theirs.public_key))

    def send(self, *packets: Packet) -> None:
        """Write packets; does not wait for anybody to read them. See `drain`."""
        if not self._writer.is_closing():
            self._writer.write(b"".join(map(self._framed, packets)))

    def _framed(self, packet: Packet) -> bytes:
        payload = encode(self._family, Direction.TO_SERVER, packet)
        if self._cipher is not None:
            payload = self._cipher.seal(payload, secrets.randbits(32), secrets.randbits(32))
        return frame(packet_type_of(packet), payload)

    async def drain(self) -> None:
        """Wait until the server has read most of what was written. Raises LineLost."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._writer.drain()
        except TimeoutError:
            raise LineLost("The server does not read any more.") from None
        except OSError as error:
            raise LineLost(_lost(error)) from None

    async def next(self, within: float = ANSWER_WITHIN) -> Packet:
        """The next packet; signs of life are answered on the way.

        Raises:
            LineLost: the connection is over, or nothing came `within` seconds.
            ProtocolError: it makes no sense.

        """
        while True:
            got = self._decoder.next_frame()
            if got is None:
                await self._receive(within)
                continue
            payload = got.payload if self._cipher is None else self._cipher.open(got.payload)
            if got.packet_type == KEEPALIVE:
                self.send(Keepalive())
                continue
            return decode(self._family, Direction.TO_CLIENT, got.packet_type, payload)

    async def _receive(self, within: float) -> None:
        try:
            async with asyncio.timeout(within):
                data = await self._reader.read(_READ_BYTES)
        except TimeoutError:
            raise LineLost(f"The server was silent for {within:.0f} s.") from None
        except OSError as error:
            raise LineLost(_lost(error)) from None
        if not data:
            raise LineLost("The server closed the connection.")
        self._decoder.receive_data(data)

    async def expect(self, kind: type[P]) -> P:
        """The next packet of this kind. Raises as `expect_any`."""
        return cast("P", await self.expect_any(kind))

    async def expect_any(self, *kinds: type) -> Packet:
        """The next packet of one of these kinds; others are passed over.

        Raises TurnedAway if the server says no instead, and as `next`.
        """
        while True:
            packet = await self.next()
            if isinstance(packet, kinds):
                return packet
            if isinstance(packet, ServerMessage) and packet.code not in _WELCOMES:
                raise TurnedAway(packet.code, packet.message)

    async def close(self) -> None:
        """Close, once what was written is on its way."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._writer.wait_closed()


def _reason(error: OSError) -> str:
    """Why a connection could not be made, in few words."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return error.strerror or str(error)


def _lost(error: OSError) -> str:
    return f"The connection to the server broke ({error.strerror or error})."

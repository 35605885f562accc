"""The native WebSocket, `/api/ws`: handshake, sinks, and the loop for servers that give us no raw transport.

On our own protocol class (`socket_protocol`) the endpoint hands the connection over and returns; what
comes in then arrives at a `PlayConnection` by a call, and what goes out is written to the transport by
`FrameSink`. On any other ASGI server the endpoint stays and moves messages between the two.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from mythgate.domain.errors import AuthenticationError, InvalidToken, MythError, NotFound, PermissionDenied
from mythgate.domain.events import Disconnect, Event, event_of
from mythgate.domain.ids import CharacterId
from mythgate.domain.sessions import Caller
from mythgate.doors.http.play import (
    GOING_AWAY,
    PlayConnection,
    PlayDoor,
    error_payload,
    last_seq_of,
    play_id_of,
    refusal_code,
)
from mythgate.doors.http.routing import new_router
from mythgate.doors.http.socket_protocol import ABANDON_SECONDS, BAD_FRAME, EXTENSION, SocketProtocol
from mythgate.realtime.outbox import Batch, Outbox, Sink
from mythgate.services.refusals import note_refusal
from mythgate.wire.envelope.render import (
    json_array,
    json_body,
    json_envelope,
    msgpack_array,
    msgpack_envelope,
)
from mythgate.wire.websocket import BINARY, TEXT, frame, frame_head

logger = logging.getLogger(__name__)

BEARER: Final = "bearer"
MSGPACK: Final = "mythgate.msgpack"
FIRST_FINAL_CODE: Final = 4500  # from here on a client does not reconnect
CLOSE_SECONDS: Final = 2.0
MAX_PAYLOADS: Final = 256  # messages that wait for the sender's turn; what comes on top waits in the stream
COMPRESSED_AT_LEAST: Final = 32  # what a compressed event may have shrunk to

# `{"sequence_number":` and the comma behind the number
_NUMBER_OVERHEAD: Final = 19 + 1
_KEPT_TEMPLATE: Final = 700  # bytes of a body; a line of talk of the usual length has some 400


class TransportSink(Sink):
    """One connection on the raw transport: where a stream's events go, and where messages come from."""

    exclusive = True

    __slots__ = ("address", "connection", "door", "outbox", "protocol", "write_bytes")

    def __init__(self, door: PlayDoor, protocol: SocketProtocol, address: str) -> None:
        self.door = door
        self.protocol = protocol
        self.address = address
        self.write_bytes = protocol.transport.write
        self.connection: PlayConnection | None = None
        self.outbox: Outbox | None = None

    # --- realtime.outbox.Sink ----------------------------------------------------------------------

    def attached(self, outbox: Outbox) -> None:
        self.outbox = outbox
        outbox.target = self.write_bytes

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        self.protocol.close(code, reason, abandon=abandon)

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        unsent = self.protocol.unsent_bytes
        count = 0
        for event in newest_first:
            if unsent <= 0:
                break
            unsent -= self._size(number - count, event)
            count += 1
        return count

    @abstractmethod
    def _size(self, number: int, event: Event) -> int:
        """Bytes `event` takes on the wire, or rather fewer."""

    # --- play.Link ---------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        self.protocol.pause_reading()

    def resume_reading(self) -> None:
        self.protocol.resume_reading()

    def fail(self, reason: str) -> None:
        self.protocol.fail(reason)

    def check_alive(self, sweeps_before_ping: int, sweeps_before_close: int) -> bool:
        protocol = self.protocol
        protocol.silence += 1
        if protocol.silence == sweeps_before_ping:
            protocol.ping()
        return protocol.silence < sweeps_before_close

    def round_trip(self) -> float | None:
        return self.protocol.measure()

    # --- socket_protocol.Listener ------------------------------------------------------------------

    def on_message(self, payload: bytes, *, binary: bool) -> None:
        if self.connection is not None:
            self.connection.receive(payload, binary=binary)

    def on_too_long(self) -> None:
        if self.connection is not None:
            self.connection.too_long()

    def on_overhead(self, frames: int) -> None:
        if self.connection is not None:
            self.connection.overhead(frames)

    def on_closing(self) -> None:
        if self.outbox is not None:  # what comes now waits for the next connection
            self.door.hub.pause(self.outbox)

    def on_shutdown(self) -> None:
        self.door.hub.close_all(GOING_AWAY)

    def on_full(self) -> None:
        if self.outbox is not None:
            self.door.hub.pause(self.outbox)

    def on_drained(self) -> None:
        if self.outbox is not None:
            self.door.hub.resume(self.outbox)

    def on_lost(self) -> None:
        self.door.leave(self.address)
        if self.connection is not None:
            self.connection.closed()
        if self.outbox is not None:
            self.door.hub.detach(self.outbox.stream, self)


class SocketSink(TransportSink):
    """A connection that gets JSON text, one frame an event.

    What the frames of one event have in common depends only on how many digits the number has; it is made
    once, as a template, and filled in for each reader.
    """

    __slots__ = ()

    def write(self, first: int, batch: Batch) -> None:
        frames = []
        for number, event in enumerate(batch.events, first):
            template = event.rendered.get(len(str(number)))
            frames.append(frame(TEXT, json_envelope(number, event)) if template is None else template % number)
        self.write_bytes(frames[0] if len(frames) == 1 else b"".join(frames))

    @classmethod
    def write_to_all(cls, outboxes: Iterable[Outbox], index: int, batch: Batch) -> list[tuple[Outbox, Exception]]:
        failures: list[tuple[Outbox, Exception]] = []
        count = len(batch.events)
        template, least, after = b"", 0, 0
        for outbox in outboxes:
            first = index + outbox.offset
            try:
                if not least <= first <= after - count:
                    template, least, after = _template_of(batch, first)
                    if first + count > after:
                        outbox.sink.write(first, batch)
                        continue
                outbox.target(template % (first if count == 1 else tuple(range(first, first + count))))
            except Exception as error:
                failures.append((outbox, error))
        return failures

    def _size(self, number: int, event: Event) -> int:
        length = _NUMBER_OVERHEAD + len(str(number)) + len(json_body(event))
        return length + len(frame_head(0, length))


def _template_of(batch: Batch, number: int) -> tuple[bytes, int, int]:
    """What all frames of `batch` have in common while numbers have as many digits as `number`.

    Returns it with the first such number and the first one with more digits.
    """
    digits = len(str(number))
    template = batch.rendered.get(digits)
    if template is None:
        template = batch.rendered[digits] = b"".join([_template(event, digits) for event in batch.events])
    return template, 10 ** (digits - 1), 10**digits


def _template(event: Event, digits: int) -> bytes:
    """The frame of an event, with a place for a number of so many digits; kept for those it is written to alone, unless
    it is long: what tells of all who are in a room is seldom, and would lie in memory twice."""
    template = event.rendered.get(digits)
    if template is None:
        body = json_body(event)
        head = frame_head(0x80 | TEXT, _NUMBER_OVERHEAD + digits + len(body))
        parts = (head.replace(b"%", b"%%"), b'{"sequence_number":%d,', body.replace(b"%", b"%%"))
        template = b"".join(parts)
        if len(body) <= _KEPT_TEMPLATE:
            event.rendered[digits] = template
    return template


class PackedSink(TransportSink):
    """A connection whose client asked for MessagePack, for several events in one frame, or for compression."""

    __slots__ = ("_compress_from", "batch", "deflate", "msgpack")

    def __init__(self, door: PlayDoor, protocol: SocketProtocol, address: str, *, msgpack: bool, batch: bool) -> None:
        super().__init__(door, protocol, address)
        self.msgpack = msgpack
        self.batch = batch
        self.deflate = protocol.deflate
        self._compress_from = door.options.deflate_threshold if self.deflate is not None else sys.maxsize

    def write(self, first: int, batch: Batch) -> None:
        events = batch.events
        if self.batch and len(events) > 1:
            self.write_bytes(self._frame(msgpack_array(first, events) if self.msgpack else json_array(first, events)))
            return
        frames = [self._frame(self._envelope(number, event)) for number, event in enumerate(events, first)]
        self.write_bytes(b"".join(frames))

    def _envelope(self, number: int, event: Event) -> bytes:
        return msgpack_envelope(number, event) if self.msgpack else json_envelope(number, event)

    def _frame(self, payload: bytes) -> bytes:
        opcode = BINARY if self.msgpack else TEXT
        if self.deflate is None or len(payload) < self._compress_from:
            return frame(opcode, payload)
        data = self.deflate.compress(payload)
        return frame_head(0xC0 | opcode, len(data)) + data

    def _size(self, number: int, event: Event) -> int:
        # Several events in one frame are compressed together, however short each is.
        return COMPRESSED_AT_LEAST if self.deflate is not None else len(self._envelope(number, event))


class AsgiSink(Sink):
    """One connection of an ordinary ASGI server, which takes messages one at a time and makes us wait.

    While it does, the outbox counts as paused, so what happens meanwhile waits in the stream within the
    same limits as behind a full transport. What is put between two turns of the sender waits here, so that
    a farewell right after other events is said as well.
    """

    exclusive = True

    def __init__(self, door: PlayDoor, websocket: WebSocket, *, msgpack: bool, batch: bool) -> None:
        self.door = door
        self.websocket = websocket
        self.msgpack = msgpack
        self.batch = batch
        self.outbox: Outbox | None = None
        self._payloads: list[bytes] = []
        self._close: tuple[int, str] | None = None
        self._something = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()
        self._sending = False
        self._sender: asyncio.Task[None] | None = None

    # --- realtime.outbox.Sink ----------------------------------------------------------------------

    def attached(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def write(self, first: int, batch: Batch) -> None:
        events = batch.events
        if self.batch and len(events) > 1:
            self._put(msgpack_array(first, events) if self.msgpack else json_array(first, events))
            return
        envelope = msgpack_envelope if self.msgpack else json_envelope
        for number, event in enumerate(events, first):
            self._put(envelope(number, event))

    def _put(self, payload: bytes) -> None:
        self._payloads.append(payload)
        self._something.set()
        if (self._sending or len(self._payloads) >= MAX_PAYLOADS) and self.outbox is not None:
            self.door.hub.pause(self.outbox)

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        if self._close is None:
            self._close = code, reason
            self._something.set()
            if abandon and self._sender is not None:
                asyncio.get_running_loop().call_later(ABANDON_SECONDS, self._sender.cancel)

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        del number, newest_first
        return len(self._payloads)

    # --- play.Link ---------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        self._readable.clear()

    def resume_reading(self) -> None:
        self._readable.set()

    def fail(self, reason: str) -> None:
        self.close(BAD_FRAME, reason)

    def check_alive(self, sweeps_before_ping: int, sweeps_before_close: int) -> bool:
        """The ASGI server sends its own pings."""
        del sweeps_before_ping, sweeps_before_close
        return True

    def round_trip(self) -> float | None:
        """The ASGI server keeps to itself what its pings say."""
        return None

    # --- the two loops -----------------------------------------------------------------------------

    async def serve(self, connection: PlayConnection) -> None:
        """Move messages both ways until the connection ends."""
        self._sender = asyncio.create_task(self._send())
        receiver = asyncio.create_task(self._receive(connection))
        try:
            await asyncio.wait((self._sender, receiver), return_when=asyncio.FIRST_COMPLETED)
            if not receiver.done():  # we closed; the peer answers, or does not
                await asyncio.wait((receiver,), timeout=CLOSE_SECONDS)
        finally:
            for task in (self._sender, receiver):
                task.cancel()
            await asyncio.gather(self._sender, receiver, return_exceptions=True)

    async def _send(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._payloads:
                payload = self._payloads[0]
                self._sending = True
                if self.msgpack:
                    await self.websocket.send_bytes(payload)
                else:
                    await self.websocket.send_text(payload.decode())
                self._sending = False
                del self._payloads[0]
            if self._close is not None:
                await self.websocket.close(*self._close)
                return
            if self.outbox is not None:
                self.door.hub.resume(self.outbox)

    async def _receive(self, connection: PlayConnection) -> None:
        limit = self.door.options.frame_bytes
        while True:
            await self._readable.wait()
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            payload: bytes = text.encode() if text is not None else message["bytes"]
            if len(payload) > limit:
                connection.too_long()
            else:
                connection.receive(payload, binary=text is None)


# --- the endpoint ----------------------------------------------------------------------------------


def token_of(offered: Sequence[str], query_token: str | None) -> str:
    """The access token among the offered sub-protocols, or in the query if that is allowed (else None).

    With `bearer` among them it is the first other entry that is no format of ours, without it the last.

    Raises:
        AuthenticationError: there is none.

    """
    candidates = [entry for entry in offered if entry and entry.lower() not in (BEARER, MSGPACK)]
    if any(entry.lower() == BEARER for entry in offered):
        if candidates:
            return candidates[0]
    elif candidates:
        return candidates[-1]
    if query_token:
        return query_token
    raise AuthenticationError(hint="Offer the sub-protocols 'bearer' and your access token.")


def chosen_protocol(offered: Sequence[str]) -> str | None:
    """The sub-protocol we answer with: never the token."""
    if MSGPACK in offered:
        return MSGPACK
    return next((entry for entry in offered if entry.lower() == BEARER), None)


def websocket_router(door: PlayDoor) -> APIRouter:
    """The native WebSocket and its older addresses."""
    router = new_router()

    @router.websocket("/api/ws")
    async def play(websocket: WebSocket) -> None:
        await _play(door, websocket, None)

    # `/ws` without an id is another dialect's; with one it is an older address of this.
    @router.websocket("/api/ws/{player_id}")
    @router.websocket("/ws/{player_id}")
    async def play_as(websocket: WebSocket, player_id: str) -> None:
        await _play(door, websocket, player_id)

    return router


async def _play(door: PlayDoor, websocket: WebSocket, player_id: str | None) -> None:
    offered: list[str] = websocket.scope.get("subprotocols", [])
    subprotocol = chosen_protocol(offered)
    await websocket.accept(subprotocol=subprotocol)
    msgpack = subprotocol == MSGPACK
    address = websocket.client.host if websocket.client is not None else "unknown"
    try:
        door.admit(address)
    except MythError as error:
        await _refuse(door, websocket, error, msgpack=msgpack)
        return
    handed_over = False
    try:
        handed_over = await _enter(door, websocket, player_id, address, msgpack=msgpack)
    except MythError as error:
        await _refuse(door, websocket, error, msgpack=msgpack)
    finally:
        if not handed_over:
            door.leave(address)


async def _enter(door: PlayDoor, websocket: WebSocket, player_id: str | None, address: str, *, msgpack: bool) -> bool:
    """Authenticate, join, and serve; True if the raw connection was handed over instead."""
    query = websocket.query_params
    play_id = play_id_of(query.get("session_id"))
    last_seq = last_seq_of(query.get("last_seq"))
    batch = query.get("batch") == "1"
    extension = websocket.scope.get("extensions", {}).get(EXTENSION)
    protocol: SocketProtocol | None = extension["protocol"] if extension is not None else None
    sink: TransportSink | AsgiSink
    if protocol is None:
        sink = AsgiSink(door, websocket, msgpack=msgpack, batch=batch)
    elif msgpack or batch or protocol.deflate is not None:
        sink = PackedSink(door, protocol, address, msgpack=msgpack, batch=batch)
    else:
        sink = SocketSink(door, protocol, address)
    async with door.authenticating():
        token = token_of(websocket.scope.get("subprotocols", []), _query_token(door, websocket))
        caller = await door.services.sessions.authenticate(token)
        character_id = await _character_asked_for(door, caller, player_id, query.get("character_id"))
        stream = await door.join(
            caller, character_id, play_id, last_seq, sink, websocket.headers.get("user-agent", "")[:200]
        )
    if isinstance(sink, TransportSink):
        if sink.protocol.lost or not sink.protocol.is_open:
            door.hub.detach(stream, sink)
            return False
        sink.connection = PlayConnection(door, stream, sink, msgpack=msgpack)
        sink.protocol.hand_over(sink, limit=door.options.frame_bytes)
        return True
    connection = PlayConnection(door, stream, sink, msgpack=msgpack)
    try:
        await sink.serve(connection)
    finally:
        connection.closed()
        door.hub.detach(stream, sink)
    return False


def _query_token(door: PlayDoor, websocket: WebSocket) -> str | None:
    return websocket.query_params.get("token") if door.options.token_in_query else None


async def _character_asked_for(
    door: PlayDoor, caller: Caller, player_id: str | None, character_id: str | None
) -> CharacterId | None:
    """Who is to enter. An id in the path must be the caller's own account or one of their characters.

    Raises:
        InvalidToken: the path names somebody else.

    """
    if player_id is not None and player_id != caller.account_id:
        try:
            await door.services.presence.choose(caller, CharacterId(player_id))
        except (NotFound, PermissionDenied):
            raise InvalidToken("This address belongs to somebody else.") from None
        character_id = character_id or player_id
    return CharacterId(character_id) if character_id else None


async def _refuse(door: PlayDoor, websocket: WebSocket, error: MythError, *, msgpack: bool) -> None:
    """Say why, and close with the code that tells the client what to do.

    These events belong to no stream; their number is 0.
    """
    code = refusal_code(error)
    why = error_payload(error)
    door.stats.refused[why.code] += 1
    note_refusal(error, asked="WebSocket", by="", code=why.code)
    now = door.clock.now()
    farewell = Disconnect(why.code, why.message, may_reconnect=code < FIRST_FINAL_CODE, code=code)
    try:
        for payload in (why, farewell):
            event = event_of(payload, now)
            if msgpack:
                await websocket.send_bytes(msgpack_envelope(0, event))
            else:
                await websocket.send_text(json_envelope(0, event).decode())
        await websocket.close(code, why.code)
    except (WebSocketDisconnect, RuntimeError, OSError):
        logger.debug("A refused peer was gone already", extra={"code": code})

"""A client of the native door, written from its specification alone: it shares no code with the server.

What it takes as given: RFC 6455 and RFC 7692 for the WebSocket, the WHATWG rules for server-sent events,
and the protocol of the game: sub-protocols `bearer` and the token, envelopes, commands, numbers. It is
strict where the specification is: an unmasked rule broken, a number skipped or repeated, an unknown frame
fails the test that looks next.

Waiting never sleeps: an expectation is a predicate with a deadline, checked whenever something arrives.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import itertools
import json
import os
import socket
import struct
import time
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

import ormsgpack

Event = dict[str, Any]
Predicate = Callable[[Event], bool]
T = TypeVar("T")

PASSWORD: Final = "correct horse battery"
DEADLINE: Final = 15.0  # generous: the machine that runs the tests may be busy
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_LETTERS: Final = "abcdefghkopqstuxyz"
_names = itertools.count(1)
_run = uuid.uuid4().int


def unique_name(stem: str = "Traveller") -> str:
    """A name nobody else has in this test run, made of letters that do not look like one another."""
    number, letters = next(_names) + (_run % 10_000) * 100_000, ""
    while number:
        number, digit = divmod(number, len(_LETTERS))
        letters += _LETTERS[digit]
    return f"{stem}{letters}"


# --- REST ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a REST call came back with."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def error(self) -> dict[str, Any]:
        """The `error` object of a refusal."""
        error: dict[str, Any] = self.json["error"]
        return error

    def expect(self, status: int) -> Any:
        assert self.status == status, f"{self.status} instead of {status}: {self.body[:400]!r}"
        return self.json


@dataclass(frozen=True)
class Address:
    """Where the server is."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Address:
        host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
        return cls(host, int(port))


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head.rstrip("\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return int(status_line.split(" ", 2)[1]), headers


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        chunk = await reader.readexactly(size)
        await reader.readexactly(2)
        if not size:
            return
        yield chunk


async def call(
    at: Address,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    deadline: float = DEADLINE,
) -> Answer:
    """One REST call on a connection of its own."""
    async with asyncio.timeout(deadline):
        reader, writer = await asyncio.open_connection(at.host, at.port)
        try:
            content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            lines = [f"{method} {path} HTTP/1.1", f"Host: {at.host}:{at.port}", "Connection: close"]
            lines += [f"Content-Length: {len(content)}"]
            if body is not None:
                lines.append("Content-Type: application/json")
            if token is not None:
                lines.append(f"Authorization: Bearer {token}")
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content)
            status, found = await _read_head(reader)
            if "chunked" in found.get("transfer-encoding", ""):
                answer = b"".join([chunk async for chunk in _chunks(reader)])
            elif "content-length" in found:
                answer = await reader.readexactly(int(found["content-length"]))
            else:
                answer = await reader.read()
            return Answer(status, found, answer)
        finally:
            await _hang_up(writer)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(2):
            await writer.wait_closed()


# --- WebSocket framing -----------------------------------------------------------------------------


class HandshakeRefused(Exception):
    """The server answered the upgrade with another status than 101."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.body[:200]!r}")
        self.answer = answer


class ConnectionGone(Exception):
    """The connection is over; `code` is the close frame's, None if there was none."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


async def _require_upgrade(status: int, headers: Mapping[str, str], reader: asyncio.StreamReader) -> None:
    if status != 101:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        raise HandshakeRefused(Answer(status, headers, body))


class WebSocket:
    """One WebSocket connection. Checks what RFC 6455 demands of a server."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: Mapping[str, str], deflating: bool
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.headers = headers  # of the server's answer
        self.protocol = headers.get("sec-websocket-protocol")
        self.extensions = headers.get("sec-websocket-extensions", "")
        self.deflating = deflating
        self.compressed_received = 0
        self.pings_received = 0
        self.answers_pings = True
        self._inflate = zlib.decompressobj(-15)
        self._deflate = zlib.compressobj(wbits=-15)
        self._server_takeover = "server_no_context_takeover" not in self.extensions
        self._client_takeover = "client_no_context_takeover" not in self.extensions

    @classmethod
    async def open(
        cls,
        at: Address,
        path: str,
        protocols: Sequence[str] = (),
        *,
        headers: Mapping[str, str] | None = None,
        deflate: bool = False,
        receive_buffer: int | None = None,
        deadline: float = DEADLINE,
    ) -> WebSocket:
        """Raises HandshakeRefused."""
        async with asyncio.timeout(deadline):
            raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            raw.setblocking(False)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if receive_buffer is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            try:
                await asyncio.get_running_loop().sock_connect(raw, (at.host, at.port))
                limit = receive_buffer if receive_buffer is not None else 1 << 20
                reader, writer = await asyncio.open_connection(sock=raw, limit=max(limit, 1 << 14))
            except BaseException:
                raw.close()
                raise
            try:
                key = base64.b64encode(os.urandom(16))
                lines = [
                    f"GET {path} HTTP/1.1",
                    f"Host: {at.host}:{at.port}",
                    "Upgrade: websocket",
                    "Connection: Upgrade",
                    f"Sec-WebSocket-Key: {key.decode()}",
                    "Sec-WebSocket-Version: 13",
                ]
                if protocols:
                    lines.append(f"Sec-WebSocket-Protocol: {', '.join(protocols)}")
                if deflate:
                    lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
                lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
                status, found = await _read_head(reader)
                await _require_upgrade(status, found, reader)
                accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
                assert found.get("upgrade", "").lower() == "websocket", found
                assert "upgrade" in found.get("connection", "").lower(), found
                assert found.get("sec-websocket-accept") == accept, found
                protocol = found.get("sec-websocket-protocol")
                assert protocol is None or protocol in protocols, f"{protocol!r} was not offered"
                extensions = found.get("sec-websocket-extensions", "")
                assert not extensions or deflate, f"{extensions!r} was not offered"
                assert "server_max_window_bits" not in extensions, "not offered"
                return cls(reader, writer, found, "permessage-deflate" in extensions)
            except BaseException:
                await _hang_up(writer)
                raise

    # --- receiving ---------------------------------------------------------------------------------

    async def receive(self) -> str | bytes:
        """The next whole message; pings are answered meanwhile. Raises ConnectionGone."""
        parts: list[bytes] = []
        kind, compressed = 0, False
        while True:
            try:
                first, second = await self._reader.readexactly(2)
                final, reserved, opcode = first & 0x80, first & 0x70, first & 0x0F
                assert not second & 0x80, "a server must not mask"
                length = second & 0x7F
                if length == 126:
                    (length,) = struct.unpack(">H", await self._reader.readexactly(2))
                    assert length > 125, "length not in the shortest form"
                elif length == 127:
                    (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
                    assert length > 0xFFFF, "length not in the shortest form"
                payload = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, OSError) as error:
                raise ConnectionGone(None, type(error).__name__) from None
            if opcode >= 8:
                assert final and length <= 125 and not reserved, "a control frame is short and whole"
                if opcode == _CLOSE:
                    code, reason = None, ""
                    if payload:
                        (code,) = struct.unpack(">H", payload[:2])
                        reason = payload[2:].decode()
                    self._write(_CLOSE, payload[:2])
                    raise ConnectionGone(code, reason)
                if opcode == _PING:
                    self.pings_received += 1
                    if self.answers_pings:
                        self._write(_PONG, payload)
                continue
            if opcode:
                assert not parts, "a new message inside another"
                kind, compressed = opcode, bool(reserved & 0x40)
                assert opcode in (_TEXT, _BINARY), f"opcode {opcode}"
                assert not reserved & 0x30 and (self.deflating or not compressed), "reserved bits"
            else:
                assert parts and not reserved, "a continuation of nothing"
            parts.append(payload)
            if final:
                break
        data = b"".join(parts)
        if compressed:
            self.compressed_received += 1
            data = self._inflate.decompress(data + b"\x00\x00\xff\xff")
            if not self._server_takeover:
                self._inflate = zlib.decompressobj(-15)
        return data.decode("utf-8") if kind == _TEXT else data

    # --- sending -----------------------------------------------------------------------------------

    def send(self, message: str | bytes, *, fragments: int = 1) -> None:
        """A message, cut into as many fragments as wanted."""
        opcode = _TEXT if isinstance(message, str) else _BINARY
        data = message.encode() if isinstance(message, str) else message
        compressed = self.deflating and fragments == 1
        if compressed:
            data = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
            data = data[:-4]
            if not self._client_takeover:
                self._deflate = zlib.compressobj(wbits=-15)
        size = max(1, -(-len(data) // fragments))
        pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        for number, piece in enumerate(pieces):
            self._write(0 if number else opcode, piece, final=number == len(pieces) - 1, compressed=compressed)

    def ping(self, payload: bytes = b"") -> None:
        self._write(_PING, payload)

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are, for breaking rules on purpose."""
        self._writer.write(data)

    def _write(self, opcode: int, payload: bytes, *, final: bool = True, compressed: bool = False) -> None:
        first = opcode | (0x80 if final else 0) | (0x40 if compressed else 0)
        length = len(payload)
        if length < 126:
            head = struct.pack(">BB", first, 0x80 | length)
        elif length <= 0xFFFF:
            head = struct.pack(">BBH", first, 0x80 | 126, length)
        else:
            head = struct.pack(">BBQ", first, 0x80 | 127, length)
        mask = os.urandom(4)
        stretched = (mask * (length // 4 + 1))[:length]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stretched, "big")).to_bytes(length, "big")
        if not self._writer.is_closing():
            self._writer.write(head + mask + masked)

    # --- ending ------------------------------------------------------------------------------------

    def send_close(self, code: int = 1000) -> None:
        self._write(_CLOSE, struct.pack(">H", code))

    def reset(self) -> None:
        """Cut the line: the other side gets a TCP reset, no close frame."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def hang_up(self) -> None:
        await _hang_up(self._writer)


# --- events ----------------------------------------------------------------------------------------


class Mailbox:
    """All events of one play session in the order they arrived, over all its connections.

    `expect` walks forward: what it found, and all before it, is behind it.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.arrived: list[float] = []  # monotonic seconds, one for each event
        self.faults: list[str] = []
        self.last_seq: int | None = None
        self._position = 0
        self._connected = False  # whether this line is past the door
        self._waiting: list[asyncio.Future[None]] = []

    def put(self, event: Event) -> None:
        self.events.append(event)
        self.arrived.append(time.monotonic())
        number = event.get("sequence_number")
        kind = event.get("event_type")
        if number == 0 and kind in ("error", "disconnect") and not self._connected:
            pass  # turned away: outside any play session
        elif not isinstance(number, int) or isinstance(number, bool):
            self.faults.append(f"no number: {event}")
        else:
            # After a `reset` counting goes on at whatever number it has; a stream begins with 1.
            if kind != "reset" and number != (self.last_seq or 0) + 1:
                self.faults.append(f"{number} ({kind}) after {self.last_seq}")
            self.last_seq = number
            self._connected = True
        self.wake()

    def begin(self) -> None:
        """A new line was opened."""
        self._connected = False

    def wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def check(self) -> None:
        assert not self.faults, self.faults

    def forget(self) -> None:
        """Keep nothing of what came so far, for who lives long; not while somebody waits for something."""
        self.events.clear()
        self.arrived.clear()
        self._position = 0

    def mark(self) -> int:
        """Forget what came so far: `expect` looks only at what comes from now on."""
        self._position = len(self.events)
        return self._position

    async def until(self, found: Callable[[], T | None], deadline: float = DEADLINE, what: str = "") -> T:
        """What `found` returns as soon as it is not None."""
        ends = time.monotonic() + deadline
        while True:
            result = found()
            if result is not None:
                return result
            left = ends - time.monotonic()
            if left <= 0:
                recent = "\n".join(f"  {short(event)}" for event in self.events[-25:])
                raise AssertionError(f"{what or 'it'} did not come within {deadline} s; the last events:\n{recent}")
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await future

    async def expect(
        self,
        event_type: str | None = None,
        predicate: Predicate | None = None,
        *,
        deadline: float = DEADLINE,
        **data: Any,
    ) -> Event:
        """The next event of that type whose data has these values."""

        def found() -> Event | None:
            for at in range(self._position, len(self.events)):
                event = self.events[at]
                if matches(event, event_type, data) and (predicate is None or predicate(event)):
                    self._position = at + 1
                    return event
            return None

        event = await self.until(found, deadline, f"{event_type} {data}")
        self.check()
        return event

    def seen(self, event_type: str | None = None, *, since: int = 0, **data: Any) -> list[Event]:
        return [event for event in self.events[since:] if matches(event, event_type, data)]


def matches(event: Event, event_type: str | None, data: Mapping[str, Any]) -> bool:
    if event_type is not None and event.get("event_type") != event_type:
        return False
    found = event.get("data", {})
    return all(name in found and found[name] == value for name, value in data.items())


def short(event: Event) -> str:
    text = json.dumps(event, default=str)
    return text if len(text) < 300 else f"{text[:300]}…"


# --- accounts --------------------------------------------------------------------------------------


@dataclass
class Account:
    """A signed-in account and what it may do over REST."""

    at: Address
    signed_in: dict[str, Any]
    password: str = PASSWORD

    @property
    def token(self) -> str:
        token: str = self.signed_in["access_token"]
        return token

    @property
    def username(self) -> str:
        name: str = self.signed_in["username"]
        return name

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return await call(self.at, method, path, body, token=self.token, **options)

    async def create_character(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.call("POST", "/api/characters", {"name": name})).expect(201)
        return answer

    async def log_out(self) -> None:
        (await self.call("POST", "/api/auth/logout")).expect(204)


async def register(at: Address, name: str | None = None, password: str = PASSWORD) -> Account:
    body = {"username": name or unique_name(), "password": password}
    return Account(at, (await call(at, "POST", "/api/auth/register", body)).expect(201), password)


async def log_in(at: Address, name: str, password: str = PASSWORD) -> Account:
    body = {"username": name, "password": password}
    return Account(at, (await call(at, "POST", "/api/auth/login", body)).expect(200), password)


async def guest(at: Address) -> Account:
    return Account(at, (await call(at, "POST", "/api/auth/guest", {})).expect(201))


# --- players ---------------------------------------------------------------------------------------

DoorName = Literal["websocket", "msgpack", "sse"]
DOORS: Final[tuple[DoorName, ...]] = ("websocket", "msgpack", "sse")
MSGPACK: Final = "mythgate.msgpack"


@dataclass
class Player:
    """A character played through one door by somebody who reads everything and remembers it."""

    account: Account
    name: str
    character_id: str
    door: DoorName = "websocket"
    session_id: str = field(default_factory=lambda: f"session-{uuid.uuid4().hex}")
    inbox: Mailbox = field(default_factory=Mailbox)
    socket: WebSocket | None = None
    close_code: int | None = None
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    batch: bool = False
    frames: int = 0  # messages received
    _listening: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Task[None] | None = None
    _stream: asyncio.StreamWriter | None = None

    # --- connecting --------------------------------------------------------------------------------

    async def connect(
        self,
        *,
        resume: bool | int | None = None,
        deflate: bool = False,
        receive_buffer: int | None = None,
        character: bool = True,
        session_id: str | None = None,
    ) -> Player:
        """Open the line. `resume`: True sends the number of the last event received, an integer that one."""
        assert self._reading is None, "connected already"
        if session_id is not None:
            self.session_id = session_id
            self.inbox = Mailbox()
        last_seq = self.inbox.last_seq if resume is True else None if resume in (None, False) else int(resume)
        self.close_code = None
        self.closed.clear()
        self.inbox.begin()
        self._listening.set()
        query = {"session_id": self.session_id}
        if character:
            query["character_id"] = self.character_id
        if self.door == "sse":
            await self._open_stream(query, last_seq)
            return self
        if last_seq is not None:
            query["last_seq"] = str(last_seq)
        if self.batch:
            query["batch"] = "1"
        protocols = ["bearer", self.account.token, *([MSGPACK] if self.door == "msgpack" else [])]
        self.socket = await WebSocket.open(
            self.account.at,
            f"/api/ws?{urlencode(query)}",
            protocols,
            deflate=deflate,
            receive_buffer=receive_buffer,
        )
        expected = MSGPACK if self.door == "msgpack" else "bearer"
        assert self.socket.protocol == expected, f"the server selected {self.socket.protocol!r}"
        self._reading = asyncio.create_task(self._read_socket(self.socket))
        return self

    async def enter(self, **options: Any) -> Event:
        """Connect and wait for the first `game_state`."""
        await self.connect(**options)
        return await self.inbox.expect("game_state")

    async def _read_socket(self, socket_: WebSocket) -> None:
        try:
            while True:
                await self._listening.wait()
                message = await socket_.receive()
                self.frames += 1
                document: Any
                if self.door == "msgpack":
                    assert isinstance(message, bytes), "MessagePack travels in binary frames"
                    document = ormsgpack.unpackb(message)
                else:
                    assert isinstance(message, str), "JSON travels in text frames"
                    document = json.loads(message)
                assert isinstance(document, dict) or self.batch, "an array without batch=1"
                for event in document if isinstance(document, list) else [document]:
                    self.inbox.put(event)
        except ConnectionGone as gone:
            self.close_code = gone.code
        except AssertionError as error:
            self.inbox.faults.append(str(error))
        finally:
            self.closed.set()
            self.inbox.wake()

    async def _open_stream(self, query: Mapping[str, str], last_seq: int | None) -> None:
        at = self.account.at
        async with asyncio.timeout(DEADLINE):
            reader, writer = await asyncio.open_connection(at.host, at.port)
            lines = [
                f"GET /api/events?{urlencode(query)} HTTP/1.1",
                f"Host: {at.host}:{at.port}",
                "Accept: text/event-stream",
                f"Authorization: Bearer {self.account.token}",
            ]
            if last_seq is not None:
                lines.append(f"Last-Event-ID: {last_seq}")
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            status, headers = await _read_head(reader)
            if status != 200:
                length = int(headers.get("content-length", "0"))
                answer = Answer(status, headers, await reader.readexactly(length))
                await _hang_up(writer)
                raise HandshakeRefused(answer)
        assert headers["content-type"].startswith("text/event-stream"), headers
        self._stream = writer
        self._reading = asyncio.create_task(
            self._read_stream(reader, "chunked" in headers.get("transfer-encoding", ""))
        )

    async def _read_stream(self, reader: asyncio.StreamReader, chunked: bool) -> None:
        try:
            pending = b""
            async for chunk in _chunks(reader) if chunked else _blocks(reader):
                pending += chunk
                *blocks, pending = pending.replace(b"\r\n", b"\n").split(b"\n\n")
                for block in blocks:
                    self._take_block(block.decode())
        except (asyncio.IncompleteReadError, OSError, ValueError):
            pass
        finally:
            self.closed.set()
            self.inbox.wake()

    def _take_block(self, block: str) -> None:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                fields[name] = f"{fields[name]}\n{value[1:]}" if name in fields else value.removeprefix(" ")
        if "data" not in fields:
            return
        event = json.loads(fields["data"])
        if fields.get("id") != str(event["sequence_number"]):
            self.inbox.faults.append(f"id {fields.get('id')!r} for number {event['sequence_number']}")
        if fields.get("event", "message") not in ("message", event["event_type"]):
            self.inbox.faults.append(f"event {fields['event']!r} for {event['event_type']}")
        if event["event_type"] == "disconnect":
            self.close_code = event["data"]["code"]
        self.inbox.put(event)

    # --- leaving -----------------------------------------------------------------------------------

    async def cut(self) -> None:
        """The line breaks: a TCP reset, nothing said."""
        if self.socket is not None:
            self.socket.reset()
        if self._stream is not None:
            raw: socket.socket = self._stream.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._stream.transport.abort()
        await self._stop_reading()

    async def close(self) -> None:
        """Hang up politely. The character stays, linkdead."""
        if self.socket is not None and not self.closed.is_set():
            self.socket.send_close()
        await self._stop_reading()

    async def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
        if self.socket is not None:
            await self.socket.hang_up()
            self.socket = None
        if self._stream is not None:
            await _hang_up(self._stream)
            self._stream = None
        self.closed.set()

    async def vanish(self) -> None:
        """Read and say nothing more, pings included, but keep the line, as if the machine were gone."""
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._reading = None

    def stop_listening(self) -> None:
        """Read nothing after the next message: a slow reader."""
        self._listening.clear()

    def listen_again(self) -> None:
        self._listening.set()

    async def wait_closed(self, deadline: float = DEADLINE) -> int | None:
        """The close code, once the server closed the connection."""
        async with asyncio.timeout(deadline):
            await self.closed.wait()
        code = self.close_code
        await self._stop_reading()
        self.inbox.check()
        return code

    # --- saying ------------------------------------------------------------------------------------

    def send(self, message: Any, *, fragments: int = 1) -> None:
        """Any value as one message of the WebSocket."""
        assert self.socket is not None, "not connected"
        if self.door == "msgpack":
            self.socket.send(ormsgpack.packb(message), fragments=fragments)
        else:
            self.socket.send(json.dumps(message), fragments=fragments)

    def send_command(self, line: str, args: Iterable[str] | None = None, *, message_id: str | None = None) -> str:
        """The flat form of the specification. Returns the command's id."""
        message_id = message_id or uuid.uuid4().hex
        message: dict[str, Any] = {"command": line, "timestamp": now_text(), "message_id": message_id}
        if args is not None:
            message["args"] = list(args)
        self.send(message)
        return message_id

    async def command(
        self, line: str, *, message_id: str | None = None, deadline: float = DEADLINE, ok: bool | None = True
    ) -> dict[str, Any]:
        """Send a command line and return the `data` of its answer.

        `ok`: whether it has to succeed, None if it may do either.
        """
        message_id = message_id or uuid.uuid4().hex
        data: dict[str, Any]
        if self.door == "sse":
            body = {"command": line, "message_id": message_id}
            data = (await self.account.call("POST", "/api/command", body, deadline=deadline)).expect(200)
        else:
            since = len(self.inbox.events)
            self.send_command(line, message_id=message_id)
            data = (await self.response(message_id, since=since, deadline=deadline))["data"]
        assert ok is None or data["success"] is ok, f"{line!r}: {data}"
        return data

    async def response(self, message_id: str, *, since: int = 0, deadline: float = DEADLINE) -> Event:
        """The `command_response` to the command with that id."""
        scanned = since

        def found() -> Event | None:
            nonlocal scanned
            for event in self.inbox.events[scanned:]:
                scanned += 1
                if event["event_type"] == "command_response" and event.get("reply_to") == message_id:
                    return event
            if self.closed.is_set():
                raise ConnectionGone(self.close_code, f"no response to {message_id}")
            return None

        return await self.inbox.until(found, deadline, f"the response to {message_id}")

    async def fence(self) -> None:
        """Return when everything the server sent to this player before now has arrived."""
        if self.door != "sse":
            token = uuid.uuid4().hex
            since = len(self.inbox.events)
            self.send({"type": "ping", "data": {"sent": token}})
            await self.inbox.until(
                lambda: self.inbox.seen("pong", since=since, sent=token) or None, what="the answer to a ping"
            )
        else:  # a word to oneself that only oneself gets
            since = len(self.inbox.events)
            mark = unique_name("mark")
            await self.command(f"describe {mark}")
            await self.inbox.until(
                lambda: (
                    [
                        event
                        for event in self.inbox.seen("player_update", since=since)
                        if mark in event["data"]["player"]["description"]
                    ]
                    or None
                ),
                what="what was changed about oneself",
            )
        self.inbox.check()


async def _blocks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        block = await reader.read(65536)
        if not block:
            return
        yield block


def now_text() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def new_player(at: Address, door: DoorName = "websocket", stem: str = "Traveller") -> Player:
    """A new account with one character that has not entered the world yet."""
    account = await register(at)
    name = unique_name(stem)
    character = await account.create_character(name)
    return Player(account, name, character["id"], door)


async def all_of(awaitables: Iterable[Awaitable[T]], at_once: int = 16) -> list[T]:
    """Await many, a few at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(awaitable: Awaitable[T]) -> T:
        async with gate:
            return await awaitable

    return list(await asyncio.gather(*map(one, awaitables)))

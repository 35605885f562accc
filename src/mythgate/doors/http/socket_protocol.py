"""WebSocket on the raw transport, as a protocol class for uvicorn (`ws=SocketProtocol`).

The handshake runs the ASGI application, so routing and dependencies are the framework's. An endpoint that
finds `mythgate.socket` among the scope's extensions may then take the connection over with `hand_over`
and return: from there on messages arrive as calls of a `Listener` and frames are written straight to
`transport`, with no task, queue or coroutine per connection. Endpoints that do not know about it are
served as by any other ASGI server.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected, get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from mythgate.domain.errors import ProtocolError
from mythgate.wire.websocket import (
    BINARY,
    CLOSE,
    MAX_CONTROL_BYTES,
    PING,
    PONG,
    TEXT,
    TOO_LONG,
    Deflate,
    FrameParser,
    accept_deflate,
    accept_key,
    close_frame,
    frame,
    frame_head,
    parse_close,
    unmask,
)

logger = logging.getLogger(__name__)

EXTENSION: Final = "mythgate.socket"
ABORT_EXTENSION: Final = "mythgate.abort"  # of HTTP requests: `abort` drops the connection, sent or not
LINE_EXTENSION: Final = "mythgate.line"  # of HTTP requests: the `transport` they came over
GOING_AWAY: Final = 1001
BAD_FRAME: Final = 4404
WRITE_BUFFER_BYTES: Final = 65536  # above this the transport counts as full
SOCKET_BUFFER_BYTES: Final = 131072  # the kernel doubles it; more would hide a slow reader for minutes
CLOSE_SECONDS: Final = 5.0  # wait for the peer's half of a close
ABANDON_SECONDS: Final = 10.0  # wait for a peer that had stopped reading
DEFAULT_LIMIT: Final = 65536
MAX_QUEUED: Final = 16  # messages an ordinary endpoint may leave unreceived before we stop reading
COMPRESS_FROM: Final = 1024
SLICE_MESSAGES: Final = 64  # taken from one connection before the others have their turn
SLICE_SECONDS: Final = 0.005


class Listener(Protocol):
    """Who took a connection over. Called from the event loop; must not raise or wait."""

    def on_message(self, payload: bytes, *, binary: bool) -> None:
        """A whole message. Text is not checked to be UTF-8 yet; see `SocketProtocol.fail`."""

    def on_too_long(self) -> None:
        """A message was longer than allowed and was thrown away."""

    def on_overhead(self, frames: int) -> None:
        """So many frames came that are no message of their own: pings, pongs, fragments."""

    def on_closing(self) -> None:
        """The close frame is written: nothing may follow it."""

    def on_shutdown(self) -> None:
        """The server stops; the connection is closed next."""

    def on_full(self) -> None:
        """The transport takes no more for now."""

    def on_drained(self) -> None:
        """The transport takes more again."""

    def on_lost(self) -> None:
        """The connection is gone. Last call."""


class _Handshake:
    """What is needed until the application accepted, and as long as it serves the connection itself."""

    __slots__ = ("accept", "denial", "drained", "queue", "scope", "waiting")

    def __init__(self, scope: dict[str, Any], accept: bytes) -> None:
        self.scope = scope
        self.accept = accept
        self.queue: deque[dict[str, Any]] = deque(({"type": "websocket.connect"},))
        self.waiting: asyncio.Future[None] | None = None  # of `receive`
        self.drained: asyncio.Future[None] | None = None  # of `send`
        self.denial: tuple[int, list[tuple[bytes, bytes]]] | None = None


class SocketProtocol(asyncio.Protocol):
    """One WebSocket connection, from the upgrade request on."""

    __slots__ = (
        "_app",
        "_app_state",
        "_close_sent",
        "_close_timer",
        "_full",
        "_full_bytes",
        "_handshake",
        "_listener",
        "_loop",
        "_open",
        "_parser",
        "_pinged_at",
        "_reading",
        "_rest",
        "_root_path",
        "_server_state",
        "_wanted",
        "deflate",
        "limit",
        "lost",
        "on_gone",
        "round_trip",
        "silence",
        "transport",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._app: Any = config.loaded_app
        self._root_path = config.root_path
        self._app_state: dict[str, Any] | None = app_state
        self._server_state = server_state
        self._loop = _loop or asyncio.get_running_loop()
        self._handshake: _Handshake | None = None
        self._listener: Listener | None = None
        self._parser: FrameParser | None = None
        self._open = False  # 101 was sent
        self._close_sent = False
        self._close_timer: asyncio.TimerHandle | None = None
        self._full = False
        self._full_bytes = 0  # when it became so
        self._reading = True  # what the transport was told last
        self._wanted = True  # whether messages are taken; set by who gets them
        self._rest: asyncio.Handle | None = None  # takes what the last slice left in the parser
        self.deflate: Deflate | None = None
        self.limit = DEFAULT_LIMIT
        self.lost = False
        self.on_gone: Callable[[], None] | None = None  # for who counts connections
        self._pinged_at: float | None = None  # what was asked then is not answered yet
        self.round_trip: float | None = None  # seconds from the last ping to its answer
        self.silence = 0  # whoever keeps the connection alive counts up; anything received sets it to 0
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)

    # --- asyncio.Protocol --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._server_state.connections.add(cast("Any", self))
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        self.silence = 0
        if self._close_sent and self._open:
            # Whatever the peer still says has no meaning any more, and must not cost anything.
            if _ends_with_close(data):
                self._close_transport()
            return
        if self._parser is None:
            # The usual case by far: one small text frame, whole and alone.
            if self._listener is not None and data[0] == 0x81 and len(data) > 6:
                length = data[1]
                if length < 0xFE:  # without the mask bit this matches no length
                    if len(data) == length - 0x80 + 6:
                        self._listener.on_message(unmask(data[6:], data[2:6]), binary=False)
                        return
                elif length == 0xFE and len(data) > 8:
                    size = (data[2] << 8) | data[3]
                    if 126 <= size <= self.limit and len(data) == size + 8:
                        self._listener.on_message(unmask(data[8:], data[4:8]), binary=False)
                        return
            if not self._open:
                self._begin(data)
                return
        self._receive_frames(data)

    def eof_received(self) -> None:
        return None

    def pause_writing(self) -> None:
        self._full = True
        self._full_bytes = self.transport.get_write_buffer_size()
        if self._listener is not None:
            self._listener.on_full()

    def resume_writing(self) -> None:
        self._full = False
        if self._close_sent:
            return
        if self._listener is not None:
            self._listener.on_drained()
        elif self._handshake is not None:
            _wake(self._handshake.drained)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.lost = True
        if self.on_gone is not None:
            self.on_gone()
        self._server_state.connections.discard(cast("Any", self))
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_lost()
        if self._handshake is not None:
            self._enqueue({"type": "websocket.disconnect", "code": 1005 if self._close_sent else 1006})
            _wake(self._handshake.drained)
        self._parser = None
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def shutdown(self) -> None:
        """The server stops (called by uvicorn)."""
        if not self._open:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            if self._listener is not None:
                self._listener.on_shutdown()
            self.close(GOING_AWAY, "going_away")

    # --- for who takes the connection over -----------------------------------------------------------

    def hand_over(self, listener: Listener, *, limit: int = DEFAULT_LIMIT) -> None:
        """From now on `listener` gets the messages. The application's endpoint may return.

        What came in between is handed on at once.
        """
        self.limit = limit
        if self._parser is not None:
            self._parser.limit = limit
        self._listener = listener
        handshake = self._handshake
        if handshake is None:
            return
        for message in handshake.queue:
            if message["type"] == "websocket.receive":
                text = message.get("text")
                if text is not None:
                    listener.on_message(text.encode(), binary=False)
                else:
                    listener.on_message(message["bytes"], binary=True)
        handshake.queue.clear()
        if self._full:
            listener.on_full()
        self.resume_reading()

    @property
    def listener(self) -> Listener | None:
        """Who gets the messages; None while the handshake lasts, and once the line is lost."""
        return self._listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self._listener = listener

    @property
    def is_open(self) -> bool:
        """Whether messages can be written: accepted, and neither side has begun to close."""
        return self._open and not self._close_sent and not self.lost

    @property
    def unsent_bytes(self) -> int:
        """What was written here and not yet taken by the operating system.

        Of a full line that is lost the transport has forgotten it: then what it was when it became full.
        """
        if self.lost:
            return self._full_bytes if self._full else 0
        return self.transport.get_write_buffer_size()

    def ping(self) -> None:
        """Ask the peer for a sign of life."""
        if self.is_open:
            if self._pinged_at is None:
                self._pinged_at = perf_counter()
            self._write(frame(PING, b""))

    def measure(self) -> float | None:
        """Seconds from the last ping to its answer, as far as known; the next one is on its way."""
        if self._pinged_at is None:
            self.ping()
        return self.round_trip

    def pause_reading(self) -> None:
        """Take nothing more from the peer for now."""
        self._wanted = False
        self._steer()

    def resume_reading(self) -> None:
        """Take messages from the peer again."""
        if not self._wanted:
            self._wanted = True
            if self._parser is not None and self._rest is None:
                self._rest = self._loop.call_soon(self._take_rest)
        self._steer()

    def _steer(self) -> None:
        """Read from the transport if somebody wants messages and none are left from before."""
        reading = self._wanted and self._rest is None
        if reading is not self._reading and not self.lost and not self.transport.is_closing():
            self._reading = reading
            if reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def close(self, code: int, reason: str = "", *, abandon: bool = False) -> None:
        """Send a close frame after what was written and wait a bounded time for the peer's."""
        if self._close_sent or self.lost:
            return
        self._close_sent = True
        self._write(close_frame(code, reason))
        self._forget_input()
        if self._listener is not None:
            self._listener.on_closing()
        if self._handshake is not None:
            self._enqueue({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._close_timer = self._loop.call_later(ABANDON_SECONDS if abandon else CLOSE_SECONDS, self.transport.abort)

    def _write(self, data: bytes) -> None:
        """Write unless the line broke a moment ago: uvloop raises then, until it says that it is lost."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def fail(self, reason: str) -> None:
        """The peer broke the format: say so and go."""
        if not self._close_sent and not self.lost:
            logger.debug("WebSocket peer broke the format", extra={"reason": reason})
            self.close(BAD_FRAME, reason)

    # --- frames ------------------------------------------------------------------------------------

    def _receive_frames(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            parser = self._parser = FrameParser(self.limit, self.deflate)
        parser.add(data)
        if self._rest is None:
            self._take_frames(parser)

    def _take_rest(self) -> None:
        self._rest = None
        if self._parser is not None and self._wanted:
            self._take_frames(self._parser)
        self._steer()

    def _take_frames(self, parser: FrameParser) -> None:
        """Take messages for as long as is fair to other connections; the rest has its turn after them."""
        until = self._loop.time() + SLICE_SECONDS
        for _ in range(SLICE_MESSAGES):
            if not self._wanted:
                return  # `resume_reading` goes on
            try:
                message = parser.take()
            except ProtocolError as error:
                self.fail(error.message)
                # Nothing sensible can follow: do not wait for an answer to the close frame.
                self._close_transport()
                return
            frames, parser.frames = parser.frames, 0
            if message is None:
                self._note_overhead(frames)
                if parser.is_idle and self._parser is parser:
                    self._parser = None
                return
            is_control = message[0] in (PING, PONG)
            self._note_overhead(frames if is_control else frames - 1)
            if not self._close_sent:
                self._on_frame(*message)
            if self._close_sent or self.lost:
                return
            if self._loop.time() >= until:
                break
        self._rest = self._loop.call_soon(self._take_rest)
        self._steer()

    def _note_overhead(self, frames: int) -> None:
        if frames > 0 and self._listener is not None:
            self._listener.on_overhead(frames)

    def _on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._on_close(payload)
        elif opcode == PING:
            if not self._full:  # a peer that asks without reading gets no answers
                self._write(frame(PONG, payload))
        elif opcode != PONG:
            self._on_message(opcode, payload)
        elif self._pinged_at is not None:
            self.round_trip, self._pinged_at = perf_counter() - self._pinged_at, None

    def _forget_input(self) -> None:
        """We closed: what came and was not taken yet is dropped, and so is all that follows."""
        self._parser = None
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        self._wanted = True
        self._steer()

    def _on_message(self, opcode: int, payload: bytes) -> None:
        listener = self._listener
        if listener is not None:
            if opcode == TOO_LONG:
                listener.on_too_long()
            else:
                listener.on_message(payload, binary=opcode == BINARY)
            return
        if opcode == TOO_LONG:
            self.fail("message_too_long")
        elif opcode == TEXT:
            try:
                self._enqueue({"type": "websocket.receive", "text": payload.decode()})
            except UnicodeDecodeError:
                self.fail("not UTF-8")
        else:
            self._enqueue({"type": "websocket.receive", "bytes": payload})

    def _on_close(self, payload: bytes) -> None:
        try:
            code, reason = parse_close(payload)
        except ProtocolError as error:
            self.fail(error.message)
            self._close_transport()
            return
        if not self._close_sent:
            self._close_sent = True
            self._write(close_frame(code) if code != 1005 else frame(CLOSE, b""))
            self._forget_input()
            if self._listener is not None:
                self._listener.on_closing()
            if self._handshake is not None:
                self._enqueue({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._close_transport()

    def _close_transport(self) -> None:
        """Close once all is written, but do not wait forever for that."""
        if self._close_timer is not None:
            self._close_timer.cancel()
        if self.lost:
            return
        self._close_timer = self._loop.call_later(CLOSE_SECONDS, self.transport.abort)
        self.transport.close()

    # --- handshake ---------------------------------------------------------------------------------

    def _begin(self, data: bytes) -> None:
        """`data` is the upgrade request, which the HTTP protocol hands over whole."""
        if self._handshake is not None:  # frames before the handshake is answered
            self.transport.abort()
            return
        head, *lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        values: dict[bytes, bytes] = {}
        for name, value in headers:
            values[name] = values[name] + b"," + value if name in values else value
        if not head.startswith(b"GET ") or values.get(b"upgrade", b"").lower() != b"websocket":
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if values.get(b"sec-websocket-version") != b"13":
            self._refuse(HTTPStatus.UPGRADE_REQUIRED, [(b"sec-websocket-version", b"13")])
            return
        try:
            accept = accept_key(values.get(b"sec-websocket-key", b""))
        except ProtocolError:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        self.deflate = accept_deflate(values.get(b"sec-websocket-extensions", b""))
        raw_path, _, query = head.split(b" ")[1].partition(b"?")
        offered = values.get(b"sec-websocket-protocol", b"").decode("latin-1")
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self.transport) else "ws",
            "server": get_local_addr(self.transport),
            "client": get_remote_addr(self.transport),
            "root_path": self._root_path,
            "path": self._root_path + unquote(raw_path.decode("latin-1")),
            "raw_path": self._root_path.encode() + raw_path,
            "query_string": query,
            "headers": headers,
            "subprotocols": [part.strip() for part in offered.split(",")] if offered else [],
            "state": dict(self._app_state or {}),
            "extensions": {"websocket.http.response": {}, EXTENSION: {"protocol": self}},
        }
        self._handshake = _Handshake(scope, accept)
        task = self._loop.create_task(self._run(self._handshake))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)

    async def _run(self, handshake: _Handshake) -> None:
        """Serve the connection with the application until it returns."""
        try:
            await self._app(handshake.scope, self._asgi_receive, self._asgi_send)
        except ClientDisconnected:
            pass
        except Exception:
            logger.exception("A WebSocket endpoint failed")
            if self._open:
                self.close(1011, "internal")
        finally:
            self._handshake = None
            self._app = self._app_state = None
        if self._listener is not None or self.lost:
            return
        if not self._open:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
        elif not self._close_sent:
            self.close(1000)

    def _refuse(self, status: int, headers: list[tuple[bytes, bytes]] | None = None, body: bytes = b"") -> None:
        """Answer the upgrade request with an HTTP error."""
        if self._open or self._close_sent or self.lost:
            return
        self._close_sent = True
        try:
            phrase = HTTPStatus(status).phrase.encode()
        except ValueError:
            phrase = b""
        lines = [b"HTTP/1.1 %d %b" % (status, phrase)]
        lines += [name + b": " + value for name, value in headers or () if name.lower() != b"content-length"]
        lines += [b"content-length: %d" % len(body), b"connection: close", b"", body]
        self.transport.write(b"\r\n".join(lines))
        self._close_transport()

    async def _asgi_receive(self) -> dict[str, Any]:
        handshake = self._handshake
        if handshake is None:
            raise ClientDisconnected
        while not handshake.queue:
            handshake.waiting = self._loop.create_future()
            await handshake.waiting
        message = handshake.queue.popleft()
        if len(handshake.queue) < MAX_QUEUED // 2:
            self.resume_reading()
        return message

    async def _asgi_send(self, message: dict[str, Any]) -> None:
        handshake = self._handshake
        if self.lost or handshake is None or self.transport.is_closing():
            raise ClientDisconnected
        kind = message["type"]
        if not self._open:
            self._answer(handshake, kind, message)
            return
        if self._close_sent:
            raise ClientDisconnected
        if kind == "websocket.send":
            text = message.get("text")
            if text is not None:
                self._send_message(TEXT, text.encode())
            else:
                self._send_message(BINARY, message["bytes"])
            while self._full and not self.lost:
                handshake.drained = self._loop.create_future()
                await handshake.drained
        elif kind == "websocket.close":
            self.close(message.get("code", 1000), message.get("reason") or "")
        else:
            raise RuntimeError(f"Unexpected ASGI message {kind!r}")

    def _answer(self, handshake: _Handshake, kind: str, message: dict[str, Any]) -> None:
        if kind == "websocket.accept":
            lines = [
                b"HTTP/1.1 101 Switching Protocols",
                b"Upgrade: websocket",
                b"Connection: Upgrade",
                b"Sec-WebSocket-Accept: " + handshake.accept,
            ]
            subprotocol = message.get("subprotocol")
            if subprotocol:
                lines.append(b"Sec-WebSocket-Protocol: " + subprotocol.encode("latin-1"))
            if self.deflate is not None:
                lines.append(b"Sec-WebSocket-Extensions: " + self.deflate.answer)
            for name, value in (*self._server_state.default_headers, *message.get("headers", ())):
                lines.append(name + b": " + value)
            lines += [b"", b""]
            self._open = True
            self.transport.write(b"\r\n".join(lines))
        elif kind == "websocket.close":
            self._refuse(HTTPStatus.FORBIDDEN)
            self._enqueue({"type": "websocket.disconnect", "code": 1006})
        elif kind == "websocket.http.response.start":
            handshake.denial = message["status"], list(message.get("headers", ()))
        elif kind == "websocket.http.response.body" and handshake.denial is not None:
            if message.get("more_body"):
                raise RuntimeError("A refusal comes in one piece")
            self._refuse(*handshake.denial, message.get("body", b""))
            self._enqueue({"type": "websocket.disconnect", "code": 1006})
        else:
            raise RuntimeError(f"Unexpected ASGI message {kind!r}")

    def _send_message(self, opcode: int, payload: bytes) -> None:
        if self.deflate is not None and len(payload) >= COMPRESS_FROM:
            payload = self.deflate.compress(payload)
            self.transport.write(frame_head(0xC0 | opcode, len(payload)) + payload)
        else:
            self.transport.write(frame(opcode, payload))

    def _enqueue(self, message: dict[str, Any]) -> None:
        handshake = self._handshake
        if handshake is None:
            return
        handshake.queue.append(message)
        if len(handshake.queue) >= MAX_QUEUED:
            self.pause_reading()
        _wake(handshake.waiting)


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


def _ends_with_close(data: bytes) -> bool:
    """Whether `data` may end with a masked close frame; taking something else for one does no harm."""
    end = len(data) - 6
    return any(
        data[end - length] == 0x88 and data[end - length + 1] == 0x80 | length
        for length in range(min(end, MAX_CONTROL_BYTES) + 1)
    )

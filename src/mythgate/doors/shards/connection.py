"""One WebSocket of the Shards door.

Nobody waits for a peer that does not read: some programs send for hours and never look. Until a peer has shown
that it reads, by answering a ping, what its line does not take is thrown away and nothing is asked of it. From
then on it is treated like every other client: what it is slow to take waits in its stream, for a while.
"""

from __future__ import annotations

import contextvars
import logging
import secrets
import socket
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mythgate.domain.errors import MythError, ProtocolError, Refused
from mythgate.domain.events import Event
from mythgate.domain.ids import RoomId
from mythgate.doors.http.allowance import Allowance, Excess
from mythgate.doors.http.socket_protocol import SocketProtocol
from mythgate.doors.shards.rendering import frames
from mythgate.doors.shards.requests import answer, code_of
from mythgate.doors.shards.sessions import ShardsSession
from mythgate.realtime.hub import Hub
from mythgate.realtime.outbox import Batch, Outbox, Sink
from mythgate.services import causes
from mythgate.services.refusals import note_refusal
from mythgate.wire.shards import messages as wire
from mythgate.wire.shards.codec import decode
from mythgate.wire.shards.messages import ErrorCode

if TYPE_CHECKING:
    from mythgate.doors.shards.door import ShardsDoor

logger = logging.getLogger(__name__)

NORMAL_CLOSE: Final = 1000
TOO_BIG: Final = 1009
MAX_QUEUED: Final = 64  # messages that wait for the one before them
MOST_UNREAD: Final = 2**20  # bytes of answers that a peer may leave unread
COST_BYTES: Final = 16384  # of a message count as one more
REASON_CHARACTERS: Final = 100
ERROR_SECONDS: Final = 1.0  # at most one RATE_LIMITED in this time


class ShardsConnection(Sink):
    """One peer: where its events go, and where its messages come from."""

    exclusive = False

    def __init__(self, door: ShardsDoor, protocol: SocketProtocol, address: str, client: str) -> None:
        self.door = door
        self.protocol = protocol
        self.address = address
        self.client = client
        opened = causes.current()
        self.source = causes.Line(opened.line.id if opened is not None else secrets.token_hex(8), "shards", address)
        self.session: ShardsSession | None = None
        self.outbox: Outbox | None = None
        self.reads = False  # has answered a ping
        self.left_politely = False  # a close frame was exchanged
        self.room_id: RoomId | None = None  # where the peer was told it is
        self._full = False
        self._full_at = 0.0
        self._asked = False  # a ping is out
        self._asked_at = 0.0
        self._queue: deque[bytes] = deque()
        self._busy = False
        self._allowance = Allowance(door.rates, door.clock.monotonic())

    # --- realtime.outbox.Sink ----------------------------------------------------------------------

    def attached(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.room_id = None

    def write(self, first: int, batch: Batch) -> None:
        del first  # these clients know no numbers
        self._write(b"".join([self._render(event) for event in batch.events]))

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        del code  # this dialect knows one way to part
        self.protocol.close(NORMAL_CLOSE, reason[:REASON_CHARACTERS], abandon=abandon)

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        """Nobody resumes here: who comes again is told where they are."""
        del number, newest_first
        return 0

    def _render(self, event: Event) -> bytes:
        rendering = self.door.rendering
        if self.outbox is None:
            return rendering.texts(event)
        reader = self.outbox.stream.character_id
        shown = rendering.own_place(event.payload)
        if shown is None:
            return rendering.texts_for(reader, event)
        if shown[0] == self.room_id:
            return b""
        self.room_id = shown[0]
        return frames(rendering.place(reader, *shown, event.timestamp.timestamp()))

    # --- writing -----------------------------------------------------------------------------------

    def send(self, *messages: wire.Message) -> None:
        """Tell this peer alone."""
        self._write(frames(messages))

    def refuse(
        self, code: ErrorCode, text: str, message_id: str | None = None, *, retry_after: float | None = None
    ) -> None:
        """Say why something was not done, and in how many seconds it may be, if that is known."""
        self.door.stats.refused[code] += 1
        details = None if retry_after is None else {"retry_after": retry_after}
        self.send(wire.ErrorMessage(error_code=code, error_message=text, message_id=message_id, details=details))

    def _write(self, data: bytes) -> None:
        if not data or not self.protocol.is_open or self.protocol.transport.is_closing():
            return
        if self._full:
            if not self.reads:
                self.door.stats.discarded += 1
                return
            if self.protocol.unsent_bytes > MOST_UNREAD:  # events wait in the stream: these are answers
                self.protocol.transport.abort()
                return
        self.protocol.transport.write(data)

    def hang_up(self, reason: str) -> None:
        """Say why, and close."""
        self.send(wire.DisconnectMessage(reason=reason))
        self.close(NORMAL_CLOSE, reason, abandon=self._full)

    # --- socket_protocol.Listener ------------------------------------------------------------------

    def on_message(self, payload: bytes, *, binary: bool) -> None:
        if not self.protocol.is_open:
            return
        now = self.door.clock.monotonic()
        cost = 1 + len(payload) // COST_BYTES
        if not self._allowance.spend(now, cost):
            self._drop(now, cost)
            return
        if binary:
            return  # text is all there is
        if self._busy:
            self._queue.append(payload)
            if len(self._queue) >= MAX_QUEUED:
                self.protocol.pause_reading()
            return
        self._busy = True
        # Contexts of their own keep what one request notes from the next.
        self.door.spawn(self._work(payload), contextvars.copy_context())

    def on_too_long(self) -> None:
        self.protocol.close(TOO_BIG, "too long")

    def on_overhead(self, frames: int) -> None:
        if self._asked:
            self._asked, self.reads = False, True
        now = self.door.clock.monotonic()
        if not self._allowance.spend(now, frames):
            self._drop(now, frames)

    def on_closing(self) -> None:
        self.left_politely = True

    def on_shutdown(self) -> None:
        self.send(wire.DisconnectMessage(reason="going_away"))

    def on_full(self) -> None:
        self._full, self._full_at = True, self.door.clock.monotonic()
        if self.reads and self.outbox is not None:
            self._hub_of(self.outbox).pause(self.outbox)

    def on_drained(self) -> None:
        self._full = False
        if self.outbox is not None:
            self._hub_of(self.outbox).resume(self.outbox)

    def on_lost(self) -> None:
        self.door.lost(self)

    def _hub_of(self, outbox: Outbox) -> Hub:
        return self.door.hub_of(outbox.stream)

    def _drop(self, now: float, count: int = 1) -> None:
        self.door.stats.rate_limited += 1
        excess = self._allowance.exceed(now, count)
        if excess is Excess.FLOODING:
            self.hang_up("flood")
        elif excess is Excess.MUTED or (excess is Excess.DROPPED and now >= self._allowance.next_error):
            self._allowance.next_error = now + ERROR_SECONDS
            text = "You are sending too fast; this was not carried out."
            self.refuse(ErrorCode.RATE_LIMITED, text, retry_after=self._allowance.wait(now))

    # --- liveness ----------------------------------------------------------------------------------

    def watch_over(self, sock: socket.socket | None) -> None:
        """Have the system notice a peer that is gone, which need not know anything of it."""
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def check_alive(self, now: float, interval: float, within: float) -> None:
        """Ask for a sign of life now and then; who has given one before owes it."""
        is_silent = self._asked and now - self._asked_at >= within
        is_stuck = self._full and now - self._full_at >= interval + within
        if self.reads and (is_silent or is_stuck):
            self.protocol.transport.abort()
            return
        if not self._full and now - self._asked_at >= interval and not (self._asked and self.reads):
            self._asked, self._asked_at = True, now
            self.protocol.ping()

    # --- carrying out ------------------------------------------------------------------------------

    async def _work(self, payload: bytes) -> None:
        """Answer messages in their order."""
        while True:
            try:
                await self._take(payload)
            except Exception:
                request_id = causes.Cause(self.source, self.source.count).correlation
                logger.exception("A request failed")
                self.refuse(ErrorCode.INTERNAL_ERROR, f"Something went wrong on our side ({request_id}).")
            if not self._queue:
                break
            payload = self._queue.popleft()
            if len(self._queue) == MAX_QUEUED // 2:
                self.protocol.resume_reading()
        self._busy = False

    async def _take(self, payload: bytes) -> None:
        door = self.door
        door.stats.messages += 1
        causes.begin(self.source)
        if self.session is not None:
            self.source.account = self.session.caller.account_id
            self.source.character = self.session.character.id if self.session.character is not None else ""
            door.services.sessions.note_activity(self.session.caller.session_id)
        try:
            message = decode(self._opened(payload))
        except ProtocolError as error:
            door.stats.bad_messages += 1
            note_refusal(error, asked="message", by=self._by, code=ErrorCode.PROTOCOL_ERROR)
            self.refuse(ErrorCode.PROTOCOL_ERROR, error.message)
            return
        try:
            await answer(self, message)
        except MythError as error:
            text = error.message if isinstance(error, Refused | ProtocolError) else str(error)
            code = code_of(error, message)
            note_refusal(error, asked=message.type, by=self._by, code=code)
            wait = error.retry_after.total_seconds() if isinstance(error, Refused) and error.retry_after else None
            self.refuse(code, text, message.message_id, retry_after=wait)

    @property
    def _by(self) -> str:
        """Who sends, for the log; empty for strangers."""
        return self.session.caller.account_id if self.session is not None else ""

    def _opened(self, payload: bytes) -> bytes | str:
        """The message in a frame, which may be encrypted. Raises ProtocolError."""
        cipher = self.door.cipher
        if cipher is None or payload.lstrip()[:1] in (b"{", b"[", b'"'):
            return payload
        return cipher.decrypt(payload)

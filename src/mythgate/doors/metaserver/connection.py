"""What log-in and room connections have in common: frames in, packets out, keys, limits, time.

A connection lives in the callbacks of its transport. What a packet asks for is done before the next one is
looked at; if that has to wait for something, the connection reads nothing meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from mythgate.domain.errors import ProtocolError
from mythgate.doors.metaserver.addresses import Line, ipv4
from mythgate.doors.stepping import resume
from mythgate.services import causes
from mythgate.services.security import SecurityEvent, marked
from mythgate.wire.metaserver import crypto
from mythgate.wire.metaserver.framing import HEADER_BYTES, FrameDecoder, frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.machines import STATUS_TEXTS
from mythgate.wire.metaserver.packets import (
    SESSION_KEY,
    Direction,
    Keepalive,
    Packet,
    ServerMessage,
    SessionKey,
    StatusCode,
    decode,
    encode_frame,
)
from mythgate.wire.metaserver.records import MAX_LINE_BYTES
from mythgate.wire.metaserver.text import decode_text, encode_text

if TYPE_CHECKING:
    from mythgate.doors.metaserver.door import MetaserverDoor

logger = logging.getLogger(__name__)

MAX_UNREAD_BYTES: Final = 65_536  # before a connection counts as slow
PACKETS_AT_ONCE: Final = 8  # of one connection, before others have their turn


class Connection(asyncio.Protocol, ABC):
    """One socket of an old client."""

    unmetered: ClassVar[frozenset[int]] = frozenset()  # packets that may come as often as they like

    def __init__(self, door: MetaserverDoor) -> None:
        self.door = door
        self.transport: asyncio.Transport
        self.address = ""
        self.line: Line
        self.source = causes.Line(secrets.token_hex(8), "metaserver")
        self.family = Family.MYTH  # how packets are read until the client is known; they hardly differ
        self.takes_keys = True
        self.cipher: crypto.Cipher | None = None
        self._private_key: bytes | None = None  # once ours was sent
        self.spoke = False  # a first packet came
        self.closing = False
        self.lost = False
        self.heard_at = 0.0  # monotonic, when the peer said something last
        self.deadline: float | None = None  # monotonic, for what it is expected to do next
        self.key_offer_at: float | None = None  # monotonic, when to send our key unless the peer speaks first
        self._decoder = FrameDecoder(door.options.packet_bytes)
        self._busy = False
        self._full = False  # the peer does not read what was written
        self._tokens = float(door.options.packet_burst)
        self._refilled_at = 0.0
        self._dropped = 0
        self._linger: asyncio.TimerHandle | None = None

    # --- asyncio.Protocol --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        local = transport.get_extra_info("sockname")
        self.address = self.source.address = str(peer[0]) if peer else ""
        causes.attribute_to(self.source)
        self.line = Line(ipv4(self.address), ipv4(str(local[0]) if local else ""))
        now = self.door.clock.monotonic()
        self.heard_at = self._refilled_at = now
        if not self.door.admit(self):
            self.closing = True
            self.transport.abort()
            return
        self.transport.set_write_buffer_limits(high=MAX_UNREAD_BYTES)
        self.on_connected(now)

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        self.heard_at = self.door.clock.monotonic()
        self._decoder.receive_data(data)
        self._take()

    def pause_writing(self) -> None:
        """The peer does not read."""
        self.close("slow")

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.lost = self.closing = True
        causes.attribute_to(self.source)
        if self._linger is not None:
            self._linger.cancel()
        self.door.forget(self)
        self.on_lost()

    # --- for subclasses ----------------------------------------------------------------------------

    @abstractmethod
    def on_connected(self, now: float) -> None:
        """The connection was let in."""

    def on_keys(self) -> None:
        """Keys were exchanged."""

    @abstractmethod
    def on_packet(self, packet_type: int, payload: bytes) -> None:
        """A packet that is none of the keys, decrypted. Raises ProtocolError if it makes no sense."""

    def on_lost(self) -> None:
        """The connection is gone."""

    def on_overdue(self) -> None:
        """The deadline has passed."""
        self.close("late")

    def on_tick(self, now: float) -> None:
        """Called about twice a second."""
        if self.key_offer_at is not None and now >= self.key_offer_at:
            self.key_offer_at = None
            self.offer_key()
        if self.deadline is not None and now >= self.deadline:
            self.on_overdue()

    # --- what comes in -----------------------------------------------------------------------------

    def _take(self) -> None:
        """Take packets until one has to be waited for, the peer has to read first, or it is the turn of others."""
        door, taken = self.door, 0
        while not (self._busy or self._full or self.closing):
            if taken == PACKETS_AT_ONCE:
                self._wait()
                asyncio.get_running_loop().call_soon(self._go_on)
                return
            taken += 1
            try:
                got = self._decoder.next_frame()
                if got is None:
                    return
                door.stats.packets += 1
                causes.begin(self.source)
                if got.packet_type not in self.unmetered and self._is_too_fast():
                    continue
                self.receive(*got)
            except ProtocolError as error:
                logger.debug("A metaserver client broke the format", extra={"reason": error.message})
                self.close(error.code)
            except Exception:
                logger.exception("A packet could not be handled")
                self.close("internal")

    def receive(self, packet_type: int, payload: bytes) -> None:
        """One packet, as it came. The lab puts something else in its place while it looks."""
        if packet_type == SESSION_KEY:
            self._exchange_keys(payload)
            self.spoke = True
            return
        self.spoke = True
        if self.cipher is not None:
            payload = self.cipher.open(payload)
        self.on_packet(packet_type, payload)

    def decoded(self, packet_type: int, payload: bytes) -> Packet:
        """What a payload says. Raises ProtocolError."""
        return decode(self.family, Direction.TO_SERVER, packet_type, payload)

    def _encode(self, packet: Packet) -> bytes:
        return encode_frame(self.family, Direction.TO_CLIENT, packet)

    def _is_too_fast(self) -> bool:
        """Whether the packet is one too many, and is dropped. Who goes on all the same is closed."""
        options = self.door.options
        tokens = self._tokens + (self.heard_at - self._refilled_at) * options.packets_per_second
        self._refilled_at = self.heard_at
        if tokens >= options.packet_burst:
            tokens = float(options.packet_burst)
            self._dropped = 0
        if tokens >= 1.0:
            self._tokens = tokens - 1.0
            return False
        self._tokens = tokens
        self._dropped += 1
        self.door.stats.rate_limited += 1
        if self._dropped > 2 * options.packet_burst:
            extra = {"address": self.address} | marked(SecurityEvent.FLOOD)
            logger.warning("Metaserver connection closed for flooding", extra=extra)
            self.close("flood")
        return True

    # --- keys --------------------------------------------------------------------------------------

    def offer_key(self) -> None:
        """Send our key first, to a client that may be waiting for it."""
        if self._private_key is None and not self.spoke:
            self._private_key = private = crypto.private_key(secrets.token_bytes(crypto.KEY_BYTES))
            self.send_raw(self._encode(SessionKey(public_key=crypto.public_key(private))))

    def _exchange_keys(self, payload: bytes) -> None:
        if self.spoke or not self.takes_keys:
            raise ProtocolError("Keys are exchanged once, before anything else.", code="late_key")
        theirs = self.decoded(SESSION_KEY, payload).public_key
        self.offer_key()
        assert self._private_key is not None
        self.cipher = crypto.Cipher(crypto.session_key(self._private_key, theirs))
        self.on_keys()

    # --- doing things ------------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` in a task, and read nothing meanwhile."""
        self._wait()
        self.door.spawn(self._finish(work))

    def step(self, work: Coroutine[Any, Any, None]) -> None:
        """As `run`, but without a task if nothing has to be waited for."""
        try:
            awaited = work.send(None)
        except StopIteration:
            return
        self.run(cast("Coroutine[Any, Any, None]", resume(work, awaited)))

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ProtocolError as error:
            self.close(error.code)
        except Exception:
            logger.exception("A packet could not be handled")
            self.close("internal")
        self._go_on()

    def _wait(self) -> None:
        """Read nothing until `_go_on`."""
        self._busy = True
        self._pause()

    def _pause(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _go_on(self) -> None:
        self._busy = False
        if not (self._full or self.closing or self.transport.is_closing()):
            self.transport.resume_reading()
            self._take()

    def hold(self) -> None:
        """Read nothing until the peer has read what was written, so that no answers heap up: `release`."""
        self._full = True
        self._pause()

    def release(self) -> None:
        """The peer has read."""
        self._full = False
        if not self._busy:
            self._go_on()

    # --- what goes out -----------------------------------------------------------------------------

    def send_raw(self, data: bytes) -> None:
        """Write whole packets as they are."""
        if not self.lost and not self.transport.is_closing():
            self.transport.write(data)

    def send_clear(self, data: bytes) -> None:
        """Write whole packets, which are encrypted on the way if keys were exchanged."""
        self.send_raw(data if self.cipher is None else seal_packets(self.cipher, data))

    def send(self, *packets: Packet) -> None:
        """Write packets in one go."""
        self.send_clear(b"".join(map(self._encode, packets)))

    def ping(self) -> None:
        """Ask for a sign of life."""
        self.send(Keepalive())

    def refuse(self, code: StatusCode, text: str = "", *, stay: bool = False) -> None:
        """Say why, and close unless the peer may `stay`."""
        self.door.stats.refused[code.name.lower()] += 1
        words = encode_text(text or STATUS_TEXTS[code], MAX_LINE_BYTES)
        self.send(ServerMessage(code=code, message=decode_text(words)))
        if stay:
            return
        self.close("refused")

    def close(self, reason: str) -> None:
        """Close once all is written, but do not wait long for that."""
        if self.closing:
            return
        self.closing = True
        self.door.stats.closed[reason] += 1
        self.transport.close()
        if not self.lost:
            self._linger = asyncio.get_running_loop().call_later(self.door.options.linger, self.transport.abort)


def packets_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and payload of each of the packets that `data` consists of."""
    decoder = FrameDecoder(len(data) + HEADER_BYTES)
    decoder.receive_data(data)
    while (got := decoder.next_frame()) is not None:
        yield got


def seal_packets(cipher: crypto.Cipher, data: bytes) -> bytes:
    """`data`, which consists of whole packets, encrypted."""
    return b"".join(
        frame(packet_type, cipher.seal(payload, secrets.randbits(32), secrets.randbits(32)))
        for packet_type, payload in packets_in(data)
    )

"""One socket of the telnet door: bytes in and out, options, compression, and how the text looks there.

What is typed goes to a listener: the conversation before the world, then the game. Everything is done in callbacks of
the transport; nothing here waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from mythgate.domain.errors import ProtocolError
from mythgate.doors.telnet.screen import Mode, Passage, mode, width_of
from mythgate.services import causes
from mythgate.wire.telnet import gmcp, terminal
from mythgate.wire.telnet.ansi import Depth
from mythgate.wire.telnet.codec import (
    Command,
    Data,
    Item,
    Negotiation,
    Option,
    Subnegotiation,
    TelnetDecoder,
    Told,
    subnegotiation,
    told,
)
from mythgate.wire.telnet.compression import START, Compressor
from mythgate.wire.telnet.lines import LineAssembler
from mythgate.wire.telnet.mssp import status
from mythgate.wire.telnet.negotiation import Heard, Negotiator, Side, State
from mythgate.wire.telnet.text import Charset, decoded

if TYPE_CHECKING:
    from mythgate.doors.telnet.door import TelnetDoor

logger = logging.getLogger(__name__)

MAX_UNREAD_BYTES: Final = 65_536  # from here on what happens waits in the stream
MOST_UNREAD: Final = 2**20  # bytes of answers that a peer may leave unread
OVERHEAD_BURST: Final = 200.0  # negotiations and the like at once, and a second; an honest client has some twenty
OVERHEAD_PER_SECOND: Final = 10.0
KEEPALIVE: Final = (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 2), ("TCP_USER_TIMEOUT", 30_000))

OURS: Final = (Option.SGA, Option.EOR, Option.CHARSET, Option.MSSP, Option.GMCP)
THEIRS: Final = (Option.TTYPE, Option.NAWS, Option.CHARSET)
_ASKED: Final = (
    (Side.THEIRS, Option.TTYPE),
    (Side.THEIRS, Option.NAWS),
    (Side.OURS, Option.CHARSET),
    (Side.OURS, Option.EOR),
    (Side.OURS, Option.GMCP),
    (Side.OURS, Option.MSSP),
)


class Listener(Protocol):
    """Who hears what comes over a line."""

    def on_line(self, text: str | None) -> None:
        """A line was typed; None: one that was too long."""

    def on_message(self, package: str, data: Any) -> None:
        """A GMCP message came."""

    def on_full(self) -> None:
        """The peer does not read."""

    def on_drained(self) -> None:
        """It reads again."""

    def on_lost(self) -> None:
        """The line is gone."""


class TelnetLine(asyncio.Protocol):
    """A connection and its terminal."""

    def __init__(self, door: TelnetDoor, *, encrypted: bool) -> None:
        self.door = door
        self.encrypted = encrypted
        self.transport: asyncio.Transport
        self.address = ""
        self.source = causes.Line(secrets.token_hex(8), "telnet")
        self.listener: Listener | None = None
        self.closing = False
        self.lost = False
        self.full = False
        self._full_bytes = 0  # unsent when it became full
        self.written = 0  # bytes given to the transport
        self.terminal = terminal.Terminal()
        self.speaks_telnet = False
        # Compressed and then encrypted, the length of what is written tells of what others say.
        self._compresses = door.options.compress and not encrypted
        self.options = Negotiator((*OURS, *([Option.MCCP2] if self._compresses else [])), THEIRS)
        self.supports = gmcp.Supports()
        self._prompt = b""
        self._below = b""  # the prompt and what marks its end
        self._prompt_stands = False
        self._hides = False  # what is typed
        self._depth: Depth | None = None  # by choice
        self._charset: Charset | None = None  # agreed on, or by choice
        self._typed_in = Charset.UTF_8
        self._columns = 0
        self.spoken = False
        self.mode: Mode = mode(Depth.NONE, width_of(0), Charset.UTF_8, spoken=False)
        self._decoder = TelnetDecoder()
        self._lines = LineAssembler(door.options.line_bytes)
        self._compressor: Compressor | None = None
        self._overhead = OVERHEAD_BURST
        self._overhead_at = 0.0
        self._terminal_told = self._charset_told = False
        self._settled: asyncio.Future[None] | None = None
        self._linger: asyncio.TimerHandle | None = None

    # --- asyncio.Protocol --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = self.source.address = str(peer[0]) if peer else ""
        causes.attribute_to(self.source)
        self._overhead_at = self.door.clock.monotonic()
        problem = self.door.admit(self)
        if problem:
            self.closing = True
            self.transport.write(problem.encode() + b"\r\n")
            self.transport.close()
            return
        self._watch_over(transport.get_extra_info("socket"))
        self.transport.set_write_buffer_limits(high=MAX_UNREAD_BYTES)
        self._offer()
        self.door.greet(self)

    @staticmethod
    def _watch_over(sock: socket.socket | None) -> None:
        """Have the system notice a peer that is gone: there is no ping that all clients answer."""
        if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE:
                if hasattr(socket, name):
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        causes.attribute_to(self.source)
        self._decoder.receive_data(data)
        try:
            while (item := self._next_item()) is not None:
                if isinstance(item, Data):
                    self._typed(item.data)
                else:
                    self._heard(item)
        except ProtocolError as error:
            logger.debug("A telnet client broke the format", extra={"reason": error.message})
            self.close(error.code)
        except Exception:
            logger.exception("What a telnet client sent could not be handled")
            self.close("internal")

    def pause_writing(self) -> None:
        self.full = True
        self._full_bytes = self.transport.get_write_buffer_size()
        if self.listener is not None:
            self.listener.on_full()

    def resume_writing(self) -> None:
        self.full = False
        if self.listener is not None:
            self.listener.on_drained()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        causes.attribute_to(self.source)
        self.lost = self.closing = True
        if self._linger is not None:
            self._linger.cancel()
        self._settle()
        self.door.forget(self)
        if self.listener is not None:
            self.listener.on_lost()

    # --- what comes in -----------------------------------------------------------------------------

    def _next_item(self) -> Item | None:
        return None if self.closing else self._decoder.next_item()

    def _typed(self, data: bytes) -> None:
        for number, raw in enumerate(self._lines.receive(data)):
            if self.closing or self.listener is None:
                return
            self.door.stats.lines += 1
            if not number:  # the peer has shown the end of what was typed, unless that is hidden
                self._prompt_stands = self._hides
            if raw is None:
                self.door.stats.long_lines += 1
                self.listener.on_line(None)
                continue
            text, self._typed_in = decoded(raw, self._charset or self._typed_in)
            if self._charset is not None:
                self._typed_in = self._charset
            elif self._typed_in is not self.mode.charset:
                self._look_again()
            self.listener.on_line(text)

    def _heard(self, item: Told | Negotiation | Subnegotiation) -> None:
        self.speaks_telnet = True
        self._charge()
        if isinstance(item, Negotiation):
            heard = self.options.receive(item)
            self._send_raw(heard.reply)
            self._changed(heard)
            self.prompt = self._prompt
        elif isinstance(item, Subnegotiation):
            self._told(item)
        elif item == Told(Command.AYT):
            self.write(b"\r\n[Yes]\r\n")
        elif item == Told(Command.EC):
            self._lines.erase_character()
        elif item == Told(Command.EL):
            self._lines.erase_line()
        if self._is_settled():
            self._settle()

    def _charge(self) -> None:
        now = self.door.clock.monotonic()
        restored = self._overhead + (now - self._overhead_at) * OVERHEAD_PER_SECOND
        self._overhead = min(OVERHEAD_BURST, restored) - 1
        self._overhead_at = now
        if self._overhead < 0:
            self.close("flood")

    # --- options -----------------------------------------------------------------------------------

    def _offer(self) -> None:
        """What we would like, before the first word."""
        asked = [self.options.enable(side, option) for side, option in _ASKED]
        if self._compresses:
            asked.append(self.options.enable(Side.OURS, Option.MCCP2))
        self._send_raw(b"".join(asked))

    def _changed(self, heard: Heard) -> None:
        if heard.is_on is heard.was_on:
            return
        key = heard.side, heard.option
        if heard.is_on:
            self.door.stats.agreed[Option(heard.option).name.lower()] += 1
        if key == (Side.OURS, Option.MSSP) and heard.is_on:
            self.door.stats.status_questions += 1
            self._send_raw(status(self.door.status()))
        elif key == (Side.OURS, Option.MCCP2):
            self._compress(heard.is_on)
        elif key == (Side.OURS, Option.CHARSET) and heard.is_on:
            self._send_raw(subnegotiation(Option.CHARSET, terminal.charset_request()))
        elif key == (Side.THEIRS, Option.TTYPE) and heard.is_on:
            self._send_raw(subnegotiation(Option.TTYPE, terminal.TTYPE_SEND))
        elif key == (Side.THEIRS, Option.NAWS) and not heard.is_on:
            self._columns = 0
            self._look_again()

    def _told(self, item: Subnegotiation) -> None:
        """An option has something to say; one that was never agreed on is not listened to."""
        option, options = item.option, self.options
        if option == Option.TTYPE and options.is_on(Side.THEIRS, Option.TTYPE):
            if self.terminal.receive(item.payload):
                self._send_raw(subnegotiation(Option.TTYPE, terminal.TTYPE_SEND))
            else:
                self._terminal_told = True
            self.spoken = self.spoken or self.terminal.reads_aloud
            self._look_again()
        elif option == Option.NAWS and options.is_on(Side.THEIRS, Option.NAWS):
            self._columns, _ = terminal.window(item.payload)
            self._look_again()
        elif option == Option.CHARSET and (
            options.is_on(Side.OURS, Option.CHARSET) or options.is_on(Side.THEIRS, Option.CHARSET)
        ):
            chosen, answer = terminal.charset_answer(item.payload)
            self._charset_told = True
            if answer:
                self._send_raw(subnegotiation(Option.CHARSET, answer))
            if chosen is not None:
                self.choose_charset(chosen)
        elif option == Option.GMCP and options.is_on(Side.OURS, Option.GMCP):
            package, data = gmcp.parsed(item.payload)
            if not self.supports.receive(package, data) and self.listener is not None:
                self.listener.on_message(package, data)

    def _compress(self, wanted: bool) -> None:
        if wanted:
            self._send_raw(START)
            self._compressor = Compressor()
        elif self._compressor is not None:
            ending, self._compressor = self._compressor.finished(), None
            self._send_raw(ending)

    async def settled(self) -> None:
        """Wait until the peer has answered all that was asked, or will not."""
        if self.closing or self._is_settled():
            return
        self._settled = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.door.options.negotiate_within):
                await self._settled

    def _is_settled(self) -> bool:
        options = self.options
        return (
            all(options.state(*one) is not State.WANT_YES for one in _ASKED)
            and (self._terminal_told or not options.is_on(Side.THEIRS, Option.TTYPE))
            and (self._charset_told or not options.is_on(Side.OURS, Option.CHARSET))
        )

    def _settle(self) -> None:
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)

    def hide_typing(self, hidden: bool) -> None:
        """Ask the peer not to show what is typed, or to show it again."""
        self._hides = hidden
        change = self.options.insist if hidden else self.options.disable
        self._send_raw(change(Side.OURS, Option.ECHO))

    @property
    def has_gmcp(self) -> bool:
        return self.options.is_on(Side.OURS, Option.GMCP)

    # --- how text looks ----------------------------------------------------------------------------

    def choose_depth(self, depth: Depth | None) -> None:
        """Show so many colours whatever the terminal says; None: as it says."""
        self._depth = depth
        self._look_again()

    def choose_charset(self, charset: Charset) -> None:
        """Write and read in this set from now on."""
        self._charset = self._typed_in = charset
        self._look_again()

    def choose_width(self, columns: int) -> None:
        """Break lines there until the window tells otherwise; 0: as if it had told nothing."""
        self._columns = columns
        self._look_again()

    def choose_spoken(self, spoken: bool) -> None:
        """Whether what is written is read aloud."""
        self.spoken = spoken
        self._look_again()

    def _look_again(self) -> None:
        known = self.terminal
        depth = self._depth if self._depth is not None else known.depth
        charset = self._charset or known.charset or self._typed_in
        # Read aloud, a sentence is best in one piece; but a bare terminal would break it within a word.
        width = 0 if self.spoken and known.abilities is not None else width_of(self._columns)
        self.mode = mode(depth, width, charset, spoken=self.spoken)

    # --- what goes out -----------------------------------------------------------------------------

    def show(self, *passages: Passage) -> None:
        """Write lines, and the prompt below them."""
        self.write(self.mode.rendered(list(passages)))

    def write(self, data: bytes, aside: bytes = b"") -> None:
        """Write whole lines and the prompt below them; `aside` is for the client alone and goes first."""
        if self._prompt_stands:
            aside += b"\r\n"
        self._prompt_stands = bool(self._below)
        self._send_raw(aside + data + self._below)

    def write_aside(self, data: bytes) -> None:
        """Write what is for the client alone and nobody reads."""
        self._send_raw(data)

    def stand_by(self) -> None:
        """See that the prompt stands where the cursor is."""
        if not self._prompt_stands:
            self.write(b"")

    @property
    def prompt(self) -> bytes:
        """What stands before the cursor when nothing happens."""
        return self._prompt

    @prompt.setter
    def prompt(self, prompt: bytes) -> None:
        self._prompt = prompt
        self._below = prompt + self._mark() if prompt else b""

    def _mark(self) -> bytes:
        """What tells a client that a prompt ends here; nothing for who seems not to speak telnet."""
        if self.options.is_on(Side.OURS, Option.EOR):
            return _END_OF_RECORD
        if self.speaks_telnet and not self.options.is_on(Side.OURS, Option.SGA):
            return _GO_AHEAD
        return b""

    def _send_raw(self, data: bytes) -> None:
        if not data or self.lost or self.transport.is_closing():
            return
        if self._compressor is not None:
            plain = len(data)
            data = self._compressor.compressed(data)
            self.door.stats.plain_bytes += plain
            self.door.stats.compressed_bytes += len(data)
        if self.full and self.unsent > MOST_UNREAD:  # events wait in the stream: these are answers
            self.close("slow", abandon=True)
            return
        self.written += len(data)
        self.transport.write(data)

    @property
    def unsent(self) -> int:
        """Bytes that the system has not taken.

        Of a full line that is lost the transport has forgotten it: then what it was when it became full.
        """
        if self.lost:
            return self._full_bytes if self.full else 0
        return self.transport.get_write_buffer_size()

    def close(self, reason: str, *, abandon: bool = False) -> None:
        """Close once all is written, but do not wait long for that; not at all for a peer that is to be abandoned."""
        if self.closing:
            return
        self.closing = True
        self.door.stats.closed[reason] += 1
        if self._compressor is not None and not abandon:
            self._compress(False)
        if abandon:
            self.transport.abort()
            return
        self.transport.close()
        self._linger = asyncio.get_running_loop().call_later(self.door.options.linger, self.transport.abort)


_END_OF_RECORD: Final = told(Command.EOR)
_GO_AHEAD: Final = told(Command.GA)

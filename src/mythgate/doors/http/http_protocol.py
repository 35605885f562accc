"""HTTP/1.1 on the raw transport with limits on size, time and number of connections.

The server this builds on reads heads of any size for as long as the peer likes. Here `HttpLimits` say how
large a head may be and how long head and body may take; idle connections between requests remain the
server's own business. One sweep a second looks after all that are waited for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mythgate.doors.http.socket_protocol import ABORT_EXTENSION, LINE_EXTENSION, SocketProtocol

SWEEP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Durations in seconds. `unlimited` are addresses, reverse proxies mostly, behind which many people are."""

    connections: int = 10200
    connections_per_address: int = 128
    unlimited: Container[str] = frozenset()
    head_bytes: int = 65536
    head_within: float = 10.0
    body_within: float = 30.0


class Sockets:
    """All connections of the listeners: how many there are, and which are to send something by when.

    `refused`, `too_large` and `late` count, for metrics, those beyond the limits.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self.open = 0
        self.refused = 0
        self.too_large = 0
        self.late = 0
        self._addresses: Counter[str] = Counter()
        self._waiting: dict[HttpProtocol, float] = {}
        self._sweeping = False

    def admit(self, address: str) -> bool:
        """Count a connection in; False if there are too many. Call `leave` once in either case."""
        limits = self.limits
        self.open += 1
        self._addresses[address] += 1
        return self.open <= limits.connections and (
            not address or self._addresses[address] <= limits.connections_per_address or address in limits.unlimited
        )

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self.open -= 1
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def expect(self, connection: HttpProtocol, seconds: float) -> None:
        """Have `connection.on_late` called unless `relax` is called within `seconds`."""
        self._waiting[connection] = connection.loop.time() + seconds
        if not self._sweeping:
            self._sweeping = True
            connection.loop.call_later(SWEEP_SECONDS, self._sweep, connection.loop)

    def relax(self, connection: HttpProtocol) -> None:
        """Nothing is expected of `connection` any more."""
        self._waiting.pop(connection, None)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [one for one, deadline in self._waiting.items() if deadline <= now]:
            connection.on_late()
        self._sweeping = bool(self._waiting)
        if self._sweeping:
            loop.call_later(SWEEP_SECONDS, self._sweep, loop)


class HttpProtocol(HttpToolsProtocol):
    """One connection. Made by way of `http_protocol`, which sets `sockets`."""

    sockets: ClassVar[Sockets]

    _address = ""
    _leave: Callable[[], None] | None = None
    _in_head = False
    _in_body = False
    _head_bytes = 0  # of the present head, as far as it was parsed
    _unparsed_bytes = 0  # received while the present head is incomplete
    _is_refused = False

    # --- asyncio.Protocol --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self._address = self.client[0] if self.client is not None else ""
        sockets = self.sockets
        is_admitted = sockets.admit(address)
        self._leave = lambda: sockets.leave(address)
        if is_admitted:
            self._expect_head()
        else:
            sockets.refused += 1
            self._is_refused = True
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        super().data_received(data)
        if self.transport.is_closing() or self._leave is None:
            return
        if self._in_head:
            self._unparsed_bytes += len(data)
        if self._is_too_large():
            self.sockets.too_large += 1
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif (
            not (self._in_head or self._in_body)
            and self.timeout_keep_alive_task is None
            and self._is_between_requests()
        ):
            self._expect_head()  # empty lines before a request have stopped the server's timer

    def connection_lost(self, exc: Exception | None) -> None:
        self.sockets.relax(self)
        if self._leave is not None:
            self._leave()
            self._leave = None
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        if self._is_too_large():
            return
        self.sockets.relax(self)
        leave, self._leave = self._leave, None
        super().handle_websocket_upgrade()
        protocol: Any = self.transport.get_protocol()
        if isinstance(protocol, SocketProtocol):
            protocol.on_gone = leave
        elif leave is not None:
            leave()

    # --- the parser's calls ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {
            ABORT_EXTENSION: {"abort": self.transport.abort},
            LINE_EXTENSION: {"transport": self.transport},
        }
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        if not self._is_too_large():
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if not self._is_too_large():
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        if not self._is_too_large():
            self.sockets.expect(self, self.sockets.limits.body_within)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_too_large():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self.sockets.relax(self)
        if not self._is_too_large():
            super().on_message_complete()

    # --- limits ------------------------------------------------------------------------------------

    def on_late(self) -> None:
        """What was expected did not come in time."""
        if self.flow.read_paused:  # we do not listen; the peer cannot be quicker
            self.sockets.expect(self, self.sockets.limits.body_within)
            return
        self.sockets.late += 1
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _expect_head(self) -> None:
        self._in_head = True
        self._head_bytes = self._unparsed_bytes = 0
        self.sockets.expect(self, self.sockets.limits.head_within)

    def _is_too_large(self) -> bool:
        most = self.sockets.limits.head_bytes
        return self._head_bytes > most or (self._in_head and self._unparsed_bytes > most)

    def _is_between_requests(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return not self.pipeline and (cycle is None or cycle.response_complete)

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why, unless an answer is under way already, and close."""
        self.sockets.relax(self)
        self._is_refused = True
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            is_silent = not cycle.response_started
            cycle.disconnected = True
            cycle.message_event.set()
        else:
            is_silent = True
        if is_silent:
            self.transport.write(
                b"HTTP/1.1 %d %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % (status, status.phrase.encode())
            )
        self.transport.close()


def http_protocol(limits: HttpLimits) -> type[HttpProtocol]:
    """The protocol class for one server (`uvicorn.Config(http=…)`)."""

    class LimitedHttpProtocol(HttpProtocol):
        sockets = Sockets(limits)

    return LimitedHttpProtocol

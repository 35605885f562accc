"""Server-Sent Events, `/api/events`: the read-only twin of the WebSocket, with the same envelope.

A stream with that `session_id` is shared with whatever else reads it; if there is none, the character
joins the world as through the WebSocket. Commands go through `POST /api/command`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mythgate.domain.errors import AuthenticationError
from mythgate.domain.events import Event
from mythgate.domain.ids import CharacterId
from mythgate.doors.http.errors import json_error_responses
from mythgate.doors.http.play import PlayDoor, last_seq_of, play_id_of
from mythgate.doors.http.routing import new_router
from mythgate.doors.http.socket_protocol import ABORT_EXTENSION
from mythgate.realtime.outbox import Batch, Outbox, Sink
from mythgate.realtime.stream import Stream
from mythgate.wire.envelope.render import sse_event

KEEP_ALIVE_SECONDS: Final = 15.0
RETRY_MILLISECONDS: Final = 1000
ABANDON_SECONDS: Final = 10.0
MAX_PARTS: Final = 256  # events that wait for the sender's turn; what comes on top waits in the stream

HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
]


class SseSink(Sink):
    """One open response. The server makes us wait when the peer reads slowly; meanwhile the outbox is paused.

    What is put between two turns of the sender waits here, so that a farewell right after other events is
    said as well.
    """

    exclusive = False

    def __init__(self, door: PlayDoor, abort: Callable[[], None] | None = None) -> None:
        self.door = door
        self._abort = abort  # drops the connection, whatever is unsent
        self.outbox: Outbox | None = None
        self.closed = False
        self._parts: list[bytes] = []
        self._something = asyncio.Event()
        self._sending = False
        self._sender: asyncio.Task[Any] | None = None

    # --- realtime.outbox.Sink ----------------------------------------------------------------------

    def attached(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def write(self, first: int, batch: Batch) -> None:
        for number, event in enumerate(batch.events, first):
            self._put(sse_event(number, event))

    def _put(self, part: bytes) -> None:
        self._parts.append(part)
        self._something.set()
        if (self._sending or len(self._parts) >= MAX_PARTS) and self.outbox is not None:
            self.door.hub.pause(self.outbox)

    def close(self, code: int, reason: str, *, abandon: bool = False) -> None:
        del code, reason  # SSE has no close code; the `disconnect` event said it
        self.closed = True
        self._something.set()
        if abandon and self._sender is not None:
            asyncio.get_running_loop().call_later(ABANDON_SECONDS, self._abandon)

    def _abandon(self) -> None:
        if self._sender is None or self._sender.done():
            return
        if self._abort is not None:
            self._abort()  # which the server tells, and that ends the response
        else:
            self._sender.cancel()

    def lost(self, number: int, newest_first: Iterable[Event]) -> int:
        del number, newest_first
        return len(self._parts)

    # --- sending -----------------------------------------------------------------------------------

    async def run(self, send: Send) -> None:
        """Send what is put until the sink is closed."""
        self._sender = asyncio.current_task()
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    await self._something.wait()
            except TimeoutError:
                await _send_body(send, b": still here\n\n")
                continue
            self._something.clear()
            while self._parts:
                count = len(self._parts)
                self._sending = True
                await _send_body(send, b"".join(self._parts))
                self._sending = False
                del self._parts[:count]
            if self.closed:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            if self.outbox is not None:
                self.door.hub.resume(self.outbox)


async def _send_body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


class EventStream(Response):
    """The endless response. It ends with the connection, or when the hub closes the sink."""

    media_type = "text/event-stream"

    def __init__(self, door: PlayDoor, stream: Stream, sink: SseSink, address: str) -> None:
        self.door = door
        self.stream = stream
        self.sink = sink
        self.address = address
        self.background = None
        self.status_code = 200
        self.body = b""
        self.raw_headers = list(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        sender = asyncio.create_task(self._send(send))
        leaver = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((sender, leaver), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sender, leaver):
                task.cancel()
            await asyncio.gather(sender, leaver, return_exceptions=True)
            self.ended()

    def ended(self) -> None:
        """The connection is gone, or everything is said."""
        self.door.hub.detach(self.stream, self.sink)
        self.door.leave(self.address)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _send_body(send, b"retry: %d\n\n" % RETRY_MILLISECONDS)
        await self.sink.run(send)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def sse_router(door: PlayDoor) -> APIRouter:
    """The event stream."""
    router = new_router()

    @router.get(
        "/api/events",
        tags=["play"],
        summary="Events as Server-Sent Events",
        status_code=200,
        response_class=EventStream,
        responses={
            200: {"description": "An endless stream of envelopes.", "content": {"text/event-stream": {}}},
            **json_error_responses(401, 403, 404, 409, 422, 429, 503),
        },
    )
    async def events(
        request: Request,
        authorization: Annotated[str, Header(description="Bearer <access_token>")] = "",
        session_id: Annotated[str | None, Query(description="The play session to read, or to begin.")] = None,
        character_id: Annotated[str | None, Query(description="Who enters the world, if nobody is in it.")] = None,
        last_event_id: Annotated[str | None, Header(description="Resume after this number.")] = None,
        last_event_id_query: Annotated[str | None, Query(alias="last_event_id")] = None,
    ) -> EventStream:
        """What happens to the character, as a stream that only reads; commands go to `POST /api/command`.

        `Last-Event-ID` resumes where another connection stopped.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AuthenticationError(hint="Send the header Authorization: Bearer <access_token>.")
        address = request.client.host if request.client is not None else "unknown"
        play_id = play_id_of(session_id)
        last_seq = last_seq_of(last_event_id or last_event_id_query)
        door.admit(address)
        try:
            async with door.authenticating():
                caller = await door.services.sessions.authenticate(token.strip())
                extension = request.scope.get("extensions", {}).get(ABORT_EXTENSION)
                sink = SseSink(door, extension["abort"] if extension is not None else None)
                client = request.headers.get("user-agent", "")[:200]
                wanted = CharacterId(character_id) if character_id else None
                stream = await door.join(caller, wanted, play_id, last_seq, sink, client)
        except BaseException:
            door.leave(address)
            raise
        return EventStream(door, stream, sink, address)

    return router

"""A connection at the native door: REST for the account, one WebSocket for the world.

Events are numbered by the server; the client remembers the last number it handed on, asks for what
follows after a reconnect, drops repeats and treats a gap as a broken line. Commands carry an id and are
sent again after a reconnect until their answer came; the server gives a repeat no second effect.
REST calls have no such number: one that could not be sent waits until the line is back, and is sent then; of one
whose answer was lost nobody knows whether it took effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self, overload

import aiohttp

import mythgate
from mythgate.client.handlers import EVERYTHING, ErrorHandler, Handler, Handlers
from mythgate.client.reconnect import FIRST_FATAL_CLOSE_CODE, Backoff
from mythgate.client.refusals import NoAnswer, Unsent, refusal_of, refusal_of_answer, refusal_of_command
from mythgate.domain.errors import AuthenticationError, InvalidToken, MythError, Refused, TokenExpired, TooMany
from mythgate.domain.events import Payload

log = logging.getLogger(__name__)

Event = dict[str, Any]
EventHandler = Handler[Event]
Where = Callable[[Event], bool]

_TOKEN_EXPIRED_CODE: Final = 4401
_UNANSWERED_LIMIT: Final = 50
_SILENCE_SECONDS: Final = 40.0  # the server sends a heartbeat every 30 s
_CONNECT_SECONDS: Final = 30.0
_PONG_SECONDS: Final = 10.0
_LEAVE_SECONDS: Final = 2.0
_EVENT_SECONDS: Final = 10.0  # for an event that the server has told already, or will in a moment
_CLIENT_NAME: Final = f"mythgate-python/{mythgate.__version__}"
_PING: Final = '{"type":"ping","data":{}}'
_REFRESH: Final = "/api/auth/refresh"
SIGN_IN_FIRST: Final = "Call `login` or `guest` first, then `connect`."


class ConnectionState(StrEnum):
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


TRANSITIONS: Final[dict[ConnectionState, frozenset[ConnectionState]]] = {
    ConnectionState.DISCONNECTED: frozenset({ConnectionState.CONNECTING}),
    ConnectionState.CONNECTING: frozenset(
        {ConnectionState.CONNECTED, ConnectionState.RECONNECTING, ConnectionState.DISCONNECTED, ConnectionState.FAILED}
    ),
    ConnectionState.CONNECTED: frozenset({ConnectionState.RECONNECTING, ConnectionState.DISCONNECTED}),
    ConnectionState.RECONNECTING: frozenset(
        {ConnectionState.CONNECTING, ConnectionState.FAILED, ConnectionState.DISCONNECTED}
    ),
    ConnectionState.FAILED: frozenset({ConnectionState.CONNECTING, ConnectionState.DISCONNECTED}),
}


class Connection:
    """One account's way into one server, whatever is done there. `Client` is all of it."""

    def __init__(
        self,
        base_url: str,
        *,
        session_id: str | None = None,
        last_seq: int | None = None,
        reconnect: bool = True,
        keep_session: bool = False,
        backoff: Backoff | None = None,
        client_name: str = _CLIENT_NAME,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.session_id = session_id or secrets.token_urlsafe(18)
        self.last_seq = last_seq
        self.state = ConnectionState.DISCONNECTED
        self.access_token = ""
        self.refresh_token = ""
        self.account: dict[str, Any] = {}
        self.close_code: int | None = None
        self.retry_in: float | None = None  # seconds, while reconnecting
        self.client_name = client_name
        self._reconnect = reconnect
        self._keep_session = keep_session
        self._backoff = backoff if backoff is not None else Backoff()
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._character_id: str | None = None
        self.handlers: Handlers[Event] = Handlers()
        self._unanswered: OrderedDict[str, tuple[str, asyncio.Future[dict[str, Any]]]] = OrderedDict()
        self._runner: asyncio.Task[None] | None = None
        self._has_quit = False
        self._ready = asyncio.Event()
        self._awaited: list[tuple[Where, asyncio.Future[Event]]] = []
        self._to_send = ""  # the last position that was reported while the line was gone
        self._set_up()
        self._forget()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._keep_session:
                await self.leave()
        finally:
            await self.close()

    @property
    def connected(self) -> bool:
        """Whether the line stands and events flow."""
        return self.state is ConnectionState.CONNECTED

    # --- the account ---------------------------------------------------------------------------------

    async def register(self, username: str, password: str) -> dict[str, Any]:
        """Make an account and sign in.

        Raises:
            Refused: the name is taken or not allowed, or the server takes no accounts.

        """
        return await self._sign_in("/api/auth/register", {"username": username, "password": password})

    async def login(self, username: str, password: str) -> dict[str, Any]:
        """Sign in.

        Raises:
            AuthenticationError: name and password do not match.
            TooMany: too many failed attempts; see `retry_after`.

        """
        return await self._sign_in("/api/auth/login", {"username": username, "password": password})

    async def guest(self) -> dict[str, Any]:
        """Sign in without an account, for a look around."""
        return await self._sign_in("/api/auth/guest", {})

    async def logout(self) -> None:
        """End the login session; every socket of it is closed by the server."""
        await self.request("POST", "/api/auth/logout")
        self.access_token = self.refresh_token = ""
        await self.close()

    async def disconnect(self) -> None:
        """Leave the world, close the line, and end the login session. Handlers stay. Safe to repeat.

        What the server has to say against it, or that it says nothing, does not matter: all of it ends by itself.
        """
        await self.leave()
        with contextlib.suppress(MythError):
            if self.access_token:
                await self.request("POST", "/api/auth/logout")
        self.access_token = self.refresh_token = ""
        await self.close()
        self._begin_anew()

    async def refresh(self) -> None:
        """Get a fresh access token for the running session."""
        answer = await self.request("POST", _REFRESH, {"refresh_token": self.refresh_token})
        self.access_token = answer["access_token"]

    async def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One REST call. One that cannot be sent because the line is being restored waits for that.

        Raises:
            Refused: the server said no; `code`, `hint` and `retry_after` say why. Each code that
                `mythgate.domain.errors` knows is raised as the class of that code.
            NoAnswer: an `Unsent` and an `aiohttp.ClientError`: nobody answers, or the line broke meanwhile.

        """
        renewed = False
        while True:
            try:
                return await self._call(method, path, body)
            except (TokenExpired, InvalidToken):
                if renewed or not self.refresh_token or path == _REFRESH:
                    raise
                renewed = True
                await self.refresh()
            except aiohttp.ClientConnectorError as error:  # nothing was sent
                if not await self._is_restored():
                    raise NoAnswer(f"No answer from {self.base_url}.") from error
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                raise NoAnswer(f"The line to {self.base_url} broke before the answer came.") from error

    async def _call(self, method: str, path: str, body: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
        async with self._session().request(method, self.base_url + path, json=body, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:
                refusal = refusal_of_answer(answer.status, text)
                if not headers and refusal.code == AuthenticationError.code:
                    refusal.hint = SIGN_IN_FIRST  # the server's own speaks of headers
                raise refusal
            return dict(json.loads(text)) if text else {}

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(headers={"User-Agent": self.client_name})
        return self._http

    async def _is_restored(self) -> bool:
        """Whether the line that is being restored is there again; False if none is."""
        if self.state not in (ConnectionState.CONNECTING, ConnectionState.RECONNECTING):
            return False
        await self._until(lambda: self.connected, wait=None)
        return self.connected

    async def _sign_in(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.account = await self.request("POST", path, body)
        self.access_token = self.account["access_token"]
        self.refresh_token = self.account["refresh_token"]
        return self.account

    # --- the world -----------------------------------------------------------------------------------

    def register_handler(self, event_type: str, handler: EventHandler) -> Callable[[], None]:
        """Call `handler` with every event of this type, `*` for all; returns how to take it back.

        A handler may be a coroutine function; it is awaited before the next event is handed on. One that raises is
        logged, and the others are called all the same.
        """
        return self.handlers.add(event_type, handler)

    def unregister_handler(self, event_type: str, handler: EventHandler) -> None:
        """Call it once less; nothing happens if it is not called at all."""
        self.handlers.remove(event_type, handler)

    def on_error(self, handler: ErrorHandler) -> Callable[[], None]:
        """Call `handler` with what goes wrong without anybody waiting for it; returns how to take it back.

        That is what handlers raise, and what the server refuses of what was sent without waiting for an answer.
        """
        return self.handlers.add_for_errors(handler)

    @overload
    async def connect(self, character_id: str | None = None, /) -> None: ...

    @overload
    async def connect(self, *, character_id: str) -> None: ...

    @overload
    async def connect(self, username: str, password: str, *, character_id: str | None = None) -> None: ...

    async def connect(
        self, username: str | None = None, password: str | None = None, *, character_id: str | None = None
    ) -> None:
        """Enter the world, or resume where the connection broke; returns when events flow.

        With a name and a password it signs in first, whoever was signed in before. With one argument, that is the id
        of the character; without, the one that was selected enters.

        Raises:
            AuthenticationError: name and password do not match, or nobody is signed in.
            NoCharacter: the account has none.
            Refused: the server does not let this character in; TooMany, if it lets nobody in at present.
            Unsent: nobody answers.

        """
        if password is None:
            character_id = character_id or username
        elif username is not None:
            await self.leave()
        if not self._is_in_handler():
            await self._cut()
        if username is not None and password is not None:
            self._begin_anew()
            await self.login(username, password)
        elif not self.access_token:
            raise AuthenticationError(hint=SIGN_IN_FIRST)
        self._character_id = character_id or self._character_id
        is_known = self.last_seq is None
        self._ready.clear()
        self._has_quit = False
        self.close_code = None
        self._backoff.succeeded()
        self._runner = asyncio.create_task(self._run())
        waiter = asyncio.create_task(self._ready.wait())
        await asyncio.wait({waiter, self._runner}, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.is_set():
            waiter.cancel()
            await self._runner  # raises what went wrong
        await self._came_in(is_known=is_known)

    async def _came_in(self, *, is_known: bool) -> None:
        """Be told what no event tells. Unless `is_known`, the play session is one that somebody else began."""

    async def wait_for(
        self, event_type: str, where: Where = lambda _event: True, *, wait: float | None = _EVENT_SECONDS
    ) -> Event:
        """The next event of this type, `*` for any, that fits. What is known of the world is as it says then.

        Raises:
            TimeoutError: none came within `wait` seconds; with None it is waited for as long as it takes.
            Unsent: the connection ended.

        """
        self.require_no_handler()
        return await self._next(lambda event: event_type in (event["event_type"], EVERYTHING) and where(event), wait)

    async def _next(self, fits: Where, wait: float | None) -> Event:
        self._require_line()
        told: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        entry = (fits, told)
        self._awaited.append(entry)
        try:
            async with asyncio.timeout(wait):
                return await told
        except TimeoutError:
            raise TimeoutError("No such event came in time.") from None
        finally:
            self._awaited.remove(entry)

    async def _until(self, is_so: Callable[[], bool], *, wait: float | None = _EVENT_SECONDS) -> None:
        """Wait until events have told so; not in a handler, nor without a connection, nor for longer than `wait`.

        For what the server has done already: that it did is certain, and if nothing tells of it, that is no failure.
        """
        if is_so() or self._is_in_handler():
            return
        with contextlib.suppress(Unsent, TimeoutError):
            await self._next(lambda _event: is_so(), wait)

    async def command(self, line: str, *, wait: float = 60.0) -> dict[str, Any]:
        """Send one command line and return the `data` of its `command_response`.

        Raises:
            Unsent: not connected, or the connection ended for good before the answer came.
            TimeoutError: no answer within `wait` seconds.
            TooMany: too many commands wait for an answer.

        """
        answered = await self._exchange({"command": line}, wait)
        self._has_quit = self._has_quit or bool((answered.get("data") or {}).get("quit"))
        return answered

    async def _carry_out(self, command: str, *words: str | int, wait: float = 60.0) -> dict[str, Any]:
        """Carry out a command whose words go as they stand; its answer. Raises Refused, and as `command`."""
        return _done(await self._exchange({"command": command, "args": [str(word) for word in words]}, wait))

    async def _converse(self, kind: str, data: dict[str, Any], wait: float) -> dict[str, Any]:
        """Send a message that is answered like a command; its answer. Raises Refused, and as `command`."""
        return _done(await self._exchange({"type": kind, "data": data}, wait))

    async def _post(self, message: dict[str, Any]) -> None:
        """Send a message that nobody answers. While the line is gone only the last is kept.

        Raises:
            Unsent: not connected.

        """
        self._require_line()
        self._to_send = json.dumps(message)
        if self.connected and self._socket is not None and not self._socket.closed:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str(self._to_send)
                self._to_send = ""

    async def _exchange(self, message: dict[str, Any], wait: float) -> dict[str, Any]:
        """Send a message that is answered, and wait for the answer."""
        self.require_no_handler()
        self._require_line()
        if len(self._unanswered) >= _UNANSWERED_LIMIT:
            raise TooMany("Too many commands wait for their answer.")
        message_id = secrets.token_urlsafe(9)
        frame = json.dumps(message | {"message_id": message_id})
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._unanswered[message_id] = (frame, answer)
        try:
            if self._socket is not None and not self._socket.closed:
                with contextlib.suppress(ConnectionError):  # it is sent again after the reconnect
                    await self._socket.send_str(frame)
            async with asyncio.timeout(wait):
                return await answer
        except TimeoutError:
            raise TimeoutError(f"No answer came within {wait:g} seconds.") from None
        finally:
            self._unanswered.pop(message_id, None)

    def _require_line(self) -> None:
        """Raise Unsent if there is neither a line nor an attempt to have one, so that nothing would ever be sent."""
        if self._runner is None or self._runner.done():
            raise Unsent(f"Not connected. {'Call `connect` first.' if self.access_token else SIGN_IN_FIRST}")

    def require_no_handler(self) -> None:
        """Raise RuntimeError if a handler asks: as long as it waits, nothing is read that it could wait for."""
        if self._is_in_handler():
            msg = "a handler cannot wait for the server; start a task for it"
            raise RuntimeError(msg)

    def _is_in_handler(self) -> bool:
        return self._runner is not None and asyncio.current_task() is self._runner

    async def ping(self) -> float:
        """Round-trip time to the server in milliseconds. Raises Unsent and TimeoutError."""
        self.require_no_handler()
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        started = loop.time()
        undo = self.register_handler("pong", lambda _event: None if answered.done() else answered.set_result(None))
        try:
            self._require_line()
            if self._socket is None:
                raise Unsent("The line is gone; it is being restored.")
            await self._socket.send_str(_PING)
            async with asyncio.timeout(_PONG_SECONDS):
                await answered
        except TimeoutError:
            raise TimeoutError(f"No answer came within {_PONG_SECONDS:g} seconds.") from None
        finally:
            undo()
        return (loop.time() - started) * 1000

    async def leave(self) -> None:
        """Leave the world, if the line stands; others see it at once. The account stays signed in."""
        if not self.connected or self._has_quit:
            return
        with contextlib.suppress(MythError, TimeoutError):
            await self.command("quit", wait=_LEAVE_SECONDS)

    async def close(self) -> None:
        """Cut the line and give all resources back. To others the character has lost the connection.

        The play session can be resumed for a while; `leave` first ends it.
        """
        await self._cut()
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def _cut(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
            with contextlib.suppress(asyncio.CancelledError, MythError):
                await self._runner
            self._runner = None
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        if self.state is not ConnectionState.DISCONNECTED:
            self._enter(ConnectionState.DISCONNECTED)

    def _begin_anew(self) -> None:
        """The play session is over: the next `connect` begins another."""
        self.session_id, self.last_seq, self._character_id = secrets.token_urlsafe(18), None, None
        self._forget()

    def _enter(self, state: ConnectionState) -> None:
        if state not in TRANSITIONS[self.state]:
            msg = f"no way from {self.state} to {state}"
            raise RuntimeError(msg)
        self.state = state

    async def _run(self) -> None:
        self._enter(ConnectionState.CONNECTING)
        try:
            while True:
                refused = await self._attempt()
                final = self.close_code is not None and self.close_code >= FIRST_FATAL_CLOSE_CODE
                if final or not self._reconnect:
                    self._enter(ConnectionState.DISCONNECTED)
                    if refused is not None and not self._ready.is_set():
                        raise refused
                    return
                self._enter(ConnectionState.RECONNECTING)
                self.retry_in = self._backoff.next_delay()
                if self.retry_in is None:
                    self._enter(ConnectionState.FAILED)
                    if not self._ready.is_set():
                        raise refused or Unsent(f"No answer from {self.base_url}.")
                    return
                await self._tell({"event_type": "reconnecting", "data": {"seconds": self.retry_in}})
                await asyncio.sleep(self.retry_in)
                if self.close_code == _TOKEN_EXPIRED_CODE:
                    await self._renew()
                self._enter(ConnectionState.CONNECTING)
        finally:
            if self.close_code is not None and self.close_code >= FIRST_FATAL_CLOSE_CODE:
                self._forget()
            for _, answer in self._unanswered.values():
                if not answer.done():
                    answer.set_exception(Unsent("The connection ended before the answer came."))
            self._to_send = ""
            await self._tell({"event_type": "disconnected", "data": {"code": self.close_code}})
            for _, told in self._awaited:
                if not told.done():
                    told.set_exception(Unsent("The connection ended."))

    async def _renew(self) -> None:
        """Get a fresh access token; if that cannot be, the server will say what follows."""
        with contextlib.suppress(MythError):
            await self.refresh()

    async def _attempt(self) -> Refused | None:
        """One connection, from handshake to its end; returns the server's refusal if it gave one."""
        url = f"{self.base_url.replace('http', 'ws', 1)}/api/ws?session_id={self.session_id}"
        if self._character_id:
            url += f"&character_id={self._character_id}"
        if self.last_seq is not None:
            url += f"&last_seq={self.last_seq}"
        refused: Refused | None = None
        self.close_code = None
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                socket = await self._session().ws_connect(url, protocols=("bearer", self.access_token), autoping=True)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
        self._socket = socket
        try:
            # When nothing happened meanwhile, its answer is the first event and says that we are in.
            await socket.send_str(_PING)
            while True:
                # Not wait_for: in Python 3.11 it forgets a cancellation that comes together with a message.
                async with asyncio.timeout(_SILENCE_SECONDS):
                    message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                event = json.loads(message.data)
                if event["event_type"] == "error" and not self._ready.is_set():
                    refused = refusal_of(event["data"])
                if not await self._receive(event):
                    break
        except (TimeoutError, ConnectionError):
            pass  # as good as closed: reconnect and resume
        finally:
            self.close_code = socket.close_code
            self._socket = None
            await socket.close()
        return refused

    async def _receive(self, event: Event) -> bool:
        """Hand one event on; False when a number is missing, so that the caller resumes."""
        number = event.get("sequence_number")
        kind = event["event_type"]
        if number:
            if kind == "reset" or self.last_seq is None:
                pass  # a new start: the number of this event is where counting goes on
            elif number <= self.last_seq:
                return True
            elif number > self.last_seq + 1:
                return False
            self.last_seq = number
        self._note(event)
        if number and (not self._ready.is_set() or self.state is ConnectionState.CONNECTING):
            await self._connected()
        if kind == "command_response":
            entry = self._unanswered.get(event.get("reply_to", ""))
            if entry is not None and not entry[1].done():
                entry[1].set_result(event["data"])
        elif kind == "error":
            entry = self._unanswered.get(event.get("reply_to") or "")
            if entry is not None and not entry[1].done():
                entry[1].set_exception(refusal_of(event["data"]))
            elif entry is None and self._ready.is_set():
                await self.handlers.fail(refusal_of(event["data"]))
        elif kind == "session_expiring":
            await self._renew()
        await self._tell(event)
        return True

    async def _connected(self) -> None:
        self._enter(ConnectionState.CONNECTED)
        self._backoff.succeeded()
        self._ready.set()
        assert self._socket is not None
        for frame, _ in list(self._unanswered.values()):
            await self._socket.send_str(frame)
        if self._to_send:
            await self._socket.send_str(self._to_send)
            self._to_send = ""

    async def _tell(self, event: Event) -> None:
        """Tell those who wait for it, then handlers."""
        for fits, told in list(self._awaited):
            try:
                if not told.done() and fits(event):
                    told.set_result(event)
            except Exception as error:  # of whoever waits, and so theirs to hear of
                told.set_exception(error)
        await self.handlers.tell(event["event_type"], event)

    # --- what is known ---------------------------------------------------------------------------------

    def _set_up(self) -> None:
        """Make what belongs to the client; nothing is known yet."""

    def _note(self, event: Event) -> None:
        """Remember what an event tells, before anybody is told of it."""

    def _hear(self, payload: Payload) -> None:
        """Remember what the payload of an event tells."""

    def _forget(self) -> None:
        """Know nothing of the world."""

    def _is_own(self, character_id: str | None) -> bool:
        """Whether this is the character that is played."""
        return character_id is not None and character_id == self._character_id


def _done(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer["success"]:
        raise refusal_of_command(answer)
    return answer

"""One client of the native door: REST for the account, one WebSocket for the world.

Events are numbered by the server; the client remembers the last number it handed on, asks for what
follows after a reconnect, drops repeats and treats a gap as a broken line. Commands carry an id and are
sent again after a reconnect until their answer came; the server gives a repeat no second effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

import mythgate
from mythgate.client.handlers import ErrorHandler, Handler, Handlers
from mythgate.client.lobby import Lobby
from mythgate.client.reconnect import FIRST_FATAL_CLOSE_CODE, Backoff
from mythgate.client.refusals import Unsent, refusal_of, refusal_of_answer, refusal_of_command
from mythgate.domain.errors import MythError, Refused, TooMany

Event = dict[str, Any]
EventHandler = Handler[Event]

_TOKEN_EXPIRED_CODE: Final = 4401
_UNANSWERED_LIMIT: Final = 50
_SILENCE_SECONDS: Final = 40.0  # the server sends a heartbeat every 30 s
_CONNECT_SECONDS: Final = 30.0
_PONG_SECONDS: Final = 10.0
_LEAVE_SECONDS: Final = 2.0
_CLIENT_NAME: Final = f"mythgate-python/{mythgate.__version__}"
_PING: Final = '{"type":"ping","data":{}}'


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


class Client:
    """One account's way into one server. Use as an async context manager.

    At the end of the block the character leaves the world. With `keep_session` it stays, without a line, for
    as long as the server waits for its return (two minutes, unless configured otherwise); give another
    client, also in another process, `session_id` and `last_seq` of this one to resume where this one stopped.

    `client_name` is the program's own name, `name/version`, by which others in a lobby know what one is there
    with. `lobby` is all about lobbies.

    Handlers are called while the connection is read. What waits for something the server has yet to send
    (`command`, `send_chat`, `ping`, and in `lobby` all that enters, leaves and talks) raises RuntimeError in
    one: start a task for it.
    """

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
        self.lobby = Lobby(self)
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

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(headers={"User-Agent": self.client_name})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._keep_session:
                await self.leave()
        finally:
            await self.close()

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
        await self.close()

    async def refresh(self) -> None:
        """Get a fresh access token for the running session."""
        answer = await self.request("POST", "/api/auth/refresh", {"refresh_token": self.refresh_token})
        self.access_token = answer["access_token"]

    async def characters(self) -> list[dict[str, Any]]:
        """The account's living characters."""
        answer = await self.request("GET", "/api/characters")
        return list(answer["characters"])

    async def create_character(self, name: str, description: str = "") -> dict[str, Any]:
        """Make a character."""
        return await self.request("POST", "/api/characters", {"name": name, "description": description})

    async def select_character(self, character_id: str) -> dict[str, Any]:
        """Choose who enters the world on the next `connect`."""
        self._character_id = character_id
        return await self.request("POST", "/api/characters/select", {"character_id": character_id})

    async def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One REST call.

        Raises:
            Refused: the server said no; `code`, `hint` and `retry_after` say why. Each code that
                `mythgate.domain.errors` knows is raised as the class of that code.

        """
        if self._http is None:
            msg = "use the client as an async context manager"
            raise RuntimeError(msg)
        headers = {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
        async with self._http.request(method, self.base_url + path, json=body, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise refusal_of_answer(answer.status, text)
            return dict(json.loads(text)) if text else {}

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
        """Call `handler` with what handlers raise; returns how to take it back."""
        return self.handlers.add_for_errors(handler)

    async def connect(self, character_id: str | None = None) -> None:
        """Enter the world, or resume where the connection broke; returns when events flow.

        Raises:
            Refused: the server does not let this character in.

        """
        self._character_id = character_id or self._character_id
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

    async def command(self, line: str, *, wait: float = 60.0) -> dict[str, Any]:
        """Send one command line and return the `data` of its `command_response`.

        Raises:
            Unsent: the connection ended for good before the answer came.
            TimeoutError: no answer within `wait` seconds.
            TooMany: too many commands wait for an answer.

        """
        answered = await self._exchange({"command": line}, wait)
        self._has_quit = self._has_quit or bool((answered.get("data") or {}).get("quit"))
        return answered

    async def send_chat(
        self, message: str, channel: str = "say", target: str | None = None, *, wait: float = 60.0
    ) -> None:
        """Say something on a channel: `say`, `emote`, `shout`, `whisper`, `lobby` or `lobby_tell`.

        `target` names whom a `whisper` or a `lobby_tell` is for. The words go as they stand, but in lobbies,
        where what begins with `/` is a command; `lobby.say` and `lobby.tell` see to that.

        Raises:
            Refused: nobody heard it; the class and `code` say why.
            Unsent, TimeoutError, TooMany: as with `command`.

        """
        data = {"channel": channel, "message": message} | ({} if target is None else {"target": target})
        answered = await self._exchange({"type": "chat", "data": data}, wait)
        if not answered["success"]:
            raise refusal_of_command(answered)

    async def _exchange(self, message: dict[str, Any], wait: float) -> dict[str, Any]:
        """Send a message that is answered, and wait for the answer."""
        self.require_no_handler()
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
        finally:
            self._unanswered.pop(message_id, None)

    def require_no_handler(self) -> None:
        """Raise RuntimeError if a handler asks: as long as it waits, nothing is read that it could wait for."""
        if self._runner is not None and asyncio.current_task() is self._runner:
            msg = "a handler cannot wait for the server; start a task for it"
            raise RuntimeError(msg)

    async def ping(self) -> float:
        """Round-trip time to the server in milliseconds."""
        self.require_no_handler()
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        started = loop.time()
        undo = self.register_handler("pong", lambda _event: None if answered.done() else answered.set_result(None))
        try:
            if self._socket is None:
                raise Unsent("Not connected.")
            await self._socket.send_str(_PING)
            async with asyncio.timeout(_PONG_SECONDS):
                await answered
        finally:
            undo()
        return (loop.time() - started) * 1000

    async def leave(self) -> None:
        """Leave the world, if the line stands; others see it at once. The account stays signed in."""
        if self.state is not ConnectionState.CONNECTED or self._has_quit:
            return
        with contextlib.suppress(MythError, TimeoutError):
            await self.command("quit", wait=_LEAVE_SECONDS)

    async def close(self) -> None:
        """Cut the line and give all resources back. To others the character has lost the connection.

        The play session can be resumed for a while; `leave` first ends it.
        """
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
        if self._http is not None:
            await self._http.close()

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
                    with contextlib.suppress(aiohttp.ClientError):
                        await self.refresh()
                self._enter(ConnectionState.CONNECTING)
        finally:
            for _, answer in self._unanswered.values():
                if not answer.done():
                    answer.set_exception(Unsent("The connection ended before the answer came."))
            await self._tell({"event_type": "disconnected", "data": {"code": self.close_code}})

    async def _attempt(self) -> Refused | None:
        """One connection, from handshake to its end; returns the server's refusal if it gave one."""
        assert self._http is not None
        url = f"{self.base_url.replace('http', 'ws', 1)}/api/ws?session_id={self.session_id}"
        if self._character_id:
            url += f"&character_id={self._character_id}"
        if self.last_seq is not None:
            url += f"&last_seq={self.last_seq}"
        refused: Refused | None = None
        self.close_code = None
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                socket = await self._http.ws_connect(url, protocols=("bearer", self.access_token), autoping=True)
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
            if not self._ready.is_set() or self.state is ConnectionState.CONNECTING:
                await self._connected()
        if kind == "command_response":
            entry = self._unanswered.get(event.get("reply_to", ""))
            if entry is not None and not entry[1].done():
                entry[1].set_result(event["data"])
        elif kind == "error":
            entry = self._unanswered.get(event.get("reply_to") or "")
            if entry is not None and not entry[1].done():
                entry[1].set_exception(refusal_of(event["data"]))
        elif kind == "session_expiring":
            await self.refresh()
        await self._tell(event)
        return True

    async def _connected(self) -> None:
        self._enter(ConnectionState.CONNECTED)
        self._backoff.succeeded()
        self._ready.set()
        assert self._socket is not None
        for frame, _ in list(self._unanswered.values()):
            await self._socket.send_str(frame)

    async def _tell(self, event: Event) -> None:
        await self.lobby.hear(event)
        await self.handlers.tell(event["event_type"], event)

"""A connection in the dialect of the Shards network: REST for the account, one WebSocket for all that happens.

Two tasks serve the socket. One reads, answers whoever waits and opens the socket again when it breaks; the other
calls handlers, one message after the other. So a handler may wait for the server.

The dialect has no numbers for what is sent. What is given while the socket is not logged in is kept and goes
out in its order; what was on its way when the line broke may have arrived or not, and is not sent twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

import mythgate
from mythgate.client.connection import TRANSITIONS, ConnectionState
from mythgate.client.handlers import ErrorHandler, Handler, Handlers
from mythgate.client.nearby import NearbyPlayer
from mythgate.client.reconnect import Backoff
from mythgate.client.refusals import Unsent, put_off
from mythgate.domain import errors
from mythgate.domain.errors import AuthenticationError, MythError, ProtocolError, Refused, TooMany
from mythgate.wire.shards.builders import create_auth_request
from mythgate.wire.shards.codec import decode, encode, protocol
from mythgate.wire.shards.encryption import ITERATIONS, FrameCipher
from mythgate.wire.shards.messages import (
    AuthResponse,
    DisconnectMessage,
    ErrorCode,
    ErrorMessage,
    Message,
    MessageType,
    MoveMessage,
)

log = logging.getLogger(__name__)

Where = Callable[[Any], bool]

DEFAULT_URL: Final = "http://localhost:8888"
URL_VARIABLE: Final = "MASTER_SERVER_URL"
FILLER: Final = "session-token"  # for the password that a log-in by token must have all the same
SESSION_ENDED: Final = "session_ended"  # why the server parts: logged out, or logged in elsewhere
HEARTBEAT_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 2.0
KEPT_MESSAGES: Final = 100  # that wait for the socket
UNHEARD_MESSAGES: Final = 1000  # that wait for handlers; then no more is read
LONGEST_WAIT: Final = 7 * 86400.0  # that a server is believed to ask for
ROUNDS: Final = range(ITERATIONS, 5_000_001)  # in which a key is made because a server says so
_CLIENT_NAME: Final = f"mythgate-python/{mythgate.__version__}"
_BY_STATUS: Final[dict[int, type[Refused]]] = {
    400: errors.InvalidInput,
    401: AuthenticationError,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    429: TooMany,
    503: errors.Unavailable,
}
_BY_CODE: Final[dict[str, type[Refused]]] = {
    ErrorCode.AUTH_FAILED: AuthenticationError,
    ErrorCode.AUTH_REQUIRED: AuthenticationError,
    ErrorCode.INVALID_MESSAGE: errors.InvalidInput,
    ErrorCode.FORBIDDEN: errors.PermissionDenied,
    ErrorCode.NOT_FOUND: errors.NotFound,
    ErrorCode.INVALID_LOCATION: errors.NoSuchExit,
    ErrorCode.RECIPIENT_OFFLINE: errors.Unreachable,
    ErrorCode.NOT_IN_PARTY: errors.NotInParty,
    ErrorCode.PARTY_FULL: errors.PartyFull,
    ErrorCode.NO_PENDING_INVITE: errors.NoPendingInvite,
    ErrorCode.COMBAT_NOT_FOUND: errors.NoCombat,
    ErrorCode.NOT_YOUR_TURN: errors.NotYourTurn,
    ErrorCode.INVALID_TARGET: errors.InvalidTarget,
    ErrorCode.INVALID_ACTION: errors.InvalidAction,
    ErrorCode.INSUFFICIENT_RESOURCES: errors.TooWeak,
    ErrorCode.RATE_LIMITED: TooMany,
}


def refusal_of_error(message: ErrorMessage) -> Refused:
    """What an `error` message refuses something with; `code` is its `error_code`."""
    refusal = _BY_CODE.get(message.error_code, Refused)(message.error_message)
    refusal.code = message.error_code  # type: ignore[misc]
    put_off(refusal, _seconds((message.details or {}).get("retry_after")))
    return refusal


def _seconds(told: object) -> timedelta | None:
    """For how long to wait, as a server told it; None if that is no sensible number."""
    try:
        seconds = float(str(told))
    except ValueError:
        return None
    return timedelta(seconds=seconds) if 0 <= seconds <= LONGEST_WAIT else None


class ShardsConnection:
    """One account's way into one server of the Shards network. Use as an async context manager.

    No method raises because of the network, the server or a message that cannot be: it is logged, told to whoever
    asked for errors (`on_error`), kept in `last_error`, and the method returns what stands for failure.
    """

    def __init__(
        self,
        master_server_url: str | None = None,
        *,
        encryption_phrase: str | None = None,
        encryption_key: str | bytes | None = None,
        encryption_iterations: int | None = None,
        reconnect: bool = True,
        backoff: Backoff | None = None,
        timeout: float = 10.0,
        client_name: str = _CLIENT_NAME,
    ) -> None:
        """Without a URL that of the environment (`MASTER_SERVER_URL`) counts, or else `http://localhost:8888`.

        With a phrase, or a raw Fernet key of 44 characters, what is sent on the socket is encrypted; the server
        must know the phrase. The key is made of it in as many rounds as the server says when one logs in, in
        100,000 if it says nothing, or in `encryption_iterations`. `timeout` is how long an answer may take, in seconds.

        Raises:
            ValueError: the key is none, or there is a phrase, too.
            EncryptionMissing: the extra `encryption` is not installed.

        """
        if encryption_phrase is not None and encryption_key is not None:
            msg = "give a phrase or a key, not both"
            raise ValueError(msg)
        self.master_server_url = (master_server_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
        self.timeout = timeout
        self.client_name = client_name
        self.session_token: str | None = None
        self.player_id: int | None = None
        self.character_id: int | None = None
        self.username: str | None = None
        self.authenticated = False
        """Whether the socket is open and logged in."""
        self.answers_ping = False
        """Whether the server is known to answer `ping`; those that do not close the socket over it."""
        self.latency: float | None = None
        """Milliseconds that the last `ping()` took."""
        self.last_error: Exception | None = None
        self.state = ConnectionState.DISCONNECTED
        self.encryption_handler = (
            FrameCipher(encryption_key)
            if encryption_key is not None
            else FrameCipher.of_phrase(encryption_phrase, encryption_iterations or ITERATIONS)
            if encryption_phrase is not None
            else None
        )
        self._phrase = encryption_phrase if encryption_iterations is None else None  # of which keys are yet to be made
        self.message_handlers: Handlers[Message] = Handlers()
        self.nearby_players: dict[int, NearbyPlayer] = {}
        """Others in the world, by the ids of their characters, while the line stands."""
        self.http_session: aiohttp.ClientSession | None = None
        self.ws: aiohttp.ClientWebSocketResponse | None = None
        self._password = ""
        self._reconnect = reconnect
        self._backoff = backoff if backoff is not None else Backoff()
        self._outbox: deque[Message] = deque()
        self._heard: asyncio.Queue[Message | Exception] = asyncio.Queue(UNHEARD_MESSAGES)
        self._awaited: list[tuple[Where, asyncio.Future[Message]]] = []
        self._runner: asyncio.Task[None] | None = None
        self._teller: asyncio.Task[None] | None = None
        self._logged_in = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()  # coming and going
        self._farewell = ""
        self._pinged_at: float | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    @property
    def connected(self) -> bool:
        """Whether the socket is open."""
        return self.ws is not None and not self.ws.closed

    @property
    def encryption_enabled(self) -> bool:
        """Whether what is sent on the socket is encrypted."""
        return self.encryption_handler is not None

    # --- coming and going ------------------------------------------------------------------------------

    async def register(self, username: str, password: str) -> bool:
        """Make an account; `connect` then.

        False with InvalidInput (name or password does not fit) or Conflict (the name is taken). Servers of the
        original say yes to everything and store nothing.
        """
        body = _credentials(username, password)
        return bool(await self._ask("POST", "/api/auth/register", body, wants="success", login=False))

    async def connect(self, username: str, password: str) -> bool:
        """Log in, open the socket and log it in too; returns when that is done or has taken `timeout` seconds.

        True once the account is logged in: what becomes of the socket stands in `authenticated`, and it is tried
        again by itself. The password is kept for when the session has expired. False with AuthenticationError,
        TooMany or Unsent (nobody answers).
        """
        async with self._one_at_a_time:
            await self._stop()
            if username != self.username:
                self.character_id = None
            self._outbox.clear()
            problem: MythError | None = None
            try:
                await self._sign_in(username, password)
                self._start()
            except MythError as error:
                problem = error
                await self._close_http()
        if problem is not None:
            return await self._fail(problem)
        await self.wait_for_login()
        return True

    async def reconnect(self) -> bool:
        """Open the socket anew, at once; whether it is logged in then. What is kept for it goes out."""
        async with self._one_at_a_time:
            await self._stop()
            if self.session_token is not None:
                self._start()
        if self._runner is None:
            return await self._fail(Unsent("Not logged in."))
        return await self.wait_for_login()

    async def wait_for_login(self, wait: float | None = None) -> bool:
        """Whether the socket is logged in, at the latest after `wait` seconds, else after `timeout`."""
        if self._runner is not None and not self._runner.done():
            waiter = asyncio.create_task(self._logged_in.wait())
            await asyncio.wait(
                {waiter, self._runner},
                timeout=self.timeout if wait is None else wait,
                return_when=asyncio.FIRST_COMPLETED,
            )
            waiter.cancel()
        return self.authenticated

    async def disconnect(self) -> None:
        """Close the socket and log out. What waits to be sent is dropped, handlers stay. Safe to repeat."""
        async with self._one_at_a_time:
            await self._stop()
            teller, self._teller = self._teller, None
            if teller is not None and teller is not asyncio.current_task():  # else it ends when the handler returns
                teller.cancel()
                await asyncio.wait({teller})
            self._heard = asyncio.Queue(UNHEARD_MESSAGES)
            self._outbox.clear()
            token, self.session_token, self._password = self.session_token, None, ""
            problem: MythError | None = None
            try:
                if token is not None:
                    await self._call("POST", "/api/auth/logout", {"session_token": token}, login=False)
            except MythError as error:  # the session ends by itself
                problem = error
            await self._close_http()
        if problem is not None:
            await self._fail(problem)

    # --- hearing ---------------------------------------------------------------------------------------

    def register_handler(self, message_type: str, handler: Handler[Any]) -> Callable[[], None]:
        """Call `handler` with every message of this type, `*` for all; returns how to take it back.

        Plain or coroutine function. Each of the four types of talk (`chat`, `party_chat`, `faction_chat`, `whisper`)
        counts for itself. One that raises is logged, and the others are called all the same.
        """
        return self.message_handlers.add(message_type, handler)

    def unregister_handler(self, message_type: str, handler: Handler[Any]) -> None:
        """Call it once less; nothing happens if it is not called at all."""
        self.message_handlers.remove(message_type, handler)

    def on_error(self, handler: ErrorHandler) -> Callable[[], None]:
        """Call `handler` with everything that goes wrong; returns how to take it back.

        That are refusals (`Refused`; `code` says which), broken messages (`ProtocolError`), what could not be sent or
        got no answer (`Unsent`), and what handlers raise.
        """
        return self.message_handlers.add_for_errors(handler)

    async def wait_for(
        self, message_type: str, where: Where = lambda _: True, *, wait: float | None = None
    ) -> Message | None:
        """The next message of this type that fits; None after `wait` seconds, else `timeout`."""
        with self._expected(lambda one: one.type == message_type and where(one)) as told:
            try:
                async with asyncio.timeout(self.timeout if wait is None else wait):
                    return await told
            except TimeoutError:
                return None

    # --- sending ---------------------------------------------------------------------------------------

    async def send(self, message: Message) -> bool:
        """Send any message; while the line is gone it is kept, and of positions the last.

        False with ProtocolError (it cannot be written), Unsent (not connected) or TooMany (too many are kept).
        """
        try:
            text = protocol.serialize(message)
        except ProtocolError as error:
            return await self._fail(error)
        if self._runner is None or self._runner.done():
            return await self._fail(Unsent("Not connected."))
        if self.authenticated and self.ws is not None:
            try:
                await self.ws.send_str(self._sealed(text))
                return True
            except ConnectionError:
                pass  # it is kept, and the reader notices
        if _is_position(message):
            self._outbox = deque(one for one in self._outbox if not _is_position(one))
        if len(self._outbox) >= KEPT_MESSAGES:
            return await self._fail(TooMany("Too many messages wait for the line."))
        self._outbox.append(message)
        return True

    async def ping(self) -> None:
        """Ask the server for a sign of life; `latency` says how long it took. Silent when not connected.

        It is a ping of WebSocket, which all answer. The message `ping` goes out too if `answers_ping`.
        """
        if self.ws is None or not self.connected:
            return
        self._pinged_at = asyncio.get_running_loop().time()
        with contextlib.suppress(ConnectionError):
            await self.ws.ping()
            if self.answers_ping:
                await self.ws.send_str(self._sealed(encode(Message(type=MessageType.PING))))

    async def _exchange(self, message: Message, answer: Where) -> Message | None:
        """Send a message and wait for its answer; None if it was refused or the server says nothing."""
        message.message_id = secrets.token_urlsafe(9)

        def fits(one: Message) -> bool:
            return answer(one) or (one.type == MessageType.ERROR and one.message_id == message.message_id)

        with self._expected(fits) as told:
            if not await self.send(message):
                return None
            try:
                async with asyncio.timeout(self.timeout):
                    found = await told
            except TimeoutError:
                await self._fail(Unsent(f"The server did not answer `{message.type}`."))
                return None
        return None if found.type == MessageType.ERROR else found

    @contextlib.contextmanager
    def _expected(self, fits: Where) -> Iterator[asyncio.Future[Message]]:
        """The first message that fits, of those that come while the block runs."""
        entry = (fits, asyncio.get_running_loop().create_future())
        self._awaited.append(entry)
        try:
            yield entry[1]
        finally:
            self._awaited.remove(entry)

    # --- REST ------------------------------------------------------------------------------------------

    async def _ask(self, method: str, path: str, body: Any = None, *, wants: str = "", login: bool = True) -> Any:
        """The field `wants` of the answer, or all of it; None if there is none, which is told as an error.

        With `login` it is asked as who is logged in; if nobody is, that is the error.
        """
        try:
            if login and self.session_token is None:
                raise Unsent("Not logged in.")
            told = await self._call(method, path, body, login=login)
            if wants and wants not in told:
                raise ProtocolError(f"The server answered {method} {path} without `{wants}`.")
        except MythError as error:
            await self._fail(error)
            return None
        return told[wants] if wants else told

    async def _call(self, method: str, path: str, body: Any = None, *, login: bool = True) -> dict[str, Any]:
        """One call. Raises Refused, ProtocolError, and Unsent if there is no answer."""
        try:
            given = None if body is None else json.dumps(body, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ProtocolError(f"The request cannot be written: {error}") from error
        if self.http_session is None:
            self.http_session = aiohttp.ClientSession(headers={"User-Agent": self.client_name})
        headers = {"Authorization": f"Bearer {self.session_token}"} if login else {}
        if given is not None:
            headers["Content-Type"] = "application/json"
        limit = aiohttp.ClientTimeout(total=self.timeout)
        try:
            async with self.http_session.request(
                method, self.master_server_url + path, data=given, headers=headers, timeout=limit
            ) as answer:
                raw, status, wait = await answer.read(), answer.status, answer.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsent(f"No answer from {self.master_server_url}.") from error
        try:
            told = json.loads(raw)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            if status < 400:
                raise ProtocolError("The server answered something else than an object.")
            told = {}
        if status >= 400 or told.get("success") is False:
            message = told.get("message") or told.get("error") or f"The server answered {status}."
            refusal = _BY_STATUS.get(status, Refused)(str(message))
            put_off(refusal, _seconds(wait))
            raise refusal
        return told

    async def _sign_in(self, username: str, password: str) -> None:
        """Raises MythError."""
        told = await self._call("POST", "/api/auth/login", _credentials(username, password), login=False)
        token, player_id = told.get("session_token"), told.get("player_id")
        if not isinstance(token, str) or not token:
            raise ProtocolError("The server logged us in without a `session_token`.")
        self.session_token, self.username, self._password = token, username, password
        self.player_id = player_id if isinstance(player_id, int) else None
        if self._phrase is not None:
            told_rounds = told.get("encryption_iterations")
            rounds = told_rounds if type(told_rounds) is int and told_rounds in ROUNDS else ITERATIONS
            self.encryption_handler = await asyncio.to_thread(FrameCipher.of_phrase, self._phrase, rounds, ITERATIONS)

    async def _close_http(self) -> None:
        http, self.http_session = self.http_session, None
        if http is not None:
            await http.close()

    # --- the socket ------------------------------------------------------------------------------------

    def _enter(self, state: ConnectionState) -> None:
        if state not in TRANSITIONS[self.state]:
            msg = f"no way from {self.state} to {state}"
            raise RuntimeError(msg)
        self.state = state

    def _start(self) -> None:
        self._backoff.succeeded()
        self._farewell = ""
        self._runner = asyncio.create_task(self._run(), name="shards socket")
        self._teller = self._teller or asyncio.create_task(self._tell(), name="shards handlers")

    async def _stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            await asyncio.wait({runner})
        if self.state is not ConnectionState.DISCONNECTED:
            self._enter(ConnectionState.DISCONNECTED)

    async def _run(self) -> None:
        """Have the socket open and logged in, again and again; ends when that is no use."""
        while True:
            self._enter(ConnectionState.CONNECTING)
            try:
                await self._attempt()
            except AuthenticationError as error:
                await self._report(error)
                self._enter(ConnectionState.FAILED)
                return
            except MythError as error:
                await self._report(error)
            delay = self._backoff.next_delay() if self._reconnect and self._farewell != SESSION_ENDED else None
            if delay is None:
                self._enter(
                    ConnectionState.FAILED if self.state is ConnectionState.CONNECTING else ConnectionState.DISCONNECTED
                )
                self._outbox.clear()
                await self._report(Unsent("The connection ended."))
                return
            self._enter(ConnectionState.RECONNECTING)
            await asyncio.sleep(delay)

    async def _attempt(self) -> None:
        """One connection, from handshake to its end.

        Raises:
            AuthenticationError: the account cannot log in any more.
            Unsent: nobody answers.

        """
        assert self.http_session is not None
        url = f"{self.master_server_url.replace('http', 'ws', 1)}/ws"
        try:
            async with asyncio.timeout(self.timeout):
                self.ws = await self.http_session.ws_connect(
                    url,
                    autoping=False,
                    heartbeat=HEARTBEAT_SECONDS,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsent(f"No answer from {url}.") from error
        try:
            await self._log_in(self.ws)
            await self._read(self.ws)
        except (TimeoutError, ConnectionError):
            pass  # as good as closed
        finally:
            ws, self.ws = self.ws, None
            self.authenticated, self._pinged_at = False, None
            self._logged_in.clear()
            self.nearby_players.clear()
            await ws.close()

    async def _log_in(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """Say who this is; always in clear, as every server reads it. By its token, never with the password."""
        name = self.username if self.username and 3 <= len(self.username) <= 50 else FILLER
        await ws.send_str(encode(create_auth_request(name, FILLER, self.session_token)))

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """Take what comes until the socket closes. Raises as `_attempt`, and TimeoutError without a log-in."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.timeout
        renewed = False
        while True:
            async with asyncio.timeout_at(None if self.authenticated else deadline):
                frame = await ws.receive()
            if frame.type is aiohttp.WSMsgType.PING:
                await ws.pong(frame.data)
            elif frame.type is aiohttp.WSMsgType.PONG:
                if self._pinged_at is not None:
                    self.latency, self._pinged_at = (loop.time() - self._pinged_at) * 1000, None
            elif frame.type is aiohttp.WSMsgType.TEXT:
                message = await self._take(frame.data)
                if isinstance(message, AuthResponse) and not self.authenticated:
                    if message.success:
                        await self._go_on(ws)
                    elif not renewed and self.username is not None:
                        renewed = True  # the session has expired, or the server forgot it
                        await self._sign_in(self.username, self._password)
                        await self._log_in(ws)
                    else:
                        raise AuthenticationError(message.message or "The server does not take the session.")
            elif frame.type is not aiohttp.WSMsgType.BINARY:
                return

    async def _take(self, text: str) -> Message | None:
        """Read a message and hand it to all who wait for it."""
        try:
            message = decode(self._opened(text))
        except ProtocolError as error:
            await self._report(error)
            return None
        if message.type == MessageType.PONG:
            self.answers_ping = True
        elif isinstance(message, DisconnectMessage):
            self._farewell = message.reason or ""
        self._note(message)
        for fits, told in list(self._awaited):
            try:
                if not told.done() and fits(message):
                    told.set_result(message)
            except Exception as error:  # of whoever waits, and so theirs to hear of
                told.set_exception(error)
        await self._heard.put(message)
        return message

    async def _go_on(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """The socket is logged in: be who one was before, and send what waits. Raises ConnectionError."""
        self._backoff.succeeded()
        if self.character_id is not None:
            try:
                await self._call("POST", "/api/characters/select", {"character_id": self.character_id})
            except MythError as error:
                await self._report(error)
        while self._outbox:
            await ws.send_str(self._sealed(encode(self._outbox[0])))
            self._outbox.popleft()
        self.authenticated = True
        self._enter(ConnectionState.CONNECTED)
        self._logged_in.set()

    def _sealed(self, text: str) -> str:
        return text if self.encryption_handler is None else self.encryption_handler.encrypt(text)

    def _opened(self, text: str) -> str:
        """What a frame says; those in clear are taken always."""
        if self.encryption_handler is None or text.lstrip().startswith("{"):
            return text
        return self.encryption_handler.decrypt(text)

    def _note(self, message: Message) -> None:
        """Remember what a message tells; before handlers are called."""

    # --- telling ---------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Call handlers, one message after the other."""
        while self._teller is asyncio.current_task():
            told = await self._heard.get()
            if isinstance(told, Exception):
                await self.message_handlers.fail(told)
                continue
            await self.message_handlers.tell(told.type, told)
            if isinstance(told, ErrorMessage):
                await self._fail(refusal_of_error(told))

    async def _fail(self, error: Exception) -> bool:
        """Something did not work. Returns False."""
        self._log(error)
        await self.message_handlers.fail(error)
        return False

    async def _report(self, error: Exception) -> None:
        """The same, from the task that reads, which calls nobody."""
        self._log(error)
        await self._heard.put(error)

    def _log(self, error: Exception) -> None:
        self.last_error = error
        log.warning("not done: %s", error, extra={"server": self.master_server_url})


def _credentials(username: str, password: str) -> dict[str, str]:
    return {"username": username, "password": password}


def _is_position(message: Message) -> bool:
    return isinstance(message, MoveMessage) and message.to_location_id == 0

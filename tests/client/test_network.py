"""The Shards client against a server as the original is, with what was recorded of the original client."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.support.original_shards import OriginalServer, envelope, original_server
from tests.wire.shards.vectors import VECTORS

import mythgate.client
from mythgate.client import (
    Backoff,
    Client,
    ConnectionState,
    Lobby,
    MessageType,
    NearbyPlayer,
    NetworkClient,
    Unsent,
    create_client_and_connect,
)
from mythgate.domain.errors import (
    AuthenticationError,
    InvalidInput,
    NoCharacter,
    NotFound,
    ProtocolError,
    Refused,
    TooMany,
    Unavailable,
)
from mythgate.wire.shards.encryption import FrameCipher, derive_key
from mythgate.wire.shards.messages import BareMessage, ChatMessage, Message

PASSWORD = "abcdef1"
ANSWER_TO_INVITATIONS = {
    "http": "POST",
    "path": "/api/party/invite",
    "authorization": "Bearer c2hhcmVkLXNhbXBsZS10b2tlbi0wMDAwMDAwMDAwMDE",
    "json": {"party_id": 4, "invitee_id": 12},
}


def impatience(attempts: int = 20) -> Backoff:
    return Backoff(attempts, delays=(), longest=0.01, jitter=0)


@pytest.fixture
async def server() -> AsyncIterator[OriginalServer]:
    async with original_server() as running:
        yield running


@pytest.fixture
async def client(server: OriginalServer) -> AsyncIterator[NetworkClient]:
    """Logged in, as Aldra Venn."""
    async with NetworkClient(server.url, backoff=impatience(), timeout=5) as one:
        assert await one.connect("aldra", PASSWORD)
        assert await one.select_character(11)
        yield one


async def settled(met: Callable[[], bool]) -> None:
    """Wait until `met`, which nobody tells."""
    async with asyncio.timeout(5):
        while not met():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.005)


# --- what programs written for the original call ---------------------------------------------------------

SIGNATURES = {
    "connect": "username, password",
    "disconnect": "",
    "get_characters": "",
    "select_character": "character_id",
    "send_move": "to_location_id, from_location_id=None, position=None",
    "send_position_update": "position, velocity=None",
    "send_chat": "message, channel='global', recipient_id=None",
    "send_party_chat": "message",
    "send_whisper": "recipient_id, message",
    "create_party": "party_name='Adventuring Party'",
    "invite_to_party": "party_id, invitee_id",
    "send_combat_action": "combat_id, action_type, target_id=None, ability_name=None, item_id=None",
    "get_world_state": "",
    "get_shard_status": "",
    "get_nearby_players": "location_id=None",
    "update_nearby_player": "data",
    "register_handler": "message_type, handler",
    "ping": "",
}
SYNCHRONOUS = {"get_nearby_players", "update_nearby_player", "register_handler"}


OF_BOTH = {
    "create_character": "race, character_class, faction, stats",
    "send_chat": "message, channel, recipient_id",
    "send_whisper": "recipient_id, message",
    "send_move": "to_location_id, from_location_id, position",
    "send_position_update": "position, velocity",
    "send_combat_action": "combat_id, action_type, target_id, ability_name, item_id",
    "start_combat": "enemy, target_id",
    "update_trade": "trade_id, souls, items",
    "invite_to_party": "party_id, invitee_id",
    "kick_from_party": "party_id, character_id",
}


def without_types(called: Callable[..., Any]) -> str:
    parameters = list(inspect.signature(called).parameters.values())
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in parameters if one.name != "self"]
    return str(inspect.Signature(plain))[1:-1]


def test_both_classes_take_the_same_in_the_same_order() -> None:
    """But for what the page lists as differences: the one may take more at the end, and its own defaults."""

    def positions(kind: type) -> dict[str, list[str]]:
        return {
            name: [
                one.name
                for one in inspect.signature(method).parameters.values()
                if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and one.name != "self"
            ]
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") and name != "connect"
        }

    of_client, of_network = positions(Client), positions(NetworkClient)
    assert set(OF_BOTH) <= set(of_client) & set(of_network)
    for name in set(of_client) & set(of_network):
        first, second = of_client[name], of_network[name]
        shorter = min(len(first), len(second))
        common = [one.replace("event_type", "message_type") for one in first[:shorter]]
        assert common == second[:shorter], name
        assert [one for one in OF_BOTH.get(name, "").split(", ") if one and one not in common] == [], name


def test_the_methods_are_those_of_the_original() -> None:
    for name, parameters in SIGNATURES.items():
        method = getattr(NetworkClient, name)
        assert without_types(method) == parameters
        assert inspect.iscoroutinefunction(method) is (name not in SYNCHRONOUS)
    assert without_types(create_client_and_connect) == "username, password, master_server_url=None"


@pytest.mark.parametrize(("client", "at_least"), [(NetworkClient, 40), (Client, 60), (Lobby, 20)])
def test_all_methods_are_typed_and_described(client: type[object], at_least: int) -> None:
    methods = {name: one for name, one in inspect.getmembers(client, inspect.isfunction) if name[0] != "_"}
    assert len(methods) >= at_least
    for name, method in methods.items():
        hints = method.__annotations__
        assert set(inspect.signature(method).parameters) - {"self"} | {"return"} == set(hints), name
        assert method.__doc__, name
    missing = [name for name in mythgate.client.__all__ if not hasattr(mythgate.client, name)]
    assert missing == []


ORIGINAL_NAMES = """
protocol ProtocolHandler ProtocolError MessageType MessagePriority BaseMessage AuthRequest AuthResponse ChatMessage
CharacterUpdateMessage MoveMessage PartyInviteMessage PartyUpdateMessage CombatActionMessage CombatStateMessage
ShardCapturedMessage WorldStateMessage ErrorMessage create_auth_request create_auth_response create_chat_message
create_character_update create_move_message create_party_invite create_shard_captured_message
create_world_state_message NetworkClient NearbyPlayer EncryptionHandler create_client_and_connect
"""


def test_the_names_of_the_original_are_here() -> None:
    """Those of its client and its messages; those of its server are another thing here."""
    assert set(ORIGINAL_NAMES.split()) <= set(mythgate.client.__all__)
    assert (
        mythgate.client.EncryptionHandler(derive_key("secret")).decrypt(
            FrameCipher.of_phrase("secret").encrypt("Hello")
        )
        == "Hello"
    )


# --- what was recorded ---------------------------------------------------------------------------------


def without_time(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "ws_text": entry["ws_text"] | {"timestamp": "<float>"}} if "ws_text" in entry else entry


async def test_calls_cause_the_recorded_traffic(server: OriginalServer) -> None:
    client = NetworkClient(server.url, reconnect=False, timeout=5)
    for call in VECTORS["client_calls"]:
        method = call["method"]
        server.traffic.clear()
        if method == "ping":
            client.answers_ping = True  # else a ping of WebSocket is all that goes out
        returned = await getattr(client, method)(*call["args"], **call["kwargs"])
        wanted = call["traffic"]
        if method == "invite_to_party":  # a stub in the original
            wanted, call["returns"] = [ANSWER_TO_INVITATIONS], False
        assert returned == call["returns"], call
        await settled(lambda wanted=wanted: len(server.traffic) >= len(wanted))  # type: ignore[misc]
        seen = [without_time(one) for one in server.traffic]
        if method == "connect":
            log_in = seen.pop()["ws_text"]  # the original trips over its own check before it says this
            assert (log_in["type"], log_in["username"], log_in["password"]) == (
                "auth_request",
                "aldra",
                "session-token",
            )
            assert log_in["session_token"] == client.session_token
            assert client.connected
            assert client.authenticated
        assert seen == wanted, call
    assert not client.connected
    assert client.session_token is None
    assert (client.username, client.player_id, client.character_id) == ("aldra", 77, 11)
    await client.disconnect()
    assert server.traffic[1:] == []


def shown(client: NetworkClient) -> list[dict[str, Any]]:
    names = ("player_id", "character_id", "character_name", "location_id", "position", "faction", "level")
    return [{name: getattr(one, name) for name in names} for one in client.get_nearby_players()]


MENDED: dict[int, dict[str, Any]] = {
    1: {"location_id": 3},  # the recording forgets what is left out
    2: {"faction": "Golden Order", "level": 9},  # and keeps what has changed
    3: {"faction": "Golden Order", "level": 9},
}


async def test_people_nearby_as_recorded(server: OriginalServer, client: NetworkClient) -> None:
    heard: list[Message] = []
    client.register_handler("*", heard.append)
    for number, step in enumerate(VECTORS["nearby"]):
        await server.tell(step["inbound"])
        await settled(lambda number=number: len(heard) > number)  # type: ignore[misc]
        wanted = [one | MENDED.get(min(number, 3), {}) for one in step["nearby_after"] if one["character_id"] == 12]
        assert shown(client) == wanted  # oneself is not among them, other than in the recording
    [borin] = client.get_nearby_players(5)
    assert borin.last_seen is not None
    assert borin.last_seen.tzinfo is not None
    assert client.get_nearby_players(3) == []


async def test_people_who_leave_are_not_nearby(server: OriginalServer, client: NetworkClient) -> None:
    client.update_nearby_player({"character_id": 12, "character_name": "Borin Slate", "location_id": 3})
    client.update_nearby_player({"character_id": 13, "character_name": "Cato", "location_id": 4})
    client.update_nearby_player({"character_id": 14, "character_name": "Dara", "location_id": 4})
    client.update_nearby_player({"character_name": "nobody"})
    await server.tell(envelope("player_left_area", character_id=13))
    await settled(lambda: 13 not in client.nearby_players)
    await server.tell(envelope("location_update", character_id=11, location_id=4))
    await settled(lambda: [*client.nearby_players] == [14])
    assert isinstance(client.nearby_players[14], NearbyPlayer)
    await server.cut()
    await settled(lambda: not client.nearby_players)


# --- an original server ----------------------------------------------------------------------------------


async def test_no_ping_before_a_pong(server: OriginalServer, client: NetworkClient) -> None:
    await client.ping()
    await settled(lambda: client.latency is not None)  # WebSocket has pings of its own
    assert server.sent() == []
    await server.tell(envelope("pong"))
    await settled(lambda: client.answers_ping)
    await client.ping()
    await settled(lambda: [one["type"] for one in server.sent()] == ["ping"])
    await client.disconnect()
    await client.ping()


async def test_a_server_that_answers_nothing_takes_only_time(server: OriginalServer, client: NetworkClient) -> None:
    client.timeout = 0.05
    said: list[ChatMessage] = []
    client.register_handler(MessageType.CHAT, said.append)
    assert await client.accept_party_invite() is False
    assert isinstance(client.last_error, Unsent)
    assert await client.start_combat("corrupt_wolf") is None
    assert await client.kick_from_party(4, 12) is False
    assert await client.disband_party() is False
    assert await client.wait_for("party_update") is None
    assert await client.create_character("Borin") is None  # it says yes and makes nothing
    assert await client.leave_party() is False
    assert await client.get_party(4) is None
    assert await client.register("borin", PASSWORD) is True
    assert await client.get_world_events() == []
    assert (await client.get_status() or {})["uptime"] == "N/A"
    await client.send_chat("Hello")
    await settled(lambda: [one.content for one in said] == ["Hello"])


async def test_a_socket_that_is_never_logged_in(server: OriginalServer) -> None:
    server.silent = True
    async with NetworkClient(server.url, reconnect=False, timeout=0.1) as client:
        assert await client.connect("aldra", PASSWORD)  # the account is
        assert not client.authenticated
        assert client.state in {ConnectionState.CONNECTING, ConnectionState.FAILED}
        assert [one["id"] for one in await client.get_characters()] == [11]


async def test_no_server(server: OriginalServer) -> None:
    problems: list[Exception] = []
    client = NetworkClient("http://127.0.0.1:9", timeout=5)
    client.on_error(problems.append)
    assert await client.connect("aldra", PASSWORD) is False
    assert await client.get_characters() == []
    assert await client.reconnect() is False
    assert await client.get_world_state() is None
    assert await client.get_shard_status() is None
    assert await client.wait_for_login() is False
    assert [type(one) for one in problems] == [Unsent] * 5
    await client.disconnect()
    assert await create_client_and_connect("aldra", PASSWORD, "http://127.0.0.1:9") is None
    connected = await create_client_and_connect("aldra", PASSWORD, server.url)
    assert connected is not None
    assert connected.authenticated
    await connected.disconnect()


# --- a line that breaks ------------------------------------------------------------------------------------


async def test_what_is_said_meanwhile_is_kept_and_sent_in_order(server: OriginalServer, client: NetworkClient) -> None:
    server.drops = 3
    await server.cut()
    await settled(lambda: not client.authenticated)
    for number in range(5):
        await client.send_chat(f"word {number}")
        await client.send_position_update({"x": float(number)})
    assert await client.wait_for_login()
    await settled(lambda: len(server.sent()) == 6)
    texts = [one.get("content") for one in server.sent() if one["type"] == "chat"]
    assert texts == [f"word {number}" for number in range(5)]
    assert [one["position"] for one in server.sent() if one["type"] == "move"] == [{"x": 4.0}]  # the last counts
    selected = [one for one in server.traffic if one.get("path") == "/api/characters/select"]
    assert len(selected) == 2  # it is played again


async def test_an_expired_session_is_opened_anew(server: OriginalServer, client: NetworkClient) -> None:
    first = client.session_token
    server.tokens.clear()  # it was started again
    await server.cut()
    await settled(lambda: client.authenticated and client.session_token != first)
    await client.send_chat("back")
    await settled(lambda: [one.get("content") for one in server.sent()] == ["back"])


async def test_who_is_logged_in_elsewhere_stays_out(server: OriginalServer, client: NetworkClient) -> None:
    problems: list[Exception] = []
    client.on_error(problems.append)
    await server.tell(envelope("disconnect", reason="session_ended"))
    await server.cut()
    await settled(lambda: client.state == "disconnected" and len(problems) == 1)
    assert await client.send(BareMessage(type="party_decline")) is False
    assert [str(one) for one in problems] == ["The connection ended.", "Not connected."]
    assert await client.reconnect()  # on request it comes back
    assert client.state == "connected"


async def test_attempts_end(server: OriginalServer) -> None:
    async with NetworkClient(server.url, backoff=impatience(2), timeout=5) as client:
        server.drops = 1000
        assert await client.connect("aldra", PASSWORD)
        await settled(lambda: client.state is ConnectionState.FAILED)
        assert len([one for one in server.traffic if "ws_open" in one]) == 3
        server.drops = 0
        assert await client.reconnect()


async def test_only_so_much_is_kept(server: OriginalServer) -> None:
    server.silent = True
    async with NetworkClient(server.url, timeout=0.05, backoff=impatience()) as client:
        await client.connect("aldra", PASSWORD)
        client.character_id = 11
        for _ in range(101):
            await client.send_chat("Hello")
        assert isinstance(client.last_error, TooMany)


# --- handlers ----------------------------------------------------------------------------------------------


async def test_handlers_sync_and_async_in_order_and_over_faults(
    server: OriginalServer, client: NetworkClient, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []
    problems: list[Exception] = []

    class Listener:
        async def __call__(self, message: Message) -> None:
            called.append("object")

    async def slow(message: Message) -> None:
        await asyncio.sleep(0)
        called.append("async")

    def twice(message: Message) -> None:
        called.append("twice")

    def broken(message: Message) -> None:
        raise LookupError("oops")

    def broken_too(error: Exception) -> None:
        raise error

    async def note(error: Exception) -> None:
        problems.append(error)

    client.register_handler("chat", slow)
    client.register_handler(MessageType.CHAT, twice)
    client.register_handler("chat", twice)
    client.register_handler("chat", broken)
    client.register_handler("chat", Listener())
    undo = client.register_handler("*", lambda message: called.append(f"any {message.type}"))
    client.on_error(broken_too)
    client.on_error(note)
    whisper = envelope("whisper", sender_id=12, sender_name="borin", content="psst", recipient_id=11, channel="whisper")
    await server.tell(whisper)
    with caplog.at_level(logging.ERROR):
        await client.send_chat("Hello")
        await settled(lambda: "any chat" in called)
    assert called == ["any whisper", "async", "twice", "twice", "object", "any chat"]
    assert [type(one) for one in problems] == [LookupError]
    assert [one.message for one in caplog.records] == ["a handler failed", "a handler of errors failed"]
    undo()
    undo()
    client.unregister_handler("chat", twice)
    client.unregister_handler("chat", broken)
    client.unregister_handler("chat", broken)
    called.clear()
    await client.send_chat("Hello")
    await settled(lambda: called == ["async", "twice", "object"])


async def test_a_handler_may_wait_for_the_server_and_leave(server: OriginalServer, client: NetworkClient) -> None:
    answers: list[Any] = []

    async def answer(message: ChatMessage) -> None:
        if message.content == "Hello":
            await client.send_chat("Hello yourself")
            heard = await client.wait_for("chat", lambda one: one.content == "Hello yourself")
            answers.append(heard is not None)
            await client.disconnect()

    client.register_handler("chat", answer)
    await client.send_chat("Hello")
    await settled(lambda: client.state == "disconnected")
    assert answers == [True]
    assert await client.connect("aldra", PASSWORD)
    assert client.authenticated
    await client.send_chat("Hello")  # handlers stay
    await settled(lambda: answers == [True, True])


async def test_errors_come_as_refusals_and_noise_as_what_it_is(server: OriginalServer, client: NetworkClient) -> None:
    problems: list[Exception] = []
    undo = client.on_error(problems.append)
    await server.tell(envelope("error", error_code="NOT_YOUR_TURN", error_message="Wait."))
    await server.tell(envelope("error", error_code="SOMETHING_ELSE", error_message="No."))
    await server.tell({"type": "chat"})
    await settled(lambda: len(problems) == 3)
    assert [getattr(one, "retry_after", None) for one in problems] == [None] * 3
    assert [getattr(one, "code", "") for one in problems[:2]] == ["NOT_YOUR_TURN", "SOMETHING_ELSE"]
    assert type(problems[0]).__name__ == "NotYourTurn"
    assert type(problems[1]) is Refused
    assert isinstance(problems[2], ProtocolError)
    undo()
    undo()
    with pytest.raises(LookupError):
        waiting = asyncio.create_task(client.wait_for("chat", lambda one: {}[one.content]))
        await asyncio.sleep(0)
        await client.send_chat("Hello")
        await waiting
    assert len(problems) == 3


@pytest.mark.parametrize(
    ("told", "seconds"), [(1.5, 1.5), (0, 0), ("2", 2), (-1, None), (1e12, None), ("soon", None), (True, None)]
)
async def test_how_long_to_wait(
    server: OriginalServer, client: NetworkClient, told: object, seconds: float | None
) -> None:
    problems: list[Exception] = []
    client.on_error(problems.append)
    await server.tell(
        envelope("error", error_code="RATE_LIMITED", error_message="Wait.", details={"retry_after": told})
    )
    await settled(lambda: len(problems) == 1)
    assert isinstance(problems[0], TooMany)
    assert problems[0].retry_after == (None if seconds is None else timedelta(seconds=seconds))
    server.odd["/api/status"] = (429, '{"error": "Not now."}')
    server.retry_after = str(told)
    assert await client.get_status() is None
    assert isinstance(client.last_error, TooMany)
    assert client.last_error.retry_after == problems[0].retry_after


SILLY: tuple[Any, ...] = (object(), [1], {"a": object()}, b"x", "\ud800", 1.5, float("nan"), 2**70, None)


@pytest.mark.parametrize(
    "call",
    [
        lambda client, silly: client.register(silly, silly),
        lambda client, silly: client.create_character("Zed Vann", stats=silly),
        lambda client, silly: client.create_character(silly, silly, silly, silly),
        lambda client, silly: client.select_character(silly),
        lambda client, silly: client.delete_character(silly),
        lambda client, silly: client.send_move(silly, silly, silly),
        lambda client, silly: client.send_chat(silly, silly, silly),
        lambda client, silly: client.send_chat("Hello", silly),
        lambda client, silly: client.create_party(silly),
        lambda client, silly: client.invite_to_party(silly, silly),
        lambda client, silly: client.leave_party(silly),
        lambda client, silly: client.send_combat_action(silly, silly, silly, silly, silly),
        lambda client, silly: client.accept_trade(silly, silly),
        lambda client, silly: client.update_trade(silly, silly, silly),
        lambda client, silly: client.update_trade("trade-1", 1, silly),
        lambda client, silly: client.get_world_events(silly),
        lambda client, silly: client.send(silly),
    ],
)
async def test_nothing_that_is_given_makes_a_method_raise(
    client: NetworkClient, call: Callable[[NetworkClient, Any], Awaitable[object]]
) -> None:
    for silly in SILLY:
        client.character_id = 11
        await call(client, silly)
        client.update_nearby_player(silly)
    assert client.nearby_players == {}
    assert client.authenticated


async def test_three_numbers_are_a_position(server: OriginalServer, client: NetworkClient) -> None:
    await client.send_position_update((1, 2, 3), [0, 0, 0.5])
    await settled(lambda: len(server.sent()) == 1)
    sent = server.sent()[0]
    assert (sent["position"], sent["velocity"]) == ({"x": 1, "y": 2, "z": 3}, {"x": 0, "y": 0, "z": 0.5})
    for wrong in ({"x": float("nan")}, {1: 2.0}, (1, 2), (1, 2, 10**400), (), "abc", 5):
        await client.send_move(2, position=wrong)  # type: ignore[arg-type]
        assert isinstance(client.last_error, InvalidInput)
        assert str(client.last_error) == "A position is three finite numbers, (x, y, z), or an object of x, y and z."
        client.last_error = None
    assert len(server.sent()) == 1


async def test_what_cannot_be_sent(server: OriginalServer, client: NetworkClient) -> None:
    await client.update_trade("trade-1", 5, [{"item_id": 1, "quantity": 1.5}])  # type: ignore[dict-item]
    assert isinstance(client.last_error, InvalidInput)
    assert server.sent() == []
    await client.send_move("here")  # type: ignore[arg-type]
    assert isinstance(client.last_error, ProtocolError)
    await client.send_chat("")
    assert isinstance(client.last_error, InvalidInput)
    client.character_id = None
    client.last_error = None
    for nothing in (
        client.send_chat("Hello"),
        client.send_faction_chat("Hello"),
        client.send_position_update({"x": 1.0}),
        client.decline_party_invite(),
        client.accept_party_invite(),
        client.start_combat("corrupt_wolf"),
    ):
        await nothing
        assert isinstance(client.last_error, NoCharacter)
    broken = ChatMessage(sender_id=1, sender_name="a", content="a")
    broken.timestamp = float("inf")
    assert await client.send(broken) is False
    assert server.sent() == []


async def test_wrong_answers_over_rest(server: OriginalServer, client: NetworkClient) -> None:
    server.tokens.clear()
    assert await client.get_characters() == []
    assert isinstance(client.last_error, AuthenticationError)
    assert str(client.last_error) == "Unauthorized"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, "<html>"), ProtocolError),
        ((200, "[1]"), ProtocolError),
        ((200, "{}"), ProtocolError),
        ((502, "Bad Gateway"), Refused),
        ((503, '{"error": "Full."}'), Unavailable),
    ],
)
async def test_answers_that_are_none(
    server: OriginalServer, client: NetworkClient, answer: tuple[int, str], kind: type[Exception]
) -> None:
    problems: list[Exception] = []
    client.on_error(problems.append)
    server.odd = dict.fromkeys(("/api/characters", "/api/world/events", "/api/party/create"), answer)
    for asked, failed in (
        (client.get_characters(), []),
        (client.get_world_events(), None),
        (client.create_party(), None),
        (client.create_character("Cato", stats={"strength": 60}), None),
    ):
        assert await asked == failed
        assert [type(one) for one in problems] == [kind]
        problems.clear()
    server.odd = {"/api/auth/login": answer, "/api/auth/logout": answer}
    assert await client.connect("aldra", PASSWORD) is False
    assert [type(one) for one in problems] == [kind]


async def test_a_server_that_forgets_whom_it_has_just_let_in(server: OriginalServer, client: NetworkClient) -> None:
    server.forgetful = True
    await server.cut()
    await settled(lambda: client.state is ConnectionState.FAILED)
    assert isinstance(client.last_error, AuthenticationError)
    log_ins = [one for one in server.traffic if one.get("path") == "/api/auth/login"]
    assert len(log_ins) == 2  # the one at first, and one more


async def test_a_farewell_without_a_server(server: OriginalServer, client: NetworkClient) -> None:
    server.odd = {"/api/auth/logout": (500, ""), "/api/characters/select": (404, '{"error": "Gone."}')}
    await server.cut()
    await settled(lambda: isinstance(client.last_error, NotFound))  # who was played is gone
    assert await client.wait_for_login()
    for one in list(server.sockets):
        await one.ping()  # it wants to know, too
        await one.send_bytes(b"nothing")
    await client.ping()
    await settled(lambda: client.latency is not None)
    await client.disconnect()
    assert str(client.last_error) == "The server answered 500."
    assert client.session_token is None


async def test_what_is_given_to_a_line_that_is_just_gone_is_kept(server: OriginalServer, client: NetworkClient) -> None:
    assert client.ws is not None
    await client.ws.close()  # here nobody has noticed yet
    await client.send_chat("Hello")
    await settled(lambda: [one.get("content") for one in server.sent()] == ["Hello"])


# --- encryption --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"encryption_phrase": "secret"}, {"encryption_key": derive_key("secret")}])
async def test_encrypted_frames(server: OriginalServer, options: dict[str, Any]) -> None:
    async with NetworkClient(server.url, timeout=5, **options) as client:
        assert client.encryption_enabled
        assert await client.connect("aldra", PASSWORD)
        assert client.authenticated  # the log-in goes in clear, as every server reads it
        await client.select_character(11)
        await client.send_chat("Hello")
        await settled(lambda: "ws_noise" in server.traffic[-1])
        cipher = FrameCipher.of_phrase("secret")
        assert '"Hello"' in cipher.decrypt(server.traffic[-1]["ws_noise"])
        heard: list[Message] = []
        client.register_handler("chat", heard.append)
        for one in list(server.sockets):
            await one.send_str(server.traffic[-1]["ws_noise"])
        await settled(lambda: len(heard) == 1)
        for one in list(server.sockets):
            await one.send_str("bm9uc2Vuc2U=")
        await settled(lambda: isinstance(client.last_error, ProtocolError))


@pytest.mark.parametrize(
    ("told", "given", "rounds"),
    [
        (None, None, 100_000),
        (150_000, None, 150_000),
        (99_999, None, 100_000),
        (10**9, None, 100_000),
        ("150000", None, 100_000),
        (150_000, 120_000, 120_000),
    ],
)
async def test_a_key_is_made_in_as_many_rounds_as_the_server_says(
    server: OriginalServer, told: object, given: int | None, rounds: int
) -> None:
    """Unless it says too few, or so many that it would take for ever."""
    server.says_at_login = {} if told is None else {"encryption_iterations": told}
    async with NetworkClient(server.url, timeout=5, encryption_phrase="secret", encryption_iterations=given) as client:
        assert await client.connect("aldra", PASSWORD)
        await client.select_character(11)
        await client.send_chat("Hello")
        await settled(lambda: "ws_noise" in server.traffic[-1])
        assert '"Hello"' in FrameCipher.of_phrase("secret", rounds).decrypt(server.traffic[-1]["ws_noise"])


def test_a_phrase_is_no_key() -> None:
    assert not NetworkClient().encryption_enabled
    with pytest.raises(ValueError, match="not both"):
        NetworkClient(encryption_phrase="a", encryption_key="b")
    with pytest.raises(ValueError, match="key"):
        NetworkClient(encryption_key="your-secret-key")


def test_the_environment_may_name_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTER_SERVER_URL", raising=False)
    assert NetworkClient().master_server_url == "http://localhost:8888"
    monkeypatch.setenv("MASTER_SERVER_URL", "http://play.example.org/")
    assert NetworkClient().master_server_url == "http://play.example.org"
    assert NetworkClient("http://other.example.org").master_server_url == "http://other.example.org"

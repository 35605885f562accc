"""The native WebSocket end to end: real sockets, a real client, uvloop and the standard loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket as sockets
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import ormsgpack
import pytest
from tests.support.loops import on_both_loops
from tests.support.playground import IN_SECONDS, Playground, playground, token_protocols
from tests.support.rawsocket import masked, raw_peer

from mythgate.domain.events import Disconnect
from mythgate.domain.ids import AccountId, CharacterId, SessionId
from mythgate.doors.http.play import PlayOptions
from mythgate.realtime.limits import RealtimeLimits
from mythgate.services.sessions import Expiring
from mythgate.wire.websocket import CLOSE

Socket = aiohttp.ClientWebSocketResponse


async def receive(socket: Socket) -> dict[str, Any]:
    """The next event."""
    async with asyncio.timeout(5):
        message = await socket.receive()
    assert message.type is aiohttp.WSMsgType.TEXT, message
    event: dict[str, Any] = json.loads(message.data)
    return event


async def data(socket: Socket) -> Any:
    """The next message as it came."""
    async with asyncio.timeout(5):
        return (await socket.receive()).data


async def until(socket: Socket, event_type: str) -> list[dict[str, Any]]:
    """Events up to and including the next one of that type."""
    events = [await receive(socket)]
    while events[-1]["event_type"] != event_type:
        events.append(await receive(socket))
    return events


async def ending(socket: Socket) -> tuple[list[dict[str, Any]], int | None]:
    """The events up to the close, and its code."""
    events = []
    async with asyncio.timeout(10):
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            events.append(json.loads(message.data))
    return events, socket.close_code


async def holds(condition: Callable[[], object]) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


def path(name: str, more: str = "") -> str:
    return f"/api/ws?session_id=session-{name}{more}"


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def join(http: aiohttp.ClientSession, ground: Playground, name: str, more: str = "", **options: Any) -> Socket:
    socket: Socket = await http.ws_connect(ground.url(path(name, more)), protocols=token_protocols(name), **options)
    await until(socket, "game_state")
    return socket


# --- joining and talking ---


@on_both_loops
async def test_join_say_hear() -> None:
    async with playground() as ground, client() as http:
        ann = await http.ws_connect(ground.url(path("ann")), protocols=token_protocols("ann"))
        assert ann.protocol == "bearer"
        state = await receive(ann)
        assert state["event_type"] == "game_state"
        assert state["sequence_number"] == 1
        assert state["data"]["session_id"] == "session-ann"
        bob = await join(http, ground, "bob")
        await ann.send_json({"command": "say", "args": ["hello", "there"], "message_id": "m-1"})
        heard = (await until(bob, "chat_message"))[-1]
        assert heard["data"]["message"] == "hello there"
        own = await until(ann, "command_response")
        assert [event["event_type"] for event in own] == ["chat_message", "command_response"]
        assert own[-1]["reply_to"] == "m-1"
        assert own[-1]["priority"] == "high"
        assert [event["sequence_number"] for event in own] == [2, 3]


@pytest.mark.parametrize(
    "message",
    [
        '{"command":"say hello"}',
        '{"type":"command","data":{"command":"say","args":["hello"]},"csrfToken":"x"}',
        '{"message":"{\\"command\\":\\"say hello\\"}"}',
        '[{"command":"say hello"}]',
        '{"type":"chat","data":{"message":"hello"}}',
    ],
)
@on_both_loops
async def test_every_form_is_understood(message: str) -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        await ann.send_str(message)
        assert (await until(ann, "chat_message"))[-1]["data"]["message"] == "hello"


@on_both_loops
async def test_nobody_is_taken_for_another_or_reaches_beyond_all_bounds() -> None:
    foreign = {"player_id": "c:bob", "character_id": "c:bob", "sender": "bob", "sender_id": "bob", "account_id": "bob"}
    async with playground() as ground, client() as http:
        ann, bob = await join(http, ground, "ann"), await join(http, ground, "bob")
        await ann.send_json({"type": "position", "data": {"position": [1, 2, 3], **foreign}, **foreign})
        assert (await until(bob, "position_update"))[-1]["data"]["player_id"] == "c:ann"
        await ann.send_json({"command": "say", "args": ["hi"], **foreign})
        assert (await until(bob, "chat_message"))[-1]["data"]["player_id"] == "c:ann"
        for number in ("1e400", "-1e999", "NaN", str(10**40), "1" * 400, '"1"', "null", "true", "{}"):
            await ann.send_str('{"type":"position","data":{"position":[1,2,' + number + "]}}")
            refused = (await until(ann, "error"))[-1]["data"]
            assert refused["code"] in ("invalid_message", "invalid_json"), number
            assert refused["message"]
        await ann.send_json({"command": "say", "args": ["still here"]})
        told = await until(bob, "chat_message")
        assert [event["event_type"] for event in told] == ["chat_message"]  # bob heard of none of them


@on_both_loops
async def test_ping_and_position() -> None:
    async with playground() as ground, client() as http:
        ann, bob = await join(http, ground, "ann"), await join(http, ground, "bob")
        await ann.send_json({"type": "ping", "data": {"sent": 12.5}, "message_id": "p"})
        pong = await receive(ann)
        assert (pong["event_type"], pong["data"], pong["reply_to"]) == ("pong", {"sent": 12.5}, "p")
        await ann.send_json({"type": "position", "data": {"position": [1, 2, 3]}})
        moved = (await until(bob, "position_update"))[-1]
        assert moved["data"] == {"player_id": "c:ann", "position": [1.0, 2.0, 3.0], "velocity": [0.0, 0.0, 0.0]}
        assert moved["priority"] == "low"


@on_both_loops
async def test_quit_leaves_for_good() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        await ann.send_json({"command": "quit"})
        events, code = await ending(ann)
        assert [event["event_type"] for event in events] == ["command_response", "disconnect"]
        assert events[-1]["data"]["may_reconnect"] is False
        assert code == 4500
        assert ground.game.present == {}
        assert ground.hub.stream_of(CharacterId("c:ann")) is None


@on_both_loops
async def test_msgpack_both_ways() -> None:
    async with playground() as ground, client() as http:
        ann = await http.ws_connect(ground.url(path("ann")), protocols=token_protocols("ann", "mythgate.msgpack"))
        assert ann.protocol == "mythgate.msgpack"
        state = ormsgpack.unpackb(await data(ann))
        assert (state["event_type"], state["sequence_number"]) == ("game_state", 1)
        await ann.send_bytes(ormsgpack.packb({"command": "say", "args": ["hi"]}))
        heard = ormsgpack.unpackb(await data(ann))
        assert (heard["event_type"], heard["sequence_number"]) == ("chat_message", 2)
        await ann.send_str('{"command":"say again"}')  # JSON text is understood all the same
        assert ormsgpack.unpackb(await data(ann))["event_type"] == "command_response"


@on_both_loops
async def test_batches() -> None:
    async with playground(RealtimeLimits(merge_window=0.05)) as ground, client() as http:
        ann = await join(http, ground, "ann", "&batch=1")
        for number in range(5):
            ground.game.say(CharacterId("c:bob"), str(number))
        frames: list[Any] = []
        together: list[dict[str, Any]] = []
        while len(together) < 5:
            frames.append(json.loads(await data(ann)))
            together += frames[-1] if isinstance(frames[-1], list) else [frames[-1]]
        assert [event["sequence_number"] for event in together] == [2, 3, 4, 5, 6]
        assert len(frames) <= 2


@pytest.mark.parametrize("name", ["json", "msgpack", "batch"])
@on_both_loops
async def test_compression(name: str) -> None:
    async with playground() as ground, client() as http:
        protocols = token_protocols("ann", *(("mythgate.msgpack",) if name == "msgpack" else ()))
        url = ground.url(path("ann", "&batch=1" if name == "batch" else ""))
        ann = await http.ws_connect(url, protocols=protocols, compress=15, max_msg_size=0)
        assert ann.compress
        await data(ann)
        ground.game.say(CharacterId("c:bob"), "short")
        await data(ann)
        words = "many words " * 500
        for _ in range(3):
            ground.game.say(CharacterId("c:bob"), words)
        heard: list[dict[str, Any]] = []
        while len(heard) < 3:
            raw = await data(ann)
            value = ormsgpack.unpackb(raw) if name == "msgpack" else json.loads(raw)
            heard += value if isinstance(value, list) else [value]
        assert [event["data"]["message"] for event in heard] == [words] * 3


# --- resuming ---


@on_both_loops
async def test_resume_repeats_exactly_what_is_missing() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        await ann.close()
        await holds(lambda: ground.game.told == [("detached", "c:ann")])
        for number in range(5):
            ground.game.say(CharacterId("c:bob"), f"line {number}")
        ann = await http.ws_connect(ground.url(path("ann", "&last_seq=2")), protocols=token_protocols("ann"))
        events = [await receive(ann) for _ in range(4)]
        assert [event["sequence_number"] for event in events] == [3, 4, 5, 6]
        assert [event["data"]["message"] for event in events] == [f"line {number}" for number in range(1, 5)]
        assert ground.game.told == [("detached", "c:ann"), ("returned", "c:ann")]


@on_both_loops
async def test_what_cannot_be_resumed_is_reset_with_a_fresh_state() -> None:
    async with playground() as ground, client() as http:
        ann = await http.ws_connect(ground.url(path("ann", "&last_seq=17")), protocols=token_protocols("ann"))
        reset, state = await receive(ann), await receive(ann)
        assert (reset["event_type"], reset["data"]["reason"]) == ("reset", "unknown_session")
        assert state["event_type"] == "game_state"
        assert [reset["sequence_number"], state["sequence_number"]] == [1, 2]
        await ann.close()
        await holds(lambda: ground.game.told)
        ann = await http.ws_connect(ground.url(path("ann", "&last_seq=17")), protocols=token_protocols("ann"))
        reset, state = await receive(ann), await receive(ann)
        assert reset["data"]["reason"] == "ahead"
        assert (state["event_type"], state["sequence_number"]) == ("game_state", 4)


@on_both_loops
async def test_the_same_session_again_takes_over() -> None:
    async with playground() as ground, client() as http:
        older = await join(http, ground, "ann")
        newer = await http.ws_connect(ground.url(path("ann", "&last_seq=1")), protocols=token_protocols("ann"))
        events, code = await ending(older)
        assert events[-1]["event_type"] == "disconnect"
        assert code == 4502
        ground.game.say(CharacterId("c:bob"), "still there")
        assert (await until(newer, "chat_message"))[-1]["data"]["message"] == "still there"


@on_both_loops
async def test_another_session_of_the_account_takes_over() -> None:
    async with playground() as ground, client() as http:
        older = await join(http, ground, "ann")
        newer = await http.ws_connect(ground.url("/api/ws?session_id=other-session"), protocols=token_protocols("ann"))
        assert (await receive(newer))["sequence_number"] == 1
        assert (await ending(older))[1] == 4502
        assert next(iter(ground.hub.streams())).play_id == "other-session"


@on_both_loops
async def test_session_ended_closes() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        farewell = Disconnect("session_ended", "You are signed out.", may_reconnect=False, code=4501)
        ground.hub.close_session(SessionId("login:ann"), farewell)
        events, code = await ending(ann)
        assert events[-1]["data"]["code"] == code == 4501


@on_both_loops
async def test_session_expiring_is_told() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        soon = ground.game.clock.now() + IN_SECONDS
        ground.game.expire_soon = [Expiring(SessionId("login:ann"), AccountId("ann"), soon)]
        ground.door.tick()
        assert (await receive(ann))["event_type"] == "session_expiring"


# --- refusals ---


@pytest.mark.parametrize(
    ("url", "protocols", "code", "error"),
    [
        ("/api/ws?session_id=session-x", (), 4503, "authentication_failed"),
        ("/api/ws?session_id=session-x", ("bearer",), 4503, "authentication_failed"),
        ("/api/ws?session_id=session-x", ("bearer", "forged"), 4503, "invalid_token"),
        ("/api/ws?session_id=session-x", ("bearer", "t:expired"), 4401, "token_expired"),
        ("/api/ws?session_id=session-x", ("bearer", "t:nobody"), 4504, "no_character"),
        ("/api/ws?session_id=session-x&character_id=c:bob", ("bearer", "t:ann"), 4504, "not_found"),
        ("/api/ws?session_id=x", ("bearer", "t:ann"), 4404, "invalid_input"),
        ("/api/ws?session_id=session-x&last_seq=-1", ("bearer", "t:ann"), 4404, "invalid_input"),
        ("/api/ws/c:bob?session_id=session-x", ("bearer", "t:ann"), 4503, "invalid_token"),
        ("/api/ws?session_id=session-x&token=t:ann", (), 4503, "authentication_failed"),
    ],
)
@on_both_loops
async def test_refused_handshakes_say_why(url: str, protocols: tuple[str, ...], code: int, error: str) -> None:
    async with playground() as ground, client() as http:
        socket = await http.ws_connect(ground.url(url), protocols=protocols)
        events, closed = await ending(socket)
        assert [event["event_type"] for event in events] == ["error", "disconnect"]
        assert [event["sequence_number"] for event in events] == [0, 0]
        assert events[0]["data"]["code"] == error
        assert closed == events[1]["data"]["code"] == code
        assert events[1]["data"]["may_reconnect"] is (code < 4500)
        await holds(lambda: ground.door.stats.connected == 0)


@pytest.mark.parametrize("url", ["/ws/ann", "/ws/c:ann", "/api/ws/ann", "/api/ws/second:ann"])
@on_both_loops
async def test_older_addresses(url: str) -> None:
    async with playground() as ground, client() as http:
        socket = await http.ws_connect(ground.url(url + "?session_id=session-ann"), protocols=token_protocols("ann"))
        state = await receive(socket)
        assert state["player_id"] == ("second:ann" if "second" in url else "c:ann")


@on_both_loops
async def test_token_forms() -> None:
    async with playground(options=PlayOptions(token_in_query=True)) as ground, client() as http:
        for number, (query, protocols, answer) in enumerate(
            [("&token=t:ann", (), None), ("", ("t:ann",), None), ("", ("BEARER", "t:ann"), "BEARER")]
        ):
            url = ground.url(path(f"form-{number}", query))
            socket = await http.ws_connect(url, protocols=protocols)
            assert socket.protocol == answer
            assert (await receive(socket))["event_type"] == "game_state"


@on_both_loops
async def test_connections_are_limited() -> None:
    async with playground(options=PlayOptions(connections_per_address=2)) as ground, client() as http:
        held = [await join(http, ground, name) for name in ("ann", "bob")]
        third = await http.ws_connect(ground.url(path("cid")), protocols=token_protocols("cid"))
        events, code = await ending(third)
        assert code == 4429
        assert events[0]["data"]["code"] == "server_full"
        assert events[0]["data"]["retry_after"] == 10.0
        assert not any(socket.closed for socket in held)


@on_both_loops
async def test_signing_in_is_bounded_in_time() -> None:
    async with playground(options=PlayOptions(authenticate_within=0.05)) as ground, client() as http:
        socket = await http.ws_connect(ground.url(path("slow")), protocols=token_protocols("slow"))
        events, code = await ending(socket)
        assert (events[0]["data"]["code"], code) == ("unavailable", 4429)
        assert ground.door.stats.joining == 0


# --- bad messages and floods ---


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "invalid_json"),
        ('{"type":"dance"}', "unknown_type"),
        ('{"command":"' + "x" * 1001 + '"}', "message_too_long"),
        ('{"command":"' + "x" * 70_000 + '"}', "message_too_long"),
        ("[]", "invalid_message"),
    ],
)
@on_both_loops
async def test_bad_messages_get_an_error_and_the_connection_lives(message: str, code: str) -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        await ann.send_str(message)
        assert (await receive(ann))["data"]["code"] == code
        await ann.send_json({"command": "say hello"})
        assert (await receive(ann))["event_type"] == "chat_message"


@on_both_loops
async def test_broken_commands_are_a_bug_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        await ann.send_json({"command": "break", "message_id": "m"})
        error = await receive(ann)
        assert (error["data"]["code"], error["reply_to"]) == ("internal", "m")
        assert error["data"]["request_id"]
        assert "broken on purpose" in caplog.text


@on_both_loops
async def test_floods_are_warned_muted_closed() -> None:
    options = PlayOptions(commands_per_second=0.001, command_burst=5, flood_mute=60.0)
    async with playground(options=options) as ground, client() as http:
        ann = await join(http, ground, "ann")
        for _ in range(60):
            await ann.send_json({"command": "say x"})
        events, code = await ending(ann)
        assert sum(event["event_type"] == "chat_message" for event in events) == 5
        errors = [event["data"] for event in events if event["event_type"] == "error"]
        assert [error["code"] for error in errors] == ["rate_limited", "rate_limited"]
        assert errors[1]["retry_after"] == 60.0
        assert code == 4505
        assert events[-1]["event_type"] == "disconnect"
        assert ("flood", "c:ann") in ground.game.told


# --- order of commands ---


@on_both_loops
async def test_commands_are_carried_out_in_order_even_if_one_waits() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        for command in ("wait one", "say two", "say three"):
            await ann.send_json({"command": command})
        await holds(lambda: ground.door.stats.commands_suspended == 1)
        await ann.send_json({"command": "say four"})
        assert ground.game.order == []
        ground.game.release.set()
        await until(ann, "command_response")
        await holds(lambda: len(ground.game.order) == 4)
        assert ground.game.order == ["one", "two", "three", "four"]


@on_both_loops
async def test_losing_the_connection_cancels_no_command() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        for command in ("wait one", "say two"):
            await ann.send_json({"command": command})
        await holds(lambda: ground.door.stats.commands_suspended == 1)
        await ann.close()
        await holds(lambda: ("detached", "c:ann") in ground.game.told)
        ground.game.release.set()
        await holds(lambda: ground.game.order == ["one", "two"])


@on_both_loops
async def test_a_long_queue_stops_reading_and_loses_nothing() -> None:
    options = PlayOptions(commands_per_second=10_000, command_burst=10_000)
    async with playground(options=options) as ground, client() as http:
        ann = await join(http, ground, "ann")
        await ann.send_json({"command": "wait 0"})
        await holds(lambda: ground.door.stats.commands_suspended == 1)
        for number in range(1, 501):
            await ann.send_json({"command": f"say {number}"})
        ground.game.release.set()
        await holds(lambda: len(ground.game.order) == 501)
        assert ground.game.order == [str(number) for number in range(501)]


# --- the line ---


@on_both_loops
async def test_silence_is_pinged_then_closed() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann", autoping=False)
        [connection] = ground.door.connections
        for _ in range(6):
            connection.link.check_alive(5, 7)
        assert (await ann.receive()).type is aiohttp.WSMsgType.PING
        assert connection.link.check_alive(5, 7) is False
        await ann.pong()
        await holds(lambda: connection.link.protocol.silence == 0)  # type: ignore[attr-defined]
        assert connection.link.check_alive(5, 7) is True


@on_both_loops
async def test_a_round_trip_is_measured_when_somebody_asks() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann", autoping=False)
        here = CharacterId("c:ann")
        assert ground.door.round_trips([here]) == ground.door.round_trips([here]) == {}  # one ping is under way
        assert (await ann.receive()).type is aiohttp.WSMsgType.PING
        await ann.pong()
        await holds(lambda: ground.door.connections.copy().pop().link.protocol.round_trip)  # type: ignore[attr-defined]
        assert 0 < ground.door.round_trips([here])[here] < 5
        assert (await ann.receive()).type is aiohttp.WSMsgType.PING
        assert ground.door.round_trips([CharacterId("c:bob")]) == {}


@on_both_loops
async def test_a_slow_reader_is_closed_and_others_are_not() -> None:
    limits = RealtimeLimits(merge_window=0.0, outbox_events=50)
    async with playground(limits) as ground, client() as http:
        bob = await join(http, ground, "bob")
        loop = asyncio.get_running_loop()
        slow = sockets.socket()
        slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        slow.setblocking(False)
        await loop.sock_connect(slow, ("127.0.0.1", ground.port))
        request = (
            f"GET {path('slow')} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: bearer, t:snail\r\n\r\n"
        )
        await loop.sock_sendall(slow, request.encode())
        await holds(lambda: "c:snail" in ground.game.present)
        heard = 0
        words = "x" * 5000
        while ground.hub.stats.slow_closed == 0:
            ground.game.say(CharacterId("c:bob"), words)
            heard += 1
            await until(bob, "chat_message")
            assert heard < 2000
        assert ("detached", "c:snail") in ground.game.told
        slow.close()
        snail = await http.ws_connect(
            ground.url("/api/ws?session_id=session-slow&last_seq=1"), protocols=token_protocols("snail")
        )
        numbers = [(await receive(snail))["sequence_number"] for _ in range(heard)]
        assert numbers == list(range(2, heard + 2))


@on_both_loops
async def test_many_connections_leave_nothing_behind() -> None:
    async with playground(RealtimeLimits(resume_grace=0.0), PlayOptions(connections_per_address=400)) as ground:
        async with client() as http:
            for _ in range(3):
                joined = await asyncio.gather(*(join(http, ground, f"player{number}") for number in range(100)))
                await asyncio.gather(*(socket.close() for socket in joined))
                await holds(lambda: not ground.door.connections and ground.door.stats.connected == 0)
                ground.hub.tick()
        await holds(lambda: not ground.server.server_state.connections)
        assert list(ground.hub.streams()) == []
        assert ground.game.present == {}
        assert not ground.hub._topics
        assert not ground.door._addresses
        assert not ground.door._joining
        assert ground.hub.stats.streams_opened == 300
        gc.collect()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert len(tasks) == 1, tasks  # the server itself


@on_both_loops
async def test_shutdown_says_going_away() -> None:
    async with playground() as ground, client() as http:
        ann = await join(http, ground, "ann")
        bob = await join(http, ground, "bob")
        ground.server.should_exit = True
        for socket in (ann, bob):
            events, code = await ending(socket)
            assert [event["event_type"] for event in events] == ["disconnect"]
            assert events[-1]["data"]["code"] == code == 1001
        assert ground.game.told == []


@on_both_loops
async def test_nothing_is_written_behind_the_close_frame() -> None:
    async with playground() as ground:
        peer = await raw_peer(ground.port, path("ann"), "t:ann")
        await peer.until("game_state")
        [connection] = ground.door.connections
        connection.link.close(4402, "ping_timeout")
        for number in range(3):
            ground.game.say(CharacterId("c:bob"), str(number))
        assert await peer.ending() == ([], 4402)
        peer.send(masked(CLOSE, b"\x11\x32"))
        assert await peer.reader.read() == b""
        peer.close()
        await holds(lambda: ("detached", "c:ann") in ground.game.told)
        again = await raw_peer(ground.port, path("ann"), "t:ann")
        said = [(await again.until("chat_message"))["data"]["message"] for _ in range(3)]
        assert said == ["0", "1", "2"]
        again.close()


@on_both_loops
async def test_a_line_that_breaks_in_the_handshake_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async with playground() as ground:
        for number in range(20):
            peer = await raw_peer(ground.port, path(f"ann{number}"), f"t:ann{number}")
            peer.writer.transport.abort()
        await holds(lambda: ground.door.stats.connected == 0 and ground.door.stats.handshakes == 20)
        stream = next(iter(ground.hub.streams()))
        for number in range(5):
            ground.game.say(CharacterId("c:bob"), str(number))
        assert stream.last_seq
    assert [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []

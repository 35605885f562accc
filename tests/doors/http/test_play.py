"""What all connections of the native door share, without a network below: admission, order, silence, floods, faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.pipe import Pipe
from tests.support.playground import Game, build

from mythgate.domain.errors import InvalidInput, ProtocolError, RegistrationClosed, ServerFull, TooMany, Unavailable
from mythgate.domain.events import CommandResponse, Disconnect, ErrorEvent, Payload, Priority, SessionExpiring
from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId
from mythgate.doors.http.play import (
    MAX_QUEUED_COMMANDS,
    TRY_LATER,
    PlayConnection,
    PlayDoor,
    PlayOptions,
    error_payload,
    last_seq_of,
    play_id_of,
    refusal_code,
)
from mythgate.realtime.hub import Hub
from mythgate.realtime.stream import Stream
from mythgate.services.sessions import Expiring


@dataclass
class Line:
    """The transport below a connection; remembers what it was asked for."""

    done: list[Any] = field(default_factory=list)
    answers: bool = True

    def close(self, code: int, reason: str) -> None:
        self.done.append((code, reason))

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def check_alive(self, sweeps_before_ping: int, sweeps_before_close: int) -> bool:
        return self.answers

    def fail(self, reason: str) -> None:
        self.done.append(reason)

    def round_trip(self) -> float | None:
        return None


@dataclass
class Place:
    """A door without connections from outside."""

    game: Game
    hub: Hub
    door: PlayDoor

    def connect(self, name: str) -> tuple[PlayConnection, Line, Pipe]:
        """A character in the world, and the connection it is played through."""
        stream, pipe, line = self.stream(name), Pipe(self.hub), Line()
        self.hub.attach(stream, pipe)
        return PlayConnection(self.door, stream, line), line, pipe

    def stream(self, name: str) -> Stream:
        return self.hub.open(
            PlayId("session-" + name), CharacterId("c:" + name), AccountId(name), SessionId("login:" + name)
        )


@contextlib.asynccontextmanager
async def a_place(options: PlayOptions | None = None) -> AsyncIterator[Place]:
    _, game, hub, door = build(options=options)
    async with door.running():
        try:
            yield Place(game, hub, door)
        finally:
            game.release.set()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with a_place() as made:
        yield made


def command(line: str, message_id: str | None = None) -> bytes:
    return json.dumps({"command": line} | ({"message_id": message_id} if message_id else {})).encode()


def heard(pipe: Pipe) -> list[Payload]:
    return [event.payload for _, event in pipe.wire]


def answered(pipe: Pipe) -> list[str]:
    return [payload.result or payload.command for payload in heard(pipe) if isinstance(payload, CommandResponse)]


async def holds(condition: Callable[[], object]) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


# --- parameters and refusals ---


def test_a_client_that_names_no_session_gets_one_nobody_can_guess() -> None:
    made = {play_id_of(None), play_id_of(""), play_id_of(None)}
    assert len(made) == 3
    assert all(play_id_of(play_id) == play_id for play_id in made)  # it may come back with it


@pytest.mark.parametrize("value", ["short", "x" * 129, "with space", "sëssion-1", "line\nbreak"])
def test_sessions_that_cannot_be(value: str) -> None:
    with pytest.raises(InvalidInput):
        play_id_of(value)


@pytest.mark.parametrize(("value", "number"), [(None, None), ("", None), ("0", 0), ("17", 17), ("9" * 15, 10**15 - 1)])
def test_numbers_to_resume_after(value: str | None, number: int | None) -> None:
    assert last_seq_of(value) == number


@pytest.mark.parametrize("value", ["-1", "1.5", "x", "٣", "1" * 16, " 1"])
def test_numbers_nobody_can_resume_after(value: str) -> None:
    with pytest.raises(InvalidInput):
        last_seq_of(value)


def test_errors_say_what_to_do() -> None:
    waits = error_payload(TooMany("Slow down.", retry_after=timedelta(seconds=2.5)))
    assert (waits.code, waits.message, waits.retry_after) == (TooMany("").code, "Slow down.", 2.5)
    assert error_payload(InvalidInput("No.", field="name")).field == "name"
    assert error_payload(InvalidInput("No.")).field is None
    broken = error_payload(ProtocolError("What?", code="invalid_json"))
    assert (broken.code, broken.message) == ("invalid_json", "What?")


def test_a_refusal_without_a_code_of_its_own_may_be_tried_later() -> None:
    assert refusal_code(RegistrationClosed()) == TRY_LATER


# --- admission ---


async def test_places_are_counted_by_all_by_address_and_by_who_signs_in() -> None:
    options = PlayOptions(connections=3, connections_per_address=2, unauthenticated=1)
    async with a_place(options) as place:
        door = place.door
        door.admit("192.0.2.1")
        door.admit("192.0.2.1")
        with pytest.raises(ServerFull, match="address"):
            door.admit("192.0.2.1")
        async with door.authenticating():
            with pytest.raises(ServerFull, match="signing in"):
                door.admit("192.0.2.2")
        door.admit("192.0.2.2")
        with pytest.raises(ServerFull) as caught:
            door.admit("192.0.2.3")
        assert caught.value.retry_after == timedelta(seconds=10)
        door.leave("192.0.2.1")
        door.admit("192.0.2.1")
        assert (door.stats.connected, door.stats.handshakes) == (3, 7)


async def test_signing_in_too_slowly_frees_the_place() -> None:
    async with a_place(PlayOptions(authenticate_within=0.01)) as place:
        with pytest.raises(Unavailable):
            async with place.door.authenticating():
                await asyncio.Event().wait()
        assert place.door.stats.joining == 0


# --- carrying out ---


async def test_commands_behind_one_that_waits_keep_their_order_and_answers(place: Place) -> None:
    ann, line, pipe = place.connect("ann")
    ann.receive(command("wait", "m-0"))
    for number in range(1, 4):
        ann.receive(command(f"say {number}", f"m-{number}"))
    assert (answered(pipe), line.done) == ([], [])
    place.game.release.set()
    await holds(lambda: len(answered(pipe)) == 4)
    assert answered(pipe) == ["wait", "1", "2", "3"]
    replies = [event.reply_to for _, event in pipe.wire if isinstance(event.payload, CommandResponse)]
    assert replies == ["m-0", "m-1", "m-2", "m-3"]
    ann.receive(command("say 4"))  # at once again
    assert answered(pipe)[-1] == "4"
    assert place.door.stats.commands_suspended == 1


async def test_only_an_answer_with_something_to_say_does_not_wait_for_the_window(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows: list[Callable[[], None]] = []
    monkeypatch.setattr(place.hub, "_call_later", lambda _seconds, call: windows.append(call))
    responses = {
        "say": CommandResponse("say", "", True),
        "look": CommandResponse("look", "A square.", True),
        "data": CommandResponse("data", "", True, data={"a": 1}),
        "refused": CommandResponse("refused", "", False, code="muted"),
    }

    async def answer(_actor: CharacterId, line: str | None, **_more: Any) -> CommandResponse:
        assert line is not None
        return responses[line]

    monkeypatch.setattr(place.game, "execute", answer)
    ann, _, pipe = place.connect("ann")
    ann.receive(command("look"))  # from now on the window is open
    ann.receive(command("say"))
    assert answered(pipe) == ["A square."]
    windows.pop()()
    assert answered(pipe) == ["A square.", "say"]
    ann.receive(command("say"))
    for line in ("look", "data", "refused"):
        ann.receive(command(line))
    assert answered(pipe)[2:] == ["say", "A square.", "data", "refused"]  # it came along with the next
    priorities = [event.priority for _, event in pipe.wire]
    assert [priority is Priority.HIGH for priority in priorities] == [True, False, False, True, True, True]


async def test_one_that_fails_while_others_wait_stops_none_of_them(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _, pipe = place.connect("ann")
    execute = place.game.execute

    async def failing(actor: CharacterId, line: str | None, **more: Any) -> CommandResponse:
        answer = await execute(actor, line, **more)
        if line == "wait":
            raise RuntimeError("broken after waiting")
        return answer

    monkeypatch.setattr(place.game, "execute", failing)
    for text in ("wait", "break", "say on"):
        ann.receive(command(text, text))
    place.game.release.set()
    await holds(lambda: len(pipe.wire) == 3)
    assert answered(pipe) == ["on"]
    errors = [event for _, event in pipe.wire if isinstance(event.payload, ErrorEvent)]
    assert [event.reply_to for event in errors] == ["wait", "break"]
    for event in errors:
        assert isinstance(event.payload, ErrorEvent)
        assert event.payload.code == "internal"
        assert event.payload.request_id in {getattr(record, "correlation", None) for record in caplog.records}


async def test_a_long_queue_stops_reading_until_half_of_it_is_done() -> None:
    async with a_place(PlayOptions(command_burst=200)) as place:
        ann, line, pipe = place.connect("ann")
        ann.receive(command("wait"))
        for number in range(MAX_QUEUED_COMMANDS - 1):
            ann.receive(command(f"say {number}"))
        assert line.done == []
        ann.receive(command("say last"))
        assert line.done == ["pause"]
        place.game.release.set()
        await holds(lambda: len(answered(pipe)) == MAX_QUEUED_COMMANDS + 1)
        assert line.done == ["pause", "resume"]


async def test_commands_end_before_the_door_does() -> None:
    _, game, hub, door = build()
    place = Place(game, hub, door)
    with pytest.raises(LookupError, match="of the server itself"):
        async with door.running():
            ann, _, pipe = place.connect("ann")
            ann.receive(command("wait"))
            asyncio.get_running_loop().call_later(0.01, game.release.set)
            raise LookupError("of the server itself")
    assert answered(pipe) == ["wait"]
    with pytest.raises(RuntimeError, match="not running"):
        ann.receive(command("quit"))


async def test_a_command_that_is_cut_off_with_the_door_can_clean_up(monkeypatch: pytest.MonkeyPatch) -> None:
    _, game, hub, door = build()
    place = Place(game, hub, door)
    cleaned, started = [], asyncio.Event()

    async def patient(actor: CharacterId, line: str | None, **more: Any) -> CommandResponse:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(line)
        raise AssertionError("nobody sets the event")

    monkeypatch.setattr(game, "execute", patient)

    async def serve() -> None:
        async with door.running():
            ann, _, _ = place.connect("ann")
            ann.receive(command("dig"))
            started.set()

    serving = asyncio.create_task(serve())
    await started.wait()
    await asyncio.sleep(0)
    assert cleaned == []
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert cleaned == ["dig"]


async def test_who_quits_is_let_go_even_if_leaving_fails(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(character_id: CharacterId) -> bool:
        raise RuntimeError("the store is gone")

    monkeypatch.setattr(place.game, "depart", failing)
    ann, _, pipe = place.connect("ann")
    ann.receive(command("quit"))
    await holds(lambda: pipe.closed)
    assert pipe.closed == 4500
    assert isinstance(heard(pipe)[-1], Disconnect)
    assert "Leaving the world failed" in caplog.text


async def test_text_that_is_none_ends_the_connection_and_bad_json_does_not(place: Place) -> None:
    ann, line, pipe = place.connect("ann")
    ann.receive(b"{nonsense")
    assert line.done == []
    [error] = heard(pipe)
    assert isinstance(error, ErrorEvent)
    assert error.code == "invalid_json"
    ann.receive(b"\xff\xfe")
    assert line.done == ["text is not UTF-8"]
    assert place.door.stats.bad_messages == 2


# --- floods ---


async def test_a_flood_is_told_muted_and_ended() -> None:
    async with a_place(PlayOptions(commands_per_second=1.0, command_burst=5, flood_mute=10.0)) as place:
        ann, _, pipe = place.connect("ann")
        bob, _, others = place.connect("bob")
        for _ in range(5000):
            ann.receive(command("say spam"))
        assert answered(pipe) == ["spam"] * 5
        assert pipe.closed == 4505
        errors = [payload for payload in heard(pipe) if isinstance(payload, ErrorEvent)]
        assert errors
        assert len(errors) < 5  # not one for each message
        assert all(error.retry_after for error in errors)
        assert place.door.stats.flood_closed == 1
        limited = place.door.stats.rate_limited
        ann.receive(command("say spam"))  # what was on its way when it was ended
        assert place.door.stats.rate_limited == limited
        bob.receive(command("say quietly"))
        assert answered(others) == ["quietly"]


# --- silence ---


async def test_who_does_not_answer_is_closed_and_who_plays_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_place() as place:
        noted: list[SessionId] = []
        monkeypatch.setattr(place.game, "note_activity", noted.append)
        ann, line, _ = place.connect("ann")
        _, silent, _ = place.connect("bob")
        silent.answers = False
        ann.receive(command("say hello"))
        place.door.tick()
        assert noted == [SessionId("login:ann")]
        assert (line.done, silent.done) == ([], [(4402, "ping_timeout")])
        assert place.door.stats.ping_timeouts == 1
        place.door.tick()  # too early for the next look
        assert silent.done == [(4402, "ping_timeout")]


async def test_only_the_session_that_ends_soon_is_told(place: Place) -> None:
    _, _, ann = place.connect("ann")
    _, _, bob = place.connect("bob")
    ends = datetime(2030, 1, 1, tzinfo=UTC)
    place.game.expire_soon = [Expiring(SessionId("login:ann"), AccountId("ann"), ends)]
    place.door.tick()
    [told] = heard(ann)
    assert isinstance(told, SessionExpiring)
    assert told.expires_at == ends
    assert heard(bob) == []


async def test_a_connection_can_be_closed_twice(place: Place) -> None:
    ann, _, _ = place.connect("ann")
    again = PlayConnection(place.door, ann.stream, Line())
    ann.closed()
    ann.closed()
    assert place.door.connections == {again}
    assert place.door.allowance(AccountId("ann")).holders == 1

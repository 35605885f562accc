"""Who sends too much, in whatever form: muted, closed, and never at the expense of others."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from tests.support.clock import FakeClock
from tests.support.loops import on_both_loops
from tests.support.playground import Playground, build, playground, token_protocols
from tests.support.rawsocket import RawPeer, masked, raw_peer

from mythgate.domain.ids import AccountId, CharacterId, PlayId, SessionId
from mythgate.doors.http.play import PlayConnection, PlayOptions
from mythgate.realtime.limits import RealtimeLimits
from mythgate.wire.websocket import CONTINUATION, PING, PONG, TEXT, Deflate

BOMB = masked(TEXT, Deflate().compress(b'"' + b"a" * 70_000 + b'"'), compressed=True)
PATIENT = PlayOptions(commands_per_second=0.001, command_burst=20, flood_mute=60.0)


async def attacker(ground: Playground, *, deflate: bool = False) -> RawPeer:
    peer = await raw_peer(ground.port, "/api/ws?session_id=session-eve", "t:eve", deflate=deflate)
    await peer.until("game_state")
    return peer


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        (BOMB, 100_000),
        (masked(TEXT, b"x" * 70_000), 60),
        (masked(PING), 100_000),
        (masked(PONG, b"unasked"), 100_000),
        (masked(TEXT, b"", final=False) + masked(CONTINUATION), 100_000),
        (masked(TEXT, b"{}"), 100_000),
    ],
    ids=["bombs", "too long", "pings", "pongs", "fragments", "messages"],
)
@on_both_loops
async def test_every_kind_of_flood_ends_in_a_close(unit: bytes, count: int) -> None:
    async with playground(options=PATIENT) as ground:
        peer = await attacker(ground, deflate=True)
        peer.send(unit * count)
        kinds, code = await peer.ending()
        assert code == 4505
        assert kinds[-1] == "disconnect"
        assert kinds.count("error") <= 20 + 2
        assert ground.door.stats.flood_closed == 1
        assert ground.door.stats.bad_messages <= 20
        peer.close()


@on_both_loops
async def test_after_the_close_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    inflated = 0
    inflate = Deflate.inflate

    def count(payload: bytes, limit: int) -> bytes | None:
        nonlocal inflated
        inflated += 1
        return inflate(payload, limit)

    monkeypatch.setattr(Deflate, "inflate", count)
    async with playground(options=PATIENT) as ground:
        peer = await attacker(ground, deflate=True)
        peer.send(BOMB * 1000)
        await peer.ending()
        before = inflated
        assert before < 100
        peer.send(BOMB * 10_000)
        peer.send(masked(8, b"\x11\x99"))  # the peer's half of the close is still seen
        async with asyncio.timeout(4):
            assert await peer.reader.read() == b""
        assert inflated == before
        peer.close()


@on_both_loops
async def test_a_message_of_endless_empty_fragments_breaks_the_format() -> None:
    async with playground() as ground:
        peer = await attacker(ground)
        peer.send(masked(TEXT, b"", final=False) + masked(CONTINUATION, final=False) * 64)
        _, code = await peer.ending()
        assert code == 4404
        peer.close()


@on_both_loops
async def test_a_burst_is_taken_in_slices_and_loses_nothing() -> None:
    options = PlayOptions(commands_per_second=100_000, command_burst=100_000)
    unread = RealtimeLimits(outbox_events=100_000, outbox_bytes=1 << 30)
    async with playground(unread, options) as ground:
        peer = await attacker(ground)
        count = 3000
        words = b"".join(masked(TEXT, b'{"command":"say %d"}' % number) for number in range(count))
        peer.send(words)
        turns = 0
        async with asyncio.timeout(10):
            while len(ground.game.order) < count:
                before = len(ground.game.order)
                await asyncio.sleep(0)
                turns += len(ground.game.order) > before
        assert ground.game.order == [str(number) for number in range(count)]
        assert turns >= count / 64
        peer.close()


@on_both_loops
async def test_pings_at_a_decent_pace_cost_nobody_a_word() -> None:
    async with playground() as ground:
        peer = await attacker(ground)
        for _ in range(10):
            peer.send(masked(PING, b"still there?"))
            assert await peer.frame() == (PONG, b"still there?")
        peer.send(masked(TEXT, b'{"command":"say hello"}'))
        await peer.until("chat_message")
        assert ground.door.stats.rate_limited == 0
        peer.close()


@on_both_loops
async def test_a_mute_outlives_the_connection() -> None:
    async with playground(options=PATIENT) as ground, aiohttp.ClientSession() as http:
        peer = await attacker(ground)
        peer.send(masked(TEXT, b'{"command":"say x"}') * 45)
        while (await peer.until("error"))["data"]["retry_after"] != 60.0:
            pass
        peer.close()
        again = await http.ws_connect(ground.url("/api/ws?session_id=another-one"), protocols=token_protocols("eve"))
        assert (await again.receive_json())["event_type"] == "game_state"
        heard = len(ground.game.order)
        await again.send_json({"command": "say still me"})
        await again.ping()
        await again.close()
        assert len(ground.game.order) == heard == 20


@on_both_loops
async def test_connecting_too_often_is_refused() -> None:
    async with playground(options=PlayOptions(joins_per_account=3, joins_seconds=3000.0)) as ground:
        codes = []
        for number in range(5):
            peer = await raw_peer(ground.port, f"/api/ws?session_id=session-eve-{number}", "t:eve")
            if number < 3:
                await peer.until("game_state")
                peer.close()
                continue
            kinds, code = await peer.ending()
            assert kinds == ["error", "disconnect"]
            codes.append(code)
            peer.close()
        assert codes == [4429, 4429]
        other = await raw_peer(ground.port, "/api/ws?session_id=session-ann", "t:ann")
        await other.until("game_state")
        other.close()


@on_both_loops
async def test_allowances_that_are_whole_again_are_forgotten() -> None:
    options = PlayOptions(joins_seconds=0.0001, commands_per_second=100_000)
    async with playground(options=options) as ground:
        peer = await attacker(ground)
        assert len(ground.door._allowances) == 1
        ground.door.tick()
        assert len(ground.door._allowances) == 1  # held by the connection
        peer.close()
        async with asyncio.timeout(5):
            while ground.door.connections:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.001)
        ground.door._next_sweep = 0.0
        ground.door.tick()
        assert not ground.door._allowances


@pytest.mark.parametrize(("ping_interval", "pong_within", "sweeps"), [(1.0, 1.0, 2), (2.0, 1.0, 3), (25.0, 10.0, 7)])
async def test_silence_is_measured_as_finely_as_asked(ping_interval: float, pong_within: float, sweeps: int) -> None:
    """The peer never answers: it is closed after both limits and no later than a sweep after."""
    _, _, hub, door = build(options=PlayOptions(ping_interval=ping_interval, pong_within=pong_within))
    clock = FakeClock()
    door.clock = clock
    stream = hub.open(PlayId("session-ann"), CharacterId("c:ann"), AccountId("ann"), SessionId("login:ann"))
    link = Silent()
    PlayConnection(door, stream, link)
    began = clock.monotonic()
    while link.closed is None:
        door.tick()
        clock.advance(timedelta(seconds=0.5))
        assert clock.monotonic() - began < 60
    assert link.silence == sweeps
    assert clock.monotonic() - began <= ping_interval + pong_within + 0.5
    assert link.closed == 4402


class Silent:
    """A link whose peer says nothing."""

    def __init__(self) -> None:
        self.silence = 0
        self.closed: int | None = None

    def close(self, code: int, reason: str) -> None:
        self.closed = code

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def fail(self, reason: str) -> None: ...

    def round_trip(self) -> float | None: ...

    def check_alive(self, sweeps_before_ping: int, sweeps_before_close: int) -> bool:
        self.silence += 1
        return self.silence < sweeps_before_close

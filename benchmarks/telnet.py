"""What a line of talk costs for each telnet reader of a room, next to WebSockets: `python -m benchmarks.telnet`.

One process, one room of 32, real sockets; a child process reads and throws away. Each event is written by itself
(merging off). CPU is that of the process that serves. Turns alternate, and the least disturbed one counts.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from types import SimpleNamespace
from typing import Any, Final, cast

import uvloop

from mythgate.backends.system import SystemClock
from mythgate.domain.accounts import Role
from mythgate.domain.events import ChatMessage, event_of
from mythgate.domain.ids import AccountId, CharacterId, PlayId, RoomId, SessionId, room_topic
from mythgate.domain.sessions import Caller
from mythgate.doors.http.allowance import Allowance, Rates
from mythgate.doors.http.websocket import SocketSink
from mythgate.doors.telnet.line import TelnetLine
from mythgate.doors.telnet.options import TelnetOptions, TelnetStats
from mythgate.doors.telnet.playing import Playing
from mythgate.realtime.hub import Hub
from mythgate.realtime.limits import RealtimeLimits
from mythgate.wire.telnet.ansi import Depth

ROOM: Final = 32
EVENTS: Final = 300
TURNS: Final = 7
WORDS: Final = "Good evening! Is anybody up for a walk to the harbour before the tide turns?"
AGREE: Final = {"with GMCP": b"\xff\xfd\xc9", "with MCCP2": b"\xff\xfd\x56"}


class Plain(asyncio.Protocol):
    """The server's end of a WebSocket whose handshake is over."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    lost = False
    is_open = True


def room(hub: Hub, name: str) -> None:
    """Nobody yet."""
    for number in range(ROOM):
        account, character = AccountId(f"{name}{number}"), CharacterId(f"{name}:{number}")
        hub.open(PlayId(f"play-{name}-{number}"), character, account, SessionId(name))
        hub.subscribe(character, room_topic(RoomId(name)))


def tell(hub: Hub, clock: SystemClock, name: str) -> float:
    """CPU seconds of telling the room some lines."""
    began = time.process_time()
    for number in range(EVENTS):
        now = clock.now()
        said = ChatMessage(str(number), "say", "somebody", "Ada", WORDS, f"Ada says: {WORDS}", now)
        hub.publish(room_topic(RoomId(name)), event_of(said, now, room_id=name, message_id=str(number)))
    return time.process_time() - began


def read_all(port: int) -> None:
    """The child: takes whatever comes until it is killed."""
    import selectors

    readers = selectors.DefaultSelector()
    for kind in ("websocket", "telnet", *AGREE):
        for _ in range(ROOM):
            one = socket.create_connection(("127.0.0.1", port))
            one.sendall(AGREE.get(kind, b""))
            readers.register(one, selectors.EVENT_READ)
    while True:
        for key, _ in readers.select():
            if not cast("socket.socket", key.fileobj).recv(1 << 18):
                os._exit(0)


async def measure(listener: socket.socket) -> None:
    clock = SystemClock()
    hub = Hub(clock, RealtimeLimits(merge_window=0))
    kinds = ("websocket", "telnet", *AGREE)
    for kind in kinds:
        room(hub, kind)
    play = SimpleNamespace(allowance=lambda _: Allowance(Rates(20, 40, 10, 60, 10), clock.monotonic()))
    door: Any = SimpleNamespace(
        hub=hub, clock=clock, play=play, options=TelnetOptions(), stats=TelnetStats(), admit=lambda _: "",
        greet=lambda _: None, forget=lambda _: None, left_world=lambda _: None, number_of=len, status=dict,
    )  # fmt: skip
    lines: list[Any] = []

    def accepted() -> asyncio.Protocol:
        line = Plain() if len(lines) < ROOM else TelnetLine(door, encrypted=False)
        lines.append(line)
        return line

    server = await asyncio.get_running_loop().create_server(accepted, sock=listener)
    while len(lines) < ROOM * len(kinds) or not lines[-1].options._states:  # noqa: ASYNC110 (once, at the beginning)
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    for place, line in enumerate(lines):
        kind, number = kinds[place // ROOM], place % ROOM
        stream = hub.stream_of(CharacterId(f"{kind}:{number}"))
        assert stream is not None
        if kind == "websocket":
            hub.attach(stream, SocketSink(door, line, ""))
            continue
        line.choose_depth(Depth.MANY)
        caller = Caller(stream.account_id, stream.session_id, "", Role.PLAYER)
        line.listener = playing = Playing(door, line, caller, stream.character_id)
        line.prompt = b"95/95hp 110/110sp 80/80mp> "
        hub.attach(stream, playing)
    best = dict.fromkeys(kinds, float("inf"))
    for _ in range(TURNS):
        for kind in kinds:
            best[kind] = min(best[kind], tell(hub, clock, kind))
            await asyncio.sleep(0.1)
    floor = best["websocket"]
    for kind, seconds in best.items():
        cost = seconds / EVENTS / ROOM * 1e6
        name = kind if kind in ("websocket", "telnet") else f"telnet {kind}"
        print(f"{name:<20} {cost:6.2f} µs a delivered line   {seconds / floor:5.2f}")
    compressed, plain = door.stats.compressed_bytes, door.stats.plain_bytes
    print(f"MCCP2 makes {plain / max(1, door.stats.compressed_bytes):.1f} bytes one" if compressed else "")
    server.close()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    child = os.fork()
    if not child:
        listener.close()
        read_all(port)
    try:
        listener.setblocking(False)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(listener))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()

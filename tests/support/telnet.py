"""A node with its telnet door, in the test's own loop, and a client of text games to visit it.

The client is written from the RFCs and the descriptions of GMCP, MSSP and MCCP, and uses nothing of `mythgate.wire`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from tests.support.clock import FakeClock
from tests.support.databases import new_sqlite

from mythgate.backends.sql import open_store
from mythgate.backends.system import Argon2Hasher, SystemClock
from mythgate.bootstrap import Node, compose
from mythgate.config import Settings
from mythgate.doors.http.play import GOING_AWAY, PlayDoor, PlayOptions
from mythgate.doors.telnet.door import TelnetDoor
from mythgate.doors.telnet.options import TelnetOptions

SECONDS = 5.0
PASSWORD = "correct horse battery"
IAC, DONT, DO, WONT, WILL, SB, GA, EOR, SE = 255, 254, 253, 252, 251, 250, 249, 239, 240
ECHO, SGA, TTYPE, END_OF_RECORD, NAWS, CHARSET, MSSP, MCCP2, GMCP = 1, 3, 24, 25, 31, 42, 70, 86, 201
MUDLET = ("Mudlet", "ANSI-256COLOR", "MTTS 13")
ALL = frozenset({ECHO, TTYPE, END_OF_RECORD, NAWS, CHARSET, MSSP, MCCP2, GMCP})


def words(*numbers: int) -> bytes:
    return bytes((IAC, *numbers))


@dataclass
class Visitor:
    """A client. It agrees to the options in `takes`; without any it is a bare socket."""

    takes: frozenset[int] = frozenset()
    terminal: tuple[str, ...] = MUDLET
    window: tuple[int, int] = (80, 24)
    charsets: tuple[str, ...] = ("UTF-8",)
    text: str = ""
    raw: bytearray = field(default_factory=bytearray)  # all that came, inflated
    messages: list[tuple[str, Any]] = field(default_factory=list)  # GMCP
    status: dict[str, list[str]] = field(default_factory=dict)  # MSSP
    offered: list[tuple[int, int]] = field(default_factory=list)
    prompts: int = 0  # GA and EOR
    hides: bool = False  # the server said that it echoes
    compresses: bool = False
    ended: bool = False
    address: str = ""

    async def connect(self, port: int, context: ssl.SSLContext | None = None) -> Visitor:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        self.charset = "utf-8"
        self._inflater: Any = None
        self._names = iter((*self.terminal, *[self.terminal[-1]] * 20)) if self.terminal else iter(())
        self._left = b""
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        return self

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def is_hiding(self) -> bool:
        """Whether what is typed is not to be shown."""
        return self.hides

    def is_inflating(self) -> bool:
        """Whether what comes is compressed."""
        return self._inflater is not None

    # --- saying ---

    def type(self, *lines: str) -> None:
        self.send(b"".join(line.encode(self.charset) + b"\r\n" for line in lines))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def tell(self, package: str, data: object = None) -> None:
        """A GMCP message."""
        body = b"" if data is None else b" " + json.dumps(data).encode()
        self.send(words(SB, GMCP) + package.encode() + body + words(SE))

    # --- hearing ---

    async def until(self, found: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                while not found():
                    if self.ended:
                        raise AssertionError(f"the line ended; it had said:\n{self.text[-2000:]}")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"it did not come; it had said:\n{self.text[-2000:]}") from None

    async def read(self, *texts: str) -> str:
        """Everything up to the last of `texts`, which come in this order; it is taken from `text`."""
        place = 0
        for text in texts:
            await self.until(lambda: self.text.find(text, place) >= 0)  # noqa: B023 (awaited here)
            place = self.text.find(text, place) + len(text)
        heard, self.text = self.text[:place], self.text[place:]
        return heard

    async def message(self, package: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first GMCP message of that package; it and all before it are taken away."""

        def found() -> list[int]:
            return [n for n, (name, data) in enumerate(self.messages) if name == package and fits(data)]

        await self.until(found)
        place = found()[0]
        data = self.messages[place][1]
        del self.messages[: place + 1]
        return data

    async def hung_up(self) -> str:
        """What was said until the server closed the line."""
        async with asyncio.timeout(SECONDS):
            await asyncio.shield(self._reading)
        return self.text

    async def _read(self) -> None:
        try:
            while data := await self.reader.read(65536):
                self._take(data)
                self._news.set()
        except OSError:
            pass
        finally:
            self.ended = True
            self._news.set()

    def _take(self, data: bytes) -> None:
        if self._inflater is not None:
            data = self._inflater.decompress(data)
        data = self._left + data
        self.raw += data[len(self._left) :]
        place, plain = 0, bytearray()
        while place < len(data):
            if data[place] != IAC:
                plain.append(data[place])
                place += 1
                continue
            if place + 1 >= len(data):
                break
            command = data[place + 1]
            if command == IAC:
                plain.append(IAC)
                place += 2
            elif command in (WILL, WONT, DO, DONT):
                if place + 2 >= len(data):
                    break
                self._negotiate(command, data[place + 2])
                place += 3
            elif command == SB:
                end = data.find(words(SE), place)
                if end < 0:
                    break
                option, payload = data[place + 2], data[place + 3 : end].replace(words(IAC), bytes((IAC,)))
                place = end + 2
                if option == MCCP2:
                    self._inflater, self.compresses = zlib.decompressobj(), True
                    data, place = data[:place] + self._inflater.decompress(data[place:]), place
                else:
                    self._told(option, payload)
            else:
                self.prompts += command in (GA, EOR)
                place += 2
        self._left = data[place:]
        self.text += plain.decode(self.charset, "replace")
        if self._inflater is not None and self._inflater.eof:
            rest, self._inflater = self._inflater.unused_data, None
            if rest:
                self._take(rest)

    def _negotiate(self, verb: int, option: int) -> None:
        self.offered.append((verb, option))
        if option == ECHO:
            self.hides = verb == WILL
        if not self.takes:
            return
        if verb in (WILL, DO):
            agreed = option in self.takes
            self.send(words((DO if agreed else DONT) if verb == WILL else (WILL if agreed else WONT), option))
            if agreed and option == NAWS:
                self.resize(*self.window)

    def resize(self, columns: int, lines: int) -> None:
        size = columns.to_bytes(2) + lines.to_bytes(2)
        self.send(words(SB, NAWS) + size.replace(b"\xff", b"\xff\xff") + words(SE))

    def _told(self, option: int, payload: bytes) -> None:
        if option == GMCP:
            package, _, body = payload.partition(b" ")
            self.messages.append((package.decode(), json.loads(body) if body else None))
        elif option == MSSP:
            for part in payload.split(b"\x01")[1:]:
                name, *values = part.split(b"\x02")
                self.status[name.decode()] = [value.decode() for value in values]
        elif option == TTYPE:
            self.send(words(SB, TTYPE) + b"\0" + next(self._names).encode() + words(SE))
        elif option == CHARSET:
            names = payload[2:].split(payload[1:2])
            chosen = next((one for one in self.charsets if one.encode() in names), None)
            self.send(words(SB, CHARSET) + (b"\x03" if chosen is None else b"\x02" + chosen.encode()) + words(SE))
            if chosen is not None:
                self.charset = chosen

    # --- coming in ---

    async def enter(self, name: str = "", *, reader: bool = False) -> Visitor:
        """As a guest into the world."""
        await self.read("screen reader? Type yes, or press Enter for no: ")
        self.type("yes" if reader else "no")
        await self.read("Name: ")
        self.type(f"guest {name}".strip())
        await self.read("Ways:")
        return self

    async def register(self, name: str, *choices: str) -> Visitor:
        """With a new account and a new character into the world."""
        await self.read("press Enter for no: ")
        self.type("")
        await self.read("Name: ")
        self.type("register")
        await self.read("New name: ")
        self.type(name)
        await self.read("New password: ")
        self.type(PASSWORD)
        await self.read("The same again: ")
        self.type(PASSWORD)
        await self.read("Its name, Enter for")
        self.type(*(choices or ("", "", "", "")))
        await self.read("has been made", "Ways:")
        return self

    async def log_in(self, name: str, password: str = PASSWORD) -> Visitor:
        await self.read("press Enter for no: ")
        self.type("")
        await self.read("Name: ")
        self.type(name)
        await self.read("Password: ")
        self.type(password)
        return self


@dataclass
class TelnetHouse:
    """A running door and its guests."""

    node: Node
    door: TelnetDoor
    clock: FakeClock
    guests: list[Visitor] = field(default_factory=list)

    async def visitor(
        self, takes: Iterable[int] = (), *, context: ssl.SSLContext | None = None, **values: Any
    ) -> Visitor:
        """A client that has just connected."""
        guest = Visitor(frozenset(takes), **values)
        self.guests.append(guest)
        return await guest.connect(self.door.tls_port if context is not None else self.door.port, context)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, and do what is due."""
        while seconds > 0:
            step = min(5.0, seconds)
            self.clock.advance(timedelta(seconds=step))
            seconds -= step
            self.node.hubs.tick()
            self.door.play.tick()
            await self.door.tick()

    async def settled(self, met: Callable[[], object]) -> None:
        """Let the server do its work until something is so."""
        async with asyncio.timeout(SECONDS):
            while not met():  # noqa: ASYNC110 (what is waited for tells nobody)
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def telnet_house(
    folder: Path, *, options: dict[str, Any] | None = None, play: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[TelnetHouse]:
    """A door over a database of its own; time moves when the test says so."""
    clock = FakeClock()
    given: dict[str, Any] = {
        "data_dir": folder,
        "passwords": {"memory_kib": 8, "time_cost": 1},
        "limits": {"registrations_per_address": 1000},
        "realtime": {"merge_window": 0},
    }
    hasher = Argon2Hasher(memory_kib=8, time_cost=1)
    with contextlib.closing(hasher):
        async with open_store(new_sqlite(folder), clock=clock) as store:
            node = compose(Settings(**(given | settings)), store, cast("SystemClock", clock), hasher)
            shared = PlayDoor(node.hub, node.services, PlayOptions(**(play or {})))
            chosen = dataclasses.replace(TelnetOptions(port=0, tls_port=0, negotiate_within=0.05), **(options or {}))
            door = TelnetDoor(shared, presences=node.presences, options=chosen, greeting=lambda: "Be kind.")
            house = TelnetHouse(node, door, clock)
            await node.services.world.start()
            await door.open()
            async with shared.running():
                try:
                    async with door.running():
                        yield house
                        node.hubs.close_all(GOING_AWAY)
                finally:
                    for guest in house.guests:
                        await guest.close()
            for service in (node.services.movement, node.services.presence, node.services.lobbies):
                await service.settle()

"""telnetlib3, which shares nothing with us, on the door: options, MSSP, GMCP, compression, echo."""

from __future__ import annotations

import asyncio
from typing import Any

import telnetlib3
from telnetlib3.telopt import GMCP, MSSP
from tests.support.telnet import SECONDS, TelnetHouse

PASSWORD = "correct horse battery"


class GameClient(telnetlib3.TelnetClient):
    """Of options of games it agrees to MSSP as well."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        assert self.writer is not None
        self.writer.passive_do.add(MSSP)


class Independent:
    """A session of telnetlib3."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self.reader = reader
        self.writer = writer
        self.text = ""
        self.status: dict[str, Any] = {}
        self.messages: list[tuple[str, Any]] = []
        writer.set_ext_callback(MSSP, self.status.update)
        writer.set_ext_callback(GMCP, lambda package, data: self.messages.append((package, data)))

    async def read(self, text: str) -> str:
        async with asyncio.timeout(SECONDS):
            while text not in self.text:
                part = await self.reader.read(4096)
                assert part, f"the line ended:\n{self.text}"
                self.text += part
        heard, _, self.text = self.text.partition(text)
        return heard

    def type(self, line: str) -> None:
        self.writer.write(f"{line}\r\n")

    def last(self, package: str) -> Any:
        return [data for name, data in self.messages if name == package][-1]


async def come(house: TelnetHouse, **options: Any) -> Independent:
    sessions: list[Independent] = []
    coming = asyncio.Event()

    async def shell(reader: Any, writer: Any) -> None:
        sessions.append(Independent(reader, writer))
        coming.set()

    await telnetlib3.open_connection(
        "127.0.0.1",
        house.door.port,
        client_factory=GameClient,
        shell=shell,
        encoding="utf8",
        term="xterm-256color",
        cols=70,
        rows=30,
        connect_maxwait=0.5,
        **options,
    )
    async with asyncio.timeout(SECONDS):
        await coming.wait()
    return sessions[0]


async def test_it_plays(house: TelnetHouse) -> None:
    ada = await come(house, compression=True)
    try:
        await ada.read("press Enter for no: ")
        ada.type("")
        await ada.read("Name: ")
        assert ada.writer.mccp2_active
        assert ada.writer.remote_option.enabled(GMCP)
        ada.writer.send_gmcp("Core.Supports.Set", ["Char 1", "Room 1", "Comm.Channel 1"])
        ada.type("register")
        await ada.read("New name: ")
        ada.type("Ada")
        await ada.read("New password: ")
        assert ada.writer.will_echo  # so it does not show what is typed
        ada.type(PASSWORD)
        await ada.read("The same again: ")
        ada.type(PASSWORD)
        await ada.read("Its name, Enter for Ada: ")
        for _ in range(4):
            ada.type("")
        await ada.read("Ways: ")
        ada.type("say Grüße, 世界")
        await ada.read("You say: Grüße, 世界")
        ada.type("north")
        shown = await ada.read("Ways: north, south.")
        assert max(map(len, shown.split("\r\n"))) < 70 + len("\x1b[38;5;223m\x1b[0m")
        assert "\x1b[1;38;5;223mBeneath the Arch\x1b[0m" in shown
        ada.type("lobby join Arrival")
        await ada.read("You are in the lobby Arrival.")

        assert ada.last("Room.Info")["name"] == "Beneath the Arch"
        assert ada.last("Char.Vitals")["hp"] > 0
        assert ada.last("Char.Status")["name"] == "Ada"
        texts = [data for package, data in ada.messages if package == "Comm.Channel.Text"]
        assert {"channel": "say", "talker": "Ada", "text": "Ada says: Grüße, 世界"} in texts
        assert ada.last("Comm.Channel.Text")["channel"] == "lobby"
        ada.type("quit")
        await ada.read("Come back soon.")
    finally:
        ada.writer.close()


async def test_it_reads_the_status(house: TelnetHouse) -> None:
    await (await house.visitor()).enter("Bob")
    crawler = await come(house)
    try:
        await crawler.read("press Enter for no: ")
        assert crawler.writer.remote_option.enabled(MSSP)
        status = crawler.status or crawler.writer.ctx.mssp_data
        assert status["NAME"] == "Mythgate"
        assert status["PLAYERS"] == "1"
        assert status["PORT"] == str(house.door.port)
        assert int(status["UPTIME"]) == int(house.clock.now().timestamp())
        assert status["GAMEPLAY"] == ["Adventure", "Player versus Player"]
        assert int(status["ROOMS"]) > 50
    finally:
        crawler.writer.close()

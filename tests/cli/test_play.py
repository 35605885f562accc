"""`mythgate play` against a real server: over pipes, and in a terminal of its own."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.metaserver_client import AlephOneClient, close_lines
from tests.support.server import ROOMY, RunningServer, running_server

from mythgate.cli.addressfile import ADDRESS_FILE, DEMO_FILE

pty = pytest.importorskip("pty", reason="terminals of this kind are of Unix")
PATIENCE = 20.0


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path / "data", ROOMY) as running:
        yield running
        await close_lines()


class Terminal:
    """The program in a pseudo-terminal, and what stands on it so far."""

    def __init__(self, process: asyncio.subprocess.Process, keyboard: int) -> None:
        self.process = process
        self.text = ""
        self._keyboard = keyboard
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._changed = asyncio.Event()
        self._over = False
        asyncio.get_running_loop().add_reader(keyboard, self._read)

    def _read(self) -> None:
        # Not a StreamReader: that one forgets what it has read when the other end of a pseudo-terminal goes away.
        try:
            piece = os.read(self._keyboard, 4096)
        except OSError:  # how a pseudo-terminal says that nobody is at its other end
            piece = b""
        self.text += self._decoder.decode(piece)
        self._changed.set()
        if not piece:
            self._over = True
            asyncio.get_running_loop().remove_reader(self._keyboard)

    @classmethod
    async def run(cls, *words: str, **variables: str) -> Terminal:
        ours, theirs = pty.openpty()
        # A session of its own with this terminal, so that Ctrl-C means this process.
        script = (
            "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "os.execv(sys.executable, [sys.executable, '-m', 'mythgate', *sys.argv[1:]])"
        )
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "200"} | variables
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, *words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        return cls(process, ours)

    def type(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    async def shows(self, text: str) -> None:
        """Wait until that stands on the screen after all seen before; what comes later is for the next call."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.text:
                assert not self._over, f"ended without {text!r}: {self.text}"
                self._changed.clear()
                await self._changed.wait()
        self.text = self.text.partition(text)[2]

    async def ends(self) -> int:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.process.wait()
        finally:
            asyncio.get_running_loop().remove_reader(self._keyboard)
            os.close(self._keyboard)

    async def interrupted(self) -> int:
        """Press Ctrl-C until it ends: Python misses one in the very moment in which its prompt appears."""

        async def insist() -> None:
            while True:
                self.type("\x03")
                await asyncio.sleep(1.0)  # as a person would

        insisting = asyncio.create_task(insist())
        try:
            return await self.ends()
        finally:
            insisting.cancel()


async def piped(
    *words: str, typed: Sequence[str] = (), folder: Path | None = None, **variables: str
) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mythgate",
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=os.environ | variables,
    )
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate("".join(f"{line}\n" for line in typed).encode())
    assert process.returncode is not None
    return process.returncode, output.decode()


async def new_player(server: RunningServer, name: str) -> Terminal:
    """Somebody with an account and a character of that name, at the prompt."""
    terminal = await Terminal.run("play", server.url, "--new", "-u", name)
    for question in ("New password: ", "The same again: "):
        await terminal.shows(question)
        terminal.type("a good password\r")
    await terminal.shows("Its name: ")
    terminal.type(f"{name.title()}\r")
    await terminal.shows("quit leaves.")
    await terminal.shows("> ")
    return terminal


async def test_a_guest_walks_about_and_leaves(server: RunningServer) -> None:
    code, output = await piped("play", server.url, "--guest", typed=["east", "quit"])
    assert code == 0, output
    assert f"Mythgate at {server.url}, 0 players in the world." in output
    assert "help lists commands" in output
    entered, walked = output.split("You go east.")
    for told in (entered, walked):
        assert "Ways: " in told
    assert "Gate Square\nMarket stalls" in entered
    assert "A speckled pear" in entered
    assert "Lantern Row\n" in walked


async def test_a_guest_becomes_somebody_in_particular(server: RunningServer) -> None:
    typed = ["become dwarf warrior iron brotherhood", "wield longsword", "inventory", "sheet", "party create Two Fists"]
    code, output = await piped("play", server.url, "--guest", typed=[*typed, "quit"])
    assert code == 0, output
    assert "You are a Dwarf Warrior of the Iron Brotherhood from now on." in output
    assert "  an iron longsword (equipped)\n" in output
    assert "  a health potion (×3)\n" in output
    assert "Dwarf Warrior of level 1, of the Iron Brotherhood." in output
    assert "That adds 10 to attacks, 0 to defence and 0 to magic." in output
    assert output.count("Two Fists") == 1


async def test_in_a_lobby_one_talks_with_an_old_client(server: RunningServer) -> None:
    hopper = AlephOneClient(name="Hopper", user_name="guest")
    await hopper.come(int(server.ready["doors"]["metaserver"].rsplit(":", 1)[1]))
    terminal = await Terminal.run("play", server.url, "--guest", "--lobby", "arrival")
    await terminal.shows("You are in the lobby Arrival.")
    await terminal.shows("Here: Guest Hopper (Aleph One).")
    await terminal.shows("> ")
    hopper.chat("Où est la sortie ?")
    await terminal.shows("[Arrival] Guest Hopper: Où est la sortie ?")
    terminal.type("lobby Par là !\r")
    await terminal.shows("[Arrival] You say: Par là !")
    said = await hopper.until_said("Par là !")
    hopper.tell(said.number, "merci")
    await terminal.shows("[Arrival] Guest Hopper tells you: merci")
    terminal.type('lobbytell "Guest Hopper" de rien\r')
    await terminal.shows("[Arrival] You tell Guest Hopper: de rien")
    await hopper.until_said("de rien")
    terminal.type("lobby /who\r")
    await terminal.shows("[Arrival] Arrival: ")
    await hopper.leave()
    await terminal.shows("[Arrival] Guest Hopper leaves.")
    terminal.type("quit\r")
    assert await terminal.ends() == 0


async def test_whoever_cannot_enter_a_lobby_is_in_the_world_all_the_same(server: RunningServer) -> None:
    code, output = await piped("play", server.url, "--guest", "--lobby", "Nowhere", typed=["lobby hello", "quit"])
    assert code == 0, output
    assert "There is no lobby called Nowhere. There are: " in output
    assert "You are in no lobby.\nTo enter one, come with --lobby and its name or number.\n" in output
    code, output = await piped("play", server.url, "--guest", "-l", "Otter Ferry", typed=["quit"])
    assert code == 0, output
    assert "guest" in output.split("quit leaves.")[1].casefold(), "guests do not play ranked games"


async def test_ctrl_c_at_the_prompt_ends_at_once(server: RunningServer) -> None:
    terminal = await Terminal.run("play", server.url, "--guest")
    await terminal.shows("quit leaves.")
    terminal.type("get pe\t\r")
    await terminal.shows("You take a speckled pear.")
    terminal.type("half a line")
    assert await terminal.interrupted() == 130


async def test_a_wrong_password_is_asked_for_again_and_a_new_one_twice(server: RunningServer) -> None:
    terminal = await Terminal.run("play", server.url, "--new", "-u", "brom")
    for first, second in (("a good password", "another one"), ("a good password", "a good password")):
        await terminal.shows("New password: ")
        terminal.type(f"{first}\r")
        await terminal.shows("The same again: ")
        terminal.type(f"{second}\r")
    await terminal.shows("Its name: ")
    assert await terminal.interrupted() == 130

    terminal = await Terminal.run("play", server.url, "-u", "brom")
    await terminal.shows(f"mythgate play {server.url} --guest   enters for a look around")
    await terminal.shows(f"mythgate play {server.url} --new   makes one")
    for password in ("not this one", "a good password"):
        await terminal.shows("Password: ")
        terminal.type(f"{password}\r")
    await terminal.shows("Its name: ")
    terminal.type("Brom\r")
    await terminal.shows("Gate Square")
    await terminal.shows("> ")
    terminal.type("\x04")
    assert await terminal.ends() == 0


async def test_the_farewell_is_shown_and_a_lost_line_comes_back(server: RunningServer) -> None:
    terminal = await Terminal.run("play", server.url, "--guest")
    await terminal.shows("quit leaves.")
    await server.stop()
    await terminal.shows("The server stops.")
    await terminal.shows("The line is gone.")
    await server.start()
    await terminal.shows("The server was started again.")
    await terminal.shows("Gate Square")
    terminal.type("quit\r")
    assert await terminal.ends() == 0


async def test_without_a_server_nothing_is_asked(unused_tcp_port: int) -> None:
    code, output = await piped("play", f"http://127.0.0.1:{unused_tcp_port}")
    assert code == 1
    assert output.splitlines() == [
        f"No answer from http://127.0.0.1:{unused_tcp_port}.",
        "Is the server running? Start one with: mythgate serve",
        "If it runs elsewhere, give the address it printed: mythgate play http://127.0.0.1:PORT",
    ]


async def test_through_make_hints_are_what_make_takes(unused_tcp_port: int, server: RunningServer) -> None:
    code, output = await piped("play", f"http://127.0.0.1:{unused_tcp_port}", MAKE_TARGET="play")
    assert code == 1
    assert output.splitlines()[1:] == [
        "Is the server running? Start one with: make serve",
        'If it runs elsewhere, give the address it printed: make play ARGS="http://127.0.0.1:PORT"',
    ]
    terminal = await Terminal.run("play", "--data-dir", str(server.data_dir), MAKE_TARGET="play")
    await terminal.shows(f'make play ARGS="--data-dir {server.data_dir} --guest"   enters')
    assert await terminal.interrupted() == 130


async def test_the_server_of_a_data_folder_is_found_while_it_runs(server: RunningServer) -> None:
    code, output = await piped("play", "--data-dir", str(server.data_dir), "--guest", typed=["quit"])
    assert code == 0, output
    assert f"Mythgate at {server.url}, " in output
    assert (server.data_dir / ADDRESS_FILE).read_text() == f"{server.url}\n"
    await server.stop()
    assert not (server.data_dir / ADDRESS_FILE).exists()


async def test_an_address_left_by_a_killed_server_is_not_believed_for_ever(server: RunningServer) -> None:
    await server.kill()
    code, output = await piped("play", "--data-dir", str(server.data_dir), "--guest")
    assert code == 1
    assert f"No answer from {server.url}." in output
    await server.start()
    assert (await piped("play", "--data-dir", str(server.data_dir), "--guest", typed=["quit"]))[0] == 0


async def test_without_an_address_the_server_of_this_folder_is_found(
    server: RunningServer, tmp_path: Path, unused_tcp_port: int
) -> None:
    """Also a demo, whose data folder nobody knows; and it is said which server that is."""
    here, data = tmp_path / "here", {"MYTHGATE_DATA_DIR": str(server.data_dir)}
    here.mkdir()
    (here / DEMO_FILE).write_text(f"http://127.0.0.1:{unused_tcp_port}\n")  # of one that was killed
    code, output = await piped("play", "--guest", typed=["quit"], folder=here, **data)
    assert code == 0, output
    assert f"It is the server of the data folder {server.data_dir}.\n" in output

    elsewhere = {"MYTHGATE_DATA_DIR": str(tmp_path / "none"), "MYTHGATE_HTTP__PORT": str(server.port)}
    code, output = await piped("play", "--guest", typed=["quit"], folder=here, **elsewhere)
    assert code == 0, output
    assert f"No server has left its address in the data folder {tmp_path / 'none'}: " in output

    (here / DEMO_FILE).write_text(f"{server.url}\n")
    elsewhere["MYTHGATE_HTTP__PORT"] = str(unused_tcp_port)
    code, output = await piped("play", "--guest", typed=["quit"], folder=here, **elsewhere)
    assert code == 0, output
    assert "It is the demo that was started in this folder.\n" in output


async def test_a_demo_says_where_it_is_in_the_folder_it_was_started_in(tmp_path: Path) -> None:
    doors = {"MYTHGATE_METASERVER__ENABLED": "false", "MYTHGATE_SHARDS__ENABLED": "false"}
    doors["MYTHGATE_TELNET__ENABLED"] = "false"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mythgate", "serve", "--demo", "--port", "0", "--log-level", "error"),
        cwd=tmp_path,
        env=os.environ | doors,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while b"Ready in" not in await process.stdout.readline():
                assert process.returncode is None
        url = (tmp_path / DEMO_FILE).read_text().strip()
        assert url.startswith("http://127.0.0.1:")
        code, output = await piped("play", "--guest", typed=["quit"], folder=tmp_path)
        assert code == 0, output
        assert f"Mythgate at {url}, 0 players in the world.\nIt is the demo" in output
    finally:
        process.terminate()
        await process.communicate()
    assert not (tmp_path / DEMO_FILE).exists()


async def test_who_takes_a_name_that_somebody_has_is_asked_for_another(server: RunningServer) -> None:
    first = await new_player(server, "brom")
    terminal = await Terminal.run("play", server.url, "--new", "-u", "brom", "-c", "Brom")
    await terminal.shows("A password has at least 8 characters.")
    for password, then in (("short", "at least 8"), ("a good password", "Choose another.")):
        for question in ("New password: ", "The same again: "):
            await terminal.shows(question)
            terminal.type(f"{password}\r")
        await terminal.shows(then)
    await terminal.shows("Name: ")
    terminal.type("bram\r")
    for question in ("New password: ", "The same again: "):
        await terminal.shows(question)
        terminal.type("a good password\r")
    await terminal.shows("Choose another.")
    await terminal.shows("Its name: ")
    terminal.type("Bram\r")
    await terminal.shows("Bram has been made.")
    await terminal.shows("quit leaves.")
    terminal.type("quit\r")
    assert await terminal.ends() == 0
    first.type("quit\r")
    assert await first.ends() == 0
    terminal = await Terminal.run("play", server.url, "-u", "bram", "-c", "Bromm")
    await terminal.shows("Password: ")
    terminal.type("a good password\r")
    await terminal.shows("You have no character named Bromm.")
    await terminal.shows("You have: Bram.")
    assert await terminal.ends() == 1


async def test_whoever_is_disabled_is_told_so(server: RunningServer) -> None:
    terminal = await new_player(server, "brom")
    await server.run_cli("user", "disable", "brom")
    await terminal.shows("You are signed out.")
    await terminal.shows("This account is disabled.")
    await terminal.shows("Ask an administrator of this server.")
    assert await terminal.ends() == 1


async def test_lines_typed_while_the_line_is_gone_are_kept(server: RunningServer) -> None:
    terminal = await Terminal.run("play", server.url, "--guest")
    await terminal.shows("quit leaves.")
    await terminal.shows("> ")
    await server.stop()
    await terminal.shows("The line is gone. Trying again")
    for words in ("one", "two"):
        terminal.type(f"say {words}\r")
        await terminal.shows("What you typed is kept and sent when you are back; Ctrl-D leaves.")
    await server.start()
    await terminal.shows("You say: one")
    await terminal.shows("You say: two")
    terminal.type("quit\r")
    await terminal.shows("somebody new")
    assert await terminal.ends() == 0


async def test_ctrl_d_leaves_although_the_line_is_gone(server: RunningServer) -> None:
    terminal = await Terminal.run("play", server.url, "--guest")
    await terminal.shows("quit leaves.")
    await terminal.shows("> ")
    await server.stop()
    await terminal.shows("The line is gone. Trying again")
    terminal.type("\x04")
    assert await terminal.ends() == 0


async def test_whoever_is_taken_over_elsewhere_is_not_left_at_a_dead_prompt(server: RunningServer) -> None:
    first = await new_player(server, "brom")
    second = await Terminal.run("play", server.url, "-u", "brom", "-c", "brom")
    await second.shows("Password: ")
    second.type("a good password\r")
    await second.shows("quit leaves.")
    await first.shows("The connection has ended.")
    await first.shows(f"played from another window. To have it here again: mythgate play {server.url} -u brom")
    assert await first.ends() == 1
    second.type("quit\r")
    assert await second.ends() == 0


async def test_three_wrong_passwords_are_enough(server: RunningServer) -> None:
    terminal = await Terminal.run("play", server.url, "-u", "nobody")
    for _ in range(3):
        await terminal.shows("Password: ")
        terminal.type("not this one\r")
        await terminal.shows("do not match")
    assert await terminal.ends() == 1


async def test_something_else_at_that_address_is_told_apart() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as other:
        port = other.sockets[0].getsockname()[1]
        code, output = await piped("play", f"http://127.0.0.1:{port}")
    assert code == 1
    assert "is not Mythgate" in output

"""`mythgate play`: a client in the terminal, for a look around and for people who like it plain.

The main thread reads lines, the connection lives on a thread of its own: so Ctrl-C ends `input` the way
the terminal expects it, and no thread stays behind that would swallow the next line.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import shutil
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from mythgate.cli.output import EXIT_FAILED, fail, refusals, settings_or_exit
from mythgate.cli.surroundings import (
    Surroundings,
    coming_text,
    in_plain_words,
    leaving_text,
    place_text,
    reset_text,
)
from mythgate.domain.errors import MythError, Refused, TooMany

if TYPE_CHECKING:
    from mythgate.client import Client

readline: ModuleType | None
try:
    import readline
except ImportError:  # Windows: lines can still be typed, without history and completion
    readline = None

T = TypeVar("T")

PROMPT: Final = "> "
EXIT_INTERRUPTED: Final = 130
_SIGN_IN_ATTEMPTS: Final = 3
_QUIT_SECONDS: Final = 2.0
_COMINGS: Final = frozenset({"player_entered_game", "player_left_game", "player_status", "room_message"})
_CLEAR_LINE: Final = "\r\x1b[K"
_STYLES: Final = {
    "say": "37",
    "emote": "35",
    "whisper": "95",
    "tell": "95",
    "global": "33",
    "shout": "33",
    "system": "1;36",
    "coming": "90",
    "error": "31",
    "place": "1",
}


def play(
    server: Annotated[str, typer.Argument(help="Address of the server; default: the one the settings describe.")] = "",
    user: Annotated[str, typer.Option("--user", "-u", help="Account to sign in with; asked for if missing.")] = "",
    character: Annotated[str, typer.Option("--character", "-c", help="Name of the character to play.")] = "",
    guest: Annotated[bool, typer.Option("--guest", help="Enter without an account.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Make the account first.")] = False,
) -> None:
    """Enter a world from the terminal. Leave with `quit` or Ctrl-D.

    Examples:  mythgate play --guest   ·   mythgate play http://play.example.org -u ada
    """
    try:
        import aiohttp  # noqa: F401 (asked for here to explain its absence)
    except ImportError:
        fail("The terminal client needs one more package.", "Install it with: pip install 'mythgate[client]'")
    if not server:
        http = settings_or_exit().http
        server = http.base_url or f"http://{http.host}:{http.port}"
    try:
        with refusals(), _connection_thread() as run:
            _play(server, user, character, guest=guest, new=new, run=run)
    except KeyboardInterrupt:
        print()
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except EOFError:  # at one of the questions before the world
        print()
        raise typer.Exit(EXIT_FAILED) from None


Run = Callable[[Coroutine[Any, Any, T]], T]
"""Waits in the main thread for what a coroutine gives on the thread of the connection."""


@contextlib.contextmanager
def _connection_thread() -> Iterator[Run[Any]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="connection", daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def end_rest() -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    try:
        yield run
    finally:
        run(end_rest())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _play(server: str, user: str, character: str, *, guest: bool, new: bool, run: Run[Any]) -> None:
    import aiohttp

    from mythgate.client import Backoff, Client

    client = Client(server, backoff=Backoff(attempts=20))
    run(client.__aenter__())
    try:
        try:
            _greet(run, client, server, asks=not (guest or new))
            _sign_in(run, client, user, guest=guest, new=new)
            chosen = _choose(run, client, character, guest=guest)
            known = run(client.request("GET", "/api/commands"))["commands"]
        except (aiohttp.ClientError, TimeoutError):
            fail(f"No answer from {server}.", "Is the server running? Start one with: mythgate serve")
        screen = Screen()
        screen.surroundings.commands = [name for one in known for name in (one["name"], *one["aliases"])]
        client.register_handler("*", screen.show)
        run(client.connect(chosen))
        screen.print("help lists commands, Tab completes them, quit leaves.", "coming")
        _read_lines(run, client, screen)
    finally:
        run(client.close())


def _greet(run: Run[Any], client: Client, server: str, *, asks: bool) -> None:
    """See that there is a server before anything is asked, and say which."""
    try:
        status = run(client.request("GET", "/api/status"))
    except (ValueError, Refused):
        status = {}
    if status.get("name") != "Mythgate":
        fail(f"What answers at {server} is not Mythgate.", "Give the address that `mythgate serve` prints.")
    online = status["players_online"]
    print(f"Mythgate at {server}, {online} {'player' if online == 1 else 'players'} in the world.")
    if asks:
        print("Sign in. Without an account: --new makes one, --guest enters for a look around.")


def _sign_in(run: Run[Any], client: Client, user: str, *, guest: bool, new: bool) -> None:
    if guest:
        account = run(client.guest())
        print(f"You are {account['username']}.")
        return
    for attempts_left in reversed(range(_SIGN_IN_ATTEMPTS)):
        name = user or input("Name: ")
        password = _new_password() if new else getpass.getpass("Password: ")
        try:
            run(client.register(name, password) if new else client.login(name, password))
        except TooMany:
            raise
        except Refused as refused:
            if attempts_left == 0:
                raise
            print(refused.message)
            if refused.hint:
                print(refused.hint)
        else:
            return


def _new_password() -> str:
    while True:
        password = getpass.getpass("New password: ")
        if getpass.getpass("The same again: ") == password:
            return password
        print("These are two different passwords.")


def _choose(run: Run[Any], client: Client, wanted: str, *, guest: bool) -> str | None:
    characters = run(client.characters())
    if wanted:
        for one in characters:
            if one["name"].casefold() == wanted.casefold():
                return str(one["id"])
        fail(f"You have no character named {wanted}.", "Without --character you can make one.")
    if characters:
        return str(next((one for one in characters if one.get("selected")), characters[0])["id"])
    if guest:
        return None
    name = input("You have no character yet. Its name: ")
    return str(run(client.create_character(name))["id"])


class Screen:
    """The terminal: a line being typed at the bottom, everything else above it.

    Lines are read by the main thread, events shown by that of the connection.
    """

    def __init__(self) -> None:
        self.surroundings = Surroundings()
        self.over = ""
        """Why nothing more can come, once the connection has ended for good."""
        self._lock = threading.Lock()
        self._typing = False
        self._reading = False
        self._server_stopped = False
        self._candidates: list[str] = []
        if readline is not None and sys.stdin.isatty():
            readline.set_completer(self._complete)
            readline.set_completer_delims(" ")
            readline.set_pre_input_hook(self._prompted)
            libedit = "libedit" in (readline.__doc__ or "")
            readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")

    def read(self) -> str:
        """The next line the player types.

        Raises:
            EOFError: there is none, or the connection ended for good.

        """
        self._reading = True
        try:
            if self.over:
                raise EOFError
            return input(PROMPT)
        except KeyboardInterrupt:
            if self.over:
                raise EOFError from None
            raise
        finally:
            self._reading = self._typing = False

    def _prompted(self) -> None:
        """The prompt is there. Written once more, as an event may have come between it and this."""
        with self._lock:
            self._typing = True
            sys.stdout.write(f"{_CLEAR_LINE}{PROMPT}")
            sys.stdout.flush()

    def _complete(self, _word: str, number: int) -> str | None:
        if number == 0 and readline is not None:
            self._candidates = self.surroundings.completions(
                readline.get_line_buffer()[: readline.get_endidx()], readline.get_begidx()
            )
        return self._candidates[number] + " " if number < len(self._candidates) else None

    def print(self, text: str, style: str = "") -> None:
        """Print above the line being typed, wrapped at words."""
        with self._lock:
            if not sys.stdout.isatty():
                print(text, flush=True)
                return
            width = shutil.get_terminal_size().columns
            lines = [part for line in text.splitlines() for part in textwrap.wrap(line, width) or [""]]
            code = _STYLES.get(style)
            painted = "\n".join(f"\x1b[{code}m{line}\x1b[0m" if code else line for line in lines)
            below = PROMPT + readline.get_line_buffer() if self._typing and readline is not None else ""
            sys.stdout.write(f"{_CLEAR_LINE}{painted}\n{below}")
            sys.stdout.flush()

    def show_answer(self, answer: dict[str, Any]) -> None:
        """The answer to a command."""
        text = answer["result"].strip("\n")
        room = answer.get("room_state")
        lines = text.split("\n")
        if room and room["name"] in lines[:3]:
            title = lines.index(room["name"])
            if title:
                self.print("\n".join(lines[:title]), "coming")
            self._show_place(room["name"], in_plain_words("\n".join(lines[title + 1 :])))
        elif text:
            self.print(text, "" if answer["success"] else "error")
        if answer.get("hint") and not answer["success"]:
            self.print(answer["hint"], "coming")

    def show(self, event: dict[str, Any]) -> None:
        """An event, if there is something to say about it."""
        kind, data = event["event_type"], event["data"]
        before = self.surroundings.room
        self.surroundings.hear(event)
        if kind == "chat_message":
            own = data["player_id"] == self.surroundings.own_id
            self.print(_in_second_person(data) if own else data["text"], data["channel"])
        elif kind == "player_entered":
            self.print(coming_text(data), "coming")
        elif kind == "player_left":
            self.print(leaving_text(data), "coming")
        elif kind in _COMINGS and data.get("message"):
            self.print(data["message"], "coming")
        elif kind == "system":
            self.print(data["message"], "system")
        elif kind == "game_state" or (kind == "room_update" and before.get("id") != data["room"]["id"]):
            room = self.surroundings.room
            self._show_place(room["name"], place_text(room, self.surroundings.own_id))
        elif kind == "room_update" and before["description"] != data["room"]["description"]:
            self.print("This place has changed.", "coming")
        else:
            self._show_line(kind, data)

    def _show_line(self, kind: str, data: dict[str, Any]) -> None:
        """What concerns the connection itself."""
        if kind == "error":
            self.print(data["message"], "error")
        elif kind == "disconnect":
            self._server_stopped = data["reason"] == "going_away"
            self.print(data["message"], "system")
        elif kind == "reconnecting":
            self.print(f"The line is gone. Trying again in {data['seconds']:.0f} s.", "error")
        elif kind == "reset":
            self.print(reset_text(data["reason"], server_stopped=self._server_stopped), "system")
            self._server_stopped = False
        elif kind == "disconnected":
            self.over = "The connection has ended."
            if self._reading:  # wake up `input`, which waits for a line that could not be sent
                _interrupt_main_thread()

    def _show_place(self, name: str, text: str) -> None:
        self.print(name, "place")
        self.print(text)


def _interrupt_main_thread() -> None:
    ident = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and ident is not None:
        signal.pthread_kill(ident, signal.SIGINT)


def _in_second_person(data: dict[str, Any]) -> str:
    """One's own words: "You say: …" instead of "Ada says: …". Emotes stay as others see them."""
    target = f" to {data['target_name']}" if data.get("target_name") else ""
    verb = {"say": "say", "whisper": "whisper", "tell": "tell", "shout": "shout", "global": "say to all"}.get(
        data["channel"]
    )
    if verb is None:
        return str(data["text"])
    if data["channel"] == "tell":
        return f"You tell {data.get('target_name')}: {data['message']}"
    return f"You {verb}{target}: {data['message']}"


def _read_lines(run: Run[Any], client: Client, screen: Screen) -> None:
    while True:
        try:
            line = screen.read()
        except EOFError:
            print()
            if screen.over:
                fail(screen.over)
            with contextlib.suppress(MythError, TimeoutError):
                run(client.command("quit", wait=_QUIT_SECONDS))
            return
        if not line.strip():
            continue
        try:
            answer = run(client.command(line))
        except TimeoutError:
            screen.print("The server did not answer in time.", "error")
            continue
        screen.show_answer(answer)
        if (answer.get("data") or {}).get("quit"):
            return

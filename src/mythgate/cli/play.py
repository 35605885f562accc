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
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

import mythgate
from mythgate.cli.addressfile import server_near, server_of
from mythgate.cli.lobbytalk import HOW_TO_ENTER, LobbyTalk
from mythgate.cli.offline import require_folder
from mythgate.cli.output import EXIT_FAILED, fail, refusals, settings_or_exit, typed
from mythgate.cli.surroundings import (
    Surroundings,
    coming_text,
    in_plain_words,
    leaving_text,
    place_text,
    reset_text,
)
from mythgate.domain.errors import AccountDisabled, MythError, NameNotAllowed, NameTaken, NotInLobby, Refused, TooMany

if TYPE_CHECKING:
    from mythgate.client import Client

readline: ModuleType | None
try:
    import readline
except ImportError:  # Windows: lines can still be typed, without history and completion
    readline = None

T = TypeVar("T")

PROMPT: Final = "> "
_CLIENT_NAME: Final = f"mythgate-play/{mythgate.__version__}"  # how others in a lobby read it
EXIT_INTERRUPTED: Final = 130
_SIGN_IN_ATTEMPTS: Final = 3
_RULE: Final = "A password has at least 8 characters. A sentence is easiest to remember."
_OVER: Final = "The connection has ended."
_KEPT_SECONDS: Final = 600.0  # longer than attempts to reconnect take
_QUIT_CODE: Final = 4500
_SIGNED_OUT_CODE: Final = 4501
_NEXT_STEPS: Final = {
    4502: "Your character is played from another window. To have it here again: {play}",
    4503: "Sign in again: {play}",
    4504: "Your account has other characters, or may make one: {play}",
    4505: "Wait a little before you come back: {play}",
    4506: "Ask the staff of this server why, if they did not say.",
}
"""What to do after a close code (docs/close-codes.md)."""
_HAPPENINGS: Final = frozenset(
    {
        *("player_entered_game", "player_left_game", "player_status", "room_message", "level_up", "player_died"),
        *("trade_request", "trade_accept", "trade_update", "trade_decline", "trade_complete"),
        *("party_update", "party_invite", "party_invite_ended", "quest_update", "voice_update"),
        *("shard_captured", "shard_status", "reality_shift", "aetherfall"),
        *("combat_start", "combat_event", "combat_end", "combat_challenge"),
    }
)
"""Events of which one reads the line they bring along."""
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
    server: Annotated[str, typer.Argument(help="Address of the server; default: the one of the data folder.")] = "",
    user: Annotated[str, typer.Option("--user", "-u", help="Account to sign in with; asked for if missing.")] = "",
    character: Annotated[str, typer.Option("--character", "-c", help="Name of the character to play.")] = "",
    guest: Annotated[bool, typer.Option("--guest", help="Enter without an account.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Make the account first.")] = False,
    lobby: Annotated[
        str, typer.Option("--lobby", "-l", metavar="NAME", help="Enter this lobby too, by name or number.")
    ] = "",
    data_dir: Annotated[
        str | None, typer.Option("--data-dir", metavar="DIR", help="Data folder of the server to play on.")
    ] = None,
) -> None:
    """Enter a world from the terminal. Leave with `quit` or Ctrl-D.

    Exit code 0 after leaving, 1 if you could not enter or the server ended it, 130 after Ctrl-C.

    With --lobby you are in the world and in a lobby, where people with old game clients are: `lobby hello` speaks
    there, `lobbytell NAME hello` to one of them.

    Examples:  mythgate play --guest   ·   mythgate play http://play.example.org -u ada --lobby Arrival
    """
    try:
        import aiohttp  # noqa: F401 (asked for here to explain its absence)
    except ImportError:
        fail("The terminal client needs one more package.", "Install it with: pip install 'mythgate[client]'")
    require_folder(data_dir)
    given = [server] if server else ["--data-dir", data_dir] if data_dir else []
    which = ""
    if not server:
        settings = settings_or_exit(data_dir=data_dir)
        server, which = (server_of(settings), "") if data_dir else server_near(settings, Path.cwd())
    try:
        with refusals(), _connection_thread() as run:
            _play(server, which, given, user, character, lobby, guest=guest, new=new, run=run)
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


def _play(
    server: str,
    which: str,
    given: Sequence[str],
    user: str,
    character: str,
    lobby: str,
    *,
    guest: bool,
    new: bool,
    run: Run[Any],
) -> None:
    """Play on `server`, which the words `given` on the command line, if any, stand for; `which` it is, in words."""
    import aiohttp

    from mythgate.client import Backoff, Client

    client = Client(server, backoff=Backoff(attempts=20), client_name=_CLIENT_NAME)
    run(client.__aenter__())
    try:
        try:
            _greet(run, client, server, which, given, asks=not (guest or new))
            user = _sign_in(run, client, user, guest=guest, new=new)
            chosen = _choose(run, client, character, guest=guest)
            known = run(client.request("GET", "/api/commands"))["commands"]
        except (aiohttp.ClientError, TimeoutError):
            fail(
                f"No answer from {server}.",
                f"Is the server running? Start one with: {typed('serve')}\n"
                f"If it runs elsewhere, give the address it printed: {typed('play', 'http://127.0.0.1:PORT')}",
            )
        screen = Screen()
        screen.surroundings.commands = [name for one in known for name in (one["name"], *one["aliases"])]
        client.register_handler("*", screen.show)
        LobbyTalk(client.lobby, screen.print)
        run(client.connect(chosen))
        screen.print("help lists commands, Tab completes them, quit leaves.", "coming")
        if lobby:
            _enter_lobby(run, client, screen, lobby)
        again = [*given, *(["-u", user] if user else []), *(["--lobby", lobby] if lobby else [])]
        _read_lines(run, client, screen, again=typed("play", *again))
    finally:
        run(client.__aexit__(None, None, None))


def _greet(run: Run[Any], client: Client, server: str, which: str, given: Sequence[str], *, asks: bool) -> None:
    """See that there is a server before anything is asked, and say which."""
    try:
        status = run(client.request("GET", "/api/status"))
    except (ValueError, Refused):
        status = {}
    if status.get("name") != "Mythgate":
        fail(f"What answers at {server} is not Mythgate.", f"Give the address that `{typed('serve')}` prints.")
    online = status["players_online"]
    print(f"Mythgate at {server}, {online} {'player' if online == 1 else 'players'} in the world.")
    if which:
        print(which)
    if asks:
        print("Sign in. Without an account:")
        print(f"  {typed('play', *given, '--guest')}   enters for a look around")
        print(f"  {typed('play', *given, '--new')}   makes one")


def _sign_in(run: Run[Any], client: Client, user: str, *, guest: bool, new: bool) -> str:
    """Sign in or make an account, as `user` or whoever they say they are; under which name. Guests have none."""
    if guest:
        account = run(client.guest())
        print(f"You are {account['username']}.")
        return ""
    name = user
    for attempts_left in reversed(range(_SIGN_IN_ATTEMPTS)):
        name = name or input("Name: ")
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
            if not user or isinstance(refused, NameNotAllowed | NameTaken):
                name = ""
        else:
            break
    return name if user else ""


def _new_password() -> str:
    print(_RULE)
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
        if characters or guest:
            have = f"You have: {', '.join(one['name'] for one in characters)}." if characters else ""
            fail(f"You have no character named {wanted}.", have or "Guests get one; leave out --character.")
    if characters:
        return str(next((one for one in characters if one.get("selected")), characters[0])["id"])
    if guest:
        return None
    name = wanted or input("You have no character yet. Its name: ")
    while True:
        try:
            made = run(client.create_character(name))
        except (NameNotAllowed, NameTaken) as refused:
            print(f"{refused.message} {refused.hint}".rstrip())
            name = input("Its name: ")
        else:
            print(f"{made['name']} has been made.")
            return str(made["id"])


def _enter_lobby(run: Run[Any], client: Client, screen: Screen, lobby: str) -> None:
    """Whoever cannot come in reads why, and is in the world all the same."""
    try:
        run(client.lobby.enter(lobby, stay=True))
    except Refused as refused:
        screen.print(f"{refused.message} {refused.hint}".rstrip(), "error")
    except (MythError, TimeoutError):
        screen.print(f"You did not get into {lobby}: the line is bad.", "error")


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
        self._asking = False
        self._heard_at: datetime | None = None
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

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """A line was sent, and its answer has not come."""
        self._asking = True
        try:
            yield
        finally:
            self._asking = False

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
            self.print(HOW_TO_ENTER if answer["code"] == NotInLobby.code else answer["hint"], "coming")

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
        elif kind in _HAPPENINGS and data.get("message"):
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
        if said_at := event.get("timestamp"):  # not what the connection itself tells
            self._heard_at = datetime.fromisoformat(said_at)

    def _show_line(self, kind: str, data: dict[str, Any]) -> None:
        """What concerns the connection itself."""
        if kind == "error":
            self.print(data["message"], "error")
        elif kind == "disconnect":
            self.print(data["message"], "system")
        elif kind == "reconnecting":
            kept = " What you typed is kept." if self._asking else ""
            self.print(f"The line is gone. Trying again in {data['seconds']:.0f} s.{kept}", "error")
        elif kind == "reset":
            self.print(reset_text(data, self._heard_at), "system")
        elif kind == "disconnected":
            self.over = _OVER
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


class KeptLines:
    """Lines typed while the line to the server is gone. They are sent when it is back, and answered on the screen.

    All but the constructor belongs to the thread of the connection.
    """

    def __init__(self, client: Client, screen: Screen) -> None:
        self._client = client
        self._screen = screen
        self._waiting: set[asyncio.Task[None]] = set()

    async def keep(self, line: str) -> None:
        """Send `line` as soon as possible."""
        task = asyncio.create_task(self._send(line))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        self._screen.print(
            "The line is gone. What you typed is kept and sent when you are back; Ctrl-D leaves.", "coming"
        )

    async def all_answered(self) -> None:
        """Wait until the last line was answered, or never will be."""
        await asyncio.gather(*self._waiting)

    async def _send(self, line: str) -> None:
        try:
            answer = await self._client.command(line, wait=_KEPT_SECONDS)
        except Refused as refused:
            self._screen.print(refused.message, "error")
        except (MythError, TimeoutError):
            self._screen.print(f"Not sent: {line}", "error")
        else:
            self._screen.show_answer(answer)


def _read_lines(run: Run[Any], client: Client, screen: Screen, *, again: str) -> None:
    """What the player types, until they leave. `again` is what to type to come back."""
    from mythgate.client import ConnectionState, Unsent

    kept = KeptLines(client, screen)
    while True:
        try:
            line = screen.read()
        except EOFError:
            print()
            if not sys.stdin.isatty():  # nobody is there to whom waiting is a burden
                run(kept.all_answered())
            if screen.over:
                _end(run, client, again)
            return
        if not line.strip():
            continue
        if client.state is not ConnectionState.CONNECTED:
            run(kept.keep(line))
            continue
        try:
            with screen.asking():
                answer = run(client.command(line))
        except TimeoutError:
            screen.print("The server did not answer in time.", "error")
            continue
        except Unsent:
            _end(run, client, again)
            return
        screen.show_answer(answer)
        if (answer.get("data") or {}).get("quit"):
            return


def _end(run: Run[Any], client: Client, again: str) -> None:
    """The connection ended for good. Unless the player left, the program ends with what to do about it."""
    import aiohttp

    code = client.close_code
    if code == _QUIT_CODE:
        return
    if code == _SIGNED_OUT_CODE:
        try:
            run(client.request("GET", "/api/auth/me"))
        except Refused as refused:
            if refused.code == AccountDisabled.code:
                fail(refused.message, refused.hint)
        except (aiohttp.ClientError, TimeoutError):
            pass
        fail(_OVER, f"You were signed out. Sign in again: {again}")
    fail(_OVER, _NEXT_STEPS.get(code or 0, "Come back with: {play}").format(play=again))

"""`mythgate play`: a client in the terminal, for a look around and for people who like it plain."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mythgate.cli.output import fail, refusals, settings_or_exit

if TYPE_CHECKING:
    from mythgate.client import Client

try:
    from readline import get_line_buffer
except ImportError:  # Windows: lines can still be typed, without history

    def get_line_buffer() -> str:
        """Nothing is known of the line being typed."""
        return ""


PROMPT: Final = "> "
_COMINGS: Final = frozenset(
    {
        "player_entered",
        "player_left",
        "player_entered_game",
        "player_left_game",
        "player_status",
        "room_message",
    }
)
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
    with contextlib.suppress(KeyboardInterrupt), refusals():
        asyncio.run(_play(server, user, character, guest=guest, new=new))


async def _play(server: str, user: str, character: str, *, guest: bool, new: bool) -> None:
    import aiohttp

    from mythgate.client import Backoff, Client

    async with Client(server, backoff=Backoff(attempts=20)) as client:
        try:
            await _sign_in(client, user, guest=guest, new=new)
            chosen = await _choose(client, character, guest=guest)
        except aiohttp.ClientConnectionError:
            fail(f"No answer from {server}.", "Is the server running? Start one with: mythgate serve")
        screen = Screen()
        client.register_handler("*", screen.show)
        await client.connect(chosen)
        await _read_lines(client, screen)


async def _sign_in(client: Client, user: str, *, guest: bool, new: bool) -> None:
    if guest:
        account = await client.guest()
        print(f"You are {account['username']}.")
        return
    user = user or await asyncio.to_thread(input, "Name: ")
    password = await asyncio.to_thread(getpass.getpass, "Password: ")
    if new:
        await client.register(user, password)
    else:
        await client.login(user, password)


async def _choose(client: Client, wanted: str, *, guest: bool) -> str | None:
    characters = await client.characters()
    if wanted:
        for one in characters:
            if one["name"].casefold() == wanted.casefold():
                return str(one["id"])
        fail(f"You have no character named {wanted}.", "Without --character you can make one.")
    if characters:
        return str(next((one for one in characters if one.get("selected")), characters[0])["id"])
    if guest:
        return None
    name = await asyncio.to_thread(input, "You have no character yet. Its name: ")
    return str((await client.create_character(name))["id"])


class Screen:
    """The terminal: a line being typed at the bottom, everything else above it."""

    def __init__(self) -> None:
        self._typing = False
        self._own_id = ""

    async def read(self) -> str:
        """The next line the player types. Raises EOFError when there is none."""
        self._typing = True
        try:
            return await asyncio.to_thread(input, PROMPT)
        finally:
            self._typing = False

    def print(self, text: str, style: str = "") -> None:
        """Print above the line being typed, wrapped at words."""
        if not sys.stdout.isatty():
            print(text, flush=True)
            return
        width = shutil.get_terminal_size().columns
        lines = [part for line in text.splitlines() for part in textwrap.wrap(line, width) or [""]]
        code = _STYLES.get(style)
        painted = "\n".join(f"\x1b[{code}m{line}\x1b[0m" if code else line for line in lines)
        below = PROMPT + get_line_buffer() if self._typing else ""
        sys.stdout.write(f"{_CLEAR_LINE}{painted}\n{below}")
        sys.stdout.flush()

    def show_answer(self, answer: dict[str, Any]) -> None:
        """The answer to a command."""
        text = answer["result"].strip("\n")
        if text:
            self.print(text, "place" if answer.get("room_changed") else "" if answer["success"] else "error")
        if answer.get("hint") and not answer["success"]:
            self.print(answer["hint"], "coming")

    def show(self, event: dict[str, Any]) -> None:
        """An event, if there is something to say about it."""
        kind, data = event["event_type"], event["data"]
        if kind == "chat_message":
            own = data["player_id"] == self._own_id
            self.print(_in_second_person(data) if own else data["text"], data["channel"])
        elif kind in _COMINGS and data.get("message"):
            self.print(data["message"], "coming")
        elif kind == "system":
            self.print(data["message"], "system")
        elif kind == "game_state":
            self._own_id = data["player"]["id"]
            self._show_arrival(data)
        elif kind in ("error", "reset", "disconnect"):
            self.print(data["message"], "error")
        elif kind == "reconnecting":
            self.print(f"The line is gone. Trying again in {data['seconds']:.0f} s.", "error")

    def _show_arrival(self, data: dict[str, Any]) -> None:
        room = data["room"]
        self.print(f"{room['name']}\n{room['description']}", "place")
        self.print("Ways: " + (", ".join(room["exits"]) or "none") + ".")
        others = [name for name in room["occupants"] if name != data["player"]["name"]]
        if others:
            self.print("Here: " + ", ".join(others) + ".")


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


async def _read_lines(client: Client, screen: Screen) -> None:
    while True:
        try:
            line = await screen.read()
        except EOFError:
            return
        if not line.strip():
            continue
        try:
            answer = await client.command(line)
        except TimeoutError:
            screen.print("The server did not answer in time.", "error")
            continue
        screen.show_answer(answer)
        if (answer.get("data") or {}).get("quit"):
            return

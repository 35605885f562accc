"""`mythgate play`: a client in the terminal, for a look around and for people who like it plain."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import sys
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

    from mythgate.client import Client

    async with Client(server, attempts=20) as client:
        try:
            await _sign_in(client, user, guest=guest, new=new)
            chosen = await _choose(client, character, guest=guest)
        except aiohttp.ClientConnectionError:
            fail(f"No answer from {server}.", "Is the server running? Start one with: mythgate serve")
        client.register_handler("*", _show)
        await client.connect(chosen)
        await _read_lines(client)


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


async def _read_lines(client: Client) -> None:
    while True:
        try:
            line = await asyncio.to_thread(input, PROMPT)
        except EOFError:
            return
        if not line.strip():
            continue
        try:
            answer = await client.command(line)
        except TimeoutError:
            _print("The server did not answer in time.", "error")
            continue
        _show_answer(answer)
        if (answer.get("data") or {}).get("quit"):
            return


def _show_answer(answer: dict[str, Any]) -> None:
    if answer["result"]:
        _print(answer["result"], "place" if answer.get("room_changed") else "" if answer["success"] else "error")
    if answer.get("hint") and not answer["success"]:
        _print(answer["hint"], "coming")


def _show(event: dict[str, Any]) -> None:
    kind, data = event["event_type"], event["data"]
    if kind == "chat_message":
        _print(data["text"], data["channel"])
    elif kind in _COMINGS and data.get("message"):
        _print(data["message"], "coming")
    elif kind == "system":
        _print(data["message"], "system")
    elif kind == "game_state":
        room = data["room"]
        _print(f"{room['name']}\n{room['description']}", "place")
        _print("Exits: " + (", ".join(room["exits"]) or "none"))
        others = [name for name in room["occupants"] if name != data["player"]["name"]]
        if others:
            _print("Here: " + ", ".join(others))
    elif kind in ("error", "reset", "disconnect"):
        _print(data["message"], "error")
    elif kind == "reconnecting":
        _print(f"The line is gone. Trying again in {data['seconds']:.0f} s.", "error")


def _print(text: str, style: str = "") -> None:
    """Print above the line being typed."""
    if not sys.stdout.isatty():
        print(text, flush=True)
        return
    typed = get_line_buffer()
    code = _STYLES.get(style)
    painted = f"\x1b[{code}m{text}\x1b[0m" if code else text
    sys.stdout.write(f"{_CLEAR_LINE}{painted}\n{PROMPT}{typed}")
    sys.stdout.flush()

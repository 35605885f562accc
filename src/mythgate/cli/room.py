"""`mythgate room`: rooms of a running server, lobbies and those of the world: who is in them, and running them."""

from __future__ import annotations

import urllib.parse
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from mythgate.cli.output import DataDir, Json, fail, print_json, print_table, span_text
from mythgate.cli.status import asked

app = typer.Typer(help="See who is in which room of a running server, and run rooms.", no_args_is_help=True)

Room = Annotated[
    str, typer.Argument(metavar="ROOM", help="Number of a lobby, or id of a room of the world: `mythgate room list`.")
]
Why = Annotated[str, typer.Option(help="Why; kept in the record.")]


def key_of(room: str) -> str:
    """`26` is a lobby, `lobby:26` as well; what has no number is a room of the world."""
    room = room.strip()
    if room.isascii() and room.isdigit():
        return f"lobby:{room}"
    return room if room.startswith(("lobby:", "room:")) else f"room:{room}"


def _path(room: str, act: str = "") -> str:
    return f"/api/admin/rooms/{urllib.parse.quote(key_of(room), safe=':')}{act and f'/{act}'}"


def _told(data_dir: str | None, room: str, act: str, body: dict[str, Any]) -> Any:
    return asked(data_dir, _path(room, act), method="POST", body=body)


@app.command("list")
def list_rooms(
    empty: Annotated[bool, typer.Option("--empty", help="Also rooms of the world with nobody in them.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List lobbies, and the rooms of the world with people in them.

    Example:  mythgate room list --json
    """
    rooms = asked(data_dir, "/api/admin/rooms", {"empty": "true"} if empty else {})["rooms"]
    if json:
        print_json(rooms)
        return
    print_table(
        ("room", "name", "people", "games", "for", "", "greeting"),
        (
            (
                str(one["key"]).removeprefix("lobby:").removeprefix("room:"),
                one["name"],
                f"{one['people']} of {one['capacity']}",
                str(one["games"]) if one["kind"] == "lobby" else "",
                one["family"] or one["zone"],
                "locked" if one["locked"] else "",
                " / ".join(one["motd"].splitlines()),
            )
            for one in rooms
        ),
        empty="There are no lobbies, and nobody is in the world.",
    )


@app.command()
def show(room: Room, data_dir: DataDir = None, json: Json = False) -> None:
    """Show who is in a room: account, door, client, how far away, for how long.

    Example:  mythgate room show 26
    """
    told = asked(data_dir, _path(room))
    if json:
        print_json(told)
        return
    locked = ", locked" if told["locked"] else ""
    print(f"{told['name']}: {told['people']} of {told['capacity']}{locked}")
    if told["motd"]:
        print(f"Greets with: {' / '.join(told['motd'].splitlines())}")
    print_table(
        ("name", "account", "role", "door", "client", "ping", "here for", "id"),
        (
            (
                one["name"] + (" (away)" if one["away"] else "") + (" (line lost)" if one["linkdead"] else ""),
                one["account"] or "guest",
                one["role"],
                one["door"],
                one["client"],
                f"{one['ping_ms']:g} ms" if one["ping_ms"] is not None else "?",
                _since(one["since"]),
                one["id"],
            )
            for one in told["occupants"]
        ),
        empty="Nobody is in it.",
    )


def _since(moment: str) -> str:
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
    whole = seconds - seconds % 60 if seconds >= 60 else max(0, seconds)
    return span_text(timedelta(seconds=whole))


@app.command()
def talk(
    room: Room,
    limit: Annotated[int, typer.Option(help="How many lines.", min=1, max=500)] = 100,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print what was said in a room lately, as far as the server remembers it. That somebody reads it is recorded.

    Example:  mythgate room talk 26 --limit 20
    """
    lines = asked(data_dir, _path(room, "talk"), {"limit": limit})["lines"]
    if json:
        print_json(lines)
        return
    for one in lines:
        at = datetime.fromisoformat(one["at"]).astimezone()
        print(f"{at:%Y-%m-%d %H:%M:%S}  {one['name'] or 'server'}: {one['text']}")
    if not lines:
        print("Nothing was said that the server remembers.")


@app.command()
def announce(room: Room, text: str, data_dir: DataDir = None) -> None:
    """Tell everybody in a room something in the name of the server.

    Example:  mythgate room announce 26 "The cup begins in ten minutes."
    """
    _told(data_dir, room, "announce", {"text": text})
    print("Everybody in it was told.")


@app.command()
def lock(room: Room, data_dir: DataDir = None) -> None:
    """Let nobody but the staff into a room; who is in it stays.

    Example:  mythgate room lock 26
    """
    print(f"{_told(data_dir, room, 'lock', {'locked': True})['name']} is locked.")


@app.command()
def unlock(room: Room, data_dir: DataDir = None) -> None:
    """Let everybody into a room again.

    Example:  mythgate room unlock 26
    """
    print(f"{_told(data_dir, room, 'lock', {'locked': False})['name']} is open.")


@app.command()
def motd(
    room: Room,
    text: Annotated[str, typer.Argument(help="What it greets with; empty: nothing.")],
    data_dir: DataDir = None,
) -> None:
    """Change what a room greets with. Who is in it reads it now.

    Example:  mythgate room motd 26 "Tournament tonight at eight."
    """
    told = _told(data_dir, room, "motd", {"text": text})
    print(f"{told['name']} greets with: {told['motd']}" if told["motd"] else f"{told['name']} greets nobody.")


@app.command()
def move(
    person: Annotated[str, typer.Argument(help="Name, or id of `mythgate room show`.")],
    room: Annotated[str, typer.Argument(metavar="FROM", help="The room they are in.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="A room of the same kind.")],
    reason: Why = "",
    data_dir: DataDir = None,
) -> None:
    """Move somebody from one lobby, or one room of the world, to another.

    Who came with an old game client cannot be moved: it chooses its lobby itself.
    Example:  mythgate room move Ada 26 3 --reason "asked for it"
    """
    if not person.strip():
        fail("Who?", "`mythgate room show` lists who is in a room.")
    people = asked(data_dir, _path(room))["occupants"]
    meant = [one for one in people if person in (one["id"], str(one["number"]))]
    meant = meant or [one for one in people if person.casefold() in (one["name"].casefold(), one["account"].casefold())]
    if len(meant) != 1:
        fail(f"{'Nobody' if not meant else 'More than one'} called {person} is in it.", "`mythgate room show` has ids.")
    moved = _told(data_dir, room, "move", {"id": meant[0]["id"], "to": key_of(to), "reason": reason})
    print(f"{moved['name']} was moved.")


@app.command()
def close(room: Room, reason: Why = "", data_dir: DataDir = None) -> None:
    """Have everybody go out of a lobby. One that somebody opened is closed for good, one of the settings is locked.

    Example:  mythgate room close 44
    """
    left = _told(data_dir, room, "close", {"reason": reason})["room"]
    print(f"{left['name']} is empty and locked." if left is not None else "The lobby is closed.")

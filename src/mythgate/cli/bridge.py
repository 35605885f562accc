"""`mythgate bridge`: lobbies and channels elsewhere that hear each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, print_json, print_table, settings_or_exit
from mythgate.cli.running import ask
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.domain.bridges import Bridge
    from mythgate.services.all import Services

app = typer.Typer(help="Let lobbies and channels elsewhere, such as Discord's, hear each other.", no_args_is_help=True)

_PATH = "/api/admin/bridges"


def _row(bridge: Bridge) -> dict[str, Any]:
    return {
        "number": bridge.number,
        "room_id": bridge.room_id,
        "name": bridge.name,
        "sends_to": bridge.place,
        "sends": bridge.sends,
        "hears": bridge.hears,
        "failures": bridge.failures,
        "created_at": bridge.created_at,
    }


@app.command("list")
def list_bridges(data_dir: DataDir = None, json: Json = False) -> None:
    """List the bridges.

    Example:  mythgate bridge list --json
    """

    async def beside(services: Services) -> dict[str, Any]:
        return {"bridges": [_row(one) for one in await services.bridges.bridges(OPERATOR)]}

    told = ask(settings_or_exit(data_dir=data_dir), _PATH) or on_services(data_dir, beside)
    if json:
        print_json(told["bridges"])
        return
    rows = [
        (str(one["number"]), str(one["room_id"]), one["name"], _outward(one), "yes" if one["hears"] else "no")
        for one in told["bridges"]
    ]
    empty = "There are no bridges. Open one:  mythgate bridge open --help"
    print_table(("number", "lobby", "channel", "lines go to", "is heard here"), rows, empty=empty)


def _outward(one: dict[str, Any]) -> str:
    if not one["sends_to"]:
        return "nowhere"
    return str(one["sends_to"]) if one["sends"] else f"{one['sends_to']} (given up: nothing arrived)"


@app.command("open")
def open_bridge(
    room: Annotated[int, typer.Argument(metavar="ROOM", help="Number of the lobby.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the channel elsewhere, as the lobby reads it.")],
    url: Annotated[str, typer.Option(metavar="URL", help="Webhook that lines of the lobby are posted to.")] = "",
    hears: Annotated[bool, typer.Option("--hears", help="Let lines be posted in, with a token shown once.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Open a bridge. The lobby is told, and so is everybody who enters it.

    Example:  mythgate bridge open 26 "Discord #general" --url https://discord.com/api/webhooks/… --hears
    """

    async def beside(services: Services) -> dict[str, Any]:
        await services.lobbies.catch_up()
        bridge, token = await services.bridges.open(OPERATOR, room, name, url=url, hears=hears)
        return {**_row(bridge), "token": token}

    wanted = {"room_id": room, "name": name, "url": url, "hears": hears}
    settings = settings_or_exit(data_dir=data_dir)
    told = ask(settings, _PATH, method="POST", body=wanted) or on_services(data_dir, beside)
    if json:
        print_json(told)
        return
    print(f"Bridge {told['number']} is open.")
    if told["token"]:
        print("Lines are posted in with this token, which is shown this once:")
        print(f"  {told['token']}")
        print('  POST /api/bridge  {"name": "Ann", "text": "hello"}  with  Authorization: Bearer <token>')


@app.command("close")
def close_bridge(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the bridge.")], data_dir: DataDir = None
) -> None:
    """Take a bridge down; its token ends with it.

    Example:  mythgate bridge close 1
    """

    async def beside(services: Services) -> dict[str, Any]:
        await services.bridges.close(OPERATOR, number)
        return {}

    if ask(settings_or_exit(data_dir=data_dir), f"{_PATH}/{number}", method="DELETE") is None:
        on_services(data_dir, beside)
    print(f"Bridge {number} is closed.")

"""`mythgate lobby`: the list of lobbies. Works while the server runs, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, fail, print_json, print_table
from mythgate.domain.lobbies import DEFAULT_CAPACITY, MAX_CASTE, NO_CASTE, Family, Lobby
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.services.all import Services

T = TypeVar("T")

app = typer.Typer(help="List, open, change and close lobbies.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the lobby.")]
Maybe = str | None
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="What lobbies of its type have besides; several times."),
]


def _given(options: list[str] | None) -> dict[str, str]:
    """Options as they were typed, by name."""
    pairs = [option.partition("=") for option in options or ()]
    for name, equals, _ in pairs:
        if not equals:
            fail(f"{name} has no value.", "Write it like --option min_players=4.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _run(data_dir: str | None, work: Callable[[Services], Awaitable[T]]) -> T:
    """`on_services`, with the lobbies as they are now."""

    async def up_to_date(services: Services) -> T:
        await services.lobbies.catch_up()
        return await work(services)

    return on_services(data_dir, up_to_date)


@app.command("list")
def list_lobbies(data_dir: DataDir = None, json: Json = False) -> None:
    """List the lobbies: those of the settings with what was changed since.

    Example:  mythgate lobby list --json
    """

    async def work(services: Services) -> list[Lobby]:
        return list(services.lobbies.lobbies())

    found = _run(data_dir, work)
    if json:
        print_json([{**asdict(lobby), "type": lobby.type_name} for lobby in found])
        return
    print_table(
        ("id", "name", "for", "kind", "castes", "country", "capacity", "greeting"),
        (
            (
                str(lobby.room_id),
                lobby.name + (" (temporary)" if lobby.temporary else ""),
                lobby.family.value,
                lobby.kind.value,
                f"{lobby.min_caste} to {lobby.max_caste}",
                str(lobby.country or "any"),
                str(lobby.capacity),
                " / ".join(lobby.motd.splitlines()),
            )
            for lobby in found
        ),
        empty="There are no lobbies.",
    )


@app.command()
def add(
    number: Number,
    name: Annotated[str, typer.Argument(help="Name of the lobby, 31 characters at most.")],
    family: Annotated[Family, typer.Option(help="Whose clients it is for.")] = Family.MARATHON,
    ranked: Annotated[bool, typer.Option("--ranked", help="Results count.")] = False,
    country: Annotated[int, typer.Option(help="Country code of those who may enter; 0: any.")] = 0,
    min_caste: Annotated[int, typer.Option(help="Least caste that may enter.")] = NO_CASTE,
    max_caste: Annotated[int, typer.Option(help="Highest caste that may enter.")] = MAX_CASTE,
    tournament: Annotated[int, typer.Option(help="Tournament whose members may enter; 0: none.")] = 0,
    capacity: Annotated[int, typer.Option(help="How many it takes.")] = DEFAULT_CAPACITY,
    motd: Annotated[str, typer.Option(help="Greets everybody who enters.")] = "",
    guest_motd: Annotated[str, typer.Option(help="Greets guests besides.")] = "",
    films: Annotated[bool, typer.Option("--films", help="Keep recordings of games.")] = False,
    films_required: Annotated[
        bool, typer.Option("--films-required", help="Have clients send a recording of every game.")
    ] = False,
    squelched: Annotated[bool, typer.Option("--squelched", help="Let only the staff talk to everybody.")] = False,
    temporary: Annotated[bool, typer.Option("--temporary", help="Close it once nobody was in it for a while.")] = False,
    world_chat: Annotated[
        bool, typer.Option("--world-chat", help="Let it and the global channel of the world hear each other.")
    ] = False,
    type_name: Annotated[str, typer.Option("--type", help="tournament, or what a plug-in adds.")] = Lobby.type_name,
    options: Options = None,
    data_dir: DataDir = None,
) -> None:
    """Open a lobby. A server that runs has it within a second.

    Example:  mythgate lobby add 4 "Shoal" --family myth2 --ranked --min-caste 3
    """
    values: dict[str, Any] = {
        "name": name,
        "room_id": number,
        "ranked": ranked,
        "country": country,
        "min_caste": min_caste,
        "max_caste": max_caste,
        "tournament": tournament,
        "family": family,
        "capacity": capacity,
        "motd": motd,
        "guest_motd": guest_motd,
        "films": films,
        "films_required": films_required,
        "squelched": squelched,
        "temporary": temporary,
        "world_chat": world_chat,
        **_given(options),
    }

    async def work(services: Services) -> Lobby:
        return await services.lobbies.add(OPERATOR, services.extensions.room_types.make(type_name, values))

    added = _run(data_dir, work)
    print(f"{added.name} is open, number {added.room_id}.")


@app.command("set")
def change(
    number: Number,
    name: Annotated[Maybe, typer.Option(help="Another name.")] = None,
    family: Annotated[Family | None, typer.Option(help="Whose clients it is for.")] = None,
    ranked: Annotated[bool | None, typer.Option("--ranked/--unranked", help="Whether results count.")] = None,
    country: Annotated[int | None, typer.Option(help="Country code of those who may enter; 0: any.")] = None,
    min_caste: Annotated[int | None, typer.Option(help="Least caste that may enter.")] = None,
    max_caste: Annotated[int | None, typer.Option(help="Highest caste that may enter.")] = None,
    tournament: Annotated[int | None, typer.Option(help="Tournament whose members may enter; 0: none.")] = None,
    capacity: Annotated[int | None, typer.Option(help="How many it takes.")] = None,
    motd: Annotated[Maybe, typer.Option(help="Greets everybody who enters; those in it read it now.")] = None,
    guest_motd: Annotated[Maybe, typer.Option(help="Greets guests besides.")] = None,
    films: Annotated[bool | None, typer.Option("--films/--no-films", help="Keep recordings of games.")] = None,
    films_required: Annotated[
        bool | None,
        typer.Option("--films-required/--films-optional", help="Have clients send a recording of every game."),
    ] = None,
    squelched: Annotated[
        bool | None, typer.Option("--squelched/--open", help="Whether only the staff may talk to everybody.")
    ] = None,
    temporary: Annotated[
        bool | None, typer.Option("--temporary/--lasting", help="Close it once nobody was in it for a while.")
    ] = None,
    world_chat: Annotated[
        bool | None,
        typer.Option("--world-chat/--no-world-chat", help="Whether it and the global channel hear each other."),
    ] = None,
    locked: Annotated[
        bool | None, typer.Option("--locked/--unlocked", help="Whether only the staff comes in; who is in it stays.")
    ] = None,
    options: Options = None,
    data_dir: DataDir = None,
) -> None:
    """Change a lobby. Who is in it stays.

    Example:  mythgate lobby set 26 --motd "Tournament tonight at eight." --capacity 64
    """
    given: dict[str, Any] = {
        "name": name,
        "family": family,
        "ranked": ranked,
        "country": country,
        "min_caste": min_caste,
        "max_caste": max_caste,
        "tournament": tournament,
        "capacity": capacity,
        "motd": motd,
        "guest_motd": guest_motd,
        "films": films,
        "films_required": films_required,
        "squelched": squelched,
        "temporary": temporary,
        "world_chat": world_chat,
        "locked": locked,
    }
    changes = {key: value for key, value in given.items() if value is not None} | _given(options)
    changed = _run(data_dir, lambda services: services.lobbies.change(OPERATOR, number, **changes))
    print(f"{changed.name} is changed.")


@app.command()
def motd(
    words: Annotated[str, typer.Argument(metavar="TEXT", help="What every lobby greets with; empty: nothing.")],
    data_dir: DataDir = None,
) -> None:
    """Change the greeting of all lobbies at once. Who is in one reads it within a second.

    Example:  mythgate lobby motd "The server moves tonight at eight."
    """

    async def work(services: Services) -> int:
        lobbies = services.lobbies.lobbies()
        for lobby in lobbies:
            await services.lobbies.change(OPERATOR, lobby.room_id, motd=words)
        return len(lobbies)

    print(f"{_run(data_dir, work)} lobbies have another greeting.")


@app.command()
def remove(number: Number, data_dir: DataDir = None) -> None:
    """Close a lobby. Who is in it has to go.

    Example:  mythgate lobby remove 4
    """

    async def work(services: Services) -> Lobby:
        lobby = services.lobbies.lobby(number)
        await services.lobbies.remove(OPERATOR, number)
        return lobby

    print(f"{_run(data_dir, work).name} is closed.")

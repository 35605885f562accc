"""`mythgate lobby` and `mythgate why`: the list of lobbies, and who may enter them. Work while the server runs, too."""

from __future__ import annotations

import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from mythgate.cli.addressfile import server_of
from mythgate.cli.offline import on_services
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, fail, print_json, print_table, settings_or_exit
from mythgate.domain.lobbies import DEFAULT_CAPACITY, MAX_CASTE, NO_CASTE, Family, Lobby, Looks, Visitor, lobby_listener
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.services.all import Services

T = TypeVar("T")

_ANSWER_SECONDS: Final = 2.0

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


def why(
    name: Annotated[str, typer.Argument(metavar="USER", help="Name of the account; guest for one without.")],
    number: Annotated[int | None, typer.Argument(metavar="[ROOM]", help="Number of the lobby; default: all.")] = None,
    family: Annotated[Family | None, typer.Option(help="Of the client they come with; default: any.")] = None,
    country: Annotated[int, typer.Option(help="Country code that their client tells.")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Say step by step why somebody may or may not enter a lobby. Ends with 1 if they may enter none.

    How many are in it the running server is asked; if none answers, that line begins with ??.

    Example:  mythgate why ada 3 --family myth2
    """

    present = _present(server_of(settings_or_exit(data_dir=data_dir)))

    async def work(services: Services) -> tuple[list[str], bool]:
        visitor, lines = await _visitor(services, name, family, country)
        may_sign_in = not any(line.startswith("NO") for line in lines)
        may_enter = False
        for lobby in services.lobbies.lobbies():
            if number is None or lobby.room_id == number:
                others = present.get(lobby.room_id, set()) - {visitor.number} if present is not None else set()
                *steps, verdict = services.lobbies.why(visitor, lobby.room_id, len(others))
                may_enter = may_enter or not any(step.startswith("NO") for step in steps)
                if present is None:
                    steps = [f"??  full: it takes {lobby.capacity}" if "full: 0 of" in step else step for step in steps]
                steps.append(verdict if may_sign_in else f"{visitor.name} may not even sign in.")
                lines += ["", f"{lobby.name} (number {lobby.room_id}, {lobby.family}, {lobby.kind})", *steps]
        if number is not None:
            services.lobbies.lobby(number)
        return lines, may_sign_in and may_enter

    lines, may_enter = _run(data_dir, work)
    print("\n".join(lines))
    if not may_enter:
        raise typer.Exit(EXIT_FAILED)


def _present(server: str) -> dict[int, set[int]] | None:
    """Who is in which lobby of the server, by their numbers; None if it does not answer."""
    import orjson

    try:
        with urllib.request.urlopen(f"{server}/api/metaserver/rooms", timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
            rooms = orjson.loads(answer.read())["rooms"]
        return {room["id"]: {player["user_id"] for player in room["players"]} for room in rooms}
    except (OSError, ValueError, LookupError, TypeError):
        return None


async def _visitor(services: Services, name: str, family: Family | None, country: int) -> tuple[Visitor, list[str]]:
    """Who would come, and whether the server lets them in at all."""
    looks = Looks(name=name)
    if name.casefold() == "guest":
        guest = Visitor(lobby_listener(0), 0, "Guest", looks, "", "", family=family, country=country)
        return guest, ["ok  account: a guest has none"]
    account = await services.accounts.find(OPERATOR, name)
    if account is None:
        fail(f"There is no account named {name}.", "List them with: mythgate user list")
    mute = await services.moderation.mute_of(account.id)
    is_active = account.status.value == "active"
    lines = [f"{'ok' if is_active else 'NO':2}  account: {account.name}, {account.role.value}, {account.status.value}"]
    if mute is not None:
        until = "it is lifted" if mute.ends_at is None else f"{mute.ends_at:%Y-%m-%d %H:%M} UTC"
        lines.append(f"ok  voice: muted until {until}; may enter, but is not heard")
    ties = await services.profiles.ties(account.id)
    visitor = Visitor(
        listener=lobby_listener(account.number),
        number=account.number,
        name=account.name,
        looks=looks,
        door="",
        client="",
        account_id=account.id,
        family=family,
        role=account.role,
        caste=NO_CASTE if account.is_guest else account.caste,
        country=country,
        clan=ties.clan,
        tournaments=ties.tournaments,
        has_guest_account=account.is_guest,
    )
    return visitor, lines

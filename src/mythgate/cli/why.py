"""`mythgate why`: each check that somebody has to pass, and which of them they do not."""

from __future__ import annotations

import urllib.parse
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, print_json, settings_or_exit
from mythgate.cli.running import ask
from mythgate.domain.lobbies import Family
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.services.all import Services
    from mythgate.services.why import Explanation, Path

_MARKS = {"yes": "✓", "no": "✗", "unknown": "?", "exempt": "-"}
_STYLES = {"yes": "green", "no": "bold red", "unknown": "yellow", "exempt": "dim"}


def why(
    name: Annotated[str, typer.Argument(metavar="USER", help="Name of the account; guest for one without.")],
    room: Annotated[int | None, typer.Argument(metavar="[ROOM]", help="Number of a lobby; default: all.")] = None,
    door: Annotated[
        str, typer.Option(metavar="DOOR", help="http, metaserver, shards, …: only this one; default: all.")
    ] = "",
    family: Annotated[Family | None, typer.Option(help="Which game their client is for; default: any.")] = None,
    country: Annotated[int, typer.Option(help="Country code that their client tells.")] = 0,
    version: Annotated[int | None, typer.Option(help="Version that their client tells, like 2180.")] = None,
    build: Annotated[int | None, typer.Option(help="Build that their client tells, like 427.")] = None,
    address: Annotated[str | None, typer.Option(help="Address they come from.")] = None,
    all_steps: Annotated[bool, typer.Option("--all", help="Show every step of every lobby.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Say step by step why somebody may or may not sign in and enter lobbies.

    A server that runs is asked, for it alone knows who is where and who has to wait; else the database is. Nothing is
    changed. Ends with 1 if something keeps them out.

    Examples:  mythgate why ada    mythgate why ada 3 --door metaserver --family myth2 --build 426
    """
    settings = settings_or_exit(data_dir=data_dir)
    query = {
        "room": room,
        "door": door,
        "family": family.value if family is not None else None,
        "country": country,
        "version": version,
        "build": build,
        "address": address,
    }
    told = ask(settings, f"/api/admin/why/{urllib.parse.quote(name, safe='')}", query)
    if told is None:
        told = _beside(data_dir, name, room, door, family, country, version, build, address)
    if json:
        print_json(told)
    else:
        _print(told, room, every_step=all_steps or room is not None)
    if not (told["may_sign_in"] and told["may_enter"]):
        raise typer.Exit(EXIT_FAILED)


def _beside(
    data_dir: str | None,
    name: str,
    room: int | None,
    door: str,
    family: Family | None,
    country: int,
    version: int | None,
    build: int | None,
    address: str | None,
) -> dict[str, Any]:
    """The same from the database, as the server would answer."""
    from mythgate.services.why import Question

    async def work(services: Services) -> Explanation:
        question = Question(name, room, door, family, country, version, build, address)
        return await services.why.about(OPERATOR, question)

    told = on_services(data_dir, work)
    account = told.account
    return {
        "name": told.name,
        "live": told.is_live,
        "account": None
        if account is None
        else {
            "id": account.id,
            "number": account.number,
            "name": account.name,
            "role": account.role.value,
            "status": account.status.value,
            "guest": account.is_guest,
        },
        "may_sign_in": told.may_sign_in,
        "may_enter": told.may_enter,
        "muted": told.mute is not None,
        "muted_until": told.mute.ends_at if told.mute is not None else None,
        "doors": [_path(path) for path in told.doors],
        "rooms": [_path(path) for path in told.rooms],
        "refusals": [],
    }


def _path(path: Path) -> dict[str, Any]:
    steps = [{**asdict(step), "answer": step.answer.value} for step in path.steps]
    for step in steps:
        del step["hint"]  # for players
    return {"name": path.name, "room_id": path.room_id, "may": path.may, "steps": steps}


def _print(told: dict[str, Any], room: int | None, *, every_step: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    who = told["name"]
    account = told["account"]
    if account is not None:
        guest = ", a guest" if account["guest"] else ""
        console.print(f"[bold]{escape(who)}[/], number {account['number']}, {account['role']}{guest}")
    elif who != "Guest":
        console.print(f"[bold]{escape(who)}[/]: there is no account of that name.")
    if not told["live"]:
        console.print("[yellow]No server answers[/]; this is what the database says.")
    if told["muted"]:
        until = f"until {told['muted_until']}" if told["muted_until"] else "until it is lifted"
        console.print(f"[yellow]Muted[/] {until}: they may come in, but nobody hears them.")
    for path in told["doors"]:
        console.print(f"\n[bold]Sign in: {path['name']} door[/] — {_verdict(path)}")
        _print_steps(console, path["steps"])
    for path in told["rooms"]:
        console.print(f"\n[bold]{escape(path['name'])}[/] (lobby {path['room_id']}) — {_verdict(path)}")
        _print_steps(console, path["steps"] if every_step else [one for one in path["steps"] if one["answer"] == "no"])
    if told["refusals"]:
        console.print("\n[bold]Refused lately[/]")
        for one in told["refusals"]:
            console.print(f"  {one['at']}  {one['code']:<22} {one['door']:<11} {escape(one['asked'])}")
    console.print()
    console.print(_outcome(told, room))


def _verdict(path: dict[str, Any]) -> str:
    if not path["may"]:
        return "[bold red]no[/]"
    unsure = any(step["answer"] == "unknown" for step in path["steps"])
    return "[green]yes, as far as is known[/]" if unsure else "[green]yes[/]"


def _print_steps(console: Any, steps: list[dict[str, Any]]) -> None:
    from rich.markup import escape

    for step in steps:
        mark = f"[{_STYLES[step['answer']]}]{_MARKS[step['answer']]}[/]"
        if step["answer"] == "exempt":
            console.print(f"  {mark} [dim]{step['check']:<11} is not asked of them[/]")
            continue
        console.print(
            f"  {mark} {step['check']:<11} {escape(step['found'])}  [dim](needed: {escape(step['needed'])})[/]"
        )
        if step["answer"] == "no":
            console.print(f"    [dim]they read[/] {escape(step['message'])} [dim]({step['code']})[/]")
            console.print(f"    → {escape(step['remedy'])}")


def _outcome(told: dict[str, Any], room: int | None) -> str:
    from rich.markup import escape

    who = escape(told["name"])
    doors = [path["name"] for path in told["doors"] if path["may"]]
    if not doors:
        return f"{who} may not sign in."
    through = f"{who} may sign in through: {', '.join(doors)}."
    rooms = [path["name"] for path in told["rooms"] if path["may"]]
    if room is not None:
        lobby = escape(told["rooms"][0]["name"])
        return f"{through} {who} {'may' if rooms else 'may not'} enter {lobby}."
    return f"{through} Lobbies open to them: {escape(', '.join(rooms)) if rooms else 'none'}."

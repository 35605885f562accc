"""`mythgate tournament`: announce, start, decide and end tournaments. Works while the server runs, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, fail, print_json, print_table
from mythgate.domain.sessions import OPERATOR
from mythgate.domain.tournaments import Entry, Pairing, Tournament

if TYPE_CHECKING:
    from mythgate.services.all import Services
    from mythgate.services.tournaments import TournamentView

T = TypeVar("T")

app = typer.Typer(help="List, announce, start, decide and end tournaments.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the tournament, as `list` shows it.")]
Player = Annotated[str, typer.Argument(metavar="PLAYER", help="Name or number of somebody who takes part.")]


def _run(data_dir: str | None, work: Callable[[Services], Awaitable[T]]) -> T:
    """`on_services`, with the lobbies as they are now."""

    async def up_to_date(services: Services) -> T:
        await services.lobbies.catch_up()
        return await work(services)

    return on_services(data_dir, up_to_date)


@app.command("list")
def list_tournaments(
    over: Annotated[bool, typer.Option("--over", help="Those that have ended instead.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List the tournaments to come and under way.

    Examples:  mythgate tournament list   ·   mythgate tournament list --over --json
    """
    views = _run(data_dir, lambda services: services.tournaments.all(over=over))
    if json:
        print_json([_as_json(view) for view in views])
        return
    print_table(
        ("number", "name", "state", "slot", "lobby", "begins", "players", "prizes"),
        (
            (
                str(one.number),
                one.name,
                one.state.value,
                str(one.slot),
                str(one.room_id),
                _time(one.starts_at),
                f"{len(view.entries)} of {one.min_players} to {one.max_players}",
                str(one.prize_pool or ""),
            )
            for view in views
            for one in (view.tournament,)
        ),
        empty="No tournament has ended." if over else "No tournament is announced.",
    )


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    lobby: Annotated[int, typer.Option("--lobby", help="Number of the lobby it is played in.")],
    at: Annotated[str, typer.Option("--at", help="When it begins: 2027-01-30T20:00, in UTC unless a zone follows.")],
    slot: Annotated[int | None, typer.Option("--slot", help="1 to 6; that of the lobby unless it is given.")] = None,
    min_players: Annotated[int, typer.Option("--min", help="How many have to be there.")] = 2,
    max_players: Annotated[int, typer.Option("--max", help="How many can sign up.")] = 32,
    prize_pool: Annotated[int, typer.Option("--prize-pool", help="What there is to win.")] = 0,
    prize_shares: Annotated[
        list[int] | None, typer.Option("--share", help="Percent of it for the first place; again for the second.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Announce a tournament: people can sign up from now on.

    Example:  mythgate tournament create "Autumn Cup" --lobby 4 --at 2027-01-30T20:00 --prize-pool 100 --share 70
    """
    begins = _parsed_time(at)

    async def work(services: Services) -> tuple[Tournament, str, bool]:
        played_in = services.lobbies.lobby(lobby)
        announced = await services.tournaments.announce(
            OPERATOR,
            Tournament(
                name=name.strip(),
                slot=slot if slot is not None else played_in.tournament,
                room_id=lobby,
                starts_at=begins,
                created_at=services.clock.now(),
                min_players=min_players,
                max_players=max_players,
                prize_pool=prize_pool,
                prize_shares=tuple(prize_shares) if prize_shares else (100,),
            ),
        )
        return announced, played_in.name, played_in.tournament == announced.slot

    announced, place, has_slot = _run(data_dir, work)
    print(f"Tournament {announced.number}, {announced.name}, begins {_time(begins)} UTC in {place}.")
    if not has_slot:
        print(
            f"{place} lets in others, too, and its games do not count for it:"
            f" mythgate lobby set {lobby} --tournament {announced.slot}"
        )


@app.command()
def show(number: Number, data_dir: DataDir = None, json: Json = False) -> None:
    """Show a tournament: who takes part, who meets whom, who won what.

    Example:  mythgate tournament show 3
    """
    view = _run(data_dir, lambda services: services.tournaments.view(number))
    if json:
        print_json(_as_json(view))
        return
    one = view.tournament
    print(f"{one.name}, number {one.number}: {one.state}, slot {one.slot}, lobby {one.room_id}")
    print(f"begins {_time(one.starts_at)} UTC with {one.min_players} to {one.max_players} players")
    if one.prize_pool:
        print(f"prizes: {one.prize_pool}, of these {', '.join(f'{share} %' for share in one.prize_shares)}")
    print()
    print_table(
        ("seed", "number", "player"),
        ((str(entry.seed or ""), str(entry.number), entry.name) for entry in _by_seed(view)),
        empty="Nobody has signed up yet.",
    )
    names = {entry.number: entry.name for entry in view.entries}
    if one.bracket:
        print()
        print_table(
            ("round", "slot", "first", "second", "goes on"),
            (
                (str(pairing.round), str(pairing.slot), *_seats(pairing, names), names.get(pairing.winner, ""))
                for pairing in one.bracket
            ),
            empty="",
        )
    for prize in view.prizes:
        print(f"place {prize.place}: {prize.name} won {prize.amount}")


@app.command()
def start(number: Number, data_dir: DataDir = None) -> None:
    """Let a tournament begin now: as soon as enough of its players are in its lobby.

    Example:  mythgate tournament start 3
    """
    called = _run(data_dir, lambda services: services.tournaments.start(OPERATOR, number))
    print(f"{called.name} begins once {called.min_players} of its players are in its lobby.")


@app.command()
def cancel(number: Number, data_dir: DataDir = None) -> None:
    """End a tournament without a winner.

    Example:  mythgate tournament cancel 3
    """
    print(f"{_run(data_dir, lambda services: services.tournaments.cancel(OPERATOR, number)).name} is cancelled.")


@app.command()
def decide(
    number: Number,
    round_number: Annotated[int, typer.Argument(metavar="ROUND", help="From 1, as `show` has it.")],
    slot: Annotated[int, typer.Argument(metavar="SLOT", help="From 0, as `show` has it.")],
    winner: Player,
    data_dir: DataDir = None,
) -> None:
    """Say who goes on, for a pairing that is not played.

    Example:  mythgate tournament decide 3 1 0 Ada
    """

    async def work(services: Services) -> tuple[str, TournamentView]:
        who, name = _entrant(await services.tournaments.view(number), winner)
        return name, await services.tournaments.decide(OPERATOR, number, round_number, slot, who)

    name, view = _run(data_dir, work)
    won = view.tournament.champion
    print(f"{name} wins {view.tournament.name}." if won else f"{name} goes on.")


@app.command()
def award(
    number: Number,
    place: Annotated[int, typer.Argument(metavar="PLACE", help="1 for the first.")],
    winner: Player,
    data_dir: DataDir = None,
) -> None:
    """Give the prize of a place that nobody was given one for, once a tournament is over.

    The prizes of a tournament that is played to its end are recorded by themselves; each is given once.

    Example:  mythgate tournament award 3 1 Ada
    """

    async def work(services: Services) -> TournamentView:
        who, _ = _entrant(await services.tournaments.view(number), winner)
        return await services.tournaments.award(OPERATOR, number, place, who)

    given = next(prize for prize in _run(data_dir, work).prizes if prize.place == place)
    print(f"{given.name} has the prize of place {place}: {given.amount}.")


def _entrant(view: TournamentView, text: str) -> tuple[int, str]:
    """The number and the name of who takes part."""
    fits = (one for one in view.entries if text == str(one.number) or text.casefold() == one.name.casefold())
    found = next(fits, None)
    if found is None:
        fail(f"{text} does not take part.", f"Who does: mythgate tournament show {view.tournament.number}")
    return found.number, found.name


def _by_seed(view: TournamentView) -> list[Entry]:
    return sorted(view.entries, key=lambda entry: (entry.seed, entry.entered_at, entry.number))


def _seats(pairing: Pairing, names: dict[int, str]) -> tuple[str, str]:
    """Whoever has no opponent in the first round goes on; later, nobody is known yet."""
    vacant = "(nobody)" if pairing.round == 1 else "?"
    return names.get(pairing.first, vacant), names.get(pairing.second, vacant)


def _parsed_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text} is no time.", "Write it like 2027-01-30T20:00 or 2027-01-30T20:00+01:00.")
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _as_json(view: TournamentView) -> dict[str, Any]:
    return {
        **asdict(view.tournament),
        "entries": [asdict(entry) for entry in _by_seed(view)],
        "prizes": [asdict(prize) for prize in view.prizes],
    }

"""`mythgate ladder`: standings, seasons, and other formulas tried out. Works while the server runs, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mythgate.cli.offline import on_services
from mythgate.cli.output import DataDir, Json, fail, print_json, print_table
from mythgate.domain.ratings import CASTE_NAMES, CATEGORIES, FORMULAS, RANKED, Category, Ranked, SubjectKind
from mythgate.domain.sessions import OPERATOR

if TYPE_CHECKING:
    from mythgate.domain.ratings import Moved, Season
    from mythgate.services.all import Services
    from mythgate.services.ratings import LadderRow

app = typer.Typer(help="Show and recompute ladders, and open seasons.", no_args_is_help=True)

Which = Annotated[str, typer.Option("--category", help="ranked, unranked, or ranked:0 to ranked:15.")]
OfClans = Annotated[bool, typer.Option("--clans", help="Clans instead of players.")]
OfSeason = Annotated[int | None, typer.Option("--season", help="Number of a season; the present one without it.")]
ByFormula = Annotated[str, typer.Argument(help=f"One of: {', '.join(FORMULAS)}.")]


def _category(text: str) -> Category:
    if text not in CATEGORIES:
        fail(f"There is no ladder {text}.", "There are: ranked, unranked, ranked:0 to ranked:15.")
    return Category(text)


def _kind(clans: bool) -> SubjectKind:
    return SubjectKind.CLAN if clans else SubjectKind.PLAYER


@app.command()
def show(
    category: Which = RANKED,
    clans: OfClans = False,
    season: OfSeason = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=10000)] = 50,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show a ladder.

    Examples:  mythgate ladder show   ·   mythgate ladder show --category ranked:5 --json
    """
    which = _category(category)

    async def work(services: Services) -> list[LadderRow]:
        return await services.ratings.ladder(which, kind=_kind(clans), season=season, limit=limit)

    rows = on_services(data_dir, work)
    if json:
        print_json([_row(row) for row in rows])
        return
    print_table(
        ("place", "name", "caste", "points", "games", "wins", "losses", "ties"),
        (
            (
                str(row.ranked.place),
                row.name or "(gone)",
                CASTE_NAMES[row.ranked.caste],
                *(str(value) for value in _counters(row.ranked)),
            )
            for row in rows
        ),
        empty="Nobody has played yet.",
    )


def _counters(ranked: Ranked) -> tuple[int, ...]:
    one = ranked.standing
    return (one.points, one.games, one.wins, one.losses, one.ties)


def _row(row: LadderRow) -> dict[str, Any]:
    points, games, wins, losses, ties = _counters(row.ranked)
    return {
        "place": row.ranked.place,
        "number": row.ranked.standing.number,
        "name": row.name,
        "caste": row.ranked.caste,
        "points": points,
        "games": games,
        "wins": wins,
        "losses": losses,
        "ties": ties,
    }


@app.command()
def preview(
    formula: ByFormula,
    category: Which = RANKED,
    clans: OfClans = False,
    season: OfSeason = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show everybody's place as it is and as it would be under another formula. Changes nothing.

    Examples:  mythgate ladder preview openskill   ·   mythgate ladder preview seniority --season 1 --json
    """
    which = _category(category)

    async def work(services: Services) -> tuple[list[Moved], dict[int, str]]:
        moved = await services.ratings.preview(OPERATOR, formula, which, kind=_kind(clans), season=season)
        return moved, await services.ratings.names(_kind(clans), [one.number for one in moved])

    moved, names = on_services(data_dir, work)
    if json:
        print_json([_moved_row(one, names.get(one.number, "")) for one in moved])
        return
    print_table(
        ("name", "place", "would be", "points", "would be"),
        (
            (
                names.get(one.number, "(gone)"),
                *(str(side.place) if side is not None else "-" for side in (one.before, one.after)),
                *(str(side.standing.points) if side is not None else "-" for side in (one.before, one.after)),
            )
            for one in moved
        ),
        empty="Nobody has played yet.",
    )


def _moved_row(moved: Moved, name: str) -> dict[str, Any]:
    def side(ranked: Ranked | None) -> dict[str, int] | None:
        if ranked is None:
            return None
        return {"place": ranked.place, "caste": ranked.caste, "points": ranked.standing.points}

    return {"number": moved.number, "name": name, "before": side(moved.before), "after": side(moved.after)}


@app.command()
def recompute(
    formula: Annotated[
        str | None, typer.Option("--formula", help=f"Go by this one from now on: {', '.join(FORMULAS)}.")
    ] = None,
    season: OfSeason = None,
    data_dir: DataDir = None,
) -> None:
    """Make the standings of a season anew from its results.

    Examples:  mythgate ladder recompute   ·   mythgate ladder recompute --formula openskill
    """

    async def work(services: Services) -> int:
        return await services.ratings.recompute(OPERATOR, season=season, formula=formula)

    print(f"{on_services(data_dir, work)} standings were made anew.")


@app.command()
def reset(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of the player, or of the clan.")] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="All standings, not those of one.")] = False,
    category: Annotated[
        str | None, typer.Option("--category", help="ranked, unranked, or ranked:0 to ranked:15; all without it.")
    ] = None,
    clans: OfClans = False,
    data_dir: DataDir = None,
) -> None:
    """Let standings of the present season begin anew, of one player or clan, or of all. Results stay on record.

    Examples:  mythgate ladder reset ada   ·   mythgate ladder reset --everybody --category ranked:5
    """
    if (name is None) is not everybody:
        fail("Whose standings?", "Give a name, or --everybody.")
    which = None if category is None else _category(category)

    async def work(services: Services) -> int:
        number = None
        if name is not None and clans:
            number = (await services.clans.find(name)).clan.number
        elif name is not None:
            account = await services.accounts.find(OPERATOR, name)
            if account is None:
                fail(f"There is no account named {name}.", "List them with: mythgate user list")
            number = account.number
        return await services.ratings.reset(OPERATOR, kind=_kind(clans), number=number, category=which)

    print(f"{on_services(data_dir, work)} standings begin anew.")


_Result = Annotated[int, typer.Argument(metavar="RESULT", help="Number of the result.")]
_Why = Annotated[str, typer.Option(help="Why; kept in the record.")]


@app.command()
def void(number: _Result, reason: _Why = "", data_dir: DataDir = None) -> None:
    """Have a result count for nothing; the standings of its season are made anew. The result stays on record.

    Example:  mythgate ladder void 17 --reason "cheated"
    """
    on_services(data_dir, lambda services: services.ratings.void(OPERATOR, number, reason))
    print(f"Result {number} counts for nothing. `mythgate ladder restore {number}` takes that back.")


@app.command()
def restore(number: _Result, reason: _Why = "", data_dir: DataDir = None) -> None:
    """Let a result count again that was voided.

    Example:  mythgate ladder restore 17
    """
    on_services(data_dir, lambda services: services.ratings.void(OPERATOR, number, reason, void=False))
    print(f"Result {number} counts.")


@app.command()
def seasons(data_dir: DataDir = None) -> None:
    """List the seasons.

    Example:  mythgate ladder seasons
    """

    async def work(services: Services) -> list[Season]:
        return await services.ratings.seasons()

    print_table(
        ("number", "name", "formula", "from", "until"),
        (
            (
                str(one.number),
                one.name,
                one.formula,
                f"{one.starts_at:%Y-%m-%d}",
                f"{one.ends_at:%Y-%m-%d}" if one.ends_at is not None else "",
            )
            for one in on_services(data_dir, work)
        ),
        empty="The first season begins with the first result.",
    )


@app.command("open-season")
def open_season(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    formula: Annotated[str | None, typer.Option("--formula", help=f"One of: {', '.join(FORMULAS)}.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Close the present season and begin another, in which everybody starts anew.

    Example:  mythgate ladder open-season "Winter 2027"
    """

    async def work(services: Services) -> Season:
        return await services.ratings.open_season(OPERATOR, name, formula)

    season = on_services(data_dir, work)
    print(f"Season {season.number}, {season.name}, goes by {season.formula}.")

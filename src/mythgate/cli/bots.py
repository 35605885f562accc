"""`mythgate bots`: players of old games who are none, so that a lobby can be shown, tried and loaded."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mythgate.cli.offline import require_folder
from mythgate.cli.output import EXIT_FAILED, DataDir, Json, aligned, fail, print_json, settings_or_exit

if TYPE_CHECKING:
    from rich.table import Table

    from mythgate.bots.bot import Account, Tally
    from mythgate.bots.troupe import Troupe

EXIT_INTERRUPTED: Final = 130
_DEFAULT_DOORS: Final = ("alephone=8", "myth2=8")
_PLAIN_EVERY: Final = 5.0  # seconds between lines of progress where there is no terminal
_LIVE_EVERY: Final = 0.5
_LONGEST_RUN: Final = 86_400.0
_FILES_BESIDES: Final = 128  # open files that are no bot's connection
_MOST_TOLD: Final = 8  # kinds of problems
_WHICH_LOBBIES: Final = "`mythgate lobby list` shows which lobbies are for whom."
_COLUMNS: Final = ("door", "here", "lines", "heard", "games", "playing", "played", "reports")


def bots(
    door: Annotated[
        list[str] | None,
        typer.Option(
            "--door",
            metavar="NAME=COUNT",
            help="Kind of client and how many: alephone, tfl, myth, myth2 (1.8), myth3. May be given several times; "
            "default: 8 of alephone and 8 of myth2.",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=_LONGEST_RUN, help="How long they stay.")] = 60.0,
    rate: Annotated[float, typer.Option(min=0.1, max=600, help="What each bot does a minute: lines, mostly.")] = 12.0,
    game: Annotated[float, typer.Option(min=0.1, max=300, help="Seconds that a game lasts.")] = 20.0,
    lobby: Annotated[int | None, typer.Option(help="Number of the lobby; default: the first that is open.")] = None,
    accounts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Lines of `NAME PASSWORD` to log in with; bots beyond these are guests."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address of the log-in server; default: that of the settings.")] = "",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, show_default=False, help="Its port; default: that of the settings.")
    ] = 0,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Fill lobbies with bots that talk, host, play and report, as old clients do. They stop by themselves.

    Exit code 0 if all stayed until the end, 1 if some could not, 130 after Ctrl-C.

    Examples:  mythgate bots   ·   mythgate bots --door myth2=4 --seconds 600 --lobby 2
    """
    from mythgate.bots.bot import Pace
    from mythgate.bots.troupe import Plan, Troupe

    wanted = _counts(door or _DEFAULT_DOORS)
    if lobby is not None and len(wanted) > 1:
        raise typer.BadParameter("A lobby is for one kind of client: give one --door with it.", param_hint="--lobby")
    known = _accounts(accounts) if accounts is not None else []
    if not (host and port):
        host, port = _server(data_dir, host, port)
    _allow_connections(sum(wanted.values()))
    pace = Pace(turn=60 / rate, gather=game / 3, play=game, absence=min(5.0, game / 4))
    troupe = Troupe(Plan(wanted, host, port, seconds, pace, lobby, known))
    try:
        interrupted = asyncio.run(_run(troupe, quiet=json))
    except KeyboardInterrupt:  # where signals have no handlers
        interrupted = True
    if json:
        print_json(_summary(troupe, interrupted=interrupted))
    elif any(stage.tally.visits for stage in troupe.stages.values()):
        print(_outcome(troupe))
    _tell_problems(troupe)
    if interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if troupe.gone:
        raise typer.Exit(EXIT_FAILED)


# --- what is asked for -------------------------------------------------------------------------------


def _counts(doors: list[str] | tuple[str, ...]) -> dict[str, int]:
    """How many bots of which kind."""
    from mythgate.bots.dialects import DIALECTS
    from mythgate.bots.troupe import MOST_BOTS

    counts: dict[str, int] = {}
    for asked in doors:
        name, _, count = asked.partition("=")
        if name not in DIALECTS:
            raise typer.BadParameter(f"'{name}' is none of {', '.join(DIALECTS)}.", param_hint="--door")
        if not count.isdecimal() or int(count) < 1:
            raise typer.BadParameter(f"How many? Write {name}=8.", param_hint="--door")
        counts[name] = counts.get(name, 0) + int(count)
    if sum(counts.values()) > MOST_BOTS:
        raise typer.BadParameter(f"At most {MOST_BOTS} bots at a time.", param_hint="--door")
    return counts


def _accounts(file: Path) -> list[Account]:
    from mythgate.bots.bot import Account

    found = []
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"The accounts cannot be read: {error}")
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, password = line.strip().partition(" ")
        if not password.strip():
            fail(f"Line {number} of {file} is no name and password.")
        found.append(Account(name, password.strip()))
    return found


def _server(data_dir: str | None, host: str, port: int) -> tuple[str, int]:
    """Where the metaserver door of the settings is; what was given stands."""
    require_folder(data_dir)
    settings = settings_or_exit(data_dir=data_dir)
    listens = settings.metaserver.host or settings.http.host
    if listens in {"0.0.0.0", "::", ""}:  # noqa: S104 (where a server listens, not where we do)
        listens = "127.0.0.1"
    port = port or settings.metaserver.port
    if not port:
        fail("The settings leave the port of the metaserver open.", "Give the one the server printed with --port.")
    return host or listens, port


def _allow_connections(bots: int) -> None:
    """Have the system let this process open as many connections as there are bots."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    wanted = bots + _FILES_BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        fail(f"The system allows {hard} open files to a program, which is too few for {bots} bots.", "Ask for fewer.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


# --- running -----------------------------------------------------------------------------------------


async def _run(troupe: Troupe, *, quiet: bool) -> bool:
    """Run all bots with a display of what they do; whether somebody ended it early."""
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        troupe.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C cancels instead
            loop.add_signal_handler(number, interrupt)
    watching = asyncio.create_task(_watch(troupe, quiet=quiet))
    try:
        await troupe.run()
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    return interrupted


async def _watch(troupe: Troupe, *, quiet: bool) -> None:
    """Show what is going on until cancelled."""
    if quiet:
        return
    if not sys.stdout.isatty():
        plan = troupe.plan
        print(f"{sum(plan.bots.values())} bots come to {plan.host}:{plan.port} for {plan.seconds:g} s.", flush=True)
        while True:
            await asyncio.sleep(_PLAIN_EVERY)
            print(_progress(troupe), flush=True)
    from rich.live import Live

    with Live(_table(troupe), refresh_per_second=4, transient=True) as live:
        while True:
            await asyncio.sleep(_LIVE_EVERY)
            live.update(_table(troupe))


def _progress(troupe: Troupe) -> str:
    """One line of progress."""
    doors = (
        f"{name} {stage.tally.present}/{stage.bots} here, {stage.tally.said + stage.tally.whispered} lines, "
        f"{stage.tally.started} games"
        for name, stage in troupe.stages.items()
    )
    return f"{troupe.elapsed:.0f} s: " + "; ".join(doors)


def _table(troupe: Troupe) -> Table:
    from rich.table import Table

    left = max(0.0, troupe.plan.seconds - troupe.elapsed)
    table = Table(box=None, pad_edge=False, header_style="bold", caption=f"{left:.0f} s left. Ctrl-C ends it now.")
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column == "door" else "right")
    for row in _rows(troupe):
        table.add_row(*row)
    return table


def _rows(troupe: Troupe) -> Iterator[tuple[str, ...]]:
    for name, stage in troupe.stages.items():
        tally = stage.tally
        yield (
            name,
            f"{tally.present}/{stage.bots}",
            str(tally.said + tally.whispered),
            str(tally.heard),
            str(tally.hosted),
            str(tally.in_games),
            str(tally.started),
            str(tally.reported),
        )


# --- what came of it ---------------------------------------------------------------------------------


def _outcome(troupe: Troupe) -> str:
    """What all have done, as text."""
    columns = ("door", "bots", "log-ins", "visits", "lines", "heard", "games", "started", "removed", "reports")
    rows: list[tuple[str, ...]] = [columns]
    for name, stage in troupe.stages.items():
        tally = stage.tally
        numbers = (
            stage.bots,
            tally.logins,
            tally.visits,
            tally.said + tally.whispered,
            tally.heard,
            tally.hosted,
            tally.started,
            tally.removed,
            tally.reported,
        )
        rows.append((name, *map(str, numbers)))
    return "\n".join(aligned(rows))


def _summary(troupe: Troupe, *, interrupted: bool) -> dict[str, Any]:
    """What all have done, for scripts."""

    def counts(tally: Tally) -> dict[str, int]:
        return {name: count for name, count in asdict(tally).items() if name not in {"present", "in_games"}}

    return {
        "seconds": round(troupe.elapsed, 3),
        "interrupted": interrupted,
        "doors": [{"door": name, "bots": stage.bots, **counts(stage.tally)} for name, stage in troupe.stages.items()],
        "problems": [
            {"door": door, "bots": count, "message": message}
            for (door, message), count in troupe.problems.most_common()
        ],
    }


def _tell_problems(troupe: Troupe) -> None:
    """Why some did not stay, and what to do about it."""
    for (door, message), count in troupe.problems.most_common(_MOST_TOLD):
        print(f"{count} of {troupe.stages[door].bots} bots at {door}: {message}", file=sys.stderr)
    hints = dict.fromkeys(hint for hint in map(_hint, troupe.errors) if hint)
    for hint in hints:
        print(hint, file=sys.stderr)


def _hint(error: Exception) -> str:
    from mythgate.bots.line import NoLobby, NoServer, TurnedAway
    from mythgate.wire.metaserver.packets import StatusCode

    if isinstance(error, NoServer):
        return "Start one with `mythgate serve`, or say where it is with --host and --port."
    if isinstance(error, NoLobby):
        return _WHICH_LOBBIES
    if not isinstance(error, TurnedAway):
        return ""
    match error.status:
        case StatusCode.GUESTS_NOT_ALLOWED | StatusCode.BAD_USER_OR_PASSWORD:
            return "Give accounts with --accounts, and check their passwords; or let guests in."
        case StatusCode.ROOM_FULL:
            return "Fewer bots, another --lobby, or a larger one: `mythgate lobby set ID --capacity N`."
        case StatusCode.GAME_NOT_ALLOWED:
            return _WHICH_LOBBIES
        case _:
            return ""

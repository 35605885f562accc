"""`mythgate shadow`: stand in front of another metaserver, compare, and move people over."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mythgate.cli.offline import require_folder
from mythgate.cli.output import DataDir, Json, fail, print_json, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mythgate.config import Settings
    from mythgate.shadow.proxy import Place
    from mythgate.shadow.state import ShadowState, StateFile

app = typer.Typer(
    help="Stand in front of another metaserver, compare its answers to ours, and move log-ins over.",
    invoke_without_command=True,
)

_LOGIN_PORT: Final = 6321
_WRITE_SECONDS: Final = 10.0


@app.callback()
def shadow(
    context: typer.Context,
    upstream: Annotated[str, typer.Option(metavar="HOST:PORT", help="The metaserver to stand in front of.")] = "",
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where clients come in.")] = f"0.0.0.0:{_LOGIN_PORT}",
    share: Annotated[
        int | None, typer.Option(min=0, max=100, metavar="PERCENT", help="Share of people who log in to ours.")
    ] = None,
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="Log-in port of our server that they go to.")] = "",
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Compare with a copy of the database in the data folder.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Whether answers are compared at all.")
    ] = True,
    advertise: Annotated[str, typer.Option(metavar="IPv4", help="What clients are told for rooms.")] = "",
    room_port: Annotated[
        int, typer.Option(metavar="PORT", help="First port for rooms; default: as at the other server.")
    ] = 0,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report here as JSON.")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Stand in front of another metaserver until Ctrl-C: clients see it as before, and a report says where our answers
    would be others.

    Examples:  mythgate shadow --upstream old.example.org:6321 --report shadow.json
    mythgate shadow --upstream 127.0.0.1:7321 --share 10 --to 127.0.0.1:8321    mythgate shadow fallback
    """
    if context.invoked_subcommand is not None:
        return
    if not upstream:
        fail("Which server is it to stand in front of?", "Name it: mythgate shadow --upstream HOST:PORT")
    require_folder(data_dir)
    settings = settings_or_exit(data_dir=data_dir)
    places = [_place(upstream), _place(listen), _place(to) if to else None]
    if share and not to:
        fail("Where are log-ins to be moved?", "Name the log-in port of your Mythgate: --to HOST:PORT")
    from mythgate import telemetry
    from mythgate.bootstrap import CannotStart

    telemetry.configure("warning")
    running = _run(settings, places, share, accounts, compare, advertise, room_port, report, quiet=json)
    try:
        told = asyncio.run(running)
    except CannotStart as error:
        fail(error.message, error.hint)
    except OSError as error:
        fail(f"{listen} cannot be opened: {error.strerror or error}.", "Choose another place with --listen.")
    if json:
        print_json(told)
    else:
        _print(told)


@app.command()
def fallback(data_dir: DataDir = None) -> None:
    """Have all new log-ins go to the other server, at once; who is on ours stays. `resume` takes it back.

    Example:  mythgate shadow fallback
    """
    _tell(_state(data_dir).fall_back("the operator said so"))


@app.command()
def resume(data_dir: DataDir = None) -> None:
    """End a fall-back: the same share of log-ins as before goes to ours again.

    Example:  mythgate shadow resume
    """
    _tell(_state(data_dir).resume())


@app.command("share")
def set_share(
    percent: Annotated[int, typer.Argument(min=0, max=100, help="Of a hundred people, how many log in to ours.")],
    data_dir: DataDir = None,
) -> None:
    """Move another share of log-ins over, from the next one on. It is always the same people.

    Example:  mythgate shadow share 25
    """
    _tell(_state(data_dir).set_share(percent))


@app.command("report")
def show_report(file: Annotated[Path, typer.Argument(help="What --report wrote.")]) -> None:
    """Show a report for people.

    Example:  mythgate shadow report shadow.json
    """
    from mythgate.shadow.report import lines as lines_of

    try:
        told = list(lines_of(json.loads(file.read_text("utf-8"))))
    except (OSError, ValueError, LookupError, TypeError) as error:
        fail(f"{file} is no report of a shadow: {error}")
    for line in told:
        print(line)


def _print(told: dict[str, Any]) -> None:
    from mythgate.shadow.report import lines

    for line in lines(told):
        print(line)


def _state(data_dir: str | None) -> StateFile:
    from mythgate.shadow.state import StateFile

    require_folder(data_dir)
    folder = settings_or_exit(data_dir=data_dir).data_dir
    if not folder.is_dir():
        fail(f"There is no folder {folder.resolve()}.", "Name the one that the shadow was started with: --data-dir")
    return StateFile(folder)


def _tell(state: ShadowState) -> None:
    if state.has_fallen_back:
        print(f"All new log-ins go to the other server. `mythgate shadow resume` moves {state.share} % again.")
    else:
        print(f"{state.share} % of people log in to ours from their next log-in on.")


def _place(text: str) -> Place:
    from mythgate.shadow.proxy import Place

    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        fail(f"{text} is no place.", "Write it like old.example.org:6321.")
    return Place(host.strip("[]"), int(port))


async def _run(
    settings: Settings,
    places: list[Place | None],
    share: int | None,
    accounts: bool,
    compare: bool,
    advertise: str,
    room_port: int,
    file: Path | None,
    *,
    quiet: bool,
) -> dict[str, Any]:
    from mythgate.shadow.mirror import Mirror
    from mythgate.shadow.ours import own_server
    from mythgate.shadow.proxy import Shadow
    from mythgate.shadow.report import Report
    from mythgate.shadow.state import StateFile

    upstream, listen, target = places
    assert upstream is not None
    assert listen is not None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    state = StateFile(settings.data_dir)
    if share is not None:
        state.set_share(share)
    report = Report(str(upstream))
    async with contextlib.AsyncExitStack() as open_:
        mirror = None
        if compare:
            ours = await open_.enter_async_context(own_server(settings if accounts else None))
            mirror = Mirror(ours, report)
        standing = Shadow(
            upstream,
            report,
            state,
            mirror,
            target,
            host=listen.host,
            advertise=advertise,
            room_port=room_port,
        )
        await open_.enter_async_context(standing.running(listen.port))
        await open_.enter_async_context(_writing(report, file))
        if not quiet:
            moved = f"; {state.read().share} % of people log in to {target}" if target is not None else ""
            print(f"Clients come in at {listen.host}:{standing.port} and find {upstream}{moved}. Ctrl-C ends it.")
            sys.stdout.flush()
        await _until_stopped()
    told = report.as_json()
    _write(told, file)
    return told


@contextlib.asynccontextmanager
async def _writing(report: Any, file: Path | None) -> AsyncIterator[None]:
    """Keep the file up to date while the block runs."""

    async def again() -> None:
        while True:
            await asyncio.sleep(_WRITE_SECONDS)
            await asyncio.to_thread(_write, report.as_json(), file)

    writing = asyncio.create_task(again())
    try:
        yield
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


def _write(told: dict[str, Any], file: Path | None) -> None:
    if file is None:
        return
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(json.dumps(told, indent=2), "utf-8")
    fresh.replace(file)


async def _until_stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    await stop.wait()

"""`mythgate serve`: run the server."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import mythgate
from mythgate.cli import addressfile
from mythgate.cli.output import Json, fail, settings_or_exit

if TYPE_CHECKING:
    from mythgate.bootstrap import Started


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the http door; 0 takes a free one.", min=0)] = None,
    data_dir: Annotated[str | None, typer.Option("--data-dir", metavar="DIR", help="Folder for all data.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.", metavar="LEVEL")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Keep nothing: data lives in a folder that goes away.")] = False,
    json: Json = False,
) -> None:
    """Run the server until Ctrl-C. Sets up its database by itself.

    Examples:  mythgate serve   ·   mythgate serve --port 8000 --data-dir /srv/mythgate
    """
    with ExitStack() as stack:
        if demo:
            data_dir = stack.enter_context(tempfile.TemporaryDirectory(prefix="mythgate-demo-"))
        settings = settings_or_exit(
            data_dir=data_dir,
            database_url=f"sqlite:///{data_dir}/mythgate.db" if demo else None,
            http={"host": host, "port": port},
            telemetry={"log_level": log_level},
        )
        from mythgate import bootstrap, telemetry
        from mythgate.config import unknown_variables

        log = settings.telemetry
        try:
            telemetry.configure(log.log_level, log.log_format)
            if log.log_dir is not None and log.log_megabytes:
                log.log_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fail(f"The log folder cannot be used: {error}", "Choose another with telemetry.log_dir.")
        for warning in unknown_variables():
            logging.getLogger(__name__).warning("unknown setting", extra={"problem": warning})

        def on_ready(started: Started) -> None:
            stack.enter_context(addressfile.telling(settings.data_dir / addressfile.ADDRESS_FILE, started.url))
            if demo and not json:  # programs that start one know where it is
                stack.enter_context(addressfile.telling(Path.cwd() / addressfile.DEMO_FILE, started.url))
            _print_json(started) if json else _print_banner(started)

        try:
            with asyncio.Runner(loop_factory=bootstrap.event_loop) as runner:
                runner.run(bootstrap.serve(settings, on_ready=on_ready))
        except bootstrap.CannotStart as error:
            fail(error.message, error.hint)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _print_banner(started: Started) -> None:
    """The few lines an operator needs: where to go, who owns it, where the data lies."""
    from rich.console import Console

    lines = [("Browser client", f"[bold]{started.url}/[/]" if started.has_browser_client else _how_to_build())]
    if started.claim_url:
        lines.append(("Become owner", f"[bold]{started.claim_url}[/]"))
        lines.append(("", f"[dim](signed in, once, until {started.claim_until} or the next start)[/]"))
    lines += [
        ("Doors", ", ".join(f"{name} {address}" for name, address in started.doors.items())),
        ("World", f"{started.world}, {started.places} places"),
        ("Data", f"{_short(started.data_dir)}  ({started.database})"),
    ]
    console = Console(highlight=False, soft_wrap=True)  # links stay whole on a narrow screen
    console.print(f"\n  [bold]Mythgate {mythgate.__version__}[/]\n")
    for name, value in lines:
        console.print(f"  [dim]{name:<16}[/]{value}")
    console.print(f"\n  [dim]Ready in {started.seconds:.1f} s. Ctrl-C stops the server.[/]\n")


def _how_to_build() -> str:
    return "not built; `make web` builds it (needs Node 20)"


def _short(folder: Path) -> str:
    try:
        return f".{os.sep}{folder.resolve().relative_to(Path.cwd())}"
    except ValueError:
        return str(folder.resolve())


def _print_json(started: Started) -> None:
    """One line of JSON, for programs that start the server and wait for it."""
    import orjson

    document: dict[str, Any] = {
        "ready": True,
        "version": mythgate.__version__,
        "pid": os.getpid(),
        "url": started.url,
        "claim_url": started.claim_url,
        "doors": started.doors,
        "data_dir": str(started.data_dir.resolve()),
        "database": started.database,
        "world": started.world,
        "seconds": round(started.seconds, 3),
    }
    sys.stdout.write(orjson.dumps(document).decode() + "\n")
    sys.stdout.flush()

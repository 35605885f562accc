"""The command line: `mythgate serve` and everything an operator does without a browser.

Each command imports what it needs when it runs, so that `mythgate --help` and `mythgate serve` start
fast. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the settings do not fit.
"""

from __future__ import annotations

from typing import Annotated

import typer

import mythgate
from mythgate.cli import bench, config, doctor, generate, lobby, metaserver, migrate, play, serve, user, world

app = typer.Typer(
    name="mythgate",
    help="One multiplayer game server, many kinds of client, the same rooms.",
    epilog="Start here:  mythgate serve   ·   then open the address it prints.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"mythgate {mythgate.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options of all commands."""


app.command("serve")(serve.serve)
app.command("play")(play.play)
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)
app.command("why")(lobby.why)
app.add_typer(user.app, name="user")
app.add_typer(lobby.app, name="lobby")
app.add_typer(config.app, name="config")
app.add_typer(migrate.app, name="migrate")
app.add_typer(world.app, name="world")
app.add_typer(generate.app, name="gen")
app.add_typer(metaserver.app, name="metaserver")


def main() -> None:
    """Entry point of the `mythgate` command."""
    app()


if __name__ == "__main__":
    main()

"""The command line: `mythgate serve` and everything an operator does without a browser.

Each command imports what it needs when it runs, so that `mythgate --help` and `mythgate serve` start
fast. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the settings do not fit.
"""

from __future__ import annotations

import difflib
import gc
from typing import Annotated, Any

import typer
import typer.core

import mythgate
from mythgate.cli import (
    backup,
    bench,
    bots,
    bridge,
    config,
    doctor,
    errors,
    examples,
    generate,
    imports,
    lab,
    ladder,
    lobby,
    logs,
    messages,
    metaserver,
    migrate,
    moderation,
    play,
    record,
    room,
    serve,
    shadow,
    shards,
    status,
    tournament,
    user,
    why,
    world,
)


class Commands(typer.core.TyperGroup):
    """Commands that name what was meant, if a word is none of them, in words without Python in them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first of `args` calls."""
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            meant = _meant(word, self.list_commands(ctx))
            ctx.fail(f"There is no command '{word}'." + (f" Did you mean '{meant}'?" if meant else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run what was called."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.replace("Value error, ", "")
            raise


def _meant(word: str, names: list[str]) -> str | None:
    """The likeliest of `names`: one that begins so, or else one that looks alike."""
    begun = [name for name in names if name.startswith(word)]
    return next(iter(begun or difflib.get_close_matches(word, names, n=1)), None)


app = typer.Typer(
    name="mythgate",
    cls=Commands,
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
app.command("bots")(bots.bots)
app.command("why")(why.why)
app.command("status")(status.status)
app.command("motd")(messages.motd)
app.command("announce")(messages.announce)
app.command("import")(imports.bring)
app.command("restore")(backup.restore)
app.add_typer(backup.app, name="backup", cls=Commands)
app.command("logs")(logs.search)
app.command("record")(record.record)
app.add_typer(user.app, name="user", cls=Commands)
app.add_typer(lobby.app, name="lobby", cls=Commands)
app.add_typer(room.app, name="room", cls=Commands)
app.add_typer(messages.app, name="announcement", cls=Commands)
app.add_typer(bridge.app, name="bridge", cls=Commands)
app.add_typer(moderation.app, name="moderation", cls=Commands)
app.add_typer(ladder.app, name="ladder", cls=Commands)
app.add_typer(tournament.app, name="tournament", cls=Commands)
app.add_typer(config.app, name="config", cls=Commands)
app.add_typer(logs.app, name="log", cls=Commands)
app.add_typer(errors.app, name="errors", cls=Commands)
app.add_typer(migrate.app, name="migrate", cls=Commands)
app.add_typer(world.app, name="world", cls=Commands)
app.add_typer(generate.app, name="gen", cls=Commands)
app.add_typer(metaserver.app, name="metaserver", cls=Commands)
app.add_typer(shards.app, name="shards", cls=Commands)
app.add_typer(shadow.app, name="shadow")
app.add_typer(lab.app, name="lab", cls=Commands)
app.add_typer(examples.app, name="examples", cls=Commands)


def main() -> None:
    """Entry point of the `mythgate` command."""
    # What imports make stays. To look through it again and again would be a fifth of the time it takes to start.
    gc.set_threshold(100_000, 20, 20)
    app()


if __name__ == "__main__":
    main()

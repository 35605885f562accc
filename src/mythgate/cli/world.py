"""`mythgate world`: check world packs and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mythgate.cli.output import EXIT_FAILED, DataDir, Json, print_json, settings_or_exit
from mythgate.cli.status import asked

app = typer.Typer(help="Check world packs, and have a running server read them again.", no_args_is_help=True)


@app.command()
def check(
    packs: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of world packs, base pack first; default: those of the settings."),
    ] = None,
    json: Json = False,
) -> None:
    """Validate world packs; every mistake is named with file, line and column.

    Example:  mythgate world check my-world/
    """
    from mythgate.backends import worldpacks

    packs = packs or settings_or_exit().world.packs or [worldpacks.DEFAULT_PACK]
    problems = [str(problem) for problem in worldpacks.check(packs)]
    if json:
        print_json({"ok": not problems, "problems": problems})
    elif problems:
        print("\n".join(problems))
        print(f"{len(problems)} {'mistake' if len(problems) == 1 else 'mistakes'}.")
    else:
        print(f"No mistakes in {', '.join(str(pack) for pack in packs)}.")
    if problems:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def reload(data_dir: DataDir = None, json: Json = False) -> None:
    """Have the running server read its world packs again. Mistakes change nothing.

    Example:  mythgate world reload
    """
    told = asked(data_dir, "/api/admin/world/reload", method="POST")
    if json:
        print_json(told)
    elif told["reloaded"]:
        print(f"{told['rooms_changed']} rooms are different; {told['characters_moved']} characters had to move.")
    else:
        print("\n".join(told["problems"]))
        print("The world stays as it was.")
    if not told["reloaded"]:
        raise typer.Exit(EXIT_FAILED)

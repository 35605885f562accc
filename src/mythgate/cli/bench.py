"""`mythgate bench`: measure this machine, next to a bare floor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import mythgate
from mythgate.cli.output import Json, fail


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A minute instead of several; wider error.")] = False,
    json: Json = False,
) -> None:
    """Measure fan-out, idle memory, handshakes and commands on this machine.

    Needs a source checkout. Example:  mythgate bench --quick
    """
    checkout = Path(mythgate.__file__).parents[2]
    if not (checkout / "benchmarks").is_dir():
        fail("The benchmarks are part of the source checkout.", "Clone the repository and run `make bench` there.")
    command = [sys.executable, "-m", "benchmarks"]
    command += ["--quick"] if quick else []
    command += ["--json"] if json else []
    raise typer.Exit(subprocess.run(command, check=False, cwd=checkout).returncode)

"""`make play`: what ends a game is not a failure of make."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.mark.parametrize(("code", "of_make"), [(0, 0), (1, 0), (130, 0), (2, 2), (3, 2)])
def test_play_ends_well_unless_it_was_called_wrongly(tmp_path: Path, code: int, of_make: int) -> None:
    program = tmp_path / "bin" / "mythgate"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$MAKE_TARGET: $*"\nexit {code}\n')
    program.chmod(0o755)
    for made in ("bin/python", ".extras"):  # installed, as far as make can see
        (tmp_path / made).touch()
    done = subprocess.run(
        ["make", "play", f"VENV={tmp_path}", "ARGS=--guest"],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (of_make, "play: play --guest\n"), done.stderr
    assert ("***" in done.stderr) == (of_make != 0)

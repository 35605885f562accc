"""What the process knows of itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mythgate.telemetry import resident_bytes
from mythgate.telemetry.metrics import most_open_files, open_files


def test_what_linux_tells(tmp_path: Path) -> None:
    before = open_files()
    with (tmp_path / "one").open("w"):
        assert open_files() == before + 1
    assert most_open_files() > open_files()
    assert resident_bytes() > 1_000_000


def test_what_other_platforms_do_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("mythgate.telemetry.metrics.os.listdir", absent)
    monkeypatch.setattr("mythgate.telemetry.metrics.Path.read_text", absent)
    monkeypatch.setitem(sys.modules, "resource", None)
    assert (open_files(), most_open_files(), resident_bytes()) == (0, 0, 0)

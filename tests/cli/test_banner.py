"""What an operator reads when the server is ready."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mythgate.bootstrap import Started
from mythgate.cli.serve import _print_banner

STARTED = Started(
    url="http://127.0.0.1:54731",
    claim_url="http://127.0.0.1:54731/#claim=secret",
    claim_until="21 November 09:32",
    doors={"http": "127.0.0.1:54731"},
    data_dir=Path("data"),
    database="SQLite",
    world="Mythgate",
    places=89,
    has_browser_client=True,
    seconds=0.1,
)


def test_the_link_is_told_with_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    _print_banner(STARTED)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "Become owner    http://127.0.0.1:54731/#claim=secret" in lines
    assert "(signed in, once, until 21 November 09:32 or the next start)" in lines


def test_there_is_no_link_for_a_server_with_an_owner(capsys: pytest.CaptureFixture[str]) -> None:
    _print_banner(replace(STARTED, claim_url=None))
    told = capsys.readouterr().out
    assert "owner" not in told
    assert "09:32" not in told
    assert "http://127.0.0.1:54731/" in told

"""What an operator reads: on a screen in short, in files and pipes in full."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from mythgate import telemetry

ID = "01a1f8e7-751c-75e7-8a44-6e4e99157583"


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """What a test configures ends with it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    quiet = logging.getLogger("uvicorn.access").disabled
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before, level
    logging.getLogger("uvicorn.access").disabled = quiet


def test_a_line_on_a_screen_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(style="console")
    where = {"character": ID, "door": "http", "room": "mythgate_ward_square_gate_square"}
    logging.getLogger("mythgate.services.presence").info("character entered", extra=where)
    line = capsys.readouterr().err.rstrip("\n")
    assert line[2] == line[5] == ":"
    assert line[8:] == "Z character entered character=…99157583 door=http room=…square_gate_square"
    logging.getLogger("mythgate.services.presence").warning("presence was wrong")
    assert capsys.readouterr().err[8:] == "Z [warning] presence was wrong\n"


def test_a_line_of_others_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(style="console")
    logging.getLogger("uvicorn.error").warning("odd")
    assert "uvicorn.error" in capsys.readouterr().err


def test_a_line_for_machines_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(style="json")
    logging.getLogger("mythgate.services.presence").info("character left", extra={"character": ID, "token": "secret"})
    entry = json.loads(capsys.readouterr().err)
    assert (entry["character"], entry["token"]) == (ID, "***")
    assert entry["logger"] == "mythgate.services.presence"
    assert entry["timestamp"].endswith("Z")

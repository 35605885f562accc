"""`mythgate shards`: frames in, JSON lines out and back; a broken line harms no other."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.wire.shards.vectors import VECTORS, WIRE
from typer.testing import CliRunner

from mythgate.cli import app

COAT = VECTORS["encryption"]["frames"][0]


def run(command: str, lines: list[str], *words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["shards", command, *words], input="".join(line + "\n" for line in lines))
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_vector_there_and_back() -> None:
    decoded = run("decode", [wire for _, wire in WIRE])
    frames = run("encode", [json.dumps(answer["fields"]) for answer in decoded])

    assert [frame["frame"] for frame in frames] == [wire for _, wire in WIRE]
    assert [answer["kind"] for answer in decoded] == [VECTORS["messages"][name]["model"] for name, _ in WIRE]


def test_broken_lines_say_what_is_wrong() -> None:
    cases = [case for case in VECTORS["reject"] if case["input"] and "\n" not in case["input"]]
    answers = run("decode", [case["input"] for case in cases])

    for case, answer in zip(cases, answers, strict=True):
        if case["name"] != "byte_order_mark":  # at the start of a line it is no part of the text
            assert (answer["failure"], answer["fields"]) == (case["kind"], case.get("fields", [])), case["name"]


def test_encrypted_frames() -> None:
    by_phrase = run("decode", [COAT["frame"], "rubbish"], "--phrase", COAT["password"])
    assert by_phrase[0]["encrypted"] is True
    assert by_phrase[0]["type"] == "ping"
    assert "decrypted" in by_phrase[1]["error"]
    (strong,) = run("encode", ['{"type": "ping"}'], "--phrase", "sesame", "--iterations", "600000")
    assert run("decode", [strong["frame"]], "--phrase", "sesame")[0]["type"] == "ping"
    assert "error" in run("decode", [strong["frame"]], "--phrase", "sesame", "--iterations", "100000")[0]
    (made,) = run("encode", ['{"type": "ping"}'], "--key", VECTORS["encryption"]["passwords"][0]["fernet_key"])
    (opened,) = run("decode", [made["frame"]], "--phrase", "your-secret-key")
    assert opened["fields"]["type"] == "ping"


def test_what_cannot_be_encoded() -> None:
    no_object, no_type, no_json = run("encode", ["[1]", '{"a": 1}', "{"])
    assert "object" in no_object["error"]
    assert no_type["failure"] == "type"
    assert "JSON" in no_json["error"]


def test_a_key_that_is_none_and_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = CliRunner().invoke(app, ["shards", "decode", "--key", "short"])
    assert wrong.exit_code == 1
    assert "--phrase" in wrong.output
    monkeypatch.setitem(sys.modules, "cryptography", None)
    missing = CliRunner().invoke(app, ["shards", "decode", "--phrase", "anything"])
    assert missing.exit_code == 1
    assert "pip install" in missing.output


def test_doctor_looks_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_HTTP__PORT", "0")  # else a server that runs here now would have the door
    monkeypatch.setenv("MYTHGATE_TELNET__ENABLED", "false")

    rows: list[dict[str, str]] = []

    def found(code: int = 0) -> tuple[str, str]:
        result = CliRunner().invoke(app, ["doctor", "--json"])
        assert result.exit_code == code, result.output
        rows[:] = json.loads(result.stdout)
        (row,) = (row for row in rows if row["subject"] == "shards door")
        return row["level"], row["message"]

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("MYTHGATE_SHARDS__PORT", port)
        level, message = found(code=1)
        assert (level, message.startswith(f"127.0.0.1:{port} cannot be opened")) == ("problem", True)
    assert found() == ("ok", f"127.0.0.1:{port} is free")
    monkeypatch.setenv("MYTHGATE_SHARDS__PORT", "0")
    assert found() == ("ok", "takes a free port")
    listed = [row["message"] for row in rows if row["subject"] == "encryption"]
    assert listed == [
        "http door: in clear",
        "metaserver door: passwords over HTTPS if the client can, else in clear",
        "shards door: frames in clear",
    ]
    monkeypatch.setenv("MYTHGATE_SHARDS__ENCRYPTION_PHRASE", "open sesame")
    monkeypatch.setenv("MYTHGATE_METASERVER__ENABLED", "false")
    monkeypatch.setenv("MYTHGATE_HTTP__BASE_URL", "https://127.0.0.1:1")  # where nobody answers: a problem of its own
    assert found(code=1) == ("ok", "takes a free port")
    assert [row["message"] for row in rows if row["subject"] == "encryption"] == [
        "http door: TLS at https://127.0.0.1:1",
        "shards door: frames in clear, or with a key of the phrase in 100,000 or 600,000 rounds",
    ]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert found(code=1)[1].startswith("shards.encryption_phrase is set")
    monkeypatch.setenv("MYTHGATE_SHARDS__ENABLED", "false")
    assert found(code=1) == ("ok", "is off")
    assert [row["message"].split(":")[0] for row in rows if row["subject"] == "encryption"] == ["http door"]

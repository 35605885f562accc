"""`mythgate doctor` on the telnet door."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mythgate.cli import app


def test_doctor_looks_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYTHGATE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MYTHGATE_HTTP__PORT", "0")  # else a server that runs here now would have the door
    for door in ("METASERVER", "SHARDS"):
        monkeypatch.setenv(f"MYTHGATE_{door}__ENABLED", "false")

    def found(subject: str = "telnet door") -> list[tuple[str, str]]:
        rows = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
        return [(row["level"], row["message"]) for row in rows if row["subject"] == subject]

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("MYTHGATE_TELNET__PORT", port)
        ((level, message),) = found()
        assert (level, message.startswith(f"127.0.0.1:{port} cannot be opened")) == ("problem", True)
    assert found() == [("ok", f"127.0.0.1:{port} is free")]
    assert ("ok", "telnet door: passwords in clear, and no TLS") in found("encryption")
    monkeypatch.setenv("MYTHGATE_TELNET__PORT", "0")
    monkeypatch.setenv("MYTHGATE_TELNET__CLEAR_PASSWORDS", "false")
    assert found() == [("warning", "takes no passwords in clear and has no TLS"), ("ok", "takes a free port")]
    monkeypatch.setenv("MYTHGATE_TELNET__TLS_CERTIFICATE", str(tmp_path / "missing.pem"))
    ((level, message),) = found()
    assert (level, "missing.pem cannot be used" in message) == ("problem", True)
    assert ("ok", "telnet door: no passwords in clear, and TLS on port 4001") in found("encryption")
    monkeypatch.setenv("MYTHGATE_TELNET__ENABLED", "false")
    assert found() == [("ok", "is off")]

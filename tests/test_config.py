"""Settings: where values come from, and what does not fit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from mythgate.cli.config import setting_rows
from mythgate.config import Settings, load


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("MYTHGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_flags_beat_environment_beats_file_beats_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mythgate.toml").write_text('[http]\nport = 1111\nhost = "127.0.0.9"\n')
    assert load().http.port == 1111
    monkeypatch.setenv("MYTHGATE_HTTP__PORT", "2222")
    assert load().http.port == 2222
    assert load().http.host == "127.0.0.9", "the rest of the section stays"
    assert load(http={"port": 3333, "host": None}).http.port == 3333
    assert load(http={"port": 3333}).http.host == "127.0.0.9"


def test_origins_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mythgate.toml").write_text("[limits]\nconnections = 7\n")
    monkeypatch.setenv("MYTHGATE_SECRET_KEY", "s3cret")
    rows = {name: (value, origin) for name, value, origin, _ in setting_rows(load(http={"port": 1}))}
    assert rows["limits.connections"] == (7, "mythgate.toml")
    assert rows["secret_key"] == ("********", "MYTHGATE_SECRET_KEY")
    assert rows["http.port"] == (1, "flag")
    assert rows["sessions.lifetime"] == (3600.0, "default")


def test_every_setting_is_described() -> None:
    assert [name for name, _, _, meaning in setting_rows(load()) if not meaning] == []


def test_durations_are_seconds_or_iso(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHGATE_SESSIONS__LIFETIME", "90")
    assert load().sessions.lifetime == timedelta(seconds=90)
    monkeypatch.setenv("MYTHGATE_SESSIONS__LIFETIME", "PT2M")
    assert load().sessions.lifetime == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MYTHGATE_HTTP__PORT", "70000"),
        ("MYTHGATE_HTTP__CORS_ORIGINS", '["*"]'),
        ("MYTHGATE_SESSIONS__LIFETIME", "0"),
        ("MYTHGATE_LIMITS__COMMANDS_PER_SECOND", "-1"),
        ("MYTHGATE_DATABASE__SYNCHRONOUS", "off"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        load()


def test_a_misspelt_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mythgate.toml").write_text("[http]\nprot = 1\n")
    with pytest.raises(ValidationError, match="prot"):
        load()


def test_the_database_lies_in_the_data_folder_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load(data_dir=tmp_path).database_location == f"sqlite:///{tmp_path}/mythgate.db"
    monkeypatch.setenv("MYTHGATE_DATABASE_URL", "postgresql://somebody@localhost/mythgate")
    assert load().database_location.startswith("postgresql://")


def test_secrets_do_not_print() -> None:
    assert "hush" not in repr(Settings(secret_key="hush", database_url="postgresql://u:hush@h/d"))

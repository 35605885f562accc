"""Settings: where values come from, and what does not fit."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from mythgate import config
from mythgate.backends import system
from mythgate.cli.settingrows import plain_value, setting_rows
from mythgate.config import Settings, load, unknown_variables


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


def test_only_who_chose_the_place_of_the_old_clients_door_chose_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not load().metaserver.place_was_chosen
    monkeypatch.setenv("MYTHGATE_METASERVER__TEST_HOSTS", "true")
    (tmp_path / "mythgate.toml").write_text("[metaserver]\nproxy_pairs = 7\n")
    settings = load(metaserver={"minimum_build": 430, "port": None})
    assert settings.metaserver.test_hosts
    assert (settings.metaserver.proxy_pairs, settings.metaserver.minimum_build) == (7, 430)
    assert not settings.metaserver.place_was_chosen
    (tmp_path / "mythgate.toml").write_text("[metaserver]\nport = 6321\n")
    assert load().metaserver.place_was_chosen, "also if it is the usual one"
    (tmp_path / "mythgate.toml").unlink()
    monkeypatch.setenv("MYTHGATE_METASERVER__ENABLED", "true")
    assert load().metaserver.place_was_chosen


def test_origins_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mythgate.toml").write_text("[limits]\nconnections = 7\n")
    monkeypatch.setenv("MYTHGATE_SECRET_KEY", "s3cret" * 6)
    rows = {name: (value, origin) for name, value, origin, _ in setting_rows(load(http={"port": 1}))}
    assert rows["limits.connections"] == (7, "mythgate.toml")
    assert rows["secret_key"] == ("********", "MYTHGATE_SECRET_KEY")
    assert rows["http.port"] == (1, "flag")
    assert rows["sessions.lifetime"] == (timedelta(hours=1), "default")
    rows = {row.name: (row.value, row.origin) for row in setting_rows(load(data_dir="there"), flags={"data_dir"})}
    assert rows["data_dir"] == (Path("there"), "flag")


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
        ("MYTHGATE_SECRET_KEY", "short"),
        ("MYTHGATE_SECRET_KEY", "   "),
        ("MYTHGATE_SESSIONS__LIFETIME", "1e12"),
        ("MYTHGATE_SESSIONS__LIFETIME", "1e300"),
        ("MYTHGATE_SESSIONS__LIFETIME", "inf"),
        ("MYTHGATE_SESSIONS__LIFETIME", "nan"),
        ("MYTHGATE_SESSIONS__LIFETIME", "P2Y"),
        ("MYTHGATE_SESSIONS__ACCESS_TOKEN_LIFETIME", "P2D"),
        ("MYTHGATE_SESSIONS__UNDO_WINDOW", "P11Y"),
        ("MYTHGATE_LIMITS__COMMANDS_PER_SECOND", "inf"),
        ("MYTHGATE_LIMITS__COMMANDS_PER_SECOND", "nan"),
        ("MYTHGATE_LIMITS__CONNECTIONS", "99999999999999999999"),
        ("MYTHGATE_HTTP__BASE_URL", "play.example.org"),
        ("MYTHGATE_HTTP__BASE_URL", "javascript:alert(1)"),
        ("MYTHGATE_HTTP__BASE_URL", "https://"),
        ("MYTHGATE_HTTP__TRUSTED_PROXIES", "proxy.example.org"),
        ("MYTHGATE_HTTP__TRUSTED_PROXIES", "10.0.0.0/40"),
        ("MYTHGATE_VOICE__ICE_SERVERS", '[{"urls": []}]'),
        ("MYTHGATE_VOICE__ICE_SERVERS", '[{"urls": ["https://stun.example.org"]}]'),
        ("MYTHGATE_VOICE__ICE_SERVERS", '[{"urls": ["stun:"]}]'),
        ("MYTHGATE_VOICE__ICE_SERVERS", '[{"urls": ["turn:relay.example.org"]}]'),
        ("MYTHGATE_VOICE__ICE_SERVERS", '[{"urls": ["turns:relay.example.org"], "username": "otter"}]'),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MYTHGATE_HTTP__BASE_URL", "https://play.example.org/game"),
        ("MYTHGATE_HTTP__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8, fd00::/8"),
        ("MYTHGATE_HTTP__TRUSTED_PROXIES", "*"),
        ("MYTHGATE_HTTP__TRUSTED_PROXIES", ""),
        ("MYTHGATE_SECRET_KEY", ""),
        ("MYTHGATE_SECRET_KEY", "n" * 32 + "\n" + "o" * 32 + "\n"),
        ("MYTHGATE_VOICE__ICE_SERVERS", '[{"urls": ["stun:stun.example.org:3478", "stuns:[2001:db8::1]"]}]'),
    ],
)
def test_what_fits_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    load()


def test_every_number_and_duration_has_an_upper_bound() -> None:
    def unbounded(section: type[BaseModel]) -> list[str]:
        found = []
        for name, info in section.model_fields.items():
            if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
                found += unbounded(info.annotation)
            elif info.annotation in (int, float):
                found += [name] * (not any(hasattr(rule, "le") for rule in info.metadata))
        return found

    assert unbounded(Settings) == []


def test_variables_that_set_nothing_are_named() -> None:
    assert (
        unknown_variables({"MYTHGATE_HTTP__PORT": "1", "MYTHGATE_CONFIG_FILE": "x", "PATH": "/", "mythgate_http": ""})
        == []
    )
    assert unknown_variables({"MYTHGATE_DATADIR": "/srv", "MYTHGATE_ZZZ": "1"}) == [
        "MYTHGATE_DATADIR is no setting and is ignored. Did you mean MYTHGATE_DATA_DIR?",
        "MYTHGATE_ZZZ is no setting and is ignored.",
    ]


def test_the_settings_and_the_key_file_ask_for_the_same_length() -> None:
    assert config.SHORTEST_SECRET == system.SHORTEST_SECRET


def test_a_misspelt_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mythgate.toml").write_text("[http]\nprot = 1\n")
    with pytest.raises(ValidationError, match="prot"):
        load()


def test_the_database_lies_in_the_data_folder_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load(data_dir=tmp_path).database_location == f"sqlite:///{tmp_path}/mythgate.db"
    monkeypatch.setenv("MYTHGATE_DATABASE_URL", "postgresql://somebody@localhost/mythgate")
    assert load().database_location.startswith("postgresql://")


def test_secrets_do_not_print() -> None:
    assert "hush" not in repr(Settings(secret_key="hush" * 8, database_url="postgresql://u:hush@h/d"))
    relay = {"urls": ["turn:relay.example.org"], "username": "otter", "credential": "hush"}
    settings = load(voice={"ice_servers": [relay]})
    assert settings.voice.ice_servers[0].credential.get_secret_value() == "hush"
    shown = {row.name: plain_value(row.value) for row in setting_rows(settings)}
    assert shown["voice.ice_servers"] == [relay | {"credential": "********"}]
    assert "hush" not in repr(settings)

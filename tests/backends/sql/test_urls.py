"""Database URLs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from tests.support.clock import FakeClock

from mythgate.backends.sql import DatabaseUrlError, DriverMissing, open_store
from mythgate.backends.sql.urls import is_sqlite, parse, sqlite_path


def test_sqlite_paths() -> None:
    assert sqlite_path(parse("sqlite:///data/mythgate.db")) == Path("data/mythgate.db")
    assert sqlite_path(parse("sqlite:////var/lib/mythgate.db")) == Path("/var/lib/mythgate.db")
    assert is_sqlite(parse("sqlite:///x.db"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_postgres_urls(scheme: str) -> None:
    url = parse(f"{scheme}://ann:s3cr3t@db.example.org:5433/mythgate?sslmode=require")
    assert not is_sqlite(url)
    assert url.drivername == "postgresql+asyncpg"
    assert (url.host, url.port, url.database, url.username) == ("db.example.org", 5433, "mythgate", "ann")
    assert dict(url.query) == {"ssl": "require"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3cr3t",
        "mysql://ann:s3cr3t@db/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "postgresql://ann:s3cr3t@db:notaport/x",
    ],
)
def test_what_cannot_be_used_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(DatabaseUrlError) as refused:
        open_store(url, clock=FakeClock())
    assert "s3cr3t" not in f"{refused.value!r}"
    assert refused.value.__cause__ is None


def test_a_missing_driver_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "asyncpg" else find(name))
    with pytest.raises(DriverMissing, match=r"pip install 'mythgate\[postgres\]'"):
        open_store("postgresql://ann:s3cr3t@db/x", clock=FakeClock())

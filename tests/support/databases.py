"""Databases for tests: a new SQLite file, or a PostgreSQL server of our own."""

from __future__ import annotations

from pathlib import Path

from mythgate.backends.sql import migrate


def new_sqlite(folder: Path) -> str:
    """The URL of a new SQLite database with all tables."""
    url = f"sqlite:///{folder / 'mythgate.db'}"
    migrate.upgrade(url)
    return url

"""Database URLs: which database, which file. Nothing here ever repeats a password."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mythgate.domain.errors import MythError

_FORMS: Final = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
_POSTGRES_NAMES: Final = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_SQLITE_NAMES: Final = frozenset({"sqlite"})


class DatabaseUrlError(MythError):
    """The database URL names nothing that Mythgate can use. The message is safe to show."""


class DriverMissing(MythError):
    """The package that talks to this kind of database is not installed."""


def parse(url: str) -> URL:
    """The parts of `url`, the driver's name spelled out.

    Raises:
        DatabaseUrlError: it is no URL, or of a database nobody wrote a store for.

    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: some of these errors quote the URL.
        raise DatabaseUrlError(f"The database URL cannot be read; it should look like {_FORMS}.") from None
    if parsed.drivername in _SQLITE_NAMES:
        if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
            raise DatabaseUrlError("SQLite needs a file, as in sqlite:///PATH; it cannot be kept in memory.")
        return parsed
    if parsed.drivername in _POSTGRES_NAMES:
        query = dict(parsed.query)
        if "sslmode" in query:  # libpq's name for what asyncpg calls `ssl`
            query["ssl"] = query.pop("sslmode")
        return parsed.set(drivername="postgresql+asyncpg", query=query)
    raise DatabaseUrlError(f"'{parsed.drivername}' is no database Mythgate can use; take {_FORMS}.")


def is_sqlite(url: URL) -> bool:
    return url.drivername in _SQLITE_NAMES


def sqlite_path(url: URL) -> Path:
    """The database file."""
    assert url.database is not None
    return Path(url.database)


def sqlite_file(url: str) -> Path | None:
    """The file that `url` names; None if it names no SQLite database."""
    parsed = parse(url)
    return sqlite_path(parsed) if is_sqlite(parsed) else None


def require_postgres_driver() -> None:
    """Raises DriverMissing, with what to type, unless PostgreSQL can be reached from here."""
    for name in ("asyncpg", "greenlet"):
        if importlib.util.find_spec(name) is None:
            raise DriverMissing(f"PostgreSQL needs the package '{name}': pip install 'mythgate[postgres]'")

"""Which revision of the schema a database has, asked with plain SQL: a start must not import Alembic."""

from __future__ import annotations

import sqlite3
from typing import Final

from mythgate.domain.errors import MythError

HEAD: Final = "0001"
"""The newest revision in `migrations/versions`; a test compares the two."""

READ_REVISION: Final = "SELECT version_num FROM alembic_version"


class SchemaOutOfDate(MythError):
    """The tables in the database are not those this version works with."""

    def __init__(self, found: str | None, needed: str) -> None:
        self.found = found
        self.needed = needed
        what = f"is at revision {found}" if found else "has no tables yet"
        super().__init__(f"The database {what}; this version needs {needed}. Run: mythgate migrate")


def require_head(found: str | None) -> None:
    """Raises SchemaOutOfDate unless `found` is the revision this version works with."""
    if found != HEAD:
        raise SchemaOutOfDate(found, HEAD)


def sqlite_revision(database: sqlite3.Connection) -> str | None:
    """The revision, or None for a database without our tables."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = database.execute(READ_REVISION).fetchone()
    return str(row[0]) if row else None

"""Which revision of the schema a database has, asked with plain SQL: a start must not import Alembic."""

from __future__ import annotations

import sqlite3
from typing import Final

HEAD: Final = "0001"
"""The newest revision in `migrations/versions`; a test compares the two."""

READ_REVISION: Final = "SELECT version_num FROM alembic_version"


def sqlite_revision(database: sqlite3.Connection) -> str | None:
    """The revision, or None for a database without our tables."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = database.execute(READ_REVISION).fetchone()
    return str(row[0]) if row else None

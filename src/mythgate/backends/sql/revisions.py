"""Which revision of the schema a database has, asked with plain SQL: a start must not import Alembic."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import Final

from mythgate.backends.sql.tables import metadata
from mythgate.domain.errors import MythError

HEAD: Final = "0011"
"""The newest revision in `migrations/versions`; a test compares the two."""

KNOWN: Final = frozenset({"0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011"})
"""All revisions this version knows; the same test compares these."""

READ_REVISION: Final = "SELECT version_num FROM alembic_version"


class SchemaOutOfDate(MythError):
    """The tables in the database are not those this version works with."""

    def __init__(self, found: str | None, needed: str) -> None:
        self.found = found
        self.needed = needed
        what = f"is at revision {found}" if found else "has no tables yet"
        super().__init__(f"The database {what}; this version needs {needed}. Run: mythgate migrate up")


class SchemaTooNew(MythError):
    """The database belongs to a version that did not exist yet when this one was made."""

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(
            f"It is at revision {found}, which this version does not know: a newer Mythgate has used it. "
            "Install that version again, or restore a backup from before."
        )


class TablesMissing(MythError):
    """The database says that it is up to date, yet tables are not there."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(f"Tables are missing: {', '.join(sorted(names))}. Restore a backup.")


def require_known(found: str | None) -> None:
    """Raises SchemaTooNew if `found` is a revision from the future."""
    if found is not None and found not in KNOWN:
        raise SchemaTooNew(found)


def require_tables(found: Collection[str]) -> None:
    """Raises TablesMissing unless all our tables are among `found`."""
    missing = set(metadata.tables).difference(found)
    if missing:
        raise TablesMissing(missing)


def require_head(found: str | None) -> None:
    """Raises SchemaOutOfDate unless `found` is the revision this version works with."""
    require_known(found)
    if found != HEAD:
        raise SchemaOutOfDate(found, HEAD)


def sqlite_tables(database: sqlite3.Connection) -> set[str]:
    """The names of all tables."""
    return {str(name) for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def sqlite_revision(database: sqlite3.Connection) -> str | None:
    """The revision, or None for a database without our tables."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = database.execute(READ_REVISION).fetchone()
    return str(row[0]) if row else None

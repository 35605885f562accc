"""What was brought over from other servers, as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_or_replace
from mythgate.backends.sql.tables import imported

_OURS: Final = Statement(
    select(imported.c.ours).where(
        imported.c.source == bindparam("of_source"),
        imported.c.kind == bindparam("of_kind"),
        imported.c.key == bindparam("of_key"),
    )
)
_NOTE: Final = insert_or_replace(
    imported,
    [imported.c.source, imported.c.kind, imported.c.key],
    {
        "source": bindparam("of_source"),
        "kind": bindparam("of_kind"),
        "key": bindparam("of_key"),
        "ours": bindparam("became"),
    },
)


class SqlImports:
    """`services.ports.ImportRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def ours(self, source: str, kind: str, key: str) -> str | None:
        rows = self._connection.rows(_OURS, {"of_source": source, "of_kind": kind, "of_key": key})
        return rows[0][0] if rows else None

    def note(self, source: str, kind: str, key: str, ours: str) -> None:
        self._connection.change(_NOTE, {"of_source": source, "of_kind": kind, "of_key": key, "became": ours})

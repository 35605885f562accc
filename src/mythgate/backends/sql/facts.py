"""Small named facts as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_or_replace
from mythgate.backends.sql.tables import facts

_of_key: Final = facts.c.key == bindparam("of")
_GET: Final = Statement(select(facts.c.value).where(_of_key))
_SET: Final = insert_or_replace(facts, [facts.c.key], {"key": bindparam("of"), "value": bindparam("to")})
_TAKE: Final = Statement(delete(facts).where(_of_key).returning(facts.c.value))


class SqlFacts:
    """`services.ports.FactRepository`. In a write, a fact that was asked for is kept from others to the end."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def get(self, key: str) -> str | None:
        self._connection.reserve("fact:" + key)
        rows = self._connection.rows(_GET, {"of": key})
        return rows[0][0] if rows else None

    def set(self, key: str, value: str) -> None:
        self._connection.reserve("fact:" + key)
        self._connection.change(_SET, {"of": key, "to": value})

    def take(self, key: str) -> str | None:
        rows = self._connection.rows(_TAKE, {"of": key})
        return rows[0][0] if rows else None

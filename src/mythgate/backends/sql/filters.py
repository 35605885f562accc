"""Filters of words as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    row_columns,
    save_version,
    values_of,
)
from mythgate.backends.sql.tables import word_filters
from mythgate.backends.sql.types import may_exist
from mythgate.domain.filters import WordFilter

_COLUMNS: Final = row_columns(word_filters, WordFilter)
_ADD: Final = Statement(
    insert(word_filters)
    .values(**field_values(word_filters, WordFilter, without=["number"]))
    .returning(word_filters.c.number)
)
_ALL: Final = Statement(select(*_COLUMNS).order_by(word_filters.c.number))
_GET: Final = Statement(select(*_COLUMNS).where(word_filters.c.number == bindparam("of_number")), locks=True)
_SAVE: Final = Statement(
    update(word_filters)
    .where(word_filters.c.number == bindparam("of_number"), word_filters.c.version == bindparam("known_version"))
    .values(**field_values(word_filters, WordFilter, without=["number"]))
)
_REMOVE: Final = Statement(delete(word_filters).where(word_filters.c.number == bindparam("of_number")))


class SqlFilters:
    """`services.ports.FilterRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def add(self, rule: WordFilter) -> WordFilter:
        rule.number = self._connection.rows(_ADD, values_of(rule))[0][0]
        return rule

    def all(self) -> list[WordFilter]:
        return [WordFilter(*row) for row in self._connection.rows(_ALL)]

    def get(self, number: int) -> WordFilter | None:
        rows = self._connection.rows(_GET, {"of_number": number}) if may_exist(number) else ()
        return WordFilter(*rows[0]) if rows else None

    def save(self, rule: WordFilter) -> None:
        save_version(self._connection, _SAVE, rule, of_number=rule.number)

    def remove(self, number: int) -> bool:
        return may_exist(number) and self._connection.change(_REMOVE, {"of_number": number}) == 1

"""Statements: built once when a module is imported, compiled once for each database.

SQLAlchemy Core writes the SQL. On SQLite, where a whole write costs some tens of microseconds, the compiled
text and the conversions of its values are kept and handed to the driver directly (`Prepared`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any, Final, Protocol

from sqlalchemy import Column, ColumnElement, Executable, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Row = Sequence[Any]
Params = Mapping[str, Any]
_Conversion = Callable[[Any], Any]

_REQUIRED: Final = object()
NO_PARAMS: Final[Params] = {}
_SQLITE: Final = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """One statement's SQL for SQLite, the order of its parameters, and how values are converted."""

    __slots__ = ("_bind", "_convert", "sql")

    def __init__(self, clause: Executable) -> None:
        compiled = clause.compile(dialect=_SQLITE)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        self.sql: Final = str(compiled)
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        self._bind: Final = tuple(
            (bind.key, _REQUIRED if bind.required else bind.value, _to_sqlite(bind.type)) for bind in binds
        )
        # A plain tuple of conversions, None where the driver's value is ours already.
        columns = [_from_sqlite(entry.type) for entry in compiled._result_columns]
        self._convert: Final = tuple(columns) if any(columns) else None

    def arguments(self, params: Params) -> list[Any]:
        """The values of `params` in the order of the question marks."""
        values = []
        for name, default, convert in self._bind:
            value = params[name] if default is _REQUIRED else default
            values.append(value if convert is None else convert(value))
        return values

    def rows(self, raw: list[tuple[Any, ...]]) -> Sequence[Row]:
        """The driver's rows with values of our types."""
        convert = self._convert
        if convert is None:
            return raw
        return [
            [value if change is None else change(value) for value, change in zip(row, convert, strict=True)]
            for row in raw
        ]


def _to_sqlite(kind: TypeEngine[Any]) -> _Conversion | None:
    return kind.dialect_impl(_SQLITE).bind_processor(_SQLITE)


def _from_sqlite(kind: TypeEngine[Any]) -> _Conversion | None:
    return kind.dialect_impl(_SQLITE).result_processor(_SQLITE, None)


class Statement:
    """One statement, for both databases.

    With `locks`, a select run in a write transaction locks the rows it finds, so that what the rules
    are told about them stays true until the commit. (On SQLite the one writer holds everything anyway.)
    """

    def __init__(self, clause: Executable, *, postgres: Executable | None = None, locks: bool = False) -> None:
        self._clause = clause
        self.postgres: Final = postgres if postgres is not None else clause
        # "NO KEY UPDATE" as our updates take it: it does not stand in the way of foreign key checks.
        self.postgres_locking: Final[Executable] = (
            self.postgres.with_for_update(key_share=True)
            if locks and isinstance(self.postgres, Select)
            else self.postgres
        )

    @cached_property
    def sqlite(self) -> Prepared:
        """Compiled for SQLite, on first use."""
        return Prepared(self._clause)


class Duplicate(Exception):
    """A row with the same value in a unique column is there already."""


class SqlConnection(Protocol):
    """A connection inside a transaction: what repositories are written against."""

    @property
    def writes(self) -> bool:
        """Whether this is a write transaction."""

    def rows(self, statement: Statement, params: Params = NO_PARAMS) -> Sequence[Row]:
        """Run `statement` and return what it found or, with RETURNING, changed. Raises as `change`."""

    def change(self, statement: Statement, params: Params = NO_PARAMS) -> int:
        """Run `statement` and return how many rows it touched. An error in a read transaction.

        Raises:
            Duplicate: a unique value is taken. On PostgreSQL the transaction can then only be refused.

        """

    def reserve(self, name: str) -> None:
        """In a write, wait for and keep everybody else from reserving `name` until the end.

        For what a row lock cannot express: rows that are not there yet. SQLite's writer needs none.
        """


def row_columns(table: Table, kind: type) -> list[Column[Any]]:
    """The columns that keep the fields of dataclass `kind`, in their order: `kind(*row)` reads a row."""
    return [table.c[field.name] for field in fields(kind)]


def field_values(table: Table, kind: type, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """For `insert().values()` and `update().values()`: every field from a parameter of its name."""
    return {
        field.name: bindparam(field.name, type_=table.c[field.name].type)
        for field in fields(kind)
        if field.name not in without
    }


def insert_unless(
    table: Table,
    conflict: Sequence[Column[Any]],
    values: Mapping[str, Any],
    *,
    where: ColumnElement[bool] | None = None,
    returning: Column[Any] | None = None,
) -> Statement:
    """Insert a row unless one with the same `conflict` columns is there; then nothing happens.

    Unlike a refused insert this does not spoil a PostgreSQL transaction.
    """
    clauses = [
        build(table).values(**values).on_conflict_do_nothing(index_elements=conflict, index_where=where)
        for build in (sqlite.insert, postgresql.insert)
    ]
    if returning is not None:
        clauses = [clause.returning(returning) for clause in clauses]  # type: ignore[misc]
    return Statement(clauses[0], postgres=clauses[1])


def insert_or_replace(table: Table, conflict: Sequence[Column[Any]], values: Mapping[str, Any]) -> Statement:
    """Insert a row, or overwrite the one with the same `conflict` columns."""
    keys = {column.name for column in conflict}
    clauses = []
    for build in (sqlite.insert, postgresql.insert):
        clause = build(table).values(**values)
        clauses.append(
            clause.on_conflict_do_update(
                index_elements=conflict,
                set_={name: clause.excluded[name] for name in values if name not in keys},
            )
        )
    return Statement(clauses[0], postgres=clauses[1])

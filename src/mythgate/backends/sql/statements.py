"""Statements: built once when a module is imported, compiled once for each database.

SQLAlchemy Core writes the SQL. The text and the conversions of its values are kept (`Prepared`) and handed
to the driver directly: a whole write costs some tens of microseconds on SQLite, and the way through
`Connection.execute` would cost several times that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache, cached_property
from typing import Any, Final, Protocol

from sqlalchemy import ClauseElement, Column, ColumnElement, Dialect, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from mythgate.domain.errors import Conflict, NameTaken

Row = Sequence[Any]
Params = Mapping[str, Any]

_REQUIRED: Final = object()
NO_PARAMS: Final[Params] = {}
_SQLITE: Final = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """One statement's text for one database, the order of its parameters, and how values are converted."""

    __slots__ = ("_bind", "_convert", "sql")

    def __init__(self, clause: ClauseElement, dialect: Dialect) -> None:
        compiled = clause.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql: Final = str(compiled)
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        self._bind: Final = tuple(
            (
                bind.key,
                _REQUIRED if bind.required else bind.value,
                bind.type.dialect_impl(dialect).bind_processor(dialect),
            )
            for bind in binds
        )
        # One conversion a column, None where the driver's value is ours already.
        convert = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in compiled._result_columns
        ]
        self._convert: Final = tuple(convert) if any(convert) else None

    def arguments(self, params: Params) -> list[Any]:
        """The values of `params` in the order of the statement; what it does not ask for is left out."""
        values = []
        for name, default, convert in self._bind:
            value = params[name] if default is _REQUIRED else default
            values.append(value if convert is None else convert(value))
        return values

    def rows(self, raw: Sequence[Row]) -> Sequence[Row]:
        """The driver's rows with values of our types."""
        convert = self._convert
        if convert is None:
            return raw
        return [
            [value if change is None else change(value) for value, change in zip(row, convert, strict=True)]
            for row in raw
        ]


class Statement:
    """One statement, for both databases.

    With `locks`, a select run in a write transaction locks the rows it finds, so that what the rules
    are told about them stays true until the commit. (On SQLite the one writer holds everything anyway.)
    """

    def __init__(self, clause: ClauseElement, *, postgres: ClauseElement | None = None, locks: bool = False) -> None:
        self._clause = clause
        self._postgres = clause if postgres is None else postgres
        self._locks = locks

    @cached_property
    def sqlite(self) -> Prepared:
        """For SQLite."""
        return Prepared(self._clause, _SQLITE)

    @cached_property
    def postgres(self) -> Prepared:
        """For PostgreSQL."""
        return Prepared(self._postgres, _postgres_dialect())

    @cached_property
    def postgres_write(self) -> Prepared:
        """For PostgreSQL, in a write transaction."""
        if not self._locks:
            return self.postgres
        assert isinstance(self._postgres, Select)
        # "NO KEY UPDATE", as our updates take it: it does not stand in the way of foreign key checks.
        return Prepared(self._postgres.with_for_update(key_share=True), _postgres_dialect())


@cache
def _postgres_dialect() -> Dialect:
    from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

    return PGDialect_asyncpg()  # type: ignore[no-untyped-call]


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


def values_of(record: Any) -> dict[str, Any]:
    """The parameters that `field_values` asks for, from a dataclass with slots."""
    return {name: getattr(record, name) for name in record.__slots__}


def save_version(connection: SqlConnection, save: Statement, record: Any, **key: str | int) -> None:
    """Overwrite the row of a record that has a name and a version, which rises.

    Raises:
        NameTaken: another row has the name.
        Conflict: the row has changed since it was read, or is gone.

    """
    known = record.version
    params = {**values_of(record), **key, "known_version": known, "version": known + 1}
    try:
        changed = connection.change(save, params)
    except Duplicate:
        raise NameTaken(field="name") from None
    if not changed:
        raise Conflict
    record.version = known + 1


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

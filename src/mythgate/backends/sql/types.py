"""Column types that hand the rest of the code our own values: aware UTC times, enums, small mappings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import JSON, BigInteger, Dialect, Double, String
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from mythgate.domain.lobbies import Colour

E = TypeVar("E", bound=StrEnum)

LARGEST_NUMBER: Final = 2**31 - 1  # that a column of numbers can hold


def may_exist(number: int) -> bool:
    """Whether a row can have this number. Clients ask for any, and PostgreSQL refuses to look for some."""
    return 0 <= number <= LARGEST_NUMBER


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time, exact to the microsecond.

    `timestamptz` on PostgreSQL. SQLite has no type for times; there it is the number of microseconds
    since 1970, which sorts and compares as times do.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a time without time zone must not reach the database"
            raise ValueError(msg)
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


class Choice(TypeDecorator[E], Generic[E]):
    """A member of a `StrEnum`, kept as its value."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> E | None:  # noqa: ARG002
        return None if value is None else self.kind(value)


class ColourText(TypeDecorator[Colour]):
    """A colour of 16 bits a part, kept as twelve hexadecimal digits."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Colour | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else f"{value.red:04x}{value.green:04x}{value.blue:04x}"

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Colour | None:  # noqa: ARG002
        return None if value is None else Colour(int(value[:4], 16), int(value[4:8], 16), int(value[8:], 16))


class Real(TypeDecorator[float]):
    """A float of 64 bits. Both drivers hand it over as one, so nothing is done about it."""

    impl = Double
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> None:  # noqa: ARG002
        return None


def small_json() -> TypeEngine[Any]:
    """A small mapping: `jsonb` on PostgreSQL, text on SQLite."""
    return JSON().with_variant(JSONB(), "postgresql")

"""Durable state in SQLite or PostgreSQL: tables, repositories, stores, migrations."""

from mythgate.backends.sql.revisions import SchemaOutOfDate
from mythgate.backends.sql.store import SqlStore, StoreOptions, StoreStatistics, open_store
from mythgate.backends.sql.urls import DatabaseUrlError, DriverMissing

__all__ = [
    "DatabaseUrlError",
    "DriverMissing",
    "SchemaOutOfDate",
    "SqlStore",
    "StoreOptions",
    "StoreStatistics",
    "open_store",
]

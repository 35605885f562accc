"""The tables, one schema for SQLite and PostgreSQL.

A table that keeps a domain dataclass has a column of the same name for each of its fields. A change here
needs a migration in `migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from mythgate.backends.sql.types import Choice, UtcDateTime, small_json
from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.items import HolderKind

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _number() -> Column[int]:
    """Rows counted from 1; a number is never given out twice, not even after its row was deleted."""
    return Column("number", Integer, Identity(), primary_key=True)


def _account_id(name: str = "account_id", *, primary_key: bool = False) -> Column[str]:
    return Column(name, String, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key)


def _character_id() -> Column[str]:
    return Column("character_id", String, ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True)


accounts: Final = Table(
    "accounts",
    metadata,
    _number(),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("name_key", String, nullable=False, unique=True),
    Column("password_hash", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("role", Choice(Role), nullable=False, index=True),
    Column("status", Choice(AccountStatus), nullable=False),
    Column("is_guest", Boolean, nullable=False, index=True),
    Column("email", String),
    Column("last_login_at", UtcDateTime),
    # No foreign key: it would be a circle, and a character that is gone counts as none selected.
    Column("selected_character", String),
    Column("caste", Integer, nullable=False),
    Column("stats", small_json(), nullable=False),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    _account_id(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("door", String, nullable=False),
    Column("address", String, nullable=False),
    Column("client", String, nullable=False),
    Column("revoked_at", UtcDateTime, index=True),
    Index("ix_sessions_account_id", "account_id", "created_at"),
)

characters: Final = Table(
    "characters",
    metadata,
    _number(),
    Column("id", String, nullable=False, unique=True),
    _account_id(),
    Column("name", String, nullable=False),
    Column("name_key", String, nullable=False),
    Column("room_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_active_at", UtcDateTime, nullable=False),
    Column("description", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("faction", String, nullable=False),
    Column("afk_text", String, nullable=False),
    Column("deleted_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_characters_account_id", characters.c.account_id)
Index("ix_characters_deleted_at", characters.c.deleted_at)
_living = characters.c.deleted_at.is_(None)
Index(
    "uq_characters_living_name_key",
    characters.c.name_key,
    unique=True,
    sqlite_where=_living,
    postgresql_where=_living,
)
Index("ix_characters_living_room_id", characters.c.room_id, sqlite_where=_living, postgresql_where=_living)

explored_rooms: Final = Table(
    "explored_rooms",
    metadata,
    _character_id(),
    Column("room_id", String, primary_key=True),
    Column("first_visited_at", UtcDateTime, nullable=False),
)

items: Final = Table(
    "items",
    metadata,
    _number(),
    Column("id", String, nullable=False, unique=True),
    Column("template_id", String, nullable=False),
    # One pair of columns that cannot be null: an item always has exactly one holder.
    Column("holder_kind", Choice(HolderKind), nullable=False),
    Column("holder_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("origin", String, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_items_holder", "holder_kind", "holder_id"),
    sqlite_autoincrement=True,
)

seeded_origins: Final = Table(
    "seeded_origins",
    metadata,
    Column("origin", String, primary_key=True),
)

mutes: Final = Table(
    "mutes",
    metadata,
    _account_id(primary_key=True),
    Column("by_account_id", String, nullable=False),  # outlives the moderator's account
    Column("reason", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
)

audit_log: Final = Table(
    "audit_log",
    metadata,
    _number(),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", small_json(), nullable=False),
    Index("ix_audit_log_subject", "subject", "number"),
    sqlite_autoincrement=True,
)

ignores: Final = Table(
    "ignores",
    metadata,
    _account_id(primary_key=True),
    _account_id("target_id", primary_key=True),
    Index("ix_ignores_target_id", "target_id"),  # for the cascade
)

aliases: Final = Table(
    "aliases",
    metadata,
    _character_id(),
    Column("name", String, primary_key=True),
    Column("command", String, nullable=False),
)

facts: Final = Table(
    "facts",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

command_receipts: Final = Table(
    "command_receipts",
    metadata,
    # No foreign key: receipts are swept after minutes, and a check of every command would cost more.
    Column("character_id", String, primary_key=True),
    Column("command_id", String, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_command_receipts_created_at", "created_at"),
)

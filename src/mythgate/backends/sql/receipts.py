"""Receipts: which commands were carried out, so that a repeat has no second effect."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_unless
from mythgate.backends.sql.tables import command_receipts
from mythgate.backends.sql.types import UtcDateTime
from mythgate.domain.errors import Repeated
from mythgate.services.ports import CommandKey

KEPT_FOR: Final = timedelta(minutes=10)

_RECORD: Final = insert_unless(
    command_receipts,
    [command_receipts.c.character_id, command_receipts.c.command_id],
    {
        "character_id": bindparam("actor"),
        "command_id": bindparam("command"),
        "created_at": bindparam("now", type_=UtcDateTime),
    },
)
_SWEEP: Final = Statement(
    delete(command_receipts).where(command_receipts.c.created_at < bindparam("before", type_=UtcDateTime))
)


class SqlReceipts:
    """Who carried out which command."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def record(self, key: CommandKey, now: datetime) -> None:
        """Remember that `key` is being carried out in this transaction.

        Raises:
            Repeated: it was carried out before. (PostgreSQL: or is being, by a transaction this waited for.)

        """
        params = {"actor": key.actor, "command": key.command_id, "now": now}
        if not self._connection.change(_RECORD, params):
            raise Repeated

    def sweep(self, now: datetime) -> int:
        """Forget receipts that are too old to matter; returns how many."""
        return self._connection.change(_SWEEP, {"before": now - KEPT_FOR})

"""What cheats must not change: every row of play, whatever they try."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from pathlib import Path

import pytest

COLUMNS = {
    "characters": "id, account_id, name, room_id, faction, deleted_at",
    "sheets": "*",
    "items": "*",
    "parties": "*",
    "party_members": "*",
    "quest_progress": "*",
    "shards": "*",
    "shard_ownerships": "*",
    "world_events": "*",
}
"""Of each table; when a character was last seen is no secret prize."""


def rows(data_dir: Path) -> dict[str, list[tuple[object, ...]]]:
    """All of play, as it is saved."""
    with contextlib.closing(sqlite3.connect(f"file:{data_dir / 'mythgate.db'}?mode=ro", uri=True)) as db:
        return {
            table: sorted(db.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)
            for table, columns in COLUMNS.items()
        }


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The codes of refusals that an operator sees, as they came; forgotten then."""
    refusals = [one for one in caplog.records if one.msg == "refused" and one.levelno >= logging.INFO]
    found = [str(one.__dict__["code"]) for one in refusals]
    caplog.clear()
    return found

"""How far characters are with quests, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import bindparam, select

from mythgate.backends.sql.statements import (
    SqlConnection,
    Statement,
    field_values,
    insert_or_replace,
    row_columns,
    values_of,
)
from mythgate.backends.sql.tables import quest_progress
from mythgate.domain.ids import CharacterId, QuestId
from mythgate.domain.quests import Progress

_OF_CHARACTER: Final = Statement(
    select(*row_columns(quest_progress, Progress))
    .where(quest_progress.c.character_id == bindparam("of_character"))
    .order_by(quest_progress.c.accepted_at, quest_progress.c.quest),
    locks=True,
)
_SAVE: Final = insert_or_replace(
    quest_progress,
    [quest_progress.c.character_id, quest_progress.c.quest],
    field_values(quest_progress, Progress),
)


class SqlQuests:
    """`services.ports.QuestRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def of_character(self, character_id: CharacterId) -> Mapping[QuestId, Progress]:
        self._connection.reserve(f"quests:{character_id}")
        rows = self._connection.rows(_OF_CHARACTER, {"of_character": character_id})
        found = [Progress(*row) for row in rows]
        return {one.quest: one for one in found}

    def save(self, progress: Progress) -> None:
        self._connection.change(_SAVE, values_of(progress))

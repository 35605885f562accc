"""Character sheets as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, update

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_or_replace
from mythgate.backends.sql.tables import characters, sheets
from mythgate.domain.ids import CharacterId
from mythgate.domain.sheets import DEFAULT_SHEET, STATS, Resources, Sheet, Stats

_COLUMNS: Final = ("race", "calling", *STATS, "health", "stamina", "mana", "experience", "souls")
_GET: Final = Statement(
    select(*(sheets.c[name] for name in _COLUMNS)).where(sheets.c.character_id == bindparam("of_character")),
    locks=True,
)
_SAVE: Final = insert_or_replace(
    sheets,
    [sheets.c.character_id],
    {
        "character_id": bindparam("of_character"),
        **{name: bindparam(name, type_=sheets.c[name].type) for name in _COLUMNS},
    },
)
_SET_LEVEL: Final = Statement(
    update(characters)
    .where(characters.c.id == bindparam("of_character"), characters.c.level != bindparam("risen"))
    .values(level=bindparam("risen"), version=characters.c.version + 1)
)


class SqlSheets:
    """`services.ports.SheetRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection
        self._levels: dict[CharacterId, int] = {}  # as they were when they were read

    def get(self, character_id: CharacterId) -> Sheet:
        sheet = self._find(character_id)
        if sheet is None:
            # There is no row to lock.
            self._connection.reserve(f"sheet:{character_id}")
            sheet = (self._find(character_id) if self._connection.writes else None) or DEFAULT_SHEET
        self._levels[character_id] = sheet.level
        return sheet

    def save(self, character_id: CharacterId, sheet: Sheet) -> None:
        now = sheet.now
        params = {
            "of_character": character_id,
            "race": sheet.race,
            "calling": sheet.calling,
            **sheet.stats.as_dict(),
            "health": now.health,
            "stamina": now.stamina,
            "mana": now.mana,
            "experience": sheet.experience,
            "souls": sheet.souls,
        }
        self._connection.change(_SAVE, params)
        if self._levels.get(character_id) != sheet.level:
            self._connection.change(_SET_LEVEL, {"of_character": character_id, "risen": sheet.level})
            self._levels[character_id] = sheet.level

    def _find(self, character_id: CharacterId) -> Sheet | None:
        for race, calling, *rest in self._connection.rows(_GET, {"of_character": character_id}):
            return Sheet(race, calling, Stats(*rest[:6]), Resources(*rest[6:9]), *rest[9:])
        return None

"""What players set for themselves, as rows."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select

from mythgate.backends.sql.statements import SqlConnection, Statement, insert_or_replace, insert_unless
from mythgate.backends.sql.tables import aliases, ignores
from mythgate.domain.ids import AccountId, CharacterId

_IGNORED: Final = Statement(select(ignores.c.target_id).where(ignores.c.account_id == bindparam("of_account")))
_IGNORE: Final = insert_unless(
    ignores,
    [ignores.c.account_id, ignores.c.target_id],
    {"account_id": bindparam("of_account"), "target_id": bindparam("target")},
)
_UNIGNORE: Final = Statement(
    delete(ignores).where(ignores.c.account_id == bindparam("of_account"), ignores.c.target_id == bindparam("target"))
)
_ALIASES: Final = Statement(
    select(aliases.c.name, aliases.c.command)
    .where(aliases.c.character_id == bindparam("of_character"))
    .order_by(aliases.c.name)
)
_SET_ALIAS: Final = insert_or_replace(
    aliases,
    [aliases.c.character_id, aliases.c.name],
    {
        "character_id": bindparam("of_character"),
        "name": bindparam("called"),
        "command": bindparam("meaning"),
    },
)
_REMOVE_ALIAS: Final = Statement(
    delete(aliases).where(aliases.c.character_id == bindparam("of_character"), aliases.c.name == bindparam("called"))
)


class SqlPreferences:
    """`services.ports.PreferenceRepository`."""

    def __init__(self, connection: SqlConnection) -> None:
        self._connection = connection

    def ignored(self, account_id: AccountId) -> set[AccountId]:
        return {AccountId(row[0]) for row in self._connection.rows(_IGNORED, {"of_account": account_id})}

    def ignore(self, account_id: AccountId, target: AccountId) -> None:
        self._connection.change(_IGNORE, {"of_account": account_id, "target": target})

    def unignore(self, account_id: AccountId, target: AccountId) -> bool:
        return self._connection.change(_UNIGNORE, {"of_account": account_id, "target": target}) == 1

    def aliases(self, character_id: CharacterId) -> dict[str, str]:
        return {row[0]: row[1] for row in self._connection.rows(_ALIASES, {"of_character": character_id})}

    def set_alias(self, character_id: CharacterId, name: str, command: str) -> None:
        self._connection.change(_SET_ALIAS, {"of_character": character_id, "called": name, "meaning": command})

    def remove_alias(self, character_id: CharacterId, name: str) -> bool:
        return self._connection.change(_REMOVE_ALIAS, {"of_character": character_id, "called": name}) == 1

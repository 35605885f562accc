"""One transaction's view of all repositories."""

from __future__ import annotations

from typing import Final

from mythgate.backends.sql.accounts import SqlAccounts
from mythgate.backends.sql.characters import SqlCharacters
from mythgate.backends.sql.facts import SqlFacts
from mythgate.backends.sql.items import SqlItems
from mythgate.backends.sql.moderation import SqlModeration
from mythgate.backends.sql.preferences import SqlPreferences
from mythgate.backends.sql.receipts import SqlReceipts
from mythgate.backends.sql.sessions import SqlSessions
from mythgate.backends.sql.statements import SqlConnection


class SqlTransaction:
    """`services.ports.Transaction`, and the receipts that only stores know of."""

    def __init__(self, connection: SqlConnection) -> None:
        self.accounts: Final = SqlAccounts(connection)
        self.sessions: Final = SqlSessions(connection)
        self.characters: Final = SqlCharacters(connection)
        self.items: Final = SqlItems(connection)
        self.moderation: Final = SqlModeration(connection)
        self.preferences: Final = SqlPreferences(connection)
        self.facts: Final = SqlFacts(connection)
        self.receipts: Final = SqlReceipts(connection)

"""One transaction's view of all repositories."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from mythgate.backends.sql.accounts import SqlAccounts
from mythgate.backends.sql.announcements import SqlAnnouncements
from mythgate.backends.sql.characters import SqlCharacters
from mythgate.backends.sql.clans import SqlClans
from mythgate.backends.sql.facts import SqlFacts
from mythgate.backends.sql.faults import SqlFaults
from mythgate.backends.sql.films import SqlFilms
from mythgate.backends.sql.filters import SqlFilters
from mythgate.backends.sql.friends import SqlFriends
from mythgate.backends.sql.imports import SqlImports
from mythgate.backends.sql.items import SqlItems
from mythgate.backends.sql.measures import SqlMeasures
from mythgate.backends.sql.moderation import SqlModeration
from mythgate.backends.sql.notices import SqlNotices
from mythgate.backends.sql.parties import SqlParties
from mythgate.backends.sql.personal import SqlPersonal
from mythgate.backends.sql.preferences import SqlPreferences
from mythgate.backends.sql.profiles import SqlGamePasswords, SqlProfiles
from mythgate.backends.sql.quests import SqlQuests
from mythgate.backends.sql.ratings import SqlRatings
from mythgate.backends.sql.receipts import SqlReceipts
from mythgate.backends.sql.reports import SqlReports
from mythgate.backends.sql.results import SqlMatches, SqlResults
from mythgate.backends.sql.sessions import SqlSessions
from mythgate.backends.sql.shards import SqlShards, SqlWorldEvents
from mythgate.backends.sql.sheets import SqlSheets
from mythgate.backends.sql.staff import SqlApiTokens, SqlKeptNames, SqlNotes, SqlSecondFactors, SqlSeenAddresses
from mythgate.backends.sql.statements import SqlConnection
from mythgate.backends.sql.tournaments import SqlTournaments
from mythgate.services.ports import Clock


class SqlTransaction:
    """`services.ports.Transaction`, and the receipts that only stores know of."""

    def __init__(self, connection: SqlConnection, clock: Clock) -> None:
        self._clock = clock
        self.accounts: Final = SqlAccounts(connection)
        self.sessions: Final = SqlSessions(connection)
        self.characters: Final = SqlCharacters(connection)
        self.items: Final = SqlItems(connection)
        self.moderation: Final = SqlModeration(connection)
        self.preferences: Final = SqlPreferences(connection)
        self.facts: Final = SqlFacts(connection)
        self.profiles: Final = SqlProfiles(connection)
        self.game_passwords: Final = SqlGamePasswords(connection)
        self.friends: Final = SqlFriends(connection)
        self.clans: Final = SqlClans(connection)
        self.matches: Final = SqlMatches(connection)
        self.results: Final = SqlResults(connection)
        self.ratings: Final = SqlRatings(connection)
        self.tournaments: Final = SqlTournaments(connection)
        self.films: Final = SqlFilms(connection)
        self.imported: Final = SqlImports(connection)
        self.sheets: Final = SqlSheets(connection)
        self.parties: Final = SqlParties(connection)
        self.shards: Final = SqlShards(connection)
        self.world_events: Final = SqlWorldEvents(connection)
        self.quests: Final = SqlQuests(connection)
        self.notices: Final = SqlNotices(connection)
        self.faults: Final = SqlFaults(connection)
        self.announcements: Final = SqlAnnouncements(connection)
        self.measures: Final = SqlMeasures(connection)
        self.reports: Final = SqlReports(connection)
        self.filters: Final = SqlFilters(connection)
        self.second_factors: Final = SqlSecondFactors(connection)
        self.notes: Final = SqlNotes(connection)
        self.seen_addresses: Final = SqlSeenAddresses(connection)
        self.kept_names: Final = SqlKeptNames(connection)
        self.personal: Final = SqlPersonal(connection)
        self.api_tokens: Final = SqlApiTokens(connection)
        self.receipts: Final = SqlReceipts(connection)

    @property
    def now(self) -> datetime:
        return self._clock.now()

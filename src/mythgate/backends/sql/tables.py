"""The tables, one schema for SQLite and PostgreSQL.

A table that keeps a domain dataclass has a column of the same name for each of its fields. A change here
needs a migration in `migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

from mythgate.backends.sql.types import Choice, ColourText, Real, UtcDateTime, small_json
from mythgate.domain.accounts import AccountStatus, Role
from mythgate.domain.announcements import Repeat
from mythgate.domain.clans import ClanRank
from mythgate.domain.filters import Applies, FilterAction, FilterScope
from mythgate.domain.friends import FriendState
from mythgate.domain.items import HolderKind
from mythgate.domain.lobbies import Family, LobbyKind
from mythgate.domain.measures import AppealState, MeasureKind, Scope
from mythgate.domain.notices import Occasion, Way
from mythgate.domain.parties import LootRule
from mythgate.domain.quests import ProgressState
from mythgate.domain.ratings import SubjectKind
from mythgate.domain.reports import ReportState
from mythgate.domain.results import Ending, Outcome, Verdict
from mythgate.domain.shards import FallReason, Reality, ShardStatus
from mythgate.domain.sheets import STATS, CharacterClass, Faction, Race
from mythgate.domain.tournaments import TournamentState
from mythgate.domain.worldevents import EventKind

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _number() -> Column[int]:
    """Rows counted from 1; a number is never given out twice, not even after its row was deleted."""
    return Column("number", Integer, Identity(), primary_key=True)


def _account_id(name: str = "account_id", *, primary_key: bool = False) -> Column[str]:
    return Column(name, String, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key)


def _character_id() -> Column[str]:
    return Column("character_id", String, ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True)


accounts: Final = Table(
    "accounts",
    metadata,
    _number(),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("name_key", String, nullable=False, unique=True),
    Column("password_hash", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("role", Choice(Role), nullable=False, index=True),
    Column("status", Choice(AccountStatus), nullable=False),
    Column("is_guest", Boolean, nullable=False, index=True),
    Column("email", String),
    Column("last_login_at", UtcDateTime),
    # No foreign key: it would be a circle, and a character that is gone counts as none selected.
    Column("selected_character", String),
    Column("caste", Integer, nullable=False),
    Column("stats", small_json(), nullable=False),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    _account_id(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("door", String, nullable=False),
    Column("address", String, nullable=False),
    Column("client", String, nullable=False),
    Column("revoked_at", UtcDateTime, index=True),
    Column("proven_until", UtcDateTime),
    Index("ix_sessions_account_id", "account_id", "created_at"),
)

characters: Final = Table(
    "characters",
    metadata,
    _number(),
    Column("id", String, nullable=False, unique=True),
    _account_id(),
    Column("name", String, nullable=False),
    Column("name_key", String, nullable=False),
    Column("room_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_active_at", UtcDateTime, nullable=False),
    Column("description", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("faction", String, nullable=False),
    Column("afk_text", String, nullable=False),
    Column("deleted_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_characters_account_id", characters.c.account_id)
Index("ix_characters_deleted_at", characters.c.deleted_at)
_living = characters.c.deleted_at.is_(None)
Index(
    "uq_characters_living_name_key",
    characters.c.name_key,
    unique=True,
    sqlite_where=_living,
    postgresql_where=_living,
)
Index("ix_characters_living_room_id", characters.c.room_id, sqlite_where=_living, postgresql_where=_living)

explored_rooms: Final = Table(
    "explored_rooms",
    metadata,
    _character_id(),
    Column("room_id", String, primary_key=True),
    Column("first_visited_at", UtcDateTime, nullable=False),
)

items: Final = Table(
    "items",
    metadata,
    _number(),
    Column("id", String, nullable=False, unique=True),
    Column("template_id", String, nullable=False),
    # One pair of columns that cannot be null: an item always has exactly one holder.
    Column("holder_kind", Choice(HolderKind), nullable=False),
    Column("holder_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("origin", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("quantity", Integer, nullable=False, server_default="1"),
    Column("equipped", Boolean, nullable=False, server_default=false()),
    Index("ix_items_holder", "holder_kind", "holder_id"),
    sqlite_autoincrement=True,
)

seeded_origins: Final = Table(
    "seeded_origins",
    metadata,
    Column("origin", String, primary_key=True),
)

# Bans and mutes. Those that are over stay, for whoever asks what was before.
measures: Final = Table(
    "measures",
    metadata,
    _number(),
    Column("kind", Choice(MeasureKind), nullable=False),
    Column("account_id", String, ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    Column("name", String, nullable=False),
    Column("network", String, nullable=False),
    Column("scope", Choice(Scope), nullable=False),
    Column("place", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("shows_reason", Boolean, nullable=False),
    Column("by_account_id", String, nullable=False),  # outlives the moderator's account
    Column("by_name", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("code", String, nullable=False, index=True),
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", String, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("(account_id IS NULL) = (network <> '')", name="somebody"),
    sqlite_autoincrement=True,
)
_in_force = measures.c.lifted_at.is_(None)
Index("ix_measures_in_force", measures.c.ends_at, sqlite_where=_in_force, postgresql_where=_in_force)

appeals: Final = Table(
    "appeals",
    metadata,
    _number(),
    Column("measure", Integer, ForeignKey("measures.number", ondelete="CASCADE"), nullable=False),
    Column("account_id", String, ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    Column("name", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", Choice(AppealState), nullable=False),
    Column("answer", String, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Index("ix_appeals_measure", "measure", "number"),
    Index(
        "uq_appeals_open",
        "measure",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

reports: Final = Table(
    "reports",
    metadata,
    _number(),
    Column("subject", String, nullable=False),  # an account, or what a guest of an old client goes by
    Column("subject_name", String, nullable=False),
    Column("place", String, nullable=False),
    Column("place_name", String, nullable=False),
    Column("moment", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("collects_until", UtcDateTime, nullable=False),
    Column("state", Choice(ReportState), nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("voices", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("after", Integer, nullable=False),
    Column("seal", String, nullable=False),
    Column("sealed_at", UtcDateTime),
    Column("claimed_by", String, nullable=False),
    Column("claimed_name", String, nullable=False),
    Column("answer", String, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Index("ix_reports_queue", "state", "urgency", "number"),
    Index("ix_reports_subject", "subject", "number"),
    sqlite_autoincrement=True,
)

report_voices: Final = Table(
    "report_voices",
    metadata,
    _number(),
    Column("report", Integer, ForeignKey("reports.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("account_id", String, index=True),  # no foreign key: what was said of a report outlives who said it
    Column("name", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    sqlite_autoincrement=True,
)

# The evidence: a chain of hashes, see `domain.reports`.
report_lines: Final = Table(
    "report_lines",
    metadata,
    Column("report", Integer, ForeignKey("reports.number", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("speaker", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("message_id", String, nullable=False),
    Column("after", Boolean, nullable=False),
    Column("hash", String, nullable=False),
    Column("erased", Boolean, nullable=False),
)

word_filters: Final = Table(
    "word_filters",
    metadata,
    _number(),
    Column("pattern", String, nullable=False),
    Column("anywhere", Boolean, nullable=False),
    Column("action", Choice(FilterAction), nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("applies", Choice(Applies), nullable=False),
    Column("scope", Choice(FilterScope), nullable=False),
    Column("place", String, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("message", String, nullable=False),
    Column("hits", Integer, nullable=False),
    Column("within_minutes", Integer, nullable=False),
    Column("mute_minutes", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)

audit_log: Final = Table(
    "audit_log",
    metadata,
    _number(),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", small_json(), nullable=False),
    # Of the chain, see `domain.record`; empty in rows from before there was one.
    Column("salt", LargeBinary),
    Column("said", LargeBinary),
    Column("link", LargeBinary),
    Index("ix_audit_log_subject", "subject", "number"),
    Index("ix_audit_log_actor", "actor", "number"),
    Index("ix_audit_log_action", "action", "number"),
    sqlite_autoincrement=True,
)

ignores: Final = Table(
    "ignores",
    metadata,
    _account_id(primary_key=True),
    _account_id("target_id", primary_key=True),
    Index("ix_ignores_target_id", "target_id"),  # for the cascade
)

aliases: Final = Table(
    "aliases",
    metadata,
    _character_id(),
    Column("name", String, primary_key=True),
    Column("command", String, nullable=False),
)

facts: Final = Table(
    "facts",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

command_receipts: Final = Table(
    "command_receipts",
    metadata,
    # No foreign key: receipts are swept after minutes, and a check of every command would cost more.
    Column("character_id", String, primary_key=True),
    Column("command_id", String, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_command_receipts_created_at", "created_at"),
)

profiles: Final = Table(
    "profiles",
    metadata,
    _account_id(primary_key=True),
    Column("city", String, nullable=False),
    Column("state", String, nullable=False),
    Column("country", String, nullable=False),
    Column("quote", String, nullable=False),
    Column("country_code", Integer, nullable=False),
    Column("shown_name", String, nullable=False),
    Column("team", String, nullable=False),
    Column("icon", Integer, nullable=False),
    Column("primary", ColourText, nullable=False),
    Column("secondary", ColourText, nullable=False),
    Column("opaque", LargeBinary, nullable=False),
    Column("updated_at", UtcDateTime),
)

# Apart from the accounts: nothing that shows an account can show these.
game_passwords: Final = Table(
    "game_passwords",
    metadata,
    _account_id(primary_key=True),
    Column("password_hash", String, nullable=False),
)

friends: Final = Table(
    "friends",
    metadata,
    _account_id(primary_key=True),
    _account_id("friend_id", primary_key=True),
    Column("state", Choice(FriendState), nullable=False),
    Index("ix_friends_friend_id", "friend_id"),
)

clans: Final = Table(
    "clans",
    metadata,
    _number(),
    Column("name", String, nullable=False),
    Column("name_key", String, nullable=False, unique=True),
    Column("founded_at", UtcDateTime, nullable=False),
    Column("maintenance_hash", String, nullable=False),
    Column("member_hash", String, nullable=False),
    Column("motto", String, nullable=False),
    Column("url", String, nullable=False),
    Column("contact", String, nullable=False),
    Column("motd", String, nullable=False),
    Column("below_since", UtcDateTime),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)

clan_members: Final = Table(
    "clan_members",
    metadata,
    _account_id(primary_key=True),
    Column("clan", Integer, ForeignKey("clans.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("rank", Choice(ClanRank), nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
)

# Games that were started and whose result is not recorded yet.
matches: Final = Table(
    "matches",
    metadata,
    Column("id", String, primary_key=True),
    Column("room_id", Integer, nullable=False),
    Column("family", Choice(Family), nullable=False),
    Column("kind", Choice(LobbyKind), nullable=False),
    Column("host", BigInteger, nullable=False),
    Column("line_up", small_json(), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("name", String, nullable=False),
    Column("map_name", String, nullable=False),
    Column("scoring", Integer, nullable=False),
    Column("clan_game", Boolean, nullable=False),
    Column("cooperative", Boolean, nullable=False),
    Column("tournament", Integer, nullable=False),
    Column("removed_at", UtcDateTime),
)

# The evidence. It outlives its match: no foreign key.
score_reports: Final = Table(
    "score_reports",
    metadata,
    _number(),
    Column("match_id", String, nullable=False, index=True),
    Column("report", small_json(), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("fault", String, nullable=False),
    sqlite_autoincrement=True,
)

results: Final = Table(
    "results",
    metadata,
    _number(),
    Column("match_id", String, nullable=False, unique=True),
    Column("room_id", Integer, nullable=False),
    Column("family", Choice(Family), nullable=False),
    Column("kind", Choice(LobbyKind), nullable=False),
    Column("name", String, nullable=False),
    Column("map_name", String, nullable=False),
    Column("scoring", Integer, nullable=False),
    Column("clan_game", Boolean, nullable=False),
    Column("cooperative", Boolean, nullable=False),
    Column("tournament", Integer, nullable=False),
    Column("host", BigInteger, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False, index=True),
    Column("verdict", Choice(Verdict), nullable=False),
    Column("ended", Choice(Ending), nullable=False),
    Column("elapsed", BigInteger, nullable=False),
    Column("agreeing", Integer, nullable=False),
    Column("heard", Integer, nullable=False),
    sqlite_autoincrement=True,
)

result_lines: Final = Table(
    "result_lines",
    metadata,
    Column("result", Integer, ForeignKey("results.number", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    # No foreign key: a result stays as it is when an account goes.
    Column("account_id", String, index=True),
    Column("clan", Integer, nullable=False),
    Column("side", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("captain", Boolean, nullable=False),
    Column("outcome", Choice(Outcome), nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("time_played", BigInteger, nullable=False),
    Column("units_killed", BigInteger, nullable=False),
    Column("units_lost", BigInteger, nullable=False),
    Column("points_killed", BigInteger, nullable=False),
    Column("points_lost", BigInteger, nullable=False),
)

seasons: Final = Table(
    "seasons",
    metadata,
    _number(),
    Column("name", String, nullable=False),
    Column("formula", String, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("first_result", Integer, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("last_result", Integer),
    sqlite_autoincrement=True,
)

# Derived from results, and can be derived again at any time.
standings: Final = Table(
    "standings",
    metadata,
    Column("season", Integer, ForeignKey("seasons.number", ondelete="CASCADE"), primary_key=True),
    Column("kind", Choice(SubjectKind), primary_key=True),
    Column("category", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("points", Integer, nullable=False),
    Column("games", Integer, nullable=False),
    Column("wins", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("ties", Integer, nullable=False),
    Column("lasts", Integer, nullable=False),
    Column("damage_given", BigInteger, nullable=False),
    Column("damage_taken", BigInteger, nullable=False),
    Column("disconnects", Integer, nullable=False),
    Column("best_points", Integer, nullable=False),
    Column("caste", Integer, nullable=False),
    Column("best_caste", Integer, nullable=False),
    Column("recent", small_json(), nullable=False),
    Column("mu", Real, nullable=False, server_default="0"),
    Column("sigma", Real, nullable=False, server_default="0"),
    Index("ix_standings_ladder", "season", "kind", "category", "points"),
)

tournaments: Final = Table(
    "tournaments",
    metadata,
    _number(),
    Column("name", String, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("room_id", Integer, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("min_players", Integer, nullable=False),
    Column("max_players", Integer, nullable=False),
    Column("prize_pool", BigInteger, nullable=False),
    Column("prize_shares", small_json(), nullable=False),
    Column("state", Choice(TournamentState), nullable=False, index=True),
    Column("bracket", small_json(), nullable=False),
    Column("ended_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)

tournament_entries: Final = Table(
    "tournament_entries",
    metadata,
    Column("tournament", Integer, ForeignKey("tournaments.number", ondelete="CASCADE"), primary_key=True),
    _account_id(primary_key=True),
    Column("number", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("entered_at", UtcDateTime, nullable=False),
    Column("seed", Integer, nullable=False),
    Index("ix_tournament_entries_account_id", "account_id"),
)

# One row a place, written once: whoever records a prize again finds it there.
tournament_prizes: Final = Table(
    "tournament_prizes",
    metadata,
    Column("tournament", Integer, ForeignKey("tournaments.number"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("account_id", String, nullable=False),  # outlives the winner's account
    Column("name", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# What is known of recordings of games; the bytes are elsewhere.
films: Final = Table(
    "films",
    metadata,
    _number(),
    Column("match_id", String, nullable=False, index=True),
    Column("room_id", Integer, nullable=False),
    Column("host_name", String, nullable=False),
    Column("file_name", String, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

# What was brought over from another server, so that bringing it again changes nothing.
imported: Final = Table(
    "imported",
    metadata,
    Column("source", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("ours", String, nullable=False),
)

# Whoever has no row has the sheet of somebody nothing was chosen for.
sheets: Final = Table(
    "sheets",
    metadata,
    _character_id(),
    Column("race", Choice(Race), nullable=False),
    Column("calling", Choice(CharacterClass), nullable=False),
    *(Column(name, Integer, nullable=False) for name in STATS),
    Column("health", Integer, nullable=False),
    Column("stamina", Integer, nullable=False),
    Column("mana", Integer, nullable=False),
    Column("experience", Integer, nullable=False),
    Column("souls", BigInteger, nullable=False),
)

# A party that is over keeps its row: its number is never given again, and clients may still ask for it.
parties: Final = Table(
    "parties",
    metadata,
    _number(),
    Column("name", String, nullable=False),
    # No foreign key: the leader is one of the members, and a party that is over remembers its last one.
    Column("leader", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("loot", Choice(LootRule), nullable=False),
    Column("souls", BigInteger, nullable=False),
    Column("shards", Integer, nullable=False),
    Column("bosses", Integer, nullable=False),
    Column("disbanded_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,
)

party_members: Final = Table(
    "party_members",
    metadata,
    _number(),  # rises in the order in which they joined
    Column("character_id", String, ForeignKey("characters.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("party", Integer, ForeignKey("parties.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("joined_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

# The twelve. Whichever has no row is as it was in the beginning.
shards: Final = Table(
    "shards",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("status", Choice(ShardStatus), nullable=False),
    Column("faction", Choice(Faction)),
    # No foreign key, here and below: a shard stays with its faction when a character goes.
    Column("holder", String),
    Column("holder_name", String, nullable=False),
    Column("captured_at", UtcDateTime),
    Column("sealed_until", UtcDateTime),
    Column("defeated_at", UtcDateTime),
    Column("defeated_by", small_json(), nullable=False),
    Column("power", Integer, nullable=False),
    CheckConstraint("number BETWEEN 1 AND 12", name="twelve"),
    CheckConstraint("(faction IS NULL) = (holder IS NULL)", name="one_owner"),
)

shard_ownerships: Final = Table(
    "shard_ownerships",
    metadata,
    _number(),
    Column("shard", Integer, nullable=False),
    Column("character_id", String, nullable=False),
    Column("character_name", String, nullable=False),
    Column("faction", Choice(Faction), nullable=False),
    Column("captured_at", UtcDateTime, nullable=False),
    Column("lost_at", UtcDateTime),
    Column("helpers", small_json(), nullable=False),
    Column("souls", BigInteger, nullable=False),
    Index("ix_shard_ownerships_shard", "shard", "number"),
    # Nobody takes a shard that somebody holds without its being taken from them.
    Index(
        "ix_shard_ownerships_current",
        "shard",
        unique=True,
        sqlite_where=text("lost_at IS NULL"),
        postgresql_where=text("lost_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

# One row: how the world is since the last Aetherfall.
cycles: Final = Table(
    "cycles",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("reality", Choice(Reality), nullable=False),
    Column("stability", Real, nullable=False),
    Column("transformations", small_json(), nullable=False),
    Column("began_at", UtcDateTime),
    Column("shifted_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    CheckConstraint("id = 1", name="one"),
)

aetherfalls: Final = Table(
    "aetherfalls",
    metadata,
    Column("cycle", Integer, primary_key=True, autoincrement=False),
    Column("fell_at", UtcDateTime, nullable=False),
    Column("reason", Choice(FallReason), nullable=False),
    Column("winner", Choice(Faction)),
    Column("transformations", small_json(), nullable=False),
    Column("survivors", Integer, nullable=False),
    Column("holdings", small_json(), nullable=False),
)

world_events: Final = Table(
    "world_events",
    metadata,
    _number(),
    Column("kind", Choice(EventKind), nullable=False),
    Column("title", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("characters", small_json(), nullable=False),
    Column("faction", String),
    Column("reality_before", String),
    Column("reality_after", String),
    Column("shard", Integer),
    Column("game_day", Integer, nullable=False),
    Column("broadcast", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

quest_progress: Final = Table(
    "quest_progress",
    metadata,
    _character_id(),
    Column("quest", String, primary_key=True),
    Column("accepted_at", UtcDateTime, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("state", Choice(ProgressState), nullable=False),
    Column("step", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("times", Integer, nullable=False),
)

subscriptions: Final = Table(
    "subscriptions",
    metadata,
    _number(),
    _account_id(),
    Column("occasion", Choice(Occasion), nullable=False),
    Column("place", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("friend", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    Index("ix_subscriptions_account_id", "account_id", "number"),
    sqlite_autoincrement=True,
)

contacts: Final = Table(
    "contacts",
    metadata,
    _number(),
    _account_id(),
    Column("way", Choice(Way), nullable=False),
    Column("address", String, nullable=False),
    Column("keys", small_json(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("code", String, nullable=False),
    Column("failures", Integer, nullable=False),
    Index("ix_contacts_account_id", "account_id", "number"),
    sqlite_autoincrement=True,
)

quiet_hours: Final = Table(
    "quiet_hours",
    metadata,
    _account_id(primary_key=True),
    Column("begins", Integer, nullable=False),
    Column("ends", Integer, nullable=False),
    Column("zone", String, nullable=False),
)

bridges: Final = Table(
    "bridges",
    metadata,
    _number(),
    Column("room_id", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("url", String, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),
    sqlite_autoincrement=True,
)

faults: Final = Table(
    "faults",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("where", String, nullable=False),
    Column("message", String, nullable=False),
    Column("trace", String, nullable=False),
    Column("correlation", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),
    Column("seen_by", String, nullable=False),
)

announcements: Final = Table(
    "announcements",
    metadata,
    Column("text", String, nullable=False),
    Column("place", String, nullable=False),
    Column("repeat", Choice(Repeat), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("zone", String, nullable=False),
    Column("next_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
    Column("created_by", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    _number(),
    sqlite_autoincrement=True,
)

second_factors: Final = Table(
    "second_factors",
    metadata,
    _account_id(primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("last_step", BigInteger, nullable=False),
    Column("recovery", small_json(), nullable=False),
)

notes: Final = Table(
    "notes",
    metadata,
    _number(),
    _account_id(),
    Column("by_account_id", String, nullable=False),  # outlives the account of who wrote it
    Column("by_name", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_notes_account_id", "account_id", "number"),
    sqlite_autoincrement=True,
)

seen_addresses: Final = Table(
    "seen_addresses",
    metadata,
    _account_id(primary_key=True),
    Column("address", String, primary_key=True),
    Column("door", String, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("times", Integer, nullable=False),
    Index("ix_seen_addresses_address", "address"),
)

# Names that were given up lately: nobody but who had it may take one.
kept_names: Final = Table(
    "kept_names",
    metadata,
    Column("name_key", String, primary_key=True),
    _account_id(),
    Column("name", String, nullable=False),
    Column("until", UtcDateTime, nullable=False, index=True),
    Index("ix_kept_names_account_id", "account_id"),  # for the cascade
)

api_tokens: Final = Table(
    "api_tokens",
    metadata,
    _number(),
    _account_id(),
    Column("name", String, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("permissions", small_json(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Index("ix_api_tokens_account_id", "account_id"),  # for the cascade
    sqlite_autoincrement=True,
)

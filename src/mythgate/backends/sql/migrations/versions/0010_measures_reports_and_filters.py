"""Measures, appeals, reports and filters of words. Mutes and locks become measures."""

import json
import secrets
from datetime import UTC, datetime, timedelta

from typing import Any

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False)


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def when(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, moment(), nullable=nullable)


def account(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_account_id")
    return sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=name, ondelete="CASCADE")


def reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.number"], name=name, ondelete="CASCADE")


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def index(name: str, table: str, *columns: str, where: str = "", unique: bool = False) -> None:
    partial: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
    op.create_index(op.f(name), table, list(columns), unique=unique, **partial)


def upgrade() -> None:
    op.create_table(
        "measures",
        number(),
        text("kind"),
        sa.Column("account_id", sa.String(), nullable=True),
        *(text(name) for name in ("name", "network", "scope", "place", "reason")),
        flag("shows_reason"),
        text("by_account_id"),
        text("by_name"),
        when("created_at"),
        when("ends_at", nullable=True),
        text("code"),
        when("lifted_at", nullable=True),
        text("lifted_by"),
        count("version"),
        sa.CheckConstraint("(account_id IS NULL) = (network <> '')", name=op.f("ck_measures_somebody")),
        account("measures"),
        key("measures", "number"),
        sqlite_autoincrement=True,
    )
    index("ix_measures_account_id", "measures", "account_id")
    index("ix_measures_code", "measures", "code")
    index("ix_measures_in_force", "measures", "ends_at", where="lifted_at IS NULL")
    op.create_table(
        "appeals",
        number(),
        count("measure"),
        sa.Column("account_id", sa.String(), nullable=True),
        text("name"),
        sa.Column("text", sa.Text(), nullable=False),
        when("created_at"),
        text("state"),
        text("answer"),
        text("decided_by"),
        when("decided_at", nullable=True),
        count("version"),
        account("appeals"),
        reference("appeals", "measure", "measures"),
        key("appeals", "number"),
        sqlite_autoincrement=True,
    )
    index("ix_appeals_account_id", "appeals", "account_id")
    index("ix_appeals_measure", "appeals", "measure", "number")
    index("uq_appeals_open", "appeals", "measure", where="state = 'open'", unique=True)
    op.create_table(
        "reports",
        number(),
        *(text(name) for name in ("subject", "subject_name", "place", "place_name")),
        when("moment"),
        when("created_at"),
        when("collects_until"),
        text("state"),
        *(count(name) for name in ("urgency", "voices", "lines", "after")),
        text("seal"),
        when("sealed_at", nullable=True),
        *(text(name) for name in ("claimed_by", "claimed_name", "answer")),
        when("closed_at", nullable=True),
        count("version"),
        key("reports", "number"),
        sqlite_autoincrement=True,
    )
    index("ix_reports_queue", "reports", "state", "urgency", "number")
    index("ix_reports_subject", "reports", "subject", "number")
    op.create_table(
        "report_voices",
        number(),
        count("report"),
        sa.Column("account_id", sa.String(), nullable=True),
        text("name"),
        text("reason"),
        when("at"),
        when("told_at", nullable=True),
        reference("report_voices", "report", "reports"),
        key("report_voices", "number"),
        sqlite_autoincrement=True,
    )
    index("ix_report_voices_account_id", "report_voices", "account_id")
    index("ix_report_voices_report", "report_voices", "report")
    op.create_table(
        "report_lines",
        count("report"),
        count("position"),
        when("at"),
        *(text(name) for name in ("speaker", "name", "channel")),
        sa.Column("text", sa.Text(), nullable=False),
        text("message_id"),
        flag("after"),
        text("hash"),
        flag("erased"),
        reference("report_lines", "report", "reports"),
        key("report_lines", "report", "position"),
    )
    index("ix_report_lines_speaker", "report_lines", "speaker")
    op.create_table(
        "word_filters",
        number(),
        text("pattern"),
        flag("anywhere"),
        text("action"),
        text("created_by"),
        when("created_at"),
        *(text(name) for name in ("applies", "scope", "place")),
        flag("private"),
        text("message"),
        *(count(name) for name in ("hits", "within_minutes", "mute_minutes")),
        flag("enabled"),
        count("version"),
        key("word_filters", "number"),
        sqlite_autoincrement=True,
    )
    _bring_over()
    op.drop_table("mutes")


def _now() -> object:
    now = datetime.now(UTC)
    return now if op.get_bind().dialect.name == "postgresql" else (now - EPOCH) // timedelta(microseconds=1)


def _kept(text: str) -> object:
    at = datetime.fromisoformat(text)
    return at if op.get_bind().dialect.name == "postgresql" else (at - EPOCH) // timedelta(microseconds=1)


def _bring_over() -> None:
    """Mutes, and locks of accounts: those with an end stand in a fact."""
    db = op.get_bind()
    insert = sa.text(
        "INSERT INTO measures (kind, account_id, name, network, scope, place, reason, shows_reason, by_account_id,"
        " by_name, created_at, ends_at, code, lifted_at, lifted_by, version) VALUES (:kind, :account_id, :name, '',"
        " 'everywhere', '', :reason, :shows, :by, '', :created_at, :ends_at, :code, NULL, '', 1)"
    )

    def bring(kind: str, account_id: str, name: str, reason: str, by: str, created_at: object, ends_at: object) -> None:
        letters = "".join(secrets.choice(LETTERS) for _ in range(8))
        db.execute(
            insert,
            {
                "kind": kind, "account_id": account_id, "name": name, "reason": reason, "shows": kind == "mute",
                "by": by, "created_at": created_at, "ends_at": ends_at, "code": f"{letters[:4]}-{letters[4:]}",
            },
        )  # fmt: skip

    for row in db.execute(
        sa.text(
            "SELECT mutes.account_id, accounts.name, mutes.reason, mutes.by_account_id, mutes.created_at, mutes.ends_at"
            " FROM mutes JOIN accounts ON accounts.id = mutes.account_id"
        )
    ).all():
        bring("mute", *row)
    fact = db.execute(sa.text("SELECT value FROM facts WHERE key = 'bans'")).scalar()
    ends = json.loads(fact) if fact else {}
    for account_id, name in db.execute(sa.text("SELECT id, name FROM accounts WHERE status = 'disabled'")).all():
        end = _kept(ends[account_id]) if account_id in ends else None
        bring("ban", account_id, name, "", "system", _now(), end)
    db.execute(sa.text("DELETE FROM facts WHERE key = 'bans'"))


def downgrade() -> None:
    op.create_table(
        "mutes",
        sa.Column("account_id", sa.String(), nullable=False),
        text("by_account_id"),
        text("reason"),
        when("created_at"),
        when("ends_at", nullable=True),
        account("mutes"),
        key("mutes", "account_id"),
    )
    _take_back()
    for table in ("word_filters", "report_lines", "report_voices", "reports", "appeals", "measures"):
        op.drop_table(table)


def _take_back() -> None:
    db = op.get_bind()
    own = "account_id IS NOT NULL AND scope = 'everywhere' AND lifted_at IS NULL"
    db.execute(
        sa.text(
            "INSERT INTO mutes (account_id, by_account_id, reason, created_at, ends_at) SELECT account_id,"
            " by_account_id, reason, created_at, ends_at FROM measures WHERE number IN (SELECT max(number)"
            f" FROM measures WHERE kind = 'mute' AND {own} GROUP BY account_id)"  # noqa: S608 (no words of others)
        )
    )
    rows = db.execute(
        sa.text(f"SELECT account_id, ends_at FROM measures WHERE kind = 'ban' AND ends_at IS NOT NULL AND {own}")  # noqa: S608
    ).all()
    ends = {
        account_id: (end if isinstance(end, datetime) else EPOCH + timedelta(microseconds=end)).isoformat()
        for account_id, end in rows
    }
    if ends:
        db.execute(sa.text("INSERT INTO facts (key, value) VALUES ('bans', :value)"), {"value": json.dumps(ends)})

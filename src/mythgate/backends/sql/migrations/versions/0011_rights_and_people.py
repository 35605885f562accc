"""Second factors, the chain of the record, notes, addresses, kept names and tokens for programs"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def moment() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def json() -> sa.JSON:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False)


def account(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_account_id")
    return sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("proven_until", moment(), nullable=True))
    for name in ("salt", "said", "link"):
        op.add_column("audit_log", sa.Column(name, sa.LargeBinary(), nullable=True))
    op.create_index("ix_audit_log_actor", "audit_log", ["actor", "number"], unique=False)
    op.create_index("ix_audit_log_action", "audit_log", ["action", "number"], unique=False)
    op.create_table(
        "second_factors",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", moment(), nullable=False),
        sa.Column("confirmed_at", moment(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery", json(), nullable=False),
        account("second_factors"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "notes",
        number(),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("by_account_id", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", moment(), nullable=False),
        account("notes"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_notes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notes_account_id", "notes", ["account_id", "number"], unique=False)
    op.create_table(
        "seen_addresses",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("first_at", moment(), nullable=False),
        sa.Column("last_at", moment(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        account("seen_addresses"),
        sa.PrimaryKeyConstraint("account_id", "address", name=op.f("pk_seen_addresses")),
    )
    op.create_index("ix_seen_addresses_address", "seen_addresses", ["address"], unique=False)
    op.create_index(op.f("ix_seen_addresses_last_at"), "seen_addresses", ["last_at"], unique=False)
    op.create_table(
        "kept_names",
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("until", moment(), nullable=False),
        account("kept_names"),
        sa.PrimaryKeyConstraint("name_key", name=op.f("pk_kept_names")),
    )
    op.create_index(op.f("ix_kept_names_until"), "kept_names", ["until"], unique=False)
    op.create_index("ix_kept_names_account_id", "kept_names", ["account_id"], unique=False)
    op.create_table(
        "api_tokens",
        number(),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", json(), nullable=False),
        sa.Column("created_at", moment(), nullable=False),
        sa.Column("expires_at", moment(), nullable=False),
        sa.Column("last_used_at", moment(), nullable=True),
        sa.Column("ended_at", moment(), nullable=True),
        account("api_tokens"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_tokens_account_id", "api_tokens", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_api_tokens_account_id", "api_tokens")
    op.drop_table("api_tokens")
    op.drop_index("ix_kept_names_account_id", "kept_names")
    op.drop_index(op.f("ix_kept_names_until"), "kept_names")
    op.drop_table("kept_names")
    op.drop_index(op.f("ix_seen_addresses_last_at"), "seen_addresses")
    op.drop_index("ix_seen_addresses_address", "seen_addresses")
    op.drop_table("seen_addresses")
    op.drop_index("ix_notes_account_id", "notes")
    op.drop_table("notes")
    op.drop_table("second_factors")
    op.drop_index("ix_audit_log_action", "audit_log")
    op.drop_index("ix_audit_log_actor", "audit_log")
    with op.batch_alter_table("audit_log") as table:
        for name in ("link", "said", "salt"):
            table.drop_column(name)
    with op.batch_alter_table("sessions") as table:
        table.drop_column("proven_until")

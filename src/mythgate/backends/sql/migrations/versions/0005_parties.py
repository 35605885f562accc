"""Parties"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parties",
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("leader", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("loot", sa.String(), nullable=False),
        sa.Column("souls", sa.BigInteger(), nullable=False),
        sa.Column("shards", sa.Integer(), nullable=False),
        sa.Column("bosses", sa.Integer(), nullable=False),
        sa.Column(
            "disbanded_at",
            sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_parties")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "party_members",
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("character_id", sa.String(), nullable=False),
        sa.Column("party", sa.Integer(), nullable=False),
        sa.Column(
            "joined_at", sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name=op.f("fk_party_members_character_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["party"], ["parties.number"], name=op.f("fk_party_members_party"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_party_members")),
        sa.UniqueConstraint("character_id", name=op.f("uq_party_members_character_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_party_members_party", "party_members", ["party"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_party_members_party", table_name="party_members")
    op.drop_table("party_members")
    op.drop_table("parties")

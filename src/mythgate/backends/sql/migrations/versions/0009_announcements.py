"""Announcements by schedule"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def moment() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("repeat", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("next_at", moment(), nullable=True),
        sa.Column("ends_at", moment(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", moment(), nullable=False),
        sa.Column("told_at", moment(), nullable=True),
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_announcements")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("announcements")

"""Shards and quests"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def moment() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def json() -> sa.JSON:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "shards",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("faction", sa.String(), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("holder_name", sa.String(), nullable=False),
        sa.Column("captured_at", moment(), nullable=True),
        sa.Column("sealed_until", moment(), nullable=True),
        sa.Column("defeated_at", moment(), nullable=True),
        sa.Column("defeated_by", json(), nullable=False),
        sa.Column("power", sa.Integer(), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 12", name=op.f("ck_shards_twelve")),
        sa.CheckConstraint("(faction IS NULL) = (holder IS NULL)", name=op.f("ck_shards_one_owner")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_shards")),
    )
    op.create_table(
        "shard_ownerships",
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("character_id", sa.String(), nullable=False),
        sa.Column("character_name", sa.String(), nullable=False),
        sa.Column("faction", sa.String(), nullable=False),
        sa.Column("captured_at", moment(), nullable=False),
        sa.Column("lost_at", moment(), nullable=True),
        sa.Column("helpers", json(), nullable=False),
        sa.Column("souls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_shard_ownerships")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shard_ownerships_shard", "shard_ownerships", ["shard", "number"], unique=False)
    op.create_index(
        "ix_shard_ownerships_current",
        "shard_ownerships",
        ["shard"],
        unique=True,
        sqlite_where=sa.text("lost_at IS NULL"),
        postgresql_where=sa.text("lost_at IS NULL"),
    )
    op.create_table(
        "cycles",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reality", sa.String(), nullable=False),
        sa.Column("stability", sa.Double(), nullable=False),
        sa.Column("transformations", json(), nullable=False),
        sa.Column("began_at", moment(), nullable=True),
        sa.Column("shifted_at", moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_cycles_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycles")),
    )
    op.create_table(
        "aetherfalls",
        sa.Column("cycle", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fell_at", moment(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("winner", sa.String(), nullable=True),
        sa.Column("transformations", json(), nullable=False),
        sa.Column("survivors", sa.Integer(), nullable=False),
        sa.Column("holdings", json(), nullable=False),
        sa.PrimaryKeyConstraint("cycle", name=op.f("pk_aetherfalls")),
    )
    op.create_table(
        "world_events",
        sa.Column("number", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("happened_at", moment(), nullable=False),
        sa.Column("characters", json(), nullable=False),
        sa.Column("faction", sa.String(), nullable=True),
        sa.Column("reality_before", sa.String(), nullable=True),
        sa.Column("reality_after", sa.String(), nullable=True),
        sa.Column("shard", sa.Integer(), nullable=True),
        sa.Column("game_day", sa.Integer(), nullable=False),
        sa.Column("broadcast", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_world_events")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quest_progress",
        sa.Column("character_id", sa.String(), nullable=False),
        sa.Column("quest", sa.String(), nullable=False),
        sa.Column("accepted_at", moment(), nullable=False),
        sa.Column("since", moment(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("finished_at", moment(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name=op.f("fk_quest_progress_character_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("character_id", "quest", name=op.f("pk_quest_progress")),
    )


def downgrade() -> None:
    op.drop_table("quest_progress")
    op.drop_table("world_events")
    op.drop_table("aetherfalls")
    op.drop_table("cycles")
    op.drop_index("ix_shard_ownerships_current", table_name="shard_ownerships")
    op.drop_index("ix_shard_ownerships_shard", table_name="shard_ownerships")
    op.drop_table("shard_ownerships")
    op.drop_table("shards")

"""First tables"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('accounts',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('name_key', sa.String(), nullable=False),
    sa.Column('password_hash', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('is_guest', sa.Boolean(), nullable=False),
    sa.Column('email', sa.String(), nullable=True),
    sa.Column('last_login_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.Column('selected_character', sa.String(), nullable=True),
    sa.Column('caste', sa.Integer(), nullable=False),
    sa.Column('stats', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_accounts')),
    sa.UniqueConstraint('id', name=op.f('uq_accounts_id')),
    sa.UniqueConstraint('name_key', name=op.f('uq_accounts_name_key')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_accounts_is_guest', 'accounts', ['is_guest'], unique=False)
    op.create_index('ix_accounts_role', 'accounts', ['role'], unique=False)
    op.create_table('audit_log',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('detail', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_audit_log')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_audit_log_subject', 'audit_log', ['subject', 'number'], unique=False)
    op.create_table('command_receipts',
    sa.Column('character_id', sa.String(), nullable=False),
    sa.Column('command_id', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('character_id', 'command_id', name=op.f('pk_command_receipts'))
    )
    op.create_index('ix_command_receipts_created_at', 'command_receipts', ['created_at'], unique=False)
    op.create_table('facts',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_facts'))
    )
    op.create_table('items',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('template_id', sa.String(), nullable=False),
    sa.Column('holder_kind', sa.String(), nullable=False),
    sa.Column('holder_id', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('origin', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_items')),
    sa.UniqueConstraint('id', name=op.f('uq_items_id')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_items_holder', 'items', ['holder_kind', 'holder_id'], unique=False)
    op.create_table('seeded_origins',
    sa.Column('origin', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('origin', name=op.f('pk_seeded_origins'))
    )
    op.create_table('characters',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('name_key', sa.String(), nullable=False),
    sa.Column('room_id', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('last_active_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('faction', sa.String(), nullable=False),
    sa.Column('afk_text', sa.String(), nullable=False),
    sa.Column('deleted_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_characters_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_characters')),
    sa.UniqueConstraint('id', name=op.f('uq_characters_id')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_characters_account_id', 'characters', ['account_id'], unique=False)
    op.create_index('ix_characters_deleted_at', 'characters', ['deleted_at'], unique=False)
    op.create_index('ix_characters_living_room_id', 'characters', ['room_id'], unique=False, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index('uq_characters_living_name_key', 'characters', ['name_key'], unique=True, sqlite_where=sa.text('deleted_at IS NULL'), postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('ignores',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('target_id', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_ignores_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['target_id'], ['accounts.id'], name=op.f('fk_ignores_target_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'target_id', name=op.f('pk_ignores'))
    )
    op.create_index('ix_ignores_target_id', 'ignores', ['target_id'], unique=False)
    op.create_table('mutes',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('by_account_id', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('ends_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_mutes_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_mutes'))
    )
    op.create_table('sessions',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('last_seen_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('expires_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('door', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('client', sa.String(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_sessions_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sessions')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sessions_token_hash'))
    )
    op.create_index('ix_sessions_account_id', 'sessions', ['account_id', 'created_at'], unique=False)
    op.create_index('ix_sessions_expires_at', 'sessions', ['expires_at'], unique=False)
    op.create_index('ix_sessions_revoked_at', 'sessions', ['revoked_at'], unique=False)
    op.create_table('aliases',
    sa.Column('character_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('command', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['character_id'], ['characters.id'], name=op.f('fk_aliases_character_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('character_id', 'name', name=op.f('pk_aliases'))
    )
    op.create_table('explored_rooms',
    sa.Column('character_id', sa.String(), nullable=False),
    sa.Column('room_id', sa.String(), nullable=False),
    sa.Column('first_visited_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['character_id'], ['characters.id'], name=op.f('fk_explored_rooms_character_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('character_id', 'room_id', name=op.f('pk_explored_rooms'))
    )


def downgrade() -> None:
    op.drop_table('explored_rooms')
    op.drop_table('aliases')
    op.drop_table('sessions')
    op.drop_table('mutes')
    op.drop_table('ignores')
    op.drop_table('characters')
    op.drop_table('seeded_origins')
    op.drop_table('items')
    op.drop_table('facts')
    op.drop_table('command_receipts')
    op.drop_table('audit_log')
    op.drop_table('accounts')

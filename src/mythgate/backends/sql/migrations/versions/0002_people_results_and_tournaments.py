"""People, results and tournaments"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clans',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('name_key', sa.String(), nullable=False),
    sa.Column('founded_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('maintenance_hash', sa.String(), nullable=False),
    sa.Column('member_hash', sa.String(), nullable=False),
    sa.Column('motto', sa.String(), nullable=False),
    sa.Column('url', sa.String(), nullable=False),
    sa.Column('contact', sa.String(), nullable=False),
    sa.Column('motd', sa.String(), nullable=False),
    sa.Column('below_since', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_clans')),
    sa.UniqueConstraint('name_key', name=op.f('uq_clans_name_key')),
    sqlite_autoincrement=True
    )
    op.create_table('films',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('match_id', sa.String(), nullable=False),
    sa.Column('room_id', sa.Integer(), nullable=False),
    sa.Column('host_name', sa.String(), nullable=False),
    sa.Column('file_name', sa.String(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('stored_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_films')),
    sa.UniqueConstraint('file_name', name=op.f('uq_films_file_name')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_films_match_id', 'films', ['match_id'], unique=False)
    op.create_table('imported',
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('ours', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'kind', 'key', name=op.f('pk_imported'))
    )
    op.create_table('matches',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('room_id', sa.Integer(), nullable=False),
    sa.Column('family', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('host', sa.BigInteger(), nullable=False),
    sa.Column('line_up', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('started_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('map_name', sa.String(), nullable=False),
    sa.Column('scoring', sa.Integer(), nullable=False),
    sa.Column('clan_game', sa.Boolean(), nullable=False),
    sa.Column('cooperative', sa.Boolean(), nullable=False),
    sa.Column('tournament', sa.Integer(), nullable=False),
    sa.Column('removed_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_matches'))
    )
    op.create_table('results',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('match_id', sa.String(), nullable=False),
    sa.Column('room_id', sa.Integer(), nullable=False),
    sa.Column('family', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('map_name', sa.String(), nullable=False),
    sa.Column('scoring', sa.Integer(), nullable=False),
    sa.Column('clan_game', sa.Boolean(), nullable=False),
    sa.Column('cooperative', sa.Boolean(), nullable=False),
    sa.Column('tournament', sa.Integer(), nullable=False),
    sa.Column('host', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('recorded_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('ended', sa.String(), nullable=False),
    sa.Column('elapsed', sa.BigInteger(), nullable=False),
    sa.Column('agreeing', sa.Integer(), nullable=False),
    sa.Column('heard', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_results')),
    sa.UniqueConstraint('match_id', name=op.f('uq_results_match_id')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_results_recorded_at', 'results', ['recorded_at'], unique=False)
    op.create_table('score_reports',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('match_id', sa.String(), nullable=False),
    sa.Column('report', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('received_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('fault', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_score_reports')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_score_reports_match_id', 'score_reports', ['match_id'], unique=False)
    op.create_table('seasons',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('formula', sa.String(), nullable=False),
    sa.Column('starts_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('first_result', sa.Integer(), nullable=False),
    sa.Column('ends_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.Column('last_result', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_seasons')),
    sqlite_autoincrement=True
    )
    op.create_table('tournaments',
    sa.Column('number', sa.Integer(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=False),
    sa.Column('room_id', sa.Integer(), nullable=False),
    sa.Column('starts_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('created_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('min_players', sa.Integer(), nullable=False),
    sa.Column('max_players', sa.Integer(), nullable=False),
    sa.Column('prize_pool', sa.BigInteger(), nullable=False),
    sa.Column('prize_shares', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('bracket', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('ended_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_tournaments')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_tournaments_state', 'tournaments', ['state'], unique=False)
    op.create_table('clan_members',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('clan', sa.Integer(), nullable=False),
    sa.Column('rank', sa.String(), nullable=False),
    sa.Column('joined_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_clan_members_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['clan'], ['clans.number'], name=op.f('fk_clan_members_clan'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_clan_members'))
    )
    op.create_index('ix_clan_members_clan', 'clan_members', ['clan'], unique=False)
    op.create_table('friends',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('friend_id', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_friends_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['friend_id'], ['accounts.id'], name=op.f('fk_friends_friend_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'friend_id', name=op.f('pk_friends'))
    )
    op.create_index('ix_friends_friend_id', 'friends', ['friend_id'], unique=False)
    op.create_table('game_passwords',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('password_hash', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_game_passwords_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_game_passwords'))
    )
    op.create_table('profiles',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('city', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('quote', sa.String(), nullable=False),
    sa.Column('country_code', sa.Integer(), nullable=False),
    sa.Column('shown_name', sa.String(), nullable=False),
    sa.Column('team', sa.String(), nullable=False),
    sa.Column('icon', sa.Integer(), nullable=False),
    sa.Column('primary', sa.String(), nullable=False),
    sa.Column('secondary', sa.String(), nullable=False),
    sa.Column('opaque', sa.LargeBinary(), nullable=False),
    sa.Column('updated_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_profiles_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_profiles'))
    )
    op.create_table('result_lines',
    sa.Column('result', sa.Integer(), nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=True),
    sa.Column('clan', sa.Integer(), nullable=False),
    sa.Column('side', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('captain', sa.Boolean(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('finished', sa.Boolean(), nullable=False),
    sa.Column('time_played', sa.BigInteger(), nullable=False),
    sa.Column('units_killed', sa.BigInteger(), nullable=False),
    sa.Column('units_lost', sa.BigInteger(), nullable=False),
    sa.Column('points_killed', sa.BigInteger(), nullable=False),
    sa.Column('points_lost', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['result'], ['results.number'], name=op.f('fk_result_lines_result'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('result', 'number', name=op.f('pk_result_lines'))
    )
    op.create_index('ix_result_lines_account_id', 'result_lines', ['account_id'], unique=False)
    op.create_table('standings',
    sa.Column('season', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('games', sa.Integer(), nullable=False),
    sa.Column('wins', sa.Integer(), nullable=False),
    sa.Column('losses', sa.Integer(), nullable=False),
    sa.Column('ties', sa.Integer(), nullable=False),
    sa.Column('lasts', sa.Integer(), nullable=False),
    sa.Column('damage_given', sa.BigInteger(), nullable=False),
    sa.Column('damage_taken', sa.BigInteger(), nullable=False),
    sa.Column('disconnects', sa.Integer(), nullable=False),
    sa.Column('best_points', sa.Integer(), nullable=False),
    sa.Column('caste', sa.Integer(), nullable=False),
    sa.Column('best_caste', sa.Integer(), nullable=False),
    sa.Column('recent', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['season'], ['seasons.number'], name=op.f('fk_standings_season'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('season', 'kind', 'category', 'number', name=op.f('pk_standings'))
    )
    op.create_index('ix_standings_ladder', 'standings', ['season', 'kind', 'category', 'points'], unique=False)
    op.create_table('tournament_entries',
    sa.Column('tournament', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('entered_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_tournament_entries_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tournament'], ['tournaments.number'], name=op.f('fk_tournament_entries_tournament'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tournament', 'account_id', name=op.f('pk_tournament_entries'))
    )
    op.create_index('ix_tournament_entries_account_id', 'tournament_entries', ['account_id'], unique=False)
    op.create_table('tournament_prizes',
    sa.Column('tournament', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['tournament'], ['tournaments.number'], name=op.f('fk_tournament_prizes_tournament')),
    sa.PrimaryKeyConstraint('tournament', 'place', name=op.f('pk_tournament_prizes'))
    )


def downgrade() -> None:
    op.drop_table('tournament_prizes')
    op.drop_table('tournament_entries')
    op.drop_table('standings')
    op.drop_table('result_lines')
    op.drop_table('profiles')
    op.drop_table('game_passwords')
    op.drop_table('friends')
    op.drop_table('clan_members')
    op.drop_table('tournaments')
    op.drop_table('seasons')
    op.drop_table('score_reports')
    op.drop_table('results')
    op.drop_table('matches')
    op.drop_table('imported')
    op.drop_table('films')
    op.drop_table('clans')

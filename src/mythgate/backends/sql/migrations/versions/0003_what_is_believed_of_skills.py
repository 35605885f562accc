"""What is believed of skills"""

from alembic import op
import sqlalchemy as sa

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('standings', sa.Column('mu', sa.Double(), server_default='0', nullable=False))
    op.add_column('standings', sa.Column('sigma', sa.Double(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('standings', 'sigma')
    op.drop_column('standings', 'mu')

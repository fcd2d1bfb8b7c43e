"""take videos"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_2151"
down_revision = "2026_11_23_2150"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("assets", sa.Column("duration_ms", sa.Integer(), nullable=True))
    op.add_column("assets", sa.Column("codecs", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("assets", "codecs")
    op.drop_column("assets", "duration_ms")

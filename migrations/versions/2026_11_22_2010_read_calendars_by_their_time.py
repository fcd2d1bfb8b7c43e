"""read calendars by their time"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_2010"
down_revision = "2026_11_22_2005"
branch_labels = None
depends_on = None

#: When a publication shall go out, else when it went out. No COALESCE: where policies guard a
#: table, PostgreSQL never looks one up.
TIME = "(CASE WHEN scheduled_for IS NOT NULL THEN scheduled_for ELSE published_at END)"


def upgrade() -> None:
    op.create_index(
        "ix_publications_calendar",
        "publications",
        ["workspace_id", sa.text(TIME)],
        unique=False,
    )
    op.create_index(
        "ix_review_targets_scheduled_for",
        "review_targets",
        ["workspace_id", "scheduled_for"],
        unique=False,
        postgresql_where=sa.text("scheduled_for IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_review_targets_scheduled_for", table_name="review_targets")
    op.drop_index("ix_publications_calendar", table_name="publications")

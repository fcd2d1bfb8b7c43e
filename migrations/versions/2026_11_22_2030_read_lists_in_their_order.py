"""read lists in their order

Every list has an index that gives its usual order, and every relation one that finds its rows.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_2030"
down_revision = "2026_11_22_2015"
branch_labels = None
depends_on = None

#: Name, table, columns after the workspace, condition.
INDEXES: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    ("ix_members_name", "members", ("name", "id"), None),
    ("ix_tokens_member_id", "tokens", ("member_id", "id"), None),
    ("ix_brands_name", "brands", ("name", "id"), None),
    ("ix_channels_name", "channels", ("name", "id"), None),
    ("ix_triggers_name", "triggers", ("name", "id"), None),
    ("ix_content_items_updated_at", "content_items", ("updated_at", "id"), None),
    (
        "ix_publications_attention",
        "publications",
        ("updated_at", "id"),
        "state IN ('HELD', 'UNCONFIRMED', 'FAILED')",
    ),
    (
        "ix_threads_last_message_at",
        "threads",
        ("last_message_at DESC NULLS LAST", "id DESC"),
        None,
    ),
    ("ix_messages_written_at", "messages", ("written_at", "id"), None),
    ("ix_messages_person_id", "messages", ("person_id", "id"), None),
    ("ix_deliveries_sequence", "deliveries", ("sequence", "id"), None),
    (
        "ix_events_sealed",
        "events",
        ("sequence DESC NULLS LAST", "id DESC"),
        "sequence IS NOT NULL",
    ),
    ("ix_amendments_message_id", "amendments", ("message_id",), "message_id IS NOT NULL"),
)


def upgrade() -> None:
    for name, table, columns, where in INDEXES:
        more: dict[str, Any] = {} if where is None else {"postgresql_where": sa.text(where)}
        op.create_index(
            name, table, ["workspace_id", *(sa.text(one) for one in columns)], unique=False, **more
        )


def downgrade() -> None:
    for name, table, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)

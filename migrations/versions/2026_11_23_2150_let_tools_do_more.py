"""let tools do more"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import protect

revision = "2026_11_23_2150"
down_revision = "2026_11_23_2140"
branch_labels = None
depends_on = None

_BEGUN = (
    ("item_id", "content_items"),
    ("review_id", "reviews"),
    ("import_id", "content_imports"),
)


def _json(name: str, *, default: str | None = None) -> sa.Column[object]:
    kind = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    return sa.Column(name, kind, nullable=False, server_default=default)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "content_imports",
        sa.Column("policy", sa.String(length=40), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("created_count", sa.Integer(), nullable=False),
        sa.Column("updated_count", sa.Integer(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("refused_count", sa.Integer(), nullable=False),
        _json("results"),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_content_imports_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_imports")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_content_imports_workspace_id_id")),
    )
    protect(("content_imports",))
    op.add_column("triggers", _json("actions", default="[]"))
    op.execute("UPDATE triggers SET actions = jsonb_build_array(action)")
    op.alter_column("triggers", "actions", server_default=None)
    op.drop_column("triggers", "action")
    op.add_column("trigger_calls", sa.Column("action", sa.String(length=40), nullable=True))
    op.add_column("trigger_calls", _json("publications", default="[]"))
    op.alter_column("trigger_calls", "publications", server_default=None)
    for column, table in _BEGUN:
        op.add_column("trigger_calls", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_trigger_calls_workspace_id_{column}"),
            "trigger_calls",
            table,
            ["workspace_id", column],
            ["workspace_id", "id"],
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column, _ in _BEGUN:
        op.drop_column("trigger_calls", column)
    op.drop_column("trigger_calls", "publications")
    op.drop_column("trigger_calls", "action")
    op.add_column("triggers", sa.Column("action", sa.String(length=40), nullable=True))
    # Before, a trigger could do nothing but publish: one that may not do so is no more.
    op.execute(
        "DELETE FROM trigger_calls USING triggers AS t "
        "WHERE t.id = trigger_id AND NOT t.actions ? 'PUBLISH'"
    )
    op.execute("DELETE FROM triggers WHERE NOT actions ? 'PUBLISH'")
    op.execute("UPDATE triggers SET action = 'PUBLISH'")
    op.alter_column("triggers", "action", nullable=False)
    op.drop_column("triggers", "actions")
    op.drop_table("content_imports")

"""amend what is out"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant_functions, protect

revision = "2026_11_22_1955"
down_revision = "2026_11_22_1651"
branch_labels = None
depends_on = None

# Asked before a workspace is known: it runs as the owner and returns ids only.
STRAYS = """
    CREATE FUNCTION hub_stray_amendments(most integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT DISTINCT workspace_id FROM (
            SELECT workspace_id FROM amendments
            WHERE state = 'PENDING' AND due_at < hub_now() - interval '1 min'
            ORDER BY due_at LIMIT 1000
        ) AS stray LIMIT most
    $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("publications", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("publications", sa.Column("standing", sa.String(length=40), nullable=True))
    op.add_column(
        "publications", sa.Column("standing_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "messages",
        sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "messages",
        sa.Column(
            "extra",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.create_table(
        "amendments",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=True),
        sa.Column("former_edition_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("target", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("checkpoint", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(kind = 'EDIT') = (edition_id IS NOT NULL)",
            name=op.f("ck_amendments_edit_has_edition"),
        ),
        sa.CheckConstraint(
            "(kind IN ('HIDE', 'UNHIDE')) = (message_id IS NOT NULL)",
            name=op.f("ck_amendments_hide_has_message"),
        ),
        sa.CheckConstraint(
            "(state = 'PENDING') = (due_at IS NOT NULL)",
            name=op.f("ck_amendments_pending_has_time"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "edition_id"],
            ["editions.workspace_id", "editions.id"],
            name=op.f("fk_amendments_workspace_id_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "former_edition_id"],
            ["editions.workspace_id", "editions.id"],
            name=op.f("fk_amendments_workspace_id_former_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publication_id"],
            ["publications.workspace_id", "publications.id"],
            name=op.f("fk_amendments_workspace_id_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_amendments_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendments")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_amendments_workspace_id_id")),
    )
    op.create_index(
        "ix_amendments_publication_id",
        "amendments",
        ["workspace_id", "publication_id", "id"],
        unique=False,
    )
    op.create_index(
        "uq_amendments_pending",
        "amendments",
        ["publication_id", "message_id"],
        unique=True,
        postgresql_where=sa.text("state = 'PENDING'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_amendments_due",
        "amendments",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    protect(("amendments",))
    op.execute(STRAYS)
    grant_functions(("hub_stray_amendments(integer)",))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION hub_stray_amendments(integer)")
    op.drop_table("amendments")
    op.drop_column("messages", "extra")
    op.drop_column("messages", "hidden")
    op.drop_column("publications", "standing_at")
    op.drop_column("publications", "standing")
    op.drop_column("publications", "edited_at")

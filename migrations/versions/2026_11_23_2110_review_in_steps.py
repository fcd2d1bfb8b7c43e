"""review in steps, with remarks and notices by mail"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import protect

revision = "2026_11_23_2110"
down_revision = "2026_11_23_2100"
branch_labels = None
depends_on = None

WORKSPACE_TABLES = ("workflows", "workflow_steps", "review_steps", "remarks", "notices")

_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}

# Every review so far had one step, for everybody who may decide.
_STEPS = """
    INSERT INTO review_steps (id, workspace_id, review_id, number, name, mode, four_eyes, roles,
        member_ids, reminders, state, opened_at, done_at, created_at)
    SELECT gen_random_uuid(), workspace_id, id, 1, '', 'ANY', four_eyes, '[]', '[]', '[]',
        CASE state WHEN 'IN_REVIEW' THEN 'OPEN' WHEN 'APPROVED' THEN 'DONE'
            WHEN 'PREPARING' THEN 'WAITING' ELSE 'CLOSED' END,
        CASE WHEN state IN ('IN_REVIEW', 'APPROVED') THEN created_at END,
        CASE WHEN state = 'APPROVED' THEN updated_at END, created_at
    FROM reviews
"""
_DECIDED = """
    UPDATE decisions AS d SET step_id = s.id FROM review_steps AS s WHERE s.review_id = d.review_id
"""


def _note_changes(table: str) -> None:
    for event, side in _EVENTS.items():
        op.execute(
            f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON {table} "
            f"REFERENCING {side} TABLE AS changed "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_change()"
        )
    op.execute(
        f"CREATE TRIGGER note_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_change_of_all()"
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "workflows",
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("keeps_approvals", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "brand_id"],
            ["brands.workspace_id", "brands.id"],
            name=op.f("fk_workflows_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_workflows_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_workflows_workspace_id_id")),
    )
    op.create_index(
        "ix_workflows_brand_id", "workflows", ["workspace_id", "brand_id", "id"], unique=False
    )
    op.create_index("ix_workflows_name", "workflows", ["workspace_id", "name", "id"], unique=False)
    op.create_index(
        "uq_workflows_default",
        "workflows",
        ["workspace_id", "brand_id", "platform"],
        unique=True,
        postgresql_where=sa.text("is_default AND archived_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "workflow_steps",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=True),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column(
            "roles", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "member_ids", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("due_hours", sa.Integer(), nullable=True),
        sa.Column(
            "reminders", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "workflow_id"],
            ["workflows.workspace_id", "workflows.id"],
            name=op.f("fk_workflow_steps_workspace_id_workflow_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_workflow_steps_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_steps")),
        sa.UniqueConstraint(
            "workflow_id", "number", name=op.f("uq_workflow_steps_workflow_id_number")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_workflow_steps_workspace_id_id")),
    )
    op.create_index(
        "ix_workflow_steps_workflow_id",
        "workflow_steps",
        ["workspace_id", "workflow_id", "number"],
        unique=False,
    )
    op.create_table(
        "remarks",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("span_start", sa.Integer(), nullable=True),
        sa.Column("span_end", sa.Integer(), nullable=True),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(span_start IS NULL) = (span_end IS NULL)", name=op.f("ck_remarks_whole_span")
        ),
        sa.CheckConstraint(
            "NOT (blocking AND parent_id IS NOT NULL)",
            name=op.f("ck_remarks_answers_block_nothing"),
        ),
        sa.CheckConstraint(
            "span_start IS NULL OR field IS NOT NULL", name=op.f("ck_remarks_span_of_field")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "author_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_remarks_workspace_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "item_id"],
            ["content_items.workspace_id", "content_items.id"],
            name=op.f("fk_remarks_workspace_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "parent_id"],
            ["remarks.workspace_id", "remarks.id"],
            name=op.f("fk_remarks_workspace_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_remarks_workspace_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "revision_id"],
            ["revisions.workspace_id", "revisions.id"],
            name=op.f("fk_remarks_workspace_id_revision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_remarks_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_remarks_workspace_id_id")),
    )
    op.create_index(
        "ix_remarks_item_id", "remarks", ["workspace_id", "item_id", "id"], unique=False
    )
    op.create_index(
        "ix_remarks_parent_id", "remarks", ["workspace_id", "parent_id", "id"], unique=False
    )
    op.create_table(
        "review_steps",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=True),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column(
            "roles", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "member_ids", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("due_hours", sa.Integer(), nullable=True),
        sa.Column(
            "reminders", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_review_steps_workspace_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_review_steps_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_steps")),
        sa.UniqueConstraint("review_id", "number", name=op.f("uq_review_steps_review_id_number")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_review_steps_workspace_id_id")),
    )
    op.create_index(
        "ix_review_steps_review_id",
        "review_steps",
        ["workspace_id", "review_id", "number"],
        unique=False,
    )
    op.create_index(
        "uq_review_steps_open",
        "review_steps",
        ["review_id"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "notices",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("step_id", sa.Uuid(), nullable=True),
        sa.Column("remark_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "item_id"],
            ["content_items.workspace_id", "content_items.id"],
            name=op.f("fk_notices_workspace_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_notices_workspace_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_notices_workspace_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "step_id"],
            ["review_steps.workspace_id", "review_steps.id"],
            name=op.f("fk_notices_workspace_id_step_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_notices_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_notices_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "key", name=op.f("uq_notices_workspace_id_key")),
    )
    op.create_index(
        "ix_notices_member_id", "notices", ["workspace_id", "member_id", "id"], unique=False
    )
    op.create_index(
        "ix_notices_review_id", "notices", ["workspace_id", "review_id", "id"], unique=False
    )
    op.add_column("decisions", sa.Column("step_id", sa.Uuid(), nullable=True))
    op.execute(_STEPS)
    # What nobody may change is completed here, and only here.
    op.execute("ALTER TABLE decisions DISABLE TRIGGER immutable")
    op.execute(_DECIDED)
    op.execute("ALTER TABLE decisions ENABLE TRIGGER immutable")
    op.alter_column("decisions", "step_id", nullable=False)
    op.add_column("decisions", sa.Column("carried_from", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_decisions_step_id", "decisions", ["workspace_id", "step_id", "id"], unique=False
    )
    op.create_unique_constraint(
        op.f("uq_decisions_step_id_member_id_verdict"),
        "decisions",
        ["step_id", "member_id", "verdict"],
    )
    op.create_foreign_key(
        op.f("fk_decisions_workspace_id_carried_from"),
        "decisions",
        "decisions",
        ["workspace_id", "carried_from"],
        ["workspace_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_decisions_workspace_id_step_id"),
        "decisions",
        "review_steps",
        ["workspace_id", "step_id"],
        ["workspace_id", "id"],
    )
    op.add_column("members", sa.Column("locale", sa.Text(), server_default="en", nullable=False))
    op.add_column(
        "members",
        sa.Column("email_notices", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.add_column("reviews", sa.Column("workflow_id", sa.Uuid(), nullable=True))
    op.add_column("reviews", sa.Column("workflow_version", sa.Integer(), nullable=True))
    op.add_column(
        "reviews",
        sa.Column("keeps_approvals", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("reviews", sa.Column("resumed_from", sa.Uuid(), nullable=True))
    op.add_column("reviews", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_reviews_due_at",
        "reviews",
        ["workspace_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'IN_REVIEW'"),
    )
    op.create_foreign_key(
        op.f("fk_reviews_workspace_id_workflow_id"),
        "reviews",
        "workflows",
        ["workspace_id", "workflow_id"],
        ["workspace_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_reviews_workspace_id_resumed_from"),
        "reviews",
        "reviews",
        ["workspace_id", "resumed_from"],
        ["workspace_id", "id"],
    )
    protect(WORKSPACE_TABLES)
    for table in WORKSPACE_TABLES:
        _note_changes(table)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_reviews_workspace_id_resumed_from"), "reviews", type_="foreignkey")
    op.drop_constraint(op.f("fk_reviews_workspace_id_workflow_id"), "reviews", type_="foreignkey")
    op.drop_index(
        "ix_reviews_due_at", table_name="reviews", postgresql_where=sa.text("state = 'IN_REVIEW'")
    )
    op.drop_column("reviews", "due_at")
    op.drop_column("reviews", "resumed_from")
    op.drop_column("reviews", "keeps_approvals")
    op.drop_column("reviews", "workflow_version")
    op.drop_column("reviews", "workflow_id")
    op.drop_column("members", "email_notices")
    op.drop_column("members", "locale")
    op.drop_constraint(op.f("fk_decisions_workspace_id_step_id"), "decisions", type_="foreignkey")
    op.drop_constraint(
        op.f("fk_decisions_workspace_id_carried_from"), "decisions", type_="foreignkey"
    )
    op.drop_constraint(op.f("uq_decisions_step_id_member_id_verdict"), "decisions", type_="unique")
    op.drop_index("ix_decisions_step_id", table_name="decisions")
    op.drop_column("decisions", "carried_from")
    op.drop_column("decisions", "step_id")
    op.drop_index("ix_notices_review_id", table_name="notices")
    op.drop_index("ix_notices_member_id", table_name="notices")
    op.drop_table("notices")
    op.drop_index(
        "uq_review_steps_open",
        table_name="review_steps",
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.drop_index("ix_review_steps_review_id", table_name="review_steps")
    op.drop_table("review_steps")
    op.drop_index("ix_remarks_parent_id", table_name="remarks")
    op.drop_index("ix_remarks_item_id", table_name="remarks")
    op.drop_table("remarks")
    op.drop_index("ix_workflow_steps_workflow_id", table_name="workflow_steps")
    op.drop_table("workflow_steps")
    op.drop_index(
        "uq_workflows_default",
        table_name="workflows",
        postgresql_where=sa.text("is_default AND archived_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index("ix_workflows_name", table_name="workflows")
    op.drop_index("ix_workflows_brand_id", table_name="workflows")
    op.drop_table("workflows")

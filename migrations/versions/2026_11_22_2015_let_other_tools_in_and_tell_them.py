"""let other tools in and tell them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant_functions, protect

revision = "2026_11_22_2015"
down_revision = "2026_11_22_2010"
branch_labels = None
depends_on = None

WORKSPACE_TABLES = ("triggers", "trigger_calls", "endpoints", "deliveries", "delivery_attempts")

# Questions that are asked before a workspace is known: they run as the owner and return ids or
# sums only.
FUNCTIONS = (
    """
    CREATE FUNCTION hub_public_trigger(wanted text)
    RETURNS TABLE (workspace_id uuid, trigger_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT t.workspace_id, t.id FROM triggers AS t WHERE t.public_key = wanted
    $$
    """,
    """
    CREATE FUNCTION hub_idle_endpoints(most integer)
    RETURNS TABLE (workspace_id uuid, endpoint_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT e.workspace_id, e.id FROM endpoints AS e
        WHERE e.enabled AND (
            e.cursor < (SELECT c.sequence FROM event_chains AS c
                WHERE c.workspace_id = e.workspace_id)
            OR EXISTS (
                SELECT FROM deliveries AS d WHERE d.endpoint_id = e.id AND d.state = 'PENDING'
            )
        ) AND NOT EXISTS (
            SELECT FROM jobs WHERE jobs.key = 'deliver:' || e.id
                AND jobs.state IN ('WAITING', 'RUNNING')
        )
        LIMIT most
    $$
    """,
    """
    CREATE FUNCTION hub_delivery_counts()
    RETURNS TABLE (outcome text, deliveries bigint, oldest_seconds float8)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT 'pending', count(*),
            greatest(0, extract(epoch FROM hub_now() - min(d.promised_at)))::float8
        FROM deliveries AS d JOIN endpoints AS e ON e.id = d.endpoint_id AND e.enabled
        WHERE d.state = 'PENDING'
        UNION ALL
        SELECT counted.outcome, coalesce(sum(counted.deliveries), 0)::bigint, 0::float8
        FROM endpoints AS e, LATERAL (VALUES
            ('delivered', e.delivered_count),
            ('failed', e.failed_count),
            ('given_up', e.given_up_count)
        ) AS counted (outcome, deliveries)
        GROUP BY 1
    $$
    """,
)
SIGNATURES = (
    "hub_public_trigger(text)",
    "hub_idle_endpoints(integer)",
    "hub_delivery_counts()",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "endpoints",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column(
            "events", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "disabled_reason",
            sa.Enum(
                "BY_HAND", "GONE", "FAILING", name="disabledreason", native_enum=False, length=40
            ),
            nullable=True,
        ),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_count", sa.BigInteger(), nullable=False),
        sa.Column("failed_count", sa.BigInteger(), nullable=False),
        sa.Column("given_up_count", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
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
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_endpoints_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_endpoints_workspace_id_id")),
    )
    op.create_table(
        "triggers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "action",
            sa.Enum("PUBLISH", name="triggeraction", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("last_called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
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
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_triggers_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("public_key", name=op.f("uq_triggers_public_key")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_triggers_workspace_id_id")),
    )
    op.create_table(
        "deliveries",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_name", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PENDING",
                "DELIVERED",
                "GIVEN_UP",
                name="deliverystate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("aside", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "endpoint_id"],
            ["endpoints.workspace_id", "endpoints.id"],
            name=op.f("fk_deliveries_workspace_id_endpoint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "event_id"],
            ["events.workspace_id", "events.id"],
            name=op.f("fk_deliveries_workspace_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_deliveries_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "endpoint_id", "sequence", name=op.f("uq_deliveries_endpoint_id_sequence")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_deliveries_workspace_id_id")),
    )
    op.create_index(
        "ix_deliveries_ended_at",
        "deliveries",
        ["workspace_id", "ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_pending",
        "deliveries",
        ["endpoint_id", "aside", "sequence"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_table(
        "trigger_calls",
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column(
            "answer", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "trigger_id"],
            ["triggers.workspace_id", "triggers.id"],
            name=op.f("fk_trigger_calls_workspace_id_trigger_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_trigger_calls_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_calls")),
        sa.UniqueConstraint(
            "trigger_id", "message_id", name=op.f("uq_trigger_calls_trigger_id_message_id")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_trigger_calls_workspace_id_id")),
    )
    op.create_index(
        "ix_trigger_calls_received_at", "trigger_calls", ["trigger_id", "received_at"], unique=False
    )
    op.create_table(
        "delivery_attempts",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "DELIVERED",
                "UNREACHABLE",
                "UNWELL",
                "REFUSED",
                "GONE",
                name="attemptoutcome",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "delivery_id"],
            ["deliveries.workspace_id", "deliveries.id"],
            name=op.f("fk_delivery_attempts_workspace_id_delivery_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_delivery_attempts_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
        sa.UniqueConstraint(
            "delivery_id", "number", name=op.f("uq_delivery_attempts_delivery_id_number")
        ),
        sa.UniqueConstraint(
            "workspace_id", "id", name=op.f("uq_delivery_attempts_workspace_id_id")
        ),
    )
    protect(WORKSPACE_TABLES)
    for statement in FUNCTIONS:
        op.execute(statement)
    grant_functions(SIGNATURES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in SIGNATURES:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("delivery_attempts")
    op.drop_index("ix_trigger_calls_received_at", table_name="trigger_calls")
    op.drop_table("trigger_calls")
    op.drop_index(
        "ix_deliveries_pending",
        table_name="deliveries",
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.drop_index(
        "ix_deliveries_ended_at",
        table_name="deliveries",
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.drop_table("deliveries")
    op.drop_table("triggers")
    op.drop_table("endpoints")

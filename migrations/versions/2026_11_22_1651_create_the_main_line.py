"""create the main line"""

import os
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "2026_11_22_1651"
down_revision = None
branch_labels = None
depends_on = None

#: The application's role: it owns nothing and is bound by the policies below.
DEFAULT_APP_ROLE = "hub_app"

CLOCK = (
    """
    CREATE TABLE clock (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        shift interval NOT NULL DEFAULT '0'
    )
    """,
    "INSERT INTO clock DEFAULT VALUES",
    """
    CREATE FUNCTION hub_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS
    'SELECT clock_timestamp() + shift FROM clock'
    """,
)

#: Every table with a workspace but for three: tokens are found by their digest and jobs by the
#: relay before any workspace is known, and workspaces are what the others belong to.
WORKSPACE_TABLES = (
    "approvals",
    "asset_uploads",
    "assets",
    "attempts",
    "brands",
    "campaigns",
    "channels",
    "content_items",
    "credentials",
    "decisions",
    "editions",
    "event_chains",
    "events",
    "idempotency_keys",
    "measurements",
    "members",
    "messages",
    "persons",
    "publications",
    "renditions",
    "review_targets",
    "reviews",
    "revisions",
    "threads",
    "variants",
)

# After a commit the setting is an empty string, not NULL, hence the NULLIF. The sub-select makes
# PostgreSQL evaluate it once per statement instead of once per row.
POLICY = """
    CREATE POLICY workspace ON {table}
    USING (workspace_id = (SELECT NULLIF(current_setting('hub.workspace_id', true), '')::uuid))
"""

#: Tables whose rows are evidence: the application may add to them and read them, nothing else.
IMMUTABLE_TABLES = ("revisions", "variants", "editions", "decisions")

TRANSITIONS = (
    "PLANNED>SCHEDULED",
    "PLANNED>CANCELLED",
    "SCHEDULED>PLANNED",
    "SCHEDULED>PUBLISHING",
    "SCHEDULED>HELD",
    "SCHEDULED>CANCELLED",
    "SCHEDULED>EXPIRED",
    "PUBLISHING>SCHEDULED",
    "PUBLISHING>PUBLISHED",
    "PUBLISHING>HELD",
    "PUBLISHING>UNCONFIRMED",
    "PUBLISHING>FAILED",
    "PUBLISHING>CANCELLED",
    "PUBLISHING>EXPIRED",
    "HELD>SCHEDULED",
    "HELD>CANCELLED",
    "HELD>EXPIRED",
    "UNCONFIRMED>PUBLISHING",
    "UNCONFIRMED>PUBLISHED",
    "UNCONFIRMED>SCHEDULED",
    "UNCONFIRMED>FAILED",
    "FAILED>SCHEDULED",
    "FAILED>CANCELLED",
    "PUBLISHED>WITHDRAWN",
)

TRIGGERS = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END $$
    """,
    *(
        f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in IMMUTABLE_TABLES
    ),
    f"""
    CREATE FUNCTION check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state = ANY
            ('{{{",".join(TRANSITIONS)}}}'::text[])) THEN
            RAISE EXCEPTION 'a publication cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.fence < OLD.fence THEN
            RAISE EXCEPTION 'the fence of a publication only grows'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER transition BEFORE UPDATE ON publications
    FOR EACH ROW EXECUTE FUNCTION check_transition()
    """,
)

# The few questions that are asked before a workspace is known. Each runs as the owner, returns
# ids or sums only, and never a word of content.
FUNCTIONS = (
    """
    CREATE FUNCTION hub_unsealed_workspaces(most integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT DISTINCT workspace_id FROM (
            SELECT workspace_id FROM events WHERE sequence IS NULL ORDER BY id LIMIT 10000
        ) AS unsealed LIMIT most
    $$
    """,
    """
    CREATE FUNCTION hub_stray_publications(most integer)
    RETURNS TABLE (workspace_id uuid, publication_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT p.workspace_id, p.id FROM publications AS p
        WHERE (
            (p.state IN ('SCHEDULED', 'UNCONFIRMED') AND p.due_at < hub_now() - interval '30 s')
            OR (p.state = 'PUBLISHING' AND p.lease_until < clock_timestamp() - interval '30 s')
        ) AND NOT EXISTS (
            SELECT FROM jobs WHERE jobs.key = 'publish:' || p.id
                AND jobs.state IN ('WAITING', 'RUNNING')
        )
        LIMIT most
    $$
    """,
    """
    CREATE FUNCTION hub_publication_counts()
    RETURNS TABLE (state text, hold_reason text, publications bigint, most_late_seconds float8)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT p.state, coalesce(p.hold_reason, ''), count(*),
            greatest(0, extract(epoch FROM max(
                CASE WHEN p.state IN ('SCHEDULED', 'PUBLISHING') THEN hub_now() - p.due_at END
            )))::float8
        FROM publications AS p
        WHERE p.state IN ('SCHEDULED', 'PUBLISHING', 'HELD', 'UNCONFIRMED', 'FAILED')
        GROUP BY 1, 2
    $$
    """,
    """
    CREATE FUNCTION hub_public_channel(wanted text)
    RETURNS TABLE (workspace_id uuid, channel_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        SELECT c.workspace_id, c.id FROM channels AS c WHERE c.public_key = wanted
    $$
    """,
)


def app_role() -> str:
    """Return the application's role: handed over by `hub migrate`, or HUB_APP_ROLE."""
    given: Any = context.config.attributes.get("app_role")
    return str(given or os.environ.get("HUB_APP_ROLE", DEFAULT_APP_ROLE))


def grant(role: str) -> None:
    """Give the application what it needs and nothing more."""
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    for table in (*WORKSPACE_TABLES, "workspaces", "tokens", "jobs"):
        rights = "SELECT, INSERT" if table in IMMUTABLE_TABLES else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f"GRANT {rights} ON {table} TO {quoted}")
    op.execute(f"GRANT SELECT ON clock, alembic_version TO {quoted}")
    for function in (
        "hub_unsealed_workspaces(integer)",
        "hub_stray_publications(integer)",
        "hub_publication_counts()",
        "hub_public_channel(text)",
    ):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {quoted}")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in CLOCK:
        op.execute(statement)
    op.create_table(
        "jobs",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column(
            "arguments", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("WAITING", "RUNNING", "PARKED", name="jobstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("repeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rings", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state <> 'RUNNING' OR lease_until IS NOT NULL", name=op.f("ck_jobs_running_has_lease")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_running",
        "jobs",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state = 'RUNNING'"),
    )
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_index(
        "uq_jobs_key", "jobs", ["key"], unique=True, postgresql_where=sa.text("key IS NOT NULL")
    )
    op.create_table(
        "workspaces",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("slug", name=op.f("uq_workspaces_slug")),
    )
    op.create_table(
        "asset_uploads",
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asset_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_asset_uploads_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_uploads")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_asset_uploads_workspace_id_id")),
    )
    op.create_table(
        "brands",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column(
            "locales", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
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
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_brands_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_brands_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "slug", name=op.f("uq_brands_workspace_id_slug")),
    )
    op.create_table(
        "event_chains",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_event_chains_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_chains")),
        sa.UniqueConstraint("workspace_id", name=op.f("uq_event_chains_workspace_id")),
    )
    op.create_table(
        "events",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "actor_kind",
            sa.Enum("member", "system", name="actorkind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column(
            "data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_events_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_events_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id", "sequence", name=op.f("uq_events_workspace_id_sequence")
        ),
    )
    op.create_index(
        "ix_events_subject", "events", ["workspace_id", "subject_id", "id"], unique=False
    )
    op.create_index(
        "ix_events_unsealed",
        "events",
        ["workspace_id", "id"],
        unique=False,
        postgresql_where=sa.text("sequence IS NULL"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column(
            "outcome", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
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
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_idempotency_keys_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint(
            "workspace_id",
            "actor_id",
            "key",
            name=op.f("uq_idempotency_keys_workspace_id_actor_id_key"),
        ),
    )
    op.create_table(
        "members",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "ADMIN",
                "MANAGER",
                "EDITOR",
                "APPROVER",
                "VIEWER",
                name="role",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
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
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_members_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("workspace_id", "email", name=op.f("uq_members_workspace_id_email")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_members_workspace_id_id")),
    )
    op.create_table(
        "assets",
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PROCESSING", "READY", "REFUSED", name="assetstate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("refusal_message", sa.Text(), nullable=True),
        sa.Column("mime", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column(
            "alt", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
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
            name=op.f("fk_assets_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_assets_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_assets_workspace_id_id")),
    )
    op.create_index(
        "ix_assets_brand_id", "assets", ["workspace_id", "brand_id", "id"], unique=False
    )
    op.create_table(
        "campaigns",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("brief", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("external_reference", sa.Text(), nullable=True),
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
            "starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on",
            name=op.f("ck_campaigns_dates"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "brand_id"],
            ["brands.workspace_id", "brands.id"],
            name=op.f("fk_campaigns_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_campaigns_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_campaigns_workspace_id_id")),
    )
    op.create_index(
        "ix_campaigns_brand_id", "campaigns", ["workspace_id", "brand_id", "id"], unique=False
    )
    op.create_index(
        "uq_campaigns_external_reference",
        "campaigns",
        ["workspace_id", "external_reference"],
        unique=True,
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.create_table(
        "channels",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column(
            "settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "CHECKING",
                "READY",
                "NEEDS_AUTH",
                "FAILED",
                name="channelstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_message", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column(
            "guarantee",
            sa.Enum(
                "REPLAY",
                "IDENTITY",
                "REFUSAL",
                "SEARCH",
                "BLIND",
                name="guarantee",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "capabilities",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=False,
        ),
        sa.Column(
            "limits", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("rate_held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_reference", sa.Text(), nullable=True),
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
            name=op.f("fk_channels_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_channels_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("public_key", name=op.f("uq_channels_public_key")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_channels_workspace_id_id")),
    )
    op.create_index(
        "ix_channels_brand_id", "channels", ["workspace_id", "brand_id", "id"], unique=False
    )
    op.create_index(
        "uq_channels_external_reference",
        "channels",
        ["workspace_id", "external_reference"],
        unique=True,
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.create_table(
        "tokens",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column(
            "scopes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_tokens_workspace_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_tokens_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_index("ix_tokens_workspace_id", "tokens", ["workspace_id", "id"], unique=False)
    op.create_table(
        "content_items",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("current_revision_id", sa.Uuid(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("external_reference", sa.Text(), nullable=True),
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
            name=op.f("fk_content_items_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "campaign_id"],
            ["campaigns.workspace_id", "campaigns.id"],
            name=op.f("fk_content_items_workspace_id_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_content_items_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_items")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_content_items_workspace_id_id")),
    )
    op.create_index(
        "ix_content_items_brand_id",
        "content_items",
        ["workspace_id", "brand_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_content_items_campaign_id",
        "content_items",
        ["workspace_id", "campaign_id", "id"],
        unique=False,
    )
    op.create_index(
        "uq_content_items_external_reference",
        "content_items",
        ["workspace_id", "external_reference"],
        unique=True,
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.create_table(
        "credentials",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_credentials_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_credentials_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_credentials_channel_id")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_credentials_workspace_id_id")),
    )
    op.create_table(
        "persons",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_persons_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_persons_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint(
            "channel_id", "remote_id", name=op.f("uq_persons_channel_id_remote_id")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_persons_workspace_id_id")),
    )
    op.create_table(
        "renditions",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "asset_id"],
            ["assets.workspace_id", "assets.id"],
            name=op.f("fk_renditions_workspace_id_asset_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_renditions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renditions")),
        sa.UniqueConstraint("asset_id", "name", name=op.f("uq_renditions_asset_id_name")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_renditions_workspace_id_id")),
    )
    op.create_table(
        "revisions",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column(
            "parts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column(
            "tags", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
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
            name=op.f("fk_revisions_workspace_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_revisions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("item_id", "number", name=op.f("uq_revisions_item_id_number")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_revisions_workspace_id_id")),
    )
    op.create_index(
        "ix_revisions_item_id", "revisions", ["workspace_id", "item_id", "id"], unique=False
    )
    op.create_table(
        "editions",
        sa.Column("revision_id", sa.Uuid(), nullable=True),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum("CONTENT", "REPLY", name="editionorigin", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column(
            "problems", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
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
            "(origin = 'CONTENT') = (revision_id IS NOT NULL)", name=op.f("ck_editions_origin")
        ),
        sa.CheckConstraint(
            "hash = encode(sha256(convert_to(body, 'UTF8')), 'hex')", name=op.f("ck_editions_hash")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_editions_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "revision_id"],
            ["revisions.workspace_id", "revisions.id"],
            name=op.f("fk_editions_workspace_id_revision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_editions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_editions_workspace_id_id")),
    )
    op.create_index(
        "ix_editions_revision_id", "editions", ["workspace_id", "revision_id", "id"], unique=False
    )
    op.create_table(
        "reviews",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PREPARING",
                "IN_REVIEW",
                "BLOCKED",
                "APPROVED",
                "CHANGES_REQUESTED",
                "SUPERSEDED",
                "CANCELLED",
                name="reviewstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
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
            ["workspace_id", "item_id"],
            ["content_items.workspace_id", "content_items.id"],
            name=op.f("fk_reviews_workspace_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "revision_id"],
            ["revisions.workspace_id", "revisions.id"],
            name=op.f("fk_reviews_workspace_id_revision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_reviews_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_reviews_workspace_id_id")),
    )
    op.create_index(
        "ix_reviews_item_id", "reviews", ["workspace_id", "item_id", "id"], unique=False
    )
    op.create_index(
        "uq_reviews_open",
        "reviews",
        ["item_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('PREPARING', 'IN_REVIEW', 'BLOCKED')"),
    )
    op.create_table(
        "variants",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column(
            "parts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column(
            "tags", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
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
            "(platform IS NULL) <> (channel_id IS NULL)", name=op.f("ck_variants_one_target")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_variants_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "revision_id"],
            ["revisions.workspace_id", "revisions.id"],
            name=op.f("fk_variants_workspace_id_revision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_variants_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
        sa.UniqueConstraint(
            "revision_id", "channel_id", name=op.f("uq_variants_revision_id_channel_id")
        ),
        sa.UniqueConstraint(
            "revision_id", "platform", name=op.f("uq_variants_revision_id_platform")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_variants_workspace_id_id")),
    )
    op.create_table(
        "approvals",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(review_id IS NULL) <> (policy IS NULL)", name=op.f("ck_approvals_one_source")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "edition_id"],
            ["editions.workspace_id", "editions.id"],
            name=op.f("fk_approvals_workspace_id_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_approvals_workspace_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_approvals_workspace_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_approvals_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_approvals_workspace_id_id")),
    )
    op.create_index(
        "ix_approvals_edition_id", "approvals", ["workspace_id", "edition_id"], unique=False
    )
    op.create_table(
        "decisions",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("APPROVE", "REQUEST_CHANGES", name="verdict", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column(
            "editions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
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
            ["workspace_id", "member_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_decisions_workspace_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_decisions_workspace_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_decisions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_decisions_workspace_id_id")),
    )
    op.create_index(
        "ix_decisions_review_id", "decisions", ["workspace_id", "review_id", "id"], unique=False
    )
    op.create_table(
        "publications",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=True),
        sa.Column(
            "origin",
            sa.Enum("CONTENT", "REPLY", name="editionorigin", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "PLANNED",
                "SCHEDULED",
                "PUBLISHING",
                "PUBLISHED",
                "HELD",
                "UNCONFIRMED",
                "FAILED",
                "CANCELLED",
                "EXPIRED",
                "WITHDRAWN",
                name="publicationstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "hold_reason",
            sa.Enum(
                "UNAPPROVED",
                "PAUSED",
                "PROBLEM",
                "MISSED",
                "EDITION_STALE",
                "NEEDS_AUTH",
                "SUPERSEDED",
                name="holdreason",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accept_older_revision", sa.Boolean(), nullable=False),
        sa.Column(
            "in_reply_to", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("idempotency_key", sa.Uuid(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_hash", sa.Text(), nullable=True),
        sa.Column("sent_hash", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempts_forgiven", sa.Integer(), nullable=False),
        sa.Column(
            "checkpoint", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("commit_step", sa.Text(), nullable=True),
        sa.Column("commit_attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconcile_count", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column(
            "refs", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_reference", sa.Text(), nullable=True),
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
            "(state = 'HELD') = (hold_reason IS NOT NULL)", name=op.f("ck_publications_hold_reason")
        ),
        sa.CheckConstraint(
            "state <> 'PUBLISHED' OR coalesce(approved_hash = sent_hash, false)",
            name=op.f("ck_publications_sent_is_approved"),
        ),
        sa.CheckConstraint(
            "state <> 'PUBLISHED' OR remote_id IS NOT NULL",
            name=op.f("ck_publications_published_has_id"),
        ),
        sa.CheckConstraint(
            "state <> 'PUBLISHING' OR lease_until IS NOT NULL",
            name=op.f("ck_publications_has_lease"),
        ),
        sa.CheckConstraint(
            "state <> 'SCHEDULED' OR due_at IS NOT NULL",
            name=op.f("ck_publications_scheduled_has_time"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_publications_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "edition_id"],
            ["editions.workspace_id", "editions.id"],
            name=op.f("fk_publications_workspace_id_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "item_id"],
            ["content_items.workspace_id", "content_items.id"],
            name=op.f("fk_publications_workspace_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "revision_id"],
            ["revisions.workspace_id", "revisions.id"],
            name=op.f("fk_publications_workspace_id_revision_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_publications_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_publications_workspace_id_id")),
    )
    op.create_index(
        "ix_publications_channel_id",
        "publications",
        ["workspace_id", "channel_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_publications_due",
        "publications",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'SCHEDULED'"),
    )
    op.create_index(
        "ix_publications_item_id", "publications", ["workspace_id", "item_id", "id"], unique=False
    )
    op.create_index(
        "ix_publications_state", "publications", ["workspace_id", "state", "id"], unique=False
    )
    op.create_index(
        "uq_publications_external_reference",
        "publications",
        ["workspace_id", "external_reference"],
        unique=True,
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.create_index(
        "uq_publications_living",
        "publications",
        ["edition_id"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('CANCELLED', 'FAILED', 'EXPIRED', 'WITHDRAWN')"),
    )
    op.create_index(
        "uq_publications_remote_id",
        "publications",
        ["channel_id", "remote_id"],
        unique=True,
        postgresql_where=sa.text("remote_id IS NOT NULL"),
    )
    op.create_table(
        "review_targets",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edition_id", sa.Uuid(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_review_targets_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "edition_id"],
            ["editions.workspace_id", "editions.id"],
            name=op.f("fk_review_targets_workspace_id_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_review_targets_workspace_id_review_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_review_targets_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_targets")),
        sa.UniqueConstraint(
            "review_id", "channel_id", name=op.f("uq_review_targets_review_id_channel_id")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_review_targets_workspace_id_id")),
    )
    op.create_table(
        "attempts",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("wire_digest", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publication_id"],
            ["publications.workspace_id", "publications.id"],
            name=op.f("fk_attempts_workspace_id_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_attempts_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint(
            "publication_id", "number", name=op.f("uq_attempts_publication_id_number")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_attempts_workspace_id_id")),
    )
    op.create_table(
        "measurements",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publication_id"],
            ["publications.workspace_id", "publications.id"],
            name=op.f("fk_measurements_workspace_id_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_measurements_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurements")),
        sa.UniqueConstraint(
            "publication_id",
            "metric",
            "measured_at",
            name=op.f("uq_measurements_publication_id_metric_measured_at"),
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_measurements_workspace_id_id")),
    )
    op.create_index(
        "ix_measurements_publication_id",
        "measurements",
        ["workspace_id", "publication_id", "metric", "measured_at"],
        unique=False,
    )
    op.create_table(
        "threads",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=False),
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
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_threads_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publication_id"],
            ["publications.workspace_id", "publications.id"],
            name=op.f("fk_threads_workspace_id_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_threads_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
        sa.UniqueConstraint("publication_id", name=op.f("uq_threads_publication_id")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_threads_workspace_id_id")),
    )
    op.create_index(
        "ix_threads_channel_id", "threads", ["workspace_id", "channel_id", "id"], unique=False
    )
    op.create_table(
        "messages",
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column(
            "direction",
            sa.Enum("INBOUND", "OUTBOUND", name="direction", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("parent_remote_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_messages_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["persons.workspace_id", "persons.id"],
            name=op.f("fk_messages_workspace_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publication_id"],
            ["publications.workspace_id", "publications.id"],
            name=op.f("fk_messages_workspace_id_publication_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "thread_id"],
            ["threads.workspace_id", "threads.id"],
            name=op.f("fk_messages_workspace_id_thread_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_messages_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "channel_id", "remote_id", name=op.f("uq_messages_channel_id_remote_id")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_messages_workspace_id_id")),
    )
    op.create_index(
        "ix_messages_thread_id", "messages", ["workspace_id", "thread_id", "id"], unique=False
    )
    for table in WORKSPACE_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(POLICY.format(table=table))
    for statement in (*TRIGGERS, *FUNCTIONS):
        op.execute(statement)
    grant(app_role())


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in (
        "hub_unsealed_workspaces(integer)",
        "hub_stray_publications(integer)",
        "hub_publication_counts()",
        "hub_public_channel(text)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_index("ix_messages_thread_id", table_name="messages")
    op.drop_table("messages")
    op.drop_index("ix_threads_channel_id", table_name="threads")
    op.drop_table("threads")
    op.drop_index("ix_measurements_publication_id", table_name="measurements")
    op.drop_table("measurements")
    op.drop_table("attempts")
    op.drop_table("review_targets")
    op.drop_index(
        "uq_publications_remote_id",
        table_name="publications",
        postgresql_where=sa.text("remote_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_publications_living",
        table_name="publications",
        postgresql_where=sa.text("state NOT IN ('CANCELLED', 'FAILED', 'EXPIRED', 'WITHDRAWN')"),
    )
    op.drop_index(
        "uq_publications_external_reference",
        table_name="publications",
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.drop_index("ix_publications_state", table_name="publications")
    op.drop_index("ix_publications_item_id", table_name="publications")
    op.drop_index(
        "ix_publications_due",
        table_name="publications",
        postgresql_where=sa.text("state = 'SCHEDULED'"),
    )
    op.drop_index("ix_publications_channel_id", table_name="publications")
    op.drop_table("publications")
    op.drop_index("ix_decisions_review_id", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_approvals_edition_id", table_name="approvals")
    op.drop_table("approvals")
    op.drop_table("variants")
    op.drop_index(
        "uq_reviews_open",
        table_name="reviews",
        postgresql_where=sa.text("state IN ('PREPARING', 'IN_REVIEW', 'BLOCKED')"),
    )
    op.drop_index("ix_reviews_item_id", table_name="reviews")
    op.drop_table("reviews")
    op.drop_index("ix_editions_revision_id", table_name="editions")
    op.drop_table("editions")
    op.drop_index("ix_revisions_item_id", table_name="revisions")
    op.drop_table("revisions")
    op.drop_table("renditions")
    op.drop_table("persons")
    op.drop_table("credentials")
    op.drop_index(
        "uq_content_items_external_reference",
        table_name="content_items",
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.drop_index("ix_content_items_campaign_id", table_name="content_items")
    op.drop_index("ix_content_items_brand_id", table_name="content_items")
    op.drop_table("content_items")
    op.drop_index("ix_tokens_workspace_id", table_name="tokens")
    op.drop_table("tokens")
    op.drop_index(
        "uq_channels_external_reference",
        table_name="channels",
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.drop_index("ix_channels_brand_id", table_name="channels")
    op.drop_table("channels")
    op.drop_index(
        "uq_campaigns_external_reference",
        table_name="campaigns",
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.drop_index("ix_campaigns_brand_id", table_name="campaigns")
    op.drop_table("campaigns")
    op.drop_index("ix_assets_brand_id", table_name="assets")
    op.drop_table("assets")
    op.drop_table("members")
    op.drop_table("idempotency_keys")
    op.drop_index(
        "ix_events_unsealed", table_name="events", postgresql_where=sa.text("sequence IS NULL")
    )
    op.drop_index("ix_events_subject", table_name="events")
    op.drop_table("events")
    op.drop_table("event_chains")
    op.drop_table("brands")
    op.drop_table("asset_uploads")
    op.drop_table("workspaces")
    op.drop_index("uq_jobs_key", table_name="jobs", postgresql_where=sa.text("key IS NOT NULL"))
    op.drop_index(
        "ix_jobs_waiting", table_name="jobs", postgresql_where=sa.text("state = 'WAITING'")
    )
    op.drop_index(
        "ix_jobs_running", table_name="jobs", postgresql_where=sa.text("state = 'RUNNING'")
    )
    op.drop_table("jobs")
    for function in ("refuse_change()", "check_transition()", "hub_now()"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("clock")

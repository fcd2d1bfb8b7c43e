"""measure by the hour, count clicks, export and report"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem

from migrations.rights import grant_functions, protect

revision = "2026_11_23_2140"
down_revision = "2026_11_23_2130"
branch_labels = None
depends_on = None

WORKSPACE_TABLES = (
    "publication_hours",
    "channel_hours",
    "short_links",
    "click_hours",
    "exports",
    "reports",
)
#: What kept answers are made of.
WATCHED = ("short_links", "click_hours", "exports", "reports")
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}

# A reader of a short link belongs to no workspace: these run as the owner. What they give away is
# the address behind a code, and which workspaces have clicks.
FUNCTIONS = (
    """
    CREATE FUNCTION hub_short_link(wanted text) RETURNS TABLE (link_id uuid, address text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
        SELECT l.id, l.url FROM short_links AS l WHERE l.code = wanted
    $$
    """,
    # In the order of the links: two processes that count at once never wait for each other in turn.
    """
    CREATE FUNCTION hub_count_clicks(given jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
        INSERT INTO click_hours (id, workspace_id, short_link_id, hour, people, programs)
        SELECT gen_random_uuid(), l.workspace_id, l.id, date_trunc('hour', hub_now(), 'UTC'),
            sum(g.people)::bigint, sum(g.programs)::bigint
        FROM jsonb_to_recordset(given) AS g (link uuid, people bigint, programs bigint)
        JOIN short_links AS l ON l.id = g.link
        GROUP BY l.workspace_id, l.id ORDER BY l.id
        ON CONFLICT (workspace_id, short_link_id, hour) DO UPDATE SET
            people = click_hours.people + excluded.people,
            programs = click_hours.programs + excluded.programs
    $$
    """,
    """
    CREATE FUNCTION hub_clicked_workspaces(since timestamptz) RETURNS TABLE (workspace_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
        SELECT w.id FROM workspaces AS w WHERE EXISTS (
            SELECT FROM click_hours AS c WHERE c.workspace_id = w.id AND c.hour >= since
        )
    $$
    """,
)
SIGNATURES = (
    "hub_short_link(text)",
    "hub_count_clicks(jsonb)",
    "hub_clicked_workspaces(timestamptz)",
)

# What was measured before has its hours too: the last value of each, and how far it is from before.
_ROLL_UP = """
    INSERT INTO publication_hours (
        id, workspace_id, publication_id, metric, hour, value, increase
    )
    SELECT gen_random_uuid(), workspace_id, publication_id, metric, hour, value,
        value - lag(value, 1, 0::bigint) OVER (
            PARTITION BY workspace_id, publication_id, metric ORDER BY hour
        )
    FROM (
        SELECT DISTINCT ON (workspace_id, publication_id, metric, hour)
            workspace_id, publication_id, metric, value, hour
        FROM measurements, date_trunc('hour', measured_at, 'UTC') AS hour
        ORDER BY workspace_id, publication_id, metric, hour, measured_at DESC
    ) AS last
"""

# Accounts of these platforms are counted from now on, where the hub may read at all.
_AUDIENCE = """
    UPDATE channels SET capabilities = capabilities || '["AUDIENCE"]'::jsonb
    WHERE platform IN ('bluesky', 'mastodon') AND capabilities ? 'METRICS'
        AND NOT capabilities ? 'AUDIENCE'
"""
_NO_AUDIENCE = "UPDATE channels SET capabilities = capabilities - 'AUDIENCE'"


def _owned() -> list[SchemaItem]:
    return [
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
    ]


def _rules(table: str, *parents: tuple[str, str]) -> list[SchemaItem]:
    return [
        *(
            sa.ForeignKeyConstraint(
                ["workspace_id", column],
                [f"{parent}.workspace_id", f"{parent}.id"],
                name=op.f(f"fk_{table}_workspace_id_{column}"),
            )
            for column, parent in parents
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f(f"uq_{table}_workspace_id_id")),
    ]


def _hours(table: str, of: str, parent: str, *counted: str) -> None:
    op.create_table(
        table,
        sa.Column(of, sa.Uuid(), nullable=False),
        *([sa.Column("metric", sa.Text(), nullable=False)] if "value" in counted else []),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counted),
        *_owned(),
        *_rules(table, (of, parent)),
    )
    metric = ["metric"] if "value" in counted else []
    op.create_index(f"uq_{table}_hour", table, ["workspace_id", of, *metric, "hour"], unique=True)


def _choice(name: str, kind: str, *values: str) -> sa.Column[str]:
    return sa.Column(
        name, sa.Enum(*values, name=kind, native_enum=False, length=40), nullable=False
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "revisions",
        sa.Column("shortens_links", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.alter_column("revisions", "shortens_links", server_default=None)
    op.create_table(
        "short_links",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        *_owned(),
        *_rules("short_links", ("revision_id", "revisions"), ("channel_id", "channels")),
        sa.UniqueConstraint("code", name=op.f("uq_short_links_code")),
    )
    op.create_index(
        "ix_short_links_revision_id",
        "short_links",
        ["workspace_id", "revision_id", "channel_id", "id"],
        unique=False,
    )
    _hours("publication_hours", "publication_id", "publications", "value", "increase")
    op.create_index(
        "ix_publication_hours_hour",
        "publication_hours",
        ["workspace_id", "hour", "publication_id"],
        unique=False,
    )
    _hours("channel_hours", "channel_id", "channels", "value", "increase")
    _hours("click_hours", "short_link_id", "short_links", "people", "programs")
    op.create_index("ix_click_hours_hour", "click_hours", ["workspace_id", "hour"], unique=False)
    _create_exports()
    _create_reports()
    protect(WORKSPACE_TABLES)
    for table in WATCHED:
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
    for statement in FUNCTIONS:
        op.execute(statement)
    grant_functions(SIGNATURES)
    op.execute(_ROLL_UP)
    op.execute(_AUDIENCE)


def _create_exports() -> None:
    op.create_table(
        "exports",
        _choice("kind", "exportkind", "MEASUREMENTS", "PUBLICATIONS", "MESSAGES", "CLICKS"),
        _choice("format", "exportformat", "CSV", "PARQUET"),
        _choice(
            *("state", "exportstate"),
            *("WAITING", "RUNNING", "READY", "FAILED", "CANCELLED", "EXPIRED"),
        ),
        sa.Column(
            "scope", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("byte_order_mark", sa.Boolean(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_total", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        *_owned(),
        sa.CheckConstraint(
            "(state = 'READY') = (storage_key IS NOT NULL)",
            name=op.f("ck_exports_ready_has_bytes"),
        ),
        *_rules("exports"),
    )
    op.create_index("ix_exports_state", "exports", ["workspace_id", "state", "id"], unique=False)


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        _choice("state", "reportstate", "MAKING", "READY", "FAILED"),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_owned(),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_reports_days")),
        sa.CheckConstraint(
            "(state = 'READY') = (storage_key IS NOT NULL)",
            name=op.f("ck_reports_ready_has_bytes"),
        ),
        *_rules("reports", ("campaign_id", "campaigns")),
    )
    op.create_index(
        "ix_reports_campaign_id", "reports", ["workspace_id", "campaign_id", "id"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_NO_AUDIENCE)
    for function in SIGNATURES:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("reports")
    op.drop_table("exports")
    op.drop_table("click_hours")
    op.drop_table("channel_hours")
    op.drop_table("publication_hours")
    op.drop_table("short_links")
    op.drop_column("revisions", "shortens_links")

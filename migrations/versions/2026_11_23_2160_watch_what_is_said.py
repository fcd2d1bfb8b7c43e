"""watch what is said, and pause"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import protect

revision = "2026_11_23_2160"
down_revision = "2026_11_23_2151"
branch_labels = None
depends_on = None

TABLES = (
    "pauses",
    "monitors",
    "monitor_sources",
    "incidents",
    "mentions",
    "mention_matches",
    "alerts",
    "incident_entries",
)
# Changes of these make kept answers untrue.
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}

_INSERT = "INSERT INTO search_documents (id, workspace_id, kind, words) "
_DOCUMENT = r"""
    SELECT m.id, m.workspace_id, 'mentions', hub_words(m.language, concat_ws(E'\n', m.title, m.text,
        m.author_name, m.author_handle, m.source_title))
    FROM mentions AS m
"""
_KEEP = f"""
    CREATE FUNCTION keep_words_of_mentions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_INSERT} {_DOCUMENT} WHERE m.id = NEW.id
        ON CONFLICT (id) DO UPDATE SET words = excluded.words
            WHERE search_documents.words IS DISTINCT FROM excluded.words;
        RETURN NULL;
    END $$
"""


def _note(table: str) -> None:
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
        "monitors",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "query", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "alarms", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("opens_incident", sa.Boolean(), nullable=False),
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
            name=op.f("fk_monitors_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_monitors_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitors")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_monitors_workspace_id_id")),
    )
    op.create_index(
        "ix_monitors_brand_id", "monitors", ["workspace_id", "brand_id", "id"], unique=False
    )
    op.create_index("ix_monitors_name", "monitors", ["workspace_id", "name", "id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("monitor_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column(
            "severity",
            sa.Enum("MINOR", "MAJOR", "CRITICAL", name="severity", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "OPEN", "MONITORING", "RESOLVED", name="incidentstate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "statements", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
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
            "(state = 'RESOLVED') = (resolved_at IS NOT NULL)", name=op.f("ck_incidents_resolved")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "brand_id"],
            ["brands.workspace_id", "brands.id"],
            name=op.f("fk_incidents_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "monitor_id"],
            ["monitors.workspace_id", "monitors.id"],
            name=op.f("fk_incidents_workspace_id_monitor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "owner_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_incidents_workspace_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_incidents_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_incidents_workspace_id_id")),
    )
    op.create_index(
        "ix_incidents_brand_id", "incidents", ["workspace_id", "brand_id", "id"], unique=False
    )
    op.create_index(
        "ix_incidents_monitor_id", "incidents", ["workspace_id", "monitor_id", "id"], unique=False
    )
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["workspace_id", "monitor_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'RESOLVED' AND monitor_id IS NOT NULL"),
    )
    op.create_table(
        "monitor_sources",
        sa.Column("monitor_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("FEED", "SEARCH", name="sourcekind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column(
            "validators", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_found_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("(kind = 'FEED') = (url <> '')", name=op.f("ck_monitor_sources_url")),
        sa.CheckConstraint(
            "(kind = 'SEARCH') = (channel_id IS NOT NULL)", name=op.f("ck_monitor_sources_channel")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_monitor_sources_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "monitor_id"],
            ["monitors.workspace_id", "monitors.id"],
            name=op.f("fk_monitor_sources_workspace_id_monitor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_monitor_sources_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_sources")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_monitor_sources_workspace_id_id")),
    )
    op.create_index(
        "ix_monitor_sources_due_at", "monitor_sources", ["workspace_id", "due_at"], unique=False
    )
    op.create_index(
        "uq_monitor_sources_place",
        "monitor_sources",
        ["workspace_id", "monitor_id", "channel_id", "url"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "pauses",
        sa.Column(
            "scope",
            sa.Enum(
                "WORKSPACE",
                "BRAND",
                "CHANNEL",
                "CAMPAIGN",
                name="pausescope",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("replies_too", sa.Boolean(), nullable=False),
        sa.Column("started_by", sa.Uuid(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcomes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
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
        sa.CheckConstraint(
            "(scope = 'BRAND') = (brand_id IS NOT NULL)", name=op.f("ck_pauses_brand")
        ),
        sa.CheckConstraint(
            "(scope = 'CAMPAIGN') = (campaign_id IS NOT NULL)", name=op.f("ck_pauses_campaign")
        ),
        sa.CheckConstraint(
            "(scope = 'CHANNEL') = (channel_id IS NOT NULL)", name=op.f("ck_pauses_channel")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "brand_id"],
            ["brands.workspace_id", "brands.id"],
            name=op.f("fk_pauses_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "campaign_id"],
            ["campaigns.workspace_id", "campaigns.id"],
            name=op.f("fk_pauses_workspace_id_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_pauses_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_pauses_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_pauses_workspace_id_id")),
    )
    op.create_index(
        "ix_pauses_incident_id", "pauses", ["workspace_id", "incident_id", "id"], unique=False
    )
    op.create_index(
        "uq_pauses_running",
        "pauses",
        ["workspace_id", "scope", "brand_id", "channel_id", "campaign_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "alerts",
        sa.Column("monitor_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("VOLUME", "SENTIMENT", name="alertkind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column(
            "baseline", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "incident_id"],
            ["incidents.workspace_id", "incidents.id"],
            name=op.f("fk_alerts_workspace_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "monitor_id"],
            ["monitors.workspace_id", "monitors.id"],
            name=op.f("fk_alerts_workspace_id_monitor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_alerts_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_alerts_workspace_id_id")),
    )
    op.create_index(
        "ix_alerts_incident_id",
        "alerts",
        ["workspace_id", "incident_id", "id"],
        unique=False,
        postgresql_where=sa.text("incident_id IS NOT NULL"),
    )
    op.create_index(
        "ix_alerts_monitor_id", "alerts", ["workspace_id", "monitor_id", "id"], unique=False
    )
    op.create_table(
        "incident_entries",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "OPENED",
                "NOTE",
                "CHANGED",
                "ALERT",
                "MENTIONS",
                "STATEMENT",
                "PAUSED",
                "RESUMED",
                name="entrykind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "incident_id"],
            ["incidents.workspace_id", "incidents.id"],
            name=op.f("fk_incident_entries_workspace_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["members.workspace_id", "members.id"],
            name=op.f("fk_incident_entries_workspace_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_incident_entries_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_entries")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_incident_entries_workspace_id_id")),
    )
    op.create_index(
        "ix_incident_entries_incident_id",
        "incident_entries",
        ["workspace_id", "incident_id", "id"],
        unique=False,
    )
    op.create_table(
        "mentions",
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("FEED", "SEARCH", name="sourcekind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("source_title", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("author_handle", sa.Text(), nullable=False),
        sa.Column("author_url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("sentiment", sa.Integer(), nullable=True),
        sa.Column(
            "sentiment_label",
            sa.Enum(
                "NEGATIVE",
                "NEUTRAL",
                "POSITIVE",
                name="sentimentlabel",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "NEW", "SEEN", "DONE", "IGNORED", name="mentionstate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("thread_id", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "remote", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
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
            ["workspace_id", "channel_id"],
            ["channels.workspace_id", "channels.id"],
            name=op.f("fk_mentions_workspace_id_channel_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "incident_id"],
            ["incidents.workspace_id", "incidents.id"],
            name=op.f("fk_mentions_workspace_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "thread_id"],
            ["threads.workspace_id", "threads.id"],
            name=op.f("fk_mentions_workspace_id_thread_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_mentions_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_mentions_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id", "identity", name=op.f("uq_mentions_workspace_id_identity")
        ),
    )
    op.create_index(
        "ix_mentions_incident_id",
        "mentions",
        ["workspace_id", "incident_id", "published_at", "id"],
        unique=False,
        postgresql_where=sa.text("incident_id IS NOT NULL"),
    )
    op.create_index(
        "ix_mentions_published_at", "mentions", ["workspace_id", "published_at", "id"], unique=False
    )
    op.create_table(
        "mention_matches",
        sa.Column("mention_id", sa.Uuid(), nullable=False),
        sa.Column("monitor_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column(
            "terms", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
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
            name=op.f("fk_mention_matches_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "mention_id"],
            ["mentions.workspace_id", "mentions.id"],
            name=op.f("fk_mention_matches_workspace_id_mention_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "monitor_id"],
            ["monitors.workspace_id", "monitors.id"],
            name=op.f("fk_mention_matches_workspace_id_monitor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_mention_matches_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention_matches")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_mention_matches_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id",
            "mention_id",
            "monitor_id",
            name=op.f("uq_mention_matches_workspace_id_mention_id_monitor_id"),
        ),
    )
    op.create_index(
        "ix_mention_matches_monitor_id",
        "mention_matches",
        ["workspace_id", "monitor_id", "id"],
        unique=False,
    )
    op.add_column("publications", sa.Column("pause_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_publications_pause_id",
        "publications",
        ["workspace_id", "pause_id", "id"],
        unique=False,
        postgresql_where=sa.text("pause_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_publications_workspace_id_pause_id"),
        "publications",
        "pauses",
        ["workspace_id", "pause_id"],
        ["workspace_id", "id"],
    )
    protect(TABLES)
    for table in TABLES:
        _note(table)
    op.execute(sa.text(_KEEP.replace(":", r"\:")))
    op.execute(
        "CREATE TRIGGER keep_words AFTER INSERT OR UPDATE OF title, text, author_name, "
        "author_handle, source_title, language ON mentions "
        "FOR EACH ROW EXECUTE FUNCTION keep_words_of_mentions()"
    )
    op.execute(
        "CREATE TRIGGER forget_words AFTER DELETE ON mentions "
        "FOR EACH ROW EXECUTE FUNCTION forget_words()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM search_documents WHERE kind = 'mentions'")
    op.drop_constraint(
        op.f("fk_publications_workspace_id_pause_id"), "publications", type_="foreignkey"
    )
    op.drop_index("ix_publications_pause_id", table_name="publications")
    op.drop_column("publications", "pause_id")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_words_of_mentions()")

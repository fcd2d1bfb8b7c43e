"""say how a brand speaks, to whom, and what it wants to reach"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import protect

revision = "2026_11_23_2100"
down_revision = "2026_11_23_2070"
branch_labels = None
depends_on = None

TABLES = ("voice_guides", "audiences", "pillars", "plan_entries", "goals", "content_audiences")

_JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def _note_changes(table: str) -> None:
    for event, side in _EVENTS.items():
        op.execute(
            f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON {table} "
            f"REFERENCING {side} TABLE AS changed "
            f"FOR EACH STATEMENT EXECUTE FUNCTION note_change()"
        )
    op.execute(
        f"CREATE TRIGGER note_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_change_of_all()"
    )


def _of_a_workspace(table: str, *more: sa.Column[object]) -> list[sa.schema.SchemaItem]:
    """Return what every such table has, beside what editors of its rows need."""
    return [
        *more,
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _owned(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f(f"uq_{table}_workspace_id_id")),
    ]


def _key(
    table: str, column: str, other: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{other}.workspace_id", f"{other}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}"),
        ondelete=ondelete,
    )


def _versioned() -> list[sa.Column[object]]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
    ]


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _JSON, nullable=nullable)


def _new_tables() -> None:
    op.create_table(
        "voice_guides",
        _id("brand_id"),
        _text("locale"),
        *(_json(name) for name in ("tone_do", "tone_dont", "banned_words")),
        *(_json(name) for name in ("required_disclosures", "preferred_spellings")),
        *(_json(name, nullable=True) for name in ("hashtags", "emoji")),
        *_of_a_workspace("voice_guides", *_versioned()),
        *_owned("voice_guides"),
        _key("voice_guides", "brand_id", "brands"),
        sa.UniqueConstraint(
            "workspace_id",
            "brand_id",
            "locale",
            name=op.f("uq_voice_guides_workspace_id_brand_id_locale"),
        ),
    )
    op.create_table(
        "audiences",
        _id("brand_id"),
        *(_text(name) for name in ("name", "description", "needs")),
        _json("locales"),
        *_of_a_workspace("audiences", *_versioned()),
        *_owned("audiences"),
        _key("audiences", "brand_id", "brands"),
    )
    op.create_table(
        "pillars",
        _id("brand_id"),
        *(_text(name) for name in ("name", "description")),
        sa.Column("target_share", sa.Integer(), nullable=True),
        *_of_a_workspace("pillars", *_versioned()),
        *_owned("pillars"),
        _key("pillars", "brand_id", "brands"),
        sa.CheckConstraint("target_share BETWEEN 0 AND 100", name=op.f("ck_pillars_target_share")),
    )
    op.create_table(
        "plan_entries",
        _id("campaign_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        _text("platform", nullable=True),
        _id("channel_id", nullable=True),
        _id("pillar_id", nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        *_of_a_workspace("plan_entries"),
        *_owned("plan_entries"),
        _key("plan_entries", "campaign_id", "campaigns"),
        _key("plan_entries", "channel_id", "channels"),
        _key("plan_entries", "pillar_id", "pillars", "SET NULL (pillar_id)"),
        sa.CheckConstraint(
            "platform IS NULL OR channel_id IS NULL", name=op.f("ck_plan_entries_one_place")
        ),
        sa.CheckConstraint("planned > 0", name=op.f("ck_plan_entries_planned")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_plan_entries_days")),
    )
    op.create_table(
        "goals",
        _id("brand_id"),
        _id("campaign_id", nullable=True),
        _text("name"),
        sa.Column(
            "metric",
            sa.Enum(
                "PUBLICATIONS",
                "LIKES",
                "REPLIES",
                "SHARES",
                "QUOTES",
                name="goalmetric",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        *_of_a_workspace("goals", *_versioned()),
        *_owned("goals"),
        _key("goals", "brand_id", "brands"),
        _key("goals", "campaign_id", "campaigns"),
        sa.CheckConstraint("target > 0", name=op.f("ck_goals_target")),
        sa.CheckConstraint("starts_on <= deadline", name=op.f("ck_goals_days")),
    )
    op.create_table(
        "content_audiences",
        _id("item_id"),
        _id("audience_id"),
        *_of_a_workspace("content_audiences"),
        _key("content_audiences", "item_id", "content_items"),
        _key("content_audiences", "audience_id", "audiences", "CASCADE"),
        sa.UniqueConstraint(
            "workspace_id",
            "item_id",
            "audience_id",
            name=op.f("uq_content_audiences_workspace_id_item_id_audience_id"),
        ),
    )


#: Name, table, columns after the workspace.
INDEXES = (
    ("ix_audiences_brand_id", "audiences", ("brand_id", "id")),
    ("ix_pillars_brand_id", "pillars", ("brand_id", "id")),
    ("ix_plan_entries_campaign_id", "plan_entries", ("campaign_id", "id")),
    ("ix_goals_brand_id", "goals", ("brand_id", "id")),
    ("ix_goals_campaign_id", "goals", ("campaign_id", "id")),
    ("ix_goals_deadline", "goals", ("deadline", "id")),
    ("ix_content_audiences_audience_id", "content_audiences", ("audience_id", "item_id")),
    ("ix_content_items_pillar_id", "content_items", ("pillar_id", "id")),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _new_tables()
    op.add_column(
        "brands", sa.Column("own_domains", _JSON, server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column(
        "campaigns",
        sa.Column("paid", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("campaigns", sa.Column("utm", _JSON, nullable=True))
    op.add_column(
        "editions", sa.Column("tracking", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("content_items", sa.Column("pillar_id", sa.Uuid(), nullable=True))
    for name, empty in (("voice_problems", "[]"), ("voice_seen", "{}")):
        op.add_column(
            "content_items",
            sa.Column(name, _JSON, server_default=sa.text(f"'{empty}'"), nullable=False),
        )
    op.create_foreign_key(
        op.f("fk_content_items_workspace_id_pillar_id"),
        "content_items",
        "pillars",
        ["workspace_id", "pillar_id"],
        ["workspace_id", "id"],
        ondelete="SET NULL (pillar_id)",
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, ["workspace_id", *columns], unique=False)
    protect(TABLES)
    for table in TABLES:
        _note_changes(table)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_content_items_pillar_id", table_name="content_items")
    op.drop_constraint(
        op.f("fk_content_items_workspace_id_pillar_id"), "content_items", type_="foreignkey"
    )
    for column in ("voice_seen", "voice_problems", "pillar_id"):
        op.drop_column("content_items", column)
    op.drop_column("editions", "tracking")
    op.drop_column("campaigns", "utm")
    op.drop_column("campaigns", "paid")
    op.drop_column("brands", "own_domains")
    for table in reversed(TABLES):
        op.drop_table(table)

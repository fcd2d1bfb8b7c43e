"""moderate what others write, and sanction them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import protect

revision = "2026_11_23_2170"
down_revision = "2026_11_23_2160"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
_TIME = sa.DateTime(timezone=True)
_TABLES = ("moderation_rules", "sanctions", "moderation_actions")
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def _common(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("hub_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f(f"uq_{table}_workspace_id_id")),
    ]


def _within(
    table: str, column: str, other: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{other}.workspace_id", f"{other}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}"),
        ondelete=ondelete,
    )


def _text(name: str, *, length: int | None = None, nullable: bool = False) -> sa.Column[str]:
    kind = sa.String(length=length) if length else sa.Text()
    return sa.Column(name, kind, nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _rules() -> None:
    op.create_table(
        "moderation_rules",
        _id("brand_id"),
        _text("name"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("channel_ids", _JSON, nullable=False),
        sa.Column("thread_kinds", _JSON, nullable=False),
        _text("match", length=40),
        sa.Column("conditions", _JSON, nullable=False),
        sa.Column("actions", _JSON, nullable=False),
        sa.Column("stop", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", _TIME, server_default=sa.text("hub_now()"), nullable=False),
        *_common("moderation_rules"),
        _within("moderation_rules", "brand_id", "brands"),
    )


def _sanctions() -> None:
    op.create_table(
        "sanctions",
        _id("person_id"),
        _id("channel_id"),
        _text("kind", length=40),
        _text("place", length=40),
        _text("reason"),
        _text("notice"),
        _text("told", length=40, nullable=True),
        _id("publication_id", nullable=True),
        sa.Column("until", _TIME, nullable=True),
        _text("state", length=40),
        _text("problem"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _id("imposed_by", nullable=True),
        sa.Column("in_force_at", _TIME, nullable=True),
        _id("lifted_by", nullable=True),
        _text("lift_reason"),
        sa.Column("lifted_at", _TIME, nullable=True),
        *_common("sanctions"),
        _within("sanctions", "person_id", "persons"),
        _within("sanctions", "channel_id", "channels"),
        _within("sanctions", "publication_id", "publications"),
        _within("sanctions", "imposed_by", "members"),
        _within("sanctions", "lifted_by", "members"),
    )
    op.create_index(
        "uq_sanctions_in_force",
        "sanctions",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('WANTED', 'IN_FORCE', 'LIFTING') AND kind <> 'WARN'"),
    )


def _actions() -> None:
    table = "moderation_actions"
    op.create_table(
        table,
        _id("message_id"),
        _id("channel_id"),
        _id("person_id", nullable=True),
        _id("rule_id", nullable=True),
        _text("rule_name"),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        _id("member_id", nullable=True),
        _id("sanction_id", nullable=True),
        _text("kind", length=40),
        _text("reason"),
        sa.Column("spans", _JSON, nullable=False),
        sa.Column("given", _JSON, nullable=False),
        sa.Column("before", _JSON, nullable=False),
        _text("state", length=40),
        _text("problem"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _id("publication_id", nullable=True),
        _id("undone_by", nullable=True),
        sa.Column("undone_at", _TIME, nullable=True),
        *_common(table),
        _within(table, "message_id", "messages"),
        _within(table, "channel_id", "channels"),
        _within(table, "person_id", "persons"),
        _within(table, "rule_id", "moderation_rules", "SET NULL (rule_id)"),
        _within(table, "member_id", "members"),
        _within(table, "sanction_id", "sanctions"),
        _within(table, "publication_id", "publications"),
        _within(table, "undone_by", "members"),
        sa.CheckConstraint(
            "(state = 'UNDONE') = (undone_at IS NOT NULL)",
            name=op.f(f"ck_{table}_undone_has_time"),
        ),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "messages",
        sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    _rules()
    _sanctions()
    _actions()
    for table, column in (
        ("moderation_rules", "position"),
        ("moderation_rules", "brand_id"),
        ("moderation_rules", "name"),
        ("sanctions", "person_id"),
        ("sanctions", "state"),
        ("moderation_actions", "message_id"),
        ("moderation_actions", "person_id"),
        ("moderation_actions", "rule_id"),
        ("moderation_actions", "state"),
    ):
        op.create_index(f"ix_{table}_{column}", table, ["workspace_id", column, "id"])
    protect(_TABLES)
    for table in _TABLES:
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


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_column("messages", "held")

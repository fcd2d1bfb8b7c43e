"""look after conversations"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant_functions, protect

revision = "2026_11_23_2130"
down_revision = "2026_11_23_2120"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
_TIME = sa.DateTime(timezone=True)

#: What is shown of these tables is in kept answers; that of inboxes is shown nowhere.
_WATCHED = ("notes", "saved_replies", "service_targets")
_NEW = (*_WATCHED, "inboxes")
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}

# Asked before a workspace is known: it runs as the owner and returns ids only.
IDLE = """
    CREATE FUNCTION hub_idle_inboxes(most integer)
    RETURNS TABLE (workspace_id uuid, channel_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
        SELECT c.workspace_id, c.id FROM channels AS c
        WHERE c.enabled AND c.state = 'READY'
            AND (c.capabilities ? 'NOTIFICATIONS' OR c.capabilities ? 'DIRECT_MESSAGES')
            AND NOT EXISTS (SELECT FROM jobs AS j WHERE j.key = 'inbox:' || c.id)
        LIMIT most
    $$
"""


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


def _versioned() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", _TIME, server_default=sa.text("hub_now()"), nullable=False),
    ]


def _within(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{other}.workspace_id", f"{other}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}"),
    )


def _threads() -> None:
    for column in (
        sa.Column("kind", sa.String(length=40), server_default="COMMENTS", nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=40), server_default="DONE", nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("priority", sa.String(length=40), server_default="NORMAL", nullable=False),
        sa.Column("tags", _JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("snoozed_until", _TIME, nullable=True),
        sa.Column("opened_at", _TIME, nullable=True),
        sa.Column("first_reply_due_at", _TIME, nullable=True),
        sa.Column("first_replied_at", _TIME, nullable=True),
        sa.Column("overdue", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ):
        op.add_column("threads", column)
    # Nobody has said yet that they are done.
    op.execute(
        "UPDATE threads SET state = 'OPEN', opened_at = last_message_at "
        "WHERE last_message_at IS NOT NULL"
    )
    op.alter_column("threads", "publication_id", nullable=True)
    for name, other in (("person_id", "persons"), ("assignee_id", "members")):
        op.create_foreign_key(
            op.f(f"fk_threads_workspace_id_{name}"),
            "threads",
            other,
            ["workspace_id", name],
            ["workspace_id", "id"],
        )
    op.create_unique_constraint(
        op.f("uq_threads_channel_id_kind_remote_id"), "threads", ["channel_id", "kind", "remote_id"]
    )
    op.create_check_constraint(
        op.f("ck_threads_comments_have_publication"),
        "threads",
        "(kind = 'COMMENTS') = (publication_id IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_threads_others_are_known_there"),
        "threads",
        "(kind = 'COMMENTS') = (remote_id IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_threads_overdue_has_deadline"),
        "threads",
        "NOT overdue OR first_reply_due_at IS NOT NULL",
    )
    for name in ("person_id", "assignee_id", "state", "first_reply_due_at"):
        op.create_index(f"ix_threads_{name}", "threads", ["workspace_id", name, "id"])


def _messages() -> None:
    for column in (
        sa.Column("edited_at", _TIME, nullable=True),
        sa.Column("deleted_at", _TIME, nullable=True),
        sa.Column("audience", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("sentiment", sa.Integer(), nullable=True),
        sa.Column("sentiment_label", sa.String(length=40), nullable=True),
        sa.Column("liked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("like_wanted", sa.Boolean(), nullable=True),
        sa.Column("like_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("like_problem", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("messages", column)


def _persons() -> None:
    op.add_column("persons", sa.Column("group_id", sa.Uuid(), nullable=True))
    op.add_column(
        "persons", sa.Column("tags", _JSON, server_default=sa.text("'[]'"), nullable=False)
    )
    for name in ("group_id", "name"):
        op.create_index(f"ix_persons_{name}", "persons", ["workspace_id", name, "id"])


def _tables() -> None:
    op.create_table(
        "notes",
        sa.Column("thread_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        *_versioned(),
        *_common("notes"),
        _within("notes", "thread_id", "threads"),
        _within("notes", "person_id", "persons"),
        _within("notes", "author_id", "members"),
        sa.CheckConstraint(
            "(thread_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_notes_about_one")
        ),
    )
    op.create_table(
        "saved_replies",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("used_count", sa.Integer(), server_default="0", nullable=False),
        *_versioned(),
        *_common("saved_replies"),
        _within("saved_replies", "brand_id", "brands"),
        sa.UniqueConstraint(
            "brand_id", "locale", "name", name=op.f("uq_saved_replies_brand_id_locale_name")
        ),
    )
    op.create_table(
        "service_targets",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("minutes", _JSON, nullable=False),
        sa.Column("hours", _JSON, nullable=False),
        sa.Column("holidays", _JSON, nullable=False),
        *_versioned(),
        *_common("service_targets"),
        _within("service_targets", "brand_id", "brands"),
        _within("service_targets", "channel_id", "channels"),
        sa.UniqueConstraint(
            "brand_id",
            "channel_id",
            name=op.f("uq_service_targets_brand_id_channel_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "inboxes",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("read_at", _TIME, nullable=True),
        *_common("inboxes"),
        _within("inboxes", "channel_id", "channels"),
        sa.UniqueConstraint("channel_id", name=op.f("uq_inboxes_channel_id")),
    )
    for table, column in (
        ("notes", "thread_id"),
        ("notes", "person_id"),
        ("saved_replies", "name"),
        ("saved_replies", "brand_id"),
        ("service_targets", "brand_id"),
        ("service_targets", "channel_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, ["workspace_id", column, "id"])


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _threads()
    _messages()
    _persons()
    _tables()
    protect(_NEW)
    for table in _WATCHED:
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
    op.execute(IDLE)
    grant_functions(("hub_idle_inboxes(integer)",))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION hub_idle_inboxes(integer)")
    for table in _NEW:
        op.drop_table(table)
    for column in ("name", "group_id"):
        op.drop_index(f"ix_persons_{column}", table_name="persons")
    for column in ("tags", "group_id"):
        op.drop_column("persons", column)
    # The tables of before know no conversation without a publication.
    others = "SELECT id FROM threads WHERE kind <> 'COMMENTS'"
    op.execute(f"DELETE FROM messages WHERE thread_id IN ({others})")
    op.execute("DELETE FROM threads WHERE kind <> 'COMMENTS'")
    for column in (
        "like_problem",
        "like_tries",
        "like_wanted",
        "liked",
        "sentiment_label",
        "sentiment",
        "language",
        "audience",
        "deleted_at",
        "edited_at",
    ):
        op.drop_column("messages", column)
    for column in (
        "overdue",
        "first_replied_at",
        "first_reply_due_at",
        "opened_at",
        "snoozed_until",
        "tags",
        "priority",
        "assignee_id",
        "state",
        "url",
        "person_id",
        "remote_id",
        "kind",
    ):
        op.drop_column("threads", column)
    op.alter_column("threads", "publication_id", nullable=False)

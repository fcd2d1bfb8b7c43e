"""run contests"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import protect

revision = "2026_11_23_2120"
down_revision = "2026_11_23_2110"
branch_labels = None
depends_on = None

TABLES = ("contests", "contest_sources", "contest_entries", "contest_places")

TRANSITIONS = (
    "DRAFT>OPEN",
    "DRAFT>CANCELLED",
    "OPEN>CLOSED",
    "OPEN>CANCELLED",
    "CLOSED>FROZEN",
    "CLOSED>CANCELLED",
    "FROZEN>DRAWN",
    "FROZEN>CANCELLED",
    "DRAWN>ANNOUNCED",
    "ANNOUNCED>DRAWN",
)

# What is said at the opening holds from then on, what is frozen from the freeze on, the seed from
# the draw on: whatever the application tries, or somebody with its password.
_FIXED = f"""
    CREATE FUNCTION keep_contest() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state = ANY
            ('{{{",".join(TRANSITIONS)}}}'::text[])) THEN
            RAISE EXCEPTION 'a contest cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.state <> 'DRAFT' AND (
            OLD.brand_id, OLD.rules, OLD.conditions, OLD.excluded_person_ids, OLD.opens_at,
            OLD.closes_at, OLD.winner_count, OLD.alternate_count, OLD.entropy_source,
            OLD.commitment, OLD.sealed, OLD.opened_at
        ) IS DISTINCT FROM (
            NEW.brand_id, NEW.rules, NEW.conditions, NEW.excluded_person_ids, NEW.opens_at,
            NEW.closes_at, NEW.winner_count, NEW.alternate_count, NEW.entropy_source,
            NEW.commitment, NEW.sealed, NEW.opened_at
        ) THEN
            RAISE EXCEPTION 'the terms of a contest are fixed when it opens'
                USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.frozen_at IS NOT NULL AND (
            OLD.entrant_list, OLD.list_hash, OLD.frozen_at, OLD.closed_at, OLD.unread_reason
        ) IS DISTINCT FROM (
            NEW.entrant_list, NEW.list_hash, NEW.frozen_at, NEW.closed_at, NEW.unread_reason
        ) THEN
            RAISE EXCEPTION 'what is frozen of a contest never changes'
                USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.seed IS NOT NULL AND (OLD.seed, OLD.entropy_value, OLD.drawn_at)
            IS DISTINCT FROM (NEW.seed, NEW.entropy_value, NEW.drawn_at) THEN
            RAISE EXCEPTION 'a contest is drawn once' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
"""

_KEPT = """
    CREATE FUNCTION keep_contest_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        wanted uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.contest_id ELSE NEW.contest_id END;
    BEGIN
        IF EXISTS (SELECT FROM contests AS c WHERE c.id = wanted AND c.frozen_at IS NOT NULL) THEN
            RAISE EXCEPTION 'the entries of a contest are frozen'
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        RETURN NEW;
    END $$
"""

_NAMED = """
    CREATE FUNCTION keep_contest_sources() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        wanted uuid := CASE WHEN TG_OP = 'INSERT' THEN NEW.contest_id ELSE OLD.contest_id END;
    BEGIN
        IF TG_OP = 'UPDATE' AND (OLD.contest_id, OLD.publication_id)
            IS NOT DISTINCT FROM (NEW.contest_id, NEW.publication_id) THEN
            RETURN NEW;
        END IF;
        IF EXISTS (SELECT FROM contests AS c WHERE c.id = wanted AND c.opened_at IS NOT NULL) THEN
            RAISE EXCEPTION 'the terms of a contest are fixed when it opens'
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        RETURN NEW;
    END $$
"""

_DRAWN = """
    CREATE FUNCTION keep_contest_places() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR (OLD.contest_id, OLD.entry_id, OLD.rank, OLD.entrant, OLD.handle)
            IS DISTINCT FROM (NEW.contest_id, NEW.entry_id, NEW.rank, NEW.entrant, NEW.handle) THEN
            RAISE EXCEPTION 'what was drawn never changes' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
"""

_TRIGGERS = (
    "CREATE TRIGGER keep BEFORE UPDATE ON contests FOR EACH ROW EXECUTE FUNCTION keep_contest()",
    """
    CREATE TRIGGER keep BEFORE INSERT OR UPDATE OR DELETE ON contest_sources
    FOR EACH ROW EXECUTE FUNCTION keep_contest_sources()
    """,
    """
    CREATE TRIGGER keep BEFORE INSERT OR UPDATE OR DELETE ON contest_entries
    FOR EACH ROW EXECUTE FUNCTION keep_contest_entries()
    """,
    """
    CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON contest_places
    FOR EACH ROW EXECUTE FUNCTION keep_contest_places()
    """,
)

# A row never moves to another workspace, so its new version names the one it had.
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "contests",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column(
            "rules", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "conditions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "excluded_person_ids",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=False,
        ),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("winner_count", sa.Integer(), nullable=False),
        sa.Column("alternate_count", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.String(length=40),
            nullable=False,
        ),
        sa.Column("entropy_source", sa.Text(), nullable=False),
        sa.Column("entropy_value", sa.Text(), nullable=True),
        sa.Column("commitment", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("entrant_list", sa.Text(), nullable=True),
        sa.Column("list_hash", sa.Text(), nullable=True),
        sa.Column(
            "proof", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("close_reason", sa.Text(), nullable=False),
        sa.Column("unread_reason", sa.Text(), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
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
            "state IN ('DRAFT', 'CANCELLED') OR (commitment IS NOT NULL AND sealed IS NOT NULL)",
            name=op.f("ck_contests_opened_has_commitment"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('DRAWN', 'ANNOUNCED') OR coalesce(commitment = "
            "encode(sha256(decode(seed, 'hex')), 'hex'), false)",
            name=op.f("ck_contests_drawn_by_committed_seed"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('FROZEN', 'DRAWN', 'ANNOUNCED') OR coalesce(list_hash = "
            "encode(sha256(convert_to(entrant_list, 'UTF8')), 'hex'), false)",
            name=op.f("ck_contests_frozen_has_list"),
        ),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_contests_window")),
        sa.CheckConstraint(
            "winner_count >= 1 AND alternate_count >= 0", name=op.f("ck_contests_counts")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "brand_id"],
            ["brands.workspace_id", "brands.id"],
            name=op.f("fk_contests_workspace_id_brand_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "item_id"],
            ["content_items.workspace_id", "content_items.id"],
            name=op.f("fk_contests_workspace_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_contests_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contests")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_contests_workspace_id_id")),
    )
    op.create_index(
        "ix_contests_brand_id", "contests", ["workspace_id", "brand_id", "id"], unique=False
    )
    op.create_index(
        "ix_contests_closes_at", "contests", ["workspace_id", "closes_at", "id"], unique=False
    )
    op.create_index(
        "ix_contests_item_id",
        "contests",
        ["workspace_id", "item_id"],
        unique=False,
        postgresql_where=sa.text("item_id IS NOT NULL"),
    )
    op.create_table(
        "contest_sources",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contest_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "contest_id"],
            ["contests.workspace_id", "contests.id"],
            name=op.f("fk_contest_sources_workspace_id_contest_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publication_id"],
            ["publications.workspace_id", "publications.id"],
            name=op.f("fk_contest_sources_workspace_id_publication_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_sources")),
        sa.UniqueConstraint(
            "contest_id",
            "publication_id",
            name=op.f("uq_contest_sources_contest_id_publication_id"),
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_contest_sources_workspace_id_id")),
    )
    op.create_index(
        "ix_contest_sources_contest_id",
        "contest_sources",
        ["workspace_id", "contest_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_contest_sources_publication_id",
        "contest_sources",
        ["workspace_id", "publication_id", "id"],
        unique=False,
    )
    op.create_table(
        "contest_entries",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contest_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("entrant", sa.Text(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.String(length=40),
            nullable=False,
        ),
        sa.Column(
            "reasons", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "ruling",
            sa.String(length=40),
            nullable=True,
        ),
        sa.Column("ruling_reason", sa.Text(), nullable=False),
        sa.Column("ruled_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'ELIGIBLE') = (jsonb_array_length(reasons) = 0)",
            name=op.f("ck_contest_entries_state_has_reasons"),
        ),
        sa.CheckConstraint(
            "state <> 'ELIGIBLE' OR person_id IS NOT NULL",
            name=op.f("ck_contest_entries_eligible_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "contest_id"],
            ["contests.workspace_id", "contests.id"],
            name=op.f("fk_contest_entries_workspace_id_contest_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "message_id"],
            ["messages.workspace_id", "messages.id"],
            name=op.f("fk_contest_entries_workspace_id_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "person_id"],
            ["persons.workspace_id", "persons.id"],
            name=op.f("fk_contest_entries_workspace_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_entries")),
        sa.UniqueConstraint(
            "contest_id", "message_id", name=op.f("uq_contest_entries_contest_id_message_id")
        ),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_contest_entries_workspace_id_id")),
    )
    op.create_index(
        "ix_contest_entries_contest_id",
        "contest_entries",
        ["workspace_id", "contest_id", "written_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_contest_entries_person_id",
        "contest_entries",
        ["workspace_id", "person_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_contest_entries_written_at",
        "contest_entries",
        ["workspace_id", "written_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_contest_entries_eligible",
        "contest_entries",
        ["contest_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'ELIGIBLE'"),
    )
    op.create_table(
        "contest_places",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contest_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("entrant", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column(
            "standing",
            sa.String(length=40),
            nullable=False,
        ),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_reason", sa.Text(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(standing = 'REPLACED') = (replaced_at IS NOT NULL)",
            name=op.f("ck_contest_places_replaced_has_time"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "contest_id"],
            ["contests.workspace_id", "contests.id"],
            name=op.f("fk_contest_places_workspace_id_contest_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "entry_id"],
            ["contest_entries.workspace_id", "contest_entries.id"],
            name=op.f("fk_contest_places_workspace_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "replaces_id"],
            ["contest_places.workspace_id", "contest_places.id"],
            name=op.f("fk_contest_places_workspace_id_replaces_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_places")),
        sa.UniqueConstraint("contest_id", "rank", name=op.f("uq_contest_places_contest_id_rank")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_contest_places_workspace_id_id")),
    )
    op.create_index(
        "ix_contest_places_contest_id",
        "contest_places",
        ["workspace_id", "contest_id", "rank", "id"],
        unique=False,
    )
    protect(TABLES)
    for statement in (_FIXED, _NAMED, _KEPT, _DRAWN, *_TRIGGERS):
        op.execute(sa.text(statement.replace(":", r"\:")))
    for table in TABLES:
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
    for table in reversed(TABLES):
        op.drop_table(table)
    for function in (
        "keep_contest",
        "keep_contest_sources",
        "keep_contest_entries",
        "keep_contest_places",
    ):
        op.execute(f"DROP FUNCTION {function}()")

"""note what changes"""

import sqlalchemy as sa
from alembic import op

from migrations.rights import POLICY, grant_functions, quoted_role

revision = "2026_11_23_2070"
down_revision = "2026_11_22_2060"
branch_labels = None
depends_on = None

#: What kept answers are made of. Tables of which every act writes a row are not among them.
WATCHED = (
    "amendments",
    "approvals",
    "assets",
    "attempts",
    "brands",
    "campaigns",
    "channels",
    "content_items",
    "decisions",
    "editions",
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
    "workspaces",
)

# A transaction has one line for each table and workspace, however many statements it has. Nobody
# else writes a line of the same number, so nobody waits. It runs as the owner: the application may
# read lines, and leave none out.
_NOTE = """
    CREATE FUNCTION {name}() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO changes (workspace_id, xid, kind)
        SELECT DISTINCT changed.{workspace}, pg_current_xact_id()::text::bigint, TG_TABLE_NAME
        FROM changed
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
"""

# A row never moves to another workspace, so its new version names the one it had.
_EVENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}

# It comes before the rows are gone, so that truncating the workspaces is noted for each of them.
_NOTE_ALL = """
    CREATE FUNCTION note_change_of_all() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO changes (workspace_id, xid, kind)
        SELECT w.id, pg_current_xact_id()::text::bigint, TG_TABLE_NAME FROM workspaces AS w
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
"""

# What a snapshot of five minutes ago saw, nobody asks for any more. Lines of transactions that
# are still to come were restored from another server.
_FORGET = """
    CREATE FUNCTION hub_forget_changes() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DECLARE
        before bigint;
        forgotten bigint;
    BEGIN
        INSERT INTO changes_horizon VALUES (true, 0, '-infinity') ON CONFLICT DO NOTHING;
        SELECT oldest INTO before FROM changes_horizon
        WHERE at < clock_timestamp() - interval '5 minutes' FOR UPDATE SKIP LOCKED;
        IF before IS NULL THEN
            RETURN 0;
        END IF;
        DELETE FROM changes
        WHERE xid < before
            OR xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
        GET DIAGNOSTICS forgotten = ROW_COUNT;
        UPDATE changes_horizon SET at = clock_timestamp(),
            oldest = pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
        RETURN forgotten;
    END $$
"""


# Unless it is named, PostgreSQL looks for tables in the schema of temporary ones first: the
# application's role could put a table of its own in front of one that a function of the owner uses,
# and a trigger or a view there would run as the owner, whom no policy binds.
_OWNERS = (
    "hub_delivery_counts()",
    "hub_forget_changes()",
    "hub_idle_endpoints(integer)",
    "hub_public_channel(text)",
    "hub_public_trigger(text)",
    "hub_publication_counts()",
    "hub_search(text, text[])",
    "hub_search_page(text, text[], integer, boolean, uuid, uuid)",
    "hub_session(bytea)",
    "hub_stray_amendments(integer)",
    "hub_stray_publications(integer)",
    "hub_unsealed_workspaces(integer)",
    "note_change()",
    "note_change_of_all()",
    "note_change_of_workspaces()",
)


def _look_in(schemas: str) -> None:
    for function in _OWNERS:
        op.execute(f"ALTER FUNCTION {function} SET search_path = {schemas}")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "changes",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("xid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "xid", "kind", name=op.f("pk_changes")),
    )
    op.execute("ALTER TABLE changes ENABLE ROW LEVEL SECURITY")
    op.execute(POLICY.format(table="changes"))
    op.execute(f"GRANT SELECT ON changes TO {quoted_role()}")
    op.create_table(
        "changes_horizon",
        sa.Column("only", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("oldest", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_changes_horizon")),
    )
    op.execute(_NOTE.format(name="note_change", workspace="workspace_id"))
    op.execute(_NOTE.format(name="note_change_of_workspaces", workspace="id"))
    op.execute(_NOTE_ALL)
    for table in WATCHED:
        function = "note_change_of_workspaces" if table == "workspaces" else "note_change"
        for event, side in _EVENTS.items():
            op.execute(
                f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON {table} "
                f"REFERENCING {side} TABLE AS changed "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )
        op.execute(
            f"CREATE TRIGGER note_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_change_of_all()"
        )
    op.execute(sa.text(_FORGET.replace(":", r"\:")))
    grant_functions(("hub_forget_changes()",))
    _look_in("pg_catalog, public, pg_temp")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _look_in("pg_catalog, public")
    op.execute("DROP FUNCTION hub_forget_changes()")
    for table in WATCHED:
        for event in (*_EVENTS, "TRUNCATE"):
            op.execute(f"DROP TRIGGER note_{event.lower()} ON {table}")
    op.execute("DROP FUNCTION note_change_of_all()")
    op.execute("DROP FUNCTION note_change_of_workspaces()")
    op.execute("DROP FUNCTION note_change()")
    op.drop_table("changes_horizon")
    op.drop_table("changes")

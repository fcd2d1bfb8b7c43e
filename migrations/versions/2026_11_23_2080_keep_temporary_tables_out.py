"""keep temporary tables out

Unless it is named, PostgreSQL looks for tables in the schema of temporary ones first: the
application's role could put a table of its own in front of one that a function of the owner uses,
and a trigger or a view there would run as the owner, whom no policy binds.
"""

from alembic import op

revision = "2026_11_23_2080"
down_revision = "2026_11_23_2070"
branch_labels = None
depends_on = None

#: All functions that run as the owner of the tables.
FUNCTIONS = (
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
    "note_change_of_workspaces()",
)


def _look_in(schemas: str) -> None:
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} SET search_path = {schemas}")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _look_in("pg_catalog, public, pg_temp")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _look_in("pg_catalog, public")

"""write less

A revision comes with its item or after it, never before: its trigger alone writes the words of a
new item, and from the row it is told of. What belongs to a workspace by the key that leads to its
parent is not asked for its workspace once more. Nothing is entered into an index that nobody reads:
pairs of variants no key leads to, and places of events that have none yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_2060"
down_revision = "2026_11_22_2050"
branch_labels = None
depends_on = None

_KEEP = r"""
    CREATE OR REPLACE FUNCTION keep_words_of_revisions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO search_documents (id, workspace_id, kind, words)
        SELECT i.id, i.workspace_id, 'content_items', hub_words(NEW.locale, concat_ws(E'\n',
            i.title, i.external_reference, NEW.summary,
            (SELECT string_agg(t ->> 'text', E'\n') FROM jsonb_array_elements(NEW.parts) AS t),
            (SELECT string_agg(t, E'\n') FROM jsonb_array_elements_text(NEW.tags) AS t)))
        FROM content_items AS i WHERE i.id = NEW.item_id AND i.current_revision_id = NEW.id
        ON CONFLICT (id) DO UPDATE SET words = excluded.words
            WHERE search_documents.words IS DISTINCT FROM excluded.words;
        RETURN NULL;
    END $$
"""

_WORDS = r"""
    hub_words(r.locale, concat_ws(E'\n', i.title, i.external_reference, r.summary,
        (SELECT string_agg(t #>> '{}', E'\n') FROM jsonb_path_query(r.parts, '$[*].text') AS t),
        (SELECT string_agg(t #>> '{}', E'\n') FROM jsonb_path_query(r.tags, '$[*]') AS t)))
"""
_DOCUMENT = (
    f"SELECT i.id, i.workspace_id, 'content_items', {_WORDS} "
    "FROM content_items AS i JOIN revisions AS r ON r.id = i.current_revision_id"
)
_INSERT = "INSERT INTO search_documents (id, workspace_id, kind, words) "
_FORMER = f"""
    CREATE OR REPLACE FUNCTION keep_words_of_revisions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_INSERT} {_DOCUMENT} WHERE r.id = NEW.id AND i.id = NEW.item_id
        ON CONFLICT (id) DO UPDATE SET words = excluded.words
            WHERE search_documents.words IS DISTINCT FROM excluded.words;
        RETURN NULL;
    END $$
"""

#: Tables whose workspace a foreign key of two columns checks already.
_LED_BY_PARENTS = ("content_items", "revisions", "variants")


def _on_items(events: str) -> None:
    op.execute("DROP TRIGGER keep_words ON content_items")
    op.execute(
        f"CREATE TRIGGER keep_words AFTER {events} ON content_items "
        "FOR EACH ROW EXECUTE FUNCTION keep_words_of_content_items()"
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.text(_KEEP))
    _on_items("UPDATE OF title, external_reference, current_revision_id")
    for table in _LED_BY_PARENTS:
        op.drop_constraint(op.f(f"fk_{table}_workspace_id"), table, type_="foreignkey")
    op.drop_constraint(op.f("uq_variants_workspace_id_id"), "variants", type_="unique")
    op.drop_constraint(op.f("uq_events_workspace_id_sequence"), "events", type_="unique")
    op.create_index(
        "uq_events_sequence",
        "events",
        ["workspace_id", "sequence"],
        unique=True,
        postgresql_where=sa.text("sequence IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("uq_events_sequence", table_name="events")
    op.create_unique_constraint(
        op.f("uq_events_workspace_id_sequence"), "events", ["workspace_id", "sequence"]
    )
    op.create_unique_constraint(
        op.f("uq_variants_workspace_id_id"), "variants", ["workspace_id", "id"]
    )
    for table in _LED_BY_PARENTS:
        op.create_foreign_key(
            op.f(f"fk_{table}_workspace_id"), table, "workspaces", ["workspace_id"], ["id"]
        )
    op.execute(sa.text(_FORMER))
    _on_items("INSERT OR UPDATE OF title, external_reference, current_revision_id")

"""search stops where a page ends"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant_functions

revision = "2026_11_22_2050"
down_revision = "2026_11_22_2040"
branch_labels = None
depends_on = None

# What the terms ask of the index (scoped words), of the places of phrases, and of a document alone.
# The scope itself is looked up only where nothing else says whose rows are meant: beside a word it
# would have the index read every row of the workspace. Null: nothing was asked.
ASKED = """
    CREATE FUNCTION hub_asked(
        scope text, terms text[], OUT coarse tsquery, OUT phrases tsquery, OUT whole tsquery
    )
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    DECLARE
        within text := '';
        exact text := '';
        plain text := '';
        term text;
        tokens text[];
        forms text[];
        last text;
        named boolean := false;
        without boolean;
        sign text;
    BEGIN
        FOREACH term IN ARRAY terms LOOP
            tokens := hub_tokens(substr(term, 2));
            CONTINUE WHEN cardinality(tokens) = 0;
            without := left(term, 1) IN ('-', '!');
            named := named OR NOT without;
            sign := CASE WHEN without THEN ' & !' ELSE ' & ' END;
            last := CASE WHEN left(term, 1) = '*' THEN ''':*' ELSE '''' END;
            IF cardinality(tokens) > 1 THEN
                -- The index knows the words, the document their places.
                exact := exact || sign
                    || '(''' || array_to_string(tokens, ''' <-> ''') || last || ')';
                IF NOT without THEN
                    within := within || ' & ''' || scope
                        || array_to_string(tokens, ''' & ''' || scope) || last;
                END IF;
                CONTINUE;
            END IF;
            forms := ARRAY[tokens[1] || last];
            IF left(term, 1) IN ('+', '*', '-') THEN
                forms := forms || ARRAY(
                    SELECT DISTINCT translate(stem, '''\\', '') || ''''
                    FROM unnest(
                        ts_lexize('pg_catalog.french_stem', tokens[1])
                        || ts_lexize('pg_catalog.english_stem', tokens[1])
                    ) AS stem
                    WHERE stem <> tokens[1]
                );
            END IF;
            within := within || sign
                || '(''' || scope || array_to_string(forms, ' | ''' || scope) || ')';
            plain := plain || sign || '(''' || array_to_string(forms, ' | ''') || ')';
        END LOOP;
        IF within = '' AND exact = '' THEN
            RETURN;
        END IF;
        IF NOT named THEN
            within := ' & ''' || scope || '''' || within;
        END IF;
        coarse := substr(within, 4)::tsquery;
        phrases := nullif(substr(exact, 4), '')::tsquery;
        whole := substr(plain || exact, 4)::tsquery;
    END $$
"""

# Runs as the owner of the tables, whom no policy keeps from the index, and so applies the
# workspace itself: in the index by the beginning of every word, and by the columns.
# Planned anew for what is asked. An ordinary comparison of the columns would tempt the planner to
# read the whole workspace from another index first.
SEARCH = """
    CREATE OR REPLACE FUNCTION hub_search(wanted text, terms text[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DECLARE
        mine uuid := nullif(current_setting('hub.workspace_id', true), '')::uuid;
        asked record;
        found uuid[];
    BEGIN
        SELECT * INTO asked FROM hub_asked(hub_scope(mine, wanted), terms);
        IF mine IS NULL OR asked.whole IS NULL THEN
            RETURN '{}';
        END IF;
        EXECUTE 'SELECT array_agg(d.id) FROM search_documents AS d '
            'WHERE hub_scoped(d.workspace_id, d.kind, d.words) @@ $1 '
            'AND d.workspace_id IS NOT DISTINCT FROM $2 AND d.kind IS NOT DISTINCT FROM $3'
            || CASE WHEN asked.phrases IS NULL THEN '' ELSE ' AND d.words @@ $4' END
            INTO found USING asked.coarse, mine, wanted, asked.phrases;
        RETURN coalesce(found, '{}');
    END $$
"""


def _walk(order: str) -> str:
    nearest = f"""(
                SELECT d.id, d.words FROM search_documents AS d
                WHERE d.workspace_id = mine AND d.kind = wanted AND d.id > low AND d.id < high
                ORDER BY d.id {order} LIMIT"""
    return f"""
            rare := (
                SELECT count(*) = 16 AND count(*) FILTER (WHERE o.words @@ asked.whole) < 3
                FROM {nearest} 16) AS o
            );
            IF rare THEN
                EXIT walk;
            END IF;
            FOR document IN
                SELECT o.id, o.words @@ asked.whole AS fits FROM {nearest} 8 * most + 16) AS o
            LOOP
                walked := walked + 1;
                IF document.fits THEN
                    found := found || document.id;
                    EXIT walk WHEN cardinality(found) >= most;
                ELSIF walked > 6 * cardinality(found) + 15 THEN
                    rare := true;
                    EXIT walk;
                END IF;
            END LOOP;"""


# The first rows of an order by id that have the terms, between two ids: documents are read in that
# order for as long as one of six or so has the terms. Where fewer have, the index is quicker, and
# all it finds is returned. The walk ends before its own limit, which tells the planner that few
# rows are wanted; the words are looked at outside of it, or they would be read before a sort.
PAGE = f"""
    CREATE FUNCTION hub_search_page(
        wanted text, terms text[], most int, newest boolean, above uuid, below uuid
    ) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DECLARE
        mine uuid := nullif(current_setting('hub.workspace_id', true), '')::uuid;
        low uuid := coalesce(above, '00000000-0000-0000-0000-000000000000');
        high uuid := coalesce(below, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
        asked record;
        document record;
        walked int := 0;
        rare boolean := false;
        found uuid[] := '{{}}';
    BEGIN
        SELECT * INTO asked FROM hub_asked(hub_scope(mine, wanted), terms);
        IF mine IS NULL OR asked.whole IS NULL THEN
            RETURN '{{}}';
        END IF;
        <<walk>>
        BEGIN
            IF newest THEN {_walk("DESC")}
            ELSE {_walk("ASC")}
            END IF;
        END walk;
        RETURN CASE WHEN rare THEN hub_search(wanted, terms) ELSE found END;
    END $$
"""

_PAGE_SIGNATURE = "hub_search_page(text, text[], int, boolean, uuid, uuid)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in (ASKED, SEARCH, PAGE):
        op.execute(sa.text(function.replace(":", r"\:")))
    grant_functions((_PAGE_SIGNATURE,))
    op.create_index("ix_search_documents_order", "search_documents", ["workspace_id", "kind", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_search_documents_order", table_name="search_documents")
    op.execute(f"DROP FUNCTION {_PAGE_SIGNATURE}")
    before = import_module("migrations.versions.2026_11_22_2040_search_by_words").SEARCH
    op.execute(
        sa.text(before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(":", r"\:"))
    )
    op.execute("DROP FUNCTION hub_asked(text, text[])")

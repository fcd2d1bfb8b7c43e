"""search by words"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant_functions, protect

revision = "2026_11_22_2040"
down_revision = "2026_11_22_2030"
branch_labels = None
depends_on = None

# Everything up to the tokens is pure, and the same with every locale of a database: accents and
# forms of letters are taken apart by Unicode's own rules, and what would make PostgreSQL's parser
# see an address, a file name or a number with a sign is taken for a space.
FOLDING = (
    r"""
    CREATE FUNCTION hub_folded(given text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT CASE WHEN octet_length(given) = char_length(given)
            THEN regexp_replace(lower(given), '[./@_<&+:~-]+', ' ', 'g')
            ELSE replace(replace(replace(replace(replace(replace(replace(replace(lower(
                regexp_replace(
                    regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]+', '', 'g'),
                    '[./@_<&+:~\u0080-\u00bf\u00d7\u00f7\u2000-\u2bff\u2e00-\u2e7f\u3000-\u303f'
                        '\ufe00-\ufe0f\U0001f000-\U0001faff-]+', ' ', 'g')
                ), 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), 'ø', 'o'), 'ł', 'l'),
                'đ', 'd'), 'ð', 'd')
            END
    $$
    """,
    # The words as they are, with their places, and their stems without. Where the language is not
    # known both are kept. A vector has a megabyte at most, which this many letters never fill even
    # with a scope before every word, and an index takes no word longer than a page's part.
    """
    CREATE FUNCTION hub_words(locale text, given text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    DECLARE
        folded text := left(hub_folded(left(given, 50000)), 50000);
        words tsvector := to_tsvector('pg_catalog.simple', folded);
        plain text[] := tsvector_to_array(words);
        language text := lower(split_part(locale, '-', 1));
        endless text[];
    BEGIN
        IF octet_length(folded) > 1000 THEN
            endless := ARRAY(
                SELECT word FROM unnest(plain) AS word WHERE octet_length(word) > 1000
            );
            IF cardinality(endless) > 0 THEN
                words := ts_delete(words, endless);
                plain := tsvector_to_array(words);
            END IF;
        END IF;
        IF language = 'fr' OR language IS NULL THEN
            words := words || array_to_tsvector(array_remove(ARRAY(
                SELECT (ts_lexize('pg_catalog.french_stem', word))[1] FROM unnest(plain) AS word
            ), NULL));
        END IF;
        IF language = 'en' OR language IS NULL THEN
            words := words || array_to_tsvector(array_remove(ARRAY(
                SELECT (ts_lexize('pg_catalog.english_stem', word))[1] FROM unnest(plain) AS word
            ), NULL));
        END IF;
        RETURN words;
    END $$
    """,
    """
    CREATE FUNCTION hub_tokens(given text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(left(translate(p.token, '''\\', ''), 200) ORDER BY p.place), '{}')
        FROM ts_parse('default', hub_folded(given))
            WITH ORDINALITY AS p (kind, token, place)
        WHERE p.kind <> 12
    $$
    """,
    # A word of an index over many workspaces begins with this. It need not be unique: whoever
    # searches looks at the columns, too.
    """
    CREATE FUNCTION hub_scope(workspace uuid, kind text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT right(workspace::text, 12) || left(kind, 2)
    $$
    """,
    # It names nothing of the schema `public`, which is out of sight while an index is made anew.
    """
    CREATE FUNCTION hub_scoped(workspace uuid, kind text, words tsvector) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
        SELECT array_to_tsvector(array_prepend(
            right(workspace::text, 12) || left(kind, 2),
            ARRAY(
                SELECT right(workspace::text, 12) || left(kind, 2) || word
                FROM unnest(tsvector_to_array(words)) AS word
            )
        ))
    $$
    """,
)

# Runs as the owner of the tables, whom no policy keeps from the index, and so applies the
# workspace itself: in the index by the beginning of every word, and by the columns.
SEARCH = """
    CREATE FUNCTION hub_search(wanted text, terms text[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DECLARE
        mine uuid := nullif(current_setting('hub.workspace_id', true), '')::uuid;
        scope text := hub_scope(mine, wanted);
        coarse text := '''' || scope || '''';
        exact text := '';
        term text;
        tokens text[];
        forms text[];
        last text;
        asked boolean := false;
        without boolean;
        sign text;
        found uuid[];
    BEGIN
        IF mine IS NULL THEN
            RETURN '{}';
        END IF;
        FOREACH term IN ARRAY terms LOOP
            tokens := hub_tokens(substr(term, 2));
            CONTINUE WHEN cardinality(tokens) = 0;
            asked := true;
            without := left(term, 1) IN ('-', '!');
            sign := CASE WHEN without THEN ' & !' ELSE ' & ' END;
            last := CASE WHEN left(term, 1) = '*' THEN ''':*' ELSE '''' END;
            IF cardinality(tokens) > 1 THEN
                -- The index knows the words, the document their places.
                exact := exact || sign
                    || '(''' || array_to_string(tokens, ''' <-> ''') || last || ')';
                IF NOT without THEN
                    coarse := coarse || ' & ''' || scope
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
            coarse := coarse || sign
                || '(''' || scope || array_to_string(forms, ' | ''' || scope) || ')';
        END LOOP;
        IF NOT asked THEN
            RETURN '{}';
        END IF;
        -- Planned anew for what is asked. An ordinary comparison of the columns would tempt the
        -- planner to read the whole workspace from another index first.
        EXECUTE 'SELECT array_agg(d.id) FROM search_documents AS d '
            'WHERE hub_scoped(d.workspace_id, d.kind, d.words) @@ $1 '
            'AND d.workspace_id IS NOT DISTINCT FROM $2 AND d.kind IS NOT DISTINCT FROM $3'
            || CASE WHEN exact = '' THEN '' ELSE ' AND d.words @@ $4' END
            INTO found
            USING coarse::tsquery, mine, wanted, nullif(substr(exact, 4), '')::tsquery;
        RETURN coalesce(found, '{}');
    END $$
"""

_CONTENT = r"""
    hub_words(r.locale, concat_ws(E'\n', i.title, i.external_reference, r.summary,
        (SELECT string_agg(t #>> '{}', E'\n') FROM jsonb_path_query(r.parts, '$[*].text') AS t),
        (SELECT string_agg(t #>> '{}', E'\n') FROM jsonb_path_query(r.tags, '$[*]') AS t)))
"""
_CAMPAIGN = r"""
    hub_words(c.locale, concat_ws(E'\n', c.name, c.external_reference, c.objective, c.brief))
"""
_ASSET = r"""
    hub_words(NULL, concat_ws(E'\n', a.filename,
        (SELECT string_agg(t #>> '{}', E'\n') FROM jsonb_path_query(a.alt, '$.*') AS t)))
"""
_MESSAGE = r"hub_words(NULL, concat_ws(E'\n', m.text, p.handle, p.name))"

#: For every kind: the documents of all its rows.
DOCUMENTS = {
    "content_items": f"SELECT i.id, i.workspace_id, 'content_items', {_CONTENT} "
    "FROM content_items AS i JOIN revisions AS r ON r.id = i.current_revision_id",
    "campaigns": f"SELECT c.id, c.workspace_id, 'campaigns', {_CAMPAIGN} FROM campaigns AS c",
    "assets": f"SELECT a.id, a.workspace_id, 'assets', {_ASSET} FROM assets AS a",
    "messages": f"SELECT m.id, m.workspace_id, 'messages', {_MESSAGE} "
    "FROM messages AS m LEFT JOIN persons AS p ON p.id = m.person_id",
}

#: Trigger, table, what fires it, and which documents are written anew then. An item is written
#: before its revision, in one transaction: whichever comes second finds the other.
KEEPERS = (
    (
        "content_items",
        "INSERT OR UPDATE OF title, external_reference, current_revision_id",
        "content_items",
        "i.id = NEW.id",
    ),
    ("revisions", "INSERT", "content_items", "r.id = NEW.id AND i.id = NEW.item_id"),
    (
        "campaigns",
        "INSERT OR UPDATE OF name, external_reference, objective, brief, locale",
        "campaigns",
        "c.id = NEW.id",
    ),
    ("assets", "INSERT OR UPDATE OF filename, alt", "assets", "a.id = NEW.id"),
    ("messages", "INSERT OR UPDATE OF text, person_id", "messages", "m.id = NEW.id"),
    (
        "persons",
        "UPDATE OF handle, name",
        "messages",
        "m.workspace_id = NEW.workspace_id AND m.person_id = NEW.id",
    ),
)
_INSERT = "INSERT INTO search_documents (id, workspace_id, kind, words) "


def _keeper(kind: str, only: str, name: str) -> str:
    return f"""
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_INSERT} {DOCUMENTS[kind]} WHERE {only}
        ON CONFLICT (id) DO UPDATE SET words = excluded.words
            WHERE search_documents.words IS DISTINCT FROM excluded.words;
        RETURN NULL;
    END $$
    """


_FORGET = """
    CREATE FUNCTION forget_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM search_documents WHERE id = OLD.id;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in FOLDING:
        op.execute(sa.text(statement.replace(":", r"\:")))
    op.create_table(
        "search_documents",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), server_default="", nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("hub_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_search_documents_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_documents")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_search_documents_workspace_id_id")),
    )
    # Kept beside the rows, so that reading ids of many is reading few pages; not compressed, since
    # that costs more than it saves.
    op.execute("ALTER TABLE search_documents ALTER COLUMN words SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE search_documents ALTER COLUMN words SET STATISTICS 0")
    protect(("search_documents",))
    for documents in DOCUMENTS.values():
        op.execute(sa.text((_INSERT + documents).replace(":", r"\:")))
    op.create_index(
        "ix_search_documents_words",
        "search_documents",
        [sa.text("hub_scoped(workspace_id, kind, words)")],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.execute("ALTER INDEX ix_search_documents_words ALTER COLUMN 1 SET STATISTICS 0")
    for table, event, kind, only in KEEPERS:
        name = f"keep_words_of_{table}"
        op.execute(sa.text(_keeper(kind, only, name).replace(":", r"\:")))
        op.execute(
            f"CREATE TRIGGER keep_words AFTER {event} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    op.execute(_FORGET)
    for table in DOCUMENTS:
        op.execute(
            f"CREATE TRIGGER forget_words AFTER DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION forget_words()"
        )
    op.execute(sa.text(SEARCH.replace(":", r"\:")))
    grant_functions(("hub_search(text, text[])",))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION hub_search(text, text[])")
    for table in DOCUMENTS:
        op.execute(f"DROP TRIGGER forget_words ON {table}")
    op.execute("DROP FUNCTION forget_words()")
    for table, _, _, _ in KEEPERS:
        op.execute(f"DROP TRIGGER keep_words ON {table}")
        op.execute(f"DROP FUNCTION keep_words_of_{table}()")
    op.drop_table("search_documents")
    for function in (
        "hub_scoped(uuid, text, tsvector)",
        "hub_scope(uuid, text)",
        "hub_tokens(text)",
        "hub_words(text, text)",
        "hub_folded(text)",
    ):
        op.execute(f"DROP FUNCTION {function}")

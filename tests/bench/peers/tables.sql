-- What the peers need beside the hub's tables, as whoever sets them up would write it: the pictures
-- of a revision as a table of their own, and a function that writes a content in one transaction.
CREATE TABLE IF NOT EXISTS bench_pictures (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces,
    revision_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    place integer NOT NULL,
    UNIQUE (revision_id, place),
    FOREIGN KEY (workspace_id, revision_id) REFERENCES revisions (workspace_id, id),
    FOREIGN KEY (workspace_id, asset_id) REFERENCES assets (workspace_id, id)
);
INSERT INTO bench_pictures (workspace_id, revision_id, asset_id, place)
SELECT revision.workspace_id, revision.id, (named.asset #>> '{}')::uuid, named.place
FROM revisions AS revision,
    jsonb_path_query(revision.parts, '$[*].media[*]') WITH ORDINALITY AS named(asset, place)
WHERE NOT EXISTS (SELECT FROM bench_pictures)
ORDER BY revision.id, named.place;
ANALYZE bench_pictures;

CREATE OR REPLACE FUNCTION bench_create_content(
    workspace uuid, brand uuid, campaign uuid, title text, locale text, slug text, parts jsonb,
    tags jsonb, variants jsonb
) RETURNS content_items LANGUAGE sql VOLATILE AS $$
    WITH ids AS MATERIALIZED (SELECT uuidv7() AS item, uuidv7() AS revision),
    item AS (INSERT INTO content_items (id, workspace_id, brand_id, campaign_id, title, locale,
            current_revision_id, archived, version)
        SELECT item, workspace, brand, campaign, title, locale, revision, false, 1 FROM ids
        RETURNING *),
    written AS (INSERT INTO revisions (id, workspace_id, item_id, number, title, summary, parts,
            link, tags, slug, locale, hash)
        SELECT revision, workspace, item, 1, title, '', parts, '', tags, slug, locale,
            encode(sha256(convert_to(parts::text, 'UTF8')), 'hex') FROM ids),
    variant AS (INSERT INTO variants (id, workspace_id, revision_id, platform, title, parts,
            settings)
        SELECT uuidv7(), workspace, revision, one ->> 'platform', one ->> 'title', one -> 'parts',
            '{}' FROM ids, jsonb_array_elements(variants) AS one)
    SELECT * FROM item
$$;

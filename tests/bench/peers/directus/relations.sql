-- What Directus has to be told: it does not see foreign keys of two columns. Nothing is recorded of
-- changes, which is the quickest it can do.
INSERT INTO directus_collections (collection, accountability)
SELECT name, NULL FROM unnest('{content_items, revisions, variants, publications, measurements,
    campaigns, channels, assets, bench_pictures, workspaces, brands}'::text[]) AS name
ON CONFLICT DO NOTHING;

INSERT INTO directus_relations (many_collection, many_field, one_collection, one_field)
SELECT given.* FROM (VALUES
    ('content_items', 'campaign_id', 'campaigns', NULL),
    ('content_items', 'current_revision_id', 'revisions', NULL),
    ('revisions', 'item_id', 'content_items', 'revisions'),
    ('variants', 'revision_id', 'revisions', 'variants'),
    ('variants', 'channel_id', 'channels', NULL),
    ('bench_pictures', 'revision_id', 'revisions', 'pictures'),
    ('bench_pictures', 'asset_id', 'assets', NULL),
    ('publications', 'item_id', 'content_items', 'publications'),
    ('publications', 'channel_id', 'channels', NULL),
    ('measurements', 'publication_id', 'publications', 'measurements')) AS given
WHERE NOT EXISTS (SELECT FROM directus_relations);

INSERT INTO directus_fields (collection, field, special)
SELECT one_collection, one_field, 'o2m' FROM directus_relations
WHERE one_field IS NOT NULL AND NOT EXISTS (SELECT FROM directus_fields);

"""The statements of the limit, written by hand: each is the best shape that was found for it."""

import base64


def _id(kind: str, column: str, *, padded: bool = False) -> str:
    """Return the SQL of a global id; a name of 3, 6, 9 … letters and colon is a constant."""
    prefix = f"{kind}:".encode()
    if padded:
        return f"rtrim(encode(convert_to('{kind}:' || {column}, 'UTF8'), 'base64'), '=')"
    head = base64.b64encode(prefix).decode()
    assert not head.endswith("="), kind
    return f"'{head}' || encode(convert_to({column}::text, 'UTF8'), 'base64')"


_ITEM, _CAMPAIGN, _REVISION = (
    _id("ContentItem", "i.id"),
    _id("Campaign", "c.id"),
    _id("Revision", "r.id"),
)
_VARIANT = _id("Variant", "v.id", padded=True)
_CHANNEL = _id("Channel", "h.id", padded=True)
_PUBLICATION = _id("Publication", "p.id")
_ASSET = _id("Asset", "a.id")

_Q1 = f"""
SELECT row_to_json(item) FROM (SELECT {_ITEM} AS id, i.title, i.locale, i.archived,
    i.external_reference AS "externalReference", i.version, i.created_at AS "createdAt",
    i.updated_at AS "updatedAt",
    (SELECT row_to_json(one) FROM (SELECT {_CAMPAIGN} AS id, c.name, c.objective,
        c.starts_on AS "startsOn", c.ends_on AS "endsOn" FROM campaigns AS c
        WHERE c.workspace_id = $1 AND c.id = i.campaign_id) AS one) AS campaign,
    (SELECT row_to_json(one) FROM (SELECT {_REVISION} AS id, r.number, r.title, r.summary, r.link,
        r.tags, r.slug, r.locale, r.hash,
        (SELECT coalesce(json_agg(part), '[]') FROM (SELECT part.value ->> 'text' AS text,
            -- A join would read every picture of the workspace: nobody knows how few are named.
            (SELECT coalesce(json_agg((SELECT row_to_json(picture) FROM (SELECT {_ASSET} AS id,
                    a.filename, a.mime, a.size, a.width, a.height FROM assets AS a
                    WHERE a.workspace_id = $1 AND a.id = named.asset::uuid) AS picture)
                ORDER BY place), '[]')
                FROM jsonb_array_elements_text(part.value -> 'media')
                    WITH ORDINALITY AS named(asset, place)) AS media
            FROM jsonb_array_elements(r.parts) AS part) AS part) AS parts,
        (SELECT coalesce(json_agg(variant), '[]') FROM (SELECT {_VARIANT} AS id, v.title, v.summary,
            v.link, (SELECT row_to_json(other) FROM (SELECT {_CHANNEL} AS id, h.name
                FROM channels AS h WHERE h.workspace_id = $1 AND h.id = v.channel_id)
                AS other) AS channel
            FROM variants AS v WHERE v.workspace_id = $1 AND v.revision_id = r.id
            ORDER BY v.id LIMIT 100) AS variant) AS variants
        FROM revisions AS r WHERE r.workspace_id = $1 AND r.id = i.current_revision_id) AS one)
        AS "currentRevision",
    (SELECT json_build_object('nodes', coalesce(json_agg(publication), '[]')) FROM (
        SELECT {_PUBLICATION} AS id, p.state, p.scheduled_for AS "scheduledFor",
            p.published_at AS "publishedAt", p.url, p.remote_id AS "remoteId", p.version,
            (SELECT row_to_json(other) FROM (SELECT {_CHANNEL} AS id, h.name, h.handle, h.url,
                h.timezone FROM channels AS h WHERE h.workspace_id = $1 AND h.id = p.channel_id)
                AS other) AS channel
        FROM publications AS p WHERE p.workspace_id = $1 AND p.item_id = i.id
        ORDER BY p.id DESC LIMIT 10) AS publication) AS publications
    FROM content_items AS i WHERE i.workspace_id = $1 AND i.id = $2) AS item
"""

_Q2 = f"""
SELECT coalesce(json_agg(item), '[]') FROM (SELECT {_ITEM} AS id, i.title, i.locale, i.version,
    i.updated_at AS "updatedAt",
    (SELECT row_to_json(one) FROM (SELECT {_CAMPAIGN} AS id, c.name FROM campaigns AS c
        WHERE c.workspace_id = $1 AND c.id = i.campaign_id) AS one) AS campaign,
    (SELECT row_to_json(one) FROM (SELECT r.number, r.slug,
        (SELECT coalesce(json_agg(variant), '[]') FROM (SELECT v.title, v.summary, v.link
            FROM variants AS v WHERE v.workspace_id = $1 AND v.revision_id = r.id
            ORDER BY v.id LIMIT 100) AS variant) AS variants
        FROM revisions AS r WHERE r.workspace_id = $1 AND r.id = i.current_revision_id) AS one)
        AS "currentRevision",
    (SELECT json_build_object('nodes', coalesce(json_agg(publication), '[]')) FROM (
        SELECT {_PUBLICATION} AS id, p.state, p.published_at AS "publishedAt",
            (SELECT row_to_json(other) FROM (SELECT h.name, h.handle
                FROM channels AS h WHERE h.workspace_id = $1 AND h.id = p.channel_id)
                AS other) AS channel,
            (SELECT json_build_object('nodes', coalesce(json_agg(measured), '[]')) FROM (
                SELECT m.metric, m.value FROM measurements AS m
                WHERE m.workspace_id = $1 AND m.publication_id = p.id
                ORDER BY m.measured_at DESC, m.id DESC LIMIT 5) AS measured) AS measurements
        FROM publications AS p WHERE p.workspace_id = $1 AND p.item_id = i.id
        ORDER BY p.id DESC LIMIT 5) AS publication) AS publications
    FROM content_items AS i
    WHERE i.workspace_id = $1 AND NOT i.archived AND i.locale = ANY ($2::text[])
    ORDER BY i.id DESC LIMIT 50) AS item
"""

_Q3 = f"""
SELECT coalesce(json_agg(item), '[]') FROM (SELECT 'ContentItem' AS "__typename", {_ITEM} AS id,
    i.title, i.locale, i.archived, i.external_reference AS "externalReference", i.version,
    i.created_at AS "createdAt", i.updated_at AS "updatedAt"
    FROM content_items AS i WHERE i.workspace_id = $1 ORDER BY i.id DESC LIMIT $2::int) AS item
"""

_Q4 = f"""
WITH page AS MATERIALIZED (SELECT * FROM content_items AS i
    WHERE i.workspace_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT 51)
SELECT json_agg(item) AS nodes, (SELECT count(*) > 50 FROM page) AS more,
    (SELECT id FROM page ORDER BY id DESC LIMIT 1 OFFSET least(49, (SELECT count(*) FROM page) - 1))
        AS last
FROM (SELECT {_ITEM} AS id, i.title, i.locale, i.archived, i.version, i.updated_at AS "updatedAt"
    FROM page AS i ORDER BY i.id DESC LIMIT 50) AS item
"""

STATEMENTS = {"Q1": _Q1, "Q2": _Q2, "Q3": _Q3, "Q4": _Q4}

INSERT = """
WITH item AS (INSERT INTO content_items (id, workspace_id, brand_id, campaign_id, title, locale,
        current_revision_id, archived, version)
    VALUES ($2, $1, $4, $5, $6, $7, $3, false, 1)),
revision AS (INSERT INTO revisions (id, workspace_id, item_id, number, title, summary, parts, link,
        tags, slug, locale, hash)
    VALUES ($3, $1, $2, 1, $6, '', $8::jsonb, '', $10::jsonb, $9, $7,
        encode(sha256(convert_to($8::text, 'UTF8')), 'hex')))
INSERT INTO variants (id, workspace_id, revision_id, platform, title, parts, settings)
SELECT id, $1, $3, platform, title, parts::jsonb, '{}'
FROM unnest($11::uuid[], $12::text[], $13::text[], $14::text[]) AS given(id, platform, title, parts)
"""

READ_BACK = f"""
SELECT row_to_json(item) FROM (SELECT {_ITEM} AS id, i.title, i.locale, i.version,
    (SELECT row_to_json(one) FROM (SELECT {_CAMPAIGN} AS id, c.name FROM campaigns AS c
        WHERE c.workspace_id = $1 AND c.id = i.campaign_id) AS one) AS campaign,
    (SELECT row_to_json(one) FROM (SELECT {_REVISION} AS id, r.number, r.title,
        (SELECT coalesce(json_agg(variant), '[]') FROM (SELECT {_VARIANT} AS id, v.title, v.link
            FROM variants AS v WHERE v.workspace_id = $1 AND v.revision_id = r.id
            ORDER BY v.id LIMIT 100) AS variant) AS variants
        FROM revisions AS r WHERE r.workspace_id = $1 AND r.id = i.current_revision_id) AS one)
        AS "currentRevision"
    FROM content_items AS i WHERE i.workspace_id = $1 AND i.id = $2) AS item
"""

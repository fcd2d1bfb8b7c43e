"""The data set of the bench, in the hub's own tables: the same rows for the same size, always."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from hub.access import operations as access
from hub.channels.platforms import platform
from hub.channels.rules import basis
from hub.cli.processes import newest_revision
from hub.kernel.caller import Caller
from hub.kernel.work import Hub

#: Contents at scale 1. Everything else grows with them; the workspaces do not.
CONTENTS = 20_000
WORKSPACES = 20
CAMPAIGNS_EACH = 10
CHANNELS_EACH = 8
#: The workspace that has half of all contents, and whose member asks.
BIG = "bench-0"
PERSON = f"ada@{BIG}.example"

#: Platforms of the channels of a workspace, in turn, with settings that each accepts.
_PLACES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("mastodon", {"base_url": "https://social.example"}),
    ("wordpress", {"base_url": "https://blog.example"}),
    ("misago", {"base_url": "https://forum.example", "category": "3"}),
    ("feed", {"title": "News", "description": "All of it", "language": "en"}),
)

_WORDS = (
    "In spring the garden behind the workshop opens its gate again, and whoever passes may come "
    "in. We have dug new beds, painted the benches and asked the neighbours what they miss. They "
    "miss shade, a place for children, and somebody who explains which plant is which. So there "
    "are walks on Saturdays, a plan of the beds at the entrance, and water for dogs. "
)
#: Enough to take a kilobyte from any of the places it is taken from.
_PROSE = _WORDS * 6

#: Functions of one session. The first makes a version 7 UUID out of a kind, a number and a time.
_HELPERS = """
CREATE FUNCTION pg_temp.row_id(kind text, n bigint, at timestamptz) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT overlay(overlay(
        lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || substr(md5(kind || n), 1, 20) PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid
$$;
CREATE FUNCTION pg_temp.begun(n bigint, many bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT timestamptz '2025-01-01 08:00+00' + n * (interval '500 days' / many)
$$;
CREATE FUNCTION pg_temp.space(n bigint) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT (CASE WHEN n % 2 = 0 THEN 0 ELSE 1 + (n / 2) % 19 END)::int
$$;
CREATE FUNCTION pg_temp.fixed(kind text, n bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT pg_temp.row_id(kind, n, timestamptz '2024-12-01 08:00+00' + n * interval '1 second')
$$;
CREATE FUNCTION pg_temp.prose(n bigint, long int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT substr(current_setting('bench.prose'), 1 + (n * 7 % 360)::int, long)
$$;
"""

_FEW = (
    """
    INSERT INTO workspaces (id, slug, name, version, created_at, updated_at)
    SELECT pg_temp.fixed('workspace', w), 'bench-' || w, 'Bench ' || w, 1, at, at
    FROM generate_series(0, 19) AS w, (SELECT timestamptz '2024-12-01 08:00+00' AS at) AS now
    """,
    """
    INSERT INTO members (id, workspace_id, name, email, role, version)
    SELECT pg_temp.fixed('member', w), pg_temp.fixed('workspace', w), 'Ada ' || w,
        'ada@bench-' || w || '.example', 'ADMIN', 1
    FROM generate_series(0, 19) AS w
    """,
    """
    INSERT INTO brands (id, workspace_id, slug, name, description, locales, version)
    SELECT pg_temp.fixed('brand', w), pg_temp.fixed('workspace', w), 'garden', 'The garden',
        'A garden for everybody', '["en", "fr", "de"]', 1
    FROM generate_series(0, 19) AS w
    """,
    """
    INSERT INTO campaigns (id, workspace_id, brand_id, name, objective, brief, locale, starts_on,
        ends_on, external_reference, version)
    SELECT pg_temp.fixed('campaign', c), pg_temp.fixed('workspace', c / 10),
        pg_temp.fixed('brand', c / 10), 'Season ' || c % 10, 'Be known to the neighbours',
        pg_temp.prose(c, 200), 'en', date '2025-01-01' + c::int % 10 * 30,
        date '2025-01-29' + c::int % 10 * 30, 'season-' || c, 1
    FROM generate_series(0, 199) AS c
    """,
)

_CHANNEL = """
    INSERT INTO channels (id, workspace_id, brand_id, platform, name, timezone, settings, enabled,
        state, state_message, remote_id, handle, url, dialect, guarantee, capabilities, limits,
        basis, public_key, version)
    SELECT pg_temp.fixed('channel', c), pg_temp.fixed('workspace', c / 8),
        pg_temp.fixed('brand', c / 8), $2, $2 || ' ' || c % 8, 'Europe/Paris', $3, true, 'READY',
        '', 'account-' || c, '@garden' || c, 'https://place.example/@garden' || c, '', $4, $5, $6,
        $7, md5('key' || c), 1
    FROM (SELECT $1::bigint AS c) AS one
"""

#: The rows there are many of; `$1` is the number of contents. Media, editions and publications
#: are numbered within their content, so each names the others by computing their ids again.
_MANY: tuple[tuple[str, str], ...] = (
    (
        "assets",
        """
        INSERT INTO assets (id, workspace_id, brand_id, filename, state, mime, size, width, height,
            sha256, storage_key, alt, version, created_at, updated_at)
        SELECT pg_temp.row_id('asset', 2 * n + k, at), pg_temp.fixed('workspace', w),
            pg_temp.fixed('brand', w), 'garden-' || n || '-' || k || '.jpg', 'READY', 'image/jpeg',
            90000 + n % 5000, 1600, 1200, md5('a' || n || k) || md5('b' || n || k),
            substr(md5('k' || n || k), 1, 2) || '/' || md5('k' || n || k) || '.jpg',
            jsonb_build_object('en', 'A bed of tulips ' || n, 'fr', 'Un lit de tulipes ' || n),
            1, at, at
        FROM (SELECT n, pg_temp.begun(n, $1) AS at, pg_temp.space(n) AS w
            FROM generate_series(0, $1::bigint - 1) AS n) AS item, generate_series(0, 1) AS k
        """,
    ),
    (
        "content_items",
        """
        INSERT INTO content_items (id, workspace_id, brand_id, campaign_id, title, locale,
            current_revision_id, archived, external_reference, version, created_at, updated_at)
        SELECT pg_temp.row_id('item', n, at), pg_temp.fixed('workspace', w),
            pg_temp.fixed('brand', w), pg_temp.fixed('campaign', w * 10 + n / 2 % 10),
            'What grows in the garden this week, number ' || n,
            (ARRAY['en', 'fr', 'de'])[(1 + n % 3)::int],
            pg_temp.row_id('revision', n, at), n % 50 = 13, 'story-' || n, 1 + n % 4, at,
            at + interval '90 minutes' + n % 1000 * interval '1 millisecond'
        FROM (SELECT n, pg_temp.begun(n, $1) AS at, pg_temp.space(n) AS w
            FROM generate_series(0, $1::bigint - 1) AS n) AS item
        """,
    ),
    (
        "revisions",
        """
        INSERT INTO revisions (id, workspace_id, item_id, number, title, summary, parts, link, tags,
            slug, locale, hash, author_id, created_at)
        SELECT pg_temp.row_id('revision', n, at), pg_temp.fixed('workspace', w),
            pg_temp.row_id('item', n, at), 1, 'What grows in the garden this week, number ' || n,
            pg_temp.prose(n, 120),
            jsonb_build_array(jsonb_build_object(
                'text', 'Week ' || n || E'\\n\\n' || pg_temp.prose(n, 1000),
                'media', jsonb_build_array(pg_temp.row_id('asset', 2 * n, at),
                    pg_temp.row_id('asset', 2 * n + 1, at)))),
            'https://garden.example/weeks/' || n, '["garden", "spring"]', 'week-' || n,
            (ARRAY['en', 'fr', 'de'])[(1 + n % 3)::int], md5('r' || n) || md5('s' || n),
            pg_temp.fixed('member', w), at
        FROM (SELECT n, pg_temp.begun(n, $1) AS at, pg_temp.space(n) AS w
            FROM generate_series(0, $1::bigint - 1) AS n) AS item
        """,
    ),
    (
        "variants",
        """
        INSERT INTO variants (id, workspace_id, revision_id, platform, channel_id, title, summary,
            parts, link, settings, created_at)
        SELECT pg_temp.row_id('variant', 3 * n + k, at), pg_temp.fixed('workspace', w),
            pg_temp.row_id('revision', n, at), (ARRAY['mastodon', 'wordpress'])[k + 1],
            CASE k WHEN 2 THEN pg_temp.fixed('channel', w * 8 + n / 2 % 8) END,
            'The garden, week ' || n, CASE k WHEN 1 THEN pg_temp.prose(n + k, 80) END,
            CASE k WHEN 0 THEN jsonb_build_array(jsonb_build_object(
                'text', pg_temp.prose(n + 1, 200),
                'media', jsonb_build_array(pg_temp.row_id('asset', 2 * n, at)))) END,
            CASE k WHEN 2 THEN 'https://garden.example/w/' || n END,
            CASE k WHEN 0 THEN '{"visibility": "unlisted"}' ELSE '{}' END::jsonb, at
        FROM (SELECT n, pg_temp.begun(n, $1) AS at, pg_temp.space(n) AS w
            FROM generate_series(0, $1::bigint - 1) AS n) AS item, generate_series(0, 2) AS k
        """,
    ),
    (
        "editions",
        """
        INSERT INTO editions (id, workspace_id, revision_id, channel_id, origin, body, hash, basis,
            problems, created_at)
        SELECT pg_temp.row_id('edition', 3 * n + k, at), pg_temp.fixed('workspace', w),
            pg_temp.row_id('revision', n, at), pg_temp.fixed('channel', c), 'CONTENT', body,
            encode(sha256(convert_to(body, 'UTF8')), 'hex'), place.basis,
            CASE WHEN (3 * n + k) % 10 = 9 THEN jsonb_build_array(jsonb_build_object(
                'code', 'ALT_MISSING', 'message', 'A picture has no description.',
                'severity', 'WARNING', 'field', 'parts.0.media.1', 'limit', NULL, 'actual', NULL))
                ELSE '[]' END, at
        FROM (SELECT n, k, pg_temp.begun(n, $1) AS at, pg_temp.space(n) AS w,
                pg_temp.space(n) * 8 + (n / 2 + 3 * k) % 8 AS c,
                json_build_object('fields', json_build_object('language', 'en'), 'parts',
                    json_build_array(json_build_object('length', 280, 'media', json_build_array(),
                        'text', pg_temp.prose(n + k, 280))), 'platform',
                    (ARRAY['mastodon', 'wordpress', 'misago', 'feed'])[
                        (1 + (n / 2 + 3 * k) % 4)::int], 'title', 'Week ' || n)::text AS body
            FROM generate_series(0, $1::bigint - 1) AS n, generate_series(0, 2) AS k) AS item
        JOIN channels AS place ON place.id = pg_temp.fixed('channel', c)
        """,
    ),
    (
        "approvals",
        """
        INSERT INTO approvals (id, workspace_id, edition_id, hash, policy, created_at)
        SELECT pg_temp.row_id('approval', 3 * n + k, at), edition.workspace_id, edition.id,
            edition.hash, 'bench', at
        FROM (SELECT n, pg_temp.begun(n, $1) AS at
            FROM generate_series(0, $1::bigint - 1) AS n) AS item,
            generate_series(0, 2) AS k
        JOIN editions AS edition ON true
        WHERE edition.id = pg_temp.row_id('edition', 3 * n + k, at)
        """,
    ),
    (
        "publications",
        """
        INSERT INTO publications (id, workspace_id, edition_id, channel_id, item_id, revision_id,
            origin, state, problem, scheduled_for, due_at, accept_older_revision, idempotency_key,
            approved_hash, sent_hash, fence, attempts, attempts_forgiven, checkpoint,
            reconcile_count, remote_id, url, refs, published_at, external_reference, version,
            created_at, updated_at)
        SELECT pg_temp.row_id('publication', p, at), edition.workspace_id, edition.id,
            edition.channel_id, pg_temp.row_id('item', n, begun), edition.revision_id, 'CONTENT',
            CASE WHEN out THEN 'PUBLISHED' ELSE 'SCHEDULED' END, '',
            CASE WHEN out THEN at ELSE at + interval '10 years' END,
            CASE WHEN out THEN NULL ELSE at + interval '10 years' END, false,
            pg_temp.row_id('key', p, at), edition.hash, CASE WHEN out THEN edition.hash END,
            CASE WHEN out THEN 1 ELSE 0 END, CASE WHEN out THEN 1 ELSE 0 END, 0, '{}', 0,
            CASE WHEN out THEN 'post-' || p END,
            CASE WHEN out THEN 'https://place.example/posts/' || p END,
            CASE WHEN out THEN jsonb_build_array(jsonb_build_object('remote_id', 'post-' || p,
                'url', 'https://place.example/posts/' || p)) ELSE '[]' END,
            CASE WHEN out THEN at + interval '3 seconds' END, NULL, 1, at, at
        FROM (SELECT n, k, 3 * n + k AS p, (3 * n + k) % 60 <> 59 AS out,
                pg_temp.begun(n, $1) AS begun,
                pg_temp.begun(n, $1) + (k + 1) * interval '1 hour' AS at
            FROM generate_series(0, $1::bigint - 1) AS n, generate_series(0, 2) AS k) AS item
        JOIN editions AS edition ON edition.id = pg_temp.row_id('edition', p, begun)
        """,
    ),
    (
        "measurements",
        # Of 60 publications 59 are out; 23 of those have a fourth value, which makes 200.
        """
        INSERT INTO measurements (id, workspace_id, publication_id, metric, value, approximate,
            measured_at, created_at)
        SELECT pg_temp.row_id('measurement', 4 * p + m, seen), pg_temp.fixed('workspace', w),
            pg_temp.row_id('publication', p, at),
            (ARRAY['likes', 'replies', 'reposts', 'likes'])[m + 1], p % 97 * (m + 1), false, seen,
            seen
        FROM (SELECT p, m, pg_temp.space(p / 3) AS w,
                pg_temp.begun(p / 3, $1) + (p % 3 + 1) * interval '1 hour' AS at,
                pg_temp.begun(p / 3, $1) + (p % 3 + 1 + 6 * (m + 1)) * interval '1 hour' AS seen
            FROM generate_series(0, 3 * $1::bigint - 1) AS p, generate_series(0, 3) AS m
            WHERE p % 60 <> 59 AND (m < 3 OR p % 60 < 23)) AS one
        """,
    ),
)


_INDEXES = """
    SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index
    WHERE indrelid = ANY ('{assets, content_items, revisions, variants, editions, approvals,
        publications, measurements}'::regclass[])
    AND NOT indisprimary AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_QUICK = """
    SET session_replication_role = replica;
    SET maintenance_work_mem = '512MB';
    SET work_mem = '256MB';
"""
_FOREVER = 7_200.0

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class World:
    """What the queries need of a data set: who asks, and how many rows there are of what.

    `token` may do everything, `page_token` reads what is published.

    Whatever was made after `built` is no part of it.
    """

    contents: int
    workspace: str
    token: str
    page_token: str
    built: str
    rows: Mapping[str, int]


def name_of(contents: int) -> str:
    """Return the name of a data set: another one for other rows or other tables."""
    made_by = Path(__file__).read_bytes() + newest_revision().encode()
    return f"{contents}-{hashlib.sha256(made_by).hexdigest()[:10]}"


async def build(
    connection: asyncpg.Connection, contents: int, *, tell: Tell = lambda _table: None
) -> None:
    """Write every row but the token, and have statistics taken; `tell` hears of each table.

    `contents` is a multiple of 20. A superuser's rows skip the checks of foreign keys and find
    their indexes made afterwards, which is many times quicker.
    """
    quick = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    await connection.execute(_HELPERS)
    await connection.execute("SELECT set_config('bench.prose', $1, false)", _PROSE)
    for statement in _FEW:
        await connection.execute(statement)
    await _channels(connection)
    indexes = await connection.fetch(_INDEXES) if quick else []
    if quick:
        await connection.execute(_QUICK)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    for table, statement in _MANY:
        tell(table)
        await connection.execute(statement, contents, timeout=_FOREVER)
    tell("indexes")
    for index in indexes:
        await connection.execute(index["made"], timeout=_FOREVER)
    tell("statistics")
    await connection.execute("VACUUM ANALYZE", timeout=_FOREVER)


async def _channels(connection: asyncpg.Connection) -> None:
    for number in range(WORKSPACES * CHANNELS_EACH):
        key, settings = _PLACES[number % len(_PLACES)]
        known = platform(key)
        remote = f"account-{number}"
        made_of = basis(
            platform=key, settings=settings, remote_id=remote, limits=known.limits, dialect=""
        )
        await connection.execute(
            _CHANNEL,
            number,
            key,
            json.dumps(settings),
            known.guarantee.value,
            json.dumps(sorted(known.capabilities)),
            json.dumps(known.limits.to_json()),
            made_of,
        )


async def describe(connection: asyncpg.Connection, hub: Hub, contents: int) -> World:
    """Return what there is, with a new token of the big workspace's member."""
    workspace = await connection.fetchval("SELECT id FROM workspaces WHERE slug = $1", BIG)
    rows = {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("workspaces", "campaigns", "channels", *(name for name, _ in _MANY))
    }
    return World(
        contents=contents,
        workspace=str(workspace),
        token=await _token(hub, workspace),
        page_token=await _token(hub, workspace, delivery=True),
        built=await connection.fetchval("SELECT clock_timestamp()::text"),
        rows=rows,
    )


async def _token(hub: Hub, workspace: UUID, *, delivery: bool = False) -> str:
    async with hub.unit_of_work(Caller.system(workspace)) as work:
        person = await access.member_by_email(work, email=PERSON)
        assert person is not None, PERSON
        _, secret = await access.issue_token(
            work, member_id=person.id, label="bench", delivery=delivery
        )
    return secret

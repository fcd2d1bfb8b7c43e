"""Twenty thousand rows of every type that has a list, written by the database itself."""

import asyncpg

from tests.conftest import Database

ROWS = 20_000
WORKSPACES = ("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b")

#: Ids grow with the number, as real ones grow with time. Stable, as is what takes a uuid for text:
#: then PostgreSQL writes the functions out into each INSERT, and calls none for each value.
_FUNCTIONS = """
    CREATE FUNCTION pg_temp.row_id(kind text, space uuid, n bigint) RETURNS uuid
    LANGUAGE sql STABLE AS $$
        SELECT (lpad(to_hex(n), 12, '0') || substr(md5(kind || space || n), 1, 20))::uuid
    $$;
    CREATE FUNCTION pg_temp.at(n bigint) RETURNS timestamptz
    LANGUAGE sql STABLE AS $$
        SELECT timestamptz '2026-01-01 00:00+00' + (n * 7919 % 1000003) * interval '1 s'
    $$;
"""

#: Per table: columns and what they hold for row `n` of workspace `w`.
_TABLES: dict[str, dict[str, str]] = {
    "members": {"name": "'Name ' || n", "email": "n || '@x.example'", "role": "'EDITOR'"},
    "tokens": {
        "member_id": "pg_temp.row_id('members', w, n % 5000 + 1)",
        "label": "'Label ' || n",
        "digest": "decode(md5(w::text || n), 'hex')",
        "hint": "'abcd'",
        "scopes": "'[]'",
        "last_used_at": "CASE WHEN n % 3 > 0 THEN pg_temp.at(n) END",
    },
    "brands": {
        "slug": "'slug-' || n",
        "name": "'Name ' || n * 7919 % 20011",
        "description": "''",
        "locales": "'[\"en\"]'",
    },
    "campaigns": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "name": "'Name ' || n * 7919 % 20011",
        "objective": "''",
        "brief": "''",
        "locale": "CASE WHEN n % 50 = 0 THEN 'fr' ELSE 'en' END",
        "starts_on": "CASE WHEN n % 3 > 0 THEN pg_temp.at(n)::date END",
        "external_reference": "CASE WHEN n % 2 = 0 THEN 'ref-' || n END",
    },
    "channels": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "platform": "CASE WHEN n % 50 = 0 THEN 'feed' ELSE 'mastodon' END",
        "name": "'Name ' || n * 7919 % 20011",
        "timezone": "'UTC'",
        "settings": "'{}'",
        "enabled": "n % 50 > 0",
        "state": "CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'READY' END",
        "state_message": "''",
        "remote_id": "''",
        "handle": "''",
        "url": "''",
        "dialect": "''",
        "guarantee": "'SEARCH'",
        "capabilities": "'[]'",
        "limits": "'{}'",
        "basis": "''",
        "public_key": "w::text || n",
        "external_reference": "CASE WHEN n % 2 = 0 THEN 'ref-' || n END",
    },
    "voice_guides": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "locale": "'l' || n",
        "tone_do": "'[]'",
        "tone_dont": "'[]'",
        "banned_words": "'[]'",
        "required_disclosures": "'[]'",
        "preferred_spellings": "'[]'",
    },
    "audiences": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "name": "'Name ' || n",
        "locales": "'[]'",
    },
    "pillars": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "name": "'Name ' || n",
    },
    "plan_entries": {
        "campaign_id": "pg_temp.row_id('campaigns', w, n % 500 + 1)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "pillar_id": "pg_temp.row_id('pillars', w, n % 200 + 1)",
        "planned": "1",
        "starts_on": "pg_temp.at(n)::date",
        "ends_on": "pg_temp.at(n)::date",
    },
    "goals": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "campaign_id": "pg_temp.row_id('campaigns', w, n % 500 + 1)",
        "name": "'Name ' || n",
        "metric": "CASE WHEN n % 50 = 0 THEN 'QUOTES' ELSE 'LIKES' END",
        "target": "1",
        "starts_on": "pg_temp.at(n)::date",
        "deadline": "pg_temp.at(n)::date",
    },
    "assets": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "filename": "'file' || n",
        "state": "CASE WHEN n % 50 = 0 THEN 'REFUSED' ELSE 'READY' END",
        "size": "n",
        "sha256": "md5(n::text)",
        "alt": "'{}'",
    },
    "content_items": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "campaign_id": "pg_temp.row_id('campaigns', w, n % 500 + 1)",
        "pillar_id": "pg_temp.row_id('pillars', w, n % 500 + 1)",
        "title": "'Title ' || n * 7919 % 20011",
        "locale": "CASE WHEN n % 50 = 0 THEN 'fr' ELSE 'en' END",
        "current_revision_id": "pg_temp.row_id('revisions', w, n)",
        "archived": "n % 50 = 0",
        "external_reference": "CASE WHEN n % 2 = 0 THEN 'ref-' || n END",
    },
    "content_audiences": {
        "item_id": "pg_temp.row_id('content_items', w, n)",
        "audience_id": "pg_temp.row_id('audiences', w, n % 500 + 1)",
    },
    "revisions": {
        "item_id": "pg_temp.row_id('content_items', w, n)",
        "number": "1",
        "title": "'Title'",
        "summary": "''",
        "parts": "'[]'",
        "link": "''",
        "tags": "'[\"news\"]'",
        "slug": "'slug-' || n",
        "locale": "CASE WHEN n % 50 = 0 THEN 'fr' ELSE 'en' END",
        "hash": "''",
    },
    "editions": {
        "revision_id": "pg_temp.row_id('revisions', w, n)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "origin": "'CONTENT'",
        "body": '\'{"title":"","parts":[],"fields":{}}\'',
        "hash": 'encode(sha256(convert_to(\'{"title":"","parts":[],"fields":{}}\', \'UTF8\')),'
        " 'hex')",
        "basis": "''",
        "problems": "'[]'",
    },
    "publications": {
        "edition_id": "pg_temp.row_id('editions', w, n)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "item_id": "pg_temp.row_id('content_items', w, n)",
        "revision_id": "pg_temp.row_id('revisions', w, n)",
        "origin": "'CONTENT'",
        "state": "CASE WHEN n % 50 = 0 THEN 'HELD' WHEN n % 3 = 0 THEN 'PUBLISHED' "
        "ELSE 'PLANNED' END",
        "hold_reason": "CASE WHEN n % 50 = 0 THEN 'MISSED' END",
        "problem": "''",
        "idempotency_key": "pg_temp.row_id('keys', w, n)",
        "approved_hash": "'h'",
        "sent_hash": "CASE WHEN n % 3 = 0 THEN 'h' END",
        "checkpoint": "'{}'",
        "refs": "'[]'",
        "remote_id": "'remote-' || n",
        "scheduled_for": "CASE WHEN n % 2 > 0 THEN pg_temp.at(n) END",
        "due_at": "CASE WHEN n % 50 = 1 THEN pg_temp.at(n) END",
        "published_at": "CASE WHEN n % 3 = 0 THEN pg_temp.at(n) END",
        "external_reference": "CASE WHEN n % 2 = 0 THEN 'ref-' || n END",
    },
    "reviews": {
        "item_id": "pg_temp.row_id('content_items', w, n)",
        "revision_id": "pg_temp.row_id('revisions', w, n)",
        "state": "CASE WHEN n % 50 = 0 THEN 'IN_REVIEW' ELSE 'APPROVED' END",
        "four_eyes": "true",
        "submitted_by": "pg_temp.row_id('members', w, n % 500 + 1)",
        "note": "''",
        "workflow_id": "pg_temp.row_id('workflows', w, n % 500 + 1)",
        "due_at": "CASE WHEN n % 100 = 0 THEN pg_temp.at(n) END",
    },
    "review_steps": {
        "review_id": "pg_temp.row_id('reviews', w, n)",
        "number": "1",
        "name": "''",
        "mode": "'ANY'",
        "roles": "'[]'",
        "member_ids": "'[]'",
        "reminders": "'[]'",
        "state": "CASE WHEN n % 50 = 0 THEN 'OPEN' ELSE 'DONE' END",
        "due_at": "CASE WHEN n % 100 = 0 THEN pg_temp.at(n) END",
    },
    "workflows": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "name": "'Name ' || n * 7919 % 20011",
        "is_default": "false",
        "archived_at": "CASE WHEN n % 50 = 0 THEN pg_temp.at(n) END",
    },
    "workflow_steps": {
        "workflow_id": "pg_temp.row_id('workflows', w, n)",
        "number": "1",
        "name": "''",
        "mode": "'ANY'",
        "roles": "'[]'",
        "member_ids": "'[]'",
        "reminders": "'[]'",
    },
    "remarks": {
        "item_id": "pg_temp.row_id('content_items', w, n % 4000 + 1)",
        "revision_id": "pg_temp.row_id('revisions', w, n)",
        "parent_id": "CASE WHEN n % 2 = 0 THEN pg_temp.row_id('remarks', w, n / 2) END",
        "author_id": "pg_temp.row_id('members', w, n % 500 + 1)",
        "text": "'Hm'",
        "quote": "''",
    },
    "notices": {
        "member_id": "pg_temp.row_id('members', w, n % 500 + 1)",
        "kind": "CASE WHEN n % 50 = 0 THEN 'OVERDUE' ELSE 'APPROVED' END",
        "item_id": "pg_temp.row_id('content_items', w, n)",
        "review_id": "pg_temp.row_id('reviews', w, n)",
        "key": "n::text",
        "state": "CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'SENT' END",
    },
    "review_targets": {
        "review_id": "pg_temp.row_id('reviews', w, n)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "scheduled_for": "pg_temp.at(n)",
    },
    "threads": {
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "publication_id": "CASE WHEN n % 50 > 0 THEN pg_temp.row_id('publications', w, n) END",
        "remote_id": "CASE WHEN n % 50 = 0 THEN n::text END",
        "kind": "CASE WHEN n % 50 = 0 THEN 'DIRECT' ELSE 'COMMENTS' END",
        "state": "CASE WHEN n % 50 = 0 THEN 'WAITING' ELSE 'DONE' END",
        "priority": "CASE WHEN n % 50 = 0 THEN 'URGENT' ELSE 'NORMAL' END",
        "tags": "CASE WHEN n % 50 = 0 THEN '[\"rare\"]' ELSE '[]' END::jsonb",
        "overdue": "n % 50 = 0",
        "assignee_id": "pg_temp.row_id('members', w, n % 500 + 1)",
        "person_id": "pg_temp.row_id('persons', w, n % 4000 + 1)",
        "first_reply_due_at": "CASE WHEN n % 3 > 0 OR n % 50 = 0 THEN pg_temp.at(n) END",
        "last_message_at": "CASE WHEN n % 3 > 0 THEN pg_temp.at(n) END",
        "cursor": "''",
    },
    "persons": {
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "remote_id": "n::text",
        "handle": "'h' || n",
        "name": "'Name ' || n * 7919 % 20011",
        "url": "''",
        "group_id": "pg_temp.row_id('groups', w, n % 5000 + 1)",
    },
    "notes": {
        "thread_id": "CASE WHEN n % 2 = 0 THEN pg_temp.row_id('threads', w, n % 4000 + 1) END",
        "person_id": "CASE WHEN n % 2 = 1 THEN pg_temp.row_id('persons', w, n % 4000 + 1) END",
        "author_id": "pg_temp.row_id('members', w, n % 500 + 1)",
        "text": "''",
    },
    "saved_replies": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "locale": "CASE WHEN n % 50 = 0 THEN 'fr' ELSE 'en' END",
        "name": "'Name ' || n * 7919 % 20011",
        "text": "'Text ' || n",
        "used_count": "n % 100",
    },
    "service_targets": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "channel_id": "pg_temp.row_id('channels', w, n)",
        "timezone": "'UTC'",
        "minutes": "'{}'",
        "hours": "'[]'",
        "holidays": "'[]'",
    },
    "messages": {
        "thread_id": "pg_temp.row_id('threads', w, n % 4000 + 1)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "person_id": "pg_temp.row_id('persons', w, n % 4000 + 1)",
        "direction": "CASE WHEN n % 50 = 0 THEN 'OUTBOUND' ELSE 'INBOUND' END",
        "held": "n % 50 = 0",
        "remote_id": "n::text",
        "parent_remote_id": "''",
        "text": "'Text ' || n",
        "html": "''",
        "url": "''",
        "written_at": "pg_temp.at(n)",
        "extra": "'{}'",
    },
    "moderation_rules": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "name": "'Name ' || n * 7919 % 20011",
        "position": "n % 100",
        "enabled": "n % 50 > 0",
        "channel_ids": "'[]'",
        "thread_kinds": "'[]'",
        "match": "'ALL'",
        "conditions": "'[]'",
        "actions": "'[]'",
        "stop": "false",
    },
    "sanctions": {
        "person_id": "pg_temp.row_id('persons', w, n % 4000 + 1)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "kind": "CASE WHEN n % 50 = 0 THEN 'BLOCK' ELSE 'WARN' END",
        "place": "'HUB'",
        "reason": "''",
        "state": "CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'LIFTED' END",
    },
    "moderation_actions": {
        "message_id": "pg_temp.row_id('messages', w, n % 4000 + 1)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "person_id": "pg_temp.row_id('persons', w, n % 4000 + 1)",
        "rule_id": "pg_temp.row_id('moderation_rules', w, n % 4000 + 1)",
        "kind": "CASE WHEN n % 50 = 0 THEN 'DELETE' ELSE 'HIDE' END",
        "reason": "''",
        "spans": "'[]'",
        "given": "'{}'",
        "before": "'{}'",
        "state": "CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'DONE' END",
    },
    "contests": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "name": "'Name ' || n",
        "locale": "'en'",
        "excluded_person_ids": "'[]'",
        "opens_at": "pg_temp.at(n) - interval '1 day'",
        "closes_at": "pg_temp.at(n)",
        "winner_count": "1",
        "state": "CASE WHEN n % 50 = 0 THEN 'OPEN' ELSE 'DRAFT' END",
        "commitment": "CASE WHEN n % 50 = 0 THEN 'c' END",
        "sealed": "CASE WHEN n % 50 = 0 THEN ''::bytea END",
        "item_id": "CASE WHEN n % 50 = 0 THEN pg_temp.row_id('content_items', w, n) END",
    },
    "contest_sources": {
        "contest_id": "pg_temp.row_id('contests', w, n)",
        "publication_id": "pg_temp.row_id('publications', w, n)",
    },
    "contest_entries": {
        "contest_id": "pg_temp.row_id('contests', w, n % 400 + 1)",
        "message_id": "pg_temp.row_id('messages', w, n)",
        "person_id": "pg_temp.row_id('persons', w, n)",
        "written_at": "pg_temp.at(n)",
        "state": "CASE WHEN n % 50 = 0 THEN 'DISQUALIFIED' ELSE 'ELIGIBLE' END",
        "reasons": "(CASE WHEN n % 50 = 0 THEN '[{}]' ELSE '[]' END)::jsonb",
    },
    "contest_places": {
        "contest_id": "pg_temp.row_id('contests', w, n % 4000 + 1)",
        "entry_id": "pg_temp.row_id('contest_entries', w, n)",
        "rank": "n",
        "standing": "CASE WHEN n % 3 = 0 THEN 'ALTERNATE' ELSE 'WINNER' END",
    },
    "events": {
        "name": "CASE WHEN n % 50 = 0 THEN 'rare' ELSE 'often' END",
        "subject_type": "CASE WHEN n % 50 = 0 THEN 'Brand' ELSE 'ContentItem' END",
        "subject_id": "pg_temp.row_id('content_items', w, n % 4000 + 1)",
        "actor_kind": "'system'",
        "actor_name": "''",
        "data": "'{}'",
        "occurred_at": "pg_temp.at(n)",
        "sequence": "n",
        "hash": "''",
    },
    "triggers": {
        "name": "'Name ' || n * 7919 % 20011",
        "actions": "'[\"PUBLISH\"]'",
        "public_key": "w::text || n",
        "enabled": "n % 50 > 0",
        "key_id": "''",
        "sealed": "''",
    },
    "endpoints": {
        "url": "'https://x.example/' || n",
        "description": "''",
        "events": "'[]'",
        "enabled": "n % 50 > 0",
        "problem": "''",
        "cursor": "0",
        "key_id": "''",
        "sealed": "''",
    },
    "deliveries": {
        "endpoint_id": "pg_temp.row_id('endpoints', w, n % 20 + 1)",
        "event_id": "pg_temp.row_id('events', w, n)",
        "event_name": "CASE WHEN n % 50 = 0 THEN 'rare' ELSE 'often' END",
        "sequence": "n",
        "state": "CASE WHEN n % 50 = 0 THEN 'PENDING' ELSE 'DELIVERED' END",
        "attempt_count": "1",
        "promised_at": "pg_temp.at(n)",
        "next_at": "CASE WHEN n % 50 = 0 THEN pg_temp.at(n) END",
    },
    "pauses": {
        "scope": "'WORKSPACE'",
        "incident_id": "pg_temp.row_id('incidents', w, n % 4000 + 1)",
        "reason": "''",
        "ended_at": "pg_temp.at(n)",
        "outcomes": "'[]'",
    },
    "monitors": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "name": "'Name ' || n * 7919 % 20011",
        "query": '\'{"all":[],"any":[],"none":[],"hashtags":[],"handles":[],"languages":[]}\'',
        "enabled": "n % 50 > 0",
        "alarms": "'{}'",
    },
    "monitor_sources": {
        "monitor_id": "pg_temp.row_id('monitors', w, n)",
        "kind": "'FEED'",
        "url": "'https://x.example/' || n",
    },
    "incidents": {
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "owner_id": "pg_temp.row_id('members', w, n % 500 + 1)",
        "title": "''",
        "summary": "''",
        "severity": "CASE WHEN n % 50 = 0 THEN 'CRITICAL' ELSE 'MINOR' END",
        "state": "CASE WHEN n % 50 = 0 THEN 'OPEN' ELSE 'RESOLVED' END",
        "resolved_at": "CASE WHEN n % 50 > 0 THEN pg_temp.at(n) END",
        "statements": "'[]'",
    },
    "mentions": {
        "identity": "n::text",
        "kind": "CASE WHEN n % 50 = 0 THEN 'SEARCH' ELSE 'FEED' END",
        "platform": "CASE WHEN n % 50 = 0 THEN 'mastodon' ELSE 'feed' END",
        "channel_id": "CASE WHEN n % 50 = 0 THEN pg_temp.row_id('channels', w, n % 200 + 1) END",
        "text": "'Text ' || n",
        "language": "CASE WHEN n % 50 = 0 THEN 'fr' ELSE 'en' END",
        "sentiment_label": "CASE WHEN n % 50 = 0 THEN 'NEGATIVE' END",
        "state": "CASE WHEN n % 50 = 0 THEN 'NEW' ELSE 'DONE' END",
        "incident_id": "CASE WHEN n % 3 = 0 THEN pg_temp.row_id('incidents', w, n % 4000 + 1) END",
        "published_at": "pg_temp.at(n)",
    },
    "mention_matches": {
        "mention_id": "pg_temp.row_id('mentions', w, n)",
        "monitor_id": "pg_temp.row_id('monitors', w, n % 4000 + 1)",
        "brand_id": "pg_temp.row_id('brands', w, n % 500 + 1)",
        "terms": "'[]'",
    },
    "alerts": {
        "monitor_id": "pg_temp.row_id('monitors', w, n % 4000 + 1)",
        "incident_id": "CASE WHEN n % 3 = 0 THEN pg_temp.row_id('incidents', w, n % 4000 + 1) END",
        "kind": "CASE WHEN n % 50 = 0 THEN 'SENTIMENT' ELSE 'VOLUME' END",
        "starts_at": "pg_temp.at(n)",
        "ends_at": "pg_temp.at(n)",
        "acknowledged_at": "CASE WHEN n % 50 > 0 THEN pg_temp.at(n) END",
        "baseline": "'[]'",
    },
    "incident_entries": {
        "incident_id": "pg_temp.row_id('incidents', w, n % 4000 + 1)",
        "kind": "'NOTE'",
    },
    "renditions": {"asset_id": "pg_temp.row_id('assets', w, n)", "name": "'small'"},
    "variants": {
        "revision_id": "pg_temp.row_id('revisions', w, n)",
        "platform": "'mastodon'",
    },
    "attempts": {"publication_id": "pg_temp.row_id('publications', w, n)", "number": "1"},
    "amendments": {
        "publication_id": "pg_temp.row_id('publications', w, n)",
        "kind": "CASE WHEN n % 2 = 0 THEN 'HIDE' ELSE 'WITHDRAW' END",
        "message_id": "CASE WHEN n % 2 = 0 THEN pg_temp.row_id('messages', w, n) END",
        "state": "'DONE'",
    },
    "measurements": {
        "publication_id": "pg_temp.row_id('publications', w, n % 4000 + 1)",
        "metric": "'likes'",
        "measured_at": "pg_temp.at(n)",
    },
    "content_imports": {
        "policy": "'REJECT_ALL'",
        "dry_run": "n % 50 = 0",
        "applied": "n % 50 > 0",
        "results": "'[]'",
    },
    "short_links": {
        "revision_id": "pg_temp.row_id('revisions', w, n)",
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "code": "w::text || n",
        "url": "'https://x.example/'",
    },
    "click_hours": {
        "short_link_id": "pg_temp.row_id('short_links', w, n)",
        "hour": "pg_temp.at(n)",
        "people": "n",
        "programs": "0",
    },
    "publication_hours": {
        "publication_id": "pg_temp.row_id('publications', w, n % 4000 + 1)",
        "metric": "CASE WHEN n % 2 = 0 THEN 'LIKES' ELSE 'VIEWS' END",
        "hour": "date_trunc('hour', pg_temp.at(n)) + n * interval '1 h'",
        "value": "n",
        "increase": "1",
    },
    "channel_hours": {
        "channel_id": "pg_temp.row_id('channels', w, n % 200 + 1)",
        "metric": "'FOLLOWERS'",
        "hour": "timestamptz '2026-01-01 00:00+00' + n * interval '1 h'",
        "value": "n",
        "increase": "1",
    },
    "exports": {
        "kind": "CASE WHEN n % 50 = 0 THEN 'CLICKS' ELSE 'MESSAGES' END",
        "format": "'CSV'",
        "state": "CASE WHEN n % 50 = 0 THEN 'RUNNING' ELSE 'FAILED' END",
        "scope": "'{}'",
        "problem": "''",
    },
    "reports": {
        "campaign_id": "pg_temp.row_id('campaigns', w, n % 500 + 1)",
        "locale": "'fr'",
        "first_day": "pg_temp.at(n)::date",
        "last_day": "pg_temp.at(n)::date",
        "time_zone": "'UTC'",
        "state": "CASE WHEN n % 50 = 0 THEN 'MAKING' ELSE 'FAILED' END",
        "problem": "''",
    },
    "trigger_calls": {
        "trigger_id": "pg_temp.row_id('triggers', w, n % 40 + 1)",
        "publications": "'[]'",
        "message_id": "n::text",
        "received_at": "pg_temp.at(n)",
    },
    "delivery_attempts": {"delivery_id": "pg_temp.row_id('deliveries', w, n)", "number": "1"},
    "decisions": {
        "review_id": "pg_temp.row_id('reviews', w, n)",
        "step_id": "pg_temp.row_id('review_steps', w, n)",
        "member_id": "pg_temp.row_id('members', w, n % 500 + 1)",
        "verdict": "'APPROVE'",
    },
}


def row_id(kind: str, number: int) -> str:
    """Return SQL for the id of a row of the first workspace."""
    return f"SELECT pg_temp.row_id('{kind}', '{WORKSPACES[0]}', {number})"


async def fill_in_bulk(database: Database, *, rows: int = ROWS) -> dict[str, str]:
    """Fill the first workspace with so many rows per table, the second with few.

    Returns an id that occurs in few rows, by the table's name.
    """
    admin = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    try:
        # What belongs together is written together; looking up every parent takes half the time.
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(_FUNCTIONS)
        for number, space in enumerate(WORKSPACES):
            await admin.execute(
                "INSERT INTO workspaces (id, slug, name, version) VALUES ($1, $2, $2, 1)",
                space,
                f"bulk{number}",
            )
            for table, columns in _TABLES.items():
                await admin.execute(await _insert(admin, table, columns, space, rows, number))
        # Vacuumed too, as the server does it sooner or later: plans depend on it.
        await admin.execute("VACUUM ANALYZE")
        return {
            table: str(await admin.fetchval(row_id(table, 17))) for table in (*_TABLES, "nothing")
        }
    finally:
        await admin.close()


async def _insert(
    admin: asyncpg.Connection, table: str, columns: dict[str, str], space: str, rows: int, nth: int
) -> str:
    known = {row["attname"] for row in await admin.fetch(_COLUMNS, table)}
    every = {"id": f"pg_temp.row_id('{table}', w, n)", "workspace_id": "w", **columns}
    every |= {
        name: value
        for name, value in (
            ("version", "1"),
            ("created_at", "pg_temp.at(n)"),
            ("updated_at", "pg_temp.at(n + 1)"),
        )
        if name in known
    }
    # What has a default in the program alone: counters and switches.
    needed = {row["attname"]: row["kind"] for row in await admin.fetch(_NEEDED, table)}
    every |= {name: _PLAIN[kind] for name, kind in needed.items() if name not in every}
    count = rows if nth == 0 else rows // 100
    return (
        f"INSERT INTO {table} ({', '.join(every)}) SELECT {', '.join(every.values())} "
        f"FROM generate_series(1, {count}) AS n, (SELECT '{space}'::uuid AS w) AS s"
    )


_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
"""
_NEEDED = """
    SELECT attname, atttypid::regtype::text AS kind FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
        AND attnotnull AND NOT atthasdef
"""
_PLAIN = {
    "integer": "0",
    "bigint": "0",
    "boolean": "false",
    "double precision": "0",
    "text": "''",
    "jsonb": "'{}'",
    "timestamp with time zone": "pg_temp.at(n)",
    "date": "pg_temp.at(n)::date",
    "uuid": "pg_temp.row_id('other', w, n)",
}

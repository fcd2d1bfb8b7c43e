"""Reading figures: each question is one statement on a connection of the caller's workspace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from hub.analytics.best_times import Response
from hub.analytics.series import ALL_ENGAGEMENT, ENGAGEMENT, FOLLOWERS, Figure
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader
from hub.kernel.statements import Statement


class ScopeKind(StrEnum):
    """What figures are summed over."""

    WORKSPACE = "WORKSPACE"
    BRAND = "BRAND"
    CHANNEL = "CHANNEL"
    CAMPAIGN = "CAMPAIGN"
    CONTENT_ITEM = "CONTENT_ITEM"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The publications that count: all of the workspace, or those of one thing in it."""

    kind: ScopeKind
    id: UUID | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the scope as plain JSON."""
        return {"kind": self.kind.value, "id": str(self.id) if self.id else None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Scope":
        """Read a scope stored by `to_json`."""
        return cls(kind=ScopeKind(stored["kind"]), id=UUID(stored["id"]) if stored["id"] else None)


EVERYTHING = Scope(kind=ScopeKind.WORKSPACE)

#: Per scope: which publications count, and the table its own row is in. `p` is the publication and
#: `{scope}` stands for the id.
_SCOPES: Mapping[ScopeKind, tuple[str, str]] = {
    ScopeKind.WORKSPACE: ("true", ""),
    ScopeKind.BRAND: (
        "p.channel_id IN (SELECT id FROM channels WHERE workspace_id = $1 AND brand_id = {scope})",
        "brands",
    ),
    ScopeKind.CHANNEL: ("p.channel_id = {scope}", "channels"),
    ScopeKind.CAMPAIGN: (
        """p.item_id IN (
            SELECT id FROM content_items WHERE workspace_id = $1 AND campaign_id = {scope}
        )""",
        "campaigns",
    ),
    ScopeKind.CONTENT_ITEM: ("p.item_id = {scope}", "content_items"),
}


def within_scope(scope: Scope, number: int) -> str:
    """Return the SQL for: the publication `p` counts; `$number` is the scope's id, if any."""
    return _SCOPES[scope.kind][0].format(scope=f"${number}::uuid")


def _statement(sql: str, *names: str) -> Statement:
    return Statement(sql=sql, names=("workspace", *names))


def metrics_of(metric: str) -> list[str]:
    """Return the counters a metric is the sum of: itself, or everything people answered with."""
    return list(ENGAGEMENT) if metric == ALL_ENGAGEMENT else [metric]


async def exists(reader: Reader, caller: Caller, scope: Scope) -> bool:
    """Say whether the thing a scope names is there to be seen from the caller's workspace."""
    if scope.id is None:
        return True
    sql = f"SELECT EXISTS (SELECT FROM {_SCOPES[scope.kind][1]} WHERE workspace_id = $1 AND id = $2) AS found"  # noqa: E501, S608 - the table is one of the five above
    (row,) = await reader.rows(caller, _statement(sql, "id"), {"id": scope.id})
    return bool(row["found"])


# One row per hour in the span; and per thing the last one before it, marked by `inside`.
_SERIES = """
SELECT h.{of} AS id, h.hour, h.metric, h.value, h.increase, true AS inside
FROM {table} AS h
WHERE h.workspace_id = $1 AND h.{of} = ANY($2::uuid[]) AND h.metric = ANY($3::text[])
    AND h.hour >= $4 AND h.hour < $5
UNION ALL
SELECT given.id, last.hour, metric, last.value, 0, false
FROM unnest($2::uuid[]) AS given (id), unnest($3::text[]) AS metric, LATERAL (
    SELECT h.hour, h.value FROM {table} AS h
    WHERE h.workspace_id = $1 AND h.{of} = given.id AND h.metric = metric AND h.hour < $4
    ORDER BY h.hour DESC LIMIT 1
) AS last
"""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The figures of one thing in a span, and the value it came in with."""

    figures: Sequence[Figure]
    before: int | None


async def figures(
    reader: Reader,
    caller: Caller,
    *,
    of: str,
    ids: Sequence[UUID],
    metric: str,
    start: datetime,
    end: datetime,
) -> dict[UUID, Found]:
    """Return the hourly figures of one metric for several publications or channels.

    `of` is "publication" or "channel". One statement, however many there are.
    """
    sql = _SERIES.format(of=f"{of}_id", table=f"{of}_hours")
    rows = await reader.rows(
        caller,
        _statement(sql, "ids", "metrics", "start", "end"),
        {"ids": list(ids), "metrics": metrics_of(metric), "start": start, "end": end},
    )
    return {one: _found([row for row in rows if row["id"] == one]) for one in ids}


def _found(rows: Sequence[Mapping[str, Any]]) -> Found:
    """Add several counters up to one; with one of them it is that one."""
    values = {row["metric"]: int(row["value"]) for row in rows if not row["inside"]}
    before = sum(values.values()) if values else None
    found = []
    for row in sorted((row for row in rows if row["inside"]), key=lambda row: row["hour"]):
        values[row["metric"]] = int(row["value"])
        found.append(
            Figure(hour=row["hour"], value=sum(values.values()), increase=int(row["increase"]))
        )
    return Found(figures=found, before=before)


# Edges cut time into buckets: 0 is before the first, n is from the nth edge on.
_SUMS = """
SELECT p.channel_id, h.metric, width_bucket(h.hour, $2::timestamptz[]) AS bucket,
    sum(h.increase)::bigint AS increase
FROM publication_hours AS h
JOIN publications AS p ON p.workspace_id = $1 AND p.id = h.publication_id
WHERE h.workspace_id = $1 AND p.origin = 'CONTENT' AND {scope}
    AND h.hour >= $3 AND h.hour < $4
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, kw_only=True)
class Sum:
    """What one metric of all publications of a channel gained in a bucket."""

    channel_id: UUID
    metric: str
    bucket: int
    increase: int


async def sums(
    reader: Reader, caller: Caller, *, scope: Scope, edges: Sequence[datetime]
) -> list[Sum]:
    """Return what the publications of a scope gained per channel, metric and bucket.

    The edges ascend; bucket n (from 1) lies between the edges n and n + 1.
    """
    rows = await reader.rows(
        caller,
        _statement(
            _SUMS.format(scope=within_scope(scope, 5)),
            *("edges", "start", "end"),
            *(("scope",) if scope.id else ()),
        ),
        {"edges": list(edges), "start": edges[0], "end": edges[-1], "scope": scope.id},
    )
    return [Sum(**row) for row in rows]


# What went out per channel, now and before.
_CHANNELS = """
SELECT p.channel_id,
    count(*) FILTER (WHERE p.published_at >= $2 AND p.published_at < $3) AS now,
    count(*) FILTER (WHERE p.published_at >= $4 AND p.published_at < $5) AS before
FROM publications AS p
WHERE p.workspace_id = $1 AND p.state = 'PUBLISHED' AND p.origin = 'CONTENT' AND {scope}
    AND p.published_at >= least($2, $4) AND p.published_at < greatest($3, $5)
GROUP BY p.channel_id
"""


@dataclass(frozen=True, kw_only=True)
class ChannelCount:
    """How much went out on a channel in a period and in the one before it."""

    channel_id: UUID
    now: int
    before: int


async def channel_counts(
    reader: Reader,
    caller: Caller,
    *,
    scope: Scope,
    span: tuple[datetime, datetime],
    before: tuple[datetime, datetime],
) -> list[ChannelCount]:
    """Return per channel of a scope what was published in two spans."""
    rows = await reader.rows(
        caller,
        _statement(
            _CHANNELS.format(scope=within_scope(scope, 6)),
            *("start", "end", "before_start", "before_end"),
            *(("scope",) if scope.id else ()),
        ),
        {
            "start": span[0],
            "end": span[1],
            "before_start": before[0],
            "before_end": before[1],
            "scope": scope.id,
        },
    )
    return [ChannelCount(**row) for row in rows]


_FOLLOWERS = """
SELECT given.id, last.value
FROM unnest($2::uuid[]) AS given (id), LATERAL (
    SELECT h.value FROM channel_hours AS h
    WHERE h.workspace_id = $1 AND h.channel_id = given.id AND h.metric = $3 AND h.hour < $4
    ORDER BY h.hour DESC LIMIT 1
) AS last
"""


async def followers(
    reader: Reader, caller: Caller, *, channel_ids: Sequence[UUID], by: datetime
) -> dict[UUID, int]:
    """Return the followers of channels as they were last counted by then, where they were."""
    rows = await reader.rows(
        caller,
        _statement(_FOLLOWERS, "ids", "metric", "by"),
        {"ids": list(channel_ids), "metric": FOLLOWERS, "by": by},
    )
    return {row["id"]: int(row["value"]) for row in rows}


_TOP = """
SELECT h.publication_id,
    sum(h.increase) FILTER (WHERE h.metric = ANY($4::text[]))::bigint AS engagement,
    coalesce(sum(h.increase) FILTER (WHERE h.metric = 'VIEWS'), 0)::bigint AS views,
    coalesce(sum(h.increase) FILTER (WHERE h.metric = 'CLICKS'), 0)::bigint AS clicks
FROM publication_hours AS h
JOIN publications AS p ON p.workspace_id = $1 AND p.id = h.publication_id
WHERE h.workspace_id = $1 AND p.origin = 'CONTENT' AND {scope}
    AND h.hour >= $2 AND h.hour < $3
GROUP BY h.publication_id
HAVING sum(h.increase) FILTER (WHERE h.metric = ANY($4::text[])) > 0
ORDER BY engagement DESC, h.publication_id DESC
LIMIT $5
"""


@dataclass(frozen=True, kw_only=True)
class Top:
    """What one publication gained."""

    publication_id: UUID
    engagement: int
    views: int
    clicks: int


async def top(
    reader: Reader, caller: Caller, *, scope: Scope, span: tuple[datetime, datetime], most: int
) -> list[Top]:
    """Return the publications of a scope that were answered most in a span."""
    rows = await reader.rows(
        caller,
        _statement(
            _TOP.format(scope=within_scope(scope, 6)),
            *("start", "end", "metrics", "most"),
            *(("scope",) if scope.id else ()),
        ),
        {
            "start": span[0],
            "end": span[1],
            "metrics": list(ENGAGEMENT),
            "most": most,
            "scope": scope.id,
        },
    )
    return [Top(**row) for row in rows]


# What came within two days: a post of yesterday must not look worse than one of last year.
_RESPONSES = """
SELECT p.id, p.published_at, coalesce((
    SELECT sum(h.increase) FROM publication_hours AS h
    WHERE h.workspace_id = $1 AND h.publication_id = p.id AND h.metric = ANY($4::text[])
        AND h.hour < p.published_at + interval '48 hours'
), 0)::bigint AS engagement
FROM publications AS p
WHERE p.workspace_id = $1 AND p.channel_id = $2 AND p.state = 'PUBLISHED'
    AND p.origin = 'CONTENT' AND p.published_at >= hub_now() - make_interval(days => $3)
    AND p.published_at < hub_now() - interval '48 hours'
ORDER BY p.published_at DESC, p.id
LIMIT $5
"""
#: More posts than this make nothing clearer, and take longer to shuffle.
RESPONSES_MAX = 1_000


async def responses(
    reader: Reader, caller: Caller, *, channel_id: UUID, days: int, metric: str
) -> list[Response]:
    """Return how people answered what a channel published in the last days, newest first.

    What is younger than two days is left out: it is still being answered.
    """
    rows = await reader.rows(
        caller,
        _statement(_RESPONSES, "channel", "days", "metrics", "most"),
        {
            "channel": channel_id,
            "days": days,
            "metrics": metrics_of(metric),
            "most": RESPONSES_MAX,
        },
    )
    return [
        Response(published_at=row["published_at"], engagement=int(row["engagement"]))
        for row in rows
    ]

"""What came of a period: totals beside those of another one, by day, by channel, by publication."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.analytics import queries
from hub.analytics.queries import ChannelCount, Scope, Sum, Top
from hub.analytics.series import (
    ALL_ENGAGEMENT,
    ENGAGEMENT,
    VIEWS,
    Compared,
    Comparison,
    Period,
    Point,
    rate,
)
from hub.kernel.caller import Caller, Permission
from hub.kernel.errors import NotFound
from hub.kernel.reading import Reader

TOP = 10


@dataclass(frozen=True, kw_only=True)
class ChannelFigures:
    """What one channel came to; `followers` were last counted by the end of the period."""

    channel_id: UUID
    publications: Compared
    metrics: Mapping[str, Compared]
    followers: int | None

    @property
    def engagement(self) -> Compared:
        """Return all that people answered with."""
        return self.metrics[ALL_ENGAGEMENT]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """The figures of a scope in a period. Totals are what counters gained in it."""

    scope: Scope
    period: Period
    compared_with: Period | None
    publications: Compared
    metrics: Mapping[str, Compared]
    edges: Sequence[datetime]
    daily: Mapping[str, Sequence[int]]
    daily_before: Mapping[str, Sequence[int]] | None
    channels: Sequence[ChannelFigures]
    top: Sequence[Top]

    @property
    def engagement(self) -> Compared:
        """Return all that people answered with."""
        return self.metrics[ALL_ENGAGEMENT]

    @property
    def engagement_rate(self) -> float | None:
        """Return answers per view; None where nobody counts views."""
        views = self.metrics.get(VIEWS)
        return None if views is None else rate(self.engagement.value, views.value)

    @property
    def engagement_per_publication(self) -> float | None:
        """Return answers per publication of the period; None where nothing went out."""
        number = self.publications.value
        return None if number == 0 else round(self.engagement.value / number, 2)

    def points(self, metric: str) -> list[Point]:
        """Return a metric by day: what it gained, and what that comes to since the first day."""
        gained = self.daily.get(metric, [0] * (len(self.edges) - 1))
        total = 0
        found = []
        for place, increase in enumerate(gained):
            total += increase
            found.append(
                Point(
                    starts_at=self.edges[place],
                    ends_at=self.edges[place + 1],
                    value=total,
                    increase=increase,
                )
            )
        return found


async def dashboard(
    reader: Reader, caller: Caller, *, scope: Scope, period: Period, comparison: Comparison
) -> Dashboard:
    """Return the figures of a scope; four statements, one more where the scope is one thing.

    Raises Forbidden without the right to read figures, NotFound for a scope that is not there, and
    Invalid for periods that are empty or too long.
    """
    caller.require(Permission.ANALYTICS_READ)
    edges = period.edges()
    other = period.before(comparison)
    before = other.edges() if other else None
    if not await queries.exists(reader, caller, scope):
        raise NotFound("There is nothing with this id.", path=("scope", "id"))
    found = await queries.sums(reader, caller, scope=scope, edges=_joined(before, edges))
    span = (edges[0], edges[-1])
    counts = await queries.channel_counts(
        reader,
        caller,
        scope=scope,
        span=span,
        before=(before[0], before[-1]) if before else (edges[0], edges[0]),
    )
    best = await queries.top(reader, caller, scope=scope, span=span, most=TOP)
    buckets = _Buckets.of(found, before, edges)
    channels = {one.channel_id for one in counts} | {channel for channel, _ in buckets.now}
    followers = await queries.followers(reader, caller, channel_ids=sorted(channels), by=edges[-1])
    return _put_together(
        scope, period, other, edges, buckets, counts, dict.fromkeys(channels) | followers, best
    )


def _joined(before: Sequence[datetime] | None, edges: Sequence[datetime]) -> list[datetime]:
    """Return the edges of both periods in one line; what lies between them is a bucket of its own.

    Where they overlap, as a year of more than a year would, every instant stands once.
    """
    return sorted({*(before or ()), *edges})


@dataclass(frozen=True, kw_only=True)
class _Buckets:
    """Sums by channel, metric and day, for the period and for the one before."""

    now: Mapping[tuple[UUID, str], Sequence[int]]
    before: Mapping[tuple[UUID, str], Sequence[int]] | None

    @classmethod
    def of(
        cls, sums: Sequence[Sum], before: Sequence[datetime] | None, edges: Sequence[datetime]
    ) -> "_Buckets":
        line = _joined(before, edges)
        return cls(
            now=_placed(sums, line, edges),
            before=None if before is None else _placed(sums, line, before),
        )


def _placed(
    sums: Sequence[Sum], line: Sequence[datetime], edges: Sequence[datetime]
) -> dict[tuple[UUID, str], list[int]]:
    """Return the sums by day of these edges; those of other days are left out."""
    inside = {at: place for place, at in enumerate(edges[:-1])}
    days: defaultdict[tuple[UUID, str], list[int]] = defaultdict(lambda: [0] * (len(edges) - 1))
    for one in sums:
        place = inside.get(line[one.bucket - 1])
        if place is None:
            continue
        names = (one.metric, ALL_ENGAGEMENT) if one.metric in ENGAGEMENT else (one.metric,)
        for name in names:
            days[one.channel_id, name][place] += one.increase
    return dict(days)


def _put_together(
    scope: Scope,
    period: Period,
    other: Period | None,
    edges: Sequence[datetime],
    buckets: _Buckets,
    counts: Sequence[ChannelCount],
    followers: Mapping[UUID, int | None],
    best: Sequence[Top],
) -> Dashboard:
    names = _names(buckets)
    by_channel = [
        _channel(channel, names, buckets, counts, followers[channel]) for channel in followers
    ]
    by_channel.sort(key=lambda one: (-one.engagement.value, one.channel_id))
    return Dashboard(
        scope=scope,
        period=period,
        compared_with=other,
        publications=Compared(
            value=sum(one.now for one in counts),
            previous=sum(one.before for one in counts) if other else None,
        ),
        metrics={name: _total(name, None, buckets) for name in names},
        edges=edges,
        daily=_daily(buckets.now, len(edges) - 1),
        daily_before=None if buckets.before is None else _daily(buckets.before, len(edges) - 1),
        channels=by_channel,
        top=best,
    )


def _names(buckets: _Buckets) -> list[str]:
    """Return every metric there is in one of the periods, the engagement first."""
    found = {name for _, name in (*buckets.now, *(buckets.before or ()))}
    return [ALL_ENGAGEMENT, *sorted(found - {ALL_ENGAGEMENT})]


def _channel(
    channel: UUID,
    names: Sequence[str],
    buckets: _Buckets,
    counts: Sequence[ChannelCount],
    followers: int | None,
) -> ChannelFigures:
    count = next((one for one in counts if one.channel_id == channel), None)
    return ChannelFigures(
        channel_id=channel,
        publications=Compared(
            value=count.now if count else 0,
            previous=None if buckets.before is None else (count.before if count else 0),
        ),
        metrics={name: _total(name, channel, buckets) for name in names},
        followers=followers,
    )


def _total(name: str, channel: UUID | None, buckets: _Buckets) -> Compared:
    def over(days: Mapping[tuple[UUID, str], Sequence[int]]) -> int:
        return sum(
            sum(gained)
            for (one, metric), gained in days.items()
            if metric == name and channel in {None, one}
        )

    return Compared(
        value=over(buckets.now), previous=None if buckets.before is None else over(buckets.before)
    )


def _daily(days: Mapping[tuple[UUID, str], Sequence[int]], number: int) -> dict[str, Sequence[int]]:
    together: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for (_, metric), gained in days.items():
        for place, increase in enumerate(gained):
            together[metric][place] += increase
    return {metric: [found[place] for place in range(number)] for metric, found in together.items()}

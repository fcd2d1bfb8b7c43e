"""Figures over time, and the best times: fields of publications and channels with arguments."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from hub.analytics import best_times as rules
from hub.analytics import queries, series
from hub.analytics.queries import RESPONSES_MAX
from hub.channels.rules import require_timezone
from hub.kernel.caller import Permission
from hub.kernel.errors import Invalid
from schema.base.batches import together
from schema.base.enums import describe
from schema.base.fields import facts_for, later
from schema.base.limits import SIZE
from schema.base.reading import Info
from schema.base.scalars import BigInt

#: What the cost of a list of points is reckoned with.
POINTS = 31
_SLOTS = 24
_METRIC_MAX = 100
_DAYS_MAX = 730

Bucket = series.Bucket
describe(
    Bucket,
    name="SeriesBucket",
    description="How a series is cut.",
    values={
        "HOUR": "By hours of UTC.",
        "DAY": "By days of the zone; of a day that begins within an hour of UTC, as in India, that "
        "hour belongs to the day before.",
    },
)
Verdict = rules.Verdict
describe(
    Verdict,
    name="BestTimesVerdict",
    description="What past posts say about times.",
    values={
        "NOT_ENOUGH_DATA": f"Fewer than {rules.POSTS_MIN} posts, or nowhere "
        f"{rules.SLOT_MIN} in the same hour of the week: nothing can be said.",
        "NO_CLEAR_BEST": "No hour is better than the others beyond luck.",
        "CLEAR_BEST": "Some hours are: luck would show any such hour in one case of twenty.",
    },
)


@strawberry.type(description="One bucket of a series.")
class SeriesPoint:
    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime = strawberry.field(description="When it ends.")
    value: BigInt | None = strawberry.field(
        description="What was last seen by its end; null: nobody had looked by then."
    )
    increase: BigInt = strawberry.field(
        description="How much it gained in the bucket; negative where the counter fell."
    )


@strawberry.type(description="A metric over time.")
class Series:
    metric: str = strawberry.field(description="What is counted.")
    points: list[SeriesPoint] = strawberry.field(
        description="Every bucket of the span, those in which nothing changed too.",
        metadata={SIZE: POINTS},
    )


@strawberry.type(description="An hour of the week in which something was posted.")
class TimeSlot:
    weekday: int = strawberry.field(description="1 for Monday to 7 for Sunday.")
    hour: int = strawberry.field(description="0 to 23, in the channel's zone.")
    posts: int = strawberry.field(description="How many posts fell on it.")
    expected: float = strawberry.field(
        description="The engagement to expect: the slot's own, drawn towards the channel's the "
        "more the fewer posts it has."
    )
    low: float = strawberry.field(description="With `high` it holds the truth nine times of ten.")
    high: float = strawberry.field(description="With `low` it holds the truth nine times of ten.")
    chance: float | None = strawberry.field(
        description="How often luck alone makes some slot look as good, from 0 to 1; null for too "
        "few posts."
    )
    best: bool = strawberry.field(description="Whether it is better than the others beyond luck.")


@strawberry.type(description="When people answer what a channel posts.")
class BestTimes:
    time_zone: str = strawberry.field(description="Whose hours these are.")
    verdict: Verdict = strawberry.field(description="What can be said at all.")
    posts: int = strawberry.field(description="How many posts were looked at.")
    typical: float = strawberry.field(description="The typical engagement of all of them.")
    best: list[TimeSlot] = strawberry.field(
        description="The slots that are better beyond luck, the best first; often empty.",
        metadata={SIZE: 5},
    )
    slots: list[TimeSlot] = strawberry.field(
        description="Every slot in which something was posted, the best expectation first.",
        metadata={SIZE: _SLOTS},
    )


Metric = Annotated[
    str,
    strawberry.argument(
        description="What is counted, such as LIKES or CLICKS; ENGAGEMENT is the sum of likes, "
        "shares, replies and quotes."
    ),
]
From = Annotated[date, strawberry.argument(name="from", description="The first day.")]
To = Annotated[date, strawberry.argument(name="to", description="The last day, included.")]
Zone = Annotated[str, strawberry.argument(description='Whose days they are, as "Europe/Paris".')]
By = Annotated[Bucket, strawberry.argument(description="How it is cut.")]


def series_of(thing: str) -> Any:
    """Make the field of a publication's or a channel's series."""

    async def resolve(  # the arguments are the field's own
        self: Any,
        info: Info,
        metric: Metric,
        by: By,
        first: From,
        last: To,
        time_zone: Zone,
    ) -> Series | None:
        info.context.caller.require(Permission.ANALYTICS_READ)
        wanted = require_metric(metric)
        period = period_of(first, last, time_zone)
        edges = period.edges()
        if by is Bucket.HOUR:
            edges = series.hours(edges[0], edges[-1])
        found = await together(
            info.context,
            ("series", thing, wanted, edges[0], edges[-1]),
            UUID(str(facts_for(self, info)["id"])),
            partial(_figures, info, thing, wanted, edges),
        )
        points = series.series(found.figures, edges=edges, before=found.before)
        return Series(metric=wanted, points=shown_points(points))

    return later(
        "A metric over time, at most 400 days or 31 days of hours; null where you may not read "
        "figures.",
        needs=("id",),
        resolver=resolve,
    )


async def _figures(
    info: Info, thing: str, metric: str, edges: Sequence[datetime], ids: Sequence[UUID]
) -> Mapping[UUID, Any]:
    context = info.context
    return await queries.figures(
        context.reader,
        context.caller,
        of=thing,
        ids=ids,
        metric=metric,
        start=edges[0],
        end=edges[-1],
    )


def best_times_of() -> Any:
    """Make the field of a channel's best times."""

    async def resolve(
        self: Any,
        info: Info,
        days: Annotated[
            int, strawberry.argument(description=f"How far to look back; {_DAYS_MAX} at most.")
        ] = 180,
        metric: Metric = series.ALL_ENGAGEMENT,
    ) -> BestTimes | None:
        info.context.caller.require(Permission.ANALYTICS_READ)
        facts = facts_for(self, info)
        found = await read_best_times(
            info.context,
            channel_id=UUID(str(facts["id"])),
            zone=facts["timezone"],
            days=days,
            metric=metric,
        )
        return BestTimes(
            time_zone=facts["timezone"],
            verdict=found.verdict,
            posts=found.posts,
            typical=found.typical,
            best=[TimeSlot(**slot.__dict__) for slot in found.best],
            slots=[TimeSlot(**slot.__dict__) for slot in found.slots],
        )

    return later(
        "When people answer what is posted here, by the engagement of past posts in their first "
        f"two days (the latest {RESPONSES_MAX:,} of them); null where you may not read figures.",
        needs=("id", "timezone"),
        resolver=resolve,
    )


async def read_best_times(
    context: Any, *, channel_id: UUID, zone: str, days: int, metric: str
) -> rules.BestTimes:
    """Return what past posts of a channel say about times."""
    if not 1 <= days <= _DAYS_MAX:
        raise Invalid(f"Look back 1 to {_DAYS_MAX} days.", path=("days",))
    responses = await queries.responses(
        context.reader,
        context.caller,
        channel_id=channel_id,
        days=days,
        metric=require_metric(metric),
    )
    # Shuffling takes a tenth of a second: everybody else's requests go on meanwhile.
    return await asyncio.to_thread(rules.best_times, responses, zone=ZoneInfo(zone))


def require_metric(metric: str) -> str:
    """Return the name of a metric; raise Invalid for what none can have."""
    if not 0 < len(metric) <= _METRIC_MAX or "\x00" in metric:
        raise Invalid("Name a metric, such as LIKES.", path=("metric",))
    return metric


def period_of(first: date, last: date, time_zone: str) -> series.Period:
    """Return days of a zone; raise Invalid for a zone that is not there."""
    return series.Period(
        first=first, last=last, zone=require_timezone(time_zone, path=("timeZone",))
    )


def shown_points(points: Sequence[series.Point]) -> list[SeriesPoint]:
    """Return points as the API shows them."""
    return [
        SeriesPoint(
            starts_at=point.starts_at,
            ends_at=point.ends_at,
            value=None if point.value is None else BigInt(point.value),
            increase=BigInt(point.increase),
        )
        for point in points
    ]

"""The editorial calendar: what goes out when, by the days of the zone its reader lives in."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import strawberry

from hub.channels.rules import require_timezone
from hub.publishing import calendar as rules
from schema.base.limits import SIZE
from schema.base.reading import Info
from schema.channels.types import Channel
from schema.content.types import ContentItem
from schema.publishing.entries import (
    ENTRIES_MAX,
    CalendarFilter,
    CalendarState,
    Row,
    read_campaigns,
    read_rows,
)
from schema.publishing.types import Publication
from schema.review.types import ReviewTarget
from schema.strategy.types import Campaign

_ENTRIES_A_DAY = 10
_DAYS = ENTRIES_MAX // _ENTRIES_A_DAY


@strawberry.type(
    description="Something that went out, shall go out, or is proposed to go out at a time."
)
class CalendarEntry:
    at: datetime = strawberry.field(
        description="When: the time it is meant for, else when it went out."
    )
    local_time: str = strawberry.field(
        description='The time of day in the zone of the calendar, as in "09:30".'
    )
    utc_offset: str = strawberry.field(
        description='How far the zone is from UTC then, as in "+02:00": an hour may come twice.'
    )
    state: CalendarState = strawberry.field(description="Where it stands.")
    title: str | None = strawberry.field(
        description="The title of its content; null where you may not read contents."
    )
    channel: Channel | None = strawberry.field(description="Where it goes.")
    content_item: ContentItem | None = strawberry.field(description="What it tells.")
    publication: Publication | None = strawberry.field(
        description="The publication; null while it is only proposed."
    )
    proposal: ReviewTarget | None = strawberry.field(
        description="What is proposed, when it stands in PROPOSED."
    )


@strawberry.type(description="A day of the calendar's zone.")
class CalendarDay:
    day: date = strawberry.field(name="date", description="Which day.")
    starts_at: datetime = strawberry.field(description="When it begins.")
    hours: float = strawberry.field(
        description="How long it is: 24, but 23 or 25 where the clocks change."
    )
    entries: list[CalendarEntry] = strawberry.field(
        description="What stands on it, in the order of time.", metadata={SIZE: _ENTRIES_A_DAY}
    )


@strawberry.type(description="What stands on some days, by the clock of one zone.")
class Calendar:
    time_zone: str = strawberry.field(description="The zone whose days these are.")
    days: list[CalendarDay] = strawberry.field(
        description="Every day of the span, empty ones too.", metadata={SIZE: _DAYS}
    )
    campaigns: list[Campaign] | None = strawberry.field(
        description="Campaigns with a first or last day that run on one of these days, at most "
        "100, the first to begin first."
    )
    truncated: bool = strawberry.field(
        description=f"Whether there are more than the {ENTRIES_MAX} entries shown, which are the "
        "earliest: ask for fewer days, or filter."
    )


@strawberry.type
class CalendarQueries:
    @strawberry.field(
        description="The editorial calendar: publications by the time they are meant for, else "
        "when they went out, and what is in review with a time as PROPOSED, where you may read "
        "reviews. Answers to messages are not in it."
    )
    async def calendar(
        self,
        info: Info,
        first: Annotated[date, strawberry.argument(name="from", description="The first day.")],
        last: Annotated[
            date,
            strawberry.argument(
                name="to",
                description=f"The last day, included; {rules.DAYS_MAX} days at most.",
            ),
        ],
        time_zone: Annotated[
            str,
            strawberry.argument(description='Whose days they are, such as "Europe/Paris".'),
        ],
        filter: Annotated[  # noqa: A002 - its name in the API
            CalendarFilter | None,
            strawberry.argument(description="Only those for which this holds."),
        ] = strawberry.UNSET,
    ) -> Calendar:
        zone = ZoneInfo(require_timezone(time_zone, path=("timeZone",)))
        days = rules.days(first, last, zone=zone)
        wanted = filter or CalendarFilter()
        rows = await read_rows(info, days, wanted)
        return Calendar(
            time_zone=time_zone,
            days=_filled(days, rows[:ENTRIES_MAX], zone),
            campaigns=await read_campaigns(info, days, wanted),
            truncated=len(rows) > ENTRIES_MAX,
        )


def _filled(days: Sequence[rules.Day], rows: Sequence[Row], zone: ZoneInfo) -> list[CalendarDay]:
    filled = [
        CalendarDay(day=day.date, starts_at=day.starts_at, hours=day.hours, entries=[])
        for day in days
    ]
    for row in rows:
        index = rules.day_of(row.at, days)
        if index is not None:
            filled[index].entries.append(_entry(row, zone))
    return filled


def _entry(row: Row, zone: ZoneInfo) -> CalendarEntry:
    local = row.at.astimezone(zone)
    return CalendarEntry(
        at=row.at,
        local_time=f"{local:%H:%M}",
        utc_offset=local.isoformat()[-6:],
        state=row.state,
        title=row.title,
        channel=row.channel,
        content_item=row.content_item,
        publication=row.publication,
        proposal=row.proposal,
    )

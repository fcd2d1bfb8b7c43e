"""Asking what came of it: dashboards, charts, exports and reports."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.analytics import dashboards, goals
from hub.analytics.series import Compared
from hub.kernel.errors import NotFound
from schema.analytics.charts import ChartInput, chart_url
from schema.analytics.scopes import Comparison, FigureScope, placed, scope_of
from schema.analytics.types import Export, ExportKind, ExportState, Report, ReportState
from schema.base.filters import any_of, every_of, none_of, some_of
from schema.base.limits import SIZE
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.base.reading import Info, read_many, selection_of
from schema.base.scalars import BigInt
from schema.base.selection import Selection
from schema.base.series import (
    POINTS,
    From,
    Metric,
    SeriesPoint,
    To,
    Zone,
    period_of,
    require_metric,
    shown_points,
)
from schema.channels.types import Channel
from schema.publishing.types import Publication
from schema.strategy.goals import Goal

_METRICS = 8
_CHANNELS = 10
_READ_AT_ONCE = 100


@strawberry.type(description="A figure of a period beside that of another one.")
class Figure:
    value: BigInt = strawberry.field(description="In the period.")
    previous: BigInt | None = strawberry.field(
        description="In the other one; null where there is none."
    )
    change: BigInt | None = strawberry.field(description="How many more it is.")
    percent: float | None = strawberry.field(
        description="How many percent more; null where it was 0 before."
    )


@strawberry.type(description="A metric of a period beside that of another one.")
class MetricFigure(Figure):
    metric: str = strawberry.field(description="What is counted.")


@strawberry.type(description="What one channel came to.")
class ChannelFigures:
    channel: Channel | None = strawberry.field(description="Which one.")
    publications: Figure = strawberry.field(description="How much went out.")
    engagement: Figure = strawberry.field(description="What people answered with, in all.")
    metrics: list[MetricFigure] = strawberry.field(
        description="Every metric there is in the scope.", metadata={SIZE: _METRICS}
    )
    followers: BigInt | None = strawberry.field(
        description="Followers as they were last counted by the end; null where nobody counts."
    )


@strawberry.type(description="What one publication gained.")
class PublicationFigures:
    publication: Publication | None = strawberry.field(description="Which one.")
    engagement: BigInt = strawberry.field(description="What people answered with, in all.")
    views: BigInt = strawberry.field(description="How often it was seen, where that is counted.")
    clicks: BigInt = strawberry.field(description="How often its short links were followed.")


@strawberry.type(description="What came of a period; totals are what counters gained in it.")
class Dashboard:
    found: strawberry.Private[dashboards.Dashboard]
    time_zone: str = strawberry.field(description="Whose days these are.")
    first: date = strawberry.field(name="from", description="The first day.")
    last: date = strawberry.field(name="to", description="The last day, included.")
    compared_from: date | None = strawberry.field(
        description="The first day of the period it is compared with."
    )
    compared_to: date | None = strawberry.field(
        description="The last day of the period it is compared with."
    )
    publications: Figure = strawberry.field(description="How much went out.")
    engagement: Figure = strawberry.field(description="Likes, shares, replies and quotes together.")
    engagement_rate: float | None = strawberry.field(
        description="Engagement per view; null where no platform counts views."
    )
    engagement_per_publication: float | None = strawberry.field(
        description="Engagement per publication of the period; null where nothing went out."
    )
    metrics: list[MetricFigure] = strawberry.field(
        description="Every metric there is, ENGAGEMENT first.", metadata={SIZE: _METRICS}
    )
    channels: list[ChannelFigures] = strawberry.field(
        description="What each channel came to, the most answered first.",
        metadata={SIZE: _CHANNELS},
    )
    top_publications: list[PublicationFigures] = strawberry.field(
        description=f"The {dashboards.TOP} publications that were answered most in the period.",
        metadata={SIZE: dashboards.TOP},
    )
    goals: list[Goal] = strawberry.field(
        description=f"Goals with days in the period, at most {goals.MOST}, the nearest deadline "
        "first: those of the brand or campaign, or all. A channel or a text has none.",
        metadata={SIZE: goals.MOST},
    )

    @strawberry.field(
        description="A metric by day; `value` is what it gained since the first day.",
        metadata={SIZE: POINTS},
    )
    def series(self, metric: Metric) -> list[SeriesPoint]:
        return shown_points(self.found.points(require_metric(metric)))


ExportOrder = ordering(
    "ExportOrder",
    "Orders of exports.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
ReportOrder = ordering(
    "ReportOrder",
    "Orders of reports.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)


@strawberry.input(description="Which exports; all conditions hold together.")
class ExportFilter:
    and_: list["ExportFilter"] | None = every_of()
    or_: list["ExportFilter"] | None = some_of()
    not_: "ExportFilter | None" = none_of()
    kind_in: list[ExportKind] | None = any_of("Holds one of these.", "kind")
    state_in: list[ExportState] | None = any_of("Is in one of these states.", "state")


@strawberry.input(description="Which reports; all conditions hold together.")
class ReportFilter:
    and_: list["ReportFilter"] | None = every_of()
    or_: list["ReportFilter"] | None = some_of()
    not_: "ReportFilter | None" = none_of()
    campaign_in: list[strawberry.ID] | None = any_of(
        "Is about one of these campaigns.", "campaign_id", ids_of="Campaign"
    )
    state_in: list[ReportState] | None = any_of("Is in one of these states.", "state")


@strawberry.type
class AnalyticsQueries:
    @strawberry.field(
        description="What came of a period: totals beside another period's, by day, by channel, "
        "and the publications that were answered most."
    )
    async def dashboard(
        self,
        info: Info,
        first: From,
        last: To,
        time_zone: Zone,
        scope: Annotated[
            FigureScope | None,
            strawberry.argument(description="What is summed over; everything unless said."),
        ] = strawberry.UNSET,
        compare_with: Annotated[
            Comparison, strawberry.argument(description="What it is compared with.")
        ] = Comparison.PREVIOUS,
    ) -> Dashboard:
        # First of all: only graphql-core can say what is selected beside figures.
        selection = selection_of(info)
        period = period_of(first, last, time_zone)
        try:
            found = await dashboards.dashboard(
                info.context.reader,
                info.context.caller,
                scope=scope_of(scope or None, "scope"),
                period=period,
                comparison=compare_with,
            )
        except NotFound as error:
            raise placed(error, scope or None, "scope") from None
        return await _shown(info, selection, found)

    @strawberry.field(
        description="The address of a chart, as SVG or PNG. It needs no token and is good for some "
        "days (HUB_CHART_DAYS); what it shows is as of when it is looked at."
    )
    async def chart_url(
        self,
        info: Info,
        input: Annotated[ChartInput, strawberry.argument(description="The chart.")],  # noqa: A002 - its name in the API
    ) -> str:
        return await chart_url(info.context, input)

    exports: Connection[Export] = all_of(
        "The files that were asked for, newest first unless said.",
        "Export",
        filters=ExportFilter,
        orders=ExportOrder,
        order=("-id",),
    )
    reports: Connection[Report] = all_of(
        "The reports that were asked for, newest first unless said.",
        "Report",
        filters=ReportFilter,
        orders=ReportOrder,
        order=("-id",),
    )


async def _shown(info: Info, selection: Selection, found: dashboards.Dashboard) -> Dashboard:
    channels = await _read(
        info,
        selection,
        "Channel",
        [one.channel_id for one in found.channels],
        ("channels", "channel"),
    )
    publications = await _read(
        info,
        selection,
        "Publication",
        [one.publication_id for one in found.top],
        ("topPublications", "publication"),
    )
    other = found.compared_with
    return Dashboard(
        found=found,
        time_zone=found.period.zone,
        first=found.period.first,
        last=found.period.last,
        compared_from=None if other is None else other.first,
        compared_to=None if other is None else other.last,
        publications=_figure(found.publications),
        engagement=_figure(found.engagement),
        engagement_rate=found.engagement_rate,
        engagement_per_publication=found.engagement_per_publication,
        metrics=_metrics(found.metrics),
        channels=[
            ChannelFigures(
                channel=channels.get(one.channel_id),
                publications=_figure(one.publications),
                engagement=_figure(one.engagement),
                metrics=_metrics(one.metrics),
                followers=None if one.followers is None else BigInt(one.followers),
            )
            for one in found.channels
        ],
        top_publications=[
            PublicationFigures(
                publication=publications.get(one.publication_id),
                engagement=BigInt(one.engagement),
                views=BigInt(one.views),
                clicks=BigInt(one.clicks),
            )
            for one in found.top
        ],
        goals=await _goals(info, selection, found),
    )


async def _goals(info: Info, selection: Selection, found: dashboards.Dashboard) -> list[Goal]:
    if not selection.asks(("goals",)):
        return []
    ids = await goals.goal_ids(
        info.context.reader, info.context.caller, scope=found.scope, period=found.period
    )
    read = await _read(info, selection, "Goal", ids, ("goals",))
    # One that was deleted in between is left out.
    return [read[one] for one in ids if read[one] is not None]


async def _read(
    info: Info, selection: Selection, kind: str, ids: Sequence[UUID], under: tuple[str, ...]
) -> dict[UUID, Any]:
    """Read the objects that are shown beside figures, where they are selected at all."""
    found: dict[UUID, Any] = {}
    if selection.asks(under):
        for start in range(0, len(ids), _READ_AT_ONCE):
            some = ids[start : start + _READ_AT_ONCE]
            found |= zip(some, await read_many(info, kind, some, under=under), strict=True)
    return found


def _figure(one: Compared) -> Figure:
    return Figure(**_facts(one))


def _metrics(metrics: Mapping[str, Compared]) -> list[MetricFigure]:
    return [MetricFigure(metric=name, **_facts(one)) for name, one in metrics.items()]


def _facts(one: Compared) -> dict[str, Any]:
    return {
        "value": BigInt(one.value),
        "previous": one.previous,
        "change": one.change,
        "percent": one.percent,
    }

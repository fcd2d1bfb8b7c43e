"""Charts: a signed address says all that is drawn; whoever has it may look until it expires."""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import strawberry

from hub.analytics import charts, queries, reports
from hub.analytics.best_times import POSTS_MIN, BestTimes, Verdict
from hub.analytics.dashboards import dashboard
from hub.analytics.queries import Scope, ScopeKind
from hub.analytics.report_pages import days_of
from hub.analytics.series import ALL_ENGAGEMENT, Comparison, Period
from hub.analytics.typesetting import to_png
from hub.analytics.wording import LANGUAGES, Wording
from hub.kernel.caller import Caller, Permission
from hub.kernel.errors import Invalid, NotFound
from hub.kernel.locales import language_of
from hub.kernel.reading import Reader
from hub.kernel.statements import Statement
from schema.analytics.scopes import FigureScope, scope_of
from schema.base.enums import describe
from schema.base.series import period_of, read_best_times, require_metric
from schema.context import rounded

_TIMES_DAYS = 180
_BARS = 20
#: In an hour a chart has one address, so that browsers know it again.
_STEP = 3_600
#: Pictures made of charts at once in one process; others wait.
_PICTURES = asyncio.Semaphore(2)


class ChartKind(StrEnum):
    """What a chart shows."""

    LINE = "LINE"
    BARS = "BARS"
    BEST_TIMES = "BEST_TIMES"


describe(
    ChartKind,
    description="What a chart shows.",
    values={
        "LINE": "A metric by day, the period before beneath it.",
        "BARS": "A metric by channel.",
        "BEST_TIMES": "A heat map of the week: when people answer on one channel.",
    },
)


class ChartFormat(StrEnum):
    """How a chart is written."""

    SVG = "SVG"
    PNG = "PNG"


describe(
    ChartFormat,
    description="How a chart is written.",
    values={
        "SVG": "Sharp at every size, with a title and a description for screen readers.",
        "PNG": "Pixels, twice as many as the SVG has.",
    },
)


class ChartTheme(StrEnum):
    """The colours of a chart."""

    LIGHT = "LIGHT"
    DARK = "DARK"


describe(
    ChartTheme,
    description="The colours of a chart.",
    values={"LIGHT": "Dark on white.", "DARK": "Light on black."},
)
_THEMES: Mapping[ChartTheme, charts.Theme] = {
    ChartTheme.LIGHT: charts.LIGHT,
    ChartTheme.DARK: charts.DARK,
}


@strawberry.input(description="A chart.")
class ChartInput:
    kind: ChartKind = strawberry.field(description="What it shows.")
    scope: FigureScope | None = strawberry.field(
        default=strawberry.UNSET,
        description="What is summed over; BEST_TIMES needs a channel.",
    )
    first: date | None = strawberry.field(
        name="from",
        default=strawberry.UNSET,
        description="The first day; not for BEST_TIMES, which looks back 180 days.",
    )
    last: date | None = strawberry.field(
        name="to", default=strawberry.UNSET, description="The last day, included."
    )
    time_zone: str = strawberry.field(default="UTC", description="Whose days they are.")
    metric: str = strawberry.field(default=ALL_ENGAGEMENT, description="What is counted.")
    format: ChartFormat = strawberry.field(
        default=ChartFormat.SVG, description="How it is written."
    )
    theme: ChartTheme = strawberry.field(default=ChartTheme.LIGHT, description="Its colours.")
    locale: str = strawberry.field(
        default="en", description="The language of its words and numbers: en or fr."
    )


@dataclass(frozen=True, kw_only=True)
class Chart:
    """All that a chart's address says."""

    workspace_id: UUID
    kind: ChartKind
    scope: Scope
    period: Period | None
    metric: str
    format: ChartFormat
    theme: ChartTheme
    locale: str
    until: int

    @classmethod
    def asked(cls, given: ChartInput, *, workspace_id: UUID, until: int) -> "Chart":
        """Return what a client asks for; raise Invalid for what cannot be drawn."""
        scope = scope_of(given.scope or None, "input", "scope")
        if given.kind is ChartKind.BEST_TIMES and scope.kind is not ScopeKind.CHANNEL:
            raise Invalid("Best times are those of a channel.", path=("input", "scope"))
        language = language_of(given.locale)
        if language not in LANGUAGES:
            raise Invalid(
                f"Charts speak these languages: {', '.join(LANGUAGES)}.", path=("input", "locale")
            )
        return cls(
            workspace_id=workspace_id,
            kind=given.kind,
            scope=scope,
            period=_period(given),
            metric=require_metric(given.metric),
            format=given.format,
            theme=given.theme,
            locale=language,
            until=until,
        )

    def to_token(self) -> str:
        """Return the chart as the last part of an address."""
        said = {
            **self.__dict__,
            "workspace_id": str(self.workspace_id),
            "scope": self.scope.to_json(),
            "period": self.period and self.period.__dict__,
        }
        return base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")

    @classmethod
    def of_token(cls, token: str) -> "Chart":
        """Read what `to_token` wrote; only for tokens whose signature is genuine."""
        said = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        days = said["period"]
        return cls(
            workspace_id=UUID(said["workspace_id"]),
            kind=ChartKind(said["kind"]),
            scope=Scope.from_json(said["scope"]),
            period=days
            and Period(
                first=date.fromisoformat(days["first"]),
                last=date.fromisoformat(days["last"]),
                zone=days["zone"],
            ),
            metric=said["metric"],
            format=ChartFormat(said["format"]),
            theme=ChartTheme(said["theme"]),
            locale=said["locale"],
            until=said["until"],
        )


def _period(given: ChartInput) -> Period | None:
    if given.kind is ChartKind.BEST_TIMES:
        return None
    if not given.first or not given.last:
        raise Invalid("Say from which day to which.", path=("input", "from"))
    period = period_of(given.first, given.last, given.time_zone)
    period.edges()
    return period


async def chart_url(context: Any, given: ChartInput) -> str:
    """Return the signed address of a chart; raise NotFound for what is not there."""
    context.caller.require(Permission.ANALYTICS_READ)
    now: datetime = await context.now()
    until = now + timedelta(days=context.hub.settings.chart_days)
    chart = Chart.asked(
        given, workspace_id=context.caller.workspace_id, until=rounded(until, seconds=_STEP)
    )
    if not await queries.exists(context.reader, context.caller, chart.scope):
        raise NotFound("There is nothing with this id.", path=("input", "scope"))
    token = chart.to_token()
    signature = context.hub.vault.sign_link(f"chart:{token}")
    return f"{context.public_url}/charts/{token}.{chart.format.lower()}?signature={signature}"


def read_token(token: str) -> Chart | None:
    """Return the chart of a genuine token; None where it is of another time's making."""
    try:
        return Chart.of_token(token)
    except (binascii.Error, ValueError, KeyError):
        return None


@dataclass(frozen=True, kw_only=True)
class _Sources:
    """What reading for a chart needs of a context."""

    reader: Reader
    caller: Caller


async def draw(reader: Reader, chart: Chart) -> bytes:
    """Return the bytes of a chart as its figures are now; raise NotFound where its things are not.

    Pixels are made on another thread, two pictures at once.
    """
    caller = Caller.system(chart.workspace_id)
    if chart.kind is ChartKind.BEST_TIMES:
        svg = await _times(_Sources(reader=reader, caller=caller), chart)
    else:
        svg = await _figures(reader, caller, chart)
    if chart.format is ChartFormat.SVG:
        return svg.encode()
    async with _PICTURES:
        return await asyncio.to_thread(to_png, svg)


async def _figures(reader: Reader, caller: Caller, chart: Chart) -> str:
    if chart.period is None:
        raise NotFound("There is nothing at this address.")
    found = await dashboard(
        reader,
        caller,
        scope=chart.scope,
        period=chart.period,
        comparison=Comparison.PREVIOUS if chart.kind is ChartKind.LINE else Comparison.NONE,
    )
    words, theme = Wording(chart.locale), _THEMES[chart.theme]
    metric = words.word(chart.metric)
    if chart.kind is ChartKind.LINE:
        nothing = [0] * (len(found.edges) - 1)
        before = found.daily_before or {}
        return charts.line_chart(
            title=words.word("by_day", metric=metric),
            days=days_of(chart.period),
            values=found.daily.get(chart.metric, nothing),
            previous=before.get(chart.metric, nothing),
            words=words,
            theme=theme,
        )
    shown = found.channels[:_BARS]
    names = await reports.channel_names(
        reader, caller=caller, ids=[one.channel_id for one in shown]
    )
    bars = [
        charts.Bar(
            name=names.get(one.channel_id, "\u2013"),
            value=one.metrics[chart.metric].value if chart.metric in one.metrics else 0,
        )
        for one in shown
    ]
    title = words.word("by_channel", metric=metric)
    return charts.bar_chart(title=title, bars=bars, words=words, theme=theme)


_ZONE = Statement(
    sql="SELECT timezone FROM channels WHERE workspace_id = $1 AND id = $2",
    names=("workspace", "id"),
)


async def _times(sources: _Sources, chart: Chart) -> str:
    rows = await sources.reader.rows(sources.caller, _ZONE, {"id": chart.scope.id})
    if not rows or chart.scope.id is None:
        raise NotFound("There is nothing at this address.")
    found = await read_best_times(
        sources,
        channel_id=chart.scope.id,
        zone=rows[0]["timezone"],
        days=_TIMES_DAYS,
        metric=chart.metric,
    )
    words = Wording(chart.locale)
    return charts.heat_map(
        title=words.word("best_times"),
        times=found,
        note=note_of(found, words),
        words=words,
        theme=_THEMES[chart.theme],
    )


def note_of(found: BestTimes, words: Wording) -> str:
    """Return what best times prove, in one sentence."""
    if found.verdict is Verdict.NOT_ENOUGH_DATA:
        return words.word("not_enough", posts=str(found.posts), least=str(POSTS_MIN))
    if found.verdict is Verdict.NO_CLEAR_BEST:
        return words.word("no_clear")
    slots = (f"{words.weekday(one.weekday)} {words.hour(one.hour)}" for one in found.best[:4])
    return words.word("clear", slots=", ".join(slots))

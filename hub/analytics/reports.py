"""Reports of campaigns: asked for, gathered and written by a worker, read from then on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from hub.analytics import queries
from hub.analytics.dashboards import Dashboard, dashboard
from hub.analytics.events import ReportFailed, ReportMade, ReportRequested
from hub.analytics.goals import Aim, aims
from hub.analytics.jobs import MakeReport
from hub.analytics.models import Report, ReportState
from hub.analytics.queries import Scope, ScopeKind
from hub.analytics.series import Comparison, Period
from hub.analytics.wording import LANGUAGES
from hub.channels.rules import require_timezone
from hub.kernel.caller import Caller, Permission
from hub.kernel.editing import get
from hub.kernel.errors import Invalid, NotFound
from hub.kernel.ids import new_id
from hub.kernel.reading import Reader
from hub.kernel.statements import Statement
from hub.kernel.work import UnitOfWork
from hub.strategy.models import Campaign


async def create(
    work: UnitOfWork,
    *,
    campaign_id: UUID,
    first_day: date,
    last_day: date,
    time_zone: str,
    locale: str,
) -> Report:
    """Ask for a report of a campaign in some days, in English or French."""
    work.caller.require(Permission.ANALYTICS_READ)
    work.caller.require(Permission.PUBLISHING_READ)
    require_timezone(time_zone, path=("input", "timeZone"))
    language = locale.partition("-")[0].lower()
    if language not in LANGUAGES:
        raise Invalid(
            f"Reports are written in these languages: {', '.join(LANGUAGES)}.",
            path=("input", "locale"),
        )
    period = Period(first=first_day, last=last_day, zone=time_zone)
    try:
        period.edges()
    except Invalid as error:
        raise Invalid(error.message, path=("input", *error.path)) from None
    await get(work, Campaign, campaign_id, path=("input", "campaignId"))
    row = Report(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        campaign_id=campaign_id,
        locale=language,
        first_day=first_day,
        last_day=last_day,
        time_zone=time_zone,
        state=ReportState.MAKING,
        problem="",
        requested_by=work.caller.member_id,
    )
    await work.add(row)
    work.record(
        ReportRequested(
            subject_id=row.id, campaign_id=campaign_id, first_day=first_day, last_day=last_day
        )
    )
    work.promise(MakeReport(workspace_id=row.workspace_id, report_id=row.id))
    return row


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What a report is about."""

    report_id: UUID
    campaign_id: UUID
    name: str
    objective: str
    brand: str
    locale: str
    period: Period
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class Post:
    """One of the publications that were answered most."""

    title: str
    channel: str
    url: str
    published_at: datetime | None
    engagement: int
    clicks: int


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that a report says."""

    heading: Heading
    figures: Dashboard
    channels: Mapping[UUID, str]
    posts: Sequence[Post]
    aims: Sequence[Aim] = ()


_HEADING = """
SELECT r.id, c.id AS campaign_id, c.name, c.objective, b.name AS brand, r.locale, r.first_day,
    r.last_day, r.time_zone, hub_now() AS made_at
FROM reports AS r
JOIN campaigns AS c ON c.workspace_id = $1 AND c.id = r.campaign_id
JOIN brands AS b ON b.workspace_id = $1 AND b.id = c.brand_id
WHERE r.workspace_id = $1 AND r.id = $2 AND r.state = 'MAKING'
"""
_NAMES = "SELECT id, name FROM channels WHERE workspace_id = $1 AND id = ANY($2::uuid[])"
_POSTS = """
SELECT p.id, coalesce(i.title, '') AS title, coalesce(p.url, '') AS url, p.published_at,
    c.name AS channel
FROM publications AS p
JOIN channels AS c ON c.workspace_id = $1 AND c.id = p.channel_id
LEFT JOIN content_items AS i ON i.workspace_id = $1 AND i.id = p.item_id
WHERE p.workspace_id = $1 AND p.id = ANY($2::uuid[])
"""


def _statement(sql: str, *names: str) -> Statement:
    return Statement(sql=sql, names=("workspace", *names))


async def channel_names(
    reader: Reader, *, caller: Caller, ids: Sequence[UUID]
) -> Mapping[UUID, str]:
    """Return what colleagues call some channels."""
    rows = await reader.rows(caller, _statement(_NAMES, "ids"), {"ids": list(ids)})
    return {row["id"]: row["name"] for row in rows}


async def gather(reader: Reader, *, caller: Caller, report_id: UUID) -> Material | None:
    """Return all that a report says; None where it is made already."""
    rows = await reader.rows(caller, _statement(_HEADING, "id"), {"id": report_id})
    if not rows:
        return None
    row = rows[0]
    heading = Heading(
        report_id=row["id"],
        campaign_id=row["campaign_id"],
        name=row["name"],
        objective=row["objective"],
        brand=row["brand"],
        locale=row["locale"],
        period=Period(first=row["first_day"], last=row["last_day"], zone=row["time_zone"]),
        made_at=row["made_at"],
    )
    scope = Scope(kind=ScopeKind.CAMPAIGN, id=heading.campaign_id)
    figures = await dashboard(
        reader,
        caller,
        scope=scope,
        period=heading.period,
        comparison=Comparison.PREVIOUS,
    )
    names = await channel_names(
        reader, caller=caller, ids=[one.channel_id for one in figures.channels]
    )
    return Material(
        heading=heading,
        figures=figures,
        channels=names,
        posts=await _posts(reader, caller, figures.top),
        aims=await aims(reader, caller, scope=scope, period=heading.period, now=heading.made_at),
    )


async def _posts(reader: Reader, caller: Caller, top: Sequence[queries.Top]) -> list[Post]:
    ids = [one.publication_id for one in top]
    rows = await reader.rows(caller, _statement(_POSTS, "ids"), {"ids": ids})
    known = {row["id"]: row for row in rows}
    return [
        Post(
            title=row["title"],
            channel=row["channel"],
            url=row["url"],
            published_at=row["published_at"],
            engagement=one.engagement,
            clicks=one.clicks,
        )
        for one in top
        if (row := known.get(one.publication_id)) is not None
    ]


def storage_key(*, report_id: UUID, extension: str) -> str:
    """Return where the bytes of a report lie."""
    return f"reports/{report_id}.{extension}"


async def finish(work: UnitOfWork, *, report_id: UUID) -> None:
    """Say that a report can be read."""
    row = await get(work, Report, report_id, lock=True)
    if row.state is ReportState.MAKING:
        row.state, row.finished_at = ReportState.READY, work.now
        row.storage_key = f"reports/{row.id}"
        work.record(ReportMade(subject_id=row.id, campaign_id=row.campaign_id))


async def fail(work: UnitOfWork, *, report_id: UUID, problem: str) -> None:
    """Say why there will be no report."""
    row = await get(work, Report, report_id, lock=True)
    if row.state is ReportState.MAKING:
        row.state, row.problem, row.finished_at = ReportState.FAILED, problem, work.now
        work.record(ReportFailed(subject_id=row.id, problem=problem))


async def require_ready(work: UnitOfWork, *, report_id: UUID) -> None:
    """Raise NotFound where there is no report to read."""
    row = await get(work, Report, report_id, path=("id",))
    if row.state is not ReportState.READY:
        raise NotFound("There is nothing with this id.", path=("id",))

"""What goals have reached: as SQL that other statements are made of, and in a period's figures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    case,
    cast,
    func,
    literal_column,
    select,
)

from hub.analytics.models import Measurement
from hub.analytics.queries import Scope, ScopeKind
from hub.analytics.rules import Progress, progress
from hub.analytics.series import Period
from hub.content.models import ContentItem
from hub.kernel.caller import Caller, Permission
from hub.kernel.reading import Reader
from hub.kernel.shapes import within
from hub.publishing.models import Publication
from hub.strategy.models import Goal

_DAY: ColumnElement[Any] = literal_column("interval '1 day'")


def reached(goal: FromClause) -> ColumnElement[Any]:
    """Return what a row of goals has reached: of all that went out in its days and is still out.

    The newest value of its metric for each publication of its brand, or of its campaign; how many
    publications where it counts those.
    """
    row, item, newest = (
        model.__table__.alias() for model in (Publication, ContentItem, Measurement)
    )
    value = (
        select(newest.c.value)
        .where(
            within(newest),
            newest.c.publication_id == row.c.id,
            newest.c.metric == goal.c.metric,
        )
        .order_by(newest.c.measured_at.desc())
        .limit(literal_column("1"))
        .correlate_except(newest)
        .scalar_subquery()
    )
    counted = case(
        (goal.c.metric == literal_column("'PUBLICATIONS'"), literal_column("1")),
        else_=func.coalesce(value, literal_column("0")),
    )
    found = select(cast(func.coalesce(func.sum(counted), literal_column("0")), BigInteger)).where(
        within(row),
        # Spelt out, so that PostgreSQL finds them among those that are out.
        row.c.state == literal_column("'PUBLISHED'"),
        row.c.origin == literal_column("'CONTENT'"),
        row.c.published_at >= _midnight(goal.c.starts_on),
        row.c.published_at < _midnight(goal.c.deadline + _DAY),
        within(item),
        item.c.id == row.c.item_id,
        item.c.brand_id == goal.c.brand_id,
        (goal.c.campaign_id.is_(None)) | (item.c.campaign_id == goal.c.campaign_id),
    )
    return found.correlate_except(row, item).scalar_subquery()


def _midnight(day: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.timezone(
        literal_column("'UTC'"), cast(day, DateTime), type_=DateTime(timezone=True)
    )


#: How many goals stand beside the figures of a period.
MOST = 20
_GOAL = Goal.__table__
#: Goals belong to a brand or a campaign; a channel or a text has none of its own.
_OWNERS: dict[ScopeKind, ColumnElement[UUID | None]] = {
    ScopeKind.BRAND: _GOAL.c.brand_id,
    ScopeKind.CAMPAIGN: _GOAL.c.campaign_id,
}


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A goal, and how far it had come at an instant."""

    name: str
    metric: str
    target: int
    progress: Progress


async def goal_ids(reader: Reader, caller: Caller, *, scope: Scope, period: Period) -> list[UUID]:
    """Return the goals of a scope that have days in a period, the nearest deadline first.

    At most `MOST`, in one statement; none for a scope that has no goals. Raises Forbidden without
    the right to read the strategy.
    """
    caller.require(Permission.STRATEGY_READ)
    if not _has_goals(scope):
        return []
    rows = await reader.rows(caller, _of(select(_GOAL.c.id), scope, period))
    return [row["id"] for row in rows]


async def aims(
    reader: Reader, caller: Caller, *, scope: Scope, period: Period, now: datetime
) -> list[Aim]:
    """Return the same goals, and how far they have come: counted over their own days."""
    caller.require(Permission.STRATEGY_READ)
    if not _has_goals(scope):
        return []
    found = select(_GOAL, reached(_GOAL).label("reached"))
    rows = await reader.rows(caller, _of(found, scope, period))
    return [
        Aim(
            name=row["name"],
            metric=row["metric"],
            target=row["target"],
            progress=progress(
                value=row["reached"],
                target=row["target"],
                starts_on=row["starts_on"],
                deadline=row["deadline"],
                now=now,
            ),
        )
        for row in rows
    ]


def _has_goals(scope: Scope) -> bool:
    return scope.id is None or scope.kind in _OWNERS


def _of(found: Select[Any], scope: Scope, period: Period) -> Select[Any]:
    there = [within(_GOAL), _GOAL.c.starts_on <= period.last, _GOAL.c.deadline >= period.first]
    if scope.id is not None:
        there.append(_OWNERS[scope.kind] == scope.id)
    return found.where(*there).order_by(_GOAL.c.deadline, _GOAL.c.id).limit(MOST)

"""Sums of what platforms count, as SQL that other statements are made of."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    case,
    cast,
    func,
    literal_column,
    select,
)

from hub.analytics.models import Measurement
from hub.content.models import ContentItem
from hub.kernel.shapes import within
from hub.publishing.models import Publication

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

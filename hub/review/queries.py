"""What reading reviews needs of SQL beyond their columns."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, select

from hub.content.models import Revision
from hub.kernel.shapes import EMPTY, within
from hub.review.models import Review, ReviewState


def author_ids(review: FromClause) -> ColumnElement[Any]:
    """Return who wrote what a review is about, as JSON: every revision since the last approved one.

    The same persons as `operations.decide` refuses where four eyes are asked for.
    """
    revision, approved = Revision.__table__.alias(), Review.__table__.alias()
    earlier = Revision.__table__.alias()
    last: Select[Any] = (
        select(func.coalesce(func.max(earlier.c.number), 0))
        .where(
            within(earlier),
            within(approved),
            earlier.c.id == approved.c.revision_id,
            approved.c.item_id == review.c.item_id,
            approved.c.state == ReviewState.APPROVED.value,
        )
        .correlate_except(earlier, approved)
    )
    found: Select[Any] = (
        select(func.coalesce(func.json_agg(revision.c.author_id.distinct()), EMPTY))
        .where(
            within(revision),
            revision.c.item_id == review.c.item_id,
            revision.c.number > last.scalar_subquery(),
        )
        .correlate_except(revision)
    )
    return found.scalar_subquery()

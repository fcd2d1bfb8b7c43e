"""Reading contests: who was drawn, and whether comments are still to be read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, or_, select

from hub.engagement.contests.models import Contest, ContestPlace, ContestSource
from hub.engagement.contests.rules import SETTLES
from hub.kernel.shapes import exists_in
from hub.kernel.work import UnitOfWork


async def places_of(work: UnitOfWork, *, contest: Contest) -> Sequence[ContestPlace]:
    """Return everybody who was drawn, in the order of the draw."""
    return await work.all(
        select(ContestPlace)
        .where(ContestPlace.contest_id == contest.id)
        .order_by(ContestPlace.rank)
    )


def is_unread(source: Any, closed_at: Any) -> ColumnElement[bool]:
    """Return whether comments of before the close may be missing from a source."""
    return or_(source.read_at.is_(None), source.read_at < closed_at + SETTLES)


def has_unread(contest: FromClause) -> ColumnElement[Any]:
    """Return whether comments under any publication were not read since a contest has closed."""
    return exists_in(
        ContestSource,
        lambda source: (
            (source.c.contest_id == contest.c.id) & is_unread(source.c, contest.c.closed_at)
        ),
    )

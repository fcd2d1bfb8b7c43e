"""Reading contests: who was drawn, and whether comments are still to be read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, or_, select

from hub.content.models import ContentItem
from hub.engagement.contests.models import (
    Contest,
    ContestPlace,
    ContestSource,
    PlaceStanding,
)
from hub.engagement.contests.rules import SETTLES
from hub.kernel.shapes import Link, exists_in
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


def has_open_announcement(contest: FromClause) -> ColumnElement[Any]:
    """Return whether a text about a contest's winners is there and not archived."""
    return exists_in(
        ContentItem, lambda item: (item.c.id == contest.c.item_id) & item.c.archived.is_(False)
    )


def _standing_as(standing: PlaceStanding) -> Link:
    def on(contest: FromClause, place: FromClause) -> ColumnElement[bool]:
        return (place.c.contest_id == contest.c.id) & (place.c.standing == standing.value)

    return Link(on=on)


#: The way from a contest to its winners, and to those who wait for one to give way.
WINNERS = _standing_as(PlaceStanding.WINNER)
ALTERNATES = _standing_as(PlaceStanding.ALTERNATE)

"""What is out, for those who only show it: which rows count, and which of them stands for its item.

A row is a publication. An item that is out on several channels is shown once, with the words of
the channel that carries the most of them: a feed before a blog before a network.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.channels.models import Channel
from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import Kind
from hub.content.models import Edition, Revision
from hub.kernel.locales import language_of
from hub.kernel.shapes import Expression, within
from hub.publishing.models import Publication
from hub.strategy.models import Brand

#: Kinds of places by how much of a text they carry.
_FULLEST = (Kind.FEED, Kind.BLOG, Kind.WEBHOOK, Kind.FORUM, Kind.NETWORK, Kind.CHAT)

#: Whoever may not see a post on its platform must not see it here.
_NOT_FOR_ALL = ("private", "direct")


def is_out(publication: FromClause) -> ColumnElement[bool]:
    """Return whether a publication is out and may be seen by everybody."""
    visibility = _content(publication)["fields"]["visibility"].astext
    # In this form it is looked at once per row, and is true where a place knows no such thing.
    shown = case(dict.fromkeys(_NOT_FOR_ALL, false()), value=visibility, else_=true())
    return and_(_out(publication), shown)


def _out(publication: FromClause) -> ColumnElement[bool]:
    # Written out, not as parameters: an index over just these rows must be seen to fit.
    return and_(
        publication.c.state == literal_column("'PUBLISHED'"),
        publication.c.origin == literal_column("'CONTENT'"),
    )


def stands_for_item(publication: FromClause) -> ColumnElement[bool]:
    """Return whether no other publication of the item that is out comes before this one."""
    other = Publication.__table__.alias()
    better = tuple_(-_rank(other), other.c.published_at, other.c.id) > tuple_(
        -_rank(publication), publication.c.published_at, publication.c.id
    )
    return _no_other(publication, other, better)


def stands_on_channel(publication: FromClause) -> ColumnElement[bool]:
    """Return whether it is the latest of its item on its channel."""
    other = Publication.__table__.alias()
    newer = tuple_(other.c.published_at, other.c.id) > tuple_(
        publication.c.published_at, publication.c.id
    )
    return _no_other(
        publication, other, and_(other.c.channel_id == publication.c.channel_id, newer)
    )


def _no_other(
    publication: FromClause, other: FromClause, better: ColumnElement[bool]
) -> ColumnElement[bool]:
    found: Select[Any] = select(literal_column("1")).where(
        within(other), other.c.item_id == publication.c.item_id, is_out(other), better
    )
    return ~exists(found.correlate_except(other))


def _rank(publication: FromClause) -> ColumnElement[Any]:
    ranks = {key: _FULLEST.index(known.kind) for key, known in PLATFORMS.items()}
    platform = _of(Channel, "platform", publication.c.channel_id)
    return case(ranks, value=platform, else_=len(_FULLEST))


def _of(model: Any, column: str, row_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column of the one row of that id."""
    other = model.__table__.alias()
    found: Select[Any] = select(other.c[column]).where(within(other), other.c.id == row_id)
    return found.correlate_except(other).scalar_subquery()


def _content(publication: FromClause) -> ColumnElement[Any]:
    return cast(_of(Edition, "body", publication.c.edition_id), JSONB)


def _brand(publication: FromClause) -> ColumnElement[Any]:
    return _of(Channel, "brand_id", publication.c.channel_id)


def _tags(publication: FromClause) -> ColumnElement[Any]:
    # Where the place has no tags of its own, those of the approved revision.
    sent = _content(publication)["fields"]["tags"]
    return func.coalesce(sent, _of(Revision, "tags", publication.c.revision_id), type_=JSONB)


#: Facts of a publication beyond its columns.
FACTS: Mapping[str, Expression] = {
    "content": _content,
    "slug": lambda row: _of(Revision, "slug", row.c.revision_id),
    "locale": lambda row: _of(Revision, "locale", row.c.revision_id),
    "language": lambda row: cast(
        func.split_part(_of(Revision, "locale", row.c.revision_id), "-", 1), Text
    ),
    "tags": _tags,
    "brand_id": _brand,
    "brand_name": lambda row: _of(Brand, "name", _brand(row)),
    "brand_locales": lambda row: _of(Brand, "locales", _brand(row)),
    "platform": lambda row: _of(Channel, "platform", row.c.channel_id),
    "handle": lambda row: _of(Channel, "handle", row.c.channel_id),
    "stands_for_item": stands_for_item,
    "stands_on_channel": stands_on_channel,
}


def best_locale(rows: Sequence[Mapping[str, Any]], wanted: str | None) -> int | None:
    """Return which of several texts of one slug to show; they come newest first.

    The locale asked for, else its language (`fr` for `fr-CA`, and the reverse), else the main
    language of the brand, else the newest.
    """
    if not rows:
        return None
    return min(range(len(rows)), key=lambda number: (_distance(rows[number], wanted), number))


def _distance(row: Mapping[str, Any], wanted: str | None) -> int:
    locale: str = row["locale"]
    if wanted is not None and locale.lower() == wanted.lower():
        return 0
    if wanted is not None and language_of(locale) == language_of(wanted):
        return 1 if "-" not in locale else 2
    main = (row["brand_locales"] or [None])[0]
    if main is not None and language_of(locale) == language_of(main):
        return 3 if locale == main else 4
    return 5
